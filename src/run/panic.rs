//! A panic of the harness is a fault of the harness: it is caught where it can be blamed on nobody else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::judge::panic_text;

/// Drives a future to its end. `Err`: it panicked, and said this.
pub(super) async fn caught<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panicked) => Poll::Ready(Err(format!("it panicked: {}", panic_text(panicked.as_ref())))),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::caught;

    #[tokio::test]
    async fn a_panic_becomes_a_text() {
        assert_eq!(caught(async { 1 }).await, Ok(1));
        let panics = async {
            tokio::task::yield_now().await;
            panic!("number {}", 7)
        };
        assert_eq!(caught::<std::pin::Pin<Box<dyn Future<Output = ()>>>>(Box::pin(panics)).await, Err("it panicked: number 7".to_owned()));
    }
}
