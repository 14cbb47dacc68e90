//! Faults of HTTP and of gRPC's framing.

use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::{Bytes, BytesMut};
use http::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Version};

use super::{ALL, Fault, GRPC, JSON, Layer, Seam};
use crate::reference::context::Wire;
use crate::reference::frames::{DETAILS, MESSAGE, Recognized, Reply, STATUS};
use crate::reference::methods::contract;

pub(super) static STATUS_TWICE: Fault = Fault {
    name: "status-twice",
    requirement: "GRPC-STATUS-ONCE",
    kind: "in-both-blocks",
    wires: GRPC,
    layer: Layer::Wire,
    summary: "successful answers have a grpc-status in the head and in the trailers",
    seam: Seam::Reply(|_, reply| {
        let twice = reply.trailers.is_some();
        if twice {
            reply.head.insert(STATUS, HeaderValue::from_static("0"));
        }
        twice
    }),
};

pub(super) static STATUS_ZERO_LED: Fault = Fault {
    name: "status-zero-led",
    requirement: "GRPC-STATUS-FORMAT",
    kind: "not-a-code",
    wires: GRPC,
    layer: Layer::Wire,
    summary: "ALREADY_EXISTS is sent as 06",
    seam: Seam::Reply(|_, reply| edit(&mut reply.head, STATUS.as_str(), |status| (status == "6").then(|| b"06".to_vec()))),
};

pub(super) static HTTP_500_ON_ERROR: Fault = Fault {
    name: "http-500-on-error",
    requirement: "GRPC-HTTP-STATUS-200",
    kind: "other-status",
    wires: GRPC,
    layer: Layer::Wire,
    summary: "a gRPC error comes with HTTP status 500",
    seam: Seam::Reply(|_, reply| {
        let error = reply.head.contains_key(STATUS);
        if error {
            reply.status = StatusCode::INTERNAL_SERVER_ERROR;
        }
        error
    }),
};

pub(super) static OCTET_STREAM: Fault = Fault {
    name: "octet-stream",
    requirement: "GRPC-RESPONSE-CONTENT-TYPE",
    kind: "other-content-type",
    wires: GRPC,
    layer: Layer::Wire,
    summary: "gRPC answers have the content type application/octet-stream",
    seam: Seam::Reply(|_, reply| label(reply, "application/octet-stream")),
};

pub(super) static JSON_AS_TEXT_PLAIN: Fault = Fault {
    name: "json-as-text-plain",
    requirement: "HTTP-CONTENT-TYPE-JSON",
    kind: "other-media-type",
    wires: JSON,
    layer: Layer::Wire,
    summary: "JSON errors have the content type text/plain",
    seam: Seam::Reply(|_, reply| !reply.status.is_success() && label(reply, "text/plain; charset=utf-8")),
};

pub(super) static NO_DATE: Fault = Fault {
    name: "no-date",
    requirement: "HTTP-DATE-HEADER",
    kind: "no-date",
    wires: JSON,
    layer: Layer::Wire,
    summary: "answers have no Date field",
    seam: Seam::NoDate,
};

pub(super) static MESSAGE_UNESCAPED: Fault = Fault {
    name: "message-unescaped",
    requirement: "GRPC-MESSAGE-PERCENT",
    kind: "raw-octet",
    wires: GRPC,
    layer: Layer::Wire,
    summary: "grpc-message is raw UTF-8",
    seam: Seam::Reply(|_, reply| {
        edit(&mut reply.head, MESSAGE.as_str(), |message| Some(percent_encoding::percent_decode_str(message).collect()))
    }),
};

pub(super) static TWO_MESSAGES: Fault = Fault {
    name: "two-messages",
    requirement: "GRPC-RESPONSE-ONE-MESSAGE",
    kind: "several-messages",
    wires: GRPC,
    layer: Layer::Wire,
    summary: "the message of an answer is sent twice",
    seam: Seam::Reply(|_, reply| {
        let again = reply.body.clone();
        reply.body.extend(again);
        !reply.body.is_empty()
    }),
};

pub(super) static FOREIGN_CONTENT_TYPE_EXECUTED: Fault = Fault {
    name: "foreign-content-type-executed",
    requirement: "GRPC-CONTENT-TYPE-415",
    kind: "http-status-differs",
    wires: GRPC,
    layer: Layer::Wire,
    summary: "a call with a content type that isn't gRPC's is executed as if it were",
    seam: Seam::Recognized(|head, recognized| {
        let foreign = *recognized == Recognized::Other
            && head.version == Version::HTTP_2
            && head.method == Method::POST
            && contract().is_service(head.uri.path());
        if foreign {
            *recognized = Recognized::Call(Wire::Grpc, "application/grpc");
        }
        foreign
    }),
};

