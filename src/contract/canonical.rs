//! ProtoJSON to a tree (ProtoJSON format, "Representation of each type"), and the canonical form of a JSON message.

use std::collections::BTreeMap;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::Value;

use super::issue::{Issue, Issues, Place};
use super::proto_json::Node;
use super::scalar::{self, Scalar};
use super::tree::{DEEPEST, Item, Packed, Slot, Tree, Writer, entry_kinds, type_of_url};
use super::well_known::{has_own_json, is_wrapper, parse_duration, parse_timestamp};

/// The canonical ProtoJSON of a message that was read from JSON, so that answers of all wires compare: JSON names in the
/// order of field numbers; absent, `null` and default left out (messages and `optional` fields keep their presence);
/// enum values by name, 64-bit integers as strings, instants in `Z`, base64 in the standard alphabet, undeclared members
/// dropped. A value that doesn't fit its field stays as written.
///
/// The issues say what was normalised ([`Issue::is_form`]) and what was wrong. A doubled name is listed by
/// [`parse`](super::proto_json::parse); here its last value counts.
#[must_use]
pub fn canonical(node: &Node, descriptor: &MessageDescriptor) -> (Value, Vec<Issue>) {
    let mut issues = Issues::default();
    let mut reader = Reader { issues: &mut issues, place: Place::default() };
    let item = reader.message(node, descriptor, 0);
    let mut writer = Writer { issues: &mut issues, place: Place::default() };
    let value = writer.item(&item, &Kind::Message(descriptor.clone()), 0);
    (value, issues.into_list())
}

pub(super) struct Reader<'i, 'n> {
    pub(super) issues: &'i mut Issues,
    pub(super) place: Place<'n>,
}

