//! A reader of HPACK header blocks (RFC 7541) that keeps order and duplicates.
//!
//! We announce a dynamic table of size 0 (SETTINGS_HEADER_TABLE_SIZE, RFC 9113, 6.5.2), so each block is self-contained: the reader needs the
//! static table and the Huffman code, and no state between blocks.

use super::Field;
use super::huffman::huffman_decode;
pub use super::huffman::huffman_encode;

/// Octets of names and values that one block may decode to. A block of 64 KiB can name long static entries by single octets.
pub const MAX_DECODED: usize = 256 * 1024;

/// Why a header block can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HpackError {
    /// The block ends inside a representation.
    #[error("the header block ends inside a field")]
    Truncated,
    /// An integer is longer than any that makes sense here (RFC 7541, 5.1).
    #[error("an integer of the header block is too large")]
    Integer,
    /// Index 0 (RFC 7541, 6.1).
    #[error("the header block has index 0")]
    IndexZero,
    /// An index beyond the static table.
    #[error("the header block refers to entry {0} of a dynamic table, although a table of size 0 was announced")]
    DynamicIndex(usize),
    /// A table size update after a field (RFC 7541, 4.2).
    #[error("a table size update stands after a field")]
    LateSizeUpdate,
    /// EOS inside a text.
    #[error("a text in Huffman code holds EOS")]
    Huffman,
    /// Padding that isn't the first bits of EOS, or is longer than 7 bits.
    #[error("a text in Huffman code has wrong padding")]
    HuffmanPadding,
    /// More than [`MAX_DECODED`].
    #[error("the header block decodes to more than {MAX_DECODED} octets")]
    TooLarge,
}

/// Reads a whole header block.
///
/// # Errors
/// Where the block breaks a rule of HPACK, needs a dynamic table or is larger than the bound.
pub fn read_block(block: &[u8]) -> Result<Vec<Field>, HpackError> {
    let mut fields = Vec::new();
    read_into(block, &mut fields).map(|()| fields)
}

/// Reads a block; what came before a mistake is in `fields` all the same, for it is evidence.
pub(super) fn read_into(block: &[u8], fields: &mut Vec<Field>) -> Result<(), HpackError> {
    let mut input = Input(block);
    let mut decoded = 0;
    let mut any = false;
    while let Some(first) = input.peek() {
        let field = match first {
            // Indexed field (6.1).
            0x80.. => {
                let (name, value) = entry(input.integer(7)?)?;
                Field::new(name, value)
            }
            // Literal with incremental indexing (6.2.1): with a table of size 0 it adds nothing (4.4).
            0x40.. => literal(&mut input, 6)?,
            // Dynamic table size update (6.3).
            0x20.. if any => return Err(HpackError::LateSizeUpdate),
            0x20.. => {
                input.integer(5)?;
                continue;
            }
            // Literal never indexed (6.2.3) and without indexing (6.2.2).
            _ => literal(&mut input, 4)?,
        };
        any = true;
        decoded += field.name.0.len() + field.value.0.len();
        if decoded > MAX_DECODED {
            return Err(HpackError::TooLarge);
        }
        fields.push(field);
    }
    Ok(())
}

fn literal(input: &mut Input<'_>, prefix: u32) -> Result<Field, HpackError> {
    let name = match input.integer(prefix)? {
        0 => input.text()?,
        index => entry(index)?.0.as_bytes().to_vec(),
    };
    let value = input.text()?;
    Ok(Field { name: super::Octets(name), value: super::Octets(value) })
}

