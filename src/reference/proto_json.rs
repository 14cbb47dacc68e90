//! A strict front for ProtoJSON requests. The library behind it takes the last of two equal keys and refuses `1.0` for an integer;
//! here each rule of the format is decided on the tree as it was sent, and the library only sees what is unambiguous.

use std::fmt;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value as Field};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a text is no request; a sentence for the caller.
pub type Problem = String;

/// Reads one message from the whole of a text. Nesting is bounded by the JSON reader (128).
pub fn read(descriptor: &MessageDescriptor, text: &[u8]) -> Result<DynamicMessage, Problem> {
    let text = std::str::from_utf8(text).map_err(|_| "the content is not UTF-8")?;
    let tree: Strict = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let tree = message(descriptor, tree.0)?;
    DynamicMessage::deserialize(descriptor.clone(), tree).map_err(|error| error.to_string())
}

/// Sets a field from the text of a path or query variable.
pub fn set(message: &mut DynamicMessage, path: &str, text: &str) -> Result<(), Problem> {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let field = find(&message.descriptor(), name).ok_or_else(|| format!("no field {name}"))?;
    if !rest.is_empty() {
        let inner = message.get_field_mut(&field).as_message_mut();
        return set(inner.ok_or_else(|| format!("{name} is no message"))?, rest, text);
    }
    let wrong = || format!("{name}: {text:?} is no value for this field");
    let value = match field.kind() {
        _ if field.is_list() || field.is_map() => None,
        Kind::String => Some(Field::String(text.to_owned())),
        Kind::Bool => text.parse().ok().map(Field::Bool),
        Kind::Enum(kind) => match kind.get_value_by_name(text) {
            Some(value) => Some(Field::EnumNumber(value.number())),
            None => number(text).map(Field::EnumNumber),
        },
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => number(text).map(Field::I32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => number(text).map(Field::I64),
        Kind::Uint32 | Kind::Fixed32 => number(text).map(Field::U32),
        Kind::Uint64 | Kind::Fixed64 => number(text).map(Field::U64),
        _ => None,
    };
    message.set_field(&field, value.ok_or_else(wrong)?);
    Ok(())
}

/// A decimal number as JSON would have it: no plus sign, no leading zeros.
fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.starts_with('+') || (digits.len() > 1 && digits.starts_with('0')) { None } else { text.parse().ok() }
}

/// Whether a query parameter of this name may set a field of the message.
pub fn has_field(descriptor: &MessageDescriptor, name: &str) -> bool {
    find(descriptor, name).is_some()
}

/// A JSON tree in which no object has a name twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree).map(Self)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("number out of range"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Strict(value)) = list.next_element()? {
            all.push(value);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Strict(value) = members.next_value()?;
            if all.contains_key(&name) {
                return Err(A::Error::custom(format_args!("duplicate field {name:?}")));
            }
            all.insert(name, value);
        }
        Ok(Value::Object(all))
    }
}

/// The JSON name or the original name; nothing else, and with case.
fn find(descriptor: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    descriptor.get_field_by_json_name(name).or_else(|| descriptor.get_field_by_name(name))
}

fn message(descriptor: &MessageDescriptor, tree: Value) -> Result<Value, Problem> {
    match descriptor.full_name() {
        "google.protobuf.Duration" => return text_of(tree, is_duration, "a duration"),
        "google.protobuf.Timestamp" => return text_of(tree, is_date_time, "an RFC 3339 date-time"),
        // The other types with a form of their own are in no request of the contract.
        other if other.starts_with("google.protobuf.") => return Ok(tree),
        _ => {}
    }
    let Value::Object(members) = tree else {
        return Err(format!("{} is not a JSON object", descriptor.full_name()));
    };
    let mut plain = Map::new();
    for (name, value) in members {
        let field = find(descriptor, &name).ok_or_else(|| format!("unknown field {name:?}"))?;
        let seen = |plain: &Map<_, _>| plain.contains_key(field.json_name());
        if seen(&plain) {
            return Err(format!("duplicate field {name:?}"));
        }
        // Null is unset, for any kind; it still counts as the field having been given.
        let value = match value {
            Value::Null => Value::Null,
            value => whole(&field, value).map_err(|problem| format!("{name}: {problem}"))?,
        };
        plain.insert(field.json_name().to_owned(), value);
    }
    plain.retain(|_, value| !value.is_null());
    Ok(Value::Object(plain))
}

