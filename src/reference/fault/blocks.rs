//! Faults of header blocks, of gRPC and of JSON over HTTP/2.

use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};

use super::{BINARY, Fault, GRPC, JSON, Layer, Seam, WEB, tree};
use crate::reference::failure::Code;
use crate::reference::frames::{self, DETAILS, STATUS};

pub(super) static STATUS_IN_HEAD_OF_SUCCESS: Fault = Fault {
    name: "status-in-head-of-success",
    requirement: "GRPC-TRAILERS-END-STREAM",
    kind: "on-data",
    wires: GRPC,
    layer: Layer::Wire,
    summary: "a success has its grpc-status in the head, and the stream ends with the message",
    seam: Seam::Reply(|_, reply| {
        let Some(trailers) = reply.trailers.take() else { return false };
        reply.head.extend(trailers);
        true
    }),
};

pub(super) static TRAILERS_ONLY_UNLABELLED: Fault = Fault {
    name: "trailers-only-unlabelled",
    requirement: "GRPC-TRAILERS-ONLY-SHAPE",
    kind: "no-content-type",
    wires: GRPC,
    layer: Layer::Wire,
    summary: "an answer of one header block has no content type",
    seam: Seam::Reply(|_, reply| reply.trailers.is_none() && reply.head.remove(CONTENT_TYPE).is_some()),
};

pub(super) static DETAILS_ON_SUCCESS: Fault = Fault {
    name: "details-on-success",
    requirement: "GRPC-DETAILS-BIN-NOT-ON-OK",
    kind: "details-on-success",
    wires: BINARY,
    layer: Layer::Wire,
    summary: "a success carries the details of an earlier error",
    seam: Seam::Reply(|context, reply| {
        if context.wire.is_web() {
            return tree::web_block(context, reply, |block| {
                if block.starts_with("grpc-status: 0\r\n") { format!("{block}grpc-status-details-bin: CAY\r\n") } else { block.to_owned() }
            });
        }
        match &mut reply.trailers {
            Some(trailers) if trailers.get(STATUS).is_some_and(|status| status == "0") => {
                trailers.insert(DETAILS, HeaderValue::from_static("CAY"));
                true
            }
            _ => false,
        }
    }),
};

pub(super) static BLANK_AROUND_VALUE: Fault = Fault {
    name: "blank-around-value",
    requirement: "GRPC-H2-RESPONSE-FIELDS",
    kind: "blank-or-control",
    wires: GRPC,
    layer: Layer::Wire,
    summary: "a field of a gRPC answer has a value that begins with a blank",
    seam: Seam::Reply(|_, reply| {
        reply.head.insert(HeaderName::from_static("x-trace"), HeaderValue::from_static(" 7"));
        true
    }),
};

pub(super) static INNER_LENGTH: Fault = Fault {
    name: "inner-length",
    requirement: "HTTP-RESPONSE-FRAMING",
    kind: "length-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "over HTTP/2 a JSON answer keeps the length of another message",
    seam: Seam::Reply(|context, reply| {
        // HTTP/1.1 can't be answered like this: the library counts.
        let wrong = context.is_h2 && reply.status == StatusCode::OK;
        if wrong {
            reply.head.insert(CONTENT_LENGTH, HeaderValue::from_static("5"));
        }
        wrong
    }),
};

pub(super) static NOT_FOUND_AS_GONE: Fault = Fault {
    name: "not-found-as-410",
    requirement: "MAP-BODY-HTTP-AGREE",
    kind: "status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "NOT_FOUND is answered with HTTP status 410",
    seam: Seam::Encoded(|_, _, encoded| {
        let absent = encoded.code == Code::NotFound;
        if absent {
            encoded.status = StatusCode::GONE;
        }
        absent
    }),
};

