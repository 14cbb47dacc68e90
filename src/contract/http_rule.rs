//! HTTP bindings: path templates and what they match (`google/api/http.proto`, Path template syntax).

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

pub use super::transcode::{TranscodeError, Transcoded};

/// One binding of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRule {
    /// The HTTP method in capitals.
    pub verb: String,
    /// The path.
    pub template: Template,
    /// What the request content is.
    pub body: BodyBinding,
    /// The field that is the response content; `None`: the whole message.
    pub response_body: Option<String>,
}

/// What the content of a request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyBinding {
    /// There is none; fields that the path doesn't bind are query parameters.
    None,
    /// The message, without the fields that the path binds.
    Whole,
    /// This field; the others are query parameters.
    Field(String),
}

/// A parsed path template; its text is what was parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    pub(super) segments: Vec<Segment>,
    pub(super) variables: Vec<Variable>,
    pub(super) suffix: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Literal(String),
    /// `*`: exactly one segment, not empty.
    One,
    /// `**`: all that follow, also none; only at the end.
    Rest,
}

/// A field that takes what a range of segments matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) field_path: String,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Why a text is no path template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A template is an absolute path.
    #[error("the template does not begin with a slash")]
    NoSlash,
    /// Two slashes in a row, or one at the end.
    #[error("there is an empty segment")]
    EmptySegment,
    /// `{` without `}`, a variable in a variable, or braces inside of a literal.
    #[error("the braces do not match")]
    Braces,
    /// A field path is identifiers joined by points.
    #[error("{0:?} is no field path")]
    FieldPath(String),
    /// `**` takes all that follows.
    #[error("** is not the last segment")]
    RestNotLast,
    /// A literal with a wildcard or a character that no path has.
    #[error("{0:?} is no literal")]
    Literal(String),
    /// A field can have one value only.
    #[error("the field {0} is bound twice")]
    BoundTwice(String),
    /// The suffix behind the colon is empty or has a slash.
    #[error("the suffix behind the colon is wrong")]
    Suffix,
}

impl Template {
    /// The template as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The field paths that the template binds.
    pub fn field_paths(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|variable| variable.field_path.as_str())
    }

    /// How many of its segments are literal.
    #[must_use]
    pub(super) fn literals(&self) -> usize {
        let literal = |segment: &&Segment| matches!(segment, Segment::Literal(_));
        self.segments.iter().filter(literal).count()
    }

    /// Whether a variable is one `*`: its value is one segment, in which a slash is encoded.
    pub(super) fn is_single(&self, variable: &Variable) -> bool {
        variable.end - variable.start == 1 && matches!(self.segments.get(variable.start), Some(Segment::One))
    }

    fn matches(&self, path: &str) -> Option<Vec<(String, String)>> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let mut rest = path.strip_prefix('/')?;
        if let Some(suffix) = &self.suffix {
            rest = rest.strip_suffix(suffix.as_str())?.strip_suffix(':')?;
        }
        let parts: Vec<&str> = if rest.is_empty() { Vec::new() } else { rest.split('/').collect() };
        let has_rest = matches!(self.segments.last(), Some(Segment::Rest));
        let fixed = self.segments.len() - usize::from(has_rest);
        if parts.len() < fixed || (parts.len() > fixed && !has_rest) {
            return None;
        }
        for (segment, part) in self.segments.iter().zip(&parts) {
            let matched = match segment {
                Segment::Literal(literal) => decode(part) == *literal,
                Segment::One => !part.is_empty(),
                Segment::Rest => break,
            };
            if !matched {
                return None;
            }
        }
        let value = |variable: &Variable| {
            let ends_in_rest = variable.end == self.segments.len() && has_rest;
            let end = if ends_in_rest { parts.len() } else { variable.end };
            let parts = parts.get(variable.start..end).unwrap_or_default();
            let value = if self.is_single(variable) {
                parts.first().map(|part| decode(part)).unwrap_or_default()
            } else {
                let parts: Vec<_> = parts.iter().map(|part| decode_but_slash(part)).collect();
                parts.join("/")
            };
            (variable.field_path.clone(), value)
        };
        Some(self.variables.iter().map(value).collect())
    }
}

/// Escapes that are none stay as they are: the value is then judged as the text it is.
fn decode(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// In a variable of several segments an encoded slash stays encoded, so that it can be told from a separator.
fn decode_but_slash(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    let mut rest = part;
    while let Some(at) = rest.find("%2").filter(|at| rest.len() >= at + 3) {
        let escape = rest.get(at..at + 3);
        if matches!(escape, Some("%2F" | "%2f")) {
            text.push_str(&decode(&rest[..at]));
            text.push_str(&rest[at..at + 3]);
            rest = &rest[at + 3..];
        } else {
            // Split behind "%2" would tear the escape apart, so this stretch ends before the next percent sign.
            let next = rest[at + 1..].find('%').map_or(rest.len(), |found| at + 1 + found);
            text.push_str(&decode(&rest[..next]));
            rest = &rest[next..];
        }
    }
    text.push_str(&decode(rest));
    text
}

impl HttpRule {
    /// The path variables, if a request with this method and path (a query is ignored) reaches the binding. Segments are
    /// compared as given, apart from percent-encoding; case and a final slash matter.
    #[must_use]
    pub fn matches(&self, verb: &str, path: &str) -> Option<Vec<(String, String)>> {
        (self.verb == verb).then(|| self.template.matches(path))?
    }
}

impl fmt::Display for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    /// `"/" Segments [":" LITERAL]`; a segment is `*`, `**`, a literal or `{field.path}` / `{field.path=segments}`.
    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let mut rest = text.strip_prefix('/').ok_or(TemplateError::NoSlash)?;
        let mut suffix = None;
        let last = rest.rfind(['/', '}']).map_or(0, |at| at + 1);
        if let Some(colon) = rest[last..].find(':') {
            let found = &rest[last + colon + 1..];
            if !is_literal(found) || found.contains(':') {
                return Err(TemplateError::Suffix);
            }
            suffix = Some(found.to_owned());
            rest = &rest[..last + colon];
        }
        let mut template = Self { text: text.to_owned(), segments: Vec::new(), variables: Vec::new(), suffix };
        let mut more = !rest.is_empty();
        while more {
            let end = if rest.starts_with('{') {
                let end = rest.find('}').ok_or(TemplateError::Braces)?;
                template.variable(&rest[1..end])?;
                end + 1
            } else {
                let end = rest.find('/').unwrap_or(rest.len());
                template.segment(&rest[..end])?;
                end
            };
            more = match rest[end..].chars().next() {
                None => false,
                Some('/') => true,
                Some(_) => return Err(TemplateError::Braces),
            };
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        let before_last = template.segments.len().saturating_sub(1);
        if template.segments[..before_last].contains(&Segment::Rest) {
            return Err(TemplateError::RestNotLast);
        }
        Ok(template)
    }
}

