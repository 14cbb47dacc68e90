//! Single values of fields: is what was written of the field's kind?

use base64::Engine;
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind};
use serde_json::Value;

use super::super::model::Pattern;
use super::super::tree::{Node, Yaml};
use super::pattern::Purpose;
use super::{Reader, suggestion};

impl Reader<'_> {
    /// One value of a field, in canonical form where it is expected.
    pub(super) fn value(&mut self, node: &Node, field: &FieldDescriptor, purpose: Purpose) -> Pattern {
        if let Kind::Message(message) = field.kind() {
            return self.message(node, &message, purpose);
        }
        if matches!(node.value, Yaml::Null) {
            return Pattern::Literal(Value::Null);
        }
        match field.kind() {
            Kind::Enum(kind) => self.enumerated(node, &kind, purpose),
            Kind::Bool => self.truth(node).map_or(Pattern::Any, |value| Pattern::Literal(Value::Bool(value))),
            Kind::String => self.text(node).map_or(Pattern::Any, |text| self.text_pattern(text, node)),
            Kind::Bytes => self.base64(node),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => self.integer(node, field, i128::from(i32::MIN), i128::from(i32::MAX), false),
            Kind::Uint32 | Kind::Fixed32 => self.integer(node, field, 0, i128::from(u32::MAX), false),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => self.integer(node, field, i128::from(i64::MIN), i128::from(i64::MAX), true),
            Kind::Uint64 | Kind::Fixed64 => self.integer(node, field, 0, i128::from(u64::MAX), true),
            Kind::Double | Kind::Float => self.float(node),
            Kind::Message(_) => Pattern::Any,
        }
    }

    fn enumerated(&mut self, node: &Node, kind: &EnumDescriptor, purpose: Purpose) -> Pattern {
        match &node.value {
            Yaml::Text(name) => {
                if kind.get_value_by_name(name).is_none() {
                    let names: Vec<String> = kind.values().map(|value| value.name().to_owned()).collect();
                    let hint = suggestion(name, names.iter().map(String::as_str));
                    self.mistake(&node.mark, format!("`{name}` is no value of `{}`", kind.full_name()), hint);
                }
                Pattern::Literal(Value::String(name.clone()))
            }
            Yaml::Number(number) => match number.as_i64().and_then(|number| i32::try_from(number).ok()) {
                // A number that is declared is written by name in answers; others stay numbers, and both may be sent.
                Some(number) => match kind.get_value(number) {
                    Some(value) if purpose == Purpose::Expect => Pattern::Literal(Value::String(value.name().to_owned())),
                    _ => Pattern::Literal(Value::from(number)),
                },
                None => {
                    self.mistake(&node.mark, format!("`{number}` doesn't fit into an enum: its numbers have 32 bits"), None);
                    Pattern::Any
                }
            },
            _ => {
                self.mistake(&node.mark, format!("a value of `{}` belongs here, this is {}", kind.full_name(), node.kind()), None);
                Pattern::Any
            }
        }
    }

    /// 64-bit integers are texts in ProtoJSON, smaller ones numbers; both may be written either way.
    fn integer(&mut self, node: &Node, field: &FieldDescriptor, least: i128, most: i128, long: bool) -> Pattern {
        let written = match &node.value {
            Yaml::Number(number) => Some(number.to_string()),
            Yaml::Text(text) => Some(text.clone()),
            _ => None,
        };
        let number = written.and_then(|text| text.parse::<i128>().ok());
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) if long => Pattern::Literal(Value::String(number.to_string())),
            Some(number) => Pattern::Literal(i64::try_from(number).map_or(Value::Null, Value::from)),
            None => {
                let kind = format!("{:?}", field.kind()).to_lowercase();
                self.mistake(&node.mark, format!("`{}` is a whole number ({kind}), this isn't one of its values", field.json_name()), None);
                Pattern::Any
            }
        }
    }

    fn float(&mut self, node: &Node) -> Pattern {
        match &node.value {
            Yaml::Number(number) => Pattern::Literal(Value::Number(number.clone())),
            Yaml::Text(text) if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") => Pattern::Literal(Value::String(text.clone())),
            _ => {
                self.mistake(&node.mark, format!("a number belongs here, this is {}", node.kind()), None);
                Pattern::Any
            }
        }
    }

    fn base64(&mut self, node: &Node) -> Pattern {
        let Some(text) = self.text(node) else { return Pattern::Any };
        if base64::engine::general_purpose::STANDARD.decode(text).is_err() {
            self.mistake(&node.mark, format!("`{text}` is no base64"), Some("octets are written in base64 with padding".to_owned()));
        }
        Pattern::Literal(Value::String(text.to_owned()))
    }
}
