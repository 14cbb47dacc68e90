//! Legal variants of the codec.

use prost_reflect::SerializeOptions;
use serde_json::Value;

use super::agreement::add_change_date;
use super::{ALL, BINARY, JSON, Seam, Variant, tree};
use crate::reference::codec::rpc_status;

pub(super) static KEY_ORDER: Variant = Variant {
    name: "key-order",
    spared_by: &["DISC-SCHEMA-VALID", "SEED-ERROR-BODY-SHAPE"],
    wires: JSON,
    summary: "members of objects come in the opposite order",
    seam: Seam::Encoded(|_, _, encoded| tree::json(encoded, reverse)),
};

pub(super) static EXPLICIT_DEFAULTS: Variant = Variant {
    name: "explicit-defaults",
    spared_by: &["JSON-DEFAULTS-OMITTED", "DISC-SCHEMA-VALID"],
    wires: JSON,
    summary: "fields at their default value are written",
    seam: Seam::Encoded(|_, outcome, encoded| {
        let options = SerializeOptions::new().skip_default_fields(false);
        let message = match outcome {
            Ok(message) => message.clone(),
            Err(failure) => rpc_status(failure),
        };
        let tree = message.serialize_with_options(serde_json::value::Serializer, &options);
        let Ok(mut tree) = tree else {
            return false;
        };
        drop_nulls(&mut tree);
        encoded.body = Some(tree.to_string().into());
        true
    }),
};

pub(super) static CHANGE_DATE_ON_ADD: Variant = Variant {
    name: "change-date-on-add",
    spared_by: &["SEED-DETAILS-CREATIONDATE-ON-ADD"],
    wires: ALL,
    summary: "answers of adds have a change date that equals the creation date",
    seam: Seam::Outcome(|_, outcome| outcome.as_mut().is_ok_and(add_change_date)),
};

pub(super) static UNKNOWN_FIELDS: Variant = Variant {
    name: "unknown-fields",
    spared_by: &["GRPC-RESPONSE-DESCRIPTOR"],
    wires: BINARY,
    summary: "messages end with fields of a later release",
    seam: Seam::Encoded(|_, _, encoded| {
        let Some(body) = &encoded.body else {
            return false;
        };
        // Field 1000 as a varint and field 1001 as octets.
        let mut body = body.to_vec();
        body.extend_from_slice(&[0xc0, 0x3e, 0x01, 0xca, 0x3e, 0x02, b'h', b'i']);
        encoded.body = Some(body.into());
        true
    }),
};

pub(super) static WHITE_SPACE: Variant = Variant {
    name: "white-space",
    spared_by: &["JSON-OUTPUT-ONE-TEXT", "JSON-STRUCTURAL-STABILITY"],
    wires: JSON,
    summary: "JSON is indented and ends with a line feed",
    seam: Seam::Encoded(|_, _, encoded| {
        let body = encoded.body.as_deref().unwrap_or_default();
        let pretty = serde_json::from_slice::<Value>(body).and_then(|tree| serde_json::to_string_pretty(&tree));
        match pretty {
            Ok(text) => {
                encoded.body = Some(format!("{text}\n").into());
                true
            }
            Err(_) => false,
        }
    }),
};

fn reverse(tree: &mut Value) -> bool {
    match tree {
        Value::Object(members) => {
            let all: Vec<_> = std::mem::take(members).into_iter().collect();
            for (name, mut value) in all.into_iter().rev() {
                reverse(&mut value);
                members.insert(name, value);
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| {
            reverse(element);
        }),
        _ => {}
    }
    true
}

fn drop_nulls(tree: &mut Value) {
    match tree {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(elements) => elements.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
