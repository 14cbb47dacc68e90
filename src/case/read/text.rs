//! Texts with captures: `$name` is the value of a capture, `$$` a dollar sign.

use serde_json::Value;

use super::super::model::{Text, TextPart};
use super::super::tree::Mark;
use super::Reader;
use crate::wire::Octets;

impl Reader<'_> {
    /// A text as it is written in a file.
    pub(super) fn template(&mut self, text: &str, at: &Mark) -> Text {
        let mut parts: Vec<TextPart> = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            literal.push_str(&rest[..dollar]);
            rest = &rest[dollar + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                literal.push('$');
                rest = after;
                continue;
            }
            let name = capture_name(rest);
            if name.is_empty() {
                self.mistake(at, "`$` begins the name of a capture", Some("write `$$` for a dollar sign".to_owned()));
                literal.push('$');
                continue;
            }
            rest = &rest[name.len()..];
            if name == VARIANT {
                literal.push_str(&self.variant_text(at));
                continue;
            }
            if name == RPC_PATH {
                literal.push_str(&self.rpc_path(at));
                continue;
            }
            if !literal.is_empty() {
                parts.push(TextPart::Literal(Octets(std::mem::take(&mut literal).into_bytes())));
            }
            self.uses.push((name.to_owned(), at.clone()));
            parts.push(TextPart::Capture(name.to_owned()));
        }
        literal.push_str(rest);
        if !literal.is_empty() || parts.is_empty() {
            parts.push(TextPart::Literal(Octets(literal.into_bytes())));
        }
        Text(parts)
    }

    /// The value of `$variant`; told where the case has no variants.
    pub(super) fn variant_value(&mut self, at: &Mark) -> Value {
        if let Some(value) = &self.variant {
            return value.clone();
        }
        self.mistake(at, "`$variant` has no value here", Some("give the case `variants` with values".to_owned()));
        Value::Null
    }

    /// The HTTP path of the step's operation, without the target's prefix.
    fn rpc_path(&mut self, at: &Mark) -> String {
        let template = self.spoken.and_then(|operation| operation.bindings.first()).map(|rule| &rule.template);
        match template.map(|template| (template.field_paths().next(), template.to_string())) {
            Some((None, path)) => return path,
            Some((Some(variable), _)) => {
                self.mistake(at, format!("the path of the operation holds `{variable}`"), Some("write it out".to_owned()))
            }
            None => {
                self.mistake(at, "`$rpc.path` has no value here", Some("write `rpc` with an operation that has an HTTP binding".to_owned()))
            }
        }
        String::new()
    }

    pub(super) fn variant_text(&mut self, at: &Mark) -> String {
        match self.variant_value(at) {
            Value::String(text) => text,
            value => value.to_string(),
        }
    }
}

/// What stands for the HTTP path of the operation.
const RPC_PATH: &str = "rpc.path";

/// The capture that stands for the variant of a case.
pub(super) const VARIANT: &str = "variant";

/// The name of a capture at the start of a text: words joined by dots.
pub(super) fn capture_name(text: &str) -> &str {
    let word = |text: &str| text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let mut end = word(text);
    if end == 0 || !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return "";
    }
    while text[end..].starts_with('.') {
        let more = word(&text[end + 1..]);
        if more == 0 {
            break;
        }
        end += 1 + more;
    }
    &text[..end]
}

/// Whether a text is one capture and nothing else; its name.
pub(super) fn only_capture(text: &str) -> Option<&str> {
    let name = capture_name(text.strip_prefix('$')?);
    (!name.is_empty() && name.len() + 1 == text.len()).then_some(name)
}
