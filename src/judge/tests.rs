//! Judging without a network: exchanges made by hand.

use serde_json::json;

use super::*;
use crate::case::{Act, Alternative, Captures, Duty, Ending, Expect, HeaderPattern, Payload, Step, StepKind, Text, TextPart};
use crate::contract::Contract;
use crate::contract::status::Code;
use crate::wire::{Body, End, Exchange, Field, Head, HttpVersion, Intent, Received, Role, Sent, Timing, Transport, Wire};

const RPC: &str = "zitadel.management.v1.ManagementService/AddSecondFactorToLoginPolicy";

fn step(expect: Vec<Expect>) -> Step {
    let send = Payload::Message(crate::case::Pattern::Object(Vec::new()));
    Step {
        in_a_row: 1,
        kind: StepKind::Call { rpc: RPC.to_owned(), send },
        identity: None,
        headers: Vec::new(),
        via: None,
        layout: None,
        connection: crate::case::Connection::Any,
        expect,
        until: None,
        capture: Vec::new(),
        defect: None,
        parallel: Vec::new(),
        times: 1,
        after: 0,
        together: None,
        uses: std::collections::BTreeSet::new(),
        span: crate::case::Span::default(),
    }
}

fn main_act(expect: Vec<Expect>) -> Act {
    Act { duty: Duty::Main, step: step(expect), identity: "owner".to_owned(), beside: 0 }
}

fn code(code: Code) -> Expect {
    Expect { code: vec![code], ..Expect::default() }
}

fn any(alternatives: Vec<(Expect, Vec<Act>)>) -> Expect {
    Expect {
        any: alternatives.into_iter().map(|(expect, then)| Alternative { expect, not_applicable: None, then }).collect(),
        ..Expect::default()
    }
}

/// An answer over gRPC with this code; a success has an empty message.
fn answered(id: u64, code: Code) -> Exchange {
    let content = if code == Code::Ok { vec![0; 5] } else { Vec::new() };
    ended(id, Some(code), content, End::Complete)
}

fn ended(id: u64, code: Option<Code>, content: Vec<u8>, end: End) -> Exchange {
    let heads = if code.is_some() { vec![Head { status: Some(200), fields: Vec::new() }] } else { Vec::new() };
    Exchange {
        id,
        transport: Transport::new(Wire::Grpc, HttpVersion::H2),
        intent: Intent { role: Role::Trial, rpc: Some(RPC.to_owned()), defect: None, area: None, profile: None },
        sent: Sent {
            verb: "POST".to_owned(),
            scheme: "http".to_owned(),
            authority: "a".to_owned(),
            path: format!("/{RPC}"),
            fields: Vec::new(),
            content: Body::default(),
            raw: false,
        },
        received: Received {
            heads,
            content: Body::whole(content),
            undone_coding: None,
            trailers: code.map(|code| vec![Field::new("grpc-status", code.number().to_string())]),
            frames: None,
            framing: None,
            end,
        },
        timing: Timing::default(),
    }
}

/// A success and a refusal before all else, so that no one answer for everything would do.
fn behind_two_answers(acts: &[Act], exchanges: Vec<Exchange>) -> (Vec<Act>, Vec<Exchange>) {
    let control = |expect| Act { duty: Duty::Control, ..main_act(vec![expect]) };
    let first = [control(code(Code::Ok)), control(code(Code::DataLoss))];
    let answers = [answered(901, Code::Ok), answered(902, Code::DataLoss)];
    (first.into_iter().chain(acts.iter().cloned()).collect(), answers.into_iter().chain(exchanges).collect())
}

fn judged(acts: &[Act], exchanges: Vec<Exchange>) -> Judgement {
    let (acts, exchanges) = behind_two_answers(acts, exchanges);
    let steps =
        exchanges.into_iter().enumerate().map(|(act, exchange)| StepSeen { act, attempts: vec![exchange], bound_passed: false }).collect();
    let observation = Observation { transports: Vec::new(), captures: Captures::new(), steps, stopped: None };
    let scope = Scope { requirements: vec!["R-1".to_owned()] };
    trial(&acts, &scope, &observation, Contract::built_in())
}

