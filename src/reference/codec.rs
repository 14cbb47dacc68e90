//! The second seam: octets to a message, and a message or an error to JSON or protobuf octets with a status.

use bytes::Bytes;
use http::StatusCode;
use http::header::{ALLOW, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};

use super::backend::Outcome;
use super::context::{Context, Wire};
use super::failure::{Challenge, Code, Failure, http_status};
use super::methods::{Content, Method, contract};
use super::proto_json;

/// The content of a request with all that belongs to it.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// JSON text, or one protobuf message.
    pub body: Bytes,
    /// On the JSON wire: which part of the message the content holds.
    pub content: Content,
    /// On the JSON wire: values from the path.
    pub variables: Vec<(String, String)>,
    /// On the JSON wire: the query, as it was sent.
    pub query: String,
}

/// An outcome on its way to a wire.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// The canonical code.
    pub code: Code,
    /// The text of an error.
    pub message: String,
    /// The serialised `google.rpc.Status`, where the error has a domain detail.
    pub details: Option<Bytes>,
    /// The HTTP status, for the JSON wire.
    pub status: StatusCode,
    /// JSON text, or one protobuf message, which may be empty; an error on a binary wire has none.
    pub body: Option<Bytes>,
    /// Fields for the head of a JSON answer.
    pub fields: Vec<(HeaderName, HeaderValue)>,
}

/// Reads messages and writes outcomes.
pub trait Codec: Send + Sync {
    /// Reads the request message.
    fn decode(&self, context: &Context, method: &Method, parcel: &Parcel) -> Outcome;

    /// Writes the outcome.
    fn encode(&self, context: &Context, outcome: &Outcome) -> Encoded;
}

/// The correct implementation.
#[derive(Debug)]
pub struct Plain;

impl Codec for Plain {
    fn decode(&self, context: &Context, method: &Method, parcel: &Parcel) -> Outcome {
        match context.wire {
            Wire::Json => json(method, parcel).map_err(|problem| Failure::new(Code::InvalidArgument, problem)),
            _ => DynamicMessage::decode(method.input.clone(), parcel.body.clone()).map_err(|_| {
                let text = "the request message can't be decoded";
                Failure::new(Code::Internal, text)
            }),
        }
    }

    fn encode(&self, context: &Context, outcome: &Outcome) -> Encoded {
        match (context.wire, outcome) {
            (Wire::Json, Ok(message)) => success(serde_json::to_vec(message).unwrap_or_default().into()),
            (_, Ok(message)) => success(message.encode_to_vec().into()),
            (wire, Err(failure)) => failed(wire, failure),
        }
    }
}

fn json(method: &Method, parcel: &Parcel) -> Result<DynamicMessage, proto_json::Problem> {
    let mut message = match &parcel.content {
        // Content of no octets is an absent message: what is missing is a matter of validation.
        Content::Message if !parcel.body.is_empty() => proto_json::read(&method.input, &parcel.body)?,
        Content::Field(name) => field(method, name, &parcel.body)?,
        Content::Message | Content::Ignored => DynamicMessage::new(method.input.clone()),
    };
    if parcel.content != Content::Message {
        for (name, value) in query(&parcel.query) {
            let bound = parcel.variables.iter().any(|(field, _)| *field == name);
            if !bound && proto_json::has_field(&method.input, &name) {
                proto_json::set(&mut message, &name, &value)?;
            }
        }
    }
    for (field, text) in &parcel.variables {
        proto_json::set(&mut message, field, text)?;
    }
    Ok(message)
}

fn field(method: &Method, name: &str, body: &[u8]) -> Result<DynamicMessage, proto_json::Problem> {
    let mut message = DynamicMessage::new(method.input.clone());
    let field = method.input.get_field_by_name(name);
    let kind = field.as_ref().map(prost_reflect::FieldDescriptor::kind);
    if let (Some(field), Some(kind)) = (&field, kind.as_ref().and_then(|kind| kind.as_message()))
        && !body.is_empty()
    {
        message.set_field(field, Value::Message(proto_json::read(kind, body)?));
    }
    Ok(message)
}

/// Pairs of a query; unknown names are not ours to judge.
fn query(text: &str) -> impl Iterator<Item = (String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        let decoded = percent_encoding::percent_decode_str(&text).decode_utf8_lossy();
        decoded.into_owned()
    };
    text.split('&').take(256).filter_map(move |pair| {
        let (name, value) = pair.split_once('=')?;
        Some((decode(name), decode(value)))
    })
}

fn success(body: Bytes) -> Encoded {
    Encoded { code: Code::Ok, message: String::new(), details: None, status: StatusCode::OK, body: Some(body), fields: Vec::new() }
}

fn failed(wire: Wire, failure: &Failure) -> Encoded {
    let status = rpc_status(failure);
    let json = wire == Wire::Json;
    let mut encoded = Encoded {
        code: failure.code,
        message: failure.message.clone(),
        details: failure.detail.as_ref().map(|_| Bytes::from(status.encode_to_vec())),
        status: failure.http.unwrap_or_else(|| http_status(failure.code)),
        body: json.then(|| serde_json::to_vec(&status).unwrap_or_default().into()),
        fields: Vec::new(),
    };
    if json && failure.code == Code::Unauthenticated {
        // RFC 6750, 3.1: no error attribute where no token was sent.
        let challenge = match failure.challenge {
            Some(Challenge::InvalidToken) => r#"Bearer realm="triwire", error="invalid_token""#,
            _ => r#"Bearer realm="triwire""#,
        };
        let field = (WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        encoded.fields.push(field);
    }
    if let Some(Ok(allow)) = failure.allow.as_deref().map(HeaderValue::from_str) {
        encoded.fields.push((ALLOW, allow));
    }
    encoded
}

/// The error as `google.rpc.Status`.
pub fn rpc_status(failure: &Failure) -> DynamicMessage {
    let contract = contract();
    let mut status = DynamicMessage::new(contract.status.clone());
    status.set_field_by_name("code", Value::I32(failure.code as i32));
    status.set_field_by_name("message", Value::String(failure.message.clone()));
    if let Some(detail) = &failure.detail {
        let mut inner = DynamicMessage::new(contract.detail.clone());
        inner.set_field_by_name("id", Value::String(detail.id.clone()));
        inner.set_field_by_name("message", Value::String(detail.text.clone()));
        let any =
            prost_types::Any { type_url: format!("type.googleapis.com/{}", contract.detail.full_name()), value: inner.encode_to_vec() };
        let kind = contract.status.get_field_by_name("details").map(|field| field.kind());
        if let Some(descriptor) = kind.as_ref().and_then(|kind| kind.as_message()) {
            let mut element = DynamicMessage::new(descriptor.clone());
            if element.transcode_from(&any).is_ok() {
                status.set_field_by_name("details", Value::List(vec![Value::Message(element)]));
            }
        }
    }
    status
}
