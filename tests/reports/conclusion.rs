//! What may be claimed of requirements, and which exit status follows: by tables.

use crate::events::{agreement, ended, passive, probe, run, started, summary, trial};
use triwire::conclude::{Claim, EXIT_TABLE, ExitStatus, Policy, Summary, conclude};
use triwire::judge::{SkipReason, Verdict};
use triwire::record::{Event, Lost};
use triwire::target::Presence;
use triwire::wire::Wire;

use Verdict::{Error, Fail, Inconclusive, Pass, Skip};

fn claim(results: Vec<Event>, id: &str, wire: Wire) -> Claim {
    let summary = summary(&run(results));
    summary.requirements().find(|row| row.id == id && row.wire == wire).expect("a row").claim
}

/// Something that makes both wires live without naming anything that is asked about.
fn live() -> Vec<Event> {
    vec![trial("live", Wire::Json, Pass, &[]).event(), trial("live", Wire::Grpc, Pass, &[]).event()]
}

#[test]
fn a_requirement_on_a_wire() {
    let shape = |verdict| trial("a", Wire::Json, verdict, &["SHAPE"]);
    let other = |verdict| trial("b", Wire::Json, verdict, &["SHAPE"]);
    let state = |verdict, parts: &[&str]| trial("a", Wire::Json, verdict, &["STATE"]).covers("STATE", parts);
    let table: Vec<(&str, Vec<Event>, &str, Claim)> = vec![
        ("nothing names it", vec![], "SHAPE", Claim::Untested),
        ("it held", vec![shape(Pass).event()], "SHAPE", Claim::Pass),
        ("violated anywhere", vec![shape(Pass).event(), other(Fail).event()], "SHAPE", Claim::Fail),
        ("violated beats inconclusive", vec![shape(Inconclusive).event(), other(Fail).event()], "SHAPE", Claim::Fail),
        ("inconclusive beats held", vec![shape(Inconclusive).event(), other(Pass).event()], "SHAPE", Claim::Inconclusive),
        ("an error shows nothing", vec![shape(Error).event(), other(Pass).event()], "SHAPE", Claim::Inconclusive),
        (
            "not-applicable is set aside",
            vec![shape(Skip).skipped(SkipReason::NotApplicable).event(), other(Pass).event()],
            "SHAPE",
            Claim::Pass,
        ),
        (
            "another skip is not",
            vec![shape(Skip).skipped(SkipReason::Permission).event(), other(Pass).event()],
            "SHAPE",
            Claim::Skip(SkipReason::Permission),
        ),
        (
            "nothing but not-applicable",
            vec![shape(Skip).skipped(SkipReason::NotApplicable).event()],
            "SHAPE",
            Claim::Skip(SkipReason::NotApplicable),
        ),
        (
            "its trial failed by something else",
            vec![trial("a", Wire::Json, Fail, &["SHAPE", "STATE"]).violates("STATE", "differs").event(), other(Pass).event()],
            "SHAPE",
            Claim::Untested,
        ),
        ("the trial passed, the agreement didn't", vec![shape(Pass).event(), agreement("a", Fail, &["SHAPE"], None)], "SHAPE", Claim::Fail),
        ("held by an agreement", vec![agreement("a", Pass, &["SHAPE"], None)], "SHAPE", Claim::Pass),
        ("all parts are covered", vec![state(Pass, &["add"]).event(), state(Pass, &["remove"]).event()], "STATE", Claim::Pass),
        ("a part isn't covered", vec![state(Pass, &["add"]).event()], "STATE", Claim::Untested),
        (
            "a part speaks of what the target doesn't have",
            vec![state(Pass, &["add"]).event(), state(Skip, &["remove"]).skipped(SkipReason::NotApplicable).event()],
            "STATE",
            Claim::Pass,
        ),
        (
            "a part was skipped for another reason",
            vec![state(Pass, &["add"]).event(), state(Skip, &["remove"]).skipped(SkipReason::Permission).event()],
            "STATE",
            Claim::Skip(SkipReason::Permission),
        ),
        ("a case that names no part covers all", vec![trial("a", Wire::Json, Pass, &["STATE"]).event()], "STATE", Claim::Pass),
        ("passive, held", vec![passive("FORMAT", Wire::Json, Pass)], "FORMAT", Claim::Pass),
        ("passive, violated", vec![passive("FORMAT", Wire::Json, Fail)], "FORMAT", Claim::Fail),
        ("passive, inconclusive", vec![passive("FORMAT", Wire::Json, Inconclusive)], "FORMAT", Claim::Inconclusive),
        ("passive, judged nothing", vec![passive("FORMAT", Wire::Json, Skip)], "FORMAT", Claim::Skip(SkipReason::NotApplicable)),
        (
            "passive and named by a trial: both must hold",
            vec![passive("FORMAT", Wire::Json, Skip), trial("a", Wire::Json, Pass, &["FORMAT"]).event()],
            "FORMAT",
            Claim::Skip(SkipReason::NotApplicable),
        ),
        ("passive without a result", vec![trial("a", Wire::Json, Pass, &["FORMAT"]).event()], "FORMAT", Claim::Untested),
    ];
    for (what, results, id, expected) in table {
        let all = live().into_iter().chain(results).collect();
        assert_eq!(claim(all, id, Wire::Json), expected, "{what}");
    }
}

