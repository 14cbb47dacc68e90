//! Commands. What a person typed becomes values here, and values become words and an exit status.

mod aim;
mod args;
mod check;
mod clean;
mod coverage;
mod explain;
mod list;
mod prove;
mod requirements;
mod run;
mod serve;
mod signals;
mod words;

use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use triwire::conclude::ExitStatus;

use args::{Cli, Command};

/// Reads the command line, runs the command, gives its exit status.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout with 0; everything else is wrong usage.
            let status = if error.use_stderr() { ExitStatus::Usage } else { ExitStatus::Passed };
            let _ = error.print();
            return status.into();
        }
    };
    let outcome = match cli.command {
        Command::Run(options) => run::run(*options),
        Command::Clean(options) => clean::clean(&options),
        Command::Serve(options) => serve::serve(options),
        Command::List(options) => list::list(&options),
        Command::Check(options) => check::check(&options),
        Command::Prove(options) => prove::prove(&options),
        Command::Explain(options) => explain::explain(&options),
        Command::Requirements(options) => requirements::requirements(&options),
    };
    match outcome {
        Ok(status) if UNWRITTEN.load(Ordering::Relaxed) => status.or(ExitStatus::Harness).into(),
        Ok(status) => status.into(),
        Err(failure) => {
            to_stderr(failure.message.trim_end());
            failure.status.into()
        }
    }
}

/// A line or several for the reader of the results. A reader that has gone (`triwire run | head`) is no error.
fn to_stdout(text: &str) {
    let written = writeln!(anstream::stdout().lock(), "{text}").and_then(|()| anstream::stdout().flush());
    if let Err(error) = written
        && error.kind() != std::io::ErrorKind::BrokenPipe
        && !UNWRITTEN.swap(true, Ordering::Relaxed)
    {
        to_stderr(&format!("error: can't write to standard output: {error}"));
    }
}

/// Results could not be written to standard output.
static UNWRITTEN: AtomicBool = AtomicBool::new(false);

/// A line or several for whoever watches.
fn to_stderr(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Why a command can't do its work.
#[derive(Debug)]
pub struct Failure {
    /// The exit status.
    pub status: ExitStatus,
    /// For a person: what happened and what to do.
    pub message: String,
}

impl Failure {
    /// Wrong usage or input.
    pub fn usage(message: impl std::fmt::Display) -> Self {
        Self { status: ExitStatus::Usage, message: format!("error: {message}") }
    }

    /// A fault of the harness, or a report that can't be written.
    pub fn harness(message: impl std::fmt::Display) -> Self {
        Self { status: ExitStatus::Harness, message: format!("error: {message}") }
    }
}
