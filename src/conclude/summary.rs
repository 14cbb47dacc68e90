//! The fold over events: everything that is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::known::Known;
use super::requirement::{RequirementOnWire, Tally};
use super::root::{Origin, Roots, names};
use super::rules::Rules;
use crate::contract::Contract;
use crate::contract::requirement::Level;
use crate::judge::{Judgement, Observation, SkipReason, Verdict};
use crate::record::event::{AgreementEnded, Event, Left, PassiveEnded, RunEnded, RunStarted, TrialEnded};
use crate::target::Presence;
use crate::wire::{Transport, Wire};

/// Different reasons that are kept; more are counted without their text.
const MOST_REASONS: usize = 100;

/// How many results have which verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u64; Verdict::ALL.len()]);

impl Counts {
    /// Results with this verdict.
    #[must_use]
    pub fn of(&self, verdict: Verdict) -> u64 {
        self.0[verdict as usize]
    }

    /// All results.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    fn add(&mut self, verdict: Verdict) {
        self.0[verdict as usize] += 1;
    }
}

/// Reads that were asked again because they lagged behind writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lag {
    /// Steps that were asked more than once.
    pub steps: u64,
    /// The longest time between the first and the last attempt, micro-seconds.
    pub longest: u64,
}

/// Everything that a run found, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    rules: Rules,
    /// Who judged what with what.
    pub started: Option<RunStarted>,
    /// How it ended; `None`: the record was cut off.
    pub ended: Option<RunEnded>,
    /// All results by verdict.
    pub counts: Counts,
    /// The same by the strictest level that a result answers for.
    pub levels: BTreeMap<Level, Counts>,
    /// Skipped results by reason, and those of them at each level.
    pub skips: BTreeMap<(&'static str, Level), u64>,
    /// Trials that were executed.
    pub executed: u64,
    /// Wires on which at least one positive step met its whole expectation.
    pub live: BTreeSet<Wire>,
    /// The list of known failures.
    pub known: Known,
    /// Failed results that it excuses, by level.
    pub excused: BTreeMap<Level, u64>,
    /// Failures by root cause, those that are excused left out.
    pub roots: Roots,
    /// Reasons of inconclusive results and errors, with their number and the first result.
    pub reasons: BTreeMap<(Verdict, String), (u64, String)>,
    /// Exchanges of fixtures.
    pub background: u64,
    /// Reads that lagged.
    pub lag: Lag,
    /// What the run created and is still there.
    pub left: Vec<Left>,
    /// Why the target can't be used (any more).
    pub lost: Option<String>,
    /// Trials whose verdict differs between repetitions.
    pub unstable: BTreeSet<String>,
    probes: u64,
    answered_probes: u64,
    tallies: BTreeMap<(String, Wire), Tally>,
    ids: Vec<String>,
    by_id: BTreeMap<String, u32>,
    verdicts: BTreeMap<u64, Verdict>,
}

impl Summary {
    /// An empty summary under a contract.
    #[must_use]
    pub fn new(contract: &Contract) -> Self {
        Self::with(Rules::of(contract))
    }

    /// An empty summary under these rules.
    #[must_use]
    pub fn with(rules: Rules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// The rules.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Trials, agreements and passive results that were planned.
    #[must_use]
    pub fn planned(&self) -> u64 {
        self.started.as_ref().map_or(0, |started| started.planned)
    }

    /// The signal that interrupted the run.
    #[must_use]
    pub fn interrupted(&self) -> Option<i32> {
        self.ended.as_ref().and_then(|ended| ended.interrupted)
    }

    /// Whether every planned result is there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.ended.as_ref().is_some_and(|ended| ended.complete) && self.counts.total() == self.planned()
    }

    /// No probe was answered as it should be.
    #[must_use]
    pub const fn is_mute(&self) -> bool {
        self.probes > 0 && self.answered_probes == 0
    }

    /// The preflight found that the target can't be used.
    pub fn unusable(&mut self, reason: &str) {
        self.lost.get_or_insert_with(|| reason.to_owned());
    }

    /// The strictest level that a result violates, else that it answers for.
    #[must_use]
    pub fn level(&self, judgement: &Judgement) -> Level {
        if judgement.violated.is_empty() {
            self.rules.strictest(judgement.requirements.iter().map(String::as_str))
        } else {
            self.rules.strictest(judgement.violated.iter().map(|violation| violation.requirement.as_str()))
        }
    }

    /// Takes in the next event.
    pub fn fold(&mut self, event: &Event) {
        match event {
            Event::RunStarted(started) => {
                self.known = Known::of(&started.known_failures);
                self.started = Some(started.clone());
            }
            Event::ProbeEnded(probe) => {
                self.probes += 1;
                self.answered_probes += u64::from(probe.presence == Presence::Live);
            }
            // A note, nothing that is counted.
            Event::Witness(_) => {}
            Event::Background(_) => self.background += 1,
            Event::Restricted(_) => {}
            Event::TrialEnded(trial) => self.trial(trial),
            Event::AgreementEnded(agreement) => self.agreement(agreement),
            Event::PassiveEnded(passive) => self.passive(passive),
            Event::Left(left) => self.left.push(left.clone()),
            Event::TargetLost(lost) => self.unusable(&lost.reason),
            Event::RunEnded(ended) => self.ended = Some(ended.clone()),
        }
    }

    fn trial(&mut self, trial: &TrialEnded) {
        let TrialEnded { id, case, variant, transports, repeat, judgement, .. } = trial;
        let origin =
            Origin { id: id.clone(), case: Some(case.clone()), variant: variant.clone(), repeat: *repeat, transports: names(transports) };
        self.result(&origin, judgement);
        self.live.extend(judgement.live.iter().copied());
        if let Some(observation) = &trial.observation {
            self.executed += 1;
            self.note_lag(observation);
        }
        self.note_repeat(id, judgement.verdict);
        self.answers_for(id, judgement, transports, &trial.covers);
    }

