//! Scripted sockets: what no HTTP library would send. They speak just enough HTTP/1.1 and HTTP/2 to be reached.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{sleep, timeout};

use super::limits;

/// A connection, encrypted or not.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What is done with a connection instead of serving it.
pub type Script = fn(Box<dyn Stream>) -> Playing;

/// A script being played.
pub type Playing = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Takes a connection and closes it.
pub fn closes(stream: Box<dyn Stream>) -> Playing {
    Box::pin(async move {
        drop(stream);
        Ok(())
    })
}

/// Reads, and never answers.
pub fn hangs(mut stream: Box<dyn Stream>) -> Playing {
    Box::pin(async move {
        let mut sink = vec![0; 4096];
        while stream.read(&mut sink).await? > 0 {}
        // The client may have closed its sending side only.
        sleep(limits::SCRIPT).await;
        Ok(())
    })
}

/// A proper head, then content without end.
pub fn endless_body(stream: Box<dyn Stream>) -> Playing {
    Box::pin(async move {
        let mut talk = Talk::open(stream).await?;
        talk.head().await?;
        loop {
            talk.data(&[b' '; 8192]).await?;
        }
    })
}

/// A proper head, then one octet a second.
pub fn slow_drip(stream: Box<dyn Stream>) -> Playing {
    Box::pin(async move {
        let mut talk = Talk::open(stream).await?;
        talk.head().await?;
        loop {
            talk.data(b" ").await?;
            talk.rest(Duration::from_secs(1)).await?;
        }
    })
}

/// A head of 64 MiB that still hasn't ended.
pub fn giant_head(stream: Box<dyn Stream>) -> Playing {
    Box::pin(async move {
        let mut talk = Talk::open(stream).await?;
        let value = "a".repeat(8000);
        match talk.two.as_ref().map(|two| two.stream) {
            None => {
                talk.stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
                for number in 0..8192 {
                    let line = format!("x-pad-{number}: {value}\r\n");
                    talk.stream.write_all(line.as_bytes()).await?;
                }
            }
            Some(id) => {
                // HEADERS without END_HEADERS, then CONTINUATION frames: each a literal field with a name of its own.
                talk.frame(1, 0, id, &[0x88]).await?;
                for number in 10_000..18_192 {
                    let name = format!("x-pad-{number}");
                    let mut block = vec![0, 11];
                    block.extend_from_slice(name.as_bytes());
                    // 8000 = 127 + 7873, a string length of more than seven bits (RFC 7541, 5.1).
                    block.extend_from_slice(&[127, 0xc1, 0x3d]);
                    block.extend_from_slice(value.as_bytes());
                    talk.frame(9, 0, id, &block).await?;
                }
            }
        }
        Ok(())
    })
}

