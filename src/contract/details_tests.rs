use serde_json::json;

use base64::Engine as _;

use super::*;
use crate::contract::proto_json::parse;

fn descriptors() -> Descriptors {
    Descriptors::built_in()
}

/// code 6, message "no", one ErrorDetail {id: "a", message: "b"}.
const STATUS: &[u8] = b"\x08\x06\x12\x02no\x1a\x34\x0a\x2atype.googleapis.com/zitadel.v1.ErrorDetail\x20\x20\x12\x06\x0a\x01a\x12\x01b";

fn status_octets() -> Vec<u8> {
    let url = b"type.googleapis.com/zitadel.v1.ErrorDetail";
    let mut any = vec![0x0a, u8::try_from(url.len()).unwrap()];
    any.extend_from_slice(url);
    any.extend_from_slice(b"\x12\x06\x0a\x01a\x12\x01b");
    let mut status = b"\x08\x06\x12\x02no\x1a".to_vec();
    status.push(u8::try_from(any.len()).unwrap());
    status.extend_from_slice(&any);
    status
}

#[test]
fn reads_details_with_and_without_padding() {
    let padded = base64::engine::general_purpose::STANDARD.encode(status_octets());
    let wanted = Status {
        code: 6,
        message: "no".to_owned(),
        details: vec![Detail {
            type_url: "type.googleapis.com/zitadel.v1.ErrorDetail".to_owned(),
            value: json!({"id": "a", "message": "b"}),
            known: true,
        }],
    };
    let read = |text: &str| decode_details_bin(text.as_bytes(), &descriptors());
    assert_eq!(read(&padded), Ok(wanted.clone()));
    assert_eq!(read(padded.trim_end_matches('=')), Ok(wanted));
}

#[test]
fn tells_what_is_wrong_with_details() {
    let kind = |text: &[u8]| decode_details_bin(text, &descriptors()).unwrap_err().kind();
    assert_eq!(kind(b"!!!"), "base64-alphabet");
    assert_eq!(kind(b"CA_-"), "base64-alphabet");
    assert_eq!(kind(b"CAYS AA"), "base64-alphabet");
    assert_eq!(kind(b"CAYSA"), "base64-length");
    assert_eq!(kind(b"CA=="), "truncated");
    // code as LEN
    assert_eq!(kind(b"CgA="), "wrong-wire-type");
    // message FF
    assert_eq!(kind(b"EgH/"), "invalid-utf8");
    assert_eq!(kind(base64::engine::general_purpose::STANDARD.encode(STATUS).as_bytes()), "truncated");
}

#[test]
fn negative_codes_stay_negative() {
    let text = base64::engine::general_purpose::STANDARD.encode(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    let status = decode_details_bin(text.as_bytes(), &descriptors()).unwrap();
    assert_eq!(status.code, -1);
}

#[test]
fn reads_json_error_bodies() {
    let read = |text: &str| {
        let body = parse(text.as_bytes()).unwrap().root;
        status_from_json(&body, &descriptors())
    };
    let status = read(
        r#"{"code":6,"message":"m","details":[{"@type":"type.googleapis.com/zitadel.v1.ErrorDetail","id":"x","message":""},{"@type":"a/b.C","n":1}]}"#,
    )
    .unwrap();
    assert_eq!(status.details[0].value, json!({"id": "x"}));
    assert!(status.details[0].known && !status.details[1].known);
    assert_eq!(status.details[1].value, json!({"n": 1}));
    assert_eq!(read(r#"{"code":6,"details":null}"#).unwrap().message, "");
    let kind = |text: &str| read(text).unwrap_err().kind();
    assert_eq!(kind("[]"), "not-an-object");
    assert_eq!(kind("{}"), "no-code");
    assert_eq!(kind(r#"{"code":"6"}"#), "code-not-integer");
    assert_eq!(kind(r#"{"code":6.5}"#), "code-not-integer");
    assert_eq!(kind(r#"{"code":6,"message":1}"#), "message-not-string");
    assert_eq!(kind(r#"{"code":6,"details":{}}"#), "details-not-array");
    assert_eq!(kind(r#"{"code":6,"details":[1]}"#), "detail-not-object");
}
