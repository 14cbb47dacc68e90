//! A reader of HTTP/2 frames (RFC 9113, 4 and 6) as the peer sent them, beside the library that drives the connection.

/// The longest payload that a peer may send: we leave SETTINGS_MAX_FRAME_SIZE as it is.
const MAX_PAYLOAD: usize = 16_384;

/// Frame types.
pub(super) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const PING: u8 = 6;
    pub(crate) const GOAWAY: u8 = 7;
    pub(crate) const WINDOW_UPDATE: u8 = 8;
    pub(crate) const CONTINUATION: u8 = 9;
}

/// Flags.
pub(super) mod flag {
    pub(crate) const END_STREAM: u8 = 0x1;
    /// Of SETTINGS and PING.
    pub(crate) const ACK: u8 = 0x1;
    pub(crate) const END_HEADERS: u8 = 0x4;
    pub(crate) const PADDED: u8 = 0x8;
    pub(crate) const PRIORITY: u8 = 0x20;
}

/// Why frames can't be read on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The peer speaks HTTP/1.
    #[error("the target answered in HTTP/1.1, so it does not speak HTTP/2 by prior knowledge here")]
    Http1,
    /// The peer speaks TLS.
    #[error("the target answered with TLS: write https:// instead of http://")]
    Tls,
    /// Longer than allowed.
    #[error("a frame of {0} octets came, but at most {MAX_PAYLOAD} are allowed (RFC 9113, 4.2)")]
    TooLong(usize),
    /// Padding or priority don't fit into the frame.
    #[error("the padding or priority of a frame is longer than the frame (RFC 9113, 6.1 and 6.2)")]
    Padding,
}

/// A frame with its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFrame {
    /// Type.
    pub kind: u8,
    /// Flags.
    pub flags: u8,
    /// Stream, 0 for the connection.
    pub stream: u32,
    /// Payload.
    pub payload: Vec<u8>,
}

impl RawFrame {
    /// Whether the flag is set.
    #[must_use]
    pub const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The payload of DATA or HEADERS without padding and priority (RFC 9113, 6.1 and 6.2).
    ///
    /// # Errors
    /// Where they don't fit.
    pub fn content(&self) -> Result<&[u8], FrameError> {
        let mut content = self.payload.as_slice();
        let mut padding = 0;
        if self.has(flag::PADDED) {
            let (length, rest) = content.split_first().ok_or(FrameError::Padding)?;
            (padding, content) = (usize::from(*length), rest);
        }
        if self.kind == kind::HEADERS && self.has(flag::PRIORITY) {
            content = content.get(5..).ok_or(FrameError::Padding)?;
        }
        content.len().checked_sub(padding).map(|length| &content[..length]).ok_or(FrameError::Padding)
    }

    /// Error code of RST_STREAM; last stream and error code of GOAWAY (RFC 9113, 6.4 and 6.8).
    #[must_use]
    pub fn number(&self, at: usize) -> Option<u32> {
        self.payload.get(at..)?.first_chunk().map(|octets| u32::from_be_bytes(*octets))
    }
}

/// Cuts received octets into frames.
#[derive(Debug, Default)]
pub struct FrameReader {
    waiting: Vec<u8>,
    any: bool,
}

impl FrameReader {
    /// Takes received octets.
    pub fn push(&mut self, octets: &[u8]) {
        self.waiting.extend_from_slice(octets);
    }

    /// All frames that are complete, and why there can't be more.
    pub fn frames(&mut self) -> (Vec<RawFrame>, Option<FrameError>) {
        let mut frames = Vec::new();
        let mut rest = self.waiting.as_slice();
        let mut error = None;
        loop {
            if !self.any && frames.is_empty() {
                error = other_protocol(rest);
            }
            let [a, b, c, kind, flags, stream @ ..] = rest else { break };
            let Some((stream, after)) = stream.split_first_chunk() else { break };
            let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
            if error.is_some() {
                break;
            }
            if length > MAX_PAYLOAD {
                error = Some(FrameError::TooLong(length));
                break;
            }
            let Some((payload, after)) = after.split_at_checked(length) else { break };
            let stream = u32::from_be_bytes(*stream) & 0x7fff_ffff;
            frames.push(RawFrame { kind: *kind, flags: *flags, stream, payload: payload.to_vec() });
            rest = after;
        }
        self.any |= !frames.is_empty();
        let done = self.waiting.len() - rest.len();
        self.waiting.drain(..done);
        (frames, error)
    }
}

/// A connection begins with SETTINGS; text or TLS looks different from the first octets on.
fn other_protocol(start: &[u8]) -> Option<FrameError> {
    match start {
        [b'H', b'T', b'T', b'P', b'/', ..] => Some(FrameError::Http1),
        [0x15 | 0x16, 3, ..] => Some(FrameError::Tls),
        _ => None,
    }
}

/// For a fuzzer: reads the octets as frames, at once and one by one. Panics only where the reader has a mistake.
pub fn check(octets: &[u8]) {
    let mut at_once = FrameReader::default();
    at_once.push(octets);
    let (frames, error) = at_once.frames();
    let mut one_by_one = FrameReader::default();
    let mut found = Vec::new();
    let mut stopped = None;
    for octet in octets {
        one_by_one.push(&[*octet]);
        let (more, error) = one_by_one.frames();
        found.extend(more);
        stopped = stopped.or(error);
        if stopped.is_some() {
            break;
        }
    }
    for frame in &frames {
        let _ = (frame.content(), frame.number(0), frame.number(4));
    }
    assert_eq!((frames, error), (found, stopped), "how octets are cut into pieces doesn't matter");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> RawFrame {
        RawFrame { kind, flags, stream: 1, payload: payload.to_vec() }
    }

    #[test]
    fn padding_and_priority_are_taken_off() {
        assert_eq!(frame(kind::DATA, flag::PADDED, &[2, b'a', b'b', 0, 0]).content(), Ok(&b"ab"[..]));
        assert_eq!(frame(kind::HEADERS, flag::PADDED | flag::PRIORITY, &[1, 0, 0, 0, 0, 9, b'h', 0]).content(), Ok(&b"h"[..]));
        assert_eq!(frame(kind::DATA, flag::PADDED, &[3, b'a', b'b']).content(), Err(FrameError::Padding));
        assert_eq!(frame(kind::DATA, flag::PADDED, &[]).content(), Err(FrameError::Padding));
        assert_eq!(frame(kind::HEADERS, flag::PRIORITY, &[0; 4]).content(), Err(FrameError::Padding));
    }

    #[test]
    fn other_protocols_are_known_by_their_first_octets() {
        for (octets, error) in [
            (&b"HTTP/1.1 400"[..], FrameError::Http1),
            (&[0x15, 3, 1, 0, 2, 2, 10, 0, 0], FrameError::Tls),
            (&[0xff; 9], FrameError::TooLong(0xff_ffff)),
        ] {
            let mut reader = FrameReader::default();
            reader.push(octets);
            assert_eq!(reader.frames(), (Vec::new(), Some(error)));
        }
    }

    proptest! {
        #[test]
        fn never_panics(frames in proptest::collection::vec((any::<u8>(), any::<u8>(), any::<u8>(), any::<[u8; 4]>(), proptest::collection::vec(any::<u8>(), 0..20)), 0..6)) {
            let octets: Vec<u8> = frames.into_iter().flat_map(|(length, kind, flags, stream, payload)| {
                [&[0, 0, length % 24, kind, flags][..], &stream, &payload].concat()
            }).collect();
            check(&octets);
        }
    }
}
