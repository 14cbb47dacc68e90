//! `suite.yaml`: identities, fixtures, probe.

use std::collections::{BTreeMap, BTreeSet};

use super::super::keys;
use super::super::model::{Connection, Fixture, Step, StepKind, Suite};
use super::super::tree::{Entry, Node, Yaml};
use super::flow::{FixtureFlow, ReadStep, at_first};
use super::step::Manner;
use super::{Reader, place, suggestion};
use crate::wire::{Transport, Wire};

/// A fixture as read, before its chain is known.
struct ReadFixture {
    fixture: Fixture,
    own_identity: Option<String>,
    setup: Vec<ReadStep>,
    reset: Vec<ReadStep>,
    remove: Vec<ReadStep>,
    marker: Vec<ReadStep>,
}

impl Reader<'_> {
    pub(super) fn suite(&mut self, node: &Node) -> Suite {
        let mut suite = Suite {
            name: String::new(),
            headers: Vec::new(),
            volatile: BTreeMap::new(),
            identities: BTreeMap::new(),
            fixtures: BTreeMap::new(),
            probe: empty_step(),
            offered: BTreeMap::new(),
            cases: Vec::new(),
            hash: String::new(),
        };
        if !self.keys(node, &keys::SUITE) {
            return suite;
        }
        if let Some(name) = node.get("suite").and_then(|node| self.text(node)) {
            suite.name = name.to_owned();
        }
        if let Some(service) = node.get("service") {
            self.service(service);
        }
        suite.headers = node.get("headers").map(|node| self.header_edits(node)).unwrap_or_default();
        suite.volatile = node.get("volatile").map(|node| self.volatile(node)).unwrap_or_default();
        for (name, at) in std::mem::take(&mut self.uses) {
            if !at_first().contains(&name) {
                self.mistake(
                    &at,
                    format!("`${name}` isn't known to every request"),
                    Some("write it in the headers of an identity".to_owned()),
                );
            }
        }
        let entries = self.named(node.get("identities"), "identities");
        suite.identities = self.identities(entries);
        suite.fixtures = self.fixtures(node.get("fixtures"));
        suite.offered = node.get("offered").map(|node| self.offered(node)).unwrap_or_default();
        if let Some(probe) = node.get("probe")
            && self.keys(probe, &keys::STEP)
        {
            let read = self.step(probe, None, Manner::FOLLOW_UP);
            match &read.step.identity {
                Some(identity) => self.flow(std::slice::from_ref(&read), &identity.clone(), &mut at_first(), false),
                None => self.mistake(place(probe), "it isn't said who calls the probe", Some("write `as` with an identity".to_owned())),
            }
            suite.probe = read.step;
        }
        suite
    }

    fn named<'n>(&mut self, node: Option<&'n Node>, what: &str) -> &'n [Entry] {
        match node {
            Some(Node { value: Yaml::Map(entries), .. }) => entries,
            Some(node) => {
                self.mistake(&node.mark, format!("`{what}` is a mapping from names, this is {}", node.kind()), None);
                &[]
            }
            None => &[],
        }
    }

    fn service(&mut self, node: &Node) {
        let Some(service) = self.text(node) else { return };
        self.service = service.to_owned();
        let known: BTreeSet<String> = self.contract.descriptors.methods().map(|method| method.service.clone()).collect();
        if !known.contains(service) {
            let hint = suggestion(service, known.iter().map(String::as_str));
            self.mistake(&node.mark, format!("there is no service `{service}`"), hint);
        }
    }

    fn volatile(&mut self, node: &Node) -> BTreeMap<String, BTreeSet<String>> {
        let mut volatile = BTreeMap::new();
        for entry in self.named(Some(node), "volatile") {
            let Some(message) = self.contract.descriptors.message(&entry.key) else {
                self.mistake(&entry.at, format!("there is no message `{}`", entry.key), None);
                continue;
            };
            let mut fields = BTreeSet::new();
            for item in self.list(&entry.value) {
                let Some(name) = self.text(item) else { continue };
                match message.get_field_by_json_name(name) {
                    Some(_) => {
                        fields.insert(name.to_owned());
                    }
                    None => {
                        let names: Vec<String> = message.fields().map(|field| field.json_name().to_owned()).collect();
                        let hint = suggestion(name, names.iter().map(String::as_str));
                        self.mistake(&item.mark, format!("`{name}` is no field of `{}`", entry.key), hint);
                    }
                }
            }
            volatile.insert(entry.key.clone(), fields);
        }
        volatile
    }

    fn offered(&mut self, node: &Node) -> BTreeMap<String, String> {
        let names: Vec<String> = Wire::ALL.iter().map(ToString::to_string).chain(Transport::ALL.iter().map(ToString::to_string)).collect();
        let mut offered = BTreeMap::new();
        for entry in self.named(Some(node), "offered") {
            if !names.contains(&entry.key) {
                let hint = suggestion(&entry.key, names.iter().map(String::as_str));
                self.mistake(&entry.at, format!("`{}` is no wire and no transport", entry.key), hint);
                continue;
            }
            let Some(requirement) = self.requirement(&entry.value) else { continue };
            let wire = entry.key.split('/').next().unwrap_or_default();
            if !requirement.wires.iter().any(|name| name == wire) {
                let hint = format!("the catalogue has it on {}", requirement.wires.join(", "));
                self.mistake(&entry.value.mark, format!("`{}` doesn't speak of {wire}", requirement.id), Some(hint));
            }
            offered.insert(entry.key.clone(), requirement.id.clone());
        }
        offered
    }

    fn fixtures(&mut self, node: Option<&Node>) -> BTreeMap<String, Fixture> {
        let entries = self.named(node, "fixtures");
        let names: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        let mut read: BTreeMap<String, ReadFixture> = BTreeMap::new();
        for entry in entries {
            let fixture = self.fixture(entry, &names);
            read.insert(entry.key.clone(), fixture);
        }
        for entry in entries {
            self.fixture_flow(&entry.key, entry, &mut read, &mut Vec::new());
        }
        read.into_iter().map(|(name, read)| (name, read.fixture)).collect()
    }

    fn fixture(&mut self, entry: &Entry, names: &[&str]) -> ReadFixture {
        let node = &entry.value;
        self.keys(node, &keys::FIXTURE);
        let on = node.get("upon").and_then(|on| {
            let name = self.text(on)?;
            self.known(name, &on.mark, "fixture", names).then(|| name.to_owned())
        });
        if on.is_some() {
            for wrong in node.entries().iter().filter(|entry| matches!(entry.key.as_str(), "setup" | "remove" | "role")) {
                let hint = "what is set up once belongs to the fixture below; `reset` runs before each trial".to_owned();
                self.mistake(&wrong.at, format!("a fixture that stands on another has no `{}`", wrong.key), Some(hint));
            }
        }
        let own_identity = node.get("as").and_then(|node| self.text(node)).map(str::to_owned);
        if let (Some(name), Some(at)) = (&own_identity, node.get("as")) {
            let known: Vec<String> = self.identities.keys().cloned().collect();
            self.known(name, &at.mark, "identity", &known.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let [setup, reset, remove, marker] = ["setup", "reset", "remove", "marker"].map(|key| self.steps(node.get(key), Manner::FOLLOW_UP));
        if let Some(at) = node.get("marker") {
            let well = marker.len() > 1 && marker.last().is_some_and(|read| read.step.until.is_some() && !read.step.expect.is_empty());
            if !well {
                let hint = "its last step needs `until` (the marker's effect shows) and `expect` (exactly start + marker)".to_owned();
                self.mistake(
                    at.entries().first().map_or(&at.mark, |entry| &entry.at),
                    "a marker is a write and a read that shows it",
                    Some(hint),
                );
            }
        }
        let fixture = Fixture {
            name: entry.key.clone(),
            on,
            identity: String::new(),
            setup: ReadStep::bare(&setup),
            role: node.get("role").and_then(|node| self.text(node)).map(str::to_owned),
            reset: ReadStep::bare(&reset),
            remove: ReadStep::bare(&remove),
            marker: ReadStep::bare(&marker),
            span: self.span(&entry.at),
        };
        ReadFixture { fixture, own_identity, setup, reset, remove, marker }
    }

    /// Identity and captures of a fixture, after those of the fixtures below it.
    fn fixture_flow(
        &mut self,
        name: &str,
        entry: &Entry,
        read: &mut BTreeMap<String, ReadFixture>,
        above: &mut Vec<String>,
    ) -> FixtureFlow {
        if let Some(flow) = self.fixtures.get(name) {
            return flow.clone();
        }
        let below = read.get(name).and_then(|read| read.fixture.on.clone());
        above.push(name.to_owned());
        let mut flow = match below {
            Some(below) if above.contains(&below) => {
                self.mistake(&entry.at, format!("fixture `{name}` stands on itself"), None);
                FixtureFlow { root: name.to_owned(), known: at_first(), ..FixtureFlow::default() }
            }
            Some(below) => self.fixture_flow(&below, entry, read, above),
            None => FixtureFlow { root: name.to_owned(), known: at_first(), ..FixtureFlow::default() },
        };
        let Some(own) = read.get_mut(name) else { return flow };
        if let Some(identity) = &own.own_identity {
            flow.identity.clone_from(identity);
        }
        if flow.identity.is_empty() {
            self.mistake(
                &entry.at,
                format!("it isn't said who calls the steps of fixture `{name}`"),
                Some("write `as` with an identity".to_owned()),
            );
        }
        own.fixture.identity.clone_from(&flow.identity);
        flow.marker |= !own.marker.is_empty();
        for step in own.setup.iter().chain(&own.remove) {
            let caller = step.step.identity.as_deref().unwrap_or(&flow.identity);
            if self.identities.get(caller).is_some_and(|identity| !identity.gives.is_empty()) {
                let hint = "it is made after the fixture's set-up and removed before it".to_owned();
                self.mistake(&step.at, format!("identity `{caller}` isn't there yet"), Some(hint));
            }
        }
        self.flow(&own.setup, &flow.identity, &mut flow.known, false);
        self.flow(&own.remove, &flow.identity, &mut flow.known.clone(), false);
        self.flow(&own.reset, &flow.identity, &mut flow.known, true);
        self.flow(&own.marker, &flow.identity, &mut flow.known.clone(), false);
        self.fixtures.insert(name.to_owned(), flow.clone());
        flow
    }
}

/// What stands for a step that couldn't be read.
pub(super) fn empty_step() -> Step {
    Step {
        kind: StepKind::Wait(0),
        identity: None,
        headers: Vec::new(),
        via: None,
        layout: None,
        connection: Connection::Any,
        expect: Vec::new(),
        until: None,
        in_a_row: 1,
        capture: Vec::new(),
        defect: None,
        uses: BTreeSet::new(),
        span: super::super::model::Span::default(),
    }
}
