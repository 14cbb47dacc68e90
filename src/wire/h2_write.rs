//! A writer of HTTP/2 frames and HPACK blocks that sends what a library refuses to: names in upper case, connection-specific fields, a message in
//! as many frames as one likes. Nothing is indexed and nothing is compressed, so that each octet of a field stands in its frame.

use super::Field;
use super::h2_frames::{flag, kind};

/// What a client says first (RFC 9113, 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Parameters of SETTINGS (RFC 9113, 6.5.2).
pub mod setting {
    /// SETTINGS_HEADER_TABLE_SIZE.
    pub const HEADER_TABLE_SIZE: u16 = 1;
    /// SETTINGS_ENABLE_PUSH.
    pub const ENABLE_PUSH: u16 = 2;
    /// SETTINGS_INITIAL_WINDOW_SIZE.
    pub const INITIAL_WINDOW_SIZE: u16 = 4;
    /// SETTINGS_MAX_FRAME_SIZE.
    pub const MAX_FRAME_SIZE: u16 = 5;
}

/// A frame (RFC 9113, 4.1). A payload that is longer than a length can say is cut: no caller has one.
#[must_use]
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let payload = &payload[..payload.len().min(0xff_ffff)];
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap_or(0xff_ffff).to_be_bytes();
    [&length[..], &[kind, flags], &(stream & 0x7fff_ffff).to_be_bytes(), payload].concat()
}

/// SETTINGS with these parameters.
#[must_use]
pub fn settings(parameters: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> = parameters.iter().flat_map(|(name, value)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat()).collect();
    frame(kind::SETTINGS, 0, 0, &payload)
}

/// A frame whose payload is one number: RST_STREAM, WINDOW_UPDATE.
#[must_use]
pub fn number(kind: u8, stream: u32, number: u32) -> Vec<u8> {
    frame(kind, 0, stream, &number.to_be_bytes())
}

/// HEADERS, with CONTINUATION where the block is longer than a frame may be (RFC 9113, 6.2 and 6.10).
#[must_use]
pub fn headers(stream: u32, fields: &[Field], ends: bool, most: usize) -> Vec<u8> {
    let block = block(fields);
    let mut parts = block.chunks(most.max(1)).peekable();
    let mut octets = Vec::new();
    let mut first = true;
    while let Some(part) = parts.next() {
        let last = if parts.peek().is_none() { flag::END_HEADERS } else { 0 };
        let end = if first && ends { flag::END_STREAM } else { 0 };
        let kind = if first { kind::HEADERS } else { kind::CONTINUATION };
        octets.extend(frame(kind, last | end, stream, part));
        first = false;
    }
    octets
}

/// A header block of literal fields without indexing, their names and values as they are (RFC 7541, 6.2.2). A credential is never indexed by
/// those who pass it on, either (6.2.3).
#[must_use]
pub fn block(fields: &[Field]) -> Vec<u8> {
    let mut block = Vec::new();
    for field in fields {
        block.push(if field.is("authorization") { 0x10 } else { 0 });
        text(&field.name.0, &mut block);
        text(&field.value.0, &mut block);
    }
    block
}

/// A text as it is, behind its length: an integer with a prefix of seven bits (RFC 7541, 5.1 and 5.2).
fn text(octets: &[u8], into: &mut Vec<u8>) {
    match u8::try_from(octets.len()) {
        Ok(length @ 0..0x7f) => into.push(length),
        _ => {
            into.push(0x7f);
            let mut rest = octets.len() - 0x7f;
            while rest >= 0x80 {
                into.push(u8::try_from(rest % 0x80).unwrap_or_default() | 0x80);
                rest /= 0x80;
            }
            into.push(u8::try_from(rest).unwrap_or_default());
        }
    }
    into.extend_from_slice(octets);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::h2_frames::FrameReader;
    use crate::wire::{Octets, hpack};
    use proptest::prelude::*;

    #[test]
    fn names_stand_as_they_are() {
        assert_eq!(block(&[Field::new("X-Conf", "1")]), b"\0\x06X-Conf\x011");
        assert_eq!(block(&[Field::new("authorization", "a")])[0], 0x10);
    }

    #[test]
    fn settings_and_numbers() {
        assert_eq!(settings(&[(setting::INITIAL_WINDOW_SIZE, 1)]), [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1]);
        assert_eq!(number(kind::RST_STREAM, 3, 8), [0, 0, 4, 3, 0, 0, 0, 0, 3, 0, 0, 0, 8]);
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(
            fields in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..300), proptest::collection::vec(any::<u8>(), 0..400)), 0..6),
            ends in any::<bool>(),
            most in 1..600_usize,
        ) {
            let fields: Vec<Field> = fields.into_iter().map(|(name, value)| Field { name: Octets(name), value: Octets(value) }).collect();
            let read = hpack::read_block(&block(&fields));
            prop_assert_eq!(read.as_ref(), Ok(&fields));
            let mut reader = FrameReader::default();
            reader.push(&headers(1, &fields, ends, most));
            let (frames, error) = reader.frames();
            prop_assert_eq!(error, None);
            prop_assert!(frames.iter().all(|frame| frame.payload.len() <= most && frame.stream == 1));
            prop_assert_eq!(frames.iter().flat_map(|frame| frame.payload.clone()).collect::<Vec<u8>>(), block(&fields));
            prop_assert_eq!(frames.iter().filter(|frame| frame.has(flag::END_HEADERS)).count(), usize::from(!fields.is_empty()));
            prop_assert_eq!(frames.iter().any(|frame| frame.has(flag::END_STREAM)), ends && !fields.is_empty());
        }
    }
}
