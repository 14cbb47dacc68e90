//! Checks of gRPC-Web (PROTOCOL-WEB.md).

use super::registry::{Check, Judges, Need, Outcome, View};
use crate::answer::frames::{Base64Error, Prefixed, Rest};
use crate::answer::{Answer, Framed, Place};
use crate::contract::status::Code;
use crate::wire::Wire;

pub(super) const CHECKS: &[Check] = &[
    Check {
        requirement: "WEB-TRAILER-FRAME-PRESENT",
        kinds: &["only-in-http-trailers", "no-status"],
        judges: Judges::WellFormed,
        need: Need { count: 3, codes: &[Code::Ok, Code::AlreadyExists, Code::Unauthenticated] },
        run: status_readable,
    },
    Check {
        requirement: "WEB-TRAILER-FRAME-LAST",
        kinds: &["no-trailer-frame", "several-trailer-frames", "frame-after-trailers", "octets-after-trailers"],
        judges: Judges::WellFormed,
        need: Need { count: 1, codes: &[Code::Ok] },
        run: trailer_frame_last,
    },
    Check {
        requirement: "WEB-TRAILER-FLAG",
        kinds: &["other-flag"],
        judges: Judges::WellFormed,
        need: Need { count: 1, codes: &[Code::Ok] },
        run: flags,
    },
    Check {
        requirement: "WEB-TRAILER-LENGTH",
        kinds: &["length-differs"],
        judges: Judges::WellFormed,
        need: Need { count: 1, codes: &[Code::Ok] },
        run: trailer_length,
    },
    Check {
        requirement: "WEB-TRAILER-BLOCK-FORMAT",
        kinds: &[
            "final-empty-line",
            "no-final-line-end",
            "bare-line-feed",
            "empty-line",
            "folded-line",
            "no-colon",
            "not-a-name",
            "control-character",
        ],
        judges: Judges::WellFormed,
        need: Need { count: 1, codes: &[Code::Ok] },
        run: block_format,
    },
    Check {
        requirement: "WEB-TRAILER-LOWERCASE",
        kinds: &["upper-case"],
        judges: Judges::WellFormed,
        need: Need { count: 1, codes: &[Code::Ok] },
        run: lower_case,
    },
    Check {
        requirement: "WEB-RESPONSE-CONTENT-TYPE",
        kinds: &["no-content-type", "several-content-types", "other-content-type"],
        judges: Judges::WellFormed,
        need: Need { count: 2, codes: &[Code::Ok, Code::AlreadyExists] },
        run: content_type,
    },
    Check {
        requirement: "WEB-STATUS-UNIQUE",
        kinds: &["twice", "in-two-places"],
        judges: Judges::WellFormed,
        need: Need { count: 3, codes: &[Code::Ok, Code::AlreadyExists, Code::Unauthenticated] },
        run: status_unique,
    },
    Check {
        requirement: "WEB-HTTP-STATUS-200",
        kinds: &["other-status-on-success", "other-status-on-error"],
        judges: Judges::WellFormed,
        need: Need { count: 3, codes: &[Code::Ok, Code::AlreadyExists, Code::Unauthenticated] },
        run: http_status,
    },
    Check {
        requirement: "WEB-TRAILERS-ONLY-NO-BODY",
        kinds: &["content-beside-status"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: no_content_beside_status,
    },
    Check {
        requirement: "WEB-TEXT-BASE64-BODY",
        kinds: &["foreign-octet", "length", "padding"],
        judges: Judges::WellFormed,
        need: Need { count: 1, codes: &[Code::Ok] },
        run: base64_text,
    },
];

fn status_readable(view: &View<'_>) -> Outcome {
    if matches!(view.reading.answer, Answer::None { .. }) || view.exchange.received.head().is_none() {
        return Outcome::NotApplicable;
    }
    // Who turns a page of another origin away does so before there is a call (WHATWG Fetch, CORS protocol).
    let has_origin = view.exchange.sent.fields.iter().any(|field| field.is("origin"));
    if has_origin && view.exchange.received.head().is_some_and(|head| head.status == Some(403)) {
        return Outcome::NotApplicable;
    }
    let places: Vec<Place> = view.reading.fields("grpc-status").map(|field| field.place).collect();
    let success_in_head = view.reading.framed.as_ref().is_some_and(|framed| !framed.frames.is_empty())
        && view.reading.fields("grpc-status").all(|field| field.value == b"0");
    if places.contains(&Place::TrailerFrame) || (places.contains(&Place::Head) && !success_in_head) {
        return Outcome::Held;
    }
    let expected = "grpc-status in a trailer frame of the content, or of an error in the response head";
    let trailers = view.exchange.received.trailers.iter().flatten().any(|field| field.is("grpc-status"));
    if trailers {
        Outcome::violated("only-in-http-trailers", expected, "grpc-status only in HTTP trailers, which browsers don't show", "trailers")
    } else {
        let actual = if places.is_empty() { "none" } else { "grpc-status 0 in the head beside a message" };
        Outcome::violated("no-status", expected, actual, "content")
    }
}

/// The frames of a content that is not empty and could be read as base64 where it is text.
fn framed<'a>(view: &'a View<'_>) -> Option<&'a Framed> {
    let received = &view.exchange.received;
    let framed = view.reading.framed.as_ref()?;
    let label = received.head()?.first("content-type")?.to_ascii_lowercase();
    let readable = received.content.length > 0 && received.content.is_whole() && view.reading.base64_error.is_none();
    let whole = matches!(received.end, crate::wire::End::Complete | crate::wire::End::Reset { code: 0 });
    (readable && whole && label.trim_start().starts_with("application/grpc-web")).then_some(framed)
}

fn trailer_frame_last(view: &View<'_>) -> Outcome {
    let Some(framed) = framed(view) else { return Outcome::NotApplicable };
    let expected = "one trailer frame, the last of the content, and nothing after it";
    let at = |kind, actual: String| Outcome::violated(kind, expected, actual, "content");
    let first = framed.frames.iter().position(Prefixed::is_trailer);
    match (first, &framed.rest) {
        (None, Rest::ShortPayload { flag, .. }) if flag & 0x80 != 0 => Outcome::NotApplicable,
        (None, _) => at("no-trailer-frame", format!("{} frames, none of them a trailer frame", framed.frames.len())),
        (Some(index), rest) => {
            let after = framed.frames.get(index + 1..).unwrap_or_default();
            if after.iter().any(Prefixed::is_trailer) {
                at("several-trailer-frames", "a second trailer frame".to_owned())
            } else if !after.is_empty() {
                at("frame-after-trailers", format!("{} more frames after it", after.len()))
            } else if *rest != Rest::Nothing {
                at("octets-after-trailers", "octets after it that are no frame".to_owned())
            } else {
                Outcome::Held
            }
        }
    }
}

fn flags(view: &View<'_>) -> Outcome {
    let Some(framed) = framed(view) else { return Outcome::NotApplicable };
    // A client that offers compression may get it; these checks speak of those that don't.
    if view.exchange.sent.fields.iter().any(|field| field.is("grpc-accept-encoding") || field.is("grpc-encoding")) {
        return Outcome::NotApplicable;
    }
    match framed.frames.iter().find(|frame| !matches!(frame.flag, 0x00 | 0x80)) {
        None => Outcome::Held,
        Some(frame) => Outcome::violated(
            "other-flag",
            "flag 0x00 of a message, 0x80 of the trailers",
            format!("flag 0x{:02x}", frame.flag),
            format!("frame at octet {}", frame.offset),
        ),
    }
}

fn trailer_length(view: &View<'_>) -> Outcome {
    let Some(framed) = framed(view) else { return Outcome::NotApplicable };
    match &framed.rest {
        Rest::ShortPayload { offset, flag, announced, octets } if flag & 0x80 != 0 => Outcome::violated(
            "length-differs",
            format!("{} octets announced, as many as remain", octets.len()),
            format!("{announced} announced"),
            format!("frame at octet {offset}"),
        ),
        // Too short a length leaves octets that are no frame.
        Rest::ShortPrefix { offset, octets } | Rest::ShortPayload { offset, octets, .. }
            if framed.frames.last().is_some_and(Prefixed::is_trailer) =>
        {
            Outcome::violated(
                "length-differs",
                "a trailer frame whose length reaches to the end of the content",
                format!("{} octets and more after it", octets.len()),
                format!("octet {offset}"),
            )
        }
        _ if framed.trailer_blocks.is_empty() => Outcome::NotApplicable,
        _ => Outcome::Held,
    }
}

fn block_format(view: &View<'_>) -> Outcome {
    let Some(framed) = framed(view) else { return Outcome::NotApplicable };
    if framed.trailer_blocks.is_empty() {
        return Outcome::NotApplicable;
    }
    match framed.trailer_blocks.iter().flat_map(|block| &block.irregular).next() {
        None => Outcome::Held,
        Some(kind) => {
            let block = framed.frames.iter().find(|frame| frame.is_trailer()).map(|frame| frame.payload.escape_ascii().to_string());
            Outcome::violated(
                kind,
                "lines `name: value`, each ended by CRLF, and no empty line",
                format!("`{}`", block.unwrap_or_default()),
                "trailer frame",
            )
        }
    }
}

fn lower_case(view: &View<'_>) -> Outcome {
    let Some(framed) = framed(view) else { return Outcome::NotApplicable };
    let mut lines = framed.trailer_blocks.iter().flat_map(|block| &block.lines).peekable();
    if lines.peek().is_none() {
        return Outcome::NotApplicable;
    }
    match lines.find(|line| line.name.iter().any(u8::is_ascii_uppercase)) {
        None => Outcome::Held,
        Some(line) => {
            Outcome::violated("upper-case", "field names in lower case", format!("`{}`", line.name.escape_ascii()), "trailer frame")
        }
    }
}

fn content_type(view: &View<'_>) -> Outcome {
    if view.reading.fields("grpc-status").all(|field| field.place == Place::Trailers) {
        return Outcome::NotApplicable;
    }
    let Some(head) = view.exchange.received.head() else { return Outcome::NotApplicable };
    let allowed = if view.wire() == Wire::GrpcWebText {
        ["application/grpc-web-text", "application/grpc-web-text+proto"]
    } else {
        ["application/grpc-web", "application/grpc-web+proto"]
    };
    let expected = format!("exactly one content-type, {} or {}", allowed[0], allowed[1]);
    let values: Vec<_> = head.all("content-type").map(String::from_utf8_lossy).collect();
    match values.as_slice() {
        [] => Outcome::violated("no-content-type", expected, "no content-type", "head"),
        [value] => {
            let media_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            if allowed.contains(&media_type.as_str()) {
                Outcome::Held
            } else {
                Outcome::violated("other-content-type", expected, value.to_string(), "head")
            }
        }
        several => Outcome::violated("several-content-types", expected, several.join(" | "), "head"),
    }
}

fn status_unique(view: &View<'_>) -> Outcome {
    let fields: Vec<_> = view.reading.status_fields.iter().filter(|field| field.place != Place::Trailers).collect();
    let Some(status) = fields.iter().find(|field| field.name == "grpc-status") else { return Outcome::NotApplicable };
    for name in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
        let places: Vec<_> = fields.iter().filter(|field| field.name == name).map(|field| field.place).collect();
        let expected = format!("{name} once, where grpc-status stands ({})", status.place.name());
        if places.iter().any(|place| *place != status.place) {
            return Outcome::violated("in-two-places", expected, format!("{name} in the head and in the trailer frame"), name);
        }
        if places.len() > 1 {
            return Outcome::violated("twice", expected, format!("{} times", places.len()), status.place.name());
        }
    }
    Outcome::Held
}

