//! Keys of mappings, and values that are no patterns.

use super::super::keys::Table;
use super::super::mistake::nearest;
use super::super::tree::{Entry, Mark, Node, Yaml};
use super::{Reader, place, suggestion};
use crate::wire::{HttpVersion, Octets, Wire};

impl Reader<'_> {
    /// Tells unknown and missing keys; false where the node is no mapping.
    pub(super) fn keys(&mut self, node: &Node, table: &Table) -> bool {
        let Yaml::Map(entries) = &node.value else {
            let hint = format!("its keys are {}", table.keys.iter().map(|key| format!("`{}`", key.name)).collect::<Vec<_>>().join(", "));
            self.mistake(&node.mark, format!("{} is a mapping, this is {}", table.title, node.kind()), Some(hint));
            return false;
        };
        for entry in entries {
            if !table.keys.iter().any(|key| key.name == entry.key) {
                let hint = suggestion(&entry.key, table.keys.iter().map(|key| key.name));
                self.mistake(&entry.at, format!("`{}` is no key of {}", entry.key, table.title), hint);
            }
        }
        let known = || table.keys.iter().map(|key| key.name);
        for key in table.keys.iter().filter(|key| key.required) {
            // A key that is only misspelled isn't missing as well.
            let meant = |entry: &Entry| entry.key == key.name || nearest(&entry.key, known()) == Some(key.name);
            if !entries.iter().any(meant) {
                self.mistake(place(node), format!("`{}` of {} is missing", key.name, table.title), Some(key.about.to_owned()));
            }
        }
        true
    }

    /// A text; anything else is told.
    pub(super) fn text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        match &node.value {
            Yaml::Text(text) => Some(text),
            Yaml::Number(_) | Yaml::Bool(_) | Yaml::Null => {
                self.mistake(&node.mark, format!("a text belongs here, this is {}", node.kind()), Some("put it in quotes".to_owned()));
                None
            }
            Yaml::List(_) | Yaml::Map(_) => {
                self.mistake(place(node), format!("a text belongs here, this is {}", node.kind()), None);
                None
            }
        }
    }

    pub(super) fn truth(&mut self, node: &Node) -> Option<bool> {
        if let Yaml::Bool(value) = node.value {
            return Some(value);
        }
        self.mistake(&node.mark, format!("`true` or `false` belongs here, this is {}", node.kind()), None);
        None
    }

    /// A whole number that isn't negative.
    pub(super) fn count(&mut self, node: &Node) -> Option<u64> {
        if let Yaml::Number(number) = &node.value
            && let Some(value) = number.as_u64()
        {
            return Some(value);
        }
        self.mistake(&node.mark, "a whole number belongs here", None);
        None
    }

    pub(super) fn list<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        if let Yaml::List(items) = &node.value {
            return items;
        }
        self.mistake(
            place(node),
            format!("a list belongs here, this is {}", node.kind()),
            Some("write `[...]`, or a line with `- ` for each element".to_owned()),
        );
        &[]
    }

    /// A list, or a single value that stands for a list of one.
    pub(super) fn one_or_more<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match &node.value {
            Yaml::List(items) => items,
            _ => std::slice::from_ref(node),
        }
    }

    /// One of these words.
    pub(super) fn word<'w>(&mut self, node: &Node, words: &[&'w str], what: &str) -> Option<&'w str> {
        let text = self.text(node)?;
        let found = words.iter().find(|word| **word == text).copied();
        if found.is_none() {
            self.mistake(&node.mark, format!("`{text}` is no {what}"), suggestion(text, words.iter().copied()));
        }
        found
    }

    pub(super) fn wire(&mut self, node: &Node) -> Option<Wire> {
        let name = self.word(node, super::super::keys::WIRES, "wire")?;
        Wire::ALL.into_iter().find(|wire| wire.name() == name)
    }

    pub(super) fn http_version(&mut self, node: &Node) -> Option<HttpVersion> {
        let name = self.word(node, super::super::keys::VERSIONS, "HTTP version")?;
        Some(if name == HttpVersion::H1.name() { HttpVersion::H1 } else { HttpVersion::H2 })
    }

    /// A name that must be known.
    pub(super) fn known(&mut self, name: &str, at: &Mark, what: &str, known: &[&str]) -> bool {
        let there = known.contains(&name);
        if !there {
            self.mistake(at, format!("there is no {what} `{name}`"), suggestion(name, known.iter().copied()));
        }
        there
    }

    /// Octets in hexadecimal.
    pub(super) fn hex(&mut self, node: &Node) -> Option<Octets> {
        let mut text = self.text(node)?.to_owned();
        if text.contains("$variant") {
            text = text.replace("$variant", &self.variant_text(&node.mark));
        }
        let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        if let Some(wrong) = text.chars().find(|c| !c.is_ascii_hexdigit() && !c.is_ascii_whitespace()) {
            self.mistake(&node.mark, format!("`{wrong}` is no hexadecimal digit"), Some("write octets like \"08 01\"".to_owned()));
            return None;
        }
        if !digits.len().is_multiple_of(2) {
            let hint = "each octet has two digits".to_owned();
            self.mistake(&node.mark, format!("{} hexadecimal digits make no whole octets", digits.len()), Some(hint));
            return None;
        }
        Some(Octets(digits.chunks(2).filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()))
    }
}
