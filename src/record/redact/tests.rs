use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use std::io::{Read as _, Write as _};

use super::Secrets;
use crate::wire::{Body, End, Exchange, Field, Head, HttpVersion, Intent, Received, Role, Sent, Timing, Transport, Wire};

const TOKEN: &str = "vK3_dT-9xq/Zr+Lm42~PzQ.aa~>?>?";
const NAME: &str = "<run-token------------------->";

fn secrets() -> Secrets {
    let mut secrets = Secrets::default();
    secrets.add("run token", TOKEN.as_bytes());
    secrets
}

fn exchange(wire: Wire, content: Vec<u8>) -> Exchange {
    let fields = vec![Field::new("authorization", format!("Bearer {TOKEN}"))];
    Exchange {
        id: 1,
        transport: Transport::new(wire, HttpVersion::H2),
        intent: Intent { role: Role::Trial, rpc: None, defect: None, area: None, profile: None },
        sent: Sent {
            verb: "POST".to_owned(),
            scheme: "http".to_owned(),
            authority: "localhost".to_owned(),
            path: format!("/p?access_token={TOKEN}"),
            fields: fields.clone(),
            content: Body::whole(content.clone()),
            raw: false,
        },
        received: Received {
            heads: vec![Head { status: Some(200), fields: fields.clone() }],
            content: Body::whole(content),
            undone_coding: None,
            trailers: Some(fields),
            frames: None,
            framing: None,
            end: End::Malformed { text: format!("no field: {TOKEN}") },
        },
        timing: Timing::default(),
    }
}

/// The content of the response after redaction, with everything else checked for the raw token.
fn redacted(wire: Wire, content: Vec<u8>) -> Body {
    let done = secrets().redact_exchange(&exchange(wire, content));
    assert!(!serde_json::to_string(&done).expect("serialises").contains(TOKEN));
    assert_eq!(done.sent.content, done.received.content);
    done.received.content
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(octets).expect("in memory");
    encoder.finish().expect("in memory")
}

fn gunzip(octets: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(octets).read_to_string(&mut text).expect("gzip of text");
    text
}

fn frame(flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short");
    [&[flags][..], &length.to_be_bytes(), payload].concat()
}

#[test]
fn names_are_as_long_as_the_secret_and_unique() {
    let mut secrets = Secrets::default();
    let texts = ["a", "bc", "def", "ghij", "0123456789abcdef", "0123456789abcdeX", "0123456789abcdeY"];
    for text in texts {
        secrets.add("run token", text.as_bytes());
        secrets.add("run token", text.as_bytes());
    }
    secrets.add("empty", b"");
    let names: Vec<String> = texts.iter().map(|text| secrets.scrub_text(text)).collect();
    assert_eq!(names, ["*", "**", "<1>", "<1->", "<run-token----->", "<run-token-2--->", "<run-token-3--->"]);
}

#[test]
fn a_name_never_contains_the_secret() {
    let mut secrets = Secrets::default();
    secrets.add("run token", b"token");
    assert_eq!(secrets.scrub_text("my token"), "my <1-->");
}

#[test]
fn raw_percent_coded_escaped_and_hexadecimal_forms_keep_their_length() {
    let secrets = secrets();
    let percent: String = TOKEN.bytes().map(|octet| format!("%{octet:02X}")).collect();
    let mixed: String =
        TOKEN.char_indices().map(|(at, c)| if at % 3 == 0 { format!("%{:02x}", c as u32) } else { c.to_string() }).collect();
    let escaped: String = TOKEN.chars().map(|c| format!("\\u{:04x}", c as u32)).collect();
    let slashed = TOKEN.replace('/', "\\/");
    let hex: String = TOKEN.bytes().map(|octet| format!("{octet:02x}")).collect();
    let upper = hex.to_uppercase();
    for form in [TOKEN.to_owned(), percent, mixed, escaped, slashed, hex, upper] {
        let text = format!("a={form}&b");
        let done = secrets.scrub_text(&text);
        assert_eq!(done.len(), text.len());
        assert!(!done.contains(&form), "{done}");
        assert!(done.starts_with("a=") && done.ends_with("&b"));
    }
    assert_eq!(secrets.scrub_text("nothing here"), "nothing here");
}

#[test]
fn base64_at_three_alignments_in_both_alphabets() {
    for prefix in ["", "x", "xy", "xyz"] {
        for suffix in ["", "1", "12"] {
            let plain = format!("{prefix}{TOKEN}{suffix}");
            for coded in [STANDARD.encode(&plain), URL_SAFE.encode(&plain), URL_SAFE_NO_PAD.encode(&plain)] {
                // Characters of the alphabet right before it shift the place where a quantum begins.
                for before in ["", " ", "q", "qq", "qqq"] {
                    let done = secrets().scrub_text(&format!("{before}{coded}"));
                    assert_eq!(done.len(), before.len() + coded.len());
                    let coded = done[before.len()..].replace('-', "+").replace('_', "/");
                    let opened = STANDARD.decode(pad(&coded)).expect("still base64");
                    let opened = String::from_utf8(opened).expect("still text");
                    assert_eq!(opened, format!("{prefix}{NAME}{suffix}"), "{before}{coded}");
                }
            }
        }
    }
}

fn pad(text: &str) -> String {
    let text = text.trim_end_matches('=');
    format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4))
}

