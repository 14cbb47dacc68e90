//! Scripted servers, calls, and clients with short deadlines.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use triwire::target::{Endpoint, Timeouts, Trust};
use triwire::wire::h2_frames::{FrameReader, RawFrame};
use triwire::wire::{
    Bounds, Call, Client, Connector, Content, Exchange, Field, Head, HttpVersion, Intent, Payload, Role, Transport, Wire, put,
};

pub const JSON_H1: Transport = Transport::new(Wire::Json, HttpVersion::H1);
pub const JSON_H2: Transport = Transport::new(Wire::Json, HttpVersion::H2);

pub const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(2),
    head: Duration::from_millis(600),
    idle: Duration::from_millis(600),
    whole: Duration::from_millis(1500),
};

/// A server that runs a script for each connection; the script gets the number of the connection, from 0.
pub struct Server {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub async fn new<F: Future<Output = std::io::Result<()>> + Send>(
        script: impl Fn(usize, TcpStream) -> F + Send + Sync + Copy + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = counter.fetch_add(1, Ordering::SeqCst);
                // A script that the client cuts short ends with an error, which is no matter here.
                tokio::spawn(async move {
                    let _ = script(number, stream).await;
                });
            }
        });
        Self { address, connections }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn client(&self) -> Client {
        client_of(self.address)
    }

    /// A client with small bounds.
    pub fn small(&self) -> Client {
        self.client().with_bounds(Bounds { body: 500_000, ..Bounds::default() })
    }
}

/// A client of whatever listens there.
pub fn client_of(address: SocketAddr) -> Client {
    let endpoint = Endpoint::parse(&format!("http://{address}")).unwrap();
    Client::new(Connector::new(endpoint, &Trust::default(), TIMEOUTS).unwrap(), TIMEOUTS)
}

pub fn intent() -> Intent {
    Intent { role: Role::Trial, rpc: None, defect: None, area: None, profile: None }
}

pub fn call(transport: Transport, verb: &str, path: &str, content: Content) -> Call {
    let octets = match content {
        Content::None => None,
        Content::Octets(octets) => Some(octets),
    };
    put(transport, verb, path, Payload::Json(octets), &[], intent()).unwrap()
}

pub async fn send(client: &Client, call: Call) -> Exchange {
    client.send(call, 1, Duration::ZERO).await.unwrap()
}

pub async fn get(client: &Client, transport: Transport) -> Exchange {
    send(client, call(transport, "GET", "/x", Content::None)).await
}

pub fn body(exchange: &Exchange) -> String {
    exchange.received.content.kept.text().into_owned()
}

pub fn fields(list: &[Field]) -> Vec<String> {
    list.iter().map(|field| format!("{}: {}", field.name.text(), field.value.text())).collect()
}

pub fn status(exchange: &Exchange) -> Option<u16> {
    exchange.received.head().and_then(|head: &Head| head.status)
}

/// Reads one HTTP/1.1 request with a content length, or none.
pub async fn read_request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut octets = Vec::new();
    loop {
        if let Some(end) = octets.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&octets[..end]).to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok()).unwrap_or(0);
            if octets.len() >= end + 4 + length {
                return Ok(String::from_utf8_lossy(&octets).into_owned());
            }
        }
        if stream.read_buf(&mut octets).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The server's side of an HTTP/2 connection, frame by frame.
pub struct RawH2 {
    stream: TcpStream,
    reader: FrameReader,
    waiting: std::collections::VecDeque<RawFrame>,
}

impl RawH2 {
    /// Reads the preface and sends SETTINGS.
    pub async fn accept(mut stream: TcpStream) -> std::io::Result<Self> {
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await?;
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let mut raw = Self { stream, reader: FrameReader::default(), waiting: std::collections::VecDeque::new() };
        raw.write(4, 0, 0, &[]).await?;
        Ok(raw)
    }

    pub async fn read(&mut self) -> std::io::Result<RawFrame> {
        loop {
            if let Some(frame) = self.waiting.pop_front() {
                return Ok(frame);
            }
            let mut octets = vec![0; 65_536];
            match self.stream.read(&mut octets).await? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                length => self.reader.push(&octets[..length]),
            }
            self.waiting.extend(self.reader.frames().0);
        }
    }

    /// Reads to the end of the next request and gives its stream and frames.
    pub async fn request(&mut self) -> std::io::Result<(u32, Vec<RawFrame>)> {
        let mut frames = Vec::new();
        loop {
            let frame = self.read().await?;
            if frame.kind == 4 && frame.flags == 0 {
                self.write(4, 1, 0, &[]).await?;
            }
            if matches!(frame.kind, 0 | 1) {
                let (stream, ends) = (frame.stream, frame.has(1));
                frames.push(frame);
                if ends {
                    return Ok((stream, frames));
                }
            }
        }
    }

    pub async fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(&frame(kind, flags, stream, payload)).await
    }

    pub async fn write_octets(&mut self, octets: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(octets).await
    }

    /// A complete answer: head and content.
    pub async fn answer(&mut self, stream: u32, content: &str) -> std::io::Result<()> {
        self.write(1, 4, stream, &block(&[(":status", "200")])).await?;
        self.write(0, 1, stream, content.as_bytes()).await
    }

    pub async fn goaway(&mut self, last: u32, code: u32) -> std::io::Result<()> {
        self.write(7, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat()).await
    }

    pub async fn reset(&mut self, stream: u32, code: u32) -> std::io::Result<()> {
        self.write(3, 0, stream, &code.to_be_bytes()).await
    }

    /// Reads until the client is gone.
    pub async fn linger(mut self) -> std::io::Result<()> {
        loop {
            self.read().await?;
        }
    }
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header block of literals without indexing; texts of less than 127 octets.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).ok().filter(|length| *length < 127).unwrap()], text.as_bytes()].concat();
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}
