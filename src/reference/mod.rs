//! The embedded reference target: a server that is right by the specifications, or wrong in exactly one way.
//!
//! It answers the wires `json`, `grpc`, `grpc-web` and `grpc-web-text` on one port, over HTTP/1.1 and HTTP/2. Three seams, each with
//! one correct implementation: `backend` (meaning), `codec` (shape) and `frames` (wire). A [`Fault`] or a legal [`Variant`] wraps one of
//! them; nothing else knows of it.
//!
//! The judge and this server share `proto/` and third-party crates only, so that they can't share a mistake.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

mod auth;
mod backend;
mod body;
mod codec;
mod context;
mod cors;
mod directory;
mod failure;
mod fault;
mod frames;
mod limits;
mod manner;
mod methods;
mod octets;
mod operations;
mod policy;
mod proto_json;
pub mod protos;
mod random;
mod refusal;
mod script;
mod server;
mod service;
mod store;
mod stream;
mod template;
mod tls;

pub use cors::BROWSER_ORIGIN;
pub use fault::{FAULTS, Fault, Layer, NULL_TARGETS, NullTarget, UnknownName, VARIANTS, Variant, fault, null_target, variant};
pub use limits::MESSAGE as MESSAGE_LIMIT;
pub use tls::{TlsError, TlsOptions};

/// How to start.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Set: TLS with a certificate made for this start. Not set: cleartext.
    pub tls: Option<TlsOptions>,
    /// The administrator's token; none: a random one.
    pub token: Option<String>,
    /// The host names that the instance answers to. None: `localhost`, the address of `listen` and the names of the certificate; every
    /// name where `listen` is an unspecified address.
    pub hosts: Option<Vec<String>>,
    /// What stands before every path, e.g. `/api`; other paths are unknown.
    pub prefix: Option<String>,
    /// What is to be wrong.
    pub fault: Option<&'static Fault>,
    /// What is to be done otherwise, within the law.
    pub variant: Option<&'static Variant>,
    /// Not a server of the contract at all.
    pub null_target: Option<&'static NullTarget>,
}

impl fmt::Debug for Options {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the token.
        out.debug_struct("Options")
            .field("listen", &self.listen)
            .field("tls", &self.tls.is_some())
            .field("prefix", &self.prefix)
            .field("fault", &self.fault.map(|fault| fault.name))
            .field("variant", &self.variant.map(|variant| variant.name))
            .field("null_target", &self.null_target.map(|target| target.name))
            .finish_non_exhaustive()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            token: None,
            hosts: None,
            prefix: None,
            fault: None,
            variant: None,
            null_target: None,
        }
    }
}

/// The server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address can't be had.
    #[error("can't listen on {address}: {source}")]
    Listen {
        /// The wanted address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The certificate or its set-up.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A running server. Dropped without [`shutdown`](Self::shutdown), it stops at once.
pub struct Reference {
    address: SocketAddr,
    seed: backend::Seed,
    domain: Arc<backend::Domain>,
    authority: Option<String>,
    fault: Arc<AtomicU64>,
    variant: Arc<AtomicU64>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl fmt::Debug for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the seed: it holds a token.
        out.debug_struct("Reference").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Reference {
    /// Starts; from its return on, connections are accepted.
    ///
    /// # Errors
    /// If the address can't be had, or there is no certificate for the names.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (tls, authority) = match &options.tls {
            Some(names) => {
                let (acceptor, pem) = tls::acceptor(names)?;
                (Some(acceptor), Some(pem))
            }
            None => (None, None),
        };
        let (domain, seed) = backend::Domain::new(options.token.clone(), hosts(&options));
        let domain = Arc::new(domain);
        let mut seams = service::Seams {
            backend: Arc::<backend::Domain>::clone(&domain),
            codec: Arc::new(codec::Plain),
            frames: Arc::new(frames::Plain),
            fixed: None,
            octets: None,
            manner: manner::Measured::default(),
        };
        let fault = Arc::new(AtomicU64::new(0));
        let variant = Arc::new(AtomicU64::new(0));
        if let Some(chosen) = options.variant {
            chosen.wrap(&mut seams, &seed, &variant);
        }
        if let Some(chosen) = options.fault {
            chosen.wrap(&mut seams, &seed, &fault);
        }
        let script = options.null_target.and_then(|target| target.take_over(&mut seams));
        let service = server::Service { seams, tls, script, prefix: options.prefix.clone().map(Arc::from) };
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(server::run(listener, service, stopped));
        Ok(Self { address, seed, domain, authority, fault, variant, stop, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// `http://` or `https://` with address and port, without a slash at the end.
    pub fn url(&self) -> String {
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The token of the instance's administrator (`IAM_OWNER`).
    pub fn token(&self) -> &str {
        &self.seed.token
    }

    /// A token of a new user of the administrator's organization: with a role there or in the instance (`ORG_OWNER_VIEWER`, `IAM_ORG_MANAGER`
    /// ...), or without any. None if there is no such role.
    pub fn enrol(&self, role: Option<&str>) -> Option<String> {
        let role = role.map(|name| auth::Role::named(name).ok_or(())).transpose().ok()?;
        Some(self.domain.enrol(role))
    }

    /// The organization in which the administrator is at home.
    pub fn organization(&self) -> &str {
        &self.seed.organization
    }

    /// The id of the instance; it owns the default policy.
    pub fn instance(&self) -> &str {
        &self.seed.instance
    }

    /// With TLS: the certificate of the authority that clients have to trust, as PEM.
    pub fn authority_pem(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// How often the fault acted.
    pub fn acted(&self) -> u64 {
        self.fault.load(Ordering::Relaxed)
    }

    /// How often the legal variant acted.
    pub fn varied(&self) -> u64 {
        self.variant.load(Ordering::Relaxed)
    }

    /// Takes no more connections, lets calls in flight end for a short time, and returns when all are gone.
    pub async fn shutdown(mut self) {
        // No receiver: the server has ended already.
        let _ = self.stop.send(true);
        let _ = (&mut self.task).await;
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn hosts(options: &Options) -> Option<Vec<String>> {
    if options.hosts.is_some() || options.listen.ip().is_unspecified() {
        return options.hosts.clone();
    }
    let mut hosts = tls::names(options.tls.as_ref().unwrap_or(&TlsOptions::default()));
    hosts.push(options.listen.ip().to_string());
    Some(hosts)
}
