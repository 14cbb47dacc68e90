//! The file of known failures: deviations of one target that are expected, each with its reason, in YAML beside the cases.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::reader::Reader;
use crate::case::tree::{Node, Yaml};
use crate::case::{Mistakes, nearest};
use crate::contract::requirement::Catalogue;
use crate::wire::Wire;

/// A failure that is expected of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFailure {
    /// What fails.
    #[serde(flatten)]
    pub subject: Subject,
    /// The stable word that says how.
    pub kind: String,
    /// Why it is expected.
    pub why: String,
    /// Where that can be read.
    pub link: String,
}

/// What a known failure is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Subject {
    /// A requirement, whichever results show it.
    Requirement {
        /// Its id.
        requirement: String,
        /// The wire.
        wire: Wire,
    },
    /// One result.
    Trial {
        /// Its id.
        trial: String,
    },
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requirement { requirement, wire } => write!(f, "{requirement} on {wire}"),
            Self::Trial { trial } => f.write_str(trial),
        }
    }
}

/// The file, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownFailures(pub Vec<KnownFailure>);

const KEYS: [&str; 6] = ["requirement", "wire", "trial", "kind", "why", "link"];

impl KnownFailures {
    /// Reads a file of known failures.
    ///
    /// # Errors
    /// All mistakes at once, each with its place: also a requirement that the catalogue lacks or that doesn't speak of the wire, an entry without a
    /// reason, and one that stands twice.
    pub fn read(path: &Path, text: &str, catalogue: &Catalogue) -> Result<Self, Mistakes> {
        Reader::of(path, text, |reader, root| Self(reader.known_failures(root, catalogue)))
    }
}

impl Reader {
    fn known_failures(&mut self, root: &Node, catalogue: &Catalogue) -> Vec<KnownFailure> {
        let mut all: Vec<KnownFailure> = Vec::new();
        if !matches!(root.value, Yaml::Map(_)) {
            let hint = Some("write `known-failures:` with the list below it".to_owned());
            self.mistake(&root.mark, format!("a file of known failures is a mapping, not {}", root.kind()), hint);
            return all;
        }
        for entry in root.entries().iter().filter(|entry| entry.key != "known-failures") {
            self.unknown_key(&entry.at, &entry.key, "a file of known failures", &["known-failures"]);
        }
        let Some(list) = root.get("known-failures") else {
            self.mistake(&root.mark, "`known-failures` is missing", Some("it holds the list, `[]` where there are none".to_owned()));
            return all;
        };
        let Yaml::List(items) = &list.value else {
            self.mistake(&list.mark, format!("a list is needed here, not {}", list.kind()), None);
            return all;
        };
        for item in items {
            let Some(known) = self.known_failure(item, catalogue) else { continue };
            if all.iter().any(|other| (&other.subject, &other.kind) == (&known.subject, &known.kind)) {
                self.mistake(&item.mark, format!("{}, {} is listed twice", known.subject, known.kind), None);
            }
            all.push(known);
        }
        all
    }

    fn known_failure(&mut self, item: &Node, catalogue: &Catalogue) -> Option<KnownFailure> {
        if !matches!(item.value, Yaml::Map(_)) {
            self.mistake(&item.mark, format!("a known failure is a mapping, not {}", item.kind()), None);
            return None;
        }
        for entry in item.entries().iter().filter(|entry| !KEYS.contains(&entry.key.as_str())) {
            self.unknown_key(&entry.at, &entry.key, "a known failure", &KEYS);
        }
        let subject = self.subject(item, catalogue);
        let [kind, why, link] = [
            ("kind", "the stable word that reports show beside the failure"),
            ("why", "a known failure without a reason is none"),
            ("link", "where the reason can be read, e.g. an issue or the section of a specification"),
        ]
        .map(|(key, hint)| self.needed(item, key, hint));
        Some(KnownFailure { subject: subject?, kind: kind?, why: why?, link: link? })
    }

    /// A text that isn't empty.
    fn needed(&mut self, item: &Node, key: &str, hint: &str) -> Option<String> {
        let Some(node) = item.get(key) else {
            self.mistake(&item.mark, format!("`{key}` is missing"), Some(hint.to_owned()));
            return None;
        };
        let text = self.text(node)?;
        if text.trim().is_empty() {
            self.mistake(&node.mark, format!("`{key}` is empty"), Some(hint.to_owned()));
            return None;
        }
        Some(text)
    }

