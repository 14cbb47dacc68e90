//! What the frames of one stream say (RFC 9113, 8.1): heads, content, trailers, end.

use tokio::time::Instant;

use super::body::{Bounds, Sink};
use super::exchanging::{Arriving, is_final};
use super::h1_head::note;
use super::h2_frames::{RawFrame, flag, kind};
use super::{Field, Frame, Head, hpack};

/// The call's stream, seen from the frames that the peer sent.
pub(super) struct Stream {
    id: Option<u32>,
    bounds: Bounds,
    arriving: Arriving,
    frames: Vec<Frame>,
    /// A header block of which CONTINUATION frames are missing, and whether it ends the stream.
    block: Option<(Vec<u8>, bool)>,
    /// Octets of header blocks so far.
    head_octets: usize,
    final_head: bool,
    ended: bool,
    reset: Option<u32>,
    too_large: Option<String>,
    last_octet: Option<Instant>,
}

impl Stream {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            id: None,
            bounds,
            arriving: Arriving::default(),
            frames: Vec::new(),
            block: None,
            head_octets: 0,
            final_head: false,
            ended: false,
            reset: None,
            too_large: None,
            last_octet: None,
        }
    }

    pub(super) const fn set_id(&mut self, id: u32) {
        self.id = Some(id);
    }

    pub(super) const fn id(&self) -> Option<u32> {
        self.id
    }

    /// END_STREAM was received.
    pub(super) const fn is_ended(&self) -> bool {
        self.ended
    }

    /// The error code of RST_STREAM.
    pub(super) const fn reset(&self) -> Option<u32> {
        self.reset
    }

    pub(super) fn too_large(&self) -> Option<String> {
        self.too_large.clone()
    }

    pub(super) fn flaw(&self) -> Option<&str> {
        self.arriving.flaw.as_deref()
    }

    /// When the last octet of the content came; `None` before the final head.
    pub(super) const fn last_octet(&self) -> Option<Instant> {
        self.last_octet
    }

    pub(super) fn note(&mut self, text: impl FnOnce() -> String) {
        note(&mut self.arriving.flaw, text);
    }

    pub(super) fn into_arriving(self) -> Arriving {
        Arriving { frames: Some(self.frames), ..self.arriving }
    }

    /// Takes a frame of the connection; those of other streams are none of its business.
    pub(super) fn take(&mut self, frame: &RawFrame) {
        if self.id != Some(frame.stream) {
            return;
        }
        if self.frames.len() >= self.bounds.frames {
            self.too_large.get_or_insert_with(|| format!("the stream has more than {} frames", self.bounds.frames));
            return;
        }
        // A header block may break off at any octet; a frame length always fits, for it has 24 bits.
        let length = u32::try_from(frame.payload.len()).unwrap_or(u32::MAX);
        self.frames.push(Frame { kind: frame.kind, flags: frame.flags, length });
        if self.block.is_some() && frame.kind != kind::CONTINUATION {
            self.note(|| "a header block is interrupted by another frame (RFC 9113, 4.3)".to_owned());
        }
        match frame.kind {
            kind::DATA => self.take_data(frame),
            kind::HEADERS => self.take_headers(frame),
            kind::CONTINUATION => self.take_continuation(frame),
            // RST_STREAM behind END_STREAM only says that the rest of the request isn't wanted (RFC 9113, 8.1).
            kind::RST_STREAM if !self.ended => {
                self.reset = frame.number(0).or(Some(1));
            }
            _ => {}
        }
    }

    fn take_data(&mut self, frame: &RawFrame) {
        self.arriving.touched = true;
        self.last_octet = self.arriving.head_at.map(|_| Instant::now());
        match frame.content() {
            Ok(data) => {
                let sink = self.arriving.sink.get_or_insert_with(|| Sink::new(None, &self.bounds));
                if let Err(full) = sink.push(data) {
                    self.too_large = Some(full.0.to_owned());
                }
            }
            Err(error) => self.note(|| error.to_string()),
        }
        self.ended |= frame.has(flag::END_STREAM);
    }

    fn take_headers(&mut self, frame: &RawFrame) {
        self.arriving.touched = true;
        match frame.content() {
            Ok(block) => {
                self.block = Some((Vec::new(), frame.has(flag::END_STREAM)));
                self.take_block(block, frame.has(flag::END_HEADERS));
            }
            Err(error) => self.note(|| error.to_string()),
        }
    }

    fn take_continuation(&mut self, frame: &RawFrame) {
        if self.block.is_none() {
            self.note(|| "CONTINUATION without a header block (RFC 9113, 6.10)".to_owned());
        }
        self.take_block(&frame.payload, frame.has(flag::END_HEADERS));
    }

    fn take_block(&mut self, part: &[u8], last: bool) {
        self.head_octets += part.len();
        if self.head_octets > self.bounds.head {
            self.too_large = Some(format!("the header blocks are longer than {} octets", self.bounds.head));
            return;
        }
        let Some((block, _)) = &mut self.block else { return };
        block.extend_from_slice(part);
        if last && let Some((block, ends)) = self.block.take() {
            self.take_fields(&block, ends);
        }
    }

    fn take_fields(&mut self, block: &[u8], ends: bool) {
        let mut fields = Vec::new();
        if let Err(error) = hpack::read_into(block, &mut fields) {
            self.note(|| error.to_string());
        }
        if self.final_head {
            self.take_trailers(fields, ends);
        } else {
            let head = Head { status: status_of(&fields), fields };
            if is_final(head.status) {
                self.final_head = true;
                self.arriving.head_at = Some(Instant::now());
                self.last_octet = Some(Instant::now());
                self.arriving.sink = Some(Sink::new(Some(&head), &self.bounds));
            } else if ends {
                self.note(|| "an informational head ends the stream (RFC 9113, 8.1)".to_owned());
            }
            self.arriving.heads.push(head);
        }
        self.ended |= ends;
    }

    fn take_trailers(&mut self, fields: Vec<Field>, ends: bool) {
        self.last_octet = Some(Instant::now());
        if !ends {
            self.note(|| "a header block behind the head does not end the stream (RFC 9113, 8.1)".to_owned());
        }
        if fields.iter().any(|field| field.name.0.starts_with(b":")) {
            // The library lets these pass.
            self.note(|| "the trailers have a pseudo-header field (RFC 9113, 8.1)".to_owned());
        }
        match &mut self.arriving.trailers {
            None => self.arriving.trailers = Some(fields),
            Some(trailers) => {
                // The frames show where one block ends; the fields are evidence all the same.
                trailers.extend(fields);
                self.note(|| "several header blocks follow the head (RFC 9113, 8.1)".to_owned());
            }
        }
    }
}

/// The value of `:status`, if it is a number of three digits (RFC 9113, 8.3.2).
fn status_of(fields: &[Field]) -> Option<u16> {
    let status = fields.iter().find(|field| field.name.0 == b":status")?;
    match status.value.0.as_slice() {
        [a, b, c] if [a, b, c].iter().all(|digit| digit.is_ascii_digit()) => {
            Some([a, b, c].iter().fold(0, |sum, digit| sum * 10 + u16::from(**digit - b'0')))
        }
        _ => None,
    }
}
