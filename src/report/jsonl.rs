//! The record itself, as it stands on disk.

use std::fs::File;
use std::io::{self, Write};

use super::{Format, RenderError, Source};

pub(super) static FORMAT: Format = Format { name: "jsonl", ending: "jsonl", render };

fn render(source: Source<'_>, out: &mut dyn Write) -> Result<(), RenderError> {
    io::copy(&mut File::open(source.record)?, out)?;
    Ok(())
}
