//! Collects a body within bounds, and undoes its content coding on the way.

use std::io::{self, Write};

use flate2::{Decompress, FlushDecompress, Status, write::MultiGzDecoder};
use sha2::{Digest, Sha256};

use super::{Body, Head, Octets, to_hex};

/// Bounds of what one exchange may bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Octets of the heads of one response together, and of its trailers.
    pub head: usize,
    /// Octets of one body, before and after content coding.
    pub body: u64,
    /// Frames of one stream.
    pub frames: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { head: 64 * 1024, body: 64 * 1024 * 1024, frames: 65_536 }
    }
}

/// Keeps the first octets of a body; counts and hashes the others.
#[derive(Debug)]
pub(super) struct Collector {
    kept: Vec<u8>,
    length: u64,
    bound: u64,
    hash: Option<Sha256>,
}

impl Collector {
    pub(super) const fn new(bound: u64) -> Self {
        Self { kept: Vec::new(), length: 0, bound, hash: None }
    }

    /// A whole body that is at hand.
    pub(super) fn of(octets: &[u8]) -> Body {
        let mut collector = Self::new(u64::MAX);
        collector.push(octets);
        collector.finish()
    }

    /// Takes octets up to the bound; false where there were more.
    pub(super) fn push(&mut self, octets: &[u8]) -> bool {
        let room = usize::try_from(self.bound - self.length).unwrap_or(usize::MAX);
        let taken = &octets[..octets.len().min(room)];
        let (keep, rest) = taken.split_at(taken.len().min(Body::KEEP - self.kept.len()));
        self.kept.extend_from_slice(keep);
        if !rest.is_empty() {
            self.hash.get_or_insert_with(|| Sha256::new_with_prefix(&self.kept)).update(rest);
        }
        self.length += taken.len() as u64;
        taken.len() == octets.len()
    }

    pub(super) fn finish(self) -> Body {
        Body { kept: Octets(self.kept), length: self.length, sha256: self.hash.map(|hash| to_hex(&hash.finalize())), reencoded: false }
    }
}

