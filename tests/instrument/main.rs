//! The instrument against scripted servers: whatever a server does, the exchange says what it did, and nothing hangs or panics.

mod anything;
mod h1;
mod h2;
mod h2_endings;
mod support;
mod tls;