#[test]
fn nothing_passes_on_a_wire_that_is_not_live() {
    let mut dead = trial("a", Wire::Json, Pass, &["SHAPE"]);
    dead.0.judgement.live.clear();
    assert_eq!(claim(vec![dead.event()], "SHAPE", Wire::Json), Claim::Untested);
    // Live on another wire helps nothing.
    let mut dead = trial("a", Wire::Json, Pass, &["SHAPE"]);
    dead.0.judgement.live.clear();
    assert_eq!(claim(vec![dead.event(), trial("a", Wire::Grpc, Pass, &[]).event()], "SHAPE", Wire::Json), Claim::Untested);
}

#[test]
fn every_requirement_has_a_row_on_each_of_its_wires() {
    let summary = summary(&run(live()));
    let rows: Vec<String> = summary.requirements().map(|row| format!("{} {}", row.id, row.wire)).collect();
    assert_eq!(rows.len(), 11, "{rows:?}");
}

#[test]
fn a_result_counts_on_the_wires_of_its_requirement_only() {
    let across = trial("a", Wire::GrpcWeb, Fail, &["STATE", "SHAPE"]);
    let summary = summary(&run([across.event()]));
    let violated: Vec<_> = summary.requirements().filter(|row| row.violated > 0).map(|row| (row.id, row.wire)).collect();
    assert_eq!(violated, [("SHAPE".to_owned(), Wire::GrpcWeb)]);
}

fn status(events: &[Event], policy: Policy) -> ExitStatus {
    conclude(&summary(events), policy).exit
}

