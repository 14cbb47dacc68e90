//! Captures: each is given before it is used, and once.

use std::collections::BTreeSet;

use super::super::model::Step;
use super::super::tree::Mark;
use super::{GIVEN_BY_ENGINE, GIVEN_WHEN_SENT, Reader, suggestion};

/// A step, with the captures that it uses and gives and their places.
#[derive(Debug, Clone)]
pub(super) struct ReadStep {
    pub step: Step,
    pub uses: Vec<(String, Mark)>,
    pub gives: Vec<(String, Mark)>,
    /// The follow-ups of each of its alternatives.
    pub branches: Vec<Vec<Self>>,
    pub at: Mark,
}

impl ReadStep {
    pub(super) fn bare(steps: &[Self]) -> Vec<Step> {
        steps.iter().map(|read| read.step.clone()).collect()
    }
}

/// What cases need to know of a fixture.
#[derive(Debug, Clone, Default)]
pub(super) struct FixtureFlow {
    /// The lowest fixture of its chain.
    pub root: String,
    /// The identity of cases that name none.
    pub identity: String,
    /// Captures that are given when its start state is reached.
    pub known: BTreeSet<String>,
    /// Whether it or one below has a marker.
    pub marker: bool,
}

/// The captures of the engine.
pub(super) fn at_first() -> BTreeSet<String> {
    GIVEN_BY_ENGINE.iter().map(|name| (*name).to_owned()).collect()
}

impl Reader<'_> {
    /// Goes through steps in their order. `again`: these names may be given anew, for the steps are those of a `reset`.
    pub(super) fn flow(&mut self, steps: &[ReadStep], identity: &str, known: &mut BTreeSet<String>, again: bool) {
        for step in steps {
            for (name, at) in &step.uses {
                if known.contains(name) || GIVEN_WHEN_SENT.contains(&name.as_str()) {
                    continue;
                }
                match self.giver(name) {
                    Some(giver) => self.can_be_made(&giver, at, known),
                    None => self.not_given(name, at, known),
                }
            }
            let caller = step.step.identity.as_deref().unwrap_or(identity);
            self.can_be_made(caller, &step.at, known);
            for (name, at) in &step.gives {
                let twice = !known.insert(name.clone()) && !again;
                if twice || self.giver(name).is_some() {
                    self.mistake(at, format!("`${name}` is given already"), Some("give it another name".to_owned()));
                }
            }
            // What an alternative's follow-ups give is known to them alone: another alternative may be taken.
            for branch in &step.branches {
                self.flow(branch, identity, &mut known.clone(), again);
            }
        }
    }

    /// Whether what an identity needs is given at this place.
    fn can_be_made(&mut self, identity: &str, at: &Mark, known: &BTreeSet<String>) {
        let Some(flow) = self.identities.get(identity) else { return };
        let missing: Vec<String> = flow.needs.iter().filter(|name| !known.contains(*name)).cloned().collect();
        for name in missing {
            let hint = format!("a step before has to give `${name}`, or another identity has to call");
            self.mistake(at, format!("identity `{identity}` needs `${name}`, which isn't given yet"), Some(hint));
        }
    }

    fn not_given(&mut self, name: &str, at: &Mark, known: &BTreeSet<String>) {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        self.mistake(
            at,
            format!("`${name}` isn't given by any step before"),
            suggestion(name, known).or_else(|| Some("a step gives it with `capture`; write `$$` for a dollar sign".to_owned())),
        );
    }
}
