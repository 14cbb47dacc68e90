//! The second pass for failures: the exchanges that show them, and what the other wires said.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{each, exchange};
use crate::conclude::{Root, Summary};
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

/// Where an exchange was made.
struct Made {
    exchange: Exchange,
    place: String,
    group: Option<Group>,
}

/// Everything beyond the summary that texts of failures need; one exchange and one group for each root cause.
#[derive(Default)]
pub(super) struct Evidence {
    exchanges: BTreeMap<u64, Made>,
    groups: BTreeMap<Group, Vec<Neighbour>>,
}

impl Evidence {
    /// Reads the record for the root causes of a summary: first the exchanges, then the groups in which they were made.
    pub(super) fn gather(record: &Path, summary: &Summary) -> Result<Self, ReadError> {
        let roots = summary.roots.sorted();
        let wanted: BTreeSet<u64> = roots.iter().filter_map(|root| root.exchange).collect();
        let mut evidence = Self::default();
        if roots.is_empty() {
            return Ok(evidence);
        }
        let mut keep = |exchange: &Exchange, place: &dyn Fn() -> String, trial: Option<&TrialEnded>| {
            if wanted.contains(&exchange.id) {
                let made = Made { exchange: trimmed(exchange), place: place(), group: trial.map(group) };
                evidence.exchanges.insert(exchange.id, made);
            }
        };
        each(record, |event| match event {
            Event::ProbeEnded(probe) => keep(&probe.exchange, &|| format!("the probe of {}", probe.transport), None),
            Event::Background(background) => keep(&background.exchange, &|| format!("fixture {}", background.of), None),
            Event::TrialEnded(trial) => {
                for exchange in trial.observation.iter().flat_map(|it| &it.steps).flat_map(|step| &step.attempts) {
                    keep(exchange, &|| trial.id.clone(), Some(trial));
                }
            }
            _ => {}
        })?;
        let groups: BTreeSet<&Group> = evidence.exchanges.values().filter_map(|made| made.group.as_ref()).collect();
        let mut neighbours: BTreeMap<Group, Vec<Neighbour>> = BTreeMap::new();
        if !groups.is_empty() {
            each(record, |event| {
                if let Event::TrialEnded(trial) = event
                    && groups.contains(&group(trial))
                {
                    neighbours.entry(group(trial)).or_default().push(neighbour(trial));
                }
            })?;
        }
        evidence.groups = neighbours;
        Ok(evidence)
    }

    /// The exchange that shows a root cause, and where it was made.
    pub(super) fn exchange(&self, root: &Root) -> Option<(&Exchange, &str)> {
        self.exchanges.get(&root.exchange?).map(|made| (&made.exchange, made.place.as_str()))
    }

    /// What the other transports of the group said in the same step: transports with the same verdict and answer stand together.
    pub(super) fn others(&self, root: &Root) -> Vec<(Vec<&str>, Verdict, Option<&str>)> {
        let group = root.exchange.and_then(|id| self.exchanges.get(&id)?.group.as_ref());
        let Some(group) = group.and_then(|group| self.groups.get(group)) else { return Vec::new() };
        let is_own = |neighbour: &&Neighbour| neighbour.said.iter().any(|said| Some(said.exchange) == root.exchange);
        let own = group.iter().find(is_own);
        let act = own.and_then(|own| own.said.iter().find(|said| Some(said.exchange) == root.exchange)).map(|said| said.act);
        let mut others: Vec<(Vec<&str>, Verdict, Option<&str>)> = Vec::new();
        for neighbour in group.iter().filter(|neighbour| !is_own(neighbour)) {
            let answer = neighbour.said.iter().rev().find(|said| Some(said.act) == act).map(|said| said.answer.as_str());
            match others.iter_mut().find(|(_, verdict, known)| (*verdict, *known) == (neighbour.verdict, answer)) {
                Some((transports, _, _)) => transports.push(&neighbour.transports),
                None => others.push((vec![&neighbour.transports], neighbour.verdict, answer)),
            }
        }
        for (transports, _, _) in &mut others {
            transports.sort_unstable();
        }
        others.sort();
        others
    }
}

fn group(trial: &TrialEnded) -> Group {
    (trial.case.clone(), trial.variant.clone(), trial.repeat)
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
