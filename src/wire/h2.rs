//! An HTTP/2 client: the `h2` library drives the connection, and what is recorded comes from the octets that the peer sent (RFC 9113).
//!
//! The library drops heads with forbidden fields whole and its map of fields has no order, so it is no witness for heads. It is the judge of
//! whether a message is malformed (RFC 9113, 8.1.1), for it sees each rule of the framing layer. A message that it refuses ends as
//! [`End::Malformed`](super::End::Malformed), with everything that was seen of it.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, Connection, ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use tokio::time::{Instant, Sleep};

use super::End;
use super::body::Bounds;
use super::connect::Link;
use super::exchanging::{Again, Deadlines, Outcome};
use super::h2_frames::{FrameReader, kind};
use super::h2_stream::Stream;
use super::tap::{Tap, TapLog};

/// After the library refused a message, frames of it may still be on their way; they are evidence.
const GRACE: Duration = Duration::from_millis(300);

/// REFUSED_STREAM: nothing of the request was processed (RFC 9113, 7 and 8.7).
const REFUSED_STREAM: u32 = 7;

/// An open connection on which no exchange goes on.
pub(super) struct H2 {
    send: SendRequest<Bytes>,
    driver: Driver,
}

/// The connection with its reader of frames.
struct Driver {
    connection: Connection<Tap<Link>, Bytes>,
    log: TapLog,
    reader: FrameReader,
    /// Last stream and error code of the GOAWAY that was received.
    goaway: Option<(u32, u32)>,
    /// How the connection ended.
    over: Option<Result<(), h2::Error>>,
    /// What came is not HTTP/2, or too much of it came.
    broken: Option<End>,
}

impl H2 {
    /// Writes the preface and our SETTINGS.
    pub(super) async fn open(link: Link, bounds: &Bounds) -> Result<Self, h2::Error> {
        let (tap, log) = Tap::new(link);
        let (send, connection) = Builder::new()
            // Without a dynamic table each header block is self-contained.
            .header_table_size(0)
            .max_header_list_size(u32::try_from(bounds.head).unwrap_or(u32::MAX))
            .enable_push(false)
            .initial_window_size(1024 * 1024)
            .initial_connection_window_size(1024 * 1024)
            .handshake(tap)
            .await?;
        let driver = Driver { connection, log, reader: FrameReader::default(), goaway: None, over: None, broken: None };
        Ok(Self { send, driver })
    }

    /// Whether the connection can carry another exchange; answers what came meanwhile.
    pub(super) async fn is_idle(&mut self) -> bool {
        poll_fn(|cx| {
            self.driver.poll(cx, |_| {});
            Poll::Ready(self.driver.is_usable())
        })
        .await
    }

    /// Sends the request and reads the response; `None`: no content.
    pub(super) async fn exchange(
        &mut self,
        request: http::Request<()>,
        content: Option<Bytes>,
        deadlines: Deadlines,
        bounds: &Bounds,
    ) -> Outcome {
        let mut running = Running {
            send: &mut self.send,
            driver: &mut self.driver,
            request: Some(request),
            content,
            upload: None,
            view: View::NotSent,
            stream: Stream::new(*bounds),
            deadlines,
            sleep: Box::pin(tokio::time::sleep_until(deadlines.for_head().0)),
            refused_at: None,
        };
        let end = poll_fn(|cx| running.poll(cx)).await;
        let sent_all = running.request.is_none() && running.content.is_none() && running.upload.is_none();
        let id = running.stream.id();
        let arriving = running.stream.into_arriving();
        let again = match &end {
            _ if arriving.touched => Again::Never,
            End::Reset { code: REFUSED_STREAM } => Again::Refused,
            End::GoAway { .. } if self.driver.goaway.is_some_and(|(last, _)| id.is_none_or(|id| last < id)) => Again::Refused,
            End::Closed { .. } => Again::IfReused,
            _ => Again::Never,
        };
        let (received, head_at) = arriving.finish(end);
        let reusable = received.end == End::Complete && sent_all && self.driver.is_usable();
        Outcome { received, head_at, reusable, again }
    }
}

