//! `triwire check`, and what other commands read files with.

use std::path::{Path, PathBuf};

use triwire::case::{self, Mistakes, Suite};
use triwire::conclude::ExitStatus;
use triwire::contract::Contract;
use triwire::target::Statement;

use super::args::CheckOptions;
use super::{Failure, to_stdout};

/// Reads everything and reports every mistake.
pub fn check(options: &CheckOptions) -> Result<ExitStatus, Failure> {
    let contract = Contract::built_in();
    let read = inputs(options.cases.as_deref(), options.target.as_deref(), contract);
    let of_schemas: String = contract.schemas.lint(&contract.catalogue).iter().map(|mistake| format!("error: {mistake}\n")).collect();
    match read {
        Ok((suite, _)) if of_schemas.is_empty() => {
            to_stdout(&format!("{}: {} cases, no mistakes", suite.name, suite.cases.len()));
            Ok(ExitStatus::Passed)
        }
        Ok(_) => Err(Failure { status: ExitStatus::Usage, message: of_schemas }),
        Err(failure) => Err(Failure { status: failure.status, message: format!("{of_schemas}{}", failure.message) }),
    }
}

/// The suite of a folder, or the one inside the binary, and the target file: the mistakes of both at once.
pub fn inputs(folder: Option<&Path>, target: Option<&Path>, contract: &Contract) -> Result<(Suite, Option<Statement>), Failure> {
    let unread = |what, path: &Path, error| Failure::usage(format!("can't read the {what} {}: {error}", path.display()));
    let files = match folder {
        None => Suite::built_in_files(),
        Some(folder) => case::files_of(folder).map_err(|error| unread("case files in", folder, error))?,
    };
    let target = match target {
        None => None,
        Some(path) => Some((path, std::fs::read_to_string(path).map_err(|error| unread("target file", path, error))?)),
    };
    let suite = case::read_suite(&files, contract);
    let statement = target.as_ref().map(|(path, text)| Statement::read(path, text)).transpose();
    match (suite, statement) {
        (Ok(suite), Ok(statement)) => Ok((suite, statement)),
        (suite, statement) => {
            // Readers name files within their folder; a person wants to open them from here.
            let here = |file: &Path| folder.map_or_else(|| file.to_owned(), |folder| folder.join(file));
            let mut all: Vec<case::Mistake> = suite.err().map(|found| found.0).unwrap_or_default();
            all.iter_mut().for_each(|mistake| mistake.file = here(&mistake.file));
            all.extend(statement.err().map(|found| found.0).unwrap_or_default());
            let mut sources: Vec<(PathBuf, String)> = files.into_iter().map(|(file, text)| (here(&file), text)).collect();
            sources.extend(target.map(|(path, text)| (path.to_owned(), text)));
            Err(mistakes(&Mistakes(all), &sources))
        }
    }
}

/// All mistakes, with the lines that they stand in.
fn mistakes(mistakes: &Mistakes, sources: &[(PathBuf, String)]) -> Failure {
    let color = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    Failure { status: ExitStatus::Usage, message: case::render(mistakes, sources, color) }
}
