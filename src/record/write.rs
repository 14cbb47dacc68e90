//! Writes events as they happen.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Event;

/// Events wait in memory at most for this time (or until the buffer is full).
const FLUSH_AFTER: Duration = Duration::from_millis(200);

/// The record can't be written.
#[derive(Debug, thiserror::Error)]
#[error("can't {what} the record {}: {source}; {}", path.display(), advice(source))]
pub struct WriteError {
    /// What was tried.
    what: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

/// What a person can do about it.
pub(crate) fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "make the folder, or choose another path",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "make the folder writable, or choose another path",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on the disk, or choose a path on another one",
        io::ErrorKind::IsADirectory => "it is a folder; name a file",
        io::ErrorKind::NotADirectory => "a part of the path is a file; choose another path",
        _ => "choose another path",
    }
}

/// Writes `events.jsonl`: one event a line, in order.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    writer: BufWriter<File>,
    line: Vec<u8>,
    flushed: Instant,
}

impl Recorder {
    /// Opens a new record; one that stands there is replaced.
    ///
    /// # Errors
    /// Where the file can't be made.
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        let file = File::create(path).map_err(|source| WriteError { what: "make", path: path.to_owned(), source })?;
        let writer = BufWriter::with_capacity(64 * 1024, file);
        Ok(Self { path: path.to_owned(), writer, line: Vec::new(), flushed: Instant::now() })
    }

    /// Adds an event. What is written last when a process dies is at worst half a line, which readers tell apart.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn write(&mut self, event: &Event) -> Result<(), WriteError> {
        self.line.clear();
        let last = matches!(event, Event::RunEnded(_));
        let due = last || self.flushed.elapsed() >= FLUSH_AFTER;
        let written = serde_json::to_writer(&mut self.line, event).map_err(io::Error::from).and_then(|()| {
            self.line.push(b'\n');
            self.writer.write_all(&self.line)?;
            if due { self.writer.flush() } else { Ok(()) }
        });
        if due {
            self.flushed = Instant::now();
        }
        written.map_err(|source| WriteError { what: "write", path: self.path.clone(), source })
    }

    /// Writes out what is still in memory.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn close(mut self) -> Result<(), WriteError> {
        self.writer.flush().map_err(|source| WriteError { what: "write", path: self.path.clone(), source })
    }
}
