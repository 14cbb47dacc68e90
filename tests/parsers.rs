//! Inputs that nobody would write by hand: no reader panics, and what is written reads back the same.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use triwire::contract::Contract;
use triwire::contract::http_rule::{BodyBinding, HttpRule, Template};
use triwire::contract::message::{decode, encode};
use triwire::contract::proto_json::{Node, canonical, parse};
use triwire::contract::status::{decode_details_bin, percent_decode, percent_decode_lenient, status_from_json};

const POLICY: &str = "zitadel.policy.v1.LoginPolicy";
const MESSAGES: [&str; 5] = [
    POLICY,
    "google.rpc.Status",
    "google.protobuf.Struct",
    "zitadel.management.v1.AddCustomLoginPolicyRequest",
    "google.protobuf.FileDescriptorProto",
];

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e300..1e300).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Octets that are close to JSON: pieces of it in any order.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "d800", "\"a\"", "\"type\"", "1", "-", "0", ".", "e", "+", "null", "true", "nul",
        " ", "\n", "é", "/", "*", "\u{feff}", "\u{1}",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Members with known names and any value, so that each reader of a field meets each kind.
fn nearly_policy() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "details",
        "forceMfa",
        "force_mfa",
        "passwordlessType",
        "passwordCheckLifetime",
        "secondFactors",
        "idps",
        "defaultRedirectUri",
        "code",
        "message",
        "sequence",
        "creationDate",
        "@type",
        "value",
        "x",
    ]);
    prop::collection::vec((name, tree()), 0..8).prop_map(|members| {
        let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
        Value::Object(members.collect::<Map<_, _>>())
    })
}

/// Canonical policies.
fn policy() -> impl Strategy<Value = Value> {
    let lifetime = (1_i64..315_576_000_000, 0_u32..1000);
    (any::<u64>(), -62_135_596_800_i64..253_402_300_799, lifetime, prop::collection::vec(1_i32..6, 0..4), any::<bool>(), "[a-zß-ö]{0,12}")
        .prop_map(|(sequence, seconds, (whole, millis), factors, flag, uri)| {
            let names = ["", "OTP", "U2F", "OTP_EMAIL", "OTP_SMS", "RECOVERY_CODES"];
            let factors: Vec<String> =
                factors.iter().map(|&factor| format!("SECOND_FACTOR_TYPE_{}", names[usize::try_from(factor).unwrap()])).collect();
            let fraction = if millis == 0 { String::new() } else { format!(".{millis:03}") };
            // The instant goes through the binary reader's own calendar.
            json!({
                "details": {"sequence": sequence.to_string(), "creationDate": seconds},
                "forceMfa": flag,
                "defaultRedirectUri": uri,
                "passwordCheckLifetime": format!("{whole}{fraction}s"),
                "secondFactors": factors,
            })
        })
}

/// Replaces the seconds of the strategy by the text that the binary reader gives for them.
fn with_instant(mut policy: Value) -> Value {
    let descriptors = &Contract::built_in().descriptors;
    let timestamp = descriptors.message("google.protobuf.Timestamp").unwrap();
    let seconds = policy["details"]["creationDate"].as_i64().unwrap();
    let mut octets = vec![8];
    let mut rest = seconds.cast_unsigned();
    while rest >= 0x80 {
        octets.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
        rest >>= 7;
    }
    octets.push(u8::try_from(rest).unwrap());
    policy["details"]["creationDate"] = decode(&octets, &timestamp).unwrap().value;
    policy
}

