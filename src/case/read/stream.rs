//! How the frames of a call are laid out.

use std::time::Duration;

use super::super::keys;
use super::super::model::{Connection, StepKind};
use super::super::tree::Node;
use super::{Reader, place};
use crate::wire::{Layout, Move};

impl Reader<'_> {
    /// The actions of a stream.
    pub(super) fn layout(&mut self, node: &Node, kind: &StepKind, connection: Connection) -> Layout {
        let mut layout = Layout::default();
        let items = self.list(node);
        if !matches!(kind, StepKind::Call { .. } | StepKind::Http { .. }) {
            self.mistake(place(node), "only a call has a stream", None);
        }
        for (at, item) in items.iter().enumerate() {
            if !self.keys(item, &keys::STREAM_ACTION) {
                continue;
            }
            let [action] = item.entries() else {
                self.mistake(place(item), "an action of a stream has one key", Some("write a `- ` before each".to_owned()));
                continue;
            };
            let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX).min(0x7fff_ffff);
            let (first, last) = (at == 0, at + 1 == items.len());
            let in_place = match action.key.as_str() {
                "window" => first && connection != Connection::Same,
                "await-reset" => last,
                "spend" => first && last,
                _ => true,
            };
            if !in_place {
                let message = format!("`{}` doesn't stand here", action.key);
                self.mistake(&action.at, message, Some("`window` begins, `await-reset` ends, `spend` is alone".to_owned()));
            }
            let read = match action.key.as_str() {
                "window" => {
                    layout.window = self.count(&action.value).map(number);
                    None
                }
                "data" => self.count(&action.value).map(|count| Move::Data(usize::try_from(count).unwrap_or(usize::MAX))),
                "end" => self.truth(&action.value).filter(|value| *value).map(|_| Move::End),
                "wait" => self.pause(&action.value).map(|time| Move::Wait(Duration::from_millis(time))),
                "grant" => self.count(&action.value).map(|count| Move::Grant(number(count))),
                "beside" => self.word(&action.value, &["open", "cancel"], "thing to do beside").map(|word| match word {
                    "open" => Move::OpenBeside,
                    _ => Move::CancelBeside,
                }),
                "await-reset" => self.pause(&action.value).map(|time| Move::AwaitReset(Duration::from_millis(time))),
                _ => self.count(&action.value).map(|count| Move::Spend(number(count))),
            };
            layout.moves.extend(read);
        }
        layout
    }
}
