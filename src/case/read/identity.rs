//! Callers: what their token and fields need, and the steps that make those that the run doesn't bring along.

use std::collections::{BTreeMap, BTreeSet};

use super::super::keys;
use super::super::model::{Identity, Token};
use super::super::tree::{Entry, Mark};
use super::flow::ReadStep;
use super::step::Manner;
use super::{GIVEN_WHEN_SENT, Reader, place};

/// What steps need to know of an identity.
#[derive(Debug, Clone, Default)]
pub(super) struct IdentityFlow {
    /// Captures that a fixture has to give before it can be made or used.
    pub needs: BTreeSet<String>,
    /// Captures that its setup gives.
    pub gives: BTreeSet<String>,
}

/// An identity as read.
struct ReadIdentity {
    identity: Identity,
    setup: Vec<ReadStep>,
    remove: Vec<ReadStep>,
}

impl ReadIdentity {
    /// Captures and identities that it takes from elsewhere. A caller that isn't made itself is as good as the captures that it needs.
    fn takes(&self, all: &BTreeMap<String, Self>) -> (BTreeSet<String>, BTreeSet<String>) {
        let given = |step: &ReadStep| step.gives.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let gives: BTreeSet<String> = self.setup.iter().flat_map(given).collect();
        let steps = || self.setup.iter().chain(&self.remove);
        let used = steps().flat_map(|step| step.step.uses.iter().cloned());
        let callers =
            || steps().filter_map(|step| all.get(step.step.identity.as_ref()?)).filter(|read| read.identity.name != self.identity.name);
        let (made, as_they_are): (Vec<&Self>, Vec<&Self>) = callers().partition(|read| !read.setup.is_empty());
        let of_callers = as_they_are.iter().flat_map(|read| read.identity.needs.iter().cloned());
        let captures = used.chain(self.identity.needs.iter().cloned()).chain(of_callers);
        let captures = captures.filter(|name| !gives.contains(name) && !is_of_engine(name));
        (captures.collect(), made.iter().map(|read| read.identity.name.clone()).collect())
    }
}

/// Captures that nobody has to give.
fn is_of_engine(name: &str) -> bool {
    super::GIVEN_BY_ENGINE.contains(&name) || GIVEN_WHEN_SENT.contains(&name)
}

