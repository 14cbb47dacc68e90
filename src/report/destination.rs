//! `FORMAT=PATH`, and whether it can be written to.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{FORMATS, Format};
use crate::case::nearest;
use crate::record::write::advice;

/// A report that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its form.
    pub format: &'static Format,
    /// Where it is written to.
    pub path: PathBuf,
}

/// A text that names no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDestination {
    /// No `=` in it.
    #[error("`{given}` is no FORMAT=PATH; write e.g. {}", example(given))]
    Form {
        /// What was written.
        given: String,
    },
    /// Nothing after the `=`.
    #[error("no path stands after `{format}=`")]
    NoPath {
        /// The format.
        format: String,
    },
    /// A format that isn't there.
    #[error("there is no format `{given}`; {}", known(given))]
    UnknownFormat {
        /// What was written.
        given: String,
    },
}

fn example(given: &str) -> String {
    match FORMATS.iter().find(|format| given.ends_with(format.name) || given.ends_with(format.ending)) {
        Some(format) if given == format.name => format!("{}=report.{}", format.name, format.ending),
        Some(format) => format!("{}={given}", format.name),
        None if given.is_empty() => "json=report.json".to_owned(),
        None => format!("json={given}"),
    }
}

fn known(given: &str) -> String {
    let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    match nearest(given, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`? Known are {}", names.join(", ")),
        None => format!("known are {}", names.join(", ")),
    }
}

impl FromStr for Destination {
    type Err = BadDestination;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (format, path) = text.split_once('=').ok_or_else(|| BadDestination::Form { given: text.to_owned() })?;
        let format = Format::named(format).ok_or_else(|| BadDestination::UnknownFormat { given: format.to_owned() })?;
        if path.is_empty() {
            return Err(BadDestination::NoPath { format: format.name.to_owned() });
        }
        Ok(Self { format, path: PathBuf::from(path) })
    }
}

/// A file that can't be written.
#[derive(Debug, thiserror::Error)]
#[error("can't write {}: {source}; {}", path.display(), advice(source))]
pub struct Unwritable {
    /// The file.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

/// Finds out whether a file can be written, and leaves everything as it was.
///
/// # Errors
/// Where it can't.
pub fn check_writable(path: &Path) -> Result<(), Unwritable> {
    let fail = |source| Unwritable { path: path.to_owned(), source };
    // Not followed: a pipe that nobody reads from yet would make opening it wait for ever.
    let is_there = match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(fail(io::ErrorKind::IsADirectory.into())),
        Ok(found) if !found.is_file() => return Ok(()),
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(fail(error)),
    };
    OpenOptions::new().append(true).create(true).open(path).map_err(fail)?;
    // A report is written beside its place first, so the folder must take new files.
    let beside = super::beside(path);
    let is_beside_there = beside.exists();
    OpenOptions::new().append(true).create(true).open(&beside).map_err(fail)?;
    for (made, path) in [(!is_there, path), (!is_beside_there, beside.as_path())] {
        if made {
            std::fs::remove_file(path).map_err(fail)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Destination, check_writable};

    fn refused(text: &str) -> String {
        text.parse::<Destination>().map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn a_format_and_a_path() {
        let read: Destination = "junit=out/a=b.xml".parse().expect("a destination");
        assert_eq!(read.format.name, "junit");
        assert_eq!(read.path.to_str(), Some("out/a=b.xml"));
    }

    #[test]
    fn mistakes_say_what_to_write() {
        assert!(refused("junti=x").starts_with("there is no format `junti`; did you mean `junit`? Known are json, junit, jsonl"));
        assert_eq!(refused("report.json"), "`report.json` is no FORMAT=PATH; write e.g. json=report.json");
        assert_eq!(refused("junit"), "`junit` is no FORMAT=PATH; write e.g. junit=report.xml");
        assert_eq!(refused("json="), "no path stands after `json=`");
    }

    #[test]
    fn what_can_not_be_written_is_told_and_nothing_is_left() {
        let folder = std::env::temp_dir().join(format!("triwire-writable-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("report.json");
        check_writable(&file).expect("it can be written");
        assert!(std::fs::read_dir(&folder).expect("a folder").next().is_none());
        std::fs::write(&file, "old").expect("a file");
        check_writable(&file).expect("it can be written");
        assert_eq!(std::fs::read_to_string(&file).expect("a file"), "old");
        let inside = check_writable(&file.join("report.json")).expect_err("a file is no folder").to_string();
        assert!(inside.contains("choose another path"), "{inside}");
        assert!(check_writable(&folder).is_err());
        assert!(check_writable(&folder.join("no/such")).expect_err("no folder").to_string().contains("make the folder"));
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