fn entry(index: usize) -> Result<(&'static str, &'static str), HpackError> {
    match index.checked_sub(1) {
        None => Err(HpackError::IndexZero),
        Some(place) => STATIC.get(place).copied().ok_or(HpackError::DynamicIndex(index)),
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn octet(&mut self) -> Result<u8, HpackError> {
        let (first, rest) = self.0.split_first().ok_or(HpackError::Truncated)?;
        self.0 = rest;
        Ok(*first)
    }

    /// An integer with a prefix of so many bits (5.1); four more octets are more than any block of ours can need.
    fn integer(&mut self, prefix: u32) -> Result<usize, HpackError> {
        let mask = (1_usize << prefix) - 1;
        let mut value = usize::from(self.octet()?) & mask;
        if value < mask {
            return Ok(value);
        }
        for shift in [0, 7, 14, 21] {
            let octet = self.octet()?;
            value += usize::from(octet & 0x7f) << shift;
            if octet & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(HpackError::Integer)
    }

    /// A text (5.2).
    fn text(&mut self) -> Result<Vec<u8>, HpackError> {
        let huffman = self.peek().ok_or(HpackError::Truncated)? & 0x80 != 0;
        let length = self.integer(7)?;
        let (text, rest): (&'a [u8], _) = self.0.split_at_checked(length).ok_or(HpackError::Truncated)?;
        self.0 = rest;
        if huffman { huffman_decode(text) } else { Ok(text.to_vec()) }
    }
}

/// For a fuzzer: reads the octets as a header block. Panics only where the reader has a mistake.
pub fn check(octets: &[u8]) {
    if let Ok(fields) = read_block(octets) {
        let decoded: usize = fields.iter().map(|field| field.name.0.len() + field.value.0.len()).sum();
        assert!(decoded <= MAX_DECODED, "the bound of a decoded block holds");
    }
    assert_eq!(huffman_decode(&huffman_encode(octets)).as_deref(), Ok(octets), "the Huffman code can be undone");
}

/// The static table (RFC 7541, Appendix A).
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::from_hex;
    use proptest::prelude::*;

    fn read(hex: &str) -> Result<Vec<(String, String)>, HpackError> {
        let fields = read_block(&from_hex(hex).unwrap())?;
        Ok(fields.iter().map(|f| (f.name.text().into_owned(), f.value.text().into_owned())).collect())
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn examples_of_the_specification() {
        // RFC 7541, C.2: each form of a field, and C.6.1 with Huffman texts.
        assert_eq!(read("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"), Ok(pairs(&[("custom-key", "custom-header")])));
        assert_eq!(read("040c 2f73 616d 706c 652f 7061 7468"), Ok(pairs(&[(":path", "/sample/path")])));
        assert_eq!(read("1008 7061 7373 776f 7264 0673 6563 7265 74"), Ok(pairs(&[("password", "secret")])));
        assert_eq!(read("82"), Ok(pairs(&[(":method", "GET")])));
        assert_eq!(
            read(
                "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3"
            ),
            Ok(pairs(&[
                (":status", "302"),
                ("cache-control", "private"),
                ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
                ("location", "https://www.example.com"),
            ]))
        );
    }

    #[test]
    fn order_and_duplicates_are_kept() {
        assert_eq!(read("0001 6201 31 0001 6101 32 0001 6201 33"), Ok(pairs(&[("b", "1"), ("a", "2"), ("b", "3")])));
    }

    #[test]
    fn size_updates_come_first() {
        assert_eq!(read("203f e11f 88"), Ok(pairs(&[(":status", "200")])), "two updates, then a field");
        assert_eq!(read("8820"), Err(HpackError::LateSizeUpdate));
    }

    #[test]
    fn mistakes_have_names() {
        assert_eq!(read("80"), Err(HpackError::IndexZero));
        assert_eq!(read("be"), Err(HpackError::DynamicIndex(62)));
        assert_eq!(read("7e 01 61"), Err(HpackError::DynamicIndex(62)));
        assert_eq!(read("ff ff ff ff ff ff 00"), Err(HpackError::Integer));
        assert_eq!(read("00 05 61"), Err(HpackError::Truncated));
        assert_eq!(read("88 ff"), Err(HpackError::Truncated));
        assert_eq!(read_block(&[0x90; 64 * 1024]), Err(HpackError::TooLarge), "accept-encoding: gzip, deflate 65536 times");
    }

    #[test]
    fn what_came_before_a_mistake_is_kept() {
        let mut fields = Vec::new();
        assert!(read_into(&[0x88, 0x80], &mut fields).is_err());
        assert_eq!(fields, [Field::new(":status", "200")]);
    }

    proptest! {
        #[test]
        fn never_panics(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
            check(&octets);
        }
    }
}
