//! Faults of reading encoded messages.

use super::around::{ADD, CREATE};
use super::macros::wire_fault;
use super::{BINARY, Fault, Layer, Seam};
use crate::reference::codec::Parcel;
use crate::reference::failure::Code;

/// A fault of reading on the binary wires: name, requirement, kind, summary, and how it bends the octets of a message.
macro_rules! reading {
    ($static:ident, $name:literal, $requirement:literal, $kind:literal, $summary:literal, $calls:expr, $bend:expr) => {
        wire_fault!(
            $static,
            $name,
            $requirement,
            $kind,
            BINARY,
            $summary,
            Seam::Request(|context, _, parcel| context.calls($calls) && bend(parcel, $bend))
        );
    };
}

reading!(GROUPS_REFUSED, "groups-refused", "GRPC-PROTO-UNKNOWN-FIELD", "refused", "a message with a group is refused", ADD, |octets| {
    let group = split(octets).0.iter().any(|field| field.kind == 3);
    group.then(|| vec![0])
});

reading!(
    FIRST_VALUE_WINS,
    "first-value-wins",
    "GRPC-PROTO-LAST-WINS",
    "body-differs",
    "of a field that stands twice the first value is taken",
    ADD,
    |octets| {
        let (fields, rest) = split(octets);
        (rest.is_empty() && fields.len() > 1).then(|| fields[0].octets.to_vec())
    }
);

reading!(
    ANY_WIRE_TYPE,
    "any-wire-type",
    "GRPC-PROTO-WRONG-WIRE-TYPE",
    "accepted",
    "a number is taken from a field of whatever wire type",
    ADD,
    |octets| {
        let (fields, _) = split(octets);
        let first = fields.first().filter(|field| field.number == 1)?;
        match (first.kind, first.value) {
            (2 | 5, [number, ..]) => Some(vec![0x08, *number]),
            _ => None,
        }
    }
);

reading!(
    WHOLE_FIELDS_USED,
    "whole-fields-used",
    "GRPC-PROTO-MALFORMED",
    "not-refused",
    "of a message that breaks off or is none the fields before are used",
    ADD,
    |octets| {
        let (fields, rest) = split(octets);
        (!rest.is_empty()).then(|| fields.iter().flat_map(|field| field.octets).copied().collect())
    }
);

reading!(
    LOW_OCTET_OF_ENUM,
    "low-octet-of-enum",
    "GRPC-PROTO-ENUM-NEGATIVE",
    "accepted",
    "of a negative number the low bits are looked at",
    ADD,
    |octets| match octets {
        [0x08, low, next, .., 0x01] if octets.len() == 11 => Some(vec![0x08, *low, next & 1]),
        _ => None,
    }
);

reading!(
    LAST_OF_PACKED,
    "last-of-packed",
    "GRPC-REPEATED-ENUM-PACKED",
    "accepted",
    "the elements of a packed list overwrite each other",
    CREATE,
    |octets| match octets {
        [0x72, 2, _, last] => Some(vec![0x72, 1, *last]),
        _ => None,
    }
);

reading!(
    UTF8_REPLACED,
    "utf8-replaced",
    "GRPC-PROTO-INVALID-UTF8",
    "not-refused",
    "what is no UTF-8 in a text becomes U+FFFD",
    CREATE,
    |octets| {
        let (fields, _) = split(octets);
        let [text] = fields.as_slice() else { return None };
        let bent = String::from_utf8_lossy(text.value);
        let length = u8::try_from(bent.len()).ok().filter(|length| *length < 0x80)?;
        (text.number == 8 && bent.as_bytes() != text.value).then(|| [&[0x42, length], bent.as_bytes()].concat())
    }
);

pub(super) static UNDECODABLE_AS_INVALID: Fault = Fault {
    name: "undecodable-as-invalid",
    requirement: "GRPC-LIBRARY-CODES",
    kind: "code-differs",
    wires: &["grpc", "grpc-web"],
    layer: Layer::Wire,
    summary: "octets that are no message are told as INVALID_ARGUMENT",
    seam: Seam::Outcome(|_, outcome| match outcome {
        Err(failure) if failure.code == Code::Internal && failure.message.ends_with("can't be decoded") => {
            failure.code = Code::InvalidArgument;
            true
        }
        _ => false,
    }),
};

fn bend(parcel: &mut Parcel, bend: impl Fn(&[u8]) -> Option<Vec<u8>>) -> bool {
    let bent = bend(&parcel.body);
    let acted = bent.as_ref().is_some_and(|bent| *bent != parcel.body);
    if let Some(bent) = bent {
        parcel.body = bent.into();
    }
    acted
}

/// Whether the first field has another wire type than that of a number.
pub(super) fn of_other_type(octets: &[u8]) -> bool {
    first(octets).is_some_and(|(field, rest)| field.number == 1 && field.kind != 0 && rest.is_empty())
}

/// A field as it stands in a message.
struct Field<'a> {
    number: u64,
    /// The wire type.
    kind: u64,
    /// With the tag.
    octets: &'a [u8],
    /// Without tag and length.
    value: &'a [u8],
}

/// The fields of a message up to what is none, and what is left. A group's tag counts as a field without a value.
fn split(mut octets: &[u8]) -> (Vec<Field<'_>>, &[u8]) {
    let mut fields = Vec::new();
    while let Some((field, rest)) = first(octets) {
        fields.push(field);
        octets = rest;
    }
    (fields, octets)
}

fn first(octets: &[u8]) -> Option<(Field<'_>, &[u8])> {
    let (tag, after) = varint(octets)?;
    let (number, kind) = (tag >> 3, tag & 7);
    let (skipped, length) = match kind {
        0 => (0, after.len() - varint(after)?.1.len()),
        1 => (0, 8),
        2 => {
            let (length, content) = varint(after)?;
            (after.len() - content.len(), usize::try_from(length).ok()?)
        }
        3 => (0, 0),
        5 => (0, 4),
        _ => return None,
    };
    let value = after.get(skipped..skipped.checked_add(length)?).filter(|_| number > 0)?;
    let end = octets.len() - after.len() + skipped + length;
    Some((Field { number, kind, octets: &octets[..end], value }, &octets[end..]))
}

fn varint(octets: &[u8]) -> Option<(u64, &[u8])> {
    let end = octets.iter().take(10).position(|octet| octet & 0x80 == 0)?;
    let number = octets[..=end].iter().rev().fold(0_u64, |number, octet| number << 7 | u64::from(octet & 0x7f));
    Some((number, &octets[end + 1..]))
}
