//! Messages and patterns, read along the descriptors.
//!
//! What is expected is made canonical here, so that the matcher needs no descriptors: fields by their JSON names, declared enum values by name,
//! 64-bit integers as strings, a default as `null`. What is sent stays as it was written, save the names of fields.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::Value;

use super::super::model::{Bound, Pattern};
use super::super::tree::{Entry, Node, Yaml};
use super::text::{VARIANT, capture_name, only_capture};
use super::{Reader, place, suggestion};
use crate::contract::proto_json;

/// What a pattern is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It is sent: no operators.
    Send,
    /// It is compared with an answer.
    Expect,
}

/// What stands at a place, as far as the descriptors tell.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// Anything.
    Free,
    /// A message.
    Message(MessageDescriptor),
    /// A field: one value, a list or a map.
    Field(FieldDescriptor),
    /// One element of a repeated field, or a bound of it: a default isn't left out there.
    Element(FieldDescriptor),
}

/// The operators.
const OPERATORS: [&str; 10] = ["$any", "$absent", "$set", "$contains", "$lacks", "$same", "$ends", "$above", "$notBefore", "$between"];

impl Reader<'_> {
    /// A pattern for a value of this shape. Mistakes are told and leave [`Pattern::Any`] behind.
    pub(super) fn pattern(&mut self, node: &Node, shape: &Shape, purpose: Purpose) -> Pattern {
        if let Yaml::Text(text) = &node.value
            && let Some(name) = only_capture(text)
        {
            if name == VARIANT {
                let value = self.variant_value(&node.mark);
                return self.pattern(&as_node(&value, node), shape, purpose);
            }
            self.uses.push((name.to_owned(), node.mark.clone()));
            return Pattern::Capture(name.to_owned());
        }
        if let Some(operator) = node.entries().iter().find(|entry| entry.key.starts_with('$')) {
            return self.operator(node, operator, shape, purpose);
        }
        match shape {
            Shape::Free => self.free(node, purpose),
            Shape::Message(message) => self.message(node, message, purpose),
            Shape::Field(field) if field.is_map() => self.map(node, field, purpose),
            Shape::Field(field) if field.is_list() => match &node.value {
                Yaml::Null => Pattern::Literal(Value::Null),
                _ => Pattern::List(self.elements(node, shape, purpose)),
            },
            Shape::Field(field) => {
                let literal = self.value(node, field, purpose);
                match literal {
                    Pattern::Literal(value) if purpose == Purpose::Expect && !field.supports_presence() && is_default(&value, field) => {
                        Pattern::Literal(Value::Null)
                    }
                    other => other,
                }
            }
            Shape::Element(field) => self.value(node, field, purpose),
        }
    }

    fn elements(&mut self, node: &Node, shape: &Shape, purpose: Purpose) -> Vec<Pattern> {
        let shape = match shape {
            Shape::Field(field) if field.is_list() => Shape::Element(field.clone()),
            Shape::Free => Shape::Free,
            _ => {
                self.mistake(place(node), "there is no list at this place", None);
                return Vec::new();
            }
        };
        self.list(node).iter().map(|item| self.pattern(item, &shape, purpose)).collect()
    }

    fn operator(&mut self, node: &Node, operator: &Entry, shape: &Shape, purpose: Purpose) -> Pattern {
        if purpose == Purpose::Send {
            self.mistake(&operator.at, format!("`{}` is an operator of patterns and can't be sent", operator.key), None);
            return Pattern::Any;
        }
        if node.entries().len() > 1 {
            let hint = "an operator is the only key of its mapping".to_owned();
            self.mistake(&operator.at, format!("`{}` stands beside other keys", operator.key), Some(hint));
        }
        let single = || match shape {
            Shape::Field(field) => Shape::Element(field.clone()),
            other => other.clone(),
        };
        match operator.key.as_str() {
            "$any" | "$absent" => {
                if self.truth(&operator.value) == Some(false) {
                    self.mistake(&operator.value.mark, format!("`{}` is written with `true`", operator.key), None);
                }
                if operator.key == "$any" { Pattern::Any } else { Pattern::Absent }
            }
            "$set" => Pattern::Set(self.elements(&operator.value, shape, purpose)),
            "$contains" => Pattern::Contains(self.elements(&operator.value, shape, purpose)),
            "$lacks" => Pattern::Lacks(self.elements(&operator.value, shape, purpose)),
            "$same" => self.same(&operator.value),
            "$notBefore" => Pattern::NotBefore(Box::new(self.bound(&operator.value, &single()))),
            "$ends" => Pattern::Ends(Box::new(self.pattern(&operator.value, &single(), purpose))),
            "$above" => Pattern::Above(Box::new(self.pattern(&operator.value, &single(), purpose))),
            "$between" => {
                let bounds: Vec<Bound> = self.list(&operator.value).iter().map(|bound| self.bound(bound, &single())).collect();
                if let Ok([from, to]) = <[Bound; 2]>::try_from(bounds) {
                    return Pattern::Between(Box::new(from), Box::new(to));
                }
                self.mistake(
                    &operator.value.mark,
                    "`$between` takes two bounds",
                    Some("write `{ $between: [ $from, $to + 1s ] }`".to_owned()),
                );
                Pattern::Any
            }
            unknown => {
                self.mistake(&operator.at, format!("`{unknown}` is no operator"), suggestion(unknown, OPERATORS));
                Pattern::Any
            }
        }
    }

    /// A capture, or a list of a capture and the members that may differ.
    fn same(&mut self, node: &Node) -> Pattern {
        let (capture, without) = match &node.value {
            Yaml::List(items) => match items.split_first() {
                Some((first, rest)) => (first, rest.iter().filter_map(|item| self.text(item).map(str::to_owned)).collect()),
                None => (node, Vec::new()),
            },
            _ => (node, Vec::new()),
        };
        if let Yaml::Text(text) = &capture.value
            && let Some(name) = only_capture(text)
        {
            self.uses.push((name.to_owned(), capture.mark.clone()));
            return Pattern::Same(Box::new(Pattern::Capture(name.to_owned())), without);
        }
        let hint = "write `{ $same: $name }`, or `{ $same: [$name, member, ...] }` with members that may differ".to_owned();
        self.mistake(&capture.mark, "`$same` compares with a capture", Some(hint));
        Pattern::Any
    }

    /// A literal or a capture, or a capture with an offset: `$t + 500ms`, `$t - 2s`, `$n + 1`.
    fn bound(&mut self, node: &Node, shape: &Shape) -> Bound {
        if let Yaml::Text(text) = &node.value
            && let Some(rest) = text.strip_prefix('$')
        {
            let name = capture_name(rest);
            let offset = rest[name.len()..].trim();
            if !name.is_empty() && !offset.is_empty() {
                self.uses.push((name.to_owned(), node.mark.clone()));
                let value = Pattern::Capture(name.to_owned());
                if let Some(offset) = parse_offset(offset) {
                    return Bound { value, offset };
                }
                self.mistake(
                    &node.mark,
                    format!("`{offset}` is no offset"),
                    Some("write `+ 500ms`, `- 2s`, or `+ 1` for numbers".to_owned()),
                );
                return Bound { value, offset: 0 };
            }
        }
        Bound { value: self.pattern(node, shape, Purpose::Expect), offset: 0 }
    }

    fn free(&mut self, node: &Node, purpose: Purpose) -> Pattern {
        match &node.value {
            Yaml::Null => Pattern::Literal(Value::Null),
            Yaml::Bool(value) => Pattern::Literal(Value::Bool(*value)),
            Yaml::Number(value) => Pattern::Literal(Value::Number(value.clone())),
            Yaml::Text(text) => self.text_pattern(text, node),
            Yaml::List(items) => Pattern::List(items.iter().map(|item| self.pattern(item, &Shape::Free, purpose)).collect()),
            Yaml::Map(entries) => Pattern::Object(
                entries.iter().map(|entry| (entry.key.clone(), self.pattern(&entry.value, &Shape::Free, purpose))).collect(),
            ),
        }
    }

    /// A text, with captures or without.
    pub(super) fn text_pattern(&mut self, text: &str, node: &Node) -> Pattern {
        let template = self.template(text, &node.mark);
        match template.0.as_slice() {
            [super::super::model::TextPart::Literal(literal)] => Pattern::Literal(Value::String(literal.text().into_owned())),
            _ => Pattern::Text(template),
        }
    }

    pub(super) fn message(&mut self, node: &Node, message: &MessageDescriptor, purpose: Purpose) -> Pattern {
        match message.full_name() {
            "google.protobuf.Any" => return self.detail(node, purpose),
            "google.protobuf.Struct" | "google.protobuf.Value" | "google.protobuf.ListValue" => return self.free(node, purpose),
            "google.protobuf.Timestamp" | "google.protobuf.Duration" | "google.protobuf.FieldMask" => {
                return match &node.value {
                    Yaml::Null => Pattern::Literal(Value::Null),
                    _ => match self.text(node).map(|text| self.text_pattern(text, node)) {
                        Some(Pattern::Literal(value)) if purpose == Purpose::Expect => self.own_form(&value, node, message),
                        pattern => pattern.unwrap_or(Pattern::Any),
                    },
                };
            }
            _ => {}
        }
        let Yaml::Map(entries) = &node.value else {
            if matches!(node.value, Yaml::Null) {
                return Pattern::Literal(Value::Null);
            }
            self.mistake(
                &node.mark,
                format!("`{}` is a message, this is {}", message.full_name(), node.kind()),
                Some("write a mapping of its fields".to_owned()),
            );
            return Pattern::Any;
        };
        Pattern::Object(self.members(entries, message, purpose))
    }

    /// The canonical text of a message that ProtoJSON writes as a text, so that `3600.5s` matches `3600.500s`.
    fn own_form(&mut self, value: &Value, node: &Node, message: &MessageDescriptor) -> Pattern {
        let (canonical, issues) = proto_json::canonical(&proto_json::Node::from(value), message);
        if issues.iter().any(|issue| !issue.is_form()) {
            self.mistake(&node.mark, format!("{value} is no value of `{}`", message.full_name()), None);
        }
        Pattern::Literal(canonical)
    }

    fn members(&mut self, entries: &[Entry], message: &MessageDescriptor, purpose: Purpose) -> Vec<(String, Pattern)> {
        let mut members: Vec<(String, Pattern)> = Vec::with_capacity(entries.len());
        for entry in entries {
            let field = message.get_field_by_json_name(&entry.key).or_else(|| message.get_field_by_name(&entry.key));
            let Some(field) = field else {
                let names: Vec<String> = message.fields().map(|field| field.json_name().to_owned()).collect();
                let mut hint = suggestion(&entry.key, names.iter().map(String::as_str));
                if hint.is_none() && purpose == Purpose::Send {
                    hint = Some("what isn't in the message is sent as `json` text".to_owned());
                }
                self.mistake(&entry.at, format!("`{}` is no field of `{}`", entry.key, message.full_name()), hint);
                continue;
            };
            let name = field.json_name().to_owned();
            if members.iter().any(|(other, _)| *other == name) {
                self.mistake(&entry.at, format!("the field `{name}` is there twice, by both of its names"), None);
            }
            let pattern = self.pattern(&entry.value, &Shape::Field(field), purpose);
            members.push((name, pattern));
        }
        members
    }

    /// A message in an `Any`: its members are checked where its type is known.
    fn detail(&mut self, node: &Node, purpose: Purpose) -> Pattern {
        let Yaml::Map(entries) = &node.value else {
            self.mistake(&node.mark, format!("a message with `@type` belongs here, this is {}", node.kind()), None);
            return Pattern::Any;
        };
        let mut members = Vec::new();
        let mut known = None;
        if let Some(kind) = node.get("@type") {
            if let Yaml::Text(url) = &kind.value {
                known = self.contract.descriptors.message(url.rsplit('/').next().unwrap_or_default());
            }
            members.push(("@type".to_owned(), self.pattern(kind, &Shape::Free, purpose)));
        }
        let rest: Vec<Entry> = entries.iter().filter(|entry| entry.key != "@type").cloned().collect();
        match known {
            Some(message) => members.extend(self.members(&rest, &message, purpose)),
            None => members.extend(rest.iter().map(|entry| (entry.key.clone(), self.pattern(&entry.value, &Shape::Free, purpose)))),
        }
        Pattern::Object(members)
    }

    fn map(&mut self, node: &Node, field: &FieldDescriptor, purpose: Purpose) -> Pattern {
        let Yaml::Map(entries) = &node.value else {
            self.mistake(&node.mark, format!("`{}` is a map, this is {}", field.full_name(), node.kind()), None);
            return Pattern::Any;
        };
        let Kind::Message(entry) = field.kind() else { return Pattern::Any };
        let value = Shape::Element(entry.map_entry_value_field());
        Pattern::Object(entries.iter().map(|entry| (entry.key.clone(), self.pattern(&entry.value, &value, purpose))).collect())
    }
}

