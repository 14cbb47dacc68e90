//! Execution: preflight, fixture sets, trials, clean-up. Decides when to ask again, never what it means.
//!
//! Nothing here prints; what happens is handed out as [`Event`]s.

mod engine;
mod fixture;
pub mod journal;
mod preflight;
mod provision;
mod step;
mod stop;
mod trial;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

pub use engine::Options;
pub use preflight::Unusable;
pub use stop::Stop;

use crate::case::Suite;
use crate::conclude::passive::Tally;
use crate::contract::Contract;
use crate::judge::{self, Judgement, Observation, Scope, SkipReason, Verdict, Violation};
use crate::plan::{self, Group, Obstacle, Plan, Selection};
use crate::record::event::{AgreementEnded, Event, Lost, PassiveEnded, RunEnded, RunStarted, TargetIdentity, TrialEnded};
use crate::target::{Capabilities, Presence};
use crate::wire::{Client, Transport, Wire};
use engine::{Engine, Means};
use journal::Journal;

/// Everything that a run needs.
pub struct Setting<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// The suite.
    pub suite: &'a Suite,
    /// What of it is asked for.
    pub selection: Selection,
    /// Steering.
    pub options: Options,
    /// The instrument, set on the target.
    pub client: Client,
    /// The target's identity for the record.
    pub target: TargetIdentity,
    /// Options in effect, for the record.
    pub recorded_options: BTreeMap<String, String>,
    /// Where creations are written down.
    pub journal: Journal,
    /// How it is told to stop.
    pub stop: Stop,
}

/// How a run ended; what it found is in its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It ran to its end, or was interrupted, or the target was lost: the events tell.
    Ran,
    /// The target can't be used.
    Unusable(Unusable),
    /// Nothing was selected.
    Nothing,
}

/// Runs the suite against a target. Each event is given to `record` in order, the last one is [`Event::RunEnded`].
pub async fn run(setting: Setting<'_>, mut record: impl FnMut(Event)) -> Ended {
    let (sender, mut receiver) = mpsc::channel(256);
    let Setting { contract, suite, selection, options, client, target, recorded_options, journal, stop } = setting;
    let jobs = options.jobs.max(1);
    let name = run_name(selection.seed);
    let means = Means { contract, suite, client, options, stop: stop.clone(), journal };
    let engine = Engine::new(name.clone(), means, sender);

    // The preflight's probes come first in time, but the record opens with the identity of everything.
    let preflight = async {
        let found = preflight::preflight(&engine, &selection).await;
        engine.client.close().await;
        found
    };
    let mut probes = Vec::new();
    let found = drain(preflight, &mut receiver, |event| probes.push(event)).await;
    let (capabilities, unusable) = match found {
        Ok(capabilities) => (capabilities, None),
        Err(unusable) => (Capabilities::default(), Some(unusable)),
    };
    if let Some(unusable) = &unusable {
        probes.push(Event::TargetLost(Lost { reason: engine.scrub(&unusable.to_string()) }));
    }
    let plan = plan::plan(suite, contract, &capabilities, &selection);
    let missing = missing_wires(&capabilities, &selection);
    let offered: Vec<(String, Wire, String)> = suite
        .offered
        .iter()
        .flat_map(|requirement| missing.iter().map(move |(wire, text)| (requirement.clone(), *wire, text.clone())))
        .collect();
    let executable = plan.executable();
    let nothing = unusable.is_none() && (plan.groups.is_empty() || (executable == 0 && offered.is_empty()));
    record(Event::RunStarted(RunStarted {
        triwire: env!("CARGO_PKG_VERSION").to_owned(),
        run: name,
        at: jiff::Timestamp::now().to_string(),
        target,
        suite: suite.name.clone(),
        suite_hash: suite.hash.clone(),
        case_hashes: suite.cases.iter().map(|case| (case.id.clone(), case.hash.clone())).collect(),
        contract_hash: contract.hash(),
        seed: selection.seed,
        options: recorded_options,
        planned: plan.planned() + offered.len() as u64,
        transports: planned_transports(&capabilities),
    }));
    let mut tally = Tally::default();
    for event in probes {
        tally.see(&event, contract);
        record(event);
    }
    let mut given = 0u64;
    if unusable.is_none() && !nothing {
        let mut record_and_tally = |event: Event| {
            tally.see(&event, contract);
            given += u64::from(matches!(event, Event::TrialEnded(_) | Event::AgreementEnded(_) | Event::PassiveEnded(_)));
            record(event);
        };
        drain(everything(&engine, &plan, jobs, &capabilities), &mut receiver, &mut record_and_tally).await;
        for (requirement, wire, text) in offered {
            record_and_tally(Event::PassiveEnded(not_offered(requirement, wire, text)));
        }
    }
    for (requirement, wire) in &plan.passive {
        let presence = wire_presence(&capabilities, *wire);
        let ended = tally.conclude(requirement, *wire, presence.as_ref(), selection.is_partial());
        given += 1;
        record(Event::PassiveEnded(ended));
    }
    let complete = unusable.is_none() && !engine.is_lost() && !stop.is_requested() && given >= plan.planned();
    record(Event::RunEnded(RunEnded { complete, interrupted: None, exchanges: engine.exchanges(), duration: engine.elapsed() }));
    match unusable {
        Some(unusable) => Ended::Unusable(unusable),
        None if nothing => Ended::Nothing,
        None => Ended::Ran,
    }
}

