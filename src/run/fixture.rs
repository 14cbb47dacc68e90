//! Fixture sets: made once, leased to groups, reset between trials, removed at the end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;

use super::engine::{Asked, Engine};
use super::journal::{Line, State};
use crate::case::{Captures, Fixture, Step};
use crate::judge::{self, Met};
use crate::record::event::{Background, Event, Left};
use crate::wire::{Role, Transport};

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

/// Makes a set. `Err` says for a reader why it can't be made.
pub(super) async fn make(engine: &Engine<'_>, fixture: &Fixture) -> Result<Set, String> {
    let number = engine.sets.fetch_add(1, Ordering::Relaxed) + 1;
    let mut captures = engine.base_captures();
    captures.insert("set".to_owned(), Value::from(number.to_string()));
    let transport = engine.setup_transport().ok_or("no wire is live")?;
    journal(engine, fixture, number, State::Creating, &captures)?;
    for step in &fixture.setup {
        if let Err(reason) = background(engine, fixture, step, transport, &mut captures, "setup", true).await {
            // What was created before the step that failed is removed as far as it is known.
            let set = Set { fixture: fixture.name.clone(), number, captures };
            if set.captures.len() > 2 {
                remove(engine, &set).await;
            }
            return Err(format!("fixture {}: {}", fixture.name, engine.scrub(&reason)));
        }
    }
    journal(engine, fixture, number, State::Created, &captures)?;
    Ok(Set { fixture: fixture.name.clone(), number, captures })
}

fn journal(engine: &Engine<'_>, fixture: &Fixture, set: u64, state: State, captures: &Captures) -> Result<(), String> {
    let captures = engine.redacted(captures);
    let line = Line { run: engine.run.clone(), fixture: fixture.name.clone(), set, state, captures };
    engine.journal.write(&line).map_err(|error| error.to_string())
}

/// Removes a set; what can't be removed is reported.
pub(super) async fn remove(engine: &Engine<'_>, set: &Set) {
    let Some(fixture) = engine.suite.fixtures.get(&set.fixture) else { return };
    let what = set
        .captures
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "run.id" | "set"))
        .map(|(name, value)| format!("{name} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect::<Vec<_>>()
        .join(", ");
    let removal = async {
        let transport = engine.setup_transport().ok_or("no wire is live")?;
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
            outcome = removal => outcome,
            () = tokio::time::sleep(REMOVAL) => Err("its removal took too long".to_owned()),
            () = engine.stop.aborted() => Err("the run was stopped before it was removed".to_owned()),
        }
    };
    if let Err(reason) = outcome {
        let (what, reason) = (engine.scrub(&what), engine.scrub(&reason));
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
) -> Result<(), String> {
    let identity = step.identity.as_deref().unwrap_or(&fixture.identity);
    let asked = Asked { step, identity, transport, role: Role::Fixture, case: None, counts: &|_| true, cuttable };
    if let crate::case::StepKind::Wait(milliseconds) = step.kind {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        return Ok(());
    }
    let performed = engine.perform(asked, captures).await.map_err(|error| format!("fault of the harness: {error}"))?;
    for exchange in performed.attempts {
        let checks = engine.examine(&exchange);
        engine.emit(Event::Background(Background { of: format!("{} {part}", fixture.name), exchange, checks })).await;
    }
    match performed.met {
        Met::Yes => {}
        Met::Unknown(text) => return Err(text),
        Met::No(differences) => {
            let text = differences.first().map(|it| format!("expected {}, got {} ({})", it.expected, it.actual, it.place));
            return Err(text.unwrap_or_default());
        }
    }
    judge::take_captures(step, &performed.reading, captures);
    Ok(())
}
