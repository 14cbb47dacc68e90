//! The third seam: which wire a request is on, its message out of its frames, and an encoded outcome into head, body frames and trailers.

use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::{BufMut, Bytes, BytesMut};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use super::codec::Encoded;
use super::context::{Context, Wire};
use super::failure::{Code, Failure};
use super::limits;

/// `grpc-status`
pub const STATUS: HeaderName = HeaderName::from_static("grpc-status");
/// `grpc-message`
pub const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
/// `grpc-status-details-bin`
pub const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
/// `grpc-accept-encoding`
pub const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// What a request's content type makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognized {
    /// A call in one of the RPC wires, with the plain spelling of its media type.
    Call(Wire, &'static str),
    /// An RPC media type with a message format that isn't spoken here; the answer's media type.
    OtherFormat(Wire, &'static str),
    /// Any other media type, or none: JSON, if its path is one of the JSON wire.
    Other,
}

/// An answer before it goes to the HTTP library.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// Fields of the head.
    pub head: HeaderMap,
    /// The content in the pieces in which it is sent.
    pub body: Vec<Bytes>,
    /// A trailer section; none: the content (or the head) ends the answer.
    pub trailers: Option<HeaderMap>,
}

impl Reply {
    /// An answer without content.
    pub fn bare(status: StatusCode) -> Self {
        let mut head = HeaderMap::new();
        head.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Self { status, head, body: Vec::new(), trailers: None }
    }
}

/// Takes requests out of their frames and puts answers into theirs.
pub trait Frames: Send + Sync {
    /// The head of a request has arrived; a status with which it is refused at once, if it is.
    fn arrive(&self, _head: &mut Parts) -> Option<StatusCode> {
        None
    }

    /// The wire of a request, by its content type alone.
    fn recognize(&self, head: &Parts) -> Recognized;

    /// The message of a complete RPC request body.
    fn unframe(&self, head: &Parts, context: &Context, body: Bytes) -> Result<Bytes, Failure>;

    /// The answer.
    fn frame(&self, context: &Context, encoded: Encoded) -> Reply;

    /// The answer to a request is about to leave.
    fn leave(&self, _head: &Parts, _reply: &mut Reply) {}

    /// Whether the HTTP library stamps answers with their date (RFC 9110, 6.6.1).
    fn dates(&self) -> bool {
        true
    }
}

/// The correct implementation.
#[derive(Debug)]
pub struct Plain;

impl Frames for Plain {
    fn recognize(&self, head: &Parts) -> Recognized {
        let mut fields = head.headers.get_all(CONTENT_TYPE).iter();
        match (fields.next().and_then(|field| field.to_str().ok()), fields.next()) {
            (Some(field), None) => recognize(field),
            _ => Recognized::Other,
        }
    }

    fn unframe(&self, _head: &Parts, context: &Context, body: Bytes) -> Result<Bytes, Failure> {
        let body = if context.wire == Wire::GrpcWebText {
            from_text(&body).ok_or_else(|| Failure::new(Code::Internal, "the request body is not base64"))?.into()
        } else {
            body
        };
        unframe(body)
    }

    fn frame(&self, context: &Context, encoded: Encoded) -> Reply {
        let mut reply = Reply::bare(StatusCode::OK);
        let media_type = HeaderValue::from_static(context.media_type);
        reply.head.insert(CONTENT_TYPE, media_type);
        if context.wire == Wire::Json {
            reply.status = encoded.status;
            reply.head.extend(encoded.fields);
            reply.body.extend(encoded.body);
            return reply;
        }
        // What is accepted is said with every answer, so also where it has to be (grpc-encoding refused).
        reply.head.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let status = status_fields(&encoded);
        reply.body.extend(encoded.body.map(|message| frame(0, &message)));
        if context.wire.is_web() {
            reply.body.push(frame(0x80, &block(&status)));
            if context.wire == Wire::GrpcWebText {
                reply.body = vec![BASE64_STANDARD.encode(reply.body.concat()).into()];
            }
        } else if encoded.code == Code::Ok {
            reply.trailers = Some(status);
        } else {
            // Trailers-Only: one head that also ends the answer.
            reply.head.extend(status);
        }
        reply
    }
}

/// Media types compare without case (RFC 9110, 8.3.1); parameters don't matter.
fn recognize(field: &str) -> Recognized {
    let plain = field.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match plain.as_str() {
        "application/grpc" => Recognized::Call(Wire::Grpc, "application/grpc"),
        "application/grpc+proto" => Recognized::Call(Wire::Grpc, "application/grpc+proto"),
        "application/grpc-web" => Recognized::Call(Wire::GrpcWeb, "application/grpc-web"),
        "application/grpc-web+proto" => Recognized::Call(Wire::GrpcWeb, "application/grpc-web+proto"),
        "application/grpc-web-text" => Recognized::Call(Wire::GrpcWebText, "application/grpc-web-text"),
        "application/grpc-web-text+proto" => Recognized::Call(Wire::GrpcWebText, "application/grpc-web-text+proto"),
        other if other.starts_with("application/grpc-web-text+") => Recognized::OtherFormat(Wire::GrpcWebText, "application/grpc-web-text"),
        other if other.starts_with("application/grpc-web+") => Recognized::OtherFormat(Wire::GrpcWeb, "application/grpc-web"),
        other if other.starts_with("application/grpc+") => Recognized::OtherFormat(Wire::Grpc, "application/grpc"),
        _ => Recognized::Other,
    }
}

