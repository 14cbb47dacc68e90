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
    /// The probes of transports answer for it.
    pub probed: bool,
    /// Cases that name it, without variants.
    pub cases: BTreeSet<&'a str>,
    /// Wire -> why nothing, or not all of it, is tested there.
    pub untested: BTreeMap<&'static str, String>,
}

impl<'a> Coverage<'a> {
    /// Looks for everything that answers for a requirement.
    pub fn of(entry: &'a Requirement, suite: &'a Suite, contract: &Contract) -> Self {
        let named: Vec<&Case> = suite.cases.iter().filter(|case| case.answers_for(&entry.id)).collect();
        let passive = check::is_passive(&entry.id, contract);
        let probed = |wire: Wire| suite.offered.iter().any(|(name, id)| *id == entry.id && name.split('/').next() == Some(wire.name()));
        let seen = !passive && entry.unobservable.is_none();
        let mut untested = BTreeMap::new();
        for wire in Wire::ALL.into_iter().filter(|wire| entry.is_on(wire.name()) && seen) {
            let here: Vec<&&Case> = named.iter().filter(|case| case.wires.contains(&wire)).collect();
            if here.is_empty() && probed(wire) {
                continue;
            }
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
        let probed = Wire::ALL.into_iter().any(|wire| entry.is_on(wire.name()) && probed(wire));
        Self { entry, passive, probed, cases: named.into_iter().map(Case::base_id).collect(), untested }
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
        let cases = match self.cases.len() {
            0 => None,
            1 => Some("1 case".to_owned()),
            count => Some(format!("{count} cases")),
        };
        let passively = self.passive.then(|| "passively".to_owned());
        let probed = self.probed.then(|| "by the probes of transports".to_owned());
        passively.into_iter().chain(probed).chain(cases).collect::<Vec<_>>().join(", ")
    }
}

impl Coverage<'_> {
    /// Whether something answers for all of it.
    pub fn is_tested(&self) -> bool {
        self.untested.is_empty() && self.entry.unobservable.is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use triwire::case::Suite;
    use triwire::contract::Contract;

    use super::Coverage;

    /// Areas that are being worked on.
    const OPEN: [&str; 4] = ["grpc-wire", "robustness", "concurrency", "transcoding-http"];

    #[test]
    fn every_requirement_is_tested_or_says_why_nobody_can_see_it() {
        let contract = Contract::built_in();
        let suite = Suite::built_in(contract).unwrap();
        let all: Vec<Coverage<'_>> = contract.catalogue.iter().map(|entry| Coverage::of(entry, &suite, contract)).collect();
        let orphans: Vec<&str> = all
            .iter()
            .filter(|row| !row.untested.is_empty() && !OPEN.contains(&row.entry.area.as_str()))
            .map(|row| row.entry.id.as_str())
            .collect();
        assert!(orphans.is_empty(), "neither tested nor explained: {orphans:?}");
        let both: Vec<&str> = all
            .iter()
            .filter(|row| row.entry.unobservable.is_some() && (row.passive || row.probed || !row.cases.is_empty()))
            .map(|row| row.entry.id.as_str())
            .collect();
        assert!(both.is_empty(), "seen, and said to be unobservable: {both:?}");
    }

    #[test]
    fn what_answers_answers_for_a_requirement() {
        let contract = Contract::built_in();
        let suite = Suite::built_in(contract).unwrap();
        let known: BTreeSet<&str> = contract.catalogue.iter().map(|entry| entry.id.as_str()).collect();
        for case in &suite.cases {
            assert!(!case.requirements.is_empty(), "{} answers for nothing", case.id);
            assert!(case.requirements.iter().all(|id| known.contains(id.as_str())), "{}", case.id);
        }
        for check in triwire::check::CHECKS.iter().flat_map(|family| family.iter()) {
            assert!(known.contains(check.requirement), "{}", check.requirement);
        }
    }
}
