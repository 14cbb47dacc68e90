//! Passive checks: pure functions on one exchange, each answering for a requirement of the catalogue.

mod body;
mod challenge;
mod cors;
mod grpc;
mod grpc_blocks;
mod grpc_web;
mod http;
mod openapi;
mod proto_json;
mod proto_json_members;
mod proto_json_walk;
mod reflection;
mod registry;
mod security;
mod server_error;

pub use registry::{CHECKS, Check, DIFFERENT, Finding, Judges, Need, Outcome, Seen, View, examine, is_passive, of_schemas};
