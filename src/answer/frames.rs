//! Length-prefixed frames of gRPC and gRPC-Web, base64 streams and trailer blocks, read without repairing anything.

/// A length-prefixed frame (PROTOCOL-HTTP2.md, Length-Prefixed-Message; PROTOCOL-WEB.md, Message framing).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefixed {
    /// The first octet: 0x01 compressed, 0x80 trailers of gRPC-Web.
    pub flag: u8,
    /// The payload.
    pub payload: Vec<u8>,
    /// Where the frame begins in the content.
    pub offset: usize,
}

impl Prefixed {
    /// The most significant bit of the flag: a trailer frame of gRPC-Web.
    #[must_use]
    pub const fn is_trailer(&self) -> bool {
        self.flag & 0x80 != 0
    }

    /// The least significant bit of the flag.
    #[must_use]
    pub const fn is_compressed(&self) -> bool {
        self.flag & 0x01 != 0
    }
}

/// What is left after the last whole frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rest {
    /// Nothing.
    Nothing,
    /// Fewer than the five octets of a prefix.
    ShortPrefix {
        /// Where they begin.
        offset: usize,
        /// The octets.
        octets: Vec<u8>,
    },
    /// A prefix that announces more than there is.
    ShortPayload {
        /// Where the prefix begins.
        offset: usize,
        /// The flag.
        flag: u8,
        /// Octets announced.
        announced: u32,
        /// The octets that follow.
        octets: Vec<u8>,
    },
}

/// Splits content into its frames.
#[must_use]
pub fn split(content: &[u8]) -> (Vec<Prefixed>, Rest) {
    let mut frames = Vec::new();
    let mut offset = 0;
    while let Some(rest) = content.get(offset..).filter(|rest| !rest.is_empty()) {
        let Some((prefix, after)) = rest.split_first_chunk::<5>() else {
            return (frames, Rest::ShortPrefix { offset, octets: rest.to_vec() });
        };
        let [flag, a, b, c, d] = *prefix;
        let announced = u32::from_be_bytes([a, b, c, d]);
        match usize::try_from(announced).ok().and_then(|length| after.get(..length)) {
            Some(payload) => {
                frames.push(Prefixed { flag, payload: payload.to_vec(), offset });
                offset += 5 + payload.len();
            }
            None => return (frames, Rest::ShortPayload { offset, flag, announced, octets: after.to_vec() }),
        }
    }
    (frames, Rest::Nothing)
}

/// Why a text is no base64 stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Base64Error {
    /// An octet outside the standard alphabet.
    #[error("octet 0x{octet:02x} at {offset} is not of the base64 alphabet")]
    Foreign {
        /// Where.
        offset: usize,
        /// The octet.
        octet: u8,
    },
    /// The length is no multiple of four.
    #[error("{length} characters are no multiple of four")]
    Length {
        /// Characters in all.
        length: usize,
    },
    /// Padding where none may be.
    #[error("padding inside the group at {offset}")]
    Padding {
        /// Where the group begins.
        offset: usize,
    },
}

/// Decodes base64 group by group: padding may end a piece in mid-stream (PROTOCOL-WEB.md, Text-encoded streams).
///
/// # Errors
/// Where a character is foreign, padding stands inside a group, or the length is no multiple of four.
pub fn decode_base64_stream(text: &[u8]) -> Result<Vec<u8>, Base64Error> {
    let mut octets = Vec::with_capacity(text.len() / 4 * 3);
    for (index, group) in text.chunks(4).enumerate() {
        let offset = index * 4;
        let mut bits = 0u32;
        let mut sextets = 0u32;
        let mut padding = 0u32;
        for (at, octet) in group.iter().enumerate() {
            if *octet == b'=' {
                padding += 1;
                continue;
            }
            let value = sextet(*octet).ok_or(Base64Error::Foreign { offset: offset + at, octet: *octet })?;
            if padding > 0 {
                return Err(Base64Error::Padding { offset });
            }
            bits = bits << 6 | value;
            sextets += 1;
        }
        if group.len() != 4 {
            return Err(Base64Error::Length { length: text.len() });
        }
        match (sextets, padding) {
            (4, 0) => octets.extend_from_slice(&bits.to_be_bytes()[1..]),
            (3, 1) => octets.extend_from_slice(&(bits >> 2).to_be_bytes()[2..]),
            (2, 2) => octets.push((bits >> 4).to_be_bytes()[3]),
            _ => return Err(Base64Error::Padding { offset }),
        }
    }
    Ok(octets)
}

const fn sextet(octet: u8) -> Option<u32> {
    Some(match octet {
        b'A'..=b'Z' => octet - b'A',
        b'a'..=b'z' => octet - b'a' + 26,
        b'0'..=b'9' => octet - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    } as u32)
}

