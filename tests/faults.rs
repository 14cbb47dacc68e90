//! Each fault is caught by the requirement that it claims and by its kind, each legal variant is spared, null targets pass nothing.

mod support;

use std::collections::BTreeSet;

use support::{Run, everything, judge, judge_patiently, suite};
use tokio::sync::Semaphore;
use triwire::case::Case;
use triwire::check::CHECKS;
use triwire::contract::Contract;
use triwire::judge::{SkipReason, Verdict};
use triwire::plan::Selection;
use triwire::record::event::Event;
use triwire::reference::{FAULTS, Fault, Layer, NULL_TARGETS, Options, VARIANTS, Variant};
use triwire::wire::Wire;

/// Runs with a fault that go on at the same time: short ones, of which some wait for what the fault never shows.
static SLOTS: Semaphore = Semaphore::const_new(8);
/// Runs without: busy ones.
static BUSY: Semaphore = Semaphore::const_new(3);

/// Pieces of names of faults, variants and requirements, joined by commas: only these are tried. For whoever writes one.
fn chosen(name: &str, requirements: &[&str]) -> bool {
    let Ok(pieces) = std::env::var("TRIWIRE_FAULT") else { return true };
    pieces.split(',').any(|piece| name.contains(piece) || requirements.iter().any(|requirement| requirement.contains(piece)))
}

/// Wires on which a violation of this requirement and kind was seen.
fn caught_on(run: &Run, requirement: &str, kind: &str) -> BTreeSet<Wire> {
    let shows =
        |judgement: &triwire::judge::Judgement| judgement.violated.iter().any(|it| it.requirement == requirement && it.kind == kind);
    let mut wires = BTreeSet::new();
    for event in &run.events {
        match event {
            Event::TrialEnded(it) if shows(&it.judgement) => wires.extend(it.transports.iter().map(|transport| transport.wire)),
            Event::AgreementEnded(it) if shows(&it.judgement) => wires.extend(it.transports.iter().map(|transport| transport.wire)),
            Event::PassiveEnded(it) if shows(&it.judgement) => {
                wires.insert(it.wire);
            }
            _ => {}
        }
    }
    wires
}

/// Whether a case answers for a requirement, by itself or by its agreement.
fn speaks_of(case: &Case, requirement: &str) -> bool {
    case.requirements.iter().any(|id| id == requirement) || case.agreement.as_deref() == Some(requirement)
}

/// Cases that provoke every kind of answer, for what is judged passively.
const PROVOKING: [&str; 8] = [
    "second_factors::adds-OTP-to-a-custom-login-policy::",
    "second_factors::refuses-the-unspecified-factor::",
    "second_factors::refuses-a-factor-of-the-policy::",
    "second_factors::refuses-to-add-without-a-token::",
    "second_factors::tells-the-refusal-in-other-languages::",
    "second_factors::is-one-state-for-all-wires::",
    "text::",
    "http_methods::",
];

/// Additions, refusals and reads on every wire.
const BESIDE: [&str; 4] = ["second_factors::adds", "second_factors::refuses", "second_factors::is-one-state", "second_factors::removes"];

/// What a variant is judged by: on the wires where it acts, the topics of the requirements that must spare it, and some of the first of all topics.
/// (`triwire run --variant NAME` judges one by everything.)
fn beside(variant: &Variant) -> Selection {
    let suite = suite();
    let speaks = |case: &&Case| variant.spared_by.iter().any(|id| speaks_of(case, id));
    let topics: BTreeSet<String> = suite.cases.iter().filter(speaks).map(|case| format!("{}::", case.topic)).collect();
    Selection {
        wires: variant.wires.iter().map(|name| name.parse().expect("a variant names wires")).collect(),
        filters: topics.into_iter().chain(BESIDE.map(str::to_owned)).collect(),
        ..everything()
    }
}

/// What a fault escapes, if it does.
async fn escape(fault: &'static Fault) -> Option<String> {
    let _slot = SLOTS.acquire().await.expect("the semaphore is never closed");
    // A fault of agreement shows itself between wires; another one on each of its own.
    let alone = fault.layer != Layer::Agreement && !fault.requirement.starts_with("EQ-");
    let wires: Vec<Wire> = fault.wires.iter().map(|name| name.parse().expect("a fault names wires")).collect();
    // The cases of the requirement, and those that provoke every kind of answer for what is judged passively.
    let mut cases: Vec<String> =
        suite().cases.iter().filter(|case| speaks_of(case, fault.requirement)).map(|case| format!("{}::", case.id)).collect();
    if CHECKS.iter().flat_map(|family| family.iter()).any(|check| check.requirement == fault.requirement) {
        cases.extend(PROVOKING.map(str::to_owned));
    }
    if cases.is_empty() {
        return Some(format!("{}: no case speaks of {}", fault.name, fault.requirement));
    }
    // Most show themselves over one HTTP version of a wire already.
    let over = |wire: &Wire| if *wire == Wire::Grpc { "grpc::h2".to_owned() } else { format!("{}::h1", wire.name()) };
    let narrow: Vec<String> = cases
        .iter()
        .flat_map(|case| {
            if case.contains("::is-one-state") {
                vec![case.clone()]
            } else {
                wires.iter().map(|wire| format!("{case}{}", over(wire))).collect()
            }
        })
        .collect();
    let mut escaped = None;
    for filters in if alone { vec![narrow, cases] } else { vec![cases] } {
        let selection = Selection { filters, wires: if alone { wires.clone() } else { Vec::new() }, ..everything() };
        let run = judge(Options { fault: Some(fault), ..Options::default() }, selection, 8).await;
        escaped = escape_from(&run, fault, &wires);
        escaped.as_ref()?;
    }
    escaped
}