#[test]
fn the_alternative_that_holds_brings_its_follow_ups_before_all_else() {
    let follow_up = main_act(vec![code(Code::AlreadyExists)]);
    let choice = any(vec![(code(Code::Ok), vec![follow_up.clone(), follow_up]), (code(Code::InvalidArgument), Vec::new())]);
    let acts = [main_act(vec![choice]), main_act(vec![code(Code::NotFound)])];
    let accepted = [Code::Ok, Code::AlreadyExists, Code::AlreadyExists, Code::NotFound];
    let exchanges = |codes: &[Code]| codes.iter().zip(1..).map(|(code, id)| answered(id, *code)).collect::<Vec<_>>();
    assert_eq!(judged(&acts, exchanges(&accepted)).verdict, Verdict::Pass);
    assert_eq!(judged(&acts, exchanges(&[Code::InvalidArgument, Code::NotFound])).verdict, Verdict::Pass);
    let failed = judged(&acts, exchanges(&[Code::Ok, Code::AlreadyExists, Code::Ok]));
    assert_eq!((failed.verdict, failed.violated[0].exchange), (Verdict::Fail, Some(3)));
    assert_eq!(judged(&acts, exchanges(&[Code::Ok, Code::AlreadyExists])).verdict, Verdict::Error, "an exchange is missing");
}

/// Acts that are released together, which show this as a whole.
fn released(expect: &[Code], together: crate::case::Together, count: usize) -> Vec<Act> {
    let mut acts = vec![main_act(vec![Expect { code: expect.to_vec(), ..Expect::default() }]); count];
    acts[0].beside = count - 1;
    acts[0].step.together = Some(together);
    acts
}

#[test]
fn who_wins_a_race_is_open_but_not_how_many() {
    let one_winner = crate::case::Together { at_most: vec![(Code::Ok, 1)], unknown: vec![Code::Internal], ..Default::default() };
    let said = |codes: [Code; 3]| {
        let acts = released(&[Code::Ok, Code::AlreadyExists], one_winner.clone(), 3);
        let judgement = judged(&acts, codes.into_iter().zip(1..).map(|(code, id)| answered(id, code)).collect());
        (judgement.verdict, judgement.violated.first().map(|it| (it.kind.clone(), it.exchange)))
    };
    assert_eq!(said([Code::Ok, Code::AlreadyExists, Code::AlreadyExists]), (Verdict::Pass, None));
    assert_eq!(said([Code::AlreadyExists, Code::AlreadyExists, Code::Ok]), (Verdict::Pass, None));
    assert_eq!(said([Code::AlreadyExists; 3]), (Verdict::Pass, None));
    let twice = (Verdict::Fail, Some(("too-many".to_owned(), Some(3))));
    assert_eq!(said([Code::Ok, Code::AlreadyExists, Code::Ok]), twice);
    assert_eq!(said([Code::Ok, Code::Internal, Code::Ok]), twice, "nothing that is unknown excuses a second winner");
    let wrong = (Verdict::Fail, Some(("code-differs".to_owned(), Some(2))));
    assert_eq!(said([Code::Ok, Code::NotFound, Code::AlreadyExists]), wrong);
    assert_eq!(said([Code::Internal, Code::Ok, Code::AlreadyExists]), (Verdict::Inconclusive, None));
}

#[test]
fn members_of_answers_given_together_are_distinct_where_there_are_two() {
    let together = crate::case::Together { distinct: Some("details.sequence".to_owned()), ..Default::default() };
    let acts = released(&[Code::Ok, Code::Aborted], together, 2);
    let success = |id, sequence| ended(id, Some(Code::Ok), vec![0, 0, 0, 0, 4, 0x0a, 2, 8, sequence], End::Complete);
    assert_eq!(judged(&acts, vec![success(1, 5), success(2, 6)]).verdict, Verdict::Pass);
    assert_eq!(judged(&acts, vec![success(1, 5), success(2, 5)]).violated[0].kind, "not-distinct");
    assert_eq!(judged(&acts, vec![success(1, 5), answered(2, Code::Aborted)]).verdict, Verdict::Inconclusive);
}

