//! What people write: suites and case files, and the small language in them.

pub mod model;

pub use model::{
    Act, Across, Bound, Captures, Case, Control, Covers, Duty, Expect, Fixture, HeaderEdit, HeaderPattern, Identity, Pattern, Payload, Scheduled, Span,
    StatusPattern, Step, StepKind, Suite, Text, TextPart, Token, Via,
};
