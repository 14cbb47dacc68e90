//! What a person sees: a line while the run goes on, failures, and a summary of at most fifteen lines.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::evidence::Evidence;
use super::failure;
use super::page::{BOLD, DIM, GREEN, Layout, PLAIN, Page, RED, YELLOW, clean, short};
use crate::conclude::{Claim, Conclusion, ExitStatus, Summary};
use crate::contract::requirement::Level;
use crate::judge::Verdict;
use crate::record::{Event, ReadError};
use crate::wire::Wire;

/// Root causes of a level that are shown.
const MOST_ROOTS: usize = 20;
/// Reasons that are shown.
const MOST_REASONS: usize = 10;

/// Every root cause once with its first evidence, deviations from a SHOULD in a section of their own, then what is inconclusive. Empty where there is nothing to tell.
///
/// # Errors
/// Where the record can't be read.
pub fn failures(record: &Path, summary: &Summary, layout: Layout) -> Result<String, ReadError> {
    let evidence = Evidence::gather(record, summary)?;
    let (must, other): (Vec<_>, Vec<_>) = summary.roots.sorted().into_iter().partition(|root| root.level == Level::Must);
    let mut text = String::new();
    let section = |title: &str, roots: &[&crate::conclude::Root], text: &mut String| {
        if !title.is_empty() && !roots.is_empty() {
            let mut page = Page::new(layout);
            page.line(BOLD, title, 0);
            text.push_str(&page.into_text());
            text.push('\n');
        }
        for root in roots.iter().take(MOST_ROOTS) {
            text.push_str(&failure::root(root, summary.rules(), &evidence, layout));
            text.push('\n');
        }
        if roots.len() > MOST_ROOTS {
            let _ = writeln!(text, "... {} more root causes are in the reports\n", roots.len() - MOST_ROOTS);
        }
    };
    section("", &must, &mut text);
    section("Deviations from a SHOULD or MAY:", &other, &mut text);
    if summary.roots.beyond > 0 {
        let _ = writeln!(text, "... {} more failures at ever other places are in the reports\n", summary.roots.beyond);
    }
    text.push_str(&known(summary, layout));
    text.push_str(&reasons(summary, layout));
    text.truncate(text.trim_end().len());
    if !text.is_empty() {
        text.push('\n');
    }
    Ok(text)
}

/// Known failures, a line each, and entries that aren't true.
fn known(summary: &Summary, layout: Layout) -> String {
    let mut page = Page::new(layout);
    let met: Vec<_> = summary.known.iter().filter(|(_, results)| !results.is_empty()).collect();
    if !met.is_empty() {
        page.line(BOLD, "Known failures:", 0);
        for (known, results) in met {
            let count = if results.len() == 1 { "1 result".to_owned() } else { format!("{} results", results.len()) };
            page.line(PLAIN, &format!("  {}, {}: {count}; {}", known.subject, known.kind, short(&known.why, 200)), 4);
        }
        page.blank();
    }
    let untrue = summary.untrue();
    if !untrue.is_empty() {
        page.line(RED, "Known failures that aren't true:", 0);
        for it in untrue {
            page.line(PLAIN, &format!("  {}, {}: {}", it.subject, it.kind, it.why), 4);
        }
        page.blank();
    }
    page.into_text()
}

/// Errors and inconclusive results by reason.
fn reasons(summary: &Summary, layout: Layout) -> String {
    let mut page = Page::new(layout);
    for (verdict, title, style) in [(Verdict::Error, "Faults of the harness:", RED), (Verdict::Inconclusive, "Inconclusive:", YELLOW)] {
        let mut all: Vec<_> = summary.reasons.iter().filter(|((found, _), _)| *found == verdict).collect();
        all.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        if all.is_empty() {
            continue;
        }
        page.line(style, title, 0);
        for ((_, reason), (count, first)) in all.iter().take(MOST_REASONS) {
            let also = if *count > 1 { format!(" and {} more", count - 1) } else { String::new() };
            page.line(PLAIN, &format!("  {first}{also}: {}", short(reason, 400)), 4);
        }
        if all.len() > MOST_REASONS {
            page.line(DIM, &format!("  ... {} more reasons are in the reports", all.len() - MOST_REASONS), 4);
        }
        page.blank();
    }
    page.into_text()
}

