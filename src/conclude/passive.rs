//! The fold over what passive checks saw: one result for each planned requirement on a wire.

use std::collections::{BTreeMap, BTreeSet};

use crate::answer;
use crate::check::{CHECKS, Check, DIFFERENT, Finding, Need, Seen, View};
use crate::contract::Contract;
use crate::contract::status::Code;
use crate::judge::{Judgement, SkipReason, Verdict, Violation};
use crate::record::event::{Event, PassiveEnded};
use crate::target::Presence;
use crate::wire::{Exchange, Wire};

/// Exchanges that are named as evidence.
const EVIDENCE: usize = 3;

/// What was seen of one requirement on one wire.
#[derive(Debug, Clone, Default)]
struct Row {
    held: u64,
    violated: u64,
    /// Codes of the answers that were judged, as far as somebody asks for them.
    codes: BTreeSet<Code>,
    /// Different values, where those are counted, as far as they are asked for.
    values: BTreeSet<String>,
    held_by: Vec<u64>,
    violated_by: Vec<u64>,
    /// The first finding of each kind.
    first: Vec<(Finding, u64)>,
}

/// Counts what passive checks say of the exchanges of a run.
#[derive(Debug, Clone)]
pub struct Tally {
    needs: BTreeMap<&'static str, Need>,
    rows: BTreeMap<(String, Wire), Row>,
    live: BTreeSet<Wire>,
}

impl Default for Tally {
    fn default() -> Self {
        Self::of(CHECKS.iter().flat_map(|family| family.iter()))
    }
}

