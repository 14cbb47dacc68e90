//! What a run creates, written down before it is sent: one JSON object a line, so that a crash leaves a list of what is left.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

/// State of something that a run creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// About to be created: it may exist.
    Creating,
    /// Created.
    Created,
    /// Removed.
    Removed,
}

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Name of the run; what it creates carries it.
    pub run: String,
    /// The fixture.
    pub fixture: String,
    /// Number of the set.
    pub set: u64,
    /// State.
    pub state: State,
    /// Captures that name it, e.g. `org.id`, once known.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub captures: std::collections::BTreeMap<String, serde_json::Value>,
}

/// The journal can't be written.
#[derive(Debug, thiserror::Error)]
#[error("can't write the journal {path}: {source}; choose another folder with --out", path = path.display())]
pub struct JournalError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    file: Option<(PathBuf, Mutex<File>)>,
}

impl Journal {
    /// Opens the journal of a run at this path, in place of an older one.
    ///
    /// # Errors
    /// Where the file can't be made.
    pub fn create(path: &Path) -> Result<Self, JournalError> {
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .open(path)
            .map_err(|source| JournalError { path: path.to_owned(), source })?;
        Ok(Self { file: Some((path.to_owned(), Mutex::new(file))) })
    }

    /// A journal that keeps nothing, for runs against a target that ends with them.
    #[must_use]
    pub const fn none() -> Self {
        Self { file: None }
    }

    /// Writes a line and hands it to the operating system before it returns.
    ///
    /// # Errors
    /// Where the line can't be written: then nothing may be created.
    pub fn write(&self, line: &Line) -> Result<(), JournalError> {
        let Some((path, file)) = &self.file else { return Ok(()) };
        let mut text = serde_json::to_string(line).map_err(|error| JournalError { path: path.clone(), source: error.into() })?;
        text.push('\n');
        let mut file = file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(|source| JournalError { path: path.clone(), source })
    }
}
