//! Faults of who calls, from where, and with how much patience: on some wires only, or for some callers.

use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue, ORIGIN};

use super::around::{ADD, LIST, refused};
use super::http_requests::refuse;
use super::macros::guard;
use super::{ALL, Fault, Heard, JSON, Layer, Seam, Variant};
use crate::reference::failure::{Code, Failure};
use crate::reference::octets::Below;

pub(super) static JSON_DENIES_IN_OTHER_WORDS: Fault = Fault {
    name: "json-denies-in-other-words",
    requirement: "EQ-PERMISSION",
    kind: "disagrees",
    wires: JSON,
    layer: Layer::Agreement,
    summary: "on the JSON wire a lack of permission is told in other words",
    seam: Seam::Outcome(|_, outcome| match outcome {
        Err(failure) if failure.code == Code::PermissionDenied => {
            failure.message = "forbidden".to_owned();
            true
        }
        _ => false,
    }),
};

guard!(
    WEB_SKIPS_PERMISSION,
    "web-skips-permission",
    "EQ-PERMISSION",
    "not-refused",
    &["grpc-web"],
    "on gRPC-Web nobody is refused for lack of permission to add",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::PermissionDenied) && context.calls(ADD) {
            return it.note(it.ask_as_administrator(context, caller));
        }
        outcome
    }
);

guard!(
    ORGANIZATION_LOST_ON_JSON,
    "organization-lost-on-json",
    "EQ-ORG-HEADER",
    "not-refused",
    JSON,
    "lists on the JSON wire show the caller's own organization, whatever the header names",
    |it, context, caller| {
        if context.calls(LIST) && !caller.organization.is_empty() {
            return it.note(it.ask_in(&[], context, caller));
        }
        it.ask(context, caller)
    }
);

guard!(
    ORGANIZATION_LOST_ON_GRPC,
    "organization-lost-on-grpc",
    "EQ-ORG-HEADER",
    "not-refused",
    &["grpc"],
    "lists on gRPC show the caller's own organization, whatever the metadata names",
    |it, context, caller| {
        if context.calls(LIST) && !caller.organization.is_empty() {
            return it.note(it.ask_in(&[], context, caller));
        }
        it.ask(context, caller)
    }
);

guard!(
    EMPTY_ORGANIZATION_REFUSED_IN_TEXT,
    "empty-organization-refused-in-text",
    "EQ-ORG-HEADER",
    "disagrees",
    &["grpc-web-text"],
    "the empty name of an organization is refused on gRPC-Web in text only",
    |it, context, caller| {
        if caller.organization.iter().any(Vec::is_empty) {
            it.acted();
            return Err(Failure::new(Code::InvalidArgument, "x-zitadel-orgid is empty"));
        }
        it.ask(context, caller)
    }
);

pub(super) static ORGANIZATION_IN_LOWER_CASE: Fault = Fault {
    name: "organization-in-lower-case",
    requirement: "EQ-ORG-HEADER",
    kind: "accepted",
    wires: &["json", "grpc-web"],
    layer: Layer::Wire,
    summary: "the name of the organization's header is compared with letter case",
    seam: Seam::Octets(&Below {
        request: |head| {
            let lower: &[u8] = b"x-zitadel-orgid:";
            let before = head.0.len();
            head.0.retain(|line| {
                let named = line.get(..lower.len()).is_some_and(|start| start.eq_ignore_ascii_case(lower));
                !named || line.starts_with(lower)
            });
            head.0.len() < before
        },
        ..Below::NOTHING
    }),
};

pub(super) static ORIGIN_RULE_ON_JSON: Fault = Fault {
    name: "origin-rule-on-json",
    requirement: "EQ-ORIGIN",
    kind: "no-alternative",
    wires: JSON,
    layer: Layer::Agreement,
    summary: "only the JSON wire refuses calls from a foreign origin",
    seam: Seam::Head(|head| refuse(is_foreign(head), StatusCode::FORBIDDEN)),
};

pub(super) static SHORT_DEADLINE_SPOILS_LOOKUP: Fault = Fault {
    name: "short-deadline-spoils-lookup",
    requirement: "EQ-DEADLINE",
    kind: "no-alternative",
    wires: ALL,
    layer: Layer::Wire,
    summary: "the lookup of the token that a short deadline breaks off is told as a token that doesn't count",
    seam: Seam::Head(|head| {
        let short = head.headers.get("grpc-timeout").is_some_and(|value| !value.as_bytes().ends_with(b"S"));
        Heard::bent(short && head.headers.remove(AUTHORIZATION).is_some())
    }),
};

pub(super) static SECONDS_REFUSED: Fault = Fault {
    name: "seconds-refused",
    requirement: "EQ-DEADLINE",
    kind: "refused",
    wires: ALL,
    layer: Layer::Wire,
    summary: "a deadline in seconds isn't understood",
    seam: Seam::Head(|head| match head.headers.get_mut("grpc-timeout") {
        Some(value) if value.as_bytes().ends_with(b"S") => {
            *value = HeaderValue::from_static("soon");
            Heard::Bent
        }
        _ => Heard::Untouched,
    }),
};

pub(super) static LACK_OF_PERMISSION_401: Fault = Fault {
    name: "lack-of-permission-401",
    requirement: "MAP-PERMISSION-DENIED-403",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a lack of permission is answered with 401",
    seam: Seam::Encoded(|_, _, encoded| {
        let denied = encoded.status == StatusCode::FORBIDDEN;
        if denied {
            encoded.status = StatusCode::UNAUTHORIZED;
        }
        denied
    }),
};

/// A legal one: all browsers' wires alike.
pub(super) static FOREIGN_ORIGIN_REFUSED: Variant = Variant {
    name: "foreign-origin-refused",
    spared_by: &["EQ-ORIGIN"],
    wires: &["json", "grpc-web", "grpc-web-text"],
    summary: "calls from a foreign origin are refused with 403",
    seam: Seam::Head(|head| refuse(is_foreign(head), StatusCode::FORBIDDEN)),
};

fn is_foreign(head: &http::request::Parts) -> bool {
    head.headers.get(ORIGIN).is_some_and(|origin| origin == "https://conf.example")
}
