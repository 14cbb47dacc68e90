//! A seam below HTTP: request heads of HTTP/1.1 may be changed before the server reads them, responses before the client does, and content that
//! the client broke off may be made up; of HTTP/2 each frame may. So a fault can be in what an HTTP library does by itself.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};

use super::fault::Meter;
use super::script::Stream;

/// What is done to the octets of a connection. All of it can be left out.
#[derive(Debug, Clone, Copy)]
pub struct Below {
    /// Changes the head of a request; says whether it did. Where that changes the framing, what follows on the connection passes as it is.
    pub request: fn(&mut Lines) -> bool,
    /// Makes up for content that ended too early: the head, and how many octets are missing (none known: chunked).
    pub cut: fn(&Lines, Option<u64>) -> Option<Vec<u8>>,
    /// Changes the head of the response to this request, and puts octets behind it; says whether it did.
    pub response: fn(&Lines, &mut Lines, &mut Vec<u8>) -> bool,
    /// Changes a frame of HTTP/2 of the client, or takes it away; says whether it did.
    pub asked: fn(&mut Frame) -> bool,
    /// The same with a frame of the server.
    pub answered: fn(&mut Frame) -> bool,
}

impl Below {
    /// Changes nothing.
    pub const NOTHING: Self =
        Self { request: |_| false, cut: |_, _| None, response: |_, _, _| false, asked: |_| false, answered: |_| false };
}

/// A frame of HTTP/2 on its way.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its type.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// Its stream.
    pub stream: u32,
    /// Its payload.
    pub payload: Vec<u8>,
    /// It isn't passed on.
    pub lost: bool,
}

impl Frame {
    fn write(&self) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).unwrap_or_default().to_be_bytes();
        [&length[1..], &[self.kind, self.flags], &self.stream.to_be_bytes(), &self.payload].concat()
    }

    /// Puts octets in the place of others, as many of them; says whether they were there.
    pub fn replace(&mut self, from: &[u8], to: &[u8]) -> bool {
        let found = self.payload.windows(from.len().max(1)).position(|part| part == from).filter(|_| from.len() == to.len());
        if let Some(at) = found {
            self.payload[at..at + to.len()].copy_from_slice(to);
        }
        found.is_some()
    }
}

/// A head: its first line and its fields, without line ends.
#[derive(Debug, Clone, Default)]
pub struct Lines(pub Vec<Vec<u8>>);

impl Lines {
    fn read(head: &[u8]) -> Self {
        let text = head.strip_suffix(b"\r\n\r\n").unwrap_or(head);
        let mut lines = Vec::new();
        let mut from = 0;
        for at in 0..text.len() {
            if text[at..].starts_with(b"\r\n") {
                lines.push(text[from..at].to_vec());
                from = at + 2;
            }
        }
        lines.push(text[from..].to_vec());
        Self(lines)
    }

    fn write(&self) -> Vec<u8> {
        let mut head = self.0.join(&b"\r\n"[..]);
        head.extend_from_slice(b"\r\n\r\n");
        head
    }

    /// Whether the first line begins so.
    pub fn begins(&self, start: &str) -> bool {
        self.0.first().is_some_and(|line| line.starts_with(start.as_bytes()))
    }

    /// The values of the fields of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().skip(1).filter_map(move |line| {
            let colon = line.iter().position(|octet| *octet == b':')?;
            let (field, value) = line.split_at(colon);
            field.eq_ignore_ascii_case(name.as_bytes()).then(|| value[1..].trim_ascii())
        })
    }

    /// The value of the first field of this name, as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.all(name).next().map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// Takes the fields of this name away; says whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        let is = |line: &[u8]| line.split(|octet| *octet == b':').next().is_some_and(|field| field.eq_ignore_ascii_case(name.as_bytes()));
        let mut first = true;
        self.0.retain(|line| std::mem::take(&mut first) || !is(line));
        self.0.len() < before
    }

    /// Puts a field at the end.
    pub fn push(&mut self, line: &str) {
        self.0.push(line.as_bytes().to_vec());
    }

    fn status(&self) -> u16 {
        let line = self.0.first().map(|line| String::from_utf8_lossy(line).into_owned());
        line.and_then(|line| line.split(' ').nth(1).and_then(|status| status.parse().ok())).unwrap_or_default()
    }

    /// Octets of content, as far as the head tells them; none: chunked, or something else that isn't followed.
    fn length(&self) -> Option<u64> {
        if self.all("transfer-encoding").next().is_some() {
            return None;
        }
        self.text("content-length").map_or(Some(0), |length| length.parse().ok())
    }
}

/// A [`Below`] with the count of how often it acted.
#[derive(Debug, Clone)]
pub struct Octets {
    below: &'static Below,
    meter: Meter,
}

impl Octets {
    /// To be put around connections.
    pub fn new(below: &'static Below, meter: Meter) -> Self {
        Self { below, meter }
    }

    /// Carries octets between the client and the server until either is done.
    pub async fn carry<S: Stream>(self, client: S, server: DuplexStream) -> io::Result<()> {
        let (from_client, mut to_client) = tokio::io::split(client);
        let (from_server, mut to_server) = tokio::io::split(server);
        let asked = Asked::default();
        let up = async {
            let carried = self.up(from_client, &mut to_server, &asked).await;
            // The server hears that the client is done, and may still answer.
            let _ = to_server.shutdown().await;
            carried
        };
        let down = async {
            let carried = self.down(from_server, &mut to_client, &asked).await;
            let _ = to_client.shutdown().await;
            carried
        };
        tokio::pin!(up, down);
        tokio::select! {
            ended = &mut down => ended,
            _ = &mut up => down.await,
        }
    }

