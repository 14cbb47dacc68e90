//! Faults of a writer of ProtoJSON.

use std::sync::atomic::{AtomicU64, Ordering};

use prost_reflect::Value as Field;
use serde_json::{Map, Value, json};

use super::{Fault, JSON, Layer, Seam, tree};

pub(super) static DURATION_TRIMMED: Fault = Fault {
    name: "duration-trimmed",
    requirement: "JSON-DURATION-FORMAT",
    kind: "other-form",
    wires: JSON,
    layer: Layer::Shape,
    summary: "zeros at the end of a duration's fraction are left out",
    seam: Seam::Encoded(|_, _, encoded| {
        tree::json(encoded, |root| {
            tree::members(root, &mut |name, value| {
                let text = value.as_str().filter(|text| name.ends_with("Lifetime") && text.contains('.'));
                let Some(rest) = text.and_then(|text| text.strip_suffix("0s")) else { return false };
                *value = format!("{}s", rest.trim_end_matches('0')).into();
                true
            })
        })
    }),
};

pub(super) static DURATION_AS_OBJECT: Fault = Fault {
    name: "duration-as-object",
    requirement: "JSON-DURATION-FORMAT",
    kind: "not-a-string",
    wires: JSON,
    layer: Layer::Shape,
    summary: "a duration is written as an object with seconds",
    seam: Seam::Encoded(|_, _, encoded| {
        tree::json(encoded, |root| {
            tree::members(root, &mut |name, value| {
                let Some(seconds) = value.as_str().filter(|_| name.ends_with("Lifetime")).and_then(|text| text.strip_suffix('s')) else {
                    return false;
                };
                *value = json!({ "seconds": seconds });
                true
            })
        })
    }),
};

pub(super) static LISTS_WRITTEN: Fault = Fault {
    name: "lists-written",
    requirement: "JSON-DEFAULTS-OMITTED",
    kind: "mixed",
    wires: JSON,
    layer: Layer::Shape,
    summary: "empty lists of a policy are written, other defaults are not",
    seam: Seam::Encoded(|_, _, encoded| {
        tree::json(encoded, |root| {
            let Some(policy) = root.get_mut("policy").and_then(Value::as_object_mut) else { return false };
            let before = policy.len();
            for list in ["secondFactors", "multiFactors", "idps"] {
                policy.entry(list).or_insert_with(|| json!([]));
            }
            policy.len() > before
        })
    }),
};

pub(super) static DEFAULT_AS_TEXT: Fault = Fault {
    name: "default-as-text",
    requirement: "JSON-DEFAULTS-OMITTED",
    kind: "wrong-kind",
    wires: JSON,
    layer: Layer::Shape,
    summary: "false is written as a text",
    seam: Seam::Encoded(|_, _, encoded| {
        tree::json(encoded, |root| {
            let Some(policy) = root.get_mut("policy").and_then(Value::as_object_mut) else { return false };
            let absent = !policy.contains_key("forceMfa");
            policy.entry("forceMfa").or_insert_with(|| json!("false"));
            absent
        })
    }),
};

/// So many answers with a list were given.
static TURN: AtomicU64 = AtomicU64::new(0);

pub(super) static LIST_ORDER_CHANGES: Fault = Fault {
    name: "list-order-changes",
    requirement: "JSON-STRUCTURAL-STABILITY",
    kind: "body-differs",
    wires: JSON,
    layer: Layer::Meaning,
    summary: "the order of the factors differs from read to read",
    seam: Seam::Outcome(|context, outcome| {
        let Ok(message) = outcome else { return false };
        if !context.calls("GetLoginPolicy") {
            return false;
        }
        let policy = message.get_field_by_name_mut("policy").and_then(Field::as_message_mut);
        let list = policy.and_then(|policy| policy.get_field_by_name_mut("second_factors")).and_then(Field::as_list_mut);
        match list.filter(|list| list.len() > 1) {
            // Three turns: many runs and transports take theirs in between.
            Some(list) => {
                let is_turned = TURN.fetch_add(1, Ordering::Relaxed).is_multiple_of(3);
                if is_turned {
                    list.reverse();
                }
                is_turned
            }
            None => false,
        }
    }),
};

pub(super) static BYTE_ORDER_MARK: Fault = Fault {
    name: "byte-order-mark",
    requirement: "JSON-OUTPUT-ONE-TEXT",
    kind: "not-one-text",
    wires: JSON,
    layer: Layer::Wire,
    summary: "JSON of errors begins with a byte order mark",
    seam: Seam::Encoded(|_, outcome, encoded| match &encoded.body {
        Some(body) if outcome.is_err() => {
            encoded.body = Some([b"\xef\xbb\xbf", &body[..]].concat().into());
            true
        }
        _ => false,
    }),
};

pub(super) static BOTH_SPELLINGS: Fault = Fault {
    name: "both-spellings",
    requirement: "JSON-OUTPUT-ONE-TEXT",
    kind: "two-spellings",
    wires: JSON,
    layer: Layer::Wire,
    summary: "the owner of an object stands there in both spellings",
    seam: Seam::Encoded(|_, _, encoded| tree::json(encoded, both_spellings)),
};

fn both_spellings(tree: &mut Value) -> bool {
    let mut acted = false;
    match tree {
        Value::Object(members) => {
            for value in members.values_mut() {
                acted |= both_spellings(value);
            }
            if let Some(owner) = members.get("resourceOwner").cloned() {
                let mut both = Map::from_iter([("resource_owner".to_owned(), owner)]);
                both.append(members);
                *members = both;
                acted = true;
            }
        }
        Value::Array(all) => {
            for value in all {
                acted |= both_spellings(value);
            }
        }
        _ => {}
    }
    acted
}
