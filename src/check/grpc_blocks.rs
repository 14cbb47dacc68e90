//! Checks of the header blocks and frames of gRPC over HTTP/2 (PROTOCOL-HTTP2.md; RFC 9113).

use super::registry::{Check, Judges, Need, Outcome, View};
use crate::answer::frames::Rest;
use crate::contract::status::Code;
use crate::wire::{End, Field};

pub(super) const CHECKS: &[Check] = &[
    Check {
        requirement: "GRPC-RESPONSE-PREFIX",
        kinds: &["compressed-flag", "length-differs", "empty"],
        judges: Judges::WellFormed,
        need: Need { count: 2, codes: &[Code::Ok] },
        run: prefix,
    },
    Check {
        requirement: "GRPC-TRAILERS-END-STREAM",
        kinds: &["on-data", "not-on-trailers", "several"],
        judges: Judges::WellFormed,
        need: Need { count: 2, codes: &[Code::Ok, Code::AlreadyExists] },
        run: end_stream,
    },
    Check {
        requirement: "GRPC-TRAILERS-ONLY-SHAPE",
        kinds: &["other-status", "no-content-type", "other-content-type", "no-status"],
        judges: Judges::WellFormed,
        need: Need { count: 1, codes: &[] },
        run: trailers_only,
    },
    Check {
        requirement: "GRPC-BIN-HEADER-UNPADDED",
        kinds: &["padded"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: unpadded,
    },
    Check {
        requirement: "GRPC-DETAILS-BIN-NOT-ON-OK",
        kinds: &["details-on-success"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: no_details_on_success,
    },
    Check {
        requirement: "GRPC-COMPRESSION-ACCEPT-HEADER",
        kinds: &["no-accept-encoding", "names-the-refused"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: encodings_told,
    },
    Check {
        requirement: "GRPC-H2-RESPONSE-FIELDS",
        kinds: &["upper-case", "pseudo-field", "connection-field", "blank-or-control"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: h2_fields,
    },
];

fn prefix(view: &View<'_>) -> Outcome {
    let expected = "flag 0 and a length that is the number of octets which follow, more than 0";
    let received = &view.exchange.received;
    let Some(framed) = view.reading.framed.as_ref().filter(|_| received.content.is_whole() && received.content.length > 0) else {
        return Outcome::NotApplicable;
    };
    // A status other than OK may come without any message; what it has is judged by GRPC-RESPONSE-ONE-MESSAGE.
    if view.reading.fields("grpc-status").any(|field| field.value != b"0")
        || !matches!(received.end, End::Complete | End::Reset { code: 0 })
    {
        return Outcome::NotApplicable;
    }
    let coded = received.head().and_then(|head| head.first("grpc-encoding")).is_some_and(|value| value.trim() != "identity");
    match (framed.frames.first(), &framed.rest) {
        (Some(frame), _) if frame.flag != 0 && !coded => {
            Outcome::violated("compressed-flag", expected, format!("flag 0x{:02x} without a grpc-encoding", frame.flag), "content")
        }
        (_, Rest::ShortPayload { announced, octets, .. }) => {
            Outcome::violated("length-differs", expected, format!("{announced} octets announced, {} follow", octets.len()), "content")
        }
        (_, Rest::ShortPrefix { octets, .. }) => {
            Outcome::violated("length-differs", expected, format!("{} stray octets", octets.len()), "content")
        }
        (Some(frame), Rest::Nothing) if frame.payload.is_empty() && has_fields(view) => {
            Outcome::violated("empty", expected, "a message of length 0", "content")
        }
        _ => Outcome::Held,
    }
}

/// Whether the success message can't be empty: its schema asks for a member.
fn has_fields(view: &View<'_>) -> bool {
    view.method.is_some_and(|method| !view.contract.schemas.validate(method.output.full_name(), &serde_json::json!({})).is_empty())
}

/// Where a message is refused for its encoding, the answer says which there are.
fn encodings_told(view: &View<'_>) -> Outcome {
    let refused =
        view.exchange.sent.fields.iter().find(|field| field.is("grpc-encoding")).map(|field| field.value.text().to_ascii_lowercase());
    let Some(refused) = refused.filter(|name| name != "identity") else { return Outcome::NotApplicable };
    if view.reading.code() != Some(Code::Unimplemented) {
        return Outcome::NotApplicable;
    }
    let received = &view.exchange.received;
    let fields = received.head().into_iter().flat_map(|head| &head.fields).chain(received.trailers.iter().flatten());
    let lists: Vec<String> =
        fields.filter(|field| field.is("grpc-accept-encoding")).map(|field| field.value.text().to_ascii_lowercase()).collect();
    let expected = "grpc-accept-encoding without the encoding that is refused";
    if lists.is_empty() {
        Outcome::violated("no-accept-encoding", expected, "no grpc-accept-encoding", "head")
    } else if lists.iter().flat_map(|list| list.split(',')).any(|name| name.trim() == refused) {
        Outcome::violated("names-the-refused", expected, lists.join(" | "), "head")
    } else {
        Outcome::Held
    }
}

fn end_stream(view: &View<'_>) -> Outcome {
    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const END_STREAM: u8 = 0x1;
    let Some(frames) = &view.exchange.received.frames else { return Outcome::NotApplicable };
    if view.reading.answered().is_none() && view.reading.fields("grpc-status").next().is_none() {
        return Outcome::NotApplicable;
    }
    let ends: Vec<u8> = frames
        .iter()
        .filter(|frame| matches!(frame.kind, DATA | HEADERS) && frame.flags & END_STREAM != 0)
        .map(|frame| frame.kind)
        .collect();
    let expected = "END_STREAM on the HEADERS frame that carries grpc-status, and on no other frame";
    match ends.as_slice() {
        [HEADERS] => Outcome::Held,
        [DATA] => Outcome::violated("on-data", expected, "END_STREAM on a DATA frame", "frames"),
        [] => Outcome::violated("not-on-trailers", expected, "END_STREAM on no frame", "frames"),
        _ => Outcome::violated("several", expected, format!("END_STREAM on {} frames", ends.len()), "frames"),
    }
}

fn trailers_only(view: &View<'_>) -> Outcome {
    let received = &view.exchange.received;
    let Some(head) = received.head() else { return Outcome::NotApplicable };
    let status = view.reading.fields("grpc-status").next().is_some();
    let label = head.first("content-type").map(|value| value.to_ascii_lowercase());
    let is_grpc = status || label.as_ref().is_some_and(|value| value.starts_with("application/grpc"));
    if received.trailers.is_some()
        || received.content.length > 0
        || !matches!(received.end, End::Complete | End::Reset { code: 0 })
        || !is_grpc
    {
        return Outcome::NotApplicable;
    }
    let expected = ":status 200, content-type application/grpc or application/grpc+proto, and grpc-status";
    match (head.status, label.as_deref()) {
        _ if !status => Outcome::violated("no-status", expected, "no grpc-status", "head"),
        (Some(200), Some("application/grpc" | "application/grpc+proto")) => Outcome::Held,
        (Some(200), None) => Outcome::violated("no-content-type", expected, "no content-type", "head"),
        (Some(200), Some(other)) => Outcome::violated("other-content-type", expected, other.to_owned(), "head"),
        (other, _) => Outcome::violated("other-status", expected, format!(":status {}", other.unwrap_or_default()), "head"),
    }
}

/// All fields of the answer, in every place.
fn all_fields<'a>(view: &'a View<'_>) -> impl Iterator<Item = &'a Field> {
    let received = &view.exchange.received;
    received.heads.iter().flat_map(|head| &head.fields).chain(received.trailers.iter().flatten())
}

fn unpadded(view: &View<'_>) -> Outcome {
    let in_blocks = all_fields(view).map(|field| (field.name.0.as_slice(), field.value.0.as_slice()));
    let in_frames = view
        .reading
        .framed
        .iter()
        .flat_map(|framed| &framed.trailer_blocks)
        .flat_map(|block| &block.lines)
        .map(|line| (line.name.as_slice(), line.value.as_slice()));
    let mut seen = false;
    for (name, value) in in_blocks.chain(in_frames).filter(|(name, _)| name.to_ascii_lowercase().ends_with(b"-bin")) {
        seen = true;
        if value.split(|octet| *octet == b',').any(|piece| piece.trim_ascii().ends_with(b"=")) {
            return Outcome::violated(
                "padded",
                "binary values without trailing =",
                format!("`{}: {}`", name.escape_ascii(), value.escape_ascii()),
                "fields",
            );
        }
    }
    if seen { Outcome::Held } else { Outcome::NotApplicable }
}

fn no_details_on_success(view: &View<'_>) -> Outcome {
    let mut statuses = view.reading.fields("grpc-status").peekable();
    if statuses.peek().is_none() || statuses.any(|field| field.value != b"0") {
        return Outcome::NotApplicable;
    }
    match view.reading.fields("grpc-status-details-bin").next() {
        None => Outcome::Held,
        Some(field) => {
            Outcome::violated("details-on-success", "no grpc-status-details-bin beside grpc-status 0", "one is there", field.place.name())
        }
    }
}

fn h2_fields(view: &View<'_>) -> Outcome {
    let received = &view.exchange.received;
    if received.frames.is_none() || received.heads.is_empty() {
        return Outcome::NotApplicable;
    }
    for head in &received.heads {
        let status_first = head.fields.first().is_some_and(|field| field.name.0 == b":status");
        let pseudo = head.fields.iter().filter(|field| field.name.0.starts_with(b":")).count();
        if !status_first || pseudo != 1 {
            let expected = "exactly one pseudo-field, :status, before all others";
            return Outcome::violated("pseudo-field", expected, format!("{pseudo} pseudo-fields"), "head");
        }
    }
    if received.trailers.iter().flatten().any(|field| field.name.0.starts_with(b":")) {
        return Outcome::violated("pseudo-field", "no pseudo-field in trailers", "one is there", "trailers");
    }
    for field in all_fields(view) {
        let shown = || format!("`{}: {}`", field.name.0.escape_ascii(), field.value.0.escape_ascii());
        if field.name.0.iter().any(u8::is_ascii_uppercase) {
            return Outcome::violated("upper-case", "field names in lower case", shown(), "fields");
        }
        if ["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"].iter().any(|name| field.is(name)) {
            return Outcome::violated("connection-field", "no connection-specific field", shown(), "fields");
        }
        let value = &field.value.0;
        let blank = |octet: Option<&u8>| matches!(octet, Some(b' ' | b'\t'));
        if blank(value.first()) || blank(value.last()) || value.iter().any(|octet| matches!(octet, 0 | b'\r' | b'\n')) {
            return Outcome::violated("blank-or-control", "values without blanks at their ends and without NUL, CR, LF", shown(), "fields");
        }
    }
    Outcome::Held
}
