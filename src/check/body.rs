//! Checks of bodies: ProtoJSON as it was sent, error objects, and the schemas of the contract.

use super::registry::{Check, Judges, Need, Outcome, View};
use crate::answer::Answer;
use crate::contract::proto_json::Node;
use crate::contract::schema_walk::lower_camel;
use crate::contract::status::Code;
use crate::wire::Wire;

/// A schema answers for a requirement through the annotation beside its keywords.
macro_rules! schema_check {
    ($requirement:literal, $judges:ident, $count:literal, $codes:expr) => {
        Check {
            requirement: $requirement,
            kinds: SCHEMA_KINDS,
            judges: Judges::$judges,
            need: Need { count: $count, codes: $codes },
            run: |view| schema(view, $requirement),
        }
    };
}

pub(super) const CHECKS: &[Check] = &[
    Check {
        requirement: "JSON-OUTPUT-ONE-TEXT",
        kinds: &["not-one-text", "duplicate-name", "two-spellings"],
        judges: Judges::Every,
        need: Need { count: 2, codes: &[Code::Ok] },
        run: one_text,
    },
    Check {
        requirement: "SEED-ERROR-NOT-ON-SUCCESS",
        kinds: &["error-on-success", "details-on-error"],
        judges: Judges::Calls,
        need: Need { count: 2, codes: &[Code::Ok] },
        run: not_mixed,
    },
    Check {
        requirement: "SEED-ERROR-CODE-GRPC-NUMBER",
        kinds: &["not-a-code"],
        judges: Judges::Calls,
        need: Need { count: 4, codes: DOCUMENTED },
        run: error_code,
    },
    Check {
        requirement: "MAP-BODY-HTTP-AGREE",
        kinds: &["status-differs"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: body_and_status,
    },
    Check {
        requirement: "ERR-MESSAGE-NONEMPTY",
        kinds: &["no-message"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: message_nonempty,
    },
    schema_check!("SEED-ERROR-BODY-SHAPE", Calls, 4, DOCUMENTED),
    schema_check!("SEED-ERROR-DETAILS-AT-TYPE", Calls, 1, &[]),
    schema_check!("SEED-DETAILS-SEQUENCE-STRING", WellFormed, 1, &[Code::Ok]),
    schema_check!("SEED-DETAILS-SEQUENCE-RANGE", WellFormed, 1, &[Code::Ok]),
    schema_check!("SEED-DETAILS-DATE-TIME-FORMAT", WellFormed, 2, &[Code::Ok]),
    schema_check!("SEED-DETAILS-KNOWN-MEMBERS", Calls, 4, &[Code::Ok, Code::AlreadyExists, Code::Unauthenticated]),
    schema_check!("SEED-RESP-DETAILS-OBJECT", WellFormed, 1, &[Code::Ok]),
    schema_check!("STATE-LIST-TOTAL", WellFormed, 3, &[Code::Ok]),
    schema_check!("DISC-SCHEMA-VALID", WellFormed, 1, &[Code::Ok]),
];

/// Errors that the cases provoke on documented operations.
const DOCUMENTED: &[Code] = &[Code::InvalidArgument, Code::NotFound, Code::AlreadyExists, Code::Unauthenticated];

/// Keywords of JSON Schema 2020-12 that contract schemas use, and what stands before any schema.
const SCHEMA_KINDS: &[&str] = &[
    "type",
    "required",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "enum",
    "const",
    "items",
    "minLength",
    "not-an-object",
    "not-json",
    "undeclared-member",
    "counts",
];

fn is_json(view: &View<'_>) -> bool {
    view.exchange
        .received
        .head()
        .and_then(|head| head.first("content-type"))
        .is_some_and(|value| value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json"))
}

fn one_text(view: &View<'_>) -> Outcome {
    let Some(document) = view.reading.document.as_ref().filter(|_| is_json(view)) else { return Outcome::NotApplicable };
    let expected = "exactly one JSON text in UTF-8, no member name twice in an object";
    match document {
        Err(error) => Outcome::violated("not-one-text", expected, error.to_string(), "content"),
        Ok(document) => {
            if let Some(issue) = document.issues.iter().find(|issue| issue.kind == "duplicate-name") {
                return Outcome::violated("duplicate-name", expected, issue.text.clone(), issue.place.clone());
            }
            match two_spellings(&document.root, "") {
                Some((place, name)) => {
                    Outcome::violated("two-spellings", expected, format!("`{name}` stands there in both spellings"), place)
                }
                None => Outcome::Held,
            }
        }
    }
}

/// An object with both `resourceOwner` and `resource_owner`.
fn two_spellings(node: &Node, place: &str) -> Option<(String, String)> {
    match node {
        Node::Object(members) => {
            for (name, _) in members.iter().filter(|(name, _)| name.contains('_')) {
                let camel = lower_camel(name);
                if members.iter().any(|(other, _)| *other == camel) {
                    return Some((place.to_owned(), name.clone()));
                }
            }
            members.iter().find_map(|(name, member)| two_spellings(member, &format!("{place}/{name}")))
        }
        Node::Array(items) => items.iter().enumerate().find_map(|(index, item)| two_spellings(item, &format!("{place}/{index}"))),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => None,
    }
}

/// The members of the body's object, and the HTTP status.
fn object<'a>(view: &'a View<'_>) -> Option<(&'a [(String, Node)], u16)> {
    let status = view.exchange.received.head()?.status?;
    match view.reading.document.as_ref()?.as_ref().ok()?.root {
        Node::Object(ref members) => Some((members, status)),
        _ => None,
    }
}

fn member<'a>(members: &'a [(String, Node)], name: &str) -> Option<&'a Node> {
    members.iter().find(|(key, value)| key == name && *value != Node::Null).map(|(_, value)| value)
}

