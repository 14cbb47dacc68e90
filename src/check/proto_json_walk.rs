//! A walk over the body of a success along the descriptors, so that a text that looks like a date isn't taken for one.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::registry::View;
use crate::contract::proto_json::Node;

/// What the walk comes by.
pub(super) enum Found<'a> {
    /// An object that is a message without a JSON form of its own, with its members as they were sent.
    Message(&'a MessageDescriptor, &'a [(String, Node)]),
    /// A value of a declared field, an element of its list or a value of its map; never null, which counts as absent.
    Value(&'a Kind, &'a Node),
}

/// Walks over the body of a success; `None` where there is none that can be read along the contract. `each` gets a JSON pointer.
pub(super) fn walk(view: &View<'_>, each: &mut dyn FnMut(&Found<'_>, &str)) -> Option<()> {
    let method = view.method?;
    let root = success(view)?;
    let mut walk = Walk { each, place: String::new() };
    match method.bindings.first().and_then(|rule| rule.response_body.as_deref()) {
        None => walk.message(&method.output, root),
        // The body is the value of one field.
        Some(name) => walk.field(&method.output.get_field_by_name(name)?, root),
    }
    Some(())
}

/// The body of a success as it was sent.
pub(super) fn success<'a>(view: &'a View<'_>) -> Option<&'a Node> {
    let status = view.exchange.received.head()?.status?;
    let document = view.reading.document.as_ref()?.as_ref().ok()?;
    (status == 200).then_some(&document.root)
}

/// The field of a member, by either of its names.
pub(super) fn field_of(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    message.get_field_by_json_name(name).or_else(|| message.get_field_by_name(name))
}

struct Walk<'w> {
    each: &'w mut dyn FnMut(&Found<'_>, &str),
    place: String,
}

impl Walk<'_> {
    fn message(&mut self, message: &MessageDescriptor, node: &Node) {
        let Node::Object(members) = node else { return };
        (self.each)(&Found::Message(message, members), &self.place);
        for (name, member) in members {
            if let Some(field) = field_of(message, name) {
                self.at(name, |walk| walk.field(&field, member));
            }
        }
    }

    fn field(&mut self, field: &FieldDescriptor, node: &Node) {
        match (field.kind(), node) {
            (Kind::Message(entry), Node::Object(members)) if field.is_map() => {
                let kind = entry.map_entry_value_field().kind();
                for (name, value) in members {
                    self.at(name, |walk| walk.value(&kind, value));
                }
            }
            (kind, Node::Array(elements)) if field.is_list() => {
                for (index, element) in elements.iter().enumerate() {
                    self.at(&index.to_string(), |walk| walk.value(&kind, element));
                }
            }
            // Another kind than the field has: for the schema to tell.
            _ if field.is_map() || field.is_list() => {}
            (kind, node) => self.value(&kind, node),
        }
    }

    fn value(&mut self, kind: &Kind, node: &Node) {
        if matches!(node, Node::Null) {
            return;
        }
        match kind {
            Kind::Message(message) if !message.full_name().starts_with("google.protobuf.") => self.message(message, node),
            kind => (self.each)(&Found::Value(kind, node), &self.place),
        }
    }

    fn at(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        let length = self.place.len();
        self.place.push('/');
        self.place.push_str(name);
        inside(self);
        self.place.truncate(length);
    }
}
