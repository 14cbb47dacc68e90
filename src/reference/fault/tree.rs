//! Tools for entries that bend what another seam made.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value as Field};
use serde_json::Value;

use crate::reference::codec::{Encoded, Parcel};
use crate::reference::context::{Context, Wire};
use crate::reference::frames::{self, Reply};

/// Bends the JSON tree of an answer.
pub(super) fn json(encoded: &mut Encoded, bend: impl FnOnce(&mut Value) -> bool) -> bool {
    let Some(body) = &encoded.body else {
        return false;
    };
    let Ok(mut tree) = serde_json::from_slice(body) else {
        return false;
    };
    let acted = bend(&mut tree);
    if acted {
        encoded.body = Some(tree.to_string().into());
    }
    acted
}

/// Bends the JSON tree of a request. Of a name that stands twice the tree has the last value.
pub(super) fn request(parcel: &mut Parcel, bend: impl FnOnce(&mut Value) -> bool) -> bool {
    let Ok(mut tree) = serde_json::from_slice(&parcel.body) else {
        return false;
    };
    let acted = bend(&mut tree);
    if acted {
        parcel.body = tree.to_string().into();
    }
    acted
}

/// Bends the octets of a request as a text.
pub(super) fn request_text(parcel: &mut Parcel, bend: impl FnOnce(&str) -> String) -> bool {
    let text = String::from_utf8_lossy(&parcel.body);
    let bent = bend(&text);
    let acted = bent.as_bytes() != parcel.body;
    parcel.body = bent.into();
    acted
}

/// Visits each value of each object, whatever its name.
pub(super) fn values(tree: &mut Value, visit: &mut dyn FnMut(&mut Value) -> bool) -> bool {
    let mut acted = visit(tree);
    match tree {
        Value::Object(all) => all.values_mut().for_each(|value| acted |= values(value, visit)),
        Value::Array(all) => all.iter_mut().for_each(|value| acted |= values(value, visit)),
        _ => {}
    }
    acted
}

/// Visits each member of each object, with its name.
pub(super) fn members(tree: &mut Value, visit: &mut dyn FnMut(&str, &mut Value) -> bool) -> bool {
    let mut acted = false;
    match tree {
        Value::Object(all) => {
            for (name, value) in all {
                acted |= visit(name, value);
                acted |= members(value, visit);
            }
        }
        Value::Array(all) => {
            for value in all {
                acted |= members(value, visit);
            }
        }
        _ => {}
    }
    acted
}

/// Visits a message and all messages in it.
pub(super) fn messages(message: &mut DynamicMessage, visit: &mut dyn FnMut(&mut DynamicMessage)) {
    visit(message);
    for (_, value) in message.fields_mut() {
        match value {
            Field::Message(inner) => messages(inner, visit),
            Field::List(list) => {
                for inner in list.iter_mut().filter_map(Field::as_message_mut) {
                    messages(inner, visit);
                }
            }
            _ => {}
        }
    }
}

/// The `ObjectDetails` of a write's answer.
pub(super) fn details(message: &mut DynamicMessage) -> Option<&mut DynamicMessage> {
    if !message.has_field_by_name("details") {
        return None;
    }
    let details = message.get_field_by_name_mut("details")?.as_message_mut()?;
    (details.descriptor().full_name() == "zitadel.v1.ObjectDetails").then_some(details)
}

/// The frames of a gRPC-Web answer.
pub(super) fn web_frames(context: &Context, reply: &Reply) -> Vec<(u8, Bytes)> {
    frames_on(context.wire, reply)
}

/// The same of an answer on this wire.
pub(super) fn frames_on(wire: Wire, reply: &Reply) -> Vec<(u8, Bytes)> {
    let mut body = reply.body.concat();
    if wire == Wire::GrpcWebText {
        body = frames::from_text(&body).unwrap_or_default();
    }
    let mut body = Bytes::from(body);
    let mut all = Vec::new();
    while let [flag, a, b, c, d, ..] = *body {
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let _ = body.split_to(5);
        all.push((flag, body.split_to(length.min(body.len()))));
    }
    all
}

/// Puts frames into a gRPC-Web answer.
pub(super) fn set_web_frames(context: &Context, reply: &mut Reply, all: &[(u8, Bytes)]) {
    set_frames_on(context.wire, reply, all);
}

/// The same of an answer on this wire.
pub(super) fn set_frames_on(wire: Wire, reply: &mut Reply, all: &[(u8, Bytes)]) {
    let framed = all.iter().map(|(flag, content)| frames::frame(*flag, content));
    reply.body = framed.collect();
    if wire == Wire::GrpcWebText {
        reply.body = vec![BASE64_STANDARD.encode(reply.body.concat()).into()];
    }
}

/// Puts octets that may be no whole frames into a gRPC-Web answer.
pub(super) fn set_web_octets(context: &Context, reply: &mut Reply, octets: &[u8]) {
    reply.body =
        if context.wire == Wire::GrpcWebText { vec![BASE64_STANDARD.encode(octets).into()] } else { vec![Bytes::copy_from_slice(octets)] };
}

/// Bends the trailer block of a gRPC-Web answer.
pub(super) fn web_block(context: &Context, reply: &mut Reply, bend: impl Fn(&str) -> String) -> bool {
    let mut all = web_frames(context, reply);
    let Some((_, block)) = all.iter_mut().find(|(flag, _)| *flag & 0x80 != 0) else {
        return false;
    };
    let text = String::from_utf8_lossy(block).into_owned();
    let bent = bend(&text);
    let acted = bent != text;
    *block = bent.into();
    set_web_frames(context, reply, &all);
    acted
}

/// The fields of a trailer block.
pub(super) fn fields(block: &[u8]) -> HeaderMap {
    let text = String::from_utf8_lossy(block);
    let line = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let name: HeaderName = name.parse().ok()?;
        Some((name, HeaderValue::from_str(value.trim()).ok()?))
    };
    text.split("\r\n").filter_map(line).collect()
}
