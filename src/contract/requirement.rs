//! The catalogue: every statement that a check answers for, with its level and its source.
//!
//! Two parts share one form (see `src/contract/requirements/README.md`): wire rules that hold for any API, compiled in,
//! and what one API promises, which travels with its suite.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};

static BUILT_IN: &str = include_str!(concat!(env!("OUT_DIR"), "/requirements.json"));
const WIRE_RULES: &str = "src/contract/requirements/";
const WIRES: [&str; 4] = ["json", "grpc", "grpc-web", "grpc-web-text"];
const PROFILES: [&str; 3] = ["core", "zitadel", "hardening"];

/// One testable statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Stable and readable, e.g. `GRPC-STATUS-ONCE`.
    pub id: String,
    /// A few words.
    pub title: String,
    /// How much it obliges.
    pub level: Level,
    /// `source`: the cited text obliges; `derived`: it follows by reasoning, and the level is ours.
    pub level_basis: String,
    /// The file it stands in, e.g. `grpc-wire`.
    pub area: String,
    /// `core`, `zitadel` or `hardening`.
    pub profile: String,
    /// Where it is judged: `json`, `grpc`, `grpc-web`, `grpc-web-text`.
    pub wires: Vec<String>,
    /// The identities and means that its check needs.
    pub needs: Vec<String>,
    /// The text that it paraphrases.
    pub source: Source,
    /// What must hold.
    pub statement: String,
    /// What is sent, and what is asserted.
    pub check: String,
    /// Names of the parts of the check, where cases may cover some of them only.
    #[serde(default)]
    pub parts: Vec<String>,
    /// Parts that only some of the wires have: part -> wires.
    #[serde(default)]
    pub parts_on: BTreeMap<String, Vec<String>>,
    /// What the check must catch.
    pub fault: String,
    /// Why nobody who only sends and receives can see whether it holds; such an entry has no check.
    #[serde(default)]
    pub unobservable: Option<String>,
    /// Remarks.
    #[serde(default)]
    pub notes: Option<String>,
    /// Further sources.
    #[serde(default)]
    pub also: Vec<String>,
    /// What depends on the release of the API.
    #[serde(default)]
    pub versions: Option<String>,
}

impl Requirement {
    /// Whether it is judged on this wire.
    #[must_use]
    pub fn is_on(&self, wire: &str) -> bool {
        self.wires.iter().any(|found| found == wire)
    }

    /// Whether this part of its check exists on this wire.
    #[must_use]
    pub fn has_part_on(&self, part: &str, wire: &str) -> bool {
        self.parts_on.get(part).is_none_or(|wires| wires.iter().any(|found| found == wire))
    }
}

/// How much a requirement obliges (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the words are RFC 2119's own")]
pub enum Level {
    Must,
    Should,
    May,
}

impl Level {
    /// The word in capitals.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The text that a requirement paraphrases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its title.
    pub document: String,
    /// Where in it.
    pub section: String,
    /// Where to read it.
    pub url: String,
}

/// Why files are no catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A file is no list of entries.
    #[error("{file}: {message}")]
    Malformed {
        /// The file.
        file: String,
        /// What its reader says, with line and column.
        message: String,
    },
    /// An entry says something that it can't.
    #[error("{file}: {id}: {message}")]
    Entry {
        /// The file.
        file: String,
        /// The entry.
        id: String,
        /// What is wrong.
        message: String,
    },
    /// Two entries have one id.
    #[error("{file}: the id {id} stands in {first} already")]
    Duplicate {
        /// The file of the second.
        file: String,
        /// The id.
        id: String,
        /// The file of the first.
        first: String,
    },
}

/// Requirements by id, in the order of their files.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    entries: Vec<Requirement>,
    files: Vec<String>,
    by_id: HashMap<String, usize>,
}

#[derive(Deserialize)]
struct Filed {
    file: String,
    entry: Requirement,
}

impl Catalogue {
    /// Both parts: the wire rules and what the API of the built-in suite promises.
    ///
    /// # Panics
    /// Never with what the build script made of the files; a test reads it.
    #[must_use]
    pub fn built_in() -> Self {
        Self::embedded(|_| true)
    }

    /// The part that holds for any API; a suite's own part is added with [`Catalogue::load`].
    ///
    /// # Panics
    /// Never, as above.
    #[must_use]
    pub fn wire_rules() -> Self {
        Self::embedded(|file| file.starts_with(WIRE_RULES))
    }

    fn embedded(keep: impl Fn(&str) -> bool) -> Self {
        let filed: Vec<Filed> = serde_json::from_str(BUILT_IN).expect("the catalogue that is compiled in is JSON");
        let mut catalogue = Self::default();
        for Filed { file, entry } in filed {
            if keep(&file) {
                catalogue.add(&file, entry).expect("the catalogue that is compiled in has no mistakes");
            }
        }
        catalogue
    }

    /// Adds one entry.
    ///
    /// # Errors
    /// An entry with an impossible value, an id that is taken.
    pub fn insert(&mut self, file: &str, entry: Requirement) -> Result<(), LoadError> {
        self.add(file, entry)
    }

    /// Adds the entries of one YAML file.
    ///
    /// # Errors
    /// A file that is no list of entries, an entry with an impossible value, an id that is taken.
    pub fn load(&mut self, file: &str, yaml: &str) -> Result<(), LoadError> {
        let entries: Vec<Requirement> =
            serde_saphyr::from_str(yaml).map_err(|error| LoadError::Malformed { file: file.to_owned(), message: error.to_string() })?;
        entries.into_iter().try_for_each(|entry| self.add(file, entry))
    }