#[test]
fn where_no_alternative_holds_all_are_named() {
    let choice = any(vec![(code(Code::NotFound), Vec::new()), (code(Code::PermissionDenied), Vec::new())]);
    let failed = judged(&[main_act(vec![choice])], vec![answered(1, Code::Internal)]);
    assert_eq!(failed.violated[0].kind, "code-differs");
    assert_eq!(failed.violated[0].expected, "NOT_FOUND (5), or PERMISSION_DENIED (7)");
    let pattern = crate::case::Pattern::Literal(json!("x"));
    let object = crate::case::Pattern::Object(vec![("details".to_owned(), pattern)]);
    let with_body = Expect { code: vec![Code::Ok], body: Some(object), ..Expect::default() };
    let choice = any(vec![(code(Code::NotFound), Vec::new()), (with_body, Vec::new())]);
    let failed = judged(&[main_act(vec![choice])], vec![answered(1, Code::Ok)]);
    assert_eq!((failed.violated[0].kind.as_str(), failed.violated[0].expected.as_str()), ("body-differs", "\"x\""));
}

#[test]
fn an_end_may_be_all_that_is_expected() {
    let closed = Expect { ends: vec![Ending::Closed], ..Expect::default() };
    let choice = || main_act(vec![any(vec![(code(Code::InvalidArgument), Vec::new()), (closed.clone(), Vec::new())])]);
    let broken = ended(1, None, Vec::new(), End::Closed { text: String::new() });
    assert_eq!(judged(&[choice()], vec![broken.clone()]).verdict, Verdict::Pass);
    assert_eq!(judged(&[choice()], vec![answered(1, Code::InvalidArgument)]).verdict, Verdict::Pass);
    let failed = judged(&[choice()], vec![answered(1, Code::Ok)]);
    let expected = "INVALID_ARGUMENT (3), or a closed connection without any answer";
    assert_eq!((failed.violated[0].kind.as_str(), failed.violated[0].expected.as_str()), ("accepted", expected));
    let failed = judged(&[main_act(vec![closed])], vec![answered(1, Code::Ok)]);
    assert_eq!(failed.violated[0].kind, "end-differs");
    assert_eq!(judged(&[main_act(vec![code(Code::Internal)])], vec![broken]).violated[0].kind, "closed", "no code matches a broken answer");
}

#[test]
fn what_the_target_does_not_have_is_not_applicable() {
    let mut choice = any(vec![(code(Code::Ok), Vec::new()), (code(Code::Unimplemented), Vec::new())]);
    choice.any[1].not_applicable = Some("it is not served".to_owned());
    let acts = [main_act(vec![choice]), main_act(vec![code(Code::Ok)])];
    let skipped = judged(&acts, vec![answered(1, Code::Unimplemented)]);
    assert_eq!((skipped.verdict, skipped.skip), (Verdict::Skip, Some(SkipReason::NotApplicable)));
    assert_eq!(skipped.reason.as_deref(), Some("it is not served (AddSecondFactorToLoginPolicy: UNIMPLEMENTED (12))"));
    assert_eq!(judged(&acts, vec![answered(1, Code::Ok), answered(2, Code::Ok)]).verdict, Verdict::Pass);
}

