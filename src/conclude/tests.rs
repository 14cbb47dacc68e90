//! Passive results, with checks of our own.

use super::passive::Tally;
use crate::check::{Check, Finding, Judges, Need, Outcome, Seen};
use crate::contract::Contract;
use crate::contract::status::Code;
use crate::judge::{Judgement, SkipReason, Verdict};
use crate::record::event::{Event, TrialEnded};
use crate::target::Presence;
use crate::wire::Wire;

static CHECK: Check = Check {
    requirement: "FORMAT",
    kinds: &["wrong"],
    judges: Judges::WellFormed,
    need: Need { count: 2, codes: &[Code::Ok, Code::NotFound] },
    run: |_| Outcome::NotApplicable,
};

/// A tally after a trial that made `json` live, or didn't.
fn tally(live: bool) -> Tally {
    let mut tally = Tally::of([&CHECK]);
    let judgement = Judgement {
        verdict: Verdict::Pass,
        requirements: Vec::new(),
        violated: Vec::new(),
        reason: None,
        skip: None,
        live: if live { vec![Wire::Json] } else { Vec::new() },
    };
    let trial = TrialEnded {
        id: String::new(),
        case: String::new(),
        variant: None,
        transports: Vec::new(),
        covers: Vec::new(),
        repeat: 1,
        compared: false,
        judgement,
        observation: None,
        checks: Vec::new(),
        duration: 0,
    };
    tally.see(&Event::TrialEnded(trial), Contract::built_in());
    tally
}

fn held() -> Vec<Seen> {
    vec![Seen { requirement: "FORMAT".to_owned(), violated: None }]
}

fn broken(kind: &str) -> Vec<Seen> {
    let finding = Finding { kind: kind.to_owned(), expected: "a".to_owned(), actual: "b".to_owned(), place: "head".to_owned() };
    vec![Seen { requirement: "FORMAT".to_owned(), violated: Some(finding) }]
}

/// Verdict and reason on `json`, which is spoken.
fn verdict(tally: &Tally, partial: bool) -> (Verdict, String) {
    let ended = tally.conclude("FORMAT", Wire::Json, Some(&Presence::Live), partial);
    (ended.judgement.verdict, ended.judgement.reason.unwrap_or_default())
}

#[test]
fn held_often_enough_with_all_codes_is_a_pass() {
    let mut tally = tally(true);
    for (id, code) in [(1, Code::Ok), (2, Code::Ok), (3, Code::NotFound), (4, Code::Ok), (5, Code::Ok)] {
        tally.add(Wire::Json, id, &held(), || Some(code));
    }
    let ended = tally.conclude("FORMAT", Wire::Json, Some(&Presence::Live), false);
    assert_eq!(ended.judgement.verdict, Verdict::Pass);
    assert_eq!((ended.id.as_str(), ended.held, ended.violated), ("requirement::FORMAT::json", 5, 0));
    assert_eq!(ended.exchanges, [1, 2, 3]);
}

#[test]
fn less_than_the_run_must_show_is_inconclusive() {
    let mut tally = tally(true);
    tally.add(Wire::Json, 1, &held(), || Some(Code::Ok));
    assert_eq!(verdict(&tally, false), (Verdict::Inconclusive, "held on 1 exchanges; the run must show it on 2".to_owned()));
    tally.add(Wire::Json, 2, &held(), || None);
    assert_eq!(verdict(&tally, false), (Verdict::Inconclusive, "no answer with code NOT_FOUND was judged".to_owned()));
    assert_eq!(verdict(&tally, true).0, Verdict::Pass, "of a part of the suite less is asked");
}

#[test]
fn what_judged_nothing_is_not_applicable() {
    let ended = tally(true).conclude("FORMAT", Wire::Json, Some(&Presence::Live), false);
    assert_eq!((ended.judgement.verdict, ended.judgement.skip), (Verdict::Skip, Some(SkipReason::NotApplicable)));
}

#[test]
fn nothing_passes_on_a_wire_that_is_not_live() {
    let mut tally = tally(false);
    for id in 1..9 {
        tally.add(Wire::Json, id, &held(), || Some(Code::Ok));
    }
    assert_eq!(verdict(&tally, true).0, Verdict::Inconclusive);
}

#[test]
fn it_fails_once_whatever_the_number_of_exchanges() {
    let mut tally = tally(false);
    tally.add(Wire::Json, 1, &held(), || None);
    for (id, kind) in [(2, "wrong"), (3, "wrong"), (4, "missing"), (5, "wrong"), (6, "wrong")] {
        tally.add(Wire::Json, id, &broken(kind), || None);
    }
    let ended = tally.conclude("FORMAT", Wire::Json, Some(&Presence::Live), false);
    assert_eq!(ended.judgement.verdict, Verdict::Fail);
    assert_eq!((ended.held, ended.violated), (1, 5));
    let kinds: Vec<_> = ended.judgement.violated.iter().map(|violation| (violation.kind.as_str(), violation.exchange)).collect();
    assert_eq!(kinds, [("wrong", Some(2)), ("missing", Some(4))]);
    assert_eq!(ended.exchanges, [2, 3, 4]);
    assert_eq!(ended.judgement.reason.as_deref(), Some("violated by 5 of 6 exchanges: wrong, missing"));
}

#[test]
fn wires_that_are_not_spoken() {
    let tally = tally(true);
    let of = |presence: Option<Presence>| tally.conclude("FORMAT", Wire::Grpc, presence.as_ref(), false).judgement;
    let absent = of(Some(Presence::Absent { text: "404".to_owned() }));
    assert_eq!((absent.verdict, absent.skip), (Verdict::Skip, Some(SkipReason::NotApplicable)));
    assert_eq!(of(Some(Presence::Missing { text: "404".to_owned() })).verdict, Verdict::Inconclusive);
    assert_eq!(of(None).verdict, Verdict::Inconclusive);
}

#[test]
fn an_answer_is_read_again_only_while_a_code_is_missing() {
    let mut tally = tally(true);
    let mut reads = 0;
    for id in 1..10 {
        tally.add(Wire::Json, id, &held(), || {
            reads += 1;
            Some(if id == 1 { Code::Ok } else { Code::NotFound })
        });
    }
    assert_eq!(reads, 2);
}
