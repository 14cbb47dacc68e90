//! Reads a message from its octets (Protocol Buffers, Encoding), field by field, so that a check sees what was sent.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde::Serialize;
use serde_json::Value;

pub use super::encode::{EncodeError, encode};
pub use super::issue::Issue;
pub use super::record::MessageError;

use super::issue::{Issues, Place};
use super::record::{Cursor, Payload};
use super::scalar::Scalar;
use super::tree::{DEEPEST, Item, Slot, Tree, Writer};

/// Nobody reads more fields than these, and hostile input may have one with each two octets.
const MOST_FIELDS: usize = 4096;

/// What octets say as a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// Canonical ProtoJSON, the same form as of [`canonical`](super::proto_json::canonical).
    pub value: Value,
    /// The fields in the order of the octets, nested ones behind the one that holds them; at most 4096.
    pub fields: Vec<FieldSeen>,
    /// `wrong-wire-type`, `invalid-utf8`, `out-of-range`, `unknown-any-type`, `invalid-any`. Unknown fields are no issue.
    pub issues: Vec<Issue>,
}

/// One field record as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldSeen {
    /// JSON pointer by JSON names; `#15` stands for an unknown field with number 15.
    pub place: String,
    /// Field number.
    pub number: u32,
    /// 0 varint, 1 I64, 2 LEN, 3 group, 5 I32.
    pub wire_type: u8,
    /// Whether the message type declares it.
    pub known: bool,
}

/// Decodes a message: the last value of a singular field counts, repeated messages of a singular field merge, repeated
/// scalars are read packed or not, groups and unknown fields are skipped.
///
/// # Errors
/// Octets that no reader of protobuf may accept.
pub fn decode(octets: &[u8], descriptor: &MessageDescriptor) -> Result<Decoded, MessageError> {
    let Read { tree, fields, mut issues } = read(octets, descriptor, 0)?;
    let mut writer = Writer { issues: &mut issues, place: Place::default() };
    let value = writer.message(&tree, descriptor, 0);
    Ok(Decoded { value, fields, issues: issues.into_list() })
}

pub(super) struct Read {
    pub(super) tree: Tree,
    pub(super) fields: Vec<FieldSeen>,
    pub(super) issues: Issues,
}

pub(super) fn read(octets: &[u8], descriptor: &MessageDescriptor, depth: usize) -> Result<Read, MessageError> {
    let mut reader = Reader { fields: Vec::new(), issues: Issues::default(), place: Place::default() };
    let mut tree = Tree::default();
    reader.message(Cursor::new(octets), descriptor, &mut tree, depth)?;
    Ok(Read { tree, fields: reader.fields, issues: reader.issues })
}

struct Reader {
    fields: Vec<FieldSeen>,
    issues: Issues,
    place: Place<'static>,
}

impl Reader {
    fn message(
        &mut self,
        mut cursor: Cursor<'_>,
        descriptor: &MessageDescriptor,
        tree: &mut Tree,
        depth: usize,
    ) -> Result<(), MessageError> {
        if depth > DEEPEST {
            return Err(cursor.fail("too-deep", "messages are nested more than 100 deep"));
        }
        while let Some((number, payload)) = cursor.field()? {
            let field = descriptor.get_field(number);
            match &field {
                Some(field) => self.place.name(field.json_name().to_owned()),
                None => self.place.number(number),
            }
            if self.fields.len() < MOST_FIELDS {
                self.fields.push(FieldSeen { place: self.place.pointer(), number, wire_type: payload.wire_type(), known: field.is_some() });
            }
            if let Some(field) = field {
                self.field(&cursor, payload, &field, tree, depth)?;
            }
            self.place.leave();
        }
        Ok(())
    }

