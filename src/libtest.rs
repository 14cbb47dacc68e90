//! The libtest view: each trial and each agreement is a test of its own, for developers. The record of `triwire run` is the evidence.
//!
//! ```no_run
//! // tests/conformance.rs of an implementation, with `harness = false` in its Cargo.toml
//! fn main() -> std::process::ExitCode {
//!     triwire::libtest::main(triwire::libtest::Target::at("http://127.0.0.1:8080", "the token of an administrator"))
//! }
//! ```
//!
//! The list comes from the suite alone, without traffic. A trial that a probe or a missing right excludes is ignored when it runs;
//! an inconclusive one fails. A passive violation fails the test that saw it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::sync::OnceCell;

use crate::case::{self, Suite};
use crate::contract::Contract;
use crate::judge::{Judgement, Verdict};
use crate::plan::{Selection, plan};
use crate::record::event::{Event, TargetIdentity};
use crate::reference::{self, Reference};
use crate::run::{self, Ended, Options, Setting, Stop, journal::Journal};
use crate::target::{Capabilities, Endpoint, Timeouts, Trust};
use crate::wire::{Client, Connector, Transport};

/// The target of the tests.
#[derive(Debug, Clone)]
pub enum Target {
    /// The embedded reference target.
    Embedded,
    /// One that listens elsewhere.
    At {
        /// Its address.
        url: String,
        /// A token that may create organizations.
        token: String,
    },
}

impl Target {
    /// A target that listens at an address.
    #[must_use]
    pub fn at(url: &str, token: &str) -> Self {
        Self::At { url: url.to_owned(), token: token.to_owned() }
    }
}

/// Shared by the tests of one process.
struct Shared {
    suite: Suite,
    target: Target,
    runtime: tokio::runtime::Runtime,
    embedded: OnceLock<Result<Reference, String>>,
}

/// Lists or runs the tests as the arguments of the process ask for.
#[must_use]
pub fn main(target: Target) -> ExitCode {
    let arguments = Arguments::from_args();
    let contract = Contract::built_in();
    let suite = match case::read_suite(&Suite::built_in_files(), contract) {
        Ok(suite) => suite,
        Err(mistakes) => return refuse(&arguments, "suite", mistakes.to_string()),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&arguments, "runtime", error.to_string()),
    };
    let profiles = match target {
        Target::Embedded => profiles(&["core", "zitadel", "hardening"]),
        Target::At { .. } => profiles(&["core"]),
    };
    let instance_changes = matches!(target, Target::Embedded);
    let selection = Selection { profiles, repeat: 1, instance_changes, ..Selection::default() };
    let shared = Arc::new(Shared { suite, target, runtime, embedded: OnceLock::new() });
    let plan = plan(&shared.suite, contract, &Capabilities::everything(), &selection);
    let (mut first, mut others) = (Vec::new(), Vec::new());
    for group in &plan.groups {
        let ids: Vec<String> = group.trials.iter().map(|planned| planned.scheduled.id.clone()).collect();
        let whole = Arc::new(Whole { ids: ids.clone(), verdicts: OnceCell::new() });
        let mut tests = Vec::new();
        for id in ids {
            // Who asks for one test by its name, as other runners do for each, gets that trial and no more.
            let alone = Arc::new(Whole { ids: vec![id.clone()], verdicts: OnceCell::new() });
            tests.push(test(&shared, id, if arguments.exact { alone } else { Arc::clone(&whole) }, &selection));
        }
        if group.agreement.is_some() {
            // Another process may hold the neighbours: the agreement runs its whole group.
            tests.push(test(&shared, group.agreement_id(), whole, &selection));
        }
        let mut tests = tests.into_iter();
        first.extend(tests.next());
        others.extend(tests);
    }
    // The first test of a group runs all of it: groups run side by side, not the tests of one, which would wait for each other.
    first.append(&mut others);
    libtest_mimic::run(&arguments, first).exit_code()
}

/// Trials that are run together, once, for whichever of their tests comes first.
struct Whole {
    ids: Vec<String>,
    verdicts: OnceCell<Result<BTreeMap<String, Finding>, String>>,
}

/// What a test found.
#[derive(Debug, Clone)]
enum Finding {
    Passed,
    Ignored(String),
    Failed(String),
}

/// A list with one failing test, so that the reason is seen by whoever runs the tests.
fn refuse(arguments: &Arguments, name: &str, reason: String) -> ExitCode {
    libtest_mimic::run(arguments, vec![Trial::test(name, move || Err(Failed::from(reason)))]).exit_code()
}

