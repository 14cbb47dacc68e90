//! Finds secrets inside compressed octets and compresses what is left of them anew, to the same length where that is possible.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use flate2::write::ZlibEncoder;

/// Octets that are looked at after decompression; of more only these are kept, for what isn't seen can't be cleared.
const LIMIT: u64 = 4 * 1024 * 1024;

/// The same octets with secrets replaced; `None` where nothing was found or the octets aren't gzip or zlib.
/// `scrub` gets the decompressed octets and whether they were cut off.
pub(super) fn scrub(octets: &[u8], scrub: &mut dyn FnMut(&mut [u8], bool) -> bool) -> Option<Vec<u8>> {
    match octets {
        [0x1f, 0x8b, ..] => {
            let plain = replaced(MultiGzDecoder::new(octets), scrub)?;
            let mut packed = gzip(&plain, None)?;
            if packed.len() < octets.len() {
                // A file name in the gzip header takes up what the new content is shorter (RFC 1952, 2.3.1), so that every length still agrees.
                packed = gzip(&plain, Some(octets.len() - packed.len() - 1))?;
            }
            Some(packed)
        }
        [first, second, ..] if first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31) => {
            let plain = replaced(ZlibDecoder::new(octets), scrub)?;
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&plain).ok()?;
            encoder.finish().ok()
        }
        _ => None,
    }
}

/// What came out of the decoder, if a secret was in it or if it is too much to look at.
fn replaced(decoder: impl Read, scrub: &mut dyn FnMut(&mut [u8], bool) -> bool) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let broken = decoder.take(LIMIT + 1).read_to_end(&mut plain).is_err();
    let too_much = plain.len() as u64 > LIMIT;
    if too_much {
        plain.truncate(usize::try_from(LIMIT).unwrap_or(usize::MAX));
    }
    let changed = scrub(&mut plain, broken || too_much);
    (changed || too_much).then_some(plain)
}

fn gzip(plain: &[u8], padding: Option<usize>) -> Option<Vec<u8>> {
    let mut builder = flate2::GzBuilder::new();
    if let Some(padding) = padding {
        builder = builder.filename(vec![b'-'; padding]);
    }
    let mut encoder = builder.write(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}
