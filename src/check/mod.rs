//! Passive checks: pure functions on one exchange, each answering for a requirement of the catalogue.

mod body;
mod grpc;
mod grpc_web;
mod http;
mod registry;

pub use registry::{CHECKS, Check, Finding, Judges, Need, Outcome, Seen, View, examine};