    fn field(
        &mut self,
        cursor: &Cursor<'_>,
        payload: Payload<'_>,
        field: &FieldDescriptor,
        tree: &mut Tree,
        depth: usize,
    ) -> Result<(), MessageError> {
        let (number, kind) = (field.number(), field.kind());
        let wanted = wire_type(&kind);
        if let (true, Payload::Octets(octets)) = (field.is_list() && wanted != 2, payload) {
            return self.packed(cursor.inner(octets), field, tree);
        }
        if payload.wire_type() != wanted || field.is_group() {
            let text = format!("{} has wire type {}, not {wanted}", field.name(), payload.wire_type());
            self.issues.add("wrong-wire-type", &self.place, text);
            return Ok(());
        }
        if let Some(oneof) = field.containing_oneof() {
            for other in oneof.fields().filter(|other| other.number() != number) {
                tree.slots.remove(&other.number());
            }
        }
        let (Kind::Message(inner), Payload::Octets(octets)) = (&kind, payload) else {
            let scalar = self.scalar(&kind, payload);
            match (field.is_list(), tree.slots.get_mut(&number)) {
                (true, Some(Slot::Many(items))) => items.push(Item::Scalar(scalar)),
                (true, _) => {
                    let first = vec![Item::Scalar(scalar)];
                    tree.slots.insert(number, Slot::Many(first));
                }
                (false, _) => tree.set(number, scalar),
            }
            return Ok(());
        };
        let at = cursor.inner(octets);
        if field.is_map() {
            return self.entry(at, inner, number, tree, depth);
        }
        if field.is_list() {
            let index = match tree.slots.get(&number) {
                Some(Slot::Many(items)) => items.len(),
                _ => 0,
            };
            let mut element = Tree::default();
            self.place.index(index);
            self.message(at, inner, &mut element, depth + 1)?;
            self.place.leave();
            let slot = tree.slots.entry(number).or_insert_with(|| Slot::Many(Vec::new()));
            if let Slot::Many(items) = slot {
                items.push(Item::Message(element));
            }
            return Ok(());
        }
        let empty = || Slot::One(Item::Message(Tree::default()));
        if let Slot::One(Item::Message(merged)) = tree.slots.entry(number).or_insert_with(empty) {
            self.message(at, inner, merged, depth + 1)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        at: Cursor<'_>,
        descriptor: &MessageDescriptor,
        number: u32,
        tree: &mut Tree,
        depth: usize,
    ) -> Result<(), MessageError> {
        let mut entry = Tree::default();
        self.message(at, descriptor, &mut entry, depth + 1)?;
        let (key, value) = (descriptor.map_entry_key_field(), descriptor.map_entry_value_field());
        let key = entry.scalar(1).cloned().unwrap_or_else(|| Scalar::default_of(&key.kind()));
        let item = match (entry.slots.remove(&2), value.kind()) {
            (Some(Slot::One(item)), _) => item,
            (_, Kind::Message(_)) => Item::Message(Tree::default()),
            (_, kind) => Item::Scalar(Scalar::default_of(&kind)),
        };
        let slot = tree.slots.entry(number).or_insert_with(|| Slot::Map(Vec::new()));
        if let Slot::Map(entries) = slot {
            entries.push((key, item));
        }
        Ok(())
    }

    fn packed(&mut self, mut cursor: Cursor<'_>, field: &FieldDescriptor, tree: &mut Tree) -> Result<(), MessageError> {
        let kind = field.kind();
        let slot = tree.slots.entry(field.number()).or_insert_with(|| Slot::Many(Vec::new()));
        let Slot::Many(items) = slot else {
            return Ok(());
        };
        while !cursor.is_done() {
            let payload = match wire_type(&kind) {
                0 => Payload::Varint(cursor.varint()?),
                1 => Payload::Fixed64(cursor.fixed64()?),
                _ => Payload::Fixed32(cursor.fixed32()?),
            };
            items.push(Item::Scalar(self.scalar(&kind, payload)));
        }
        Ok(())
    }

    /// The value of a record whose wire type is the one of its kind.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "32-bit kinds are the low half of what was sent, signed kinds its two's complement"
    )]
    fn scalar(&mut self, kind: &Kind, payload: Payload<'_>) -> Scalar {
        match (kind, payload) {
            (Kind::Bool, Payload::Varint(value)) => Scalar::Bool(value != 0),
            (Kind::Enum(_), Payload::Varint(value)) => Scalar::Enum(value as i32),
            (Kind::Int32, Payload::Varint(value)) => Scalar::Signed((value as i32).into()),
            (Kind::Int64, Payload::Varint(value)) => Scalar::Signed(value as i64),
            (Kind::Uint32, Payload::Varint(value)) => Scalar::Unsigned((value as u32).into()),
            (Kind::Uint64, Payload::Varint(value)) => Scalar::Unsigned(value),
            (Kind::Sint32, Payload::Varint(value)) => {
                let value = value as u32;
                Scalar::Signed((((value >> 1) as i32) ^ -((value & 1) as i32)).into())
            }
            (Kind::Sint64, Payload::Varint(value)) => Scalar::Signed(((value >> 1) as i64) ^ -((value & 1) as i64)),
            (Kind::Fixed32, Payload::Fixed32(value)) => Scalar::Unsigned(value.into()),
            (Kind::Sfixed32, Payload::Fixed32(value)) => Scalar::Signed((value as i32).into()),
            (Kind::Float, Payload::Fixed32(value)) => Scalar::Float(f32::from_bits(value)),
            (Kind::Fixed64, Payload::Fixed64(value)) => Scalar::Unsigned(value),
            (Kind::Sfixed64, Payload::Fixed64(value)) => Scalar::Signed(value as i64),
            (Kind::Double, Payload::Fixed64(value)) => Scalar::Double(f64::from_bits(value)),
            (Kind::String, Payload::Octets(octets)) => {
                if let Err(error) = std::str::from_utf8(octets) {
                    self.issues.add("invalid-utf8", &self.place, error.to_string());
                }
                Scalar::Text(String::from_utf8_lossy(octets).into_owned())
            }
            (_, Payload::Octets(octets)) => Scalar::Bytes(octets.to_vec()),
            (kind, _) => Scalar::default_of(kind),
        }
    }
}

/// The wire type that the encoding gives a kind.
pub(super) fn wire_type(kind: &Kind) -> u8 {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => 1,
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => 5,
        Kind::String | Kind::Bytes | Kind::Message(_) => 2,
        _ => 0,
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
