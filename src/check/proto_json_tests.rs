//! Answers made by hand, and what the checks of ProtoJSON say of them.

use crate::check::{DIFFERENT, View, examine};
use crate::contract::Contract;
use crate::wire::{Body, End, Exchange, Field, Head, HttpVersion, Intent, Received, Role, Sent, Timing, Transport, Wire};

const POLICY: &str = "zitadel.management.v1.ManagementService/GetLoginPolicy";
const LIST: &str = "zitadel.management.v1.ManagementService/ListLoginPolicySecondFactors";

fn answer(rpc: &str, status: u16, body: &str) -> Exchange {
    Exchange {
        id: 7,
        transport: Transport::new(Wire::Json, HttpVersion::H1),
        intent: Intent { role: Role::Trial, rpc: Some(rpc.to_owned()), defect: None, area: None, profile: None },
        sent: Sent {
            verb: "GET".to_owned(),
            scheme: "http".to_owned(),
            authority: "a".to_owned(),
            path: "/".to_owned(),
            fields: Vec::new(),
            content: Body::default(),
            raw: false,
        },
        received: Received {
            heads: vec![Head { status: Some(status), fields: vec![Field::new("content-type", "application/json")] }],
            content: Body::whole(body.as_bytes().to_vec()),
            undone_coding: None,
            trailers: None,
            frames: None,
            framing: None,
            end: End::Complete,
        },
        timing: Timing::default(),
    }
}

/// `held`, the kind and place of what was found, or `-` where the check has nothing to say.
fn says(requirement: &str, rpc: &str, status: u16, body: &str) -> String {
    let exchange = answer(rpc, status, body);
    let contract = Contract::built_in();
    let reading = crate::answer::read(&exchange, contract);
    let seen = examine(&exchange, &reading, contract).into_iter().find(|seen| seen.requirement == requirement);
    match seen.map(|seen| seen.violated) {
        None => "-".to_owned(),
        Some(None) => "held".to_owned(),
        Some(Some(finding)) => format!("{} {}", finding.kind, finding.place),
    }
}

