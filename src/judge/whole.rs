//! A trial with everything that is said of it: its verdict, and what the passive checks say of its exchanges.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::trial::{Scope, trial};
use super::verdict::{Judgement, Observation, Stopped, Verdict};
use crate::answer;
use crate::case::Act;
use crate::check::{self, Seen};
use crate::contract::Contract;
use crate::target::Presence;
use crate::wire::{Exchange, Wire};

/// What the passive checks say of an exchange.
#[must_use]
pub fn examine(exchange: &Exchange, contract: &Contract) -> Vec<Seen> {
    let reading = answer::read(exchange, contract);
    check::examine(exchange, &reading, contract)
}

/// Whether the answer to a probe has to obey the rules of its wire: who doesn't speak it and refuses needn't, whatever looks like one of it must.
#[must_use]
pub fn is_bound(presence: &Presence, exchange: &Exchange) -> bool {
    if *presence == Presence::Live {
        return true;
    }
    let Some(head) = exchange.received.head().filter(|head| matches!(head.status, Some(200..=299))) else { return false };
    let label = head.first("content-type").unwrap_or_default().to_ascii_lowercase();
    match exchange.transport.wire {
        Wire::Json => true,
        Wire::Grpc => label.starts_with("application/grpc"),
        Wire::GrpcWeb | Wire::GrpcWebText => label.starts_with("application/grpc-web"),
    }
}

/// The passive checks: [`examine`], or what a test puts in its place.
pub type Examiner = fn(&Exchange, &Contract) -> Vec<Seen>;

/// What the passive checks say of an exchange.
///
/// # Errors
/// One of them panicked: a fault of the harness.
pub fn examined(examiner: Examiner, exchange: &Exchange, contract: &Contract) -> Result<Vec<Seen>, String> {
    catch_unwind(AssertUnwindSafe(|| examiner(exchange, contract)))
        .map_err(|panicked| format!("a passive check panicked: {}", panic_text(panicked.as_ref())))
}

/// Judges. A panic is a fault of the harness, never blamed on the target.
pub fn guarded(requirements: &[String], judge: impl FnOnce() -> Judgement) -> Judgement {
    catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(|panicked| Judgement {
        verdict: Verdict::Error,
        requirements: requirements.to_vec(),
        violated: Vec::new(),
        reason: Some(format!("fault of the harness: the judge panicked: {}", panic_text(panicked.as_ref()))),
        skip: None,
        live: Vec::new(),
    })
}

/// What a panic says.
pub(crate) fn panic_text(panicked: &(dyn Any + Send)) -> &str {
    panicked.downcast_ref::<String>().map(String::as_str).or_else(|| panicked.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// Judges a trial and examines its exchanges. A panic of judge or check is a fault of the harness; that of a check is noted in the observation, so
/// that the record tells it.
#[must_use]
pub fn whole(
    acts: &[Act],
    scope: &Scope,
    observation: &mut Observation,
    contract: &Contract,
    examiner: Examiner,
) -> (Judgement, Vec<(u64, Vec<Seen>)>) {
    let mut checks = Vec::new();
    let mut fault = None;
    for exchange in observation.steps.iter().flat_map(|step| &step.attempts) {
        match examined(examiner, exchange, contract) {
            Ok(seen) => checks.push((exchange.id, seen)),
            Err(text) => fault = Some(Stopped::Harness { text }),
        }
    }
    if fault.is_some() {
        observation.stopped = fault;
    }
    (guarded(&scope.requirements, || trial(acts, scope, observation, contract)), checks)
}
