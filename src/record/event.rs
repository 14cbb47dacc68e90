//! What happens in a run, as values: the boundary between the engine and every report.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::check::Seen;
use crate::judge::{Judgement, Observation};
use crate::target::{KnownFailure, Presence};
use crate::wire::{Exchange, Transport, Wire};

/// One event; `events.jsonl` holds one a line, the first is `run-started`, the last of a whole record is `run-ended`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// Who judges what with what.
    RunStarted(RunStarted),
    /// A probe of the preflight was answered.
    ProbeEnded(ProbeEnded),
    /// An ordinary client made the probe's call.
    Witness(Witness),
    /// An exchange of a fixture (set-up, removal).
    Background(Background),
    /// The run's token may not make what trials need.
    Restricted(Restricted),
    /// A trial was judged, or skipped.
    TrialEnded(TrialEnded),
    /// The agreement of a group was judged.
    AgreementEnded(AgreementEnded),
    /// A passive requirement on a wire was judged.
    PassiveEnded(PassiveEnded),
    /// Something that the run created is still there.
    Left(Left),
    /// The target can't be used any more.
    TargetLost(Lost),
    /// The run is over.
    RunEnded(RunEnded),
}

/// The identity of target, suite, contract, tool and options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    /// Version of triwire.
    pub triwire: String,
    /// Random name of the run; everything that it creates carries it.
    pub run: String,
    /// When, RFC 3339.
    pub at: String,
    /// The target.
    pub target: TargetIdentity,
    /// Name of the suite.
    pub suite: String,
    /// SHA-256 over all files of the suite.
    pub suite_hash: String,
    /// SHA-256 of each case by its id.
    pub case_hashes: BTreeMap<String, String>,
    /// SHA-256 over descriptors and schemas.
    pub contract_hash: String,
    /// Seed of the order.
    pub seed: u64,
    /// Options in effect, by their long name.
    pub options: BTreeMap<String, String>,
    /// Failures that are expected of the target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_failures: Vec<KnownFailure>,
    /// Trials, agreements and passive results that are planned.
    pub planned: u64,
    /// Transports that were planned.
    pub transports: Vec<Transport>,
}

/// The target, claimed and observed apart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TargetIdentity {
    /// Its URL, those of its wires where they have several, or `embedded reference target`.
    pub address: String,
    /// The URL of each wire, where they have several.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub addresses: BTreeMap<String, String>,
    /// The URL for provisioning, where that goes beside the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<String>,
    /// Certificates weren't verified: whoever answered may have been somebody else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
    /// Whether it is the embedded one.
    pub embedded: bool,
    /// What the user says it is.
    pub claimed: BTreeMap<String, String>,
    /// What it showed of itself, e.g. a `server` field.
    pub observed: BTreeMap<String, String>,
}

impl TargetIdentity {
    /// Where it is, with what a reader has to know of how it was reached.
    #[must_use]
    pub fn place(&self) -> String {
        let beside = self.setup.as_ref().map(|url| format!("; set-up at {url}")).unwrap_or_default();
        let insecure = if self.insecure { "; INSECURE: certificates were not verified" } else { "" };
        format!("{}{beside}{insecure}", self.address)
    }
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeEnded {
    /// The transport that was probed.
    pub transport: Transport,
    /// What was found.
    pub presence: Presence,
    /// Whether the transport is claimed.
    pub claimed: bool,
    /// The exchange.
    pub exchange: Exchange,
    /// What the passive checks say of it.
    pub checks: Vec<Seen>,
}

/// How an ordinary client fared with the call of the probe. It is a note: no verdict depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// The client's name, e.g. `tonic`.
    pub client: String,
    /// The wire that it speaks.
    pub wire: Wire,
    /// How it fared.
    pub outcome: Testimony,
}

/// How an ordinary client fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum Testimony {
    /// It read an answer as a success.
    GotThrough,
    /// It didn't.
    Failed {
        /// What it said.
        text: String,
    },
    /// It panicked.
    Panicked {
        /// Its message.
        text: String,
    },
}

