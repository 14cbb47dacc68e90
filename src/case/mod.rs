//! What people write: suites and case files, and the small language in them.
//!
//! [`read_suite`] makes a [`Suite`] of files, or tells every mistake in them; [`Case::trials`] and [`Case::script`] say what is executed;
//! [`matches`] compares an answer with an expectation.

mod capture;
mod folder;
mod format;
mod instant;
pub mod keys;
mod making;
mod matcher;
mod mistake;
pub mod model;
mod read;
mod script;
mod shown;
mod sources;
pub mod tree;

pub use capture::{take, value_at};
pub use folder::Folder;
pub use format::format_schema;
pub use matcher::{Mismatch, MissingCapture, describe, matches, resolve, resolve_text};
pub use mistake::{Mistake, Mistakes, nearest, render};
pub use model::{
    Across, Act, Alternative, Bound, Captures, Case, Compare, Connection, Control, Covers, Duty, Ending, Expect, Fixture, HeaderEdit,
    HeaderPattern, Identity, Length, Pattern, Payload, RawAction, RawOctets, Scheduled, Span, StatusPattern, Step, StepKind, Suite, Text,
    TextPart, Token, Via,
};
pub use read::{GIVEN_BY_ENGINE, GIVEN_WHEN_SENT, SUITE_FILE, read_suite};
pub use script::slug;
pub use shown::{Shown, is_positive};
pub use sources::files_of;
