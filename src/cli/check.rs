//! `triwire check`, and what other commands read files with.

use std::path::{Path, PathBuf};

use triwire::case::{self, Folder, Mistakes, Suite};
use triwire::conclude::ExitStatus;
use triwire::contract::Contract;
use triwire::target::{KnownFailures, Statement};

use super::args::CheckOptions;
use super::{Failure, to_stdout};

/// Reads everything and reports every mistake.
pub fn check(options: &CheckOptions) -> Result<ExitStatus, Failure> {
    let files = Files::of(&options.cases, &options.suite);
    let read = inputs(files, Beside { target: options.target.as_deref(), known_failures: options.known_failures.as_deref() });
    // Schemas of another API are among the inputs; those that are compiled in are only read here.
    let of_schemas: String = if matches!(files, Files::Suite(_)) {
        String::new()
    } else {
        let contract = Contract::built_in();
        contract.schemas.lint(&contract.catalogue).iter().map(|mistake| format!("error: {mistake}\n")).collect()
    };
    match read {
        Ok(Inputs { suite, .. }) if of_schemas.is_empty() => {
            to_stdout(&format!("{}: {} cases, no mistakes", suite.name, suite.cases.len()));
            Ok(ExitStatus::Passed)
        }
        Ok(_) => Err(Failure { status: ExitStatus::Usage, message: of_schemas }),
        Err(failure) => Err(Failure { status: failure.status, message: format!("{of_schemas}{}", failure.message) }),
    }
}

/// Where the suite comes from.
#[derive(Debug, Clone, Copy)]
pub enum Files<'a> {
    /// What is inside the binary, as far as these pieces of ids can name it; all without any.
    BuiltIn(&'a [String]),
    /// Other cases of the same API.
    Cases(&'a Path),
    /// Another API with its own contract.
    Suite(&'a Path),
}

impl<'a> Files<'a> {
    /// What `--cases` and `--suite` say, of which one at most is given.
    pub fn of(cases: &'a Option<PathBuf>, suite: &'a Option<PathBuf>) -> Self {
        match (cases, suite) {
            (_, Some(folder)) => Self::Suite(folder),
            (Some(folder), None) => Self::Cases(folder),
            (None, None) => Self::BuiltIn(&[]),
        }
    }

    /// The same where no more than these pieces of ids name is wanted.
    pub const fn only(self, filters: &'a [String]) -> Self {
        if matches!(self, Self::BuiltIn(_)) { Self::BuiltIn(filters) } else { self }
    }
}

/// A contract, compiled in or read.
#[derive(Debug)]
pub enum Terms {
    /// That of the built-in suite.
    BuiltIn,
    /// That of another API.
    Read(Box<Contract>),
}

impl Terms {
    /// The contract itself.
    pub fn get(&self) -> &Contract {
        match self {
            Self::BuiltIn => Contract::built_in(),
            Self::Read(contract) => contract,
        }
    }
}

/// All that a command reads before it does anything.
#[derive(Debug)]
pub struct Inputs {
    pub contract: Terms,
    pub suite: Suite,
    pub statement: Option<Statement>,
    pub known_failures: KnownFailures,
}

/// Files about the target, beside those of the suite.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    pub target: Option<&'a Path>,
    pub known_failures: Option<&'a Path>,
}

/// The suite with its contract, and the files about the target: the mistakes of all at once.
pub fn inputs(files: Files<'_>, beside: Beside<'_>) -> Result<Inputs, Failure> {
    let unread = |what, path: &Path, error| Failure::usage(format!("can't read the {what} {}: {error}", path.display()));
    let text = |what, path: Option<&Path>| -> Result<Option<(PathBuf, String)>, Failure> {
        path.map(|path| Ok((path.to_owned(), std::fs::read_to_string(path).map_err(|error| unread(what, path, error))?))).transpose()
    };
    let target = text("target file", beside.target)?;
    let known_failures = text("file of known failures", beside.known_failures)?;
    let (read, folder, mut sources) = match files {
        Files::Suite(folder) => {
            let read = Folder::read(folder).map_err(|error| unread("suite", folder, error))?;
            let loaded = read.load().map(|(contract, suite)| (Terms::Read(Box::new(contract)), suite));
            (loaded, Some(folder), read.sources().cloned().collect())
        }
        Files::Cases(folder) => {
            let files = case::files_of(folder).map_err(|error| unread("case files in", folder, error))?;
            (case::read_suite(&files, Contract::built_in()).map(|suite| (Terms::BuiltIn, suite)), Some(folder), files)
        }
        Files::BuiltIn(filters) => {
            let read = Suite::built_in_for(filters, Contract::built_in());
            (read.map(|suite| (Terms::BuiltIn, suite)), None, Suite::built_in_files())
        }
    };
    let statement = target.as_ref().map(|(path, text)| Statement::read(path, text)).transpose();
    // Which requirements there are is known only of a suite without mistakes.
    let listed = match (&known_failures, &read) {
        (Some((path, text)), Ok((contract, _))) => KnownFailures::read(path, text, &contract.get().catalogue),
        _ => Ok(KnownFailures::default()),
    };
    match (read, statement, listed) {
        (Ok((contract, suite)), Ok(statement), Ok(known_failures)) => Ok(Inputs { contract, suite, statement, known_failures }),
        (read, statement, listed) => {
            // Readers name files within their folder; a person wants to open them from here.
            let here = |file: &Path| folder.map_or_else(|| file.to_owned(), |folder| folder.join(file));
            let mut all: Vec<case::Mistake> = read.err().map(|found| found.0).unwrap_or_default();
            all.iter_mut().for_each(|mistake| mistake.file = here(&mistake.file));
            all.extend(statement.err().into_iter().chain(listed.err()).flat_map(|found| found.0));
            sources.iter_mut().for_each(|(file, _)| *file = here(file));
            sources.extend(target.into_iter().chain(known_failures));
            Err(mistakes(&Mistakes(all), &sources))
        }
    }
}

/// All mistakes, with the lines that they stand in.
fn mistakes(mistakes: &Mistakes, sources: &[(PathBuf, String)]) -> Failure {
    let color = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    Failure { status: ExitStatus::Usage, message: case::render(mistakes, sources, color) }
}