pub(super) static INVALID_TOKEN_ALWAYS: Fault = Fault {
    name: "invalid-token-always",
    requirement: "AUTH-CHALLENGE-ERROR",
    kind: "error-without-token",
    wires: JSON,
    layer: Layer::Wire,
    summary: "the challenge says invalid_token although no token was sent",
    seam: Seam::Encoded(|_, _, encoded| {
        let mut acted = false;
        for (_, value) in encoded.fields.iter_mut().filter(|(name, _)| *name == WWW_AUTHENTICATE) {
            *value = HeaderValue::from_static("Bearer realm=\"x\", error=\"invalid_token\"");
            acted = true;
        }
        acted
    }),
};

pub(super) static WEB_CREATED: Fault = Fault {
    name: "web-201",
    requirement: "WEB-HTTP-STATUS-200",
    kind: "other-status-on-success",
    wires: WEB,
    layer: Layer::Wire,
    summary: "a gRPC-Web success comes with HTTP status 201",
    seam: Seam::Reply(|context, reply| {
        let success = tree::web_frames(context, reply).len() > 1;
        if success {
            reply.status = StatusCode::CREATED;
        }
        success
    }),
};

pub(super) static WEB_EMPTY_FRAME_BESIDE_STATUS: Fault = Fault {
    name: "web-empty-frame-beside-status",
    requirement: "WEB-TRAILERS-ONLY-NO-BODY",
    kind: "content-beside-status",
    wires: WEB,
    layer: Layer::Wire,
    summary: "an error has its status in the head and an empty trailer frame in the content",
    seam: Seam::Reply(|context, reply| {
        let all = tree::web_frames(context, reply);
        let [(0x80, block)] = all.as_slice() else { return false };
        reply.head.extend(tree::fields(block));
        tree::set_web_frames(context, reply, &[(0x80, bytes::Bytes::new())]);
        true
    }),
};

pub(super) static WEB_OTHER_SUBTYPE: Fault = Fault {
    name: "web-other-subtype",
    requirement: "WEB-RESPONSE-CONTENT-TYPE",
    kind: "other-content-type",
    wires: WEB,
    layer: Layer::Wire,
    summary: "gRPC-Web answers are labelled +thrift",
    seam: Seam::Reply(|context, reply| {
        let label = if context.wire.name() == "grpc-web-text" { "application/grpc-web-text+thrift" } else { "application/grpc-web+thrift" };
        reply.head.insert(CONTENT_TYPE, HeaderValue::from_static(label));
        true
    }),
};

pub(super) static WEB_STATUS_TWICE: Fault = Fault {
    name: "web-status-twice",
    requirement: "WEB-STATUS-UNIQUE",
    kind: "twice",
    wires: WEB,
    layer: Layer::Wire,
    summary: "the trailer frame has grpc-status twice",
    seam: Seam::Reply(|context, reply| {
        tree::web_block(context, reply, |block| match block.split_once("\r\n") {
            Some((first, rest)) if first.starts_with("grpc-status") => format!("{first}\r\n{first}\r\n{rest}"),
            _ => block.to_owned(),
        })
    }),
};

pub(super) static WEB_TRAILER_LENGTH_SHORT: Fault = Fault {
    name: "web-trailer-length-short",
    requirement: "WEB-TRAILER-LENGTH",
    kind: "length-differs",
    wires: WEB,
    layer: Layer::Wire,
    summary: "the length of the trailer frame doesn't count the last line end",
    seam: Seam::Reply(|context, reply| {
        let all = tree::web_frames(context, reply);
        let Some((0x80, block)) = all.last() else { return false };
        let counted = block.len().saturating_sub(2);
        let (known, rest) = block.split_at(counted);
        let last = [frames::frame(0x80, known).as_ref(), rest].concat();
        let before = all.iter().take(all.len() - 1).map(|(flag, content)| frames::frame(*flag, content));
        let octets = [before.collect::<Vec<_>>().concat(), last].concat();
        tree::set_web_octets(context, reply, &octets);
        true
    }),
};
