//! Faults of message compression, and a legal variant that has gzip. The server itself has none: an entry here hides the encoding from it and
//! undoes it in the frames.

use std::io::{Read as _, Write as _};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;

use super::http_requests::has;
use super::macros::wire_fault;
use super::{GRPC, Heard, Seam, Variant, WEB};
use crate::reference::frames::{self, Reply};
use crate::reference::limits;

const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const ACCEPTED: HeaderName = frames::ACCEPT_ENCODING;
/// Where the encoding of a request stands while the server doesn't see it.
const HIDDEN: HeaderName = HeaderName::from_static("x-hidden-encoding");

/// Hides the encoding gzip.
const HIDE: Seam = Seam::Head(|head| {
    let gzip = has(head, &ENCODING, "gzip");
    if gzip && let Some(value) = head.headers.remove(ENCODING) {
        head.headers.insert(HIDDEN, value);
    }
    Heard::bent(gzip)
});

/// Inflates a message that is whole; another one keeps its flag, with which it is refused.
const INFLATE: Seam = Seam::Framed(|head, _, body| inflate(head, body, |read| read.ok().map(|_| ())));

/// Says that there is gzip.
const TELL: Seam = Seam::Reply(|_, reply| {
    reply.head.insert(ACCEPTED, HeaderValue::from_static("identity, gzip"));
    true
});

pub(super) static MESSAGE_GZIP: Variant = Variant {
    name: "message-gzip",
    spared_by: &[
        "GRPC-COMPRESSION-GZIP",
        "GRPC-COMPRESSION-PER-MESSAGE",
        "GRPC-COMPRESSED-CORRUPT",
        "GRPC-RESPONSE-COMPRESSION-OFFER",
        "GRPC-RESPONSE-COMPRESSION-DECODES",
        "GRPC-RESPONSE-COMPRESSION-MIRROR",
        "GRPC-RESPONSE-PREFIX",
        "GRPC-LIBRARY-CODES",
        "WEB-NO-MESSAGE-COMPRESSION",
    ],
    wires: &["grpc", "grpc-web"],
    summary: "messages in gzip are read, and written to whoever takes them",
    seam: Seam::Several(&[HIDE, INFLATE, TELL, Seam::Leaving(|head, reply| has(head, &ACCEPTED, "gzip") && deflate(reply) && name(reply))]),
};

wire_fault!(
    UNKNOWN_ENCODING_IGNORED,
    "unknown-encoding-ignored",
    "GRPC-COMPRESSION-UNSUPPORTED",
    "code-differs",
    GRPC,
    "an encoding that is not known is not looked at",
    Seam::Head(|head| Heard::bent(has(head, &ENCODING, "x-") && head.headers.remove(ENCODING).is_some()))
);

wire_fault!(
    WEB_ENCODING_DROPPED,
    "web-encoding-dropped",
    "WEB-COMPRESSED-FLAG",
    "code-differs",
    &["grpc-web"],
    "the layer of gRPC-Web drops the name of the encoding",
    Seam::Head(|head| Heard::bent(head.headers.remove(ENCODING).is_some()))
);

wire_fault!(
    ENCODINGS_NOT_TOLD,
    "encodings-not-told",
    "GRPC-COMPRESSION-ACCEPT-HEADER",
    "no-accept-encoding",
    GRPC,
    "a refusal of an encoding doesn't say which there are",
    Seam::Reply(|_, reply| reply.head.remove(ACCEPTED).is_some())
);

wire_fault!(
    GZIP_AS_MESSAGE,
    "gzip-as-message",
    "GRPC-COMPRESSION-GZIP",
    "no-alternative",
    GRPC,
    "compressed octets are read as a message",
    Seam::Several(&[
        HIDE,
        Seam::Framed(|head, _, body| {
            let gzip = head.headers.contains_key(HIDDEN) && body.first() == Some(&1);
            if gzip {
                *body = frames::frame(0, &body[5..]);
            }
            gzip
        }),
    ])
);

wire_fault!(
    PLAIN_INFLATED,
    "plain-inflated",
    "GRPC-COMPRESSION-PER-MESSAGE",
    "refused",
    GRPC,
    "under the encoding gzip a plain message is inflated all the same",
    Seam::Several(&[
        HIDE,
        INFLATE,
        // The last one comes first.
        Seam::Framed(|head, _, body| {
            let plain = head.headers.contains_key(HIDDEN) && body.first() == Some(&0);
            if plain {
                *body = frames::frame(1, &body[5..]);
            }
            plain
        }),
    ])
);

