//! Faults of the harness are told as such: provoked here, for no input can reach some of them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::case::read_suite;
use crate::check::Seen;
use crate::conclude::{ExitStatus, Policy, Summary, conclude};
use crate::reference::{self, Reference};
use crate::target::{Endpoint, Timeouts, Trust};
use crate::wire::{Connector, Exchange, Role};

/// Runs a suite against a correct target and gives what follows, with the reasons of errors.
async fn run_against_reference(suite: &Suite, examiner: Examiner) -> (ExitStatus, Vec<String>, Ended) {
    let target = Reference::start(reference::Options::default()).await.expect("the reference target starts");
    let connector = Connector::new(Endpoint::parse(&target.url()).expect("an address"), &Trust::default(), Timeouts::default());
    let setting = Setting {
        contract: Contract::built_in(),
        suite,
        selection: Selection { profiles: ["core".to_owned()].into(), filters: vec!["::grpc".to_owned()], ..Selection::default() },
        options: Options {
            jobs: 4,
            bound: Duration::from_secs(5),
            token: Some(target.token().to_owned()),
            claimed: Vec::new(),
            message_limit: None,
            origins: Vec::new(),
            offers: Vec::new(),
            unprobed: false,
        },
        client: Client::new(connector.expect("a connector"), Timeouts::default()),
        target: TargetIdentity { address: target.url(), embedded: true, ..TargetIdentity::default() },
        recorded_options: BTreeMap::new(),
        known_failures: Vec::new(),
        journal: Journal::none(),
        stop: Stop::default(),
    };
    let mut summary = Summary::new(Contract::built_in());
    let ended = run_with(setting, examiner, |event| summary.fold(&event)).await;
    target.shutdown().await;
    let reasons = summary.reasons.keys().filter(|(verdict, _)| *verdict == Verdict::Error).map(|(_, reason)| reason.clone()).collect();
    assert_eq!(summary.counts.of(Verdict::Fail), 0, "never blamed on the target");
    (conclude(&summary, Policy::default()).exit, reasons, ended)
}

fn panics_in(exchange: &Exchange, role: Role) -> Vec<Seen> {
    assert!(exchange.intent.role != role, "a check that can't stand this");
    Vec::new()
}

fn panics_in_trials(exchange: &Exchange, _: &Contract) -> Vec<Seen> {
    panics_in(exchange, Role::Trial)
}

fn panics_in_fixtures(exchange: &Exchange, _: &Contract) -> Vec<Seen> {
    panics_in(exchange, Role::Fixture)
}

fn panics_in_probes(exchange: &Exchange, _: &Contract) -> Vec<Seen> {
    panics_in(exchange, Role::Probe)
}

#[tokio::test]
async fn a_panic_in_a_check_is_a_fault_of_the_harness() {
    let mut suite = Suite::built_in(Contract::built_in()).expect("the built-in suite has no mistakes");
    suite.cases.retain(|case| case.topic == "text" || case.id.contains("::adds-OTP"));
    for (examiner, place) in [(panics_in_trials as Examiner, "trial"), (panics_in_fixtures, "fixture"), (panics_in_probes, "probe")] {
        let (exit, reasons, _) = run_against_reference(&suite, examiner).await;
        assert_eq!(exit, ExitStatus::Harness, "{place}: {reasons:?}");
        assert!(!reasons.is_empty(), "{place}");
        for reason in reasons {
            assert!(reason.starts_with("fault of the harness: ") && reason.contains("a check that can't stand this"), "{place}: {reason}");
        }
    }
}

#[tokio::test]
async fn a_probe_that_can_not_be_sent_is_a_fault_of_the_harness() {
    let mut files: Vec<(PathBuf, String)> = Suite::built_in_files();
    for (_, text) in files.iter_mut().filter(|(name, _)| name.as_os_str() == "suite.yaml") {
        *text =
            text.replace("  as: run\n  expect: { body: { policy", "  as: run\n  bytes: \"08\"\n  defect: none\n  expect: { body: { policy");
    }
    let suite = read_suite(&files, Contract::built_in()).expect("no mistakes");
    let (exit, reasons, ended) = run_against_reference(&suite, judge::examine).await;
    assert_eq!(exit, ExitStatus::Harness, "{reasons:?}");
    assert!(matches!(ended, Ended::Harness(_)), "{ended:?}");
}
