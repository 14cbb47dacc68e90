//! What the harness sends without declaring a defect must be what the contract says.

use prost_reflect::{Kind, MessageDescriptor};

use crate::answer::frames::{self, Rest};
use crate::contract::descriptors::Method;
use crate::contract::http_rule::BodyBinding;
use crate::contract::{message, proto_json};
use crate::wire::put::Payload;

/// A request that declares no defect must be one that our own readers accept: what breaks the contract without meaning to is no fault of the
/// target. What a person wrote as text or octets is read again by our own readers, captures put in.
pub(super) fn well_formed(payload: &Payload, method: &Method) -> Result<(), String> {
    match payload {
        Payload::Raw(_) | Payload::Json(None) => Ok(()),
        // No content is an empty message.
        Payload::Json(Some(text)) if text.is_empty() => Ok(()),
        Payload::Json(Some(text)) => json_is_message(text, method),
        Payload::Message(octets) => is_message(octets, &method.input),
        Payload::Frames(octets) => match frames::split(octets) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contract;

    fn said(send: &Payload) -> String {
        let method = Contract::built_in().descriptors.method("zitadel.management.v1.ManagementService/AddSecondFactorToLoginPolicy");
        well_formed(send, method.expect("the operation of the contract")).err().unwrap_or_default()
    }

    #[test]
    fn what_declares_no_defect_is_what_our_own_readers_accept() {
        let json = |text: &str| said(&Payload::Json(Some(text.as_bytes().to_vec())));
        assert_eq!(json(r#"{"type": "SECOND_FACTOR_TYPE_OTP"}"#), "");
        assert_eq!(json(r#"{"type": 1}"#), "", "a legal form");
        assert!(json(r#"{"type": true}"#).contains("`/type`"), "{}", json(r#"{"type": true}"#));
        assert!(json(r#"{"typ": 1}"#).contains("no such field"));
        assert!(json(r#"{"type": 1, "type": 2}"#).contains("`/type`"));
        assert!(json("{").contains("no JSON"));
        let bytes = |octets: &[u8]| said(&Payload::Message(octets.to_vec()));
        assert_eq!(bytes(&[8, 1]), "");
        assert_eq!(bytes(&[8, 1, 0x78, 1]), "", "a field of a later version");
        assert!(bytes(&[8]).contains("no message"));
        assert!(bytes(&[10, 1, 65]).contains("`/type`"));
        let frames = |octets: &[u8]| said(&Payload::Frames(octets.to_vec()));
        assert_eq!(frames(&[0, 0, 0, 0, 2, 8, 1]), "");
        assert!(frames(&[0, 0, 0, 0, 3, 8, 1]).contains("cut off"));
        assert!(frames(&[1, 0, 0, 0, 2, 8, 1]).contains("compressed"));
        assert!(frames(&[]).contains("0 frames"));
    }
}
