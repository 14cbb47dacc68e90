//! An HTTP/1.1 client that writes a request octet for octet as it is given and reads the response from the raw octets (RFC 9112).

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::body::{Bounds, Full, Sink};
use super::connect::Link;
use super::exchanging::{Again, Arriving, Deadlines, Outcome, is_final};
use super::h1_chunk::{ChunkError, ChunkReader};
use super::h1_head::{head_length, note, read_head};
use super::raw::{Action, block};
use super::{End, Framing, Head, Phase};

/// An open connection on which no exchange goes on.
pub(super) struct H1 {
    link: Link,
    /// Octets that came behind the last response. Only a connection that is held for what comes next is used on with them.
    leftover: Vec<u8>,
    /// The connection is held: what stands behind a response belongs to the next exchange.
    held: bool,
    /// The last response said that the connection ends with it.
    ended: bool,
}

/// A request in the form in which it goes out.
pub(super) struct H1Request<'a> {
    /// Request line and fields with the empty line.
    pub(super) head: &'a [u8],
    pub(super) content: &'a [u8],
    /// The method is HEAD: the response has no content (RFC 9112, 6.3).
    pub(super) is_head: bool,
    /// The request says `Connection: close`.
    pub(super) closes: bool,
}

impl H1 {
    pub(super) const fn new(link: Link) -> Self {
        Self { link, leftover: Vec::new(), held: false, ended: false }
    }

    /// From now on what stands behind a response belongs to the next exchange.
    pub(super) const fn hold(&mut self) {
        self.held = true;
    }

    /// Whether the last response said that the connection ends with it.
    pub(super) const fn was_ended(&self) -> bool {
        self.ended
    }

    /// Whether the connection is open and silent, so that it can carry another exchange.
    pub(super) async fn is_idle(&mut self) -> bool {
        poll_fn(|cx| {
            let mut octet = [0];
            Poll::Ready(self.leftover.is_empty() && Pin::new(&mut self.link).poll_read(cx, &mut ReadBuf::new(&mut octet)).is_pending())
        })
        .await
    }

    /// Says good-bye. Whether the peer hears it doesn't matter.
    pub(super) async fn close(mut self) {
        let _ = self.link.shutdown().await;
    }

    /// Sends the request and reads the response. Writing and reading go on together: a server may answer before it has read everything.
    pub(super) async fn exchange(&mut self, request: &H1Request<'_>, deadlines: Deadlines, bounds: &Bounds) -> Outcome {
        let pieces = [Piece::Send(request.head), Piece::Send(request.content)];
        self.perform(&pieces, request.is_head, request.closes, deadlines, bounds).await
    }

    /// Does what a script says and reads one response.
    pub(super) async fn act(&mut self, script: &[Action], is_head: bool, deadlines: Deadlines, bounds: &Bounds) -> Outcome {
        let pieces: Vec<Piece<'_>> = script.iter().map(Piece::of).collect();
        self.perform(&pieces, is_head, true, deadlines, bounds).await
    }

