use super::*;

fn kind(text: &[u8]) -> &'static str {
    parse(text).map_or_else(|error| error.kind, |_| "ok")
}

#[test]
fn keeps_what_was_written() {
    let document = parse(br#" {"a":1.0,"b":[null,true,"\ud83d\ude00\n"],"a":-0e+1} "#).unwrap();
    let Node::Object(members) = &document.root else { panic!("no object") };
    assert_eq!(members[0].1, Node::Number("1.0".to_owned()));
    assert_eq!(members[2].1, Node::Number("-0e+1".to_owned()));
    assert_eq!(document.root.pointer("/b/2"), Some(&Node::String("😀\n".to_owned())));
    assert_eq!(document.issues.len(), 1);
    assert_eq!((document.issues[0].kind, document.issues[0].place.as_str()), ("duplicate-name", "/a"));
}

#[test]
fn refuses_by_kind() {
    for (text, wanted) in [
        (&b""[..], "empty"),
        (b" \n", "empty"),
        (b"\xef\xbb\xbf{}", "bom"),
        (b"\"\xc3\x28\"", "invalid-utf8"),
        (b"{} x", "trailing-data"),
        (b"{}{}", "trailing-data"),
        (b"NaN", "literal"),
        (b"[Infinity]", "literal"),
        (b"{\"a\":tru}", "literal"),
        (b"tru", "unexpected-end"),
        (b"01", "number"),
        (b"+1", "syntax"),
        (b"1.", "unexpected-end"),
        (b".5", "syntax"),
        (b"0x1", "number"),
        (b"[1,]", "syntax"),
        (b"{\"a\":1,}", "syntax"),
        (b"{a:1}", "syntax"),
        (b"{'a':1}", "syntax"),
        (b"{\"a\" 1}", "syntax"),
        (b"[1 /*x*/]", "comment"),
        (b"// x\n1", "comment"),
        (b"{\"a\":1", "unexpected-end"),
        (b"\"abc", "unexpected-end"),
        (br#""\ud800""#, "lone-surrogate"),
        (br#""\udc00\ud800""#, "lone-surrogate"),
        (br#""\ud800\u0041""#, "lone-surrogate"),
        (br#""\x41""#, "escape"),
        (br#""\u12g4""#, "escape"),
        (b"\"a\nb\"", "control-character"),
    ] {
        assert_eq!(kind(text), wanted, "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    assert_eq!(kind(&nested(128)), "ok");
    assert_eq!(kind(&nested(129)), "too-deep");
    assert_eq!(kind(&vec![b'['; 1 << 20]), "too-deep");
}

#[test]
fn counts_lines_and_characters() {
    let error = parse("{\n \"é\": x}".as_bytes()).unwrap_err();
    assert_eq!((error.line, error.column), (2, 7));
}
