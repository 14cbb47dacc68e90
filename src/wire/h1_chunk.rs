//! A reader of the chunked coding (RFC 9112, 7.1).

use super::Field;
use super::h1_head::{excerpt, head_length, note, read_fields};

/// Octets of a line with a chunk size; extensions are rare and short.
const MAX_SIZE_LINE: usize = 4096;

/// Why a chunked body can't be read on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// The line is no size.
    #[error("`{0}` is no chunk size (RFC 9112, 7.1)")]
    Size(String),
    /// No CRLF after a chunk's octets.
    #[error("a chunk is not followed by CRLF, so its size is wrong (RFC 9112, 7.1)")]
    End,
    /// The line with the size has no end.
    #[error("the line with a chunk size is longer than {MAX_SIZE_LINE} octets")]
    LongLine,
    /// The trailer section is larger than the bound.
    #[error("the trailer section is longer than the bound")]
    LongTrailers,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size,
    Data(u64),
    DataEnd,
    Trailers,
    Done,
}

/// Reads a chunked body piece by piece.
#[derive(Debug)]
pub struct ChunkReader {
    state: State,
    /// How many octets of an incomplete line or trailer section were searched.
    searched: usize,
    bound: usize,
    trailers: Vec<Field>,
    /// The first breach of the grammar that didn't keep the body from being read.
    flaw: Option<String>,
}

impl ChunkReader {
    /// A reader that accepts a trailer section of at most so many octets.
    #[must_use]
    pub const fn new(bound: usize) -> Self {
        Self { state: State::Size, searched: 0, bound, trailers: Vec::new(), flaw: None }
    }

    /// Reads what it can: gives the octets of chunks to `out` and returns how many of `input` it is done with. Octets that it isn't done with
    /// are to be given again with more behind them.
    ///
    /// # Errors
    /// Where the body can't be read on, or `out` says so.
    pub fn read<E: From<ChunkError>>(&mut self, input: &[u8], mut out: impl FnMut(&[u8]) -> Result<(), E>) -> Result<usize, E> {
        let mut rest = input;
        loop {
            match self.state {
                State::Size => {
                    let Some(line) = self.line(&mut rest)? else { break };
                    let size = read_size(line)?;
                    self.state = if size == 0 { State::Trailers } else { State::Data(size) };
                }
                State::Data(0) => self.state = State::DataEnd,
                State::Data(left) => {
                    let length = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    if length == 0 {
                        break;
                    }
                    let (data, after) = rest.split_at(length);
                    rest = after;
                    self.state = State::Data(left - length as u64);
                    out(data)?;
                }
                State::DataEnd => match rest {
                    [] | [b'\r'] => break,
                    [b'\r', b'\n', after @ ..] => (rest, self.state) = (after, State::Size),
                    [b'\n', after @ ..] => {
                        self.note_lf();
                        (rest, self.state) = (after, State::Size);
                    }
                    _ => return Err(ChunkError::End.into()),
                },
                State::Trailers => {
                    let Some(length) = trailer_length(rest, self.searched) else {
                        if rest.len() > self.bound {
                            return Err(ChunkError::LongTrailers.into());
                        }
                        self.searched = rest.len();
                        break;
                    };
                    if length > self.bound {
                        return Err(ChunkError::LongTrailers.into());
                    }
                    self.trailers = read_fields(&rest[..length], &mut self.flaw);
                    (rest, self.state) = (&rest[length..], State::Done);
                }
                State::Done => break,
            }
        }
        Ok(input.len() - rest.len())
    }

    /// Whether the last chunk, of size 0, was seen.
    #[must_use]
    pub const fn saw_last(&self) -> bool {
        matches!(self.state, State::Trailers | State::Done)
    }

    /// Whether the body is complete, trailer section included.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// The fields of the trailer section, and the first thing that is wrong with the form of the body.
    #[must_use]
    pub fn into_parts(self) -> (Vec<Field>, Option<String>) {
        (self.trailers, self.flaw)
    }

    fn line<'a>(&mut self, rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>, ChunkError> {
        let whole = *rest;
        let found = whole.iter().skip(self.searched).position(|octet| *octet == b'\n').map(|at| self.searched + at);
        if found.unwrap_or(whole.len()) > MAX_SIZE_LINE {
            return Err(ChunkError::LongLine);
        }
        let Some(end) = found else {
            self.searched = whole.len();
            return Ok(None);
        };
        self.searched = 0;
        *rest = &whole[end + 1..];
        if let Some(line) = whole[..end].strip_suffix(b"\r") {
            return Ok(Some(line));
        }
        self.note_lf();
        Ok(Some(&whole[..end]))
    }

    fn note_lf(&mut self) {
        note(&mut self.flaw, || "a line of the chunked coding ends in LF without CR (RFC 9112, 7.1)".to_owned());
    }
}