    /// Sends the pieces and reads the response meanwhile: a server may answer before it has read everything.
    async fn perform(&mut self, pieces: &[Piece<'_>], is_head: bool, closes: bool, deadlines: Deadlines, bounds: &Bounds) -> Outcome {
        let mut arriving = Arriving::default();
        let buffer = std::mem::take(&mut self.leftover);
        arriving.touched = !buffer.is_empty();
        let (input, mut output) = tokio::io::split(&mut self.link);
        let head_came = Notify::new();
        let mut reader = Reader { input, buffer, deadlines, bounds, arriving: &mut arriving, head_came: &head_came, held: self.held };
        let mut written = None;
        let much = AtomicBool::new(false);
        let (end, usable) = {
            let mut writing = pin!(write(pieces, &mut output, &head_came, &much));
            let mut reading = pin!(reader.read_response(is_head));
            loop {
                tokio::select! {
                    // Writing first: a request that has gone out must not look unfinished because its answer came at once.
                    biased;
                    result = &mut writing, if written.is_none() => written = Some(result),
                    result = &mut reading => break result,
                }
            }
        };
        // A line that is too slow for what is sent says nothing about who would have answered.
        let end = match end {
            End::TimedOut { .. } if much.load(Ordering::Relaxed) => End::TimedOut { phase: Phase::Request },
            end => end,
        };
        let leftover = std::mem::take(&mut reader.buffer);
        let sent_all = matches!(written, Some(Ok(())));
        let persists = sent_all && !closes && arriving.heads.last().is_some_and(|head| !says_close(head));
        self.ended = arriving.heads.last().is_some_and(says_close) || arriving.framing == Some(Framing::Close);
        let touched = arriving.touched;
        let (received, head_at) = arriving.finish(end);
        let reusable = received.end == End::Complete && persists && usable == Leftover::None;
        self.leftover = leftover;
        let again = if matches!(received.end, End::Closed { .. }) && !touched { Again::IfReused } else { Again::Never };
        Outcome { received, head_at, reusable, again }
    }
}

/// What is done to send a request.
#[derive(Debug, Clone, Copy)]
enum Piece<'a> {
    Send(&'a [u8]),
    Repeat(&'a [u8], u64),
    HalfClose,
    Wait(Duration),
    AwaitHead,
}

impl<'a> Piece<'a> {
    fn of(action: &'a Action) -> Self {
        match action {
            Action::Send(octets) => Self::Send(octets),
            Action::Repeat { octets, times } => Self::Repeat(octets, *times),
            Action::HalfClose => Self::HalfClose,
            Action::Wait(duration) => Self::Wait(*duration),
            Action::AwaitHead => Self::AwaitHead,
        }
    }
}

/// `much`: whether it is about to send something many times.
async fn write(pieces: &[Piece<'_>], output: &mut (impl AsyncWrite + Unpin), head_came: &Notify, much: &AtomicBool) -> io::Result<()> {
    for piece in pieces {
        match *piece {
            Piece::Send(octets) => output.write_all(octets).await?,
            Piece::Repeat(octets, times) => {
                let (block, often) = block(octets, times);
                let mut left = times;
                much.store(true, Ordering::Relaxed);
                while left > 0 {
                    let now = left.min(often);
                    output.write_all(&block[..octets.len() * usize::try_from(now).unwrap_or(0)]).await?;
                    left -= now;
                }
                much.store(false, Ordering::Relaxed);
            }
            Piece::HalfClose => output.shutdown().await?,
            Piece::Wait(duration) => {
                output.flush().await?;
                tokio::time::sleep(duration).await;
            }
            Piece::AwaitHead => {
                output.flush().await?;
                head_came.notified().await;
            }
        }
    }
    output.flush().await
}

/// Whether the response ends the connection (RFC 9112, 9.6).
fn says_close(head: &Head) -> bool {
    head.all("connection").any(|value| value.split(|octet| *octet == b',').any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close")))
}

/// What stands behind a complete response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leftover {
    /// Nothing: the connection may go on.
    None,
    /// The connection can't go on: it was closed, HTTP/1.0, both lengths were given, or something came that nobody asked for.
    Unusable,
}

struct Reader<'a, R> {
    input: R,
    /// Octets that were received and not yet understood.
    buffer: Vec<u8>,
    deadlines: Deadlines,
    bounds: &'a Bounds,
    arriving: &'a mut Arriving,
    /// Told of each head that came.
    head_came: &'a Notify,
    /// What stands behind the response belongs to the next one.
    held: bool,
}

/// Why no more octets come.
enum Stop {
    Eof,
    End(End),
}

impl From<ChunkError> for End {
    fn from(error: ChunkError) -> Self {
        match error {
            ChunkError::LongTrailers => Self::TooLarge { text: error.to_string() },
            _ => Self::Malformed { text: error.to_string() },
        }
    }
}

impl From<Full> for End {
    fn from(full: Full) -> Self {
        Self::TooLarge { text: full.0.to_owned() }
    }
}

impl<R: AsyncRead + Unpin> Reader<'_, R> {
    async fn read_response(&mut self, is_head: bool) -> (End, Leftover) {
        match self.read_all(is_head).await {
            Ok(leftover) => (End::Complete, leftover),
            Err(end) => (end, Leftover::Unusable),
        }
    }

    async fn read_all(&mut self, is_head: bool) -> Result<Leftover, End> {
        let (head, persistent) = self.read_heads().await?;
        let framing = framing(&head, is_head)?;
        self.arriving.framing = Some(framing.clone());
        self.arriving.sink = Some(Sink::new(Some(&head), self.bounds));
        match framing {
            Framing::None => {}
            Framing::Length(length) => self.read_length(length).await?,
            Framing::Chunked { .. } => self.read_chunks().await?,
            Framing::Close => self.read_to_close().await?,
        }
        if !self.buffer.is_empty() && !self.held {
            // Nothing was asked that these octets could answer: the framing is wrong, and this is the only place where that shows.
            let text = format!("{} octets follow the end of the response (RFC 9112, 6.3)", self.buffer.len());
            note(&mut self.arriving.flaw, || text);
        }
        let both = head.all("transfer-encoding").next().is_some() && head.all("content-length").next().is_some();
        let usable = self.buffer.is_empty() && persistent && !both && framing != Framing::Close;
        Ok(if usable { Leftover::None } else { Leftover::Unusable })
    }

    /// Reads informational heads and the final one.
    async fn read_heads(&mut self) -> Result<(Head, bool), End> {
        let mut room = self.bounds.head;
        loop {
            let length = self.wait_for_head(room).await?;
            room -= length;
            let read = read_head(&self.buffer[..length]);
            self.buffer.drain(..length);
            if let Some(flaw) = &read.flaw {
                note(&mut self.arriving.flaw, || flaw.clone());
            }
            self.arriving.heads.push(read.head.clone());
            self.head_came.notify_one();
            if read.head.status.is_none() {
                return Err(End::Malformed { text: read.flaw.unwrap_or_default() });
            }
            // 101 ends HTTP on this connection (RFC 9110, 15.2.2); nobody asked for it, so nothing can be read after it.
            if is_final(read.head.status) || read.head.status == Some(101) {
                self.arriving.head_at = Some(Instant::now());
                let persistent = read.persistent && read.head.status != Some(101);
                return Ok((read.head, persistent));
            }
        }
    }

    async fn wait_for_head(&mut self, room: usize) -> Result<usize, End> {
        let mut searched = 0;
        loop {
            if let Some(length) = head_length(&self.buffer, searched) {
                if length <= room {
                    return Ok(length);
                }
            } else if !self.buffer.is_empty() && !could_be_head(&self.buffer) {
                // What can't become a head isn't waited for: a TLS alert or an HTTP/2 frame has no empty line.
                let read = read_head(&self.buffer);
                return Err(End::Malformed { text: read.flaw.unwrap_or_default() });
            }
            if self.buffer.len() > room {
                return Err(End::TooLarge { text: format!("the heads are longer than {} octets", self.bounds.head) });
            }
            searched = self.buffer.len();
            let deadline = self.deadlines.for_head();
            match self.fill(deadline).await {
                Ok(()) => {}
                Err(Stop::End(end)) => return Err(end),
                Err(Stop::Eof) if self.buffer.is_empty() => return Err(closed("before the response")),
                Err(Stop::Eof) => {
                    // A head that breaks off is evidence too, and so is what is none.
                    let read = read_head(&self.buffer);
                    if read.head.status.is_some() {
                        self.arriving.heads.push(read.head);
                    } else {
                        let mut sink = Sink::new(None, self.bounds);
                        sink.push(&self.buffer)?;
                        self.arriving.sink = Some(sink);
                    }
                    self.buffer.clear();
                    return Err(closed("inside the response head"));
                }
            }
        }
    }

    async fn read_length(&mut self, length: u64) -> Result<(), End> {
        let mut left = length;
        loop {
            let take = self.buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            self.take(take)?;
            left -= take as u64;
            if left == 0 {
                return Ok(());
            }
            self.fill_content().await?.ok_or_else(|| closed(&format!("{left} octets before the end of the content")))?;
        }
    }

    async fn read_chunks(&mut self) -> Result<(), End> {
        let mut reader = ChunkReader::new(self.bounds.head);
        loop {
            let sink = &mut self.arriving.sink;
            let result = reader.read(&self.buffer, |data| sink.as_mut().map_or(Ok(()), |sink| sink.push(data)).map_err(End::from));
            self.arriving.framing = Some(Framing::Chunked { last: reader.saw_last() });
            self.buffer.drain(..result?);
            if reader.is_done() {
                break;
            }
            self.fill_content().await?.ok_or_else(|| closed("before the end of the chunked content"))?;
        }
        let (trailers, flaw) = reader.into_parts();
        if let Some(flaw) = flaw {
            note(&mut self.arriving.flaw, || flaw);
        }
        self.arriving.trailers = (!trailers.is_empty()).then_some(trailers);
        Ok(())
    }

    async fn read_to_close(&mut self) -> Result<(), End> {
        loop {
            self.take(self.buffer.len())?;
            if self.fill_content().await?.is_none() {
                return Ok(());
            }
        }
    }

    /// Moves octets from the buffer to the content.
    fn take(&mut self, length: usize) -> Result<(), End> {
        if let Some(sink) = &mut self.arriving.sink {
            sink.push(&self.buffer[..length])?;
        }
        self.buffer.drain(..length);
        Ok(())
    }

    /// `None` where the connection ended.
    async fn fill_content(&mut self) -> Result<Option<()>, End> {
        let deadline = self.deadlines.for_content(Instant::now());
        match self.fill(deadline).await {
            Ok(()) => Ok(Some(())),
            Err(Stop::Eof) => Ok(None),
            Err(Stop::End(end)) => Err(end),
        }
    }

    async fn fill(&mut self, (deadline, phase): (Instant, Phase)) -> Result<(), Stop> {
        // Whoever sends without a pause must not keep the deadline from being seen.
        if Instant::now() >= deadline {
            return Err(Stop::End(End::TimedOut { phase }));
        }
        self.buffer.reserve(16 * 1024);
        match timeout_at(deadline, self.input.read_buf(&mut self.buffer)).await {
            Err(_) => Err(Stop::End(End::TimedOut { phase })),
            Ok(Ok(0)) => Err(Stop::Eof),
            Ok(Ok(_)) => {
                self.arriving.touched = true;
                Ok(())
            }
            Ok(Err(error)) => Err(Stop::End(End::Closed { text: io_text(&error) })),
        }
    }
}

fn closed(place: &str) -> End {
    End::Closed { text: format!("the connection was closed {place}") }
}

/// What the operating system said, or the TLS library.
pub(super) fn io_text(error: &io::Error) -> String {
    match error.kind() {
        // RFC 9112, 9.8: without close_notify nobody knows whether the end is the end.
        io::ErrorKind::UnexpectedEof => "the connection was closed without the end that TLS asks for".to_owned(),
        // In TLS 1.3 a server looks at the certificate of the caller when the caller speaks already.
        _ => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::AlertReceived(alert)) if super::connect::wants_certificate(*alert) => {
                "it demands a client certificate, one that it accepts: --client-cert FILE --client-key FILE".to_owned()
            }
            _ => error.to_string(),
        },
    }
}