    fn add(&mut self, file: &str, entry: Requirement) -> Result<(), LoadError> {
        if let Some(first) = self.by_id.get(&entry.id) {
            return Err(LoadError::Duplicate { file: file.to_owned(), id: entry.id, first: self.files[*first].clone() });
        }
        if let Some(message) = mistake(&entry) {
            return Err(LoadError::Entry { file: file.to_owned(), id: entry.id, message });
        }
        self.by_id.insert(entry.id.clone(), self.entries.len());
        self.files.push(file.to_owned());
        self.entries.push(entry);
        Ok(())
    }

    /// The requirement with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Requirement> {
        self.entries.get(*self.by_id.get(id)?)
    }

    /// The file that an entry stands in.
    #[must_use]
    pub fn file(&self, id: &str) -> Option<&str> {
        self.files.get(*self.by_id.get(id)?).map(String::as_str)
    }

    /// Every requirement, in the order of the files.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Requirement> {
        self.entries.iter()
    }

    /// The id that someone who wrote this one may have meant.
    #[must_use]
    pub fn nearest(&self, id: &str) -> Option<&str> {
        let wanted = id.to_ascii_uppercase();
        let ids: Vec<&str> = self.entries.iter().map(|entry| entry.id.as_str()).collect();
        similar::get_close_matches(wanted.as_str(), &ids, 1, 0.6).first().copied()
    }
}

fn mistake(entry: &Requirement) -> Option<String> {
    let plain = |octet: u8| octet.is_ascii_uppercase() || octet.is_ascii_digit() || octet == b'-';
    if entry.id.is_empty() || !entry.id.bytes().all(plain) {
        return Some("an id has only capitals, digits and hyphens".to_owned());
    }
    if entry.wires.is_empty() {
        return Some("it names no wire".to_owned());
    }
    if let Some(wire) = entry.wires.iter().find(|wire| !WIRES.contains(&wire.as_str())) {
        return Some(format!("{wire:?} is no wire"));
    }
    if let Some(part) = entry.parts_on.keys().find(|part| !entry.parts.contains(part)) {
        return Some(format!("{part:?} is none of its parts"));
    }
    if let Some(wire) = entry.parts_on.values().flatten().find(|wire| !entry.is_on(wire)) {
        return Some(format!("a part of it is on {wire:?}, and it isn't"));
    }
    if entry.unobservable.as_ref().is_some_and(|why| why.trim().is_empty()) {
        return Some("it doesn't say why it can't be seen".to_owned());
    }
    if !PROFILES.contains(&entry.profile.as_str()) {
        return Some(format!("{:?} is no profile", entry.profile));
    }
    if !["source", "derived"].contains(&entry.level_basis.as_str()) {
        return Some(format!("{:?} is no basis of a level", entry.level_basis));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "
- id: X-ONE
  title: t
  level: MUST
  level_basis: source
  area: x
  profile: core
  wires: [json]
  needs: [none]
  source: { document: d, section: s, url: u }
  statement: s
  check: c
  fault: f
";

    /// As the files have them, whatever the build made of them.
    fn entries_in(folder: &str) -> usize {
        let files = std::fs::read_dir(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
        let texts = files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
        texts.map(|path| std::fs::read_to_string(path).unwrap().lines().filter(|line| line.starts_with("- id: ")).count()).sum()
    }

    #[test]
    fn the_catalogue_is_whole() {
        let catalogue = Catalogue::built_in();
        assert_eq!(catalogue.iter().len(), entries_in("src/contract/requirements") + entries_in("cases/requirements"));
        for entry in catalogue.iter() {
            let file = catalogue.file(&entry.id).unwrap();
            assert!(file.ends_with(&format!("/{}.yaml", entry.area)), "{} in {file}", entry.id);
        }
        let rules = Catalogue::wire_rules();
        assert!(rules.get("GRPC-STATUS-ONCE").is_some() && rules.get("STATE-READD").is_none());
        assert_eq!(catalogue.get("STATE-READD").unwrap().level, Level::Must);
    }

    #[test]
    fn finds_what_was_meant() {
        let catalogue = Catalogue::built_in();
        assert_eq!(catalogue.nearest("GRPC-STATUS-ONE"), Some("GRPC-STATUS-ONCE"));
        assert_eq!(catalogue.nearest("grpc-status-once"), Some("GRPC-STATUS-ONCE"));
        assert_eq!(catalogue.nearest("?"), None);
    }

    #[test]
    fn mistakes_are_told_with_file_and_id() {
        let load = |yaml: &str| Catalogue::default().load("a.yaml", yaml).unwrap_err().to_string();
        assert_eq!(load(&ENTRY.repeat(2)), "a.yaml: the id X-ONE stands in a.yaml already");
        assert_eq!(load(&ENTRY.replace("[json]", "[soap]")), "a.yaml: X-ONE: \"soap\" is no wire");
        assert!(matches!(Catalogue::default().load("a.yaml", &ENTRY.replace("MUST", "PERHAPS")), Err(LoadError::Malformed { .. })));
        assert!(load("- id: X\n").starts_with("a.yaml: "));
        let silent = format!("{ENTRY}  unobservable: ''\n");
        assert_eq!(load(&silent), "a.yaml: X-ONE: it doesn't say why it can't be seen");
    }
}
