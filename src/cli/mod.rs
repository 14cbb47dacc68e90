//! Commands. What a person typed becomes values here, and values become words and an exit status.

mod args;
mod check;
mod list;
mod run;
mod serve;
mod signals;

use std::process::ExitCode;

use anstream::eprintln;
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
        Command::Serve(options) => serve::serve(options),
        Command::List(options) => list::list(&options),
        Command::Check(options) => check::check(&options),
    };
    match outcome {
        Ok(status) => status.into(),
        Err(failure) => {
            eprintln!("{}", failure.message.trim_end());
            failure.status.into()
        }
    }
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
