//! The record of a run: events with secrets replaced, one JSON object a line.

pub mod event;

pub use event::{
    AgreementEnded, Background, Event, Left, Lost, PassiveEnded, ProbeEnded, RunEnded, RunStarted, TargetIdentity, TrialEnded,
};
