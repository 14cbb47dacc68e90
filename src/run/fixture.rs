//! Fixture sets: made once, leased to groups, reset between trials, removed at the end. Identities are made in them when a trial first needs one.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;

use super::engine::{Asked, Engine, Performed};
use super::journal::{Line, State};
use super::panic::caught;
use crate::case::{Alternative, Captures, Fixture, GIVEN_BY_ENGINE, GIVEN_WHEN_SENT, Identity, Step, StepKind, Token};
use crate::judge::{self, Met, Place};
use crate::record::event::{Background, Event, Left};
use crate::wire::{End, Exchange, Phase, Transport};

/// How long the removal of everything may take after an interruption.
const REMOVAL: Duration = Duration::from_secs(15);

/// After so many failures in a row the same thing isn't tried again: each try may wait for the whole consistency bound.
const MOST_TRIES: u32 = 3;

/// What a fixture's `setup` made, and the identities that trials needed in it so far.
#[derive(Debug, Clone)]
pub(super) struct Set {
    /// The fixture that is leased (one that stands on no other).
    pub fixture: String,
    /// Number within the run.
    pub number: u64,
    /// Name of the run that made it.
    run: String,
    /// Captures of its set-up and of its identities.
    pub captures: Captures,
    /// Identities that were made in it, or begun, in their order.
    identities: Vec<String>,
}

impl Set {
    /// What an earlier run left, with the captures that its removal needs.
    pub(super) fn left(line: &Line, captures: Captures) -> Self {
        let Line { run, fixture, set, identities, .. } = line;
        Self { fixture: fixture.clone(), number: *set, run: run.clone(), captures, identities: identities.clone() }
    }
}

/// Why something that a trial needs isn't there. Texts are for a reader, secrets replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unready {
    /// The harness is at fault.
    Fault(String),
    /// It could not be reached: inconclusive.
    Unreached(String),
    /// The run's token may not make it: skipped.
    Denied {
        /// What can't be made.
        what: String,
        /// What the target said.
        reason: String,
        /// The role of a token that may.
        role: Option<String>,
    },
}

impl Unready {
    /// For a reader.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Fault(text) | Self::Unreached(text) => text.clone(),
            Self::Denied { what, reason, role } => {
                let role = role.as_ref().map(|role| format!("; a token with the role {role} may")).unwrap_or_default();
                format!("the token may not make {what} ({reason}){role}")
            }
        }
    }
}

/// What is known of something that could not be made.
#[derive(Debug, Clone)]
pub(super) struct Attempts {
    failed: u32,
    last: Unready,
}

/// Why steps were not performed to their end.
#[derive(Debug, Clone)]
struct Failed {
    kind: Failure,
    /// For a reader, secrets replaced.
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// The harness is at fault.
    Harness,
    /// A call was sent and its answer never came: what it creates may exist.
    Unanswered,
    /// The answer says that the run's token may not.
    Denied,
    /// Another answer than was expected.
    Unmet,
}

impl Failed {
    fn harness(text: impl Into<String>) -> Self {
        Self { kind: Failure::Harness, text: text.into() }
    }
}

/// Makes a set.
pub(super) async fn make(engine: &Engine<'_>, fixture: &Fixture) -> Result<Set, Unready> {
    let what = format!("fixture {}", fixture.name);
    is_hopeless(engine, &what)?;
    let number = engine.sets.fetch_add(1, Ordering::Relaxed) + 1;
    let mut captures = engine.base_captures();
    captures.insert("set".to_owned(), Value::from(number.to_string()));
    let given = captures.len();
    let mut set = Set { fixture: fixture.name.clone(), number, run: engine.run.clone(), captures, identities: Vec::new() };
    let outcome = perform_all(engine, &mut set, &fixture.setup, &fixture.identity, &format!("{} setup", fixture.name)).await;
    if let Err(failed) = &outcome {
        // What was created before the step that failed is removed as far as it is known.
        if set.captures.len() > given {
            remove(engine, &set).await;
        } else if failed.kind == Failure::Unanswered {
            let what = format!("set {number} of run {}, if it was made", engine.run);
            let reason = "its creation was sent and not answered".to_owned();
            engine.emit(Event::Left(Left { fixture: fixture.name.clone(), what, reason })).await;
        } else {
            // Nothing was made: nothing is left.
            journal(engine, &set, State::Removed).map_err(|failed| Unready::Fault(failed.text))?;
        }
    }
    settle(engine, what, fixture.role.as_deref(), outcome)?;
    Ok(set)
}

/// Makes an identity in a set, unless it is there. Those that it needs were made before. Where it can't be reached the set holds a part of it and must
/// not be used on.
pub(super) async fn ready(engine: &Engine<'_>, set: &mut Set, identity: &Identity) -> Result<(), Unready> {
    if set.identities.contains(&identity.name) {
        return Ok(());
    }
    let what = format!("identity {}", identity.name);
    is_hopeless(engine, &what)?;
    set.identities.push(identity.name.clone());
    let outcome = perform_all(engine, set, &identity.setup, &identity.name, &format!("{what} setup")).await;
    settle(engine, what, identity.role.as_deref(), outcome)
}

