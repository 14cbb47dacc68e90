//! Checks of the members of answers in ProtoJSON as they were sent: names, nulls, defaults, inlined details.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::proto_json_walk::{Found, field_of, success, walk};
use super::registry::{Check, Judges, Need, Outcome, View};
use crate::contract::descriptors::came_later;
use crate::contract::proto_json::Node;
use crate::contract::status::Code;

pub(super) const CHECKS: &[Check] = &[
    Check {
        requirement: "JSON-OUTPUT-CAMELCASE",
        kinds: &["underscore"],
        judges: Judges::WellFormed,
        need: Need { count: 2, codes: &[Code::Ok] },
        run: camel_case,
    },
    Check {
        requirement: "JSON-NO-NULL-OUTPUT",
        kinds: &["null"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[Code::Ok] },
        run: no_null,
    },
    Check {
        requirement: "JSON-DEFAULTS-OMITTED",
        kinds: &["mixed", "wrong-kind"],
        judges: Judges::WellFormed,
        need: Need { count: 2, codes: &[Code::Ok] },
        run: defaults,
    },
    Check {
        requirement: "JSON-ANY-INLINE",
        kinds: &["type-url", "value-only", "value-beside", "wrong-kind", "no-field"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: any_inline,
    },
];

fn camel_case(view: &View<'_>) -> Outcome {
    // Only a name of two words can tell the spellings apart.
    let mut tells = false;
    let mut wrong = None;
    let walked = walk(view, &mut |found, place| {
        let Found::Message(message, members) = found else { return };
        for (name, _) in *members {
            tells |= field_of(message, name).is_some_and(|field| field.name() != field.json_name());
            if name.contains('_') && wrong.is_none() {
                wrong = Some((name.clone(), format!("{place}/{name}")));
            }
        }
    });
    match wrong {
        Some((name, place)) => Outcome::violated("underscore", "member names in lowerCamelCase", format!("`{name}`"), place),
        None if walked.is_some() && tells => Outcome::Held,
        None => Outcome::NotApplicable,
    }
}

fn no_null(view: &View<'_>) -> Outcome {
    let Some(Ok(document)) = &view.reading.document else { return Outcome::NotApplicable };
    match null_in(&document.root, "") {
        None => Outcome::Held,
        Some(place) => Outcome::violated("null", "absent values left out", "null", place),
    }
}

fn null_in(node: &Node, place: &str) -> Option<String> {
    match node {
        Node::Null => Some(place.to_owned()),
        Node::Object(members) => members.iter().find_map(|(name, member)| null_in(member, &format!("{place}/{name}"))),
        Node::Array(items) => items.iter().enumerate().find_map(|(index, item)| null_in(item, &format!("{place}/{index}"))),
        Node::Bool(_) | Node::Number(_) | Node::String(_) => None,
    }
}

fn defaults(view: &View<'_>) -> Outcome {
    if success(view).is_none() {
        return Outcome::NotApplicable;
    }
    let mut written = None;
    let mut absent = None;
    let mut wrong = None;
    walk(view, &mut |found, place| {
        let Found::Message(message, members) = found else { return };
        for field in message.fields().filter(|field| has_default(field) && !came_later(field)) {
            let at = || format!("{place}/{}", field.json_name());
            match value_of(message, members, &field) {
                None => absent = absent.take().or_else(|| Some(at())),
                Some(node) => match is_default(&field, node) {
                    Some(true) => written = written.take().or_else(|| Some(at())),
                    Some(false) => {}
                    None => wrong = wrong.take().or_else(|| Some((at(), node.kind()))),
                },
            }
        }
    });
    match (wrong, written, absent) {
        (Some((place, kind)), ..) => {
            Outcome::violated("wrong-kind", "a default of the field's own kind", format!("a value of kind {kind}"), place)
        }
        (None, Some(written), Some(absent)) => Outcome::violated(
            "mixed",
            "fields at their default all left out, or all written",
            format!("{written} is written, {absent} is left out"),
            absent,
        ),
        (None, None, None) => Outcome::NotApplicable,
        (None, ..) => Outcome::Held,
    }
}

/// Fields without presence: left out at their default, unless the writer is set to write them.
fn has_default(field: &FieldDescriptor) -> bool {
    !field.supports_presence() && field.containing_oneof().is_none()
}

/// The last member that means the field; null counts as absent.
fn value_of<'n>(message: &MessageDescriptor, members: &'n [(String, Node)], field: &FieldDescriptor) -> Option<&'n Node> {
    let mut found = None;
    for (name, node) in members {
        if field_of(message, name).is_some_and(|other| other.number() == field.number()) {
            found = Some(node);
        }
    }
    found.filter(|node| !matches!(node, Node::Null))
}

