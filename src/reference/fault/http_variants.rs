//! Legal variants of HTTP on the JSON wire.

use std::io::Read as _;

use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING};
use http::{Method as Verb, StatusCode};

use super::http_requests::{has, refuse};
use super::http_routes::path;
use super::wire::label;
use super::{Heard, JSON, Seam, Variant};

pub(super) static SLASH_IGNORED: Variant = Variant {
    name: "slash-ignored",
    spared_by: &["HTTP-TRAILING-SLASH"],
    wires: JSON,
    summary: "a slash at the end of a path is skipped",
    seam: Seam::Head(|head| path(head, |path| path.strip_suffix('/').map(str::to_owned))),
};

pub(super) static SLASH_REDIRECTS: Variant = Variant {
    name: "slash-redirects",
    spared_by: &["HTTP-TRAILING-SLASH"],
    wires: JSON,
    summary: "a slash at the end of a path is answered with a redirection",
    seam: Seam::Head(|head| refuse(head.uri.path().ends_with('/'), StatusCode::PERMANENT_REDIRECT)),
};

pub(super) static PLAIN_404: Variant = Variant {
    name: "plain-404",
    spared_by: &["HTTP-UNKNOWN-PATH"],
    wires: JSON,
    summary: "a path that nothing is bound to is answered with a line of text",
    seam: Seam::Reply(|context, reply| {
        let unknown = context.method.is_none() && reply.status == StatusCode::NOT_FOUND;
        if unknown {
            reply.body = vec!["404 page not found".into()];
            label(reply, "text/plain; charset=utf-8");
        }
        unknown
    }),
};

pub(super) static PATCH_501: Variant = Variant {
    name: "patch-501",
    spared_by: &["HTTP-METHOD-NOT-ALLOWED", "HTTP-METHOD-UNBOUND-NO-EFFECT"],
    wires: JSON,
    summary: "a method that is bound nowhere is answered with 501",
    seam: Seam::Head(|head| {
        let known = [Verb::GET, Verb::POST, Verb::PUT, Verb::DELETE, Verb::HEAD, Verb::OPTIONS];
        refuse(!known.contains(&head.method), StatusCode::NOT_IMPLEMENTED)
    }),
};

pub(super) static UNKNOWN_METHOD_400: Variant = Variant {
    name: "unknown-method-400",
    spared_by: &["HTTP-METHOD-UNBOUND-NO-EFFECT"],
    wires: JSON,
    summary: "the parser of HTTP/1.1 takes a method that it doesn't know for a malformed request; over HTTP/2 it is one more that nothing is bound to",
    seam: Seam::Head(|head| refuse(head.version <= http::Version::HTTP_11 && head.method.as_str() == "FOO", StatusCode::BAD_REQUEST)),
};

pub(super) static HEAD_REFUSED: Variant = Variant {
    name: "head-refused",
    spared_by: &["HTTP-HEAD-SUPPORTED", "HTTP-HEAD-NO-CONTENT"],
    wires: JSON,
    summary: "HEAD is answered with 405 everywhere, with the length that its text would have: nothing is bound to it",
    seam: Seam::Several(&[
        Seam::Head(|head| refuse(head.method == Verb::HEAD, StatusCode::METHOD_NOT_ALLOWED)),
        Seam::Leaving(|head, reply| {
            if head.method == Verb::HEAD {
                reply.body = vec![r#"{"code":12,"message":"Method Not Allowed"}"#.into()];
                label(reply, "application/json");
            }
            head.method == Verb::HEAD
        }),
    ]),
};

pub(super) static OVERRIDE_REFUSED: Variant = Variant {
    name: "override-refused",
    spared_by: &["HTTP-METHOD-OVERRIDE"],
    wires: JSON,
    summary: "a field that names another method is refused",
    seam: Seam::Head(|head| {
        let names = ["x-http-method-override", "x-http-method", "x-method-override"];
        refuse(names.iter().any(|name| head.headers.contains_key(*name)), StatusCode::BAD_REQUEST)
    }),
};

pub(super) static XML_NOT_ACCEPTABLE: Variant = Variant {
    name: "xml-not-acceptable",
    spared_by: &["HTTP-ACCEPT-NEGOTIATION"],
    wires: JSON,
    summary: "whoever accepts XML only gets a 406",
    seam: Seam::Head(|head| refuse(has(head, &ACCEPT, "application/xml"), StatusCode::NOT_ACCEPTABLE)),
};

pub(super) static LIST_CONTENT_REFUSED: Variant = Variant {
    name: "list-content-refused",
    spared_by: &["HTTP-LIST-POST-SEARCH"],
    wires: JSON,
    summary: "content that an operation doesn't have is refused",
    seam: Seam::Head(|head| {
        let some = head.headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0");
        refuse(some && head.uri.path().ends_with("/_search"), StatusCode::BAD_REQUEST)
    }),
};

pub(super) static GZIP_READ: Variant = Variant {
    name: "gzip-read",
    spared_by: &["HTTP-REQUEST-CONTENT-ENCODING"],
    wires: JSON,
    summary: "compressed content is read",
    seam: Seam::Several(&[
        Seam::Head(|head| Heard::bent(has(head, &CONTENT_ENCODING, "gzip") && head.headers.remove(CONTENT_ENCODING).is_some())),
        Seam::Request(|_, _, parcel| {
            let mut text = Vec::new();
            let limit = u64::try_from(crate::reference::limits::MESSAGE).unwrap_or(u64::MAX);
            let gzip = parcel.body.starts_with(&[0x1f, 0x8b]);
            let read = gzip && flate2::read::GzDecoder::new(parcel.body.as_ref()).take(limit).read_to_end(&mut text).is_ok();
            if read {
                parcel.body = text.into();
            }
            read
        }),
    ]),
};

pub(super) static LENGTH_REQUIRED: Variant = Variant {
    name: "length-required",
    spared_by: &["HTTP-CHUNKED-REQUEST", "HTTP-CL-TE-CONFLICT", "HTTP-TRUNCATED-BODY"],
    wires: JSON,
    summary: "chunked content is refused with 411",
    seam: Seam::Head(|head| refuse(head.headers.contains_key(TRANSFER_ENCODING), StatusCode::LENGTH_REQUIRED)),
};

pub(super) static EXPECTATION_REFUSED: Variant = Variant {
    name: "expectation-refused",
    spared_by: &["HTTP-EXPECT-CONTINUE"],
    wires: JSON,
    summary: "whoever waits for a 100 gets a 417",
    seam: Seam::Head(|head| refuse(head.headers.contains_key(EXPECT), StatusCode::EXPECTATION_FAILED)),
};
