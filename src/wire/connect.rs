//! Opens connections to a target: TCP, and TLS with ALPN set to exactly the HTTP version that is asked for.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::HttpVersion;
use crate::target::{Endpoint, Timeouts, Trust};

/// A stream of octets in both directions.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// An open connection, cleartext or TLS.
pub type Link = Box<dyn Duplex>;

/// Why no connection came about. Each text names the likely cause and the next step.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The file of certificate authorities can't be read.
    #[error("can't read the certificate authorities in {path}: {text}; `--ca` takes a PEM file")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        text: String,
    },
    /// The certificate of the caller, or its key, can't be used.
    #[error("can't use the client certificate in {path}: {text}; `--client-cert` and `--client-key` take PEM files that belong together")]
    ClientCert {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        text: String,
    },
    /// The server wants to know who calls.
    #[error("{place} demands a client certificate{}", if *shown { ", and refuses the one that was shown" } else { ": --client-cert FILE --client-key FILE" })]
    WantsCertificate {
        /// Host and port.
        place: String,
        /// Whether one was shown.
        shown: bool,
    },
    /// The system has no certificate authorities.
    #[error("the system has no certificate authorities that can be read ({text}); give one with `--ca FILE`")]
    NoSystemRoots {
        /// What the system said.
        text: String,
    },
    /// The authority has no host name that TLS could verify.
    #[error("`{name}` is no host name that a certificate could be for; give the right one with `--authority`")]
    ServerName {
        /// The name.
        name: String,
    },
    /// No address for the host name.
    #[error("can't resolve `{host}` ({text}); is the host name right, and does this machine reach its name server?")]
    Resolve {
        /// The host.
        host: String,
        /// What the resolver said.
        text: String,
    },
    /// Every address refused.
    #[error("{place} refused the connection; does the target run, and on this port?")]
    Refused {
        /// Host, port and addresses.
        place: String,
    },
    /// No answer in time.
    #[error("{place} did not answer within {after:?} while {what}; is a firewall in between, or the port wrong?")]
    TimedOut {
        /// Host, port and addresses.
        place: String,
        /// The deadline.
        after: Duration,
        /// What was tried.
        what: &'static str,
    },
    /// Another mistake of TCP.
    #[error("can't connect to {place}: {text}")]
    Tcp {
        /// Host, port and addresses.
        place: String,
        /// What the operating system said.
        text: String,
    },
    /// The server doesn't answer with TLS.
    #[error("{place} does not speak TLS; if it is meant to be cleartext, write http:// instead of https://")]
    NotTls {
        /// Host and port.
        place: String,
    },
    /// The certificate is signed by nobody we trust.
    #[error(
        "the certificate of {place} is signed by no authority that is trusted here; give the right one with `--ca FILE`, or --insecure if it doesn't matter who answers"
    )]
    UnknownIssuer {
        /// Host and port.
        place: String,
    },
    /// The certificate is for other names.
    #[error("the certificate of {place} is not for `{name}`{}; give the name with `--authority`", for_names(presented))]
    NotForName {
        /// Host and port.
        place: String,
        /// The name that was asked for.
        name: String,
        /// The names it is for, where known.
        presented: Vec<String>,
    },
    /// The certificate's time is over or has not come.
    #[error("the certificate of {place} {state}; renew it, or check the clock of this machine")]
    Validity {
        /// Host and port.
        place: String,
        /// `has expired` or `is not valid yet`.
        state: &'static str,
    },
    /// The server speaks another HTTP version.
    #[error("{place} {} by ALPN, but {asked} was asked for; the target doesn't offer this HTTP version on TLS", chosen(got.as_deref()))]
    Alpn {
        /// Host and port.
        place: String,
        /// `h2` or `http/1.1`.
        asked: &'static str,
        /// What the server chose.
        got: Option<String>,
    },
    /// Another mistake of TLS.
    #[error("no TLS with {place}: {text}")]
    Tls {
        /// Host and port.
        place: String,
        /// What the library said.
        text: String,
    },
}

fn for_names(presented: &[String]) -> String {
    if presented.is_empty() { String::new() } else { format!(" but for {}", presented.join(", ")) }
}

fn chosen(got: Option<&str>) -> String {
    got.map_or_else(|| "chose no protocol".to_owned(), |got| format!("chose `{got}`"))
}

/// Opens connections to one target.
#[derive(Clone)]
pub struct Connector {
    endpoint: Endpoint,
    timeouts: Timeouts,
    tls: Option<Tls>,
}

