//! Faults and legal variants of what pages of another origin may do.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, HeaderValue, ORIGIN, VARY,
};
use http::request::Parts;
use http::{Method as Verb, StatusCode};

use super::macros::wire_fault;
use super::{Heard, JSON, Seam, Variant, WEB};
use crate::reference::cors::BROWSER_ORIGIN;
use crate::reference::frames::Reply;

/// The wires of browsers on which most is judged.
const PAGES: &[&str] = &["json", "grpc-web"];
const CALLS: &[&str] = &["grpc-web"];

fn is_preflight(head: &Parts) -> bool {
    head.method == Verb::OPTIONS && head.headers.contains_key(ORIGIN) && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn origin(head: &Parts) -> Option<&HeaderValue> {
    head.headers.get(ORIGIN)
}

/// Bends the answer to a preflight.
fn preflight(head: &Parts, reply: &mut Reply, bend: impl FnOnce(&mut Reply)) -> bool {
    let asked = is_preflight(head);
    if asked {
        bend(reply);
    }
    asked
}

wire_fault!(
    PREFLIGHT_NEEDS_TOKEN,
    "preflight-needs-token",
    "CORS-PREFLIGHT-JSON",
    "http-status-differs",
    JSON,
    "who asks for a page needs a token already",
    Seam::Head(|head| if is_preflight(head) { Heard::Refused(StatusCode::UNAUTHORIZED) } else { Heard::Untouched })
);

wire_fault!(
    AUTHORIZATION_BY_WILDCARD,
    "authorization-by-wildcard",
    "CORS-PREFLIGHT-JSON",
    "field-differs",
    JSON,
    "every field is allowed by *, which doesn't stand for authorization",
    Seam::Leaving(|head, reply| preflight(head, reply, |reply| {
        reply.head.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
    }))
);

wire_fault!(
    DELETE_NOT_ALLOWED,
    "delete-not-allowed",
    "CORS-PREFLIGHT-JSON",
    "field-differs",
    JSON,
    "pages may read and post only",
    Seam::Leaving(|head, reply| preflight(head, reply, |reply| {
        reply.head.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    }))
);

wire_fault!(
    PREFLIGHT_IS_A_CALL,
    "preflight-is-a-call",
    "CORS-PREFLIGHT-WEB",
    "http-status-differs",
    CALLS,
    "the question of a page is refused as a call by another method",
    Seam::Head(|head| {
        let service = head.uri.path().starts_with("/zitadel.");
        if is_preflight(head) && service { Heard::Refused(StatusCode::METHOD_NOT_ALLOWED) } else { Heard::Untouched }
    })
);

wire_fault!(
    PREFLIGHT_TELLS_NOTHING,
    "preflight-tells-nothing",
    "CORS-PREFLIGHT-WEB",
    "field-differs",
    CALLS,
    "the question of a page is answered without a word about pages",
    Seam::Leaving(|head, reply| preflight(head, reply, |reply| {
        for name in [ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS] {
            reply.head.remove(name);
        }
    }))
);

wire_fault!(
    FIXED_FIELDS,
    "fixed-fields",
    "CORS-PREFLIGHT-WEB-ALL-HEADERS",
    "field-differs",
    CALLS,
    "a fixed list of fields is allowed, without deadlines and metadata",
    Seam::Leaving(|head, reply| preflight(head, reply, |reply| {
        let names = HeaderValue::from_static("authorization, content-type, x-grpc-web, x-user-agent, x-zitadel-orgid");
        reply.head.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
    }))
);

wire_fault!(
    WILDCARD_WITH_CREDENTIALS,
    "wildcard-with-credentials",
    "CORS-CREDENTIALS-ORIGIN",
    "wildcard",
    PAGES,
    "credentials are allowed to the origin *",
    Seam::Leaving(|head, reply| credentials(head, reply, "true"))
);

wire_fault!(
    CREDENTIALS_YES,
    "credentials-yes",
    "CORS-CREDENTIALS-ORIGIN",
    "not-true",
    PAGES,
    "credentials are allowed with the word True",
    Seam::Leaving(|head, reply| credentials(head, reply, "True"))
);

fn credentials(head: &Parts, reply: &mut Reply, word: &'static str) -> bool {
    let asked = origin(head).is_some();
    if asked {
        reply.head.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static(word));
    }
    asked
}