proptest! {
    #[test]
    fn json_reads_back_what_was_written(value in tree()) {
        let document = parse(value.to_string().as_bytes()).unwrap();
        prop_assert_eq!(&document.root, &Node::from(&value));
        prop_assert_eq!(document.root.to_value(), value);
        prop_assert!(document.issues.is_empty());
    }

    #[test]
    fn json_agrees_with_another_reader(text in nearly_json()) {
        let ours = parse(text.as_bytes());
        let theirs = serde_json::from_str::<Value>(&text);
        // Too large a number is no mistake of form.
        let out_of_range = theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
        prop_assert!(ours.is_ok() == theirs.is_ok() || out_of_range, "{ours:?} {theirs:?}");
        if let Err(error) = ours {
            prop_assert!(error.offset <= text.len() && error.line > 0 && error.column > 0);
        }
    }

    #[test]
    fn json_never_panics(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&octets);
    }

    #[test]
    fn json_messages_never_panic(value in nearly_policy(), which in 0..MESSAGES.len()) {
        let descriptors = &Contract::built_in().descriptors;
        let descriptor = descriptors.message(MESSAGES[which]).unwrap();
        let node = Node::from(&value);
        let (first, _) = canonical(&node, &descriptor);
        let _ = status_from_json(&node, descriptors);
        let _ = Contract::built_in().schemas.validate("google.rpc.Status", &value);
        if let Ok(octets) = encode(&value, &descriptor) {
            let decoded = decode(&octets, &descriptor).unwrap();
            prop_assert_eq!(decoded.value, first);
        }
    }

    #[test]
    fn canonical_is_stable(value in nearly_policy()) {
        let descriptor = Contract::built_in().descriptors.message(POLICY).unwrap();
        let (once, _) = canonical(&Node::from(&value), &descriptor);
        let (twice, _) = canonical(&Node::from(&once), &descriptor);
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn both_encodings_tell_the_same(policy in policy()) {
        let descriptor = Contract::built_in().descriptors.message(POLICY).unwrap();
        let policy = with_instant(policy);
        let (canonical, issues) = canonical(&Node::from(&policy), &descriptor);
        prop_assert!(issues.is_empty(), "{:?}", issues);
        let octets = encode(&policy, &descriptor).unwrap();
        let decoded = decode(&octets, &descriptor).unwrap();
        prop_assert_eq!(&decoded.value, &canonical);
        prop_assert!(decoded.issues.is_empty(), "{:?}", decoded.issues);
        prop_assert_eq!(encode(&decoded.value, &descriptor).unwrap(), octets);
        let answer = json!({"policy": policy});
        let found = Contract::built_in().schemas.validate("zitadel.management.v1.GetLoginPolicyResponse", &answer);
        prop_assert!(found.is_empty(), "{:?}", found);
    }

    #[test]
    fn octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..200), which in 0..MESSAGES.len()) {
        let descriptor = Contract::built_in().descriptors.message(MESSAGES[which]).unwrap();
        match decode(&octets, &descriptor) {
            Ok(_) => {}
            Err(error) => prop_assert!(error.offset <= octets.len()),
        }
    }

    #[test]
    fn cut_or_changed_messages_never_panic(policy in policy(), cut in 0..60_usize, at in 0..60_usize, octet in any::<u8>()) {
        let descriptor = Contract::built_in().descriptors.message(POLICY).unwrap();
        let mut octets = encode(&with_instant(policy), &descriptor).unwrap();
        if let Some(changed) = octets.get_mut(at) {
            *changed = octet;
        }
        let _ = decode(&octets, &descriptor);
        octets.truncate(cut);
        let _ = decode(&octets, &descriptor);
    }

    #[test]
    fn details_never_panic(octets in prop::collection::vec(any::<u8>(), 0..100)) {
        let descriptors = &Contract::built_in().descriptors;
        let _ = decode_details_bin(&octets, descriptors);
        let padded = decode_details_bin(STANDARD.encode(&octets).as_bytes(), descriptors);
        let bare = decode_details_bin(STANDARD_NO_PAD.encode(&octets).as_bytes(), descriptors);
        prop_assert_eq!(padded, bare);
    }

    #[test]
    fn details_read_back_what_was_written(code in any::<i32>(), message in any::<String>(), id in "[A-Za-z0-9-]{1,9}") {
        let descriptors = &Contract::built_in().descriptors;
        let status = descriptors.message("google.rpc.Status").unwrap();
        let value = json!({"code": code, "message": message,
            "details": [{"@type": "type.googleapis.com/zitadel.v1.ErrorDetail", "id": id}]});
        let octets = encode(&value, &status).unwrap();
        let binary = decode_details_bin(STANDARD.encode(octets).as_bytes(), descriptors).unwrap();
        prop_assert_eq!(binary.code, i64::from(code));
        prop_assert_eq!(&binary.details[0].value, &json!({"id": id}));
        let json = status_from_json(&Node::from(&value), descriptors).unwrap();
        prop_assert_eq!(binary, json);
    }

    #[test]
    fn messages_of_grpc_read_back(text in any::<String>()) {
        let encoded: String = text
            .bytes()
            .map(|octet| match octet {
                b'%' => "%25".to_owned(),
                b' '..=b'~' => char::from(octet).to_string(),
                other => format!("%{other:02X}"),
            })
            .collect();
        prop_assert_eq!(percent_decode(encoded.as_bytes()), Ok(text.clone()));
        prop_assert_eq!(percent_decode_lenient(encoded.as_bytes()), text);
    }

    #[test]
    fn messages_of_grpc_never_panic(octets in prop::collection::vec(any::<u8>(), 0..60)) {
        let strict = percent_decode(&octets);
        let lenient = percent_decode_lenient(&octets);
        if let Ok(strict) = strict {
            prop_assert_eq!(strict, lenient);
        }
    }

    #[test]
    fn templates_never_panic(template in "[/{}*=.:a%2F]{0,20}", path in "[/:?#a%2Fé]{0,20}") {
        if let Ok(template) = template.parse::<Template>() {
            let rule = HttpRule { verb: "GET".to_owned(), template, body: BodyBinding::None, response_body: None };
            let _ = rule.matches("GET", &path);
            let policy = Contract::built_in().descriptors.message(POLICY).unwrap();
            let _ = rule.transcode(&json!({"forceMfa": true}), &policy);
        }
    }

    #[test]
    fn paths_read_back_what_was_written(id in "\\PC{1,20}", uri in "[a-zé%2F ]{1,5}/[a-zé%2F ]{1,5}") {
        let policy = Contract::built_in().descriptors.message(POLICY).unwrap();
        let message = json!({"details": {"resourceOwner": id}, "defaultRedirectUri": uri});
        let rule = HttpRule {
            verb: "GET".to_owned(),
            template: "/v1/{details.resource_owner}/x/{default_redirect_uri=**}:go".parse().unwrap(),
            body: BodyBinding::Whole,
            response_body: None,
        };
        let put = rule.transcode(&message, &policy).unwrap();
        let read = rule.matches("GET", &put.path).unwrap();
        prop_assert_eq!(&read[0].1, &id);
        prop_assert_eq!(&read[1].1, &uri);
    }
}
