//! Proof that the suite is worth its verdicts: every fault is caught by the requirement that it breaks, every legal variant is spared, targets that
//! serve nothing pass nothing, and no expectation is without effect.
//!
//! Everything runs in this process against the reference target; nothing else is contacted.

mod bench;
mod catching;
mod expectation;
mod matrix;
mod mutate;
mod sparing;

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Semaphore;

pub use bench::{Judged, Judging, everything};
pub use catching::{Catch, Outcome};
pub use expectation::{Expectations, Written};
pub use matrix::{figures, html, json, markdown, same_matrix};
pub use sparing::Blemish;

use crate::case::Suite;
use crate::check::is_passive;
use crate::contract::Contract;
use crate::contract::requirement::Level;
use crate::reference::{FAULTS, NULL_TARGETS, VARIANTS};

/// What is to be proven.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Pieces of names of faults, variants, null targets and requirements: only these are tried. Empty: everything.
    pub names: Vec<String>,
    /// Each fault and each variant meets the whole suite, instead of what speaks of its requirement.
    pub full: bool,
    /// Only every n-th of those, and neither the correct target nor the expectations: a sample.
    pub every: Option<usize>,
}

impl Ask {
    fn is_whole(&self) -> bool {
        self.names.is_empty() && self.every.is_none()
    }

    fn sampled<T: 'static>(&self, all: &'static [&'static T]) -> impl Iterator<Item = &'static T> {
        all.iter().copied().step_by(self.every.unwrap_or(1).max(1))
    }

    fn wants<'a>(&self, name: &'a str, requirements: impl IntoIterator<Item = &'a str>) -> bool {
        let about: Vec<&str> = std::iter::once(name).chain(requirements).collect();
        self.names.is_empty() || self.names.iter().any(|piece| about.iter().any(|text| text.contains(piece.as_str())))
    }
}

/// What was found.
#[derive(Debug, Default)]
pub struct Proof {
    /// Each fault that was tried.
    pub catches: Vec<Catch>,
    /// Failures on the correct target and on legal variants, and whatever passed on a null target.
    pub blemishes: Vec<Blemish>,
    /// How many targets without a fault were tried: the correct one, variants, null targets.
    pub spared: usize,
    /// What the cases expect, changed piece by piece.
    pub expectations: Expectations,
    /// MUSTs that no fault breaks, with the wires where that is so.
    pub unbroken: Vec<(String, Vec<&'static str>)>,
}

impl Proof {
    /// Whether nothing is left to be desired.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.catches.iter().all(Catch::is_killed)
            && self.blemishes.is_empty()
            && self.expectations.dead.is_empty()
            && self.unbroken.is_empty()
    }
}

/// Runs with a fault that go on at the same time: short ones, of which some wait for what the fault never shows.
const FAULTY: usize = 8;
/// Runs of a correct target: busy ones.
const BUSY: usize = 3;

/// Tries everything that is asked for. `told` is given a line when a target has been tried.
pub async fn prove(ask: Ask, suite: &'static Suite, mut told: impl FnMut(&str)) -> Proof {
    let contract = Contract::built_in();
    let (faulty, busy) = (Arc::new(Semaphore::new(FAULTY)), Arc::new(Semaphore::new(BUSY)));
    let mut tasks = tokio::task::JoinSet::new();
    if ask.is_whole() {
        let slot = Arc::clone(&busy);
        tasks.spawn(async move {
            let _slot = slot.acquire_owned().await;
            let (blemishes, expectations) = sparing::correct(suite).await;
            Found { name: "correct", blemishes, expectations: Some(expectations), catch: None }
        });
    }
    for variant in ask.sampled(VARIANTS).filter(|it| ask.wants(it.name, it.spared_by.iter().copied())) {
        let (slot, full) = (Arc::clone(&busy), ask.full);
        tasks.spawn(async move {
            let _slot = slot.acquire_owned().await;
            Found { name: variant.name, blemishes: sparing::variant(variant, suite, full).await, expectations: None, catch: None }
        });
    }
    for null in ask.sampled(NULL_TARGETS).filter(|it| ask.wants(it.name, [])) {
        let slot = Arc::clone(&busy);
        tasks.spawn(async move {
            let _slot = slot.acquire_owned().await;
            Found { name: null.name, blemishes: sparing::null(null, suite).await, expectations: None, catch: None }
        });
    }
    for fault in ask.sampled(FAULTS).filter(|it| ask.wants(it.name, [it.requirement])) {
        let (slot, full) = (Arc::clone(&faulty), ask.full);
        tasks.spawn(async move {
            let _slot = slot.acquire_owned().await;
            let catch = catching::catch(fault, suite, full).await;
            Found { name: fault.name, blemishes: Vec::new(), expectations: None, catch: Some(catch) }
        });
    }
    let mut proof = Proof::default();
    while let Some(found) = tasks.join_next().await {
        // A panic here is a defect of ours; it is passed on.
        let found = found.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        told(found.name);
        proof.spared += usize::from(found.catch.is_none());
        proof.catches.extend(found.catch);
        proof.blemishes.extend(found.blemishes);
        proof.expectations = found.expectations.unwrap_or(proof.expectations);
    }
    proof.catches.sort_by_key(|catch| FAULTS.iter().position(|fault| fault.name == catch.fault.name));
    proof.blemishes.sort();
    if ask.is_whole() {
        proof.unbroken = unbroken(suite, contract);
    }
    proof
}

struct Found {
    name: &'static str,
    blemishes: Vec<Blemish>,
    expectations: Option<Expectations>,
    catch: Option<Catch>,
}

/// MUSTs that a case or a check looks at and no fault breaks, with the wires where that is so.
fn unbroken(suite: &Suite, contract: &Contract) -> Vec<(String, Vec<&'static str>)> {
    let is_looked_at = |id: &str| is_passive(id, contract) || suite.cases.iter().any(|case| case.answers_for(id));
    let musts = contract.catalogue.iter().filter(|entry| entry.level == Level::Must && is_looked_at(&entry.id));
    musts
        .filter_map(|entry| {
            let broken: BTreeSet<&str> =
                FAULTS.iter().filter(|fault| fault.requirement == entry.id).flat_map(|fault| fault.wires).copied().collect();
            let wires: Vec<&'static str> =
                crate::wire::Wire::ALL.iter().map(|wire| wire.name()).filter(|wire| entry.is_on(wire) && !broken.contains(wire)).collect();
            (!wires.is_empty()).then(|| (entry.id.clone(), wires))
        })
        .collect()
}

/// Additions, refusals and reads on every wire, for what is judged beside.
const BESIDE: [&str; 4] = ["second_factors::adds", "second_factors::refuses", "second_factors::is-one-state", "second_factors::removes"];

/// Cases that provoke every kind of answer, for what is judged passively.
const PROVOKING: [&str; 8] = [
    "second_factors::adds-OTP-to-a-custom-login-policy::",
    "second_factors::refuses-the-unspecified-factor::",
    "second_factors::refuses-a-factor-of-the-policy::",
    "second_factors::refuses-to-add-without-a-token::",
    "second_factors::tells-the-refusal-in-other-languages::",
    "second_factors::is-one-state-for-all-wires::",
    "text::",
    "http_methods::",
];

/// The wires that a fault or a variant names.
fn wires(names: &[&str]) -> Vec<crate::wire::Wire> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}
