//! `triwire check`, and what other commands read files with.

use std::path::{Path, PathBuf};

use anstream::println;
use triwire::case::{self, Mistakes, Suite};
use triwire::conclude::ExitStatus;
use triwire::contract::Contract;
use triwire::target::Statement;

use super::Failure;
use super::args::CheckOptions;

/// Reads everything and reports every mistake.
pub fn check(options: &CheckOptions) -> Result<ExitStatus, Failure> {
    let contract = Contract::built_in();
    let suite = suite(options.cases.as_deref(), contract)?;
    if let Some(path) = &options.target {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("can't read the target file {}: {error}", path.display())))?;
        Statement::read(path, &text).map_err(|found| mistakes(&found, &[(path.clone(), text.clone())]))?;
    }
    println!("{}: {} cases, no mistakes", suite.name, suite.cases.len());
    Ok(ExitStatus::Passed)
}

/// The suite of a folder, or the one inside the binary.
pub fn suite(folder: Option<&Path>, contract: &Contract) -> Result<Suite, Failure> {
    let files = match folder {
        None => Suite::built_in_files(),
        Some(folder) => case::files_of(folder).map_err(|error| Failure::usage(error.to_string()))?,
    };
    case::read_suite(&files, contract).map_err(|found| mistakes(&found, &files))
}

/// All mistakes, with the lines that they stand in.
pub fn mistakes(mistakes: &Mistakes, sources: &[(PathBuf, String)]) -> Failure {
    let color = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    Failure { status: ExitStatus::Usage, message: case::render(mistakes, sources, color) }
}
