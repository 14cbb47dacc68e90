//! The shape oracle: a JSON Schema (2020-12) for each answer, found by the full name of its message.
//!
//! Files are `schemas/contract/<message full name>.json`; a `$ref` names another file. `format` is asserted. A member that
//! is `null` counts as absent. Undeclared members are allowed. `counts` is a keyword of our own. An annotation `requirement: ID` beside a keyword, or the
//! nearest one up the evaluation path, says what its violation answers for; a requirement that isn't judged on the wire
//! of an answer ([`Requirement::is_on`](super::requirement::Requirement::is_on)) is for the caller to leave out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, Retrieve, Uri, ValidationError, Validator};
use serde::Serialize;
use serde_json::Value;

use super::issue::shorten;
use super::requirement::Catalogue;

static BUILT_IN: &str = include_str!(concat!(env!("OUT_DIR"), "/schemas.json"));
const BASE: &str = "contract:///";

/// The schemas of a contract. Each is compiled when it is first used.
#[derive(Debug)]
pub struct Schemas {
    files: Arc<BTreeMap<String, Value>>,
    compiled: BTreeMap<String, OnceLock<Result<Validator, String>>>,
    spoken: BTreeMap<String, OnceLock<BTreeSet<String>>>,
    named: OnceLock<BTreeSet<String>>,
}

/// One way in which an answer has not the promised shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchemaIssue {
    /// The requirement that is violated.
    pub requirement: String,
    /// The keyword that says so, e.g. `type`, `required`, `format`: a stable kind. `broken-schema` if the schema itself
    /// can't be used.
    pub keyword: String,
    /// JSON pointer to the value; of a missing member, to where it should be.
    pub place: String,
    /// What the schema accepts.
    pub expected: String,
    /// What was there.
    pub actual: String,
}

/// Why files are no schemas.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}")]
pub struct SchemasError {
    /// The file.
    pub file: String,
    /// What its reader says.
    pub message: String,
}

#[derive(Debug)]
struct Files(Arc<BTreeMap<String, Value>>);

impl Retrieve for Files {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.as_str().trim_start_matches(BASE);
        self.0.get(name).cloned().ok_or_else(|| format!("there is no schema {name}").into())
    }
}

impl Schemas {
    /// The schemas that are compiled in.
    ///
    /// # Panics
    /// Never with what the build script made of the files; a test reads it.
    #[must_use]
    pub fn built_in() -> Self {
        let files: BTreeMap<String, Value> = serde_json::from_str(BUILT_IN).expect("the schemas that are compiled in are JSON");
        Self::new(files)
    }

    /// Schemas of another suite, as pairs of file name and text.
    ///
    /// # Errors
    /// A file that is no JSON. What else is wrong with a schema is told by [`Schemas::lint`].
    pub fn from_files<N: Into<String>, T: AsRef<str>>(files: impl IntoIterator<Item = (N, T)>) -> Result<Self, SchemasError> {
        let mut read = BTreeMap::new();
        for (file, text) in files {
            let file = file.into();
            let schema =
                serde_json::from_str(text.as_ref()).map_err(|error| SchemasError { file: file.clone(), message: error.to_string() })?;
            read.insert(file, schema);
        }
        Ok(Self::new(read))
    }

    fn new(files: BTreeMap<String, Value>) -> Self {
        let compiled = files.keys().map(|name| (name.clone(), OnceLock::new())).collect();
        let spoken = files.keys().map(|name| (name.clone(), OnceLock::new())).collect();
        Self { files: Arc::new(files), compiled, spoken, named: OnceLock::new() }
    }

    /// Whether there is a schema for a message.
    #[must_use]
    pub fn has(&self, message: &str) -> bool {
        self.compiled.contains_key(&file_of(message))
    }

