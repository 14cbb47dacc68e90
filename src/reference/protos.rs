//! Messages, server traits and clients that the build script generates from `proto/`.
//!
//! The server uses the messages; the clients are for whoever wants to call it with an ordinary gRPC client.

#![allow(missing_docs, clippy::all, clippy::pedantic, reason = "generated code")]

include!(concat!(env!("OUT_DIR"), "/reference_protos.rs"));
