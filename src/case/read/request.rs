//! What a step sends.

use super::super::keys;
use super::super::model::{HeaderEdit, Length, Payload, StepKind, Text, TextPart};
use super::super::tree::{Entry, Mark, Node, Yaml};
use super::pattern::{Purpose, Shape};
use super::{Reader, place};
use crate::contract::descriptors::Method;
use crate::wire::{Defect, Wire};

/// The forms of a request; one at most stands in a step.
pub(super) const FORMS: [&str; 7] = ["send", "json", "bytes", "frames", "http", "raw", "wait"];

/// What a message may be filled up to.
const LONGEST_MESSAGE: u64 = 128 << 20;

/// A minute, in milli-seconds: a run waits for nothing longer than that by itself.
const LONGEST_WAIT: u64 = 60_000;

impl Reader<'_> {
    /// What is done, by the form that is there; without one an empty message is sent.
    pub(super) fn request(&mut self, node: &Node, operation: Option<&Method>) -> StepKind {
        let forms: Vec<&Entry> = node.entries().iter().filter(|entry| FORMS.contains(&entry.key.as_str())).collect();
        if let [first, second, ..] = forms.as_slice() {
            let message = format!("`{}` stands beside `{}`: a step sends one thing", second.key, first.key);
            self.mistake(&second.at, message, None);
        }
        let form = forms.first();
        match form.map(|form| form.key.as_str()) {
            Some("wait") => return StepKind::Wait(form.and_then(|form| self.pause(&form.value)).unwrap_or_default()),
            Some("http") => return form.map_or(StepKind::Wait(0), |form| self.http(&form.value)),
            Some("raw") => {
                let script = form.map(|form| self.script(&form.value)).unwrap_or_default();
                return StepKind::Raw { rpc: operation.map(Method::full_name), script };
            }
            _ => {}
        }
        if operation.is_none() && node.get("rpc").is_none() {
            self.mistake(
                place(node),
                "it isn't said which operation is called",
                Some("write `rpc`, here or at the top of the file".to_owned()),
            );
        }
        let rpc = operation.map(|operation| operation.full_name()).unwrap_or_default();
        StepKind::Call {
            rpc,
            send: form.map_or(Payload::Message(super::super::model::Pattern::Object(Vec::new())), |form| self.payload(form, operation)),
        }
    }

    /// Milli-seconds that a step may wait.
    pub(super) fn pause(&mut self, node: &Node) -> Option<u64> {
        let milliseconds = self.count(node)?;
        if milliseconds > LONGEST_WAIT {
            self.mistake(
                &node.mark,
                format!("{milliseconds} ms is longer than a step may wait"),
                Some(format!("at most {LONGEST_WAIT} ms")),
            );
            return None;
        }
        Some(milliseconds)
    }

    fn payload(&mut self, form: &Entry, operation: Option<&Method>) -> Payload {
        let node = &form.value;
        match form.key.as_str() {
            "json" => {
                let variable = operation.and_then(|operation| operation.bindings.first()?.template.field_paths().next());
                if let Some(variable) = variable {
                    let hint = "write the path out with `http`".to_owned();
                    self.mistake(&form.at, format!("a body alone doesn't call this operation: its path holds `{variable}`"), Some(hint));
                }
                Payload::Json(self.body_text(node))
            }
            "bytes" if matches!(node.value, Yaml::Map(_)) => self.filled(node),
            "bytes" => Payload::Bytes(self.hex(node).unwrap_or_default()),
            "frames" => Payload::Frames(self.hex(node).unwrap_or_default()),
            _ => {
                let shape = operation.map_or(Shape::Free, |operation| Shape::Message(operation.input.clone()));
                Payload::Message(self.pattern(node, &shape, Purpose::Send))
            }
        }
    }

    /// A message of a certain length.
    fn filled(&mut self, node: &Node) -> Payload {
        let mut length = Length::Octets(0);
        if self.keys(node, &keys::FILLED) {
            let octets = node.get("length").and_then(|node| self.count(node)).map(Length::Octets);
            let above = node.get("above-limit").and_then(|node| self.count(node)).map(Length::AboveLimit);
            match (octets, above) {
                (Some(one), None) | (None, Some(one)) => length = one,
                _ => {
                    let hint = "write one of `length` and `above-limit`".to_owned();
                    self.mistake(place(node), "it isn't said how long the message is", Some(hint));
                }
            }
            if let Length::Octets(octets @ LONGEST_MESSAGE..) | Length::AboveLimit(octets @ LONGEST_MESSAGE..) = length {
                self.mistake(place(node), format!("{octets} octets are more than a message may have here"), None);
                length = Length::Octets(0);
            }
        }
        Payload::Filled { start: node.get("start").and_then(|start| self.hex(start)).unwrap_or_default(), length }
    }

    fn http(&mut self, node: &Node) -> StepKind {
        let mut verb = String::new();
        let mut path = Text(Vec::new());
        let mut content = None;
        if self.keys(node, &keys::HTTP) {
            if let Some(method) = node.get("method")
                && let Some(text) = self.text(method)
            {
                verb = self.literal(text, &method.mark);
            }
            if let Some(target) = node.get("path")
                && let Some(text) = self.text(target)
            {
                if !text.starts_with(['/', '$', '*']) {
                    self.mistake(&target.mark, format!("the path `{text}` doesn't begin with `/`"), None);
                }
                path = self.template(text, &target.mark);
            }
            content = node.get("content").map(|node| self.body_text(node));
        }
        StepKind::Http { verb, path, content }
    }

    /// A text that is known before anything is sent: `$variant` may stand in it, a capture may not.
    fn literal(&mut self, text: &str, at: &Mark) -> String {
        if let [TextPart::Literal(octets)] = self.template(text, at).0.as_slice() {
            return octets.text().into_owned();
        }
        self.mistake(at, "no capture may stand here", None);
        String::new()
    }

    /// Text with captures, or `{ hex: ... }`.
    pub(super) fn body_text(&mut self, node: &Node) -> Text {
        match node.entries() {
            [entry] if entry.key == "hex" => Text(self.hex(&entry.value).map(TextPart::Literal).into_iter().collect()),
            _ => self.text(node).map_or_else(|| Text(Vec::new()), |text| self.template(text, &node.mark)),
        }
    }

    /// Fields of a request.
    pub(super) fn header_edits(&mut self, node: &Node) -> Vec<HeaderEdit> {
        if !matches!(node.value, Yaml::Map(_)) {
            self.mistake(&node.mark, format!("`headers` is a mapping of fields, this is {}", node.kind()), None);
        }
        let mut edits = Vec::new();
        for entry in node.entries() {
            let values = match &entry.value.value {
                Yaml::Null => {
                    self.mistake(&entry.value.mark, "a field has no null", Some("write `[]` to take a default field away".to_owned()));
                    continue;
                }
                _ => self.header_values(&entry.value),
            };
            let name = self.literal(&entry.key, &entry.at);
            if !is_field_name(&name) {
                self.mistake(&entry.at, format!("`{name}` is no name of a field (RFC 9110, 5.1)"), Some("send it with `raw`".to_owned()));
                continue;
            }
            edits.push(HeaderEdit { name, values });
        }
        edits
    }

    /// Values of a field, each a line of its own.
    pub(super) fn header_values(&mut self, node: &Node) -> Vec<Text> {
        let mut values = Vec::new();
        for item in self.one_or_more(node) {
            match item.entries() {
                [entry] if entry.key == "hex" => values.extend(self.hex(&entry.value).map(|octets| Text(vec![TextPart::Literal(octets)]))),
                [entry, before] if entry.key == "hex" && before.key == "after" => {
                    let text = self.text(&before.value).map(|text| self.template(text, &before.value.mark));
                    let mut text = text.unwrap_or(Text(Vec::new()));
                    text.0.extend(self.hex(&entry.value).map(TextPart::Literal));
                    values.push(text);
                }
                _ => {
                    if let Some(text) = self.text(item) {
                        values.push(self.template(text, &item.mark));
                    }
                }
            }
        }
        values
    }

    /// The declared defect. Forms in which a rule may be broken have to say whether one is; a control never breaks any.
    pub(super) fn defect(&mut self, node: &Node, headers: &[HeaderEdit], is_control: bool) -> Option<Defect> {
        let declared = node.get("defect").and_then(|node| self.word(node, keys::DEFECTS, "defect"));
        if is_control {
            return None;
        }
        if node.get("defect").is_none() {
            let raw = node.entries().iter().find(|entry| matches!(entry.key.as_str(), "json" | "bytes" | "frames" | "http" | "raw"));
            let told = ["content-type", "content-length", "transfer-encoding"];
            let relabelled = headers.iter().any(|edit| told.iter().any(|name| edit.name.eq_ignore_ascii_case(name)));
            let at: Option<Mark> = match raw {
                Some(entry) => Some(entry.at.clone()),
                None if relabelled => node.entries().iter().find(|entry| entry.key == "headers").map(|entry| entry.at.clone()),
                None => None,
            };
            if let Some(at) = at {
                let hint = format!("write `defect:` with one of {}", keys::DEFECTS.join(", "));
                self.mistake(&at, "it isn't said whether this request breaks a rule of its wire", Some(hint));
            }
        }
        match declared? {
            "method" => Some(Defect::Method),
            "path" => Some(Defect::Path),
            "head" => Some(Defect::Head),
            "content-type" => Some(Defect::ContentType),
            "frame" => Some(Defect::Frame),
            "message" => Some(Defect::Message),
            _ => None,
        }
    }
}

/// Whether it is a token, or the pseudo-field that names the target.
fn is_field_name(name: &str) -> bool {
    let is_token = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet);
    name == ":authority" || (!name.is_empty() && name.bytes().all(is_token))
}

/// Wires on which a step can be sent.
pub(super) fn wires_of(kind: &StepKind) -> &'static [Wire] {
    match kind {
        StepKind::Call { send: Payload::Json(_), .. } => &[Wire::Json],
        StepKind::Call { send: Payload::Bytes(_) | Payload::Filled { .. } | Payload::Frames(_), .. } => {
            &[Wire::Grpc, Wire::GrpcWeb, Wire::GrpcWebText]
        }
        // gRPC has no HTTP/1.1: a script that speaks it there all the same shows what becomes of it.
        StepKind::Raw { .. } | StepKind::Call { send: Payload::Message(_), .. } | StepKind::Http { .. } | StepKind::Wait(_) => &Wire::ALL,
    }
}
