//! The way through a trial's script. Run and judge go it alike: which act comes next follows from the script and from the exchanges alone.

use std::slice;

use crate::case::{Act, Alternative, Captures, Duty};

/// Goes through the acts of a script; what a taken alternative brings comes next.
#[derive(Debug, Clone)]
pub struct Walk<'a> {
    /// What lies ahead, the nearest last.
    ahead: Vec<slice::Iter<'a, Act>>,
    count: usize,
    before: Option<Duty>,
}

impl<'a> Walk<'a> {
    /// Stands before the first act.
    #[must_use]
    pub fn new(acts: &'a [Act]) -> Self {
        Self { ahead: vec![acts.iter()], count: 0, before: None }
    }

    /// The next act with its number, from 0.
    ///
    /// The capture `round` is another number for each time that the start state is made, also between control and defective call.
    pub fn next(&mut self, captures: &mut Captures) -> Option<(usize, &'a Act)> {
        let act = loop {
            match self.ahead.last_mut()?.next() {
                Some(act) => break act,
                None => {
                    self.ahead.pop();
                }
            }
        };
        if act.duty == Duty::Reset && self.before != Some(Duty::Reset) {
            next_round(captures);
        }
        self.before = Some(act.duty);
        let number = self.count;
        self.count += 1;
        Some((number, act))
    }

    /// What these alternatives bring comes next, in their order; nothing does where one says that the case isn't applicable. Gives what it says.
    pub fn follow(&mut self, chosen: &[&'a Alternative]) -> Option<&'a str> {
        let not_applicable = chosen.iter().find_map(|alternative| alternative.not_applicable.as_deref());
        if not_applicable.is_some() {
            self.ahead.clear();
        }
        self.ahead.extend(chosen.iter().rev().map(|alternative| alternative.then.iter()));
        not_applicable
    }
}

fn next_round(captures: &mut Captures) {
    if let Some(round) = captures.get("round").and_then(|round| round.as_str()?.parse::<u64>().ok()) {
        captures.insert("round".to_owned(), (round + 1).to_string().into());
    }
}
