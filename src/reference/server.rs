//! Connections: one port, HTTP/1.1 and HTTP/2 told apart by their first octets, with or without TLS.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use super::limits;
use super::script::{Script, Stream};
use super::service::{self, Seams};

/// What each connection is served with.
#[derive(Clone)]
pub struct Service {
    /// Answers.
    pub seams: Seams,
    /// Set: every connection is encrypted.
    pub tls: Option<TlsAcceptor>,
    /// Set: connections are not served but played a script.
    pub script: Option<Script>,
    /// Set: what stands before every path.
    pub prefix: Option<Arc<str>>,
}

/// Serves until told to stop, then lets calls in flight end.
pub async fn run(listener: TcpListener, service: Service, mut stop: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(limits::CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let place = Arc::clone(&room).acquire_owned();
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = async { (place.await, listener.accept().await) } => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let (Ok(place), Ok((socket, _))) = accepted else {
            // Out of file descriptors, or the client left already: neither is a reason to stop.
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        let service = service.clone();
        let stop = stop.clone();
        connections.spawn(async move {
            let _place = place;
            // A connection that breaks is its client's matter; the next one is not touched.
            let _ = connection(socket, service, stop).await;
        });
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if timeout(limits::DRAIN, drained).await.is_err() {
        connections.shutdown().await;
    }
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

async fn connection(socket: TcpStream, service: Service, stop: watch::Receiver<bool>) -> Result<(), Failed> {
    socket.set_nodelay(true)?;
    match &service.tls {
        Some(acceptor) => {
            let stream = timeout(limits::HANDSHAKE, acceptor.accept(socket)).await??;
            serve(stream, &service, stop).await
        }
        None => serve(socket, &service, stop).await,
    }
}

async fn serve<S: Stream + 'static>(stream: S, service: &Service, mut stop: watch::Receiver<bool>) -> Result<(), Failed> {
    if let Some(script) = service.script {
        tokio::select! {
            played = timeout(limits::SCRIPT, script(Box::new(stream))) => played??,
            _ = stop.wait_for(|stop| *stop) => {}
        }
        return Ok(());
    }
    if let Some(octets) = service.seams.octets.clone() {
        let (near, far) = tokio::io::duplex(limits::HEAD);
        let (served, _) = tokio::join!(talk(near, service, stop), octets.carry(stream, far));
        return served;
    }
    talk(stream, service, stop).await
}

/// Speaks HTTP.
async fn talk<S: Stream + 'static>(stream: S, service: &Service, mut stop: watch::Receiver<bool>) -> Result<(), Failed> {
    let moved = Moved::default();
    let watched = Watched { inner: stream, moved: moved.clone() };
    let seams = service.seams.clone();
    let prefix = service.prefix.clone();
    let answers = AtomicU32::new(0);
    let (tired, mut worn) = watch::channel(None);
    let answer = service_fn(move |mut request| {
        let seams = seams.clone();
        if let Some(prefix) = &prefix {
            below(&mut request, prefix);
        }
        if seams.manner.wears_out(answers.fetch_add(1, Ordering::Relaxed) + 1) {
            // Not at once: the connection is to end between calls.
            tired.send_replace(Some(Instant::now() + limits::PAUSE));
        }
        async move { Ok::<_, Infallible>(service::answer(&seams, request).await) }
    });
    let builder = builder(service.seams.frames.dates());
    let mut connection = pin!(builder.serve_connection(TokioIo::new(watched), answer));
    let mut stopping = false;
    loop {
        let idle_at = moved.last() + limits::IDLE;
        let ends_at = *worn.borrow_and_update();
        tokio::select! {
            ended = connection.as_mut() => return ended,
            Ok(()) = worn.changed(), if ends_at.is_none() => {}
            () = sleep_until(ends_at.unwrap_or(idle_at)), if ends_at.is_some() && !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = stop.wait_for(|stop| *stop), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = sleep_until(idle_at) => {
                if moved.last() + limits::IDLE <= Instant::now() {
                    return Ok(());
                }
            }
        }
    }
}

/// Takes the prefix away; a path without it becomes one that nothing answers to.
fn below<B>(request: &mut hyper::Request<B>, prefix: &str) {
    let mut parts = request.uri().clone().into_parts();
    let Some(whole) = &parts.path_and_query else { return };
    let rest = whole.as_str().strip_prefix(prefix).filter(|rest| rest.starts_with('/')).unwrap_or("/");
    parts.path_and_query = rest.parse().ok();
    if let Ok(uri) = http::Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}

fn builder(dates: bool) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEAD_TIME)
        .max_buf_size(limits::HEAD)
        // A client that has said all it had to say still gets its answer.
        .half_close(true)
        .auto_date_header(dates);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits::HEAD).unwrap_or(u32::MAX))
        .max_concurrent_streams(limits::STREAMS)
        .auto_date_header(dates);
    builder
}

/// When octets last went over a connection.
#[derive(Clone)]
struct Moved(Arc<Mutex<Instant>>);

impl Default for Moved {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }
}

impl Moved {
    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// A stream that notes when it moves.
struct Watched<S> {
    inner: S,
    moved: Moved,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        if read.is_ready() {
            self.moved.now();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, octets);
        if written.is_ready() {
            self.moved.now();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