impl Driver {
    const fn is_usable(&self) -> bool {
        self.over.is_none() && self.goaway.is_none() && self.broken.is_none()
    }

    /// Lets the library work, then gives what the peer sent, frame by frame.
    fn poll(&mut self, cx: &mut Context<'_>, mut take: impl FnMut(&super::h2_frames::RawFrame)) {
        if self.over.is_none()
            && let Poll::Ready(over) = Pin::new(&mut self.connection).poll(cx)
        {
            self.over = Some(over);
        }
        match self.log.take() {
            Ok(octets) => self.reader.push(&octets),
            Err(overflow) => self.broken = Some(End::TooLarge { text: overflow.to_string() }),
        }
        if self.broken.is_some() {
            return;
        }
        let (frames, error) = self.reader.frames();
        for frame in &frames {
            if frame.kind == kind::GOAWAY && frame.stream == 0 {
                // A server may say first that it will go and later where it stopped (RFC 9113, 6.8): the last word counts.
                self.goaway = frame.number(0).zip(frame.number(4)).map(|(last, code)| (last & 0x7fff_ffff, code)).or(self.goaway);
            }
            take(frame);
        }
        if let Some(error) = error {
            self.broken = Some(End::Malformed { text: error.to_string() });
        }
    }
}

/// What the library makes of the response.
enum View {
    NotSent,
    Head(ResponseFuture),
    Body(RecvStream),
    Trailers(RecvStream),
    Done,
    /// It refused it, or the connection ended.
    Failed(h2::Error),
}

/// An exchange that goes on.
struct Running<'a> {
    send: &'a mut SendRequest<Bytes>,
    driver: &'a mut Driver,
    request: Option<http::Request<()>>,
    /// Content that has not begun to go out.
    content: Option<Bytes>,
    /// Content on its way out.
    upload: Option<(SendStream<Bytes>, Bytes)>,
    view: View,
    stream: Stream,
    deadlines: Deadlines,
    sleep: Pin<Box<Sleep>>,
    refused_at: Option<Instant>,
}

