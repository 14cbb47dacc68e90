//! Compares a pattern with a value in canonical ProtoJSON, and makes the value that a pattern stands for. Pure.
//!
//! A value is canonical when fields at their default are left out: absent, `null` and the default are one and the same here.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::instant::Instant;
use super::model::{Bound, Captures, Pattern, Text, TextPart};
use crate::wire::Octets;

/// A place at which an answer isn't as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// JSON Pointer (RFC 6901) into the value; empty for the whole.
    pub place: String,
    /// What would have matched.
    pub expected: String,
    /// What was there, as JSON, or `absent`.
    pub actual: String,
}

/// A capture that no step has given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the capture `${0}` has no value")]
pub struct MissingCapture(pub String);

/// Where the value doesn't match the pattern; empty where it does. A capture without value matches nothing.
#[must_use]
pub fn matches(pattern: &Pattern, actual: Option<&Value>, captures: &Captures) -> Vec<Mismatch> {
    let mut found = Vec::new();
    compare(pattern, actual.filter(|value| !value.is_null()), captures, "", &mut found);
    found
}

fn compare(pattern: &Pattern, actual: Option<&Value>, captures: &Captures, place: &str, found: &mut Vec<Mismatch>) {
    let holds = match pattern {
        Pattern::Literal(value) => equal(value, actual),
        Pattern::Any => actual.is_some_and(|value| !is_default(value)),
        Pattern::Absent => actual.is_none_or(is_default),
        Pattern::Capture(_) | Pattern::Text(_) => resolve(pattern, captures).is_ok_and(|value| equal(&value, actual)),
        Pattern::Ends(end) => match (actual, resolve(end, captures)) {
            (Some(Value::String(actual)), Ok(Value::String(end))) => actual.ends_with(&end),
            _ => false,
        },
        Pattern::Above(least) => match (actual, resolve(least, captures)) {
            (Some(actual), Ok(least)) => order(actual, &least) == Some(Ordering::Greater),
            _ => false,
        },
        Pattern::Between(from, to) => actual.is_some_and(|actual| {
            matches!(against(actual, from, captures), Some(Ordering::Greater | Ordering::Equal))
                && matches!(against(actual, to, captures), Some(Ordering::Less | Ordering::Equal))
        }),
        Pattern::Object(members) => match actual {
            None | Some(Value::Object(_)) => {
                for (name, pattern) in members {
                    let value = actual.and_then(|object| object.get(name)).filter(|value| !value.is_null());
                    let place = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
                    match (name.as_str(), pattern, value) {
                        ("@type", Pattern::Literal(Value::String(wanted)), Some(Value::String(url))) if !wanted.contains('/') => {
                            let message = Value::String(url.rsplit('/').next().unwrap_or_default().to_owned());
                            compare(pattern, Some(&message), captures, &place, found);
                        }
                        _ => compare(pattern, value, captures, &place, found),
                    }
                }
                return;
            }
            Some(_) => false,
        },
        Pattern::List(items) => {
            let actual = elements(actual);
            if let Some(actual) = actual
                && actual.len() == items.len()
            {
                for (index, (item, value)) in items.iter().zip(actual).enumerate() {
                    compare(item, Some(value), captures, &format!("{place}/{index}"), found);
                }
                return;
            } else {
                false
            }
        }
        Pattern::Set(items) => elements(actual).is_some_and(|actual| actual.len() == items.len() && all_found(items, actual, captures)),
        Pattern::Contains(items) => elements(actual).is_some_and(|actual| all_found(items, actual, captures)),
        Pattern::Lacks(items) => elements(actual)
            .is_some_and(|actual| items.iter().all(|item| !actual.iter().any(|value| matches(item, Some(value), captures).is_empty()))),
        Pattern::Same(other, without) => {
            if let (Ok(Value::String(other)), Some(Value::String(actual))) = (resolve(other, captures), actual) {
                unnamed(&other, captures) == unnamed(actual, captures)
            } else if let Ok(other) = resolve(other, captures) {
                differences_of(Some(&other).filter(|other| !other.is_null()), actual, without, place, found);
                return;
            } else {
                false
            }
        }
        Pattern::NotBefore(least) => match (actual, resolve(&least.value, captures)) {
            (None, _) => true,
            (Some(actual), Ok(value)) => {
                value.is_null() || matches!(against(actual, least, captures), Some(Ordering::Greater | Ordering::Equal))
            }
            (Some(_), Err(_)) => false,
        },
    };
    if !holds {
        let actual = actual.map_or_else(|| "absent".to_owned(), Value::to_string);
        found.push(Mismatch { place: place.to_owned(), expected: describe(pattern, captures), actual });
    }
}

