//! Every bound of the server in one place. A stand-in that people leave running must not grow or hang.

use std::time::Duration;

/// Largest request message (and JSON content) in bytes; one byte more is refused.
pub const MESSAGE: usize = 1 << 20;
/// Largest head of an HTTP/1.1 request, and largest header list over HTTP/2.
pub const HEAD: usize = 64 << 10;
/// How long a request may take to arrive once its head is here.
pub const REQUEST: Duration = Duration::from_secs(30);
/// How long the content of a call that is refused by its head may take to arrive, before the connection is given up.
pub const UNWANTED: Duration = Duration::from_secs(1);
/// How long an HTTP/1.1 head may take to arrive.
pub const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long a TLS handshake may take.
pub const HANDSHAKE: Duration = Duration::from_secs(10);
/// A connection on which nothing moves for so long is closed.
pub const IDLE: Duration = Duration::from_secs(120);
/// How long a connection that has given enough answers is kept for a call that is on its way.
pub const PAUSE: Duration = Duration::from_millis(3);
/// How long a shutdown waits for calls in flight.
pub const DRAIN: Duration = Duration::from_secs(2);
/// Connections served at a time; others wait in the listener's queue.
pub const CONNECTIONS: usize = 4096;
/// Streams that a client may have open on one HTTP/2 connection.
pub const STREAMS: u32 = 200;
/// Organizations that the store holds at a time.
pub const ORGANIZATIONS: usize = 20_000;
/// Users of the instance at a time.
pub const USERS: usize = 50_000;
/// Tokens that count at a time.
pub const TOKENS: usize = 100_000;
/// Longest redirect URI that a policy may hold, in bytes.
pub const REDIRECT_URI: usize = 4096;
/// Events that a stream keeps unfolded, so that reads can look back a little.
pub const TAIL: usize = 64;
/// How long a scripted socket goes on.
pub const SCRIPT: Duration = Duration::from_secs(600);
