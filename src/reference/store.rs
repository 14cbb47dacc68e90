//! One instance: its organizations, their policies and the stamps of all events. Everything that an answer says about sequence, dates and
//! owner comes from here.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use super::auth::User;
use super::directory::{Organization, Token, domain};
use super::limits;
use super::policy::{Change, State};
use super::random::Random;
use super::refusal::Refusal;
use super::stream::Stream;

/// Microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Date(pub i64);

impl Date {
    /// The time of the system.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

impl From<Date> for prost_types::Timestamp {
    fn from(date: Date) -> Self {
        let nanos = date.0.rem_euclid(1_000_000) * 1_000;
        Self { seconds: date.0.div_euclid(1_000_000), nanos: i32::try_from(nanos).unwrap_or_default() }
    }
}

/// When and as which one of the instance an event happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp {
    /// Larger than that of each earlier event of the instance.
    pub sequence: u64,
    /// Later than that of each earlier event.
    pub date: Date,
}

/// Whose policy a call reads or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// What organizations without a policy of their own inherit.
    Default,
    /// The organization with this id.
    Organization(&'a str),
}

/// One instance. Not printable: it holds tokens.
pub struct Store {
    /// The id of the instance; it owns the default policy.
    pub instance: String,
    /// The organization in which the instance's administrator is at home; it can't be removed.
    pub home: String,
    /// By id.
    pub users: HashMap<String, User>,
    /// By the secret.
    pub tokens: HashMap<String, Token>,
    pub(super) organizations: HashMap<String, Organization>,
    default: Stream,
    last: Stamp,
    last_id: u64,
    pub(super) random: Random,
}

impl Store {
    /// A new instance with one organization.
    pub fn new(mut random: Random) -> Self {
        let mut store = Self {
            instance: String::new(),
            home: String::new(),
            users: HashMap::new(),
            tokens: HashMap::new(),
            organizations: HashMap::new(),
            default: Stream::new(State::inheriting(Stamp::default())),
            last: Stamp::default(),
            last_id: 100_000_000_000_000_000 + random.below(800_000_000_000_000_000),
            random,
        };
        store.instance = store.new_id();
        store.default = Stream::new(State::of_instance(store.stamp()));
        store.home = store.new_id();
        let stamp = store.stamp();
        let home = Organization::new("Triwire".into(), domain("Triwire", &store.home), stamp);
        store.organizations.insert(store.home.clone(), home);
        store
    }

    /// An id that none had before: 18 digits, ascending, not consecutive.
    pub fn new_id(&mut self) -> String {
        self.last_id += 1 + self.random.below(1 << 16);
        self.last_id.to_string()
    }

    /// Whether there is such an organization.
    pub fn has_organization(&self, id: &str) -> bool {
        self.organizations.contains_key(id)
    }

    /// The organization of this id.
    pub fn organization(&self, id: &str) -> Option<&Organization> {
        self.organizations.get(id)
    }

    /// The organization of this domain, with its id; domains compare without case.
    pub fn organization_of(&self, domain: &str) -> Option<(&str, &Organization)> {
        let found = self.organizations.iter().find(|(_, organization)| organization.domain.eq_ignore_ascii_case(domain));
        found.map(|(id, organization)| (id.as_str(), organization))
    }

    /// Adds an organization; none if there are too many.
    pub fn add_organization(&mut self, name: &str) -> Option<Result<(String, Stamp), Refusal>> {
        if self.organizations.len() >= limits::ORGANIZATIONS {
            return None;
        }
        if self.organizations.values().any(|organization| organization.name == name) {
            return Some(Err(Refusal::OrganizationExists));
        }
        let id = self.new_id();
        let stamp = self.stamp();
        let mut domain = domain(name, &id);
        if self.organization_of(&domain).is_some() {
            domain = format!("{id}.{domain}");
        }
        self.organizations.insert(id.clone(), Organization::new(name.to_owned(), domain, stamp));
        Some(Ok((id, stamp)))
    }

    /// Takes an organization out of use.
    pub fn deactivate_organization(&mut self, id: &str) -> Option<Result<Stamp, Refusal>> {
        if !self.organizations.get(id)?.active {
            return Some(Err(Refusal::OrganizationInactive));
        }
        let stamp = self.stamp();
        let organization = self.organizations.get_mut(id)?;
        organization.active = false;
        organization.changed = stamp;
        Some(Ok(stamp))
    }

