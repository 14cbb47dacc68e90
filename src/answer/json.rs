//! JSON over HTTP (google.api.http transcoding, ProtoJSON).

use serde_json::Value;

use super::{Answer, Answered, Reading, broken_end};
use crate::contract::Contract;
use crate::contract::proto_json::{self, Node};
use crate::contract::status::{Code, status_from_json};
use crate::wire::Exchange;

pub(super) fn read(exchange: &Exchange, contract: &Contract) -> Reading {
    let received = &exchange.received;
    let mut reading = Reading::of(Answer::None { kind: "unread", text: String::new() });
    if received.content.length > 0 && received.content.is_whole() {
        reading.document = Some(proto_json::parse(&received.content.kept.0));
    }
    reading.answer = broken_end(&received.end).unwrap_or_else(|| answer(exchange, contract, &reading));
    reading
}

fn answer(exchange: &Exchange, contract: &Contract, reading: &Reading) -> Answer {
    let received = &exchange.received;
    let unreadable = |kind, text: String| Answer::Unreadable { kind, text };
    let Some(http_status) = received.head().and_then(|head| head.status) else {
        return unreadable("no-head", "no response head with a status came".to_owned());
    };
    if !(200..300).contains(&http_status) {
        let error = match &reading.document {
            Some(Ok(document)) => status_from_json(&document.root, &contract.descriptors).ok(),
            _ => None,
        };
        let code = error.as_ref().and_then(|status| Code::from_number(status.code)).filter(|code| *code != Code::Ok);
        return Answer::Status(Answered { code, http_status, message: None, error });
    }
    let method = exchange.intent.rpc.as_deref().and_then(|rpc| contract.descriptors.method(rpc));
    let Some(method) = method else {
        // Of a request that means no operation nothing is promised; an object is shown as it is.
        let object = match &reading.document {
            Some(Ok(document)) if matches!(document.root, Node::Object(_)) => Some(document.root.to_value()),
            _ => None,
        };
        return Answer::Status(Answered { code: Some(Code::Ok), http_status, message: object, error: None });
    };
    match &reading.document {
        None if !received.content.is_whole() => {
            unreadable("too-large", format!("only the first octets of {} were kept", received.content.length))
        }
        None => unreadable("no-content", format!("HTTP status {http_status} without content")),
        Some(Err(error)) => unreadable("not-json", error.to_string()),
        Some(Ok(document)) => match method.message_of_content(&document.root).as_ref() {
            whole @ Node::Object(_) => {
                let (message, _) = proto_json::canonical(whole, &method.output);
                let message: Value = message;
                Answer::Status(Answered { code: Some(Code::Ok), http_status, message: Some(message), error: None })
            }
            _ => unreadable("not-an-object", "the body of the success is not a JSON object".to_owned()),
        },
    }
}
