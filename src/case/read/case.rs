//! Cases.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::keys;
use super::super::model::{Across, Case, Span, StepKind};
use super::super::script::{hash, slug};
use super::super::tree::{Entry, Node, Yaml};
use super::claim::Wanted;
use super::control::ReadControl;
use super::expect::allows_success;
use super::flow::{FixtureFlow, ReadStep, at_first};
use super::raw::is_raw;
use super::request::wires_of;
use super::step::Manner;
use super::{Reader, place};
use crate::contract::descriptors::Method;
use crate::wire::{HttpVersion, Wire};

impl<'a> Reader<'a> {
    /// The cases of a file, one for each variant. `ids` holds those of all files so far.
    pub(super) fn file_of_cases(&mut self, node: &Node, ids: &mut BTreeMap<String, Span>) -> Vec<Case> {
        if !self.keys(node, &keys::FILE) {
            return Vec::new();
        }
        let default = node.get("rpc").and_then(|rpc| self.operation(rpc));
        let mut cases = Vec::new();
        let Some(list) = node.get("cases") else { return cases };
        for node in self.list(list) {
            if !self.keys(node, &keys::CASE) {
                continue;
            }
            for (name, value, node) in self.variants(node) {
                self.variant = value;
                let case = self.case(&node, name, default);
                self.variant = None;
                match ids.get(&case.id) {
                    Some(first) => {
                        let hint = format!("the first one stands in {}:{}", first.file.display(), first.line);
                        let at = node.get("name").map_or_else(|| place(&node), |name| &name.mark).clone();
                        self.mistake(&at, format!("there are two cases `{}`", case.id), Some(hint));
                    }
                    None => {
                        ids.insert(case.id.clone(), case.span.clone());
                        cases.push(case);
                    }
                }
            }
        }
        cases
    }

    /// Name, value of `$variant` and node of each variant; the case itself where it has none.
    fn variants(&mut self, node: &Node) -> Vec<(Option<String>, Option<Value>, Node)> {
        let Some(variants) = node.get("variants") else { return vec![(None, None, node.clone())] };
        let named = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match &variants.value {
            Yaml::List(items) if !items.is_empty() => items
                .iter()
                .map(|item| {
                    let value = item.to_json();
                    (Some(slug(&named(&value))), Some(value), node.clone())
                })
                .collect(),
            Yaml::Map(entries) if !entries.is_empty() => entries
                .iter()
                .map(|entry| match &entry.value.value {
                    Yaml::Map(members) => (Some(slug(&entry.key)), Some(Value::String(entry.key.clone())), with_members(node, members)),
                    _ => (Some(slug(&entry.key)), Some(entry.value.to_json()), node.clone()),
                })
                .collect(),
            _ => {
                let hint = "write a list of values for `$variant`, or names with a value or members of `send`".to_owned();
                self.mistake(place(variants), "these are no variants", Some(hint));
                vec![(None, None, node.clone())]
            }
        }
    }

