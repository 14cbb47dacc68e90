//! Known failures: what they excuse, and when an entry makes the run fail itself.

use crate::events::{agreement, passive, run, summary, trial};
use triwire::conclude::{MOST_MATCHES, Policy, conclude};
use triwire::judge::Verdict;
use triwire::record::Event;
use triwire::target::{KnownFailure, Subject};
use triwire::wire::Wire;

use Verdict::{Fail, Inconclusive, Pass};

fn on(requirement: &str, wire: Wire, kind: &str) -> KnownFailure {
    known(Subject::Requirement { requirement: requirement.to_owned(), wire }, kind)
}

fn at(trial: &str, kind: &str) -> KnownFailure {
    known(Subject::Trial { trial: trial.to_owned() }, kind)
}

fn known(subject: Subject, kind: &str) -> KnownFailure {
    KnownFailure { subject, kind: kind.to_owned(), why: "the proxy does so".to_owned(), link: "https://example.org".to_owned() }
}

/// A run that was given this list, and that was asked for everything unless `option` says otherwise.
fn listed(known: Vec<KnownFailure>, option: Option<&str>, results: impl IntoIterator<Item = Event>) -> Vec<Event> {
    let mut events = run(results);
    if let Some(Event::RunStarted(started)) = events.first_mut() {
        started.known_failures = known;
        started.options.extend(option.map(|name| (name.to_owned(), "x".to_owned())));
    }
    events
}

#[test]
fn what_a_list_of_known_failures_does_to_the_exit_status() {
    let pass = || trial("a", Wire::Json, Pass, &["SHAPE"]).event();
    let fails = |name: &str| trial(name, Wire::Json, Fail, &["SHAPE"]).event();
    let both = || trial("b", Wire::Json, Fail, &["SHAPE", "STATE"]).event();
    let shape = || on("SHAPE", Wire::Json, "body-differs");
    let format = || passive("FORMAT", Wire::Json, Fail);
    let many = |count: usize| (0..count).map(move |index| fails(&format!("t{index}")));
    let table: Vec<(&str, Vec<Event>, u8)> = vec![
        ("fails as listed", listed(vec![shape()], None, [pass(), fails("b")]), 0),
        ("a trial fails as listed", listed(vec![at("topic::b::json::h1", "body-differs")], None, [pass(), fails("b")]), 0),
        ("a passive result fails as listed", listed(vec![on("FORMAT", Wire::Json, "wrong-label")], None, [pass(), format()]), 0),
        (
            "an agreement fails as listed on one of its wires",
            listed(vec![on("SHAPE", Wire::Grpc, "disagrees")], None, [pass(), agreement("a", Fail, &["SHAPE"], None)]),
            0,
        ),
        ("fails, and isn't listed", listed(vec![shape()], None, [pass(), fails("b"), format()]), 1),
        ("fails by another kind", listed(vec![on("SHAPE", Wire::Json, "missing")], None, [pass(), fails("b")]), 1),
        ("fails on another wire", listed(vec![on("SHAPE", Wire::Grpc, "body-differs")], None, [pass(), fails("b")]), 1),
        ("another trial fails", listed(vec![at("topic::c::json::h1", "body-differs")], None, [pass(), fails("b")]), 1),
        ("fails by more than is listed", listed(vec![shape()], None, [pass(), both()]), 1),
        ("fails by two things that are listed", listed(vec![shape(), on("STATE", Wire::Json, "body-differs")], None, [pass(), both()]), 0),
        ("passes now", listed(vec![shape()], None, [pass()]), 1),
        ("a trial passes now", listed(vec![at("topic::a::json::h1", "body-differs")], None, [pass()]), 1),
        ("matches nothing", listed(vec![at("topic::no-such::json::h1", "body-differs")], None, [pass()]), 1),
        ("may match nothing where only a part was asked for", listed(vec![shape()], Some("filter"), [pass()]), 0),
        ("isn't known", listed(vec![shape()], None, [pass(), trial("b", Wire::Json, Inconclusive, &["SHAPE"]).event()]), 7),
        ("matches as many as it may", listed(vec![shape()], None, many(MOST_MATCHES)), 0),
        ("matches too many", listed(vec![shape()], None, many(MOST_MATCHES + 1)), 1),
        ("matches too many of a part", listed(vec![shape()], Some("filter"), many(MOST_MATCHES + 1)), 1),
    ];
    for (what, events, expected) in table {
        let conclusion = conclude(&summary(&events), Policy::default());
        assert_eq!(conclusion.exit.number(), expected, "{what}: {:?}", conclusion.sentences);
    }
}

#[test]
fn what_is_excused_is_told() {
    let events = listed(
        vec![on("SHAPE", Wire::Json, "body-differs")],
        None,
        [trial("a", Wire::Json, Pass, &["STATE"]).event(), trial("b", Wire::Json, Fail, &["SHAPE"]).event()],
    );
    let summary = summary(&events);
    let conclusion = conclude(&summary, Policy::default());
    assert_eq!(
        conclusion.sentences,
        ["everything that gates passed, or doesn't apply to the target; 1 result fails as listed in the known failures"]
    );
    assert!(summary.roots.is_empty(), "what is expected is no root cause");
    assert_eq!(summary.counts.of(Fail), 1, "but it is a failure all the same");
}