fn not_mixed(view: &View<'_>) -> Outcome {
    let Some((members, status)) = object(view) else { return Outcome::NotApplicable };
    match status {
        200..=299 => match ["code", "message"].into_iter().find(|name| member(members, name).is_some()) {
            None => Outcome::Held,
            Some(name) => Outcome::violated(
                "error-on-success",
                "neither code nor message in the body of a success",
                format!("a member `{name}` with HTTP status {status}"),
                format!("/{name}"),
            ),
        },
        400..=599 => match member(members, "details") {
            Some(Node::Object(_)) => {
                Outcome::violated("details-on-error", "no details object of a success in the body of an error", "an object", "/details")
            }
            _ => Outcome::Held,
        },
        _ => Outcome::NotApplicable,
    }
}

/// The integer member `code` of an error body.
fn integer_code(members: &[(String, Node)]) -> Option<i64> {
    match member(members, "code")? {
        Node::Number(text) => text.parse().ok(),
        _ => None,
    }
}

fn error_code(view: &View<'_>) -> Outcome {
    let Some((members, status @ 400..)) = object(view) else { return Outcome::NotApplicable };
    let Some(code) = integer_code(members) else { return Outcome::NotApplicable };
    if (1..=16).contains(&code) {
        Outcome::Held
    } else {
        Outcome::violated("not-a-code", "a google.rpc.Code from 1 to 16", format!("{code} with HTTP status {status}"), "/code")
    }
}

fn body_and_status(view: &View<'_>) -> Outcome {
    let Some((members, status @ 400..)) = object(view) else { return Outcome::NotApplicable };
    let Some(code) = integer_code(members).filter(|code| (1..=16).contains(code)).and_then(Code::from_number) else {
        return Outcome::NotApplicable;
    };
    let of_http_itself = matches!(status, 405 | 406 | 411 | 413 | 414 | 415 | 417 | 421 | 431)
        && matches!(code, Code::InvalidArgument | Code::NotFound | Code::ResourceExhausted | Code::OutOfRange | Code::Unimplemented);
    if status == code.http_status() || of_http_itself {
        Outcome::Held
    } else {
        Outcome::violated(
            "status-differs",
            format!("HTTP status {}, which google.rpc.Code gives for {}", code.http_status(), code.name()),
            format!("HTTP status {status}"),
            "head",
        )
    }
}

fn message_nonempty(view: &View<'_>) -> Outcome {
    if view.wire() == Wire::Json {
        let Some((members, 400..)) = object(view) else { return Outcome::NotApplicable };
        if integer_code(members).is_none() {
            return Outcome::NotApplicable;
        }
        return match member(members, "message") {
            Some(Node::String(text)) if !text.trim().is_empty() => Outcome::Held,
            _ => Outcome::violated("no-message", "a message with at least one visible character", "none", "/message"),
        };
    }
    match &view.reading.answer {
        Answer::Status(answered) if answered.code.is_some_and(|code| code != Code::Ok) => {
            let blank = answered.error.as_ref().is_none_or(|error| error.message.trim().is_empty());
            if blank {
                Outcome::violated("no-message", "a grpc-message with at least one visible character", "none", "grpc-message")
            } else {
                Outcome::Held
            }
        }
        _ => Outcome::NotApplicable,
    }
}

/// Whether an answer has the shape that its schema says, as far as a requirement speaks of it.
pub(super) fn schema(view: &View<'_>, requirement: &str) -> Outcome {
    let Some(method) = view.method else { return Outcome::NotApplicable };
    let (name, value) = match (&view.reading.document, &view.reading.answer) {
        (Some(document), _) => {
            let Some(status) = view.exchange.received.head().and_then(|head| head.status) else { return Outcome::NotApplicable };
            let name = match status {
                200 => method.output.full_name().to_owned(),
                400..=599 => "google.rpc.Status".to_owned(),
                _ => return Outcome::NotApplicable,
            };
            match document {
                Ok(document) if status == 200 => (name, method.message_of_content(&document.root).to_value()),
                Ok(document) => (name, document.root.to_value()),
                Err(error) if requirement == "SEED-ERROR-BODY-SHAPE" && status >= 400 => {
                    return Outcome::violated("not-json", "a JSON object", error.to_string(), "content");
                }
                Err(_) => return Outcome::NotApplicable,
            }
        }
        (None, Answer::Status(answered)) if view.wire().is_binary() => match &answered.message {
            Some(message) => (method.output.full_name().to_owned(), message.clone()),
            None => return Outcome::NotApplicable,
        },
        _ => return Outcome::NotApplicable,
    };
    let schemas = &view.contract.schemas;
    if !schemas.speaks_of(&name, requirement) || !schemas.judges(&name, &value, requirement) {
        return Outcome::NotApplicable;
    }
    let whole = schemas.whole(&name) == Some(requirement);
    let by_schema =
        schemas.validate(&name, &value).into_iter().find(|issue| issue.requirement == requirement || (whole && issue.keyword != "counts"));
    match by_schema.or_else(|| schemas.beyond_schema(&name, &value).into_iter().find(|issue| issue.requirement == requirement)) {
        None => Outcome::Held,
        Some(issue) => {
            let kind = SCHEMA_KINDS.iter().find(|kind| **kind == issue.keyword).copied().unwrap_or("schema");
            Outcome::violated(kind, issue.expected, issue.actual, issue.place)
        }
    }
}
