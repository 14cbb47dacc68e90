//! What conclusions and reports need of the catalogue.

use std::collections::BTreeMap;

use crate::check::is_passive;
use crate::contract::Contract;
use crate::contract::requirement::Level;
use crate::wire::Wire;

/// A requirement as reports show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// A few words.
    pub title: String,
    /// What must hold.
    pub statement: String,
    /// How much it obliges.
    pub level: Level,
    /// The wires that it speaks of.
    pub wires: Vec<Wire>,
    /// Named parts of its check, all of which must be covered; empty: it is one piece.
    pub parts: Vec<String>,
    /// Those that only some of the wires have.
    pub parts_on: BTreeMap<String, Vec<Wire>>,
    /// Whether a passive check answers for it.
    pub passive: bool,
    /// Document and section.
    pub source: String,
    /// Where to read it.
    pub url: String,
}

/// All requirements by id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules(BTreeMap<String, Rule>);

impl Rules {
    /// The rules of a catalogue, and which of them a passive check answers for.
    #[must_use]
    pub fn of(contract: &Contract) -> Self {
        contract
            .catalogue
            .iter()
            .map(|entry| {
                let rule = Rule {
                    title: entry.title.clone(),
                    statement: entry.statement.clone(),
                    level: entry.level,
                    wires: Wire::ALL.into_iter().filter(|wire| entry.is_on(wire.name())).collect(),
                    parts: entry.parts.clone(),
                    parts_on: entry
                        .parts_on
                        .iter()
                        .map(|(part, wires)| (part.clone(), wires.iter().filter_map(|wire| wire.parse().ok()).collect()))
                        .collect(),
                    passive: is_passive(&entry.id, contract),
                    source: format!("{}, {}", entry.source.document, entry.source.section),
                    url: entry.source.url.clone(),
                };
                (entry.id.clone(), rule)
            })
            .collect()
    }

    /// The rule with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.0.get(id)
    }

    /// All rules in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Rule)> {
        self.0.iter().map(|(id, rule)| (id.as_str(), rule))
    }

    /// The level of a requirement; one that the catalogue lacks obliges as much as any.
    #[must_use]
    pub fn level(&self, id: &str) -> Level {
        self.get(id).map_or(Level::Must, |rule| rule.level)
    }

    /// The strictest level among requirements; MUST where there is none.
    pub fn strictest<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Level {
        ids.into_iter().map(|id| self.level(id)).min().unwrap_or(Level::Must)
    }

    /// Whether the requirement speaks of the wire.
    #[must_use]
    pub fn is_on(&self, id: &str, wire: Wire) -> bool {
        self.get(id).is_none_or(|rule| rule.wires.contains(&wire))
    }
}

impl FromIterator<(String, Rule)> for Rules {
    fn from_iter<I: IntoIterator<Item = (String, Rule)>>(rules: I) -> Self {
        Self(rules.into_iter().collect())
    }
}
