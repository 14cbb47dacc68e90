//! Faults of the heads of RPC requests: paths, methods, media types, metadata, time-outs.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::header::{ACCEPT, HeaderName, HeaderValue};
use http::{Method as Verb, StatusCode};

use super::http_requests::{as_method, has, refuse};
use super::http_routes::path;
use super::macros::wire_fault;
use super::wire::label;
use super::{BINARY, GRPC, Heard, Seam};
use crate::reference::context::Wire;
use crate::reference::failure::Code;
use crate::reference::frames::{self, Recognized};
use crate::reference::methods::contract;

const WITHOUT_TEXT: &[&str] = &["grpc", "grpc-web"];
const WEB_BINARY: &[&str] = &["grpc-web"];
pub(super) const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

wire_fault!(
    UNKNOWN_METHOD_NOT_FOUND,
    "unknown-method-not-found",
    "GRPC-UNKNOWN-METHOD",
    "no-alternative",
    BINARY,
    "an unknown method is told as NOT_FOUND",
    Seam::Outcome(|context, outcome| match outcome {
        Err(failure) if context.method.is_none() && failure.code == Code::Unimplemented => {
            failure.code = Code::NotFound;
            true
        }
        _ => false,
    })
);

wire_fault!(
    UNKNOWN_SERVICE_PAGE,
    "unknown-service-page",
    "GRPC-UNKNOWN-SERVICE",
    "no-alternative",
    GRPC,
    "an unknown service is answered with a page",
    Seam::Leaving(|head, reply| {
        let unknown = !contract().is_service(head.uri.path());
        if unknown {
            reply.head.clear();
            reply.body = vec!["<!doctype html><title>Welcome</title>".into()];
            label(reply, "text/html");
        }
        unknown
    })
);

wire_fault!(
    UNKNOWN_PLAIN_404,
    "unknown-plain-404",
    "GRPC-UNKNOWN-GRPC-ANSWER",
    "http-status-differs",
    WITHOUT_TEXT,
    "an unknown method is answered with 404 before the layer of gRPC sees it",
    Seam::Head(|head| refuse(contract().method(head.uri.path()).is_none(), StatusCode::NOT_FOUND))
);

wire_fault!(
    RPC_PATH_IGNORES_CASE,
    "rpc-path-ignores-case",
    "GRPC-PATH-CASE",
    "no-alternative",
    BINARY,
    "methods and services are found in whatever letter case",
    Seam::Head(|head| path(head, |path| {
        let like = contract().methods.iter().find(|method| method.path.eq_ignore_ascii_case(path));
        like.filter(|method| method.path != path).map(|method| method.path.clone())
    }))
);

wire_fault!(
    RPC_ANY_METHOD,
    "rpc-any-method",
    "GRPC-METHOD-POST-ONLY",
    "not-refused",
    GRPC,
    "a call is executed whatever its HTTP method",
    Seam::Head(|head| as_method(head, head.method != Verb::POST, Verb::POST))
);

wire_fault!(
    WEB_ANY_METHOD,
    "web-any-method",
    "WEB-METHOD-POST-ONLY",
    "body-differs",
    WEB_BINARY,
    "a call of gRPC-Web is executed whatever its HTTP method",
    Seam::Head(|head| as_method(head, head.method != Verb::POST, Verb::POST))
);

wire_fault!(
    PLUS_PROTO_UNKNOWN,
    "plus-proto-unknown",
    "GRPC-CONTENT-TYPE-PROTO",
    "no-status",
    GRPC,
    "application/grpc+proto is no media type of gRPC",
    Seam::Recognized(|head, recognized| unknown(
        recognized,
        *recognized == Recognized::Call(Wire::Grpc, "application/grpc+proto") && head.version == http::Version::HTTP_2
    ))
);

wire_fault!(
    ANY_SUBTYPE_IS_PROTO,
    "any-subtype-is-proto",
    "GRPC-CONTENT-TYPE-UNSUPPORTED-SUBTYPE",
    "not-refused",
    WITHOUT_TEXT,
    "a message is read as protobuf whatever its label says",
    Seam::Recognized(|_, recognized| match *recognized {
        Recognized::OtherFormat(wire, media_type) => {
            *recognized = Recognized::Call(wire, media_type);
            true
        }
        _ => false,
    })
);

wire_fault!(
    HOURS_OVERFLOW,
    "hours-overflow",
    "GRPC-TIMEOUT-UNITS",
    "refused",
    BINARY,
    "the largest time-out is one in the past",
    Seam::Head(|head| {
        let most = has(head, &TIMEOUT, "99999999H");
        if most {
            head.headers.insert(TIMEOUT, HeaderValue::from_static("0n"));
        }
        Heard::bent(most)
    })
);

