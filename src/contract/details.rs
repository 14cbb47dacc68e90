//! Reads `google.rpc.Status` where it stands: in `grpc-status-details-bin` and in a JSON error body.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::descriptors::Descriptors;
use super::message::decode;
use super::proto_json::{Node, canonical};
use super::record::{Cursor, MessageError, Payload};
use super::status::{Detail, Status};

/// Why `grpc-status-details-bin` can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DetailsError {
    /// An octet outside of the standard alphabet: the URL-safe one, white space, a comma.
    #[error("octet {octet:#04x} at {offset} is not of the standard base64 alphabet")]
    Alphabet {
        /// Where it stands.
        offset: usize,
        /// The octet.
        octet: u8,
    },
    /// A length or padding that no base64 text has.
    #[error("the base64 text has an impossible length or padding")]
    Length,
    /// The octets are no protobuf message.
    #[error("no google.rpc.Status: {0}")]
    Message(#[from] MessageError),
    /// A field of `google.rpc.Status` or `google.protobuf.Any` has the wrong wire type.
    #[error("field {number} of {message} has wire type {wire_type}")]
    WireType {
        /// `google.rpc.Status` or `google.protobuf.Any`.
        message: &'static str,
        /// Its field.
        number: u32,
        /// As sent.
        wire_type: u8,
    },
    /// A text that is no UTF-8.
    #[error("field {number} of {message} is not valid UTF-8")]
    InvalidUtf8 {
        /// `google.rpc.Status` or `google.protobuf.Any`.
        message: &'static str,
        /// Its field.
        number: u32,
    },
}

impl DetailsError {
    /// A stable word for this kind of mistake.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Alphabet { .. } => "base64-alphabet",
            Self::Length => "base64-length",
            Self::Message(error) => error.kind,
            Self::WireType { .. } => "wrong-wire-type",
            Self::InvalidUtf8 { .. } => "invalid-utf8",
        }
    }
}

/// Non-zero bits behind the last octet may be refused by a reader (RFC 4648, section 3.5), so they are no fault.
const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// Reads the value of `grpc-status-details-bin`: base64 of a serialised `google.rpc.Status`, standard alphabet, with or
/// without padding (gRPC over HTTP2, Requests: Binary-Header). Unknown fields are skipped.
///
/// # Errors
/// What keeps the value from being a status. A detail that can't be read is none: it stays as base64.
pub fn decode_details_bin(text: &[u8], descriptors: &Descriptors) -> Result<Status, DetailsError> {
    let octets = STANDARD.decode(text).map_err(|error| match error {
        base64::DecodeError::InvalidByte(offset, octet) if octet != b'=' => DetailsError::Alphabet { offset, octet },
        _ => DetailsError::Length,
    })?;
    // Read without a descriptor: another suite's proto/ need not have this message.
    const STATUS: &str = "google.rpc.Status";
    let mut status = Status { code: 0, message: String::new(), details: Vec::new() };
    let mut cursor = Cursor::new(&octets);
    while let Some((number, payload)) = cursor.field()? {
        match (number, payload) {
            // int32 on the wire is the low half of the varint.
            #[expect(clippy::cast_possible_truncation, reason = "as int32 is read")]
            (1, Payload::Varint(code)) => status.code = i64::from(code as i32),
            (2, Payload::Octets(text)) => status.message = utf8(text, STATUS, 2)?,
            (3, Payload::Octets(any)) => status.details.push(detail(any, descriptors)?),
            (1..=3, other) => {
                return Err(DetailsError::WireType { message: STATUS, number, wire_type: other.wire_type() });
            }
            _ => {}
        }
    }
    Ok(status)
}

fn utf8(octets: &[u8], message: &'static str, number: u32) -> Result<String, DetailsError> {
    String::from_utf8(octets.to_vec()).map_err(|_| DetailsError::InvalidUtf8 { message, number })
}

