//! Looks for a secret in octets, in every form in which it could stand there.

use std::collections::{BTreeSet, HashMap};
use std::io::Read;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use triwire::wire::hpack::huffman_encode;
use triwire::wire::to_hex;

/// How often something decoded is decoded again.
const DEPTH: u32 = 3;

/// Everything that is looked for.
pub struct Search {
    /// Name of the form and its octets, by the first two.
    needles: HashMap<[u8; 2], Vec<(String, Vec<u8>)>>,
    /// Which first two octets there are: most places are none.
    begins: Vec<bool>,
}

impl Search {
    pub fn of(secret: &str) -> Self {
        let mut search = Self { needles: HashMap::new(), begins: vec![false; 1 << 16] };
        search.add("raw", secret.as_bytes());
        // Inside a longer text the code of the secret may begin at any of eight bits.
        let code = huffman_encode(secret.as_bytes());
        for shift in 0..8 {
            search.add("Huffman", &shifted(&code, shift));
        }
        search
    }

    /// Octets as they are, in hexadecimal and in base64.
    fn add(&mut self, name: &str, octets: &[u8]) {
        self.needle(name.to_owned(), octets.to_vec());
        self.needle(format!("{name} in hex"), to_hex(octets).into_bytes());
        self.needle(format!("{name} in hex"), to_hex(octets).to_uppercase().into_bytes());
        for alignment in 0..3 {
            let padded = [&vec![0; alignment], octets].concat();
            // Characters that other octets have a part in don't count.
            let (from, to) = ((alignment * 8).div_ceil(6), padded.len() * 8 / 6);
            for engine in [STANDARD, URL_SAFE] {
                self.needle(format!("{name} in base64"), engine.encode(&padded).as_bytes()[from..to].to_vec());
            }
        }
    }

    fn needle(&mut self, name: String, octets: Vec<u8>) {
        let first = [octets[0], octets[1]];
        self.begins[usize::from(u16::from_be_bytes(first))] = true;
        let known = self.needles.entry(first).or_default();
        if known.iter().all(|(_, needle)| *needle != octets) {
            known.push((name, octets));
        }
    }

    /// The forms in which the secret is there.
    pub fn find(&self, octets: &[u8]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.look(octets, "", &mut found);
        self.look(&unescaped(octets), " with escapes", &mut found);
        let mut blobs: Vec<(Vec<u8>, String, u32)> = decoded(octets).into_iter().map(|(blob, how)| (blob, how.to_owned(), 1)).collect();
        while let Some((blob, how, depth)) = blobs.pop() {
            self.look(&blob, &how, &mut found);
            self.look(&unescaped(&blob), &format!("{how} with escapes"), &mut found);
            if depth < DEPTH {
                blobs.extend(decoded(&blob).into_iter().map(|(inner, inner_how)| (inner, format!("{how}{inner_how}"), depth + 1)));
            }
        }
        found
    }

    fn look(&self, octets: &[u8], how: &str, found: &mut BTreeSet<String>) {
        for (at, pair) in octets.windows(2).enumerate() {
            let first = [pair[0], pair[1]];
            if self.begins[usize::from(u16::from_be_bytes(first))] {
                let there = self.needles[&first].iter().filter(|(_, needle)| octets[at..].starts_with(needle));
                found.extend(there.map(|(name, _)| format!("{name}{how}")));
            }
        }
    }
}

/// Whole octets of a bit string that begins `shift` bits into an octet.
fn shifted(code: &[u8], shift: u32) -> Vec<u8> {
    if shift == 0 {
        // The last octet may be filled up otherwise.
        return code[..code.len() - 1].to_vec();
    }
    code[..code.len() - 1].windows(2).map(|pair| (pair[0] << (8 - shift)) | (pair[1] >> shift)).collect()
}

/// `%41`, `A` and `\/` as what they stand for.
fn unescaped(octets: &[u8]) -> Vec<u8> {
    let hex = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let mut out = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let [first, after @ ..] = rest {
        let (octet, width) = match rest {
            [b'%', high, low, ..] if hex(&[*high, *low]).is_some() => (hex(&[*high, *low]), 3),
            [b'\\', b'u', b'0', b'0', high, low, ..] => (hex(&[*high, *low]), 6),
            // A text in JSON in JSON has its backslashes doubled.
            [b'\\', b'\\' | b'/', ..] => (None, 1),
            _ => (Some(*first), 1),
        };
        out.extend(octet);
        rest = after.get(width - 1..).unwrap_or_default();
    }
    out
}

/// What is coded inside: runs of hexadecimal and base64 that are long enough for a secret, and compressed streams.
fn decoded(octets: &[u8]) -> Vec<(Vec<u8>, &'static str)> {
    let mut all = Vec::new();
    for (at, start) in octets.windows(3).enumerate() {
        let mut plain = Vec::new();
        // A stream that breaks off gives what stands before.
        let _ = match start {
            [0x1f, 0x8b, 8] => MultiGzDecoder::new(&octets[at..]).take(1 << 22).read_to_end(&mut plain),
            [0x78, 0x01 | 0x5e | 0x9c | 0xda, _] => ZlibDecoder::new(&octets[at..]).take(1 << 22).read_to_end(&mut plain),
            _ => continue,
        };
        all.push((plain, " compressed"));
    }
    for run in octets.split(|octet| !octet.is_ascii_hexdigit()).filter(|run| run.len() >= 32) {
        let text = std::str::from_utf8(&run[..run.len() & !1]).unwrap_or_default();
        all.push((triwire::wire::from_hex(text).unwrap_or_default(), " inside hex"));
    }
    let is_base64 = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'-' | b'_');
    // A run may have begun before the text that is looked for, at any character of a quantum.
    for run in octets.split(|octet| !is_base64(octet)).filter(|run| run.len() >= 32) {
        let standard: Vec<u8> = run
            .iter()
            .map(|octet| {
                if *octet == b'-' {
                    b'+'
                } else if *octet == b'_' {
                    b'/'
                } else {
                    *octet
                }
            })
            .collect();
        all.extend((0..4).map(|offset| (lenient().decode(cut(&standard[offset..])).unwrap_or_default(), " inside base64")));
    }
    all
}

/// Without a last quantum of a single character, which is less than an octet.
fn cut(text: &[u8]) -> &[u8] {
    if text.len() % 4 == 1 { &text[..text.len() - 1] } else { text }
}

/// Also a last quantum that isn't whole, whatever its unused bits are.
fn lenient() -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&base64::alphabet::STANDARD, config)
}