    fn case(&mut self, node: &Node, variant: Option<String>, default: Option<&'a Method>) -> Case {
        let topic = self.file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let name = node.get("name").and_then(|node| self.text(node)).unwrap_or_default().to_owned();
        if slug(&name).is_empty() && node.get("name").is_some() {
            self.mistake(place(node), "the name of the case has no words", None);
        }
        let wanted = self.requirements(node);
        let across = node.get("across").and_then(|node| self.word(node, &["pairs", "each"], "way across the wires"));
        let across = across.map(|word| if word == "pairs" { Across::Pairs } else { Across::Each });
        let exclusive =
            node.get("exclusive").and_then(|node| self.word(node, &["target"], "thing that a case can have for itself")).is_some();
        let given = node.get("given").and_then(|given| {
            let name = self.text(given)?;
            let known: Vec<String> = self.fixtures.keys().cloned().collect();
            self.known(name, &given.mark, "fixture", &known.iter().map(String::as_str).collect::<Vec<_>>()).then(|| name.to_owned())
        });
        self.claims = wanted.ids.iter().cloned().collect();
        let operation = match node.get("rpc") {
            Some(rpc) => self.operation(rpc),
            None => default,
        };
        let main = self.step(&without_rpc(node), operation, Manner { across, ..Manner::default() });
        let follow_up = Manner { across, ..Manner::FOLLOW_UP };
        let control = node.get("control").and_then(|control| self.control(control, &without_rpc(node), operation, across));
        let then = self.steps(node.get("then"), follow_up);
        self.claims.clear();
        self.negative(node, &main, control.is_some());
        self.all_answer_for_something(node, &main, &wanted);
        let fixture = given.as_ref().and_then(|given| self.fixtures.get(given)).cloned();
        // Of a fixture that doesn't exist nothing is known: neither who calls nor what is captured.
        let fixture_is_known = node.get("given").is_none() || fixture.is_some();
        if fixture_is_known {
            self.flow_of_case(fixture.as_ref(), control.as_ref(), &main, &then);
        }
        let marker = self.marker(node, fixture.as_ref(), fixture_is_known);
        let (agreement, agrees) = self.agreement(node, across.is_some());
        let compare = self.compare(node, agrees, &main, &then);
        let covers = self.covers(node, &wanted, agreement.as_deref());
        let wires = self.wires(node, &wanted, &main, operation, across.is_some());
        let https = node.get("http-versions").map(|list| self.list(list).iter().filter_map(|item| self.http_version(item)).collect());
        let mut https: Vec<HttpVersion> = https.unwrap_or_default();
        let steps =
            || std::iter::once(&main).chain(control.iter().flat_map(|read| std::iter::once(&read.step).chain(&read.then))).chain(&then);
        if steps().any(|read| is_raw(&read.step)) {
            if let (Some(at), true) = (node.get("http-versions"), https.contains(&HttpVersion::H2)) {
                self.mistake(place(at), "a script speaks HTTP/1.1", Some("leave `http-versions` out".to_owned()));
            }
            https = vec![HttpVersion::H1];
        }
        if steps().any(|read| read.step.layout.is_some()) {
            if let (Some(at), true) = (node.get("http-versions").or_else(|| node.get("raw")), https.contains(&HttpVersion::H1)) {
                self.mistake(place(at), "frames are laid out over HTTP/2", Some("leave it out".to_owned()));
            }
            https = vec![HttpVersion::H2];
        }
        let mut id = format!("{topic}::{}", slug(&name));
        if let Some(variant) = &variant {
            id = format!("{id}[{variant}]");
        }
        let read = node.to_json().to_string();
        let spoken = operation.map(Method::full_name).unwrap_or_default();
        Case {
            hash: hash([read.as_bytes(), spoken.as_bytes(), variant.as_deref().unwrap_or_default().as_bytes()]),
            id,
            topic,
            name,
            variant,
            given,
            requirements: wanted.ids,
            covers,
            agreement,
            agrees,
            compare,
            wires,
            https,
            across,
            exclusive,
            control: control.map(|read| read.control),
            main: main.step,
            then: ReadStep::bare(&then),
            marker,
            area: wanted.area,
            profile: wanted.profile,
            span: self.span(place(node)),
        }
    }

    /// A defective call shows something only beside the same call without the defect.
    fn negative(&mut self, node: &Node, main: &ReadStep, has_control: bool) {
        let is_negative = !main.step.expect.is_empty() && !allows_success(&main.step.expect);
        if is_negative && !has_control && node.get("control").is_none() {
            let hint = "name in one place what differs in the call that must succeed, e.g. `control: { as: owner }`".to_owned();
            self.mistake(place(node), "a case that expects a refusal needs a `control`", Some(hint));
        }
    }

    /// A piece without a requirement of its own answers for those that no other piece claims: where none is left, it could fail nothing.
    fn all_answer_for_something(&mut self, node: &Node, main: &ReadStep, wanted: &Wanted) {
        let claimed: Vec<&String> = main.step.expect.iter().filter_map(|piece| piece.requirement.as_ref()).collect();
        let nothing_left = !wanted.ids.is_empty() && wanted.ids.iter().all(|id| claimed.contains(&id));
        if nothing_left && main.step.expect.iter().any(|piece| piece.requirement.is_none()) {
            let hint = "name the `requirement` of the piece, or add the one that it answers for to the case".to_owned();
            let at = node
                .get("expect")
                .map_or_else(|| place(node), |expect| expect.entries().first().map_or(&expect.mark, |entry| &entry.at))
                .clone();
            self.mistake(&at, "a piece of this expectation answers for no requirement: others claim each of the case", Some(hint));
        }
    }