/// The summary: at most fifteen lines, the first names the target. `reports`: the folder with record and reports.
#[must_use]
pub fn summary(summary: &Summary, conclusion: &Conclusion, reports: &Path, layout: Layout) -> String {
    // Lines are shortened, not wrapped, so that there are never more than fifteen.
    let mut page = Page::new(Layout { width: usize::MAX, ..layout });
    let mut line = |label: &str, style, text: &str| page.labelled(label, style, &short(&clean(text).replace('\n', " "), 240));
    line("target", BOLD, &target(summary));
    line("run", PLAIN, &run(summary));
    let counts = &summary.counts;
    let of = |verdict: Verdict| format!("{} {verdict}", counts.of(verdict));
    let excused = |level: Level| summary.excused.get(&level).copied().unwrap_or_default();
    let failed = summary.levels.get(&Level::Must).map_or(0, |counts| counts.of(Verdict::Fail)) - excused(Level::Must);
    let style = if failed > 0 || counts.of(Verdict::Error) > 0 { RED } else { PLAIN };
    line("results", style, &format!("{} planned: {}", summary.planned(), Verdict::ALL.map(of).join(", ")));
    line("claims", PLAIN, &claims(summary));
    let live: Vec<&str> = Wire::ALL.iter().filter(|wire| summary.live.contains(wire)).map(|wire| wire.name()).collect();
    line("live", PLAIN, &if live.is_empty() { "no wire".to_owned() } else { live.join(", ") });
    let deviations: u64 =
        [Level::Should, Level::May].iter().filter_map(|level| Some(summary.levels.get(level)?.of(Verdict::Fail) - excused(*level))).sum();
    if deviations > 0 {
        line(
            "SHOULD",
            YELLOW,
            &format!("{deviations} {} from a SHOULD or MAY", if deviations == 1 { "result deviates" } else { "results deviate" }),
        );
    }
    let known: u64 = summary.excused.values().sum();
    if known > 0 {
        line(
            "known",
            PLAIN,
            &format!("{known} {} as listed in the known failures", if known == 1 { "result fails" } else { "results fail" }),
        );
    }
    if !summary.skips.is_empty() {
        line("skipped", PLAIN, &skips(summary));
    }
    if summary.lag.steps > 0 {
        let lag = summary.lag;
        line("lag", PLAIN, &format!("{} reads were asked again, the longest for {} ms", lag.steps, lag.longest / 1000));
    }
    if !summary.left.is_empty() {
        line("left", RED, &left(summary));
    }
    if !summary.is_complete() {
        line("partial", RED, "not every planned result is there");
    }
    line("reports", PLAIN, &reports.display().to_string());
    let style = match conclusion.exit {
        ExitStatus::Passed => GREEN,
        ExitStatus::Inconclusive | ExitStatus::Nothing => YELLOW,
        _ => RED,
    };
    line("exit", style, &format!("{}: {}", conclusion.exit.number(), conclusion.sentences.join("; ")));
    page.into_text()
}

fn target(summary: &Summary) -> String {
    let Some(started) = &summary.started else { return "unknown: the record has no beginning".to_owned() };
    let target = &started.target;
    if target.embedded {
        return format!("{}; this says nothing about any other server", target.address);
    }
    let claimed: Vec<&str> = ["name", "version"].iter().filter_map(|key| target.claimed.get(*key)).map(String::as_str).collect();
    if claimed.is_empty() { target.place() } else { format!("{} ({}, as claimed)", target.place(), claimed.join(" ")) }
}

fn run(summary: &Summary) -> String {
    let Some(started) = &summary.started else { return "unknown".to_owned() };
    let mut text = format!("{} of suite {}, seed {}", started.run, started.suite, started.seed);
    if let Some(ended) = &summary.ended {
        let _ = write!(text, ", {} exchanges in {}.{} s", ended.exchanges, ended.duration / 1_000_000, ended.duration / 100_000 % 10);
    }
    text
}

fn claims(summary: &Summary) -> String {
    let mut counts = [0u64; 5];
    for row in summary.requirements() {
        let index = match row.claim {
            Claim::Pass => 0,
            Claim::Fail => 1,
            Claim::Inconclusive => 2,
            Claim::Skip(_) => 3,
            Claim::Untested => 4,
        };
        counts[index] += 1;
    }
    let [pass, fail, inconclusive, skip, untested] = counts;
    format!("of requirements on wires: {pass} pass, {fail} fail, {inconclusive} inconclusive, {skip} skip, {untested} untested")
}