impl<'n> Reader<'_, 'n> {
    fn wrong(&mut self, kind: &'static str, node: &Node, text: String) -> Item {
        self.issues.add(kind, &self.place, text);
        Item::AsWritten(node.to_value())
    }

    fn wrong_kind(&mut self, node: &Node, wanted: &str) -> Item {
        let text = format!("{} where {wanted} is expected", node.kind());
        self.wrong("wrong-kind", node, text)
    }

    pub(super) fn message(&mut self, node: &'n Node, descriptor: &MessageDescriptor, depth: usize) -> Item {
        if depth > DEEPEST {
            return self.wrong("out-of-range", node, "messages are nested too deep".to_owned());
        }
        if has_own_json(descriptor) {
            return self.well_known(node, descriptor, depth);
        }
        let Node::Object(members) = node else {
            return self.wrong_kind(node, "an object");
        };
        self.members(members.iter().map(|(name, node)| (name.as_str(), node)), descriptor, depth)
    }

    fn members(&mut self, members: impl Iterator<Item = (&'n str, &'n Node)>, descriptor: &MessageDescriptor, depth: usize) -> Item {
        let mut tree = Tree::default();
        let mut spelled = BTreeMap::<u32, &str>::new();
        for (name, node) in members {
            self.place.name(name);
            match lookup(descriptor, name) {
                None => {
                    let text = format!("{} has no such field", descriptor.full_name());
                    self.issues.add("unknown-member", &self.place, text);
                }
                Some(field) => {
                    self.spelling(&mut spelled, name, &field);
                    self.member(&mut tree, node, &field, depth);
                }
            }
            self.place.leave();
        }
        Item::Message(tree)
    }

    fn spelling(&mut self, spelled: &mut BTreeMap<u32, &'n str>, name: &'n str, field: &FieldDescriptor) {
        if name != field.json_name() {
            let text = format!("the JSON name is {}", field.json_name());
            self.issues.add("proto-name", &self.place, text);
        }
        if spelled.insert(field.number(), name).is_some_and(|first| first != name) {
            let text = format!("{} stands in both spellings", field.name());
            self.issues.add("two-spellings", &self.place, text);
        }
    }

    fn member(&mut self, tree: &mut Tree, node: &'n Node, field: &FieldDescriptor, depth: usize) {
        let number = field.number();
        let kind = field.kind();
        if matches!(node, Node::Null) && (field.is_list() || field.is_map() || !takes_null(&kind)) {
            self.issues.add("null-member", &self.place, "null counts as absent");
            tree.slots.remove(&number);
            return;
        }
        if let Some(oneof) = field.containing_oneof() {
            for other in oneof.fields().filter(|other| other.number() != number) {
                if tree.slots.remove(&other.number()).is_some() {
                    let text = format!("{} is set already", other.name());
                    self.issues.add("several-of-oneof", &self.place, text);
                }
            }
        }
        let slot = if field.is_map() {
            self.map(node, field, depth)
        } else if field.is_list() {
            self.list(node, &kind, depth)
        } else {
            Slot::One(self.item(node, &kind, depth))
        };
        tree.slots.insert(number, slot);
    }

    fn item(&mut self, node: &'n Node, kind: &Kind, depth: usize) -> Item {
        if let Kind::Message(descriptor) = kind {
            return self.message(node, descriptor, depth + 1);
        }
        scalar::from_json(kind, node, self.issues, &self.place).map_or_else(|| Item::AsWritten(node.to_value()), Item::Scalar)
    }

    fn list(&mut self, node: &'n Node, kind: &Kind, depth: usize) -> Slot {
        let Node::Array(elements) = node else {
            return Slot::One(self.wrong_kind(node, "an array"));
        };
        let mut items = Vec::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate() {
            self.place.index(index);
            items.push(self.item(element, kind, depth));
            self.place.leave();
        }
        Slot::Many(items)
    }

    fn map(&mut self, node: &'n Node, field: &FieldDescriptor, depth: usize) -> Slot {
        let (Node::Object(members), Some((key_kind, value_kind))) = (node, entry_kinds(field)) else {
            return Slot::One(self.wrong_kind(node, "an object"));
        };
        let mut entries = Vec::with_capacity(members.len());
        for (name, node) in members {
            self.place.name(name);
            if let Some(key) = self.key(name, &key_kind) {
                entries.push((key, self.item(node, &value_kind, depth)));
            }
            self.place.leave();
        }
        Slot::Map(entries)
    }

    fn key(&mut self, name: &str, kind: &Kind) -> Option<Scalar> {
        if matches!(kind, Kind::String) {
            return Some(Scalar::Text(name.to_owned()));
        }
        // A key is always quoted, so that is no form to list.
        let mut unlisted = Issues::default();
        let node = match (kind, name) {
            (Kind::Bool, "true") => Node::Bool(true),
            (Kind::Bool, "false") => Node::Bool(false),
            _ => Node::String(name.to_owned()),
        };
        let key = scalar::from_json(kind, &node, &mut unlisted, &self.place);
        if key.is_none() {
            self.issues.add("wrong-kind", &self.place, "no key of this map");
        }
        key
    }

    fn well_known(&mut self, node: &'n Node, descriptor: &MessageDescriptor, depth: usize) -> Item {
        let mut tree = Tree::default();
        if is_wrapper(descriptor) {
            let Some(field) = descriptor.get_field(1) else {
                return self.wrong_kind(node, "a wrapper");
            };
            match scalar::from_json(&field.kind(), node, self.issues, &self.place) {
                Some(scalar) => tree.set(1, scalar),
                None => return Item::AsWritten(node.to_value()),
            }
            return Item::Message(tree);
        }
        match (descriptor.full_name(), node) {
            ("google.protobuf.Timestamp", Node::String(text)) => {
                let Some(instant) = parse_timestamp(text) else {
                    return self.wrong("invalid-timestamp", node, format!("{text:?}"));
                };
                if !instant.is_zulu {
                    self.issues.add("timestamp-offset", &self.place, format!("{text:?}"));
                }
                if !instant.has_round_fraction {
                    self.issues.add("fraction-digits", &self.place, format!("{text:?}"));
                }
                tree.set(1, Scalar::Signed(instant.seconds));
                tree.set(2, Scalar::Signed(instant.nanos.into()));
                Item::Message(tree)
            }
            ("google.protobuf.Duration", Node::String(text)) => {
                let Some((seconds, nanos, is_round)) = parse_duration(text) else {
                    return self.wrong("invalid-duration", node, format!("{text:?}"));
                };
                if !is_round {
                    self.issues.add("fraction-digits", &self.place, format!("{text:?}"));
                }
                tree.set(1, Scalar::Signed(seconds));
                tree.set(2, Scalar::Signed(nanos.into()));
                Item::Message(tree)
            }
            ("google.protobuf.FieldMask", Node::String(text)) => {
                let paths = text.split(',').filter(|path| !path.is_empty());
                let paths = paths.map(|path| Item::Scalar(Scalar::Text(snake(path)))).collect();
                tree.slots.insert(1, Slot::Many(paths));
                Item::Message(tree)
            }
            ("google.protobuf.Struct", Node::Object(_)) | ("google.protobuf.ListValue", Node::Array(_)) | ("google.protobuf.Value", _) => {
                let mut value = node.to_value();
                doubles(&mut value);
                Item::Json(value)
            }
            ("google.protobuf.Struct", _) => self.wrong_kind(node, "an object"),
            ("google.protobuf.ListValue", _) => self.wrong_kind(node, "an array"),
            ("google.protobuf.Any", Node::Object(members)) => self.any(node, members, descriptor, depth),
            ("google.protobuf.Any", _) => self.wrong_kind(node, "an object"),
            _ => self.wrong_kind(node, "a string"),
        }
    }

    fn any(&mut self, node: &'n Node, members: &'n [(String, Node)], descriptor: &MessageDescriptor, depth: usize) -> Item {
        if members.is_empty() {
            return Item::Message(Tree::default());
        }
        let Some(Node::String(type_url)) = node.get("@type") else {
            return self.wrong("invalid-any", node, "there is no string @type".to_owned());
        };
        let Some(inner) = type_of_url(type_url, descriptor) else {
            return self.wrong("unknown-any-type", node, type_url.clone());
        };
        let item = if has_own_json(&inner) {
            self.place.name("value");
            let item = self.message(node.get("value").unwrap_or(&Node::Null), &inner, depth + 1);
            self.place.leave();
            item
        } else if depth >= DEEPEST {
            return self.wrong("out-of-range", node, "messages are nested too deep".to_owned());
        } else {
            let members = members.iter().filter(|(name, _)| name != "@type");
            self.members(members.map(|(name, node)| (name.as_str(), node)), &inner, depth + 1)
        };
        Item::Message(Tree { packed: Some(Box::new(Packed { type_url: type_url.clone(), descriptor: inner, item })), ..Tree::default() })
    }
}

/// A field by its JSON name or its proto name.
pub(super) fn lookup(descriptor: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    descriptor.get_field_by_json_name(name).or_else(|| descriptor.get_field_by_name(name))
}

/// Only `google.protobuf.Value` has a null of its own.
fn takes_null(kind: &Kind) -> bool {
    matches!(kind, Kind::Message(descriptor) if descriptor.full_name() == "google.protobuf.Value")
}

/// Each number of a `Struct` is a double.
fn doubles(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(nearest) = number.as_f64() {
                *value = scalar::double(nearest);
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(doubles),
        Value::Object(members) => members.values_mut().for_each(doubles),
        _ => {}
    }
}

fn snake(path: &str) -> String {
    let mut text = String::with_capacity(path.len() + 4);
    for character in path.chars() {
        if character.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(character.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
#[path = "canonical_tests.rs"]
mod tests;
