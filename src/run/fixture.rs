//! Fixture sets: made once, leased to groups, reset between trials, removed at the end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;

use super::engine::{Asked, Engine};
use super::journal::{Line, State};
use super::panic::caught;
use crate::case::{Captures, Fixture, GIVEN_BY_ENGINE, Step};
use crate::judge::{self, Met};
use crate::record::event::{Background, Event, Left};
use crate::wire::{End, Exchange, Phase, Role, Transport};

/// How long the removal of everything may take after an interruption.
const REMOVAL: Duration = Duration::from_secs(15);

/// What a fixture's `setup` made.
#[derive(Debug, Clone)]
pub(super) struct Set {
    /// The fixture that is leased (one that stands on no other).
    pub fixture: String,
    /// Number within the run.
    pub number: u64,
    /// Captures of its set-up.
    pub captures: Captures,
}

/// Why a set can't be made or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotDone {
    /// The harness is at fault.
    pub fault: bool,
    /// For a reader, secrets replaced.
    pub text: String,
    /// A call was sent and its answer never came: what it creates may exist.
    unanswered: bool,
}

impl NotDone {
    fn fault(text: impl Into<String>) -> Self {
        Self { fault: true, text: text.into(), unanswered: false }
    }

    fn target(text: impl Into<String>) -> Self {
        Self { fault: false, text: text.into(), unanswered: false }
    }
}

/// Makes a set.
pub(super) async fn make(engine: &Engine<'_>, fixture: &Fixture) -> Result<Set, NotDone> {
    let number = engine.sets.fetch_add(1, Ordering::Relaxed) + 1;
    let mut captures = engine.base_captures();
    captures.insert("set".to_owned(), Value::from(number.to_string()));
    let given = captures.len();
    let transport = engine.setup_transport().ok_or_else(|| NotDone::target("no wire is live"))?;
    journal(engine, fixture, number, State::Creating, &captures)?;
    for step in &fixture.setup {
        if let Err(mut why) = background(engine, fixture, step, transport, &mut captures, "setup", true).await {
            // What was created before the step that failed is removed as far as it is known.
            let set = Set { fixture: fixture.name.clone(), number, captures };
            if set.captures.len() > given {
                remove(engine, &set).await;
            } else if why.unanswered {
                let what = format!("set {number} of run {}, if it was made", engine.run);
                let reason = "its creation was sent and not answered".to_owned();
                engine.emit(Event::Left(Left { fixture: fixture.name.clone(), what, reason })).await;
            } else {
                // Nothing was made: nothing is left.
                journal(engine, fixture, number, State::Removed, &set.captures)?;
            }
            why.text = format!("fixture {}: {}", fixture.name, why.text);
            return Err(why);
        }
    }
    journal(engine, fixture, number, State::Created, &captures)?;
    Ok(Set { fixture: fixture.name.clone(), number, captures })
}

fn journal(engine: &Engine<'_>, fixture: &Fixture, set: u64, state: State, captures: &Captures) -> Result<(), NotDone> {
    let captures = engine.redacted(captures);
    let line = Line { run: engine.run.clone(), fixture: fixture.name.clone(), set, state, captures };
    engine.journal.write(&line).map_err(|error| NotDone::fault(error.to_string()))
}

/// Removes a set; what can't be removed is reported.
pub(super) async fn remove(engine: &Engine<'_>, set: &Set) {
    let Some(fixture) = engine.suite.fixtures.get(&set.fixture) else { return };
    let removal = async {
        let transport = engine.setup_transport().ok_or_else(|| NotDone::target("no wire is live"))?;
        let mut captures = set.captures.clone();
        for step in &fixture.remove {
            background(engine, fixture, step, transport, &mut captures, "remove", false).await?;
        }
        journal(engine, fixture, set.number, State::Removed, &set.captures)
    };
    let outcome = if engine.is_lost() {
        Err("the target is lost".to_owned())
    } else {
        tokio::select! {
            biased;
            () = engine.stop.aborted() => Err("the run was stopped before it was removed".to_owned()),
            outcome = removal => outcome.map_err(|why| why.text),
            () = tokio::time::sleep(REMOVAL) => Err("its removal took too long".to_owned()),
        }
    };
    if let Err(reason) = outcome {
        let what = engine
            .redacted(&set.captures)
            .iter()
            .filter(|(name, _)| !GIVEN_BY_ENGINE.contains(&name.as_str()))
            .map(|(name, value)| format!("{name} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect::<Vec<_>>()
            .join(", ");
        engine.emit(Event::Left(Left { fixture: fixture.name.clone(), what, reason })).await;
    }
}

/// Performs a step outside a trial and records it.
async fn background(
    engine: &Engine<'_>,
    fixture: &Fixture,
    step: &Step,
    transport: Transport,
    captures: &mut Captures,
    part: &str,
    cuttable: bool,
) -> Result<(), NotDone> {
    let identity = step.identity.as_deref().unwrap_or(&fixture.identity);
    let asked = Asked { step, identity, transport, role: Role::Fixture, case: None, counts: &|_| true, cuttable };
    if let crate::case::StepKind::Wait(milliseconds) = step.kind {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        return Ok(());
    }
    let performed = caught(engine.perform(asked, captures)).await.map_err(NotDone::fault)?.map_err(|error| NotDone::fault(error.0))?;
    let unanswered = performed.attempts.last().is_some_and(|last| {
        let sent = !matches!(last.received.end, End::NoConnection { .. } | End::TimedOut { phase: Phase::Connect });
        sent && last.received.head().is_none()
    });
    keep(engine, &format!("{} {part}", fixture.name), performed.attempts).await.map_err(NotDone::fault)?;
    let text = match performed.met {
        Met::Yes => {
            judge::take_captures(step, &performed.reading, captures);
            return Ok(());
        }
        Met::Unknown(text) => text,
        Met::No(differences) => {
            let text = differences.first().map(|it| format!("expected {}, got {} ({})", it.expected, it.actual, it.place));
            text.unwrap_or_default()
        }
    };
    Err(NotDone { fault: false, text: engine.scrub(&text), unanswered })
}

/// Records exchanges that belong to no trial. `Err`: a passive check panicked.
pub(super) async fn keep(engine: &Engine<'_>, of: &str, exchanges: Vec<Exchange>) -> Result<(), String> {
    for exchange in exchanges {
        let checks = engine.examine(&exchange)?;
        engine.emit(Event::Background(Background { of: of.to_owned(), exchange, checks })).await;
    }
    Ok(())
}
