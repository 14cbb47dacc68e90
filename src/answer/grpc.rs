//! gRPC over HTTP/2 (PROTOCOL-HTTP2.md), and what gRPC-Web shares with it.

use std::io::Read;

use super::frames::{self, Prefixed, Rest};
use super::{Answer, Answered, Framed, Place, Reading, StatusField, broken_end};
use crate::contract::Contract;
use crate::contract::message;
use crate::contract::status::{Code, Status, decode_details_bin, percent_decode_lenient};
use crate::wire::{Exchange, Field};

/// Names of the fields that carry a status.
const STATUS_NAMES: [&str; 3] = ["grpc-status", "grpc-message", "grpc-status-details-bin"];

/// A compressed message is inflated to at most this many octets.
const INFLATED: u64 = 4 * 1024 * 1024;

pub(super) fn read(exchange: &Exchange, contract: &Contract) -> Reading {
    let received = &exchange.received;
    let mut status_fields = Vec::new();
    if let Some(head) = received.head() {
        collect(&head.fields, Place::Head, &mut status_fields);
    }
    if let Some(trailers) = &received.trailers {
        collect(trailers, Place::Trailers, &mut status_fields);
    }
    let (whole, rest) = frames::split(&received.content.kept.0);
    let framed = Framed { frames: whole, rest, trailer_blocks: Vec::new() };
    let mut reading = Reading::of(Answer::None { kind: "unread", text: String::new() });
    reading.status_fields = status_fields;
    conclude(exchange, contract, framed, reading)
}

/// Status fields of a block, in order.
pub(super) fn collect(fields: &[Field], place: Place, into: &mut Vec<StatusField>) {
    for field in fields {
        if let Some(name) = STATUS_NAMES.into_iter().find(|name| field.is(name)) {
            into.push(StatusField { name, value: field.value.0.clone(), place });
        }
    }
}

/// The common end of gRPC and gRPC-Web: status fields and frames are known, the answer follows.
pub(super) fn conclude(exchange: &Exchange, contract: &Contract, framed: Framed, mut reading: Reading) -> Reading {
    let output = exchange.intent.rpc.as_deref().and_then(|rpc| contract.descriptors.method(rpc)).map(|method| &method.output);
    let encoding = exchange.received.head().and_then(|head| head.first("grpc-encoding").map(std::borrow::Cow::into_owned));
    let messages: Vec<&Prefixed> = framed.frames.iter().filter(|frame| !frame.is_trailer()).collect();
    let first = messages.first().map(|frame| plain(frame, encoding.as_deref()));
    reading.message = match (&first, output) {
        (Some(Ok(octets)), Some(output)) => Some(message::decode(octets, output)),
        _ => None,
    };
    let details = reading.fields("grpc-status-details-bin").next().map(|field| decode_details_bin(&field.value, &contract.descriptors));
    reading.details = details;
    let answer = answer(exchange, &framed, &reading, first, messages.len(), output.is_some());
    reading.framed = Some(framed);
    reading.answer = answer;
    reading
}

fn answer(
    exchange: &Exchange,
    framed: &Framed,
    reading: &Reading,
    first: Option<Result<Vec<u8>, String>>,
    messages: usize,
    output_known: bool,
) -> Answer {
    let unreadable = |kind, text: String| Answer::Unreadable { kind, text };
    if let Some(broken) = broken_end(&exchange.received.end) {
        return broken;
    }
    let Some(http_status) = exchange.received.head().and_then(|head| head.status) else {
        return unreadable("no-head", "no response head with a status came".to_owned());
    };
    let mut values: Vec<&[u8]> = reading.fields("grpc-status").map(|field| field.value.as_slice()).collect();
    values.dedup();
    let code = match values.as_slice() {
        [] => return unreadable("no-status", format!("no grpc-status where this wire carries it (HTTP status {http_status})")),
        [value] => match number(value) {
            Some(code) => code,
            None => return unreadable("status-format", format!("grpc-status is `{}`", value.escape_ascii())),
        },
        _ => return unreadable("status-conflict", "several grpc-status with different values".to_owned()),
    };
    if code != Code::Ok {
        return Answer::Status(Answered { code: Some(code), http_status, message: None, error: Some(error(code, reading)) });
    }
    if !exchange.received.content.is_whole() {
        return unreadable("too-large", format!("only the first octets of {} were kept", exchange.received.content.length));
    }
    if framed.rest != Rest::Nothing {
        return unreadable("broken-frame", "the content does not end with a whole frame".to_owned());
    }
    match (messages, first) {
        (0, _) | (_, None) => return unreadable("no-message", "grpc-status 0 without a message".to_owned()),
        (1, Some(Ok(_))) => {}
        (1, Some(Err(text))) => return unreadable("compressed-message", text),
        _ => return unreadable("several-messages", format!("{messages} messages in the answer of a unary call")),
    }
    match &reading.message {
        Some(Ok(decoded)) => Answer::Status(Answered { code: Some(code), http_status, message: Some(decoded.value.clone()), error: None }),
        Some(Err(error)) => unreadable("undecodable-message", error.to_string()),
        None if output_known => unreadable("no-message", "the message could not be read".to_owned()),
        None => Answer::Status(Answered { code: Some(code), http_status, message: None, error: None }),
    }
}

/// `grpc-status` as the grammar has it: digits without sign or leading zero.
fn number(value: &[u8]) -> Option<Code> {
    let text = std::str::from_utf8(value).ok()?;
    if text.is_empty() || text.len() > 2 || !text.bytes().all(|octet| octet.is_ascii_digit()) || (text.len() == 2 && text.starts_with('0'))
    {
        return None;
    }
    Code::from_number(text.parse().ok()?)
}

/// The error as the plain status and its details tell it.
fn error(code: Code, reading: &Reading) -> Status {
    let message = reading.fields("grpc-message").next().map(|field| percent_decode_lenient(&field.value)).unwrap_or_default();
    let details = match &reading.details {
        Some(Ok(status)) => status.details.clone(),
        _ => Vec::new(),
    };
    Status { code: i64::from(code.number()), message, details }
}

/// The octets of a message, inflated where the flag and `grpc-encoding` say so.
pub(super) fn plain(frame: &Prefixed, encoding: Option<&str>) -> Result<Vec<u8>, String> {
    if !frame.is_compressed() {
        return Ok(frame.payload.clone());
    }
    let mut octets = Vec::new();
    let read = match encoding.map(str::trim) {
        Some("gzip") => flate2::read::MultiGzDecoder::new(frame.payload.as_slice()).take(INFLATED).read_to_end(&mut octets),
        Some("deflate") => flate2::read::ZlibDecoder::new(frame.payload.as_slice()).take(INFLATED).read_to_end(&mut octets),
        other => return Err(format!("the message has the compressed flag, but grpc-encoding is {}", other.unwrap_or("absent"))),
    };
    read.map(|_| octets).map_err(|error| format!("the compressed message can't be inflated: {error}"))
}
