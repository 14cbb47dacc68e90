//! A certificate for this start, from an authority made for this start.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio_rustls::TlsAcceptor;

/// For whom the certificate is made, besides `localhost`, `127.0.0.1` and `::1`.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// More host names or addresses.
    pub names: Vec<String>,
    /// PEM of the authorities by one of which the certificate of every client has to be signed; none: clients need none.
    pub client_ca: Option<String>,
}

/// TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Mostly a name that is none.
    #[error("no certificate for the names: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The authorities of clients can't be used.
    #[error("the authorities of client certificates: {0}")]
    Clients(String),
    /// The library refused the set-up.
    #[error("TLS: {0}")]
    Library(#[from] rustls::Error),
}

/// The names that a certificate of these options holds.
pub fn names(options: &TlsOptions) -> Vec<String> {
    let mut names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    names.extend(options.names.iter().cloned());
    names
}

/// The acceptor, and the authority's certificate as PEM for clients.
pub fn acceptor(options: &TlsOptions) -> Result<(TlsAcceptor, String), TlsError> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "Triwire reference target, authority of one start");
    let key = KeyPair::generate()?;
    let pem = authority.self_signed(&key)?.pem();
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate()?;
    let mut leaf = CertificateParams::new(names(options))?;
    leaf.distinguished_name.push(DnType::CommonName, "Triwire reference target");
    let leaf = leaf.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = match &options.client_ca {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(clients(pem)?, provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| TlsError::Clients(error.to_string()))?)
        }
    };
    let mut config = builder.with_single_cert(vec![leaf.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), pem))
}

fn clients(pem: &str) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.map_err(|error| TlsError::Clients(error.to_string()))?)?;
    }
    Ok(Arc::new(roots))
}
