//! From a raw exchange to an answer: a pure function.
//!
//! No expectation matches [`Answer::Unreadable`]: a broken frame or a missing status can never pass as the code that a case happens to expect.

pub mod frames;
mod grpc;
mod json;
mod places;
mod web;

use serde_json::Value;

use crate::contract::Contract;
use crate::contract::message::{Decoded, MessageError};
use crate::contract::proto_json::{Document, JsonError};
use crate::contract::status::{Code, DetailsError, Status};
use crate::wire::{End, Exchange, Wire};
use frames::{Base64Error, Prefixed, Rest, TrailerBlock};
pub use places::{decoded, places};

/// What an exchange says.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A status, with a message where it is OK.
    Status(Answered),
    /// Something came that can't be read as an answer of the wire.
    Unreadable {
        /// A stable word.
        kind: &'static str,
        /// For a reader.
        text: String,
    },
    /// Nothing can be said of the target: no connection, out of time, interrupted.
    None {
        /// A stable word.
        kind: &'static str,
        /// For a reader.
        text: String,
    },
}

/// Every `kind` of [`Answer::Unreadable`].
pub const UNREADABLE: &[&str] = &[
    "broken-base64",
    "broken-frame",
    "closed",
    "compressed-message",
    "compressed-trailers",
    "goaway",
    "malformed",
    "no-content",
    "no-head",
    "no-message",
    "no-status",
    "not-an-object",
    "not-json",
    "reset",
    "several-messages",
    "status-conflict",
    "status-format",
    "too-large",
    "undecodable-message",
];

/// A status with a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The code; `None`: a JSON answer whose body is no error object.
    pub code: Option<Code>,
    /// The HTTP status.
    pub http_status: u16,
    /// The success message in canonical ProtoJSON, defaults dropped.
    pub message: Option<Value>,
    /// The error: message text and details.
    pub error: Option<Status>,
}

/// Where a status field stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The final response head.
    Head,
    /// The HTTP trailers.
    Trailers,
    /// The trailer frame of gRPC-Web.
    TrailerFrame,
}

impl Place {
    /// For a reader.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Trailers => "trailers",
            Self::TrailerFrame => "trailer frame",
        }
    }
}

/// A field `grpc-status`, `grpc-message` or `grpc-status-details-bin` with its place; the name in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusField {
    /// The name in lower case.
    pub name: &'static str,
    /// The value as sent.
    pub value: Vec<u8>,
    /// Where it stood.
    pub place: Place,
}

/// The framed content of a binary wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framed {
    /// Whole frames.
    pub frames: Vec<Prefixed>,
    /// What is left after them.
    pub rest: Rest,
    /// The trailer blocks among them.
    pub trailer_blocks: Vec<TrailerBlock>,
}

/// An answer with everything that was decoded on the way to it; checks look here, so nothing is decoded twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The answer.
    pub answer: Answer,
    /// Binary wires: status fields in all places, in order.
    pub status_fields: Vec<StatusField>,
    /// Binary wires: the frames of the content.
    pub framed: Option<Framed>,
    /// Text mode: the content is no base64.
    pub base64_error: Option<Base64Error>,
    /// Binary wires: the first message, read field by field.
    pub message: Option<Result<Decoded, MessageError>>,
    /// Binary wires: the first `grpc-status-details-bin`.
    pub details: Option<Result<Status, DetailsError>>,
    /// JSON: the content, read strictly.
    pub document: Option<Result<Document, JsonError>>,
}

impl Reading {
    fn of(answer: Answer) -> Self {
        Self { answer, status_fields: Vec::new(), framed: None, base64_error: None, message: None, details: None, document: None }
    }

    /// The status, if the answer could be read.
    #[must_use]
    pub const fn answered(&self) -> Option<&Answered> {
        match &self.answer {
            Answer::Status(answered) => Some(answered),
            Answer::Unreadable { .. } | Answer::None { .. } => None,
        }
    }

    /// The code, if the answer could be read and has one.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.answered().and_then(|answered| answered.code)
    }

    /// Status fields of this name.
    pub fn fields<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a StatusField> {
        self.status_fields.iter().filter(move |field| field.name == name)
    }
}

/// Reads an exchange by the rules of its wire.
#[must_use]
pub fn read(exchange: &Exchange, contract: &Contract) -> Reading {
    if let Some(answer) = nothing_to_read(&exchange.received.end) {
        return Reading::of(answer);
    }
    match exchange.transport.wire {
        Wire::Json => json::read(exchange, contract),
        Wire::Grpc => grpc::read(exchange, contract),
        Wire::GrpcWeb | Wire::GrpcWebText => web::read(exchange, contract),
    }
}

/// Ends that say nothing of the target.
fn nothing_to_read(end: &End) -> Option<Answer> {
    let none = |kind, text: String| Some(Answer::None { kind, text });
    match end {
        End::NoConnection { text } => none("no-connection", text.clone()),
        End::TimedOut { phase } => none("time-out", format!("time ran out while waiting for {}", waiting_for(*phase))),
        End::Interrupted => none("interrupted", "the run was interrupted".to_owned()),
        End::Complete | End::Reset { .. } | End::GoAway { .. } | End::Closed { .. } | End::Malformed { .. } | End::TooLarge { .. } => None,
    }
}

const fn waiting_for(phase: crate::wire::Phase) -> &'static str {
    use crate::wire::Phase;
    match phase {
        Phase::Connect => "the connection",
        Phase::Request => "the sending of the request",
        Phase::Window => "room in the target's window",
        Phase::Head => "the response head",
        Phase::Content => "the next octet of the content",
        Phase::Whole => "the end of the exchange",
    }
}

/// `text`: what the instrument or the operating system said of it, if anything.
fn closed(text: &str) -> String {
    let what = "the connection ended before the response was complete";
    match text {
        "" => what.to_owned(),
        _ if text.starts_with("the connection ") => text.to_owned(),
        _ => format!("{what}: {text}"),
    }
}

/// Ends that leave no whole response.
fn broken_end(end: &End) -> Option<Answer> {
    let unreadable = |kind, text: String| Some(Answer::Unreadable { kind, text });
    match end {
        End::Complete | End::NoConnection { .. } | End::TimedOut { .. } | End::Interrupted => None,
        // RFC 9113, 8.1: a server may send RST_STREAM with NO_ERROR after a complete response.
        End::Reset { code: 0 } => None,
        End::Reset { code } => unreadable("reset", format!("the stream was reset with error code {code}")),
        End::GoAway { code } => unreadable("goaway", format!("the connection was shut down with GOAWAY, error code {code}")),
        End::Closed { text } => unreadable("closed", closed(text)),
        End::Malformed { text } => unreadable("malformed", text.clone()),
        End::TooLarge { text } => unreadable("too-large", text.clone()),
    }
}