/// Where two values are not the same; a list is one place. `without`: members of the outermost object that may differ.
fn differences_of(expected: Option<&Value>, actual: Option<&Value>, without: &[String], place: &str, found: &mut Vec<Mismatch>) {
    if let (Some(Value::Object(expected)), Some(Value::Object(actual))) = (expected, actual) {
        let names: BTreeSet<&String> = expected.keys().chain(actual.keys()).filter(|name| !without.contains(name)).collect();
        for name in names {
            let place = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
            differences_of(expected.get(name), actual.get(name), &[], &place, found);
        }
    } else if !same(expected, actual) {
        let shown = |value: Option<&Value>| value.map_or_else(|| "absent".to_owned(), Value::to_string);
        found.push(Mismatch { place: place.to_owned(), expected: shown(expected), actual: shown(actual) });
    }
}

/// A text with one mark in the place of each captured text, save short ones, which are there by chance.
fn unnamed(text: &str, captures: &Captures) -> String {
    let mut named: Vec<&str> = captures.values().filter_map(Value::as_str).filter(|value| value.len() >= 8 && *value != text).collect();
    named.sort_unstable_by_key(|value| std::cmp::Reverse(value.len()));
    named.into_iter().fold(text.to_owned(), |text, value| text.replace(value, "\u{1}"))
}

/// Whether two values are the same, lists in any order.
fn same(expected: Option<&Value>, actual: Option<&Value>) -> bool {
    match (expected, actual) {
        (Some(Value::Array(expected)), Some(Value::Array(actual))) => {
            // Being the same is transitive as far as lists go (their instants are printed alike), so the first fit is right.
            let mut left: Vec<&Value> = actual.iter().collect();
            expected.len() == actual.len()
                && expected.iter().all(|item| match left.iter().position(|other| same(Some(item), Some(other))) {
                    Some(at) => {
                        left.swap_remove(at);
                        true
                    }
                    None => false,
                })
        }
        (Some(Value::Object(_)), Some(Value::Object(_))) => {
            let mut found = Vec::new();
            differences_of(expected, actual, &[], "", &mut found);
            found.is_empty()
        }
        (Some(Value::String(expected)), Some(Value::String(actual))) if expected != actual => {
            match (Instant::parse(expected), Instant::parse(actual)) {
                (Some(expected), Some(actual)) => expected.order(&actual) == Ordering::Equal,
                _ => false,
            }
        }
        (Some(expected), actual) => equal(expected, actual),
        (None, actual) => actual.is_none_or(is_default),
    }
}

/// Elements of a list; absent is the empty list.
fn elements(actual: Option<&Value>) -> Option<&[Value]> {
    match actual {
        None => Some(&[]),
        Some(Value::Array(items)) => Some(items),
        Some(_) => None,
    }
}

/// Whether each pattern can be given an element of its own (augmenting paths, as the first fit may be taken by the wrong pattern).
fn all_found(items: &[Pattern], actual: &[Value], captures: &Captures) -> bool {
    fn place(item: usize, fits: &[Vec<bool>], taken: &mut [Option<usize>], seen: &mut [bool]) -> bool {
        for element in 0..taken.len() {
            if fits[item][element] && !seen[element] {
                seen[element] = true;
                if taken[element].is_none_or(|other| place(other, fits, taken, seen)) {
                    taken[element] = Some(item);
                    return true;
                }
            }
        }
        false
    }
    let fits: Vec<Vec<bool>> =
        items.iter().map(|item| actual.iter().map(|value| matches(item, Some(value), captures).is_empty()).collect()).collect();
    let mut taken = vec![None; actual.len()];
    (0..items.len()).all(|item| place(item, &fits, &mut taken, &mut vec![false; actual.len()]))
}

/// Whether a value is what proto3 leaves out.
fn is_default(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(true) | Value::Object(_) => false,
    }
}

