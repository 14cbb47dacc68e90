//! The keyword `counts` of contract schemas: `{ "/details/totalResult": "/result" }` says that a number is that of the elements of a list.
//!
//! No keyword of JSON Schema compares two places. An absent number is 0 and an absent list is empty; what is neither a number
//! nor a list is left to the keywords that speak of types.

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Value};

/// The keyword.
pub(super) const NAME: &str = "counts";

struct Counts(Vec<(String, String)>);

/// Reads the keyword's value.
pub(super) fn keyword<'a>(
    _schema: &'a Map<String, Value>,
    value: &'a Value,
    _at: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    let pairs =
        value.as_object().and_then(|pairs| pairs.iter().map(|(number, list)| Some((number.clone(), list.as_str()?.to_owned()))).collect());
    let pairs: Vec<(String, String)> =
        pairs.ok_or_else(|| ValidationError::custom("`counts` maps the pointer of a number to that of a list"))?;
    Ok(Box::new(Counts(pairs)))
}

impl<'i> Keyword<'i> for Counts {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        match self.0.iter().find_map(|(number, list)| differs(instance, number, list)) {
            None => Ok(()),
            Some(text) => Err(ValidationError::custom(text)),
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        self.0.iter().all(|(number, list)| differs(instance, number, list).is_none())
    }
}

fn differs(instance: &Value, number: &str, list: &str) -> Option<String> {
    let told = match instance.pointer(number) {
        None => 0,
        Some(Value::Number(told)) => told.as_u64()?,
        Some(told) => told.as_str()?.parse().ok()?,
    };
    let elements = match instance.pointer(list) {
        None => 0,
        Some(elements) => elements.as_array()?.len() as u64,
    };
    (told != elements).then(|| format!("{elements} at {number}, as many as there are elements in {list}; it is {told}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_total_is_compared_with_its_list() {
        let differs = |instance: Value| differs(&instance, "/details/total", "/result").is_some();
        assert!(!differs(json!({})));
        assert!(!differs(json!({"details": {"total": "2"}, "result": [1, 2]})));
        assert!(!differs(json!({"details": {"total": 1}, "result": ["x"]})));
        assert!(differs(json!({"details": {"total": "1"}})));
        assert!(differs(json!({"result": [1]})));
        for other_matter in [json!({"details": {"total": true}}), json!({"details": {"total": "1"}, "result": {}})] {
            assert!(!differs(other_matter));
        }
    }

    #[test]
    fn the_keyword_is_read() {
        let build = |schema: Value| jsonschema::options().with_keyword(NAME, keyword).build(&schema);
        let validator = build(json!({"counts": {"/n": "/l"}})).unwrap();
        assert!(validator.is_valid(&json!({"n": 1, "l": [0]})));
        assert_eq!(validator.iter_errors(&json!({"n": 1})).count(), 1);
        assert!(build(json!({"counts": ["/n"]})).is_err());
    }
}
