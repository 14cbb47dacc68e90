//! The events of one policy and the states that they make, now and a little while ago.

use std::collections::VecDeque;

use super::limits;
use super::policy::{Change, State};
use super::store::{Date, Stamp};

/// The events of one policy. Old ones are folded, so a stream doesn't grow with its age.
#[derive(Debug)]
pub struct Stream {
    folded: State,
    tail: VecDeque<(Stamp, Change)>,
    current: State,
}

impl Stream {
    /// A stream that begins with a state.
    pub fn new(state: State) -> Self {
        Self { folded: state.clone(), tail: VecDeque::new(), current: state }
    }

    /// Adds an event.
    pub fn append(&mut self, stamp: Stamp, change: Change) {
        self.current.apply(stamp, &change);
        self.tail.push_back((stamp, change));
        while self.tail.len() > limits::TAIL {
            if let Some((stamp, change)) = self.tail.pop_front() {
                self.folded.apply(stamp, &change);
            }
        }
    }

    /// The state after all events.
    pub fn current(&self) -> &State {
        &self.current
    }

    /// The state now, or as it was at a date.
    pub fn at(&self, date: Option<Date>) -> State {
        let Some(date) = date else {
            return self.current.clone();
        };
        let mut state = self.folded.clone();
        for (stamp, change) in self.tail.iter().take_while(|(stamp, _)| stamp.date <= date) {
            state.apply(*stamp, change);
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::super::policy::Kind;
    use super::*;

    fn stamp(sequence: u64) -> Stamp {
        Stamp { sequence, date: Date(i64::try_from(sequence).unwrap() * 10) }
    }

    #[test]
    fn a_read_can_look_back() {
        let mut stream = Stream::new(State::inheriting(stamp(1)));
        stream.append(stamp(2), Change::Created(Box::default()));
        stream.append(stamp(3), Change::FactorAdded(Kind::Second, 1));
        let factors = |at| stream.at(at).custom.map(|policy| policy.settings.second_factors);
        assert_eq!(factors(None), Some(vec![1]));
        assert_eq!(factors(Some(Date(30))), Some(vec![1]));
        assert_eq!(factors(Some(Date(29))), Some(vec![]));
        assert_eq!(factors(Some(Date(19))), None);
    }

    #[test]
    fn a_stream_does_not_grow() {
        let mut stream = Stream::new(State::inheriting(stamp(1)));
        stream.append(stamp(2), Change::Created(Box::default()));
        for number in 3..500 {
            stream.append(stamp(number), Change::FactorAdded(Kind::Second, 1));
            stream.append(stamp(number), Change::FactorRemoved(Kind::Second, 1));
        }
        assert_eq!(stream.tail.len(), limits::TAIL);
        assert_eq!(stream.current.last, stream.at(Some(stream.current.last.date)).last);
    }
}
