//! What the law leaves to a server in time: how fast it answers, how long it thinks about a refusal, and how long its connections live.

use std::time::Duration;

use super::failure::Failure;
use super::fault::Meter;
use super::limits;

/// How a server behaves in time.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Before a refusal is told.
    pub thinks: fn(&Failure) -> Duration,
    /// Between the pieces of an answer.
    pub pace: Duration,
    /// After so many answers a connection is ended, between calls; 0: never.
    pub answers: u32,
    /// Octets that a message of an RPC wire may have before it is looked at.
    pub message: usize,
}

impl Manner {
    /// No pauses, and connections that live as long as their clients want.
    pub const PLAIN: Self = Self { thinks: |_| Duration::ZERO, pace: Duration::ZERO, answers: 0, message: limits::MESSAGE };
}

/// A [`Manner`] with the count of how often it showed.
#[derive(Debug, Clone)]
pub struct Measured {
    manner: &'static Manner,
    meter: Option<Meter>,
}

impl Default for Measured {
    fn default() -> Self {
        Self { manner: &Manner::PLAIN, meter: None }
    }
}

impl Measured {
    /// For the server to follow.
    pub fn new(manner: &'static Manner, meter: Meter) -> Self {
        Self { manner, meter: Some(meter) }
    }

    /// Waits before a refusal.
    pub async fn think(&self, failure: &Failure) {
        let pause = (self.manner.thinks)(failure);
        if !pause.is_zero() {
            self.showed();
            tokio::time::sleep(pause).await;
        }
    }

    /// How long to wait between the pieces of an answer that has so many.
    pub fn pace(&self, pieces: usize) -> Duration {
        if pieces > 1 && !self.manner.pace.is_zero() {
            self.showed();
        }
        self.manner.pace
    }

    /// Octets that are read of a message.
    pub const fn message(&self) -> usize {
        self.manner.message
    }

    /// Whether a connection has given enough answers.
    pub fn wears_out(&self, answers: u32) -> bool {
        let worn = self.manner.answers > 0 && answers >= self.manner.answers;
        if worn {
            self.showed();
        }
        worn
    }

    fn showed(&self) {
        if let Some(meter) = &self.meter {
            meter.acted();
        }
    }
}
