//! Faults of the status of an RPC answer, wherever it stands: its value, its text, its details, and how often each is there.

use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::macros::wire_fault;
use super::wire::{label, to_trailers};
use super::{BINARY, Context, GRPC, Reply, Seam, Variant, WEB, tree};
use crate::reference::context::Wire;
use crate::reference::frames::{DETAILS, MESSAGE, STATUS};

const WITHOUT_TEXT: &[&str] = &["grpc", "grpc-web"];
const WEB_BINARY: &[&str] = &["grpc-web"];

/// Name and value of a field.
type Line = (String, Vec<u8>);

/// A fault of the block with the status: name, requirement, kind, wires, summary, and what becomes of its fields.
macro_rules! status {
    ($static:ident, $name:literal, $requirement:literal, $kind:literal, $wires:expr, $summary:literal, $bend:expr) => {
        wire_fault!($static, $name, $requirement, $kind, $wires, $summary, Seam::Reply(|context, reply| block(context, reply, $bend)));
    };
}

status!(
    WEB_STATUS_ZERO_LED,
    "web-status-zero-led",
    "GRPC-STATUS-FORMAT",
    "not-a-code",
    WEB_BINARY,
    "ALREADY_EXISTS is sent as 06 on gRPC-Web",
    |lines| set(lines, &STATUS, |value| (value == b"6").then(|| b"06".to_vec()))
);

status!(
    STATUS_PLUS_SIGNED,
    "status-plus-signed",
    "GRPC-STATUS-FORMAT",
    "not-a-code",
    WITHOUT_TEXT,
    "ALREADY_EXISTS is sent as +6",
    |lines| set(lines, &STATUS, |value| (value == b"6").then(|| b"+6".to_vec()))
);

status!(STATUS_AS_NAME, "status-as-name", "GRPC-STATUS-FORMAT", "not-a-code", WITHOUT_TEXT, "a status is sent as its name", |lines| set(
    lines,
    &STATUS,
    |value| (value == b"6").then(|| b"ALREADY_EXISTS".to_vec())
));

status!(
    STATUS_REPLACED,
    "status-replaced",
    "GRPC-DETAILS-BIN-AGREES",
    "other-code",
    WITHOUT_TEXT,
    "an intermediary tells ALREADY_EXISTS as UNKNOWN",
    |lines| set(lines, &STATUS, |value| (value == b"6").then(|| b"2".to_vec()))
);

status!(
    WEB_MESSAGE_UNESCAPED,
    "web-message-unescaped",
    "GRPC-MESSAGE-PERCENT",
    "raw-octet",
    WEB_BINARY,
    "grpc-message is raw UTF-8 in the trailer frame",
    |lines| set(lines, &MESSAGE, |value| Some(percent_encoding::percent_decode(value).collect()))
);

status!(
    MESSAGE_REMOVED,
    "message-removed",
    "ERR-MESSAGE-NONEMPTY",
    "no-message",
    BINARY,
    "the text of an error gets lost on the way",
    |lines| remove(lines, &MESSAGE)
);

status!(
    MESSAGE_ALTERED,
    "message-altered",
    "EQ-DOMAIN-ERRORS",
    "disagrees",
    BINARY,
    "the text of an error is another one on the binary wires",
    |lines| set(lines, &MESSAGE, |_| Some(b"rpc error".to_vec()))
);

status!(
    WEB_DETAILS_PADDED,
    "web-details-padded",
    "GRPC-BIN-HEADER-UNPADDED",
    "padded",
    WEB_BINARY,
    "grpc-status-details-bin is padded in the trailer frame",
    |lines| set(lines, &DETAILS, |value| {
        let mut octets = STANDARD_NO_PAD.decode(value).ok()?;
        if octets.len().is_multiple_of(3) {
            octets.extend_from_slice(&[0x78, 0x01]);
        }
        Some(BASE64_STANDARD.encode(octets).into_bytes())
    })
);

