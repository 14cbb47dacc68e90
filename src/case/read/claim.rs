//! What a case answers for: requirements, their parts, its agreement.

use super::super::keys;
use super::super::model::{Compare, Covers};
use super::super::tree::{Node, Yaml};
use super::flow::ReadStep;
use super::{Reader, place, suggestion};
use crate::wire::Wire;

/// The requirements of a case, and what follows from them.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub ids: Vec<String>,
    pub wires: Vec<Wire>,
    pub area: Option<String>,
    pub profile: String,
}

impl Reader<'_> {
    pub(super) fn requirements(&mut self, node: &Node) -> Wanted {
        let mut wanted = Wanted { profile: "core".to_owned(), ..Wanted::default() };
        let Some(list) = node.get("requirements") else { return wanted };
        let items = self.list(list);
        if items.is_empty() && matches!(list.value, Yaml::List(_)) {
            self.mistake(&list.mark, "a case answers for at least one requirement", Some("name one of the catalogue".to_owned()));
        }
        let mut profiles = Vec::new();
        for item in items {
            let Some(requirement) = self.requirement(item) else { continue };
            if wanted.ids.contains(&requirement.id) {
                self.mistake(&item.mark, format!("`{}` is there twice", requirement.id), None);
                continue;
            }
            wanted.ids.push(requirement.id.clone());
            wanted.wires.extend(requirement.wires.iter().filter_map(|wire| wire.parse::<Wire>().ok()));
            wanted.area.get_or_insert_with(|| requirement.area.clone());
            profiles.push(requirement.profile.as_str());
        }
        // The case runs wherever one of its requirements is wanted.
        if let Some(profile) = ["core", "zitadel", "hardening"].into_iter().find(|profile| profiles.contains(profile)) {
            profile.clone_into(&mut wanted.profile);
        }
        wanted
    }

    /// The requirement of the agreement, and whether there is one at all.
    pub(super) fn agreement(&mut self, node: &Node, across: bool) -> (Option<String>, bool) {
        let Some(entry) = node.entries().iter().find(|entry| entry.key == "agreement") else { return (None, !across) };
        if across {
            let hint = "each of its trials takes several wires; what they must agree on is its expectation".to_owned();
            self.mistake(&entry.at, "a case with `across` has no agreement", Some(hint));
            return (None, false);
        }
        match &entry.value.value {
            Yaml::Bool(agrees) => (None, *agrees),
            _ => (self.requirement(&entry.value).map(|requirement| requirement.id.clone()), true),
        }
    }

    /// What the agreement compares. A text says something only where two equal calls on one wire had the same one.
    pub(super) fn compare(&mut self, node: &Node, agrees: bool, main: &ReadStep, then: &[ReadStep]) -> Compare {
        let Some(entry) = node.entries().iter().find(|entry| entry.key == "compare") else { return Compare::default() };
        if !agrees {
            let hint = "leave it away, or let the wires be compared".to_owned();
            self.mistake(&entry.at, "`compare` says what an agreement compares, and this case has none", Some(hint));
        }
        match self.word(&entry.value, keys::COMPARED, "way to compare") {
            Some("codes") => Compare::Codes,
            Some("frames") => Compare::Frames,
            Some("heads") => Compare::Heads,
            Some("errors") => {
                let again = |it: &ReadStep| it.step.is_call_of(&main.step) && it.step.identity == main.step.identity;
                if !then.iter().any(again) {
                    let hint = "make the same call once more in `then`".to_owned();
                    self.mistake(&entry.at, "texts are compared only where two equal calls on one wire had the same one", Some(hint));
                }
                Compare::Errors
            }
            _ => Compare::default(),
        }
    }

    pub(super) fn covers(&mut self, node: &Node, wanted: &Wanted, agreement: Option<&str>) -> Vec<Covers> {
        let Some(node) = node.get("covers") else { return Vec::new() };
        if !matches!(node.value, Yaml::Map(_)) {
            let hint = "write `covers: { REQUIREMENT: [part] }`".to_owned();
            self.mistake(place(node), format!("`covers` is a mapping, this is {}", node.kind()), Some(hint));
        }
        let mut covers = Vec::new();
        for entry in node.entries() {
            let named = wanted.ids.iter().map(String::as_str).chain(agreement);
            if !named.clone().any(|id| id == entry.key) {
                let hint = suggestion(&entry.key, named);
                self.mistake(&entry.at, format!("this case doesn't answer for `{}`", entry.key), hint);
                continue;
            }
            let known: Vec<&str> =
                self.contract.catalogue.get(&entry.key).map(|found| found.parts.iter().map(String::as_str).collect()).unwrap_or_default();
            let mut parts = Vec::new();
            for item in self.list(&entry.value) {
                let Some(part) = self.text(item) else { continue };
                if known.is_empty() {
                    self.mistake(&item.mark, format!("the catalogue divides `{}` into no parts", entry.key), None);
                } else if !known.contains(&part) {
                    self.mistake(&item.mark, format!("`{}` has no part `{part}`", entry.key), suggestion(part, known.iter().copied()));
                }
                parts.push(part.to_owned());
            }
            covers.push(Covers { requirement: entry.key.clone(), parts });
        }
        covers
    }
}
