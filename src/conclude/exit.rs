//! The exit status: one type, one table, one precedence.

use std::process::ExitCode;

use super::summary::Summary;
use crate::contract::requirement::Level;
use crate::judge::{SkipReason, Verdict};

/// How a run ends for whoever started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// 130: interrupted by SIGINT.
    Interrupted,
    /// 143: stopped by SIGTERM.
    Terminated,
    /// 2: wrong usage or input.
    Usage,
    /// 5: the target can't be used.
    Unusable,
    /// 3: the harness is at fault.
    Harness,
    /// 4: nothing was executed.
    Nothing,
    /// 1: something that gates failed.
    Failed,
    /// 6: verdicts differ between repetitions.
    Unstable,
    /// 7: nothing failed, but not everything could be shown.
    Inconclusive,
    /// 0.
    Passed,
}

/// The table as `--help` shows it; a test keeps it equal to the type.
pub const EXIT_TABLE: &str = "\
Exit status, the first that applies:
  130  interrupted (SIGINT)
  143  stopped (SIGTERM)
    2  wrong usage, or mistakes in the input; nothing was sent
    5  the target can't be used: not reached, no claimed wire spoken, token refused, or lost on the way
    3  fault of the harness, or a report can't be written
    4  nothing was selected or executed
    1  a MUST was violated (with --gate should: a MUST or a SHOULD) and is no known failure,
       or an entry of the known failures isn't true (any more)
    6  unstable: the same trial had different verdicts in --repeat
    7  nothing failed, but something that gates is inconclusive, or was skipped because the token may not
       (--allow-skip permission accepts the latter)
    0  everything that gates passed, or doesn't apply to the target";

impl ExitStatus {
    /// All, in the order of precedence.
    pub const ALL: [Self; 10] = [
        Self::Interrupted,
        Self::Terminated,
        Self::Usage,
        Self::Unusable,
        Self::Harness,
        Self::Nothing,
        Self::Failed,
        Self::Unstable,
        Self::Inconclusive,
        Self::Passed,
    ];

    /// The number that the process ends with.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Interrupted => 130,
            Self::Terminated => 143,
            Self::Usage => 2,
            Self::Unusable => 5,
            Self::Harness => 3,
            Self::Nothing => 4,
            Self::Failed => 1,
            Self::Unstable => 6,
            Self::Inconclusive => 7,
            Self::Passed => 0,
        }
    }

    /// What it means, in a line.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted (SIGINT)",
            Self::Terminated => "stopped (SIGTERM)",
            Self::Usage => "wrong usage, or mistakes in the input; nothing was sent",
            Self::Unusable => "the target can't be used: not reached, no claimed wire spoken, token refused, or lost on the way",
            Self::Harness => "fault of the harness, or a report can't be written",
            Self::Nothing => "nothing was selected or executed",
            Self::Failed => {
                "a MUST was violated (with --gate should: a MUST or a SHOULD) and is no known failure, or an entry of the known failures isn't true (any more)"
            }
            Self::Unstable => "unstable: the same trial had different verdicts in --repeat",
            Self::Inconclusive => "nothing failed, but something that gates is inconclusive, or was skipped because the token may not",
            Self::Passed => "everything that gates passed, or doesn't apply to the target",
        }
    }

    /// Of two, the one that comes first in the table.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::ALL.into_iter().find(|status| *status == self || *status == other).unwrap_or(self)
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.number())
    }
}

/// What the person who started the run accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// SHOULD counts like MUST.
    pub gate_should: bool,
    /// What was skipped because the token may not is accepted.
    pub allow_skip_permission: bool,
}

impl Policy {
    /// The policy that a record's options tell: `gate` and `allow-skip`.
    #[must_use]
    pub fn recorded(summary: &Summary) -> Self {
        let option = |name: &str| summary.started.as_ref().and_then(|started| started.options.get(name)).map(String::as_str);
        Self { gate_should: option("gate") == Some("should"), allow_skip_permission: option("allow-skip") == Some("permission") }
    }

    const fn gates(self, level: Level) -> bool {
        match level {
            Level::Must => true,
            Level::Should => self.gate_should,
            Level::May => false,
        }
    }
}

/// What follows from a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// The exit status.
    pub exit: ExitStatus,
    /// Why, in sentences: what decided first, then what else would have.
    pub sentences: Vec<String>,
}

impl Conclusion {
    /// Takes in what happened after the run, e.g. a report that couldn't be written.
    pub fn add(&mut self, status: ExitStatus, sentence: String) {
        let exit = self.exit.or(status);
        if self.exit == ExitStatus::Passed {
            self.sentences.clear();
        }
        // What decided comes first.
        let at = if exit == self.exit { self.sentences.len() } else { 0 };
        self.sentences.insert(at, sentence);
        self.exit = exit;
    }
}