    /// Every message that has a schema.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.files.keys().filter_map(|name| name.strip_suffix(".json"))
    }

    /// Files by name.
    pub(super) fn files(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.files.iter()
    }

    /// Every requirement that a schema answers for.
    #[must_use]
    pub fn requirements(&self) -> &BTreeSet<String> {
        self.named.get_or_init(|| self.files.keys().flat_map(|file| self.requirements_of(file)).collect())
    }

    /// Whether the schema of a message answers for a requirement: by an annotation in it or in what it refers to, or as a whole.
    #[must_use]
    pub fn speaks_of(&self, message: &str, requirement: &str) -> bool {
        let file = file_of(message);
        let Some(spoken) = self.spoken.get(&file) else { return false };
        spoken.get_or_init(|| self.requirements_of(&file)).contains(requirement)
    }

    /// The requirement that any mistake in an answer violates beside its own: the annotation `whole` at the root of the schema.
    #[must_use]
    pub fn whole(&self, message: &str) -> Option<&str> {
        self.files.get(&file_of(message))?.get("whole")?.as_str()
    }

    fn requirements_of(&self, file: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![(file.to_owned(), self.files.get(file).unwrap_or(&Value::Null))];
        let mut followed = BTreeSet::new();
        while let Some((file, schema)) = open.pop() {
            match schema {
                Value::Object(keywords) => {
                    found.extend(
                        ["requirement", "whole", "closed"].into_iter().filter_map(|key| keywords.get(key)?.as_str().map(str::to_owned)),
                    );
                    if let Some(reference) = keywords.get("$ref").and_then(Value::as_str)
                        && followed.insert((file.clone(), reference.to_owned()))
                        && let Some(target) = self.resolve(&file, reference)
                    {
                        open.push(target);
                    }
                    // What only a reference leads to is entered by that reference.
                    open.extend(keywords.iter().filter(|(key, _)| *key != "$defs").map(|(_, inner)| (file.clone(), inner)));
                }
                Value::Array(items) => open.extend(items.iter().map(|inner| (file.clone(), inner))),
                _ => {}
            }
        }
        found
    }

    /// What of an answer has not the shape of its message; nothing where there is no schema ([`Schemas::has`]).
    #[must_use]
    pub fn validate(&self, message: &str, answer: &Value) -> Vec<SchemaIssue> {
        let file = file_of(message);
        let Some(schema) = self.files.get(&file) else {
            return Vec::new();
        };
        let validator = match self.validator(&file) {
            Some(Ok(validator)) => validator,
            Some(Err(message)) => return vec![broken(message)],
            None => return Vec::new(),
        };
        let mut answer = answer.clone();
        drop_null_members(&mut answer);
        validator.iter_errors(&answer).map(|error| self.issue(&file, schema, &error)).collect()
    }

    fn validator(&self, file: &str) -> Option<&Result<Validator, String>> {
        let schema = self.files.get(file)?;
        Some(self.compiled.get(file)?.get_or_init(|| {
            jsonschema::options()
                .with_draft(Draft::Draft202012)
                .with_base_uri(format!("{BASE}{file}"))
                .with_retriever(Files(Arc::clone(&self.files)))
                .with_format("uint64", is_uint64)
                .with_keyword(super::schema_counts::NAME, super::schema_counts::keyword)
                .should_validate_formats(true)
                .should_ignore_unknown_formats(false)
                .build(schema)
                .map_err(|error| error.to_string())
        }))
    }

    fn issue(&self, file: &str, schema: &Value, error: &ValidationError<'_>) -> SchemaIssue {
        let kind = error.kind();
        let mut place = error.instance_path().to_string();
        let mut actual = shorten(error.instance().to_string());
        if let ValidationErrorKind::Required { property: Value::String(name) } = kind {
            place.push('/');
            place.push_str(&name.replace('~', "~0").replace('/', "~1"));
            "absent".clone_into(&mut actual);
        }
        SchemaIssue {
            requirement: self.requirement(file, schema, error.evaluation_path().to_string().as_str()).unwrap_or_default(),
            keyword: kind.keyword().to_owned(),
            place,
            expected: expected(kind),
            actual,
        }
    }

    /// The annotation nearest to the end of an evaluation path, which goes through `$ref`.
    fn requirement(&self, file: &str, schema: &Value, path: &str) -> Option<String> {
        let (mut file, mut at) = (file.to_owned(), schema);
        let mut found = annotation(at);
        for token in path.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            at = if token == "$ref" {
                let (target, schema) = self.resolve(&file, at.get("$ref")?.as_str()?)?;
                file = target;
                schema
            } else {
                match at {
                    Value::Array(schemas) => schemas.get(token.parse::<usize>().ok()?)?,
                    _ => match at.get(&token) {
                        Some(inner) => inner,
                        None => break,
                    },
                }
            };
            found = annotation(at).or(found);
        }
        found
    }

    /// What a `$ref` in a file names: `other.json`, `other.json#/$defs/x` or `#/$defs/x`.
    pub(super) fn resolve(&self, file: &str, reference: &str) -> Option<(String, &Value)> {
        let (name, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let name = if name.is_empty() { file } else { name };
        let schema = self.files.get(name)?.pointer(pointer)?;
        Some((name.to_owned(), schema))
    }

    /// What is wrong with the schemas themselves: a keyword without a requirement, an unknown id, a reference that leads
    /// nowhere, a schema that can't be compiled.
    #[must_use]
    pub fn lint(&self, catalogue: &Catalogue) -> Vec<String> {
        let mut mistakes = super::schema_lint::lint(self, &self.files, catalogue);
        for file in self.files.keys() {
            if let Some(Err(message)) = self.validator(file) {
                mistakes.push(format!("{file}: {message}"));
            }
        }
        mistakes
    }
}

fn file_of(message: &str) -> String {
    format!("{message}.json")
}

fn annotation(schema: &Value) -> Option<String> {
    // A property may be called "requirement" as well; its value is a schema, not a text.
    schema.get("requirement")?.as_str().map(str::to_owned)
}

fn broken(message: &str) -> SchemaIssue {
    SchemaIssue {
        requirement: String::new(),
        keyword: "broken-schema".to_owned(),
        place: String::new(),
        expected: "a schema that can be used".to_owned(),
        actual: message.to_owned(),
    }
}

/// Elements of an array stay, or the places of the others would be wrong (and `null` in a list is a value).
fn drop_null_members(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_null_members);
        }
        Value::Array(elements) => elements.iter_mut().for_each(drop_null_members),
        _ => {}
    }
}

/// Decimal digits without sign or leading zero that fit 64 bits.
fn is_uint64(text: &str) -> bool {
    let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|octet| octet.is_ascii_digit()));
    plain && text.parse::<u64>().is_ok()
}

fn expected(kind: &ValidationErrorKind) -> String {
    match kind {
        ValidationErrorKind::Required { property } => format!("a member {property}"),
        ValidationErrorKind::Type { kind } => match kind {
            jsonschema::error::TypeKind::Single(one) => format!("type {one}"),
            jsonschema::error::TypeKind::Multiple(_) => "another type".to_owned(),
        },
        ValidationErrorKind::Format { format } => format!("format {format}"),
        ValidationErrorKind::Pattern { pattern } => format!("text like {pattern}"),
        ValidationErrorKind::Enum { options } => format!("one of {options}"),
        ValidationErrorKind::Constant { expected_value } => format!("{expected_value}"),
        ValidationErrorKind::Minimum { limit } => format!("at least {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("at most {limit}"),
        ValidationErrorKind::MinLength { limit } => format!("at least {limit} characters"),
        ValidationErrorKind::Custom { message, .. } => message.clone(),
        other => format!("what {} says", other.keyword()),
    }
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
