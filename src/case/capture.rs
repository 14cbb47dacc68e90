//! Values that steps keep from their answers.

use serde_json::Value;

/// The value at a path of members and list indexes, e.g. `details.sequence` or `result.0`.
#[must_use]
pub fn value_at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, part| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        _ => value.get(part),
    })
}

/// The captured value: of the error object where the path begins with `error.`, else of the success message. `None` where the answer has none:
/// the capture then stays without value, which only matters to who uses it. With `?` at its end the path says that the value may be absent:
/// then the capture is `null`, which equals absence; with `~` the capture is another text of the same form.
#[must_use]
pub fn take(path: &str, success: Option<&Value>, error: Option<&Value>) -> Option<Value> {
    if let Some(path) = path.strip_suffix('~') {
        return take(path, success, error).and_then(|value| value.as_str().and_then(other)).map(Value::String);
    }
    let (path, may_be_absent) = path.strip_suffix('?').map_or((path, false), |path| (path, true));
    let found = match path.strip_prefix("error.") {
        Some(path) => value_at(error?, path),
        None => value_at(success?, path),
    };
    found.cloned().or_else(|| may_be_absent.then_some(Value::Null))
}

/// A text that differs in the digit or letter nearest to its middle; none of what isn't made of letters, digits, `-`, `_` and `.`, as ids are.
fn other(text: &str) -> Option<String> {
    if !text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet)) {
        return None;
    }
    let mut octets = text.as_bytes().to_vec();
    let middle = octets.len() / 2;
    let at = (0..octets.len()).filter(|at| octets[*at].is_ascii_alphanumeric()).min_by_key(|at| at.abs_diff(middle))?;
    octets[at] = match octets[at] {
        b'9' => b'0',
        b'z' => b'a',
        b'Z' => b'A',
        octet => octet + 1,
    };
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_through_members_and_list_indexes() {
        let error = json!({"details": [{"id": "Org-2B0ps"}]});
        let success = json!({"details": {"sequence": "2"}});
        assert_eq!(take("details.sequence", Some(&success), None), Some(json!("2")));
        assert_eq!(take("error.details.0.id", None, Some(&error)), Some(json!("Org-2B0ps")));
        assert_eq!(take("details.1.id", Some(&error), None), None);
        assert_eq!(take("details.sequence", None, Some(&error)), None);
    }

    #[test]
    fn a_value_that_may_be_absent_is_null() {
        let success = json!({"details": {"sequence": "2"}});
        assert_eq!(take("details.sequence?", Some(&success), None), Some(json!("2")));
        assert_eq!(take("details.changeDate?", Some(&success), None), Some(Value::Null));
        assert_eq!(take("details.changeDate?", None, Some(&success)), None, "there is no answer that could lack it");
    }

    #[test]
    fn another_text_of_the_same_form() {
        let success = json!({"id": "70179967", "word": "caz-9", "none": "--"});
        assert_eq!(take("id~", Some(&success), None), Some(json!("70170967")));
        assert_eq!(take("word~", Some(&success), None), Some(json!("caa-9")));
        assert_eq!(take("none~", Some(&success), None), None);
        assert_eq!(take("absent~", Some(&success), None), None);
    }
}
