//! `triwire run`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use triwire::case::Suite;
use triwire::conclude::{ExitStatus, Policy, Summary, conclude};
use triwire::contract::Contract;
use triwire::plan::Selection;
use triwire::record::event::Event;
use triwire::record::write::Recorder;
use triwire::reference::Reference;
use triwire::report::console::{self, Progress};
use triwire::report::{self, Destination, Layout, clean};
use triwire::run::journal::Journal;
use triwire::run::{self, Ended, Options, Setting, Stop};
use triwire::target::KnownFailures;
use triwire::wire::Client;

use super::aim::{self, Aim, Chosen};
use super::args::RunOptions;
use super::check::{Beside, Files, Inputs};
use super::{Failure, check, signals, to_stderr, to_stdout};

/// Reads and checks all input, runs, writes the reports.
pub fn run(options: RunOptions) -> Result<ExitStatus, Failure> {
    let beside = Beside { target: options.aim.target.as_deref(), known_failures: options.known_failures.as_deref() };
    let Inputs { contract, suite, statement, known_failures } =
        check::inputs(Files::of(&options.cases, &options.suite).only(&options.filter), beside)?;
    let contract = contract.get();
    let chosen = aim::choose(&options, statement)?;
    if options.suite.is_some() && matches!(chosen, Chosen::Embedded(_)) {
        return Err(Failure::usage(
            "the embedded target serves the API of the built-in suite only: give the address of a server beside --suite DIR",
        ));
    }
    let reports = destinations(&options)?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::harness)?;
    runtime.block_on(async {
        match chosen {
            Chosen::Live(aim) => {
                aim::warn(&aim);
                let journal = Journal::create(&options.out.join(JOURNAL), aim.provisioned_at()).map_err(Failure::harness)?;
                remind(&journal, &options.out);
                judge(&options, &suite, contract, known_failures, &reports, *aim, journal).await
            }
            Chosen::Embedded(settings) => {
                let target = Reference::start(*settings).await.map_err(Failure::harness)?;
                let aim = aim::embedded(&options, &target)?;
                // What is created ends with the target: nothing could be left.
                let outcome = judge(&options, &suite, contract, known_failures, &reports, aim, Journal::none()).await;
                target.shutdown().await;
                outcome
            }
        }
    })
}

const RECORD: &str = "events.jsonl";
pub const JOURNAL: &str = "journal.jsonl";

/// The folder is made and every report can be written, before anything is sent.
fn destinations(options: &RunOptions) -> Result<Vec<Destination>, Failure> {
    std::fs::create_dir_all(&options.out).map_err(|error| {
        Failure::harness(format!("can't make the folder {}: {error}; choose another with --out DIR", options.out.display()))
    })?;
    let mut taken: BTreeSet<PathBuf> = [RECORD, JOURNAL].iter().map(|name| whole(&options.out.join(name))).collect();
    let mut all = vec![
        Destination { format: &report::JSON, path: options.out.join("report.json") },
        Destination { format: &report::JUNIT, path: options.out.join("junit.xml") },
    ];
    all.extend(options.report.iter().cloned());
    for destination in &all {
        let is_file = std::fs::metadata(&destination.path).map_or(true, |found| found.is_file());
        if is_file && !taken.insert(whole(&destination.path)) {
            return Err(Failure::usage(format!("two files of this run would be written to {}", destination.path.display())));
        }
        report::check_writable(&destination.path).map_err(Failure::harness)?;
    }
    for name in [RECORD, JOURNAL] {
        report::check_writable(&options.out.join(name)).map_err(Failure::harness)?;
    }
    Ok(all)
}

/// A path that compares with others: its folder without links.
fn whole(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()).join(path.file_name().unwrap_or_default())
}

/// Says what earlier runs left on their targets, as far as the journal in this folder knows.
fn remind(journal: &Journal, folder: &Path) {
    let left = journal.left_before();
    if let Some(first) = left.first() {
        let more = if left.len() > 1 { format!(" and {} more", left.len() - 1) } else { String::new() };
        let what = clean(&format!("{} ({}) at {}{more}", first.fixture, first.to_find_by(), first.target));
        to_stderr(&format!(
            "note: an earlier run may have left {what}; `triwire clean` with the same options for the target and --out {} removes it",
            folder.display()
        ));
    }
}

