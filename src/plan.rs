//! Cases and capabilities to groups: what is executed, on which transport, and what each trial answers for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::case::{Across, Case, Scheduled, Step, Suite};
use crate::check::{CHECKS, of_schemas};
use crate::contract::Contract;
use crate::judge::{Scope, SkipReason};
use crate::target::browser::DECLARED;
use crate::target::{Capabilities, Presence};
use crate::wire::{Transport, Wire};

/// What of a suite is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Selection {
    /// Wires; all if empty.
    pub wires: Vec<Wire>,
    /// Pieces of trial ids, one of which a trial must contain; all if empty.
    pub filters: Vec<String>,
    /// Whole trial ids; all if empty.
    pub exact: Vec<String>,
    /// Profiles whose requirements count.
    pub profiles: BTreeSet<String>,
    /// How often everything is executed.
    pub repeat: u32,
    /// Seed of the order.
    pub seed: u64,
    /// What belongs to the whole target may be changed, and restored afterwards.
    #[serde(default)]
    pub instance_changes: bool,
}

impl Selection {
    /// Whether only a part of the suite is asked for: then what the whole run must have shown is not asked of it.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.filters.is_empty() || !self.exact.is_empty()
    }

    fn has_wire(&self, wire: Wire) -> bool {
        self.wires.is_empty() || self.wires.contains(&wire)
    }

    fn matches(&self, id: &str) -> bool {
        let filtered = self.filters.is_empty() || self.filters.iter().any(|filter| id.contains(filter.as_str()));
        filtered && (self.exact.is_empty() || self.exact.iter().any(|name| name == id))
    }
}

/// One case variant with all its trials, or with one of them where they aren't compared; the unit of scheduling and agreement.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// The case.
    pub case: &'a Case,
    /// Its trials.
    pub trials: Vec<PlannedTrial>,
    /// What its agreement answers for; `None`: it has none.
    pub agreement: Option<Vec<String>>,
    /// Which repetition, from 1.
    pub repeat: u32,
}

impl Group<'_> {
    /// `suite::case[variant]::agreement`.
    #[must_use]
    pub fn agreement_id(&self) -> String {
        self.case.agreement_id()
    }
}

/// A trial with what it answers for.
#[derive(Debug, Clone)]
pub struct PlannedTrial {
    /// Name and transports.
    pub scheduled: Scheduled,
    /// What it answers for.
    pub scope: Scope,
    /// Why it isn't executed.
    pub obstacle: Option<Obstacle>,
}

/// Why a planned trial isn't executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// Skipped for a typed reason.
    Skip(SkipReason, String),
    /// The wire is claimed, yet not spoken: inconclusive, for the missing wire is a failure of its own.
    Missing(String),
}

/// Everything that a run will give a verdict on.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// Groups in the order of the seed; those that want the target for themselves come last.
    pub groups: Vec<Group<'a>>,
    /// Passive results: requirement and wire.
    pub passive: Vec<(String, Wire)>,
}

impl Plan<'_> {
    /// Trials, agreements and passive results.
    #[must_use]
    pub fn planned(&self) -> u64 {
        let trials: usize = self.groups.iter().map(|group| group.trials.len() + usize::from(group.agreement.is_some())).sum();
        (trials + self.passive.len()) as u64
    }

    /// Trials that will be executed.
    #[must_use]
    pub fn executable(&self) -> usize {
        self.groups.iter().flat_map(|group| &group.trials).filter(|trial| trial.obstacle.is_none()).count()
    }
}