/// Whether one of these was tried in vain often enough, or may not be made: then no set is touched for it.
pub(super) fn can_be_made(engine: &Engine<'_>, identities: &[&Identity]) -> Result<(), Unready> {
    identities.iter().try_for_each(|identity| is_hopeless(engine, &format!("identity {}", identity.name)))
}

fn is_hopeless(engine: &Engine<'_>, what: &str) -> Result<(), Unready> {
    let unready = engine.unready.lock().unwrap_or_else(PoisonError::into_inner);
    match unready.get(what) {
        Some(Attempts { failed, last }) if *failed >= MOST_TRIES || matches!(last, Unready::Denied { .. }) => Err(last.clone()),
        _ => Ok(()),
    }
}

/// Keeps in mind how it went.
fn settle(engine: &Engine<'_>, what: String, role: Option<&str>, outcome: Result<(), Failed>) -> Result<(), Unready> {
    let mut unready = engine.unready.lock().unwrap_or_else(PoisonError::into_inner);
    let Err(Failed { kind, text }) = outcome else {
        unready.remove(&what);
        return Ok(());
    };
    let last = match kind {
        Failure::Harness => return Err(Unready::Fault(format!("{what}: {text}"))),
        Failure::Denied => Unready::Denied { what: what.clone(), reason: text, role: role.map(str::to_owned) },
        Failure::Unanswered | Failure::Unmet => Unready::Unreached(format!("{what}: {text}")),
    };
    let known = unready.entry(what).or_insert_with(|| Attempts { failed: 0, last: last.clone() });
    // An interruption says nothing of the target.
    known.failed += u32::from(!engine.is_over());
    known.last = last.clone();
    Err(last)
}

async fn perform_all(engine: &Engine<'_>, set: &mut Set, steps: &[Step], identity: &str, of: &str) -> Result<(), Failed> {
    let transport = setup_transport(engine)?;
    journal(engine, set, State::Creating)?;
    for step in steps {
        in_background(engine, std::slice::from_ref(step), identity, transport, &mut set.captures, of, true).await?;
        // What was made until now can be found, whatever becomes of the next step.
        if !step.capture.is_empty() {
            journal(engine, set, State::Creating)?;
        }
    }
    journal(engine, set, State::Created)
}

fn setup_transport(engine: &Engine<'_>) -> Result<Transport, Failed> {
    engine.setup_transport().ok_or_else(|| Failed { kind: Failure::Unmet, text: "no wire is live".to_owned() })
}

fn journal(engine: &Engine<'_>, set: &Set, state: State) -> Result<(), Failed> {
    let mut captures = engine.redacted(&set.captures);
    captures.retain(|name, _| !is_made_up(engine, name));
    let line = Line {
        run: set.run.clone(),
        target: engine.journal.target().to_owned(),
        fixture: set.fixture.clone(),
        set: set.number,
        state,
        identities: set.identities.clone(),
        captures,
    };
    engine.journal.write(&line).map_err(|error| Failed::harness(error.to_string()))
}

/// Removes a set with its identities and says whether it is gone; what can't be removed is reported.
pub(super) async fn remove(engine: &Engine<'_>, set: &Set) -> bool {
    let Some(fixture) = engine.suite.fixtures.get(&set.fixture) else { return false };
    let removal = async {
        let transport = setup_transport(engine)?;
        let mut outcome = Ok(());
        let mut rest = set.clone();
        while let Some(name) = rest.identities.pop() {
            let Some(identity) = engine.suite.identities.get(&name) else { continue };
            let of = format!("identity {} remove", identity.name);
            // Of one whose set-up failed in the middle a part is there.
            for step in identity.remove.iter().filter(|step| step.uses.iter().all(|name| set.captures.contains_key(name))) {
                let (steps, mut captures) = (std::slice::from_ref(step), set.captures.clone());
                let removed = in_background(engine, steps, &identity.name, transport, &mut captures, &of, false).await;
                outcome = outcome.and(removed);
            }
            // Who goes on after a crash must not ask for what is gone.
            if outcome.is_ok() && !identity.remove.is_empty() {
                journal(engine, &rest, State::Created)?;
            }
        }
        let of = format!("{} remove", fixture.name);
        let mut captures = set.captures.clone();
        // Of a set whose set-up failed in the middle a part is there, and what was kept may have been nothing.
        for step in fixture.remove.iter().filter(|step| is_given(engine, step, &fixture.identity, &set.captures)) {
            in_background(engine, std::slice::from_ref(step), &fixture.identity, transport, &mut captures, &of, false).await?;
        }
        outcome?;
        journal(engine, set, State::Removed)
    };
    let outcome = if engine.is_lost() {
        Err("the target is lost".to_owned())
    } else {
        tokio::select! {
            biased;
            () = engine.stop.aborted() => Err("the run was stopped before it was removed".to_owned()),
            outcome = removal => outcome.map_err(|failed| failed.text),
            () = tokio::time::sleep(REMOVAL) => Err("its removal took too long".to_owned()),
        }
    };
    let Err(reason) = outcome else { return true };
    let what = to_find_by(engine, &set.captures);
    engine.emit(Event::Left(Left { fixture: fixture.name.clone(), what, reason })).await;
    false
}