/// The length of a trailer section: an empty line, or field lines and an empty line.
fn trailer_length(octets: &[u8], searched: usize) -> Option<usize> {
    match octets {
        [b'\r', b'\n', ..] => Some(2),
        [b'\n', ..] => Some(1),
        _ => head_length(octets, searched),
    }
}

/// Hexadecimal digits, perhaps blanks, perhaps extensions, which are ignored (RFC 9112, 7.1.1).
fn read_size(line: &[u8]) -> Result<u64, ChunkError> {
    let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
    let fail = || ChunkError::Size(excerpt(line));
    let after = line[digits..].iter().find(|octet| !matches!(octet, b' ' | b'\t'));
    if !matches!(after, None | Some(b';')) {
        return Err(fail());
    }
    let text = std::str::from_utf8(&line[..digits]).map_err(|_| fail())?;
    u64::from_str_radix(text, 16).map_err(|_| fail())
}

/// For a fuzzer: reads the octets as a chunked body, at once and one by one. Panics only where the reader has a mistake.
pub fn check(octets: &[u8]) {
    let at_once = read_all(octets, octets.len().max(1));
    let one_by_one = read_all(octets, 1);
    // Where an error comes depends on the pieces, for a bound is seen as soon as it is passed; the content before it doesn't.
    assert_eq!(at_once, one_by_one, "how a body is cut into pieces doesn't matter");
}

type WholeBody = (Vec<u8>, Result<(bool, Vec<Field>, Option<String>), ChunkError>);

fn read_all(octets: &[u8], piece: usize) -> WholeBody {
    let mut reader = ChunkReader::new(64 * 1024);
    let mut content = Vec::new();
    let mut waiting = Vec::new();
    for piece in octets.chunks(piece) {
        waiting.extend_from_slice(piece);
        match reader.read(&waiting, |data| {
            content.extend_from_slice(data);
            Ok::<_, ChunkError>(())
        }) {
            Ok(done) => drop(waiting.drain(..done)),
            Err(error) => return (content, Err(error)),
        }
    }
    let done = reader.is_done();
    let (trailers, flaw) = reader.into_parts();
    (content, Ok((done, trailers, flaw)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn chunks_extensions_and_trailers() {
        let (content, end) = read_all(b"3;a=b\r\nabc\r\n00A \r\n0123456789\r\n0\r\nX: 1\r\nx: 2\r\n\r\nleft", 1000);
        assert_eq!(content, b"abc0123456789");
        assert_eq!(end, Ok((true, vec![Field::new("X", "1"), Field::new("x", "2")], None)));
    }

    #[test]
    fn an_incomplete_body_is_not_done() {
        for text in ["", "3", "3\r\n", "3\r\nab", "3\r\nabc", "3\r\nabc\r\n", "0\r\n", "0\r\nX: 1\r\n"] {
            let (_, end) = read_all(text.as_bytes(), 1);
            assert_eq!(end, Ok((false, Vec::new(), None)), "{text:?}");
        }
    }

    #[test]
    fn mistakes_have_names() {
        for (text, error) in [
            ("x\r\n", ChunkError::Size("x".to_owned())),
            ("\r\n", ChunkError::Size(String::new())),
            ("-1\r\n", ChunkError::Size("-1".to_owned())),
            ("11111111111111111\r\n", ChunkError::Size("11111111111111111".to_owned())),
            ("1\r\nab\r\n", ChunkError::End),
        ] {
            assert_eq!(read_all(text.as_bytes(), 1).1, Err(error), "{text:?}");
        }
        assert_eq!(read_all(&[b'1'; 5000], 1).1, Err(ChunkError::LongLine));
        let giant = [b"0\r\n".as_slice(), &[b'a'; 70_000]].concat();
        assert_eq!(read_all(&giant, 1000).1, Err(ChunkError::LongTrailers));
    }

    #[test]
    fn lf_alone_is_named() {
        let (content, end) = read_all(b"1\na\n0\n\n", 1);
        assert_eq!(content, b"a");
        assert!(end.is_ok_and(|(done, _, flaw)| done && flaw.is_some()));
    }

    proptest! {
        #[test]
        fn never_panics(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            check(&octets);
        }

        #[test]
        fn never_panics_near_the_grammar(parts in proptest::collection::vec("([0-9a-f]{1,2}(;[a-z]*)?|[a-z: ]*)(\r\n|\n|\r|)", 0..12)) {
            check(parts.concat().as_bytes());
        }
    }
}
