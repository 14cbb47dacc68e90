//! Executes one trial on a fixture set.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::engine::{Asked, Engine, is_setup};
use super::fixture::{self, Set, Unready};
use super::futures_join;
use super::panic::caught;
use crate::case::{Act, Captures, Case, Connection, StepKind, Via};
use crate::judge::{self, Met, Observation, Place, StepSeen, Stopped, Walk};
use crate::plan::{Group, PlannedTrial};
use crate::record::event::TrialEnded;
use crate::wire::{Held, Role, Transport};

/// A trial with what it showed, and whether the set can be used on.
pub(super) struct Executed {
    pub ended: TrialEnded,
    /// The start state could not be made: the set is retired.
    pub set_is_spoilt: bool,
}

/// Executes a trial of a group. `set`: the leased set, or why there is none.
pub(super) async fn execute(
    engine: &Engine<'_>,
    group: &Group<'_>,
    acts: &[Act],
    planned: &PlannedTrial,
    set: Result<Option<&Set>, &Unready>,
) -> Executed {
    let case = group.case;
    let begun = engine.elapsed();
    let mut observation =
        Observation { transports: planned.scheduled.transports.clone(), captures: Captures::new(), steps: Vec::new(), stopped: None };
    let mut set_is_spoilt = false;
    match set {
        Err(unready) => {
            let text = unready.text();
            observation.stopped = Some(match unready {
                Unready::Fault(_) => Stopped::Harness { text },
                Unready::Unreached(_) => Stopped::SetUp { text },
                Unready::Denied { .. } => Stopped::Denied { text },
            });
        }
        Ok(set) => {
            let mut captures = set.map_or_else(|| engine.base_captures(), |set| set.captures.clone());
            captures.insert("round".to_owned(), engine.next_round().to_string().into());
            observation.captures = engine.redacted(&captures);
            let performed = caught(steps(engine, case, acts, planned, &mut captures, &mut observation)).await;
            set_is_spoilt = performed.unwrap_or_else(|text| {
                observation.stopped = Some(Stopped::Harness { text });
                true
            });
        }
    }
    let (judgement, checks) = judge::whole(acts, &planned.scope, &mut observation, engine.contract, engine.examiner);
    let ended = TrialEnded {
        id: planned.scheduled.id.clone(),
        case: case.base_id().to_owned(),
        variant: case.variant.clone(),
        transports: planned.scheduled.transports.clone(),
        covers: case.covered_by_trials(),
        repeat: group.repeat,
        compared: group.agreement.is_some(),
        judgement,
        observation: Some(observation),
        checks,
        duration: engine.elapsed().saturating_sub(begun),
    };
    Executed { ended, set_is_spoilt }
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
    let mut held: BTreeMap<Transport, Held> = BTreeMap::new();
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
            role: if is_setup(act.duty) { engine.setup_role() } else { Role::Trial },
            case: Some(case),
            counts: &counts,
            cuttable: true,
        };
        if act.beside > 0 {
            let mut acts = vec![(index, act)];
            acts.extend((0..act.beside).map_while(|_| walk.next(captures)));
            if let Some(stopped) = together(engine, asked, &acts, planned, captures, observation).await {
                let is_unmet = matches!(stopped, Stopped::Unmet);
                observation.stopped = Some(stopped);
                return !is_unmet;
            }
            continue;
        }
        if act.step.connection == Connection::Open {
            held.insert(transport, Held::default());
        }
        let performed = match engine.perform(asked, captures, held.get_mut(&transport)).await {
            Ok(performed) => performed,
            Err(error) => {
                observation.stopped = Some(Stopped::Harness { text: engine.scrub(&format!("{}: {error}", act.describe())) });
                return false;
            }
        };
        if performed.interrupted || (engine.is_lost() && performed.met != Met::Yes) {
            // What a target does while it goes away, or before a read has had its time, is nobody's violation; the record keeps it.
            let kept = fixture::keep(engine, &format!("{}, interrupted", planned.scheduled.id), performed.attempts).await;
            observation.stopped = Some(kept.err().map_or(Stopped::Interrupted, |text| Stopped::Harness { text }));
            return true;
        }
        observation.steps.push(StepSeen { act: index, attempts: performed.attempts, bound_passed: performed.bound_passed });
        if performed.met != Met::Yes {
            observation.stopped = Some(Stopped::Unmet);
            return is_setup(act.duty);
        }
        let place = Place { exchange: &performed.raw, reading: &performed.reading, captures };
        walk.follow(&judge::chosen(&act.step, place, counts));
        engine.take_captures(&act.step, &performed.raw, &performed.reading, captures);
    }
    false
}

/// Performs acts that are released together, each on a connection of its own; why the trial ends with them, where it does.
async fn together(
    engine: &Engine<'_>,
    asked: Asked<'_>,
    acts: &[(usize, &Act)],
    planned: &PlannedTrial,
    captures: &Captures,
    observation: &mut Observation,
) -> Option<Stopped> {
    let released = acts.iter().map(|(_, act)| {
        let transport = transport(engine, act, planned).unwrap_or(asked.transport);
        let after = Duration::from_millis(act.step.after);
        let asked = Asked { step: &act.step, identity: &act.identity, transport, ..asked };
        async move {
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            engine.perform(asked, captures, None).await
        }
    });
    let done: Vec<Mutex<Option<_>>> = acts.iter().map(|_| Mutex::new(None)).collect();
    futures_join(released.zip(&done).map(|(performed, slot)| async move {
        let performed = performed.await;
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(performed);
    }))
    .await;
    let mut all = Vec::new();
    for performed in done.into_iter().filter_map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner)) {
        match performed {
            Ok(performed) => all.push(performed),
            Err(error) => return Some(Stopped::Harness { text: engine.scrub(&error.to_string()) }),
        }
    }
    let interrupted = all.iter().any(|performed| performed.interrupted) || engine.is_lost();
    let places: Vec<Place<'_>> =
        all.iter().map(|performed| Place { exchange: &performed.raw, reading: &performed.reading, captures }).collect();
    let only: Vec<&Act> = acts.iter().map(|(_, act)| *act).collect();
    let (_, met) = judge::met_together(&only, &places, asked.counts);
    if interrupted && met != Met::Yes {
        // As with one step: what is seen of a target that goes away is kept, and nobody's violation.
        let attempts = all.into_iter().flat_map(|performed| performed.attempts).collect();
        let kept = fixture::keep(engine, &format!("{}, interrupted", planned.scheduled.id), attempts).await;
        return Some(kept.err().map_or(Stopped::Interrupted, |text| Stopped::Harness { text }));
    }
    for ((index, _), performed) in acts.iter().zip(all) {
        observation.steps.push(StepSeen { act: *index, attempts: performed.attempts, bound_passed: false });
    }
    (met != Met::Yes).then_some(Stopped::Unmet)
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