impl Tally {
    /// A tally that knows what these checks need.
    pub(crate) fn of<'a>(checks: impl IntoIterator<Item = &'a Check>) -> Self {
        let needs = checks.into_iter().map(|check| (check.requirement, check.need)).collect();
        Self { needs, rows: BTreeMap::new(), live: BTreeSet::new() }
    }

    /// Takes in an event: what was seen of its exchanges, and which wires are live.
    pub fn see(&mut self, event: &Event, contract: &Contract) {
        let mut add = |exchange: &Exchange, seen: &[Seen]| {
            self.add(exchange.transport.wire, exchange.id, seen, || answer::read(exchange, contract).code());
            self.count_values(exchange, seen, contract);
        };
        match event {
            Event::ProbeEnded(probe) => add(&probe.exchange, &probe.checks),
            Event::Background(background) => add(&background.exchange, &background.checks),
            Event::TrialEnded(trial) => {
                let checks: BTreeMap<u64, &[Seen]> = trial.checks.iter().map(|(id, seen)| (*id, seen.as_slice())).collect();
                for exchange in trial.observation.iter().flat_map(|it| &it.steps).flat_map(|step| &step.attempts) {
                    if let Some(seen) = checks.get(&exchange.id) {
                        add(exchange, seen);
                    }
                }
                self.live.extend(trial.judgement.live.iter().copied());
            }
            Event::RunStarted(_)
            | Event::AgreementEnded(_)
            | Event::PassiveEnded(_)
            | Event::Left(_)
            | Event::TargetLost(_)
            | Event::Restricted(_)
            | Event::RunEnded(_) => {}
        }
    }

    /// Takes in the values of an answer for those checks that count different ones.
    fn count_values(&mut self, exchange: &Exchange, seen: &[Seen], contract: &Contract) {
        for (requirement, values) in DIFFERENT {
            let held = seen.iter().any(|one| one.requirement == *requirement && one.violated.is_none());
            let Some(need) = self.needs.get(requirement).filter(|_| held) else { continue };
            let row = self.rows.entry(((*requirement).to_owned(), exchange.transport.wire)).or_default();
            if row.values.len() as u64 >= need.count {
                continue;
            }
            let method = exchange.intent.rpc.as_deref().and_then(|rpc| contract.descriptors.method(rpc));
            let reading = answer::read(exchange, contract);
            row.values.extend(values(&View { exchange, reading: &reading, contract, method }));
        }
    }

    /// Takes in one exchange. The code is asked for only where a check still needs one: reading an answer again costs more than counting it.
    pub(crate) fn add(&mut self, wire: Wire, exchange: u64, seen: &[Seen], code: impl FnOnce() -> Option<Code>) {
        let mut code = Some(code);
        let mut answered = None;
        for one in seen {
            let row = self.rows.entry((one.requirement.clone(), wire)).or_default();
            match &one.violated {
                None => {
                    row.held += 1;
                    note(&mut row.held_by, exchange);
                }
                Some(finding) => {
                    row.violated += 1;
                    note(&mut row.violated_by, exchange);
                    if row.first.iter().all(|(known, _)| known.kind != finding.kind) {
                        row.first.push((finding.clone(), exchange));
                    }
                }
            }
            let asked = self.needs.get(one.requirement.as_str()).map_or(&[][..], |need| need.codes);
            if asked.iter().any(|code| !row.codes.contains(code)) {
                if let Some(read) = code.take() {
                    answered = read();
                }
                row.codes.extend(answered);
            }
        }
    }

    /// The result of a planned requirement on a wire.
    ///
    /// `presence`: the best that is known of the wire's transports. `partial`: only a part of the suite was asked for, so what the whole must show isn't asked of it.
    #[must_use]
    pub fn conclude(&self, requirement: &str, wire: Wire, presence: Option<&Presence>, partial: bool) -> PassiveEnded {
        let none = Row::default();
        let row = self.rows.get(&(requirement.to_owned(), wire)).unwrap_or(&none);
        let (verdict, skip, reason) = self.verdict(requirement, wire, row, presence, partial);
        let violated = row.first.iter().map(|(finding, exchange)| Violation {
            requirement: requirement.to_owned(),
            kind: finding.kind.clone(),
            expected: finding.expected.clone(),
            actual: finding.actual.clone(),
            place: finding.place.clone(),
            exchange: Some(*exchange),
        });
        PassiveEnded {
            id: format!("requirement::{requirement}::{wire}"),
            requirement: requirement.to_owned(),
            wire,
            judgement: Judgement {
                verdict,
                requirements: vec![requirement.to_owned()],
                violated: violated.collect(),
                reason,
                skip,
                live: Vec::new(),
            },
            held: row.held,
            violated: row.violated,
            exchanges: if row.violated > 0 { row.violated_by.clone() } else { row.held_by.clone() },
        }
    }

    fn verdict(
        &self,
        requirement: &str,
        wire: Wire,
        row: &Row,
        presence: Option<&Presence>,
        partial: bool,
    ) -> (Verdict, Option<SkipReason>, Option<String>) {
        let inconclusive = |text: String| (Verdict::Inconclusive, None, Some(text));
        if row.violated > 0 {
            let judged = row.held + row.violated;
            let kinds: Vec<&str> = row.first.iter().map(|(finding, _)| finding.kind.as_str()).collect();
            return (Verdict::Fail, None, Some(format!("violated by {} of {judged} exchanges: {}", row.violated, kinds.join(", "))));
        }
        match presence {
            Some(Presence::Absent { text }) => return (Verdict::Skip, Some(SkipReason::NotApplicable), Some(text.clone())),
            Some(Presence::Missing { text }) => return inconclusive(format!("the wire is claimed but not spoken: {text}")),
            None => return inconclusive("the wire was not probed".to_owned()),
            Some(Presence::Live) => {}
        }
        if !self.live.contains(&wire) {
            return inconclusive("no positive step met its whole expectation on this wire".to_owned());
        }
        if row.held == 0 {
            let reason = "no exchange of the run has what it speaks of".to_owned();
            return (Verdict::Skip, Some(SkipReason::NotApplicable), Some(reason));
        }
        if let (false, Some(need)) = (partial, self.needs.get(requirement)) {
            let counts_values = DIFFERENT.iter().any(|(id, _)| *id == requirement);
            let (shown, what) = if counts_values { (row.values.len() as u64, "different values") } else { (row.held, "exchanges") };
            if shown < need.count {
                return inconclusive(format!("held on {shown} {what}; the run must show it on {}", need.count));
            }
            let missing: Vec<&str> = need.codes.iter().filter(|code| !row.codes.contains(code)).map(|code| code.name()).collect();
            if !missing.is_empty() {
                return inconclusive(format!("no answer with code {} was judged", missing.join(", ")));
            }
        }
        (Verdict::Pass, None, None)
    }
}

fn note(evidence: &mut Vec<u64>, exchange: u64) {
    if evidence.len() < EVIDENCE {
        evidence.push(exchange);
    }
}