impl Running<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        // The library wakes this task whenever a call below gives the connection something to do.
        let stream = &mut self.stream;
        self.driver.poll(cx, |frame| stream.take(frame));
        self.begin(cx);
        self.pump(cx);
        self.follow(cx);
        match self.end() {
            Some(end) => Poll::Ready(end),
            None => self.wait(cx),
        }
    }

    /// Opens the stream as soon as the peer allows one.
    fn begin(&mut self, cx: &mut Context<'_>) {
        if self.request.is_none() || !matches!(self.view, View::NotSent) {
            return;
        }
        match self.send.poll_ready(cx) {
            Poll::Pending => {}
            Poll::Ready(Err(error)) => self.view = View::Failed(error),
            Poll::Ready(Ok(())) => {
                let Some(request) = self.request.take() else { return };
                match self.send.send_request(request, self.content.is_none()) {
                    Ok((response, upload)) => {
                        self.stream.set_id(response.stream_id().as_u32());
                        self.upload = self.content.take().map(|content| (upload, content));
                        self.view = View::Head(response);
                    }
                    Err(error) => self.view = View::Failed(error),
                }
            }
        }
    }

    /// Gives the library as much content as the peer's window takes, so that it is known when all has gone out.
    fn pump(&mut self, cx: &mut Context<'_>) {
        while let Some((upload, content)) = &mut self.upload {
            if content.is_empty() {
                // Empty content: one empty DATA frame with END_STREAM. A failure shows on the receiving side.
                let _ = upload.send_data(Bytes::new(), true);
                self.upload = None;
                return;
            }
            upload.reserve_capacity(content.len());
            match upload.poll_capacity(cx) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(room))) if room > 0 => {
                    let part = content.split_to(room.min(content.len()));
                    let last = content.is_empty();
                    if upload.send_data(part, last).is_err() || last {
                        self.upload = None;
                    }
                }
                Poll::Ready(Some(Ok(_))) => {}
                // The peer doesn't want more: it reset the stream, or the connection is gone. `upload` stays, as a sign that not all was sent.
                Poll::Ready(Some(Err(_)) | None) => return,
            }
        }
    }

    /// Follows what the library makes of the response; taking the content gives flow-control credit back.
    fn follow(&mut self, cx: &mut Context<'_>) {
        loop {
            let next = match &mut self.view {
                View::NotSent | View::Done | View::Failed(_) => return,
                View::Head(response) => match Pin::new(response).poll(cx) {
                    Poll::Pending => return,
                    Poll::Ready(Ok(response)) => View::Body(response.into_body()),
                    Poll::Ready(Err(error)) => View::Failed(error),
                },
                View::Body(body) => match body.poll_data(cx) {
                    Poll::Pending => return,
                    Poll::Ready(Some(Ok(data))) => {
                        // Fails only for more than was received.
                        let _ = body.flow_control().release_capacity(data.len());
                        continue;
                    }
                    Poll::Ready(Some(Err(error))) => View::Failed(error),
                    Poll::Ready(None) => match std::mem::replace(&mut self.view, View::Done) {
                        View::Body(body) => View::Trailers(body),
                        other => other,
                    },
                },
                View::Trailers(body) => match body.poll_trailers(cx) {
                    Poll::Pending => return,
                    Poll::Ready(Ok(_)) => View::Done,
                    Poll::Ready(Err(error)) => View::Failed(error),
                },
            };
            if let View::Failed(error) = &next
                && error.is_library()
            {
                self.stream.note(|| format!("the response is malformed (RFC 9113, 8.1.1): {error}"));
                self.refused_at = Some(Instant::now());
            }
            self.view = next;
        }
    }

    /// How the exchange ended, if it did.
    fn end(&self) -> Option<End> {
        let settled = matches!(self.view, View::Done | View::Failed(_));
        if let Some(end) = &self.driver.broken {
            return Some(end.clone());
        }
        if let Some(text) = self.stream.too_large() {
            return Some(End::TooLarge { text });
        }
        if self.stream.is_ended() && (settled || self.driver.over.is_some()) {
            return Some(End::Complete);
        }
        if let Some(code) = self.stream.reset() {
            // Ours was first if the library had refused the message before.
            return Some(if self.refused_at.is_some() { self.malformed("refused") } else { End::Reset { code } });
        }
        match self.driver.goaway {
            // Our stream is beyond those that the peer will process, or it never began.
            Some((last, code)) if self.stream.id().is_none_or(|id| last < id) => return Some(End::GoAway { code }),
            Some((_, code)) if code != 0 && self.driver.over.is_some() => return Some(End::GoAway { code }),
            _ => {}
        }
        match (&self.driver.over, &self.view) {
            (Some(over), _) => Some(self.closed(over.as_ref().err())),
            (None, View::Failed(error)) if !error.is_library() => Some(self.closed(Some(error))),
            (None, View::Failed(_)) if self.refused_at.is_some_and(|at| at.elapsed() >= GRACE) => Some(self.malformed("refused")),
            _ => None,
        }
    }

    fn closed(&self, error: Option<&h2::Error>) -> End {
        if self.stream.flaw().is_some() {
            return self.malformed("the connection ended");
        }
        match error {
            None => End::Closed { text: "the connection was closed before the response was complete".to_owned() },
            Some(error) => match error.get_io() {
                Some(io) => End::Closed { text: super::h1::io_text(io) },
                None if error.is_library() => End::Malformed { text: error.to_string() },
                None => End::Closed { text: error.to_string() },
            },
        }
    }

    fn malformed(&self, otherwise: &str) -> End {
        End::Malformed { text: self.stream.flaw().unwrap_or(otherwise).to_owned() }
    }

    /// Waits for the peer until the next deadline.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let (mut deadline, phase) = match self.stream.last_octet() {
            Some(last) => self.deadlines.for_content(last),
            None => self.deadlines.for_head(),
        };
        let grace = self.refused_at.map(|at| at + GRACE);
        deadline = grace.map_or(deadline, |grace| grace.min(deadline));
        // A peer that sends without a pause must not keep the deadline from being seen, so the clock is asked, too.
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        if Instant::now() < deadline && self.sleep.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(if grace.is_some() { self.malformed("refused") } else { End::TimedOut { phase } })
    }
}