#[test]
fn exit_status_in_the_order_of_precedence() {
    let pass = || trial("a", Wire::Json, Pass, &["SHAPE"]).event();
    let permission = || trial("p", Wire::Json, Skip, &["SHAPE"]).skipped(SkipReason::Permission).event();
    let lost = || Event::TargetLost(Lost { reason: "gone".to_owned() });
    let strict = Policy { gate_should: true, ..Policy::default() };
    let lenient = Policy { allow_skip_permission: true, ..Policy::default() };
    let none = Policy::default();
    let should_fails = || passive("HABIT", Wire::Json, Fail);
    let table: Vec<(&str, Vec<Event>, Policy, u8)> = vec![
        ("all passed", run([pass()]), none, 0),
        ("not applicable is no blemish", run([pass(), passive("FORMAT", Wire::Json, Skip)]), none, 0),
        ("a MUST failed", run([pass(), passive("FORMAT", Wire::Json, Fail)]), none, 1),
        (
            "a failure beats inconclusive",
            run([trial("b", Wire::Json, Inconclusive, &["SHAPE"]).event(), passive("FORMAT", Wire::Json, Fail)]),
            none,
            1,
        ),
        ("a SHOULD failed", run([pass(), should_fails()]), none, 0),
        ("a SHOULD failed and gates", run([pass(), should_fails()]), strict, 1),
        ("a MAY never gates", run([pass(), passive("NICETY", Wire::Json, Fail)]), strict, 0),
        ("inconclusive", run([pass(), trial("b", Wire::Json, Inconclusive, &["SHAPE"]).event()]), none, 7),
        ("an inconclusive SHOULD weighs no more than a violated one", run([pass(), passive("HABIT", Wire::Json, Inconclusive)]), none, 0),
        ("an inconclusive SHOULD that gates", run([pass(), passive("HABIT", Wire::Json, Inconclusive)]), strict, 7),
        ("the token may not", run([pass(), permission()]), none, 7),
        ("the token may not, accepted", run([pass(), permission()]), lenient, 0),
        (
            "unstable",
            run([trial("a", Wire::Json, Inconclusive, &["SHAPE"]).event(), trial("a", Wire::Json, Pass, &["SHAPE"]).repeat(2).event()]),
            none,
            6,
        ),
        ("stable", run([pass(), trial("a", Wire::Json, Pass, &["SHAPE"]).repeat(2).event()]), none, 0),
        ("a failure in one repetition", run([pass(), trial("a", Wire::Json, Fail, &["SHAPE"]).repeat(2).event()]), none, 1),
        ("nothing planned", run([]), none, 4),
        ("everything skipped", run([permission()]), none, 4),
        ("a harness fault", run([pass(), trial("b", Wire::Json, Error, &["SHAPE"]).event(), passive("FORMAT", Wire::Json, Fail)]), none, 3),
        ("a result is missing", [run([pass()]), vec![]].concat().into_iter().map(plan_one_more).collect(), none, 3),
        ("the record is cut off", vec![Event::RunStarted(started(1)), pass()], none, 3),
        ("ended early for no reason", vec![Event::RunStarted(started(2)), pass(), ends(false, None)], none, 3),
        ("lost on the way", vec![Event::RunStarted(started(2)), pass(), lost(), ends(false, None)], none, 5),
        (
            "lost beats a failure",
            vec![Event::RunStarted(started(2)), passive("FORMAT", Wire::Json, Fail), lost(), ends(false, None)],
            none,
            5,
        ),
        (
            "no probe was answered",
            vec![Event::RunStarted(started(2)), probe(Wire::Json, Presence::Missing { text: "404".to_owned() }), ends(false, None)],
            none,
            5,
        ),
        ("interrupted", vec![Event::RunStarted(started(2)), pass(), lost(), ends(false, Some(2))], none, 130),
        ("terminated", vec![Event::RunStarted(started(2)), pass(), ends(false, Some(15))], none, 143),
    ];
    for (what, events, policy, expected) in table {
        assert_eq!(status(&events, policy).number(), expected, "{what}");
    }
}

fn ends(complete: bool, interrupted: Option<i32>) -> Event {
    let mut ended = ended();
    ended.complete = complete;
    ended.interrupted = interrupted;
    Event::RunEnded(ended)
}

fn plan_one_more(event: Event) -> Event {
    match event {
        Event::RunStarted(started) => {
            let planned = started.planned + 1;
            Event::RunStarted(triwire::record::RunStarted { planned, ..started })
        }
        other => other,
    }
}

#[test]
fn the_first_sentence_is_about_what_decided() {
    let events = run([trial("b", Wire::Json, Inconclusive, &["SHAPE"]).event(), passive("FORMAT", Wire::Json, Fail)]);
    let conclusion = conclude(&summary(&events), Policy::default());
    assert_eq!(conclusion.sentences, ["1 result violates a MUST", "1 result that gates is inconclusive"]);
}

#[test]
fn what_the_preflight_found_unusable_is_told() {
    let mut summary = Summary::with(crate::events::rules());
    summary.unusable("the token is refused");
    let conclusion = conclude(&summary, Policy::default());
    assert_eq!(conclusion.exit, ExitStatus::Unusable);
    assert_eq!(conclusion.sentences[0], "the token is refused");
}

#[test]
fn the_table_of_the_help_is_the_type() {
    let (_, rows) = EXIT_TABLE.split_once('\n').expect("a title");
    let rows = rows.replace("\n       ", " ");
    let rows: Vec<&str> = rows.lines().collect();
    assert_eq!(rows.len(), ExitStatus::ALL.len());
    for (row, status) in rows.iter().zip(ExitStatus::ALL) {
        let row = row.trim();
        assert!(row.starts_with(&status.number().to_string()), "{row}");
        assert!(row.contains(status.meaning()), "{row}");
    }
}

#[test]
fn of_two_the_one_that_comes_first_wins() {
    for (index, first) in ExitStatus::ALL.into_iter().enumerate() {
        for second in ExitStatus::ALL.into_iter().skip(index) {
            assert_eq!(first.or(second), first);
            assert_eq!(second.or(first), first);
        }
    }
}
