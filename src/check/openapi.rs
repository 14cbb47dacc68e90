//! An OpenAPI 2.0 document must describe the JSON that the contract makes (OpenAPI 2.0, "Paths Object"; ProtoJSON).
//!
//! Answers themselves are judged against the contract: where the document agrees with it, what keeps to the one keeps to the other.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::Value;

use super::registry::{Check, Judges, Need, Outcome, View};
use crate::contract::http_rule::BodyBinding;

pub(super) const CHECKS: &[Check] = &[Check {
    requirement: "DISC-OPENAPI",
    kinds: &["no-operation", "no-body-parameter", "no-response-schema", "type-differs"],
    judges: Judges::Every,
    need: Need { count: 1, codes: &[] },
    run: openapi,
}];

fn openapi(view: &View<'_>) -> Outcome {
    let Some(Ok(document)) = view.reading.document.as_ref().filter(|_| view.method.is_none()) else { return Outcome::NotApplicable };
    let document = document.root.to_value();
    if document.get("swagger").and_then(Value::as_str) != Some("2.0") {
        return Outcome::NotApplicable;
    }
    let base = document.get("basePath").and_then(Value::as_str).unwrap_or_default().trim_end_matches('/');
    let paths = document.get("paths").and_then(Value::as_object);
    let mut found = 0;
    for method in view.contract.descriptors.methods() {
        for rule in &method.bindings {
            let item = paths.into_iter().flatten().find(|(path, _)| plain(&format!("{base}{path}")) == plain(rule.template.as_str()));
            let Some(operation) = item.and_then(|(_, item)| item.get(rule.verb.to_ascii_lowercase())) else { continue };
            found += 1;
            let place = format!("{} {}", rule.verb, rule.template.as_str());
            if let Err((kind, expected, actual)) =
                Schemas::of(&document).operation(operation, rule.body != BodyBinding::None, &method.output)
            {
                return Outcome::violated(kind, expected, actual, place);
            }
        }
    }
    if found == 0 {
        return Outcome::violated(
            "no-operation",
            "the paths of the contract",
            format!("{} other paths", paths.map_or(0, serde_json::Map::len)),
            "paths",
        );
    }
    Outcome::Held
}

/// A path template without the names of its variables.
fn plain(template: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in template.chars() {
        match c {
            '{' => {
                inside = true;
                out.push_str("{}");
            }
            '}' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

/// Kind, expected, actual.
type Difference = (&'static str, String, String);

/// References lead to references: a target decides how many.
const DEEP: u32 = 16;

struct Schemas<'d> {
    document: &'d Value,
}

impl<'d> Schemas<'d> {
    fn of(document: &'d Value) -> Self {
        Self { document }
    }

    fn operation(&self, operation: &'d Value, has_body: bool, output: &MessageDescriptor) -> Result<(), Difference> {
        let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let body = parameters.filter(|it| it.get("in").and_then(Value::as_str) == Some("body")).any(|it| it.get("schema").is_some());
        if has_body && !body {
            return Err(("no-body-parameter", "a parameter in the body, with a schema".to_owned(), "none".to_owned()));
        }
        for status in ["200", "default"] {
            let schema = operation.pointer(&format!("/responses/{status}/schema"));
            let Some(schema) = schema else {
                return Err(("no-response-schema", format!("a schema of the response {status}"), "none".to_owned()));
            };
            if status == "200" {
                self.message(schema, output, DEEP)?;
            }
        }
        Ok(())
    }

    /// What a schema refers to, in the end.
    fn resolved(&self, mut schema: &'d Value) -> &'d Value {
        for _ in 0..DEEP {
            let target =
                schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#')).and_then(|at| self.document.pointer(at));
            match target {
                Some(target) => schema = target,
                None => break,
            }
        }
        schema
    }

    fn message(&self, schema: &'d Value, message: &MessageDescriptor, depth: u32) -> Result<(), Difference> {
        let schema = self.resolved(schema);
        for field in message.fields().filter(|_| depth > 0) {
            let properties = schema.get("properties");
            // A field that the document lacks, or that only it has, tells of the release.
            let Some(property) = properties.and_then(|all| all.get(field.json_name()).or_else(|| all.get(field.name()))) else { continue };
            self.field(property, &field, depth - 1)?;
        }
        Ok(())
    }

    fn field(&self, schema: &'d Value, field: &FieldDescriptor, depth: u32) -> Result<(), Difference> {
        let mut schema = self.resolved(schema);
        if field.is_map() {
            return said(schema, "object", field);
        }
        if field.is_list() {
            said(schema, "array", field)?;
            let Some(items) = schema.get("items") else { return Ok(()) };
            schema = self.resolved(items);
        }
        match field.kind() {
            Kind::Message(message) => match message.full_name() {
                "google.protobuf.Timestamp" | "google.protobuf.Duration" | "google.protobuf.FieldMask" => said(schema, "string", field),
                name if name.starts_with("google.protobuf.") => Ok(()),
                _ => self.message(schema, &message, depth),
            },
            Kind::Bool => said(schema, "boolean", field),
            Kind::Double | Kind::Float => said(schema, "number", field),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Uint32 | Kind::Fixed32 => said(schema, "integer", field),
            _ => said(schema, "string", field),
        }
    }
}

/// A schema that names no type allows each.
fn said(schema: &Value, wanted: &str, field: &FieldDescriptor) -> Result<(), Difference> {
    match schema.get("type").and_then(Value::as_str) {
        None => Ok(()),
        Some(said) if said == wanted => Ok(()),
        Some(said) => Err(("type-differs", format!("{} of type {wanted}, as it is sent", field.full_name()), said.to_owned())),
    }
}
