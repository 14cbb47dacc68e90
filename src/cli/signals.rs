//! SIGINT and SIGTERM.

use tokio::signal::unix::{SignalKind, signal};
use triwire::run::Stop;

/// The number of SIGINT.
const INTERRUPT: i32 = 2;
/// The number of SIGTERM.
const TERMINATE: i32 = 15;

/// Hands each signal to the run: the first one lets it clean up, the second one stops it at once.
pub fn listen(stop: Stop, mut told: impl FnMut(bool) + Send + 'static) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            let number = tokio::select! {
                Some(()) = interrupt.recv() => INTERRUPT,
                Some(()) = terminate.recv() => TERMINATE,
                else => return,
            };
            told(stop.is_requested());
            stop.request(number);
        }
    });
    Ok(())
}

/// Resolves at the first signal.
pub async fn first() -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
