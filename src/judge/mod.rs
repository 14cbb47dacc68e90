//! Verdicts. Pure: what isn't in an [`Observation`] can't influence one.

mod agreement;
mod expectation;
mod trial;
mod verdict;
mod walk;

#[cfg(test)]
mod tests;

pub use agreement::group;
pub use expectation::{Difference, Met, Place, chosen, met, take_captures};
pub use trial::{Scope, trial};
pub use verdict::{Judgement, Observation, SkipReason, StepSeen, Stopped, Verdict, Violation};
pub use walk::Walk;
