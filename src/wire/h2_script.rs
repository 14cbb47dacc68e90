//! A call over HTTP/2 whose frames a case lays out: where the content is cut, when it goes on, what stands beside it. The library would refuse some of it
//! and does the rest in its own way, so this connection writes its frames itself and reads those of the peer as they come.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::body::Bounds;
use super::connect::Link;
use super::exchanging::{Again, Deadlines, Outcome};
use super::h2_frames::{FrameReader, RawFrame, flag, kind};
use super::h2_stream::Stream;
use super::h2_write::{self, PREFACE, setting};
use super::{End, Field, Phase, Sent};

/// The window of a stream and of a connection before anybody says otherwise (RFC 9113, 6.9.2).
const WINDOW: u32 = 65_535;
/// What the peer may send on a connection before it hears of us again.
const ROOM: u32 = 1 << 20;
/// How long sending may wait for room in the peer's window.
const STALLED: Duration = Duration::from_secs(10);
/// CANCEL (RFC 9113, 7).
const CANCEL: u32 = 8;
/// What `Spend` sends at most, whatever the window; how many calls it makes at most, where each ends at once; and how much each carries.
const SPENT: u64 = 8 << 20;
const CALLS: u32 = 400;
const MESSAGE: u32 = 60_000;

/// A step of such a call. Its HEADERS go out first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// So many octets of the content in one DATA frame.
    Data(usize),
    /// The rest of the content, with END_STREAM.
    End,
    /// Pauses, unless the call is over before.
    Wait(Duration),
    /// Gives the peer so much room on the stream, which had none but what the layout says.
    Grant(u32),
    /// Opens another stream with the same HEADERS.
    OpenBeside,
    /// Ends that one with CANCEL.
    CancelBeside,
    /// After a whole answer: waits for RST_STREAM. It takes the place of the end: the request stays unfinished.
    AwaitReset(Duration),
    /// Makes calls like this one, each with a message of zeros, until so many times the connection's window was sent.
    Spend(u32),
}

/// How a call is laid out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// SETTINGS_INITIAL_WINDOW_SIZE that is told when the connection opens; none: enough room, and more as it is used.
    pub window: Option<u32>,
    /// In order; what is left of the content goes out after them, unless they end with [`Move::AwaitReset`].
    pub moves: Vec<Move>,
}

/// A connection of our own.
pub(super) struct Own {
    link: Link,
    reader: FrameReader,
    next: u32,
    /// Told by the peer.
    window_of_streams: u32,
    most: usize,
    /// What may still be sent on the connection.
    window: i64,
    /// The greatest that it was before the first call.
    announced: i64,
    goaway: Option<(u32, u32)>,
    settled: (bool, bool),
    /// The window that streams of ours give; whether they give more as it is used.
    ours: (u32, bool),
    over: Option<End>,
}

/// The call that goes on.
struct Running {
    id: u32,
    stream: Stream,
    window: i64,
    /// What the peer may still send on the stream.
    room: i64,
    /// Error code of RST_STREAM, also after END_STREAM.
    reset: Option<u32>,
    sent_all: bool,
}

impl Running {
    fn is_over(&self) -> bool {
        self.stream.is_ended() || self.reset.is_some()
    }
}

impl Own {
    /// Says hello and waits until both sides have agreed: then windows and tables are known.
    pub(super) async fn open(link: Link, window: Option<u32>, deadline: Instant) -> Result<Self, End> {
        let ours = (window.unwrap_or(ROOM), window.is_none());
        let mut own = Self {
            link,
            reader: FrameReader::default(),
            next: 1,
            window_of_streams: WINDOW,
            most: 16_384,
            window: i64::from(WINDOW),
            announced: i64::from(WINDOW),
            goaway: None,
            settled: (false, false),
            ours,
            over: None,
        };
        let settings = h2_write::settings(&[
            // Without a dynamic table each header block is self-contained.
            (setting::HEADER_TABLE_SIZE, 0),
            (setting::ENABLE_PUSH, 0),
            (setting::INITIAL_WINDOW_SIZE, ours.0),
        ]);
        own.write(&[PREFACE, &settings, &h2_write::number(kind::WINDOW_UPDATE, 0, ROOM - WINDOW)].concat(), deadline).await;
        while own.settled != (true, true) && own.over.is_none() {
            if !own.read(None, deadline).await {
                return Err(End::TimedOut { phase: Phase::Connect });
            }
        }
        match own.over.take() {
            Some(End::Closed { text }) => Err(End::NoConnection { text }),
            Some(end) => Err(end),
            None => Ok(own),
        }
    }

