//! A stream that remembers what was received, for a reader beside the library that drives the connection.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Received octets that wait for the reader, at most. The reader takes them after each poll of the connection, so far less waits in practice.
pub const TAP_BOUND: usize = 4 * 1024 * 1024;

/// Wraps a stream and copies all that is read from it to a [`TapLog`].
#[derive(Debug)]
pub struct Tap<S> {
    stream: S,
    log: TapLog,
}

impl<S> Tap<S> {
    /// The stream and the log of what is read from it.
    pub fn new(stream: S) -> (Self, TapLog) {
        let log = TapLog::default();
        (Self { stream, log: log.clone() }, log)
    }
}

/// What a [`Tap`] has seen and nobody has taken yet.
#[derive(Debug, Clone, Default)]
pub struct TapLog(Arc<Mutex<Log>>);

#[derive(Debug, Default)]
struct Log {
    octets: Vec<u8>,
    lost: bool,
}

/// More than [`TAP_BOUND`] octets came before the reader took them, so some are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {TAP_BOUND} octets came at once")]
pub struct TapOverflow;

impl TapLog {
    /// Takes the octets received since the last call.
    ///
    /// # Errors
    /// Where octets were lost since the last call.
    pub fn take(&self) -> Result<Vec<u8>, TapOverflow> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let octets = std::mem::take(&mut log.octets);
        if std::mem::take(&mut log.lost) { Err(TapOverflow) } else { Ok(octets) }
    }

    fn record(&self, octets: &[u8]) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if log.octets.len() + octets.len() > TAP_BOUND {
            log.lost = true;
        } else {
            log.octets.extend_from_slice(octets);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buf);
        if matches!(polled, Poll::Ready(Ok(()))) {
            this.log.record(&buf.filled()[before..]);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, octets)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, octets)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn records_what_is_read_and_says_when_it_lost_some() {
        let (mut tap, log) = Tap::new(&b"abcdef"[..]);
        let mut three = [0; 3];
        tap.read_exact(&mut three).await.unwrap();
        assert_eq!(log.take(), Ok(b"abc".to_vec()));
        tap.read_to_end(&mut Vec::new()).await.unwrap();
        assert_eq!(log.take(), Ok(b"def".to_vec()));
        log.record(&vec![0; TAP_BOUND + 1]);
        assert_eq!(log.take(), Err(TapOverflow));
        assert_eq!(log.take(), Ok(Vec::new()));
    }
}