fn whole(field: &FieldDescriptor, value: Value) -> Result<Value, Problem> {
    if field.is_map() {
        // Keys were compared as text; values of maps are in no request of the contract.
        return match value {
            Value::Object(_) => Ok(value),
            _ => Err("not a JSON object".into()),
        };
    }
    if field.is_list() {
        let Value::Array(elements) = value else {
            return Err("not a JSON array".into());
        };
        let kind = field.kind();
        let elements = elements.into_iter().map(|element| single(&kind, element));
        return Ok(Value::Array(elements.collect::<Result<_, _>>()?));
    }
    single(&field.kind(), value)
}

fn single(kind: &Kind, value: Value) -> Result<Value, Problem> {
    match kind {
        Kind::Message(descriptor) => message(descriptor, value),
        Kind::String | Kind::Bytes => match value {
            Value::String(_) => Ok(value),
            _ => Err("not a string".into()),
        },
        Kind::Bool => match value {
            Value::Bool(_) => Ok(value),
            _ => Err("not a boolean".into()),
        },
        Kind::Enum(kind) => match value {
            Value::String(name) => match kind.get_value_by_name(&name) {
                Some(value) => Ok(value.number().into()),
                None => Err(format!("{name:?} is no value of {}", kind.full_name())),
            },
            Value::Number(number) => match integer(&number).and_then(|n| i32::try_from(n).ok()) {
                Some(number) => Ok(number.into()),
                None => Err(format!("{number} is no 32-bit integer")),
            },
            _ => Err(format!("no value of {}", kind.full_name())),
        },
        Kind::Double | Kind::Float => match value {
            Value::Number(_) | Value::String(_) => Ok(value),
            _ => Err("not a number".into()),
        },
        _ => {
            let number = match &value {
                Value::Number(number) => integer(number),
                Value::String(digits) => digits.parse().ok(),
                _ => None,
            };
            // The range of the kind is the library's matter.
            let number = number.ok_or("not an integer")?;
            match i64::try_from(number) {
                Ok(number) => Ok(number.into()),
                Err(_) => u64::try_from(number).map(Into::into).map_err(|_| "out of range".into()),
            }
        }
    }
}

/// `1`, `1.0` and `1e0` are the same integer; `1.5` is none.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
fn integer(number: &Number) -> Option<i128> {
    let exact = number.as_i64().map(i128::from);
    exact.or_else(|| number.as_u64().map(i128::from)).or_else(|| {
        let number = number.as_f64()?;
        (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i128)
    })
}

fn text_of(tree: Value, valid: fn(&str) -> bool, what: &str) -> Result<Value, Problem> {
    match tree {
        Value::String(text) if valid(&text) => Ok(Value::String(text)),
        other => Err(format!("{other} is not {what}")),
    }
}

/// `-?[0-9]+(\.[0-9]{1,9})?s` within 315576000000 seconds (ProtoJSON, "Duration").
fn is_duration(text: &str) -> bool {
    let Some(text) = text.strip_suffix('s') else {
        return false;
    };
    let text = text.strip_prefix('-').unwrap_or(text);
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let in_range = seconds.parse().is_ok_and(|seconds: u64| {
        let limit = 315_576_000_000;
        seconds < limit || (seconds == limit && fraction.bytes().all(|digit| digit == b'0'))
    });
    digits(seconds, 1..=12) && digits(fraction, 1..=9) && in_range
}

