//! The schemas of another API.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::super::mistake::Mistake;
use super::{mistake, offset};
use crate::contract::requirement::Catalogue;
use crate::contract::schema::Schemas;

/// The schemas of these files, as far as they are JSON.
pub(super) fn read(files: &[(PathBuf, String)], catalogue: &Catalogue, unsure: &BTreeSet<String>, mistakes: &mut Vec<Mistake>) -> Schemas {
    let mut good = Vec::new();
    let mut broken = BTreeSet::new();
    let mut by_name: BTreeMap<String, (&Path, &str)> = BTreeMap::new();
    for (file, text) in files {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if let Some((first, _)) = by_name.insert(name.clone(), (file, text)) {
            mistakes.push(mistake(file, text, 0..0, format!("{} has this name already", first.display()), None));
            continue;
        }
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(_) => good.push((name, text.as_str())),
            Err(error) => {
                let at = offset(text, error.line(), error.column());
                let message = error.to_string();
                let what = message.split(" at line ").next().unwrap_or(&message).to_owned();
                mistakes.push(mistake(file, text, at.saturating_sub(1)..at, format!("this is no JSON: {what}"), None));
                broken.insert(name);
            }
        }
    }
    let schemas =
        Schemas::from_files(good).unwrap_or_else(|_| Schemas::from_files::<String, String>([]).unwrap_or_else(|_| unreachable!()));
    for told in schemas.lint(catalogue) {
        // `name.json#/pointer: message`, or `name.json: message`
        let (place, message) = told.split_once(": ").unwrap_or(("", &told));
        let (name, pointer) = place.split_once('#').unwrap_or((place, ""));
        if unsure.iter().any(|id| message.contains(&format!("unknown requirement {id}"))) {
            continue;
        }
        // What can't be read is told there; who refers to it is right.
        if broken.iter().any(|broken| message.contains(broken.as_str())) {
            continue;
        }
        let Some((file, text)) = by_name.get(name) else { continue };
        let id = message.strip_prefix("unknown requirement ").and_then(|rest| rest.split(',').next());
        let at = id.and_then(|id| text.find(&format!("\"{id}\"")).map(|at| at..at + id.len() + 2)).unwrap_or_else(|| find(text, pointer));
        mistakes.push(mistake(file, text, at, message.to_owned(), None));
    }
    schemas
}

/// Where the last key of a pointer stands: keys are looked for one after the other, which is near enough for a person.
fn find(text: &str, pointer: &str) -> std::ops::Range<usize> {
    let mut at = 0..0;
    for token in pointer.split('/').skip(1) {
        let quoted = format!("\"{}\"", token.replace("~1", "/").replace("~0", "~"));
        if let Some(found) = text[at.end..].find(&quoted) {
            let start = at.end + found;
            at = start..start + quoted.len();
        }
    }
    at
}
