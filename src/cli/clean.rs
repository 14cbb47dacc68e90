//! `triwire clean`.

use std::time::Duration;

use triwire::conclude::ExitStatus;
use triwire::report::clean as readable;
use triwire::run::journal::{self, Journal};
use triwire::run::{self, Cleaned, Cleanup, Ended, Options, Stop};
use triwire::wire::Client;

use super::aim::{self, Places};
use super::args::CleanOptions;
use super::check::{Beside, Files, Inputs};
use super::run::JOURNAL;
use super::{Failure, check, signals, to_stderr, to_stdout};

/// Removes what the journal of the folder lists.
pub fn clean(options: &CleanOptions) -> Result<ExitStatus, Failure> {
    let beside = Beside { target: options.aim.target.as_deref(), ..Beside::default() };
    let Inputs { contract, suite, statement, .. } = check::inputs(Files::of(&options.cases, &options.suite), beside)?;
    let contract = contract.get();
    let path = options.out.join(JOURNAL);
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::usage(format!("can't read {}: {error}; --out DIR names the folder of the run", path.display())))?;
    let left = journal::left(&text);
    let Some(first) = left.first() else {
        to_stdout("nothing is left");
        return Ok(ExitStatus::Passed);
    };
    let statement = statement.unwrap_or_default();
    let places = Places::read(&options.aim, &statement)?.or_setup();
    if !places.any() {
        let what = readable(&format!("{} ({}) is left at {}", first.fixture, first.to_find_by(), first.target));
        return Err(Failure::usage(format!("{what}, but no address was given: triwire clean http://HOST:PORT --token-file FILE")));
    }
    let wires = places.wires();
    let aim = aim::live(&options.aim, &places, statement, &wires, options.timeout)?;
    aim::warn(&aim);
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::harness)?;
    let stop = Stop::default();
    let (cleaned, signal) = runtime.block_on(async {
        signals::listen(stop.clone(), |again| {
            to_stderr(if again { "stopping at once" } else { "stopping when what is being removed is gone; once more to stop at once" });
        })
        .map_err(Failure::harness)?;
        let cleanup = Cleanup {
            contract,
            suite: &suite,
            options: Options {
                jobs: 1,
                bound: Duration::from_secs(15),
                token: aim.token.clone(),
                claimed: Vec::new(),
                message_limit: None,
                origins: Vec::new(),
                offers: Vec::new(),
                unprobed: false,
            },
            wires,
            journal: Journal::create(&path, aim.provisioned_at()).map_err(Failure::harness)?,
            client: Client::new(aim.routes, aim::timeouts(options.timeout)),
            stop: stop.clone(),
        };
        Ok::<_, Failure>((run::clean(cleanup).await, stop.signal()))
    })?;
    Ok(tell(&cleaned, signal))
}

fn tell(cleaned: &Cleaned, signal: Option<i32>) -> ExitStatus {
    for what in &cleaned.removed {
        to_stdout(&readable(&format!("removed: {what}")));
    }
    for left in &cleaned.left {
        to_stdout(&readable(&format!("left: {} {} ({})", left.fixture, left.what, left.reason)));
    }
    if cleaned.left.is_empty() {
        to_stdout("nothing is left");
    }
    let of_target = match &cleaned.ended {
        Ended::Unusable(why) => {
            to_stderr(&readable(&format!("error: {why}")));
            Some(ExitStatus::Unusable)
        }
        Ended::Harness(text) => {
            to_stderr(&readable(&format!("error: fault of the harness: {text}")));
            Some(ExitStatus::Harness)
        }
        Ended::Ran | Ended::Nothing => None,
    };
    match signal {
        Some(15) => ExitStatus::Terminated,
        Some(_) => ExitStatus::Interrupted,
        None if cleaned.left.is_empty() => of_target.unwrap_or(ExitStatus::Passed),
        None => of_target.unwrap_or(ExitStatus::Failed),
    }
}
