//! What the readers make of files; `mistakes` shows what they say of wrong ones.

mod mistakes;

use super::super::model::{Across, Case, Compare, Connection, Duty, StatusPattern, Step, StepKind, Via};
use super::super::{render, slug};
use super::*;
use crate::contract::status::Code;
use crate::wire::{Defect, HttpVersion, Transport, Wire};

const SUITE: &str = r#"
suite: small
service: zitadel.management.v1.ManagementService
identities:
  owner: { token: run, headers: { x-zitadel-orgid: $org.id } }
  run: { token: run }
probe: { rpc: GetMyOrg, as: run }
fixtures:
  organization:
    as: owner
    setup: [{ rpc: AddOrg, as: run, send: { name: x $run.id }, capture: { org.id: id } }]
  policy:
    upon: organization
    reset:
      - rpc: AddCustomLoginPolicy
        capture: { policy.sequence: details.sequence }
      - { rpc: ListLoginPolicySecondFactors, eventually: { body: { result: [] } } }
    marker:
      - { rpc: AddSecondFactorToLoginPolicy, send: { type: SECOND_FACTOR_TYPE_U2F } }
      - rpc: ListLoginPolicySecondFactors
        until: { body: { result: { $contains: [SECOND_FACTOR_TYPE_U2F] } } }
        expect: { body: { result: [SECOND_FACTOR_TYPE_U2F] } }
"#;

fn read(files: &[(&str, &str)]) -> Result<Suite, String> {
    let files: Vec<(PathBuf, String)> = files.iter().map(|(name, text)| (PathBuf::from(name), (*text).to_owned())).collect();
    read_suite(&files, Contract::built_in()).map_err(|mistakes| render(&mistakes, &files, false))
}

fn cases(text: &str) -> Result<Suite, String> {
    read(&[("suite.yaml", SUITE), ("topic.yaml", text)])
}

/// The messages and hints alone, a line each.
fn said(text: &str) -> String {
    let files = [("suite.yaml", SUITE), ("topic.yaml", text)].map(|(name, text)| (PathBuf::from(name), text.to_owned()));
    match read_suite(&files, Contract::built_in()) {
        Ok(_) => "nothing".to_owned(),
        Err(mistakes) => mistakes.to_string(),
    }
}

/// A case in one line, with `rest` as its other keys.
fn case_with(rest: &str) -> String {
    format!("cases: [{{ name: a case, given: policy, requirements: [SEED-REQ-OTP-ACCEPTED], rpc: AddSecondFactorToLoginPolicy, {rest} }}]")
}

#[test]
fn the_built_in_suite_has_no_mistakes() {
    let files = Suite::built_in_files();
    let suite = read_suite(&files, Contract::built_in());
    let suite = suite.unwrap_or_else(|mistakes| panic!("{}", render(&mistakes, &files, false)));
    assert_eq!(suite.name, "second-factors");
    assert_eq!(suite.hash.len(), 64);
    assert!(suite.cases.len() >= 10);
}

