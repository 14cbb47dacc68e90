//! What isn't in the record can't have influenced a verdict: judged again, a record gives the same results.

mod support;

use std::path::Path;

use support::{Judged as Run, everything, judge};
use triwire::conclude::{Policy, Summary, conclude};
use triwire::contract::Contract;
use triwire::judge::Verdict;
use triwire::plan::Selection;
use triwire::record::{Event, Recorder, events};
use triwire::reference::{self, Layer, Options};
use triwire::rejudge::{RejudgeError, rejudge};
use triwire::report::{self, Destination, FORMATS};
use triwire::wire::{Transport, Wire};

/// Writes the events of a run into a folder of its own.
fn record(name: &str, run: &Run) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rejudge").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    write(&folder.join("events.jsonl"), &run.events);
    folder
}

fn write(path: &Path, events: &[Event]) {
    let mut recorder = Recorder::create(path).unwrap();
    events.iter().for_each(|event| recorder.write(event).unwrap());
    recorder.close().unwrap();
}

/// The reports that are made from a record alone.
fn reports(record: &Path) -> Vec<Vec<u8>> {
    let contract = Contract::built_in();
    let summary = report::totals(record, Summary::new(contract)).unwrap();
    let conclusion = conclude(&summary, Policy::default());
    FORMATS
        .iter()
        .filter(|format| format.name != "jsonl")
        .map(|format| {
            let path = record.with_extension(format.ending);
            report::write(&Destination { format, path: path.clone() }, record, &conclusion, contract).unwrap();
            std::fs::read(path).unwrap()
        })
        .collect()
}

/// Trials, agreements and refusals on every wire: judging again is the same for all others.
fn part() -> Selection {
    let filters =
        ["second_factors::adds", "second_factors::refuses-a-factor", "second_factors::refuses-the", "second_factors::is-one-state"];
    Selection { filters: filters.map(str::to_owned).to_vec(), ..everything() }
}

/// Judges the record of a run again and compares everything that can be made of either.
fn same_again(name: &str, run: &Run) {
    let folder = record(name, run);
    let (first, second) = (folder.join("events.jsonl"), folder.join("again.jsonl"));
    let suite = support::suite();
    let again: Vec<Event> =
        rejudge(suite, Contract::built_in(), events(&first).unwrap()).collect::<Result<_, _>>().unwrap_or_else(|e| panic!("{name}: {e}"));
    write(&second, &again);
    let (one, two) = (std::fs::read_to_string(&first).unwrap(), std::fs::read_to_string(&second).unwrap());
    assert_eq!(one.lines().count(), two.lines().count(), "{name}");
    for (number, (one, two)) in (1..).zip(one.lines().zip(two.lines())) {
        assert!(one == two, "{name}: event {number} differs:\n{}", difference(one, two));
    }
    assert!(reports(&first) == reports(&second), "{name}: the reports differ");
}

/// The surroundings of the first octet that differs: events are long.
fn difference(one: &str, two: &str) -> String {
    let at = one.bytes().zip(two.bytes()).take_while(|(one, two)| one == two).count();
    let cut = |text: &str| {
        let octets = text.as_bytes();
        String::from_utf8_lossy(&octets[at.saturating_sub(200)..(at + 300).min(octets.len())]).into_owned()
    };
    format!("{}\n{}", cut(one), cut(two))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correct_target_and_a_lagging_one_get_the_same_results_again() {
    let run = judge(Options::default(), part(), 4).await;
    assert!(run.verdicts().values().any(|verdict| *verdict == Verdict::Pass));
    same_again("correct", &run);
    let lagging = reference::variant("lagging-reads").unwrap();
    let run = judge(Options { variant: Some(lagging), ..Options::default() }, part(), 4).await;
    assert!(run.summary().lag.steps > 0, "nothing lagged");
    same_again("lagging", &run);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_each_layer_is_seen_again() {
    for layer in [Layer::Wire, Layer::Shape, Layer::Meaning, Layer::Agreement] {
        let fault = reference::FAULTS.iter().find(|fault| fault.layer == layer).expect("each layer has a fault");
        let run = judge(Options { fault: Some(fault), ..Options::default() }, part(), 16).await;
        assert!(run.verdicts().values().any(|verdict| *verdict == Verdict::Fail), "{} did nothing", fault.name);
        same_again(fault.name, &run);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_executed_stays_as_it_was() {
    let null = reference::NULL_TARGETS.first().expect("there is a null target");
    same_again("unusable", &judge(Options { null_target: Some(null), ..Options::default() }, part(), 2).await);
    let one_wire = Selection { wires: vec![Wire::Json], ..part() };
    same_again("one-wire", &judge(Options::default(), one_wire, 2).await);
    let part = Selection { wires: vec![Wire::Grpc], repeat: 2, ..part() };
    same_again("part", &judge(Options::default(), part, 2).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_judge_gives_another_verdict_and_an_unknown_case_none() {
    let filter = Selection { wires: vec![Wire::Json], ..part() };
    let run = judge(Options::default(), filter, 2).await;
    let recorded = || run.events.iter().cloned().map(Ok);
    let contract = Contract::built_in();
    // Expectations that no answer meets: the verdicts come from the suite, they aren't copied.
    let mut suite = support::suite().clone();
    for case in &mut suite.cases {
        case.main.expect.iter_mut().for_each(|piece| {
            piece.status = Some(triwire::case::StatusPattern::OneOf(vec![599]));
            piece.requirement = None;
        });
    }
    let changed: Vec<Event> = rejudge(&suite, contract, recorded()).collect::<Result<_, _>>().unwrap();
    let mut failed = 0;
    for event in &changed {
        if let Event::TrialEnded(trial) = event
            && trial.observation.is_some()
        {
            assert_ne!(trial.judgement.verdict, Verdict::Pass, "{}", trial.id);
            failed += u32::from(trial.judgement.verdict == Verdict::Fail);
        }
    }
    assert!(failed > 0);
    // A suite without the cases of the record.
    suite.cases.clear();
    let refused = rejudge(&suite, contract, recorded()).find_map(Result::err);
    assert!(matches!(refused, Some(RejudgeError::UnknownCase { .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ordinary_clients_get_through_to_a_correct_target_with_tls() {
    let testimony = |run: &Run| -> Vec<String> {
        run.events.iter().filter_map(|event| if let Event::Witness(it) = event { Some(it.to_string()) } else { None }).collect()
    };
    let wanted = ["reqwest got through on json", "tonic got through on grpc"];
    let run = support::judge_with_tls(Path::new(env!("CARGO_TARGET_TMPDIR")), "second_factors::adds-OTP").await;
    assert!(Transport::ALL.iter().all(|transport| run.events.iter().any(|event| {
        matches!(event, Event::ProbeEnded(probe) if probe.transport == *transport && probe.presence == triwire::target::Presence::Live)
    })));
    assert_eq!(testimony(&run), wanted);
    // Who asks for a part hears no witnesses.
    let run = judge(Options::default(), part(), 2).await;
    assert!(testimony(&run).is_empty());
}
