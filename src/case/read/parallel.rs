//! Steps that are released together.

use super::super::keys;
use super::super::model::{Connection, Step, Together};
use super::super::tree::Node;
use super::flow::ReadStep;
use super::step::{Group, Manner};
use super::{Reader, place};
use crate::contract::status::Code;

impl Reader<'_> {
    /// `parallel` and `together`.
    pub(super) fn beside(&mut self, node: &Node, manner: Manner) -> (Vec<ReadStep>, Option<Together>) {
        let member = Manner { default_ok: true, control: false, across: manner.across, group: Group::Member };
        let members = self.steps(node.get("parallel"), member);
        let Some(node) = node.get("together") else { return (members, None) };
        if !self.keys(node, &keys::TOGETHER) {
            return (members, None);
        }
        let together = Together {
            at_most: self.counted(node.get("at-most")),
            unknown: node.get("unknown").map(|node| self.codes(node)).unwrap_or_default(),
            distinct: node.get("distinct").and_then(|node| self.text(node)).map(str::to_owned),
        };
        (members, Some(together))
    }

    fn counted(&mut self, node: Option<&Node>) -> Vec<(Code, u64)> {
        let mut counts = Vec::new();
        for entry in node.map(Node::entries).unwrap_or_default() {
            let Some(code) = Code::ALL.into_iter().find(|code| code.name() == entry.key) else {
                let hint = super::suggestion(&entry.key, Code::ALL.iter().map(|code| code.name()));
                self.mistake(&entry.at, format!("`{}` is no code", entry.key), hint);
                continue;
            };
            counts.extend(self.count(&entry.value).map(|count| (code, count)));
        }
        counts
    }

    /// A number with a default and a bound.
    pub(super) fn at_most(&mut self, node: &Node, key: &str, default: u64, most: u64) -> u64 {
        let Some(value) = node.get(key) else { return default };
        let number = self.count(value).unwrap_or(default);
        if !(default..=most).contains(&number) {
            self.mistake(&value.mark, format!("`{key}` is from {default} to {most}"), None);
        }
        number.clamp(default, most)
    }

    /// What steps that are released together can't do: their answers come in no order.
    pub(super) fn released(&mut self, node: &Node, step: &Step, manner: Manner) {
        let entry = |key: &str| node.entries().iter().find(|entry| entry.key == key);
        let refused = match manner.group {
            Group::Alone => ["parallel", "times", "after", "together"].as_slice(),
            Group::May => &["after"],
            Group::Member => &["parallel", "together"],
        };
        for entry in refused.iter().filter_map(|key| entry(key)) {
            let hint = "`parallel`, `times` and `together` belong to a case or to a step of its `then`, `after` to a step of `parallel`"
                .to_owned();
            self.mistake(&entry.at, format!("`{}` has no place here", entry.key), Some(hint));
        }
        let is_group = manner.group == Group::Member || step.times > 1 || !step.parallel.is_empty();
        if !is_group {
            if let Some(entry) = entry("together") {
                self.mistake(&entry.at, "one answer isn't several", Some("write `times` or `parallel` beside `together`".to_owned()));
            }
            return;
        }
        let ordered = ["wait", "capture"].into_iter().find_map(entry);
        if let Some(entry) = ordered {
            let hint = "let a step that follows do it".to_owned();
            self.mistake(&entry.at, format!("`{}` has no place among steps that are released together", entry.key), Some(hint));
        }
        if matches!(step.connection, Connection::Open | Connection::Same) {
            self.mistake(place(node), "steps that are released together don't share a connection", None);
        }
        let branches = step.expect.iter().flat_map(|piece| &piece.any).any(|one| one.not_applicable.is_some() || !one.then.is_empty());
        if branches {
            let hint = "let a step that follows decide".to_owned();
            self.mistake(place(node), "what follows can't depend on one of the steps that are released together", Some(hint));
        }
    }
}
