//! `triwire run`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anstream::{eprintln, println};
use triwire::case::Suite;
use triwire::conclude::{ExitStatus, Policy, Summary, conclude};
use triwire::contract::Contract;
use triwire::plan::Selection;
use triwire::record::event::{Event, TargetIdentity};
use triwire::record::write::Recorder;
use triwire::reference::{self, Reference, Variant};
use triwire::report::console::{self, Progress};
use triwire::report::{self, Destination, Format, Layout};
use triwire::run::journal::Journal;
use triwire::run::{self, Ended, Options, Setting, Stop};
use triwire::target::{Endpoint, Statement, Timeouts, Trust};
use triwire::wire::{Client, Connector, Transport};

use super::args::RunOptions;
use super::{Failure, signals};

/// Reads and checks all input, runs, writes the reports.
pub fn run(options: RunOptions) -> Result<ExitStatus, Failure> {
    if options.url.as_deref() == Some("") {
        return Err(Failure::usage(
            "the address of the target is empty; is a variable unset? Leave it out to judge the embedded reference target",
        ));
    }
    let statement = options.target.as_deref().map(read_statement).transpose()?;
    let url = options.url.clone().or_else(|| statement.as_ref().and_then(|statement| statement.url.clone()));
    if url.is_none()
        && let Some(option) = options.target_option()
    {
        return Err(Failure::usage(format!(
            "{option} speaks of a target, but no address was given: triwire run http://HOST:PORT {option} ..."
        )));
    }
    if url.is_some()
        && let Some(option) =
            [(&options.fault, "--fault"), (&options.variant, "--variant")].into_iter().find_map(|(it, name)| it.as_ref().map(|_| name))
    {
        return Err(Failure::usage(format!("{option} speaks of the embedded target, but the address of another one was given")));
    }
    let contract = Contract::built_in();
    let suite = super::check::suite(options.cases.as_deref(), contract)?;
    let reports = destinations(&options)?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::harness)?;
    runtime.block_on(async {
        match url {
            None => embedded(&options, &suite, contract, &reports).await,
            Some(url) => live(&options, &url, statement.unwrap_or_default(), &suite, contract, &reports).await,
        }
    })
}

fn read_statement(path: &Path) -> Result<Statement, Failure> {
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::usage(format!("can't read the target file {}: {error}", path.display())))?;
    Statement::read(path, &text).map_err(|mistakes| super::check::mistakes(&mistakes, &[(path.to_owned(), text.clone())]))
}

/// The folder is made and every report can be written, before anything is sent.
fn destinations(options: &RunOptions) -> Result<Vec<Destination>, Failure> {
    std::fs::create_dir_all(&options.out).map_err(|error| {
        Failure::harness(format!("can't make the folder {}: {error}; choose another with --out DIR", options.out.display()))
    })?;
    let mut all = vec![
        Destination { format: Format::Json, path: options.out.join("report.json") },
        Destination { format: Format::Junit, path: options.out.join("junit.xml") },
    ];
    all.extend(options.report.iter().cloned());
    for destination in &all {
        report::check_writable(&destination.path).map_err(Failure::harness)?;
    }
    report::check_writable(&record_path(options)).map_err(Failure::harness)?;
    Ok(all)
}

fn record_path(options: &RunOptions) -> PathBuf {
    options.out.join("events.jsonl")
}

/// Starts the reference target in this process and judges it.
async fn embedded(options: &RunOptions, suite: &Suite, contract: &Contract, reports: &[Destination]) -> Result<ExitStatus, Failure> {
    let settings = reference::Options {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        ..super::serve::kind(options.fault.as_deref(), options.variant.as_deref())?
    };
    let target = Reference::start(settings).await.map_err(Failure::usage)?;
    let endpoint = Endpoint::parse(&target.url()).map_err(Failure::harness)?;
    let connector = Connector::new(endpoint, &Trust::default(), timeouts(options)).map_err(Failure::harness)?;
    // It declares everything, save what a variant of it lacks.
    let variant = options.variant.as_deref().and_then(|name| reference::variant(name).ok());
    let claimed = if variant.is_none_or(Variant::speaks_everything) { Transport::ALL.to_vec() } else { Vec::new() };
    let zitadel = variant.is_none_or(Variant::is_zitadel);
    let profiles = ["core", "zitadel", "hardening"].into_iter().filter(|name| zitadel || *name != "zitadel").map(str::to_owned).collect();
    let identity = TargetIdentity {
        address: "embedded reference target".to_owned(),
        embedded: true,
        claimed: BTreeMap::new(),
        observed: BTreeMap::new(),
    };
    let token = Some(target.token().to_owned());
    let outcome = judge(options, suite, contract, reports, Aim { connector, token, claimed, profiles, identity }).await;
    target.shutdown().await;
    outcome
}

/// Judges a target in another process.
async fn live(
    options: &RunOptions,
    url: &str,
    statement: Statement,
    suite: &Suite,
    contract: &Contract,
    reports: &[Destination],
) -> Result<ExitStatus, Failure> {
    let mut endpoint = Endpoint::parse(url).map_err(Failure::usage)?;
    endpoint.authority = options.authority.clone().or(statement.authority);
    let trust = Trust { ca: options.ca.clone().or(statement.ca) };
    let address = endpoint.url();
    let connector = Connector::new(endpoint, &trust, timeouts(options)).map_err(Failure::usage)?;
    let token = token(options)?;
    let mut profiles: BTreeSet<String> = options.profile.iter().cloned().chain(statement.profiles).collect();
    for profile in &profiles {
        let known = ["core", "zitadel", "hardening"];
        if !known.contains(&profile.as_str()) {
            return Err(Failure::usage(format!("there is no profile `{profile}`; known are {}", known.join(", "))));
        }
    }
    profiles.insert("core".to_owned());
    let mut claimed_names = BTreeMap::new();
    for (key, value) in
        [("name", options.target_name.clone().or(statement.name)), ("version", options.target_version.clone().or(statement.version))]
    {
        if let Some(value) = value {
            claimed_names.insert(key.to_owned(), value);
        }
    }
    let identity = TargetIdentity { address, embedded: false, claimed: claimed_names, observed: BTreeMap::new() };
    judge(options, suite, contract, reports, Aim { connector, token, claimed: statement.transports, profiles, identity }).await
}

