//! One value that is no message: from JSON, to JSON.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost_reflect::{EnumDescriptor, Kind};
use serde_json::{Number, Value};

use super::issue::{Issues, Place};
use super::proto_json::Node;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f32),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Enum(i32),
}

/// Readers of ProtoJSON take both alphabets, padded or not.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true);

impl Scalar {
    /// Whether a field without presence would not be written with this value.
    pub(super) fn is_default(&self) -> bool {
        match self {
            Self::Bool(value) => !value,
            Self::Signed(value) => *value == 0,
            Self::Unsigned(value) => *value == 0,
            // Minus zero is written.
            Self::Float(value) => value.to_bits() == 0,
            Self::Double(value) => value.to_bits() == 0,
            Self::Text(text) => text.is_empty(),
            Self::Bytes(octets) => octets.is_empty(),
            Self::Enum(number) => *number == 0,
        }
    }

    pub(super) fn default_of(kind: &Kind) -> Self {
        match kind {
            Kind::Double => Self::Double(0.0),
            Kind::Float => Self::Float(0.0),
            Kind::Bool => Self::Bool(false),
            Kind::String | Kind::Message(_) => Self::Text(String::new()),
            Kind::Bytes => Self::Bytes(Vec::new()),
            Kind::Enum(_) => Self::Enum(0),
            Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => Self::Unsigned(0),
            _ => Self::Signed(0),
        }
    }

    /// Canonical ProtoJSON.
    pub(super) fn to_json(&self, kind: &Kind) -> Value {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Signed(value) if is_64(kind) => Value::String(value.to_string()),
            Self::Signed(value) => (*value).into(),
            Self::Unsigned(value) if is_64(kind) => Value::String(value.to_string()),
            Self::Unsigned(value) => (*value).into(),
            // Through its shortest text, so that 0.1 stays 0.1.
            Self::Float(value) => double(value.to_string().parse().unwrap_or(f64::from(*value))),
            Self::Double(value) => double(*value),
            Self::Text(text) => Value::String(text.clone()),
            Self::Bytes(octets) => Value::String(STANDARD.encode(octets)),
            Self::Enum(number) => match kind {
                Kind::Enum(descriptor) => enum_name(descriptor, *number).map_or_else(|| (*number).into(), Value::String),
                _ => (*number).into(),
            },
        }
    }

    /// The name of a map's member.
    pub(super) fn to_key(&self, kind: &Kind) -> String {
        match self.to_json(kind) {
            Value::String(text) => text,
            other => other.to_string(),
        }
    }
}

fn enum_name(descriptor: &EnumDescriptor, number: i32) -> Option<String> {
    descriptor.get_value(number).map(|value| value.name().to_owned())
}

fn is_64(kind: &Kind) -> bool {
    matches!(kind, Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64)
}

/// A double as JSON: a whole number without a point, since 1 and 1.0 are one value and must compare as one.
pub(super) fn double(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_whole = value.fract() == 0.0 && value.abs() < EXACT;
    let is_minus_zero = value == 0.0 && value.is_sign_negative();
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
    if is_whole && !is_minus_zero {
        return (value as i64).into();
    }
    let name = match value {
        value if value.is_nan() => "NaN",
        value if value == f64::INFINITY => "Infinity",
        value if value == f64::NEG_INFINITY => "-Infinity",
        value => return Number::from_f64(value).map_or(Value::Null, Value::Number),
    };
    Value::String(name.to_owned())
}

/// Reads a value of a field of this kind; `None` after a mistake, which is then listed.
pub(super) fn from_json(kind: &Kind, node: &Node, issues: &mut Issues, place: &Place<'_>) -> Option<Scalar> {
    let mut wrong = |wanted: &str| {
        issues.add("wrong-kind", place, format!("{} where {wanted} is expected", node.kind()));
        None
    };
    match (kind, node) {
        (Kind::Bool, Node::Bool(value)) => Some(Scalar::Bool(*value)),
        (Kind::Bool, _) => wrong("a boolean"),
        (Kind::String, Node::String(text)) => Some(Scalar::Text(text.clone())),
        (Kind::String, _) => wrong("a string"),
        (Kind::Bytes, Node::String(text)) => bytes(text, issues, place),
        (Kind::Bytes, _) => wrong("a base64 string"),
        (Kind::Enum(descriptor), Node::String(name)) => match descriptor.get_value_by_name(name) {
            Some(value) => Some(Scalar::Enum(value.number())),
            None => {
                let text = format!("{name:?} is no value of {}", descriptor.full_name());
                issues.add("unknown-enum-name", place, text);
                None
            }
        },
        (Kind::Enum(descriptor), Node::Number(text)) => {
            let number = integer(text).and_then(|number| i32::try_from(number).ok());
            let Some(number) = number else {
                issues.add("out-of-range", place, format!("{text} is no 32-bit integer"));
                return None;
            };
            let known = descriptor.get_value(number).is_some();
            let form = if known { "enum-as-number" } else { "unknown-enum-number" };
            issues.add(form, place, format!("{text} of {}", descriptor.full_name()));
            Some(Scalar::Enum(number))
        }
        (Kind::Enum(_), _) => wrong("the name of an enum value"),
        (Kind::Float | Kind::Double, Node::Number(text) | Node::String(text)) => {
            floating(kind, text, matches!(node, Node::String(_)), issues, place)
        }
        (Kind::Float | Kind::Double, _) => wrong("a number"),
        (Kind::Message(_), _) => None,
        (_, Node::Number(text) | Node::String(text)) => {
            let is_text = matches!(node, Node::String(_));
            if is_64(kind) && !is_text {
                issues.add("int64-as-number", place, format!("{text} without quotes"));
            } else if is_text && !is_64(kind) {
                issues.add("number-as-string", place, format!("{text:?} in quotes"));
            }
            let found = number_text(text).and_then(integer).and_then(|number| in_range(kind, number));
            if found.is_none() {
                issues.add("out-of-range", place, format!("{text:?} is no integer of its type"));
            }
            found
        }
        _ => wrong("an integer"),
    }
}

