//! Faults of methods, media types and other fields of requests on the JSON wire.

use std::time::{Duration, Instant};

use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method as Verb, StatusCode};

use super::{Fault, Heard, JSON, Layer, Seam};
use crate::reference::frames::Recognized;
use crate::reference::octets::Below;

pub(super) static KNOWN_PATH_404: Fault = Fault {
    name: "known-path-404",
    requirement: "HTTP-METHOD-NOT-ALLOWED",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a known path with another method is answered with 404",
    seam: Seam::Encoded(|_, _, encoded| {
        let refused = encoded.status == StatusCode::METHOD_NOT_ALLOWED;
        if refused {
            encoded.status = StatusCode::NOT_FOUND;
        }
        refused
    }),
};

pub(super) static ALLOW_OTHER: Fault = Fault {
    name: "allow-other",
    requirement: "HTTP-405-ALLOW",
    kind: "bound-method-missing",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a 405 allows GET, whatever the path",
    seam: Seam::Reply(|_, reply| reply.head.get_mut(http::header::ALLOW).is_some_and(|allow| set(allow, "GET"))),
};

pub(super) static PUT_AS_POST: Fault = Fault {
    name: "put-as-post",
    requirement: "HTTP-METHOD-UNBOUND-NO-EFFECT",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a PUT on the path of an add is taken for a POST",
    seam: Seam::Head(|head| as_method(head, head.method == Verb::PUT && head.uri.path().ends_with("_factors"), Verb::POST)),
};

pub(super) static REFUSED_YET_DONE: Fault = Fault {
    name: "refused-yet-done",
    requirement: "HTTP-METHOD-UNBOUND-NO-EFFECT",
    kind: "refused",
    wires: JSON,
    layer: Layer::Meaning,
    summary: "a PUT on the path of an add is refused, and the factor added all the same",
    seam: Seam::Octets(&Below {
        request: |head| {
            let put = head.begins("PUT ") && head.0[0].ends_with(b"_factors HTTP/1.1");
            if put {
                head.0[0] = [b"POST", &head.0[0][3..]].concat();
            }
            put
        },
        response: |request, head, _| {
            let put = request.begins("PUT ") && request.0[0].ends_with(b"_factors HTTP/1.1");
            if put {
                head.0[0] = b"HTTP/1.1 405 Method Not Allowed".to_vec();
            }
            put
        },
        ..Below::NOTHING
    }),
};

pub(super) static METHOD_OVERRIDE: Fault = Fault {
    name: "method-override",
    requirement: "HTTP-METHOD-OVERRIDE",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "the method of a POST is taken from a field",
    seam: Seam::Head(|head| {
        let names = ["x-http-method-override", "x-http-method", "x-method-override"];
        let wanted = names.iter().find_map(|name| head.headers.get(*name)).and_then(|value| Verb::from_bytes(value.as_bytes()).ok());
        match wanted {
            Some(wanted) => as_method(head, head.method == Verb::POST, wanted),
            None => Heard::Untouched,
        }
    }),
};

pub(super) static ANY_LABEL_IS_JSON: Fault = Fault {
    name: "any-label-is-json",
    requirement: "HTTP-REQUEST-MEDIA-TYPE",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "content is read as JSON whatever its label says",
    seam: Seam::Head(|head| relabel(head, |label| !label.contains("json"), "application/json")),
};

pub(super) static LABEL_COMPARED_LITERALLY: Fault = Fault {
    name: "label-compared-literally",
    requirement: "HTTP-MEDIA-TYPE-PARAMETERS",
    kind: "refused",
    wires: JSON,
    layer: Layer::Wire,
    summary: "JSON that is labelled with a charset or in other letter case is refused",
    seam: Seam::Head(|head| relabel(head, |label| label != "application/json", "text/plain")),
};

pub(super) static RPC_LABEL_COMPARED_LITERALLY: Fault = Fault {
    name: "rpc-label-compared-literally",
    requirement: "HTTP-MEDIA-TYPE-CASE",
    kind: "no-status",
    wires: &["grpc", "grpc-web"],
    layer: Layer::Wire,
    summary: "the content types of gRPC and gRPC-Web are compared with letter case",
    seam: Seam::Recognized(|head, recognized| {
        let label = head.headers.get(CONTENT_TYPE).and_then(|label| label.to_str().ok()).unwrap_or_default();
        let bends = *recognized != Recognized::Other && label.bytes().any(|octet| octet.is_ascii_uppercase());
        if bends {
            *recognized = Recognized::Other;
        }
        bends
    }),
};

pub(super) static UNKNOWN_ACCEPT_500: Fault = Fault {
    name: "unknown-accept-500",
    requirement: "HTTP-ACCEPT-NEGOTIATION",
    kind: "no-alternative",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a request that accepts XML only makes the server fail",
    seam: Seam::Head(|head| refuse(has(head, &ACCEPT, "xml"), StatusCode::INTERNAL_SERVER_ERROR)),
};

