//! Faults of reading the frames of requests.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;

use super::macros::wire_fault;
use super::{Fault, GRPC, Layer, Seam, WEB};
use crate::reference::context::{Context, Wire};
use crate::reference::failure::Code;
use crate::reference::frames;

const WITHOUT_TEXT: &[&str] = &["grpc", "grpc-web"];

/// A fault of frames: name, requirement, kind, wires, summary, and how it bends the framed octets.
macro_rules! framing {
    ($static:ident, $name:literal, $requirement:literal, $kind:literal, $wires:expr, $summary:literal, $bend:expr) => {
        wire_fault!($static, $name, $requirement, $kind, $wires, $summary, Seam::Framed(|_, context, body| bend(context, body, $bend)));
    };
}

framing!(
    MISSING_IS_EMPTY,
    "missing-is-empty",
    "GRPC-CARDINALITY-ZERO",
    "not-refused",
    WITHOUT_TEXT,
    "a missing message is taken for an empty one",
    |octets| octets.is_empty().then(|| vec![0; 5])
);

framing!(
    FIRST_OF_TWO,
    "first-of-two",
    "GRPC-CARDINALITY-TWO",
    "not-refused",
    WITHOUT_TEXT,
    "the first one of two messages is executed",
    |octets| {
        let end = 5 + length(octets)?;
        (octets.len() > end).then(|| octets[..end].to_vec())
    }
);

framing!(
    CUT_MESSAGE_EXECUTED,
    "cut-message-executed",
    "GRPC-TRUNCATED-MESSAGE",
    "not-refused",
    WITHOUT_TEXT,
    "of a message that is cut off what came is executed",
    |octets| {
        let came = octets.len().checked_sub(5)?;
        (length(octets)? > came).then(|| frames::frame(0, &octets[5..]).to_vec())
    }
);

framing!(
    WEB_CUT_TEXT_EXECUTED,
    "web-cut-text-executed",
    "WEB-TRUNCATED-REQUEST",
    "no-alternative",
    &["grpc-web-text"],
    "of a message that is cut off in its text what came is executed",
    |octets| {
        let came = octets.len().checked_sub(5)?;
        (length(octets)? > came).then(|| frames::frame(0, &octets[5..]).to_vec())
    }
);

framing!(
    LOW_BIT_OF_FLAG,
    "low-bit-of-flag",
    "GRPC-RESERVED-FLAG",
    "not-refused",
    GRPC,
    "only the lowest bit of the flag is looked at",
    |octets| flag(octets, |flag| flag & 1)
);

framing!(
    FLAG_IGNORED,
    "flag-ignored",
    "GRPC-COMPRESSED-FLAG-NO-ENCODING",
    "accepted",
    GRPC,
    "the compressed flag without an encoding is ignored",
    |octets| flag(octets, |flag| if flag == 1 { 0 } else { flag })
);

framing!(
    WEB_FLAG_IGNORED,
    "web-flag-ignored",
    "WEB-COMPRESSED-FLAG",
    "accepted",
    &["grpc-web"],
    "the layer of gRPC-Web drops the compressed flag",
    |octets| flag(octets, |flag| if flag == 1 { 0 } else { flag })
);

framing!(
    WEB_TRAILERS_EXECUTED,
    "web-trailers-executed",
    "WEB-TRUNCATED-REQUEST",
    "no-alternative",
    WEB,
    "a frame of trailers is executed as a message",
    |octets| flag(octets, |flag| flag & 0x7f)
);

pub(super) static BASE64_SKIPS: Fault = Fault {
    name: "base64-skips",
    requirement: "WEB-TEXT-INVALID-BASE64",
    kind: "no-alternative",
    wires: &["grpc-web-text"],
    layer: Layer::Wire,
    summary: "characters that are none of base64 are skipped",
    seam: Seam::Framed(|_, _, body| {
        let known = |octet: &u8| octet.is_ascii_alphanumeric() || b"+/=".contains(octet);
        let kept: Vec<u8> = body.iter().copied().filter(known).collect();
        let acted = kept.len() < body.len();
        *body = kept.into();
        acted
    }),
};

pub(super) static NO_MESSAGE_UNKNOWN: Fault = Fault {
    name: "no-message-unknown",
    requirement: "GRPC-LIBRARY-CODES",
    kind: "code-differs",
    wires: WITHOUT_TEXT,
    layer: Layer::Wire,
    summary: "a missing message is told as UNKNOWN",
    seam: Seam::Outcome(|_, outcome| match outcome {
        Err(failure) if failure.message.ends_with("without a message") => {
            failure.code = Code::Unknown;
            true
        }
        _ => false,
    }),
};

/// Bends what is inside base64, where the wire has it.
fn bend(context: &Context, body: &mut Bytes, bend: impl Fn(&[u8]) -> Option<Vec<u8>>) -> bool {
    let text = context.wire == Wire::GrpcWebText;
    let bent = if text { frames::from_text(body).and_then(|octets| bend(&octets)) } else { bend(body) };
    let acted = bent.is_some();
    if let Some(bent) = bent {
        *body = if text { BASE64_STANDARD.encode(bent).into() } else { bent.into() };
    }
    acted
}

/// The length that the first frame announces.
fn length(octets: &[u8]) -> Option<usize> {
    let (_, length) = octets.get(..5)?.split_first_chunk::<1>()?;
    usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()
}

/// The same with another flag, if that changes anything.
fn flag(octets: &[u8], bend: impl Fn(u8) -> u8) -> Option<Vec<u8>> {
    let (first, rest) = octets.split_first()?;
    let flag = bend(*first);
    (flag != *first).then(|| [&[flag], rest].concat())
}
