//! Execution: preflight, fixture sets, trials, clean-up. Decides when to ask again, never what it means.
//!
//! Nothing here prints; what happens is handed out as [`Event`]s.

mod clean;
mod engine;
mod fixture;
pub mod journal;
mod offered;
mod panic;
mod preflight;
mod provision;
mod step;
mod stop;
#[cfg(test)]
mod tests;
mod trial;
mod well_formed;
mod witness;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

pub use clean::{Cleaned, Cleanup, clean};
pub use engine::Options;
use preflight::Failed;
pub use preflight::Unusable;
pub use stop::Stop;

use crate::case::Suite;
use crate::conclude::passive::Tally;
use crate::contract::Contract;
use crate::judge::{self, Examiner, Judgement, Member, Verdict};
use crate::plan::{self, Group, Obstacle, Plan, Selection};
use crate::record::event::{AgreementEnded, Event, Lost, RunEnded, RunStarted, TargetIdentity, TrialEnded};
use crate::target::{Capabilities, KnownFailure};
use crate::wire::{Client, Transport};
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
    /// Failures that are expected, for the record.
    pub known_failures: Vec<KnownFailure>,
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
    /// The harness is at fault: not even a probe could be made or judged.
    Harness(String),
}

/// Runs the suite against a target. Each event is given to `record` in order, the last one is [`Event::RunEnded`].
pub async fn run(setting: Setting<'_>, record: impl FnMut(Event)) -> Ended {
    run_with(setting, judge::examine, record).await
}

