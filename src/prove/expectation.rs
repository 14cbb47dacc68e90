//! Whether every expectation of the suite has an effect: each is changed on the record of the correct target, and what it said is judged again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::mutate::{self, Mutant};
use crate::case::{Act, Case, Span, Suite};
use crate::contract::Contract;
use crate::judge::{self, Observation, Scope, Verdict};
use crate::record::event::Event;
use crate::wire::Wire;

/// A piece of an expectation, where it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    /// The file, relative to the suite's folder.
    pub file: PathBuf,
    /// Line and column of the expectation.
    pub line: usize,
    /// See `line`.
    pub column: usize,
    /// The piece in it, e.g. `body/details/sequence`.
    pub piece: String,
}

impl Written {
    fn at(span: &Span, piece: String) -> Self {
        Self { file: span.file.clone(), line: span.line, column: span.column, piece }
    }
}

/// What became of the expectations.
#[derive(Debug, Default)]
pub struct Expectations {
    /// How many were changed.
    pub changed: usize,
    /// Those whose change altered no verdict.
    pub dead: BTreeSet<Written>,
    /// Alternatives that the correct target never takes: they are there for other servers, and nothing is said of them here.
    pub untaken: BTreeSet<Written>,
}

/// Changes every expectation that the trials of these events speak of.
pub(super) fn change_all(suite: &Suite, events: &[Event]) -> Expectations {
    let contract = Contract::built_in();
    let cases: BTreeMap<&str, &Case> = suite.cases.iter().map(|case| (case.id.as_str(), case)).collect();
    let mut fates: BTreeMap<Written, Fate> = BTreeMap::new();
    for event in events {
        let Event::TrialEnded(trial) = event else { continue };
        let (Some(observation), Verdict::Pass) = (&trial.observation, trial.judgement.verdict) else { continue };
        let id = trial.variant.as_ref().map_or_else(|| trial.case.clone(), |variant| format!("{}[{variant}]", trial.case));
        let Some(case) = cases.get(id.as_str()) else { continue };
        let wires: Vec<Wire> = trial.transports.iter().map(|transport| transport.wire).collect();
        let acts = case.script(suite, &wires);
        let scope = Scope { requirements: trial.judgement.requirements.clone() };
        Changing { acts: &acts, scope: &scope, observation, contract, fates: &mut fates }.all();
    }
    let with = |fate: Fate| fates.iter().filter(|(_, it)| **it == fate).map(|(written, _)| written.clone()).collect();
    Expectations { changed: fates.len(), dead: with(Fate::Dead), untaken: with(Fate::Untaken) }
}

/// The best that is known of an expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// In an alternative that wasn't taken.
    Untaken,
    /// Its change altered nothing.
    Dead,
    /// Its change altered a verdict.
    Alive,
}

struct Changing<'a> {
    acts: &'a [Act],
    scope: &'a Scope,
    observation: &'a Observation,
    contract: &'a Contract,
    fates: &'a mut BTreeMap<Written, Fate>,
}

impl Changing<'_> {
    fn all(&mut self) {
        for (index, act) in self.acts.iter().enumerate() {
            for (piece, expect) in act.step.expect.iter().enumerate() {
                if !self.scope.counts(expect) {
                    continue;
                }
                for mutant in mutate::of(expect) {
                    self.change(index, piece, &expect.span, mutant);
                }
            }
        }
    }

    fn change(&mut self, act: usize, piece: usize, span: &Span, mutant: Mutant) {
        let written = Written::at(span, mutant.piece);
        if self.fates.get(&written) == Some(&Fate::Alive) {
            return;
        }
        let verdict = |expect| {
            let mut acts = self.acts.to_vec();
            acts[act].step.expect[piece] = expect;
            judge::trial(&acts, self.scope, self.observation, self.contract).verdict
        };
        // What stands in an alternative is asked of where that alternative alone holds.
        let fate = match mutant.alone.map(verdict) {
            Some(alone) if alone != Verdict::Pass => Fate::Untaken,
            _ if verdict(mutant.changed) == Verdict::Pass => Fate::Dead,
            _ => Fate::Alive,
        };
        let known = self.fates.entry(written).or_insert(fate);
        *known = fate.max(*known);
    }
}