#[derive(Clone)]
struct Tls {
    name: ServerName<'static>,
    h1: Arc<ClientConfig>,
    h2: Arc<ClientConfig>,
    /// A certificate of the caller is shown where one is asked for.
    shown: bool,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Connector {
    /// Reads the certificate authorities, if TLS is spoken, and opens nothing yet.
    ///
    /// # Errors
    /// Where they can't be read or the authority is no name for TLS.
    pub fn new(endpoint: Endpoint, trust: &Trust, timeouts: Timeouts) -> Result<Self, ConnectError> {
        let tls = if endpoint.tls {
            let name = host_of(&endpoint);
            let name = ServerName::try_from(name.clone()).map_err(|_| ConnectError::ServerName { name })?;
            let settings = settings(trust)?;
            let of = |http| {
                let mut settings = settings.clone();
                settings.alpn_protocols = vec![alpn(http).as_bytes().to_vec()];
                Arc::new(settings)
            };
            Some(Tls { name, h1: of(HttpVersion::H1), h2: of(HttpVersion::H2), shown: trust.client.is_some() })
        } else {
            None
        };
        Ok(Self { endpoint, timeouts, tls })
    }

    /// Where it connects to.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The same trust for an ordinary client, which takes either HTTP version. Such a client wants settings for cleartext targets as well.
    ///
    /// # Errors
    /// Where TLS can't be set up at all.
    pub fn ordinary_tls(&self) -> Result<ClientConfig, ConnectError> {
        let mut settings = match &self.tls {
            Some(tls) => ClientConfig::clone(&tls.h2),
            None => settings(&Trust { insecure: true, ..Trust::default() })?,
        };
        settings.alpn_protocols = [HttpVersion::H2, HttpVersion::H1].map(|http| alpn(http).as_bytes().to_vec()).into();
        Ok(settings)
    }

    /// Opens a connection for this HTTP version.
    ///
    /// # Errors
    /// Where none comes about within the deadline.
    pub async fn connect(&self, http: HttpVersion) -> Result<Link, ConnectError> {
        let deadline = Instant::now() + self.timeouts.connect;
        let stream = self.tcp(deadline).await?;
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some(tls) => self.tls(tls, http, stream, deadline).await,
        }
    }

    async fn tcp(&self, deadline: Instant) -> Result<TcpStream, ConnectError> {
        let Endpoint { host, port, .. } = &self.endpoint;
        let mut place = self.place();
        let late = |place, what| ConnectError::TimedOut { place, after: self.timeouts.connect, what };
        let unresolved = |text: String| ConnectError::Resolve { host: host.clone(), text };
        let addresses: Vec<SocketAddr> = timeout_at(deadline, tokio::net::lookup_host((host.as_str(), *port)))
            .await
            .map_err(|_| late(place.clone(), "resolving its name"))?
            .map_err(|error| unresolved(error.to_string()))?
            .collect();
        if addresses.is_empty() {
            return Err(unresolved("it has no address".to_owned()));
        }
        if host.parse::<std::net::IpAddr>().is_err() {
            let list: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
            place = format!("{place} ({})", list.join(", "));
        }
        let mut last = late(place.clone(), "opening a TCP connection");
        for (done, address) in addresses.iter().enumerate() {
            // A share of the remaining time each: one address that swallows packets must not hide the others.
            let left = u32::try_from(addresses.len() - done).unwrap_or(u32::MAX);
            let share = Instant::now() + deadline.saturating_duration_since(Instant::now()) / left;
            last = match timeout_at(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Small requests must not wait for one another's acknowledgement; where the option can't be set, they just may.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => ConnectError::Refused { place: place.clone() },
                Ok(Err(error)) => ConnectError::Tcp { place: place.clone(), text: error.to_string() },
                Err(_) => late(place.clone(), "opening a TCP connection"),
            };
        }
        Err(last)
    }

    async fn tls(&self, tls: &Tls, http: HttpVersion, stream: TcpStream, deadline: Instant) -> Result<Link, ConnectError> {
        let config = match http {
            HttpVersion::H1 => &tls.h1,
            HttpVersion::H2 => &tls.h2,
        };
        let handshake = TlsConnector::from(Arc::clone(config)).connect(tls.name.clone(), stream);
        let stream = timeout_at(deadline, handshake)
            .await
            .map_err(|_| ConnectError::TimedOut { place: self.place(), after: self.timeouts.connect, what: "the TLS handshake went on" })?
            .map_err(|error| self.tls_error(&error, http))?;
        let got = stream.get_ref().1.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        // HTTP/2 must be negotiated (RFC 9113, 3.2); a server without ALPN speaks HTTP/1.1.
        match (http, got.as_deref()) {
            (HttpVersion::H2, Some("h2")) | (HttpVersion::H1, Some("http/1.1") | None) => Ok(Box::new(stream)),
            _ => Err(ConnectError::Alpn { place: self.place(), asked: alpn(http), got }),
        }
    }

