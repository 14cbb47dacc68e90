//! From a step to a call: captures are put in, the message is put on the wire.

use std::borrow::Cow;
use std::time::Duration;

use super::engine::{Asked, Engine, Unsendable};
use super::well_formed::well_formed;
use crate::case::{self, Captures, GIVEN_WHEN_SENT, HeaderEdit, Length, MissingCapture, Payload, RawAction, RawOctets, StepKind};
use crate::contract::message;
use crate::wire::put::{self, Edit, put};
use crate::wire::{Body, Call, Content, End, Exchange, HttpVersion, Layout, Received, Role, Sent, Timing, Transport, Wire, raw};

/// What goes out for a step.
#[derive(Debug, Clone)]
pub(super) enum Request {
    Call(Call),
    LaidOut(Call, Layout),
    Script(raw::Script),
}

/// Makes the request of a step.
pub(super) fn request(engine: &Engine<'_>, asked: &Asked<'_>, captures: &Captures) -> Result<Request, Unsendable> {
    let StepKind::Raw { script, .. } = &asked.step.kind else {
        let call = call(engine, asked, captures)?;
        let over_h2 = asked.transport.http == HttpVersion::H2;
        return match &asked.step.layout {
            None => Ok(Request::Call(call)),
            Some(layout) if over_h2 => Ok(Request::LaidOut(call, layout.clone())),
            Some(_) => Err(Unsendable(format!("frames can't be laid out on {}", asked.transport))),
        };
    };
    let mut transport = asked.transport;
    if transport.wire == Wire::Grpc {
        transport.http = HttpVersion::H1;
    }
    if transport.http != HttpVersion::H1 {
        return Err(Unsendable(format!("a script can't be performed on {transport}: it speaks HTTP/1.1")));
    }
    let actions = script_actions(script, &for_request(engine, asked, captures)).map_err(|error| Unsendable(error.to_string()))?;
    Ok(Request::Script(raw::Script { transport, actions, intent: asked.intent() }))
}

/// The actions of a script with captures put in.
fn script_actions(script: &[RawAction], captures: &Captures) -> Result<Vec<raw::Action>, MissingCapture> {
    let mut actions = Vec::with_capacity(script.len());
    for (at, action) in script.iter().enumerate() {
        match action {
            RawAction::Head(lines) => {
                let content = script[at + 1..].iter().find_map(|next| match next {
                    RawAction::Send(octets) => Some(octets),
                    _ => None,
                });
                let content = content.map(|octets| pieces(octets, captures)).transpose()?.unwrap_or_default();
                let length: u64 = content.iter().map(|(octets, times)| octets.len() as u64 * times).sum();
                let mut known = captures.clone();
                known.insert("content.length".to_owned(), length.to_string().into());
                for line in lines {
                    actions.extend(pieces(line, &known)?.into_iter().map(sent));
                    actions.push(raw::Action::Send(b"\r\n".to_vec()));
                }
                actions.push(raw::Action::Send(b"\r\n".to_vec()));
            }
            RawAction::Send(octets) => actions.extend(pieces(octets, captures)?.into_iter().map(sent)),
            RawAction::HalfClose => actions.push(raw::Action::HalfClose),
            RawAction::Wait(milliseconds) => actions.push(raw::Action::Wait(Duration::from_millis(*milliseconds))),
            RawAction::AwaitHead => actions.push(raw::Action::AwaitHead),
        }
    }
    Ok(joined(actions))
}

/// Octets, and how often they are sent.
type Piece = (Vec<u8>, u64);

fn sent((octets, times): Piece) -> raw::Action {
    if times == 1 { raw::Action::Send(octets) } else { raw::Action::Repeat { octets, times } }
}

/// With neighbours that only send put together: what a case says in one piece goes out in one.
fn joined(actions: Vec<raw::Action>) -> Vec<raw::Action> {
    let mut all: Vec<raw::Action> = Vec::with_capacity(actions.len());
    for action in actions {
        match (all.last_mut(), action) {
            (Some(raw::Action::Send(before)), raw::Action::Send(octets)) => before.extend(octets),
            (_, action) => all.push(action),
        }
    }
    all
}

fn pieces(octets: &RawOctets, captures: &Captures) -> Result<Vec<Piece>, MissingCapture> {
    Ok(match octets {
        RawOctets::Text(text) => vec![(case::resolve_text(text, captures)?.0, 1)],
        RawOctets::All(all) => all.iter().map(|one| pieces(one, captures)).collect::<Result<Vec<_>, _>>()?.concat(),
        RawOctets::Chunk(inner) => {
            let inner = flat(pieces(inner, captures)?);
            // Always as long, so that a case can speak of its length.
            vec![([format!("{:08x}\r\n", inner.len()).as_bytes(), &inner, b"\r\n"].concat(), 1)]
        }
        RawOctets::Times { of, times } => vec![(flat(pieces(of, captures)?), *times)],
    })
}

fn flat(pieces: Vec<Piece>) -> Vec<u8> {
    let repeated = |(octets, times): Piece| octets.repeat(usize::try_from(times).unwrap_or(usize::MAX));
    pieces.into_iter().flat_map(repeated).collect()
}

