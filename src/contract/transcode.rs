//! A message to an HTTP request (`google/api/http.proto`, Rules for HTTP mapping).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};

use super::canonical::lookup;
use super::http_rule::{BodyBinding, HttpRule, Segment, Variable};
use super::well_known::has_own_json;

/// Everything but the unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What a call is on the JSON wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcoded {
    /// The HTTP method.
    pub verb: String,
    /// The path with the query, percent-encoded.
    pub path: String,
    /// The content; `None`: the request has none.
    pub body: Option<Value>,
}

/// Why a message can't be put on a binding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TranscodeError {
    /// A binding with path variables or a query needs members to take them from.
    #[error("the message is not an object")]
    NotAnObject,
    /// The message type doesn't declare it, so it is no query parameter.
    #[error("{message} has no field {field}")]
    UnknownField {
        /// Full name of the message.
        message: String,
        /// The name that was used.
        field: String,
    },
    /// Only scalars, and messages that are text in JSON, stand in a path or a query.
    #[error("{0} can't stand in a path or a query")]
    NotAScalar(String),
    /// A path segment can't be empty.
    #[error("the path variable {0} has no value")]
    EmptyVariable(String),
    /// The value doesn't match the segments of its variable.
    #[error("the value of the path variable {0} does not match its template")]
    VariableMismatch(String),
}

impl HttpRule {
    /// Puts a message (ProtoJSON, fields by either name) on the binding. Path variables are taken out of the content: an
    /// enum value by its name, an absent one by its default. In `{var}` everything but unreserved characters is encoded,
    /// in `{var=a/*}` and `{var=**}` the slash is kept. With a body of `*` the rest is the content as it is written;
    /// else each leaf is a query parameter by its JSON name, repeated ones several times, `null` none.
    ///
    /// # Errors
    /// What can't be said on this binding.
    pub fn transcode(&self, message: &Value, input: &MessageDescriptor) -> Result<Transcoded, TranscodeError> {
        let mut rest = message.clone();
        let path = self.path(&mut rest, input)?;
        let (body, query) = match &self.body {
            BodyBinding::Whole => (Some(rest), Vec::new()),
            BodyBinding::None => (None, query(&rest, input)?),
            BodyBinding::Field(name) => {
                let body = take(&mut rest, input, name)?;
                (body, query(&rest, input)?)
            }
        };
        let path = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
        Ok(Transcoded { verb: self.verb.clone(), path, body })
    }

    fn path(&self, message: &mut Value, input: &MessageDescriptor) -> Result<String, TranscodeError> {
        let mut path = String::new();
        let mut at = 0;
        while let Some(segment) = self.template.segments.get(at) {
            let variable = self.template.variables.iter().find(|variable| variable.start == at);
            path.push('/');
            match (variable, segment) {
                (Some(variable), _) => {
                    path.push_str(&self.value(variable, message, input)?);
                    at = variable.end;
                    continue;
                }
                (None, Segment::Literal(literal)) => path.extend(utf8_percent_encode(literal, SEGMENT)),
                (None, Segment::One | Segment::Rest) => {
                    return Err(TranscodeError::EmptyVariable("*".to_owned()));
                }
            }
            at += 1;
        }
        if path.is_empty() {
            path.push('/');
        }
        if let Some(suffix) = &self.template.suffix {
            path.push(':');
            path.push_str(suffix);
        }
        Ok(path)
    }

    fn value(&self, variable: &Variable, message: &mut Value, input: &MessageDescriptor) -> Result<String, TranscodeError> {
        let name = &variable.field_path;
        let field = field_of(input, name)?;
        let text = match take(message, input, name)? {
            None | Some(Value::Null) => default_text(&field.kind()),
            Some(value) => text(&field, &value)?,
        };
        if self.template.is_single(variable) {
            if text.is_empty() {
                return Err(TranscodeError::EmptyVariable(name.clone()));
            }
            return Ok(utf8_percent_encode(&text, SEGMENT).to_string());
        }
        let pattern = &self.template.segments[variable.start..variable.end];
        let parts: Vec<&str> = if text.is_empty() { Vec::new() } else { text.split('/').collect() };
        let has_rest = matches!(pattern.last(), Some(Segment::Rest));
        let fixed = pattern.len() - usize::from(has_rest);
        let fits = (parts.len() == fixed || (has_rest && parts.len() > fixed))
            && pattern.iter().zip(&parts).all(|(segment, part)| match segment {
                Segment::Literal(literal) => literal == part,
                Segment::One => !part.is_empty(),
                Segment::Rest => true,
            });
        if !fits {
            return Err(TranscodeError::VariableMismatch(name.clone()));
        }
        let parts: Vec<String> = parts.iter().map(|part| utf8_percent_encode(part, SEGMENT).to_string()).collect();
        Ok(parts.join("/"))
    }
}

