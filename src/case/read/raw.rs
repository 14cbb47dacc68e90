//! Scripts over a connection.

use super::super::keys;
use super::super::model::{RawAction, RawOctets, Step, StepKind, Text, TextPart};
use super::super::tree::{Node, Yaml};
use super::{Reader, place};

impl Reader<'_> {
    /// The actions of a script.
    pub(super) fn script(&mut self, node: &Node) -> Vec<RawAction> {
        let mut actions = Vec::new();
        for item in self.list(node) {
            if !self.keys(item, &keys::RAW_ACTION) {
                continue;
            }
            let [action] = item.entries() else {
                self.mistake(place(item), "an action of a script has one key", Some("write a `- ` before each".to_owned()));
                continue;
            };
            let read = match action.key.as_str() {
                "head" => {
                    let lines = self.list(&action.value).iter().map(|line| self.raw_octets(line)).collect();
                    Some(RawAction::Head(lines))
                }
                "send" => Some(RawAction::Send(self.raw_octets(&action.value))),
                "half-close" => self.truth(&action.value).filter(|value| *value).map(|_| RawAction::HalfClose),
                "wait" => self.count(&action.value).map(RawAction::Wait),
                "await" => self.word(&action.value, &["head"], "thing to wait for").map(|_| RawAction::AwaitHead),
                _ => None,
            };
            actions.extend(read);
        }
        self.lengths(node, &actions);
        actions
    }

    /// Where a head tells a length, content has to follow.
    fn lengths(&mut self, node: &Node, actions: &[RawAction]) {
        for (at, action) in actions.iter().enumerate() {
            let content = actions[at + 1..].iter().any(|next| matches!(next, RawAction::Send(_)));
            if matches!(action, RawAction::Head(lines) if lines.iter().any(tells_length)) && !content {
                let hint = "write `send` with it behind the head".to_owned();
                self.mistake(place(node), "`$content.length` speaks of content, and none follows", Some(hint));
            }
        }
    }

    fn repeated(&mut self, node: &Node) -> RawOctets {
        let of = node.get("of").map_or(RawOctets::All(Vec::new()), |of| self.raw_octets(of));
        let times = node.get("times").and_then(|times| self.count(times)).unwrap_or_default();
        if times > MOST {
            self.mistake(place(node), format!("nothing is sent more than {MOST} times"), None);
        }
        RawOctets::Times { of: Box::new(of), times: times.min(MOST) }
    }

    fn raw_octets(&mut self, node: &Node) -> RawOctets {
        match (&node.value, node.entries()) {
            (Yaml::List(items), _) => RawOctets::All(items.iter().map(|item| self.raw_octets(item)).collect()),
            (_, [entry]) if entry.key == "chunk" => RawOctets::Chunk(Box::new(self.raw_octets(&entry.value))),
            (_, [_, _]) if node.get("times").is_some() && node.get("of").is_some() => self.repeated(node),
            (Yaml::Map(_), [entry, ..]) if entry.key != "hex" => {
                let hint = "known are `hex`, `chunk`, and `of` with `times`".to_owned();
                self.mistake(&entry.at, format!("`{}` are no octets", entry.key), Some(hint));
                RawOctets::All(Vec::new())
            }
            _ => RawOctets::Text(self.body_text(node)),
        }
    }
}

/// What a script may send at most by one `times`.
const MOST: u64 = 128 << 20;

fn tells_length(octets: &RawOctets) -> bool {
    match octets {
        RawOctets::Text(Text(parts)) => parts.iter().any(|part| matches!(part, TextPart::Capture(name) if name == "content.length")),
        RawOctets::Chunk(inner) | RawOctets::Times { of: inner, .. } => tells_length(inner),
        RawOctets::All(all) => all.iter().any(tells_length),
    }
}

/// Whether a step, or one that its alternatives bring, is a script.
pub(super) fn is_raw(step: &Step) -> bool {
    let follow_ups = || step.expect.iter().flat_map(|piece| &piece.any).flat_map(|alternative| &alternative.then);
    matches!(step.kind, StepKind::Raw { .. }) || follow_ups().any(|act| is_raw(&act.step))
}
