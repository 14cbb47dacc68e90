//! The events of one instance and what they make of it. Everything that an answer says about sequence, dates and owner comes from here.

use std::collections::{HashMap, VecDeque};
use std::time::{SystemTime, UNIX_EPOCH};

use super::auth::User;
use super::limits;
use super::policy::{Change, Policy, State};
use super::random::Random;

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

/// The events of one organization's policy. Old ones are folded, so a stream doesn't grow with its age.
#[derive(Debug)]
struct Stream {
    folded: State,
    tail: VecDeque<(Stamp, Change)>,
    current: State,
}

impl Stream {
    fn new(since: Stamp) -> Self {
        Self { folded: State::inheriting(since), tail: VecDeque::new(), current: State::inheriting(since) }
    }

    fn append(&mut self, stamp: Stamp, change: Change) {
        self.current.apply(stamp, &change);
        self.tail.push_back((stamp, change));
        while self.tail.len() > limits::TAIL {
            if let Some((stamp, change)) = self.tail.pop_front() {
                self.folded.apply(stamp, &change);
            }
        }
    }

    fn as_of(&self, date: Date) -> State {
        let mut state = self.folded.clone();
        for (stamp, change) in self.tail.iter().take_while(|(stamp, _)| stamp.date <= date) {
            state.apply(*stamp, change);
        }
        state
    }
}

/// One instance. Not printable: it holds tokens.
pub struct Store {
    /// The id of the instance; it owns the default policy.
    pub instance: String,
    /// The organization in which the instance's administrator is at home; it can't be removed.
    pub home: String,
    /// The policy that organizations inherit.
    pub default: Policy,
    /// By id.
    pub users: HashMap<String, User>,
    /// From token to the id of its user.
    pub tokens: HashMap<String, String>,
    organizations: HashMap<String, Stream>,
    last: Stamp,
    last_id: u64,
    random: Random,
}

impl Store {
    /// A new instance with one organization.
    pub fn new(mut random: Random) -> Self {
        let mut store = Self {
            instance: String::new(),
            home: String::new(),
            default: Policy::default_of_instance(Stamp::default()),
            users: HashMap::new(),
            tokens: HashMap::new(),
            organizations: HashMap::new(),
            last: Stamp::default(),
            last_id: 100_000_000_000_000_000 + random.below(800_000_000_000_000_000),
            random,
        };
        store.instance = store.new_id();
        let stamp = store.stamp();
        store.default = Policy::default_of_instance(stamp);
        store.home = store.new_id();
        let stamp = store.stamp();
        store.organizations.insert(store.home.clone(), Stream::new(stamp));
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

    /// Adds an organization, unless there are too many.
    pub fn add_organization(&mut self) -> Option<(String, Stamp)> {
        if self.organizations.len() >= limits::ORGANIZATIONS {
            return None;
        }
        let id = self.new_id();
        let stamp = self.stamp();
        self.organizations.insert(id.clone(), Stream::new(stamp));
        Some((id, stamp))
    }

    /// Removes an organization with its users and their tokens. Its id is never used again.
    pub fn remove_organization(&mut self, id: &str) -> Option<Stamp> {
        self.organizations.remove(id)?;
        self.users.retain(|_, user| user.home != id);
        let users = &self.users;
        self.tokens.retain(|_, user| users.contains_key(user));
        for user in self.users.values_mut() {
            user.memberships.remove(id);
        }
        Some(self.stamp())
    }

    /// The state of an organization's policy, now or as it was at a date.
    pub fn policy(&self, organization: &str, as_of: Option<Date>) -> Option<State> {
        let stream = self.organizations.get(organization)?;
        Some(match as_of {
            Some(date) => stream.as_of(date),
            None => stream.current.clone(),
        })
    }

    /// Decides on a command and stores what follows from it, in one step: nothing can come between.
    pub fn change<E>(&mut self, organization: &str, decide: impl FnOnce(&State) -> Result<Change, E>) -> Option<Result<Stamp, E>> {
        let stream = self.organizations.get(organization)?;
        let change = match decide(&stream.current) {
            Ok(change) => change,
            Err(refusal) => return Some(Err(refusal)),
        };
        let stamp = self.stamp();
        let stream = self.organizations.get_mut(organization)?;
        stream.append(stamp, change);
        Some(Ok(stamp))
    }

    /// The stamp of the next event. Dates have microseconds; now and then they end in zeros, so that a printer that drops trailing zeros
    /// is seen in every run and not once in ten.
    fn stamp(&mut self) -> Stamp {
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
    use super::*;
    use crate::reference::failure::Refusal;

    fn change(store: &mut Store, change: Change) -> Stamp {
        let home = store.home.clone();
        store.change(&home, |_| Ok::<_, Refusal>(change)).unwrap().unwrap()
    }

    #[test]
    fn stamps_ascend_and_some_end_in_zeros() {
        let mut store = Store::new(Random::new());
        let stamps: Vec<_> = (0..48).map(|_| store.stamp()).collect();
        assert!(stamps.windows(2).all(|two| { two[0].sequence < two[1].sequence && two[0].date < two[1].date }));
        assert!(stamps.iter().any(|stamp| stamp.date.0 % 1_000 == 0));
        assert!(stamps.iter().any(|stamp| stamp.date.0 % 10 == 0 && stamp.date.0 % 1_000 != 0));
    }

    #[test]
    fn a_read_can_look_back() {
        let mut store = Store::new(Random::new());
        let home = store.home.clone();
        let created = change(&mut store, Change::Created(Box::default()));
        let added = change(&mut store, Change::SecondFactorAdded(1));
        let factors = |as_of| {
            let state = store.policy(&home, as_of).unwrap();
            state.custom.map(|policy| policy.settings.second_factors)
        };
        assert_eq!(factors(None), Some(vec![1]));
        assert_eq!(factors(Some(added.date)), Some(vec![1]));
        assert_eq!(factors(Some(created.date)), Some(vec![]));
        assert_eq!(factors(Some(Date(created.date.0 - 1))), None);
    }

    #[test]
    fn a_stream_does_not_grow() {
        let mut store = Store::new(Random::new());
        change(&mut store, Change::Created(Box::default()));
        for _ in 0..500 {
            change(&mut store, Change::SecondFactorAdded(1));
            change(&mut store, Change::SecondFactorRemoved(1));
        }
        let stream = &store.organizations[&store.home];
        assert_eq!(stream.tail.len(), limits::TAIL);
        assert_eq!(stream.current.last, stream.as_of(stream.current.last.date).last);
    }
}