impl std::fmt::Display for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { client, wire, outcome } = self;
        match outcome {
            Testimony::GotThrough => write!(f, "{client} got through on {wire}"),
            Testimony::Failed { text } => write!(f, "{client} failed on {wire}: {text}"),
            Testimony::Panicked { text } => write!(f, "{client} panicked on {wire}: {text}"),
        }
    }
}

/// An exchange outside a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Background {
    /// Fixture and part, e.g. `organization setup`.
    pub of: String,
    /// The exchange.
    pub exchange: Exchange,
    /// What the passive checks say of it.
    pub checks: Vec<Seen>,
}

/// What the run's token may not make, told before the first trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restricted {
    /// What can't be made, e.g. `fixture organization` or `identity viewer`.
    pub what: String,
    /// What the target said.
    pub reason: String,
    /// The role of a token that may, as the suite tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Trials that are skipped for it.
    pub trials: u64,
}

/// A trial with its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialEnded {
    /// `suite::case[variant]::wire::http`.
    pub id: String,
    /// `suite::case`.
    pub case: String,
    /// The variant.
    pub variant: Option<String>,
    /// Its transports: one unless the case goes across.
    pub transports: Vec<Transport>,
    /// Parts of requirements that the case covers; a requirement that isn't listed is covered whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<(String, Vec<String>)>,
    /// Which repetition, from 1.
    pub repeat: u32,
    /// An agreement of its group follows, in which its answers are compared.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub compared: bool,
    /// The verdict.
    pub judgement: Judgement,
    /// What it showed; `None` for a skip.
    pub observation: Option<Observation>,
    /// What the passive checks say of its exchanges: number of the exchange with the results.
    pub checks: Vec<(u64, Vec<Seen>)>,
    /// Micro-seconds from its first to its last exchange.
    pub duration: u64,
}

/// The agreement of a group with its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreementEnded {
    /// `suite::case[variant]::agreement`.
    pub id: String,
    /// `suite::case`.
    pub case: String,
    /// The variant.
    pub variant: Option<String>,
    /// Transports that took part.
    pub transports: Vec<Transport>,
    /// Parts of requirements that it covers; a requirement that isn't listed is covered whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<(String, Vec<String>)>,
    /// Which repetition, from 1.
    pub repeat: u32,
    /// The verdict.
    pub judgement: Judgement,
}

/// A passive requirement on a wire with its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassiveEnded {
    /// `requirement::ID::wire`.
    pub id: String,
    /// The requirement.
    pub requirement: String,
    /// The wire.
    pub wire: Wire,
    /// The verdict; the first violation of each kind, exchanges as evidence.
    pub judgement: Judgement,
    /// Exchanges on which it held.
    pub held: u64,
    /// Exchanges on which it was violated.
    pub violated: u64,
    /// The first three exchanges that show it.
    pub exchanges: Vec<u64>,
}

impl PassiveEnded {
    /// The end of the ids of results that say what is claimed and not offered; no passive result of a check has it.
    pub const OFFERED: &str = "::offered";

    /// Whether it says that something is claimed and not offered: that was decided by the probes.
    #[must_use]
    pub fn is_offer(&self) -> bool {
        self.id.ends_with(Self::OFFERED)
    }
}

/// Something that was created and is still there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Fixture, e.g. `organization`.
    pub fixture: String,
    /// Name or id to find it by.
    pub what: String,
    /// Why it is still there.
    pub reason: String,
}

/// The target can't be used any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// What happened, with the likely cause and the next step.
    pub reason: String,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnded {
    /// Every planned result is in the record.
    pub complete: bool,
    /// The signal that interrupted it: 2 or 15.
    pub interrupted: Option<i32>,
    /// Exchanges in all.
    pub exchanges: u64,
    /// Micro-seconds in all.
    pub duration: u64,
}