/// Makes the call of a step.
fn call(engine: &Engine<'_>, asked: &Asked<'_>, captures: &Captures) -> Result<Call, Unsendable> {
    let captures = &*for_request(engine, asked, captures);
    let edits = edits(engine, asked, captures)?;
    let transport = asked.transport;
    let intent = asked.intent();
    match &asked.step.kind {
        StepKind::Wait(_) | StepKind::Raw { .. } => Err(Unsendable("this step makes no call".to_owned())),
        StepKind::Http { verb, path, content } => {
            let path = case::resolve_text(path, captures).map_err(|error| Unsendable(error.to_string()))?;
            let content = content.as_ref().map(|text| case::resolve_text(text, captures).map(|octets| octets.0));
            let content = content.transpose().map_err(|error| Unsendable(error.to_string()))?;
            Ok(put(transport, verb, &path.text(), put::Payload::Raw(content), &edits, intent)?)
        }
        StepKind::Call { rpc, send } => {
            let method =
                engine.contract.descriptors.method(rpc).ok_or_else(|| Unsendable(format!("the contract has no operation {rpc}")))?;
            let message = match send {
                Payload::Message(pattern) => case::resolve(pattern, captures).map_err(|error| Unsendable(error.to_string()))?,
                Payload::Json(_) | Payload::Bytes(_) | Payload::Filled { .. } | Payload::Frames(_) => serde_json::json!({}),
            };
            let (verb, path, payload) = match (transport.wire, send) {
                (Wire::Json, Payload::Bytes(_) | Payload::Filled { .. } | Payload::Frames(_)) => {
                    return Err(Unsendable("an encoded message can't be sent on the wire json".to_owned()));
                }
                (Wire::Json, Payload::Json(_) | Payload::Message(_)) => {
                    let rule = method.bindings.first().ok_or_else(|| Unsendable(format!("{rpc} has no HTTP binding")))?;
                    let request = rule.transcode(&message, &method.input).map_err(|error| Unsendable(format!("{rpc}: {error}")))?;
                    let body = match send {
                        Payload::Json(text) => Some(case::resolve_text(text, captures).map_err(|error| Unsendable(error.to_string()))?.0),
                        _ => request.body.map(|body| body.to_string().into_bytes()),
                    };
                    (request.verb, request.path, put::Payload::Json(body))
                }
                (_, Payload::Json(_)) => return Err(Unsendable("a JSON text can only be sent on the wire json".to_owned())),
                (_, Payload::Message(_)) => {
                    let octets = message::encode(&message, &method.input).map_err(|error| Unsendable(format!("{rpc}: {error}")))?;
                    ("POST".to_owned(), method.grpc_path(), put::Payload::Message(octets))
                }
                (_, Payload::Filled { start, length }) => {
                    ("POST".to_owned(), method.grpc_path(), put::Payload::Message(filled(engine, &start.0, *length)?))
                }
                (_, Payload::Bytes(octets)) => ("POST".to_owned(), method.grpc_path(), put::Payload::Message(octets.0.clone())),
                (_, Payload::Frames(octets)) => ("POST".to_owned(), method.grpc_path(), put::Payload::Frames(octets.0.clone())),
            };
            // Coded content isn't what it will be when it is decoded.
            let coded = edits.iter().any(|edit| matches!(edit, Edit::Set { name, .. } if name.eq_ignore_ascii_case("content-encoding")));
            if asked.step.defect.is_none() && !coded {
                well_formed(&payload, method)
                    .map_err(|why| Unsendable(format!("{rpc}: {why}; declare the defect if that is the matter")))?;
            }
            Ok(put(transport, &verb, &path, payload, &edits, intent)?)
        }
    }
}

/// A message of this length: its beginning, and field 15 with zeros.
fn filled(engine: &Engine<'_>, start: &[u8], length: Length) -> Result<Vec<u8>, Unsendable> {
    let length = match length {
        Length::Octets(octets) => octets,
        Length::AboveLimit(more) => {
            engine.options.message_limit.ok_or_else(|| Unsendable("the target declares no limit of messages".to_owned()))? + more
        }
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    // The tag of the field, and its length in as many octets as leave the right rest.
    for octets_of_length in 1..=5 {
        let Some(rest) = length.checked_sub(start.len() + 1 + octets_of_length) else { continue };
        let told = varint(rest);
        if told.len() == octets_of_length {
            return Ok([start, &[0x7a], &told, &vec![0; rest]].concat());
        }
    }
    Err(Unsendable(format!("no message of {length} octets begins so")))
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    while number >= 0x80 {
        octets.push(u8::try_from(number % 0x80).unwrap_or_default() | 0x80);
        number /= 0x80;
    }
    octets.push(u8::try_from(number).unwrap_or_default());
    octets
}

/// Captures with those that only requests know, where the step needs one of them.
fn for_request<'c>(engine: &Engine<'_>, asked: &Asked<'_>, captures: &'c Captures) -> Cow<'c, Captures> {
    if !GIVEN_WHEN_SENT.iter().any(|name| asked.step.uses.contains(*name)) {
        return Cow::Borrowed(captures);
    }
    let endpoint = engine.client.routes().endpoint(asked.transport.wire, asked.role);
    let mut known = captures.clone();
    known.insert("target.authority".to_owned(), endpoint.authority().into());
    known.insert("target.origin".to_owned(), format!("{}://{}", endpoint.scheme(), endpoint.authority()).into());
    known.insert("target.prefix".to_owned(), endpoint.prefix.clone().into());
    if let Some(token) = engine.identity_token(asked.identity, captures) {
        let half: String = token.chars().take(token.chars().count() / 2).collect();
        let changed = changed(&token);
        engine.keep_secret("token half", &half);
        engine.keep_secret("token changed", &changed);
        known.insert("token.half".to_owned(), half.into());
        known.insert("token.changed".to_owned(), changed.into());
        known.insert("token".to_owned(), token.into());
    }
    Cow::Owned(known)
}

