use serde_json::{Value, json};

use crate::contract::descriptors::Descriptors;
use crate::contract::proto_json::{canonical, parse};

const POLICY: &str = "zitadel.policy.v1.LoginPolicy";
const LIST: &str = "zitadel.management.v1.ListLoginPolicySecondFactorsResponse";

fn read(message: &str, text: &str) -> (Value, Vec<String>) {
    let descriptor = Descriptors::built_in().message(message).unwrap();
    let (value, issues) = canonical(&parse(text.as_bytes()).unwrap().root, &descriptor);
    let issues = issues.iter().map(|issue| format!("{} {}", issue.kind, issue.place));
    (value, issues.collect())
}

#[test]
fn defaults_and_nulls_count_as_absent() {
    let text = r#"{"result":[],"details":{"totalResult":"0","viewTimestamp":null}}"#;
    let (value, issues) = read(LIST, text);
    assert_eq!(value, json!({"details": {}}));
    assert_eq!(issues, ["null-member /details/viewTimestamp"]);
}

#[test]
fn forms_are_normalised_and_listed() {
    let text = r#"{"details":{"sequence":2,"creationDate":"2023-11-15T00:13:20.50+02:00"},"second_factors":[1,9,"SECOND_FACTOR_TYPE_U2F"],
        "passwordCheckLifetime":"3600.5s","forceMfa":false,"x":1}"#;
    let (value, issues) = read(POLICY, text);
    assert_eq!(
        value,
        json!({
            "details": {"sequence": "2", "creationDate": "2023-11-14T22:13:20.500Z"},
            "passwordCheckLifetime": "3600.500s",
            "secondFactors": ["SECOND_FACTOR_TYPE_OTP", 9, "SECOND_FACTOR_TYPE_U2F"],
        })
    );
    assert_eq!(
        issues,
        [
            "int64-as-number /details/sequence",
            "timestamp-offset /details/creationDate",
            "fraction-digits /details/creationDate",
            "proto-name /second_factors",
            "enum-as-number /second_factors/0",
            "unknown-enum-number /second_factors/1",
            "fraction-digits /passwordCheckLifetime",
            "unknown-member /x",
        ]
    );
}

#[test]
fn what_does_not_fit_stays_as_written() {
    let text = r#"{"details":[],"forceMfa":"true","passwordCheckLifetime":{"seconds":1},"secondFactors":"OTP","multiFactors":[null,"FAX"],
        "mfaInitSkipLifetime":"1h","defaultRedirectUri":5}"#;
    let (value, issues) = read(POLICY, text);
    assert_eq!(value["forceMfa"], "true");
    assert_eq!(value["passwordCheckLifetime"], json!({"seconds": 1}));
    assert_eq!(value["multiFactors"], json!([null, "FAX"]));
    assert_eq!(value["defaultRedirectUri"], 5);
    assert_eq!(
        issues,
        [
            "wrong-kind /details",
            "wrong-kind /forceMfa",
            "wrong-kind /passwordCheckLifetime",
            "wrong-kind /secondFactors",
            "wrong-kind /multiFactors/0",
            "unknown-enum-name /multiFactors/1",
            "invalid-duration /mfaInitSkipLifetime",
            "wrong-kind /defaultRedirectUri",
        ]
    );
}

#[test]
fn both_spellings_are_one_field() {
    let (value, issues) = read(POLICY, r#"{"forceMfa":true,"force_mfa":false,"forceMfa":true}"#);
    assert_eq!(value, json!({"forceMfa": true}));
    let twice = issues.iter().filter(|issue| issue.starts_with("two-spellings")).count();
    assert_eq!(twice, 2);
}

#[test]
fn any_is_read_where_its_type_is_known() {
    let text = r#"{"code":6.0,"details":[
        {"@type":"type.googleapis.com/zitadel.v1.ErrorDetail","id":"a","message":"","z":1},
        {"@type":"type.googleapis.com/google.protobuf.Duration","value":"1.5s"},
        {"@type":"a/b.C","n":1},{"n":1},
        {"@type":"t/zitadel.error.v2.ErrorDetail","details":{"a":[null,{"b":0}]}}]}"#;
    let (value, issues) = read("google.rpc.Status", text);
    assert_eq!(
        value,
        json!({"code": 6, "details": [
            {"@type": "type.googleapis.com/zitadel.v1.ErrorDetail", "id": "a"},
            {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1.500s"},
            {"@type": "a/b.C", "n": 1},
            {"n": 1},
            {"@type": "t/zitadel.error.v2.ErrorDetail", "details": {"a": [null, {"b": 0}]}},
        ]})
    );
    assert_eq!(
        issues,
        ["unknown-member /details/0/z", "fraction-digits /details/1/value", "unknown-any-type /details/2", "invalid-any /details/3",]
    );
}