/// A value of a variant in the place where `$variant` stood.
fn as_node(value: &Value, place: &Node) -> Node {
    let yaml = match value {
        Value::Null => Yaml::Null,
        Value::Bool(value) => Yaml::Bool(*value),
        Value::Number(value) => Yaml::Number(value.clone()),
        Value::String(value) => Yaml::Text(value.replace('$', "$$")),
        Value::Array(items) => Yaml::List(items.iter().map(|item| as_node(item, place)).collect()),
        Value::Object(members) => {
            let entry = |(key, value): (&String, &Value)| Entry { key: key.clone(), at: place.mark.clone(), value: as_node(value, place) };
            Yaml::Map(members.iter().map(entry).collect())
        }
    };
    Node { value: yaml, mark: place.mark.clone() }
}

/// What proto3 leaves out of this field.
fn is_default(value: &Value, field: &FieldDescriptor) -> bool {
    match (value, field.kind()) {
        (Value::String(name), Kind::Enum(kind)) => kind.get_value(0).is_some_and(|zero| zero.name() == name),
        (Value::String(text), Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64) => text == "0",
        (Value::String(text), _) => text.is_empty(),
        (Value::Number(number), _) => number.as_f64() == Some(0.0),
        (Value::Bool(value), _) => !value,
        _ => false,
    }
}

/// `+ 500ms`, `- 2s`, `+ 1`: milli-seconds, or a plain number.
fn parse_offset(text: &str) -> Option<i64> {
    let (sign, rest) = if let Some(rest) = text.strip_prefix('+') { (1, rest) } else { (-1, text.strip_prefix('-')?) };
    let rest = rest.trim();
    let (digits, factor) = match (rest.strip_suffix("ms"), rest.strip_suffix('s')) {
        (Some(digits), _) => (digits, 1),
        (None, Some(digits)) => (digits, 1000),
        (None, None) => (rest, 1),
    };
    digits.trim().parse::<u32>().ok().map(|number| sign * factor * i64::from(number))
}
