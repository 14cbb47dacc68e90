//! The catalogue of another API beside the wire rules.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::super::mistake::{Mistake, nearest};
use super::super::tree::{self, Mark, Node, Yaml};
use super::mistake;
use crate::contract::requirement::{Catalogue, LoadError, Requirement};

const KEYS: [&str; 17] = [
    "id",
    "title",
    "level",
    "level_basis",
    "area",
    "profile",
    "wires",
    "needs",
    "source",
    "statement",
    "check",
    "parts",
    "parts_on",
    "fault",
    "notes",
    "also",
    "versions",
];

/// The wire rules with the entries of these files, and the ids of entries that have a mistake: they are meant, whatever else is wrong.
pub(super) fn read(files: &[(PathBuf, String)], mistakes: &mut Vec<Mistake>) -> (Catalogue, BTreeSet<String>) {
    let mut catalogue = Catalogue::wire_rules();
    let mut unsure = BTreeSet::new();
    for (file, text) in files {
        let mut tell = |at: &Mark, message: String, hint: Option<String>| {
            mistakes.push(mistake(file, text, at.span.clone(), message, hint));
        };
        let (node, complaints) = tree::read(text);
        for complaint in complaints {
            tell(&complaint.at, complaint.message, complaint.hint);
        }
        let Some(node) = node else { continue };
        let Yaml::List(items) = &node.value else {
            tell(&node.mark, format!("a list of requirements is expected, this is {}", node.kind()), None);
            continue;
        };
        let name = file.display().to_string().replace('\\', "/");
        let area = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        for item in items {
            entry(item, &name, &area, &mut catalogue, &mut unsure, &mut tell);
        }
    }
    (catalogue, unsure)
}

fn entry(
    item: &Node,
    file: &str,
    area: &str,
    catalogue: &mut Catalogue,
    unsure: &mut BTreeSet<String>,
    tell: &mut impl FnMut(&Mark, String, Option<String>),
) {
    let id = item.get("id").and_then(|node| node.to_json().as_str().map(str::to_owned)).unwrap_or_default();
    let at = item.entries().first().map_or(&item.mark, |entry| &entry.at);
    let mut wrong = false;
    for found in item.entries().iter().filter(|found| !KEYS.contains(&found.key.as_str())) {
        let hint = nearest(&found.key, KEYS).map(|near| format!("did you mean `{near}`?"));
        tell(&found.at, format!("`{}` is no key of a requirement", found.key), hint);
        wrong = true;
    }
    if !wrong {
        // Each key is read for itself, so that a wrong value is pointed at and not the whole entry.
        match serde_json::from_value::<Requirement>(item.to_json()) {
            Ok(entry) if entry.area != area => {
                let at = item.get("area").map_or(at, |node| &node.mark);
                tell(at, format!("the area is that of the file, `{area}`"), None);
                wrong = true;
            }
            Ok(entry) => {
                if let Err(error) = catalogue.insert(file, entry) {
                    let (key, message) = match &error {
                        LoadError::Entry { message, .. } | LoadError::Malformed { message, .. } => (key_of(message), message.clone()),
                        LoadError::Duplicate { first, .. } => ("id", format!("the id {id} stands in {first} already")),
                    };
                    tell(item.get(key).map_or(at, |node| &node.mark), message, None);
                    wrong = true;
                }
            }
            Err(error) => {
                let message = error.to_string();
                let culprit = item.entries().iter().find(|found| is_culprit(item, &found.key, &message));
                tell(culprit.map_or(at, |found| &found.value.mark), format!("a requirement can't be read: {message}"), None);
                wrong = true;
            }
        }
    }
    if wrong && !id.is_empty() {
        unsure.insert(id);
    }
}

/// The value without which reading says something else.
fn is_culprit(item: &Node, key: &str, message: &str) -> bool {
    let mut without = item.to_json();
    let Some(members) = without.as_object_mut() else { return false };
    members.remove(key);
    serde_json::from_value::<Requirement>(without).err().is_none_or(|error| error.to_string() != message)
}

/// Which value a message of the catalogue is about.
fn key_of(message: &str) -> &'static str {
    let words = [("wire", "wires"), ("profile", "profile"), ("basis", "level_basis")];
    words.into_iter().find(|(word, _)| message.contains(word)).map_or("id", |(_, key)| key)
}