impl Template {
    fn segment(&mut self, text: &str) -> Result<(), TemplateError> {
        self.segments.push(match text {
            "" => return Err(TemplateError::EmptySegment),
            "*" => Segment::One,
            "**" => Segment::Rest,
            text if text.contains(['{', '}']) => return Err(TemplateError::Braces),
            text if is_literal(text) => Segment::Literal(decode(text)),
            text => return Err(TemplateError::Literal(text.to_owned())),
        });
        Ok(())
    }

    fn variable(&mut self, text: &str) -> Result<(), TemplateError> {
        let (field_path, segments) = text.split_once('=').unwrap_or((text, "*"));
        if !field_path.split('.').all(is_identifier) {
            return Err(TemplateError::FieldPath(field_path.to_owned()));
        }
        if self.field_paths().any(|bound| bound == field_path) {
            return Err(TemplateError::BoundTwice(field_path.to_owned()));
        }
        let start = self.segments.len();
        for segment in segments.split('/') {
            self.segment(segment)?;
        }
        self.variables.push(Variable { field_path: field_path.to_owned(), start, end: self.segments.len() });
        Ok(())
    }
}

fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// `pchar` of RFC 3986 without the `*` that is a wildcard here.
fn is_literal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-._~!$&'()+,;=:@%".contains(&octet))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(template: &str) -> HttpRule {
        HttpRule { verb: "GET".to_owned(), template: template.parse().unwrap(), body: BodyBinding::None, response_body: None }
    }

    fn matched(template: &str, path: &str) -> Option<Vec<(String, String)>> {
        rule(template).matches("GET", path)
    }

    fn one(name: &str, value: &str) -> Option<Vec<(String, String)>> {
        Some(vec![(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn templates_match_as_the_specification_says() {
        assert_eq!(matched("/v1/{name}", "/v1/a%2Fb%20c"), one("name", "a/b c"));
        assert_eq!(matched("/v1/{name}", "/v1/"), None);
        assert_eq!(matched("/v1/{name}", "/v1/a/b"), None);
        assert_eq!(matched("/v1/{name=messages/*}", "/v1/messages/1"), one("name", "messages/1"));
        assert_eq!(matched("/v1/{name=messages/*}", "/v1/other/1"), None);
        assert_eq!(matched("/v1/{a.b=**}", "/v1/x/y%2Fz%25/%2"), one("a.b", "x/y%2Fz%/%2"));
        assert_eq!(matched("/v1/{a=**}", "/v1"), one("a", ""));
        assert_eq!(matched("/v1/*/x:check", "/v1/q/x:check?y=1"), Some(vec![]));
        assert_eq!(matched("/v1/*/x:check", "/v1/q/x"), None);
        assert_eq!(matched("/v1/{id}:undelete", "/v1/7:undelete"), one("id", "7"));
        assert_eq!(matched("/v1/%5Fx", "/v1/_x"), Some(vec![]));
        assert_eq!(matched("/v1", "/v1/"), None);
        assert_eq!(matched("/v1", "v1"), None);
        assert_eq!(rule("/v1").matches("get", "/v1"), None);
    }

    #[test]
    fn decoding_happens_once() {
        assert_eq!(matched("/{type}", "/A%255FB"), one("type", "A%5FB"));
        assert_eq!(matched("/{type}", "/%zz%"), one("type", "%zz%"));
        assert_eq!(matched("/{type=**}", "/%252F/%é%2é"), one("type", "%2F/%é%2é"));
    }

    #[test]
    fn broken_templates_are_refused() {
        let error = |text: &str| text.parse::<Template>().unwrap_err();
        assert_eq!(error("v1"), TemplateError::NoSlash);
        assert_eq!(error("/v1//x"), TemplateError::EmptySegment);
        assert_eq!(error("/v1/"), TemplateError::EmptySegment);
        assert_eq!(error("/{a"), TemplateError::Braces);
        assert_eq!(error("/a{b}"), TemplateError::Braces);
        assert_eq!(error("/{a}b"), TemplateError::Braces);
        assert_eq!(error("/{a={b}}"), TemplateError::Braces);
        assert_eq!(error("/{1a}"), TemplateError::FieldPath("1a".to_owned()));
        assert_eq!(error("/**/a"), TemplateError::RestNotLast);
        assert_eq!(error("/a*"), TemplateError::Literal("a*".to_owned()));
        assert_eq!(error("/{a}/{a}"), TemplateError::BoundTwice("a".to_owned()));
        assert_eq!(error("/a:"), TemplateError::Suffix);
    }
}
