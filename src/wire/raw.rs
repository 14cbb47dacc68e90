//! Scripts over a connection of HTTP/1.1: octets as they are, pauses, and the end of the request before the response.

use std::time::Duration;

use super::body::Collector;
use super::h1_head::{head_length, read_fields};
use super::{Intent, Sent, Transport};
use crate::target::{Endpoint, Timeouts};

/// How long a script waits for a head, and for the next octet.
const PATIENCE: Duration = Duration::from_secs(10);

/// A step of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Sends these octets.
    Send(Vec<u8>),
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
    fn octets(&self) -> Vec<u8> {
        let sent = self.actions.iter().filter_map(|action| match action {
            Action::Send(octets) => Some(octets.as_slice()),
            Action::HalfClose | Action::Wait(_) | Action::AwaitHead => None,
        });
        sent.collect::<Vec<_>>().concat()
    }

    /// The request as far as its octets are one: what can't be read as a head is content.
    #[must_use]
    pub fn sent(&self, endpoint: &Endpoint) -> Sent {
        let octets = self.octets();
        let head = head_length(&octets, 0).unwrap_or(0);
        let (head, content) = octets.split_at(head);
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
            content: Collector::of(content),
            raw: true,
        }
    }

    /// Whether the request is a HEAD: then the response has no content.
    pub(super) fn is_head(&self) -> bool {
        self.octets().starts_with(b"HEAD ")
    }
}

/// The deadlines of a script: it waits for what may never come, so not as long as a call.
pub(super) fn patient(timeouts: &Timeouts) -> Timeouts {
    Timeouts { head: timeouts.head.min(PATIENCE), idle: timeouts.idle.min(PATIENCE), ..*timeouts }
}
