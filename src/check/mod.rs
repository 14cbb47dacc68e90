//! Passive checks: pure functions on one exchange, each answering for a requirement of the catalogue.

mod registry;

pub use registry::{CHECKS, Check, Finding, Judges, Need, Outcome, Seen, View, examine};