wire_fault!(
    ERRORS_NOT_SHARED,
    "errors-not-shared",
    "CORS-ACTUAL-ERRORS",
    "field-differs",
    PAGES,
    "only a success is shared with a page",
    Seam::Leaving(|head, reply| {
        let failed = !reply.status.is_success() || reply.head.get("grpc-status").is_some_and(|status| status != "0");
        // A status in a trailer frame is in its text.
        let text = reply.body.concat();
        let in_frame = ["grpc-status: 6", "grpc-status: 3", "grpc-status: 16"]
            .iter()
            .any(|line| text.windows(line.len()).any(|it| it == line.as_bytes()));
        let hide = (failed || in_frame) && head.method != Verb::OPTIONS;
        hide && reply.head.remove(ACCESS_CONTROL_ALLOW_ORIGIN).is_some()
    })
);

wire_fault!(
    STATUS_NOT_EXPOSED,
    "status-not-exposed",
    "CORS-EXPOSE-STATUS",
    "not-exposed",
    WEB,
    "pages can't read the fields of a status that is in the head",
    Seam::Several(&[
        Seam::Reply(super::variant_frames::status_in_head),
        Seam::Leaving(|_, reply| reply.head.remove(ACCESS_CONTROL_EXPOSE_HEADERS).is_some())
    ])
);

wire_fault!(
    OPTIONS_FALLS_THROUGH,
    "options-falls-through",
    "CORS-PREFLIGHT-NO-EFFECT",
    "body-differs",
    PAGES,
    "OPTIONS with content is executed like POST",
    Seam::Head(|head| {
        let content = head.headers.get("content-length").is_some_and(|length| length != "0");
        let falls = content && head.method == Verb::OPTIONS;
        if falls {
            head.method = Verb::POST;
        }
        Heard::bent(falls)
    })
);

wire_fault!(
    TWO_ORIGINS,
    "two-origins",
    "CORS-ORIGIN-SINGLE-VALUE",
    "several-fields",
    PAGES,
    "proxy and server each say which origin may call",
    Seam::Leaving(|head, reply| {
        let Some(origin) = origin(head).cloned() else { return false };
        reply.head.append(ACCESS_CONTROL_ALLOW_ORIGIN, origin)
    })
);

wire_fault!(
    LIST_OF_ORIGINS,
    "list-of-origins",
    "CORS-ORIGIN-SINGLE-VALUE",
    "list",
    PAGES,
    "all origins that may call are told as a list",
    Seam::Leaving(|head, reply| {
        let list = HeaderValue::from_static("https://app.example, https://conf.example");
        origin(head).is_some() && reply.head.insert(ACCESS_CONTROL_ALLOW_ORIGIN, list).is_some()
    })
);

wire_fault!(
    REFLECTED_WITHOUT_VARY,
    "reflected-without-vary",
    "CORS-VARY-ORIGIN",
    "no-alternative",
    JSON,
    "the asking origin is told, and a shared cache may hand it to another one",
    Seam::Leaving(|head, reply| {
        let Some(origin) = origin(head).cloned() else { return false };
        reply.head.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        reply.head.remove(CACHE_CONTROL);
        true
    })
);

wire_fault!(
    ORIGIN_BY_PREFIX,
    "origin-by-prefix",
    "CORS-ORIGIN-EXACT",
    "field-differs",
    PAGES,
    "each origin that begins like the right one may call",
    Seam::Leaving(|head, reply| selective(head, reply, |origin| origin.as_bytes().starts_with(BROWSER_ORIGIN.as_bytes())))
);

