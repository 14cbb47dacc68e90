//! Checks of gRPC over HTTP/2 (PROTOCOL-HTTP2.md), and of the status that gRPC-Web shares with it.

use super::registry::{Check, Judges, Need, Outcome, View};
use crate::answer::{Answer, Place};
use crate::contract::status::{Code, percent_decode};
use crate::wire::Wire;

pub(super) const CHECKS: &[Check] = &[
    Check {
        requirement: "GRPC-HTTP-STATUS-200",
        kinds: &["other-status"],
        judges: Judges::WellFormed,
        need: Need { count: 4, codes: &[Code::Ok, Code::InvalidArgument, Code::AlreadyExists, Code::Unauthenticated] },
        run: http_status,
    },
    Check {
        requirement: "GRPC-RESPONSE-CONTENT-TYPE",
        kinds: &["no-content-type", "several-content-types", "other-content-type"],
        judges: Judges::WellFormed,
        need: Need { count: 3, codes: &[Code::Ok, Code::AlreadyExists, Code::Unauthenticated] },
        run: content_type,
    },
    Check {
        requirement: "GRPC-TRAILERS-STATUS-PRESENT",
        kinds: &["no-status"],
        judges: Judges::WellFormed,
        need: Need { count: 4, codes: &[Code::Ok, Code::InvalidArgument, Code::AlreadyExists, Code::Unauthenticated] },
        run: status_present,
    },
    Check {
        requirement: "GRPC-STATUS-ONCE",
        kinds: &["twice-in-one-block", "in-both-blocks", "in-first-of-two-blocks"],
        judges: Judges::Every,
        need: Need { count: 2, codes: &[] },
        run: status_once,
    },
    Check {
        requirement: "GRPC-STATUS-FORMAT",
        kinds: &["not-a-code"],
        judges: Judges::Every,
        need: Need { count: 5, codes: &[Code::Ok, Code::InvalidArgument, Code::NotFound, Code::AlreadyExists, Code::Unauthenticated] },
        run: status_format,
    },
    Check {
        requirement: "GRPC-MESSAGE-PERCENT",
        kinds: &["bare-percent", "lower-case-hex", "raw-octet", "invalid-utf8", "text-differs"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: message_percent,
    },
    Check {
        requirement: "GRPC-DETAILS-BIN-AGREES",
        kinds: &["not-base64", "not-a-status", "other-code"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: details_agree,
    },
    Check {
        requirement: "GRPC-DETAILS-BIN-TEXT",
        kinds: &["other-text"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: details_text,
    },
    Check {
        requirement: "GRPC-RESPONSE-ONE-MESSAGE",
        kinds: &["no-message", "several-messages", "message-on-error"],
        judges: Judges::WellFormed,
        need: Need { count: 4, codes: &[Code::Ok, Code::InvalidArgument, Code::AlreadyExists, Code::Unauthenticated] },
        run: one_message,
    },
    Check {
        requirement: "GRPC-RESPONSE-DESCRIPTOR",
        kinds: &["undecodable", "wrong-wire-type", "invalid-utf8"],
        judges: Judges::WellFormed,
        need: Need { count: 2, codes: &[Code::Ok] },
        run: descriptor,
    },
];

fn http_status(view: &View<'_>) -> Outcome {
    match view.exchange.received.head().and_then(|head| head.status) {
        None => Outcome::NotApplicable,
        Some(200) => Outcome::Held,
        Some(other) => Outcome::violated("other-status", ":status 200", format!(":status {other}"), "head"),
    }
}

fn content_type(view: &View<'_>) -> Outcome {
    let Some(head) = view.exchange.received.head() else { return Outcome::NotApplicable };
    let values: Vec<_> = head.all("content-type").map(String::from_utf8_lossy).collect();
    let expected = "exactly one content-type, application/grpc or application/grpc+proto";
    match values.as_slice() {
        [] => Outcome::violated("no-content-type", expected, "no content-type", "head"),
        [value] if ["application/grpc", "application/grpc+proto"].iter().any(|known| value.eq_ignore_ascii_case(known)) => Outcome::Held,
        [value] => Outcome::violated("other-content-type", expected, value.to_string(), "head"),
        several => Outcome::violated("several-content-types", expected, several.join(" | "), "head"),
    }
}

fn status_present(view: &View<'_>) -> Outcome {
    let received = &view.exchange.received;
    if matches!(view.reading.answer, Answer::None { .. }) || received.head().is_none() {
        return Outcome::NotApplicable;
    }
    // The block that ends the stream: the trailers, or the head of a Trailers-Only answer.
    let last = if received.trailers.is_some() { Place::Trailers } else { Place::Head };
    if view.reading.fields("grpc-status").any(|field| field.place == last) {
        Outcome::Held
    } else {
        Outcome::violated("no-status", "grpc-status in the header block that ends the stream", "none", last.name())
    }
}

fn status_once(view: &View<'_>) -> Outcome {
    let fields = &view.reading.status_fields;
    if fields.is_empty() {
        return Outcome::NotApplicable;
    }
    let two_blocks = view.exchange.received.trailers.is_some();
    for name in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
        let count = |place| fields.iter().filter(|field| field.name == name && field.place == place).count();
        let (head, trailers) = (count(Place::Head), count(Place::Trailers));
        let expected = format!("{name} at most once, in the block that ends the stream");
        let actual = format!("{head} in the head, {trailers} in the trailers");
        if head > 0 && trailers > 0 {
            return Outcome::violated("in-both-blocks", expected, actual, "head and trailers");
        }
        if head > 1 || trailers > 1 {
            return Outcome::violated("twice-in-one-block", expected, actual, if head > 1 { "head" } else { "trailers" });
        }
        if head > 0 && two_blocks {
            return Outcome::violated("in-first-of-two-blocks", expected, actual, "head");
        }
    }
    Outcome::Held
}

fn status_format(view: &View<'_>) -> Outcome {
    let mut seen = false;
    for field in view.reading.fields("grpc-status").filter(|field| browser_reads(view, field.place)) {
        seen = true;
        let text = String::from_utf8_lossy(&field.value);
        let plain = matches!(text.as_bytes(), [b'0'..=b'9'] | [b'1', b'0'..=b'6']);
        if !plain {
            return Outcome::violated(
                "not-a-code",
                "a decimal number from 0 to 16 without sign or leading zero",
                format!("`{}`", field.value.escape_ascii()),
                field.place.name(),
            );
        }
    }
    if seen { Outcome::Held } else { Outcome::NotApplicable }
}

/// HTTP trailers don't count on gRPC-Web.
fn browser_reads(view: &View<'_>, place: Place) -> bool {
    !view.wire().is_web() || place != Place::Trailers
}

fn message_percent(view: &View<'_>) -> Outcome {
    let mut seen = false;
    for field in view.reading.fields("grpc-message").filter(|field| !field.value.is_empty()) {
        seen = true;
        if let Err(error) = percent_decode(&field.value) {
            let expected = "characters from space to ~ except %, and % with two upper-case hexadecimal digits, of valid UTF-8";
            return Outcome::violated(error.kind(), expected, format!("`{}`", field.value.escape_ascii()), field.place.name());
        }
    }
    // Where the text meant has a character outside ASCII, both places must say it: "?" in place of letters is lost text.
    if let (Some(Ok(status)), Some(field)) = (&view.reading.details, view.reading.fields("grpc-message").next())
        && !status.message.is_ascii()
        && percent_decode(&field.value).is_ok_and(|text| text != status.message)
    {
        return Outcome::violated(
            "text-differs",
            format!("the text of the status in grpc-status-details-bin, `{}`", status.message),
            format!("`{}`", field.value.escape_ascii()),
            field.place.name(),
        );
    }
    if seen { Outcome::Held } else { Outcome::NotApplicable }
}

fn details_agree(view: &View<'_>) -> Outcome {
    let Some(field) = view.reading.fields("grpc-status-details-bin").next() else { return Outcome::NotApplicable };
    let place = field.place.name();
    match &view.reading.details {
        None => Outcome::NotApplicable,
        Some(Err(error)) if error.kind().starts_with("base64") => {
            Outcome::violated("not-base64", "base64 of the standard alphabet, padded or not", error.to_string(), place)
        }
        Some(Err(error)) => Outcome::violated("not-a-status", "a serialised google.rpc.Status", error.to_string(), place),
        Some(Ok(status)) => {
            let plain = view.reading.fields("grpc-status").next().map(|field| String::from_utf8_lossy(&field.value).into_owned());
            match plain {
                Some(plain) if status.code != 0 && plain != status.code.to_string() => Outcome::violated(
                    "other-code",
                    format!("code {plain}, as grpc-status says, or none"),
                    format!("code {}", status.code),
                    place,
                ),
                _ => Outcome::Held,
            }
        }
    }
}

fn details_text(view: &View<'_>) -> Outcome {
    let (Some(Ok(status)), Some(field)) = (&view.reading.details, view.reading.fields("grpc-message").next()) else {
        return Outcome::NotApplicable;
    };
    // What can't be decoded is told by GRPC-MESSAGE-PERCENT.
    let Ok(text) = percent_decode(&field.value) else { return Outcome::NotApplicable };
    if status.message.is_empty() || text.is_empty() {
        return Outcome::NotApplicable;
    }
    if status.message == text {
        return Outcome::Held;
    }
    Outcome::violated("other-text", format!("`{text}`, as grpc-message says"), format!("`{}`", status.message), "grpc-status-details-bin")
}

fn one_message(view: &View<'_>) -> Outcome {
    let Some(framed) = &view.reading.framed else { return Outcome::NotApplicable };
    let Some(code) = stated_code(view) else { return Outcome::NotApplicable };
    if !view.exchange.received.content.is_whole() {
        return Outcome::NotApplicable;
    }
    let messages = framed.frames.iter().filter(|frame| !frame.is_trailer()).count();
    let violated = |kind, expected: &str| Outcome::violated(kind, expected, format!("{messages} messages"), "content");
    match (code, messages) {
        (Code::Ok, 1) | (_, 0) if code != Code::Ok || messages == 1 => Outcome::Held,
        (Code::Ok, 0) => violated("no-message", "exactly one message with grpc-status 0"),
        (Code::Ok, _) => violated("several-messages", "exactly one message with grpc-status 0"),
        _ => violated("message-on-error", "no message with a status other than 0"),
    }
}

/// The code that the answer states, also where the rest of it can't be read.
fn stated_code(view: &View<'_>) -> Option<Code> {
    let mut fields = view.reading.fields("grpc-status").filter(|field| browser_reads(view, field.place));
    let field = fields.next()?;
    Code::from_number(std::str::from_utf8(&field.value).ok()?.parse().ok()?)
}

fn descriptor(view: &View<'_>) -> Outcome {
    debug_assert!(view.wire() != Wire::Json, "the catalogue names binary wires only");
    match &view.reading.message {
        None => Outcome::NotApplicable,
        Some(Err(error)) => {
            Outcome::violated("undecodable", "a message that decodes with the published schema", error.to_string(), "message")
        }
        Some(Ok(decoded)) => match decoded.issues.iter().find(|issue| matches!(issue.kind, "wrong-wire-type" | "invalid-utf8")) {
            None => Outcome::Held,
            Some(issue) => Outcome::violated(
                issue.kind,
                "field numbers and wire types as published, strings in UTF-8",
                issue.text.clone(),
                issue.place.clone(),
            ),
        },
    }
}
