//! YAML text as a tree in which every key and every value knows its place.
//!
//! YAML guesses what an unquoted word is, and guesses differ between its versions: `no`, `0801`, `1:30` and `2023-05-02` are each something
//! else than they look. In what people write here an unquoted word is a text, a decimal number, `true`, `false` or `null`; every other guess is a mistake.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};

/// The place of a key or value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mark {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Octets of the text.
    pub span: Range<usize>,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Yaml,
    /// Where it stands.
    pub mark: Mark,
}

/// A YAML value in which nothing was guessed.
#[derive(Debug, Clone, PartialEq)]
pub enum Yaml {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A decimal number as JSON writes it.
    Number(Number),
    /// Text, quoted or not.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order in which it was written; keys are unique.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub at: Mark,
    /// The value.
    pub value: Node,
}

/// What is wrong with the text itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Where.
    pub at: Mark,
    /// What.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Node {
    /// The value of a key, where this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The entries, where this is a mapping.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Yaml::Map(entries) => entries,
            _ => &[],
        }
    }

    /// What it is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.value {
            Yaml::Null => "null",
            Yaml::Bool(_) => "a truth value",
            Yaml::Number(_) => "a number",
            Yaml::Text(_) => "text",
            Yaml::List(_) => "a list",
            Yaml::Map(_) => "a mapping",
        }
    }

    /// The value as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.value {
            Yaml::Null => Value::Null,
            Yaml::Bool(value) => Value::Bool(*value),
            Yaml::Number(value) => Value::Number(value.clone()),
            Yaml::Text(value) => Value::String(value.clone()),
            Yaml::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Yaml::Map(entries) => {
                Value::Object(entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect::<Map<_, _>>())
            }
        }
    }
}

/// Reads one file. The tree is as complete as it can be; `None` where the text is no YAML at all.
#[must_use]
pub fn read(text: &str) -> (Option<Node>, Vec<Complaint>) {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: DEPTH },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        strict_booleans: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(raw) => {
            let mut reader = Reader { text, complaints: Vec::new() };
            let node = reader.node(raw);
            (Some(node), reader.complaints)
        }
        Err(error) => {
            let at = error.location().map_or_else(Mark::default, |location| mark(text, &location));
            let message = error.to_string();
            let first = message.lines().next().unwrap_or_default();
            // The place is told by the mark.
            let what = first.split_once(" at line ").map_or(first, |(what, _)| what);
            let message = match what.contains("multiple YAML documents") {
                true => "a second document begins here: a file holds one".to_owned(),
                false => format!("this is no YAML: {what}"),
            };
            (None, vec![Complaint { at, message, hint: None }])
        }
    }
}

/// Nobody writes deeper by hand, and the readers descend by recursion.
const DEPTH: usize = 32;

fn mark(text: &str, location: &serde_saphyr::Location) -> Mark {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let span = location.span();
    let start = floor(text, number(span.byte_offset().unwrap_or(0)));
    let end = floor(text, start.saturating_add(number(span.byte_len().unwrap_or(0)))).max(start);
    Mark { line: number(location.line()).max(1), column: number(location.column()).max(1), span: start..end }
}

/// The next place at or before this one where the text may be cut.
pub(super) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

struct Reader<'a> {
    text: &'a str,
    complaints: Vec<Complaint>,
}