/// A line of a trailer block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailerLine {
    /// The name in the letter case that was sent.
    pub name: Vec<u8>,
    /// The value without the blanks around it.
    pub value: Vec<u8>,
}

/// A trailer block with what is irregular about it (PROTOCOL-WEB.md: an HTTP/1 header block without the final empty line).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrailerBlock {
    /// Lines that have a name and a colon.
    pub lines: Vec<TrailerLine>,
    /// Stable kinds of irregularities, in order of appearance.
    pub irregular: Vec<&'static str>,
}

/// Reads the payload of a trailer frame; lenient about line ends so that the status can be read, strict in what it reports.
#[must_use]
pub fn read_trailer_block(payload: &[u8]) -> TrailerBlock {
    let mut block = TrailerBlock::default();
    let mut report = |kind| {
        if !block.irregular.contains(&kind) {
            block.irregular.push(kind);
        }
    };
    if payload.is_empty() {
        return block;
    }
    if payload.ends_with(b"\r\n\r\n") {
        report("final-empty-line");
    } else if !payload.ends_with(b"\r\n") {
        report("no-final-line-end");
    }
    let mut lines = Vec::new();
    for piece in payload.split(|octet| *octet == b'\n') {
        let line = piece.strip_suffix(b"\r");
        let is_last = std::ptr::eq(piece.as_ptr_range().end, payload.as_ptr_range().end);
        if line.is_none() && !is_last {
            report("bare-line-feed");
        }
        let line = line.unwrap_or(piece);
        if line.is_empty() {
            if !is_last && !payload.ends_with(b"\r\n\r\n") {
                report("empty-line");
            }
            continue;
        }
        if line.first().is_some_and(|octet| matches!(octet, b' ' | b'\t')) {
            report("folded-line");
        }
        let Some(colon) = line.iter().position(|octet| *octet == b':') else {
            report("no-colon");
            continue;
        };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default();
        if name.is_empty() || !name.iter().all(|octet| octet.is_ascii_alphanumeric() || b"!#$%&'*+.^_`|~-".contains(octet)) {
            report("not-a-name");
        }
        if value.iter().any(|octet| matches!(octet, 0..=8 | 10..=31 | 127)) {
            report("control-character");
        }
        lines.push(TrailerLine { name: name.to_vec(), value: value.trim_ascii().to_vec() });
    }
    block.lines = lines;
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_split_and_the_rest_is_kept() {
        let (frames, rest) = split(&[0, 0, 0, 0, 2, 8, 1, 0x80, 0, 0, 0, 9, 1]);
        assert_eq!(frames, [Prefixed { flag: 0, payload: vec![8, 1], offset: 0 }]);
        assert_eq!(rest, Rest::ShortPayload { offset: 7, flag: 0x80, announced: 9, octets: vec![1] });
        assert_eq!(split(&[0, 0]).1, Rest::ShortPrefix { offset: 0, octets: vec![0, 0] });
        assert_eq!(split(&[]), (vec![], Rest::Nothing));
    }

    #[test]
    fn padding_may_stand_in_mid_stream() {
        assert_eq!(decode_base64_stream(b"CQ==gAAAAA9h").unwrap(), [9, 0x80, 0, 0, 0, 0x0f, 0x61]);
        assert_eq!(decode_base64_stream(b"CAE="), Ok(vec![8, 1]));
        assert!(matches!(decode_base64_stream(b"CA-_"), Err(Base64Error::Foreign { offset: 2, octet: b'-' })));
        assert_eq!(decode_base64_stream(b"CAE"), Err(Base64Error::Length { length: 3 }));
        assert_eq!(decode_base64_stream(b"C=AE"), Err(Base64Error::Padding { offset: 0 }));
        assert_eq!(decode_base64_stream(b"C==="), Err(Base64Error::Padding { offset: 0 }));
    }

    #[test]
    fn irregular_trailer_blocks_are_read_and_named() {
        let regular = read_trailer_block(b"grpc-status: 0\r\ngrpc-message:\r\n");
        assert_eq!(regular.irregular, [""; 0]);
        assert_eq!(regular.lines.len(), 2);
        assert_eq!(regular.lines[0].value, b"0");
        for (block, kind) in [
            (&b"grpc-status:0"[..], "no-final-line-end"),
            (b"grpc-status:0\n", "bare-line-feed"),
            (b"grpc-status:0\r\n\r\n", "final-empty-line"),
            (b"\r\ngrpc-status:0\r\n", "empty-line"),
            (b"grpc-status:0\r\n x\r\n", "folded-line"),
            (b"grpc-status 0\r\n", "no-colon"),
            (b"grpc status: 0\r\n", "not-a-name"),
            (b"grpc-status: \x010\r\n", "control-character"),
        ] {
            assert!(read_trailer_block(block).irregular.contains(&kind), "{block:?} should be {kind}");
        }
    }
}
