//! How a run is told to stop.

use std::time::Duration;

use tokio::sync::watch;

/// How far a stop has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Go,
    /// No new trials; calls in flight have [`GRACE`]; then what was created is removed.
    Drain,
    /// Nothing more is sent.
    Abort,
}

/// How long calls in flight may go on after the first signal.
const GRACE: Duration = Duration::from_secs(5);

/// Tells a run to stop; cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop {
    signal: std::sync::Arc<std::sync::atomic::AtomicI32>,
    sender: std::sync::Arc<watch::Sender<Level>>,
    receiver: watch::Receiver<Level>,
}

impl Default for Stop {
    fn default() -> Self {
        let (sender, receiver) = watch::channel(Level::Go);
        Self { signal: std::sync::Arc::default(), sender: std::sync::Arc::new(sender), receiver }
    }
}

impl Stop {
    /// The first request drains, the next one aborts. `signal`: 2 for SIGINT, 15 for SIGTERM.
    pub fn request(&self, signal: i32) {
        use std::sync::atomic::Ordering;
        // The first one names the exit status.
        let _ = self.signal.compare_exchange(0, signal, Ordering::Relaxed, Ordering::Relaxed);
        self.sender.send_modify(|level| *level = if *level == Level::Go { Level::Drain } else { Level::Abort });
    }

    /// The signal of the first request.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        Some(self.signal.load(std::sync::atomic::Ordering::Relaxed)).filter(|signal| *signal != 0)
    }

    /// Whether no new trial may begin.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.receiver.borrow() != Level::Go
    }

    /// Whether nothing more may be sent.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        *self.receiver.borrow() == Level::Abort
    }

    /// Resolves when a call in flight is to be cut.
    pub async fn cut(&self) {
        let mut receiver = self.receiver.clone();
        // The sender lives as long as `self`, so waiting can't fail.
        let _ = receiver.wait_for(|level| *level != Level::Go).await;
        tokio::select! {
            () = tokio::time::sleep(GRACE) => {}
            () = self.aborted() => {}
        }
    }

    /// Resolves when nothing more may be sent.
    pub async fn aborted(&self) {
        let mut receiver = self.receiver.clone();
        let _ = receiver.wait_for(|level| *level == Level::Abort).await;
    }

    /// Resolves when a stop was requested.
    pub async fn requested(&self) {
        let mut receiver = self.receiver.clone();
        let _ = receiver.wait_for(|level| *level != Level::Go).await;
    }
}