/// The one message of a unary request. Codes as in the gRPC libraries ("Status codes and their use in gRPC").
fn unframe(mut body: Bytes) -> Result<Bytes, Failure> {
    let internal = |text| Err(Failure::new(Code::Internal, text));
    let unimplemented = |text| Err(Failure::new(Code::Unimplemented, text));
    let [flag, a, b, c, d, ..] = *body else {
        return if body.is_empty() {
            unimplemented("a unary call without a message")
        } else {
            internal("the request ends inside a frame head")
        };
    };
    match flag {
        0 => {}
        // Encodings other than identity were refused before the body was read.
        1 => return internal("compressed flag without grpc-encoding"),
        _ => return internal("a frame flag that is not defined"),
    }
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if length > limits::MESSAGE {
        return Err(too_large());
    }
    let _ = body.split_to(5);
    if body.len() < length {
        return internal("the request ends inside a message");
    }
    let message = body.split_to(length);
    if body.is_empty() { Ok(message) } else { unimplemented("a unary call with more than one message") }
}

/// The request message is larger than this server takes.
pub fn too_large() -> Failure {
    let text = format!("the message is larger than {} bytes", limits::MESSAGE);
    Failure::new(Code::ResourceExhausted, text)
}

/// Base64 in one or more padded pieces; the last one may lack its padding.
pub fn from_text(text: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len() / 4 * 3 + 3);
    for quantum in text.chunks(4) {
        let digits = quantum.iter().rposition(|digit| *digit != b'=').map_or(0, |at| at + 1);
        let mut decoded = STANDARD_NO_PAD.decode(&quantum[..digits]).ok()?;
        if decoded.is_empty() || digits < 2 {
            return None;
        }
        octets.append(&mut decoded);
    }
    Some(octets)
}

/// One length-prefixed frame.
pub fn frame(flag: u8, content: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(content.len() + 5);
    frame.put_u8(flag);
    frame.put_u32(u32::try_from(content.len()).unwrap_or(u32::MAX));
    frame.put_slice(content);
    frame.freeze()
}

/// The fields of a gRPC-Web trailer frame: lower case, each line ended by CRLF.
pub fn block(fields: &HeaderMap) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.extend_from_slice(name.as_str().as_bytes());
        block.extend_from_slice(b": ");
        block.extend_from_slice(value.as_bytes());
        block.extend_from_slice(b"\r\n");
    }
    block
}

/// The status of an RPC answer.
fn status_fields(encoded: &Encoded) -> HeaderMap {
    let mut fields = HeaderMap::new();
    fields.insert(STATUS, HeaderValue::from(encoded.code as i32));
    if encoded.code != Code::Ok {
        if let Ok(message) = HeaderValue::from_str(&percent(&encoded.message)) {
            fields.insert(MESSAGE, message);
        }
        if let Some(details) = &encoded.details
            && let Ok(details) = HeaderValue::from_str(&STANDARD_NO_PAD.encode(details))
        {
            fields.insert(DETAILS, details);
        }
    }
    fields
}

/// `grpc-message`: space to `~` stand for themselves, save `%` (PROTOCOL-HTTP2, "Responses").
fn percent(text: &str) -> String {
    const ENCODED: &AsciiSet = &CONTROLS.add(b'%');
    percent_encode(text.as_bytes(), ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_and_nothing_else() {
        let read = |body: &'static [u8]| unframe(Bytes::from_static(body)).map_err(|f| f.code);
        assert_eq!(read(b"\0\0\0\0\x02\x08\x01").as_deref(), Ok(&b"\x08\x01"[..]));
        assert_eq!(read(b"\0\0\0\0\0").as_deref(), Ok(&b""[..]));
        assert_eq!(read(b""), Err(Code::Unimplemented));
        assert_eq!(read(b"\0\0\0\0\0\0\0\0\0\0"), Err(Code::Unimplemented));
        assert_eq!(read(b"\0\0\0\0\x0a\x08\x01"), Err(Code::Internal));
        assert_eq!(read(b"\0\0"), Err(Code::Internal));
        assert_eq!(read(b"hello world"), Err(Code::Internal));
        for flag in [b"\x01\0\0\0\0", b"\x02\0\0\0\0", b"\x80\0\0\0\0", b"\xff\0\0\0\0"] {
            assert_eq!(read(flag), Err(Code::Internal));
        }
        assert_eq!(read(b"\0\xff\xff\xff\xff"), Err(Code::ResourceExhausted));
    }

    #[test]
    fn text_in_pieces() {
        assert_eq!(from_text(b"AAAAAAIIAQ==").as_deref(), Some(&b"\0\0\0\0\x02\x08\x01"[..]));
        assert_eq!(from_text(b"AA==AAAAAggB").as_deref(), Some(&b"\0\0\0\0\x02\x08\x01"[..]));
        assert_eq!(from_text(b"").as_deref(), Some(&b""[..]));
        for bad in [&b"AAAA!AAIIAQ=="[..], b"AAAA!!!!AAIIAQ==", b"AAAAAAIIA", b"====", b"A===", b"A=A=", b"AA-_"] {
            assert_eq!(from_text(bad), None);
        }
    }

    #[test]
    fn messages_are_percent_encoded() {
        assert_eq!(percent("a b~ \"%\" é\n"), "a b~ \"%25\" %C3%A9%0A");
    }
}
