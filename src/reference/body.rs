//! The body of answers: exactly the pieces and trailers of a [`Reply`](super::frames::Reply), nothing repaired.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// Pieces, then trailers.
#[derive(Debug, Default)]
pub struct Pieces {
    data: VecDeque<Bytes>,
    trailers: Option<HeaderMap>,
    announced: bool,
    pace: Duration,
    /// Set after a piece, where there is a pace.
    pause: Option<Pin<Box<Sleep>>>,
}

impl Pieces {
    /// A body; `announced` says whether its length may stand in the head.
    pub fn new(data: Vec<Bytes>, trailers: Option<HeaderMap>, announced: bool) -> Self {
        let data = data.into_iter().filter(|piece| !piece.is_empty()).collect();
        Self { data, announced: announced && trailers.is_none(), trailers, pace: Duration::ZERO, pause: None }
    }

    /// How many pieces there are, trailers among them.
    pub fn count(&self) -> usize {
        self.data.len() + usize::from(self.trailers.is_some())
    }

    /// With pauses between the pieces.
    pub fn paced(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        let next = match self.data.pop_front() {
            Some(piece) => Some(Frame::data(piece)),
            None => self.trailers.take().map(Frame::trailers),
        };
        if !self.pace.is_zero() && self.count() > 0 {
            self.pause = Some(Box::pin(sleep(self.pace)));
        }
        Poll::Ready(next.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_empty() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.announced { SizeHint::with_exact(self.data.iter().map(|piece| piece.len() as u64).sum()) } else { SizeHint::default() }
    }
}
