//! `JUnit` XML: fail is `failure`, inconclusive and error are `error`, skip and deviations that don't gate are `skipped` with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::evidence::Evidence;
use super::page::clean;
use super::{Format, Layout, RenderError, Source, each, failure};
use crate::conclude::{Policy, Summary};
use crate::contract::requirement::Level;
use crate::judge::{Judgement, SkipReason, Verdict};
use crate::record::{Event, TrialEnded};
use crate::target::KnownFailure;
use crate::wire::Transport;

/// Columns of the texts of failures.
const WIDTH: usize = 120;

/// See the module.
pub static FORMAT: Format = Format { name: "junit", ending: "xml", render };

/// Writes the report: a suite for each case file, and one for the passive results.
fn render(Source { record, summary, .. }: Source<'_>, out: &mut dyn Write) -> Result<(), RenderError> {
    let evidence = Evidence::gather(record, summary)?;
    let started = summary.started.as_ref();
    let mut junit = Junit { summary, evidence, gate_should: Policy::recorded(summary).gate_should, suites: BTreeMap::new() };
    each(record, |event| match event {
        Event::TrialEnded(trial) => {
            let case = junit.case(
                &trial.id,
                &places(&trial.transports),
                Some(trial.repeat),
                &trial.judgement,
                Some(trial.duration),
                &also_seen(trial),
            );
            junit.add(topic(&trial.case), case);
        }
        Event::AgreementEnded(agreement) => {
            let case = junit.case(&agreement.id, &places(&agreement.transports), Some(agreement.repeat), &agreement.judgement, None, "");
            junit.add(topic(&agreement.case), case);
        }
        Event::PassiveEnded(passive) => {
            let told = format!("held on {} exchanges, violated on {}", passive.held, passive.violated);
            let case = junit.case(&passive.id, &[passive.wire.to_string()], None, &passive.judgement, None, &told);
            junit.add("requirement", case);
        }
        _ => {}
    })?;
    let mut report = Report::new(clean(&started.map_or_else(|| "triwire".to_owned(), |started| format!("triwire {}", started.suite))));
    if let Some(ended) = &summary.ended {
        report.set_time(Duration::from_micros(ended.duration));
    }
    for (name, cases) in junit.suites {
        let mut suite = TestSuite::new(name);
        if let Some(started) = started {
            suite.add_property(("target", clean(&started.target.place()).as_str()));
            suite.add_property(("seed", started.seed.to_string().as_str()));
            suite.add_property(("complete", if summary.is_complete() { "true" } else { "false" }));
        }
        suite.add_test_cases(cases);
        report.add_test_suite(suite);
    }
    report.serialize(&mut *out).map_err(|error| RenderError::Write(io::Error::other(error)))
}

/// The file of a case: the first part of its id.
fn topic(case: &str) -> &str {
    case.split("::").next().unwrap_or(case)
}

fn places(transports: &[Transport]) -> Vec<String> {
    transports.iter().map(ToString::to_string).collect()
}

/// A failure that is listed: shown, but not counted against the target.
fn expected(judgement: &Judgement, known: &[&KnownFailure]) -> TestCaseStatus {
    let why: Vec<String> = known.iter().map(|known| format!("{} <{}>", known.why, known.link)).collect();
    let mut status = TestCaseStatus::skipped();
    status.set_type("known-failure").set_message(clean(&format!("known failure: {}; {}", why.join("; "), failure::headline(judgement))));
    status
}

/// Passive violations that a trial's exchanges show: they have results of their own.
fn also_seen(trial: &TrialEnded) -> String {
    let seen: BTreeSet<String> = trial
        .checks
        .iter()
        .flat_map(|(exchange, seen)| seen.iter().map(move |one| (exchange, one)))
        .filter_map(|(exchange, one)| {
            let finding = one.violated.as_ref()?;
            Some(format!("also seen here: {} {} (exchange {exchange})", one.requirement, finding.kind))
        })
        .collect();
    seen.into_iter().collect::<Vec<_>>().join("\n")
}

struct Junit<'a> {
    summary: &'a Summary,
    evidence: Evidence,
    gate_should: bool,
    suites: BTreeMap<String, Vec<TestCase>>,
}

impl Junit<'_> {
    fn add(&mut self, suite: &str, case: TestCase) {
        self.suites.entry(clean(suite)).or_default().push(case);
    }

    fn case(&self, id: &str, places: &[String], repeat: Option<u32>, judgement: &Judgement, duration: Option<u64>, told: &str) -> TestCase {
        let name = match repeat {
            Some(repeat) if repeat > 1 => format!("{id} (repetition {repeat})"),
            _ => id.to_owned(),
        };
        let mut case = TestCase::new(clean(&name), self.status(id, places, judgement));
        case.set_classname(clean(topic(id)));
        if let Some(duration) = duration {
            case.set_time(Duration::from_micros(duration));
        }
        if !told.is_empty() {
            case.set_system_out(clean(told));
        }
        case
    }

    fn status(&self, id: &str, places: &[String], judgement: &Judgement) -> TestCaseStatus {
        let reason = || clean(judgement.reason.as_deref().unwrap_or("no reason was given"));
        match judgement.verdict {
            Verdict::Pass => TestCaseStatus::success(),
            Verdict::Fail => match self.summary.known.excuse(id, places, judgement) {
                Some(known) => expected(judgement, &known),
                None => self.failure(id, judgement),
            },
            Verdict::Inconclusive | Verdict::Error => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                status.set_type(judgement.verdict.name()).set_message(reason());
                status
            }
            Verdict::Skip => {
                let mut status = TestCaseStatus::skipped();
                let kind = judgement.skip.map_or("skip", SkipReason::name);
                status.set_type(kind).set_message(format!("{kind}: {}", reason()));
                status
            }
        }
    }

    fn failure(&self, id: &str, judgement: &Judgement) -> TestCaseStatus {
        let level = self.summary.level(judgement);
        let gates = level == Level::Must || (level == Level::Should && self.gate_should);
        let mut status = if gates { TestCaseStatus::non_success(NonSuccessKind::Failure) } else { TestCaseStatus::skipped() };
        let headline = failure::headline(judgement);
        let message = if gates { headline } else { format!("deviation from a {level}: {headline}") };
        let kind = judgement.violated.first().map_or("failed", |violation| violation.kind.as_str());
        status.set_type(clean(kind)).set_message(message);
        let roots = self.summary.roots.of(judgement);
        let (own, elsewhere): (Vec<_>, Vec<_>) = roots.into_iter().partition(|root| root.first.id == id);
        let mut texts: Vec<String> =
            own.iter().map(|root| failure::root(root, self.summary.rules(), &self.evidence, Layout::plain(WIDTH))).collect();
        if !elsewhere.is_empty() || texts.is_empty() {
            texts.push(failure::again(judgement, &elsewhere));
        }
        status.set_description(texts.join("\n"));
        status
    }
}
