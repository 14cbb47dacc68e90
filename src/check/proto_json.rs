//! Checks of the values of answers in ProtoJSON as they were sent (https://protobuf.dev/programming-guides/json/).

use prost_reflect::Kind;

use super::proto_json_walk::{Found, walk};
use super::registry::{Check, Judges, Need, Outcome, View};
use crate::contract::proto_json::Node;
use crate::contract::status::Code;

pub(super) const CHECKS: &[Check] = &[
    Check {
        requirement: "JSON-UINT64-STRING",
        kinds: &["not-a-string", "not-decimal"],
        judges: Judges::WellFormed,
        need: Need { count: 2, codes: &[Code::Ok] },
        run: long_integers,
    },
    Check {
        requirement: "JSON-ENUM-OUTPUT-NAME",
        kinds: &["not-a-name", "undeclared-name"],
        judges: Judges::WellFormed,
        need: Need { count: 2, codes: &[Code::Ok] },
        run: enum_names,
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
        // So many different ones: a server that trims zeros is right in nine values of ten.
        need: Need { count: 60, codes: &[Code::Ok] },
        run: timestamp_fraction,
    },
    Check {
        requirement: "JSON-DURATION-FORMAT",
        kinds: &["not-a-string", "other-form"],
        judges: Judges::WellFormed,
        need: Need { count: 2, codes: &[Code::Ok] },
        run: durations,
    },
];

/// What a check says of one value; `None`: nothing, or nothing wrong.
type Wrong = Option<(&'static str, String)>;

/// Judges each value of a kind: not applicable where there is none.
fn each_value(view: &View<'_>, expected: &str, is_meant: fn(&Kind) -> bool, mut judge: impl FnMut(&Kind, &Node) -> Wrong) -> Outcome {
    let mut seen = false;
    let mut wrong = None;
    let walked = walk(view, &mut |found, place| {
        if let Found::Value(kind, node) = found
            && is_meant(kind)
            && wrong.is_none()
        {
            seen = true;
            wrong = judge(kind, node).map(|(kind, actual)| (kind, actual, place.to_owned()));
        }
    });
    match wrong {
        _ if walked.is_none() || !seen => Outcome::NotApplicable,
        None => Outcome::Held,
        Some((kind, actual, place)) => Outcome::violated(kind, expected, actual, place),
    }
}

fn shown(node: &Node) -> String {
    match node {
        Node::Number(text) => text.clone(),
        Node::String(text) => format!("`{text}`"),
        other => format!("a value of kind {}", other.kind()),
    }
}

fn long_integers(view: &View<'_>) -> Outcome {
    let is_meant = |kind: &Kind| matches!(kind, Kind::Uint64 | Kind::Fixed64 | Kind::Int64 | Kind::Sint64 | Kind::Sfixed64);
    each_value(view, "decimal digits without leading zeros in a JSON string", is_meant, |kind, node| {
        let Node::String(text) = node else { return Some(("not-a-string", shown(node))) };
        let is_unsigned = matches!(kind, Kind::Uint64 | Kind::Fixed64);
        let digits = text.strip_prefix('-').filter(|_| !is_unsigned).unwrap_or(text);
        let plain = digits == "0" || (!digits.starts_with('0') && !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit()));
        (!plain).then(|| ("not-decimal", shown(node)))
    })
}

fn enum_names(view: &View<'_>) -> Outcome {
    let is_meant = |kind: &Kind| matches!(kind, Kind::Enum(values) if values.full_name() != "google.protobuf.NullValue");
    each_value(view, "the declared name of the value", is_meant, |kind, node| match (kind, node) {
        (Kind::Enum(values), Node::String(name)) => values.get_value_by_name(name).is_none().then(|| ("undeclared-name", shown(node))),
        // A value that isn't declared has no name; ProtoJSON writes its number.
        (Kind::Enum(values), Node::Number(text)) if text.parse().is_ok_and(|number| values.get_value(number).is_none()) => None,
        _ => Some(("not-a-name", shown(node))),
    })
}