    async fn up(&self, from: impl AsyncRead + Unpin, to: &mut (impl AsyncWrite + Unpin), asked: &Asked) -> io::Result<()> {
        let mut from = Source::new(from);
        if from.starts_with(PREFACE).await? {
            from.pass(to, PREFACE.len() as u64).await?;
            return self.frames(&mut from, to, self.below.asked).await;
        }
        while let Some(mut head) = from.head().await? {
            asked.push(head.clone());
            let length = head.length();
            if (self.below.request)(&mut head) {
                self.meter.acted();
            }
            to.write_all(&head.write()).await?;
            let left = match length {
                // Client and server don't agree any more on where the next head begins.
                length if length != head.length() => return from.pass(to, u64::MAX).await.map(|_| ()),
                Some(length) => from.pass(to, length).await?,
                None => {
                    from.pass(to, u64::MAX).await?;
                    // The last octets tell whether the last chunk came.
                    if from.tail != *b"0\r\n\r\n"
                        && let Some(made_up) = (self.below.cut)(&head, None)
                    {
                        self.meter.acted();
                        to.write_all(&made_up).await?;
                    }
                    return Ok(());
                }
            };
            if left > 0 {
                if let Some(made_up) = (self.below.cut)(&head, Some(left)) {
                    self.meter.acted();
                    to.write_all(&made_up).await?;
                }
                return Ok(());
            }
        }
        from.pass(to, u64::MAX).await.map(|_| ())
    }

    /// Passes frames of HTTP/2 on.
    async fn frames(
        &self,
        from: &mut Source<impl AsyncRead + Unpin>,
        to: &mut (impl AsyncWrite + Unpin),
        bend: fn(&mut Frame) -> bool,
    ) -> io::Result<()> {
        while let Some(mut frame) = from.frame().await? {
            if bend(&mut frame) {
                self.meter.acted();
            }
            if !frame.lost {
                to.write_all(&frame.write()).await?;
                to.flush().await?;
            }
        }
        Ok(())
    }

    async fn down(&self, from: impl AsyncRead + Unpin, to: &mut (impl AsyncWrite + Unpin), asked: &Asked) -> io::Result<()> {
        let mut from = Source::new(from);
        if !from.starts_with(b"HTTP/1.").await? {
            return self.frames(&mut from, to, self.below.answered).await;
        }
        while let Some(mut head) = from.head().await? {
            let status = head.status();
            let mut length = head.length();
            if (100..200).contains(&status) {
                to.write_all(&head.write()).await?;
                continue;
            }
            let request = asked.take();
            if request.begins("HEAD ") || matches!(status, 204 | 304) {
                length = Some(0);
            }
            let mut behind = Vec::new();
            if (self.below.response)(&request, &mut head, &mut behind) {
                self.meter.acted();
            }
            to.write_all(&[head.write(), behind].concat()).await?;
            to.flush().await?;
            from.pass(to, length.unwrap_or(u64::MAX)).await?;
        }
        from.pass(to, u64::MAX).await.map(|_| ())
    }
}

/// What a client of HTTP/2 says first (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Requests that wait for their responses.
#[derive(Debug, Default)]
struct Asked(Arc<Mutex<VecDeque<Lines>>>);

impl Asked {
    fn push(&self, head: Lines) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(head);
    }

    fn take(&self) -> Lines {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or_default()
    }
}

/// Octets on their way.
struct Source<R> {
    from: R,
    buffer: Vec<u8>,
    ended: bool,
    /// The last octets that were passed.
    tail: [u8; 5],
}

impl<R: AsyncRead + Unpin> Source<R> {
    fn new(from: R) -> Self {
        Self { from, buffer: Vec::new(), ended: false, tail: [0; 5] }
    }

    async fn fill(&mut self) -> io::Result<()> {
        if self.from.read_buf(&mut self.buffer).await? == 0 {
            self.ended = true;
        }
        Ok(())
    }

    async fn starts_with(&mut self, start: &[u8]) -> io::Result<bool> {
        while !self.ended && self.buffer.len() < start.len() && start.starts_with(&self.buffer) {
            self.fill().await?;
        }
        Ok(self.buffer.starts_with(start))
    }

    /// The next head; none where the octets end before one, or where they are none.
    async fn head(&mut self) -> io::Result<Option<Lines>> {
        loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..at + 4).collect();
                return Ok(Some(Lines::read(&head)));
            }
            if self.ended || self.buffer.len() > super::limits::HEAD * 2 {
                return Ok(None);
            }
            self.fill().await?;
        }
    }

    /// The next frame of HTTP/2; none where the octets end.
    async fn frame(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some((head, rest)) = self.buffer.split_first_chunk::<9>() {
                let [a, b, c, kind, flags, stream @ ..] = *head;
                let length = u32::from_be_bytes([0, a, b, c]) as usize;
                if let Some(payload) = rest.get(..length) {
                    let frame = Frame { kind, flags, stream: u32::from_be_bytes(stream), payload: payload.to_vec(), lost: false };
                    self.buffer.drain(..9 + length);
                    return Ok(Some(frame));
                }
            }
            if self.ended {
                return Ok(None);
            }
            self.fill().await?;
        }
    }

    /// Passes so many octets on; says how many are missing at the end.
    async fn pass(&mut self, to: &mut (impl AsyncWrite + Unpin), length: u64) -> io::Result<u64> {
        let mut left = length;
        while left > 0 {
            if self.buffer.is_empty() {
                if self.ended {
                    break;
                }
                self.fill().await?;
                continue;
            }
            let size = self.buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            for octet in &self.buffer[..size] {
                self.tail.rotate_left(1);
                self.tail[4] = *octet;
            }
            to.write_all(&self.buffer[..size]).await?;
            to.flush().await?;
            self.buffer.drain(..size);
            left -= size as u64;
        }
        Ok(left)
    }
}
