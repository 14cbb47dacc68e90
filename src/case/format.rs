//! The JSON Schema of case files and suites for editors, written from the [table of keys](super::keys).

use serde_json::{Map, Value, json};

use super::keys::{self, Form, Table};

/// File name and content of the schemas that `schemas/format/` holds.
#[must_use]
pub fn format_schema() -> [(&'static str, String); 2] {
    [
        ("case.schema.json", document("A file of cases", &keys::FILE)),
        ("suite.schema.json", document("A suite: callers, start states and the probe", &keys::SUITE)),
    ]
}

fn document(title: &str, root: &'static Table) -> String {
    let mut used: Vec<&'static Table> = Vec::new();
    collect(root, &mut used);
    let definitions: Map<String, Value> = keys::TABLES
        .iter()
        .filter(|table| table.name != root.name && used.iter().any(|other| other.name == table.name))
        .map(|table| (table.name.to_owned(), mapping(table)))
        .collect();
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!(title));
    if let Value::Object(members) = mapping(root) {
        schema.extend(members);
    }
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    let mut text = serde_json::to_string_pretty(&Value::Object(schema)).unwrap_or_default();
    text.push('\n');
    text
}

fn collect(table: &'static Table, used: &mut Vec<&'static Table>) {
    if used.iter().any(|other| other.name == table.name) {
        return;
    }
    used.push(table);
    for key in table.keys {
        tables_of(&key.form, used);
    }
}

fn tables_of(form: &'static Form, used: &mut Vec<&'static Table>) {
    match form {
        Form::Mapping(table) => collect(table, used),
        Form::Above(name) => keys::TABLES.iter().filter(|table| table.name == *name).for_each(|table| collect(table, used)),
        Form::OneOrMore(inner) | Form::List(inner) | Form::Names(inner) => tables_of(inner, used),
        Form::Either(forms) => forms.iter().for_each(|form| tables_of(form, used)),
        Form::Any | Form::Text | Form::Truth | Form::Count | Form::Word(_) | Form::Matching(_) => {}
    }
}

fn mapping(table: &Table) -> Value {
    let properties: Map<String, Value> = table
        .keys
        .iter()
        .map(|key| {
            let mut schema = Map::from_iter([("description".to_owned(), json!(key.about))]);
            if let Value::Object(members) = form(&key.form) {
                schema.extend(members);
            }
            (key.name.to_owned(), Value::Object(schema))
        })
        .collect();
    let required: Vec<&str> = table.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    Value::Object(schema)
}

fn form(form_of: &Form) -> Value {
    match form_of {
        Form::Any => json!({}),
        Form::Text => json!({ "type": "string" }),
        Form::Truth => json!({ "type": "boolean" }),
        Form::Count => json!({ "type": "integer", "minimum": 0 }),
        Form::Word(words) => json!({ "enum": words }),
        Form::Matching(pattern) => json!({ "type": "string", "pattern": pattern }),
        Form::OneOrMore(inner) => json!({ "anyOf": [form(inner), { "type": "array", "items": form(inner), "minItems": 1 }] }),
        Form::List(inner) => json!({ "type": "array", "items": form(inner) }),
        Form::Names(inner) => json!({ "type": "object", "additionalProperties": form(inner) }),
        Form::Mapping(table) => json!({ "$ref": format!("#/$defs/{}", table.name) }),
        Form::Above(name) => json!({ "$ref": format!("#/$defs/{name}") }),
        Form::Either(forms) => json!({ "anyOf": forms.iter().map(form).collect::<Vec<_>>() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checked_in_schemas_are_those_of_the_table_of_keys() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/format");
        for (name, text) in format_schema() {
            let file = folder.join(name);
            if std::env::var_os("TRIWIRE_WRITE_SCHEMAS").is_some() {
                std::fs::write(&file, &text).unwrap();
            }
            let kept = std::fs::read_to_string(&file).unwrap_or_default();
            assert_eq!(kept, text, "{name} is not up to date: run the tests once with TRIWIRE_WRITE_SCHEMAS=1");
        }
    }

    #[test]
    fn the_schemas_are_valid_and_accept_the_built_in_suite() {
        for (name, text) in format_schema() {
            let schema: Value = serde_json::from_str(&text).unwrap();
            let validator = jsonschema::validator_for(&schema).unwrap();
            for (file, text) in crate::case::Suite::built_in_files() {
                let is_suite = file.as_os_str() == "suite.yaml";
                if is_suite == (name == "suite.schema.json") {
                    let value = crate::case::tree::read(&text).0.map(|node| node.to_json()).unwrap_or_default();
                    let errors: Vec<String> = validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
                    assert!(errors.is_empty(), "{}: {errors:?}", file.display());
                }
            }
        }
    }
}