/// Concludes from everything that a run found.
#[must_use]
pub fn conclude(summary: &Summary, policy: Policy) -> Conclusion {
    let mut causes: Vec<(ExitStatus, String)> = Vec::new();
    let interrupted = summary.interrupted();
    match interrupted {
        Some(15) => causes.push((ExitStatus::Terminated, "the run was stopped by SIGTERM; the report is partial".to_owned())),
        Some(_) => causes.push((ExitStatus::Interrupted, "the run was interrupted; the report is partial".to_owned())),
        None => {}
    }
    if let Some(reason) = &summary.lost {
        causes.push((ExitStatus::Unusable, reason.clone()));
    } else if summary.is_mute() && interrupted.is_none() {
        causes.push((ExitStatus::Unusable, "no probe was answered as it should be".to_owned()));
    }
    let unusable = causes.iter().any(|(status, _)| *status == ExitStatus::Unusable);
    let gating = |verdict: Verdict| -> u64 {
        summary.levels.iter().filter(|(level, _)| policy.gates(**level)).map(|(_, counts)| counts.of(verdict)).sum()
    };
    let excused: u64 = summary.excused.iter().filter(|(level, _)| policy.gates(**level)).map(|(_, count)| count).sum();
    let failed = gating(Verdict::Fail).saturating_sub(excused);
    let nothing = summary.executed == 0 && gating(Verdict::Fail) == 0;
    if let Some(fault) = harness_fault(summary, interrupted.is_some() || unusable, nothing) {
        causes.push((ExitStatus::Harness, fault));
    }
    if nothing && interrupted.is_none() && !unusable {
        causes.push((ExitStatus::Nothing, "no trial was executed: look at the filters, and at the reasons of what was skipped".to_owned()));
    }
    if failed > 0 {
        let of = if policy.gate_should { "a MUST or SHOULD" } else { "a MUST" };
        causes.push((ExitStatus::Failed, format!("{failed} {} {of}", plural(failed, "result violates", "results violate"))));
    }
    let untrue = summary.untrue();
    if let Some(first) = untrue.first() {
        let count = untrue.len() as u64;
        let what = plural(count, "known failure isn't true", "known failures aren't true");
        causes.push((ExitStatus::Failed, format!("{count} {what}: {}, {}: {}", first.subject, first.kind, first.why)));
    }
    if let Some(first) = summary.unstable.first() {
        let count = summary.unstable.len() as u64;
        causes.push((
            ExitStatus::Unstable,
            format!("{count} {} different verdicts when repeated, e.g. {first}", plural(count, "trial has", "trials have")),
        ));
    }
    let inconclusive = gating(Verdict::Inconclusive);
    if inconclusive > 0 {
        let what = plural(inconclusive, "result that gates is", "results that gate are");
        causes.push((ExitStatus::Inconclusive, format!("{inconclusive} {what} inconclusive")));
    }
    let unpermitted: u64 = summary
        .skips
        .iter()
        .filter(|((reason, level), _)| *reason == SkipReason::Permission.name() && policy.gates(*level))
        .map(|(_, count)| count)
        .sum();
    if unpermitted > 0 && !policy.allow_skip_permission {
        let what = plural(unpermitted, "result was", "results were");
        causes.push((
            ExitStatus::Inconclusive,
            format!("{unpermitted} {what} skipped because the token may not (--allow-skip permission accepts that)"),
        ));
    }
    let exit = causes.iter().map(|(status, _)| *status).fold(ExitStatus::Passed, ExitStatus::or);
    // Causes were found in the order of the table, so the one that decided comes first.
    let mut sentences: Vec<String> = causes.into_iter().map(|(_, sentence)| sentence).collect();
    if sentences.is_empty() {
        let but = match excused {
            0 => String::new(),
            count => format!("; {count} {} as listed in the known failures", plural(count, "result fails", "results fail")),
        };
        sentences.push(format!("{}{but}", ExitStatus::Passed.meaning()));
    }
    Conclusion { exit, sentences }
}

/// What the harness did wrong, if anything. `excused`: the run was cut short for a reason that is known.
fn harness_fault(summary: &Summary, excused: bool, nothing: bool) -> Option<String> {
    let errors = summary.counts.of(Verdict::Error);
    if errors > 0 {
        return Some(format!("fault of the harness in {errors} {}", plural(errors, "result", "results")));
    }
    let Some(ended) = &summary.ended else {
        return Some("the record ends before the run did: the harness was killed or crashed".to_owned());
    };
    if excused {
        return None;
    }
    let (planned, counted) = (summary.planned(), summary.counts.total());
    if ended.complete && planned != counted {
        return Some(format!("fault of the harness: {planned} results were planned, {counted} are in the record"));
    }
    (!ended.complete && !nothing).then(|| format!("the run ended early without a reason: {counted} of {planned} results are in the record"))
}

const fn plural(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}