fn could_be_head(octets: &[u8]) -> bool {
    let start = b"HTTP/1.";
    octets.iter().zip(start).all(|(octet, expected)| octet == expected)
}

/// How the content is delimited (RFC 9112, 6.3).
fn framing(head: &Head, is_head: bool) -> Result<Framing, End> {
    if is_head || matches!(head.status, Some(100..=199 | 204 | 304)) {
        return Ok(Framing::None);
    }
    if let Some(last) = head.all("transfer-encoding").last() {
        let coding = last.rsplit(|octet| *octet == b',').next().unwrap_or_default().trim_ascii();
        let chunked = coding.eq_ignore_ascii_case(b"chunked");
        return Ok(if chunked { Framing::Chunked { last: false } } else { Framing::Close });
    }
    // Several equal values count as one.
    let mut lengths = head.all("content-length").flat_map(|value| value.split(|octet| *octet == b',')).map(<[u8]>::trim_ascii);
    let Some(first) = lengths.next() else { return Ok(Framing::Close) };
    let length =
        std::str::from_utf8(first).ok().filter(|text| text.bytes().all(|digit| digit.is_ascii_digit())).and_then(|text| text.parse().ok());
    match length {
        Some(length) if lengths.all(|other| other == first) => Ok(Framing::Length(length)),
        _ => Err(End::Malformed { text: "the Content-Length is no number, or there are several (RFC 9112, 6.3)".to_owned() }),
    }
}