pub(super) static STATUS_MISSING: Fault = Fault {
    name: "status-missing",
    requirement: "GRPC-TRAILERS-STATUS-PRESENT",
    kind: "no-status",
    wires: GRPC,
    layer: Layer::Wire,
    summary: "the trailers of successful answers have no grpc-status",
    seam: Seam::Reply(|_, reply| {
        let Some(trailers) = &mut reply.trailers else {
            return false;
        };
        trailers.remove(STATUS);
        trailers.insert("x-status", HeaderValue::from_static("fine"));
        true
    }),
};

pub(super) static LENGTH_LITTLE_ENDIAN: Fault = Fault {
    name: "length-little-endian",
    requirement: "GRPC-RESPONSE-PREFIX",
    kind: "length-differs",
    wires: GRPC,
    layer: Layer::Wire,
    summary: "the length of a message is written from its low end",
    seam: Seam::Reply(|_, reply| {
        let Some(frame) = reply.body.first_mut().filter(|frame| frame.len() > 5) else {
            return false;
        };
        let mut bent = BytesMut::from(&frame[..]);
        bent[1..5].reverse();
        *frame = bent.freeze();
        true
    }),
};

pub(super) static DETAILS_BIN_PADDED: Fault = Fault {
    name: "details-bin-padded",
    requirement: "GRPC-BIN-HEADER-UNPADDED",
    kind: "padded",
    wires: GRPC,
    layer: Layer::Wire,
    summary: "grpc-status-details-bin is padded",
    seam: Seam::Reply(|_, reply| {
        edit(&mut reply.head, DETAILS.as_str(), |text| {
            let mut octets = STANDARD_NO_PAD.decode(text).ok()?;
            if octets.len() % 3 == 0 {
                // Nothing to pad: a field of a later release, so that there is.
                octets.extend_from_slice(&[0x78, 0x01]);
            }
            Some(BASE64_STANDARD.encode(octets).into_bytes())
        })
    }),
};

pub(super) static EMPTY_MESSAGE_BEFORE_ERROR: Fault = Fault {
    name: "empty-message-before-error",
    requirement: "GRPC-RESPONSE-ONE-MESSAGE",
    kind: "message-on-error",
    wires: GRPC,
    layer: Layer::Wire,
    summary: "an empty message comes before the status of an error",
    seam: Seam::Reply(|_, reply| {
        let error = reply.head.contains_key(STATUS);
        if error {
            to_trailers(reply);
            reply.body = vec![Bytes::from_static(&[0; 5])];
        }
        error
    }),
};

pub(super) static NO_ALLOW: Fault = Fault {
    name: "no-allow",
    requirement: "HTTP-405-ALLOW",
    kind: "no-allow",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a 405 doesn't say which methods there are",
    seam: Seam::Reply(|_, reply| reply.head.remove(ALLOW).is_some()),
};

pub(super) static CACHEABLE: Fault = Fault {
    name: "cacheable",
    requirement: "HTTP-NO-STORE",
    kind: "storable",
    wires: ALL,
    layer: Layer::Wire,
    summary: "answers don't forbid to be kept in caches",
    seam: Seam::Reply(|_, reply| reply.head.remove(http::header::CACHE_CONTROL).is_some()),
};

/// Moves the status of an error from the head to trailers.
pub(super) fn to_trailers(reply: &mut Reply) {
    let mut trailers = HeaderMap::new();
    for name in [STATUS, MESSAGE, DETAILS] {
        if let Some(value) = reply.head.remove(&name) {
            trailers.insert(name, value);
        }
    }
    reply.trailers = Some(trailers);
}

/// Sets the content type.
pub(super) fn label(reply: &mut Reply, media_type: &'static str) -> bool {
    reply.head.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    true
}

fn edit(head: &mut HeaderMap, name: &str, bend: impl Fn(&str) -> Option<Vec<u8>>) -> bool {
    let Some(value) = head.get_mut(name) else {
        return false;
    };
    let bent = value.to_str().ok().and_then(bend);
    match bent.map(|bent| HeaderValue::from_bytes(&bent)) {
        Some(Ok(bent)) => {
            let acted = *value != bent;
            *value = bent;
            acted
        }
        _ => false,
    }
}
