//! Verdicts. Pure: what isn't in an [`Observation`] can't influence one.

mod agreement;
mod expectation;
mod group;
mod story;
mod trial;
mod verdict;
mod walk;
mod whole;

#[cfg(test)]
mod tests;

pub use agreement::{Member, agreement};
pub use expectation::{Difference, Met, Place, chosen, met, take_captures};
pub use group::met_together;
pub use trial::{Scope, trial};
pub use verdict::{Judgement, Observation, SkipReason, StepSeen, Stopped, Verdict, Violation};
pub use walk::Walk;
pub(crate) use whole::panic_text;
pub use whole::{Examiner, examine, examined, guarded, is_bound, whole};

/// Every `kind` that judging gives by itself; where an answer can't be read, its [own word](crate::answer::UNREADABLE) is the kind.
pub const KINDS: &[&str] = &[
    "accepted",
    "body-differs",
    "code-differs",
    "content-not-expected",
    "disagrees",
    "end-differs",
    "error-differs",
    "field-differs",
    "http-status-differs",
    "no-answer",
    "no-alternative",
    "not-distinct",
    "not-refused",
    "refused",
    "too-many",
    "shown",
];
