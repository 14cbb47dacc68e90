//! A trial with everything that is said of it: its verdict, and what the passive checks say of its exchanges.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::trial::{Scope, trial};
use super::verdict::{Judgement, Observation, Stopped, Verdict};
use crate::answer;
use crate::case::Act;
use crate::check::{self, Seen};
use crate::contract::Contract;
use crate::wire::Exchange;

/// What the passive checks say of an exchange.
#[must_use]
pub fn examine(exchange: &Exchange, contract: &Contract) -> Vec<Seen> {
    let reading = answer::read(exchange, contract);
    check::examine(exchange, &reading, contract)
}

/// Judges a trial and examines its exchanges. A panic of judge or check is a fault of the harness, never blamed on the target; that of a check is
/// noted in the observation, so that the record tells it.
#[must_use]
pub fn whole(acts: &[Act], scope: &Scope, observation: &mut Observation, contract: &Contract) -> (Judgement, Vec<(u64, Vec<Seen>)>) {
    let mut checks = Vec::new();
    let mut panicked = false;
    for exchange in observation.steps.iter().flat_map(|step| &step.attempts) {
        match catch_unwind(AssertUnwindSafe(|| examine(exchange, contract))) {
            Ok(seen) => checks.push((exchange.id, seen)),
            Err(_) => panicked = true,
        }
    }
    if panicked {
        observation.stopped = Some(Stopped::Harness { text: "a passive check panicked".to_owned() });
    }
    let judged = catch_unwind(AssertUnwindSafe(|| trial(acts, scope, observation, contract)));
    let judgement = judged.unwrap_or_else(|_| Judgement {
        verdict: Verdict::Error,
        requirements: scope.requirements.clone(),
        violated: Vec::new(),
        reason: Some("fault of the harness: the judge panicked".to_owned()),
        skip: None,
        live: Vec::new(),
    });
    (judgement, checks)
}
