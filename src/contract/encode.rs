//! Writes the octets of a message from its ProtoJSON (Protocol Buffers, Encoding).

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::Value;

use super::canonical::Reader;
use super::issue::{Issues, Place};
use super::message::wire_type;
use super::proto_json::Node;
use super::scalar::Scalar;
use super::tree::{Item, Slot, Tree};

/// Why a JSON value is no message of its type; kinds as of [`Issue`](super::issue::Issue).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at {place:?})")]
pub struct EncodeError {
    /// A stable word without values in it.
    pub kind: &'static str,
    /// JSON pointer to the value.
    pub place: String,
    /// For people.
    pub message: String,
}

/// Encodes ProtoJSON: enum values by name or number, fields by JSON name or proto name, integers bare or quoted, `null`
/// as absent. Fields come in the order of their numbers, repeated scalars as the descriptor says (packed in proto3),
/// defaults of fields without presence are left out.
///
/// # Errors
/// The first member that is undeclared or doesn't fit. Bodies that are wrong on purpose are sent as octets.
pub fn encode(value: &Value, descriptor: &MessageDescriptor) -> Result<Vec<u8>, EncodeError> {
    let node = Node::from(value);
    let mut issues = Issues::default();
    let mut reader = Reader { issues: &mut issues, place: Place::default() };
    let item = reader.message(&node, descriptor, 0);
    let mistake = |issue: &&super::issue::Issue| !issue.is_form() || issue.kind == "unknown-any-type";
    if let Some(issue) = issues.list().iter().find(mistake) {
        return Err(EncodeError { kind: issue.kind, place: issue.place.clone(), message: issue.text.clone() });
    }
    let mut out = Vec::new();
    message(&item, descriptor, &mut out);
    Ok(out)
}

fn message(item: &Item, descriptor: &MessageDescriptor, out: &mut Vec<u8>) {
    match item {
        Item::Message(tree) => members(tree, descriptor, out),
        Item::Json(value) => match (descriptor.full_name(), value) {
            ("google.protobuf.Struct", Value::Object(members)) => structure(members, out),
            ("google.protobuf.ListValue", Value::Array(elements)) => list(elements, out),
            _ => dynamic(value, out),
        },
        // Neither gets here: a scalar is no message, and what doesn't fit was refused.
        Item::Scalar(_) | Item::AsWritten(_) => {}
    }
}

fn members(tree: &Tree, descriptor: &MessageDescriptor, out: &mut Vec<u8>) {
    if let Some(packed) = &tree.packed {
        length_delimited(1, packed.type_url.as_bytes(), out);
        let mut inner = Vec::new();
        message(&packed.item, &packed.descriptor, &mut inner);
        if !inner.is_empty() {
            length_delimited(2, &inner, out);
        }
        return;
    }
    for (number, slot) in &tree.slots {
        let Some(field) = descriptor.get_field(*number) else {
            continue;
        };
        match slot {
            Slot::One(Item::Scalar(scalar)) if scalar.is_default() && !field.supports_presence() => {}
            Slot::One(item) => record(*number, item, &field.kind(), out),
            Slot::Many(items) => many(items, &field, out),
            Slot::Map(entries) => {
                let Some((key_kind, value_kind)) = super::tree::entry_kinds(&field) else {
                    continue;
                };
                for (key, item) in entries {
                    let mut entry = Vec::new();
                    scalar_record(1, key, &key_kind, &mut entry);
                    record(2, item, &value_kind, &mut entry);
                    length_delimited(*number, &entry, out);
                }
            }
        }
    }
}

fn many(items: &[Item], field: &FieldDescriptor, out: &mut Vec<u8>) {
    let kind = field.kind();
    if !field.is_packed() || wire_type(&kind) == 2 {
        for item in items {
            record(field.number(), item, &kind, out);
        }
        return;
    }
    let mut packed = Vec::new();
    for item in items {
        if let Item::Scalar(scalar) = item {
            payload(scalar, &kind, &mut packed);
        }
    }
    if !packed.is_empty() {
        length_delimited(field.number(), &packed, out);
    }
}