    fn flow_of_case(&mut self, fixture: Option<&FixtureFlow>, control: Option<&ReadControl>, main: &ReadStep, then: &[ReadStep]) {
        let identity = fixture.map(|fixture| fixture.identity.clone()).unwrap_or_default();
        let known = |name: Option<&FixtureFlow>| name.map_or_else(at_first, |fixture| fixture.known.clone());
        let mut names = known(fixture);
        if let Some(read) = control {
            let other = read.control.given.as_ref().and_then(|given| self.fixtures.get(given)).cloned();
            let mut before = known(other.as_ref().or(fixture));
            self.flow(std::slice::from_ref(&read.step), &identity, &mut before, false);
            self.flow(&read.then, &identity, &mut before, false);
            names.extend(before);
        }
        self.flow(std::slice::from_ref(main), &identity, &mut names, false);
        self.flow(then, &identity, &mut names, false);
        let steps = || {
            let control = control.into_iter().flat_map(|read| std::iter::once(&read.step).chain(&read.then));
            std::iter::once(main).chain(then).chain(control)
        };
        for step in steps().filter(|_| fixture.is_none()) {
            let made = |name: &&String| self.identities.get(*name).is_some_and(|flow| !flow.gives.is_empty());
            if let Some(caller) = step.step.identity.as_ref().filter(made) {
                let hint = "write `given` with a fixture: what makes the identity belongs to its set".to_owned();
                self.mistake(&step.at, format!("identity `{caller}` can't be made without a fixture"), Some(hint));
            }
        }
        if identity.is_empty() {
            for step in steps().filter(|step| step.step.identity.is_none() && !matches!(step.step.kind, StepKind::Wait(_))) {
                let hint = "write `as`, or `given` with a fixture whose identity calls".to_owned();
                self.mistake(&step.at, "it isn't said who calls", Some(hint));
            }
        }
    }

    fn marker(&mut self, node: &Node, fixture: Option<&FixtureFlow>, is_known: bool) -> bool {
        let Some(entry) = node.entries().iter().find(|entry| entry.key == "marker") else { return false };
        let marker = self.truth(&entry.value).unwrap_or_default();
        if marker && is_known && !fixture.is_some_and(|fixture| fixture.marker) {
            let hint = "give the fixture `marker` steps, or show the state by a call in `then`".to_owned();
            self.mistake(&entry.at, "the fixture of this case has no marker", Some(hint));
        }
        marker
    }

    fn wires(&mut self, node: &Node, wanted: &Wanted, main: &ReadStep, operation: Option<&Method>, across: bool) -> Vec<Wire> {
        let mut wires: Vec<Wire> = Wire::ALL.into_iter().filter(|wire| wanted.wires.contains(wire)).collect();
        let mut told = false;
        if let Some(list) = node.get("wires") {
            let mut only = Vec::new();
            for item in self.list(list) {
                let Some(wire) = self.wire(item) else { continue };
                // A trial over several wires may visit one that only shows what another one did.
                if !wanted.ids.is_empty() && !wires.contains(&wire) && !across {
                    let hint = "the catalogue lists the wires of a requirement".to_owned();
                    self.mistake(&item.mark, format!("no requirement of this case is judged on {wire}"), Some(hint));
                    told = true;
                }
                only.push(wire);
            }
            if across && only.iter().any(|wire| wires.contains(wire)) {
                wires = Wire::ALL.into_iter().filter(|wire| only.contains(wire)).collect();
            }
            wires.retain(|wire| only.contains(wire));
        }
        let sent_on = wires_of(&main.step.kind);
        if matches!(main.step.kind, StepKind::Raw { .. }) && node.get("wires").is_none() {
            wires.retain(|wire| *wire != Wire::Grpc);
        }
        let is_bound = !matches!(main.step.kind, StepKind::Call { .. }) || operation.is_none_or(|operation| !operation.bindings.is_empty());
        wires.retain(|wire| sent_on.contains(wire) && (is_bound || *wire != Wire::Json));
        if wires.is_empty() && !wanted.ids.is_empty() && !told {
            let hint = "`json` runs on json only, `bytes` and `frames` on the binary wires".to_owned();
            self.mistake(place(node), "there is no wire on which this case could run", Some(hint));
        } else if across && wires.len() == 1 {
            self.mistake(place(node), format!("`across` needs two wires, this case has {} only", wires[0]), None);
        }
        wires
    }
}

/// The operation of the case is known already; read again it would be told twice where it is wrong.
fn without_rpc(node: &Node) -> Node {
    let entries = node.entries().iter().filter(|entry| entry.key != "rpc").cloned().collect();
    Node { value: Yaml::Map(entries), mark: node.mark.clone() }
}

/// The case with these members in its `send`.
fn with_members(node: &Node, members: &[Entry]) -> Node {
    let mut node = node.clone();
    let Yaml::Map(entries) = &mut node.value else { return node };
    let Some(send) = entries.iter_mut().find(|entry| entry.key == "send") else {
        if let Some(first) = members.first() {
            let value = Node { value: Yaml::Map(members.to_vec()), mark: first.at.clone() };
            entries.push(Entry { key: "send".to_owned(), at: first.at.clone(), value });
        }
        return node;
    };
    if let Yaml::Map(sent) = &mut send.value.value {
        sent.retain(|entry| !members.iter().any(|member| member.key == entry.key));
        sent.extend(members.iter().cloned());
    }
    node
}