#[test]
fn base64_inside_base64() {
    let twice = STANDARD.encode(format!("id:{}", STANDARD.encode(format!("user:{TOKEN}"))));
    let done = secrets().scrub_text(&twice);
    let inner = String::from_utf8(STANDARD.decode(done).expect("base64")).expect("text");
    let innermost = String::from_utf8(STANDARD.decode(&inner[3..]).expect("base64")).expect("text");
    assert_eq!(innermost, format!("user:{NAME}"));
}

#[test]
fn a_compressed_body_is_compressed_anew_to_the_same_length() {
    let packed = gzip(format!("{{\"echo\":\"{TOKEN}\"}}").as_bytes());
    let body = redacted(Wire::Json, packed.clone());
    assert_eq!(gunzip(&body.kept.0), format!("{{\"echo\":\"{NAME}\"}}"));
    assert_eq!(body.length, packed.len() as u64);
    assert!(body.reencoded);
}

#[test]
fn compressed_messages_of_frames() {
    let packed = gzip(format!("\n\u{20}{TOKEN}").as_bytes());
    for (wire, text) in [(Wire::Grpc, false), (Wire::GrpcWeb, false), (Wire::GrpcWebText, true)] {
        let frames = [frame(1, &packed), frame(0x80, b"grpc-status: 0\r\n")].concat();
        let content = if text { STANDARD.encode(&frames).into_bytes() } else { frames.clone() };
        let body = redacted(wire, content.clone());
        assert_eq!(body.length, content.len() as u64);
        let opened = if text { STANDARD.decode(&body.kept.0).expect("base64") } else { body.kept.0.clone() };
        assert_eq!(gunzip(&opened[5..5 + packed.len()]), format!("\n\u{20}{NAME}"));
        assert_eq!(opened[5 + packed.len()..], frames[5 + packed.len()..]);
        assert!(body.reencoded);
    }
}

#[test]
fn text_mode_with_padding_in_the_middle_of_the_secret() {
    let frames = frame(0, format!("\n\u{20}{TOKEN}").as_bytes());
    for cut in 8..30 {
        let content = format!("{}{}\r\n", STANDARD.encode(&frames[..cut]), STANDARD.encode(&frames[cut..]));
        let body = redacted(Wire::GrpcWebText, content.clone().into_bytes());
        let text = String::from_utf8(body.kept.0).expect("text");
        assert_eq!(text.len(), content.len());
        let first = STANDARD.encode(&frames[..cut]).len();
        let opened = [&text[..first], &text[first..text.len() - 2]].map(|piece| STANDARD.decode(piece).expect("base64")).concat();
        assert_eq!(String::from_utf8_lossy(&opened[7..]), NAME, "cut at {cut}");
        assert!(body.reencoded);
    }
}

#[test]
fn the_beginning_of_a_secret_at_the_end_of_a_cut_body() {
    for kept in 5..TOKEN.len() {
        let begun = &TOKEN[..kept];
        let coded = STANDARD.encode(format!("a{begun}"));
        for text in [format!("x {begun}"), format!("x {}", coded.trim_end_matches('='))] {
            let mut body = Body::whole(text.clone().into_bytes());
            body.length += 100;
            let mut whole = exchange(Wire::Json, Vec::new());
            whole.received.content = body;
            let done = secrets().redact_exchange(&whole).received.content;
            assert_eq!(done.kept.0.len(), text.len());
            assert_ne!(done.kept.text(), text);
        }
    }
}

#[test]
fn what_holds_no_secret_is_left_as_it_is() {
    let bomb = gzip(&vec![b'a'; 100_000]);
    let bodies = [
        Vec::new(),
        vec![0, 0, 0, 0, 200, 1],
        bomb.clone(),
        frame(1, &bomb),
        frame(1, &bomb[..20]),
        vec![0x1f, 0x8b, 8],
        b"%%%\\u00".to_vec(),
        b"=A==B=".to_vec(),
    ];
    for content in bodies {
        for wire in Wire::ALL {
            let body = redacted(wire, content.clone());
            assert_eq!(body, Body::whole(content.clone()));
        }
    }
}

proptest::proptest! {
    #[test]
    fn never_panics_and_keeps_the_length_of_what_is_not_compressed(octets: Vec<u8>, secret: Vec<u8>, wire in 0usize..4) {
        let mut secrets = Secrets::default();
        secrets.add("x", &secret);
        secrets.add("run token", TOKEN.as_bytes());
        let before = exchange(Wire::ALL[wire], octets);
        let after = secrets.redact_exchange(&before);
        proptest::prop_assert_eq!(after.received.content.length, after.received.content.kept.0.len() as u64);
    }
}

#[test]
fn a_part_of_a_token_is_a_secret_of_its_own() {
    let mut secrets = Secrets::default();
    let (kind, claims, signature) = ("eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiIxMjM0NTY3ODkwIn0", "c2lnbmF0dXJlLW9mLXRoZS10b2tlbg");
    secrets.add("run token", format!("{kind}.{claims}.{signature}.short").as_bytes());
    let scrubbed = secrets.scrub_text(&format!("the claims {claims}, the signature {signature}, the kind {kind} and short"));
    assert!(!scrubbed.contains(claims) && !scrubbed.contains(signature), "{scrubbed}");
    assert!(scrubbed.contains(kind) && scrubbed.ends_with("and short"), "{scrubbed}");
    assert!(scrubbed.contains("<run-token-part"), "{scrubbed}");
}
