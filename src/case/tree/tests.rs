use super::*;

fn complaints(text: &str) -> Vec<String> {
    let (_, complaints) = read(text);
    complaints
        .into_iter()
        .map(|c| format!("{}:{} `{}` {} / {}", c.at.line, c.at.column, &text[c.at.span], c.message, c.hint.unwrap_or_default()))
        .collect()
}

fn value(text: &str) -> Value {
    let (node, complaints) = read(text);
    assert_eq!(complaints, [], "{text}");
    node.map(|node| node.to_json()).unwrap_or_default()
}

#[test]
fn unquoted_words_are_text_decimal_numbers_truth_values_or_null() {
    assert_eq!(value("a: adds OTP to 2 policies"), serde_json::json!({"a": "adds OTP to 2 policies"}));
    assert_eq!(
        value("[1, -2, 1.5, true, false, null, $org.id, 4xx, 5 of 9]"),
        serde_json::json!([1, -2, 1.5, true, false, null, "$org.id", "4xx", "5 of 9"])
    );
    assert_eq!(value("a: |\n  {\"type\": 1}\n"), serde_json::json!({"a": "{\"type\": 1}\n"}));
    assert_eq!(value("'no': \"0801\""), serde_json::json!({"no": "0801"}));
    assert_eq!(value("a: 18446744073709551615"), serde_json::json!({"a": u64::MAX}));
}

#[test]
fn what_yaml_would_guess_has_to_be_quoted() {
    for word in [
        "no",
        "Yes",
        "on",
        "OFF",
        "y",
        "True",
        "NULL",
        "~",
        "0801",
        "0x10",
        "0o17",
        "1_000",
        "+1",
        "1:30",
        "2023-05-02",
        ".inf",
        ".5",
        "18446744073709551616",
    ] {
        let text = format!("a: {word}");
        let found = complaints(&text);
        assert_eq!(found.len(), 1, "{word}: {found:?}");
        assert!(found[0].starts_with(&format!("1:4 `{word}`")) && found[0].ends_with(&format!("quote it: \"{word}\"")), "{found:?}");
    }
}

#[test]
fn every_key_and_value_knows_its_place() {
    let text = "a:\n  - ü: \"x y\"\n    b: {c: 12}\n";
    let (node, _) = read(text);
    let node = node.and_then(|node| node.get("a").cloned());
    let Some(Node { value: Yaml::List(items), .. }) = node else { panic!("a list") };
    let entry = &items[0].entries()[0];
    assert_eq!((&text[entry.at.span.clone()], entry.at.line, entry.at.column), ("ü", 2, 5));
    assert_eq!((&text[entry.value.mark.span.clone()], entry.value.mark.column), ("\"x y\"", 8));
    let c = items[0].get("b").and_then(|b| b.get("c"));
    assert_eq!(c.map(|c| (&text[c.mark.span.clone()], c.mark.line)), Some(("12", 3)));
}

#[test]
fn duplicate_keys_anchors_aliases_tags_and_missing_values_are_all_told() {
    let text = "a: &x 1\nb: *x\na: !!str 2\nc:\nd: {<<: {e: 1}}\n";
    insta::assert_snapshot!(complaints(text).join("\n"), @r#"
    1:4 `&x` anchors are not used in these files / write the value out where it is needed
    2:4 `*x` aliases are not used in these files / write the value out
    3:4 `!!str` tags are not used in these files / quote the value where it is text
    3:1 `a` the key `a` is there twice / the first one stands in line 1
    4:2 `` a value is missing here / write `null`, `{}`, `[]` or `""` where nothing is meant
    5:5 `<<` merge keys are not used in these files / write the members out
    "#);
}

#[test]
fn text_that_is_no_yaml_is_one_complaint() {
    assert_eq!(complaints("a: [1, 2\nb: 3\n"), ["2:2 `` this is no YAML: illegal placement of ':' indicator / "]);
    assert_eq!(complaints("a: 1\n---\nb: 2\n"), ["3:1 `` a second document begins here: a file holds one / "]);
}

#[test]
fn byte_order_marks_line_ends_and_depth_do_no_harm() {
    assert_eq!(read("\u{feff}a: ü\r\nb: [\"ö\", no]\r\n").1.len(), 1);
    assert_eq!(value("a: ü\r\nb: 1\r\n"), serde_json::json!({"a": "ü", "b": 1}));
    let (node, complaints) = read(&"[".repeat(100_000));
    assert!(node.is_none() && complaints.len() == 1);
    assert_eq!(read(&"- ".repeat(20_000)).1.len(), 1);
    assert_eq!(read(&format!("{}{}", "[".repeat(30), "]".repeat(30))).1, []);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[-a-z0-9:&*!|>#'\"{}\\[\\],ü\u{feff} \n]{0,40}") {
        let (node, complaints) = read(&text);
        proptest::prop_assert!(node.is_some() || !complaints.is_empty());
        for complaint in complaints {
            proptest::prop_assert!(text.get(complaint.at.span).is_some());
        }
    }
}
