//! Finds keywords that answer for nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::requirement::Catalogue;
use super::schema::Schemas;

/// Keywords that assert nothing.
const ANNOTATIONS: [&str; 12] = [
    "closed",
    "whole",
    "$schema",
    "$id",
    "$comment",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "requirement",
];
/// Keywords that hold a map of schemas by name.
const BY_NAME: [&str; 3] = ["properties", "patternProperties", "dependentSchemas"];
/// Keywords that hold a list of schemas.
const LISTS: [&str; 2] = ["allOf", "prefixItems"];
/// Keywords that hold one schema and fail only where it fails.
const ONE: [&str; 1] = ["items"];

/// Whether a keyword itself can fail, not only what stands below it.
pub(super) fn asserts(keyword: &str) -> bool {
    let holds_schemas = [&BY_NAME[..], &LISTS, &ONE, &["$ref", "$defs"]].into_iter().any(|names| names.contains(&keyword));
    !holds_schemas && !ANNOTATIONS.contains(&keyword)
}

pub(super) fn lint(schemas: &Schemas, files: &BTreeMap<String, Value>, catalogue: &Catalogue) -> Vec<String> {
    let mut lint = Lint { schemas, catalogue, file: "", mistakes: Vec::new() };
    for (file, schema) in files {
        lint.file = file;
        lint.schema(schema, "", false);
    }
    lint.mistakes
}

struct Lint<'a> {
    schemas: &'a Schemas,
    catalogue: &'a Catalogue,
    file: &'a str,
    mistakes: Vec<String>,
}

impl Lint<'_> {
    fn say(&mut self, pointer: &str, message: &str) {
        self.mistakes.push(format!("{}#{pointer}: {message}", self.file));
    }

    fn schema(&mut self, schema: &Value, pointer: &str, covered: bool) {
        let Value::Object(keywords) = schema else {
            if !schema.is_boolean() {
                self.say(pointer, "is no schema");
            } else if schema == &Value::Bool(false) && !covered {
                self.say(pointer, "no requirement covers false");
            }
            return;
        };
        let covered = covered || keywords.contains_key("requirement");
        if let Some(requirement) = keywords.get("requirement") {
            self.requirement(requirement, pointer);
        }
        if let Some(requirement) = keywords.get("closed") {
            self.requirement(requirement, &format!("{pointer}/closed"));
            if !keywords.get("properties").is_some_and(Value::is_object) {
                self.say(pointer, "closed says nothing without properties");
            }
        }
        for (keyword, value) in keywords {
            let pointer = format!("{pointer}/{}", keyword.replace('~', "~0").replace('/', "~1"));
            match (keyword.as_str(), value) {
                (name, _) if ANNOTATIONS.contains(&name) => {}
                ("$ref", Value::String(reference)) => self.reference(reference, &pointer),
                // Reached by a reference from anywhere, so each covers itself.
                ("$defs", Value::Object(definitions)) => self.named(definitions, &pointer, false),
                (name, Value::Object(named)) if BY_NAME.contains(&name) => self.named(named, &pointer, covered),
                (name, Value::Array(list)) if LISTS.contains(&name) => {
                    for (index, schema) in list.iter().enumerate() {
                        self.schema(schema, &format!("{pointer}/{index}"), covered);
                    }
                }
                (name, schema) if ONE.contains(&name) => self.schema(schema, &pointer, covered),
                // Anything else asserts; alternatives (anyOf, if ...) fail as a whole and answer as a whole.
                _ if !covered => self.say(&pointer, "no requirement covers this keyword"),
                _ => {}
            }
        }
    }

    fn requirement(&mut self, requirement: &Value, pointer: &str) {
        match requirement.as_str() {
            None => self.say(pointer, "requirement is no text"),
            Some(id) if self.catalogue.get(id).is_none() => {
                let hint = self.catalogue.nearest(id).map(|near| format!(", perhaps {near}"));
                let message = format!("unknown requirement {id}{}", hint.unwrap_or_default());
                self.say(pointer, &message);
            }
            Some(_) => {}
        }
    }

    fn reference(&mut self, reference: &str, pointer: &str) {
        if self.schemas.resolve(self.file, reference).is_none() {
            self.say(pointer, &format!("{reference} leads nowhere"));
        }
    }

    fn named(&mut self, schemas: &serde_json::Map<String, Value>, pointer: &str, covered: bool) {
        for (name, schema) in schemas {
            let name = name.replace('~', "~0").replace('/', "~1");
            self.schema(schema, &format!("{pointer}/{name}"), covered);
        }
    }
}