fn of_policy(requirement: &str, policy: &str) -> String {
    says(requirement, POLICY, 200, &format!(r#"{{"policy":{policy}}}"#))
}

#[test]
fn long_integers_are_texts_of_decimal_digits() {
    let of = |details: &str| of_policy("JSON-UINT64-STRING", &format!(r#"{{"details":{details}}}"#));
    for right in [r#"{"sequence":"0"}"#, r#"{"sequence":"18446744073709551615"}"#] {
        assert_eq!(of(right), "held", "{right}");
    }
    for silent in ["{}", r#"{"sequence":null}"#, r#"{"resourceOwner":"1"}"#] {
        assert_eq!(of(silent), "-", "{silent}");
    }
    assert_eq!(of(r#"{"sequence":2}"#), "not-a-string /policy/details/sequence");
    for wrong in [r#"{"sequence":"02"}"#, r#"{"sequence":""}"#, r#"{"sequence":"-1"}"#, r#"{"sequence":"1.0"}"#, r#"{"sequence":"+1"}"#] {
        assert_eq!(of(wrong), "not-decimal /policy/details/sequence", "{wrong}");
    }
}

#[test]
fn enums_are_declared_names_and_undeclared_numbers() {
    let of = |list: &str| of_policy("JSON-ENUM-OUTPUT-NAME", &format!(r#"{{"secondFactors":{list}}}"#));
    assert_eq!(of(r#"["SECOND_FACTOR_TYPE_OTP",77]"#), "held");
    assert_eq!(of("[]"), "-");
    assert_eq!(of(r#"["SECOND_FACTOR_TYPE_OTP",2]"#), "not-a-name /policy/secondFactors/1");
    assert_eq!(of("[true]"), "not-a-name /policy/secondFactors/0");
    assert_eq!(of(r#"["OTP"]"#), "undeclared-name /policy/secondFactors/0");
}

#[test]
fn dates_end_in_capital_z() {
    let of = |date: &str| of_policy("JSON-TIMESTAMP-Z", &format!(r#"{{"details":{{"changeDate":"{date}"}}}}"#));
    for right in ["2023-05-02T01:02:03Z", "2023-05-02T01:02:03.5Z", "2024-02-29T01:02:03.123456789Z"] {
        assert_eq!(of(right), "held", "{right}");
    }
    for wrong in ["2023-05-02T01:02:03+00:00", "2023-05-02t01:02:03Z", "2023-05-02T01:02:03z", "2023-05-02T01:02:03.5-07:00"] {
        assert_eq!(of(wrong), "not-normalised /policy/details/changeDate", "{wrong}");
    }
    for other in ["2023-05-02", "2023-02-30T01:02:03Z", "yesterday, about noon"] {
        assert_eq!(of(other), "-", "{other}: the format itself is judged elsewhere");
    }
    let text = r#"{"defaultRedirectUri":"2023-05-02T01:02:03+00:00"}"#;
    assert_eq!(of_policy("JSON-TIMESTAMP-Z", text), "-", "a text is no date, whatever it looks like");
}

#[test]
fn fractions_of_dates_and_durations_have_round_digits() {
    let date = |date: &str| of_policy("JSON-TIMESTAMP-FRACTION", &format!(r#"{{"details":{{"changeDate":"{date}"}}}}"#));
    let lifetime = |text: &str| of_policy("JSON-DURATION-FORMAT", &format!(r#"{{"mfaInitSkipLifetime":{text}}}"#));
    for right in ["", ".120", ".123456", ".123456789"] {
        assert_eq!(date(&format!("2023-05-02T01:02:03{right}Z")), "held", "{right}");
        assert_eq!(lifetime(&format!("\"3600{right}s\"")), "held", "{right}");
    }
    for wrong in [".1", ".12", ".12345", ".1234567", ".12345678"] {
        assert_eq!(date(&format!("2023-05-02T01:02:03{wrong}Z")), "other-digits /policy/details/changeDate", "{wrong}");
        assert_eq!(lifetime(&format!("\"3600{wrong}s\"")), "other-form /policy/mfaInitSkipLifetime", "{wrong}");
    }
    for right in ["\"0s\"", "\"-1s\"", "\"-0.500s\""] {
        assert_eq!(lifetime(right), "held", "{right}");
    }
    for wrong in ["\"1h\"", "\"240h0m0s\"", "\"3600\"", "\"+1s\"", "\"01s\"", "\".500s\"", "\"1.s\"", "\"1S\""] {
        assert_eq!(lifetime(wrong), "other-form /policy/mfaInitSkipLifetime", "{wrong}");
    }
    for wrong in ["3600", r#"{"seconds":"3600"}"#] {
        assert_eq!(lifetime(wrong), "not-a-string /policy/mfaInitSkipLifetime", "{wrong}");
    }
}

#[test]
fn a_date_counts_once_and_whole_seconds_each_time() {
    let (requirement, values) = DIFFERENT[0];
    assert_eq!(requirement, "JSON-TIMESTAMP-FRACTION");
    let exchange =
        answer(POLICY, 200, r#"{"policy":{"details":{"creationDate":"2023-05-02T01:02:03.5Z","changeDate":"2023-05-02T01:02:03Z"}}}"#);
    let contract = Contract::built_in();
    let reading = crate::answer::read(&exchange, contract);
    let method = contract.descriptors.method(POLICY);
    let seen = values(&View { exchange: &exchange, reading: &reading, contract, method });
    assert_eq!(seen, ["2023-05-02T01:02:03.5Z", "2023-05-02T01:02:03Z of exchange 7"]);
}

#[test]
fn names_of_two_words_tell_how_names_are_written() {
    let of = |policy: &str| of_policy("JSON-OUTPUT-CAMELCASE", policy);
    assert_eq!(of(r#"{"forceMfa":true}"#), "held");
    assert_eq!(of(r#"{"details":{"sequence":"1"}}"#), "-", "one word is written alike in both");
    assert_eq!(of(r#"{"details":{"resource_owner":"1"}}"#), "underscore /policy/details/resource_owner");
    assert_eq!(of(r#"{"forceMfa":true,"of_later":1}"#), "underscore /policy/of_later");
}

#[test]
fn defaults_are_all_written_or_none() {
    let list = |body: &str| says("JSON-DEFAULTS-OMITTED", LIST, 200, body);
    assert_eq!(list(r#"{"details":{"processedSequence":"5"}}"#), "held");
    assert_eq!(list(r#"{"details":{"totalResult":"0","processedSequence":"5"},"result":[]}"#), "held");
    assert_eq!(list(r#"{"details":{"totalResult":"0","processedSequence":"5"}}"#), "mixed /result");
    assert_eq!(list(r#"{"details":{"processedSequence":"5"},"result":[]}"#), "mixed /details/totalResult");
    assert_eq!(list(r#"{"details":{"totalResult":null,"processedSequence":"5"},"result":null}"#), "held", "null counts as absent");
    assert_eq!(list(r#"{"details":{"totalResult":"1","processedSequence":"5"},"result":["SECOND_FACTOR_TYPE_OTP"]}"#), "-");
    assert_eq!(says("JSON-DEFAULTS-OMITTED", LIST, 404, r#"{"code":5}"#), "-");
    for wrong in ["\"false\"", "0", "\"\""] {
        assert_eq!(of_policy("JSON-DEFAULTS-OMITTED", &format!(r#"{{"forceMfa":{wrong}}}"#)), "wrong-kind /policy/forceMfa", "{wrong}");
    }
    // All that the oldest release has, but not what came later.
    let written = [
        "allowUsernamePassword",
        "allowRegister",
        "allowExternalIdp",
        "forceMfa",
        "isDefault",
        "hidePasswordReset",
        "ignoreUnknownUsernames",
        "allowDomainDiscovery",
        "disableLoginWithEmail",
        "disableLoginWithPhone",
    ];
    let flags: Vec<String> = written.iter().map(|name| format!("\"{name}\":false")).collect();
    let lists =
        r#""secondFactors":[],"multiFactors":[],"idps":[],"defaultRedirectUri":"","passwordlessType":"PASSWORDLESS_TYPE_NOT_ALLOWED""#;
    let body = format!(r#"{{"policy":{{{},{lists}}},"isDefault":false}}"#, flags.join(","));
    assert_eq!(says("JSON-DEFAULTS-OMITTED", POLICY, 200, &body), "held");
}

#[test]
fn details_hold_their_fields() {
    let of = |detail: &str| says("JSON-ANY-INLINE", POLICY, 409, &format!(r#"{{"code":6,"message":"a","details":[{detail}]}}"#));
    let typed = |members: &str| of(&format!(r#"{{"@type":"type.googleapis.com/zitadel.v1.ErrorDetail"{members}}}"#));
    assert_eq!(typed(r#","id":"X-1""#), "held");
    assert_eq!(typed(r#","message":"a","later":1"#), "held");
    assert_eq!(typed(r#","value":"CgNYLTE=""#), "value-beside /details/0");
    assert_eq!(typed(r#","id":5"#), "wrong-kind /details/0");
    assert_eq!(typed(""), "no-field /details/0");
    assert_eq!(of(r#"{"type_url":"a/b","value":"CgNYLTE="}"#), "type-url /details/0");
    assert_eq!(of(r#"{"@type":"a.example/some.Other","value":"CgNYLTE="}"#), "value-only /details/0");
    assert_eq!(of(r#"{"@type":"a.example/some.Other","value":1,"x":2}"#), "held", "it may have a field of this name");
    assert_eq!(of(r#"{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}"#), "-");
    assert_eq!(says("JSON-ANY-INLINE", POLICY, 401, r#"{"code":16,"message":"a","details":[]}"#), "-");
}