    fn agreement(&mut self, agreement: &AgreementEnded) {
        let AgreementEnded { id, case, variant, transports, covers, repeat, judgement } = agreement;
        let origin =
            Origin { id: id.clone(), case: Some(case.clone()), variant: variant.clone(), repeat: *repeat, transports: names(transports) };
        self.result(&origin, judgement);
        self.note_repeat(id, judgement.verdict);
        self.answers_for(id, judgement, transports, covers);
    }

    fn passive(&mut self, passive: &PassiveEnded) {
        let PassiveEnded { id, requirement, wire, judgement, held, violated, .. } = passive;
        let origin = Origin { id: id.clone(), case: None, variant: None, repeat: 1, transports: vec![wire.to_string()] };
        self.result(&origin, judgement);
        let index = self.index(id);
        let tally = self.tallies.entry((requirement.clone(), *wire)).or_default();
        tally.results.insert(index);
        tally.passive(judgement.verdict, judgement.skip, *held, *violated);
    }

    /// What every result adds, whatever its kind.
    fn result(&mut self, origin: &Origin, judgement: &Judgement) {
        let level = self.level(judgement);
        self.counts.add(judgement.verdict);
        self.levels.entry(level).or_default().add(judgement.verdict);
        match judgement.verdict {
            Verdict::Pass => {}
            Verdict::Fail => {
                if self.known.see(&origin.id, &origin.transports, judgement) {
                    *self.excused.entry(level).or_default() += 1;
                } else {
                    self.roots.add(&self.rules, origin, judgement);
                }
            }
            Verdict::Skip => {
                let reason = judgement.skip.map_or("no reason", SkipReason::name);
                *self.skips.entry((reason, level)).or_default() += 1;
            }
            Verdict::Inconclusive | Verdict::Error => {
                let reason = judgement.reason.clone().unwrap_or_else(|| "no reason was given".to_owned());
                let key = (judgement.verdict, reason);
                let full = self.reasons.len() >= MOST_REASONS && !self.reasons.contains_key(&key);
                let key = if full { (judgement.verdict, "other reasons".to_owned()) } else { key };
                self.reasons.entry(key).or_insert_with(|| (0, origin.id.clone())).0 += 1;
            }
        }
    }

    /// Adds a trial or agreement to the rows of the requirements that it answers for, on each of its wires.
    fn answers_for(&mut self, id: &str, judgement: &Judgement, transports: &[Transport], covers: &[(String, Vec<String>)]) {
        let covers: BTreeMap<&str, &[String]> = covers.iter().map(|(id, parts)| (id.as_str(), parts.as_slice())).collect();
        let wires: BTreeSet<Wire> = transports.iter().map(|transport| transport.wire).collect();
        let violated: BTreeSet<&str> = judgement.violated.iter().map(|violation| violation.requirement.as_str()).collect();
        let named: BTreeSet<&str> = judgement.requirements.iter().map(String::as_str).chain(violated.iter().copied()).collect();
        let index = self.index(id);
        for requirement in named {
            for wire in wires.iter().copied().filter(|wire| self.rules.is_on(requirement, *wire)) {
                let tally = self.tallies.entry((requirement.to_owned(), wire)).or_default();
                tally.results.insert(index);
                tally.trial(judgement.verdict, violated.contains(requirement), judgement.skip, covers.get(requirement).copied());
            }
        }
    }

    fn index(&mut self, id: &str) -> u32 {
        if let Some(index) = self.by_id.get(id) {
            return *index;
        }
        let index = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        self.ids.push(id.to_owned());
        self.by_id.insert(id.to_owned(), index);
        index
    }

    fn note_lag(&mut self, observation: &Observation) {
        for step in &observation.steps {
            if let [first, .., last] = step.attempts.as_slice() {
                self.lag.steps += 1;
                self.lag.longest = self.lag.longest.max(last.timing.at.saturating_sub(first.timing.at));
            }
        }
    }

    /// The first verdict of a trial or agreement.
    pub(super) fn verdict_of(&self, id: &str) -> Option<Verdict> {
        self.verdicts.get(&hash(id)).copied()
    }

    fn note_repeat(&mut self, id: &str, verdict: Verdict) {
        let first = *self.verdicts.entry(hash(id)).or_insert(verdict);
        if first != verdict {
            self.unstable.insert(id.to_owned());
        }
    }

    /// The table requirement x wire: every requirement of the catalogue on every wire that it speaks of, and what else results speak of.
    pub fn requirements(&self) -> impl Iterator<Item = RequirementOnWire> {
        let catalogued = self.rules.iter().flat_map(|(id, rule)| rule.wires.iter().map(move |wire| (id.to_owned(), *wire)));
        let keys: BTreeSet<(String, Wire)> = catalogued.chain(self.tallies.keys().cloned()).collect();
        let none = Tally::default();
        keys.into_iter().map(move |key| {
            let tally = self.tallies.get(&key).unwrap_or(&none);
            let (id, wire) = key;
            let (claim, reason) = tally.claim(self.rules.get(&id), wire, self.live.contains(&wire));
            RequirementOnWire {
                level: self.rules.level(&id),
                claim,
                reason,
                held: tally.held,
                violated: tally.violated,
                results: tally.results.iter().filter_map(|index| self.ids.get(*index as usize)).cloned().collect(),
                id,
                wire,
            }
        })
    }
}

/// Ids are long and many.
fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