#[test]
fn an_answer_that_its_own_trial_failed_for_is_told_once() {
    let acts = behind_two_answers(&[main_act(vec![code(Code::Ok)])], Vec::new()).0;
    let scope = Scope { requirements: vec!["R-1".to_owned()] };
    let member = |exchange: Exchange| {
        let all = behind_two_answers(&[], vec![exchange]).1.into_iter().enumerate();
        let steps = all.map(|(act, exchange)| StepSeen { act, attempts: vec![exchange], bound_passed: false }).collect();
        let observation = Observation { transports: Vec::new(), captures: Captures::new(), steps, stopped: None };
        let judgement = trial(&acts, &scope, &observation, Contract::built_in());
        agreement::Member { scope: scope.clone(), observation, judgement }
    };
    let case = crate::case::Suite::built_in(Contract::built_in()).unwrap().cases[0].clone();
    let compared = |requirement: &str, members: &[agreement::Member]| {
        let requirements = [requirement.to_owned()];
        agreement(&case, &acts, &requirements, &std::collections::BTreeMap::new(), members, Contract::built_in())
    };
    let unreadable = || {
        let mut exchange = ended(2, None, b"busy".to_vec(), End::Complete);
        exchange.received.heads = vec![Head { status: Some(415), fields: Vec::new() }];
        member(exchange)
    };
    let ok = |id| member(answered(id, Code::Ok));
    let alone = compared("R-1", &[ok(1), unreadable()]);
    assert_eq!((alone.verdict, alone.skip), (Verdict::Skip, Some(SkipReason::NotApplicable)), "{:?}", alone.reason);
    assert_eq!(compared("R-1", &[ok(1), unreadable(), ok(3)]).verdict, Verdict::Pass);
    assert_eq!(compared("R-1", &[ok(1), unreadable(), member(answered(3, Code::Internal))]).verdict, Verdict::Fail);
    let wrong = |id| member(answered(id, Code::Internal));
    assert_eq!(compared("R-1", &[wrong(1), wrong(2)]).verdict, Verdict::Skip, "both have failed, and for the same");
    assert_eq!(compared("R-2", &[wrong(1), wrong(2)]).verdict, Verdict::Inconclusive);
    // Nobody has said of the other requirement that it is violated.
    assert_eq!(compared("R-2", &[ok(1), unreadable(), ok(3)]).verdict, Verdict::Inconclusive);
}

#[test]
fn fields_list_elements_whatever_their_lines_and_letters() {
    let contract = Contract::built_in();
    let mut exchange = answered(1, Code::Ok);
    let fields = [("Vary", "Accept, ORIGIN"), ("vary", "cookie"), ("access-control-allow-origin", "https://a.example")];
    exchange.received.heads[0].fields = fields.into_iter().map(|(name, value)| Field::new(name, value)).collect();
    let reading = crate::answer::read(&exchange, contract);
    let captures = Captures::from([("nothing".to_owned(), serde_json::Value::Null)]);
    let text = |text: &str| Text(vec![TextPart::Literal(text.into())]);
    let holds = |name: &str, pattern: HeaderPattern| {
        let expect = Expect { head: vec![(name.to_owned(), pattern)], ..Expect::default() };
        met(&[expect], Place { exchange: &exchange, reading: &reading, captures: &captures }, |_| true) == Met::Yes
    };
    assert!(holds("vary", HeaderPattern::Lists(vec![text("origin"), text("Cookie")])));
    assert!(!holds("vary", HeaderPattern::Lists(vec![text("origin"), text("*")])));
    assert!(!holds("allow", HeaderPattern::Lists(vec![text("GET")])), "no field lists nothing");
    let origin = "access-control-allow-origin";
    assert!(holds(origin, HeaderPattern::Not(vec![text("*"), text("null")])));
    assert!(!holds(origin, HeaderPattern::Not(vec![text("*"), text("https://a.example")])));
    assert!(holds("allow", HeaderPattern::Not(vec![text("GET")])), "a field that isn't there has no such value");
    let nothing = || HeaderPattern::Values(vec![Text(vec![TextPart::Capture("nothing".to_owned())])]);
    assert!(holds("allow", nothing()) && !holds(origin, nothing()), "a capture of nothing stands for no field");
}

#[test]
fn a_text_is_hidden_nowhere_in_an_answer() {
    let contract = Contract::built_in();
    let mut exchange = answered(1, Code::PermissionDenied);
    let fields = [("grpc-status", "7"), ("grpc-message", "not%20in hidden%2dplace"), ("grpc-status-details-bin", "CAcSCHNlY3JldGl2")];
    exchange.received.trailers = Some(fields.into_iter().map(|(name, value)| Field::new(name, value)).collect());
    let reading = crate::answer::read(&exchange, contract);
    let captures = Captures::new();
    let hides = |text: &str| {
        let expect = Expect { hides: vec![Text(vec![TextPart::Literal(text.into())])], ..Expect::default() };
        met(&[expect], Place { exchange: &exchange, reading: &reading, captures: &captures }, |_| true) == Met::Yes
    };
    assert!(!hides("hidden-place") && !hides("not in") && !hides("secretiv") && !hides("hidden%2dplace"));
    assert!(hides("another place"));
}