wire_fault!(
    MALFORMED_TIMEOUT_IGNORED,
    "malformed-timeout-ignored",
    "GRPC-TIMEOUT-MALFORMED",
    "not-refused",
    GRPC,
    "a time-out that is none is taken for no time-out",
    Seam::Head(|head| {
        let value = head.headers.get(&TIMEOUT).map(|value| value.as_bytes().to_vec());
        Heard::bent(value.is_some_and(|value| !is_timeout(&value)) && head.headers.remove(&TIMEOUT).is_some())
    })
);

wire_fault!(
    PADDED_METADATA_REFUSED,
    "padded-metadata-refused",
    "GRPC-BIN-HEADER-INPUT",
    "no-status",
    WITHOUT_TEXT,
    "binary metadata with padding is refused",
    Seam::Head(|head| refuse(binary(head, |text| text.ends_with(b"=")), StatusCode::BAD_REQUEST))
);

wire_fault!(
    JOINED_METADATA_REFUSED,
    "joined-metadata-refused",
    "GRPC-BIN-HEADER-JOINED",
    "no-status",
    WITHOUT_TEXT,
    "joined binary metadata is decoded as a whole, and refused",
    Seam::Head(|head| refuse(binary(head, |text| text.contains(&b',')), StatusCode::BAD_REQUEST))
);

wire_fault!(
    ODD_METADATA_REFUSED,
    "odd-metadata-refused",
    "GRPC-ASCII-LENIENT",
    "no-status",
    GRPC,
    "metadata outside of printable ASCII is refused",
    Seam::Head(|head| {
        let odd = head.headers.values().any(|value| value.as_bytes().iter().any(|octet| !(0x20..0x7f).contains(octet)));
        refuse(odd, StatusCode::BAD_REQUEST)
    })
);

wire_fault!(
    SMALL_HEADS_ONLY,
    "small-heads-only",
    "GRPC-METADATA-SIZE",
    "no-status",
    WITHOUT_TEXT,
    "heads of more than 4 KiB are refused",
    Seam::Head(|head| {
        let size: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
        refuse(size > 4096, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    })
);

wire_fault!(
    WEB_BARE_UNKNOWN,
    "web-bare-unknown",
    "WEB-CONTENT-TYPE-BARE",
    "no-status",
    WEB_BINARY,
    "application/grpc-web without +proto is not known",
    Seam::Recognized(|_, recognized| unknown(recognized, *recognized == Recognized::Call(Wire::GrpcWeb, "application/grpc-web")))
);

wire_fault!(
    WEB_NEEDS_FIELD,
    "web-needs-field",
    "WEB-X-HEADERS-OPTIONAL",
    "no-status",
    WEB_BINARY,
    "gRPC-Web is told by the field x-grpc-web",
    Seam::Recognized(|head, recognized| {
        let web = matches!(*recognized, Recognized::Call(wire, _) if wire.is_web());
        unknown(recognized, web && !head.headers.contains_key("x-grpc-web"))
    })
);

wire_fault!(
    WEB_BINARY_IN_BASE64,
    "web-binary-in-base64",
    "WEB-BODY-MATCHES-TYPE",
    "no-status",
    WEB_BINARY,
    "who accepts text gets base64 under the label of the request",
    Seam::Leaving(|head, reply| {
        let text = has(head, &ACCEPT, "grpc-web-text");
        if text {
            reply.body = vec![BASE64_STANDARD.encode(reply.body.concat()).into()];
        }
        text
    })
);

wire_fault!(
    WEB_TEXT_IN_OCTETS,
    "web-text-in-octets",
    "WEB-BODY-MATCHES-TYPE",
    "broken-base64",
    &["grpc-web-text"],
    "who accepts the binary form gets frames under the label of text",
    Seam::Leaving(|head, reply| {
        let octets = has(head, &ACCEPT, "grpc-web+proto").then(|| frames::from_text(&reply.body.concat())).flatten();
        let acted = octets.is_some();
        if let Some(octets) = octets {
            reply.body = vec![octets.into()];
        }
        acted
    })
);

/// One to eight digits and a unit (PROTOCOL-HTTP2, "Requests").
pub(super) fn is_timeout(value: &[u8]) -> bool {
    matches!(value.split_last(), Some((b'H' | b'M' | b'S' | b'm' | b'u' | b'n', digits))
        if (1..9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit))
}

/// Whether some value of binary metadata is so.
fn binary(head: &http::request::Parts, is: impl Fn(&[u8]) -> bool) -> bool {
    head.headers.iter().any(|(name, value)| name.as_str().ends_with("-bin") && is(value.as_bytes()))
}

/// Takes a request for none of an RPC wire.
fn unknown(recognized: &mut Recognized, when: bool) -> bool {
    if when {
        *recognized = Recognized::Other;
    }
    when
}
