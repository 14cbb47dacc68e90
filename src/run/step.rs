//! From a step to a call: captures are put in, the message is put on the wire.

use prost_reflect::{Kind, MessageDescriptor};

use super::engine::{Asked, Engine, Unsendable};
use crate::answer::frames::{self, Rest};
use crate::case::{self, Captures, HeaderEdit, Payload, StepKind};
use crate::contract::descriptors::Method;
use crate::contract::http_rule::BodyBinding;
use crate::contract::{message, proto_json};
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
                        Payload::Json(text) => Some(text.0.clone()),
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
            if asked.step.defect.is_none() {
                well_formed(send, method).map_err(|why| Unsendable(format!("{rpc}: {why}; declare the defect if that is the matter")))?;
            }
            Ok(put(transport, &verb, &path, payload, &edits, intent)?)
        }
    }
}

/// A request that declares no defect must be one that our own readers accept: what breaks the contract without meaning to is no fault of the
/// target. A message is put on the wire by our own writers; texts and octets that a person wrote are read again here.
fn well_formed(send: &Payload, method: &Method) -> Result<(), String> {
    match send {
        Payload::Message(_) => Ok(()),
        Payload::Json(text) => json_is_message(&text.0, method),
        Payload::Bytes(octets) => is_message(&octets.0, &method.input),
        Payload::Frames(octets) => match frames::split(&octets.0) {
            (frames, Rest::Nothing) => match frames.as_slice() {
                [only] if only.flag == 0 => is_message(&only.payload, &method.input),
                [_] => Err("the frame is marked as compressed or as one of trailers".to_owned()),
                several => Err(format!("{} frames are sent where one message belongs", several.len())),
            },
            (_, Rest::ShortPrefix { offset, .. } | Rest::ShortPayload { offset, .. }) => Err(format!("the frame at {offset} is cut off")),
        },
    }
}

fn json_is_message(text: &[u8], method: &Method) -> Result<(), String> {
    let bound = match method.bindings.first().map(|rule| &rule.body) {
        Some(BodyBinding::Whole) => Some(method.input.clone()),
        Some(BodyBinding::Field(name)) => match method.input.get_field_by_name(name).map(|field| field.kind()) {
            Some(Kind::Message(message)) => Some(message),
            _ => None,
        },
        Some(BodyBinding::None) => return Err("this operation takes no body".to_owned()),
        None => None,
    };
    let document = proto_json::parse(text).map_err(|error| format!("the body is no JSON: {error}"))?;
    let read = bound.map(|message| proto_json::canonical(&document.root, &message).1).unwrap_or_default();
    match document.issues.into_iter().chain(read).find(|issue| !issue.is_form()) {
        Some(issue) => Err(format!("the body is not the message of the contract: {} at `{}`", issue.text, issue.place)),
        None => Ok(()),
    }
}

fn is_message(octets: &[u8], message: &MessageDescriptor) -> Result<(), String> {
    let decoded = message::decode(octets, message).map_err(|error| format!("the octets are no message: {error}"))?;
    match decoded.issues.into_iter().find(|issue| !issue.is_form()) {
        Some(issue) => Err(format!("the octets are not the message of the contract: {} at `{}`", issue.text, issue.place)),
        None => Ok(()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contract;
    use crate::wire::Octets;

    fn said(send: &Payload) -> String {
        let method = Contract::built_in().descriptors.method("zitadel.management.v1.ManagementService/AddSecondFactorToLoginPolicy");
        well_formed(send, method.expect("the operation of the contract")).err().unwrap_or_default()
    }

    #[test]
    fn what_declares_no_defect_is_what_our_own_readers_accept() {
        let json = |text: &str| said(&Payload::Json(text.into()));
        assert_eq!(json(r#"{"type": "SECOND_FACTOR_TYPE_OTP"}"#), "");
        assert_eq!(json(r#"{"type": 1}"#), "", "a legal form");
        assert!(json(r#"{"type": true}"#).contains("`/type`"), "{}", json(r#"{"type": true}"#));
        assert!(json(r#"{"typ": 1}"#).contains("no such field"));
        assert!(json(r#"{"type": 1, "type": 2}"#).contains("`/type`"));
        assert!(json("{").contains("no JSON"));
        let bytes = |octets: &[u8]| said(&Payload::Bytes(Octets(octets.to_vec())));
        assert_eq!(bytes(&[8, 1]), "");
        assert_eq!(bytes(&[8, 1, 0x78, 1]), "", "a field of a later version");
        assert!(bytes(&[8]).contains("no message"));
        assert!(bytes(&[10, 1, 65]).contains("`/type`"));
        let frames = |octets: &[u8]| said(&Payload::Frames(Octets(octets.to_vec())));
        assert_eq!(frames(&[0, 0, 0, 0, 2, 8, 1]), "");
        assert!(frames(&[0, 0, 0, 0, 3, 8, 1]).contains("cut off"));
        assert!(frames(&[1, 0, 0, 0, 2, 8, 1]).contains("compressed"));
        assert!(frames(&[]).contains("0 frames"));
    }
}
