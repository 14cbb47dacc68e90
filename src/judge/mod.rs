//! Verdicts. Pure: what isn't in an [`Observation`] can't influence one.

mod agreement;
mod expectation;
mod story;
mod trial;
mod verdict;

pub use agreement::group;
pub use expectation::{Difference, Met, Place, enter, met, take_captures};
pub use trial::{Scope, trial};
pub use verdict::{Judgement, Observation, SkipReason, StepSeen, Stopped, Verdict, Violation};
