//! Scripts over a connection of HTTP/1.1: octets as they are, pauses, and the end of the request before the response.

use std::time::Duration;

use super::body::Collector;
use super::h1_head::{head_length, read_fields};
use super::{Body, Intent, Sent, Transport};
use crate::target::{Endpoint, Timeouts};

/// How long a script waits for a head, and for the next octet.
const PATIENCE: Duration = Duration::from_secs(10);

/// A step of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Sends these octets.
    Send(Vec<u8>),
    /// Sends these octets again and again.
    Repeat {
        /// What.
        octets: Vec<u8>,
        /// How often.
        times: u64,
    },
    /// Sends nothing more; the response is still read.
    HalfClose,
    /// Pauses.
    Wait(Duration),
    /// Goes on when a head has come, an informational one or the final one.
    AwaitHead,
}

/// What is sent over a connection, octet for octet; then one response is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The transport; its HTTP version is 1.1.
    pub transport: Transport,
    /// In order.
    pub actions: Vec<Action>,
    /// What the engine knows of it.
    pub intent: Intent,
}

impl Script {
    fn first_octets(&self) -> Vec<u8> {
        let sent = self.actions.iter().map_while(|action| match action {
            Action::Send(octets) => Some(octets.as_slice()),
            _ => None,
        });
        sent.collect::<Vec<_>>().concat()
    }

    /// The request as far as its octets are one: what can't be read as a head is content.
    #[must_use]
    pub fn sent(&self, endpoint: &Endpoint) -> Sent {
        let octets = self.first_octets();
        let head = head_length(&octets, 0).unwrap_or(0);
        let head = &octets[..head];
        let line_end = head.iter().position(|octet| *octet == b'\n').map_or(head.len(), |at| at + 1);
        let (line, fields) = head.split_at(line_end);
        let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (verb, path) = (word(), word());
        Sent {
            verb,
            scheme: endpoint.scheme().to_owned(),
            authority: endpoint.authority(),
            path,
            fields: read_fields(fields, &mut None),
            content: self.content(head.len()),
            raw: true,
        }
    }

    /// What is sent behind the head. It may be much, so it is never put together.
    fn content(&self, head: usize) -> Body {
        let mut content = Collector::new(u64::MAX);
        let mut skip = head;
        for action in &self.actions {
            let (octets, times) = match action {
                Action::Send(octets) => (octets.as_slice(), 1),
                Action::Repeat { octets, times } => (octets.as_slice(), *times),
                Action::HalfClose | Action::Wait(_) | Action::AwaitHead => continue,
            };
            let skipped = skip.min(octets.len());
            skip -= skipped;
            blocks(&octets[skipped..], times, |block| {
                content.push(block);
            });
        }
        content.finish()
    }

    /// Whether the request is a HEAD: then the response has no content.
    pub(super) fn is_head(&self) -> bool {
        self.first_octets().starts_with(b"HEAD ")
    }
}

/// Octets that are sent at a time where they are sent again and again.
const BLOCK: usize = 64 * 1024;

/// A block that holds the octets several times, and how often they fit into it.
pub(super) fn block(octets: &[u8], times: u64) -> (Vec<u8>, u64) {
    let fits = (BLOCK / octets.len().max(1)).max(1) as u64;
    let often = fits.min(times).max(1);
    (octets.repeat(usize::try_from(often).unwrap_or(1)), often)
}

fn blocks(octets: &[u8], times: u64, mut take: impl FnMut(&[u8])) {
    let (block, often) = block(octets, times);
    let mut left = times;
    while left > 0 {
        let now = left.min(often);
        take(&block[..octets.len() * usize::try_from(now).unwrap_or(0)]);
        left -= now;
    }
}

/// The deadlines of a script: it waits for what may never come, so not as long as a call, unless it has much to send.
pub(super) fn patient(timeouts: &Timeouts, script: &Script) -> Timeouts {
    if script.actions.iter().any(|action| matches!(action, Action::Repeat { .. })) {
        return *timeouts;
    }
    // While the script pauses nobody keeps it waiting.
    let pauses: Duration = script.actions.iter().map(|action| if let Action::Wait(pause) = action { *pause } else { Duration::ZERO }).sum();
    let Timeouts { head, whole, .. } = impatient(timeouts);
    Timeouts { head: head + pauses, whole: whole + pauses, ..impatient(timeouts) }
}

/// Deadlines for what may never come.
pub(super) fn impatient(timeouts: &Timeouts) -> Timeouts {
    Timeouts { head: timeouts.head.min(PATIENCE), idle: timeouts.idle.min(PATIENCE), ..*timeouts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{HttpVersion, Role, Wire};

    fn sent(actions: Vec<Action>) -> Sent {
        let intent = Intent { role: Role::Trial, rpc: None, defect: None, area: None, profile: None };
        let script = Script { transport: Transport::new(Wire::Json, HttpVersion::H1), actions, intent };
        script.sent(&Endpoint::parse("http://127.0.0.1:9").unwrap())
    }

    #[test]
    fn much_content_is_counted_and_hashed_like_content_in_one_piece() {
        let head = || Action::Send(b"POST /a HTTP/1.1\r\nHost: x\r\n\r\n<".to_vec());
        let often = sent(vec![head(), Action::Repeat { octets: b"abc".to_vec(), times: 200_000 }, Action::Send(b">".to_vec())]);
        let at_once = sent(vec![head(), Action::Send("abc".repeat(200_000).into_bytes()), Action::Send(b">".to_vec())]);
        assert_eq!((often.verb.as_str(), often.path.as_str(), often.fields.len()), ("POST", "/a", 1));
        assert_eq!(often.content.length, 600_002);
        assert_eq!((&often.content.sha256, &often.content.kept), (&at_once.content.sha256, &at_once.content.kept));
    }

    #[test]
    fn what_never_becomes_a_head_is_content() {
        let sent = sent(vec![Action::Send(b"GET / HTTP/1.1\r\nx: ".to_vec()), Action::Repeat { octets: b"a".to_vec(), times: 3 }]);
        assert_eq!((sent.verb.as_str(), sent.content.length), ("", 22));
    }
}