/// The token from file, environment or standard input; never from the command line.
fn token(options: &RunOptions) -> Result<Option<String>, Failure> {
    let text = match &options.token_file {
        Some(path) if path == Path::new("-") => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Failure::usage(format!("can't read the token from standard input: {error}")))?;
            text
        }
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("can't read the token file {}: {error}", path.display())))?,
        None => match std::env::var("TRIWIRE_TOKEN") {
            Ok(text) => text,
            Err(_) => {
                return Err(Failure::usage(
                    "no token was given; put it into a file and name it with --token-file FILE, or set TRIWIRE_TOKEN",
                ));
            }
        },
    };
    let token = text.trim();
    if token.is_empty() {
        return Err(Failure::usage("the token is empty"));
    }
    if !token.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Err(Failure::usage("the token has a blank or a character that can't stand in a header field; is it the right file?"));
    }
    Ok(Some(token.to_owned()))
}

fn timeouts(options: &RunOptions) -> Timeouts {
    let mut timeouts = Timeouts::default();
    if let Some(timeout) = options.timeout {
        timeouts.head = timeout;
        timeouts.idle = timeout;
        timeouts.whole = timeouts.whole.max(timeout * 2);
        timeouts.connect = timeouts.connect.min(timeout.max(Duration::from_secs(1)));
    }
    timeouts
}

/// What is judged, and as what.
struct Aim {
    connector: Connector,
    token: Option<String>,
    claimed: Vec<Transport>,
    profiles: BTreeSet<String>,
    identity: TargetIdentity,
}

async fn judge(options: &RunOptions, suite: &Suite, contract: &Contract, reports: &[Destination], aim: Aim) -> Result<ExitStatus, Failure> {
    let stop = Stop::default();
    signals::listen(stop.clone(), |again| {
        if again {
            eprintln!("stopping at once; what was created may be left, see the list below");
        } else {
            eprintln!("stopping: calls in flight end within 5 s, then what was created is removed; once more to stop at once");
        }
    })
    .map_err(Failure::harness)?;
    let selection = Selection {
        wires: options.wire.clone(),
        filters: options.filter.clone(),
        exact: Vec::new(),
        profiles: aim.profiles.clone(),
        repeat: options.repeat,
        seed: options.seed.unwrap_or_else(random_seed),
    };
    let path = record_path(options);
    let mut recorder = Recorder::create(&path).map_err(Failure::harness)?;
    let mut summary = Summary::new(contract);
    let mut progress = Progress::new(options.quiet);
    let mut broken = None;
    let setting = Setting {
        contract,
        suite,
        recorded_options: recorded(options, &selection, &aim.profiles),
        options: Options {
            jobs: usize::from(options.jobs),
            bound: options.bound.unwrap_or(Duration::from_secs(15)),
            token: aim.token,
            claimed: aim.claimed,
        },
        selection,
        client: Client::new(aim.connector, timeouts(options)),
        target: aim.identity,
        journal: Journal::create(&options.out.join("journal.jsonl")).map_err(Failure::harness)?,
        stop: stop.clone(),
    };
    let ended = run::run(setting, |event: Event| {
        summary.fold(&event);
        progress.show(&event);
        if broken.is_none()
            && let Err(error) = recorder.write(&event)
        {
            // Without a record there is no evidence: the run ends.
            broken = Some(error);
            stop.request(0);
        }
    })
    .await;
    progress.finish();
    if let Some(error) = broken {
        return Err(Failure::harness(error));
    }
    recorder.close().map_err(Failure::harness)?;
    if let Ended::Unusable(unusable) = &ended {
        summary.unusable(&unusable.to_string());
    }
    let policy = Policy { gate_should: options.gate == "should", allow_skip_permission: options.allow_skip.is_some() };
    let conclusion = conclude(&summary, policy);
    let mut unwritten = None;
    for destination in reports {
        if let Err(error) = report::write(destination, &path, &conclusion, contract) {
            eprintln!("error: {error}");
            unwritten = Some(ExitStatus::Harness);
        }
    }
    let failures = console::failures(&path, &summary, Layout::terminal()).map_err(Failure::harness)?;
    if !failures.is_empty() {
        println!("{failures}");
    }
    println!("{}", console::summary(&summary, &conclusion, &options.out, Layout::terminal()));
    if let Ended::Unusable(unusable) = ended {
        eprintln!("error: {unusable}");
    }
    Ok(unwritten.map_or(conclusion.exit, |status: ExitStatus| status.or(conclusion.exit)))
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
    put("allow-skip", options.allow_skip.clone().unwrap_or_default());
    put("authority", options.authority.clone().unwrap_or_default());
    recorded
}

/// A seed from the clock; it is recorded, so the order can be had again.
fn random_seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    (u64::from(since.subsec_nanos()) << 12 ^ since.as_secs()) & 0xffff_ffff
}