async fn judge(
    options: &RunOptions,
    suite: &Suite,
    contract: &Contract,
    known_failures: KnownFailures,
    reports: &[Destination],
    aim: Aim,
    journal: Journal,
) -> Result<ExitStatus, Failure> {
    let stop = Stop::default();
    signals::listen(stop.clone(), |again| {
        to_stderr(if again {
            "stopping at once; what was created may be left, see the list"
        } else {
            "stopping: calls in flight end within 5 s, then what was created is removed; once more to stop at once"
        });
    })
    .map_err(Failure::harness)?;
    let selection = Selection {
        wires: options.wire.clone(),
        filters: options.filter.clone(),
        exact: Vec::new(),
        profiles: aim.profiles.clone(),
        repeat: options.repeat,
        seed: options.seed.unwrap_or_else(random_seed),
        // The embedded target ends with the run.
        instance_changes: options.allow_instance_changes || aim.identity.embedded,
    };
    let path = options.out.join(RECORD);
    let mut recorder = Recorder::create(&path).map_err(Failure::harness)?;
    let mut watch = Watch { summary: Summary::new(contract), progress: Progress::new(options.quiet), executes: false };
    let mut broken = None;
    let setting = Setting {
        contract,
        suite,
        recorded_options: recorded(options, &selection, &aim.profiles),
        known_failures: known_failures.0,
        options: Options {
            jobs: usize::from(options.jobs),
            bound: options.bound.unwrap_or(Duration::from_secs(15)),
            token: aim.token,
            claimed: aim.claimed,
            message_limit: aim.message_limit,
            origins: aim.origins,
            offers: aim.offers,
            unprobed: false,
        },
        selection,
        client: Client::new(aim.routes, aim::timeouts(options.timeout)),
        target: aim.identity,
        journal,
        stop: stop.clone(),
    };
    let ended = run::run(setting, |event: Event| {
        watch.see(&event);
        if broken.is_none()
            && let Err(error) = recorder.write(&event)
        {
            // Without a record there is no evidence: the run ends.
            broken = Some(error);
            stop.request(0);
        }
    })
    .await;
    watch.progress.finish();
    if let Some(error) = broken {
        return Err(Failure::harness(error));
    }
    recorder.close().map_err(Failure::harness)?;
    let summary = watch.summary;
    let policy = Policy { gate_should: options.gate == "should", allow_skip_permission: options.allow_skip.is_some() };
    let mut conclusion = conclude(&summary, policy);
    let mut written = Vec::new();
    for destination in reports {
        match report::write(destination, &path, &conclusion, contract) {
            Ok(()) => written.push(destination),
            Err(error) => {
                to_stderr(&format!("error: {error}"));
                conclusion.add(ExitStatus::Harness, error.to_string());
            }
        }
    }
    if written.len() < reports.len() {
        // All reports tell the same exit status.
        for destination in written {
            report::write(destination, &path, &conclusion, contract).map_err(Failure::harness)?;
        }
    }
    // Where nothing was executed, one sentence says why; every planned result would repeat it.
    if matches!(ended, Ended::Ran | Ended::Harness(_)) {
        let failures = console::failures(&path, &summary, Layout::terminal()).map_err(Failure::harness)?;
        if !failures.is_empty() {
            to_stdout(&failures);
        }
    }
    to_stdout(console::summary(&summary, &conclusion, &options.out, Layout::terminal()).trim_end());
    Ok(conclusion.exit)
}

/// What a person sees while the run goes on.
struct Watch {
    summary: Summary,
    progress: Progress,
    /// A trial was executed or skipped: from then on there is progress.
    executes: bool,
}

impl Watch {
    fn see(&mut self, event: &Event) {
        self.summary.fold(event);
        match event {
            // What must be known is said also where no progress is wanted.
            Event::TargetLost(lost) => self.say(&format!("error: {}", lost.reason)),
            Event::Left(left) => self.say(&format!("left: {} {} ({})", left.fixture, left.what, left.reason)),
            Event::PassiveEnded(_) if !self.executes => {}
            _ => {
                self.executes |= matches!(event, Event::TrialEnded(_));
                self.progress.show(event);
            }
        }
    }

    fn say(&mut self, text: &str) {
        self.progress.finish();
        to_stderr(&clean(text));
    }
}

fn recorded(options: &RunOptions, selection: &Selection, profiles: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut recorded = BTreeMap::from([
        ("jobs".to_owned(), options.jobs.to_string()),
        ("repeat".to_owned(), options.repeat.to_string()),
        ("gate".to_owned(), options.gate.clone()),
        ("profiles".to_owned(), profiles.iter().cloned().collect::<Vec<_>>().join(" ")),
    ]);
    let mut put = |name: &str, value: String| {
        if !value.is_empty() {
            recorded.insert(name.to_owned(), value);
        }
    };
    put("wire", selection.wires.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    put("filter", selection.filters.join(" "));
    put("fault", options.fault.clone().unwrap_or_default());
    put("variant", options.variant.clone().unwrap_or_default());
    put("allow-instance-changes", if options.allow_instance_changes { "true".to_owned() } else { String::new() });
    put("insecure", if options.aim.insecure { "true".to_owned() } else { String::new() });
    put("authority", options.aim.authority.clone().unwrap_or_default());
    put("known-failures", options.known_failures.as_ref().map(|path| path.display().to_string()).unwrap_or_default());
    put("allow-skip", options.allow_skip.clone().unwrap_or_default());
    recorded
}

/// A seed from the clock; it is recorded, so the order can be had again.
fn random_seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    (u64::from(since.subsec_nanos()) << 12 ^ since.as_secs()) & 0xffff_ffff
}