/// Drives a part of the run while its events are recorded.
async fn drain<T>(work: impl Future<Output = T>, receiver: &mut mpsc::Receiver<Event>, mut record: impl FnMut(Event)) -> T {
    let mut work = std::pin::pin!(work);
    let result = loop {
        tokio::select! {
            biased;
            Some(event) = receiver.recv() => record(event),
            result = &mut work => break result,
        }
    };
    while let Ok(event) = receiver.try_recv() {
        record(event);
    }
    result
}

/// Executes all groups with bounded concurrency, then removes what was made.
async fn everything(engine: &Engine<'_>, plan: &Plan<'_>, jobs: usize, capabilities: &Capabilities) {
    *engine.capabilities.write().unwrap_or_else(PoisonError::into_inner) = capabilities.clone();
    let spare = Mutex::new(provision::first(engine, plan).await);
    let queue = Arc::new(Mutex::new(plan.groups.iter()));
    let workers = (0..jobs.min(plan.groups.len()).max(1)).map(|_| worker(engine, &queue, &spare));
    futures_join(workers).await;
    for set in spare.into_inner().unwrap_or_else(PoisonError::into_inner).values() {
        fixture::remove(engine, set).await;
    }
    engine.client.close().await;
}

/// Polls all futures to their end in one task: trials wait for the network, so one thread carries many.
async fn futures_join<F: Future<Output = ()>>(futures: impl Iterator<Item = F>) {
    let mut pending: Vec<std::pin::Pin<Box<F>>> = futures.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        pending.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if pending.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// Takes one group after the other; keeps a fixture set as long as it can be reset.
async fn worker(engine: &Engine<'_>, queue: &Mutex<std::slice::Iter<'_, Group<'_>>>, spare: &Mutex<BTreeMap<String, fixture::Set>>) {
    let mut sets: BTreeMap<String, fixture::Set> = BTreeMap::new();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some(group) = next else { break };
        if let Some(root) = group.case.given.as_deref().and_then(|given| engine.suite.leased(given))
            && !sets.contains_key(&root.name)
            && let Some(set) = spare.lock().unwrap_or_else(PoisonError::into_inner).remove(&root.name)
        {
            sets.insert(root.name.clone(), set);
        }
        execute_group(engine, group, &mut sets).await;
    }
    for set in sets.values() {
        fixture::remove(engine, set).await;
    }
}

/// Executes a group on one set: its trials one after the other, then its agreement.
async fn execute_group(engine: &Engine<'_>, group: &Group<'_>, sets: &mut BTreeMap<String, fixture::Set>) {
    let mut last_acts = Vec::new();
    let mut observations = Vec::new();
    let mut skipped: Option<Judgement> = None;
    for planned in &group.trials {
        if let Some(obstacle) = &planned.obstacle {
            engine.emit(Event::TrialEnded(not_executed(group, planned, obstacle))).await;
            continue;
        }
        if engine.is_over() {
            continue;
        }
        let acts = provision::script(engine, group, planned);
        let root = group.case.given.as_deref().and_then(|given| engine.suite.leased(given));
        let set = provision::lease(engine, root, sets, &acts).await;
        if let Err(unready @ fixture::Unready::Denied { .. }) = &set {
            let ended = not_executed(group, planned, &Obstacle::Skip(SkipReason::Permission, unready.text()));
            skipped.get_or_insert_with(|| ended.judgement.clone());
            engine.emit(Event::TrialEnded(ended)).await;
            continue;
        }
        let unready = set.as_ref().err().map(fixture::Unready::text);
        let leased = match &unready {
            Some(text) => Err(text.as_str()),
            None => Ok(set.as_ref().ok().and_then(Option::as_ref)),
        };
        let executed = trial::execute(engine, group.case, &acts, planned, leased, group.repeat).await;
        if let Ok(Some(set)) = set {
            if executed.set_is_spoilt && !engine.is_over() {
                fixture::remove(engine, &set).await;
            } else {
                sets.insert(set.fixture.clone(), set);
            }
        }
        let judgement = &executed.ended.judgement;
        if judgement.verdict == Verdict::Skip {
            skipped.get_or_insert_with(|| judgement.clone());
        } else if let (Some(observation), true) = (&executed.ended.observation, group.agreement.is_some()) {
            observations.push((&planned.scope, observation.clone()));
        }
        engine.emit(Event::TrialEnded(executed.ended)).await;
        last_acts = acts;
    }
    if let Some(requirements) = &group.agreement {
        if engine.is_over() && observations.len() < group.trials.len() {
            return;
        }
        let references: Vec<(&Scope, &Observation)> = observations.iter().map(|(scope, seen)| (*scope, seen)).collect();
        let judgement = match skipped {
            // What isn't applicable, or may not be done, on all transports but one leaves nothing to compare.
            Some(skipped) if references.len() < 2 => Judgement { requirements: requirements.clone(), ..skipped },
            _ => judge::group(group.case, &last_acts, requirements, &engine.suite.volatile, &references, engine.contract),
        };
        engine
            .emit(Event::AgreementEnded(AgreementEnded {
                id: group.agreement_id(),
                case: group.case.base_id().to_owned(),
                variant: group.case.variant.clone(),
                transports: observations.iter().flat_map(|(_, observation)| observation.transports.clone()).collect(),
                repeat: group.repeat,
                judgement,
            }))
            .await;
    }
}