fn unknown(message: &MessageDescriptor, field: &str) -> TranscodeError {
    TranscodeError::UnknownField { message: message.full_name().to_owned(), field: field.to_owned() }
}

fn field_of(input: &MessageDescriptor, path: &str) -> Result<FieldDescriptor, TranscodeError> {
    let (name, rest) = match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let field = lookup(input, name).ok_or_else(|| unknown(input, name))?;
    match (rest, field.kind()) {
        (None, _) => Ok(field),
        (Some(rest), Kind::Message(inner)) => field_of(&inner, rest),
        (Some(rest), _) => Err(unknown(input, rest)),
    }
}

/// Takes a field out of a message, under either of its names.
fn take(message: &mut Value, input: &MessageDescriptor, path: &str) -> Result<Option<Value>, TranscodeError> {
    let (name, rest) = match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let field = lookup(input, name).ok_or_else(|| unknown(input, name))?;
    let Value::Object(members) = message else {
        return Err(TranscodeError::NotAnObject);
    };
    let names = [field.json_name(), field.name()];
    match rest {
        None => {
            let mut taken = None;
            for name in names {
                taken = members.shift_remove(name).or(taken);
            }
            Ok(taken)
        }
        Some(rest) => {
            let name = names.into_iter().find(|name| members.contains_key(*name));
            match (name.and_then(|name| members.get_mut(name)), field.kind()) {
                (None | Some(Value::Null), _) => Ok(None),
                (Some(inner), Kind::Message(descriptor)) => take(inner, &descriptor, rest),
                (Some(_), _) => Err(unknown(input, rest)),
            }
        }
    }
}

fn default_text(kind: &Kind) -> String {
    match kind {
        Kind::Enum(descriptor) => descriptor.default_value().name().to_owned(),
        Kind::Bool => "false".to_owned(),
        Kind::String | Kind::Bytes | Kind::Message(_) => String::new(),
        _ => "0".to_owned(),
    }
}

fn text(field: &FieldDescriptor, value: &Value) -> Result<String, TranscodeError> {
    match (value, field.kind()) {
        (Value::String(text), _) => Ok(text.clone()),
        (Value::Bool(value), _) => Ok(value.to_string()),
        (Value::Number(number), Kind::Enum(descriptor)) => Ok(number
            .as_i64()
            .and_then(|number| descriptor.get_value(i32::try_from(number).ok()?))
            .map_or_else(|| number.to_string(), |value| value.name().to_owned())),
        (Value::Number(number), _) => Ok(number.to_string()),
        _ => Err(TranscodeError::NotAScalar(field.full_name().to_owned())),
    }
}

fn query(message: &Value, input: &MessageDescriptor) -> Result<Vec<String>, TranscodeError> {
    let Value::Object(members) = message else {
        return Err(TranscodeError::NotAnObject);
    };
    let mut parameters = Vec::new();
    leaves(members, input, "", &mut parameters)?;
    Ok(parameters)
}

fn leaves(
    members: &Map<String, Value>,
    input: &MessageDescriptor,
    prefix: &str,
    parameters: &mut Vec<String>,
) -> Result<(), TranscodeError> {
    for (name, value) in members {
        let field = lookup(input, name).ok_or_else(|| unknown(input, name))?;
        let name = format!("{prefix}{}", field.json_name());
        match (value, field.kind()) {
            (Value::Null, _) => {}
            (Value::Array(elements), _) if field.is_list() => {
                for element in elements {
                    parameters.push(parameter(&name, &text(&field, element)?));
                }
            }
            (Value::Object(inner), Kind::Message(descriptor)) if !field.is_list() && !field.is_map() && !has_own_json(&descriptor) => {
                leaves(inner, &descriptor, &format!("{name}."), parameters)?;
            }
            (value, _) => parameters.push(parameter(&name, &text(&field, value)?)),
        }
    }
    Ok(())
}

fn parameter(name: &str, text: &str) -> String {
    format!("{name}={}", utf8_percent_encode(text, SEGMENT))
}

#[cfg(test)]
#[path = "transcode_tests.rs"]
mod tests;
