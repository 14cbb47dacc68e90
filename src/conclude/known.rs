//! Failures that are expected: which results the list excuses, and which of its entries are no longer true.

use std::collections::BTreeSet;

use super::requirement::Claim;
use super::summary::Summary;
use crate::judge::{Judgement, Verdict, Violation};
use crate::target::{KnownFailure, Subject};

/// Results that an entry may excuse; one that matches more hides more than it explains.
pub const MOST_MATCHES: usize = 20;

/// The list of known failures with what it excused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    entries: Vec<(KnownFailure, BTreeSet<String>)>,
}

/// An entry of the list that makes the run fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untrue {
    /// What it is about.
    pub subject: Subject,
    /// How it was expected to fail.
    pub kind: String,
    /// What is wrong with it.
    pub why: String,
}

impl Known {
    pub(super) fn of(list: &[KnownFailure]) -> Self {
        Self { entries: list.iter().map(|known| (known.clone(), BTreeSet::new())).collect() }
    }

    /// Each entry with the ids of the results that it excused.
    pub fn iter(&self) -> impl Iterator<Item = (&KnownFailure, &BTreeSet<String>)> {
        self.entries.iter().map(|(known, results)| (known, results))
    }

    /// Whether there is no list.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries that together excuse a failed result, `None` where something of it isn't listed. `places`: its transports or its wire.
    #[must_use]
    pub fn excuse(&self, id: &str, places: &[String], judgement: &Judgement) -> Option<Vec<&KnownFailure>> {
        let excused = self.matching(id, places, judgement)?;
        Some(excused.into_iter().filter_map(|index| self.entries.get(index)).map(|(known, _)| known).collect())
    }

    fn matching(&self, id: &str, places: &[String], judgement: &Judgement) -> Option<BTreeSet<usize>> {
        if judgement.verdict != Verdict::Fail || judgement.violated.is_empty() {
            return None;
        }
        let entry_for = |violation: &Violation| self.entries.iter().position(|(known, _)| speaks_of(known, id, places, violation));
        judgement.violated.iter().map(entry_for).collect()
    }

    /// Takes in a failed result; tells whether it is excused.
    pub(super) fn see(&mut self, id: &str, places: &[String], judgement: &Judgement) -> bool {
        let Some(matching) = self.matching(id, places, judgement) else { return false };
        for index in matching {
            if let Some((_, results)) = self.entries.get_mut(index) {
                results.insert(id.to_owned());
            }
        }
        true
    }
}

impl Summary {
    /// Entries of the list of known failures that aren't true: what they expect doesn't fail (any more), fails otherwise, or is more than one
    /// entry should excuse. Of a run that left out a part of the suite, or that was cut short, only the last can be told.
    #[must_use]
    pub fn untrue(&self) -> Vec<Untrue> {
        let whole = self.is_complete()
            && self.started.as_ref().is_some_and(|it| !["filter", "exact", "wire"].iter().any(|name| it.options.contains_key(*name)));
        let tell = |known: &KnownFailure, why: String| Untrue { subject: known.subject.clone(), kind: known.kind.clone(), why };
        let mut all = Vec::new();
        for (known, results) in self.known.iter() {
            if results.len() > MOST_MATCHES {
                all.push(tell(
                    known,
                    format!("{} results fail so, more than the {MOST_MATCHES} that one entry may excuse: list trials", results.len()),
                ));
            } else if results.is_empty() && whole {
                all.extend(self.unmet(known).map(|why| tell(known, why)));
            }
        }
        all
    }

    /// Why nothing failed as an entry says; `None` where that can't be told from this run.
    fn unmet(&self, known: &KnownFailure) -> Option<String> {
        match &known.subject {
            Subject::Requirement { requirement, wire } => {
                let row = self.requirements().find(|row| row.id == *requirement && row.wire == *wire)?;
                match row.claim {
                    Claim::Pass => Some("it passes now: take the entry out".to_owned()),
                    Claim::Fail => Some(format!("it fails otherwise than by `{}`, or together with what isn't listed", known.kind)),
                    Claim::Inconclusive => None,
                    Claim::Skip(reason) => Some(format!("it matches nothing: the requirement was skipped ({})", reason.name())),
                    Claim::Untested => Some("it matches nothing: no result fails so".to_owned()),
                }
            }
            Subject::Trial { trial } => match self.verdict_of(trial) {
                Some(Verdict::Pass) => Some("it passes now: take the entry out".to_owned()),
                Some(Verdict::Fail) => Some(format!("it fails otherwise than by `{}`, or together with what isn't listed", known.kind)),
                Some(Verdict::Inconclusive | Verdict::Error) => None,
                Some(Verdict::Skip) => Some("it matches nothing: the trial was skipped".to_owned()),
                None => Some("it matches nothing: the run has no such trial".to_owned()),
            },
        }
    }
}

fn speaks_of(known: &KnownFailure, id: &str, places: &[String], violation: &Violation) -> bool {
    let is_there = match &known.subject {
        Subject::Trial { trial } => trial == id,
        // A transport is written `wire/version`.
        Subject::Requirement { requirement, wire } => {
            *requirement == violation.requirement && places.iter().any(|place| place.split('/').next() == Some(wire.name()))
        }
    };
    is_there && known.kind == violation.kind
}
