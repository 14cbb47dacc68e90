//! What the seams know of an exchange.

use std::fmt;

use super::failure::Language;
use super::methods::Method;

/// One way to put a call on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wire {
    /// JSON over HTTP.
    Json,
    /// gRPC over HTTP/2.
    Grpc,
    /// gRPC-Web with binary frames.
    GrpcWeb,
    /// gRPC-Web in base64.
    GrpcWebText,
}

impl Wire {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Grpc => "grpc",
            Self::GrpcWeb => "grpc-web",
            Self::GrpcWebText => "grpc-web-text",
        }
    }

    /// Whether it is one of the two gRPC-Web wires.
    pub fn is_web(self) -> bool {
        matches!(self, Self::GrpcWeb | Self::GrpcWebText)
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// One exchange, as far as it was understood.
#[derive(Debug, Clone)]
pub struct Context {
    /// The wire on which the call came, and on which it is answered.
    pub wire: Wire,
    /// The media type of the answer: the one of the request, in its plain spelling.
    pub media_type: &'static str,
    /// The method, once it is known.
    pub method: Option<&'static Method>,
    /// The language of texts.
    pub language: Language,
    /// Whether it came over HTTP/2.
    pub is_h2: bool,
}

impl Context {
    /// Whether the call is one of the named method, in whatever service.
    pub fn calls(&self, name: &str) -> bool {
        let path = self.method.map_or("", |method| method.path.as_str());
        path.rsplit('/').next() == Some(name)
    }
}

/// What a call says about its caller; nothing of it is believed yet.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// Each `authorization` field.
    pub authorization: Vec<Vec<u8>>,
    /// Each `x-zitadel-orgid` field.
    pub organization: Vec<Vec<u8>>,
    /// The host, without port.
    pub host: String,
}
