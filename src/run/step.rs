//! From a step to a call: captures are put in, the message is put on the wire.

use super::engine::{Asked, Engine, Unsendable};
use crate::case::{self, Captures, HeaderEdit, Payload, StepKind};
use crate::contract::message;
use crate::wire::put::{self, Edit, put};
use crate::wire::{Body, Call, Content, End, Exchange, Received, Role, Sent, Timing, Transport, Wire};

/// Makes the call of a step.
pub(super) fn call(engine: &Engine<'_>, asked: &Asked<'_>, captures: &Captures) -> Result<Call, Unsendable> {
    let edits = edits(engine, asked, captures)?;
    let transport = asked.transport;
    let intent = asked.intent();
    match &asked.step.kind {
        StepKind::Wait(_) => Err(Unsendable("a wait sends nothing".to_owned())),
        StepKind::Http { verb, path, content } => {
            let path = case::resolve_text(path, captures).map_err(|error| Unsendable(error.to_string()))?;
            let content = content.as_ref().map(|octets| octets.0.clone());
            Ok(put(transport, verb, &path.text(), put::Payload::Raw(content), &edits, intent)?)
        }
        StepKind::Call { rpc, send } => {
            let method =
                engine.contract.descriptors.method(rpc).ok_or_else(|| Unsendable(format!("the contract has no operation {rpc}")))?;
            let message = match send {
                Payload::Message(pattern) => case::resolve(pattern, captures).map_err(|error| Unsendable(error.to_string()))?,
                Payload::Json(_) | Payload::Bytes(_) | Payload::Frames(_) => serde_json::json!({}),
            };
            let (verb, path, payload) = match (transport.wire, send) {
                (Wire::Json, Payload::Bytes(_) | Payload::Frames(_)) => {
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
                (_, Payload::Bytes(octets)) => ("POST".to_owned(), method.grpc_path(), put::Payload::Message(octets.0.clone())),
                (_, Payload::Frames(octets)) => ("POST".to_owned(), method.grpc_path(), put::Payload::Frames(octets.0.clone())),
            };
            Ok(put(transport, &verb, &path, payload, &edits, intent)?)
        }
    }
}

/// The suite's probe as a call of the run's own token, or of nobody where it has none.
pub(super) fn probe_call(engine: &Engine<'_>, transport: Transport) -> Result<Call, Unsendable> {
    let probe = &engine.suite.probe;
    let identity = probe.identity.as_deref().unwrap_or("run");
    let asked = Asked { step: probe, identity, transport, role: Role::Probe, case: None, counts: &|_| true, cuttable: true };
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

/// The exchange of a call that was cut before anything of it is known.
pub(super) fn not_sent(call: &Call, id: u64, at: u64) -> Exchange {
    let content = match &call.content {
        Content::None => Body::default(),
        Content::Octets(octets) => Body::whole(octets.clone()),
    };
    Exchange {
        id,
        transport: call.transport,
        intent: call.intent.clone(),
        sent: Sent {
            verb: call.verb.clone(),
            scheme: String::new(),
            authority: String::new(),
            path: call.path.clone(),
            fields: call.fields.clone(),
            content,
        },
        received: Received {
            heads: Vec::new(),
            content: Body::default(),
            undone_coding: None,
            trailers: None,
            frames: None,
            framing: None,
            end: End::Interrupted,
        },
        timing: Timing { at, ..Timing::default() },
    }
}
