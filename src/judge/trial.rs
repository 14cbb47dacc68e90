//! The verdict of a trial: its own expectations, in the order of its script.

use super::expectation::{Difference, Met, Place, chosen, describe_answer, met, take_captures};
use super::group::met_together;
use super::verdict::{Judgement, Observation, SkipReason, Stopped, Verdict, Violation};
use super::walk::Walk;
use crate::answer;
use crate::case::{self, Act, Duty, Expect, Shown};
use crate::contract::Contract;
use crate::wire::Wire;

/// What a trial answers for: the requirements of its case that name its wire and whose profile is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Their ids, in the order of the case.
    pub requirements: Vec<String>,
}

impl Scope {
    /// Pieces of an expectation that claim a requirement out of scope don't count.
    #[must_use]
    pub fn counts(&self, piece: &Expect) -> bool {
        piece.requirement.as_ref().is_none_or(|claimed| self.requirements.contains(claimed))
    }

    /// The requirements that a piece without a claim of its own answers for: those that no piece of the case claims.
    fn unclaimed(&self, acts: &[Act]) -> Vec<String> {
        let claimed: Vec<&String> = acts.iter().flat_map(|act| act.step.pieces()).filter_map(|piece| piece.requirement.as_ref()).collect();
        let free: Vec<String> = self.requirements.iter().filter(|id| !claimed.contains(id)).cloned().collect();
        // A case whose requirements are all claimed by pieces answers for all of them with what no piece claims.
        if free.is_empty() { self.requirements.clone() } else { free }
    }
}

/// Judges a trial from what it showed.
#[must_use]
pub fn trial(acts: &[Act], scope: &Scope, observation: &Observation, contract: &Contract) -> Judgement {
    let mut judgement = Judgement {
        verdict: Verdict::Pass,
        requirements: scope.requirements.clone(),
        violated: Vec::new(),
        reason: None,
        skip: None,
        live: Vec::new(),
    };
    let inconclusive = |mut judgement: Judgement, reason: String| {
        if judgement.violated.is_empty() {
            judgement.verdict = Verdict::Inconclusive;
            judgement.reason = Some(reason);
        }
        judgement
    };
    match &observation.stopped {
        Some(Stopped::Harness { text }) => {
            judgement.verdict = Verdict::Error;
            judgement.reason = Some(format!("fault of the harness: {text}"));
            return judgement;
        }
        Some(Stopped::Denied { text }) => {
            judgement.verdict = Verdict::Skip;
            judgement.skip = Some(SkipReason::Permission);
            judgement.reason = Some(text.clone());
            return judgement;
        }
        Some(Stopped::SetUp { text }) => return inconclusive(judgement, text.clone()),
        _ => {}
    }
    let unclaimed = scope.unclaimed(acts);
    let mut captures = observation.captures.clone();
    let mut seen = observation.steps.iter().peekable();
    let mut walk = Walk::new(acts);
    let mut shown = Shown::default();
    while let Some((index, act)) = walk.next(&mut captures) {
        if act.is_silent() {
            continue;
        }
        if act.beside > 0 {
            let mut acts = vec![(index, act)];
            acts.extend((0..act.beside).map_while(|_| walk.next(&mut captures)));
            let steps: Vec<_> = acts.iter().map_while(|(index, _)| seen.next_if(|step| step.act == *index)).collect();
            let exchanges: Vec<_> = steps.iter().filter_map(|step| step.attempts.last()).collect();
            if exchanges.len() < acts.len() {
                return ended_early(judgement, observation, act);
            }
            let readings: Vec<_> = exchanges.iter().map(|exchange| answer::read(exchange, contract)).collect();
            let place = |(exchange, reading)| Place { exchange, reading, captures: &captures };
            let places: Vec<Place<'_>> = exchanges.iter().copied().zip(&readings).map(place).collect();
            let acts: Vec<&Act> = acts.into_iter().map(|(_, act)| act).collect();
            let (at, met) = met_together(&acts, &places, |piece| scope.counts(piece));
            let (shows, exchange) = (acts[at], places[at].exchange);
            match met {
                Met::Yes => {
                    for (act, place) in acts.iter().zip(&places) {
                        let taken = chosen(&act.step, *place, |piece| scope.counts(piece));
                        shown.see(act, &taken, place.captures, |piece| scope.counts(piece));
                        let wire = place.exchange.transport.wire;
                        if case::is_positive(act, &taken, place.captures, |piece| scope.counts(piece)) && !judgement.live.contains(&wire) {
                            judgement.live.push(wire);
                        }
                    }
                }
                Met::Unknown(text) => return inconclusive(judgement, format!("{}: {text}", shows.describe())),
                Met::No(differences) => {
                    charge(&mut judgement, differences, &unclaimed, exchange.id, shows, false, exchange.transport.wire);
                    return judgement;
                }
            }
            continue;
        }
        let Some(step) = seen.next_if(|step| step.act == index) else {
            return ended_early(judgement, observation, act);
        };
        let Some(exchange) = step.attempts.last() else {
            return ended_early(judgement, observation, act);
        };
        let reading = answer::read(exchange, contract);
        let place = Place { exchange, reading: &reading, captures: &captures };
        match met(&act.step.expect, place, |piece| scope.counts(piece)) {
            Met::Yes => {
                let taken = chosen(&act.step, place, |piece| scope.counts(piece));
                let positive = case::is_positive(act, &taken, place.captures, |piece| scope.counts(piece));
                shown.see(act, &taken, place.captures, |piece| scope.counts(piece));
                let counts = matches!(act.duty, Duty::Main | Duty::Control | Duty::Shown);
                if positive && counts && !judgement.live.contains(&exchange.transport.wire) {
                    judgement.live.push(exchange.transport.wire);
                }
                if let Some(why) = walk.follow(&taken) {
                    judgement.verdict = Verdict::Skip;
                    judgement.skip = Some(SkipReason::NotApplicable);
                    judgement.reason = Some(format!("{why} ({}: {})", act.describe(), describe_answer(place)));
                    return judgement;
                }
            }
            Met::Unknown(text) => return inconclusive(judgement, format!("{}: {text}", act.describe())),
            Met::No(differences) => match act.duty {
                Duty::Main | Duty::Shown => {
                    charge(&mut judgement, differences, &unclaimed, exchange.id, act, step.bound_passed, exchange.transport.wire);
                    return judgement;
                }
                Duty::Start | Duty::Reset | Duty::Control | Duty::Marker => {
                    let text = differences.first().map(|it| format!("expected {}, got {}", it.expected, it.actual)).unwrap_or_default();
                    return inconclusive(judgement, format!("{}: {text}", act.describe()));
                }
            },
        }
        take_captures(&act.step, exchange, &reading, &mut captures);
    }
    if !shown.is_served() {
        return inconclusive(judgement, "one answer for everything would do: nothing shows that the target serves anything".to_owned());
    }
    judgement
}

