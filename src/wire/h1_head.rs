//! A reader of HTTP/1.1 response heads (RFC 9112, 4 and 5).
//!
//! It is tolerant and remembers: what can be read is read, and each breach of the grammar is named.

use super::{Field, Head, Octets};

/// A head that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadHead {
    /// Status and fields; the status is `None` where the status line is none.
    pub head: Head,
    /// Whether the connection persists unless a field says otherwise: HTTP/1.1 (RFC 9112, 9.3).
    pub persistent: bool,
    /// The first breach of the grammar that didn't keep it from being read.
    pub flaw: Option<String>,
}

/// The length of the head at the beginning of these octets, with the empty line that ends it; `None` where it isn't complete.
/// `from`: how many octets were looked at before, so that a head that drips in isn't searched again and again.
#[must_use]
pub fn head_length(octets: &[u8], from: usize) -> Option<usize> {
    // A line may end in LF alone (RFC 9112, 2.2), so the end is LF, perhaps CR, LF.
    let start = from.saturating_sub(3).min(octets.len());
    let rest = &octets[start..];
    (0..rest.len()).filter(|&at| rest[at] == b'\n').find_map(|at| match &rest[at + 1..] {
        [b'\n', ..] => Some(start + at + 2),
        [b'\r', b'\n', ..] => Some(start + at + 3),
        _ => None,
    })
}

/// Reads a head: status line, fields, empty line.
#[must_use]
pub fn read_head(octets: &[u8]) -> ReadHead {
    let mut flaw = None;
    let (line, rest) = split_line(octets, &mut flaw);
    let (status, persistent) = read_status_line(line, &mut flaw);
    let fields = read_fields(rest, &mut flaw);
    ReadHead { head: Head { status, fields }, persistent, flaw }
}

/// The status line (RFC 9112, 4).
fn read_status_line(line: &[u8], flaw: &mut Option<String>) -> (Option<u16>, bool) {
    let status = match line {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor, b' ', a, b, c, after @ ..]
            if minor.is_ascii_digit() && [a, b, c].iter().all(|digit| digit.is_ascii_digit()) && !matches!(after, [b'0'..=b'9', ..]) =>
        {
            match after {
                [b' ', reason @ ..] if !reason.iter().any(|octet| is_control(*octet)) => {}
                [b' ', ..] => note(flaw, || "the reason phrase has control characters (RFC 9112, 4)".to_owned()),
                // "A server MUST send the space ... even when the reason-phrase is absent".
                _ => note(flaw, || "no space after the status code (RFC 9112, 4)".to_owned()),
            }
            Some(([a, b, c].iter().fold(0, |sum, digit| sum * 10 + u16::from(**digit - b'0')), *minor != b'0'))
        }
        _ => None,
    };
    status.map_or_else(
        || {
            *flaw = Some(format!("`{}` is no status line of HTTP/1.1{}", excerpt(line), likely(line)));
            (None, false)
        },
        |(status, persistent)| (Some(status), persistent),
    )
}

/// Ends the text of an answer over HTTP/1.1 that begins with a frame of SETTINGS.
pub const LIKE_HTTP2: &str = "; it looks like HTTP/2: the target may speak nothing else on this port";

/// What the first octets look like, if not like HTTP/1.1.
fn likely(line: &[u8]) -> &'static str {
    match line {
        [0x15 | 0x16, 3, ..] => "; it looks like TLS: write https:// instead of http://",
        [0, 0, _, 4, ..] => LIKE_HTTP2,
        _ => "",
    }
}

/// Reads field lines to the end of the octets or the empty line (RFC 9112, 5); trailer sections have the same form (7.1.2).
pub(super) fn read_fields(mut rest: &[u8], flaw: &mut Option<String>) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    while !rest.is_empty() {
        let (line, after) = split_line(rest, flaw);
        rest = after;
        match line {
            [] => break,
            [b' ' | b'\t', ..] => {
                note(flaw, || "a field line is folded (RFC 9112, 5.2)".to_owned());
                // Kept as it stood, for that is the evidence; after the status line there is no field to which it could belong.
                if let Some(last) = fields.last_mut() {
                    last.value.0.extend_from_slice(b"\r\n");
                    last.value.0.extend_from_slice(line);
                }
            }
            _ => fields.push(read_field(line, flaw)),
        }
    }
    fields
}

fn read_field(line: &[u8], flaw: &mut Option<String>) -> Field {
    let Some(colon) = line.iter().position(|octet| *octet == b':') else {
        note(flaw, || format!("the field line `{}` has no colon (RFC 9112, 5)", excerpt(line)));
        return Field { name: line.into(), value: Octets::default() };
    };
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii_blanks());
    if name.is_empty() || !name.iter().all(|octet| is_token(*octet)) {
        note(flaw, || format!("`{}` is no field name (RFC 9112, 5.1)", excerpt(name)));
    }
    if value.iter().any(|octet| is_control(*octet)) {
        note(flaw, || format!("the value of the field `{}` has control characters (RFC 9110, 5.5)", excerpt(name)));
    }
    Field { name: name.into(), value: value.into() }
}

/// The optional white space around a value is SP and HTAB only (RFC 9110, 5.6.3).
trait Blanks {
    fn trim_ascii_blanks(&self) -> &[u8];
}