/// A token with another letter near its middle: at the nearest place where this and the next character are letters or digits, for the last
/// character of a part may carry bits that mean nothing.
fn changed(token: &str) -> String {
    let mut octets = token.as_bytes().to_vec();
    let fits = |at: &usize| octets.get(*at..at + 2).is_some_and(|pair| pair.iter().all(u8::is_ascii_alphanumeric));
    let middle = octets.len() / 2;
    if let Some(at) = (0..octets.len()).filter(fits).min_by_key(|at| at.abs_diff(middle)) {
        octets[at] = if octets[at] == b'A' { b'B' } else { b'A' };
    }
    String::from_utf8(octets).unwrap_or_default()
}

/// The suite's probe as a call of the run's own token, or of nobody where it has none. `role` says where it goes.
pub(super) fn probe_call(engine: &Engine<'_>, transport: Transport, role: Role) -> Result<Call, Unsendable> {
    let probe = &engine.suite.probe;
    let identity = probe.identity.as_deref().unwrap_or("run");
    let asked = Asked { step: probe, identity, transport, role, case: None, counts: &|_| true, cuttable: true };
    call(engine, &asked, &engine.base_captures())
}

/// Fields in order: those of the suite, the credential, those of the identity, those of the step.
fn edits(engine: &Engine<'_>, asked: &Asked<'_>, captures: &Captures) -> Result<Vec<Edit>, Unsendable> {
    let identity =
        engine.suite.identities.get(asked.identity).ok_or_else(|| Unsendable(format!("the suite has no identity {}", asked.identity)))?;
    let mut edits = Vec::new();
    push(&mut edits, &engine.suite.headers, captures)?;
    if let Some(token) = engine.identity_token(asked.identity, captures) {
        edits.push(Edit::Set { name: "authorization".to_owned(), values: vec![format!("Bearer {token}").as_str().into()] });
    }
    push(&mut edits, &identity.headers, captures)?;
    push(&mut edits, &asked.step.headers, captures)?;
    Ok(edits)
}

fn push(edits: &mut Vec<Edit>, from: &[HeaderEdit], captures: &Captures) -> Result<(), Unsendable> {
    for edit in from {
        if edit.values.is_empty() {
            edits.push(Edit::Remove { name: edit.name.clone() });
            continue;
        }
        let values = edit
            .values
            .iter()
            .map(|text| case::resolve_text(text, captures))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Unsendable(format!("field {}: {error}", edit.name)))?;
        edits.push(Edit::Set { name: edit.name.clone(), values });
    }
    Ok(())
}

/// The exchange of a request that was cut before anything of it is known.
pub(super) fn not_sent(engine: &Engine<'_>, request: &Request, id: u64, at: u64) -> Exchange {
    let (transport, intent, sent) = match request {
        Request::Call(call) | Request::LaidOut(call, _) => (call.transport, call.intent.clone(), sent_of(call)),
        Request::Script(script) => {
            let endpoint = engine.client.routes().endpoint(script.transport.wire, script.intent.role);
            (script.transport, script.intent.clone(), script.sent(endpoint))
        }
    };
    let received = Received {
        heads: Vec::new(),
        content: Body::default(),
        undone_coding: None,
        trailers: None,
        frames: None,
        framing: None,
        end: End::Interrupted,
    };
    Exchange { id, transport, intent, sent, received, timing: Timing { at, ..Timing::default() } }
}

fn sent_of(call: &Call) -> Sent {
    let content = match &call.content {
        Content::None => Body::default(),
        Content::Octets(octets) => Body::whole(octets.clone()),
    };
    Sent {
        verb: call.verb.clone(),
        scheme: String::new(),
        authority: String::new(),
        path: call.path.clone(),
        fields: call.fields.clone(),
        content,
        raw: false,
    }
}

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn a_token_is_changed_near_its_middle_but_never_at_the_end_of_a_part() {
        assert_eq!(changed("abcdef"), "abcAef");
        assert_eq!(changed("AAAA"), "AABA");
        assert_eq!(changed("ab.c.de"), "ab.c.Ae");
        assert_eq!(changed("--"), "--");
    }
}
