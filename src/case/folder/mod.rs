//! A suite of another API: a folder with `proto/`, `schemas/` and `cases/`, read at run time.
//!
//! The wire rules of the catalogue are those that are compiled in; what the API promises stands in `cases/requirements/`. Each part is read as far
//! as it can be, so that the mistakes of all of them are told at once.

mod catalogue;
mod proto;
mod schemas;

use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::mistake::{Mistake, Mistakes};
use super::model::Suite;
use super::read::read_suite;
use super::tree::floor;
use crate::contract::Contract;

/// The files of a folder, by path within it and text, read and not yet judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    protos: Vec<(PathBuf, String)>,
    schemas: Vec<(PathBuf, String)>,
    requirements: Vec<(PathBuf, String)>,
    cases: Vec<(PathBuf, String)>,
}

impl Folder {
    /// Reads the files of a folder: `proto/**/*.proto`, `schemas/*.json` (also in `schemas/contract/`), `cases/*.yaml`, `cases/requirements/*.yaml`.
    ///
    /// # Errors
    /// A folder without `proto/` or `cases/`, or a file that can't be read.
    pub fn read(root: &Path) -> io::Result<Self> {
        let part = |folder: &str, deep: bool, endings: &[&str]| {
            let mut files = Vec::new();
            collect(root, &PathBuf::from(folder), deep, endings, &mut files)?;
            files.sort();
            io::Result::Ok(files)
        };
        let needed = |folder: &str| {
            if root.join(folder).is_dir() {
                Ok(())
            } else {
                Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    format!("it has no folder {folder}/ (a suite has proto/, schemas/ and cases/)"),
                ))
            }
        };
        needed("proto")?;
        needed("cases")?;
        let yaml = &["yaml", "yml"];
        let optional = |folder: &str, deep: bool, endings: &[&str]| {
            if root.join(folder).is_dir() { part(folder, deep, endings) } else { Ok(Vec::new()) }
        };
        Ok(Self {
            protos: part("proto", true, &["proto"])?,
            schemas: optional("schemas", true, &["json"])?,
            requirements: optional("cases/requirements", false, yaml)?,
            cases: part("cases", false, yaml)?,
        })
    }

    /// Every file by its path within the folder, with its text.
    pub fn sources(&self) -> impl Iterator<Item = &(PathBuf, String)> {
        self.protos.iter().chain(&self.schemas).chain(&self.requirements).chain(&self.cases)
    }

    /// The contract and the suite.
    ///
    /// # Errors
    /// All mistakes of all files.
    pub fn load(&self) -> Result<(Contract, Suite), Mistakes> {
        let mut mistakes = Vec::new();
        let (descriptors, whole) = proto::compile(&self.protos, &mut mistakes);
        let (catalogue, unsure) = catalogue::read(&self.requirements, &mut mistakes);
        let schemas = schemas::read(&self.schemas, &catalogue, &unsure, &mut mistakes);
        let contract = Contract { descriptors, schemas, catalogue };
        // Case files name each other by their place in cases/.
        let cases: Vec<(PathBuf, String)> = self
            .cases
            .iter()
            .map(|(path, text)| (path.strip_prefix("cases").map_or_else(|_| path.clone(), Path::to_owned), text.clone()))
            .collect();
        let suite = read_suite(&cases, &contract);
        match (suite, mistakes.is_empty()) {
            (Ok(suite), true) => Ok((contract, suite)),
            (suite, _) => {
                let found = suite.err().map(|found| found.0).unwrap_or_default();
                mistakes.extend(found.into_iter().filter(|mistake| !follows(mistake, whole, &unsure)).map(|mut mistake| {
                    mistake.file = Path::new("cases").join(&mistake.file);
                    mistake
                }));
                Err(Mistakes::in_order(mistakes).unwrap_or(Mistakes(Vec::new())))
            }
        }
    }
}

/// Whether a mistake of a case file is only what another file's mistake leads to: what is declared there is unknown here.
fn follows(mistake: &Mistake, protos_are_whole: bool, unsure: &BTreeSet<String>) -> bool {
    let unknown = ["there is no operation", "there is no message", "there is no service", "it isn't said which operation is called"];
    let of_proto = !protos_are_whole && unknown.iter().any(|start| mistake.message.starts_with(start));
    of_proto || unsure.iter().any(|id| mistake.message.ends_with(&format!("no requirement `{id}`")))
}

fn collect(root: &Path, folder: &Path, deep: bool, endings: &[&str], files: &mut Vec<(PathBuf, String)>) -> io::Result<()> {
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let (path, within) = (entry.path(), folder.join(entry.file_name()));
        if path.is_dir() && deep {
            collect(root, &within, deep, endings, files)?;
        } else if path.is_file() && path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known)) {
            let text =
                std::fs::read_to_string(&path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
            files.push((within, text));
        }
    }
    Ok(())
}

/// A mistake at octets of a text.
fn mistake(file: &Path, text: &str, span: Range<usize>, message: String, hint: Option<String>) -> Mistake {
    let start = floor(text, span.start);
    let before = &text[..start];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Mistake {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        span: start..span.end.max(start),
        message,
        hint,
    }
}

/// Where a line begins, from 1, and a column on it, from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = &text[start.min(text.len())..];
    start + rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum::<usize>()
}
