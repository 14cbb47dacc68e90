//! What a browser needs (Fetch, "CORS protocol"). Tokens travel in a field and never in cookies, so every origin may call.

use http::StatusCode;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, HeaderValue, ORIGIN,
};
use http::request::Parts;

use super::frames::Reply;

/// An origin whose pages may call; without a variant all may.
pub const BROWSER_ORIGIN: &str = "https://app.example";

const EXPOSED: HeaderValue = HeaderValue::from_static("grpc-status, grpc-message, grpc-status-details-bin");

/// Answers OPTIONS on a path with these methods; nothing is executed.
pub fn options(head: &Parts, methods: &[&str]) -> Reply {
    let mut reply = Reply::bare(StatusCode::NO_CONTENT);
    let Ok(methods) = HeaderValue::from_str(&format!("{}, OPTIONS", methods.join(", "))) else {
        return reply;
    };
    let preflight = head.headers.contains_key(ORIGIN) && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if preflight {
        reply.head.insert(ACCESS_CONTROL_ALLOW_METHODS, methods.clone());
        reply.head.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        // The names that were asked for, given back: a wildcard would not stand for authorization.
        if let Some(names) = head.headers.get(ACCESS_CONTROL_REQUEST_HEADERS)
            && names.as_bytes().iter().all(|octet| octet.is_ascii_graphic() || *octet == b' ')
        {
            reply.head.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
    }
    reply.head.insert(ALLOW, methods);
    reply
}

/// Shares an answer with the origin that asked. The value is the same for each origin, so no cache has to tell them apart.
pub fn share(head: &Parts, reply: &mut Reply) {
    if head.headers.contains_key(ORIGIN) {
        let any = HeaderValue::from_static("*");
        reply.head.insert(ACCESS_CONTROL_ALLOW_ORIGIN, any);
        reply.head.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}
