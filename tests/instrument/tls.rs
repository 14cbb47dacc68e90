//! TLS: names, authorities, ALPN, and servers that speak something else.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use triwire::target::{Endpoint, Trust};
use triwire::wire::{Client, ConnectError, Connector, End};

use crate::support::{JSON_H1, JSON_H2, Server, TIMEOUTS, body, get};

/// A certificate with its key, and a file that holds it for `--ca`.
struct Certificate {
    config: Arc<rustls::ServerConfig>,
    file: PathBuf,
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

fn certificate(name: &str, expired: bool, alpn: &[&str]) -> Certificate {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    if expired {
        params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    }
    let signed = params.self_signed(&key).unwrap();
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.der().clone()], rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let file = std::env::temp_dir().join(format!("triwire-instrument-{}-{number}.pem", std::process::id()));
    std::fs::write(&file, signed.pem()).unwrap();
    Certificate { config: Arc::new(config), file }
}

/// Answers one request on each connection, on whatever version was negotiated.
async fn serve(certificate: &Certificate) -> Server {
    // The script must be `Copy`; what a test leaks ends with its process.
    let acceptor: &'static TlsAcceptor = Box::leak(Box::new(TlsAcceptor::from(Arc::clone(&certificate.config))));
    Server::new(move |_, stream| async move {
        let mut stream = acceptor.accept(stream).await?;
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            let mut connection = h2::server::handshake(stream).await.map_err(std::io::Error::other)?;
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let mut send = respond.send_response(http::Response::new(()), false).map_err(std::io::Error::other)?;
                send.send_data("h2".into(), true).map_err(std::io::Error::other)?;
            }
        } else {
            let mut request = vec![0; 4096];
            while stream.read(&mut request).await? > 0 {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh1").await?;
                stream.flush().await?;
            }
        }
        Ok(())
    })
    .await
}

fn client(server: &Server, authority: Option<&str>, ca: Option<PathBuf>) -> Client {
    let mut endpoint = Endpoint::parse(&format!("https://{}", server.address)).unwrap();
    endpoint.authority = authority.map(str::to_owned);
    Client::new(Connector::new(endpoint, &Trust { ca, ..Trust::default() }, TIMEOUTS).unwrap(), TIMEOUTS)
}

async fn refusal(client: &Client, transport: triwire::wire::Transport) -> String {
    match get(client, transport).await.received.end {
        End::NoConnection { text } => text,
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn both_versions_with_another_authority() {
    let certificate = certificate("api.example", false, &["h2", "http/1.1"]);
    let server = serve(&certificate).await;
    let client = client(&server, Some("api.example:8443"), Some(certificate.file.clone()));
    for (transport, expected) in [(JSON_H1, "h1"), (JSON_H2, "h2"), (JSON_H1, "h1"), (JSON_H2, "h2")] {
        let exchange = get(&client, transport).await;
        assert_eq!((exchange.received.end.clone(), body(&exchange)), (End::Complete, expected.to_owned()));
        assert_eq!((exchange.sent.scheme.as_str(), exchange.sent.authority.as_str()), ("https", "api.example:8443"));
    }
    assert_eq!(server.connections(), 2);
    client.close().await;
}

#[tokio::test]
async fn an_address_as_server_name() {
    let certificate = certificate("127.0.0.1", false, &["h2"]);
    let server = serve(&certificate).await;
    assert_eq!(body(&get(&client(&server, None, Some(certificate.file.clone())), JSON_H2).await), "h2");
}

#[tokio::test]
async fn a_certificate_for_another_name() {
    let certificate = certificate("api.example", false, &["h2"]);
    let server = serve(&certificate).await;
    let text = refusal(&client(&server, None, Some(certificate.file.clone())), JSON_H2).await;
    assert!(text.contains("not for `127.0.0.1`") && text.contains("api.example") && text.contains("--authority"), "{text}");
}

#[tokio::test]
async fn a_certificate_that_nobody_knows() {
    let (known, unknown) = (certificate("127.0.0.1", false, &[]), certificate("127.0.0.1", false, &["h2"]));
    let server = serve(&unknown).await;
    let text = refusal(&client(&server, None, Some(known.file.clone())), JSON_H2).await;
    assert!(text.contains("--ca FILE"), "{text}");
}

#[tokio::test]
async fn an_expired_certificate() {
    let certificate = certificate("127.0.0.1", true, &["h2"]);
    let server = serve(&certificate).await;
    let text = refusal(&client(&server, None, Some(certificate.file.clone())), JSON_H2).await;
    assert!(text.contains("has expired"), "{text}");
}

#[tokio::test]
async fn the_version_must_be_negotiated() {
    for (alpn, transport, part) in [
        (&["http/1.1"][..], JSON_H2, "h2 was asked for"),
        (&["h2"], JSON_H1, "http/1.1 was asked for"),
        (&[], JSON_H2, "chose no protocol by ALPN, but h2 was asked for"),
    ] {
        let certificate = certificate("127.0.0.1", false, alpn);
        let server = serve(&certificate).await;
        let text = refusal(&client(&server, None, Some(certificate.file.clone())), transport).await;
        assert!(text.contains(part), "{text}");
    }
    // HTTP/1.1 needs no ALPN.
    let certificate = certificate("127.0.0.1", false, &[]);
    let server = serve(&certificate).await;
    assert_eq!(body(&get(&client(&server, None, Some(certificate.file.clone())), JSON_H1).await), "h1");
}

#[tokio::test]
async fn cleartext_where_tls_is_expected_and_the_reverse() {
    let certificate = certificate("127.0.0.1", false, &["h2"]);
    let plain = Server::new(|_, mut stream| async move {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await?;
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok(())
    })
    .await;
    let text = refusal(&client(&plain, None, Some(certificate.file.clone())), JSON_H2).await;
    assert!(text.contains("does not speak TLS") && text.contains("http://"), "{text}");

    let tls = serve(&certificate).await;
    for transport in [JSON_H1, JSON_H2] {
        let end = get(&tls.client(), transport).await.received.end;
        assert!(matches!(&end, End::Malformed { text } if text.contains("https://")), "{end:?}");
    }
}

#[tokio::test]
async fn certificate_authorities_that_cannot_be_read() {
    let endpoint = Endpoint::parse("https://127.0.0.1:1").unwrap();
    for (name, content) in
        [("missing", None), ("empty", Some("")), ("broken", Some("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"))]
    {
        let file = std::env::temp_dir().join(format!("triwire-instrument-{}-{name}.pem", std::process::id()));
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let error = Connector::new(endpoint.clone(), &Trust { ca: Some(file.clone()), ..Trust::default() }, TIMEOUTS).err();
        assert!(matches!(error, Some(ConnectError::CaFile { .. })), "{name}: {error:?}");
        let _ = std::fs::remove_file(file);
    }
}
