//! Sends calls and gives exchanges: one exchange at a time on a connection, which is reused only after a clean end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::body::Bounds;
use super::exchanging::{Again, Arriving, Deadlines, Outcome};
use super::h1::{H1, H1Request};
use super::h2::H2;
use super::h2_script::{Layout, Own};
use super::outgoing::{Message, Outgoing};
use super::put::wire_matches;
use super::route::Routes;
use super::{Body, Call, End, Exchange, HarnessFault, HttpVersion, Link, Role, Timing, Transport, raw};
use crate::target::Timeouts;

/// Idle connections that are kept for one HTTP version; more than a run has jobs are of no use.
const MOST_IDLE: usize = 64;

/// What all clients of a run together may hold of bodies that are on their way in.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Semaphore>);

impl Budget {
    /// A budget of so many octets. Each exchange takes what it may keep of a body, so this also bounds how many go on at once.
    #[must_use]
    pub fn new(octets: usize) -> Self {
        Self(Arc::new(Semaphore::new((octets / Body::KEEP).clamp(1, Semaphore::MAX_PERMITS))))
    }
}

impl Default for Budget {
    /// 64 MiB: 256 exchanges at once.
    fn default() -> Self {
        Self::new(64 * 1024 * 1024)
    }
}

/// Sends calls to one target.
#[derive(Debug)]
pub struct Client {
    routes: Routes,
    timeouts: Timeouts,
    bounds: Bounds,
    budget: Budget,
    /// Of each address.
    idle: Vec<Mutex<Idle>>,
    retries: AtomicU64,
}

/// Connections that wait for an exchange, the latest last.
#[derive(Default)]
struct Idle {
    h1: Vec<H1>,
    h2: Vec<H2>,
}

impl std::fmt::Debug for Idle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Idle").field("h1", &self.h1.len()).field("h2", &self.h2.len()).finish()
    }
}

enum Connection {
    H1(H1),
    H2(Box<H2>),
    /// Its frames are written by ourselves.
    Own(Box<Own>),
}

/// A connection that is kept for what comes next, whatever the response says of it. It is opened when it is first used.
#[derive(Default)]
pub struct Held(Option<Connection>);

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Held").field(&self.0.is_some()).finish()
    }
}

/// What a connection leads to: the number of an address, and the HTTP version that is spoken there.
#[derive(Debug, Clone, Copy)]
struct Line {
    address: usize,
    http: HttpVersion,
}

/// Which connection carries an exchange.
#[derive(Debug)]
pub enum On<'h> {
    /// An idle one if there is one, which is reused after a clean end.
    Any,
    /// A new one.
    New,
    /// This one.
    Held(&'h mut Held),
}

impl Client {
    /// A client with the usual bounds and a budget of its own.
    #[must_use]
    pub fn new(routes: impl Into<Routes>, timeouts: Timeouts) -> Self {
        let routes = routes.into();
        let (bounds, budget) = (Bounds::default(), Budget::default());
        let idle = (0..routes.count()).map(|_| Mutex::default()).collect();
        Self { routes, timeouts, bounds, budget, idle, retries: AtomicU64::new(0) }
    }

