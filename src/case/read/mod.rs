//! From the text of all files to a [`Suite`], or to every mistake in them.
//!
//! Each reader takes a node of the [tree](super::tree), tells what is wrong with it and goes on with what is left: nobody should have to mend one
//! mistake to hear of the next. Unknown keys, their hints and the editor schema come from one [table](super::keys).

mod case;
mod claim;
mod contract;
mod control;
mod expect;
mod flow;
mod identity;
mod pattern;
mod raw;
mod request;
mod scalar;
mod step;
mod stream;
mod suite;
mod text;
mod value;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::mistake::{Mistake, Mistakes};
use super::model::{Span, Suite};
use super::script::hash;
use super::tree::{self, Mark, Node};
use crate::contract::Contract;
use crate::contract::descriptors::Method;

/// Reads the files of a suite: `suite.yaml` and the case files, by name and text.
///
/// # Errors
/// All mistakes of all files.
pub fn read_suite(files: &[(PathBuf, String)], contract: &Contract) -> Result<Suite, Mistakes> {
    let mut sorted: Vec<&(PathBuf, String)> = files.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut reader = Reader::new(contract);
    let mut suite = None;
    let mut topics = Vec::new();
    for (path, text) in &sorted {
        reader.file.clone_from(path);
        let (node, complaints) = tree::read(text);
        for complaint in complaints {
            let place = (path.clone(), complaint.at.span.start);
            reader.mistake(&complaint.at, complaint.message, complaint.hint);
            reader.guesses.insert(place);
        }
        match node {
            Some(node) if path == Path::new(SUITE_FILE) => suite = Some(node),
            Some(node) => topics.push((path.clone(), node)),
            None => {}
        }
    }
    reader.file = SUITE_FILE.into();
    let suite_was_there = files.iter().any(|(path, _)| path == Path::new(SUITE_FILE));
    let mut read = match &suite {
        Some(node) => reader.suite(node),
        None => {
            if !suite_was_there {
                let hint = "it names the identities, the fixtures and the probe".to_owned();
                reader.mistake(&Mark { line: 1, column: 1, span: 0..0 }, format!("`{SUITE_FILE}` is missing"), Some(hint));
            }
            // Without a suite each fixture, identity and short rpc of the case files would be told as unknown: a flood that hides the one mistake.
            return Err(Mistakes::in_order(reader.mistakes).unwrap_or(Mistakes(Vec::new())));
        }
    };
    let mut ids: BTreeMap<String, Span> = BTreeMap::new();
    for (path, node) in &topics {
        reader.file.clone_from(path);
        for case in reader.file_of_cases(node, &mut ids) {
            read.cases.push(case);
        }
    }
    read.hash = hash_of(files);
    match Mistakes::in_order(reader.mistakes) {
        Some(mistakes) => Err(mistakes),
        None => Ok(read),
    }
}

/// What the files of a suite are known by: one changed octet gives another.
pub(super) fn hash_of(files: &[(PathBuf, String)]) -> String {
    let mut files: Vec<&(PathBuf, String)> = files.iter().collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    hash(files.iter().flat_map(|(path, text)| [path.as_os_str().as_encoded_bytes(), text.as_bytes()]))
}

/// The file with identities, fixtures and probe.
pub const SUITE_FILE: &str = "suite.yaml";

/// Captures that the engine gives: the run's id, the number of the fixture set within the run, and origins of pages. Those of
/// [`DECLARED`](crate::target::browser::DECLARED) are there only where the target declares an origin: a case that uses one is skipped elsewhere.
pub const GIVEN_BY_ENGINE: [&str; 9] = [
    "run.id",
    "set",
    "round",
    "browser.origin",
    "browser.allowed",
    "browser.suffixed",
    "browser.prefixed",
    "browser.scheme",
    "browser.port",
];

/// Captures that the engine gives to requests alone: the token of whoever calls (with its first half, and with one letter changed near its middle),
/// and where the target is; in the head of a script the length of the content that follows.
pub const GIVEN_WHEN_SENT: [&str; 7] =
    ["token", "token.half", "token.changed", "target.authority", "target.prefix", "target.origin", "content.length"];

/// What readers share: where they are, what they know so far, and what was wrong.
struct Reader<'a> {
    contract: &'a Contract,
    file: PathBuf,
    mistakes: Vec<Mistake>,
    /// The service of methods that are named without one.
    service: String,
    /// What steps need to know of identities.
    identities: BTreeMap<String, identity::IdentityFlow>,
    /// Places at which YAML would have guessed: what is wrong there has been told.
    guesses: BTreeSet<(PathBuf, usize)>,
    /// What later readers need to know of fixtures.
    fixtures: BTreeMap<String, flow::FixtureFlow>,
    /// Requirements that pieces of an expectation may answer for: those of the case that is being read.
    claims: BTreeSet<String>,
    /// The value of `$variant`.
    variant: Option<Value>,
    /// Captures used since the reader of a step began.
    uses: Vec<(String, Mark)>,
    /// Follow-ups of alternatives since the reader of a step began.
    branches: Vec<Vec<flow::ReadStep>>,
    /// The operation of the step that is being read.
    spoken: Option<&'a Method>,
}

impl<'a> Reader<'a> {
    fn new(contract: &'a Contract) -> Self {
        Self {
            contract,
            file: PathBuf::new(),
            mistakes: Vec::new(),
            service: String::new(),
            identities: BTreeMap::new(),
            guesses: BTreeSet::new(),
            fixtures: BTreeMap::new(),
            claims: BTreeSet::new(),
            variant: None,
            uses: Vec::new(),
            branches: Vec::new(),
            spoken: None,
        }
    }

    fn mistake(&mut self, at: &Mark, message: impl Into<String>, hint: Option<String>) {
        if self.guesses.contains(&(self.file.clone(), at.span.start)) {
            return;
        }
        self.mistakes.push(Mistake {
            file: self.file.clone(),
            line: at.line,
            column: at.column,
            span: at.span.clone(),
            message: message.into(),
            hint,
        });
    }

    fn span(&self, at: &Mark) -> Span {
        Span { file: self.file.clone(), line: at.line, column: at.column }
    }
}

/// `did you mean ...?`, or the list of what there is.
fn suggestion<'n>(word: &str, known: impl IntoIterator<Item = &'n str> + Clone) -> Option<String> {
    if let Some(near) = super::mistake::nearest(word, known.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let known: Vec<String> = known.into_iter().map(|name| format!("`{name}`")).collect();
    if known.is_empty() || known.len() > 40 { None } else { Some(format!("known are {}", known.join(", "))) }
}

/// Where a mapping shows best: at its first key.
fn place(node: &Node) -> &Mark {
    node.entries().first().map_or(&node.mark, |entry| &entry.at)
}
