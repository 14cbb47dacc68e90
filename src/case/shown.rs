//! Whether a trial can tell a server from something that answers everything alike.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::matcher;
use super::model::{Act, Alternative, Captures, Duty, Ending, Expect, StatusPattern};
use crate::contract::status::Code;

/// What the steps of a trial ask of the target together. One that answers everything alike, with a refusal or with an empty success, can be right
/// about each single step, but not about a success with something in it, nor about two steps that allow no code in common.
#[derive(Debug, Default)]
pub struct Shown {
    positive: bool,
    codes: Vec<BTreeSet<Code>>,
}

impl Shown {
    /// Takes in a step that was met. `taken`: its alternatives that hold. A piece that doesn't count wasn't looked at, so it shows nothing.
    pub fn see(&mut self, act: &Act, taken: &[&Alternative], captures: &Captures, counts: impl Fn(&Expect) -> bool) {
        // Set-up goes over another wire, or to another address.
        if matches!(act.duty, Duty::Start | Duty::Reset) {
            return;
        }
        self.positive |= is_positive(act, taken, captures, &counts);
        self.codes.extend(pieces(act, taken, &counts).filter_map(allowed));
    }

    /// Whether no one answer would do for all steps.
    #[must_use]
    pub fn is_served(&self) -> bool {
        let differ = |one: &BTreeSet<Code>, other: &BTreeSet<Code>| one.is_disjoint(other) && !(one.is_empty() && other.is_empty());
        self.positive || self.codes.iter().any(|one| self.codes.iter().any(|other| differ(one, other)))
    }
}

/// A positive step is well-formed and binds a success with something in it that an empty message doesn't have.
#[must_use]
pub fn is_positive(act: &Act, taken: &[&Alternative], captures: &Captures, counts: impl Fn(&Expect) -> bool) -> bool {
    let empty = Value::Object(Map::new());
    let asks_for_something = |pattern| !matcher::matches(pattern, Some(&empty), captures).is_empty();
    act.step.defect.is_none()
        && pieces(act, taken, &counts).any(|piece| piece.code == [Code::Ok])
        && pieces(act, taken, &counts).any(|piece| piece.body.as_ref().is_some_and(asks_for_something))
}

/// Alternatives are of a piece that counts: they have no requirement of their own.
fn pieces<'a>(act: &'a Act, taken: &'a [&'a Alternative], counts: &'a impl Fn(&Expect) -> bool) -> impl Iterator<Item = &'a Expect> {
    act.step.expect.iter().filter(|piece| counts(piece)).chain(taken.iter().map(|alternative| &alternative.expect))
}

/// The codes that a piece allows, where it says so; none where there must be no answer.
fn allowed(piece: &Expect) -> Option<BTreeSet<Code>> {
    let is_refusal = match &piece.status {
        Some(StatusPattern::OneOf(list)) => !list.contains(&200),
        Some(StatusPattern::Class(class)) => *class != 2,
        _ => piece.refused,
    };
    if !piece.ends.is_empty() && !piece.ends.iter().any(|ending| matches!(ending, Ending::Complete | Ending::NoError)) {
        return Some(BTreeSet::new());
    }
    match piece.code.as_slice() {
        [] if is_refusal => Some(Code::ALL.iter().copied().filter(|code| *code != Code::Ok).collect()),
        [] => None,
        codes => Some(codes.iter().copied().collect()),
    }
}