pub(super) static WEIGHTED_ACCEPT_406: Fault = Fault {
    name: "weighted-accept-406",
    requirement: "HTTP-ACCEPT-NEGOTIATION",
    kind: "refused",
    wires: JSON,
    layer: Layer::Wire,
    summary: "JSON that is accepted with a weight is not found acceptable",
    seam: Seam::Head(|head| refuse(has(head, &ACCEPT, "json;q="), StatusCode::NOT_ACCEPTABLE)),
};

pub(super) static SEARCH_NEEDS_CONTENT: Fault = Fault {
    name: "search-needs-content",
    requirement: "HTTP-LIST-POST-SEARCH",
    kind: "refused",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a list that is labelled as JSON is refused where it has no content",
    seam: Seam::Head(|head| {
        let search = head.uri.path().ends_with("/_search") && head.headers.contains_key(CONTENT_TYPE);
        refuse(search && length(head).is_none_or(|length| length == 0), StatusCode::BAD_REQUEST)
    }),
};

pub(super) static SEARCH_FAILS_AT_CONTENT: Fault = Fault {
    name: "search-fails-at-content",
    requirement: "HTTP-LIST-POST-SEARCH",
    kind: "no-alternative",
    wires: JSON,
    layer: Layer::Wire,
    summary: "content that a list doesn't have makes the server fail",
    seam: Seam::Head(|head| {
        refuse(head.uri.path().ends_with("/_search") && length(head).is_some_and(|length| length > 2), StatusCode::INTERNAL_SERVER_ERROR)
    }),
};

pub(super) static CODED_CONTENT_500: Fault = Fault {
    name: "coded-content-500",
    requirement: "HTTP-REQUEST-CONTENT-ENCODING",
    kind: "no-alternative",
    wires: JSON,
    layer: Layer::Wire,
    summary: "compressed content reaches the JSON reader, and the server fails",
    seam: Seam::Head(|head| refuse(has(head, &CONTENT_ENCODING, "gzip"), StatusCode::INTERNAL_SERVER_ERROR)),
};

pub(super) static LARGE_CONTENT_500: Fault = Fault {
    name: "large-content-500",
    requirement: "HTTP-LARGE-BODY",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "content of many megabytes makes the server fail",
    seam: Seam::Head(|head| refuse(length(head).is_some_and(|length| length > 10 << 20), StatusCode::INTERNAL_SERVER_ERROR)),
};

pub(super) static LARGE_CONTENT_STOPS_OTHERS: Fault = Fault {
    name: "large-content-stops-others",
    requirement: "HTTP-LARGE-BODY",
    kind: "refused",
    wires: JSON,
    layer: Layer::Wire,
    summary: "for a second after content of many megabytes began to come in, lists are answered with 503",
    seam: Seam::HeadSince(|head, began| {
        if length(head).is_some_and(|length| length > 10 << 20) {
            *began = Some(Instant::now());
        }
        let stopped = began.is_some_and(|at| at.elapsed() < Duration::from_secs(1));
        refuse(stopped && head.uri.path().ends_with("/_search"), StatusCode::SERVICE_UNAVAILABLE)
    }),
};

fn length(head: &Parts) -> Option<u64> {
    head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()).and_then(|length| length.parse().ok())
}

/// Takes a request for one of another method.
pub(super) fn as_method(head: &mut Parts, when: bool, method: Verb) -> Heard {
    if when {
        head.method = method;
    }
    Heard::bent(when)
}

/// Refuses a request.
pub(super) fn refuse(when: bool, status: StatusCode) -> Heard {
    if when { Heard::Refused(status) } else { Heard::Untouched }
}

/// Whether a field of this name holds this text.
pub(super) fn has(head: &Parts, name: &HeaderName, text: &str) -> bool {
    head.headers.get_all(name).iter().any(|value| value.to_str().is_ok_and(|value| value.contains(text)))
}

fn relabel(head: &mut Parts, when: impl Fn(&str) -> bool, label: &'static str) -> Heard {
    let Some(value) = head.headers.get_mut(CONTENT_TYPE) else { return Heard::Untouched };
    let bends = value.to_str().is_ok_and(when);
    Heard::bent(bends && set(value, label))
}

fn set(value: &mut HeaderValue, text: &'static str) -> bool {
    *value = HeaderValue::from_static(text);
    true
}

pub(super) static OTHER_ERRORS_OVER_H2: Fault = Fault {
    name: "other-errors-over-h2",
    requirement: "HTTP-PROTOCOL-VERSION-EQUAL",
    kind: "disagrees",
    wires: JSON,
    layer: Layer::Agreement,
    summary: "over HTTP/2 errors of the JSON wire come from another handler, which answers 502",
    seam: Seam::Encoded(|context, outcome, encoded| {
        let bent = context.is_h2 && outcome.is_err();
        if bent {
            encoded.status = StatusCode::BAD_GATEWAY;
        }
        bent
    }),
};
