//! Failures grouped by root cause: what is printed once with a count.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::Rules;
use crate::contract::requirement::Level;
use crate::judge::{Judgement, Verdict, Violation};
use crate::wire::Transport;

/// A target that invents places (member names, say) must not make the summary grow; what is beyond is counted.
const MOST: usize = 500;

/// The result that a failure belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its id.
    pub id: String,
    /// `suite::case`; `None` for a passive result.
    pub case: Option<String>,
    /// The variant.
    pub variant: Option<String>,
    /// Which repetition, from 1.
    pub repeat: u32,
    /// Where it was seen: transports, or the wire of a passive result.
    pub transports: Vec<String>,
}

/// One root cause with its first evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The requirements that it violates.
    pub requirements: Vec<String>,
    /// The strictest level among them.
    pub level: Level,
    /// The stable word.
    pub kind: String,
    /// All that would have been right; first evidence, as are the following.
    pub expected: String,
    /// What was there.
    pub actual: String,
    /// Where it differs.
    pub place: String,
    /// The exchange that shows it.
    pub exchange: Option<u64>,
    /// The result in which it was seen first.
    pub first: Origin,
    /// Results that it made fail.
    pub count: u64,
    /// Transports (or wires) on which it was seen.
    pub seen_on: BTreeSet<String>,
}

/// Requirements, kind, and place without values in it.
type Key = (Vec<String>, String, String);

/// Exchange, kind, place and what was there.
type Shown = (u64, String, String, String);

/// All root causes in the order in which they were first seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roots {
    all: Vec<Root>,
    index: BTreeMap<Key, usize>,
    /// The same difference in the same exchange is one cause, whichever checks and trials speak of it.
    shown: BTreeMap<Shown, usize>,
    /// Failures that belong to none of them, for there are too many.
    pub beyond: u64,
}

impl Roots {
    /// All root causes, the strictest level first.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Root> {
        let mut all: Vec<&Root> = self.all.iter().collect();
        all.sort_by_key(|root| root.level);
        all
    }

    /// Whether nothing failed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The root causes that a failed result belongs to.
    #[must_use]
    pub fn of(&self, judgement: &Judgement) -> Vec<&Root> {
        causes(judgement).iter().filter_map(|cause| self.all.get(*self.index.get(&cause.key())?)).collect()
    }

    pub(super) fn add(&mut self, rules: &Rules, origin: &Origin, judgement: &Judgement) {
        for cause in causes(judgement) {
            let key = cause.key();
            let shown =
                cause.shown.exchange.map(|id| (id, cause.shown.kind.clone(), cause.shown.place.clone(), cause.shown.actual.clone()));
            let known = self.index.get(&key).or_else(|| self.shown.get(shown.as_ref()?)).copied();
            if let Some((index, root)) = known.and_then(|index| Some((index, self.all.get_mut(index)?))) {
                root.count += 1;
                root.seen_on.extend(origin.transports.iter().cloned());
                for id in cause.requirements {
                    if !root.requirements.contains(&id) {
                        root.level = root.level.min(rules.level(&id));
                        root.requirements.push(id);
                    }
                }
                self.index.entry(key).or_insert(index);
                continue;
            }
            if self.all.len() >= MOST {
                self.beyond += 1;
                continue;
            }
            self.index.insert(key, self.all.len());
            self.shown.extend(shown.map(|shown| (shown, self.all.len())));
            self.all.push(Root {
                level: rules.strictest(cause.requirements.iter().map(String::as_str)),
                requirements: cause.requirements,
                kind: cause.shown.kind,
                expected: cause.shown.expected,
                actual: cause.shown.actual,
                place: cause.shown.place,
                exchange: cause.shown.exchange,
                first: origin.clone(),
                count: 1,
                seen_on: origin.transports.iter().cloned().collect(),
            });
        }
    }
}

/// What one result shows: violations of several requirements by the same difference are one cause.
struct Cause {
    requirements: Vec<String>,
    shown: Violation,
}

impl Cause {
    fn key(&self) -> Key {
        (self.requirements.clone(), self.shown.kind.clone(), general(&self.shown.place))
    }
}

fn causes(judgement: &Judgement) -> Vec<Cause> {
    if judgement.verdict != Verdict::Fail {
        return Vec::new();
    }
    let mut all: Vec<Cause> = Vec::new();
    for violation in &judgement.violated {
        let same = |cause: &&mut Cause| {
            let shown = &cause.shown;
            (&shown.kind, &shown.place, &shown.actual, shown.exchange)
                == (&violation.kind, &violation.place, &violation.actual, violation.exchange)
        };
        match all.iter_mut().find(same) {
            Some(cause) => cause.requirements.push(violation.requirement.clone()),
            None => all.push(Cause { requirements: vec![violation.requirement.clone()], shown: violation.clone() }),
        }
    }
    if all.is_empty() {
        // A failure that names no violation is shown for what it is rather than lost.
        let shown = Violation {
            requirement: String::new(),
            kind: "failed".to_owned(),
            expected: "a verdict with what was violated".to_owned(),
            actual: judgement.reason.clone().unwrap_or_default(),
            place: String::new(),
            exchange: None,
        };
        all.push(Cause { requirements: judgement.requirements.clone(), shown });
    }
    for cause in &mut all {
        cause.requirements.sort();
        cause.requirements.dedup();
    }
    all
}

/// A place with every number in it replaced: the third element of a list is no other place than the first.
fn general(place: &str) -> String {
    let mut text = String::with_capacity(place.len());
    for c in place.chars() {
        if !c.is_ascii_digit() {
            text.push(c);
        } else if !text.ends_with('#') {
            text.push('#');
        }
    }
    text
}

/// Names of transports.
pub(super) fn names(transports: &[Transport]) -> Vec<String> {
    transports.iter().map(ToString::to_string).collect()
}
