//! A message between its encodings: octets or JSON come in, canonical ProtoJSON or octets go out.

use std::collections::BTreeMap;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};

use super::issue::{Issues, Place};
use super::message;
use super::scalar::Scalar;
use super::well_known::{format_duration, format_timestamp, has_own_json, is_wrapper};

/// Messages nested deeper than this are not read (the limit that protobuf implementations share).
pub(super) const DEEPEST: usize = 100;

#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) slots: BTreeMap<u32, Slot>,
    /// What an `Any` that came as JSON holds; from octets it is in the slots.
    pub(super) packed: Option<Box<Packed>>,
}

#[derive(Debug)]
pub(super) struct Packed {
    pub(super) type_url: String,
    pub(super) descriptor: MessageDescriptor,
    pub(super) item: Item,
}

#[derive(Debug)]
pub(super) enum Slot {
    One(Item),
    Many(Vec<Item>),
    Map(Vec<(Scalar, Item)>),
}

#[derive(Debug)]
pub(super) enum Item {
    Scalar(Scalar),
    Message(Tree),
    /// JSON of `Struct`, `Value` or `ListValue`: it is its own canonical form.
    Json(Value),
    /// JSON that does not fit its field. It has been listed and can't be encoded.
    AsWritten(Value),
}

impl Tree {
    pub(super) fn scalar(&self, number: u32) -> Option<&Scalar> {
        match self.slots.get(&number) {
            Some(Slot::One(Item::Scalar(scalar))) => Some(scalar),
            _ => None,
        }
    }

    pub(super) fn set(&mut self, number: u32, scalar: Scalar) {
        self.slots.insert(number, Slot::One(Item::Scalar(scalar)));
    }

    fn seconds_and_nanos(&self) -> (i64, i32) {
        let integer = |number| match self.scalar(number) {
            Some(Scalar::Signed(value)) => *value,
            _ => 0,
        };
        (integer(1), i32::try_from(integer(2)).unwrap_or_default())
    }
}

/// Writes canonical ProtoJSON: members by their JSON name in the order of field numbers, defaults left out.
pub(super) struct Writer<'i> {
    pub(super) issues: &'i mut Issues,
    pub(super) place: Place<'static>,
}

impl Writer<'_> {
    pub(super) fn item(&mut self, item: &Item, kind: &Kind, depth: usize) -> Value {
        match (item, kind) {
            (Item::Scalar(scalar), kind) => scalar.to_json(kind),
            (Item::Message(tree), Kind::Message(descriptor)) => self.message(tree, descriptor, depth),
            (Item::Json(value) | Item::AsWritten(value), _) => value.clone(),
            (Item::Message(_), _) => Value::Null,
        }
    }

    pub(super) fn message(&mut self, tree: &Tree, descriptor: &MessageDescriptor, depth: usize) -> Value {
        if !has_own_json(descriptor) {
            return self.members(tree, descriptor, depth);
        }
        if is_wrapper(descriptor) {
            let Some(field) = descriptor.get_field(1) else {
                return Value::Null;
            };
            let value = tree.scalar(1).cloned();
            return value.unwrap_or_else(|| Scalar::default_of(&field.kind())).to_json(&field.kind());
        }
        match descriptor.full_name() {
            "google.protobuf.Timestamp" => {
                let (seconds, nanos) = tree.seconds_and_nanos();
                self.text_or_members(format_timestamp(seconds, nanos), tree, descriptor, depth)
            }
            "google.protobuf.Duration" => {
                let (seconds, nanos) = tree.seconds_and_nanos();
                self.text_or_members(format_duration(seconds, nanos), tree, descriptor, depth)
            }
            "google.protobuf.FieldMask" => field_mask(tree),
            "google.protobuf.Struct" => structure(tree, descriptor),
            "google.protobuf.ListValue" => list_value(tree, descriptor),
            "google.protobuf.Value" => dynamic(tree, descriptor),
            _ => self.any(tree, descriptor, depth),
        }
    }

    /// What can't be written in its own form is shown field by field, and listed.
    fn text_or_members(&mut self, text: Option<String>, tree: &Tree, descriptor: &MessageDescriptor, depth: usize) -> Value {
        if let Some(text) = text {
            return Value::String(text);
        }
        let name = descriptor.full_name();
        self.issues.add("out-of-range", &self.place, format!("no valid {name}"));
        self.members(tree, descriptor, depth)
    }

    fn members(&mut self, tree: &Tree, descriptor: &MessageDescriptor, depth: usize) -> Value {
        let mut members = Map::new();
        for (number, slot) in &tree.slots {
            let Some(field) = descriptor.get_field(*number) else {
                continue;
            };
            self.place.name(field.json_name().to_owned());
            if let Some(value) = self.slot(slot, &field, depth) {
                members.insert(field.json_name().to_owned(), value);
            }
            self.place.leave();
        }
        Value::Object(members)
    }

    fn slot(&mut self, slot: &Slot, field: &FieldDescriptor, depth: usize) -> Option<Value> {
        match slot {
            Slot::One(Item::Scalar(scalar)) if scalar.is_default() && !field.supports_presence() => None,
            Slot::One(item) => Some(self.item(item, &field.kind(), depth + 1)),
            Slot::Many(items) if items.is_empty() => None,
            Slot::Many(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    self.place.index(index);
                    values.push(self.item(item, &field.kind(), depth + 1));
                    self.place.leave();
                }
                Some(Value::Array(values))
            }
            Slot::Map(entries) if entries.is_empty() => None,
            Slot::Map(entries) => {
                let (key_kind, value_kind) = entry_kinds(field)?;
                let mut members = Map::new();
                for (key, item) in entries {
                    let name = key.to_key(&key_kind);
                    self.place.name(name.clone());
                    let value = self.item(item, &value_kind, depth + 1);
                    self.place.leave();
                    members.insert(name, value);
                }
                Some(Value::Object(members))
            }
        }
    }

    fn any(&mut self, tree: &Tree, descriptor: &MessageDescriptor, depth: usize) -> Value {
        if let Some(packed) = &tree.packed {
            let kind = Kind::Message(packed.descriptor.clone());
            let inner = self.item(&packed.item, &kind, depth + 1);
            return with_type(&packed.type_url, &packed.descriptor, inner);
        }
        let (type_url, octets) = match (tree.scalar(1), tree.scalar(2)) {
            (Some(Scalar::Text(url)), Some(Scalar::Bytes(octets))) => (url.as_str(), octets.as_slice()),
            (Some(Scalar::Text(url)), _) => (url.as_str(), &[][..]),
            (_, Some(Scalar::Bytes(octets))) => ("", octets.as_slice()),
            _ => return Value::Object(Map::new()),
        };
        let known = type_of_url(type_url, descriptor);
        if let Some(inner) = &known
            && depth < DEEPEST
            && let Ok(packed) = message::read(octets, inner, depth + 1)
        {
            for issue in packed.issues.list() {
                self.issues.add(issue.kind, &self.place, format!("{}: {}", issue.place, issue.text));
            }
            let value = self.message(&packed.tree, inner, depth + 1);
            return with_type(type_url, inner, value);
        }
        let kind = if known.is_some() { "invalid-any" } else { "unknown-any-type" };
        self.issues.add(kind, &self.place, type_url);
        let mut members = Map::new();
        members.insert("@type".to_owned(), type_url.into());
        members.insert("value".to_owned(), Scalar::Bytes(octets.to_vec()).to_json(&Kind::Bytes));
        Value::Object(members)
    }
}

