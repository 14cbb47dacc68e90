//! Whether a fault is caught, by which requirement, and on which wires.

use std::collections::{BTreeMap, BTreeSet};

use super::bench::{Judged, Judging, everything};
use super::{PROVOKING, wires};
use crate::case::Suite;
use crate::check::is_passive;
use crate::contract::Contract;
use crate::judge::Judgement;
use crate::plan::Selection;
use crate::record::event::Event;
use crate::reference::{Fault, Layer, Options};
use crate::wire::Wire;

/// What became of a fault on a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The requirement that it breaks was violated, by the kind that it claims.
    Killed,
    /// Something else was violated, that requirement wasn't.
    Bystander,
    /// Nothing was.
    Survived,
    /// The fault never acted, or no case speaks of its requirement.
    Unreached,
}

impl Outcome {
    /// The word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Killed => "killed",
            Self::Bystander => "bystander",
            Self::Survived => "survived",
            Self::Unreached => "unreached",
        }
    }
}

/// A fault with what became of it.
#[derive(Debug)]
pub struct Catch {
    /// The fault.
    pub fault: &'static Fault,
    /// For each wire on which it can occur.
    pub wires: BTreeMap<&'static str, Outcome>,
    /// All requirements that were violated, with their kinds.
    pub violated: BTreeSet<(String, String)>,
}

impl Catch {
    /// Whether it was caught as it claims, on each of its wires.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        self.wires.values().all(|outcome| *outcome == Outcome::Killed)
    }
}

/// Tries a fault.
pub(super) async fn catch(fault: &'static Fault, suite: &Suite, full: bool) -> Catch {
    if full {
        return caught(fault, &judge(fault, suite, everything()).await);
    }
    let named = wires(fault.wires);
    // The cases of the requirement, and those that provoke every kind of answer for what is judged passively.
    let mut cases: Vec<String> =
        suite.cases.iter().filter(|case| case.answers_for(fault.requirement)).map(|case| format!("{}::", case.id)).collect();
    if is_passive(fault.requirement, Contract::built_in()) {
        cases.extend(PROVOKING.map(str::to_owned));
    }
    if cases.is_empty() {
        return Catch { fault, wires: fault.wires.iter().map(|wire| (*wire, Outcome::Unreached)).collect(), violated: BTreeSet::new() };
    }
    // A fault of agreement shows itself between wires; another one on each of its own.
    let alone = fault.layer != Layer::Agreement && !fault.requirement.starts_with("EQ-");
    if !alone {
        return caught(fault, &judge(fault, suite, Selection { filters: cases, ..everything() }).await);
    }
    // Most show themselves over one HTTP version of a wire already.
    let narrow = cases.iter().flat_map(|case| narrowed(case, &named)).collect();
    let first = caught(fault, &judge(fault, suite, Selection { filters: narrow, wires: named.clone(), ..everything() }).await);
    if first.is_killed() {
        return first;
    }
    caught(fault, &judge(fault, suite, Selection { filters: cases, wires: named, ..everything() }).await)
}

fn narrowed(case: &str, wires: &[Wire]) -> Vec<String> {
    if case.contains("::is-one-state") {
        return vec![case.to_owned()];
    }
    let over = |wire: &Wire| if *wire == Wire::Grpc { "grpc::h2".to_owned() } else { format!("{}::h1", wire.name()) };
    wires.iter().map(|wire| format!("{case}{}", over(wire))).collect()
}

async fn judge(fault: &'static Fault, suite: &Suite, selection: Selection) -> Judged {
    Judging::hastily(suite, selection).reference(Options { fault: Some(fault), ..Options::default() }).await
}

fn caught(fault: &'static Fault, judged: &Judged) -> Catch {
    let violated: BTreeSet<(String, String)> =
        judged.judgements().flat_map(|(_, it)| &it.violated).map(|it| (it.requirement.clone(), it.kind.clone())).collect();
    let shows = |judgement: &Judgement| judgement.violated.iter().any(|it| it.requirement == fault.requirement && it.kind == fault.kind);
    let on = |judgement: &Judgement| !judgement.violated.is_empty();
    let (claimed, any) = (seen_on(judged, shows), seen_on(judged, on));
    let outcome = |name: &&'static str| {
        let is_in = |seen: &BTreeSet<Wire>| seen.iter().any(|wire| wire.name() == *name);
        if judged.acted == 0 {
            Outcome::Unreached
        } else if is_in(&claimed) {
            Outcome::Killed
        } else if is_in(&any) {
            Outcome::Bystander
        } else {
            Outcome::Survived
        }
    };
    Catch { fault, wires: fault.wires.iter().map(|name| (*name, outcome(name))).collect(), violated }
}

/// Wires of the results that a question picks.
fn seen_on(judged: &Judged, asks: impl Fn(&Judgement) -> bool) -> BTreeSet<Wire> {
    let mut wires = BTreeSet::new();
    for event in &judged.events {
        match event {
            Event::TrialEnded(it) if asks(&it.judgement) => wires.extend(it.transports.iter().map(|transport| transport.wire)),
            Event::AgreementEnded(it) if asks(&it.judgement) => wires.extend(it.transports.iter().map(|transport| transport.wire)),
            Event::PassiveEnded(it) if asks(&it.judgement) => {
                wires.insert(it.wire);
            }
            _ => {}
        }
    }
    wires
}
