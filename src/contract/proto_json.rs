//! A strict JSON reader (RFC 8259) that keeps what was written, and the canonical ProtoJSON of what it read.
//!
//! Numbers stay text, members stay in order, doubled names stay: a parser that normalises makes checks of form vacuous.

mod parser;

use serde::Serialize;
use serde_json::{Map, Number, Value};

pub use super::canonical::canonical;
pub use super::issue::Issue;
pub use parser::parse;

/// A JSON value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, its text as written.
    Number(String),
    /// A string, its escapes undone.
    String(String),
    /// An array.
    Array(Vec<Node>),
    /// An object: its members in order, doubled names included.
    Object(Vec<(String, Node)>),
}

/// What a body holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The one value.
    pub root: Node,
    /// What is legal JSON and yet worth a look: `duplicate-name`.
    pub issues: Vec<Issue>,
}

/// Why octets are no JSON text.
///
/// Kinds: `empty`, `bom`, `invalid-utf8`, `unexpected-end`, `syntax`, `literal` (also `NaN`), `number`, `comment`,
/// `escape`, `lone-surrogate`, `control-character`, `too-deep`, `trailing-data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message} (line {line}, column {column})")]
pub struct JsonError {
    /// A stable word without values in it.
    pub kind: &'static str,
    /// Octets before the mistake.
    pub offset: usize,
    /// Line from 1.
    pub line: usize,
    /// Column from 1, in characters.
    pub column: usize,
    /// For people.
    pub message: String,
}

impl Node {
    /// The last member with this name; `None` also where this is no object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Node> {
        match self {
            Self::Object(members) => members.iter().rev().find_map(|(found, node)| (found == name).then_some(node)),
            _ => None,
        }
    }

    /// The node at a JSON pointer (RFC 6901), of doubled names the last.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Node> {
        let Some(rest) = pointer.strip_prefix('/') else {
            return pointer.is_empty().then_some(self);
        };
        rest.split('/').try_fold(self, |node, token| match node {
            Self::Array(elements) => elements.get(token.parse::<usize>().ok()?),
            _ => node.get(&token.replace("~1", "/").replace("~0", "~")),
        })
    }

    /// The kind of value, as JSON Schema calls it (a number is `number`).
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// The tree for consumers that need one: of a doubled name the last value, integers of 64 bits exactly, other numbers
    /// as the nearest double (never infinite).
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(text) => Value::Number(number(text)),
            Self::String(text) => Value::String(text.clone()),
            Self::Array(elements) => elements.iter().map(Self::to_value).collect(),
            Self::Object(members) => {
                Value::Object(members.iter().map(|(name, node)| (name.clone(), node.to_value())).collect::<Map<_, _>>())
            }
        }
    }
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::String(text.clone()),
            Value::Array(elements) => Self::Array(elements.iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(members.iter().map(|(name, value)| (name.clone(), Self::from(value))).collect()),
        }
    }
}

fn number(text: &str) -> Number {
    if let Ok(number) = text.parse::<u64>() {
        return number.into();
    }
    if let Ok(number) = text.parse::<i64>() {
        return number.into();
    }
    let nearest = text.parse::<f64>().unwrap_or(0.0);
    Number::from_f64(nearest.clamp(f64::MIN, f64::MAX)).unwrap_or_else(|| 0.into())
}