/// The message type that a type URL names, from the pool of the message that holds the `Any`.
pub(super) fn type_of_url(type_url: &str, holder: &MessageDescriptor) -> Option<MessageDescriptor> {
    let (_, name) = type_url.rsplit_once('/')?;
    holder.parent_pool().get_message_by_name(name)
}

/// The kinds of a map's keys and values.
pub(super) fn entry_kinds(field: &FieldDescriptor) -> Option<(Kind, Kind)> {
    match field.kind() {
        Kind::Message(entry) if entry.is_map_entry() => Some((entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind())),
        _ => None,
    }
}

fn with_type(type_url: &str, descriptor: &MessageDescriptor, inner: Value) -> Value {
    let mut members = Map::new();
    members.insert("@type".to_owned(), type_url.into());
    match inner {
        Value::Object(inner) if !has_own_json(descriptor) => members.extend(inner),
        other => {
            members.insert("value".to_owned(), other);
        }
    }
    Value::Object(members)
}

fn field_mask(tree: &Tree) -> Value {
    let Some(Slot::Many(paths)) = tree.slots.get(&1) else {
        return Value::String(String::new());
    };
    let paths: Vec<String> = paths
        .iter()
        .filter_map(|path| match path {
            Item::Scalar(Scalar::Text(path)) => Some(camel(path)),
            _ => None,
        })
        .collect();
    Value::String(paths.join(","))
}

fn camel(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut raise = false;
    for character in path.chars() {
        if character == '_' {
            raise = true;
        } else {
            text.push(if raise { character.to_ascii_uppercase() } else { character });
            raise = false;
        }
    }
    text
}

fn dynamic_of(item: &Item, kind: &Kind) -> Value {
    match (item, kind) {
        (Item::Message(tree), Kind::Message(descriptor)) => match descriptor.full_name() {
            "google.protobuf.Struct" => structure(tree, descriptor),
            "google.protobuf.ListValue" => list_value(tree, descriptor),
            _ => dynamic(tree, descriptor),
        },
        (Item::Scalar(Scalar::Enum(_)), _) => Value::Null,
        (Item::Scalar(scalar), kind) => scalar.to_json(kind),
        (Item::Json(value) | Item::AsWritten(value), _) => value.clone(),
        (Item::Message(_), _) => Value::Null,
    }
}

/// A `Value` has exactly one of its fields; without any it is shown as null.
fn dynamic(tree: &Tree, descriptor: &MessageDescriptor) -> Value {
    let Some((number, Slot::One(item))) = tree.slots.iter().next_back() else {
        return Value::Null;
    };
    descriptor.get_field(*number).map_or(Value::Null, |field| dynamic_of(item, &field.kind()))
}

fn structure(tree: &Tree, descriptor: &MessageDescriptor) -> Value {
    let mut members = Map::new();
    if let Some(Slot::Map(entries)) = tree.slots.get(&1)
        && let Some(field) = descriptor.get_field(1)
        && let Some((key_kind, value_kind)) = entry_kinds(&field)
    {
        for (key, item) in entries {
            members.insert(key.to_key(&key_kind), dynamic_of(item, &value_kind));
        }
    }
    Value::Object(members)
}

fn list_value(tree: &Tree, descriptor: &MessageDescriptor) -> Value {
    let (Some(Slot::Many(items)), Some(field)) = (tree.slots.get(&1), descriptor.get_field(1)) else {
        return Value::Array(Vec::new());
    };
    items.iter().map(|item| dynamic_of(item, &field.kind())).collect()
}