    fn tls_error(&self, error: &io::Error, http: HttpVersion) -> ConnectError {
        use CertificateError as Bad;
        let place = self.place();
        let name = host_of(&self.endpoint);
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::InvalidMessage(_)) => ConnectError::NotTls { place },
            // A bad signature: an authority of the same name is trusted, but with another key.
            Some(rustls::Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature)) => ConnectError::UnknownIssuer { place },
            Some(rustls::Error::InvalidCertificate(Bad::NotValidForName)) => {
                ConnectError::NotForName { place, name, presented: Vec::new() }
            }
            Some(rustls::Error::InvalidCertificate(Bad::NotValidForNameContext { presented, .. })) => {
                ConnectError::NotForName { place, name, presented: presented.clone() }
            }
            Some(rustls::Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. })) => {
                ConnectError::Validity { place, state: "has expired" }
            }
            Some(rustls::Error::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. })) => {
                ConnectError::Validity { place, state: "is not valid yet" }
            }
            Some(rustls::Error::AlertReceived(alert)) if wants_certificate(*alert) => {
                ConnectError::WantsCertificate { place, shown: self.tls.as_ref().is_some_and(|tls| tls.shown) }
            }
            Some(rustls::Error::AlertReceived(rustls::AlertDescription::NoApplicationProtocol)) => {
                ConnectError::Alpn { place, asked: alpn(http), got: None }
            }
            Some(other) => ConnectError::Tls { place, text: other.to_string() },
            None => ConnectError::Tls { place, text: format!("{error}; perhaps it speaks cleartext (http://)") },
        }
    }

    fn place(&self) -> String {
        let Endpoint { host, port, .. } = &self.endpoint;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

const fn alpn(http: HttpVersion) -> &'static str {
    match http {
        HttpVersion::H1 => "http/1.1",
        HttpVersion::H2 => "h2",
    }
}

/// The host of the authority: without port, and without the brackets of an IPv6 address.
fn host_of(endpoint: &Endpoint) -> String {
    let authority = endpoint.authority();
    if let Some((host, _)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return host.to_owned();
    }
    authority.split_once(':').map_or(authority.as_str(), |(host, _)| host).to_owned()
}

fn roots(trust: &Trust) -> Result<RootCertStore, ConnectError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = &trust.ca else {
        let found = rustls_native_certs::load_native_certs();
        // Single certificates that the library doesn't like are usual in system stores; only an empty store is a reason to stop.
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            let text = found.errors.first().map_or_else(|| "the store is empty".to_owned(), ToString::to_string);
            return Err(ConnectError::NoSystemRoots { text });
        }
        return Ok(roots);
    };
    let fail = |text: String| ConnectError::CaFile { path: path.clone(), text };
    let pem = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.map_err(|error| fail(error.to_string()))?).map_err(|error| fail(error.to_string()))?;
    }
    if roots.is_empty() { Err(fail("it holds no certificate".to_owned())) } else { Ok(roots) }
}

/// Whether the peer says that it misses or refuses a certificate of ours.
pub(super) const fn wants_certificate(alert: rustls::AlertDescription) -> bool {
    use rustls::AlertDescription as Alert;
    // DecryptError: an authority of the same name, but with another key.
    matches!(
        alert,
        Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::CertificateUnknown
            | Alert::DecryptError
    )
}

/// Settings of TLS but for the HTTP version.
fn settings(trust: &Trust) -> Result<ClientConfig, ConnectError> {
    let failed = |error: rustls::Error| ConnectError::Tls { place: "any target".to_owned(), text: error.to_string() };
    // The provider is named here, so that nothing depends on a process-wide default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().map_err(failed)?;
    let builder = if trust.insecure {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
    } else {
        builder.with_root_certificates(roots(trust)?)
    };
    let Some(client) = &trust.client else { return Ok(builder.with_no_client_auth()) };
    let fail = |path: &PathBuf, text: String| ConnectError::ClientCert { path: path.clone(), text };
    let read = |path: &PathBuf| std::fs::read(path).map_err(|error| fail(path, error.to_string()));
    let chain = CertificateDer::pem_slice_iter(&read(&client.cert)?).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| fail(&client.cert, error.to_string()))?;
    if chain.is_empty() {
        return Err(fail(&client.cert, "it holds no certificate".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(&read(&client.key)?).map_err(|error| fail(&client.key, error.to_string()))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| fail(&client.cert, error.to_string()))
}

/// Takes whoever answers. That the peer holds the key of the certificate which it shows is still looked at: it costs nothing.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
