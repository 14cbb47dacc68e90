//! Checks of ProtoJSON as it was sent (https://protobuf.dev/programming-guides/json/).

use super::registry::{Check, Judges, Need, Outcome, View};
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
        requirement: "JSON-TIMESTAMP-Z",
        kinds: &["not-normalised"],
        judges: Judges::WellFormed,
        need: Need { count: 1, codes: &[Code::Ok] },
        run: timestamp_z,
    },
    Check {
        requirement: "JSON-TIMESTAMP-FRACTION",
        kinds: &["other-digits"],
        judges: Judges::WellFormed,
        need: Need { count: 60, codes: &[Code::Ok] },
        run: timestamp_fraction,
    },
    Check {
        requirement: "JSON-NO-NULL-OUTPUT",
        kinds: &["null"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[Code::Ok] },
        run: no_null,
    },
    Check {
        requirement: "JSON-ANY-INLINE",
        kinds: &["type-url", "value-only", "value-beside"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: any_inline,
    },
];

/// The body of a success as it was sent.
fn success<'a>(view: &'a View<'_>) -> Option<&'a Node> {
    let status = view.exchange.received.head()?.status?;
    let document = view.reading.document.as_ref()?.as_ref().ok()?;
    (status == 200).then_some(&document.root)
}

fn camel_case(view: &View<'_>) -> Outcome {
    let Some(root) = success(view) else { return Outcome::NotApplicable };
    let mut place = None;
    let mut members = 0u32;
    walk(root, "", &mut |name, _, at| {
        members += 1;
        if place.is_none() && name.is_some_and(|name| name.contains('_')) {
            place = Some(at.to_owned());
        }
    });
    match place {
        None if members <= 1 => Outcome::NotApplicable,
        None => Outcome::Held,
        Some(place) => Outcome::violated("underscore", "member names in lowerCamelCase", format!("a member at {place}"), place),
    }
}

/// Strings that look like a date-time of RFC 3339 with any offset and any letter case.
fn timestamps(root: &Node) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(root, "", &mut |_, node, at| {
        if let Node::String(text) = node
            && looks_like_date_time(text)
        {
            found.push((at.to_owned(), text.clone()));
        }
    });
    found
}

fn looks_like_date_time(text: &str) -> bool {
    let octets = text.as_bytes();
    let shape = b"dddd-dd-ddTdd:dd:dd";
    octets.len() > shape.len()
        && shape.iter().zip(octets).all(|(shape, octet)| match shape {
            b'd' => octet.is_ascii_digit(),
            b'T' => matches!(octet, b'T' | b't'),
            other => other == octet,
        })
        && text.to_ascii_uppercase().parse::<jiff::Timestamp>().is_ok()
}

fn timestamp_z(view: &View<'_>) -> Outcome {
    let Some(root) = success(view) else { return Outcome::NotApplicable };
    let all = timestamps(root);
    match all.iter().find(|(_, text)| !(text.ends_with('Z') && text.contains('T'))) {
        _ if all.is_empty() => Outcome::NotApplicable,
        None => Outcome::Held,
        Some((place, text)) => {
            Outcome::violated("not-normalised", "a date-time with upper-case T and Z, without offset", format!("`{text}`"), place.clone())
        }
    }
}

fn timestamp_fraction(view: &View<'_>) -> Outcome {
    let Some(root) = success(view) else { return Outcome::NotApplicable };
    let all = timestamps(root);
    let digits = |text: &str| text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
    match all.iter().find(|(_, text)| !matches!(digits(text), 0 | 3 | 6 | 9)) {
        _ if all.is_empty() => Outcome::NotApplicable,
        None => Outcome::Held,
        Some((place, text)) => Outcome::violated("other-digits", "0, 3, 6 or 9 digits of a second", format!("`{text}`"), place.clone()),
    }
}

fn no_null(view: &View<'_>) -> Outcome {
    let Some(Ok(document)) = &view.reading.document else { return Outcome::NotApplicable };
    let mut place = None;
    walk(&document.root, "", &mut |_, node, at| {
        if place.is_none() && *node == Node::Null {
            place = Some(at.to_owned());
        }
    });
    match place {
        None => Outcome::Held,
        Some(place) => Outcome::violated("null", "absent values left out", "null", place),
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
    let expected = "the fields of the packed message beside @type";
    let mut seen = false;
    for (index, detail) in details.iter().enumerate() {
        let Node::Object(members) = detail else { continue };
        let place = format!("/details/{index}");
        if let Some((name, _)) = members.iter().find(|(name, _)| matches!(name.as_str(), "type_url" | "typeUrl")) {
            return Outcome::violated("type-url", expected, format!("a member {name}"), place);
        }
        let Some((_, Node::String(type_url))) = members.iter().find(|(name, _)| name == "@type") else { continue };
        let type_name = type_url.rsplit('/').next().unwrap_or_default();
        if type_name.strip_prefix("google.protobuf.").is_some_and(|name| SPECIAL.contains(&name)) {
            continue;
        }
        seen = true;
        let declared = view.contract.descriptors.message(type_name);
        let has_value = members.iter().any(|(name, _)| name == "value");
        match declared {
            Some(message) if has_value && message.get_field_by_name("value").is_none() => {
                return Outcome::violated("value-beside", expected, "a member value that the type doesn't have", place);
            }
            Some(_) => {}
            None if has_value && members.len() == 2 => {
                return Outcome::violated("value-only", expected, "only a member value", place);
            }
            None => {}
        }
    }
    if seen { Outcome::Held } else { Outcome::NotApplicable }
}

/// Calls a function for each node with its member name and its JSON pointer.
fn walk(node: &Node, place: &str, each: &mut impl FnMut(Option<&str>, &Node, &str)) {
    match node {
        Node::Object(members) => {
            for (name, member) in members {
                let at = format!("{place}/{name}");
                each(Some(name), member, &at);
                walk(member, &at, each);
            }
        }
        Node::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let at = format!("{place}/{index}");
                each(None, item, &at);
                walk(item, &at, each);
            }
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => {}
    }
}