/// For the decoder of gzip, which writes what it decodes.
impl Write for Collector {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.push(octets) { Ok(octets.len()) } else { Err(io::ErrorKind::FileTooLarge.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The content of a response on its way in.
pub(super) struct Sink {
    raw: Collector,
    coding: Option<(&'static str, Decoder)>,
}

/// What [`Sink::push`] says when a bound is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full(pub(super) &'static str);

enum Decoder {
    Gzip(Box<MultiGzDecoder<Collector>>),
    /// `deflate` is zlib by RFC 9110 (8.4.1.2), but raw deflate by habit; the first two octets tell.
    Deflate {
        start: Vec<u8>,
        inflate: Option<Decompress>,
        out: Collector,
        end: bool,
    },
    /// The content is not what the field says: it stays as it is.
    Broken,
}

impl Sink {
    /// For the content under this head.
    pub(super) fn new(head: Option<&Head>, bounds: &Bounds) -> Self {
        let out = Collector::new(bounds.body);
        let mut codings = head.into_iter().flat_map(|head| head.all("content-encoding"));
        let coding = match (codings.next().map(<[u8]>::to_ascii_lowercase).as_deref(), codings.next()) {
            (Some(b"gzip" | b"x-gzip"), None) => Some(("gzip", Decoder::Gzip(Box::new(MultiGzDecoder::new(out))))),
            (Some(b"deflate"), None) => Some(("deflate", Decoder::Deflate { start: Vec::new(), inflate: None, out, end: false })),
            // Others, and several on top of one another, are left alone: the head says so, and the content is as it came.
            _ => None,
        };
        Self { raw: Collector::new(bounds.body), coding }
    }

    pub(super) fn push(&mut self, octets: &[u8]) -> Result<(), Full> {
        let fits = self.raw.push(octets);
        if let Some((_, decoder)) = &mut self.coding {
            decoder.push(octets)?;
        }
        if fits { Ok(()) } else { Err(Full("the content is longer than the bound")) }
    }

    /// The content, and the coding that was undone. A coding that doesn't come to its end is not undone.
    pub(super) fn finish(self) -> (Body, Option<String>) {
        match self.coding {
            Some((name, decoder)) if self.raw.length > 0 => match decoder.finish() {
                Some(body) => (body, Some(name.to_owned())),
                None => (self.raw.finish(), None),
            },
            _ => (self.raw.finish(), None),
        }
    }
}

const BOMB: Full = Full("the decoded content is longer than the bound");

impl Decoder {
    fn push(&mut self, octets: &[u8]) -> Result<(), Full> {
        let good = match self {
            Self::Broken => true,
            Self::Gzip(gzip) => match gzip.write_all(octets) {
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Err(BOMB),
                done => done.is_ok(),
            },
            Self::Deflate { start, inflate, out, end } => {
                start.extend_from_slice(octets);
                if inflate.is_none() && start.len() < 2 {
                    return Ok(());
                }
                let inflate = inflate.get_or_insert_with(|| Decompress::new(is_zlib(start)));
                let done = run(inflate, start, out, end);
                // From here on `start` only carries the next octets.
                start.clear();
                done?
            }
        };
        if !good {
            *self = Self::Broken;
        }
        Ok(())
    }

    fn finish(self) -> Option<Body> {
        match self {
            Self::Gzip(gzip) => gzip.finish().ok().map(Collector::finish),
            Self::Deflate { out, end: true, .. } => Some(out.finish()),
            Self::Deflate { .. } | Self::Broken => None,
        }
    }
}

/// Whether these octets begin as zlib does (RFC 1950, 2.2).
fn is_zlib(start: &[u8]) -> bool {
    matches!(start, [first, second, ..] if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31))
}

/// Inflates all of the input; false where it is not deflate.
fn run(inflate: &mut Decompress, mut input: &[u8], out: &mut Collector, end: &mut bool) -> Result<bool, Full> {
    let mut buffer = [0; 16 * 1024];
    loop {
        if *end {
            return Ok(input.is_empty());
        }
        let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
        let Ok(status) = inflate.decompress(input, &mut buffer, FlushDecompress::None) else { return Ok(false) };
        let taken = (inflate.total_in() - before_in) as usize;
        let made = (inflate.total_out() - before_out) as usize;
        if !out.push(&buffer[..made]) {
            return Err(BOMB);
        }
        input = &input[taken..];
        *end = status == Status::StreamEnd;
        if !*end && taken == 0 && made == 0 {
            return Ok(input.is_empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Field;
    use flate2::Compression;

    fn coded(coding: &str, parts: &[&[u8]], bounds: &Bounds) -> (Body, Option<String>, Result<(), Full>) {
        let head = Head { status: Some(200), fields: vec![Field::new("Content-Encoding", coding)] };
        let mut sink = Sink::new(Some(&head), bounds);
        let pushed = parts.iter().try_for_each(|part| sink.push(part));
        let (body, undone) = sink.finish();
        (body, undone, pushed)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn long_bodies_are_hashed() {
        let octets = vec![7; Body::KEEP + 3];
        let body = Collector::of(&octets);
        assert_eq!((body.kept.0.len(), body.length), (Body::KEEP, octets.len() as u64));
        assert_eq!(body.sha256, Some(to_hex(&Sha256::digest(&octets))));
        assert_eq!(Collector::of(&octets[..Body::KEEP]).sha256, None);
    }

    #[test]
    fn codings_are_undone() {
        let bounds = Bounds::default();
        let zipped = gzip(b"hello");
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(b"hello").unwrap();
        let zlib = zlib.finish().unwrap();
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(b"hello").unwrap();
        let raw = raw.finish().unwrap();
        for (coding, octets, name) in [("GZIP", &zipped, "gzip"), ("deflate", &zlib, "deflate"), ("deflate", &raw, "deflate")] {
            let one_by_one: Vec<&[u8]> = octets.chunks(1).collect();
            for parts in [&[octets.as_slice()][..], &one_by_one] {
                let (body, undone, pushed) = coded(coding, parts, &bounds);
                assert_eq!((body, undone.as_deref(), pushed), (Body::whole(b"hello".to_vec()), Some(name), Ok(())));
            }
        }
    }

    #[test]
    fn what_is_not_coded_stays_as_it_is() {
        let zipped = gzip(b"hello");
        for (coding, octets) in
            [("gzip", &b"plain"[..]), ("deflate", b"plain"), ("br", b"plain"), ("gzip", b""), ("gzip", &zipped[..zipped.len() - 1])]
        {
            let (body, undone, _) = coded(coding, &[octets], &Bounds::default());
            assert_eq!((body, undone), (Body::whole(octets.to_vec()), None), "{coding}");
        }
    }

    #[test]
    fn a_bomb_is_cut() {
        let bounds = Bounds { body: 100_000, ..Bounds::default() };
        let (body, undone, pushed) = coded("gzip", &[&gzip(&vec![0; 1_000_000])], &bounds);
        assert_eq!(pushed, Err(BOMB));
        // The coding did not come to its end, so the coded octets are the evidence.
        assert_eq!(undone, None);
        assert!(body.length < 10_000);
    }
}