#[test]
fn a_case_is_read_into_the_model() {
    let suite = cases(
        r#"
rpc: AddSecondFactorToLoginPolicy
cases:
  - name: adds OTP, at once
    given: policy
    requirements: [SEED-REQ-OTP-ACCEPTED]
    agreement: EQ-ADD-OK
    http-versions: [h2]
    headers: { accept-language: [], x-a: ["1", $org.id], x-b: { hex: "ff 00" } }
    send: { type: 1 }
    expect: { body: { details: { resource_owner: $org.id, sequence: { $between: [$policy.sequence + 1, 99] } } } }
    capture: { added.sequence: details.sequence }
    then:
      - { wait: 20 }
      - { rpc: ListLoginPolicySecondFactors, connection: new, expect: { body: { result: [1], details: { totalResult: 1 } } } }
"#,
    )
    .unwrap();
    let case = &suite.cases[0];
    assert_eq!((case.id.as_str(), case.topic.as_str()), ("topic::adds-OTP-at-once", "topic"));
    assert_eq!((case.area.as_deref(), case.profile.as_str()), (Some("seed-contract"), "core"));
    assert_eq!(case.wires, Wire::ALL);
    assert_eq!(case.https, [HttpVersion::H2]);
    assert!(case.agrees && case.control.is_none() && !case.marker);
    assert_eq!(case.main.expect[0].code, [Code::Ok], "a body is that of a success");
    insta::assert_snapshot!(format!("{:?}", case.main.expect[0].body), @r#"Some(Object([("details", Object([("resourceOwner", Capture("org.id")), ("sequence", Between(Bound { value: Capture("policy.sequence"), offset: 1 }, Bound { value: Literal(String("99")), offset: 0 }))]))]))"#);
    insta::assert_snapshot!(format!("{:?}", case.main.headers), @r#"[HeaderEdit { name: "accept-language", values: [] }, HeaderEdit { name: "x-a", values: [Text([Literal("1")]), Text([Capture("org.id")])] }, HeaderEdit { name: "x-b", values: [Text([Literal("\xff\x00")])] }]"#);
    let list = &case.then[1];
    assert_eq!(list.connection, Connection::New);
    // Enum numbers become names, 64-bit numbers strings, and both names of a field are right.
    insta::assert_snapshot!(format!("{:?}", list.expect[0].body), @r#"Some(Object([("result", List([Literal(String("SECOND_FACTOR_TYPE_OTP"))])), ("details", Object([("totalResult", Literal(String("1")))]))]))"#);
}

#[test]
fn expected_defaults_become_null_but_sent_ones_stay() {
    let suite =
        cases(&case_with("send: { type: SECOND_FACTOR_TYPE_UNSPECIFIED }, expect: { body: { details: { sequence: 0 } } }")).unwrap();
    let main = &suite.cases[0].main;
    insta::assert_snapshot!(format!("{:?} {:?}", main.kind, main.expect[0].body), @r#"Call { rpc: "zitadel.management.v1.ManagementService/AddSecondFactorToLoginPolicy", send: Message(Object([("type", Literal(String("SECOND_FACTOR_TYPE_UNSPECIFIED")))])) } Some(Object([("details", Object([("sequence", Literal(Null))]))]))"#);
}

#[test]
fn a_control_is_the_call_of_the_case_with_its_difference() {
    let text = case_with(
        r#"json: '{"type": true}', defect: message, headers: { x-a: b }, expect: { code: INVALID_ARGUMENT }, control: { json: '{"type": 1}' }"#,
    );
    let suite = cases(&text).unwrap();
    let case = &suite.cases[0];
    let control = case.control.as_ref().unwrap();
    assert_eq!(case.wires, [Wire::Json]);
    assert_eq!((case.main.defect, control.step.defect), (Some(Defect::Message), None));
    assert_eq!(control.differs, "json");
    assert_eq!(control.step.headers, case.main.headers);
    assert_eq!(control.step.expect[0].code, [Code::Ok]);
}

#[test]
fn variants_are_cases_of_their_own() {
    let suite = cases(&case_with("send: { type: $variant }, variants: [SECOND_FACTOR_TYPE_OTP, 2], expect: { code: OK }")).unwrap();
    let ids: Vec<&str> = suite.cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(ids, ["topic::a-case[SECOND_FACTOR_TYPE_OTP]", "topic::a-case[2]"]);
    assert_ne!(suite.cases[0].hash, suite.cases[1].hash);
    let named = cases(&case_with(
        "send: {}, variants: { by name: { type: SECOND_FACTOR_TYPE_OTP }, by number: { type: 1 } }, expect: { code: OK }",
    ))
    .unwrap();
    assert_eq!(named.cases[1].id, "topic::a-case[by-number]");
    assert_ne!(named.cases[0].main.kind, named.cases[1].main.kind);
    insta::assert_snapshot!(said(&case_with("send: { type: $variant }, variants: [SECOND_FACTOR_TYPE_OPT], expect: { code: OK }")), @"topic.yaml:1:128: `SECOND_FACTOR_TYPE_OPT` is no value of `zitadel.policy.v1.SecondFactorType` (help: did you mean `SECOND_FACTOR_TYPE_OTP`?)");
    insta::assert_snapshot!(said(&case_with("send: { type: $variant }, expect: { code: OK }")), @"topic.yaml:1:128: `$variant` has no value here (help: give the case `variants` with values)");
}

#[test]
fn the_text_of_a_body_holds_captures_variants_and_octets() {
    let body = |json: &str| {
        let suite = cases(&case_with(&format!("json: {json}, variants: {{ a: ff }}, defect: message, expect: {{ code: OK }}"))).unwrap();
        format!("{:?}", suite.cases[0].main.kind).split_once("send: ").unwrap().1.to_owned()
    };
    insta::assert_snapshot!(body(r#"'{"type":"$variant","a":"$org.id$$"}'"#), @r#"Json(Text([Literal("{\"type\":\"ff\",\"a\":\""), Capture("org.id"), Literal("$\"}")])) }"#);
    insta::assert_snapshot!(body("{ hex: 22 $variant 22 }"), @r#"Json(Text([Literal("\"\xff\"")])) }"#);
}

#[test]
fn durations_and_instants_match_in_each_form() {
    let expected = |policy: &str| {
        let text = format!(
            "cases: [{{ name: a case, given: policy, requirements: [SEED-REQ-OTP-ACCEPTED], rpc: GetLoginPolicy, expect: {{ body: {{ policy: {policy} }} }} }}]"
        );
        cases(&text).map_or_else(|_| said(&text), |suite| format!("{:?}", suite.cases[0].main.expect[0].body))
    };
    insta::assert_snapshot!(expected("{ mfaInitSkipLifetime: 3600.5s }"), @r#"Some(Object([("policy", Object([("mfaInitSkipLifetime", Literal(String("3600.500s")))]))]))"#);
    insta::assert_snapshot!(expected("{ mfaInitSkipLifetime: 1h }"), @r#"topic.yaml:1:149: "1h" is no value of `google.protobuf.Duration`"#);
}

#[test]
fn a_case_across_wires_may_visit_one_that_no_requirement_names() {
    let wires = |wires: &str| {
        let text = format!(
            "cases: [{{ name: a case, given: policy, requirements: [JSON-STRING-UNICODE], rpc: GetLoginPolicy, across: pairs, wires: {wires}, via: first, expect: {{ code: OK }} }}]"
        );
        cases(&text).map_or_else(|_| said(&text), |suite| format!("{:?}", suite.cases[0].wires))
    };
    assert_eq!(wires("[json, grpc]"), "[Json, Grpc]");
    insta::assert_snapshot!(wires("[grpc, grpc-web]"), @"topic.yaml:1:11: there is no wire on which this case could run (help: `json` runs on json only, `bytes` and `frames` on the binary wires)");
}

#[test]
fn a_trial_has_a_stable_name_for_each_live_transport() {
    let suite = cases(&case_with("expect: { code: OK }")).unwrap();
    let ids: Vec<String> = suite.cases[0].trials(&Transport::ALL).into_iter().map(|trial| trial.id).collect();
    assert_eq!(ids[0], "topic::a-case::json::h1");
    assert_eq!(ids[2], "topic::a-case::grpc::h2");
    assert_eq!(ids.len(), 7);
    assert_eq!(suite.cases[0].agreement_id(), "topic::a-case::agreement");
}

#[test]
fn a_case_across_wires_runs_on_the_first_live_version_of_each() {
    let text = case_with("across: pairs, via: first, expect: { code: OK }, then: [{ rpc: GetMyOrg, via: every }]");
    let suite = cases(&text).unwrap();
    let case = &suite.cases[0];
    assert_eq!((case.across, case.agrees), (Some(Across::Pairs), false));
    let live = [
        Transport::new(Wire::Grpc, HttpVersion::H2),
        Transport::new(Wire::Json, HttpVersion::H2),
        Transport::new(Wire::Json, HttpVersion::H1),
    ];
    let ids: Vec<String> = case.trials(&live).into_iter().map(|trial| trial.id).collect();
    assert_eq!(ids, ["topic::a-case::json+grpc::h1+h2", "topic::a-case::grpc+json::h2+h1"]);
    let each = cases(&text.replace("pairs", "each")).unwrap();
    assert_eq!(each.cases[0].trials(&live).len(), 1);
    let script = case.script(&suite, &[Wire::Json, Wire::Grpc]);
    let vias: Vec<Option<Via>> = script.iter().filter(|act| act.duty == Duty::Main).map(|act| act.step.via).collect();
    assert_eq!(vias, [Some(Via::Nth(0)), Some(Via::Nth(0)), Some(Via::Nth(1))]);
    assert!(said(&case_with("via: second, expect: { code: OK }")).contains("this trial has one wire"));
}

#[test]
fn the_script_is_start_control_start_again_defective_call_marker_and_what_follows() {
    let text = case_with(
        "send: { type: 0 }, expect: { code: INVALID_ARGUMENT }, marker: true, control: { send: { type: 1 }, then: [{ rpc: GetMyOrg }] }, then: [{ rpc: GetLoginPolicy, as: run }]",
    );
    let suite = cases(&text).unwrap();
    let script = suite.cases[0].script(&suite, &[Wire::Json]);
    let shown: Vec<String> = script
        .iter()
        .map(|act| match &act.step.kind {
            super::super::model::StepKind::Call { rpc, .. } => {
                format!("{:?} {} as {}", act.duty, rpc.split_once('/').unwrap_or_default().1, act.identity)
            }
            other => format!("{other:?}"),
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    Start AddCustomLoginPolicy as owner
    Start ListLoginPolicySecondFactors as owner
    Control AddSecondFactorToLoginPolicy as owner
    Control GetMyOrg as owner
    Reset AddCustomLoginPolicy as owner
    Reset ListLoginPolicySecondFactors as owner
    Main AddSecondFactorToLoginPolicy as owner
    Marker AddSecondFactorToLoginPolicy as owner
    Shown ListLoginPolicySecondFactors as owner
    Main GetLoginPolicy as run
    ");
}

#[test]
fn alternatives_bring_follow_ups_that_know_what_was_captured_before() {
    let text = case_with(
        "expect: { any: [{ code: OK, then: [{ rpc: GetLoginPolicy, via: every, capture: { seen.sequence: policy.details.sequence } }, { rpc: ResetLoginPolicyToDefault, as: run }] }, { status: 4xx }] }, across: each",
    );
    let suite = cases(&text).unwrap();
    let script = suite.cases[0].script(&suite, &[Wire::Json, Wire::Grpc]);
    let main = script.iter().find(|act| act.duty == Duty::Main).unwrap();
    let then = &main.step.expect[0].any[0].then;
    let shown: Vec<(Duty, &str, Option<Via>)> = then.iter().map(|act| (act.duty, act.identity.as_str(), act.step.via)).collect();
    let nth = |n| Some(Via::Nth(n));
    assert_eq!(shown, [(Duty::Main, "owner", nth(0)), (Duty::Main, "owner", nth(1)), (Duty::Main, "run", None)]);
    let wrong = case_with(
        "expect: { any: [{ code: OK, then: [{ rpc: GetLoginPolicy, capture: { seen: policy } }] }, { code: NOT_FOUND }] }, then: [{ rpc: GetLoginPolicy, expect: { body: { policy: $seen } } }]",
    );
    assert!(said(&wrong).contains("`$seen` isn't given by any step before"), "{}", said(&wrong));
    assert!(said(&case_with("expect: { any: [{ code: OK }] }")).contains("one alternative is no choice"));
    assert!(said(&case_with("expect: { any: [{ code: NOT_FOUND }, { status: 400 }] }")).contains("needs a `control`"));
    assert_eq!(said(&case_with("expect: { any: [{ code: NOT_FOUND }, { code: OK }] }")), "nothing");
}

#[test]
fn tokens_are_known_to_requests_alone() {
    let text = case_with("headers: { authorization: Basic $token }, expect: { code: UNAUTHENTICATED }, control: { headers: {} }");
    let suite = cases(&text).unwrap();
    assert!(suite.cases[0].main.uses.contains("token"));
    let wrong = case_with("expect: { body: { details: { resourceOwner: $token } } }");
    assert!(said(&wrong).contains("`$token` is known to requests alone"), "{}", said(&wrong));
}

const MADE: &str = r#"
suite: small
service: zitadel.management.v1.ManagementService
identities:
  run: { token: run }
  owner in B: { token: $owner.token, headers: { x-zitadel-orgid: $other.id } }
  other:
    token: $other.token
    setup:
      - { rpc: AddOrg, as: run, send: { name: b }, capture: { other.id: id } }
      - { rpc: AddPersonalAccessToken, as: run in B, send: { userId: x }, capture: { other.token: token } }
  run in B: { token: run, headers: { x-zitadel-orgid: $other.id } }
  owner:
    token: $owner.token
    headers: { x-zitadel-orgid: $org.id }
    setup: [{ rpc: AddPersonalAccessToken, as: run, send: { userId: $org.id }, capture: { owner.token: token } }]
probe: { rpc: GetMyOrg, as: run }
fixtures:
  organization:
    as: run
    setup: [{ rpc: AddOrg, send: { name: a }, capture: { org.id: id } }]
"#;

#[test]
fn identities_are_made_where_acts_need_them_each_after_what_it_needs() {
    let case = |rest: &str| {
        format!(
            "cases: [{{ name: a case, requirements: [SEED-REQ-OTP-ACCEPTED], rpc: AddSecondFactorToLoginPolicy, expect: {{ code: OK }}, {rest} }}]"
        )
    };
    let made = |rest: &str| {
        let suite = read(&[("suite.yaml", MADE), ("topic.yaml", &case(rest))])?;
        let acts = suite.cases[0].script(&suite, &[Wire::Grpc]);
        Ok::<_, String>(suite.made_for(&acts).iter().map(|identity| identity.name.clone()).collect::<Vec<_>>())
    };
    assert_eq!(made("given: organization").unwrap(), [""; 0]);
    assert_eq!(made("given: organization, as: owner").unwrap(), ["owner"]);
    assert_eq!(made("given: organization, as: owner in B").unwrap(), ["other", "owner"]);
    assert_eq!(made("given: organization, then: [{ rpc: GetLoginPolicy, headers: { a: $other.id } }]").unwrap(), ["other"]);
    assert!(made("as: owner").unwrap_err().contains("identity `owner` needs `$org.id`, which isn't given yet"));
    assert!(made("as: other").unwrap_err().contains("identity `other` can't be made without a fixture"));
    let taken = made("given: organization, capture: { owner.token: details.resourceOwner }").unwrap_err();
    assert!(taken.contains("`$owner.token` is given already"), "{taken}");
}

#[test]
fn an_identity_calls_when_it_has_its_token() {
    let wrong = MADE.replace("as: run in B, send", "as: other, send");
    let told = read(&[("suite.yaml", &wrong)]).unwrap_err();
    assert!(told.contains("identity `other` needs `$other.token`, which isn't given yet"), "{told}");
    let wrong =
        MADE.replace("as: run\n    setup: [{ rpc: AddOrg, send: { name: a }", "as: owner\n    setup: [{ rpc: AddOrg, send: { name: a }");
    let told = read(&[("suite.yaml", &wrong)]).unwrap_err();
    assert!(told.contains("identity `owner` isn't there yet"), "{told}");
    let wrong = MADE
        .replace("send: { userId: $org.id }", "send: { userId: $other.id }")
        .replace("send: { userId: x }", "send: { userId: $owner.token }");
    let told = read(&[("suite.yaml", &wrong)]).unwrap_err();
    assert!(told.contains("is needed to make itself"), "{told}");
}

#[test]
fn statuses_are_numbers_lists_classes_or_excluded() {
    let status = |text: &str| {
        let text = case_with(&format!("expect: {{ status: {text} }}, control: {{ send: {{ type: 1 }} }}"));
        cases(&text).map(|suite| suite.cases[0].main.expect[0].status.clone())
    };
    assert_eq!(status("415"), Ok(Some(StatusPattern::OneOf(vec![415]))));
    assert_eq!(status("[400, 404]"), Ok(Some(StatusPattern::OneOf(vec![400, 404]))));
    assert_eq!(status("4xx"), Ok(Some(StatusPattern::Class(4))));
    assert_eq!(status("{ $not: [200] }"), Ok(Some(StatusPattern::Not(vec![200]))));
    assert!(status("9xx").is_err() && status("42").is_err() && status("{ $or: 1 }").is_err());
}

#[test]
fn the_example_of_the_documentation_is_read_without_mistakes() {
    let documentation = include_str!("../../../../docs/cases.md");
    let examples: Vec<&str> = documentation.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let whole: Vec<&&str> = examples.iter().filter(|example| example.contains("\ncases:")).collect();
    assert!(!whole.is_empty());
    let mut files = Suite::built_in_files();
    for (index, example) in whole.iter().enumerate() {
        files.push((PathBuf::from(format!("example_{index}.yaml")), (**example).to_string()));
    }
    let read = read_suite(&files, Contract::built_in());
    assert!(read.is_ok(), "{}", read.err().map(|mistakes| render(&mistakes, &files, false)).unwrap_or_default());
}

#[test]
fn the_documentation_names_every_key() {
    let documentation = include_str!("../../../../docs/cases.md");
    for table in super::super::keys::TABLES {
        for key in table.keys {
            assert!(documentation.contains(&format!("`{}`", key.name)), "docs/cases.md doesn't name `{}` of {}", key.name, table.title);
        }
    }
}

#[test]
fn slugs_keep_words_and_drop_the_rest() {
    assert_eq!(slug("adds OTP: `a` + b (h2)"), "adds-OTP-a-b-h2");
    assert_eq!(slug("  "), "");
}

/// What a fixture set went through before may still show, or not yet, on one wire and not on another: who compares what was read starts from a state
/// that a read has shown.
#[test]
fn a_case_that_compares_what_it_reads_starts_from_a_state_that_was_shown() {
    let suite = Suite::built_in(Contract::built_in()).unwrap();
    let is_shown = |given: &str| suite.reset(Some(given), Duty::Start).last().is_some_and(|act| act.step.until.is_some());
    let reads = |step: &Step| matches!(&step.kind, StepKind::Call { rpc, .. } if rpc.contains("/List") || rpc.contains("/GetLoginPolicy"));
    let compares = |case: &Case| case.agrees && !matches!(case.compare, Compare::Codes | Compare::Errors);
    let succeeds = |case: &Case| case.main.expect.iter().any(|piece| piece.code == [Code::Ok] || (piece.code.is_empty() && !piece.refused));
    let wrong: Vec<&str> = suite
        .cases
        .iter()
        .filter(|case| compares(case) && reads(&case.main) && succeeds(case))
        .filter(|case| case.main.until.is_none() && case.given.as_deref().is_some_and(|given| !is_shown(given)))
        .map(|case| case.id.as_str())
        .collect();
    assert_eq!(wrong, [""; 0], "add `compare: codes`, or start from a fixture that shows its state");
}