fn ended_early(mut judgement: Judgement, observation: &Observation, act: &Act) -> Judgement {
    let (verdict, reason) = match &observation.stopped {
        Some(Stopped::Interrupted) => (Verdict::Inconclusive, "the run was interrupted".to_owned()),
        Some(Stopped::Unmet) => (Verdict::Inconclusive, format!("{} was not reached", act.describe())),
        _ => (Verdict::Error, format!("fault of the harness: no exchange for {}", act.describe())),
    };
    judgement.verdict = verdict;
    judgement.reason = Some(reason);
    judgement
}

fn charge(
    judgement: &mut Judgement,
    differences: Vec<Difference>,
    unclaimed: &[String],
    exchange: u64,
    act: &Act,
    bound_passed: bool,
    wire: Wire,
) {
    judgement.verdict = Verdict::Fail;
    if let Some(first) = differences.first() {
        let late = if bound_passed { ", also after the consistency bound" } else { "" };
        judgement.reason =
            Some(format!("{} over {wire}: expected {}, got {} ({}){late}", act.describe(), first.expected, first.actual, first.place));
    }
    for difference in differences {
        let charged = difference.requirement.map_or_else(|| unclaimed.to_vec(), |claimed| vec![claimed]);
        for requirement in charged {
            let known = judgement.violated.iter().any(|it| it.requirement == requirement && it.kind == difference.kind);
            if !known {
                judgement.violated.push(Violation {
                    requirement,
                    kind: difference.kind.to_owned(),
                    expected: difference.expected.clone(),
                    actual: difference.actual.clone(),
                    place: difference.place.clone(),
                    exchange: Some(exchange),
                });
            }
        }
    }
}
