//! Octets to nodes, in one pass and with a bound on nesting.

use std::collections::HashSet;

use super::{Document, JsonError, Node};
use crate::contract::issue::{Issues, Place};

/// Nesting beyond this is refused, so that no input can exhaust the stack.
const DEEPEST: usize = 128;

/// Reads one JSON text (RFC 8259) strictly: no byte order mark, no comment, no trailing comma, nothing after the value.
///
/// # Errors
/// The first mistake; see [`JsonError`] for its kinds.
pub fn parse(octets: &[u8]) -> Result<Document, JsonError> {
    if octets.starts_with(b"\xef\xbb\xbf") {
        return Err(fail(octets, 0, "bom", "a byte order mark stands before the text"));
    }
    let text =
        std::str::from_utf8(octets).map_err(|error| fail(octets, error.valid_up_to(), "invalid-utf8", "the text is not valid UTF-8"))?;
    let mut parser = Parser { text, at: 0, issues: Issues::default(), place: Place::default() };
    parser.space();
    if parser.at == octets.len() {
        return Err(parser.fail("empty", "there is no value"));
    }
    let root = parser.value(0)?;
    parser.space();
    match parser.peek() {
        None => Ok(Document { root, issues: parser.issues.into_list() }),
        Some(b'/') => Err(parser.fail("comment", "JSON has no comments")),
        Some(_) => Err(parser.fail("trailing-data", "something follows the value")),
    }
}

fn fail(octets: &[u8], offset: usize, kind: &'static str, message: &str) -> JsonError {
    let before = octets.get(..offset).unwrap_or(octets);
    let line_start = before.iter().rposition(|&octet| octet == b'\n').map_or(0, |at| at + 1);
    let is_first = |octet: &&u8| **octet & 0xc0 != 0x80;
    JsonError {
        kind,
        offset,
        line: before.iter().filter(|&&octet| octet == b'\n').count() + 1,
        column: before[line_start..].iter().filter(is_first).count() + 1,
        message: message.to_owned(),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    issues: Issues,
    place: Place<'static>,
}

impl<'a> Parser<'a> {
    fn octets(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn peek(&self) -> Option<u8> {
        self.octets().get(self.at).copied()
    }

    fn fail(&self, kind: &'static str, message: &str) -> JsonError {
        fail(self.octets(), self.at, kind, message)
    }

    /// A mistake at the next octet: the end of the text, a comment, or what `kind` says.
    fn unexpected(&self, kind: &'static str, message: &str) -> JsonError {
        match self.peek() {
            None => self.fail("unexpected-end", "the text ends inside of the value"),
            Some(b'/') => self.fail("comment", "JSON has no comments"),
            Some(_) => self.fail(kind, message),
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, JsonError> {
        match self.peek() {
            Some(b'{' | b'[') if depth == DEEPEST => Err(self.fail("too-deep", "the value is nested more than 128 deep")),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Node::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'a'..=b'z' | b'A'..=b'Z') => self.literal(),
            _ => Err(self.unexpected("syntax", "a value is expected")),
        }
    }

    fn literal(&mut self) -> Result<Node, JsonError> {
        let rest = &self.octets()[self.at..];
        let length = rest.iter().position(|octet| !octet.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let node = match &rest[..length] {
            b"null" => Node::Null,
            b"true" => Node::Bool(true),
            b"false" => Node::Bool(false),
            word => {
                let at_end = length == rest.len();
                let begun = [&b"null"[..], b"true", b"false"].iter().any(|whole| whole.starts_with(word));
                return Err(if at_end && begun {
                    self.at += length;
                    self.fail("unexpected-end", "the text ends inside of the value")
                } else {
                    self.fail("literal", "null, true and false are the only words of JSON")
                });
            }
        };
        self.at += length;
        Ok(node)
    }

    fn number(&mut self) -> Result<Node, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.unexpected("number", "a digit is expected")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        // 01, 0x1, 1_000 and 1.2.3 end here, in the middle of what was meant as one number.
        if matches!(self.peek(), Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'.')) {
            return Err(self.fail("number", "this is no JSON number"));
        }
        Ok(Node::Number(self.text[start..self.at].to_owned()))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.unexpected("number", "a digit is expected"));
        }
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<Node, JsonError> {
        self.at += 1;
        let mut elements = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Node::Array(elements));
        }
        loop {
            self.place.index(elements.len());
            let element = self.value(depth + 1)?;
            self.place.leave();
            elements.push(element);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Node::Array(elements));
                }
                _ => return Err(self.unexpected("syntax", "a comma or ] is expected")),
            }
            self.space();
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node, JsonError> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Node::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("syntax", "a name in double quotes is expected"));
            }
            let name = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("syntax", "a colon is expected"));
            }
            self.at += 1;
            self.space();
            self.place.name(name.clone());
            let value = self.value(depth + 1)?;
            self.place.leave();
            members.push((name, value));
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                _ => return Err(self.unexpected("syntax", "a comma or } is expected")),
            }
            self.space();
        }
        let mut seen = HashSet::with_capacity(members.len());
        for (name, _) in &members {
            if !seen.insert(name.as_str()) {
                self.place.name(name.clone());
                self.issues.add("duplicate-name", &self.place, format!("the name {name:?} stands twice"));
                self.place.leave();
            }
        }
        Ok(Node::Object(members))
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let start = self.at;
            while self.peek().is_some_and(|octet| octet >= b' ' && octet != b'"' && octet != b'\\') {
                self.at += 1;
            }
            // Both ends are at ASCII octets or the end, so they are character boundaries.
            text.push_str(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => {
                    return Err(self.fail("control-character", "a control character stands unescaped"));
                }
                None => return Err(self.unexpected("syntax", "")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let start = self.at;
        self.at += 1;
        let character = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(start),
            None => return Err(self.unexpected("escape", "")),
            Some(_) => {
                self.at = start;
                return Err(self.fail("escape", "JSON has no such escape"));
            }
        };
        self.at += 1;
        Ok(character)
    }

    fn unicode(&mut self, start: usize) -> Result<char, JsonError> {
        self.at += 1;
        let first = self.hex()?;
        let scalar = match first {
            0xd800..=0xdbff if self.octets()[self.at..].starts_with(b"\\u") => {
                self.at += 2;
                let second = self.hex()?;
                if (0xdc00..=0xdfff).contains(&second) { 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00) } else { first }
            }
            other => other,
        };
        char::from_u32(scalar).ok_or_else(|| {
            self.at = start;
            self.fail("lone-surrogate", "half of a surrogate pair stands alone")
        })
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|octet| char::from(octet).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.unexpected("escape", "\\u needs four hexadecimal digits"));
            };
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }
}

#[cfg(test)]
#[path = "parser_tests.rs"]
mod tests;