wire_fault!(
    ORIGIN_BY_SUFFIX,
    "origin-by-suffix",
    "CORS-ORIGIN-EXACT",
    "field-differs",
    PAGES,
    "each origin that ends like the right one may call",
    Seam::Leaving(|head, reply| selective(head, reply, |origin| origin.as_bytes().ends_with(b"app.example")))
);

/// Shares an answer with those origins, told by their names.
fn selective(head: &Parts, reply: &mut Reply, is_right: impl Fn(&HeaderValue) -> bool) -> bool {
    let Some(origin) = origin(head) else { return false };
    reply.head.append(VARY, HeaderValue::from_static("Origin"));
    if is_right(origin) {
        reply.head.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        reply.head.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    } else {
        for name in [ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_EXPOSE_HEADERS]
        {
            reply.head.remove(name);
        }
    }
    true
}

pub(super) static SELECTIVE_ORIGINS: Variant = Variant {
    name: "selective-origins",
    spared_by: &["CORS-ORIGIN-EXACT", "CORS-CREDENTIALS-ORIGIN", "CORS-VARY-ORIGIN", "CORS-PREFLIGHT-JSON", "CORS-PREFLIGHT-WEB"],
    wires: &["json", "grpc-web", "grpc-web-text"],
    summary: "one origin may call, with credentials; answers say that they depend on it",
    seam: Seam::Leaving(|head, reply| selective(head, reply, |origin| origin == BROWSER_ORIGIN)),
};

pub(super) static REFLECTED_ORIGINS: Variant = Variant {
    name: "reflected-origins",
    spared_by: &["CORS-ORIGIN-EXACT", "CORS-VARY-ORIGIN", "CORS-PREFLIGHT-JSON", "CORS-PREFLIGHT-WEB-ALL-HEADERS"],
    wires: &["json", "grpc-web", "grpc-web-text"],
    summary: "every origin may call and is told by its name; preflights are 200, names in capitals and in several lines",
    seam: Seam::Leaving(|head, reply| {
        // Also where nobody asks: what is kept for one page isn't handed to another.
        reply.head.append(VARY, HeaderValue::from_static("Origin, Accept-Encoding"));
        let Some(origin) = origin(head).cloned() else { return true };
        reply.head.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if is_preflight(head) {
            reply.status = StatusCode::OK;
            let names = reply.head.remove(ACCESS_CONTROL_ALLOW_HEADERS);
            let names = names.as_ref().and_then(|names| names.to_str().ok()).unwrap_or_default().to_ascii_uppercase();
            for name in names.split(',').filter_map(|name| HeaderValue::from_str(name).ok()) {
                reply.head.append(ACCESS_CONTROL_ALLOW_HEADERS, name);
            }
        }
        true
    }),
};

pub(super) static NO_CORS: Variant = Variant {
    name: "no-cors",
    spared_by: &["CORS-PREFLIGHT-NO-EFFECT", "CORS-ORIGIN-SINGLE-VALUE", "CORS-ACTUAL-ERRORS", "CORS-EXPOSE-STATUS", "CORS-PREFLIGHT-JSON"],
    wires: &["json", "grpc-web", "grpc-web-text"],
    summary: "nothing is said to pages of another origin, and OPTIONS is bound nowhere",
    seam: Seam::Several(&[
        Seam::Head(|head| if head.method == Verb::OPTIONS { Heard::Refused(StatusCode::METHOD_NOT_ALLOWED) } else { Heard::Untouched }),
        Seam::Leaving(|_, reply| {
            let names = [
                ACCESS_CONTROL_ALLOW_ORIGIN,
                ACCESS_CONTROL_ALLOW_HEADERS,
                ACCESS_CONTROL_ALLOW_METHODS,
                ACCESS_CONTROL_EXPOSE_HEADERS,
                ACCESS_CONTROL_MAX_AGE,
            ];
            names.into_iter().filter(|name| reply.head.remove(name).is_some()).count() > 0
        }),
    ]),
};