status!(
    DETAILS_REMOVED,
    "details-removed",
    "GRPC-DETAILS-BIN",
    "error-differs",
    WITHOUT_TEXT,
    "the details of an error get lost on the way",
    |lines| remove(lines, &DETAILS)
);

status!(
    DETAILS_DOUBLED,
    "details-doubled",
    "GRPC-STATUS-ONCE",
    "twice-in-one-block",
    GRPC,
    "grpc-status-details-bin is sent twice",
    |lines| double(lines, &DETAILS)
);

status!(
    WEB_DETAILS_DOUBLED,
    "web-details-doubled",
    "WEB-STATUS-UNIQUE",
    "twice",
    WEB,
    "grpc-status-details-bin stands twice in the trailer frame",
    |lines| double(lines, &DETAILS)
);

status!(
    WEB_DETAILS_OTHER_CODE,
    "web-details-other-code",
    "GRPC-DETAILS-BIN-AGREES",
    "other-code",
    WEB_BINARY,
    "the details of an error on gRPC-Web have code 2, whatever grpc-status says",
    |lines| set(lines, &DETAILS, |value| status_of(value, |octets| {
        // Field 1, a varint of one octet, comes first.
        let coded = octets.first() == Some(&8) && octets.len() > 1;
        if coded {
            octets[1] = 2;
        }
        coded
    }))
);

status!(
    DETAILS_OTHER_TEXT,
    "details-other-text",
    "GRPC-DETAILS-BIN-TEXT",
    "other-text",
    WITHOUT_TEXT,
    "the details of an error have another text than grpc-message",
    |lines| set(lines, &DETAILS, |value| status_of(value, |octets| {
        // Field 2 behind the code; the last value counts.
        octets.extend_from_slice(b"\x12\x09otherwise");
        true
    }))
);

status!(
    STATUS_TWICE_IN_ONE,
    "status-twice-in-one-block",
    "GRPC-STATUS-ONCE",
    "twice-in-one-block",
    GRPC,
    "grpc-status is sent twice in one block",
    |lines| double(lines, &STATUS)
);

wire_fault!(
    HEAD_CONTRADICTS,
    "head-contradicts",
    "GRPC-STATUS-ONCE",
    "in-both-blocks",
    GRPC,
    "the head says grpc-status 0 before the trailers tell of an error",
    Seam::Reply(|_, reply| {
        let error = reply.head.contains_key(STATUS);
        if error {
            to_trailers(reply);
            reply.head.insert(STATUS, HeaderValue::from_static("0"));
        }
        error
    })
);

wire_fault!(
    WEB_HEAD_CONTRADICTS,
    "web-head-contradicts",
    "WEB-STATUS-UNIQUE",
    "in-two-places",
    WEB,
    "the head says grpc-status 0 beside a trailer frame that tells of an error",
    Seam::Reply(|context, reply| {
        let error = web_status(context, reply).is_some_and(|status| status != b"0");
        if error {
            reply.head.insert(STATUS, HeaderValue::from_static("0"));
        }
        error
    })
);

wire_fault!(
    WEB_HEAD_REPEATS,
    "web-head-repeats",
    "WEB-STATUS-UNIQUE",
    "in-two-places",
    WEB,
    "the head says what the trailer frame says as well",
    Seam::Reply(|context, reply| {
        let status = web_status(context, reply).and_then(|status| HeaderValue::from_bytes(&status).ok());
        let there = status.is_some();
        reply.head.extend(status.map(|status| (STATUS, status)));
        there
    })
);

wire_fault!(
    GRPC_PLUS_JSON,
    "grpc-plus-json",
    "GRPC-RESPONSE-CONTENT-TYPE",
    "other-content-type",
    GRPC,
    "gRPC answers are labelled +json",
    Seam::Reply(|_, reply| label(reply, "application/grpc+json"))
);

wire_fault!(
    GRPC_CHARSET,
    "grpc-charset",
    "GRPC-RESPONSE-CONTENT-TYPE",
    "other-content-type",
    GRPC,
    "the content type of gRPC has a parameter, which its grammar hasn't",
    Seam::Reply(|_, reply| label(reply, "application/grpc; charset=utf-8"))
);

