//! Ordinary clients as second witnesses: what people use against such a server makes the call of the probe.
//!
//! They repair and hide what they receive, so they aren't the instrument: how they fare is a note in the record, and no verdict depends on it.

use std::error::Error;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use hyper_util::rt::TokioIo;
use tonic::Status;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::Service;
use tonic::metadata::MetadataMap;
use tonic::transport::Endpoint;

use super::engine::Engine;
use super::step;
use crate::record::event::{Event, Testimony, Witness};
use crate::target::Capabilities;
use crate::wire::{Call, ConnectError, Connector, Content, HttpVersion, Link, Role, Transport, Wire};

/// A client that hangs is a witness as well; nobody waits for it longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Characters of a client's own words that are kept.
const WORDS: usize = 300;

/// Lets a client call on every wire that one of them speaks and that is live.
pub(super) async fn hear(engine: &Engine<'_>, capabilities: &Capabilities) {
    let is_live = |wire: Wire| Transport::ALL.into_iter().find(|transport| transport.wire == wire && capabilities.has(*transport));
    for (client, wire) in [("reqwest", Wire::Json), ("tonic", Wire::Grpc)] {
        let Some(transport) = is_live(wire) else { continue };
        // The probe was sent already, so that it can't be made is impossible; a witness is no place to say so.
        let Ok(call) = step::probe_call(engine, transport, Role::Probe) else { continue };
        let connector = engine.client.routes().of(wire, Role::Probe).clone();
        let mut task =
            tokio::spawn(async move { if wire == Wire::Json { reqwest(connector, call).await } else { tonic(connector, call).await } });
        let outcome = tokio::select! {
            outcome = &mut task => match outcome {
                Ok(Ok(())) => Testimony::GotThrough,
                Ok(Err(text)) => Testimony::Failed { text: words(engine, &text) },
                Err(error) => Testimony::Panicked { text: words(engine, &panic_text(error)) },
            },
            () = tokio::time::sleep(PATIENCE) => Testimony::Failed { text: format!("no end within {} s", PATIENCE.as_secs()) },
            () = engine.stop.requested() => Testimony::Failed { text: "the run was interrupted".to_owned() },
        };
        task.abort();
        engine.emit(Event::Witness(Witness { client: client.to_owned(), wire, outcome })).await;
    }
}

/// Secrets are replaced before anything is cut off: half a secret would not be found.
fn words(engine: &Engine<'_>, text: &str) -> String {
    engine.scrub(text).chars().take(WORDS).collect()
}

fn panic_text(error: tokio::task::JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else { return "it was cancelled".to_owned() };
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a message").to_owned()
}

/// An error with its causes: the outermost alone says "error sending request".
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The call's fields but those that a client makes itself.
fn fields(call: &Call) -> Result<HeaderMap, String> {
    let own = ["content-type", "te", "user-agent", "accept", "host", "content-length"];
    let mut map = HeaderMap::new();
    for field in call.fields.iter().filter(|field| !own.iter().any(|name| field.is(name))) {
        let name = HeaderName::from_bytes(&field.name.0).map_err(|error| told(&error))?;
        map.append(name, HeaderValue::from_bytes(&field.value.0).map_err(|error| told(&error))?);
    }
    Ok(map)
}

/// Any success with a JSON body, read to its end.
async fn reqwest(connector: Connector, call: Call) -> Result<(), String> {
    let endpoint = connector.endpoint();
    let tls = connector.ordinary_tls().map_err(|error| error.to_string())?;
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        // Neither the environment nor the target may lead it elsewhere: it holds a token.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE);
    if endpoint.authority.is_some() {
        // Dialled is another place than the one that is named.
        let dialled = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port)).await.map_err(|error| told(&error))?;
        let addresses: Vec<SocketAddr> = dialled.collect();
        let named: Uri = format!("{}://{}/", endpoint.scheme(), endpoint.authority()).parse().map_err(|error| told(&error))?;
        builder = builder.resolve_to_addrs(named.host().unwrap_or_default(), &addresses);
    }
    let client = builder.build().map_err(|error| told(&error))?;
    let verb = Method::from_bytes(call.verb.as_bytes()).map_err(|error| told(&error))?;
    let url = format!("{}://{}{}{}", endpoint.scheme(), endpoint.authority(), endpoint.prefix, call.path);
    let mut request = client.request(verb, url).headers(fields(&call)?);
    if let Content::Octets(octets) = call.content {
        request = request.header(http::header::CONTENT_TYPE, "application/json").body(octets);
    }
    let answer = request.send().await.map_err(|error| told(&error.without_url()))?;
    let status = answer.status();
    if !status.is_success() {
        return Err(format!("HTTP status {status}"));
    }
    let _: serde_json::Value = answer.json().await.map_err(|error| told(&error.without_url()))?;
    Ok(())
}

/// A unary call that ends with OK and one message.
async fn tonic(connector: Connector, call: Call) -> Result<(), String> {
    let endpoint = connector.endpoint().clone();
    let origin: Uri =
        format!("{}://{}{}", endpoint.scheme(), endpoint.authority(), endpoint.prefix).parse().map_err(|error| told(&error))?;
    let channel =
        Endpoint::from(origin.clone()).timeout(PATIENCE).connect_with_connector(Dial(connector)).await.map_err(|error| told(&error))?;
    let mut client = Grpc::with_origin(channel, origin);
    client.ready().await.map_err(|error| told(&error))?;
    let path: PathAndQuery = call.path.parse().map_err(|error| told(&error))?;
    let metadata = MetadataMap::from_headers(fields(&call)?);
    let Content::Octets(framed) = call.content else { return Err("the probe has no message".to_owned()) };
    // The client frames the message itself.
    let message = Bytes::from(framed).slice(5..);
    let request = tonic::Request::from_parts(metadata, tonic::Extensions::default(), message);
    client.unary(request, path, Raw).await.map(|_| ()).map_err(|status| format!("{:?}: {}", status.code(), status.message()))
}

/// Opens connections as the instrument does.
struct Dial(Connector);

impl Service<Uri> for Dial {
    type Response = TokioIo<Link>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let connector = self.0.clone();
        Box::pin(async move { connector.connect(HttpVersion::H2).await.map(TokioIo::new) })
    }
}

/// Messages as octets.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, octets: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(octets.copy_to_bytes(octets.remaining())))
    }
}
