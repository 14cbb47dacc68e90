//! What a run creates, written down before it is sent: one JSON object a line, so that a crash leaves a list of what is left.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::case::GIVEN_BY_ENGINE;

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
    /// The address at which it is made: elsewhere the same ids may mean something else.
    pub target: String,
    /// The fixture.
    pub fixture: String,
    /// Number of the set.
    pub set: u64,
    /// State.
    pub state: State,
    /// Identities that were made in it, or begun, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<String>,
    /// Captures that name it, e.g. `org.id`, once known.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub captures: std::collections::BTreeMap<String, serde_json::Value>,
}

impl Line {
    /// Names and ids to find it by.
    #[must_use]
    pub fn to_find_by(&self) -> String {
        let shown = self.captures.iter().filter(|(name, value)| {
            let label = value.as_str().is_some_and(|text| text.starts_with('<') && text.ends_with('>'));
            !GIVEN_BY_ENGINE.contains(&name.as_str()) && !label
        });
        let shown = shown.map(|(name, value)| format!("{name} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
        let text = shown.collect::<Vec<_>>().join(", ");
        if text.is_empty() { format!("set {} of run {}", self.set, self.run) } else { text }
    }
}

/// The journal can't be written.
#[derive(Debug, thiserror::Error)]
#[error("can't use the journal {path}: {source}; choose another folder with --out", path = path.display())]
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
    target: String,
    left_before: Vec<Line>,
}

impl Journal {
    /// Opens the journal of a run on this target at this path. What earlier runs made and did not remove stays in it.
    ///
    /// # Errors
    /// Where the file can't be read or written, or another run has it open: what that one makes isn't left over.
    pub fn create(path: &Path, target: &str) -> Result<Self, JournalError> {
        let fail = |source| JournalError { path: path.to_owned(), source };
        let mut file = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(fail(io::Error::other("another run uses it"))),
            // Not every file system has locks.
            Err(TryLockError::Error(_)) => {}
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(fail)?;
        file.set_len(0).and_then(|()| file.rewind()).map_err(fail)?;
        let journal = Self { file: Some((path.to_owned(), Mutex::new(file))), target: target.to_owned(), left_before: left(&text) };
        journal.left_before.iter().try_for_each(|line| journal.write(line))?;
        Ok(journal)
    }

    /// A journal that keeps nothing, for runs against a target that ends with them.
    #[must_use]
    pub const fn none() -> Self {
        Self { file: None, target: String::new(), left_before: Vec::new() }
    }

    /// The address at which this run makes things.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What earlier runs made, or were about to, and did not remove.
    #[must_use]
    pub fn left_before(&self) -> &[Line] {
        &self.left_before
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

/// The last line of each set that is not removed, sets in the order in which they were begun. A line that was cut off by a crash is none.
#[must_use]
pub fn left(text: &str) -> Vec<Line> {
    let mut places: BTreeMap<(String, String, u64), usize> = BTreeMap::new();
    let mut sets: Vec<Line> = Vec::new();
    for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
        let place = *places.entry((line.run.clone(), line.fixture.clone(), line.set)).or_insert(sets.len());
        match sets.get_mut(place) {
            Some(known) => *known = line,
            None => sets.push(line),
        }
    }
    sets.retain(|line| line.state != State::Removed);
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_earlier_runs_left_stays_in_the_journal() {
        let path = std::env::temp_dir().join(format!("triwire-journal-{}.jsonl", std::process::id()));
        let line = |run: &str, set, state| Line {
            run: run.to_owned(),
            target: "http://a".to_owned(),
            fixture: "f".to_owned(),
            set,
            state,
            identities: Vec::new(),
            captures: BTreeMap::new(),
        };
        let first = Journal::create(&path, "http://a").expect("a journal");
        assert_eq!(first.left_before(), []);
        for (set, state) in [(1, State::Creating), (1, State::Created), (2, State::Creating), (1, State::Removed), (2, State::Created)] {
            first.write(&line("a", set, state)).expect("written");
        }
        std::fs::OpenOptions::new().append(true).open(&path).and_then(|mut file| file.write_all(b"{\"run\":\"a")).expect("a cut line");
        let second = Journal::create(&path, "http://a").map(|_| ()).map_err(|error| error.to_string());
        assert!(second.is_err_and(|text| text.contains("another run uses it")));
        drop(first);
        for _ in 0..2 {
            let next = Journal::create(&path, "http://b").expect("a journal");
            assert_eq!(next.left_before(), [line("a", 2, State::Created)]);
            next.write(&line("b", 1, State::Removed)).expect("written");
        }
        std::fs::remove_file(&path).expect("removed");
    }
}