wire_fault!(
    WEB_PLUS_JSON,
    "web-plus-json",
    "WEB-RESPONSE-CONTENT-TYPE",
    "other-content-type",
    WEB,
    "gRPC-Web answers are labelled +json",
    Seam::Reply(|context, reply| match context.wire {
        Wire::GrpcWebText => label(reply, "application/grpc-web-text+json"),
        _ => label(reply, "application/grpc-web+json"),
    })
);

wire_fault!(
    WEB_AS_GRPC,
    "web-as-grpc",
    "WEB-RESPONSE-CONTENT-TYPE",
    "other-content-type",
    WEB_BINARY,
    "gRPC-Web answers are labelled as gRPC",
    Seam::Reply(|_, reply| label(reply, "application/grpc"))
);

wire_fault!(
    GRPC_201,
    "grpc-201",
    "GRPC-HTTP-STATUS-200",
    "other-status",
    GRPC,
    "a gRPC success comes with HTTP status 201",
    Seam::Reply(|_, reply| {
        let success = reply.trailers.is_some();
        if success {
            reply.status = StatusCode::CREATED;
        }
        success
    })
);

wire_fault!(
    WEB_500_ON_SUCCESS,
    "web-500-on-success",
    "WEB-HTTP-STATUS-200",
    "other-status-on-success",
    WEB,
    "a gRPC-Web success comes with HTTP status 500",
    Seam::Reply(|context, reply| {
        let success = tree::web_frames(context, reply).len() > 1;
        if success {
            reply.status = StatusCode::INTERNAL_SERVER_ERROR;
        }
        success
    })
);

wire_fault!(
    NO_TRAILERS,
    "no-trailers",
    "GRPC-TRAILERS-STATUS-PRESENT",
    "no-status",
    GRPC,
    "a success ends with its message",
    Seam::Reply(|_, reply| reply.trailers.take().is_some())
);

wire_fault!(
    WEB_TWO_MESSAGES,
    "web-two-messages",
    "GRPC-RESPONSE-ONE-MESSAGE",
    "several-messages",
    WEB,
    "the message of a gRPC-Web answer is sent twice",
    Seam::Reply(|context, reply| {
        let mut all = tree::web_frames(context, reply);
        let message = all.first().filter(|(flag, _)| *flag == 0).cloned();
        let there = message.is_some();
        all.splice(0..0, message);
        tree::set_web_frames(context, reply, &all);
        there
    })
);

pub(super) static MESSAGE_ON_SUCCESS: Variant = Variant {
    name: "message-on-success",
    spared_by: &["GRPC-STATUS-ONCE", "GRPC-MESSAGE-PERCENT", "WEB-STATUS-UNIQUE", "WEB-TRAILER-BLOCK-FORMAT"],
    wires: BINARY,
    summary: "grpc-message stands beside grpc-status 0 as well: the grammar of trailers allows it beside each status",
    seam: Seam::Reply(|context, reply| {
        block(context, reply, |lines| {
            let success = lines.iter().any(|(name, value)| *name == STATUS.as_str() && value == b"0");
            if success {
                lines.push((MESSAGE.as_str().to_owned(), b"OK".to_vec()));
            }
            success
        })
    }),
};

pub(super) static WEB_CHARSET: Variant = Variant {
    name: "web-charset",
    spared_by: &["WEB-RESPONSE-CONTENT-TYPE", "WEB-BODY-MATCHES-TYPE"],
    wires: WEB,
    summary: "the content type of gRPC-Web has a parameter and capitals, as any media type may",
    seam: Seam::Reply(|_, reply| {
        let labelled = reply.head.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(|value| format!("{value}; charset=utf-8"));
        let value = labelled.and_then(|value| HeaderValue::from_str(&value.replacen('a', "A", 1)).ok());
        let there = value.is_some();
        if let Some(value) = value {
            reply.head.insert(CONTENT_TYPE, value);
        }
        there
    }),
};

