//! Instants with the precision in which they were printed.

use std::cmp::Ordering;

/// An RFC 3339 instant, in nano-seconds, with the number of digits of its fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instant {
    nanos: i128,
    digits: u32,
}

impl Instant {
    /// Only for comparing: whether a text is a well-formed date-time is judged by the schema.
    pub fn parse(text: &str) -> Option<Self> {
        let nanos = text.parse::<jiff::Timestamp>().ok()?.as_nanosecond();
        let fraction = text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
        Some(Self { nanos, digits: u32::try_from(fraction).unwrap_or(9).min(9) })
    }

    pub fn plus(self, millis: i64) -> Self {
        Self { nanos: self.nanos + i128::from(millis) * 1_000_000, ..self }
    }

    pub fn exact_order(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }

    /// At the coarser of the two precisions.
    pub fn order(&self, other: &Self) -> Ordering {
        let unit = 10_i128.pow(9 - self.digits.min(other.digits));
        self.nanos.div_euclid(unit).cmp(&other.nanos.div_euclid(unit))
    }
}
