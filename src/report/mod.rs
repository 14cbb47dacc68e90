//! Reports: one file a format, each a function of the record. The record is read twice (totals, then rows), so memory stays flat.

pub mod console;
mod curl;
mod destination;
mod evidence;
mod exchange;
mod failure;
mod json;
mod jsonl;
mod junit;
mod page;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

pub use destination::{BadDestination, Destination, Unwritable, check_writable};
pub use json::FORMAT as JSON;
pub use junit::FORMAT as JUNIT;
pub use page::{Layout, clean};

use crate::conclude::{Conclusion, Summary};
use crate::contract::Contract;
use crate::record::write::advice;
use crate::record::{Event, ReadError, events};

/// A report that can't be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The record can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The report can't be written.
    #[error("can't write the report {}: {source}; {}", path.display(), advice(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Why rendering stopped.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The record can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The writer takes no more.
    #[error(transparent)]
    Write(#[from] io::Error),
}

impl From<serde_json::Error> for RenderError {
    fn from(error: serde_json::Error) -> Self {
        Self::Write(error.into())
    }
}

/// Writes a report from a record. A regular file is replaced only when the report is whole.
///
/// # Errors
/// Where the record can't be read or the report can't be written.
pub fn write(destination: &Destination, record: &Path, conclusion: &Conclusion, contract: &Contract) -> Result<(), ReportError> {
    let path = &destination.path;
    let failed = |error| match error {
        RenderError::Read(error) => ReportError::Read(error),
        RenderError::Write(source) => ReportError::Write { path: path.clone(), source },
    };
    let summary = totals(record, Summary::new(contract))?;
    // A device or pipe can't be replaced, only written to.
    let replaceable = std::fs::metadata(path).map_or(true, |found| found.is_file());
    let written = if replaceable { beside(path) } else { path.clone() };
    let outcome = File::create(&written).map_err(RenderError::Write).and_then(|file| {
        let mut writer = BufWriter::new(file);
        (destination.format.render)(Source { record, summary: &summary, conclusion }, &mut writer)?;
        writer.flush()?;
        if replaceable {
            std::fs::rename(&written, path)?;
        }
        Ok(())
    });
    if outcome.is_err() && replaceable {
        // What is half written helps nobody; that it can't be removed changes nothing.
        let _ = std::fs::remove_file(&written);
    }
    outcome.map_err(failed)
}

/// A name in the same folder, so that renaming stays within one file system.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

/// The formats. One file each; a new one has a line here.
pub static FORMATS: &[&Format] = &[&json::FORMAT, &junit::FORMAT, &jsonl::FORMAT];

/// The form of a report.
pub struct Format {
    /// The word for it on the command line.
    pub name: &'static str,
    /// What its file names end in.
    pub ending: &'static str,
    /// Renders a report: the same source gives the same octets.
    pub render: fn(Source<'_>, &mut dyn Write) -> Result<(), RenderError>,
}

/// What a report is made of.
#[derive(Clone, Copy)]
pub struct Source<'s> {
    /// The record.
    pub record: &'s Path,
    /// The fold over it.
    pub summary: &'s Summary,
    /// What was concluded.
    pub conclusion: &'s Conclusion,
}

impl Format {
    /// The format of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().copied().find(|format| format.name == name)
    }
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

/// The first pass: everything that is counted.
///
/// # Errors
/// Where the record can't be read. A record that was cut off is no error: the summary says so.
pub fn totals(record: &Path, mut summary: Summary) -> Result<Summary, ReadError> {
    each(record, |event| summary.fold(event))?;
    Ok(summary)
}

/// Hands out every event; the end of a record that was cut off is its end.
fn each(record: &Path, mut take: impl FnMut(&Event)) -> Result<(), ReadError> {
    for event in events(record)? {
        match event {
            Ok(event) => take(&event),
            Err(error) if error.is_truncation() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The same where taking an event may fail.
fn try_each(record: &Path, mut take: impl FnMut(&Event) -> Result<(), RenderError>) -> Result<(), RenderError> {
    let mut outcome = Ok(());
    each(record, |event| {
        if outcome.is_ok() {
            outcome = take(event);
        }
    })?;
    outcome
}