pub(super) static WEB_STATUS_OF_CODE: Variant = Variant {
    name: "web-status-of-code",
    spared_by: &["WEB-HTTP-STATUS-200", "WEB-TRAILER-FRAME-PRESENT"],
    wires: WEB,
    summary: "an error on gRPC-Web has an HTTP status of its own beside its frame",
    seam: Seam::Reply(|context, reply| {
        let Some(status) = web_status(context, reply).filter(|status| status != b"0") else { return false };
        reply.status = match status.as_slice() {
            b"5" => StatusCode::NOT_FOUND,
            b"6" => StatusCode::CONFLICT,
            b"16" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        true
    }),
};

/// Bends the fields of the block in which the status stands.
fn block(context: &Context, reply: &mut Reply, bend: impl Fn(&mut Vec<Line>) -> bool) -> bool {
    if !context.wire.is_web() {
        let at = if reply.trailers.is_some() { reply.trailers.as_mut() } else { Some(&mut reply.head) };
        let Some(fields) = at.filter(|fields| fields.contains_key(STATUS)) else { return false };
        let mut lines: Vec<Line> = fields.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
        let acted = bend(&mut lines);
        if acted {
            let field = |(name, value): Line| Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_bytes(&value).ok()?));
            let mut bent = HeaderMap::new();
            for (name, value) in lines.into_iter().filter_map(field) {
                bent.append(name, value);
            }
            *fields = bent;
        }
        return acted;
    }
    let mut all = tree::web_frames(context, reply);
    let Some((_, content)) = all.iter_mut().find(|(flag, _)| *flag == 0x80) else { return false };
    let mut lines = lines_of(content);
    let acted = bend(&mut lines);
    if acted {
        let written = lines.iter().map(|(name, value)| [name.as_bytes(), b": ", value, b"\r\n"].concat());
        *content = written.collect::<Vec<_>>().concat().into();
        tree::set_web_frames(context, reply, &all);
    }
    acted
}

fn lines_of(block: &[u8]) -> Vec<Line> {
    let line = |line: &[u8]| {
        let colon = line.iter().position(|octet| *octet == b':')?;
        Some((String::from_utf8_lossy(&line[..colon]).into_owned(), line[colon + 1..].trim_ascii().to_vec()))
    };
    block.split(|octet| *octet == b'\n').filter_map(line).collect()
}

fn web_status(context: &Context, reply: &Reply) -> Option<Vec<u8>> {
    let all = tree::web_frames(context, reply);
    let (_, content) = all.iter().find(|(flag, _)| *flag == 0x80)?;
    lines_of(content).into_iter().find(|(name, _)| *name == STATUS.as_str()).map(|(_, value)| value)
}

fn set(lines: &mut [Line], name: &HeaderName, bend: impl Fn(&[u8]) -> Option<Vec<u8>>) -> bool {
    let mut acted = false;
    for (_, value) in lines.iter_mut().filter(|(found, _)| found == name.as_str()) {
        if let Some(bent) = bend(value).filter(|bent| bent != value) {
            *value = bent;
            acted = true;
        }
    }
    acted
}

fn remove(lines: &mut Vec<Line>, name: &HeaderName) -> bool {
    let before = lines.len();
    lines.retain(|(found, _)| found != name.as_str());
    lines.len() < before
}

fn double(lines: &mut Vec<Line>, name: &HeaderName) -> bool {
    let line = lines.iter().find(|(found, _)| found == name.as_str()).cloned();
    let there = line.is_some();
    lines.extend(line);
    there
}

/// Bends the encoded status in a value of `grpc-status-details-bin`.
fn status_of(value: &[u8], bend: impl Fn(&mut Vec<u8>) -> bool) -> Option<Vec<u8>> {
    let mut octets = STANDARD_NO_PAD.decode(value).ok()?;
    bend(&mut octets).then(|| STANDARD_NO_PAD.encode(octets).into_bytes())
}