    /// With other bounds.
    #[must_use]
    pub fn with_bounds(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// With a budget that it shares with others.
    #[must_use]
    pub fn with_budget(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }

    /// Where it connects to.
    #[must_use]
    pub const fn routes(&self) -> &Routes {
        &self.routes
    }

    /// How many calls were sent again because the target had not processed them: an idle connection was closed, or the stream was refused.
    pub fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Sends a call, on an idle connection if there is one. `id` is the number of the exchange; `at`: the time since the start of the run.
    ///
    /// Whatever the target does is in the exchange. Dropping the future closes the connection.
    ///
    /// # Errors
    /// Where the call can't be sent as it is.
    pub async fn send(&self, call: Call, id: u64, at: Duration) -> Result<Exchange, HarnessFault> {
        self.send_on(On::Any, call, id, at).await
    }

    /// Sends a call on a new connection.
    ///
    /// # Errors
    /// Where the call can't be sent as it is.
    pub async fn send_new_connection(&self, call: Call, id: u64, at: Duration) -> Result<Exchange, HarnessFault> {
        self.send_on(On::New, call, id, at).await
    }

    /// Performs a script and reads one response.
    pub async fn perform(&self, on: On<'_>, script: raw::Script, id: u64, at: Duration) -> Exchange {
        let _budget = self.budget.0.acquire().await.ok();
        let began = Instant::now();
        let mut own = Held::default();
        let (held, keeps) = if let On::Held(held) = on { (held, true) } else { (&mut own, false) };
        let to = self.line(script.transport, script.intent.role);
        let (outcome, connect) = match self.opened(held, to, keeps).await {
            Ok(connection) => {
                let connect = began.elapsed();
                let deadlines = Deadlines::new(&raw::patient(&self.timeouts, &script), began);
                let outcome = match connection {
                    Connection::H1(connection) => connection.act(&script.actions, script.is_head(), deadlines, &self.bounds).await,
                    Connection::H2(_) | Connection::Own(_) => {
                        no_connection(End::NoConnection { text: "a script speaks HTTP/1.1".to_owned() })
                    }
                };
                (outcome, connect)
            }
            Err(end) => (no_connection(end), began.elapsed()),
        };
        let timing = timing(at, began, connect, outcome.head_at);
        let sent = script.sent(self.routes.connector(to.address).endpoint());
        Exchange { id, transport: script.transport, intent: script.intent, sent, received: outcome.received, timing }
    }

    /// Sends a call over HTTP/2 frame by frame as it is laid out: on a connection that is held, or on one of its own.
    ///
    /// # Errors
    /// Where the call can't be sent as it is.
    pub async fn send_laid_out(&self, on: On<'_>, call: Call, layout: &Layout, id: u64, at: Duration) -> Result<Exchange, HarnessFault> {
        wire_matches(&call)?;
        let (transport, intent) = (call.transport, call.intent.clone());
        let to = self.line(transport, intent.role);
        let (sent, content) = Outgoing::laid_out(self.routes.connector(to.address).endpoint(), call);
        let _budget = self.budget.0.acquire().await.ok();
        let began = Instant::now();
        let mut own = Held::default();
        let held = if let On::Held(held) = on { held } else { &mut own };
        let opened = match held.0.take() {
            Some(connection) => Ok(connection),
            None => self.open_own(to, layout.window).await,
        };
        let (outcome, connect) = match opened {
            Ok(Connection::Own(mut connection)) => {
                let connect = began.elapsed();
                let deadlines = Deadlines::new(&raw::impatient(&self.timeouts), began);
                let outcome = connection.exchange(&sent, &content, layout, deadlines, &self.bounds).await;
                held.0 = Some(Connection::Own(connection));
                (outcome, connect)
            }
            Ok(_) => (no_connection(End::NoConnection { text: "the connection is driven by a library".to_owned() }), began.elapsed()),
            Err(end) => (no_connection(end), began.elapsed()),
        };
        let timing = timing(at, began, connect, outcome.head_at);
        Ok(Exchange { id, transport, intent, sent, received: outcome.received, timing })
    }

    async fn open_own(&self, to: Line, window: Option<u32>) -> Result<Connection, End> {
        let deadline = Instant::now() + self.timeouts.connect;
        let link = self.link(to).await?;
        Own::open(link, window, deadline).await.map(|own| Connection::Own(Box::new(own)))
    }

    /// Closes the idle connections.
    pub async fn close(&self) {
        let goodbyes = async {
            for address in 0..self.idle.len() {
                let Idle { h1, h2 } = std::mem::take(&mut *self.idle(address));
                drop(h2);
                for connection in h1 {
                    connection.close().await;
                }
            }
        };
        // Peers that don't listen aren't waited for.
        let _ = tokio::time::timeout(Duration::from_millis(500), goodbyes).await;
    }

    /// Sends a call on this connection.
    ///
    /// # Errors
    /// Where the call can't be sent as it is.
    pub async fn send_on(&self, on: On<'_>, call: Call, id: u64, at: Duration) -> Result<Exchange, HarnessFault> {
        wire_matches(&call)?;
        let (transport, intent) = (call.transport, call.intent.clone());
        let to = self.line(transport, intent.role);
        let outgoing = Outgoing::new(self.routes.connector(to.address).endpoint(), call)?;
        // Waiting for the budget is no time of the target's. The semaphore is never closed; if it were, bodies would only be less bounded.
        let _budget = self.budget.0.acquire().await.ok();
        let began = Instant::now();
        let (outcome, connect) = match on {
            On::Held(held) => self.attempt_held(held, to, &outgoing, began).await,
            On::New => self.attempt_again(None, to, &outgoing, began).await,
            On::Any => {
                let reused = self.idle_connection(to).await;
                self.attempt_again(reused, to, &outgoing, began).await
            }
        };
        let timing = timing(at, began, connect, outcome.head_at);
        Ok(Exchange { id, transport, intent, sent: outgoing.sent, received: outcome.received, timing })
    }

    /// A try, and another one where the target had not processed the call.
    async fn attempt_again(&self, reused: Option<Connection>, to: Line, outgoing: &Outgoing, began: Instant) -> (Outcome, Duration) {
        let was_reused = reused.is_some();
        let (outcome, connect) = self.attempt(reused, to, outgoing, began).await;
        if outcome.again == Again::Refused || (outcome.again == Again::IfReused && was_reused) {
            self.retries.fetch_add(1, Ordering::Relaxed);
            return self.attempt(None, to, outgoing, began).await;
        }
        (outcome, connect)
    }

    /// The only try on a connection that is held: what became of that connection is the matter.
    async fn attempt_held(&self, held: &mut Held, to: Line, outgoing: &Outgoing, began: Instant) -> (Outcome, Duration) {
        // Who was told that the connection ends must ask nothing more on it (RFC 9112, 9.6). A script may: it is no HTTP client.
        if held.0.as_ref().is_some_and(Connection::was_ended) {
            held.0 = None;
        }
        match self.opened(held, to, true).await {
            Ok(connection) => {
                let connect = began.elapsed();
                let deadlines = Deadlines::new(&self.timeouts, began);
                (connection.exchange(outgoing, deadlines, &self.bounds).await, connect)
            }
            Err(end) => (no_connection(end), began.elapsed()),
        }
    }

    async fn opened<'h>(&self, held: &'h mut Held, to: Line, keeps: bool) -> Result<&'h mut Connection, End> {
        let connection = match held.0.take() {
            Some(connection) => connection,
            None => match self.open(to).await? {
                Connection::H1(mut connection) if keeps => {
                    connection.hold();
                    Connection::H1(connection)
                }
                other => other,
            },
        };
        Ok(held.0.insert(connection))
    }

    /// One try, and how long it took until the connection stood.
    async fn attempt(&self, reused: Option<Connection>, to: Line, outgoing: &Outgoing, began: Instant) -> (Outcome, Duration) {
        let (mut connection, connect) = match reused {
            Some(connection) => (connection, Duration::ZERO),
            None => match self.open(to).await {
                Ok(connection) => (connection, began.elapsed()),
                Err(end) => return (no_connection(end), began.elapsed()),
            },
        };
        let deadlines = Deadlines::new(&self.timeouts, began);
        let outcome = connection.exchange(outgoing, deadlines, &self.bounds).await;
        if outcome.reusable {
            self.keep(to.address, connection);
        }
        (outcome, connect)
    }

    async fn link(&self, to: Line) -> Result<Link, End> {
        self.routes.connector(to.address).connect(to.http).await.map_err(|error| match error {
            super::ConnectError::TimedOut { .. } => End::TimedOut { phase: super::Phase::Connect },
            _ => End::NoConnection { text: error.to_string() },
        })
    }

    async fn open(&self, to: Line) -> Result<Connection, End> {
        let link = self.link(to).await?;
        match to.http {
            HttpVersion::H1 => Ok(Connection::H1(H1::new(link))),
            HttpVersion::H2 => match tokio::time::timeout(self.timeouts.connect, H2::open(link, &self.bounds)).await {
                Ok(Ok(connection)) => Ok(Connection::H2(Box::new(connection))),
                Ok(Err(error)) => Err(End::NoConnection { text: format!("the HTTP/2 preface could not be sent: {error}") }),
                Err(_) => Err(End::TimedOut { phase: super::Phase::Connect }),
            },
        }
    }

    /// An idle connection that still stands. Those that don't are dropped.
    async fn idle_connection(&self, to: Line) -> Option<Connection> {
        loop {
            match to.http {
                HttpVersion::H1 => {
                    let mut connection = self.idle(to.address).h1.pop()?;
                    if connection.is_idle().await {
                        return Some(Connection::H1(connection));
                    }
                }
                HttpVersion::H2 => {
                    let mut connection = self.idle(to.address).h2.pop()?;
                    if connection.is_idle().await {
                        return Some(Connection::H2(Box::new(connection)));
                    }
                }
            }
        }
    }

    fn keep(&self, address: usize, connection: Connection) {
        let mut idle = self.idle(address);
        match connection {
            Connection::H1(connection) if idle.h1.len() < MOST_IDLE => idle.h1.push(connection),
            Connection::H2(connection) if idle.h2.len() < MOST_IDLE => idle.h2.push(*connection),
            _ => {}
        }
    }

    fn line(&self, transport: Transport, role: Role) -> Line {
        Line { address: self.routes.number(transport.wire, role), http: transport.http }
    }

    fn idle(&self, address: usize) -> std::sync::MutexGuard<'_, Idle> {
        self.idle[address].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Whether the last answer said that it is the last one.
    const fn was_ended(&self) -> bool {
        matches!(self, Self::H1(connection) if connection.was_ended())
    }

    async fn exchange(&mut self, outgoing: &Outgoing, deadlines: Deadlines, bounds: &Bounds) -> Outcome {
        match (self, &outgoing.message) {
            (Self::H1(connection), Message::H1 { head, closes }) => {
                let content = outgoing.content.as_deref().unwrap_or_default();
                let request = H1Request { head, content, is_head: outgoing.sent.verb == "HEAD", closes: *closes };
                connection.exchange(&request, deadlines, bounds).await
            }
            (Self::H2(connection), Message::H2(request)) => {
                let request = http::Request::clone(request);
                connection.exchange(request, outgoing.content.clone(), deadlines, bounds).await
            }
            (Self::Own(connection), Message::H2(_)) => {
                let content = outgoing.content.as_deref().unwrap_or_default();
                connection.exchange(&outgoing.sent, content, &Layout::default(), deadlines, bounds).await
            }
            // Both come from the same transport; should that ever break, nothing is sent.
            _ => no_connection(End::NoConnection { text: "the connection is for another HTTP version".to_owned() }),
        }
    }
}

fn timing(at: Duration, began: Instant, connect: Duration, head_at: Option<Instant>) -> Timing {
    let total = began.elapsed();
    let head = head_at.map_or(total, |head| head.duration_since(began));
    Timing { at: micros(at), connect: micros(connect), head: micros(head), total: micros(total) }
}

fn no_connection(end: End) -> Outcome {
    let (received, head_at) = Arriving::default().finish(end);
    Outcome { received, head_at, reusable: false, again: Again::Never }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
