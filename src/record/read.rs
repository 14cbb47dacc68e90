//! Reads a record, one event at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::Event;

/// A record that can't be read, or not to its end.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: {kind}", path.display())]
pub struct ReadError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1; 0 where the file can't be opened.
    pub line: u64,
    /// What is wrong.
    #[source]
    pub kind: ReadErrorKind,
}

/// What is wrong with a record.
#[derive(Debug, thiserror::Error)]
pub enum ReadErrorKind {
    /// The operating system refuses.
    #[error("can't read the record: {0}")]
    Io(#[from] io::Error),
    /// A line that is no event.
    #[error("not an event: {0}; was the file edited, or written by another version of triwire?")]
    Malformed(#[from] serde_json::Error),
    /// The record ends in the middle of a line or without `run-ended`.
    #[error("the record ends before the run did; what stands before can be used, but is not whole")]
    Truncated,
}

impl ReadError {
    /// Whether everything up to here is good and only the end is missing.
    #[must_use]
    pub fn is_truncation(&self) -> bool {
        matches!(self.kind, ReadErrorKind::Truncated)
    }
}

/// Opens a record.
///
/// # Errors
/// Where the file can't be opened.
pub fn events(path: &Path) -> Result<Events, ReadError> {
    let file = File::open(path).map_err(|error| ReadError { path: path.to_owned(), line: 0, kind: error.into() })?;
    Ok(Events {
        path: path.to_owned(),
        reader: BufReader::with_capacity(64 * 1024, file),
        buffer: Vec::new(),
        line: 0,
        ended: false,
        done: false,
    })
}

/// The events of a record in order. The last item of a record that was cut off is an error of kind [`ReadErrorKind::Truncated`].
#[derive(Debug)]
pub struct Events {
    path: PathBuf,
    reader: BufReader<File>,
    buffer: Vec<u8>,
    line: u64,
    ended: bool,
    done: bool,
}

impl Events {
    fn stop(&mut self, kind: ReadErrorKind) -> ReadError {
        self.done = true;
        ReadError { path: self.path.clone(), line: self.line, kind }
    }
}

impl Iterator for Events {
    type Item = Result<Event, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        self.buffer.clear();
        self.line += 1;
        match self.reader.read_until(b'\n', &mut self.buffer) {
            Err(error) => return Some(Err(self.stop(error.into()))),
            Ok(0) if self.ended => {
                self.done = true;
                return None;
            }
            Ok(0) => return Some(Err(self.stop(ReadErrorKind::Truncated))),
            Ok(_) => {}
        }
        if self.buffer.last() != Some(&b'\n') {
            return Some(Err(self.stop(ReadErrorKind::Truncated)));
        }
        match serde_json::from_slice::<Event>(&self.buffer) {
            Ok(event) => {
                self.ended |= matches!(event, Event::RunEnded(_));
                Some(Ok(event))
            }
            Err(error) => Some(Err(self.stop(error.into()))),
        }
    }
}