/// Octets that are no HTTP.
pub fn garbage(mut stream: Box<dyn Stream>) -> Playing {
    Box::pin(async move {
        let mut first = [0; 1];
        stream.read_exact(&mut first).await?;
        let mut state = 0x2545_f491_u32;
        let octets: Vec<u8> = std::iter::repeat_with(|| {
            // A plain linear generator: the same octets in every run.
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .take(65_536)
        .collect();
        stream.write_all(&octets).await?;
        stream.shutdown().await
    })
}

/// A proper head and a part of the content that it announces; then nothing more is sent, and the connection stays open for reading.
pub fn half_close(stream: Box<dyn Stream>) -> Playing {
    Box::pin(async move {
        let mut talk = Talk::open(stream).await?;
        if talk.two.is_some() {
            talk.head().await?;
            talk.data(&[0, 0, 0, 0, 40, 10]).await?;
        } else {
            let kind = talk.media_type.clone();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: 100\r\n\r\n{{\"det");
            talk.stream.write_all(head.as_bytes()).await?;
        }
        talk.stream.flush().await?;
        talk.stream.shutdown().await?;
        let mut sink = vec![0; 4096];
        while talk.stream.read(&mut sink).await? > 0 {}
        Ok(())
    })
}

/// A connection on which a request head has arrived.
struct Talk {
    stream: Box<dyn Stream>,
    media_type: String,
    two: Option<Two>,
}

/// The state of an HTTP/2 connection with one stream.
#[derive(Default)]
struct Two {
    stream: u32,
    connection_window: i64,
    stream_window: i64,
}

impl Talk {
    async fn open(stream: Box<dyn Stream>) -> io::Result<Self> {
        let mut talk = Self { stream, media_type: "application/json".into(), two: None };
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && head != PREFACE {
            if head.len() > limits::HEAD {
                return Err(io::ErrorKind::InvalidData.into());
            }
            head.push(talk.stream.read_u8().await?);
            if head == PREFACE[..18] {
                // The first half of the preface looks like the end of a head.
                head.push(talk.stream.read_u8().await?);
            }
        }
        if head == PREFACE {
            talk.media_type = "application/grpc".into();
            talk.two = Some(Two { stream: 0, connection_window: 65_535, stream_window: 65_535 });
            talk.frame(4, 0, 0, &[]).await?;
            while talk.two.as_ref().is_some_and(|two| two.stream == 0) {
                talk.take_frame().await?;
            }
        } else {
            let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
            let kind = head.lines().find_map(|line| line.strip_prefix("content-type:"));
            if let Some(kind) = kind.map(str::trim).filter(|kind| kind.starts_with("application/")) {
                talk.media_type = kind.to_owned();
            }
        }
        Ok(talk)
    }

    async fn head(&mut self) -> io::Result<()> {
        let kind = self.media_type.clone();
        let Some(two) = &self.two else {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n");
            self.stream.write_all(head.as_bytes()).await?;
            return self.stream.flush().await;
        };
        // :status 200 and a literal content-type, both with names of the static table (RFC 7541, appendix A).
        let mut block = vec![0x88, 0x0f, 0x10, u8::try_from(kind.len()).unwrap_or(0)];
        block.extend_from_slice(kind.as_bytes());
        let id = two.stream;
        self.frame(1, 4, id, &block).await
    }

    /// Content; over HTTP/2 only as much as the windows allow.
    async fn data(&mut self, mut octets: &[u8]) -> io::Result<()> {
        if self.two.is_none() {
            let size = format!("{:x}\r\n", octets.len());
            self.stream.write_all(size.as_bytes()).await?;
            self.stream.write_all(octets).await?;
            self.stream.write_all(b"\r\n").await?;
            return self.stream.flush().await;
        }
        while !octets.is_empty() {
            let Some(two) = &mut self.two else {
                return Ok(());
            };
            let window = two.connection_window.min(two.stream_window);
            let size = octets.len().min(usize::try_from(window).unwrap_or(0));
            if size == 0 {
                self.take_frame().await?;
                continue;
            }
            let sent = i64::try_from(size).unwrap_or(i64::MAX);
            two.connection_window -= sent;
            two.stream_window -= sent;
            let id = two.stream;
            let (now, later) = octets.split_at(size);
            self.frame(0, 0, id, now).await?;
            octets = later;
        }
        Ok(())
    }

    /// Waits, and over HTTP/2 hears a client that gives up.
    async fn rest(&mut self, time: Duration) -> io::Result<()> {
        if self.two.is_none() {
            sleep(time).await;
            return Ok(());
        }
        // What is read of a frame when the time is over is lost; windows are wide enough for a drip.
        match timeout(time, self.take_frame()).await {
            Ok(taken) => taken,
            Err(_) => Ok(()),
        }
    }

    async fn frame(&mut self, kind: u8, flags: u8, id: u32, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend_from_slice(&[kind, flags]);
        frame.extend_from_slice(&id.to_be_bytes());
        frame.extend_from_slice(payload);
        self.stream.write_all(&frame).await?;
        self.stream.flush().await
    }

    async fn take_frame(&mut self) -> io::Result<()> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await?;
        let [a, b, c, kind, flags, id @ ..] = head;
        let length = u32::from_be_bytes([0, a, b, c]);
        if length > 1 << 16 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut payload = vec![0; usize::try_from(length).unwrap_or(0)];
        self.stream.read_exact(&mut payload).await?;
        let id = u32::from_be_bytes(id);
        let word = |at: usize| {
            let octets = payload.get(at..at + 4).and_then(|octets| octets.try_into().ok());
            octets.map_or(0, |octets| i64::from(u32::from_be_bytes(octets)))
        };
        let Some(two) = &mut self.two else {
            return Ok(());
        };
        match kind {
            1 if two.stream == 0 => two.stream = id,
            3 | 7 => return Err(io::ErrorKind::ConnectionReset.into()),
            4 if flags & 1 == 0 => {
                for at in (0..payload.len()).step_by(6) {
                    // SETTINGS_INITIAL_WINDOW_SIZE
                    if payload.get(at..at + 2) == Some(&[0, 4]) {
                        two.stream_window += word(at + 2) - 65_535;
                    }
                }
                return self.frame(4, 1, 0, &[]).await;
            }
            8 if id == 0 => two.connection_window += word(0),
            8 if id == two.stream => two.stream_window += word(0),
            _ => {}
        }
        Ok(())
    }
}
