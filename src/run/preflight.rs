//! Before anything is made: which transports are spoken, and whether the token is accepted.

use super::engine::Engine;
use super::step;
use crate::answer::Answer;
use crate::contract::status::Code;
use crate::plan::Selection;
use crate::record::event::{Event, ProbeEnded};
use crate::target::{Capabilities, Presence};
use crate::wire::{End, Exchange, Transport, Wire};

/// Why the target can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// No connection.
    #[error("the target can't be reached: {text}")]
    Unreachable {
        /// What the operating system or TLS said, with the likely cause.
        text: String,
    },
    /// The token is refused.
    #[error(
        "the target refuses the token ({seen}); it was revoked, has expired, or belongs to another instance; \
         give a valid one with --token-file FILE or TRIWIRE_TOKEN"
    )]
    TokenRefused {
        /// What was answered.
        seen: String,
    },
    /// Nobody answers as one of the claimed wires should.
    #[error("the target speaks none of the claimed wires: {text}; is this the address of the API, and is a path prefix missing?")]
    NoWire {
        /// What each probe saw.
        text: String,
    },
}

/// Probes every transport of the selection and says what was found.
pub(super) async fn preflight(engine: &Engine<'_>, selection: &Selection) -> Result<Capabilities, Unusable> {
    let transports: Vec<Transport> =
        Transport::ALL.into_iter().filter(|transport| selection.wires.is_empty() || selection.wires.contains(&transport.wire)).collect();
    let mut seen = Vec::new();
    let mut refused = None;
    for transport in transports {
        let call = match step::probe_call(engine, transport) {
            Ok(call) => call,
            Err(error) => return Err(Unusable::NoWire { text: format!("fault of the harness: {error}") }),
        };
        let done = match engine.exchange(call, false, true).await {
            Ok(done) => done,
            Err(error) => return Err(Unusable::NoWire { text: format!("fault of the harness: {error}") }),
        };
        if let End::NoConnection { text } = &done.raw.received.end
            && seen.iter().all(|(_, found, _)| matches!(found, Err(Seen::Unreachable(_))))
            && transport == Transport::ALL[0]
        {
            // The first probe speaks HTTP/1.1: where not even a connection comes about, no other transport is tried.
            if is_hopeless(text) {
                return Err(Unusable::Unreachable { text: text.clone() });
            }
        }
        let found = judge(&done.reading.answer, &done.raw.received.end);
        if let Err(Seen::Refused(text)) = &found {
            refused = Some(text.clone());
        }
        seen.push((transport, found, done.exchange));
        if engine.stop.is_requested() {
            break;
        }
    }
    let spoken = |wire: Wire| seen.iter().any(|(transport, found, _)| transport.wire == wire && found.is_ok());
    let mut capabilities = Capabilities::default();
    let live: Vec<Wire> = Wire::ALL.into_iter().filter(|wire| spoken(*wire)).collect();
    let texts: Vec<String> =
        seen.iter().filter_map(|(transport, found, _)| found.as_ref().err().map(|why| format!("{transport}: {}", why.text()))).collect();
    let all_unreachable = seen.iter().all(|(_, found, _)| matches!(found, Err(Seen::Unreachable(_))));
    for (transport, found, exchange) in seen {
        // Claimed unless said otherwise: json, grpc and grpc-web, each on at least one HTTP version.
        let claimed =
            engine.options.claimed.contains(&transport) || (transport.wire != Wire::GrpcWebText && !live.contains(&transport.wire));
        let presence = match found {
            Ok(()) => Presence::Live,
            Err(why) if claimed => Presence::Missing { text: engine.scrub(why.text()) },
            Err(why) => Presence::Absent { text: engine.scrub(why.text()) },
        };
        capabilities.transports.insert(transport.to_string(), (presence.clone(), exchange.id));
        // Who refuses a wire that isn't spoken needn't obey its rules.
        let bound = presence == Presence::Live || is_of(transport.wire, &exchange);
        let checks = if bound { engine.examine(&exchange) } else { Vec::new() };
        engine.emit(Event::ProbeEnded(ProbeEnded { transport, presence, claimed, exchange, checks })).await;
    }
    if live.is_empty() {
        return Err(match (refused, all_unreachable) {
            (Some(seen), _) => Unusable::TokenRefused { seen },
            (None, true) => Unusable::Unreachable { text: texts.first().cloned().unwrap_or_default() },
            (None, false) => Unusable::NoWire { text: texts.join("; ") },
        });
    }
    Ok(capabilities)
}

/// Whether an answer that couldn't be read, or was none to the probe, is meant to be one of the wire all the same.
fn is_of(wire: Wire, exchange: &Exchange) -> bool {
    let Some(head) = exchange.received.head().filter(|head| matches!(head.status, Some(200..=299))) else { return false };
    let label = head.first("content-type").unwrap_or_default().to_ascii_lowercase();
    match wire {
        Wire::Json => true,
        Wire::Grpc => label.starts_with("application/grpc"),
        Wire::GrpcWeb | Wire::GrpcWebText => label.starts_with("application/grpc-web"),
    }
}

/// Why a transport is not live.
enum Seen {
    Unreachable(String),
    Refused(String),
    NotSpoken(String),
}

impl Seen {
    fn text(&self) -> &str {
        match self {
            Self::Unreachable(text) | Self::Refused(text) | Self::NotSpoken(text) => text,
        }
    }
}

/// A transport is spoken where the answer has a code that a served operation gives.
fn judge(answer: &Answer, end: &End) -> Result<(), Seen> {
    match answer {
        Answer::None { text, .. } if matches!(end, End::NoConnection { .. }) => Err(Seen::Unreachable(text.clone())),
        Answer::None { text, .. } | Answer::Unreadable { text, .. } => Err(Seen::NotSpoken(text.clone())),
        Answer::Status(answered) => match answered.code {
            Some(Code::Ok) => Ok(()),
            Some(Code::Unauthenticated) => {
                let text = answered.error.as_ref().map(|error| error.message.clone()).unwrap_or_default();
                Err(Seen::Refused(format!("UNAUTHENTICATED: {text}")))
            }
            Some(Code::Unimplemented) => Err(Seen::NotSpoken("the operation of the probe is UNIMPLEMENTED".to_owned())),
            Some(code) => Err(Seen::NotSpoken(format!("the probe was answered with {}", code.name()))),
            None => Err(Seen::NotSpoken(format!("HTTP status {} without an error object", answered.http_status))),
        },
    }
}

/// Texts of the connector that no other transport would change.
fn is_hopeless(text: &str) -> bool {
    ["refused", "resolve", "unreachable", "timed out", "certificate"].iter().any(|word| text.contains(word))
}
