//! The Huffman code of HPACK (RFC 7541, 5.2 and Appendix B).
//!
//! The code is canonical: symbols sorted by code length and then by value have consecutive codes. So the 257 lengths are all that is needed.

use super::hpack::HpackError;

/// Code lengths of the 256 octets and of EOS, from RFC 7541, Appendix B.
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10,
    10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6,
    7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23,
    21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22,
    22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28,
    27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27,
    26, 30,
];

const LONGEST: usize = 30;
const EOS: u16 = 256;

/// For each code length: the first code, the place of its symbol in `symbols`, and how many codes there are. For each symbol: its code.
struct Code {
    first: [u32; LONGEST + 1],
    start: [usize; LONGEST + 1],
    count: [u32; LONGEST + 1],
    symbols: [u16; 257],
    codes: [u32; 257],
}

const CODE: Code = build();

const fn build() -> Code {
    let mut code = Code { first: [0; LONGEST + 1], start: [0; LONGEST + 1], count: [0; LONGEST + 1], symbols: [0; 257], codes: [0; 257] };
    let mut next = 0;
    let mut place = 0;
    let mut length = 1;
    while length <= LONGEST {
        next <<= 1;
        code.first[length] = next;
        code.start[length] = place;
        let mut symbol = 0;
        while symbol < 257 {
            if LENGTHS[symbol] as usize == length {
                code.symbols[place] = symbol as u16;
                code.codes[symbol] = next;
                code.count[length] += 1;
                next += 1;
                place += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    code
}

static TABLE: Code = CODE;

/// Octets in the Huffman code, padded with the first bits of EOS.
#[must_use]
pub fn huffman_encode(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    // At most 7 bits wait and a code has at most 30, so 64 bits are enough.
    let (mut bits, mut waiting): (u64, u32) = (0, 0);
    for &octet in octets {
        let symbol = usize::from(octet);
        bits = (bits << LENGTHS[symbol]) | u64::from(TABLE.codes[symbol]);
        waiting += u32::from(LENGTHS[symbol]);
        while waiting >= 8 {
            waiting -= 8;
            out.push((bits >> waiting) as u8);
        }
    }
    if waiting > 0 {
        out.push(((bits << (8 - waiting)) as u8) | (0xff >> waiting));
    }
    out
}

/// Undoes the Huffman code.
///
/// # Errors
/// Where the text holds EOS, or its padding is longer than 7 bits or not the first bits of EOS (RFC 7541, 5.2).
pub(super) fn huffman_decode(octets: &[u8]) -> Result<Vec<u8>, HpackError> {
    let mut out = Vec::with_capacity(octets.len() * 8 / 5);
    let (mut code, mut length) = (0_u32, 0_usize);
    for octet in octets {
        for shift in (0..8).rev() {
            code = (code << 1) | u32::from((octet >> shift) & 1);
            length += 1;
            // The code is complete: each run of 30 bits begins with a symbol, so `length` never passes LONGEST.
            let Some(first) = TABLE.first.get(length) else { return Err(HpackError::Huffman) };
            let offset = code.wrapping_sub(*first);
            if offset < TABLE.count[length] {
                match TABLE.symbols[TABLE.start[length] + offset as usize] {
                    EOS => return Err(HpackError::Huffman),
                    symbol => out.push(symbol as u8),
                }
                (code, length) = (0, 0);
            }
        }
    }
    if length > 7 || code != (1 << length) - 1 {
        return Err(HpackError::HuffmanPadding);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{from_hex, to_hex};

    #[test]
    fn examples_of_the_specification() {
        // RFC 7541, C.4 and C.6.
        for (text, hex) in [
            ("www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"),
            ("no-cache", "a8eb10649cbf"),
            ("custom-value", "25a849e95bb8e8b4bf"),
            ("302", "6402"),
            ("Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff"),
            ("https://www.example.com", "9d29ad171863c78f0b97c8e9ae82ae43d3"),
        ] {
            assert_eq!(to_hex(&huffman_encode(text.as_bytes())), hex);
            assert_eq!(huffman_decode(&from_hex(hex).unwrap()).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn every_octet_there_and_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(huffman_decode(&huffman_encode(&all)).unwrap(), all);
        for octet in 0..=255 {
            assert_eq!(huffman_decode(&huffman_encode(&[octet])).unwrap(), [octet]);
        }
    }

    #[test]
    fn eos_and_wrong_padding_are_errors() {
        assert_eq!(huffman_decode(&[0xff; 4]), Err(HpackError::Huffman));
        assert_eq!(huffman_decode(&[0x1f, 0xff]), Err(HpackError::HuffmanPadding), "more than 7 bits");
        assert_eq!(huffman_decode(&[0x18]), Err(HpackError::HuffmanPadding), "not all ones");
        assert_eq!(huffman_decode(&[]), Ok(Vec::new()));
    }
}
