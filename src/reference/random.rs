//! Randomness for ids and tokens, from the provider that TLS uses.

use rustls::crypto::ring;

/// A source of random numbers.
#[derive(Debug, Default)]
pub struct Random;

impl Random {
    /// The system's source.
    pub fn new() -> Self {
        Self
    }

    fn next(&mut self) -> u64 {
        let mut bytes = [0; 8];
        // Without randomness there are no tokens worth the name; ring documents that this doesn't happen on supported systems.
        ring::default_provider().secure_random.fill(&mut bytes).expect("the system gives random bytes");
        u64::from_le_bytes(bytes)
    }

    /// A number below a bound that is small against 2^64 (so that the bias of the remainder doesn't matter).
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// A token of letters and digits.
    pub fn token(&mut self) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..64)
            .map(|_| {
                let at = usize::try_from(self.below(LETTERS.len() as u64)).unwrap_or_default();
                char::from(LETTERS[at])
            })
            .collect()
    }
}
