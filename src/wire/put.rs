//! Puts what a case says on a wire: makes a [`Call`] of a path, a payload and edits of the default fields.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Call, Content, Defect, Field, HarnessFault, Intent, Octets, Transport, Wire};

/// What a request carries, before it is in the form of a wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// Octets of a JSON body; `None`: no body.
    Json(Option<Vec<u8>>),
    /// An encoded protobuf message; the wire frames it.
    Message(Vec<u8>),
    /// Octets that are framed already, or wrongly; the text wire puts them into base64.
    Frames(Vec<u8>),
    /// The content as it goes out, whatever the wire; `None`: no content.
    Raw(Option<Vec<u8>>),
}

/// A change of the fields of a request. Names are compared without regard to letter case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// The field with these values, once for each: in place of the first one of this name, else at the end.
    Set {
        /// The name, sent in this letter case.
        name: String,
        /// The values in order.
        values: Vec<Octets>,
    },
    /// No field of this name.
    Remove {
        /// The name.
        name: String,
    },
}

/// What every request of a group carries, so that messages are in one language on all wires.
const ACCEPT_LANGUAGE: &str = "en";

const USER_AGENT: &str = concat!("triwire/", env!("CARGO_PKG_VERSION"));

/// `grpc-` language `-` variant `/` version (gRPC over HTTP2, "User Agents").
const GRPC_USER_AGENT: &str = concat!("grpc-rust-triwire/", env!("CARGO_PKG_VERSION"));

/// The path of an operation on the binary wires: `package.Service/Method` behind a slash. The method is POST.
#[must_use]
pub fn rpc_path(rpc: &str) -> String {
    format!("/{rpc}")
}

/// Makes a call.
///
/// # Errors
/// Where the wire doesn't have such a payload.
pub fn put(transport: Transport, verb: &str, path: &str, payload: Payload, edits: &[Edit], intent: Intent) -> Result<Call, HarnessFault> {
    let content = content(transport, payload)?;
    let mut fields = default_fields(transport.wire, content != Content::None);
    for edit in edits {
        apply(&mut fields, edit);
    }
    Ok(Call { transport, verb: verb.to_owned(), path: path.to_owned(), fields, content, intent })
}

fn content(transport: Transport, payload: Payload) -> Result<Content, HarnessFault> {
    let framed = match payload {
        Payload::Raw(octets) => return Ok(octets.map_or(Content::None, Content::Octets)),
        Payload::Json(octets) if transport.wire == Wire::Json => return Ok(octets.map_or(Content::None, Content::Octets)),
        Payload::Message(message) if transport.wire.is_binary() => {
            frame(&message).ok_or(HarnessFault::Payload { transport, payload: "a message of more than 4 GiB" })?
        }
        Payload::Frames(octets) if transport.wire.is_binary() => octets,
        Payload::Json(_) => return Err(HarnessFault::Payload { transport, payload: "a JSON body" }),
        Payload::Message(_) => return Err(HarnessFault::Payload { transport, payload: "an encoded message" }),
        Payload::Frames(_) => return Err(HarnessFault::Payload { transport, payload: "framed octets" }),
    };
    Ok(Content::Octets(if transport.wire == Wire::GrpcWebText { STANDARD.encode(framed).into_bytes() } else { framed }))
}

/// A length-prefixed message: a flag octet for "not compressed", four octets of length, the message (gRPC over HTTP2, "Length-Prefixed-Message").
/// `None` where the length doesn't fit.
#[must_use]
pub fn frame(message: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(message.len()).ok()?;
    Some([&[0], length.to_be_bytes().as_slice(), message].concat())
}

fn default_fields(wire: Wire, has_content: bool) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut add = |name, value: &str| fields.push(Field::new(name, value));
    match wire {
        Wire::Json => {
            if has_content {
                add("content-type", "application/json");
            }
            add("user-agent", USER_AGENT);
        }
        Wire::Grpc => {
            // `te: trailers` finds proxies that can't carry trailers (gRPC over HTTP2, "Requests").
            add("te", "trailers");
            add("content-type", "application/grpc");
            add("user-agent", GRPC_USER_AGENT);
        }
        Wire::GrpcWeb | Wire::GrpcWebText => {
            // Correct servers choose the form of the answer by `accept` or by the content type, so both say it.
            let kind = if wire == Wire::GrpcWeb { "application/grpc-web+proto" } else { "application/grpc-web-text" };
            add("content-type", kind);
            add("accept", kind);
            add("x-grpc-web", "1");
            add("user-agent", USER_AGENT);
        }
    }
    add("accept-language", ACCEPT_LANGUAGE);
    fields
}

fn apply(fields: &mut Vec<Field>, edit: &Edit) {
    match edit {
        Edit::Remove { name } => fields.retain(|field| !field.is(name)),
        Edit::Set { name, values } => {
            let place = fields.iter().position(|field| field.is(name)).unwrap_or(fields.len());
            fields.retain(|field| !field.is(name));
            let new = values.iter().map(|value| Field::new(name, &value.0));
            fields.splice(place..place, new);
        }
    }
}

