//! What may be claimed of a requirement on a wire, from the trials that name it and its passive result.

use std::collections::BTreeSet;

use super::rules::Rule;
use crate::contract::requirement::Level;
use crate::judge::{SkipReason, Verdict};
use crate::wire::Wire;

/// The verdict of a requirement on a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It held wherever it was looked for.
    Pass,
    /// It was violated.
    Fail,
    /// Something that was to show it was inconclusive, or the harness failed at it.
    Inconclusive,
    /// What was to show it was not executed.
    Skip(SkipReason),
    /// Nothing, or not everything, was looked for.
    Untested,
}

impl Claim {
    /// The word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Skip(_) => "skip",
            Self::Untested => "untested",
        }
    }
}

/// A row of the table requirement x wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementOnWire {
    /// The requirement.
    pub id: String,
    /// The wire.
    pub wire: Wire,
    /// How much it obliges.
    pub level: Level,
    /// What may be claimed.
    pub claim: Claim,
    /// For a claim other than pass and fail: why.
    pub reason: Option<String>,
    /// How often it held: trials, agreements, exchanges.
    pub held: u64,
    /// How often it was violated.
    pub violated: u64,
    /// Ids of the results that speak of it.
    pub results: Vec<String>,
}

/// What results say of a requirement on a wire.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub held: u64,
    pub violated: u64,
    inconclusive: u64,
    /// Trials that name it and failed by something else: they show nothing of it.
    unshown: u64,
    /// The first reason other than not-applicable.
    skipped: Option<SkipReason>,
    not_applicable: u64,
    passive: Option<Verdict>,
    /// Parts that passing trials covered; `None` among them stands for the whole.
    covered: BTreeSet<Option<String>>,
    /// Parts that speak of what the target doesn't have, e.g. of an HTTP version.
    beside: BTreeSet<String>,
    /// Indices into the summary's list of ids.
    pub results: BTreeSet<u32>,
}

impl Tally {
    /// Counts a trial or agreement that names the requirement. `covers`: the parts, `None`: the whole.
    pub fn trial(&mut self, verdict: Verdict, is_violated: bool, skip: Option<SkipReason>, covers: Option<&[String]>) {
        match verdict {
            Verdict::Pass => {
                self.held += 1;
                match covers {
                    Some(parts) => self.covered.extend(parts.iter().cloned().map(Some)),
                    None => {
                        self.covered.insert(None);
                    }
                }
            }
            Verdict::Fail if is_violated => self.violated += 1,
            Verdict::Fail => self.unshown += 1,
            Verdict::Inconclusive | Verdict::Error => self.inconclusive += 1,
            Verdict::Skip => {
                if skip == Some(SkipReason::NotApplicable) {
                    self.beside.extend(covers.unwrap_or_default().iter().cloned());
                }
                self.skip(skip);
            }
        }
    }

    /// Counts the passive result.
    pub fn passive(&mut self, verdict: Verdict, skip: Option<SkipReason>, held: u64, violated: u64) {
        self.held += held;
        self.violated += violated;
        self.passive = Some(verdict);
        match verdict {
            Verdict::Pass => {}
            Verdict::Fail => self.violated = self.violated.max(1),
            Verdict::Inconclusive | Verdict::Error => self.inconclusive += 1,
            Verdict::Skip => self.skip(skip),
        }
    }

    fn skip(&mut self, skip: Option<SkipReason>) {
        match skip {
            Some(SkipReason::NotApplicable) => self.not_applicable += 1,
            other => self.skipped = self.skipped.or(other).or(Some(SkipReason::NotDeclared)),
        }
    }

    /// What may be claimed, with the reason where it is neither pass nor fail.
    pub fn claim(&self, rule: Option<&Rule>, wire: Wire, live: bool) -> (Claim, Option<String>) {
        let because = |claim, reason: &str| (claim, Some(reason.to_owned()));
        if self.violated > 0 {
            return (Claim::Fail, None);
        }
        if self.inconclusive > 0 {
            return because(Claim::Inconclusive, "a result that names it is inconclusive");
        }
        if let Some(reason) = self.skipped {
            return because(Claim::Skip(reason), "a result that names it was skipped");
        }
        if self.unshown > 0 {
            return because(Claim::Untested, "a trial that names it failed by something else first");
        }
        let is_passive = rule.is_some_and(|rule| rule.passive);
        match self.passive {
            Some(Verdict::Skip) => return because(Claim::Skip(SkipReason::NotApplicable), "no exchange of the run has what it speaks of"),
            None if is_passive => return because(Claim::Untested, "its passive check has no result"),
            _ => {}
        }
        if self.held == 0 {
            return if self.not_applicable > 0 {
                because(Claim::Skip(SkipReason::NotApplicable), "not applicable to this target")
            } else {
                because(Claim::Untested, "no case and no passive check of this run speaks of it")
            };
        }
        if !live {
            return because(Claim::Untested, "no positive step met its whole expectation on this wire");
        }
        if self.covered.is_empty() && self.passive.is_none() && self.not_applicable > 0 {
            return because(Claim::Skip(SkipReason::NotApplicable), "the target has nothing that could be compared");
        }
        if self.covered.is_empty() && self.passive.is_none() {
            return because(Claim::Untested, "it says that wires agree, and no two were compared");
        }
        let missing: Vec<&str> = rule
            .filter(|_| !self.covered.contains(&None))
            .map(|rule| {
                let is_missing = |part: &&String| {
                    rule.parts_on.get(*part).is_none_or(|wires| wires.contains(&wire))
                        && !self.covered.contains(&Some((*part).clone()))
                        && !self.beside.contains(*part)
                };
                rule.parts.iter().filter(is_missing).map(String::as_str).collect()
            })
            .unwrap_or_default();
        if missing.is_empty() { (Claim::Pass, None) } else { (Claim::Untested, Some(format!("no case covers: {}", missing.join(", ")))) }
    }
}
