use serde_json::{Value, json};

use super::*;
use crate::contract::descriptors::Descriptors;

const ADD: &str = "zitadel.management.v1.AddSecondFactorToLoginPolicyRequest";
const LIST: &str = "zitadel.management.v1.ListLoginPolicySecondFactorsResponse";
const CREATE: &str = "zitadel.management.v1.AddCustomLoginPolicyRequest";

fn descriptor(name: &str) -> MessageDescriptor {
    Descriptors::built_in().message(name).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|character| !character.is_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

fn value(name: &str, text: &str) -> Value {
    decode(&hex(text), &descriptor(name)).unwrap().value
}

fn kind(name: &str, text: &str) -> &'static str {
    decode(&hex(text), &descriptor(name)).map_or_else(|error| error.kind, |_| "ok")
}

#[test]
fn the_last_value_counts_and_unknown_fields_are_skipped() {
    assert_eq!(value(ADD, "08 01 08 02"), json!({"type": "SECOND_FACTOR_TYPE_U2F"}));
    assert_eq!(value(ADD, "08 00"), json!({}));
    let octets = hex("08 01 78 05 79 01 00 00 00 00 00 00 00 7A 02 08 02 7D 01 00 00 00 7B 08 02 7C");
    let decoded = decode(&octets, &descriptor(ADD)).unwrap();
    assert_eq!(decoded.value, json!({"type": "SECOND_FACTOR_TYPE_OTP"}));
    let seen: Vec<_> = decoded.fields.iter().map(|field| (field.wire_type, field.known)).collect();
    assert_eq!(seen, [(0, true), (0, false), (1, false), (2, false), (5, false), (3, false)]);
    assert_eq!(decoded.fields[1].place, "/#15");
    assert!(decoded.issues.is_empty());
}

#[test]
fn enums_are_open_and_may_be_negative() {
    assert_eq!(value(ADD, "08 63"), json!({"type": 99}));
    assert_eq!(value(ADD, "08 FF FF FF FF FF FF FF FF FF 01"), json!({"type": -1}));
    assert_eq!(value(ADD, "08 81 FE FF FF FF FF FF FF FF 01"), json!({"type": -255}));
}

#[test]
fn malformed_octets_are_refused_by_kind() {
    for (octets, wanted) in [
        ("08 01 08", "truncated"),
        ("08 01 08 80", "truncated"),
        ("08 01 7A 05 41", "truncated"),
        ("08 01 7A FF FF FF FF FF FF FF FF FF 01 41", "truncated"),
        ("08 01 00 05", "field-number"),
        ("08 01 7C", "stray-end-group"),
        ("08 01 7B 84 01", "group-mismatch"),
        ("08 01 7F", "wire-type"),
        ("08 FF FF FF FF FF FF FF FF FF 02", "overlong-varint"),
        ("08 FF FF FF FF FF FF FF FF FF FF 01", "overlong-varint"),
        ("08 81 00", "ok"),
    ] {
        assert_eq!(kind(ADD, octets), wanted, "{octets}");
    }
    let groups = vec![0x7b; 1 << 16];
    assert_eq!(decode(&groups, &descriptor(ADD)).unwrap_err().kind, "too-deep");
}

#[test]
fn wrong_wire_types_and_texts_are_issues() {
    let issues = |name: &str, text: &str| {
        let issues = decode(&hex(text), &descriptor(name)).unwrap().issues;
        issues.iter().map(|issue| format!("{} {}", issue.kind, issue.place)).collect::<Vec<_>>()
    };
    assert_eq!(issues(ADD, "0A 01 01"), ["wrong-wire-type /type"]);
    assert_eq!(issues(LIST, "0A 03 0A 01 31"), ["wrong-wire-type /details/totalResult"]);
    assert_eq!(issues(CREATE, "42 02 C3 28"), ["invalid-utf8 /defaultRedirectUri"]);
    assert_eq!(issues(CREATE, "42 02 C3 A9"), [""; 0]);
    // nanos = -1
    assert_eq!(issues(LIST, "0A 0D 1A 0B 10 FF FF FF FF FF FF FF FF FF 01"), ["out-of-range /details/viewTimestamp"]);
}

#[test]
fn offsets_count_from_the_start() {
    let error = decode(&hex("0A 02 08 80"), &descriptor(LIST)).unwrap_err();
    assert_eq!((error.kind, error.offset), ("truncated", 4));
}

#[test]
fn lists_are_read_packed_and_not_and_messages_merge() {
    for octets in ["12 02 01 02", "10 01 10 02", "10 01 12 01 02"] {
        assert_eq!(value(LIST, octets), json!({"result": ["SECOND_FACTOR_TYPE_OTP", "SECOND_FACTOR_TYPE_U2F"]}));
    }
    assert_eq!(value(LIST, "0A 02 08 05 0A 02 10 07"), json!({"details": {"totalResult": "5", "processedSequence": "7"}}));
}