/// RFC 3339, 5.6, by its form; whether the day exists is the library's matter.
fn is_date_time(text: &str) -> bool {
    let form = |text: &str, form: &str| {
        text.len() == form.len()
            && text.bytes().zip(form.bytes()).all(|(octet, form)| match form {
                b'0' => octet.is_ascii_digit(),
                other => octet == other,
            })
    };
    let Some((date, rest)) = text.split_at_checked(19) else {
        return false;
    };
    let end = rest.find(['Z', '+', '-']).unwrap_or(0);
    let (fraction, zone) = rest.split_at(end);
    let fraction_fits = match fraction.strip_prefix('.') {
        Some(fraction) => digits(fraction, 1..=9),
        None => fraction.is_empty(),
    };
    let zone_fits = zone == "Z" || form(zone, "+00:00") || form(zone, "-00:00");
    form(date, "0000-00-00T00:00:00") && fraction_fits && zone_fits
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::methods::contract;

    fn input(name: &str) -> MessageDescriptor {
        let path = format!("/zitadel.management.v1.ManagementService/{name}");
        contract().method(&path).unwrap().input.clone()
    }

    #[test]
    fn enums_are_read_by_name_and_by_integer() {
        let add = input("AddSecondFactorToLoginPolicy");
        for (text, number) in [
            (r#"{"type":"SECOND_FACTOR_TYPE_OTP"}"#, 1),
            (r#"{"\u0074ype":"SECOND_FACTOR_TYPE_\u004FTP"}"#, 1),
            (r#"{"type":1.0}"#, 1),
            (r#"{"type":1e0}"#, 1),
            (r#"{"type":99}"#, 99),
            (r#"{"type":-1}"#, -1),
            (r#"{"type":null}"#, 0),
            (" \r\n\t{ } \n\n", 0),
        ] {
            let message = read(&add, text.as_bytes()).unwrap_or_else(|why| panic!("{text}: {why}"));
            let field = message.get_field_by_name("type").unwrap().as_enum_number();
            assert_eq!(field, Some(number), "{text}");
        }
        for text in [
            r#"{"type":1.5}"#,
            r#"{"type":0.9999999}"#,
            r#"{"type":4294967297}"#,
            r#"{"type":1e30}"#,
            r#"{"type":"OTP"}"#,
            r#"{"type":"1"}"#,
            r#"{"type":""}"#,
            r#"{"type":true}"#,
            r#"{"type":[1]}"#,
            r#"{"type":1,"type":2}"#,
            r#"{"type":1,"foo":2}"#,
            r#"{"Type":1}"#,
            r#"{"type":1}{}"#,
            r#"{"type":1,}"#,
            r#"{"type":01}"#,
            "{",
            "null",
            "[]",
            "\"SECOND_FACTOR_TYPE_OTP\"",
            "",
        ] {
            assert!(read(&add, text.as_bytes()).is_err(), "{text}");
        }
        assert!(read(&add, b"{\"a\xff\":1}").is_err());
        let deep = format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read(&add, deep.as_bytes()).is_err());
    }

    #[test]
    fn the_other_kinds() {
        let create = input("AddCustomLoginPolicy");
        for text in [
            r#"{"second_factors":["SECOND_FACTOR_TYPE_OTP",2],"forceMfa":true}"#,
            r#"{"forceMfa":null,"defaultRedirectUri":null,"mfaInitSkipLifetime":null,"secondFactors":null,"idps":null}"#,
            r#"{"mfaInitSkipLifetime":"3600.500000001s","idps":[{"idpId":"1","ownerType":2}]}"#,
            r#"{"defaultRedirectUri":"https:\/\/a.example\/\u00e9\uD83D\uDE01"}"#,
        ] {
            let read = read(&create, text.as_bytes());
            assert!(read.is_ok(), "{text}: {read:?}");
        }
        for text in [
            r#"{"forceMfa":true,"force_mfa":false}"#,
            r#"{"forceMfa":null,"force_mfa":false}"#,
            r#"{"forceMfa":"true"}"#,
            r#"{"forceMfa":1}"#,
            r#"{"secondFactors":1}"#,
            r#"{"secondFactors":["SECOND_FACTOR_TYPE_OTP",null]}"#,
            r#"{"secondFactors":[[1]]}"#,
            r#"{"defaultRedirectUri":5}"#,
            r#"{"defaultRedirectUri":"\ud800"}"#,
            r#"{"mfaInitSkipLifetime":"3600"}"#,
            r#"{"mfaInitSkipLifetime":"1h"}"#,
            r#"{"mfaInitSkipLifetime":"3600S"}"#,
            r#"{"mfaInitSkipLifetime":""}"#,
            r#"{"mfaInitSkipLifetime":3600}"#,
            r#"{"mfaInitSkipLifetime":"315576000001s"}"#,
            r#"{"mfaInitSkipLifetime":{"seconds":3600}}"#,
        ] {
            assert!(read(&create, text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn dates_by_their_form() {
        for good in ["2023-05-02T00:00:00Z", "2023-05-02T00:00:00.5+02:00"] {
            assert!(is_date_time(good), "{good}");
        }
        for bad in ["2023-05-02", "2023-05-02 00:00:00Z", "2023-05-02T00:00:00", "2023-05-02T00:00:00.Z"] {
            assert!(!is_date_time(bad), "{bad}");
        }
    }

    #[test]
    fn variables_of_a_path() {
        let remove = input("RemoveSecondFactorFromLoginPolicy");
        let number = |text: &str| {
            let mut message = DynamicMessage::new(remove.clone());
            set(&mut message, "type", text).ok()?;
            message.get_field_by_name("type")?.into_owned().as_enum_number()
        };
        assert_eq!(number("SECOND_FACTOR_TYPE_U2F"), Some(2));
        assert_eq!(number("2"), Some(2));
        assert_eq!(number("-1"), Some(-1));
        for bad in ["FAX", "1.0", "", "+", "+1", "01", "-01", "1 ", "SECOND%5FFACTOR%5FTYPE%5FOTP"] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }
}
