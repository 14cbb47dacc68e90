//! What of a schema a value comes to, and an annotation that JSON Schema has no word for.
//!
//! `closed: ID` beside `properties`: an object with other members violates the requirement. A validator that doesn't know it passes it
//! over, so that it never makes a value invalid.

use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::issue::shorten;
use super::schema::{SchemaIssue, Schemas};
use super::schema_lint::asserts;

/// How deep schemas are followed: each level of a value takes a few.
const DEEPEST: u8 = 200;

/// A schema that a value comes to.
struct Visit<'a> {
    keywords: &'a Map<String, Value>,
    value: &'a Value,
    place: &'a str,
    /// The annotation nearest to it.
    requirement: Option<&'a str>,
}

impl Schemas {
    /// Whether something in the schema of a message judges this value for a requirement: a date that isn't there is no good date.
    #[must_use]
    pub fn judges(&self, message: &str, value: &Value, requirement: &str) -> bool {
        self.whole(message) == Some(requirement)
            || self
                .walk(message, value, &mut |visit| {
                    let by_keyword = visit.requirement == Some(requirement) && visit.keywords.keys().any(|name| asserts(name));
                    let closed = visit.keywords.get("closed").and_then(Value::as_str) == Some(requirement) && visit.value.is_object();
                    if by_keyword || closed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                })
                .is_break()
    }

    /// What violates the annotation `closed`.
    #[must_use]
    pub fn beyond_schema(&self, message: &str, value: &Value) -> Vec<SchemaIssue> {
        let mut issues = Vec::new();
        let _ = self.walk(message, value, &mut |visit| {
            issues.extend(undeclared(&visit));
            ControlFlow::Continue(())
        });
        issues
    }

    fn walk(&self, message: &str, value: &Value, visit: &mut dyn FnMut(Visit<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        let file = format!("{message}.json");
        match self.resolve(&file, "#") {
            Some((file, schema)) => self.step(&file, schema, value, "", None, DEEPEST, visit),
            None => ControlFlow::Continue(()),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one recursion")]
    fn step(
        &self,
        file: &str,
        schema: &Value,
        value: &Value,
        place: &str,
        above: Option<&str>,
        depth: u8,
        visit: &mut dyn FnMut(Visit<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (Value::Object(keywords), Some(depth)) = (schema, depth.checked_sub(1)) else { return ControlFlow::Continue(()) };
        let requirement = keywords.get("requirement").and_then(Value::as_str).or(above);
        visit(Visit { keywords, value, place, requirement })?;
        if let Some((file, schema)) = keywords.get("$ref").and_then(Value::as_str).and_then(|reference| self.resolve(file, reference)) {
            self.step(&file, schema, value, place, requirement, depth, visit)?;
        }
        for schema in keywords.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.step(file, schema, value, place, requirement, depth, visit)?;
        }
        if let (Some(Value::Object(properties)), Value::Object(members)) = (keywords.get("properties"), value) {
            for (name, schema) in properties {
                if let Some(member) = members.get(name).filter(|member| !member.is_null()) {
                    self.step(file, schema, member, &format!("{place}/{name}"), requirement, depth, visit)?;
                }
            }
        }
        if let (Some(schema), Value::Array(items)) = (keywords.get("items"), value) {
            for (index, item) in items.iter().enumerate() {
                self.step(file, schema, item, &format!("{place}/{index}"), requirement, depth, visit)?;
            }
        }
        ControlFlow::Continue(())
    }
}

/// Members that `properties` doesn't name, in either spelling: which of the two is right is another matter.
fn undeclared(visit: &Visit<'_>) -> Option<SchemaIssue> {
    let requirement = visit.keywords.get("closed")?.as_str()?;
    let properties = visit.keywords.get("properties")?.as_object()?;
    let known = |name: &str| properties.contains_key(name) || properties.contains_key(&lower_camel(name));
    let members = visit.value.as_object()?.iter().filter(|(name, member)| !member.is_null() && !known(name));
    let names: Vec<&str> = members.map(|(name, _)| name.as_str()).collect();
    (!names.is_empty()).then(|| SchemaIssue {
        requirement: requirement.to_owned(),
        keyword: "undeclared-member".to_owned(),
        place: visit.place.to_owned(),
        expected: format!("no other members than {}", properties.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
        actual: shorten(names.join(", ")),
    })
}

/// `resourceOwner` for `resource_owner`.
#[must_use]
pub fn lower_camel(name: &str) -> String {
    let mut upper = false;
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else if upper {
            text.push(c.to_ascii_uppercase());
            upper = false;
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ADD: &str = "zitadel.management.v1.AddSecondFactorToLoginPolicyResponse";
    const LIST: &str = "zitadel.management.v1.ListLoginPolicySecondFactorsResponse";
    const STATUS: &str = "google.rpc.Status";

    fn beyond(message: &str, value: &Value) -> Vec<String> {
        let issues = Schemas::built_in().beyond_schema(message, value);
        issues.iter().map(|it| format!("{} {} {}: {}", it.requirement, it.keyword, it.place, it.actual)).collect()
    }

    #[test]
    fn undeclared_members_of_documented_objects_are_told() {
        assert_eq!(beyond(ADD, &json!({"details": {"sequence": "2", "resource_owner": "1", "x": null}})), [""; 0]);
        assert_eq!(
            beyond(ADD, &json!({"details": {"sequence": "2", "eventType": "x", "aggregateId": 1}, "code": 0})),
            [
                "SEED-DETAILS-KNOWN-MEMBERS undeclared-member : code",
                "SEED-DETAILS-KNOWN-MEMBERS undeclared-member /details: eventType, aggregateId"
            ]
        );
        assert_eq!(beyond(STATUS, &json!({"code": 6, "details": [{"@type": "x/y", "anything": 1}]})), [""; 0]);
        assert_eq!(beyond(STATUS, &json!({"code": 6, "error": "x"})), ["SEED-DETAILS-KNOWN-MEMBERS undeclared-member : error"]);
    }

    #[test]
    fn a_requirement_judges_only_what_is_there() {
        let schemas = Schemas::built_in();
        let judges = |message, value: Value, requirement| schemas.judges(message, &value, requirement);
        assert!(judges(ADD, json!({}), "SEED-RESP-DETAILS-OBJECT"));
        assert!(!judges(ADD, json!({"details": {"sequence": "1"}}), "SEED-DETAILS-DATE-TIME-FORMAT"));
        assert!(judges(ADD, json!({"details": {"changeDate": "x"}}), "SEED-DETAILS-DATE-TIME-FORMAT"));
        assert!(judges(ADD, json!({"details": {}}), "SEED-DETAILS-SEQUENCE-RANGE"));
        assert!(!judges(STATUS, json!({"code": 1, "details": []}), "SEED-ERROR-DETAILS-AT-TYPE"));
        assert!(judges(STATUS, json!({"code": 1, "details": [{}]}), "SEED-ERROR-DETAILS-AT-TYPE"));
        assert!(judges(LIST, json!({}), "STATE-LIST-TOTAL") && judges(LIST, json!({}), "DISC-SCHEMA-VALID"));
    }
}