    /// Makes the call as it is laid out.
    pub(super) async fn exchange(
        &mut self,
        sent: &Sent,
        content: &[u8],
        layout: &Layout,
        deadlines: Deadlines,
        bounds: &Bounds,
    ) -> Outcome {
        let fields = fields_of(sent);
        let (running, end) = match layout.moves.as_slice() {
            [Move::Spend(times)] => self.spend(&fields, *times, bounds).await,
            moves => {
                let mut running = self.begin(bounds);
                let end = self.call(&mut running, &fields, content, moves, deadlines).await;
                (running, end)
            }
        };
        if !(running.sent_all && running.is_over()) && self.over.is_none() {
            let frame = h2_write::number(kind::RST_STREAM, running.id, CANCEL);
            self.write(&frame, Instant::now() + STALLED).await;
        }
        let (received, head_at) = running.stream.into_arriving().finish(end);
        Outcome { received, head_at, reusable: false, again: Again::Never }
    }

    fn begin(&mut self, bounds: &Bounds) -> Running {
        let id = self.next;
        self.next += 2;
        let mut stream = Stream::new(*bounds);
        stream.set_id(id);
        let window = i64::from(self.window_of_streams);
        Running { id, stream, window, room: i64::from(self.ours.0), reset: None, sent_all: false }
    }

    async fn call(&mut self, running: &mut Running, fields: &[Field], content: &[u8], moves: &[Move], deadlines: Deadlines) -> End {
        let (for_head, phase) = deadlines.for_head();
        let head = h2_write::headers(running.id, fields, false, self.most);
        self.write(&head, for_head).await;
        let mut rest = content;
        let mut beside = None;
        for next in moves {
            let over = running.is_over() || self.is_over(running.id);
            match *next {
                Move::AwaitReset(time) => return self.await_reset(running, time).await,
                Move::CancelBeside => {
                    if let Some(beside) = beside {
                        self.write(&h2_write::number(kind::RST_STREAM, beside, CANCEL), for_head).await;
                    }
                }
                _ if over => {}
                Move::Wait(time) => self.read_until(running, Instant::now() + time, Running::is_over).await,
                Move::Data(length) => {
                    let (part, left) = rest.split_at(length.min(rest.len()));
                    rest = left;
                    if let Err(end) = self.send(running, part, false).await {
                        return end;
                    }
                }
                Move::End => {
                    if let Err(end) = self.send(running, rest, true).await {
                        return end;
                    }
                    rest = &[];
                }
                Move::Grant(room) => {
                    running.room += i64::from(room);
                    self.write(&h2_write::number(kind::WINDOW_UPDATE, running.id, room), for_head).await;
                }
                Move::OpenBeside => {
                    let id = self.next;
                    self.next += 2;
                    beside = Some(id);
                    let head = h2_write::headers(id, fields, false, self.most);
                    self.write(&head, for_head).await;
                }
                Move::Spend(_) => {}
            }
        }
        if !running.sent_all
            && !running.is_over()
            && let Err(end) = self.send(running, rest, true).await
        {
            return end;
        }
        // From now on it is the peer's turn, however long the moves took.
        let turn = Instant::now();
        let mut waits = phase;
        while !running.is_over() && !self.is_over(running.id) {
            let (deadline, phase) = match running.stream.last_octet() {
                Some(last) => deadlines.for_content(last),
                None => (turn + (for_head - turn).max(Duration::from_secs(1)), Phase::Head),
            };
            waits = phase;
            if !self.read(Some(running), deadline).await {
                return End::TimedOut { phase: waits };
            }
        }
        self.end(running).unwrap_or(End::TimedOut { phase: waits })
    }

    /// How the call ended, if it did.
    fn end(&self, running: &Running) -> Option<End> {
        if let Some(text) = running.stream.too_large() {
            return Some(End::TooLarge { text });
        }
        if running.stream.is_ended() {
            return Some(End::Complete);
        }
        if let Some(code) = running.reset {
            return Some(End::Reset { code });
        }
        match self.goaway {
            Some((last, code)) if code != 0 || last < running.id => Some(End::GoAway { code }),
            _ => self.over.clone(),
        }
    }

