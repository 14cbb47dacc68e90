use serde_json::json;

use super::*;

const ADD: &str = "zitadel.management.v1.AddSecondFactorToLoginPolicyResponse";
const LIST: &str = "zitadel.management.v1.ListLoginPolicySecondFactorsResponse";
const POLICY: &str = "zitadel.management.v1.GetLoginPolicyResponse";

fn found(message: &str, answer: &Value) -> Vec<String> {
    let mut found: Vec<String> = Schemas::built_in()
        .validate(message, answer)
        .iter()
        .map(|issue| format!("{} {} {}", issue.requirement, issue.keyword, issue.place))
        .collect();
    found.sort();
    found
}

#[test]
fn every_keyword_answers_for_a_requirement() {
    assert_eq!(Schemas::built_in().lint(&Catalogue::built_in()), [""; 0]);
}

#[test]
fn every_answer_of_the_contract_has_a_schema() {
    let schemas = Schemas::built_in();
    for method in crate::contract::descriptors::Descriptors::built_in().methods() {
        if !method.bindings.is_empty() {
            assert!(schemas.has(method.output.full_name()), "{}", method.full_name());
        }
    }
}

#[test]
fn legal_answers_pass() {
    let details = json!({"sequence": "2", "creationDate": "2023-05-02T10:00:00.5Z", "changeDate": null, "resourceOwner": "1", "x": {}});
    assert_eq!(found(ADD, &json!({"details": details})), [""; 0]);
    assert_eq!(found(LIST, &json!({})), [""; 0]);
    assert_eq!(found(LIST, &json!({"details": {"totalResult": "0", "viewTimestamp": null}, "result": []})), [""; 0]);
    let policy = json!({"policy": {"details": {"sequence": "0"}, "forceMfa": false, "passwordlessType": "PASSWORDLESS_TYPE_NOT_ALLOWED",
        "secondFactors": ["SECOND_FACTOR_TYPE_RECOVERY_CODES"], "passwordCheckLifetime": "864000s", "defaultRedirectUri": ""}, "isDefault": true});
    assert_eq!(found(POLICY, &policy), [""; 0]);
    assert_eq!(found("google.rpc.Status", &json!({"code": 6, "details": null})), [""; 0]);
}

#[test]
fn a_sequence_is_judged_by_kind_and_by_range() {
    let sequence = |value: Value| found(ADD, &json!({"details": {"sequence": value}}));
    assert_eq!(sequence(json!(2)), ["SEED-DETAILS-SEQUENCE-STRING type /details/sequence"]);
    assert_eq!(
        sequence(json!(-1)),
        ["SEED-DETAILS-SEQUENCE-RANGE minimum /details/sequence", "SEED-DETAILS-SEQUENCE-STRING type /details/sequence"]
    );
    for wrong in ["0", "01", "2e0", "-1", "18446744073709551616", ""] {
        let found = sequence(json!(wrong));
        assert!(!found.is_empty() && found.iter().all(|issue| issue.starts_with("SEED-DETAILS-SEQUENCE-RANGE")), "{wrong}: {found:?}");
    }
    assert_eq!(sequence(json!("18446744073709551615")), [""; 0]);
    assert_eq!(sequence(Value::Null), ["SEED-DETAILS-SEQUENCE-RANGE required /details/sequence"]);
}

#[test]
fn shapes_that_are_none() {
    assert_eq!(found(ADD, &json!({})), ["SEED-RESP-DETAILS-OBJECT required /details"]);
    assert_eq!(found(ADD, &json!({"details": []})), ["SEED-RESP-DETAILS-OBJECT type /details"]);
    assert_eq!(found(ADD, &json!([])), ["SEED-RESP-DETAILS-OBJECT type "]);
    let date = json!({"details": {"sequence": "1", "creationDate": "2023-05-02"}});
    assert_eq!(found(ADD, &date), ["SEED-DETAILS-DATE-TIME-FORMAT format /details/creationDate"]);
    assert_eq!(
        found(LIST, &json!({"details": {"totalResult": 2}, "result": [2, null]})),
        ["JSON-ENUM-OUTPUT-NAME enum /result/0", "JSON-ENUM-OUTPUT-NAME enum /result/1", "JSON-UINT64-STRING type /details/totalResult",]
    );
    assert_eq!(
        found("google.rpc.Status", &json!({"code": "6", "details": [{"type_url": "x"}, 1, {"@type": "x"}]})),
        [
            "SEED-ERROR-BODY-SHAPE type /code",
            "SEED-ERROR-BODY-SHAPE type /details/1",
            "SEED-ERROR-DETAILS-AT-TYPE pattern /details/2/@type",
            "SEED-ERROR-DETAILS-AT-TYPE required /details/0/@type",
        ]
    );
}

#[test]
fn lint_finds_what_answers_for_nothing() {
    let schemas = Schemas::from_files([
        ("a.json", r#"{"type":"object","properties":{"x":{"$ref":"b.json"},"requirement":{"$ref":"a.json#/$defs/n"}}}"#),
        ("c.json", r##"{"requirement":"SEED-ERROR-BODY-SHAP","type":"object","properties":{"y":{"$ref":"#/$defs/z"}},"$defs":{"z":{"minimum":1}}}"##),
    ])
    .unwrap();
    let mistakes = schemas.lint(&Catalogue::built_in());
    assert_eq!(
        mistakes[..5],
        [
            "a.json#/type: no requirement covers this keyword",
            "a.json#/properties/x/$ref: b.json leads nowhere",
            "a.json#/properties/requirement/$ref: a.json#/$defs/n leads nowhere",
            "c.json#: unknown requirement SEED-ERROR-BODY-SHAP, perhaps SEED-ERROR-BODY-SHAPE",
            "c.json#/$defs/z/minimum: no requirement covers this keyword",
        ]
    );
    assert_eq!(schemas.validate("a", &json!({}))[0].keyword, "broken-schema");
    assert!(schemas.validate("none", &json!({})).is_empty());
}