/// Whether the value is the default of the field; `None` where it is a default of another kind, as `"false"` or 0 for a boolean. How enums and
/// 64-bit integers are written is judged by their own requirements.
fn is_default(field: &FieldDescriptor, node: &Node) -> Option<bool> {
    let zero = |text: &str| text.parse::<f64>().is_ok_and(|number| number == 0.0);
    if field.is_list() || field.is_map() {
        return match node {
            Node::Array(elements) => field.is_list().then_some(elements.is_empty()),
            Node::Object(members) => field.is_map().then_some(members.is_empty()),
            _ => None,
        };
    }
    match (field.kind(), node) {
        (Kind::Bool, Node::Bool(value)) => Some(!value),
        (Kind::String | Kind::Bytes, Node::String(text)) => Some(text.is_empty()),
        (Kind::Enum(values), Node::String(name)) => Some(values.get_value_by_name(name).is_some_and(|value| value.number() == 0)),
        (Kind::Enum(_), Node::Number(text)) => Some(zero(text)),
        // What isn't the default of another kind is a wrong value, and no matter of defaults.
        (Kind::Bool | Kind::String | Kind::Bytes, Node::Number(text) | Node::String(text)) => {
            (!(zero(text) || text.is_empty() || text == "false")).then_some(false)
        }
        (Kind::String | Kind::Bytes | Kind::Enum(_), Node::Bool(false)) => None,
        (_, Node::Number(text) | Node::String(text)) => Some(zero(text)),
        _ => Some(false),
    }
}

/// Types of google.protobuf with a JSON form of their own, which stands in a member `value`.
const SPECIAL: [&str; 16] = [
    "Duration",
    "Timestamp",
    "Struct",
    "Value",
    "ListValue",
    "FieldMask",
    "Any",
    "BoolValue",
    "BytesValue",
    "DoubleValue",
    "FloatValue",
    "Int32Value",
    "Int64Value",
    "StringValue",
    "UInt32Value",
    "UInt64Value",
];

fn any_inline(view: &View<'_>) -> Outcome {
    let Some(Ok(document)) = &view.reading.document else { return Outcome::NotApplicable };
    if view.exchange.received.head().and_then(|head| head.status).is_none_or(|status| status < 400) {
        return Outcome::NotApplicable;
    }
    let Some(Node::Array(details)) = document.root.get("details") else { return Outcome::NotApplicable };
    let mut seen = false;
    for (index, detail) in details.iter().enumerate() {
        let Node::Object(members) = detail else { continue };
        let place = format!("/details/{index}");
        match inlined(view, members) {
            Inlined::NotJudged => {}
            Inlined::Yes => seen = true,
            Inlined::No(kind, actual) => return Outcome::violated(kind, "the fields of the packed message beside @type", actual, place),
        }
    }
    if seen { Outcome::Held } else { Outcome::NotApplicable }
}

enum Inlined {
    NotJudged,
    Yes,
    No(&'static str, String),
}

fn inlined(view: &View<'_>, members: &[(String, Node)]) -> Inlined {
    if let Some((name, _)) = members.iter().find(|(name, _)| matches!(name.as_str(), "type_url" | "typeUrl")) {
        return Inlined::No("type-url", format!("a member {name}"));
    }
    let Some((_, Node::String(type_url))) = members.iter().find(|(name, _)| name == "@type") else { return Inlined::NotJudged };
    let type_name = type_url.rsplit('/').next().unwrap_or_default();
    if type_name.strip_prefix("google.protobuf.").is_some_and(|name| SPECIAL.contains(&name)) {
        return Inlined::NotJudged;
    }
    let has_value = members.iter().any(|(name, _)| name == "value");
    match view.contract.descriptors.message(type_name) {
        Some(message) if has_value && message.get_field_by_name("value").is_none() => {
            Inlined::No("value-beside", "a member value that the type doesn't have".to_owned())
        }
        Some(message) if message.fields().len() > 0 && !members.iter().any(|(name, _)| field_of(&message, name).is_some()) => {
            Inlined::No("no-field", format!("none of the fields of {type_name}"))
        }
        Some(message) => {
            let text = |name: &str| field_of(&message, name).is_some_and(|field| !field.is_list() && matches!(field.kind(), Kind::String));
            match members.iter().find(|(name, node)| text(name) && !matches!(node, Node::String(_) | Node::Null)) {
                Some((name, node)) => Inlined::No("wrong-kind", format!("{name} is a value of kind {}", node.kind())),
                None => Inlined::Yes,
            }
        }
        None if has_value && members.len() == 2 => Inlined::No("value-only", "only a member value".to_owned()),
        None => Inlined::Yes,
    }
}