impl Blanks for [u8] {
    fn trim_ascii_blanks(&self) -> &[u8] {
        let blank = |octet: &u8| matches!(octet, b' ' | b'\t');
        let start = self.iter().position(|octet| !blank(octet)).unwrap_or(self.len());
        let end = self.iter().rposition(|octet| !blank(octet)).map_or(start, |last| last + 1);
        &self[start..end]
    }
}

/// A line without its end, and what follows. LF alone ends a line too (RFC 9112, 2.2), but is named.
pub(super) fn split_line<'a>(octets: &'a [u8], flaw: &mut Option<String>) -> (&'a [u8], &'a [u8]) {
    let Some(end) = octets.iter().position(|octet| *octet == b'\n') else { return (octets, &[]) };
    let (line, rest) = (&octets[..end], &octets[end + 1..]);
    let line = line.strip_suffix(b"\r").unwrap_or_else(|| {
        note(flaw, || "a line ends in LF without CR (RFC 9112, 2.2)".to_owned());
        line
    });
    (line, rest)
}

/// Only the first flaw is kept; a hostile head has thousands.
pub(super) fn note(flaw: &mut Option<String>, text: impl FnOnce() -> String) {
    flaw.get_or_insert_with(text);
}

const fn is_control(octet: u8) -> bool {
    octet.is_ascii_control() && octet != b'\t'
}

/// RFC 9110, 5.6.2.
const fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(octet, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

/// The beginning of octets, for a message.
pub(super) fn excerpt(octets: &[u8]) -> String {
    let (start, more) = octets.split_at(octets.len().min(60));
    format!("{}{}", start.escape_ascii(), if more.is_empty() { "" } else { "..." })
}

/// For a fuzzer: reads the octets as a head. Panics only where the reader has a mistake.
pub fn check(octets: &[u8]) {
    let length = head_length(octets, 0);
    for from in 0..octets.len().min(64) {
        // Where a search begins doesn't matter as long as the end wasn't there yet.
        if length.is_none_or(|length| length > from) {
            assert_eq!(head_length(octets, from), length, "an end is found wherever the search went on");
        }
    }
    let read = read_head(&octets[..length.unwrap_or(octets.len())]);
    assert!(read.head.status.is_some() || read.flaw.is_some(), "a head without status is flawed");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(read: &ReadHead) -> Vec<(String, String)> {
        read.head.fields.iter().map(|f| (f.name.text().into_owned(), f.value.text().into_owned())).collect()
    }

    #[test]
    fn a_good_head() {
        let read = read_head(b"HTTP/1.1 200 OK\r\nContent-Type:application/json\r\nX-A: 1 \r\nx-a:\t2\r\nEmpty:\r\n\r\n");
        assert_eq!(read.head.status, Some(200));
        assert!(read.persistent);
        assert_eq!(read.flaw, None);
        let expected = [("Content-Type", "application/json"), ("X-A", "1"), ("x-a", "2"), ("Empty", "")];
        assert_eq!(names(&read), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn each_breach_is_named() {
        for (head, status, flaw) in [
            ("HTTP/1.1 200\r\n\r\n", Some(200), "no space"),
            ("HTTP/1.1 200 OK\n\r\n", Some(200), "LF without CR"),
            ("HTTP/1.1 200 OK\r\nA : 1\r\n\r\n", Some(200), "`A ` is no field name"),
            ("HTTP/1.1 200 OK\r\n: 1\r\n\r\n", Some(200), "`` is no field name"),
            ("HTTP/1.1 200 OK\r\nA\r\n\r\n", Some(200), "no colon"),
            ("HTTP/1.1 200 OK\r\nA: 1\r\n 2\r\n\r\n", Some(200), "folded"),
            ("HTTP/1.1 200 OK\r\nA: 1\x002\r\n\r\n", Some(200), "control characters"),
            ("HTTP/1.1 2000 OK\r\n\r\n", None, "no status line"),
            ("HTTP/2 200\r\n\r\n", None, "no status line"),
            ("HTTP/1.1  200 OK\r\n\r\n", None, "no status line"),
            ("\x15\x03\x03\r\n\r\n", None, "https://"),
            ("\r\n\r\n", None, "no status line"),
        ] {
            let read = read_head(head.as_bytes());
            assert_eq!(read.head.status, status, "{head:?}");
            assert!(read.flaw.as_ref().is_some_and(|first| first.contains(flaw)), "{head:?}: {:?}", read.flaw);
        }
    }

    #[test]
    fn http_1_0_does_not_persist() {
        assert!(!read_head(b"HTTP/1.0 200 OK\r\n\r\n").persistent);
    }

    #[test]
    fn the_end_is_found_where_it_is() {
        assert_eq!(head_length(b"HTTP/1.1 200 OK\r\nA: 1\r\n\r\nbody\r\n\r\n", 0), Some(25));
        assert_eq!(head_length(b"HTTP/1.1 200 OK\n\nbody", 0), Some(17));
        assert_eq!(head_length(b"HTTP/1.1 200 OK\r\nA: 1\r\n", 0), None);
    }

    proptest! {
        #[test]
        fn never_panics(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            check(&octets);
        }

        #[test]
        fn never_panics_near_the_grammar(lines in proptest::collection::vec("(HTTP/1.[01] [0-9]{3} ?[a-z]*|[a-z]* ?:? ?[ -~]*|)(\r\n|\n|\r)", 0..8)) {
            check(lines.concat().as_bytes());
        }
    }
}