impl Reader<'_> {
    fn complain(&mut self, at: &Mark, message: String, hint: &str) {
        self.complaints.push(Complaint { at: at.clone(), message, hint: Some(hint.to_owned()) });
    }

    fn node(&mut self, raw: Spanned<Raw>) -> Node {
        let at = mark(self.text, &raw.referenced);
        if raw.referenced != raw.defined {
            self.complain(&at, "aliases are not used in these files".to_owned(), "write the value out");
        } else {
            self.properties(&at);
        }
        let value = match raw.value {
            Raw::Scalar(text) => self.scalar(text, &at),
            Raw::List(items) => Yaml::List(items.into_iter().map(|item| self.node(item)).collect()),
            Raw::Map(pairs) => Yaml::Map(self.entries(pairs)),
        };
        Node { value, mark: at }
    }

    fn entries(&mut self, pairs: Vec<(Spanned<Raw>, Spanned<Raw>)>) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::with_capacity(pairs.len());
        for (raw_key, raw_value) in pairs {
            let key = self.node(raw_key);
            let value = self.node(raw_value);
            let name = match key.value {
                Yaml::Text(name) => name,
                Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) => self.text[key.mark.span.clone()].to_owned(),
                Yaml::List(_) | Yaml::Map(_) => {
                    self.complain(&key.mark, "a key is one word".to_owned(), "write a text as key");
                    continue;
                }
            };
            if name == "<<" {
                self.complain(&key.mark, "merge keys are not used in these files".to_owned(), "write the members out");
            } else if let Some(first) = entries.iter().find(|entry| entry.key == name) {
                let hint = format!("the first one stands in line {}", first.at.line);
                self.complain(&key.mark, format!("the key `{name}` is there twice"), &hint);
            } else {
                entries.push(Entry { key: name, at: key.mark, value });
            }
        }
        entries
    }

    /// Anchors and tags stand before the node that they belong to.
    fn properties(&mut self, at: &Mark) {
        let line_start = |at: usize| self.text[..at].rfind('\n').map_or(0, |n| n + 1);
        let before = self.text[..at.span.start].trim_end();
        let line = &before[line_start(before.len())..];
        let word = line.rsplit([' ', '[', '{', ',']).next().unwrap_or("");
        if line.contains('#') || word.len() < 2 {
            return;
        }
        let (message, hint) = match word.as_bytes()[0] {
            b'&' => ("anchors are not used in these files", "write the value out where it is needed"),
            b'!' => ("tags are not used in these files", "quote the value where it is text"),
            _ => return,
        };
        let line_number = before.bytes().filter(|octet| *octet == b'\n').count() + 1;
        let column = line.chars().count() - word.chars().count() + 1;
        let place = Mark { line: line_number, column, span: before.len() - word.len()..before.len() };
        self.complain(&place, message.to_owned(), hint);
    }

    fn scalar(&mut self, text: String, at: &Mark) -> Yaml {
        let source = &self.text[at.span.clone()];
        match source.as_bytes().first() {
            None => {
                self.complain(at, "a value is missing here".to_owned(), "write `null`, `{}`, `[]` or `\"\"` where nothing is meant");
                Yaml::Null
            }
            Some(b'"' | b'\'' | b'|' | b'>') => Yaml::Text(text),
            Some(_) => match plain(source) {
                Plain::Value(value) => value,
                Plain::Guess(what) => {
                    self.complain(at, format!("`{source}` without quotes is {what}"), &format!("quote it: \"{source}\""));
                    Yaml::Text(text)
                }
            },
        }
    }
}

enum Plain {
    Value(Yaml),
    Guess(&'static str),
}

/// What an unquoted word is.
fn plain(word: &str) -> Plain {
    match word {
        "null" => return Plain::Value(Yaml::Null),
        "true" => return Plain::Value(Yaml::Bool(true)),
        "false" => return Plain::Value(Yaml::Bool(false)),
        _ => {}
    }
    let lower = word.to_ascii_lowercase();
    if matches!(lower.as_str(), "yes" | "no" | "on" | "off" | "y" | "n" | "true" | "false") {
        return Plain::Guess("a truth value in some versions of YAML and text in others");
    }
    if matches!(lower.as_str(), "null" | "~") {
        return Plain::Guess("null in some versions of YAML");
    }
    if matches!(lower.trim_start_matches(['+', '-']), ".inf" | ".nan") {
        return Plain::Guess("no number in JSON");
    }
    let digits = word.trim_start_matches(['+', '-']);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || !digits.bytes().any(|b| b.is_ascii_digit()) {
        return Plain::Value(Yaml::Text(word.to_owned()));
    }
    if let Some(number) = decimal(word) {
        return number;
    }
    let only = |more: &str| digits.chars().all(|c| c.is_ascii_digit() || more.contains(c));
    match digits.as_bytes() {
        [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', ..] => Plain::Guess("a number in another base"),
        _ if date(word) => Plain::Guess("a date in some versions of YAML"),
        _ if only(":") && digits.contains(':') => Plain::Guess("a number to the base of 60 in some versions of YAML"),
        _ if only("_.eE+-") => Plain::Guess("a number in some versions of YAML, but not in JSON"),
        _ => Plain::Value(Yaml::Text(word.to_owned())),
    }
}

/// A number exactly as JSON writes it.
fn decimal(word: &str) -> Option<Plain> {
    let number: Number = serde_json::from_str(word).ok()?;
    let whole = !word.contains(['.', 'e', 'E']);
    if whole && !(number.is_i64() || number.is_u64()) {
        return Some(Plain::Guess("a number too large to be kept exactly"));
    }
    Some(Plain::Value(Yaml::Number(number)))
}

fn date(word: &str) -> bool {
    let parts: Vec<&str> = word.splitn(3, '-').collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3 && parts[0].len() == 4 && digits(parts[0]) && digits(parts[1]) && parts[2].starts_with(|c: char| c.is_ascii_digit())
}

/// A tree as the parser gives it; scalars are looked at again in the text.
enum Raw {
    Scalar(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(String::new()))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(String::new()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Scalar(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

#[cfg(test)]
mod tests;
