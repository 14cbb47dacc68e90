//! Removes what earlier runs left, as far as the journal knows it.

use std::sync::PoisonError;

use tokio::sync::mpsc;

use super::engine::{Engine, Means};
use super::fixture::{self, Set};
use super::journal::{Journal, Line};
use super::preflight::{self, Failed};
use super::{Ended, Options, Stop, drain, run_name};
use crate::case::{self, Captures, Fixture, GIVEN_BY_ENGINE, Payload, StepKind, Suite, Token};
use crate::contract::Contract;
use crate::judge;
use crate::plan::Selection;
use crate::record::event::{Event, Left};
use crate::wire::{Client, Wire};

/// Everything that a removal needs.
pub struct Cleanup<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// The suite of the runs that left something.
    pub suite: &'a Suite,
    /// Steering; the token is that of whoever removes.
    pub options: Options,
    /// Wires that have an address; all if empty.
    pub wires: Vec<Wire>,
    /// The instrument, set on the target.
    pub client: Client,
    /// What was left, and where it is noted that it is removed.
    pub journal: Journal,
    /// How it is told to stop.
    pub stop: Stop,
}

/// What became of what was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    /// What was removed.
    pub removed: Vec<String>,
    /// What is still there, or may be.
    pub left: Vec<Left>,
    /// Whether the target could be used to the end.
    pub ended: Ended,
}

/// Removes what the journal lists for its target; what it lists for others is left.
pub async fn clean(cleanup: Cleanup<'_>) -> Cleaned {
    let Cleanup { contract, suite, options, wires, client, journal, stop } = cleanup;
    let lines = journal.left_before().to_vec();
    let (sender, mut receiver) = mpsc::channel(256);
    let means = Means { contract, suite, client, options, stop, journal, examiner: judge::examine };
    let engine = Engine::new(run_name(0), means, sender);
    let mut cleaned = Cleaned { removed: Vec::new(), left: Vec::new(), ended: Ended::Ran };
    let mut lost = None;
    let work = async {
        let selection = Selection { wires, ..Selection::default() };
        let found = preflight::preflight(&engine, &selection).await;
        let ended = match found {
            Ok(capabilities) => {
                *engine.capabilities.write().unwrap_or_else(PoisonError::into_inner) = capabilities;
                Ended::Ran
            }
            Err(Failed::Unusable(why)) => Ended::Unusable(why),
            Err(Failed::Harness(text)) => Ended::Harness(text),
        };
        let mut removed = Vec::new();
        let mut left = Vec::new();
        // The newest first: what the oldest run found is what has to be there in the end.
        for line in lines.iter().rev() {
            match removable(&engine, line) {
                _ if ended != Ended::Ran => left.push(still(line, "the target can't be used")),
                Ok(_) if engine.is_over() => left.push(still(line, "the removal was stopped before")),
                Ok(set) => {
                    if fixture::remove(&engine, &set).await {
                        removed.push(named(line));
                    }
                }
                Err(one) => left.push(one),
            }
        }
        engine.client.close().await;
        (ended, removed, left)
    };
    let (ended, removed, mut left) = drain(work, &mut receiver, |event| match event {
        Event::Left(one) => cleaned.left.push(one),
        Event::TargetLost(why) => lost = Some(why.reason),
        _ => {}
    })
    .await;
    cleaned.left.append(&mut left);
    cleaned.removed = removed;
    cleaned.ended = match lost {
        Some(text) => Ended::Unusable(preflight::Unusable::Unreachable { text }),
        None => ended,
    };
    cleaned
}

/// The set of a line, or why it can't be removed.
fn removable(engine: &Engine<'_>, line: &Line) -> Result<Set, Left> {
    let target = engine.journal.target();
    if line.target != target {
        return Err(still(line, &format!("it was made at {}", line.target)));
    }
    let Some(fixture) = engine.suite.fixtures.get(&line.fixture) else {
        return Err(still(line, "the suite has no such fixture; --cases DIR names that of the run"));
    };
    if line.captures.keys().all(|name| GIVEN_BY_ENGINE.contains(&name.as_str())) {
        let what = created_with(fixture, &line.captures).unwrap_or_else(|| format!("set {} of run {}", line.set, line.run));
        let reason = "its creation was sent and its answer never came: look for it and remove it, then take its line out of the journal";
        return Err(Left { fixture: line.fixture.clone(), what, reason: reason.to_owned() });
    }
    // Tokens aren't in the journal, only their names are.
    let is_token = |name: &str| engine.suite.identities.values().any(|it| matches!(&it.token, Token::Capture(own) if own == name));
    let captures = line.captures.iter().filter(|(name, _)| !is_token(name)).map(|(name, value)| (name.clone(), value.clone()));
    Ok(Set::left(line, captures.collect()))
}

/// What the first call of the set-up sent.
fn created_with(fixture: &Fixture, captures: &Captures) -> Option<String> {
    fixture.setup.iter().find_map(|step| match &step.kind {
        StepKind::Call { rpc, send: Payload::Message(pattern) } => {
            let sent = case::resolve(pattern, captures).ok()?;
            Some(format!("what {} made of {sent}, if it did", rpc.rsplit('/').next().unwrap_or(rpc)))
        }
        _ => None,
    })
}

fn still(line: &Line, reason: &str) -> Left {
    Left { fixture: line.fixture.clone(), what: line.to_find_by(), reason: reason.to_owned() }
}

fn named(line: &Line) -> String {
    format!("{} {}", line.fixture, line.to_find_by())
}