/// Makes the plan. Failures of what is claimed and not offered are no part of it: the run adds them.
#[must_use]
pub fn plan<'a>(suite: &'a Suite, contract: &Contract, capabilities: &Capabilities, selection: &Selection) -> Plan<'a> {
    let mut groups = Vec::new();
    for repeat in 1..=selection.repeat.max(1) {
        let mut round: Vec<Group<'a>> =
            suite.cases.iter().filter_map(|case| group(case, contract, capabilities, selection, repeat)).flat_map(apart).collect();
        shuffle(&mut round, selection.seed.wrapping_add(u64::from(repeat)));
        groups.append(&mut round);
    }
    // Stable: both parts stay in the order of the seed.
    groups.sort_by_key(|group| group.case.exclusive);
    // Where only a part is asked for, nothing is claimed of wires that work and that no trial of it visits.
    let visited = |wire: Wire| {
        let mut trials = groups.iter().flat_map(|group| &group.trials);
        !selection.is_partial()
            || capabilities.of_wire(wire) != Some(Presence::Live)
            || trials.any(|trial| trial.scheduled.transports.iter().any(|transport| transport.wire == wire))
    };
    let passive = CHECKS
        .iter()
        .flat_map(|family| family.iter())
        .map(|check| check.requirement)
        .chain(of_schemas(contract))
        .filter_map(|id| contract.catalogue.get(id).map(|entry| (id, entry)))
        .filter(|(_, entry)| selection.profiles.contains(&entry.profile))
        .flat_map(|(id, entry)| {
            Wire::ALL
                .into_iter()
                .filter(|wire| selection.has_wire(*wire) && visited(*wire) && entry.wires.iter().any(|name| name == wire.name()))
                .map(move |wire| (id.to_owned(), wire))
        })
        .collect();
    Plan { groups, passive }
}

/// Trials that nothing compares need no common fixture set: each is a group of its own, so that one that waits holds up no other.
fn apart(group: Group<'_>) -> Vec<Group<'_>> {
    if group.agreement.is_some() {
        return vec![group];
    }
    let Group { case, trials, agreement, repeat } = group;
    trials.into_iter().map(|trial| Group { case, trials: vec![trial], agreement: agreement.clone(), repeat }).collect()
}

fn group<'a>(case: &'a Case, contract: &Contract, capabilities: &Capabilities, selection: &Selection, repeat: u32) -> Option<Group<'a>> {
    let mut trials = Vec::new();
    for (scheduled, presence) in schedule(case, capabilities, selection) {
        if !selection.matches(&scheduled.id) {
            continue;
        }
        let wires: Vec<Wire> = scheduled.transports.iter().map(|transport| transport.wire).collect();
        let named = named(case, contract, &wires);
        if named.is_empty() {
            continue;
        }
        let requirements: Vec<String> = named
            .iter()
            .filter(|id| contract.catalogue.get(id).is_some_and(|entry| selection.profiles.contains(&entry.profile)))
            .cloned()
            .collect();
        let obstacle = if requirements.is_empty() {
            Some(Obstacle::Skip(SkipReason::Profile, "none of its requirements is in a profile that was asked for".to_owned()))
        } else {
            match presence {
                Presence::Live if case.exclusive && !selection.instance_changes => Some(Obstacle::Skip(
                    SkipReason::Consent,
                    "it changes what belongs to the whole instance, and restores it: --allow-instance-changes lets it".to_owned(),
                )),
                Presence::Live if case.speaks_of_limit() && capabilities.message_limit.is_none() => {
                    Some(Obstacle::Skip(SkipReason::NotApplicable, "the target file declares no `message-limit`".to_owned()))
                }
                Presence::Live if undeclared(case, capabilities) => {
                    Some(Obstacle::Skip(SkipReason::NotDeclared, "the target file declares no `browser-origins`".to_owned()))
                }
                Presence::Live => None,
                Presence::Absent { text } => Some(Obstacle::Skip(SkipReason::NotApplicable, text)),
                Presence::Missing { text } => Some(Obstacle::Missing(text)),
            }
        };
        let requirements = if requirements.is_empty() { named } else { requirements };
        trials.push(PlannedTrial { scheduled, scope: Scope { requirements }, obstacle });
    }
    if trials.is_empty() {
        return None;
    }
    let live: Vec<&PlannedTrial> = trials.iter().filter(|trial| trial.obstacle.is_none()).collect();
    let agreement = (case.agrees && case.across.is_none() && live.len() > 1).then(|| match &case.agreement {
        Some(id) => vec![id.clone()],
        None => {
            let mut all: Vec<String> = Vec::new();
            for id in live.iter().flat_map(|trial| &trial.scope.requirements) {
                if !all.contains(id) {
                    all.push(id.clone());
                }
            }
            all
        }
    });
    let agreement = agreement
        .filter(|ids| ids.iter().any(|id| contract.catalogue.get(id).is_some_and(|entry| selection.profiles.contains(&entry.profile))));
    Some(Group { case, trials, agreement, repeat })
}

