//! Legal variants of how requests of gRPC and gRPC-Web are read and refused.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::StatusCode;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue};

use super::around::ADD;
use super::grpc_head::{TIMEOUT, is_timeout};
use super::grpc_message::of_other_type;
use super::http_requests::{has, refuse};
use super::wire::label;
use super::{BINARY, GRPC, Seam, Variant, WEB};
use crate::reference::frames::{self, Recognized, STATUS};
use crate::reference::methods::contract;
use crate::reference::octets::Below;

pub(super) static OTHER_TYPE_SKIPPED: Variant = Variant {
    name: "other-type-skipped",
    spared_by: &["GRPC-PROTO-WRONG-WIRE-TYPE"],
    wires: BINARY,
    summary: "a field of another wire type than its own is skipped as an unknown one",
    seam: Seam::Request(|context, _, parcel| {
        let other = context.calls(ADD) && of_other_type(&parcel.body);
        if other {
            parcel.body.clear();
        }
        other
    }),
};

pub(super) static GRPC_HTTP2_ALONE: Variant = Variant {
    name: "grpc-http2-alone",
    spared_by: &["GRPC-HTTP1-NOT-EXECUTED"],
    wires: GRPC,
    summary: "whoever calls gRPC over HTTP/1.1 gets the SETTINGS with which a server of HTTP/2 begins",
    seam: Seam::Octets(&Below {
        // Of another type it is refused, so that nothing is executed.
        request: |head| head.text("content-type").is_some_and(|label| label == "application/grpc") && head.remove("content-type"),
        response: |asked, answer, behind| {
            let native = asked.text("content-type").is_some_and(|label| label == "application/grpc");
            if native {
                answer.0 = vec![b"\0\0\x06\x04\0\0\0\0\0\0\x05\0\0\x40\0".to_vec()];
                behind.clear();
            }
            native
        },
        ..Below::NOTHING
    }),
};

pub(super) static REFUSES_BY_HTTP: Variant = Variant {
    name: "refuses-by-http",
    spared_by: &["GRPC-TIMEOUT-MALFORMED", "GRPC-CONTENT-TYPE-UNSUPPORTED-SUBTYPE"],
    wires: GRPC,
    summary: "what is wrong with a head is refused by HTTP status, without a status of gRPC",
    seam: Seam::Several(&[
        Seam::Head(|head| {
            let value = head.headers.get(&TIMEOUT).map(|value| value.as_bytes().to_vec());
            refuse(value.is_some_and(|value| !is_timeout(&value)), StatusCode::BAD_REQUEST)
        }),
        Seam::Recognized(|_, recognized| {
            let other = matches!(recognized, Recognized::OtherFormat(..));
            if other {
                *recognized = Recognized::Other;
            }
            other
        }),
    ]),
};

pub(super) static TOKEN_FIRST: Variant = Variant {
    name: "token-first",
    spared_by: &["GRPC-UNKNOWN-METHOD"],
    wires: GRPC,
    summary: "who has no token isn't told which methods there are",
    seam: Seam::Leaving(|head, reply| {
        let unknown = contract().method(head.uri.path()).is_none() && !head.headers.contains_key(AUTHORIZATION);
        if unknown {
            reply.head.insert(STATUS, HeaderValue::from_static("16"));
        }
        unknown
    }),
};

pub(super) static ACCEPT_DECIDES: Variant = Variant {
    name: "accept-decides",
    spared_by: &["WEB-BODY-MATCHES-TYPE", "WEB-RESPONSE-CONTENT-TYPE"],
    wires: WEB,
    summary: "the form of a gRPC-Web answer is the one that the request accepts, whatever its own",
    seam: Seam::Leaving(|head, reply| {
        let is_text =
            reply.head.get(http::header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc-web-text"));
        if !is_text && has(head, &ACCEPT, "application/grpc-web-text") {
            reply.body = vec![BASE64_STANDARD.encode(reply.body.concat()).into()];
            label(reply, "application/grpc-web-text+proto")
        } else if is_text && has(head, &ACCEPT, "application/grpc-web+proto") {
            reply.body = frames::from_text(&reply.body.concat()).map(Into::into).into_iter().collect();
            label(reply, "application/grpc-web+proto")
        } else {
            false
        }
    }),
};
