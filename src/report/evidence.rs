//! The second pass for failures: the exchanges that show them, and what the other wires said.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{each, exchange};
use crate::conclude::{Origin, Root, Summary};
use crate::judge::Verdict;
use crate::record::{Event, ReadError, TrialEnded};
use crate::wire::{Body, Exchange};

/// Octets of a body that are kept for showing.
const SHOWN: usize = 16 * 1024;

/// A case with variant and repetition: the trials that are compared with one another.
type Group = (String, Option<String>, u32);

/// What one trial of a group said in one step.
struct Said {
    act: usize,
    exchange: u64,
    answer: String,
}

/// A trial of a group.
struct Neighbour {
    transports: String,
    verdict: Verdict,
    said: Vec<Said>,
}

/// Everything beyond the summary that texts of failures need; one exchange and one group for each root cause.
#[derive(Default)]
pub(super) struct Evidence {
    exchanges: BTreeMap<u64, (Exchange, String)>,
    groups: BTreeMap<Group, Vec<Neighbour>>,
}

impl Evidence {
    /// Reads the record for the root causes of a summary.
    pub(super) fn gather(record: &Path, summary: &Summary) -> Result<Self, ReadError> {
        let roots = summary.roots.sorted();
        let wanted: BTreeSet<u64> = roots.iter().filter_map(|root| root.exchange).collect();
        let groups: BTreeSet<Group> = roots.iter().filter_map(|root| group(&root.first)).collect();
        let mut evidence = Self::default();
        if roots.is_empty() {
            return Ok(evidence);
        }
        let mut keep = |exchange: &Exchange, place: &dyn Fn() -> String| {
            if wanted.contains(&exchange.id) {
                evidence.exchanges.insert(exchange.id, (trimmed(exchange), place()));
            }
        };
        each(record, |event| match event {
            Event::ProbeEnded(probe) => keep(&probe.exchange, &|| format!("the probe of {}", probe.transport)),
            Event::Background(background) => keep(&background.exchange, &|| format!("fixture {}", background.of)),
            Event::TrialEnded(trial) => {
                for exchange in trial.observation.iter().flat_map(|it| &it.steps).flat_map(|step| &step.attempts) {
                    keep(exchange, &|| trial.id.clone());
                }
                let key = (trial.case.clone(), trial.variant.clone(), trial.repeat);
                if groups.contains(&key) {
                    evidence.groups.entry(key).or_default().push(neighbour(trial));
                }
            }
            _ => {}
        })?;
        Ok(evidence)
    }

    /// The exchange that shows a root cause, and where it was made.
    pub(super) fn exchange(&self, root: &Root) -> Option<(&Exchange, &str)> {
        self.exchanges.get(&root.exchange?).map(|(exchange, place)| (exchange, place.as_str()))
    }

    /// What the other transports of the group said in the same step: transport, verdict, answer.
    pub(super) fn others(&self, root: &Root) -> Vec<(&str, Verdict, Option<&str>)> {
        let Some(group) = group(&root.first).and_then(|group| self.groups.get(&group)) else { return Vec::new() };
        let is_own = |neighbour: &&Neighbour| neighbour.said.iter().any(|said| Some(said.exchange) == root.exchange);
        let own = group.iter().find(is_own);
        let act = own.and_then(|own| own.said.iter().find(|said| Some(said.exchange) == root.exchange)).map(|said| said.act);
        group
            .iter()
            .filter(|neighbour| !is_own(neighbour))
            .map(|neighbour| {
                let said = neighbour.said.iter().rev().find(|said| Some(said.act) == act);
                (neighbour.transports.as_str(), neighbour.verdict, said.map(|said| said.answer.as_str()))
            })
            .collect()
    }
}

fn group(origin: &Origin) -> Option<Group> {
    Some((origin.case.clone()?, origin.variant.clone(), origin.repeat))
}

fn neighbour(trial: &TrialEnded) -> Neighbour {
    let transports: Vec<String> = trial.transports.iter().map(ToString::to_string).collect();
    let steps = trial.observation.iter().flat_map(|observation| &observation.steps);
    Neighbour {
        transports: transports.join("+"),
        verdict: trial.judgement.verdict,
        said: steps
            .filter_map(|step| {
                let last = step.attempts.last()?;
                Some(Said { act: step.act, exchange: last.id, answer: exchange::answer(last) })
            })
            .collect(),
    }
}

/// An exchange with no more of its bodies than is shown.
fn trimmed(exchange: &Exchange) -> Exchange {
    let mut exchange = exchange.clone();
    let trim = |body: &mut Body| body.kept.0.truncate(SHOWN);
    trim(&mut exchange.sent.content);
    trim(&mut exchange.received.content);
    exchange
}