fn bytes(text: &str, issues: &mut Issues, place: &Place<'_>) -> Option<Scalar> {
    let url_safe = text.contains(['-', '_']);
    let alphabet = if url_safe { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    match GeneralPurpose::new(alphabet, LENIENT).decode(text) {
        Ok(octets) => Some(Scalar::Bytes(octets)),
        Err(error) => {
            issues.add("invalid-base64", place, error.to_string());
            None
        }
    }
}

fn floating(kind: &Kind, text: &str, is_text: bool, issues: &mut Issues, place: &Place<'_>) -> Option<Scalar> {
    let value = match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        text => {
            if is_text {
                issues.add("number-as-string", place, format!("{text:?} in quotes"));
            }
            // Too large for the type is a mistake, not an infinity.
            number_text(text).and_then(|text| text.parse::<f64>().ok()).filter(|value| value.is_finite())
        }
    };
    #[expect(clippy::cast_possible_truncation, reason = "the nearest float is meant")]
    let found = match (kind, value) {
        (Kind::Float, Some(value)) if value.is_finite() && (value as f32).is_infinite() => None,
        (Kind::Float, Some(value)) => Some(Scalar::Float(value as f32)),
        (_, Some(value)) => Some(Scalar::Double(value)),
        (_, None) => None,
    };
    if found.is_none() {
        issues.add("out-of-range", place, format!("{text:?} is no number of its type"));
    }
    found
}

/// The text, if it has the form of a JSON number; a quoted number has the same form as a bare one.
fn number_text(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let plausible = match digits {
        [b'0'] => true,
        [b'0', next, ..] => !next.is_ascii_digit(),
        [b'1'..=b'9', ..] => true,
        _ => false,
    };
    let alphabet = |octet: &u8| octet.is_ascii_digit() || matches!(octet, b'.' | b'e' | b'E' | b'+' | b'-');
    (plausible && digits.iter().all(alphabet) && text.parse::<f64>().is_ok() && !text.ends_with('.')).then_some(text)
}

/// The integer that a JSON number stands for, also as `1.0` or `1e3`; exact, without going through a double.
fn integer(text: &str) -> Option<i128> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent),
        None => (rest, "0"),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u8> = whole.bytes().chain(part.bytes()).collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let Some(first) = digits.iter().position(|&digit| digit != b'0') else {
        return Some(0);
    };
    // How many digits stand before the point once the exponent has moved it.
    let exponent: i64 = exponent.parse().ok()?;
    let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let point = usize::try_from(point).ok()?;
    if point < first || point - first > 30 {
        return None;
    }
    if digits.iter().skip(point).any(|&digit| digit != b'0') {
        return None;
    }
    let magnitude = (first..point).fold(0_i128, |value, at| value * 10 + i128::from(digits.get(at).map_or(0, |digit| digit - b'0')));
    Some(if negative { -magnitude } else { magnitude })
}

fn in_range(kind: &Kind, number: i128) -> Option<Scalar> {
    match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => i32::try_from(number).ok().map(|number| Scalar::Signed(number.into())),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => i64::try_from(number).ok().map(Scalar::Signed),
        Kind::Uint32 | Kind::Fixed32 => u32::try_from(number).ok().map(|number| Scalar::Unsigned(number.into())),
        _ => u64::try_from(number).ok().map(Scalar::Unsigned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_exact() {
        for (text, wanted) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("1.0", Some(1)),
            ("1e3", Some(1000)),
            ("12e-1", None),
            ("120e-1", Some(12)),
            ("18446744073709551615", Some(18_446_744_073_709_551_615)),
            ("1.5", None),
            ("1e400", None),
            ("1e99999999999999999999", None),
            ("0e99999999999999999999", Some(0)),
            ("0.001e3", Some(1)),
            ("1e-3", None),
        ] {
            assert_eq!(integer(text), wanted, "{text}");
        }
    }

    #[test]
    fn quoted_numbers_have_the_form_of_numbers() {
        for good in ["0", "-1", "10", "1.5", "1e3", "0.5"] {
            assert!(number_text(good).is_some(), "{good}");
        }
        for bad in ["", "-", "01", "+1", " 1", "1 ", "0x1", ".5", "1.", "1e", "NaN", "--1", "1_0"] {
            assert!(number_text(bad).is_none(), "{bad}");
        }
    }
}