/// The result of a trial that isn't executed.
fn not_executed(group: &Group<'_>, planned: &plan::PlannedTrial, obstacle: &Obstacle) -> TrialEnded {
    let (verdict, skip, reason) = match obstacle {
        Obstacle::Skip(reason, text) => (Verdict::Skip, Some(*reason), text.clone()),
        Obstacle::Missing(text) => (Verdict::Inconclusive, None, format!("the wire is claimed but not spoken: {text}")),
    };
    TrialEnded {
        id: planned.scheduled.id.clone(),
        case: group.case.base_id().to_owned(),
        variant: group.case.variant.clone(),
        transports: planned.scheduled.transports.clone(),
        covers: Vec::new(),
        repeat: group.repeat,
        judgement: Judgement {
            verdict,
            requirements: planned.scope.requirements.clone(),
            violated: Vec::new(),
            reason: Some(reason),
            skip,
            live: Vec::new(),
        },
        observation: None,
        checks: Vec::new(),
        duration: 0,
    }
}

/// The one failure of a wire that is claimed but not spoken.
fn not_offered(requirement: String, wire: Wire, text: String) -> PassiveEnded {
    let violation = Violation {
        requirement: requirement.clone(),
        kind: "not-offered".to_owned(),
        expected: format!("an answer to the probe on the wire {wire}"),
        actual: text.clone(),
        place: "probe".to_owned(),
        exchange: None,
    };
    PassiveEnded {
        id: format!("requirement::{requirement}::{wire}"),
        requirement: requirement.clone(),
        wire,
        judgement: Judgement {
            verdict: Verdict::Fail,
            requirements: vec![requirement],
            violated: vec![violation],
            reason: Some(format!("the wire {wire} is claimed but not spoken: {text}")),
            skip: None,
            live: Vec::new(),
        },
        held: 0,
        violated: 1,
        exchanges: Vec::new(),
    }
}

/// Wires none of whose transports is live although they are claimed.
fn missing_wires(capabilities: &Capabilities, selection: &Selection) -> Vec<(Wire, String)> {
    Wire::ALL
        .into_iter()
        .filter(|wire| selection.wires.is_empty() || selection.wires.contains(wire))
        .filter_map(|wire| match wire_presence(capabilities, wire)? {
            Presence::Missing { text } => Some((wire, text)),
            Presence::Live | Presence::Absent { .. } => None,
        })
        .collect()
}

/// The best that is known of a wire's transports.
fn wire_presence(capabilities: &Capabilities, wire: Wire) -> Option<Presence> {
    let all: Vec<Presence> =
        Transport::ALL.into_iter().filter(|transport| transport.wire == wire).filter_map(|transport| capabilities.of(transport)).collect();
    let rank = |presence: &Presence| match presence {
        Presence::Live => 0,
        Presence::Missing { .. } => 1,
        Presence::Absent { .. } => 2,
    };
    all.into_iter().min_by_key(rank)
}

fn planned_transports(capabilities: &Capabilities) -> Vec<Transport> {
    Transport::ALL.into_iter().filter(|transport| capabilities.has(*transport)).collect()
}

/// A name that no other run has: seconds since the epoch and process id, in base 36.
fn run_name(seed: u64) -> String {
    let now = u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap_or(0);
    let mut rest = now ^ (u64::from(std::process::id()) << 40) ^ (seed << 20);
    let mut name = String::new();
    for _ in 0..8 {
        let digit = u32::try_from(rest % 36).unwrap_or(0);
        name.push(char::from_digit(digit, 36).unwrap_or('0'));
        rest /= 36;
    }
    name
}