fn escape_from(run: &Run, fault: &Fault, wires: &[Wire]) -> Option<String> {
    let name = fault.name;
    if run.acted == 0 {
        return Some(format!("{name}: never acted"));
    }
    let caught = caught_on(run, fault.requirement, fault.kind);
    let missed: Vec<&str> = wires.iter().filter(|wire| !caught.contains(wire)).map(|wire| wire.name()).collect();
    if missed.is_empty() {
        return None;
    }
    let seen: BTreeSet<String> =
        run.judgements().flat_map(|(_, it)| &it.violated).map(|it| format!("{} {}", it.requirement, it.kind)).collect();
    Some(format!("{name}: {} {} is not seen on {missed:?}, only {seen:?}", fault.requirement, fault.kind))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_caught_by_the_requirement_that_it_breaks() {
    let runs: Vec<_> =
        FAULTS.iter().filter(|fault| chosen(fault.name, &[fault.requirement])).map(|fault| tokio::spawn(escape(fault))).collect();
    let mut escaped = Vec::new();
    for run in runs {
        escaped.extend(run.await.expect("a run ends"));
    }
    assert!(escaped.is_empty(), "{}", escaped.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_correct_target_and_each_legal_variant_show_no_failure() {
    let variants = VARIANTS.iter().copied().filter(|variant| chosen(variant.name, variant.spared_by)).map(Some).chain([None]);
    let runs: Vec<_> = variants
        .map(|variant| {
            tokio::spawn(async move {
                let _slot = BUSY.acquire().await.expect("the semaphore is never closed");
                let mut selection = variant.map_or_else(everything, beside);
                let foreign = variant.is_some_and(|variant| !variant.is_zitadel());
                let undeclared = variant.is_some_and(|variant| variant.browser_origins().is_empty());
                if foreign {
                    selection.profiles.remove("zitadel");
                }
                let run = judge_patiently(Options { variant, ..Options::default() }, selection, 8).await;
                let name = variant.map_or("correct", |variant| variant.name);
                assert!(variant.is_none() || run.varied > 0, "{name} never acted");
                if variant.is_none() {
                    let testimony =
                        run.events.iter().filter_map(|it| if let Event::Witness(it) = it { Some(it.to_string()) } else { None });
                    assert_eq!(testimony.collect::<Vec<_>>(), ["reqwest got through on json", "tonic got through on grpc"]);
                }
                let wrong: Vec<String> = run
                    .judgements()
                    .filter(|(_, it)| match it.verdict {
                        Verdict::Pass => false,
                        Verdict::Skip => match it.skip {
                            Some(SkipReason::NotApplicable) => false,
                            Some(SkipReason::Profile) => !foreign,
                            Some(SkipReason::NotDeclared) => !undeclared,
                            _ => true,
                        },
                        Verdict::Fail | Verdict::Inconclusive | Verdict::Error => true,
                    })
                    .map(|(id, it)| format!("{name}: {id} {}: {:?} {:?}", it.verdict, it.reason, it.violated.first()))
                    .collect();
                wrong
            })
        })
        .collect();
    let mut wrong = Vec::new();
    for run in runs {
        wrong.extend(run.await.expect("a run ends"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_variant_names_the_requirements_that_must_spare_it() {
    let catalogue = &Contract::built_in().catalogue;
    for variant in VARIANTS {
        assert!(!variant.spared_by.is_empty(), "{} names none", variant.name);
        for id in variant.spared_by {
            assert!(catalogue.get(id).is_some(), "{}: no requirement {id}", variant.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn null_targets_pass_nothing() {
    let runs: Vec<_> = NULL_TARGETS
        .iter()
        .map(|null| {
            tokio::spawn(async move {
                let run = judge(Options { null_target: Some(null), ..Options::default() }, everything(), 8).await;
                let passed: Vec<String> = run
                    .judgements()
                    .filter(|(_, it)| it.verdict == Verdict::Pass)
                    .map(|(id, _)| format!("{}: {id} passed", null.name))
                    .collect();
                assert!(run.judgements().count() > 0, "{} gave no results at all", null.name);
                passed
            })
        })
        .collect();
    let mut passed = Vec::new();
    for run in runs {
        passed.extend(run.await.expect("a run ends"));
    }
    assert!(passed.is_empty(), "{}", passed.join("\n"));
}