    async fn await_reset(&mut self, running: &mut Running, time: Duration) -> End {
        self.read_until(running, Instant::now() + time, |running| running.reset.is_some() || !running.stream.is_ended()).await;
        match (self.end(running), running.reset) {
            (Some(End::Complete), Some(code)) => End::Reset { code },
            (Some(end), _) => end,
            (None, _) => End::TimedOut { phase: Phase::Head },
        }
    }

    /// Calls one after the other, each of which is left when it is answered and reset.
    async fn spend(&mut self, fields: &[Field], times: u32, bounds: &Bounds) -> (Running, End) {
        let wanted = u64::try_from(self.announced).unwrap_or_default().saturating_mul(u64::from(times)).min(SPENT);
        let message = [&[0], &MESSAGE.to_be_bytes()[..], &vec![0; MESSAGE as usize]].concat();
        let mut spent = 0;
        let mut calls = 0;
        loop {
            let mut running = self.begin(bounds);
            let deadline = Instant::now() + STALLED;
            let head = h2_write::headers(running.id, fields, false, self.most);
            self.write(&head, deadline).await;
            let sent = self.send(&mut running, &message, true).await;
            spent += message.len() as u64;
            calls += 1;
            if let Err(end) = sent {
                return (running, end);
            }
            self.read_until(&mut running, deadline, Running::is_over).await;
            let end = self.end(&running).unwrap_or(End::TimedOut { phase: Phase::Head });
            if !matches!(end, End::Complete | End::Reset { .. }) || spent >= wanted || calls >= CALLS {
                return (running, end);
            }
            if !running.sent_all {
                self.write(&h2_write::number(kind::RST_STREAM, running.id, CANCEL), deadline).await;
            }
        }
    }

    /// Sends content as the windows allow; a call that is over meanwhile wants no more of it.
    async fn send(&mut self, running: &mut Running, content: &[u8], ends: bool) -> Result<(), End> {
        let mut rest = content;
        loop {
            let room = self.window.min(running.window).max(0);
            let length = rest.len().min(self.most).min(usize::try_from(room).unwrap_or(usize::MAX));
            if length > 0 || rest.is_empty() {
                let (part, left) = rest.split_at(length);
                rest = left;
                self.window -= i64::try_from(length).unwrap_or_default();
                running.window -= i64::try_from(length).unwrap_or_default();
                running.sent_all = ends && rest.is_empty();
                let flags = if running.sent_all { flag::END_STREAM } else { 0 };
                let frame = h2_write::frame(kind::DATA, flags, running.id, part);
                self.write(&frame, Instant::now() + STALLED).await;
            }
            // What has come meanwhile may be the answer, or more room.
            let blocked = !rest.is_empty() && self.window.min(running.window) <= 0;
            let until = Instant::now() + if blocked { STALLED } else { Duration::ZERO };
            let came = self.read(Some(running), until).await;
            if running.is_over() || self.is_over(running.id) || rest.is_empty() {
                return Ok(());
            }
            if blocked && !came {
                return Err(End::TimedOut { phase: Phase::Window });
            }
        }
    }

    /// Whether nothing more can come of this call by what the connection says.
    fn is_over(&self, id: u32) -> bool {
        self.over.is_some() || self.goaway.is_some_and(|(last, code)| code != 0 || last < id)
    }

    async fn read_until(&mut self, running: &mut Running, deadline: Instant, done: impl Fn(&Running) -> bool) {
        while !done(running) && self.over.is_none() && Instant::now() < deadline {
            if !self.read(Some(running), deadline).await {
                return;
            }
        }
    }

    async fn write(&mut self, octets: &[u8], deadline: Instant) {
        if self.over.is_some() {
            return;
        }
        match timeout_at(deadline, self.link.write_all(octets)).await {
            // The peer may have said why before it closed: that is still read.
            Ok(Ok(()) | Err(_)) => {}
            Err(_) => self.over = Some(End::TimedOut { phase: Phase::Request }),
        }
        let _ = self.link.flush().await;
    }

