//! Finds secrets inside base64 text, at every alignment and in both alphabets, and encodes their names in place.

/// A base64 character with its place in the text.
struct Digit {
    at: usize,
    value: u8,
}

fn value(octet: u8) -> Option<u8> {
    match octet {
        b'A'..=b'Z' => Some(octet - b'A'),
        b'a'..=b'z' => Some(octet - b'a' + 26),
        b'0'..=b'9' => Some(octet - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn digit(value: u8, url_safe: bool) -> u8 {
    match value {
        0..=25 => b'A' + value,
        26..=51 => b'a' + (value - 26),
        52..=61 => b'0' + (value - 52),
        62 if url_safe => b'-',
        62 => b'+',
        _ if url_safe => b'_',
        _ => b'/',
    }
}

/// Looks into every run of base64 characters that is long enough for `shortest` octets, at each of the four places where a quantum may begin.
/// `scrub` gets the decoded octets and whether they were cut off; it keeps their number.
pub(super) fn runs(text: &mut [u8], shortest: usize, cut: bool, mut scrub: impl FnMut(&mut [u8], bool) -> bool) -> bool {
    let mut changed = false;
    let mut start = 0;
    while start < text.len() {
        if value(text[start]).is_none() {
            start += 1;
            continue;
        }
        let length = text[start..].iter().take_while(|octet| value(**octet).is_some()).count();
        let end = start + length;
        let reaches_end = cut && end == text.len();
        if length * 6 >= shortest * 8 || reaches_end {
            for offset in 0..4.min(length) {
                let digits: Vec<Digit> = (start + offset..end).filter_map(|at| Some(Digit { at, value: value(text[at])? })).collect();
                let mut octets = decode(&digits);
                if scrub(&mut octets, reaches_end) {
                    changed |= write(text, &digits, &octets);
                }
            }
        }
        start = end;
    }
    changed
}

fn decode(digits: &[Digit]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0u32);
    for digit in digits {
        bits = (bits << 6) | u32::from(digit.value);
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.push(u8::try_from((bits >> count) & 0xff).unwrap_or(0));
            bits &= (1 << count) - 1;
        }
    }
    octets
}

/// Writes changed bits back; bits after the last whole octet stay as they were.
fn write(text: &mut [u8], digits: &[Digit], octets: &[u8]) -> bool {
    let url_safe = digits.iter().any(|digit| matches!(text[digit.at], b'-' | b'_'));
    let mut changed = false;
    for (index, old) in digits.iter().enumerate() {
        let mut new = 0u8;
        for bit in 0..6 {
            let place = index * 6 + bit;
            let set = match octets.get(place / 8) {
                Some(octet) => octet & (0x80 >> (place % 8)) != 0,
                None => old.value & (0x20 >> bit) != 0,
            };
            new = (new << 1) | u8::from(set);
        }
        if new != old.value {
            text[old.at] = digit(new, url_safe);
            changed = true;
        }
    }
    changed
}

/// A text that is base64 as a whole: quanta one after the other, each with or without padding; other characters between them are skipped.
pub(super) struct Whole {
    quanta: Vec<Vec<Digit>>,
    /// The decoded octets.
    pub(super) octets: Vec<u8>,
}

impl Whole {
    /// Decodes quantum by quantum, so that padding in the middle (gRPC-Web pads each flush) ends a quantum and nothing else.
    pub(super) fn decode(text: &[u8]) -> Self {
        let mut quanta: Vec<Vec<Digit>> = Vec::new();
        let mut open: Vec<Digit> = Vec::new();
        for (at, octet) in text.iter().enumerate() {
            match value(*octet) {
                Some(value) => {
                    open.push(Digit { at, value });
                    if open.len() == 4 {
                        quanta.push(std::mem::take(&mut open));
                    }
                }
                None if *octet == b'=' && !open.is_empty() => quanta.push(std::mem::take(&mut open)),
                None => {}
            }
        }
        if !open.is_empty() {
            quanta.push(open);
        }
        let octets = quanta.iter().flat_map(|quantum| decode(quantum)).collect();
        Self { quanta, octets }
    }

    /// The text with other octets in it: in place where their number is the same, else encoded anew without inner padding.
    pub(super) fn encode(&self, text: &[u8], octets: &[u8]) -> Vec<u8> {
        use base64::Engine as _;
        if octets.len() != self.octets.len() {
            return base64::engine::general_purpose::STANDARD.encode(octets).into_bytes();
        }
        let mut text = text.to_vec();
        let mut rest = octets;
        for quantum in &self.quanta {
            let (own, after) = rest.split_at((quantum.len() * 6 / 8).min(rest.len()));
            write(&mut text, quantum, own);
            rest = after;
        }
        text
    }
}