fn is_timestamp(kind: &Kind) -> bool {
    matches!(kind, Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp")
}

/// What stands behind the seconds of a date-time that RFC 3339 allows, in whatever case and with whatever offset; other texts are for the
/// requirement of the date's format to judge.
fn behind_seconds(node: &Node) -> Option<(&str, &str)> {
    let Node::String(text) = node else { return None };
    let (date, rest) = text.split_at_checked(19)?;
    let form = b"0000-00-00T00:00:00";
    let fits = date.bytes().zip(form).all(|(octet, form)| match form {
        b'0' => octet.is_ascii_digit(),
        b'T' => matches!(octet, b'T' | b't'),
        other => octet == *other,
    });
    (fits && text.to_ascii_uppercase().parse::<jiff::Timestamp>().is_ok()).then_some((date, rest))
}

fn timestamp_z(view: &View<'_>) -> Outcome {
    let mut dated = false;
    let outcome = each_value(view, "a date-time with upper-case T and Z, without offset", is_timestamp, |_, node| {
        let (date, rest) = behind_seconds(node)?;
        dated = true;
        let is_plain =
            rest.strip_suffix('Z').is_some_and(|fraction| fraction.is_empty() || fraction.len() == 1 + fraction_digits(fraction));
        (!(date.contains('T') && is_plain)).then(|| ("not-normalised", shown(node)))
    });
    if dated { outcome } else { Outcome::NotApplicable }
}

fn fraction_digits(rest: &str) -> usize {
    rest.strip_prefix('.').map_or(0, |fraction| fraction.bytes().take_while(u8::is_ascii_digit).count())
}

fn timestamp_fraction(view: &View<'_>) -> Outcome {
    let mut dated = false;
    let outcome = each_value(view, "0, 3, 6 or 9 digits of a second", is_timestamp, |_, node| {
        let (_, rest) = behind_seconds(node)?;
        dated = true;
        (!matches!(fraction_digits(rest), 0 | 3 | 6 | 9)).then(|| ("other-digits", shown(node)))
    });
    if dated { outcome } else { Outcome::NotApplicable }
}

/// The date-times of an answer: of those the run must have seen many different ones. One without a fraction counts each time: where all are
/// whole seconds, a run has less of them than it has answers.
pub(super) fn timestamps(view: &View<'_>) -> Vec<String> {
    let mut all = Vec::new();
    walk(view, &mut |found, _| {
        if let Found::Value(kind, node @ Node::String(text)) = found
            && is_timestamp(kind)
            && let Some((_, rest)) = behind_seconds(node)
        {
            all.push(if rest.starts_with('.') { text.clone() } else { format!("{text} of exchange {}", view.exchange.id) });
        }
    });
    all
}

fn durations(view: &View<'_>) -> Outcome {
    let is_meant = |kind: &Kind| matches!(kind, Kind::Message(message) if message.full_name() == "google.protobuf.Duration");
    each_value(view, "decimal seconds with 0, 3, 6 or 9 digits of a fraction and the suffix s", is_meant, |_, node| {
        let Node::String(text) = node else { return Some(("not-a-string", shown(node))) };
        let is_written = text.strip_suffix('s').is_some_and(|number| {
            let number = number.strip_prefix('-').unwrap_or(number);
            let (whole, fraction) = number.split_once('.').map_or((number, None), |(whole, fraction)| (whole, Some(fraction)));
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
            let plain = digits(whole) && (whole == "0" || !whole.starts_with('0'));
            plain && fraction.is_none_or(|fraction| digits(fraction) && matches!(fraction.len(), 3 | 6 | 9))
        });
        (!is_written).then(|| ("other-form", shown(node)))
    })
}

#[cfg(test)]
#[path = "proto_json_tests.rs"]
mod tests;