fn detail(any: &[u8], descriptors: &Descriptors) -> Result<Detail, DetailsError> {
    const ANY: &str = "google.protobuf.Any";
    let (mut type_url, mut packed) = (String::new(), &[][..]);
    let mut cursor = Cursor::new(any);
    while let Some((number, payload)) = cursor.field()? {
        match (number, payload) {
            (1, Payload::Octets(text)) => type_url = utf8(text, ANY, 1)?,
            (2, Payload::Octets(octets)) => packed = octets,
            (1 | 2, other) => {
                return Err(DetailsError::WireType { message: ANY, number, wire_type: other.wire_type() });
            }
            _ => {}
        }
    }
    let decoded = descriptors.message_of_url(&type_url).and_then(|descriptor| decode(packed, &descriptor).ok());
    let known = decoded.is_some();
    let value = match decoded {
        Some(decoded) if decoded.value.is_object() => decoded.value,
        Some(decoded) => member("value", decoded.value),
        None => member("value", Value::String(base64::engine::general_purpose::STANDARD.encode(packed))),
    };
    Ok(Detail { type_url, value, known })
}

fn member(name: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value)]))
}

/// Why a JSON body is no error object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnErrorObject {
    /// The body is another kind of JSON value.
    #[error("the body is not an object")]
    NotAnObject,
    /// There is no `code`.
    #[error("the body has no member code")]
    NoCode,
    /// `code` is no integer of 32 bits.
    #[error("code is not a 32-bit integer")]
    Code,
    /// `message` is no string.
    #[error("message is not a string")]
    Message,
    /// `details` is no array.
    #[error("details is not an array")]
    Details,
    /// An element of `details` is no object.
    #[error("an element of details is not an object")]
    Detail,
}

impl NotAnErrorObject {
    /// A stable word for the reason.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotAnObject => "not-an-object",
            Self::NoCode => "no-code",
            Self::Code => "code-not-integer",
            Self::Message => "message-not-string",
            Self::Details => "details-not-array",
            Self::Detail => "detail-not-object",
        }
    }
}

/// Reads a JSON error body: an object with an integer `code`, a string `message` (absent or null: empty) and an array
/// `details` of objects with `@type` inline (absent or null: empty). Undeclared members are skipped; of a doubled name
/// the last value counts. An element without a textual `@type` is kept with an empty type URL.
///
/// # Errors
/// The first reason why the body is no error object.
pub fn status_from_json(body: &Node, descriptors: &Descriptors) -> Result<Status, NotAnErrorObject> {
    if !matches!(body, Node::Object(_)) {
        return Err(NotAnErrorObject::NotAnObject);
    }
    let code = match body.get("code") {
        None | Some(Node::Null) => return Err(NotAnErrorObject::NoCode),
        Some(Node::Number(text)) => text.parse::<i32>().map(i64::from).map_err(|_| NotAnErrorObject::Code)?,
        Some(_) => return Err(NotAnErrorObject::Code),
    };
    let message = match body.get("message") {
        None | Some(Node::Null) => String::new(),
        Some(Node::String(text)) => text.clone(),
        Some(_) => return Err(NotAnErrorObject::Message),
    };
    let details = match body.get("details") {
        None | Some(Node::Null) => Vec::new(),
        Some(Node::Array(elements)) => elements.iter().map(|element| json_detail(element, descriptors)).collect::<Result<_, _>>()?,
        Some(_) => return Err(NotAnErrorObject::Details),
    };
    Ok(Status { code, message, details })
}

fn json_detail(element: &Node, descriptors: &Descriptors) -> Result<Detail, NotAnErrorObject> {
    let Node::Object(members) = element else {
        return Err(NotAnErrorObject::Detail);
    };
    let type_url = match element.get("@type") {
        Some(Node::String(url)) => url.clone(),
        _ => String::new(),
    };
    let rest = || {
        let members = members.iter().filter(|(name, _)| name != "@type");
        Node::Object(members.cloned().collect())
    };
    let (value, known) = match descriptors.message_of_url(&type_url) {
        None => (rest().to_value(), false),
        Some(descriptor) if super::well_known::has_own_json(&descriptor) => {
            let inner = element.get("value").unwrap_or(&Node::Null);
            (member("value", canonical(inner, &descriptor).0), true)
        }
        Some(descriptor) => (canonical(&rest(), &descriptor).0, true),
    };
    Ok(Detail { type_url, value, known })
}

#[cfg(test)]
#[path = "details_tests.rs"]
mod tests;
