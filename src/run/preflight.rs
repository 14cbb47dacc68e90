//! Before anything is made: which transports are spoken, and whether the token is accepted.

use std::sync::{Mutex, PoisonError};

use super::engine::Engine;
use super::step::Request;
use super::{fixture, futures_join, step};
use crate::answer::{self, Answer};
use crate::contract::status::Code;
use crate::judge;
use crate::plan::Selection;
use crate::record::event::{Event, ProbeEnded};
use crate::target::{Capabilities, Presence};
use crate::wire::{End, Exchange, On, Phase, Role, Transport, Wire};

/// Why the target can't be used: the likely cause and the next step.
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
        "the target refuses the token ({seen}): it was revoked, has expired, lacks the role of an administrator, or belongs to another \
         instance; give a valid one with --token-file FILE or TRIWIRE_TOKEN"
    )]
    TokenRefused {
        /// What was answered.
        seen: String,
    },
    /// Nothing that a run needs can be made at the address beside the target.
    #[error("the address for set-up (--setup-url) can't be used: {text}; is it the address of the API of the same instance?")]
    Beside {
        /// What the probes saw.
        text: String,
    },
    /// Nobody answers as one of the claimed wires should.
    #[error("the target speaks none of the claimed wires: {text}{}", next_step(text))]
    NoWire {
        /// What the probes saw, transports that saw the same together.
        text: String,
    },
}

fn next_step(text: &str) -> &'static str {
    if text.contains("https://") || text.contains("client certificate") {
        ""
    } else if text.contains("time ran out") {
        "; does something else listen there, or is it overloaded? --timeout SECONDS gives it longer"
    } else {
        "; is this the address of the API, is a path prefix missing, or does it answer to another name (--authority)?"
    }
}

/// Why the preflight found nothing out.
pub(super) enum Failed {
    /// It is the target's doing, or the network's.
    Unusable(Unusable),
    /// It is the harness's own.
    Harness(String),
}

/// Probes every transport of the selection and says what was found; nothing, where a stop was requested meanwhile.
pub(super) async fn preflight(engine: &Engine<'_>, selection: &Selection) -> Result<Capabilities, Failed> {
    let transports: Vec<Transport> =
        Transport::ALL.into_iter().filter(|transport| selection.wires.is_empty() || selection.wires.contains(&transport.wire)).collect();
    if engine.options.unprobed {
        let live = |transport: Transport| (transport.to_string(), (Presence::Live, 0));
        let capabilities = Capabilities {
            transports: transports.into_iter().map(live).collect(),
            message_limit: engine.options.message_limit,
            origins: engine.options.origins.clone(),
        };
        if engine.client.routes().has_beside() {
            beside(engine).await?;
        }
        return Ok(capabilities);
    }
    let probes = Mutex::new(Vec::new());
    let one = async |transport| {
        let probed = probe(engine, transport, Role::Probe).await;
        probes.lock().unwrap_or_else(PoisonError::into_inner).push(probed);
    };
    if let Some((first, others)) = transports.split_first() {
        one(*first).await;
        // Where not even a connection comes about, no other transport at the same address changes that. The others wait for time-outs together.
        let hopeless = engine.client.routes().is_one_place()
            && matches!(probes.lock().unwrap_or_else(PoisonError::into_inner).first(), Some(Ok(first)) if first.is_hopeless());
        if !hopeless {
            futures_join(others.iter().map(|transport| one(*transport))).await;
        }
    }
    let probes = probes.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut probes = probes.into_iter().collect::<Result<Vec<Probe>, String>>().map_err(Failed::Harness)?;
    probes.sort_by_key(|probe| probe.transport);
    let live: Vec<Wire> = probes.iter().filter(|probe| probe.found.is_ok()).map(|probe| probe.transport.wire).collect();
    let unusable = unusable(&probes);
    let mut capabilities = Capabilities { message_limit: engine.options.message_limit, ..Capabilities::default() };
    for Probe { transport, found, exchange } in probes {
        // Claimed unless said otherwise: json, grpc and grpc-web, each on at least one HTTP version.
        let claimed =
            engine.options.claimed.contains(&transport) || (transport.wire != Wire::GrpcWebText && !live.contains(&transport.wire));
        let presence = match found {
            Ok(()) => Presence::Live,
            Err(why) if claimed => Presence::Missing { text: why.into_text() },
            Err(why) => Presence::Absent { text: why.into_text() },
        };
        capabilities.transports.insert(transport.to_string(), (presence.clone(), exchange.id));
        let checks = if judge::is_bound(&presence, &exchange) { engine.examine(&exchange).map_err(Failed::Harness)? } else { Vec::new() };
        engine.emit(Event::ProbeEnded(ProbeEnded { transport, presence, claimed, exchange, checks })).await;
    }
    if engine.stop.is_requested() {
        return Ok(Capabilities::default());
    }
    if let Some(why) = unusable {
        return Err(Failed::Unusable(why));
    }
    if engine.client.routes().has_beside() {
        beside(engine).await?;
    }
    Ok(capabilities)
}

/// Finds the first transport that works at the address beside the target.
async fn beside(engine: &Engine<'_>) -> Result<(), Failed> {
    let mut probes = Vec::new();
    for transport in Engine::for_setup() {
        let probe = probe(engine, transport, Role::Beside).await.map_err(Failed::Harness)?;
        fixture::keep(engine, "probe of the address for set-up", vec![probe.exchange.clone()]).await.map_err(Failed::Harness)?;
        if engine.stop.is_requested() {
            return Ok(());
        }
        if probe.found.is_ok() {
            *engine.beside.write().unwrap_or_else(PoisonError::into_inner) = Some(transport);
            return Ok(());
        }
        let hopeless = probe.is_hopeless();
        probes.push(probe);
        if hopeless {
            break;
        }
    }
    Err(Failed::Unusable(Unusable::Beside { text: seen(&probes) }))
}

