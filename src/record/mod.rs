//! The record of a run: events with secrets replaced, one JSON object a line.

pub mod event;
pub mod read;
pub mod redact;
pub mod write;

pub use event::{
    AgreementEnded, Background, Event, Left, Lost, PassiveEnded, ProbeEnded, RunEnded, RunStarted, TargetIdentity, Testimony, TrialEnded,
    Witness,
};
pub use read::{Events, ReadError, ReadErrorKind, events};
pub use write::{Recorder, WriteError};
