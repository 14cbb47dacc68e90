//! Judges a record again: the same exchanges, verdicts from today's suite, contract and checks, no traffic.
//!
//! Trials, agreements and passive results get a new verdict from what was observed; whatever else happened (skips, what was left, how the run
//! ended) stays as it is recorded. With the same suite, contract and checks the events are the same, octet for octet.

use std::collections::BTreeMap;

use crate::case::{Act, Case, Suite};
use crate::conclude::passive::Tally;
use crate::contract::Contract;
use crate::judge::{self, Member, Scope, Verdict};
use crate::record::{AgreementEnded, Event, PassiveEnded, ReadError, RunStarted, TrialEnded};
use crate::target::Capabilities;
use crate::wire::{Transport, Wire};

/// A record that can't be judged again.
#[derive(Debug, thiserror::Error)]
pub enum RejudgeError {
    /// The record can't be read, or not to its end.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A case of the record is not in the suite.
    #[error("the record has the case `{case}`, the suite doesn't; take the suite that the run was made with, or one with the same cases")]
    UnknownCase {
        /// Its id.
        case: String,
    },
}

/// Judges the events of a record again, in their order.
///
/// Observations of a group are kept until its agreement is judged, so memory grows with the groups that are open at the same time, never with the
/// length of the record.
pub fn rejudge<'a>(
    suite: &'a Suite,
    contract: &'a Contract,
    record: impl IntoIterator<Item = Result<Event, ReadError>> + 'a,
) -> impl Iterator<Item = Result<Event, RejudgeError>> + 'a {
    let mut judge = Rejudge {
        suite,
        contract,
        cases: suite.cases.iter().map(|case| (case.id.as_str(), case)).collect(),
        partial: false,
        offers: Vec::new(),
        found: Capabilities::default(),
        tally: Tally::default(),
        open: BTreeMap::new(),
    };
    record.into_iter().map(move |event| judge.again(event?))
}

/// What has to be known of the events until now.
struct Rejudge<'a> {
    suite: &'a Suite,
    contract: &'a Contract,
    cases: BTreeMap<&'a str, &'a Case>,
    /// Only a part of the suite was asked for.
    partial: bool,
    /// Requirements whose matter the target says that it offers.
    offers: Vec<String>,
    found: Capabilities,
    tally: Tally,
    /// Observations whose agreement is still to come, by group and repetition.
    open: BTreeMap<(String, u32), Vec<Member>>,
}

impl<'a> Rejudge<'a> {
    fn again(&mut self, event: Event) -> Result<Event, RejudgeError> {
        let event = match event {
            Event::RunStarted(started) => Event::RunStarted(self.started(started)),
            Event::ProbeEnded(mut probe) => {
                // Whether a transport is spoken was decided by the run, which chose by it what to execute.
                self.found.transports.insert(probe.transport.to_string(), (probe.presence.clone(), probe.exchange.id));
                let bound = judge::is_bound(&probe.presence, &probe.exchange);
                probe.checks = if bound { judge::examine(&probe.exchange, self.contract) } else { Vec::new() };
                Event::ProbeEnded(probe)
            }
            Event::Background(mut background) => {
                background.checks = judge::examine(&background.exchange, self.contract);
                Event::Background(background)
            }
            Event::TrialEnded(trial) => Event::TrialEnded(self.trial(trial)?),
            Event::AgreementEnded(agreement) => Event::AgreementEnded(self.agreement(agreement)?),
            Event::PassiveEnded(passive) => Event::PassiveEnded(self.passive(passive)),
            other @ (Event::Witness(_) | Event::Restricted(_) | Event::Left(_) | Event::TargetLost(_) | Event::RunEnded(_)) => other,
        };
        self.tally.see(&event, self.contract);
        Ok(event)
    }

    /// The record says by which tool, suite and contract it was judged: by these.
    fn started(&mut self, started: RunStarted) -> RunStarted {
        self.partial = ["filter", "exact"].iter().any(|option| started.options.contains_key(*option));
        self.offers = started.options.get("offers").into_iter().flat_map(|all| all.split(' ')).map(str::to_owned).collect();
        RunStarted {
            triwire: env!("CARGO_PKG_VERSION").to_owned(),
            suite: self.suite.name.clone(),
            suite_hash: self.suite.hash.clone(),
            case_hashes: self.suite.cases.iter().map(|case| (case.id.clone(), case.hash.clone())).collect(),
            contract_hash: self.contract.hash(),
            ..started
        }
    }

    fn trial(&mut self, mut trial: TrialEnded) -> Result<TrialEnded, RejudgeError> {
        // What wasn't executed showed nothing that could be judged.
        let Some(observation) = &mut trial.observation else { return Ok(trial) };
        let case = self.case(&trial.case, trial.variant.as_deref())?;
        let scope = Scope { requirements: std::mem::take(&mut trial.judgement.requirements) };
        let acts = self.acts(case, &trial.transports);
        (trial.judgement, trial.checks) = judge::whole(&acts, &scope, observation, self.contract, judge::examine);
        trial.covers = case.covered_by_trials();
        if trial.compared {
            let member = Member { scope, observation: observation.clone(), judgement: trial.judgement.clone() };
            self.open.entry((case.agreement_id(), trial.repeat)).or_default().push(member);
        }
        Ok(trial)
    }

    fn agreement(&mut self, mut agreement: AgreementEnded) -> Result<AgreementEnded, RejudgeError> {
        let members = self.open.remove(&(agreement.id.clone(), agreement.repeat)).unwrap_or_default();
        let case = self.case(&agreement.case, agreement.variant.as_deref())?;
        let acts = members.last().map(|last| self.acts(case, &last.observation.transports)).unwrap_or_default();
        let requirements = std::mem::take(&mut agreement.judgement.requirements);
        agreement.judgement = judge::agreement(case, &acts, &requirements, &self.suite.volatile, &members, self.contract);
        Ok(agreement)
    }

    fn passive(&self, passive: PassiveEnded) -> PassiveEnded {
        if passive.is_offer() || passive.judgement.verdict == Verdict::Error {
            return passive;
        }
        // Where no transport is spoken the run ends after the preflight: then nothing is known of any wire.
        let any = Transport::ALL.into_iter().any(|transport| self.found.has(transport));
        let presence = self.found.of_wire(passive.wire).filter(|_| any);
        self.tally.conclude(&passive.requirement, passive.wire, presence.as_ref(), self.partial)
    }

    fn case(&self, case: &str, variant: Option<&str>) -> Result<&'a Case, RejudgeError> {
        let id = variant.map_or_else(|| case.to_owned(), |variant| format!("{case}[{variant}]"));
        self.cases.get(id.as_str()).copied().ok_or(RejudgeError::UnknownCase { case: id })
    }

    fn acts(&self, case: &Case, transports: &[Transport]) -> Vec<Act> {
        let wires: Vec<Wire> = transports.iter().map(|transport| transport.wire).collect();
        case.offered(case.script(self.suite, &wires), &self.offers)
    }
}