fn equal(expected: &Value, actual: Option<&Value>) -> bool {
    let Some(actual) = actual else { return is_default(expected) };
    if expected == actual || (is_default(expected) && is_default(actual)) {
        return true;
    }
    match (expected, actual) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64() && whole(expected) == whole(actual),
        (Value::Number(_), Value::String(text)) | (Value::String(text), Value::Number(_)) => {
            // 64-bit integers are strings in ProtoJSON, whatever a person wrote.
            let number = if expected.is_number() { expected } else { actual };
            whole(number).is_some() && whole(number) == text.parse().ok()
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, Some(b))),
        _ => false,
    }
}

fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Number(number) => number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Order of two whole numbers (64-bit ones are strings), other numbers or instants.
fn order(a: &Value, b: &Value) -> Option<Ordering> {
    if let (Some(a), Some(b)) = (whole(a), whole(b)) {
        return Some(a.cmp(&b));
    }
    if let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) {
        return a.partial_cmp(&b);
    }
    Some(Instant::parse(a.as_str()?)?.exact_order(&Instant::parse(b.as_str()?)?))
}

/// Order of a value and a bound with its offset; instants at the coarser printed precision.
fn against(actual: &Value, bound: &Bound, captures: &Captures) -> Option<Ordering> {
    let limit = resolve(&bound.value, captures).ok()?;
    if let (Some(actual), Some(limit)) = (whole(actual), whole(&limit)) {
        return Some(actual.cmp(&limit.saturating_add(i128::from(bound.offset))));
    }
    Some(Instant::parse(actual.as_str()?)?.order(&Instant::parse(limit.as_str()?)?.plus(bound.offset)))
}

/// The value that a pattern stands for where it is sent. Operators stand for none (readers refuse them there): they become `null`.
///
/// # Errors
/// A capture in it has no value.
pub fn resolve(pattern: &Pattern, captures: &Captures) -> Result<Value, MissingCapture> {
    Ok(match pattern {
        Pattern::Literal(value) => value.clone(),
        Pattern::Capture(name) => captures.get(name).cloned().ok_or_else(|| MissingCapture(name.clone()))?,
        Pattern::Text(text) => Value::String(resolve_text(text, captures)?.text().into_owned()),
        Pattern::Object(members) => {
            let members = members.iter().map(|(name, member)| Ok((name.clone(), resolve(member, captures)?)));
            Value::Object(members.collect::<Result<Map<_, _>, MissingCapture>>()?)
        }
        Pattern::List(items) | Pattern::Set(items) | Pattern::Contains(items) | Pattern::Lacks(items) => {
            Value::Array(items.iter().map(|item| resolve(item, captures)).collect::<Result<_, _>>()?)
        }
        Pattern::Any
        | Pattern::Absent
        | Pattern::Ends(_)
        | Pattern::Above(_)
        | Pattern::Between(..)
        | Pattern::Same(..)
        | Pattern::NotBefore(_) => Value::Null,
    })
}

/// The octets of a text with its captures put in.
///
/// # Errors
/// A capture in it has no value.
pub fn resolve_text(text: &Text, captures: &Captures) -> Result<Octets, MissingCapture> {
    let mut octets = Vec::new();
    for part in &text.0 {
        match part {
            TextPart::Literal(literal) => octets.extend_from_slice(&literal.0),
            TextPart::Capture(name) => match captures.get(name) {
                Some(Value::String(value)) => octets.extend_from_slice(value.as_bytes()),
                Some(value) => octets.extend_from_slice(value.to_string().as_bytes()),
                None => return Err(MissingCapture(name.clone())),
            },
        }
    }
    Ok(Octets(octets))
}