impl Reader<'_> {
    /// All identities. Their setups may call as each other.
    pub(super) fn identities(&mut self, entries: &[Entry]) -> BTreeMap<String, Identity> {
        // Names first: a step may name an identity that stands further down.
        self.identities = entries.iter().map(|entry| (entry.key.clone(), IdentityFlow::default())).collect();
        let read: BTreeMap<String, ReadIdentity> = entries.iter().map(|entry| (entry.key.clone(), self.identity(entry))).collect();
        for (name, read) in &read {
            let gives = read.setup.iter().flat_map(|step| step.gives.iter().map(|(name, _)| name.clone())).collect();
            self.identities.insert(name.clone(), IdentityFlow { needs: BTreeSet::new(), gives });
        }
        for entry in entries {
            let mut above = Vec::new();
            let needs = self.needs_of(&entry.key, &read, &mut above, &entry.at);
            if let Some(flow) = self.identities.get_mut(&entry.key) {
                flow.needs = needs;
            }
        }
        read.values().for_each(|own| self.own_flow(own, &read));
        read.into_iter().map(|(name, read)| (name, read.identity)).collect()
    }

    fn identity(&mut self, entry: &Entry) -> ReadIdentity {
        let mut identity = Identity {
            name: entry.key.clone(),
            token: Token::None,
            headers: Vec::new(),
            needs: BTreeSet::new(),
            setup: Vec::new(),
            remove: Vec::new(),
            role: None,
        };
        let node = &entry.value;
        let (mut setup, mut remove) = (Vec::new(), Vec::new());
        if self.keys(node, &keys::IDENTITY) {
            if let Some(token) = node.get("token")
                && let Some(text) = self.text(token)
            {
                match (text, super::text::only_capture(text)) {
                    ("none", _) => {}
                    ("run", _) => identity.token = Token::Run,
                    (_, Some(name)) => {
                        identity.needs.insert(name.to_owned());
                        identity.token = Token::Capture(name.to_owned());
                    }
                    _ => self.mistake(
                        &token.mark,
                        format!("`{text}` is no token"),
                        Some("write `none`, `run` or a capture; tokens don't stand in files".to_owned()),
                    ),
                }
            }
            if let Some(headers) = node.get("headers") {
                identity.headers = self.header_edits(headers);
            }
            let used = std::mem::take(&mut self.uses).into_iter().map(|(name, _)| name);
            identity.needs.extend(used.filter(|name| !is_of_engine(name)));
            identity.role = node.get("role").and_then(|node| self.text(node)).map(str::to_owned);
            [setup, remove] = ["setup", "remove"].map(|key| self.steps(node.get(key), Manner::FOLLOW_UP));
            for step in setup.iter().chain(&remove).filter(|step| step.step.identity.is_none()) {
                self.mistake(&step.at, "it isn't said who calls", Some("write `as` with an identity".to_owned()));
            }
            if let (Some(at), true) = (node.get("remove"), setup.is_empty()) {
                self.mistake(place(at), "what isn't made can't be removed", Some("write `setup` as well".to_owned()));
            }
        }
        identity.setup = ReadStep::bare(&setup);
        identity.remove = ReadStep::bare(&remove);
        ReadIdentity { identity, setup, remove }
    }

    /// Captures of a fixture that an identity needs, also through those whose captures it uses and as whom it calls.
    fn needs_of(&mut self, name: &str, read: &BTreeMap<String, ReadIdentity>, above: &mut Vec<String>, at: &Mark) -> BTreeSet<String> {
        if above.iter().any(|other| other == name) {
            self.mistake(at, format!("identity `{name}` is needed to make itself"), None);
            return BTreeSet::new();
        }
        let Some(own) = read.get(name) else { return BTreeSet::new() };
        above.push(name.to_owned());
        let (captures, callers) = own.takes(read);
        let mut needs = BTreeSet::new();
        let mut others = callers;
        for capture in captures {
            match self.giver(&capture) {
                Some(giver) => {
                    others.insert(giver);
                }
                None => {
                    needs.insert(capture);
                }
            }
        }
        for other in others {
            needs.extend(self.needs_of(&other, read, above, at));
        }
        above.pop();
        needs
    }

    /// The identity whose setup gives a capture.
    pub(super) fn giver(&self, capture: &str) -> Option<String> {
        self.identities.iter().find(|(_, flow)| flow.gives.contains(capture)).map(|(name, _)| name.clone())
    }

    /// Its own captures are given before they are used, and before it calls.
    fn own_flow(&mut self, read: &ReadIdentity, all: &BTreeMap<String, ReadIdentity>) {
        let mut known = BTreeSet::new();
        let own = self.identities.get(&read.identity.name).map(|flow| flow.gives.clone()).unwrap_or_default();
        for step in read.setup.iter().chain(&read.remove) {
            for (name, at) in step.uses.iter().filter(|(name, _)| own.contains(name) && !known.contains(name)) {
                self.mistake(at, format!("`${name}` isn't given by any step before"), None);
            }
            let caller = step.step.identity.as_ref().and_then(|name| all.get(name)).map(|caller| &caller.identity);
            let early = caller.and_then(|caller| caller.needs.iter().find(|name| own.contains(*name) && !known.contains(*name)));
            if let (Some(caller), Some(name)) = (caller, early) {
                let message = format!("identity `{}` needs `${name}`, which isn't given yet", caller.name);
                self.mistake(&step.at, message, None);
            }
            known.extend(step.gives.iter().map(|(name, _)| name.clone()));
        }
    }
}
