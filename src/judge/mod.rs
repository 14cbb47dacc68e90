//! Verdicts. Pure: what isn't in an [`Observation`] can't influence one.

mod verdict;

pub use verdict::{Judgement, Observation, SkipReason, StepSeen, Stopped, Verdict, Violation};