    /// Removes an organization with its users and their tokens. Its id is never used again.
    pub fn remove_organization(&mut self, id: &str) -> Option<Stamp> {
        self.organizations.remove(id)?;
        self.users.retain(|_, user| user.home != id);
        let users = &self.users;
        self.tokens.retain(|_, token| users.contains_key(&token.user));
        for user in self.users.values_mut() {
            user.memberships.remove(id);
        }
        Some(self.stamp())
    }

    /// The state of a policy, now or as it was at a date.
    pub fn policy(&self, scope: Scope<'_>, as_of: Option<Date>) -> Option<State> {
        Some(self.stream(scope)?.at(as_of))
    }

    /// Decides on a command and stores what follows from it, in one step: nothing can come between.
    pub fn change<E>(&mut self, scope: Scope<'_>, decide: impl FnOnce(&State) -> Result<Change, E>) -> Option<Result<Stamp, E>> {
        let change = match decide(self.stream(scope)?.current()) {
            Ok(change) => change,
            Err(refusal) => return Some(Err(refusal)),
        };
        let stamp = self.stamp();
        let stream = match scope {
            Scope::Default => &mut self.default,
            Scope::Organization(id) => &mut self.organizations.get_mut(id)?.policy,
        };
        stream.append(stamp, change);
        Some(Ok(stamp))
    }

    fn stream(&self, scope: Scope<'_>) -> Option<&Stream> {
        match scope {
            Scope::Default => Some(&self.default),
            Scope::Organization(id) => self.organizations.get(id).map(|organization| &organization.policy),
        }
    }

    /// The stamp of the next event. Dates have microseconds; now and then they end in zeros, so that a printer that drops trailing zeros
    /// is seen in every run and not once in ten.
    pub(super) fn stamp(&mut self) -> Stamp {
        let sequence = self.last.sequence + 1;
        let date = Date::now().0.max(self.last.date.0 + 1);
        let step = match sequence % 7 {
            2 => 10,
            5 => 1_000,
            _ => 1,
        };
        self.last = Stamp { sequence, date: Date(date.div_euclid(step) * step + if date % step == 0 { 0 } else { step }) };
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::super::policy::Kind;
    use super::*;

    #[test]
    fn stamps_ascend_and_some_end_in_zeros() {
        let mut store = Store::new(Random::new());
        let stamps: Vec<_> = (0..48).map(|_| store.stamp()).collect();
        assert!(stamps.windows(2).all(|two| { two[0].sequence < two[1].sequence && two[0].date < two[1].date }));
        assert!(stamps.iter().any(|stamp| stamp.date.0 % 1_000 == 0));
        assert!(stamps.iter().any(|stamp| stamp.date.0 % 10 == 0 && stamp.date.0 % 1_000 != 0));
    }

    #[test]
    fn policies_are_apart() {
        let mut store = Store::new(Random::new());
        let (one, _) = store.add_organization("one").unwrap().unwrap();
        let (two, _) = store.add_organization("two").unwrap().unwrap();
        assert_eq!(store.add_organization("two").unwrap().unwrap_err(), Refusal::OrganizationExists);
        for id in [&one, &two] {
            store.change(Scope::Organization(id), |state| state.create(Default::default())).unwrap().unwrap();
        }
        store.change(Scope::Organization(&one), |state| state.add_factor(Kind::Second, 1)).unwrap().unwrap();
        store.change(Scope::Default, |state| state.remove_factor(Kind::Second, 2)).unwrap().unwrap();
        let factors = |scope| store.policy(scope, None).unwrap().custom.unwrap().settings.second_factors;
        assert_eq!(factors(Scope::Organization(&one)), [1]);
        assert!(factors(Scope::Organization(&two)).is_empty());
        assert_eq!(factors(Scope::Default), [1]);
    }

    #[test]
    fn domains_find_organizations() {
        let mut store = Store::new(Random::new());
        let (one, _) = store.add_organization("A b").unwrap().unwrap();
        let (two, _) = store.add_organization("a-b").unwrap().unwrap();
        assert_eq!(store.organization_of("A-B.localhost").unwrap().0, one);
        let domain = store.organization(&two).unwrap().domain.clone();
        assert_eq!(store.organization_of(&domain).unwrap().0, two);
        assert!(store.organization_of("c.localhost").is_none());
        assert!(store.deactivate_organization(&one).unwrap().is_ok());
        assert_eq!(store.deactivate_organization(&one).unwrap(), Err(Refusal::OrganizationInactive));
        store.remove_organization(&one).unwrap();
        assert!(store.deactivate_organization(&one).is_none());
    }
}
