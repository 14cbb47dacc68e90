//! The JSON report: `schemas/format/report.schema.json` says what is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde::Serialize;

use super::{Format, RenderError, Source, try_each};
use crate::conclude::{RequirementOnWire, Summary};
use crate::judge::{Judgement, SkipReason, Verdict};
use crate::record::{AgreementEnded, Event, PassiveEnded, TargetIdentity, TrialEnded};
use crate::target::KnownFailure;
use crate::wire::Transport;

/// Grows when a reader of this report would have to change.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Run<'a> {
    name: &'a str,
    at: &'a str,
    triwire: &'a str,
    suite: &'a str,
    suite_hash: &'a str,
    contract_hash: &'a str,
    seed: u64,
    options: &'a BTreeMap<String, String>,
    exchanges: Option<u64>,
    microseconds: Option<u64>,
}

#[derive(Serialize)]
struct Concluded<'a> {
    exit: u8,
    meaning: &'static str,
    sentences: &'a [String],
}

#[derive(Serialize)]
struct Counted {
    planned: u64,
    pass: u64,
    fail: u64,
    inconclusive: u64,
    skip: u64,
    error: u64,
}

#[derive(Serialize)]
struct Violated<'a> {
    requirement: &'a str,
    kind: &'a str,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    case: Option<&'a str>,
    variant: Option<&'a str>,
    wire: String,
    http: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<u32>,
    verdict: Verdict,
    level: &'static str,
    requirements: &'a [String],
    violated: Vec<Violated<'a>>,
    reason: Option<&'a str>,
    /// Why the failure is expected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    known: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skip: Option<&'static str>,
    exchanges: Vec<u64>,
}

#[derive(Serialize)]
struct Requirement<'a> {
    id: &'a str,
    wire: &'static str,
    level: &'static str,
    verdict: &'static str,
    held: u64,
    violated: u64,
    results: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    known: &'a KnownFailure,
    results: &'a BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    untrue: Option<String>,
}

/// See the module.
pub static FORMAT: Format = Format { name: "json", ending: "json", render };

/// Writes the report, one result and one requirement a line.
fn render(Source { record, summary, conclusion }: Source<'_>, out: &mut dyn Write) -> Result<(), RenderError> {
    let started = summary.started.as_ref();
    let ended = summary.ended.as_ref();
    let target: Option<&TargetIdentity> = started.map(|started| &started.target);
    let run = started.map(|started| Run {
        name: &started.run,
        at: &started.at,
        triwire: &started.triwire,
        suite: &started.suite,
        suite_hash: &started.suite_hash,
        contract_hash: &started.contract_hash,
        seed: started.seed,
        options: &started.options,
        exchanges: ended.map(|ended| ended.exchanges),
        microseconds: ended.map(|ended| ended.duration),
    });
    let exit = conclusion.exit;
    let concluded = Concluded { exit: exit.number(), meaning: exit.meaning(), sentences: &conclusion.sentences };
    let counts = &summary.counts;
    let counted = Counted {
        planned: summary.planned(),
        pass: counts.of(Verdict::Pass),
        fail: counts.of(Verdict::Fail),
        inconclusive: counts.of(Verdict::Inconclusive),
        skip: counts.of(Verdict::Skip),
        error: counts.of(Verdict::Error),
    };
    write!(out, "{{\n\"version\": {VERSION},\n\"complete\": {}", summary.is_complete())?;
    member(out, "target", &target)?;
    member(out, "run", &run)?;
    member(out, "conclusion", &concluded)?;
    member(out, "summary", &counted)?;
    member(out, "left", &summary.left)?;
    if !summary.known.is_empty() {
        member(out, "known_failures", &known_failures(summary))?;
    }
    let mut rows = List::open(out, "results")?;
    try_each(record, |event| match event {
        Event::TrialEnded(trial) => rows.item(&trial_row(trial, summary)),
        Event::AgreementEnded(agreement) => rows.item(&agreement_row(agreement, summary)),
        Event::PassiveEnded(passive) => rows.item(&passive_row(passive, summary)),
        _ => Ok(()),
    })?;
    rows.close()?;
    let mut rows = List::open(out, "requirements")?;
    for row in summary.requirements() {
        rows.item(&requirement_row(&row))?;
    }
    rows.close()?;
    out.write_all(b"\n}\n")?;
    Ok(())
}

fn member(out: &mut dyn Write, name: &str, value: &impl Serialize) -> Result<(), RenderError> {
    write!(out, ",\n\"{name}\": ")?;
    serde_json::to_writer(out, value)?;
    Ok(())
}