fn skips(summary: &Summary) -> String {
    let mut by_reason: Vec<(&str, u64)> = Vec::new();
    for ((reason, _), count) in &summary.skips {
        match by_reason.iter_mut().find(|(known, _)| known == reason) {
            Some((_, all)) => *all += count,
            None => by_reason.push((reason, *count)),
        }
    }
    by_reason.iter().map(|(reason, count)| format!("{count} {reason}")).collect::<Vec<_>>().join(", ")
}

fn left(summary: &Summary) -> String {
    let shown: Vec<String> = summary.left.iter().take(2).map(|left| format!("{} {} ({})", left.fixture, left.what, left.reason)).collect();
    let more = summary.left.len().saturating_sub(shown.len());
    let more = if more > 0 { format!("; {more} more in the report") } else { String::new() };
    format!("not removed: {}{more}", shown.join("; "))
}

/// Shows on a stream how far a run is: one line that changes on a terminal, now and then a line elsewhere.
pub struct Progress {
    out: Box<dyn Write + Send>,
    live: bool,
    width: usize,
    summary: Summary,
    shown: Option<Instant>,
    tenths: u64,
}

impl Progress {
    /// On stderr; nothing where `quiet`.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        if quiet {
            return Self::to(Box::new(io::sink()), false, 80);
        }
        let width = Layout::terminal().width.min(80);
        Self::to(Box::new(io::stderr()), io::stderr().is_terminal(), width)
    }

    /// On a writer; `live`: it is a terminal.
    #[must_use]
    pub fn to(out: Box<dyn Write + Send>, live: bool, width: usize) -> Self {
        Self { out, live, width, summary: Summary::default(), shown: None, tenths: 0 }
    }

    /// Takes in the next event. That a progress line can't be written stops nothing.
    pub fn show(&mut self, event: &Event) {
        match event {
            Event::RunStarted(started) => {
                self.summary.fold(event);
                let address = clean(&started.target.place());
                if !self.live {
                    let _ =
                        writeln!(self.out, "run {}: {} results planned for {address}, seed {}", started.run, started.planned, started.seed);
                }
            }
            // Only counts are wanted: the exchanges of trials are none of its business.
            Event::TrialEnded(_) | Event::AgreementEnded(_) | Event::PassiveEnded(_) => self.summary.fold(event),
            Event::TargetLost(lost) => self.say(&lost.reason),
            Event::Restricted(restricted) => {
                let role = restricted.role.as_ref().map(|role| format!("; a token with the role {role} may")).unwrap_or_default();
                self.say(&format!(
                    "{} trials are skipped: the token may not make {} ({}){role}",
                    restricted.trials, restricted.what, restricted.reason
                ));
            }
            Event::Left(left) => self.say(&format!("left: {} {} ({})", left.fixture, left.what, left.reason)),
            Event::Witness(witness) => {
                self.say(&format!("note: {witness}"));
                return;
            }
            Event::ProbeEnded(_) | Event::Background(_) | Event::RunEnded(_) => return,
        }
        let (done, planned) = (self.summary.counts.total(), self.summary.planned().max(1));
        if self.live {
            if self.shown.is_none_or(|shown| shown.elapsed() >= Duration::from_millis(80)) {
                self.shown = Some(Instant::now());
                let line: String = self.line().chars().take(self.width.saturating_sub(1)).collect();
                let _ = write!(self.out, "\r\u{1b}[K{line}");
                let _ = self.out.flush();
            }
        } else if done * 10 / planned > self.tenths {
            self.tenths = done * 10 / planned;
            let line = self.line();
            let _ = writeln!(self.out, "{line}");
        }
    }

    /// Takes the line away.
    pub fn finish(&mut self) {
        if self.live {
            let _ = write!(self.out, "\r\u{1b}[K");
            let _ = self.out.flush();
        }
    }

    fn say(&mut self, text: &str) {
        let before = if self.live { "\r\u{1b}[K" } else { "" };
        let _ = writeln!(self.out, "{before}{}", clean(text));
    }

    fn line(&self) -> String {
        let counts = &self.summary.counts;
        let mut text = format!("{}/{}", counts.total(), self.summary.planned());
        for verdict in Verdict::ALL {
            if counts.of(verdict) > 0 {
                let _ = write!(text, "  {} {verdict}", counts.of(verdict));
            }
        }
        text
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").field("live", &self.live).finish_non_exhaustive()
    }
}