/// A pattern in words, with the values of its captures.
#[must_use]
pub fn describe(pattern: &Pattern, captures: &Captures) -> String {
    let list = |items: &[Pattern]| items.iter().map(|item| describe(item, captures)).collect::<Vec<_>>().join(", ");
    let bound = |bound: &Bound| match bound.offset {
        0 => describe(&bound.value, captures),
        offset => format!("{} {} {}", describe(&bound.value, captures), if offset < 0 { "-" } else { "+" }, offset.unsigned_abs()),
    };
    match pattern {
        Pattern::Literal(value) if is_default(value) => "absent or the default".to_owned(),
        Pattern::Literal(value) => value.to_string(),
        Pattern::Any => "present".to_owned(),
        Pattern::Absent => "absent".to_owned(),
        Pattern::Capture(name) => match captures.get(name) {
            Some(value) => format!("{value} (${name})"),
            None => format!("${name}, which no answer gave"),
        },
        Pattern::Text(text) => resolve_text(text, captures).map_or_else(|missing| missing.to_string(), |octets| format!("{octets:?}")),
        Pattern::Ends(end) => format!("a text that ends with {}", describe(end, captures)),
        Pattern::Above(least) => format!("more than {}", describe(least, captures)),
        Pattern::Between(from, to) => format!("from {} to {}", bound(from), bound(to)),
        Pattern::NotBefore(least) => format!("absent, or at least {}", bound(least)),
        Pattern::Same(other, _) => format!("the same as {}", describe(other, captures)),
        Pattern::Lacks(items) => format!("a list without {}", list(items)),
        Pattern::Object(members) if members.is_empty() => "an object".to_owned(),
        Pattern::Object(members) => {
            let members = members.iter().map(|(name, member)| format!("{name}: {}", describe(member, captures)));
            format!("an object with {}", members.collect::<Vec<_>>().join(", "))
        }
        Pattern::List(items) => format!("[{}]", list(items)),
        Pattern::Set(items) => format!("[{}] in any order", list(items)),
        Pattern::Contains(items) => format!("a list with {}", list(items)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn captures() -> Captures {
        [("org.id", json!("42")), ("absent", json!(null)), ("n", json!("18446744073709551614")), ("t", json!("2026-01-02T03:04:05.25Z"))]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    fn literal(value: Value) -> Pattern {
        Pattern::Literal(value)
    }

    fn holds(pattern: &Pattern, actual: Option<Value>) -> bool {
        matches(pattern, actual.as_ref(), &captures()).is_empty()
    }

    fn object(members: Vec<(&str, Pattern)>) -> Pattern {
        Pattern::Object(members.into_iter().map(|(name, pattern)| (name.to_owned(), pattern)).collect())
    }

    #[test]
    fn absent_null_and_the_default_are_the_same() {
        for default in [json!(null), json!(0), json!(""), json!(false), json!([])] {
            assert!(holds(&literal(default.clone()), None), "{default}");
            assert!(holds(&literal(default.clone()), Some(json!(null))), "{default}");
            assert!(holds(&Pattern::Absent, Some(default.clone())), "{default}");
            assert!(!holds(&Pattern::Any, Some(default.clone())), "{default}");
        }
        assert!(!holds(&literal(json!("x")), None));
        assert!(holds(&Pattern::Any, Some(json!({}))), "an empty message is present");
        assert!(holds(&object(vec![]), None));
        assert!(holds(&object(vec![("a", Pattern::Absent)]), None));
    }

    #[test]
    fn what_an_object_pattern_does_not_name_is_free() {
        let pattern = object(vec![("details", object(vec![("resourceOwner", Pattern::Capture("org.id".to_owned()))]))]);
        assert!(holds(&pattern, Some(json!({"details": {"resourceOwner": "42", "sequence": "7"}}))));
        let found = matches(&pattern, Some(&json!({"details": {"resourceOwner": "43"}})), &captures());
        let expected =
            Mismatch { place: "/details/resourceOwner".to_owned(), expected: "\"42\" ($org.id)".to_owned(), actual: "\"43\"".to_owned() };
        assert_eq!(found, [expected]);
        assert_eq!(matches(&pattern, None, &captures())[0].actual, "absent");
    }

    #[test]
    fn lists_are_in_order_sets_are_not_and_contains_leaves_the_rest_free() {
        let items = || vec![literal(json!("A")), literal(json!("B"))];
        assert!(holds(&Pattern::List(items()), Some(json!(["A", "B"]))));
        assert!(!holds(&Pattern::List(items()), Some(json!(["B", "A"]))));
        assert!(holds(&Pattern::Set(items()), Some(json!(["B", "A"]))));
        assert!(!holds(&Pattern::Set(items()), Some(json!(["B", "A", "C"]))));
        assert!(!holds(&Pattern::Set(items()), Some(json!(["A", "A"]))));
        assert!(holds(&Pattern::Contains(items()), Some(json!(["C", "B", "A"]))));
        assert!(holds(&Pattern::List(vec![]), None) && holds(&Pattern::Set(vec![]), None));
        assert!(!holds(&Pattern::Set(items()), Some(json!("A"))));
        let greedy = Pattern::Set(vec![Pattern::Any, literal(json!("A"))]);
        assert!(holds(&greedy, Some(json!(["A", "B"]))), "the first fit may be the wrong one");
    }

    #[test]
    fn above_compares_64_bit_strings_and_instants() {
        let above = |value: Value| Pattern::Above(Box::new(literal(value)));
        assert!(holds(&above(json!(0)), Some(json!("1"))));
        assert!(!holds(&above(json!(0)), None));
        assert!(!holds(&above(json!(2)), Some(json!("2"))));
        assert!(holds(&Pattern::Above(Box::new(Pattern::Capture("n".to_owned()))), Some(json!("18446744073709551615"))));
        assert!(holds(&above(json!("2026-01-02T03:04:05Z")), Some(json!("2026-01-02T03:04:05.000001Z"))));
        assert!(!holds(&above(json!(0)), Some(json!("many"))));
    }

    #[test]
    fn an_end_is_compared_with_its_captures_put_in() {
        let end = Text(vec![TextPart::Literal("(".into()), TextPart::Capture("org.id".to_owned()), TextPart::Literal(")".into())]);
        let ends = Pattern::Ends(Box::new(Pattern::Text(end)));
        assert!(holds(&ends, Some(json!("not found (42)"))));
        for wrong in [json!("not found (42) "), json!("not found (43)"), json!(42), json!(null)] {
            assert!(!holds(&ends, Some(wrong.clone())), "{wrong}");
        }
        assert!(!holds(&Pattern::Ends(Box::new(Pattern::Capture("nobody".to_owned()))), Some(json!("x"))));
    }

    #[test]
    fn between_takes_offsets_and_the_coarser_printed_precision() {
        let bound = |offset| Box::new(Bound { value: Pattern::Capture("t".to_owned()), offset });
        let same = Pattern::Between(bound(0), bound(0));
        assert!(holds(&same, Some(json!("2026-01-02T03:04:05Z"))), "seconds are all that was printed");
        assert!(holds(&same, Some(json!("2026-01-02T03:04:05.259Z"))), "hundredths are all that was captured");
        assert!(!holds(&same, Some(json!("2026-01-02T03:04:05.26Z"))));
        assert!(holds(&Pattern::Between(bound(1000), bound(3000)), Some(json!("2026-01-02T04:04:07.25+01:00"))));
        assert!(!holds(&Pattern::Between(bound(1000), bound(3000)), Some(json!("2026-01-02T03:04:05.9Z"))));
    }

    #[test]
    fn not_before_asks_nothing_of_what_is_absent() {
        let least = |name: &str, offset| Pattern::NotBefore(Box::new(Bound { value: Pattern::Capture(name.to_owned()), offset }));
        assert!(holds(&least("n", 0), None));
        assert!(holds(&least("absent", 0), Some(json!("1"))));
        assert!(!holds(&least("nobody", 0), Some(json!("1"))));
        assert!(holds(&least("n", 0), Some(json!("18446744073709551614"))));
        assert!(!holds(&least("n", 0), Some(json!("3"))));
        assert!(holds(&least("t", -2000), Some(json!("2026-01-02T03:04:03.3Z"))));
        assert!(!holds(&least("t", -2000), Some(json!("2026-01-02T03:04:03.1Z"))));
    }

    #[test]
    fn a_list_may_lack_something() {
        let lacks = Pattern::Lacks(vec![literal(json!("A")), literal(json!("B"))]);
        assert!(holds(&lacks, None) && holds(&lacks, Some(json!(["C"]))));
        assert!(!holds(&lacks, Some(json!(["C", "B"]))));
    }

    #[test]
    fn the_same_value_in_another_form() {
        let value = json!({"a": {"n": "7", "at": "2026-01-02T03:04:05.25Z"}, "list": [{"x": 1}, {"y": 2}], "details": 1});
        let captures: Captures = [("it".to_owned(), value), ("absent".to_owned(), json!(null))].into();
        let same = |without: &[&str]| {
            let without = without.iter().map(|name| (*name).to_owned()).collect();
            Pattern::Same(Box::new(Pattern::Capture("it".to_owned())), without)
        };
        let differ = |pattern: &Pattern, actual: Value| matches(pattern, Some(&actual), &captures);
        let other = json!({"list": [{"y": 2}, {"x": 1}], "a": {"at": "2026-01-02T03:04:05Z", "n": "7", "off": false}, "details": 2});
        assert!(differ(&same(&["details"]), other.clone()).is_empty());
        assert_eq!(differ(&same(&[]), other.clone())[0].place, "/details");
        let shorter = json!({"a": {"n": "7", "at": "2026-01-02T03:04:05.25Z"}, "list": [{"x": 1}, {"x": 1}]});
        assert_eq!(differ(&same(&["details"]), shorter)[0].place, "/list");
        let other = |name: &str| Pattern::Same(Box::new(Pattern::Capture(name.to_owned())), Vec::new());
        assert!(matches(&other("absent"), None, &captures).is_empty(), "what was absent is still absent");
        assert!(matches(&other("absent"), Some(&json!([])), &captures).is_empty());
        assert!(!matches(&other("absent"), Some(&json!(["x"])), &captures).is_empty());
        assert!(!matches(&other("nobody"), None, &captures).is_empty(), "a capture without value matches nothing");
    }

    #[test]
    fn texts_are_the_same_but_for_captured_values() {
        let captures: Captures =
            [("one", "70179967"), ("two", "70170967"), ("said", "no such thing: 70179967")].map(|(n, v)| (n.to_owned(), json!(v))).into();
        let said = Pattern::Same(Box::new(Pattern::Capture("said".to_owned())), Vec::new());
        assert!(matches(&said, Some(&json!("no such thing: 70170967")), &captures).is_empty());
        assert!(matches(&said, Some(&json!("no such thing: 70179967")), &captures).is_empty());
        assert!(!matches(&said, Some(&json!("another thing: 70170967")), &captures).is_empty());
        assert!(!matches(&said, None, &captures).is_empty());
    }

    #[test]
    fn a_type_name_is_compared_with_the_end_of_the_url() {
        let pattern = object(vec![("@type", literal(json!("zitadel.v1.ErrorDetail")))]);
        assert!(holds(&pattern, Some(json!({"@type": "type.googleapis.com/zitadel.v1.ErrorDetail"}))));
        assert!(!holds(&pattern, Some(json!({"@type": "type.googleapis.com/zitadel.v1.Other"}))));
        let whole = object(vec![("@type", literal(json!("a.example/x.Y")))]);
        assert!(!holds(&whole, Some(json!({"@type": "type.googleapis.com/x.Y"}))));
    }

    #[test]
    fn a_capture_without_value_matches_nothing_and_cannot_be_sent() {
        let pattern = Pattern::Capture("nobody".to_owned());
        assert!(!holds(&pattern, Some(json!("x"))));
        assert!(!holds(&pattern, None));
        assert_eq!(resolve(&pattern, &captures()), Err(MissingCapture("nobody".to_owned())));
    }

    #[test]
    fn texts_and_messages_are_resolved_with_their_captures() {
        let text = Text(vec![TextPart::Literal("id ".into()), TextPart::Capture("org.id".to_owned())]);
        let pattern = object(vec![("name", Pattern::Text(text)), ("list", Pattern::List(vec![literal(json!(1))]))]);
        assert_eq!(resolve(&pattern, &captures()), Ok(json!({"name": "id 42", "list": [1]})));
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(|b| json!(b)),
            any::<i32>().prop_map(|n| json!(n)),
            "[a-z]{0,3}".prop_map(|s| json!(s))
        ];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
                prop::collection::btree_map("[a-z]{1,2}", inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_matches_itself(value in any_value()) {
            prop_assert!(matches(&literal(value.clone()), Some(&value), &Captures::new()).is_empty());
        }

        #[test]
        fn any_and_absent_are_opposites(value in any_value()) {
            let present = matches(&Pattern::Any, Some(&value), &Captures::new()).is_empty();
            let absent = matches(&Pattern::Absent, Some(&value), &Captures::new()).is_empty();
            prop_assert_ne!(present, absent);
        }
    }
}
