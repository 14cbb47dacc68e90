//! The values that judging takes and gives.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::case::Captures;
use crate::wire::Exchange;

/// A verdict (ISO/IEC 9646, TTCN-3). Only pass is pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything that was to be shown was shown.
    Pass,
    /// The target did otherwise.
    Fail,
    /// The state that the case needs could not be reached, or time ran out before an answer.
    Inconclusive,
    /// Not executed, with a typed reason.
    Skip,
    /// The harness or its input is at fault.
    Error,
}

impl Verdict {
    /// All verdicts, in the order in which reports count them.
    pub const ALL: [Self; 5] = [Self::Pass, Self::Fail, Self::Inconclusive, Self::Skip, Self::Error];

    /// The word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Skip => "skip",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why something was not executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// A probe showed that the target doesn't have it, and nobody claims it.
    NotApplicable,
    /// The statement doesn't declare it.
    NotDeclared,
    /// The token may not.
    Permission,
    /// It needs a consent that was not given.
    Consent,
    /// Its profile was not asked for.
    Profile,
}

impl SkipReason {
    /// The word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotApplicable => "not-applicable",
            Self::NotDeclared => "not-declared",
            Self::Permission => "permission",
            Self::Consent => "consent",
            Self::Profile => "profile",
        }
    }
}

/// A requirement that was violated, by a stable kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The requirement.
    pub requirement: String,
    /// A stable word without values in it.
    pub kind: String,
    /// All that would have been right.
    pub expected: String,
    /// What was there.
    pub actual: String,
    /// Where it differs.
    pub place: String,
    /// The exchange that shows it.
    pub exchange: Option<u64>,
}

/// The verdict of a trial, an agreement or a passive result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Requirements that the result answers for.
    pub requirements: Vec<String>,
    /// Those among them that were violated.
    pub violated: Vec<Violation>,
    /// For a verdict other than pass: why, for a reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For a skip: the typed reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<SkipReason>,
    /// A positive step met its whole expectation: the wires on which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub live: Vec<crate::wire::Wire>,
}

/// Why a trial ended before its last step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum Stopped {
    /// The fixture set could not be made.
    SetUp {
        /// What happened, for a reader.
        text: String,
    },
    /// The run's token may not make what the trial needs.
    Denied {
        /// What, and which role may, for a reader.
        text: String,
    },
    /// A step that makes or restores the start state, or the control, was not met.
    Unmet,
    /// The run was interrupted.
    Interrupted,
    /// The harness is at fault.
    Harness {
        /// What happened.
        text: String,
    },
}

/// A step with every exchange that it took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSeen {
    /// Number of the act in the trial's script, from 0.
    pub act: usize,
    /// Attempts in order; more than one only where the step was asked again.
    pub attempts: Vec<Exchange>,
    /// The consistency bound had passed when the last attempt was made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bound_passed: bool,
}

/// What one trial showed: everything that the judge may look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The trial's transports.
    pub transports: Vec<crate::wire::Transport>,
    /// Captures before the first step (those of the fixture's set-up and of the run), secrets replaced; later ones follow from the exchanges.
    pub captures: Captures,
    /// Steps in the order of the script.
    pub steps: Vec<StepSeen>,
    /// Why it ended early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
}