/// The same with other passive checks.
async fn run_with(setting: Setting<'_>, examiner: Examiner, mut record: impl FnMut(Event)) -> Ended {
    let (sender, mut receiver) = mpsc::channel(256);
    let Setting { contract, suite, selection, options, client, target, mut recorded_options, known_failures, journal, stop } = setting;
    let jobs = options.jobs.max(1);
    let name = run_name(selection.seed);
    let means = Means { contract, suite, client, options, stop: stop.clone(), journal, examiner };
    let engine = Engine::new(name.clone(), means, sender);

    // The preflight's probes come first in time, but the record opens with the identity of everything.
    let preflight = async {
        let found = preflight::preflight(&engine, &selection).await;
        // Who asks for a part of the suite asks about that part.
        if let (Ok(capabilities), false) = (&found, selection.is_partial()) {
            witness::hear(&engine, capabilities).await;
        }
        engine.client.close().await;
        found
    };
    let mut probes = Vec::new();
    let found = drain(preflight, &mut receiver, |event| probes.push(event)).await;
    let (capabilities, mut ended) = match found {
        Ok(capabilities) => (capabilities, Ended::Ran),
        Err(Failed::Unusable(why)) => (Capabilities::default(), Ended::Unusable(why)),
        Err(Failed::Harness(text)) => (Capabilities::default(), Ended::Harness(text)),
    };
    let capabilities = Capabilities { origins: engine.options.origins.clone(), ..capabilities };
    let plan = plan::plan(suite, contract, &capabilities, &selection);
    let not_offered = offered::not_offered(suite, &capabilities, &selection);
    let nothing = plan.groups.is_empty() || (plan.executable() == 0 && not_offered.is_empty());
    if ended == Ended::Ran && nothing && !stop.is_requested() {
        ended = Ended::Nothing;
    }
    // Without these two nobody could tell from the record that only a part of the suite was asked for.
    let offers = &engine.options.offers;
    for (name, pieces) in [("filter", &selection.filters), ("exact", &selection.exact), ("offers", offers)] {
        if !pieces.is_empty() {
            recorded_options.entry(name.to_owned()).or_insert_with(|| pieces.join(" "));
        }
    }
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
        known_failures,
        planned: plan.planned() + not_offered.len() as u64,
        transports: planned_transports(&capabilities),
    }));
    let mut tally = Tally::default();
    for event in probes {
        tally.see(&event, contract);
        record(event);
    }
    if let Ended::Unusable(why) = &ended {
        record(Event::TargetLost(Lost { reason: engine.scrub(&why.to_string()) }));
    }
    let mut given = 0u64;
    if ended == Ended::Ran {
        let mut record_and_tally = |event: Event| {
            tally.see(&event, contract);
            given += u64::from(matches!(event, Event::TrialEnded(_) | Event::AgreementEnded(_) | Event::PassiveEnded(_)));
            record(event);
        };
        drain(everything(&engine, &plan, jobs, &capabilities), &mut receiver, &mut record_and_tally).await;
        for failure in not_offered {
            record_and_tally(Event::PassiveEnded(failure));
        }
    }
    for (requirement, wire) in &plan.passive {
        let presence = capabilities.of_wire(*wire);
        let mut concluded = tally.conclude(requirement, *wire, presence.as_ref(), selection.is_partial());
        if let Ended::Harness(text) = &ended {
            concluded.judgement.verdict = Verdict::Error;
            concluded.judgement.reason = Some(format!("fault of the harness: {text}"));
        }
        given += 1;
        record(Event::PassiveEnded(concluded));
    }
    let complete = matches!(ended, Ended::Ran | Ended::Nothing) && !engine.is_lost() && !stop.is_requested() && given >= plan.planned();
    record(Event::RunEnded(RunEnded { complete, interrupted: stop.signal(), exchanges: engine.exchanges(), duration: engine.elapsed() }));
    ended
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
    let shared = plan.groups.iter().position(|group| group.case.exclusive).unwrap_or(plan.groups.len());
    let (shared, exclusive) = plan.groups.split_at(shared);
    let queue = Arc::new(Mutex::new(shared.iter()));
    let workers = (0..jobs.min(shared.len()).max(1)).map(|_| worker(engine, &queue, &spare));
    futures_join(workers).await;
    for set in spare.into_inner().unwrap_or_else(PoisonError::into_inner).values() {
        fixture::remove(engine, set).await;
    }
    // What others see must not change under them: one after the other, when all else is done.
    worker(engine, &Mutex::new(exclusive.iter()), &Mutex::default()).await;
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
    let mut members = Vec::new();
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
        let leased = set.as_ref().map(Option::as_ref);
        let executed = trial::execute(engine, group, &acts, planned, leased).await;
        if let Ok(Some(set)) = set {
            // The set of an exclusive case holds what has to be restored, as it was before the first change: another one would take a trial's for it.
            if executed.set_is_spoilt && !engine.is_over() && !group.case.exclusive {
                fixture::remove(engine, &set).await;
            } else {
                sets.insert(set.fixture.clone(), set);
            }
        }
        if let (Some(observation), true) = (&executed.ended.observation, group.agreement.is_some()) {
            let judgement = executed.ended.judgement.clone();
            members.push(Member { scope: planned.scope.clone(), observation: observation.clone(), judgement });
        }
        engine.emit(Event::TrialEnded(executed.ended)).await;
        last_acts = acts;
    }
    if let Some(requirements) = &group.agreement {
        if engine.is_over() && members.len() < group.trials.len() {
            return;
        }
        let judgement = judge::guarded(requirements, || {
            judge::agreement(group.case, &last_acts, requirements, &engine.suite.volatile, &members, engine.contract)
        });
        let compared = members.iter().filter(|member| member.judgement.verdict != Verdict::Skip);
        engine
            .emit(Event::AgreementEnded(AgreementEnded {
                id: group.agreement_id(),
                case: group.case.base_id().to_owned(),
                variant: group.case.variant.clone(),
                transports: compared.flat_map(|member| member.observation.transports.clone()).collect(),
                covers: group.case.covered_by_agreement(),
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
        compared: false,
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

fn planned_transports(capabilities: &Capabilities) -> Vec<Transport> {
    Transport::ALL.into_iter().filter(|transport| capabilities.has(*transport)).collect()
}

/// A name that no other run has: seconds since the epoch and process id, in base 36.
fn run_name(seed: u64) -> String {
    let now = u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap_or(0);
    // Runs of one process may begin in the same microsecond.
    static RUNS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let count = RUNS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let now = now.wrapping_mul(4096).wrapping_add(count % 4096);
    let mut rest = now ^ (u64::from(std::process::id()) << 40) ^ (seed << 20);
    let mut name = String::new();
    for _ in 0..11 {
        let digit = u32::try_from(rest % 36).unwrap_or(0);
        name.push(char::from_digit(digit, 36).unwrap_or('0'));
        rest /= 36;
    }
    name
}