/// Whether a case speaks of an origin that the target would have to declare.
fn undeclared(case: &Case, capabilities: &Capabilities) -> bool {
    fn speaks(step: &Step) -> bool {
        let follow_ups = step.expect.iter().flat_map(|piece| &piece.any).flat_map(|alternative| &alternative.then);
        step.uses.iter().any(|name| DECLARED.contains(&name.as_str())) || follow_ups.into_iter().any(|act| speaks(&act.step))
    }
    capabilities.origins.is_empty() && std::iter::once(&case.main).chain(&case.then).any(speaks)
}

/// Requirements of a case that name one of the wires.
fn named(case: &Case, contract: &Contract, wires: &[Wire]) -> Vec<String> {
    let speaks = |id: &String| {
        contract.catalogue.get(id).is_some_and(|entry| wires.iter().any(|wire| entry.wires.iter().any(|name| name == wire.name())))
    };
    case.requirements.iter().filter(|id| speaks(id)).cloned().collect()
}

/// The trials of a case with what is known of their transports.
fn schedule(case: &Case, capabilities: &Capabilities, selection: &Selection) -> Vec<(Scheduled, Presence)> {
    let wires: Vec<Wire> = case.wires.iter().copied().filter(|wire| selection.has_wire(*wire)).collect();
    let allowed = |transport: &Transport| wires.contains(&transport.wire) && case.runs_on(*transport);
    let transports: Vec<Transport> = Transport::ALL.into_iter().filter(allowed).collect();
    match case.across {
        None => transports
            .into_iter()
            .filter_map(|transport| {
                let presence = capabilities.of(transport)?;
                Some((
                    Scheduled { id: format!("{}::{}::{}", case.id, transport.wire, transport.http), transports: vec![transport] },
                    presence,
                ))
            })
            .collect(),
        Some(across) => {
            // Over the first live HTTP version of each wire.
            let first: Vec<Transport> = wires
                .iter()
                .filter_map(|wire| transports.iter().copied().find(|transport| transport.wire == *wire && capabilities.has(*transport)))
                .collect();
            let visits: Vec<Vec<Transport>> = match across {
                Across::Each => vec![first],
                Across::Pairs => first
                    .iter()
                    .flat_map(|one| first.iter().filter(move |two| two.wire != one.wire).map(move |two| vec![*one, *two]))
                    .collect(),
            };
            visits
                .into_iter()
                .filter(|transports| transports.len() > 1)
                .map(|transports| {
                    let joined = |names: Vec<&str>| names.join("+");
                    let wires = joined(transports.iter().map(|transport| transport.wire.name()).collect());
                    let https = joined(transports.iter().map(|transport| transport.http.name()).collect());
                    (Scheduled { id: format!("{}::{wires}::{https}", case.id), transports }, Presence::Live)
                })
                .collect()
        }
    }
}

/// Fisher and Yates with a small generator (SplitMix64): the same seed gives the same order on every machine.
pub(crate) fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    for index in (1..items.len()).rev() {
        let other = usize::try_from(next() % (index as u64 + 1)).unwrap_or(0);
        items.swap(index, other);
    }
}

#[cfg(test)]
mod tests {
    use super::shuffle;

    #[test]
    fn the_same_seed_gives_the_same_order() {
        let order = |seed| {
            let mut items: Vec<u32> = (0..20).collect();
            shuffle(&mut items, seed);
            items
        };
        assert_eq!(order(7), order(7));
        assert_ne!(order(7), order(8));
        let mut sorted = order(7);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..20).collect::<Vec<_>>());
    }
}