/// Whether everything is there that a step needs.
fn is_given(engine: &Engine<'_>, step: &Step, identity: &str, captures: &Captures) -> bool {
    let caller = engine.suite.identities.get(step.identity.as_deref().unwrap_or(identity));
    let mut needs = step.uses.iter().chain(caller.iter().flat_map(|caller| &caller.needs));
    needs.all(|name| GIVEN_WHEN_SENT.contains(&name.as_str()) || captures.get(name).is_some_and(|value| !value.is_null()))
}

/// Names and ids of what a set made, without its secrets.
fn to_find_by(engine: &Engine<'_>, captures: &Captures) -> String {
    let redacted = engine.redacted(captures);
    let is_of_target = |name: &String| !GIVEN_BY_ENGINE.contains(&name.as_str()) && !is_made_up(engine, name);
    let shown = redacted.iter().filter(|(name, value)| is_of_target(name) && captures.get(*name) == Some(value));
    let shown = shown.map(|(name, value)| format!("{name} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    shown.collect::<Vec<_>>().join(", ")
}

/// Whether a capture is a text that only looks like one of the target: nothing has it for an id, so nothing is to be removed by it.
fn is_made_up(engine: &Engine<'_>, name: &str) -> bool {
    let fixtures = engine.suite.fixtures.values().flat_map(|fixture| fixture.setup.iter().chain(&fixture.reset));
    let identities = engine.suite.identities.values().flat_map(|identity| &identity.setup);
    fixtures.chain(identities).flat_map(|step| &step.capture).any(|(captured, path)| captured == name && path.ends_with('~'))
}

/// Performs steps outside a trial, with what the alternatives that are taken bring.
async fn in_background(
    engine: &Engine<'_>,
    steps: &[Step],
    identity: &str,
    transport: Transport,
    captures: &mut Captures,
    of: &str,
    cuttable: bool,
) -> Result<(), Failed> {
    // The next step last.
    let mut ahead: Vec<&Step> = steps.iter().rev().collect();
    while let Some(step) = ahead.pop() {
        let is_missing = |name: &&String| !captures.contains_key(*name) && !GIVEN_WHEN_SENT.contains(&name.as_str());
        if let Some(name) = step.uses.iter().find(is_missing) {
            return Err(Failed { kind: Failure::Unmet, text: format!("no answer before gave `{name}`") });
        }
        let chosen = background(engine, step, identity, transport, captures, of, cuttable).await?;
        ahead.extend(chosen.iter().rev().flat_map(|alternative| alternative.then.iter().rev().map(|act| &act.step)));
    }
    Ok(())
}

/// Performs a step outside a trial and records it; gives the alternatives that were taken.
async fn background<'s>(
    engine: &Engine<'_>,
    step: &'s Step,
    identity: &str,
    transport: Transport,
    captures: &mut Captures,
    of: &str,
    cuttable: bool,
) -> Result<Vec<&'s Alternative>, Failed> {
    let identity = step.identity.as_deref().unwrap_or(identity);
    let asked = Asked { step, identity, transport, role: engine.setup_role(), case: None, counts: &|_| true, cuttable };
    if let StepKind::Wait(milliseconds) = step.kind {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        return Ok(Vec::new());
    }
    let performed =
        caught(engine.perform(asked, captures, None)).await.map_err(Failed::harness)?.map_err(|error| Failed::harness(error.0))?;
    keep(engine, of, performed.attempts.clone()).await.map_err(Failed::harness)?;
    let text = match &performed.met {
        Met::Yes => {
            let place = Place { exchange: &performed.raw, reading: &performed.reading, captures };
            let chosen = judge::chosen(step, place, |_| true);
            engine.take_captures(step, &performed.raw, &performed.reading, captures);
            return Ok(chosen);
        }
        Met::Unknown(text) => text.clone(),
        Met::No(differences) => {
            let text = differences.first().map(|it| format!("expected {}, got {} ({})", it.expected, it.actual, it.place));
            text.unwrap_or_default()
        }
    };
    let by_run = engine.suite.identities.get(identity).is_some_and(|identity| identity.token == Token::Run);
    let kind = if by_run && performed.is_denied() {
        Failure::Denied
    } else if is_unanswered(&performed) {
        Failure::Unanswered
    } else {
        Failure::Unmet
    };
    Err(Failed { kind, text: engine.scrub(&text) })
}

fn is_unanswered(performed: &Performed) -> bool {
    performed.attempts.last().is_some_and(|last| {
        let sent = !matches!(last.received.end, End::NoConnection { .. } | End::TimedOut { phase: Phase::Connect });
        sent && last.received.head().is_none()
    })
}

/// Records exchanges that belong to no trial. `Err`: a passive check panicked.
pub(super) async fn keep(engine: &Engine<'_>, of: &str, exchanges: Vec<Exchange>) -> Result<(), String> {
    for exchange in exchanges {
        let checks = engine.examine(&exchange)?;
        engine.emit(Event::Background(Background { of: of.to_owned(), exchange, checks })).await;
    }
    Ok(())
}