fn profiles(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn test(shared: &Arc<Shared>, name: String, whole: Arc<Whole>, selection: &Selection) -> Trial {
    let shared = Arc::clone(shared);
    let selection = Selection { exact: whole.ids.clone(), ..selection.clone() };
    let wanted = name.clone();
    Trial::ignorable_test(name, move || {
        let verdicts = shared.runtime.block_on(whole.verdicts.get_or_init(|| execute(&shared, selection)));
        let verdicts = verdicts.as_ref().map_err(|text| Failed::from(text.as_str()))?;
        match verdicts.get(&wanted) {
            Some(Finding::Passed) => Ok(Completion::Completed),
            Some(Finding::Ignored(reason)) => Ok(Completion::ignored_with(reason.as_str())),
            Some(Finding::Failed(text)) => Err(Failed::from(text.as_str())),
            None => Err(Failed::from("the run gave no verdict on it")),
        }
    })
}

/// Runs the trials of the selection; what each test of theirs found.
async fn execute(shared: &Shared, selection: Selection) -> Result<BTreeMap<String, Finding>, String> {
    let contract = Contract::built_in();
    let embedded = matches!(shared.target, Target::Embedded);
    // Other tests run at the same time: who wants the target for itself gets one.
    let is_exclusive =
        shared.suite.cases.iter().any(|case| case.exclusive && selection.exact.iter().any(|id| id.starts_with(&format!("{}::", case.id))));
    let own = if embedded && is_exclusive {
        Some(Reference::start(reference::Options::default()).await.map_err(|error| error.to_string())?)
    } else {
        None
    };
    let (url, token): (String, String) = match (&shared.target, &own) {
        (Target::At { url, token }, _) => (url.clone(), token.clone()),
        (Target::Embedded, Some(own)) => (own.url(), own.token().to_owned()),
        (Target::Embedded, None) => {
            let reference = match shared.embedded.get() {
                Some(reference) => reference,
                None => {
                    let started = Reference::start(reference::Options::default()).await.map_err(|error| error.to_string());
                    // Another test may have been faster; its reference is the one to use.
                    shared.embedded.get_or_init(|| started)
                }
            };
            let reference = reference.as_ref().map_err(Clone::clone)?;
            (reference.url(), reference.token().to_owned())
        }
    };
    let endpoint = Endpoint::parse(&url).map_err(|error| error.to_string())?;
    let connector = Connector::new(endpoint, &Trust::default(), Timeouts::default()).map_err(|error| error.to_string())?;
    let mut events = Vec::new();
    let setting = Setting {
        contract,
        suite: &shared.suite,
        selection,
        options: Options {
            jobs: 1,
            bound: Duration::from_secs(15),
            token: Some(token),
            claimed: if embedded { Transport::ALL.to_vec() } else { Vec::new() },
            message_limit: embedded.then_some(reference::MESSAGE_LIMIT as u64),
            origins: if embedded { vec![reference::BROWSER_ORIGIN.to_owned()] } else { Vec::new() },
            offers: Vec::new(),
            unprobed: false,
        },
        client: Client::new(connector, Timeouts::default()),
        target: TargetIdentity { address: url, embedded, ..TargetIdentity::default() },
        recorded_options: BTreeMap::new(),
        known_failures: Vec::new(),
        journal: Journal::none(),
        stop: Stop::default(),
    };
    let ended = run::run(setting, |event| events.push(event)).await;
    if let Ended::Unusable(unusable) = ended {
        return Err(unusable.to_string());
    }
    let mut found = BTreeMap::new();
    for event in &events {
        match event {
            Event::TrialEnded(trial) => {
                let violated = trial.checks.iter().flat_map(|(_, seen)| seen).find_map(|seen| Some((seen, seen.violated.as_ref()?)));
                let finding = match violated {
                    Some((seen, violated)) => Finding::Failed(format!(
                        "{} {}: expected {}, got {} at {}",
                        seen.requirement, violated.kind, violated.expected, violated.actual, violated.place
                    )),
                    None => conclude(&trial.judgement),
                };
                found.insert(trial.id.clone(), finding);
            }
            Event::AgreementEnded(agreement) => {
                found.insert(agreement.id.clone(), conclude(&agreement.judgement));
            }
            _ => {}
        }
    }
    Ok(found)
}

fn conclude(judgement: &Judgement) -> Finding {
    let reason = judgement.reason.clone().unwrap_or_default();
    match judgement.verdict {
        Verdict::Pass => Finding::Passed,
        Verdict::Skip => Finding::Ignored(reason),
        Verdict::Fail | Verdict::Inconclusive | Verdict::Error => Finding::Failed(format!("{}: {reason}", judgement.verdict)),
    }
}
