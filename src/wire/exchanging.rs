//! What HTTP/1.1 and HTTP/2 have in common while an exchange goes on.

use std::time::Duration;

use tokio::time::Instant;

use super::body::Sink;
use super::{End, Field, Frame, Framing, Head, Phase, Received};
use crate::target::Timeouts;

/// Deadlines of one exchange.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    head: Instant,
    whole: Instant,
    idle: Duration,
}

impl Deadlines {
    /// For an exchange that began then and has a connection now.
    pub(super) fn new(timeouts: &Timeouts, began: Instant) -> Self {
        Self { head: Instant::now() + timeouts.head, whole: began + timeouts.whole, idle: timeouts.idle }
    }

    /// When waiting for the final head ends, and what to say then.
    pub(super) fn for_head(&self) -> (Instant, Phase) {
        earlier((self.head, Phase::Head), self.whole)
    }

    /// When waiting for the next octet ends, if the last one came then.
    pub(super) fn for_content(&self, last: Instant) -> (Instant, Phase) {
        earlier((last + self.idle, Phase::Content), self.whole)
    }
}

fn earlier(own: (Instant, Phase), whole: Instant) -> (Instant, Phase) {
    if own.0 <= whole { own } else { (whole, Phase::Whole) }
}

/// A response on its way in; whatever stops it, what has come is kept.
#[derive(Default)]
pub(super) struct Arriving {
    pub(super) heads: Vec<Head>,
    pub(super) sink: Option<Sink>,
    pub(super) trailers: Option<Vec<Field>>,
    pub(super) frames: Option<Vec<Frame>>,
    pub(super) framing: Option<Framing>,
    /// When the final head was there.
    pub(super) head_at: Option<Instant>,
    /// Something that is wrong but did not stop the reading.
    pub(super) flaw: Option<String>,
    /// Whether any octet of a response was seen.
    pub(super) touched: bool,
}

/// What an exchange on a connection came to.
pub(super) struct Outcome {
    pub(super) received: Received,
    pub(super) head_at: Option<Instant>,
    /// The connection may carry another exchange.
    pub(super) reusable: bool,
    /// Whether the call may be sent again.
    pub(super) again: Again,
}

/// Whether a call may be sent again on a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// No.
    Never,
    /// If the connection was a reused one: it was closed before any octet of a response came, as servers close idle connections.
    IfReused,
    /// The server said that it did not process the call (RFC 9113, 8.7).
    Refused,
}

impl Arriving {
    /// Closes the books.
    pub(super) fn finish(self, end: End) -> (Received, Option<Instant>) {
        // A message that breaks the grammar is malformed even if its end could be found.
        let end = match (end, self.flaw) {
            (End::Complete, Some(text)) => End::Malformed { text },
            (end, _) => end,
        };
        let (content, undone_coding) = self.sink.map(Sink::finish).unwrap_or_default();
        let received = Received {
            heads: self.heads,
            content,
            undone_coding,
            trailers: self.trailers,
            frames: self.frames,
            framing: self.framing,
            end,
        };
        (received, self.head_at)
    }
}

/// The status of a final head: not 1xx. A block without status is taken as final, for nothing better can follow.
pub(super) const fn is_final(status: Option<u16>) -> bool {
    !matches!(status, Some(100..=199))
}