fn http_status(view: &View<'_>) -> Outcome {
    let Some(status) = view.exchange.received.head().and_then(|head| head.status) else { return Outcome::NotApplicable };
    let Some(code) = view.reading.code() else { return Outcome::NotApplicable };
    match (code, status) {
        (_, 200) => Outcome::Held,
        (Code::Ok, other) => {
            Outcome::violated("other-status-on-success", "HTTP status 200 of a success", format!("HTTP status {other}"), "head")
        }
        (_, 400..=599) => Outcome::Held,
        (_, other) => {
            Outcome::violated("other-status-on-error", "HTTP status 200, 4xx or 5xx of an error", format!("HTTP status {other}"), "head")
        }
    }
}

fn no_content_beside_status(view: &View<'_>) -> Outcome {
    let received = &view.exchange.received;
    if received.head().is_none_or(|head| head.all("grpc-status").next().is_none()) {
        return Outcome::NotApplicable;
    }
    if received.content.length == 0 {
        Outcome::Held
    } else {
        let actual = format!("{} octets", received.content.length);
        Outcome::violated("content-beside-status", "no content where the response head has grpc-status", actual, "content")
    }
}

fn base64_text(view: &View<'_>) -> Outcome {
    let received = &view.exchange.received;
    let label = received.head().and_then(|head| head.first("content-type")).unwrap_or_default().to_ascii_lowercase();
    if received.content.length == 0 || !received.content.is_whole() || !label.trim_start().starts_with("application/grpc-web-text") {
        return Outcome::NotApplicable;
    }
    match &view.reading.base64_error {
        None => Outcome::Held,
        Some(error) => {
            let kind = match error {
                Base64Error::Foreign { .. } => "foreign-octet",
                Base64Error::Length { .. } => "length",
                Base64Error::Padding { .. } => "padding",
            };
            Outcome::violated(kind, "padded base64 texts of the standard alphabet, one after the other", error.to_string(), "content")
        }
    }
}
