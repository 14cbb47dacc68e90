//! Faults of values and members: a right outcome with one value written wrongly.

use http::header::HeaderValue;
use serde_json::{Value, json};

use super::{ALL, Fault, JSON, Layer, Seam, tree};
use crate::reference::frames::MESSAGE;

pub(super) static OFFSET_INSTEAD_OF_Z: Fault = Fault {
    name: "offset-instead-of-z",
    requirement: "JSON-TIMESTAMP-Z",
    kind: "not-normalised",
    wires: JSON,
    layer: Layer::Shape,
    summary: "dates are written with the offset +00:00",
    seam: Seam::Encoded(|_, _, encoded| {
        tree::json(encoded, |root| {
            tree::members(root, &mut |name, value| match value {
                Value::String(text) if name.ends_with("Date") && text.ends_with('Z') => {
                    text.pop();
                    text.push_str("+00:00");
                    true
                }
                _ => false,
            })
        })
    }),
};

pub(super) static MUTE_ERRORS: Fault = Fault {
    name: "mute-errors",
    requirement: "ERR-MESSAGE-NONEMPTY",
    kind: "no-message",
    wires: ALL,
    layer: Layer::Shape,
    summary: "errors have no message",
    seam: Seam::Encoded(|_, outcome, encoded| {
        if outcome.is_ok() {
            return false;
        }
        encoded.message.clear();
        tree::json(encoded, |root| root.as_object_mut().is_some_and(|members| members.remove("message").is_some()));
        true
    }),
};

pub(super) static TOTAL_AS_NUMBER: Fault = Fault {
    name: "total-as-number",
    requirement: "JSON-UINT64-STRING",
    kind: "not-a-string",
    wires: JSON,
    layer: Layer::Shape,
    summary: "totalResult is a JSON number while sequence is a string",
    seam: Seam::Encoded(|_, _, encoded| {
        tree::json(encoded, |root| {
            tree::members(root, &mut |name, value| {
                let number = value.as_str().and_then(|text| text.parse::<u64>().ok()).filter(|_| name == "totalResult");
                number.is_some_and(|number| {
                    *value = number.into();
                    true
                })
            })
        })
    }),
};

pub(super) static BARE_DATE_IN_POLICY: Fault = Fault {
    name: "bare-date-in-policy",
    requirement: "DISC-SCHEMA-VALID",
    kind: "format",
    wires: JSON,
    layer: Layer::Shape,
    summary: "the dates of a policy that is read are calendar dates",
    seam: Seam::Encoded(|_, _, encoded| {
        tree::json(encoded, |root| {
            let Some(policy) = root.get_mut("policy") else { return false };
            tree::members(policy, &mut |name, value| match value {
                Value::String(text) if name.ends_with("Date") && text.len() > 10 => {
                    text.truncate(10);
                    true
                }
                _ => false,
            })
        })
    }),
};

pub(super) static ERROR_ENVELOPE: Fault = Fault {
    name: "error-envelope",
    requirement: "SEED-ERROR-BODY-SHAPE",
    kind: "type",
    wires: JSON,
    layer: Layer::Shape,
    summary: "the code of an error object is a string",
    seam: Seam::Encoded(|_, outcome, encoded| {
        outcome.is_err()
            && tree::json(encoded, |root| {
                let Some(code) = root.get_mut("code") else { return false };
                *code = json!(code.to_string());
                true
            })
    }),
};

pub(super) static DETAIL_WITHOUT_TYPE: Fault = Fault {
    name: "detail-without-type",
    requirement: "SEED-ERROR-DETAILS-AT-TYPE",
    kind: "required",
    wires: JSON,
    layer: Layer::Shape,
    summary: "the details of an error don't name their type",
    seam: Seam::Encoded(|_, outcome, encoded| {
        outcome.is_err()
            && tree::json(encoded, |root| {
                let details = root.get_mut("details").and_then(Value::as_array_mut);
                let removed = details.into_iter().flatten().filter_map(Value::as_object_mut).filter_map(|detail| detail.remove("@type"));
                removed.count() > 0
            })
    }),
};

pub(super) static SEQUENCE_ZERO: Fault = Fault {
    name: "sequence-zero",
    requirement: "SEED-DETAILS-SEQUENCE-RANGE",
    kind: "required",
    wires: ALL,
    layer: Layer::Shape,
    summary: "the sequence of a write is 0, so it is left out",
    seam: Seam::Outcome(|_, outcome| {
        let Ok(message) = outcome else { return false };
        let Some(details) = tree::details(message) else { return false };
        details.clear_field_by_name("sequence");
        true
    }),
};

pub(super) static QUESTION_MARKS: Fault = Fault {
    name: "question-marks",
    requirement: "GRPC-MESSAGE-PERCENT",
    kind: "text-differs",
    wires: &["grpc"],
    layer: Layer::Wire,
    summary: "letters outside ASCII are written as ? in grpc-message",
    seam: Seam::Reply(|_, reply| {
        let blocks = [Some(&mut reply.head), reply.trailers.as_mut()];
        let mut acted = false;
        for block in blocks.into_iter().flatten() {
            let Some(value) = block.get_mut(MESSAGE) else { continue };
            let Ok(text) = value.to_str() else { continue };
            // Each escape of an octet outside ASCII becomes one question mark.
            let mut bent = String::new();
            let mut rest = text;
            while let Some(at) = rest.find('%') {
                let (before, escape) = rest.split_at(at);
                let (escape, after) = escape.split_at(escape.len().min(3));
                bent.push_str(before);
                bent.push_str(if escape.as_bytes().get(1).is_some_and(|digit| *digit >= b'8') { "?" } else { escape });
                rest = after;
            }
            bent.push_str(rest);
            if bent != text
                && let Ok(bent) = HeaderValue::from_str(&bent)
            {
                *value = bent;
                acted = true;
            }
        }
        acted
    }),
};