/// A list that is written while it is made.
struct List<'a> {
    out: &'a mut dyn Write,
    is_empty: bool,
}

impl<'a> List<'a> {
    fn open(out: &'a mut dyn Write, name: &str) -> Result<Self, RenderError> {
        write!(out, ",\n\"{name}\": [")?;
        Ok(Self { out, is_empty: true })
    }

    fn item(&mut self, value: &impl Serialize) -> Result<(), RenderError> {
        self.out.write_all(if self.is_empty { b"\n" } else { b",\n" })?;
        self.is_empty = false;
        serde_json::to_writer(&mut self.out, value)?;
        Ok(())
    }

    fn close(self) -> Result<(), RenderError> {
        self.out.write_all(if self.is_empty { b"]" } else { b"\n]" })?;
        Ok(())
    }
}

fn trial_row<'a>(trial: &'a TrialEnded, summary: &'a Summary) -> Row<'a> {
    let steps = trial.observation.iter().flat_map(|observation| &observation.steps);
    let exchanges = steps.flat_map(|step| &step.attempts).map(|exchange| exchange.id).collect();
    let place = Some(trial.transports.as_slice());
    let names = (Some(trial.case.as_str()), trial.variant.as_deref(), trial.repeat);
    row(&trial.id, names, place, &trial.judgement, summary, exchanges)
}

fn agreement_row<'a>(agreement: &'a AgreementEnded, summary: &'a Summary) -> Row<'a> {
    let exchanges = agreement.judgement.violated.iter().filter_map(|violation| violation.exchange).collect();
    let place = Some(agreement.transports.as_slice());
    let names = (Some(agreement.case.as_str()), agreement.variant.as_deref(), agreement.repeat);
    row(&agreement.id, names, place, &agreement.judgement, summary, exchanges)
}

fn passive_row<'a>(passive: &'a PassiveEnded, summary: &'a Summary) -> Row<'a> {
    let mut row = row(&passive.id, (None, None, 1), None, &passive.judgement, summary, passive.exchanges.clone());
    row.wire = passive.wire.to_string();
    row.known = excuses(summary, &passive.id, &[passive.wire.to_string()], &passive.judgement);
    row
}

fn row<'a>(
    id: &'a str,
    (case, variant, repeat): (Option<&'a str>, Option<&'a str>, u32),
    transports: Option<&[Transport]>,
    judgement: &'a Judgement,
    summary: &'a Summary,
    mut exchanges: Vec<u64>,
) -> Row<'a> {
    exchanges.sort_unstable();
    exchanges.dedup();
    let places: Vec<String> = transports.iter().flat_map(|all| all.iter().map(ToString::to_string)).collect();
    let joined = |name: fn(&Transport) -> &'static str| transports.map(|all| all.iter().map(name).collect::<Vec<_>>().join("+"));
    Row {
        id,
        case,
        variant,
        wire: joined(|transport| transport.wire.name()).unwrap_or_default(),
        http: joined(|transport| transport.http.name()),
        repeat: (repeat > 1).then_some(repeat),
        verdict: judgement.verdict,
        level: summary.level(judgement).name(),
        requirements: &judgement.requirements,
        violated: judgement
            .violated
            .iter()
            .map(|violation| Violated { requirement: &violation.requirement, kind: &violation.kind })
            .collect(),
        reason: judgement.reason.as_deref(),
        known: excuses(summary, id, &places, judgement),
        skip: judgement.skip.map(SkipReason::name),
        exchanges,
    }
}

/// Why a failure is expected.
fn excuses<'a>(summary: &'a Summary, id: &str, places: &[String], judgement: &Judgement) -> Vec<&'a str> {
    let excused = summary.known.excuse(id, places, judgement).unwrap_or_default();
    excused.into_iter().map(|known| known.why.as_str()).collect()
}

/// The list of known failures with what each excused, or why it isn't true.
fn known_failures(summary: &Summary) -> Vec<Listed<'_>> {
    let untrue = summary.untrue();
    let why_untrue =
        |known: &KnownFailure| untrue.iter().find(|it| (&it.subject, &it.kind) == (&known.subject, &known.kind)).map(|it| it.why.clone());
    summary.known.iter().map(|(known, results)| Listed { known, results, untrue: why_untrue(known) }).collect()
}

fn requirement_row(row: &RequirementOnWire) -> Requirement<'_> {
    Requirement {
        id: &row.id,
        wire: row.wire.name(),
        level: row.level.name(),
        verdict: row.claim.name(),
        held: row.held,
        violated: row.violated,
        results: &row.results,
        reason: row.reason.as_deref(),
    }
}
