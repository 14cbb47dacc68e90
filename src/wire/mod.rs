//! Puts a call on a network and keeps all that came back, raw. Nothing here judges.
//!
//! [`Call`] is a request made ready, octet for octet; [`Exchange`] is that request and everything that was received for it.

mod body;
pub mod client;
pub mod connect;
mod exchange;
mod exchanging;
mod fault;
mod h1;
pub mod h1_chunk;
pub mod h1_head;
mod h2;
pub mod h2_frames;
mod h2_script;
mod h2_stream;
pub mod h2_write;
pub mod hpack;
mod huffman;
mod outgoing;
pub mod put;
pub mod raw;
mod route;
pub mod tap;

pub use body::Bounds;
pub use client::{Budget, Client, Held, On};
pub use connect::{ConnectError, Connector, Link};
pub use exchange::{
    Body, Call, Content, Defect, End, Exchange, Field, Frame, Framing, Head, Intent, Octets, Phase, Received, Role, Sent, Timing, from_hex,
    to_hex,
};
pub use fault::HarnessFault;
pub use h2_script::{Layout, Move};
pub use put::{Edit, Payload, put, rpc_path, wire_matches};
pub use route::Routes;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One way to put a call on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wire {
    /// JSON over HTTP, transcoded by `google.api.http`.
    Json,
    /// gRPC over HTTP/2.
    Grpc,
    /// gRPC-Web, binary.
    GrpcWeb,
    /// gRPC-Web, base64 text.
    GrpcWebText,
}

impl Wire {
    /// All wires, in the order in which reports show them.
    pub const ALL: [Self; 4] = [Self::Json, Self::Grpc, Self::GrpcWeb, Self::GrpcWebText];

    /// The name that case files, catalogue and reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Grpc => "grpc",
            Self::GrpcWeb => "grpc-web",
            Self::GrpcWebText => "grpc-web-text",
        }
    }

    /// Whether messages travel as protobuf.
    #[must_use]
    pub const fn is_binary(self) -> bool {
        !matches!(self, Self::Json)
    }

    /// Whether this is one of the two forms of gRPC-Web.
    #[must_use]
    pub const fn is_web(self) -> bool {
        matches!(self, Self::GrpcWeb | Self::GrpcWebText)
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no wire, HTTP version or transport.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no {what}; known are {known}")]
pub struct UnknownName {
    /// What was written.
    pub given: String,
    /// What was expected.
    pub what: &'static str,
    /// The names that exist.
    pub known: &'static str,
}

impl FromStr for Wire {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|wire| wire.name() == text).ok_or_else(|| UnknownName {
            given: text.to_owned(),
            what: "wire",
            known: "json, grpc, grpc-web, grpc-web-text",
        })
    }
}

/// The HTTP version under a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HttpVersion {
    /// HTTP/1.1.
    H1,
    /// HTTP/2: by prior knowledge on cleartext, by ALPN on TLS.
    H2,
}

impl HttpVersion {
    /// `h1` or `h2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::H1 => "h1",
            Self::H2 => "h2",
        }
    }
}

impl fmt::Display for HttpVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for HttpVersion {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "h1" => Ok(Self::H1),
            "h2" => Ok(Self::H2),
            _ => Err(UnknownName { given: text.to_owned(), what: "HTTP version", known: "h1, h2" }),
        }
    }
}

/// A wire over one HTTP version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Transport {
    /// The wire.
    pub wire: Wire,
    /// The HTTP version under it.
    pub http: HttpVersion,
}

impl Transport {
    /// Every transport that the wires' specifications allow: gRPC needs HTTP/2, the others run over both versions.
    pub const ALL: [Self; 7] = [
        Self::new(Wire::Json, HttpVersion::H1),
        Self::new(Wire::Json, HttpVersion::H2),
        Self::new(Wire::Grpc, HttpVersion::H2),
        Self::new(Wire::GrpcWeb, HttpVersion::H1),
        Self::new(Wire::GrpcWeb, HttpVersion::H2),
        Self::new(Wire::GrpcWebText, HttpVersion::H1),
        Self::new(Wire::GrpcWebText, HttpVersion::H2),
    ];

    /// A wire over an HTTP version.
    #[must_use]
    pub const fn new(wire: Wire, http: HttpVersion) -> Self {
        Self { wire, http }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.wire, self.http)
    }
}
