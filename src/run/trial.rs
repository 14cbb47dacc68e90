//! Executes one trial on a fixture set.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::engine::{Asked, Engine, is_setup};
use super::fixture::Set;
use crate::case::{Act, Captures, Case, StepKind, Via};
use crate::judge::{self, Judgement, Met, Observation, Place, StepSeen, Stopped, Verdict, Walk};
use crate::plan::PlannedTrial;
use crate::record::event::TrialEnded;
use crate::wire::{Role, Transport};

/// A trial with what it showed, and whether the set can be used on.
pub(super) struct Executed {
    pub ended: TrialEnded,
    /// The start state could not be made: the set is retired.
    pub set_is_spoilt: bool,
}

/// Executes a trial. `set`: the leased set, or why there is none.
pub(super) async fn execute(
    engine: &Engine<'_>,
    case: &Case,
    acts: &[Act],
    planned: &PlannedTrial,
    set: Result<Option<&Set>, &str>,
    repeat: u32,
) -> Executed {
    let begun = engine.elapsed();
    let mut observation =
        Observation { transports: planned.scheduled.transports.clone(), captures: Captures::new(), steps: Vec::new(), stopped: None };
    let mut set_is_spoilt = false;
    match set {
        Err(text) => observation.stopped = Some(Stopped::SetUp { text: text.to_owned() }),
        Ok(set) => {
            let mut captures = set.map_or_else(|| engine.base_captures(), |set| set.captures.clone());
            captures.insert("round".to_owned(), engine.next_round().to_string().into());
            observation.captures = engine.redacted(&captures);
            set_is_spoilt = steps(engine, case, acts, planned, &mut captures, &mut observation).await;
        }
    }
    let judgement = guarded(planned, || judge::trial(acts, &planned.scope, &observation, engine.contract));
    let mut checks = Vec::new();
    for exchange in observation.steps.iter().flat_map(|step| &step.attempts) {
        match catch_unwind(AssertUnwindSafe(|| engine.examine(exchange))) {
            Ok(seen) => checks.push((exchange.id, seen)),
            Err(_) => observation.stopped = Some(Stopped::Harness { text: "a passive check panicked".to_owned() }),
        }
    }
    let judgement = match &observation.stopped {
        Some(Stopped::Harness { .. }) if judgement.verdict != Verdict::Error => {
            guarded(planned, || judge::trial(acts, &planned.scope, &observation, engine.contract))
        }
        _ => judgement,
    };
    let ended = TrialEnded {
        id: planned.scheduled.id.clone(),
        case: case.base_id().to_owned(),
        variant: case.variant.clone(),
        transports: planned.scheduled.transports.clone(),
        covers: case.covers.iter().map(|covers| (covers.requirement.clone(), covers.parts.clone())).collect(),
        repeat,
        judgement,
        observation: Some(observation),
        checks,
        duration: engine.elapsed().saturating_sub(begun),
    };
    Executed { ended, set_is_spoilt }
}

/// A panic in the judge is a fault of the harness, never blamed on the target.
fn guarded(planned: &PlannedTrial, judge: impl FnOnce() -> Judgement) -> Judgement {
    catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(|_| Judgement {
        verdict: Verdict::Error,
        requirements: planned.scope.requirements.clone(),
        violated: Vec::new(),
        reason: Some("fault of the harness: the judge panicked".to_owned()),
        skip: None,
        live: Vec::new(),
    })
}

/// Performs the acts in order until one is not met; returns whether the set is spoilt.
async fn steps(
    engine: &Engine<'_>,
    case: &Case,
    acts: &[Act],
    planned: &PlannedTrial,
    captures: &mut Captures,
    observation: &mut Observation,
) -> bool {
    let counts = |piece: &crate::case::Expect| planned.scope.counts(piece);
    let mut walk = Walk::new(acts);
    while let Some((index, act)) = walk.next(captures) {
        if engine.is_over() {
            observation.stopped = Some(Stopped::Interrupted);
            return true;
        }
        if let StepKind::Wait(milliseconds) = act.step.kind {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(milliseconds)) => {}
                () = engine.stop.requested() => {}
            }
            continue;
        }
        let Some(transport) = transport(engine, act, planned) else {
            observation.stopped = Some(Stopped::Harness { text: format!("no transport for {}", act.describe()) });
            return true;
        };
        let asked = Asked {
            step: &act.step,
            identity: &act.identity,
            transport,
            role: if is_setup(act.duty) { Role::Fixture } else { Role::Trial },
            case: Some(case),
            counts: &counts,
            cuttable: true,
        };
        let performed = match engine.perform(asked, captures).await {
            Ok(performed) => performed,
            Err(error) => {
                observation.stopped = Some(Stopped::Harness { text: format!("{}: {error}", act.describe()) });
                return false;
            }
        };
        observation.steps.push(StepSeen { act: index, attempts: performed.attempts, bound_passed: performed.bound_passed });
        if performed.met != Met::Yes {
            observation.stopped = Some(Stopped::Unmet);
            return is_setup(act.duty);
        }
        let place = Place { exchange: &performed.raw, reading: &performed.reading, captures };
        walk.follow(&judge::chosen(&act.step, place, counts));
        judge::take_captures(&act.step, &performed.reading, captures);
    }
    false
}

fn transport(engine: &Engine<'_>, act: &Act, planned: &PlannedTrial) -> Option<Transport> {
    if is_setup(act.duty) {
        return engine.setup_transport();
    }
    let transports = &planned.scheduled.transports;
    match act.step.via {
        // Counted round, so that a case may go on to the next wire without knowing how many there are.
        Some(Via::Nth(index)) => transports.get(index % transports.len().max(1)).copied(),
        Some(Via::Every) | None => transports.first().copied(),
    }
}
