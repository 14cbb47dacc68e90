//! What the suite has for each requirement, without traffic.

use std::collections::{BTreeMap, BTreeSet};

use triwire::case::{Case, Suite};
use triwire::check;
use triwire::contract::Contract;
use triwire::contract::requirement::Requirement;
use triwire::wire::Wire;

/// A requirement and what answers for it.
pub struct Coverage<'a> {
    pub entry: &'a Requirement,
    /// A passive check answers for it.
    pub passive: bool,
    /// Cases that name it, without variants.
    pub cases: BTreeSet<&'a str>,
    /// Wire -> why nothing, or not all of it, is tested there.
    pub untested: BTreeMap<&'static str, String>,
}

impl<'a> Coverage<'a> {
    /// Looks for everything that answers for a requirement.
    pub fn of(entry: &'a Requirement, suite: &'a Suite, contract: &Contract) -> Self {
        let named: Vec<&Case> = suite.cases.iter().filter(|case| names(case, &entry.id)).collect();
        let passive = check::is_passive(&entry.id, contract);
        let mut untested = BTreeMap::new();
        for wire in Wire::ALL.into_iter().filter(|wire| entry.is_on(wire.name()) && !passive) {
            let here: Vec<&&Case> = named.iter().filter(|case| case.wires.contains(&wire)).collect();
            if here.is_empty() {
                let reason =
                    if named.is_empty() { "no case and no passive check speaks of it" } else { "no case that speaks of it runs here" };
                untested.insert(wire.name(), reason.to_owned());
                continue;
            }
            let covered: Vec<_> = here.iter().map(|case| case.covers.iter().find(|covers| covers.requirement == entry.id)).collect();
            if covered.iter().all(Option::is_some) {
                let parts: BTreeSet<&String> = covered.into_iter().flatten().flat_map(|covers| &covers.parts).collect();
                let missing: Vec<&str> = entry
                    .parts
                    .iter()
                    .filter(|part| entry.has_part_on(part, wire.name()) && !parts.contains(part))
                    .map(String::as_str)
                    .collect();
                if !missing.is_empty() {
                    untested.insert(wire.name(), format!("no case covers: {}", missing.join(", ")));
                }
            }
        }
        Self { entry, passive, cases: named.into_iter().map(Case::base_id).collect(), untested }
    }

    /// Why it is untested, wires with the same reason together; `None`: it is tested.
    pub fn reason(&self) -> Option<String> {
        let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (wire, reason) in &self.untested {
            by_reason.entry(reason).or_default().push(wire);
        }
        let all: Vec<String> = by_reason.into_iter().map(|(reason, wires)| format!("{reason} ({})", wires.join(", "))).collect();
        if all.is_empty() { None } else { Some(all.join("; ")) }
    }

    /// How it is tested, in a few words.
    pub fn tested(&self) -> String {
        let passively = if self.passive { "passively" } else { "" };
        match self.cases.len() {
            0 => passively.to_owned(),
            count => {
                let cases = format!("{count} case{}", if count == 1 { "" } else { "s" });
                if self.passive { format!("{passively}, {cases}") } else { cases }
            }
        }
    }
}

/// Whether a case answers for a requirement, by its trials or by its agreement.
pub fn names(case: &Case, id: &str) -> bool {
    case.requirements.iter().any(|named| named == id) || case.agreement.as_deref() == Some(id)
}