wire_fault!(
    DAMAGED_GZIP_EXECUTED,
    "damaged-gzip-executed",
    "GRPC-COMPRESSED-CORRUPT",
    "not-refused",
    GRPC,
    "of damaged gzip what came out is executed",
    Seam::Several(&[HIDE, Seam::Framed(|head, _, body| inflate(head, body, |_| Some(())))])
);

wire_fault!(
    GZIP_MIRRORED,
    "gzip-mirrored",
    "GRPC-RESPONSE-COMPRESSION-MIRROR",
    "no-alternative",
    GRPC,
    "who asks in gzip is answered in gzip, whatever the offer",
    Seam::Several(&[HIDE, INFLATE, Seam::Leaving(|head, reply| head.headers.contains_key(HIDDEN) && deflate(reply) && name(reply))])
);

wire_fault!(
    ALWAYS_GZIP,
    "always-gzip",
    "GRPC-RESPONSE-COMPRESSION-OFFER",
    "field-differs",
    GRPC,
    "messages are always compressed",
    Seam::Leaving(|_, reply| deflate(reply) && name(reply))
);

wire_fault!(
    GZIP_UNNAMED,
    "gzip-unnamed",
    "GRPC-RESPONSE-COMPRESSION-DECODES",
    "compressed-message",
    GRPC,
    "a compressed answer doesn't name its encoding",
    Seam::Leaving(|head, reply| has(head, &ACCEPTED, "gzip") && deflate(reply))
);

wire_fault!(
    GZIP_AROUND_FRAMES,
    "gzip-around-frames",
    "GRPC-NO-CONTENT-ENCODING",
    "field-differs",
    GRPC,
    "the frames of gRPC are compressed as a whole",
    Seam::Leaving(|head, reply| {
        let packed = has(head, &ACCEPT_ENCODING, "gzip").then(|| pack(&reply.body.concat())).flatten();
        let acted = packed.is_some();
        if let Some(packed) = packed {
            reply.body = vec![packed.into()];
            reply.head.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        acted
    })
);

wire_fault!(
    WEB_FRAMES_IN_GZIP,
    "web-frames-in-gzip",
    "WEB-NO-MESSAGE-COMPRESSION",
    "field-differs",
    WEB,
    "who accepts the coding gzip gets compressed frames",
    Seam::Leaving(|head, reply| has(head, &ACCEPT_ENCODING, "gzip") && deflate(reply) && name(reply))
);

wire_fault!(
    IDENTITY_REFUSED,
    "identity-refused",
    "GRPC-ENCODING-IDENTITY",
    "refused",
    &["grpc", "grpc-web"],
    "identity is looked up among the encodings and not found",
    Seam::Head(|head| {
        let named = has(head, &ENCODING, "identity");
        if named {
            head.headers.insert(ENCODING, HeaderValue::from_static("x-identity"));
        }
        Heard::bent(named)
    })
);

/// Inflates a compressed message of a hidden encoding, where the end of reading it is found good.
fn inflate(head: &Parts, body: &mut Bytes, good: impl Fn(std::io::Result<usize>) -> Option<()>) -> bool {
    if !head.headers.contains_key(HIDDEN) || body.first() != Some(&1) || body.len() < 5 {
        return false;
    }
    let mut message = Vec::new();
    let limit = u64::try_from(limits::MESSAGE).unwrap_or(u64::MAX);
    let read = flate2::read::GzDecoder::new(&body[5..]).take(limit).read_to_end(&mut message);
    let inflated = good(read).is_some();
    if inflated {
        *body = frames::frame(0, &message);
    }
    inflated
}

/// Compresses the messages of an answer.
fn deflate(reply: &mut Reply) -> bool {
    let text = reply.head.get(CONTENT_TYPE).is_some_and(|label| label.as_bytes().starts_with(b"application/grpc-web-text"));
    let octets = reply.body.concat();
    let mut rest = if text { Bytes::from(frames::from_text(&octets).unwrap_or_default()) } else { octets.into() };
    let mut pieces = Vec::new();
    let mut acted = false;
    while let [flag, a, b, c, d, ..] = *rest {
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let _ = rest.split_to(5);
        let content = rest.split_to(length.min(rest.len()));
        pieces.push(match pack(&content) {
            Some(packed) if flag == 0 => {
                acted = true;
                frames::frame(1, &packed)
            }
            _ => frames::frame(flag, &content),
        });
    }
    reply.body = if text { vec![BASE64_STANDARD.encode(pieces.concat()).into()] } else { pieces };
    acted
}

fn pack(octets: &[u8]) -> Option<Vec<u8>> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(octets).and_then(|()| packed.finish()).ok()
}

fn name(reply: &mut Reply) -> bool {
    reply.head.insert(ENCODING, HeaderValue::from_static("gzip"));
    true
}
