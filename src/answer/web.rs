//! gRPC-Web, binary and text (PROTOCOL-WEB.md).

use super::frames::{self, Rest};
use super::grpc::{collect, conclude, plain};
use super::{Answer, Framed, Place, Reading, StatusField};
use crate::contract::Contract;
use crate::wire::Exchange;

pub(super) fn read(exchange: &Exchange, contract: &Contract) -> Reading {
    let received = &exchange.received;
    let mut reading = Reading::of(Answer::None { kind: "unread", text: String::new() });
    let mut content = std::borrow::Cow::Borrowed(received.content.kept.0.as_slice());
    let content_type = received.head().and_then(|head| head.first("content-type")).unwrap_or_default().to_ascii_lowercase();
    if content_type.trim_start().starts_with("application/grpc-web-text") {
        match frames::decode_base64_stream(&content) {
            Ok(octets) => content = octets.into(),
            Err(error) => {
                content = Vec::new().into();
                reading.base64_error = Some(error);
            }
        }
    }
    // An answer that is no gRPC-Web at all (an HTML page, a JSON error) has no frames.
    let is_web = content_type.trim_start().starts_with("application/grpc");
    let (whole, rest) = if is_web { frames::split(&content) } else { (Vec::new(), Rest::Nothing) };
    // The flag of a trailer frame may say that it is compressed, like a message (PROTOCOL-WEB.md, Message framing 2). Without an encoding there is nothing
    // to inflate it by: what the flag says is judged by itself then.
    let encoding = received.head().and_then(|head| head.first("grpc-encoding")).filter(|name| name.trim() != "identity");
    let mut not_inflated = None;
    let mut trailer_blocks = Vec::new();
    for frame in whole.iter().filter(|frame| frame.is_trailer()) {
        let inflated = encoding.as_ref().map(|encoding| plain(frame, Some(encoding)));
        match inflated {
            Some(Ok(block)) => trailer_blocks.push(frames::read_trailer_block(&block)),
            Some(Err(text)) => not_inflated = not_inflated.or(Some(text.replace("message", "trailer frame"))),
            None => trailer_blocks.push(frames::read_trailer_block(&frame.payload)),
        }
    }
    if let Some(head) = received.head() {
        collect(&head.fields, Place::Head, &mut reading.status_fields);
    }
    for line in trailer_blocks.iter().flat_map(|block| &block.lines) {
        let known = ["grpc-status", "grpc-message", "grpc-status-details-bin"];
        if let Some(name) = known.into_iter().find(|name| line.name.eq_ignore_ascii_case(name.as_bytes())) {
            reading.status_fields.push(StatusField { name, value: line.value.clone(), place: Place::TrailerFrame });
        }
    }
    let text_is_broken = reading.base64_error.clone();
    let mut reading = conclude(exchange, contract, Framed { frames: whole, rest, trailer_blocks }, reading);
    if let (Some(error), Answer::Status(_) | Answer::Unreadable { kind: "no-status", .. }) = (text_is_broken, &reading.answer) {
        reading.answer = Answer::Unreadable { kind: "broken-base64", text: error.to_string() };
    }
    if let (Some(text), Answer::Status(_) | Answer::Unreadable { kind: "no-status", .. }) = (not_inflated, &reading.answer) {
        reading.answer = Answer::Unreadable { kind: "compressed-trailers", text };
    }
    reading
}