    fn subject(&mut self, item: &Node, catalogue: &Catalogue) -> Option<Subject> {
        let about = "name what fails: `requirement` and `wire`, or `trial`";
        match (item.get("requirement"), item.get("wire"), item.get("trial")) {
            (None, None, Some(_)) => Some(Subject::Trial { trial: self.needed(item, "trial", about)? }),
            (Some(requirement), Some(wire), None) => {
                let (id, name) = (self.text(requirement), self.text(wire));
                let found = id.and_then(|id| {
                    if catalogue.get(&id).is_none() {
                        let hint = nearest(&id, catalogue.iter().map(|entry| entry.id.as_str())).map(|it| format!("did you mean `{it}`?"));
                        self.mistake(&requirement.mark, format!("there is no requirement `{id}`"), hint);
                        return None;
                    }
                    Some(id)
                });
                let wire_named = name.and_then(|name| match name.parse::<Wire>() {
                    Ok(wire) => Some(wire),
                    Err(error) => {
                        self.mistake(&wire.mark, error.to_string(), None);
                        None
                    }
                });
                let (id, named) = (found?, wire_named?);
                if catalogue.get(&id).is_some_and(|entry| !entry.is_on(named.name())) {
                    self.mistake(&wire.mark, format!("{id} doesn't speak of the wire {named}"), None);
                    return None;
                }
                Some(Subject::Requirement { requirement: id, wire: named })
            }
            _ => {
                self.mistake(&item.mark, "it isn't clear what fails", Some(about.to_owned()));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contract;

    fn read(text: &str) -> Result<KnownFailures, Vec<String>> {
        KnownFailures::read(Path::new("known.yaml"), text, &Contract::built_in().catalogue).map_err(|all| {
            all.0.iter().map(|it| format!("{}:{} {} ({})", it.line, it.column, it.message, it.hint.as_deref().unwrap_or("-"))).collect()
        })
    }

    #[test]
    fn an_entry_names_a_requirement_on_a_wire_or_a_trial() {
        let read = read(
            "known-failures:\n- requirement: GRPC-STATUS-ONCE\n  wire: grpc\n  kind: twice\n  why: the proxy adds one\n  link: https://example.org/1\n- { trial: 'a::b::json::h1', kind: code, why: old, link: x }\n",
        )
        .unwrap();
        let subjects: Vec<String> = read.0.iter().map(|known| known.subject.to_string()).collect();
        assert_eq!(subjects, ["GRPC-STATUS-ONCE on grpc", "a::b::json::h1"]);
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let mistakes = read(
            "known-failures:\n- { requirement: GRPC-STATUS-ONCF, wire: grpc, kind: a, why: b, link: c }\n- { requirement: GRPC-STATUS-ONCE, wire: json, kind: a, why: b, link: c }\n- { trial: x, kind: a, why: '', owner: me }\n- { trial: x, requirement: GRPC-STATUS-ONCE, kind: a, why: b, link: c }\n- { trial: t, kind: a, why: b, link: c }\n- { trial: t, kind: a, why: c, link: c }\n",
        )
        .unwrap_err();
        insta::assert_snapshot!(mistakes.join("\n"), @r"
        2:18 there is no requirement `GRPC-STATUS-ONCF` (did you mean `GRPC-STATUS-ONCE`?)
        3:42 GRPC-STATUS-ONCE doesn't speak of the wire json (-)
        4:3 `link` is missing (where the reason can be read, e.g. an issue or the section of a specification)
        4:29 `why` is empty (a known failure without a reason is none)
        4:33 a known failure has no key `owner` (known keys are requirement, wire, trial, kind, why, link)
        5:3 it isn't clear what fails (name what fails: `requirement` and `wire`, or `trial`)
        7:3 t, a is listed twice (-)
        ");
    }

    #[test]
    fn the_list_may_be_empty_but_not_missing() {
        assert_eq!(read("known-failures: []\n"), Ok(KnownFailures::default()));
        assert_eq!(read("{}\n").unwrap_err().len(), 1);
        assert_eq!(read("- x\n").unwrap_err().len(), 1);
    }
}