/// A probe that was answered, or not.
struct Probe {
    transport: Transport,
    found: Result<(), Seen>,
    /// Secrets replaced.
    exchange: Exchange,
}

impl Probe {
    fn is_hopeless(&self) -> bool {
        let texts = ["refused", "resolve", "unreachable", "certificate", "no connection came about", "does not speak TLS"];
        matches!(&self.found, Err(Seen::Unreachable(text)) if texts.iter().any(|word| text.contains(word)))
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

    fn into_text(self) -> String {
        match self {
            Self::Unreachable(text) | Self::Refused(text) | Self::NotSpoken(text) => text,
        }
    }
}

async fn probe(engine: &Engine<'_>, transport: Transport, role: Role) -> Result<Probe, String> {
    let call = step::probe_call(engine, transport, role).map_err(|error| format!("the probe of {transport}: {error}"))?;
    let done = engine.exchange(Request::Call(call), On::Any, true).await.map_err(|error| format!("the probe of {transport}: {error}"))?;
    // What is said of it goes into the record: it is read from the exchange in which secrets are replaced.
    let found = judge(&answer::read(&done.exchange, engine.contract).answer, &done.exchange.received.end);
    Ok(Probe { transport, found, exchange: done.exchange })
}

/// A transport is spoken where the answer has a code that a served operation gives.
fn judge(answer: &Answer, end: &End) -> Result<(), Seen> {
    match answer {
        Answer::None { text, .. } if matches!(end, End::NoConnection { .. }) => Err(Seen::Unreachable(text.clone())),
        Answer::None { .. } if matches!(end, End::TimedOut { phase: Phase::Connect }) => {
            Err(Seen::Unreachable("no connection came about in time; is a firewall in between, or the port wrong?".to_owned()))
        }
        Answer::None { text, .. } | Answer::Unreadable { text, .. } => Err(Seen::NotSpoken(brief(text))),
        Answer::Status(answered) => match answered.code {
            Some(Code::Ok) => Ok(()),
            Some(code @ (Code::Unauthenticated | Code::PermissionDenied)) => {
                let text = answered.error.as_ref().map(|error| error.message.as_str()).unwrap_or_default();
                Err(Seen::Refused(format!("{}: {}", code.name(), brief(text))))
            }
            Some(Code::Unimplemented) => Err(Seen::NotSpoken("the operation of the probe is UNIMPLEMENTED".to_owned())),
            Some(code) => Err(Seen::NotSpoken(format!("the probe was answered with {}", code.name()))),
            None => Err(Seen::NotSpoken(format!("HTTP status {} without an error object", answered.http_status))),
        },
    }
}

/// Why none of the probes shows a target that can be used; `None`: at least one does.
fn unusable(probes: &[Probe]) -> Option<Unusable> {
    let mut refused = None;
    for probe in probes {
        let Err(why) = &probe.found else { return None };
        if let Seen::Refused(text) = why {
            refused = refused.or(Some(text));
        }
    }
    if let Some(seen) = refused {
        return Some(Unusable::TokenRefused { seen: seen.clone() });
    }
    let text = seen(probes);
    if probes.iter().all(|probe| matches!(probe.found, Err(Seen::Unreachable(_)))) {
        return Some(Unusable::Unreachable { text });
    }
    Some(Unusable::NoWire { text })
}

/// What probes saw that found nothing; transports that saw the same stand together.
fn seen(probes: &[Probe]) -> String {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for probe in probes {
        let Err(why) = &probe.found else { continue };
        match groups.iter_mut().find(|(text, _)| *text == why.text()) {
            Some((_, transports)) => transports.push(probe.transport.to_string()),
            None => groups.push((why.text(), vec![probe.transport.to_string()])),
        }
    }
    match groups.as_slice() {
        [(text, _)] => (*text).to_owned(),
        several => several.iter().map(|(text, transports)| format!("{}: {text}", transports.join(", "))).collect::<Vec<_>>().join("; "),
    }
}

/// What a target sends decides how long a text is: quoted octets are cut, and the whole.
fn brief(text: &str) -> String {
    const QUOTED: usize = 40;
    const WHOLE: usize = 200;
    let cut = |text: &str, most: usize| match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    };
    let quoted = text.find('`').zip(text.rfind('`')).filter(|(open, close)| close > open);
    let text = match quoted {
        Some((open, close)) => format!("{}`{}`{}", &text[..open], cut(&text[open + 1..close], QUOTED), &text[close + 1..]),
        None => text.to_owned(),
    };
    cut(&text, WHOLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_target_sends_is_cut() {
        let long = format!("`{}` is no status line of HTTP/1.1", "\\x00".repeat(100));
        assert_eq!(brief(&long), format!("`{}...` is no status line of HTTP/1.1", "\\x00".repeat(10)));
        assert_eq!(brief("the `a` and the `b`"), "the `a` and the `b`");
        assert!(brief(&"ä".repeat(1000)).chars().count() < 210);
    }

    #[test]
    fn the_next_step_fits_what_was_seen() {
        let said = |text: &str| Unusable::NoWire { text: text.to_owned() }.to_string();
        assert!(said("HTTP status 404 without an error object").ends_with("(--authority)?"));
        assert!(said("it looks like TLS: write https:// instead of http://").ends_with("instead of http://"));
        assert!(said("time ran out while waiting for the response head").contains("--timeout"));
    }
}