#[test]
fn writes_and_reads_the_same() {
    let message = json!({
        "allowRegister": true,
        "passwordlessType": "PASSWORDLESS_TYPE_ALLOWED",
        "defaultRedirectUri": "https://a/é",
        "passwordCheckLifetime": "3600.500s",
        "mfaInitSkipLifetime": "0s",
        "secondFactors": ["SECOND_FACTOR_TYPE_OTP", 9],
        "idps": [{"idpId": "1", "ownerType": "IDP_OWNER_TYPE_ORG"}, {}],
    });
    let octets = encode(&message, &descriptor(CREATE)).unwrap();
    let decoded = decode(&octets, &descriptor(CREATE)).unwrap();
    assert_eq!(decoded.value, message);
    assert!(decoded.issues.is_empty());
}

#[test]
fn writes_every_spelling() {
    for message in [json!({"type": "SECOND_FACTOR_TYPE_U2F"}), json!({"type": 2}), json!({"type": 2.0})] {
        assert_eq!(encode(&message, &descriptor(ADD)).unwrap(), [8, 2]);
    }
    assert_eq!(encode(&json!({"type": null}), &descriptor(ADD)).unwrap(), [0; 0]);
    assert_eq!(encode(&json!({"type": 0}), &descriptor(ADD)).unwrap(), [0; 0]);
    assert_eq!(encode(&json!({"force_mfa": true, "forceMfaLocalOnly": true}), &descriptor(CREATE)).unwrap(), [0x20, 1, 0xa0, 1, 1]);
    let details = json!({"sequence": 2});
    assert_eq!(encode(&details, &descriptor("zitadel.v1.ObjectDetails")).unwrap(), [8, 2]);
}

#[test]
fn refuses_what_does_not_fit() {
    let kind = |message: &Value| encode(message, &descriptor(ADD)).unwrap_err().kind;
    assert_eq!(kind(&json!({"type": "FAX"})), "unknown-enum-name");
    assert_eq!(kind(&json!({"type": true})), "wrong-kind");
    assert_eq!(kind(&json!({"type": 1.5})), "out-of-range");
    assert_eq!(kind(&json!({"kind": 1})), "unknown-member");
    assert_eq!(kind(&json!([])), "wrong-kind");
}

#[test]
fn any_and_struct_survive() {
    let status = descriptor("google.rpc.Status");
    let message = json!({"code": 6, "details": [
        {"@type": "type.googleapis.com/zitadel.v1.ErrorDetail", "id": "a"},
        {"@type": "t/google.protobuf.Duration", "value": "1.500s"},
        {"@type": "t/zitadel.error.v2.ErrorDetail", "details": {"a": [null, {"b": 0.5}], "c": "d", "e": false}},
    ]});
    let octets = encode(&message, &status).unwrap();
    let decoded = decode(&octets, &status).unwrap();
    assert_eq!(decoded.value, message);
    assert!(decoded.issues.is_empty());
    let unknown = decode(&hex("1A 0A 0A 05 61 2F 62 2E 43 12 01 FF"), &status).unwrap();
    assert_eq!(unknown.value, json!({"details": [{"@type": "a/b.C", "value": "/w=="}]}));
    assert_eq!(unknown.issues[0].kind, "unknown-any-type");
}

/// Whatever is nested in whatever: the reader ends with a value or a typed error, on the stack of a test.
#[test]
fn hostile_nesting_ends() {
    let nest = |number: u8, prefix: &[u8], depth: usize| {
        let mut octets = Vec::new();
        for _ in 0..depth {
            let mut outer = prefix.to_vec();
            outer.push(number << 3 | 2);
            let mut length = octets.len();
            while length >= 0x80 {
                outer.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
                length >>= 7;
            }
            outer.push(u8::try_from(length).unwrap());
            outer.append(&mut octets);
            octets = outer;
        }
        octets
    };
    let any = nest(2, b"\x0a\x15a/google.protobuf.Any", 300);
    let decoded = decode(&any, &descriptor("google.protobuf.Any")).unwrap();
    assert!(!decoded.issues.is_empty());
    let types = nest(3, b"", 300);
    let error = decode(&types, &descriptor("google.protobuf.DescriptorProto")).unwrap_err();
    assert_eq!(error.kind, "too-deep");
    assert!(decode(&nest(3, b"", 100), &descriptor("google.protobuf.DescriptorProto")).is_ok());
    let list = "[".repeat(120) + &"]".repeat(120);
    let value: Value = serde_json::from_str(&list).unwrap();
    let octets = encode(&value, &descriptor("google.protobuf.ListValue")).unwrap();
    let error = decode(&octets, &descriptor("google.protobuf.ListValue")).unwrap_err();
    assert_eq!(error.kind, "too-deep");
}