fn record(number: u32, item: &Item, kind: &Kind, out: &mut Vec<u8>) {
    match (item, kind) {
        (Item::Scalar(scalar), kind) => scalar_record(number, scalar, kind, out),
        (item, Kind::Message(descriptor)) => {
            let mut inner = Vec::new();
            message(item, descriptor, &mut inner);
            length_delimited(number, &inner, out);
        }
        _ => {}
    }
}

fn scalar_record(number: u32, scalar: &Scalar, kind: &Kind, out: &mut Vec<u8>) {
    tag(number, wire_type(kind), out);
    payload(scalar, kind, out);
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "two's complement; the reader keeps each value in the range of its kind"
)]
fn payload(scalar: &Scalar, kind: &Kind, out: &mut Vec<u8>) {
    match (scalar, kind) {
        (Scalar::Bool(value), _) => varint((*value).into(), out),
        (Scalar::Signed(value), Kind::Sint32 | Kind::Sint64) => {
            varint(((value << 1) ^ (value >> 63)) as u64, out);
        }
        (Scalar::Signed(value), Kind::Sfixed32) => out.extend((*value as i32).to_le_bytes()),
        (Scalar::Signed(value), Kind::Sfixed64) => out.extend(value.to_le_bytes()),
        // A negative int32 has ten octets as well.
        (Scalar::Signed(value), _) => varint(*value as u64, out),
        (Scalar::Unsigned(value), Kind::Fixed32) => out.extend((*value as u32).to_le_bytes()),
        (Scalar::Unsigned(value), Kind::Fixed64) => out.extend(value.to_le_bytes()),
        (Scalar::Unsigned(value), _) => varint(*value, out),
        (Scalar::Float(value), _) => out.extend(value.to_le_bytes()),
        (Scalar::Double(value), _) => out.extend(value.to_le_bytes()),
        (Scalar::Text(text), _) => octets(text.as_bytes(), out),
        (Scalar::Bytes(bytes), _) => octets(bytes, out),
        (Scalar::Enum(number), _) => varint(i64::from(*number) as u64, out),
    }
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

fn tag(number: u32, wire_type: u8, out: &mut Vec<u8>) {
    varint(u64::from(number) << 3 | u64::from(wire_type), out);
}

fn octets(octets: &[u8], out: &mut Vec<u8>) {
    varint(octets.len() as u64, out);
    out.extend_from_slice(octets);
}

fn length_delimited(number: u32, inner: &[u8], out: &mut Vec<u8>) {
    tag(number, 2, out);
    octets(inner, out);
}

/// `google.protobuf.Value` of `struct.proto`: null 1, number 2, string 3, bool 4, struct 5, list 6.
fn dynamic(value: &Value, out: &mut Vec<u8>) {
    let mut inner = Vec::new();
    match value {
        Value::Null => {
            tag(1, 0, out);
            varint(0, out);
        }
        Value::Number(number) => {
            tag(2, 1, out);
            out.extend(number.as_f64().unwrap_or_default().to_le_bytes());
        }
        Value::String(text) => length_delimited(3, text.as_bytes(), out),
        Value::Bool(value) => {
            tag(4, 0, out);
            varint((*value).into(), out);
        }
        Value::Object(members) => {
            structure(members, &mut inner);
            length_delimited(5, &inner, out);
        }
        Value::Array(elements) => {
            list(elements, &mut inner);
            length_delimited(6, &inner, out);
        }
    }
}

fn structure(members: &serde_json::Map<String, Value>, out: &mut Vec<u8>) {
    for (name, value) in members {
        let (mut entry, mut inner) = (Vec::new(), Vec::new());
        length_delimited(1, name.as_bytes(), &mut entry);
        dynamic(value, &mut inner);
        length_delimited(2, &inner, &mut entry);
        length_delimited(1, &entry, out);
    }
}

fn list(elements: &[Value], out: &mut Vec<u8>) {
    for element in elements {
        let mut inner = Vec::new();
        dynamic(element, &mut inner);
        length_delimited(1, &inner, out);
    }
}
