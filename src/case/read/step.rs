//! Steps.

use super::super::keys;
use super::super::model::{Across, Connection, Expect, Step, StepKind, Via};
use super::super::tree::{Mark, Node, Yaml};
use super::flow::ReadStep;
use super::{Reader, place};
use crate::contract::descriptors::Method;
use crate::contract::status::Code;

/// How a step is read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Manner {
    /// Without an expectation it expects code OK.
    pub default_ok: bool,
    /// A control: well-formed, whatever its form.
    pub control: bool,
    /// Steps of a trial over several wires may say which.
    pub across: Option<Across>,
}

impl Manner {
    /// A step of a fixture, or a follow-up.
    pub const FOLLOW_UP: Self = Self { default_ok: true, control: false, across: None };
}

impl<'a> Reader<'a> {
    /// Steps of a list.
    pub(super) fn steps(&mut self, node: Option<&Node>, manner: Manner) -> Vec<ReadStep> {
        let Some(node) = node else { return Vec::new() };
        let mut steps = Vec::new();
        for item in self.list(node) {
            if self.keys(item, &keys::STEP) {
                steps.push(self.step(item, None, manner));
            }
        }
        steps
    }

    /// One step, of a mapping whose keys are known to be right.
    pub(super) fn step(&mut self, node: &Node, default: Option<&'a Method>, manner: Manner) -> ReadStep {
        let outer = std::mem::take(&mut self.uses);
        let outer_branches = std::mem::take(&mut self.branches);
        let operation = match node.get("rpc") {
            Some(rpc) => self.operation(rpc),
            None => default,
        };
        let outer_operation = std::mem::replace(&mut self.spoken, operation);
        let kind = self.request(node, operation);
        let answered = if matches!(kind, StepKind::Call { .. } | StepKind::Raw { .. }) { operation } else { None };
        let identity = node.get("as").and_then(|node| self.identity_name(node));
        let headers = node.get("headers").map(|node| self.header_edits(node)).unwrap_or_default();
        let defect = self.defect(node, &headers, manner.control);
        let via = node.get("via").and_then(|node| self.via(node, manner));
        let connection = node.get("connection").and_then(|node| self.word(node, keys::CONNECTIONS, "kind of connection"));
        let connection = match connection {
            Some("new") => Connection::New,
            Some("open") => Connection::Open,
            Some("same") => Connection::Same,
            _ => Connection::Any,
        };
        let layout = node.get("stream").map(|stream| self.layout(stream, &kind, connection));
        let (expect, until) = self.asked(node, answered, &kind, manner);
        let in_a_row = self.in_a_row(node, until.is_some());
        let capture = self.captures(node.get("capture"), answered);
        let gives = capture.iter().map(|(name, _, at)| (name.clone(), at.clone())).collect();
        let uses = std::mem::replace(&mut self.uses, outer);
        self.spoken = outer_operation;
        let step = Step {
            kind,
            identity,
            headers,
            via,
            connection,
            layout,
            expect,
            until,
            in_a_row,
            capture: capture.into_iter().map(|(name, path, _)| (name, path)).collect(),
            defect,
            uses: uses.iter().map(|(name, _)| name.clone()).collect(),
            span: self.span(place(node)),
        };
        let branches = std::mem::replace(&mut self.branches, outer_branches);
        ReadStep { step, uses, gives, branches, at: place(node).clone() }
    }

    fn identity_name(&mut self, node: &Node) -> Option<String> {
        let name = self.text(node)?;
        let known: Vec<String> = self.identities.keys().cloned().collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        self.known(name, &node.mark, "identity", &known).then(|| name.to_owned())
    }

    /// `expect`, `until` and `eventually`.
    fn asked(&mut self, node: &Node, operation: Option<&'a Method>, kind: &StepKind, manner: Manner) -> (Vec<Expect>, Option<Expect>) {
        let mut expect = node.get("expect").map(|node| self.expectations(node, operation, manner)).unwrap_or_default();
        let mut until = node.get("until").map(|node| self.expectation(node, operation, manner));
        if let Some(eventually) = node.entries().iter().find(|entry| entry.key == "eventually") {
            let shown = self.expectation(&eventually.value, operation, manner);
            if until.is_some() {
                let hint = "`eventually` asks until its expectation holds; write `until` and `expect` where they differ".to_owned();
                self.mistake(&eventually.at, "`eventually` stands beside `until`", Some(hint));
            }
            expect.push(shown.clone());
            until = Some(shown);
        }
        if matches!(kind, StepKind::Wait(_)) {
            if let Some(entry) =
                node.entries().iter().find(|entry| matches!(entry.key.as_str(), "expect" | "until" | "eventually" | "capture"))
            {
                self.mistake(&entry.at, format!("waiting has no answer, so no `{}`", entry.key), None);
            }
            return (Vec::new(), None);
        }
        if expect.is_empty() && node.get("expect").is_none() {
            if manner.default_ok {
                expect.push(Expect { code: vec![Code::Ok], span: self.span(place(node)), ..Expect::default() });
            } else {
                let hint = "write `expect` with a `code`, or `eventually`".to_owned();
                self.mistake(place(node), "it isn't said what is expected", Some(hint));
            }
        }
        (expect, until)
    }