    /// Takes what has come, and waits for it until then; whether something came.
    async fn read(&mut self, mut running: Option<&mut Running>, deadline: Instant) -> bool {
        let mut octets = vec![0; 32 * 1024];
        let came = match timeout_at(deadline, self.link.read(&mut octets)).await {
            Err(_) => return false,
            Ok(Ok(0)) => Err(End::Closed { text: "the connection was closed before the response was complete".to_owned() }),
            Ok(Ok(length)) => Ok(length),
            Ok(Err(error)) => Err(closed(&error)),
        };
        match came {
            Err(end) => self.over = self.over.take().or(Some(end)),
            Ok(length) => {
                self.reader.push(&octets[..length]);
                let (frames, error) = self.reader.frames();
                for frame in &frames {
                    self.take(frame, running.as_deref_mut(), deadline.max(Instant::now() + Duration::from_secs(1))).await;
                }
                if let Some(error) = error {
                    self.over = Some(End::Malformed { text: error.to_string() });
                }
            }
        }
        true
    }

    async fn take(&mut self, frame: &RawFrame, mut running: Option<&mut Running>, deadline: Instant) {
        match (frame.kind, frame.stream) {
            (kind::SETTINGS, 0) if frame.has(flag::ACK) => self.settled.1 = true,
            (kind::SETTINGS, 0) => {
                for parameter in frame.payload.chunks_exact(6) {
                    let value = u32::from_be_bytes([parameter[2], parameter[3], parameter[4], parameter[5]]);
                    match u16::from_be_bytes([parameter[0], parameter[1]]) {
                        setting::INITIAL_WINDOW_SIZE => {
                            // It moves the windows of streams that are open (RFC 9113, 6.9.2).
                            if let Some(running) = running.as_deref_mut() {
                                running.window += i64::from(value) - i64::from(self.window_of_streams);
                            }
                            self.window_of_streams = value;
                        }
                        setting::MAX_FRAME_SIZE => self.most = value.clamp(16_384, 1 << 20) as usize,
                        _ => {}
                    }
                }
                self.settled.0 = true;
                self.write(&h2_write::frame(kind::SETTINGS, flag::ACK, 0, &[]), deadline).await;
            }
            (kind::PING, 0) if !frame.has(flag::ACK) => {
                self.write(&h2_write::frame(kind::PING, flag::ACK, 0, &frame.payload), deadline).await;
            }
            (kind::WINDOW_UPDATE, 0) => {
                self.window += i64::from(frame.number(0).unwrap_or_default() & 0x7fff_ffff);
                if self.next == 1 {
                    self.announced = self.window;
                }
            }
            (kind::GOAWAY, 0) => {
                self.goaway = frame.number(0).zip(frame.number(4)).map(|(last, code)| (last & 0x7fff_ffff, code)).or(self.goaway);
            }
            _ => {}
        }
        let length = u32::try_from(frame.payload.len()).unwrap_or_default();
        if frame.kind == kind::DATA && length > 0 {
            self.write(&h2_write::number(kind::WINDOW_UPDATE, 0, length), deadline).await;
        }
        let Some(running) = running.filter(|running| running.id == frame.stream) else { return };
        running.stream.take(frame);
        match frame.kind {
            kind::DATA => {
                running.room -= i64::from(length);
                if running.room < 0 {
                    running.stream.note(|| "more content came than the window of the stream allows (RFC 9113, 6.9.1)".to_owned());
                }
                if self.ours.1 && length > 0 && !running.stream.is_ended() {
                    running.room += i64::from(length);
                    self.write(&h2_write::number(kind::WINDOW_UPDATE, frame.stream, length), deadline).await;
                }
            }
            kind::WINDOW_UPDATE => running.window += i64::from(frame.number(0).unwrap_or_default() & 0x7fff_ffff),
            kind::RST_STREAM => running.reset = frame.number(0).or(Some(1)),
            _ => {}
        }
    }
}

fn closed(error: &io::Error) -> End {
    End::Closed { text: super::h1::io_text(error) }
}

/// The pseudo-fields (RFC 9113, 8.3.1), then the fields as they were given.
fn fields_of(sent: &Sent) -> Vec<Field> {
    let pseudo = [(":method", &sent.verb), (":scheme", &sent.scheme), (":path", &sent.path), (":authority", &sent.authority)];
    pseudo.into_iter().map(|(name, value)| Field::new(name, value)).chain(sent.fields.iter().cloned()).collect()
}
