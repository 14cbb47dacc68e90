//! What the readers say of mistakes.

use super::*;

#[test]
fn all_mistakes_of_a_file_are_told_at_once_with_their_places() {
    let text = r#"rpc: AddSecondFactorToLoginPolicy
cases:
  - nmae: adds OTP
    given: custom login polcy
    requirements: [SEED-REQ-OTP-ACEPTED]
    wires: [json, grpcweb]
    send: { typ: SECOND_FACTOR_TYPE_OTP }
    expect: { code: ALREADY_EXIST, body: { details: { sequenze: "1" } } }
  - name: refuses nothing
    given: policy
    requirements: []
    as: ownr
    send: { type: SECOND_FACTOR_TYPE_OTTP }
    expect: { code: NOT_FOUND }
    then:
      - { rpc: ListLoginPolicySecondFactor, expect: { body: { result: [$polcy.sequence] } } }
    marker: yes
"#;
    insta::assert_snapshot!(cases(text).unwrap_err(), @r#"
    error: `nmae` is no key of a case
     --> topic.yaml:3:5
      |
    3 |   - nmae: adds OTP
      |     ^^^^
      |
      = help: did you mean `name`?

    error: there is no fixture `custom login polcy`
     --> topic.yaml:4:12
      |
    4 |     given: custom login polcy
      |            ^^^^^^^^^^^^^^^^^^
      |
      = help: known are `organization`, `policy`

    error: the catalogue has no requirement `SEED-REQ-OTP-ACEPTED`
     --> topic.yaml:5:20
      |
    5 |     requirements: [SEED-REQ-OTP-ACEPTED]
      |                    ^^^^^^^^^^^^^^^^^^^^
      |
      = help: did you mean `SEED-REQ-OTP-ACCEPTED`?

    error: `grpcweb` is no wire
     --> topic.yaml:6:19
      |
    6 |     wires: [json, grpcweb]
      |                   ^^^^^^^
      |
      = help: did you mean `grpc-web`?

    error: `typ` is no field of `zitadel.management.v1.AddSecondFactorToLoginPolicyRequest`
     --> topic.yaml:7:13
      |
    7 |     send: { typ: SECOND_FACTOR_TYPE_OTP }
      |             ^^^
      |
      = help: did you mean `type`?

    error: `ALREADY_EXIST` is no gRPC code
     --> topic.yaml:8:21
      |
    8 |     expect: { code: ALREADY_EXIST, body: { details: { sequenze: "1" } } }
      |                     ^^^^^^^^^^^^^
      |
      = help: did you mean `ALREADY_EXISTS`?

    error: `sequenze` is no field of `zitadel.v1.ObjectDetails`
     --> topic.yaml:8:55
      |
    8 |     expect: { code: ALREADY_EXIST, body: { details: { sequenze: "1" } } }
      |                                                       ^^^^^^^^
      |
      = help: did you mean `sequence`?

    error: a case that expects a refusal needs a `control`
     --> topic.yaml:9:5
      |
    9 |   - name: refuses nothing
      |     ^^^^
      |
      = help: name in one place what differs in the call that must succeed, e.g. `control: { as: owner }`

    error: a case answers for at least one requirement
      --> topic.yaml:11:19
       |
    11 |     requirements: []
       |                   ^
       |
       = help: name one of the catalogue

    error: there is no identity `ownr`
      --> topic.yaml:12:9
       |
    12 |     as: ownr
       |         ^^^^
       |
       = help: did you mean `owner`?

    error: `SECOND_FACTOR_TYPE_OTTP` is no value of `zitadel.policy.v1.SecondFactorType`
      --> topic.yaml:13:19
       |
    13 |     send: { type: SECOND_FACTOR_TYPE_OTTP }
       |                   ^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: did you mean `SECOND_FACTOR_TYPE_OTP`?

    error: there is no operation `ListLoginPolicySecondFactor`
      --> topic.yaml:16:16
       |
    16 |       - { rpc: ListLoginPolicySecondFactor, expect: { body: { result: [$polcy.sequence] } } }
       |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: did you mean `ListLoginPolicySecondFactors`?

    error: `$polcy.sequence` isn't given by any step before
      --> topic.yaml:16:72
       |
    16 |       - { rpc: ListLoginPolicySecondFactor, expect: { body: { result: [$polcy.sequence] } } }
       |                                                                        ^^^^^^^^^^^^^^^
       |
       = help: did you mean `policy.sequence`?

    error: `yes` without quotes is a truth value in some versions of YAML and text in others
      --> topic.yaml:17:13
       |
    17 |     marker: yes
       |             ^^^
       |
       = help: quote it: "yes"

    14 mistakes
    "#);
}

#[test]
fn a_negative_case_needs_a_control_that_differs_in_one_place() {
    insta::assert_snapshot!(said(&case_with("expect: { code: NOT_FOUND }")), @"topic.yaml:1:11: a case that expects a refusal needs a `control` (help: name in one place what differs in the call that must succeed, e.g. `control: { as: owner }`)");
    insta::assert_snapshot!(said(&case_with("expect: { status: 4xx }, control: { as: run, send: { type: 1 } }")), @"topic.yaml:1:159: the control differs in more than one place: `as` and `send` (help: with two differences it doesn't show which of them the target refuses)");
    insta::assert_snapshot!(said(&case_with("send: { type: 2 }, expect: { refused: true }, control: { send: { type: 2 } }")), @"topic.yaml:1:171: `send` of the control is that of the case: nothing differs (help: the control must be the call that succeeds)");
    insta::assert_snapshot!(said(&case_with("expect: { error: {} }, control: { as: owner }")), @"topic.yaml:1:148: `as` of the control is that of the case: nothing differs (help: the control must be the call that succeeds)");
    insta::assert_snapshot!(said(&case_with("expect: { code: NOT_FOUND }, control: { expect: { code: OK } }")), @"topic.yaml:1:154: it isn't said what differs in the control (help: name one of given, as, send, json, bytes, frames, headers, path, method, content, raw)");
    assert_eq!(said(&case_with("expect: { code: NOT_FOUND }, control: { send: { type: 1 } }")), "nothing");
}

#[test]
fn raw_forms_say_whether_they_break_a_rule() {
    insta::assert_snapshot!(said(&case_with(r#"bytes: "08 01", expect: { code: OK }"#)), @"topic.yaml:1:114: it isn't said whether this request breaks a rule of its wire (help: write `defect:` with one of none, method, path, head, content-type, frame, message)");
    insta::assert_snapshot!(said(&case_with("headers: { content-type: application/json }, expect: { code: OK }")), @"topic.yaml:1:114: it isn't said whether this request breaks a rule of its wire (help: write `defect:` with one of none, method, path, head, content-type, frame, message)");
    insta::assert_snapshot!(said(&case_with(r#"bytes: "08 0", defect: framing, expect: { code: OK }"#)), @"
    topic.yaml:1:121: 3 hexadecimal digits make no whole octets (help: each octet has two digits)
    topic.yaml:1:137: `framing` is no defect (help: known are `none`, `method`, `path`, `head`, `content-type`, `frame`, `message`)
    ");
    assert_eq!(said(&case_with(r#"bytes: "08 01", defect: none, expect: { code: OK }"#)), "nothing");
}

#[test]
fn what_is_sent_many_times_says_what_and_how_often() {
    let sends = |octets: &str| said(&case_with(&format!("raw: [{{ send: {octets} }}], defect: message, expect: {{ code: OK }}")));
    assert_eq!(sends("[a, { of: x, times: 16384 }]"), "nothing");
    assert!(sends("{ of: x }").contains("`of` are no octets (help: known are `hex`, `chunk`, and `of` with `times`)"));
    assert!(sends("{ of: x, times: 1000000000 }").contains("nothing is sent more than 134217728 times"));
}

#[test]
fn a_message_of_a_certain_length_says_which() {
    let filled = |keys: &str| said(&case_with(&format!("bytes: {{ {keys} }}, defect: none, expect: {{ code: OK }}")));
    assert_eq!(filled(r#"start: "0801", length: 100"#), "nothing");
    assert_eq!(filled(r#"start: "0801", above-limit: 0"#), "nothing");
    assert!(filled(r#"start: "0801""#).contains("it isn't said how long the message is"));
    assert!(filled(r#"start: "0801", length: 1, above-limit: 1"#).contains("write one of `length` and `above-limit`"));
    assert!(filled(r#"start: "0801", length: 1000000000"#).contains("more than a message may have here"));
}

#[test]
fn frames_are_laid_out_in_an_order_that_can_be() {
    let laid = |keys: &str| said(&case_with(&format!("{keys}, expect: {{ code: OK }}")));
    assert_eq!(laid("stream: [{ window: 0 }, { data: 1 }, { wait: 5 }, { grant: 9 }, { end: true }]"), "nothing");
    assert!(laid("stream: [{ data: 1 }, { window: 0 }]").contains("`window` doesn't stand here"));
    assert!(laid("stream: [{ await-reset: 1 }, { end: true }]").contains("`await-reset` ends"));
    assert!(laid("stream: [{ spend: 4 }, { end: true }]").contains("`spend` is alone"));
    assert!(laid("stream: [{ beside: close }]").contains("thing to do beside"));
    assert!(laid("stream: [{ data: 1, end: true }]").contains("has one key"));
    assert!(laid("stream: [{ wait: 90000 }]").contains("longer than a step may wait"));
    assert!(laid("stream: [{ end: true }], http-versions: [h1]").contains("frames are laid out over HTTP/2"));
}

#[test]
fn only_what_is_asked_again_can_hold_several_times_in_a_row() {
    let held = |keys: &str| said(&case_with(keys));
    assert_eq!(held("eventually: { code: OK }, in-a-row: 10"), "nothing");
    assert!(held("expect: { code: OK }, in-a-row: 10").contains("`in-a-row` speaks of a step that is asked again"));
    assert!(held("eventually: { code: OK }, in-a-row: 0").contains("from 1 to 100 times in a row"));
}

#[test]
fn captures_are_given_before_they_are_used_and_once() {
    insta::assert_snapshot!(said(&case_with("expect: { body: { details: { sequence: { $above: $later } } } }, capture: { later: details.sequence }")), @"topic.yaml:1:163: `$later` isn't given by any step before (help: known are `browser.allowed`, `browser.origin`, `browser.port`, `browser.prefixed`, `browser.scheme`, `browser.suffixed`, `org.id`, `policy.sequence`, `round`, `run.id`, `set`)");
    insta::assert_snapshot!(said(&case_with("expect: { code: OK }, capture: { org.id: details.resourceOwner }")), @"topic.yaml:1:147: `$org.id` is given already (help: give it another name)");
    insta::assert_snapshot!(said(&case_with("expect: { code: OK }, capture: { a: details.sequenze, $b: details }")), @"
    topic.yaml:1:150: `sequenze` is no field of `zitadel.v1.ObjectDetails` (help: did you mean `sequence`?)
    topic.yaml:1:168: `$b` is no name of a capture (help: names are words joined by dots, without `$`)
    ");
    insta::assert_snapshot!(said("cases: [{ name: x, requirements: [EQ-ADD-OK], rpc: GetMyOrg, as: owner, expect: { code: OK } }]"), @"topic.yaml:1:11: identity `owner` needs `$org.id`, which isn't given yet (help: a step before has to give `$org.id`, or another identity has to call)");
    insta::assert_snapshot!(said(&case_with(r#"expect: { error: { message: "5$ too little for $variant" } }, control: { send: { type: 1 } }"#)), @"
    topic.yaml:1:142: `$` begins the name of a capture (help: write `$$` for a dollar sign)
    topic.yaml:1:142: `$variant` has no value here (help: give the case `variants` with values)
    ");
}

#[test]
fn kinds_of_fields_are_checked() {
    let text = case_with(
        "send: { type: true, more: 1 }, expect: { body: { details: { sequence: -1, creationDate: 5, resourceOwner: 42 }, type: 1 } }",
    );
    insta::assert_snapshot!(said(&text), @"
    topic.yaml:1:128: a value of `zitadel.policy.v1.SecondFactorType` belongs here, this is a truth value
    topic.yaml:1:134: `more` is no field of `zitadel.management.v1.AddSecondFactorToLoginPolicyRequest` (help: known are `type`)
    topic.yaml:1:184: `sequence` is a whole number (uint64), this isn't one of its values
    topic.yaml:1:202: a text belongs here, this is a number (help: put it in quotes)
    topic.yaml:1:220: a text belongs here, this is a number (help: put it in quotes)
    topic.yaml:1:226: `type` is no field of `zitadel.management.v1.AddSecondFactorToLoginPolicyResponse` (help: known are `details`)
    ");
    insta::assert_snapshot!(said(&case_with("send: { type: { $any: true } }, expect: { body: { details: { $al: 1 } } }")), @"
    topic.yaml:1:130: `$any` is an operator of patterns and can't be sent
    topic.yaml:1:175: `$al` is no operator (help: known are `$any`, `$absent`, `$set`, `$contains`, `$lacks`, `$same`, `$ends`, `$above`, `$notBefore`, `$between`)
    ");
    insta::assert_snapshot!(said(&case_with("expect: { body: { details: { $any: true, $absent: true }, result: [1] } }")), @"
    topic.yaml:1:143: `$any` stands beside other keys (help: an operator is the only key of its mapping)
    topic.yaml:1:172: `result` is no field of `zitadel.management.v1.AddSecondFactorToLoginPolicyResponse` (help: known are `details`)
    ");
    insta::assert_snapshot!(said(&case_with("expect: { body: { details: { sequence: { $between: [1] }, changeDate: { $between: [$policy.sequence + 1h, $run.id] } } } }")), @"
    topic.yaml:1:165: `$between` takes two bounds (help: write `{ $between: [ $from, $to + 1s ] }`)
    topic.yaml:1:197: `+ 1h` is no offset (help: write `+ 500ms`, `- 2s`, or `+ 1` for numbers)
    ");
}

#[test]
fn requirements_parts_and_agreements_are_those_of_the_catalogue() {
    insta::assert_snapshot!(said("cases: [{ name: a, given: policy, requirements: [EQ-ADD-OK], covers: { EQ-UNAUTHENTICATED: [x], EQ-ADD-OK: [z] }, rpc: GetMyOrg, expect: { code: OK } }]"), @"
    topic.yaml:1:72: this case doesn't answer for `EQ-UNAUTHENTICATED` (help: known are `EQ-ADD-OK`)
    topic.yaml:1:109: the catalogue divides `EQ-ADD-OK` into no parts
    ");
    insta::assert_snapshot!(said("cases: [{ name: a, given: policy, requirements: [ERR-DETAIL-ID], covers: { ERR-DETAIL-ID: [sameid] }, rpc: GetMyOrg, expect: { code: OK } }]"), @"topic.yaml:1:92: `ERR-DETAIL-ID` has no part `sameid` (help: did you mean `same-id`?)");
    insta::assert_snapshot!(said(&case_with("expect: { code: OK, requirement: EQ-ADD-OK }")), @"topic.yaml:1:147: this case doesn't answer for `EQ-ADD-OK` (help: add it to the `requirements` of the case)");
    insta::assert_snapshot!(said(&case_with("expect: [{ code: OK }, { body: {}, requirement: SEED-REQ-OTP-ACCEPTED }]")), @"topic.yaml:1:122: a piece of this expectation answers for no requirement: others claim each of the case (help: name the `requirement` of the piece, or add the one that it answers for to the case)");
    insta::assert_snapshot!(said("cases: [{ name: a, given: policy, requirements: [SEED-METHOD-PATH], wires: [grpc], rpc: GetMyOrg, expect: { code: OK } }]"), @"topic.yaml:1:77: no requirement of this case is judged on grpc (help: the catalogue lists the wires of a requirement)");
}

#[test]
fn a_marker_needs_a_fixture_that_has_one() {
    insta::assert_snapshot!(said(&case_with("marker: true, expect: { code: OK }").replace("given: policy", "given: organization")), @"topic.yaml:1:120: the fixture of this case has no marker (help: give the fixture `marker` steps, or show the state by a call in `then`)");
}

#[test]
fn a_trial_over_several_wires_names_wires_that_it_has_and_has_no_agreement() {
    insta::assert_snapshot!(said(&case_with("across: pairs, via: 2, agreement: EQ-ADD-OK, expect: { code: OK }")), @"
    topic.yaml:1:134: the trial has no wire 2: it has 2, counted from 0
    topic.yaml:1:137: a case with `across` has no agreement (help: each of its trials takes several wires; what they must agree on is its expectation)
    ");
}

#[test]
fn a_body_alone_does_not_call_an_operation_with_variables_in_its_path() {
    let text = case_with("json: '{}', defect: none, expect: { code: OK }")
        .replace("AddSecondFactorToLoginPolicy", "RemoveSecondFactorFromLoginPolicy");
    insta::assert_snapshot!(said(&text), @"topic.yaml:1:119: a body alone doesn't call this operation: its path holds `type` (help: write the path out with `http`)");
}

#[test]
fn ids_are_unique_over_all_files() {
    let one = case_with("expect: { code: OK }");
    let twice = format!("{}, {}", one.trim_end_matches(']'), one.trim_start_matches("cases: ["));
    insta::assert_snapshot!(said(&twice), @"topic.yaml:1:146: there are two cases `topic::a-case` (help: the first one stands in topic.yaml:1)");
}

#[test]
fn the_suite_file_is_checked_as_well() {
    let suite = r#"
suite: small
service: zitadel.management.v1.ManagmentService
volatile: { zitadel.v1.ObjectDetails: [sequnce] }
identities:
  owner: { token: abc, header: {} }
probe: { rpc: zitadel.management.v1.ManagementService/GetMyOrg }
fixtures:
  a: { as: owner, upon: b, setup: [] }
  b: { upon: a, marker: [{ wait: 1 }] }
  c: { as: nobody, reset: [{ rpc: zitadel.management.v1.ManagementService/AddOrg, send: { name: $orgg.id } }] }
"#;
    insta::assert_snapshot!(read(&[("suite.yaml", suite)]).unwrap_err(), @"
    error: there is no service `zitadel.management.v1.ManagmentService`
     --> suite.yaml:3:10
      |
    3 | service: zitadel.management.v1.ManagmentService
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: did you mean `zitadel.management.v1.ManagementService`?

    error: `sequnce` is no field of `zitadel.v1.ObjectDetails`
     --> suite.yaml:4:40
      |
    4 | volatile: { zitadel.v1.ObjectDetails: [sequnce] }
      |                                        ^^^^^^^
      |
      = help: did you mean `sequence`?

    error: `abc` is no token
     --> suite.yaml:6:19
      |
    6 |   owner: { token: abc, header: {} }
      |                   ^^^
      |
      = help: write `none`, `run` or a capture; tokens don't stand in files

    error: `header` is no key of an identity
     --> suite.yaml:6:24
      |
    6 |   owner: { token: abc, header: {} }
      |                        ^^^^^^
      |
      = help: did you mean `headers`?

    error: it isn't said who calls the probe
     --> suite.yaml:7:10
      |
    7 | probe: { rpc: zitadel.management.v1.ManagementService/GetMyOrg }
      |          ^^^
      |
      = help: write `as` with an identity

    error: fixture `b` stands on itself
     --> suite.yaml:9:3
      |
    9 |   a: { as: owner, upon: b, setup: [] }
      |   ^

    error: it isn't said who calls the steps of fixture `b`
     --> suite.yaml:9:3
      |
    9 |   a: { as: owner, upon: b, setup: [] }
      |   ^
      |
      = help: write `as` with an identity

    error: a fixture that stands on another has no `setup`
     --> suite.yaml:9:28
      |
    9 |   a: { as: owner, upon: b, setup: [] }
      |                            ^^^^^
      |
      = help: what is set up once belongs to the fixture below; `reset` runs before each trial

    error: a marker is a write and a read that shows it
      --> suite.yaml:10:25
       |
    10 |   b: { upon: a, marker: [{ wait: 1 }] }
       |                         ^
       |
       = help: its last step needs `until` (the marker's effect shows) and `expect` (exactly start + marker)

    error: there is no identity `nobody`
      --> suite.yaml:11:12
       |
    11 |   c: { as: nobody, reset: [{ rpc: zitadel.management.v1.ManagementService/AddOrg, send: { name: $orgg.id } }] }
       |            ^^^^^^
       |
       = help: known are `owner`

    error: `$orgg.id` isn't given by any step before
      --> suite.yaml:11:97
       |
    11 |   c: { as: nobody, reset: [{ rpc: zitadel.management.v1.ManagementService/AddOrg, send: { name: $orgg.id } }] }
       |                                                                                                 ^^^^^^^^
       |
       = help: known are `browser.allowed`, `browser.origin`, `browser.port`, `browser.prefixed`, `browser.scheme`, `browser.suffixed`, `round`, `run.id`, `set`

    11 mistakes
    ");
    insta::assert_snapshot!(read(&[("topic.yaml", "cases: []")]).unwrap_err(), @"
    error: `suite.yaml` is missing
    --> suite.yaml:1:1
     = help: it names the identities, the fixtures and the probe

    1 mistake
    ");
}

#[test]
fn a_mistake_in_a_case_with_variants_is_told_once() {
    let text = case_with("variants: [1, 2], send: { typ: $variant }, expect: { code: OK }");
    assert_eq!(said(&text).lines().count(), 1, "{}", said(&text));
}

#[test]
fn the_details_of_an_error_are_checked_by_their_type() {
    let details = |members: &str| {
        said(&case_with(&format!(
            "expect: {{ error: {{ details: {{ $contains: [{{ '@type': zitadel.v1.ErrorDetail, {members} }}] }} }} }}, control: {{ send: {{ type: 1 }} }}"
        )))
    };
    assert_eq!(details("id: { $any: true }"), "nothing");
    assert!(details("idd: x").contains("`idd` is no field of `zitadel.v1.ErrorDetail`"), "{}", details("idd: x"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_readers_panic(text in "\\PC{0,60}", keys in proptest::collection::vec("(name|cases|send|expect|control|then|variants|\\$any|covers): [\\[{a$]{0,3}\n", 0..6)) {
        let _ = said(&text);
        let _ = said(&format!("cases:\n  - name: x\n    {}", keys.join("    ")));
    }
}