/// Whether the request speaks the wire of its transport: the family of its content type. A case whose matter is the content type or the head
/// says so by its defect and may send anything.
///
/// # Errors
/// Where it doesn't: then the harness, not the target, is at fault.
pub fn wire_matches(call: &Call) -> Result<(), HarnessFault> {
    if matches!(call.intent.defect, Some(Defect::ContentType | Defect::Head)) {
        return Ok(());
    }
    let transport = call.transport;
    let fail = |found: String| Err(HarnessFault::WrongWire { transport, found });
    let types: Vec<&Field> = call.fields.iter().filter(|field| field.is("content-type")).collect();
    match types.as_slice() {
        [] if transport.wire == Wire::Json && call.content == Content::None => Ok(()),
        [] => fail("it has no content type".to_owned()),
        [one] if family(&one.value.text()) == Some(transport.wire) => Ok(()),
        [one] => fail(format!("its content type is `{}`", one.value.text())),
        several => fail(format!("it has {} content types", several.len())),
    }
}

/// The wire to which a media type belongs; parameters and letter case don't matter (RFC 9110, 8.3.1).
fn family(media_type: &str) -> Option<Wire> {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    // The longer names first: each is the beginning of the next.
    let families = [
        ("application/grpc-web-text", Wire::GrpcWebText),
        ("application/grpc-web", Wire::GrpcWeb),
        ("application/grpc", Wire::Grpc),
        ("application/json", Wire::Json),
    ];
    families.into_iter().find_map(|(name, wire)| {
        let rest = essence.strip_prefix(name)?;
        (rest.is_empty() || (wire.is_binary() && rest.starts_with('+'))).then_some(wire)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{HttpVersion, Role};

    const INTENT: Intent = Intent { role: Role::Trial, rpc: None, defect: None, area: None, profile: None };

    fn call(wire: Wire, payload: Payload, edits: &[Edit]) -> Call {
        put(Transport::new(wire, HttpVersion::H2), "POST", "/p.S/M", payload, edits, INTENT).unwrap()
    }

    fn field(call: &Call, name: &str) -> Vec<String> {
        call.fields.iter().filter(|field| field.is(name)).map(|field| field.value.text().into_owned()).collect()
    }

    #[test]
    fn each_wire_has_its_own_fields_and_framing() {
        let message = || Payload::Message(b"\x08\x01".to_vec());
        let grpc = call(Wire::Grpc, message(), &[]);
        assert_eq!(grpc.content, Content::Octets(b"\0\0\0\0\x02\x08\x01".to_vec()));
        assert_eq!(field(&grpc, "te"), ["trailers"]);
        let text = call(Wire::GrpcWebText, message(), &[]);
        assert_eq!(text.content, Content::Octets(b"AAAAAAIIAQ==".to_vec()));
        assert_eq!(field(&text, "accept"), ["application/grpc-web-text"]);
        assert_eq!(field(&call(Wire::Json, Payload::Json(None), &[]), "content-type"), [""; 0]);
        assert_eq!(field(&call(Wire::Json, Payload::Json(Some(Vec::new())), &[]), "content-type"), ["application/json"]);
        for wire in Wire::ALL {
            let payload = if wire.is_binary() { message() } else { Payload::Json(None) };
            let call = call(wire, payload, &[]);
            assert_eq!(field(&call, "accept-language"), ["en"]);
            assert_eq!(field(&call, "origin"), [""; 0]);
            assert_eq!(field(&call, "accept-encoding"), [""; 0]);
            assert_eq!(wire_matches(&call), Ok(()));
        }
    }

    #[test]
    fn payloads_of_another_wire_are_refused() {
        for (wire, payload) in
            [(Wire::Json, Payload::Message(Vec::new())), (Wire::Json, Payload::Frames(Vec::new())), (Wire::Grpc, Payload::Json(None))]
        {
            assert!(put(Transport::new(wire, HttpVersion::H2), "POST", "/", payload, &[], INTENT).is_err());
        }
    }

    #[test]
    fn fields_can_be_replaced_repeated_and_removed() {
        let set = |name: &str, values: &[&str]| Edit::Set { name: name.to_owned(), values: values.iter().map(Octets::from).collect() };
        let edits = [
            set("Content-Type", &["a", "b"]),
            Edit::Remove { name: "USER-AGENT".to_owned() },
            set("x-new", &["\u{e9}"]),
            set("accept-language", &[]),
        ];
        let call = call(Wire::Grpc, Payload::Frames(Vec::new()), &edits);
        let fields: Vec<String> = call.fields.iter().map(|field| format!("{}: {}", field.name.text(), field.value.text())).collect();
        assert_eq!(fields, ["te: trailers", "Content-Type: a", "Content-Type: b", "x-new: \u{e9}"]);
    }

    #[test]
    fn a_request_must_speak_its_wire() {
        let with = |wire, value: &str, defect| {
            let edit = Edit::Set { name: "content-type".to_owned(), values: vec![value.into()] };
            let mut call = call(wire, Payload::Raw(Some(Vec::new())), &[edit]);
            call.intent.defect = defect;
            wire_matches(&call).is_ok()
        };
        assert!(with(Wire::Grpc, "application/grpc+proto", None));
        assert!(with(Wire::Json, "Application/JSON; charset=utf-8", None));
        assert!(with(Wire::GrpcWebText, "application/grpc-web-text+proto", None));
        assert!(!with(Wire::Grpc, "application/grpc-web", None));
        assert!(!with(Wire::GrpcWeb, "application/grpc-web-text", None));
        assert!(!with(Wire::Json, "application/jsonx", None));
        assert!(!with(Wire::Json, "text/plain", Some(Defect::Message)));
        assert!(with(Wire::Json, "text/plain", Some(Defect::ContentType)));
    }
}
