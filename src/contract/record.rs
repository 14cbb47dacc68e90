//! Field records, the grain of the binary encoding (Protocol Buffers, Encoding, Message structure).

use serde::Serialize;

use super::tree::DEEPEST;

/// Why octets are no message.
///
/// Kinds: `truncated`, `overlong-varint`, `field-number`, `wire-type`, `stray-end-group`, `group-mismatch`, `too-deep`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message} at octet {offset}")]
pub struct MessageError {
    /// A stable word without values in it.
    pub kind: &'static str,
    /// Octets before the mistake.
    pub offset: usize,
    /// For people.
    pub message: &'static str,
}

/// The value of one field record.
#[derive(Debug, Clone, Copy)]
pub(super) enum Payload<'a> {
    Varint(u64),
    Fixed64(u64),
    Octets(&'a [u8]),
    Group,
    Fixed32(u32),
}

impl Payload<'_> {
    pub(super) fn wire_type(self) -> u8 {
        match self {
            Self::Varint(_) => 0,
            Self::Fixed64(_) => 1,
            Self::Octets(_) => 2,
            Self::Group => 3,
            Self::Fixed32(_) => 5,
        }
    }
}

/// Walks over the field records of a slice of the input.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    octets: &'a [u8],
    at: usize,
    /// Where the slice begins in the whole input.
    base: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0, base: 0 }
    }

    pub(super) fn fail(&self, kind: &'static str, message: &'static str) -> MessageError {
        MessageError { kind, offset: self.base + self.at, message }
    }

    pub(super) fn is_done(&self) -> bool {
        self.at >= self.octets.len()
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], MessageError> {
        let end = self.at.checked_add(length);
        let Some(taken) = end.and_then(|end| self.octets.get(self.at..end)) else {
            return Err(self.fail("truncated", "the message ends inside of a field"));
        };
        self.at += length;
        Ok(taken)
    }

    pub(super) fn varint(&mut self) -> Result<u64, MessageError> {
        let mut value = 0;
        for index in 0..10 {
            let octet = self.take(1)?[0];
            if index == 9 && octet > 1 {
                break;
            }
            value |= u64::from(octet & 0x7f) << (7 * index);
            if octet < 0x80 {
                return Ok(value);
            }
        }
        Err(self.fail("overlong-varint", "a varint has more than 64 bits"))
    }

    pub(super) fn fixed32(&mut self) -> Result<u32, MessageError> {
        let mut value = [0; 4];
        value.copy_from_slice(self.take(4)?);
        Ok(u32::from_le_bytes(value))
    }

    pub(super) fn fixed64(&mut self) -> Result<u64, MessageError> {
        let mut value = [0; 8];
        value.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(value))
    }

    fn tag(&mut self) -> Result<(u32, u8), MessageError> {
        let tag = self.varint()?;
        match u32::try_from(tag >> 3) {
            Ok(number @ 1..=0x1fff_ffff) => Ok((number, tag.to_le_bytes()[0] & 7)),
            _ => Err(self.fail("field-number", "a field number is 0 or has more than 29 bits")),
        }
    }

    /// The next field record; `None` at the end.
    pub(super) fn field(&mut self) -> Result<Option<(u32, Payload<'a>)>, MessageError> {
        if self.is_done() {
            return Ok(None);
        }
        let (number, wire_type) = self.tag()?;
        let payload = match wire_type {
            0 => Payload::Varint(self.varint()?),
            1 => Payload::Fixed64(self.fixed64()?),
            2 => {
                let length = self.varint()?;
                // A length that no memory holds is beyond the end as well.
                Payload::Octets(self.take(usize::try_from(length).unwrap_or(usize::MAX))?)
            }
            3 => {
                self.skip_group(number)?;
                Payload::Group
            }
            4 => return Err(self.fail("stray-end-group", "a group ends that was not begun")),
            5 => Payload::Fixed32(self.fixed32()?),
            _ => return Err(self.fail("wire-type", "wire types 6 and 7 don't exist")),
        };
        Ok(Some((number, payload)))
    }

    /// Skips to the end of a group, without recursion and with a bound on nesting.
    fn skip_group(&mut self, number: u32) -> Result<(), MessageError> {
        let mut open = vec![number];
        while let Some(&innermost) = open.last() {
            let (number, wire_type) = self.tag()?;
            match wire_type {
                0 => drop(self.varint()?),
                1 => drop(self.fixed64()?),
                2 => {
                    let length = self.varint()?;
                    self.take(usize::try_from(length).unwrap_or(usize::MAX))?;
                }
                3 if open.len() > DEEPEST => {
                    return Err(self.fail("too-deep", "groups are nested more than 100 deep"));
                }
                3 => open.push(number),
                4 if number == innermost => drop(open.pop()),
                4 => return Err(self.fail("group-mismatch", "another group ends than was begun")),
                5 => drop(self.fixed32()?),
                _ => return Err(self.fail("wire-type", "wire types 6 and 7 don't exist")),
            }
        }
        Ok(())
    }

    /// A cursor over the octets that were taken last.
    pub(super) fn inner(&self, octets: &'a [u8]) -> Self {
        Self { octets, at: 0, base: self.base + self.at - octets.len() }
    }
}