    fn in_a_row(&mut self, node: &Node, asks_again: bool) -> u64 {
        let Some(times) = node.get("in-a-row") else { return 1 };
        if !asks_again {
            let hint = "write `eventually` beside it".to_owned();
            self.mistake(&times.mark, "`in-a-row` speaks of a step that is asked again", Some(hint));
        }
        let number = self.count(times).unwrap_or(1);
        if !(1..=100).contains(&number) {
            self.mistake(&times.mark, "from 1 to 100 times in a row", None);
        }
        number.clamp(1, 100)
    }

    fn via(&mut self, node: &Node, manner: Manner) -> Option<Via> {
        if manner.across.is_none() {
            let hint = "only the steps of a case with `across` have a choice".to_owned();
            self.mistake(&node.mark, "this trial has one wire", Some(hint));
        }
        match &node.value {
            Yaml::Number(_) => {
                let number = self.count(node).and_then(|n| usize::try_from(n).ok())?;
                // A pair has two; of `each` nobody knows how many a target has, so there one counts round.
                if number >= 2 && manner.across == Some(Across::Pairs) {
                    self.mistake(&node.mark, format!("the trial has no wire {number}: it has 2, counted from 0"), None);
                }
                Some(Via::Nth(number))
            }
            _ => match self.word(node, &["first", "second", "every"], "wire of the trial")? {
                "first" => Some(Via::Nth(0)),
                "second" => Some(Via::Nth(1)),
                _ => Some(Via::Every),
            },
        }
    }

    /// Name, path and place of what is captured.
    fn captures(&mut self, node: Option<&Node>, operation: Option<&Method>) -> Vec<(String, String, Mark)> {
        let Some(node) = node else { return Vec::new() };
        if !matches!(node.value, Yaml::Map(_)) {
            let hint = "write `capture: { policy.sequence: details.sequence }`".to_owned();
            self.mistake(&node.mark, format!("`capture` is a mapping from names to paths, this is {}", node.kind()), Some(hint));
        }
        let mut captures = Vec::new();
        for entry in node.entries() {
            if super::text::capture_name(&entry.key) != entry.key {
                let hint = "names are words joined by dots, without `$`".to_owned();
                self.mistake(&entry.at, format!("`{}` is no name of a capture", entry.key), Some(hint));
                continue;
            }
            let Some(path) = self.text(&entry.value) else { continue };
            if let Some(operation) = operation {
                self.path(&entry.value, path, operation);
            }
            captures.push((entry.key.clone(), path.to_owned(), entry.at.clone()));
        }
        captures
    }

    /// Tells a path that leads to no field.
    fn path(&mut self, node: &Node, path: &str, operation: &Method) {
        if path.starts_with("error.") || path.starts_with("head.") {
            return;
        }
        let mut message = Some(operation.output.clone());
        let path = path.strip_suffix(['?', '~']).unwrap_or(path);
        let mut in_list = false;
        for part in path.split('.') {
            // A list of enums or texts has elements, and these have no members.
            if std::mem::take(&mut in_list) && part.parse::<usize>().is_ok() {
                continue;
            }
            let Some(inside) = message.take() else {
                self.mistake(&node.mark, format!("`{part}` of `{path}` is inside of a value that has no members"), None);
                return;
            };
            let Some(field) = inside.get_field_by_json_name(part) else {
                let names: Vec<String> = inside.fields().map(|field| field.json_name().to_owned()).collect();
                let hint = super::suggestion(part, names.iter().map(String::as_str));
                self.mistake(&node.mark, format!("`{part}` is no field of `{}`", inside.full_name()), hint);
                return;
            };
            in_list = field.is_list();
            message = match field.kind() {
                prost_reflect::Kind::Message(inner) => Some(inner),
                _ => None,
            };
        }
    }
}
