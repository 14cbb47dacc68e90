//! A bare HTTP client: what is sent is what was given, what comes back is kept frame by frame.

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use triwire::reference::{Options, Reference};

pub const BASE: &str = "/management/v1/policies/login";
pub const FACTORS: &str = "/management/v1/policies/login/second_factors";
pub const SERVICE: &str = "/zitadel.management.v1.ManagementService/";
pub const ADD: &str = "/zitadel.management.v1.ManagementService/AddSecondFactorToLoginPolicy";
pub const LIST: &str = "/zitadel.management.v1.ManagementService/ListLoginPolicySecondFactors";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Http {
    One,
    Two,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub head: HeaderMap,
    pub data: Vec<Bytes>,
    pub trailers: Option<HeaderMap>,
    /// The head ended the stream.
    pub head_only: bool,
}

impl Answer {
    pub fn body(&self) -> Vec<u8> {
        self.data.concat()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body()).expect("JSON content")
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.get(name).map(|value| value.to_str().expect("visible ASCII"))
    }

    /// Where gRPC puts it: in the trailers, or in the only head.
    pub fn grpc_status(&self) -> Option<&str> {
        let block = self.trailers.as_ref().unwrap_or(&self.head);
        block.get("grpc-status").and_then(|value| value.to_str().ok())
    }

    /// Frames of a binary gRPC-Web body.
    pub fn web(&self) -> Vec<(u8, Vec<u8>)> {
        frames(&self.body())
    }
}

pub fn frames(mut body: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut all = Vec::new();
    while let [flag, a, b, c, d, rest @ ..] = body {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        all.push((*flag, rest[..length].to_vec()));
        body = &rest[length..];
    }
    assert!(body.is_empty(), "octets after the last frame");
    all
}

pub fn frame(message: &[u8]) -> Vec<u8> {
    let mut frame = vec![0, 0, 0, 0, u8::try_from(message.len()).expect("short")];
    frame.extend_from_slice(message);
    frame
}

pub async fn start() -> Reference {
    Reference::start(Options::default()).await.expect("starts")
}

/// One request on a connection of its own; an error text if no complete answer came.
pub async fn try_send(server: &Reference, http: Http, request: Request<Vec<u8>>) -> Result<Answer, String> {
    let (mut head, body) = request.into_parts();
    let stream = TcpStream::connect(server.addr()).await.map_err(|e| e.to_string())?;
    stream.set_nodelay(true).map_err(|e| e.to_string())?;
    let io = TokioIo::new(stream);
    let body = Full::new(Bytes::from(body));
    let response = match http {
        Http::One => {
            if !head.headers.contains_key("host") {
                let host = server.addr().to_string().parse().expect("a field value");
                head.headers.insert("host", host);
            }
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.map_err(|e| e.to_string())?;
            tokio::spawn(connection);
            sender.send_request(Request::from_parts(head, body)).await
        }
        Http::Two => {
            let path = head.uri.path_and_query().expect("a path").as_str();
            let uri = format!("http://{}{path}", server.addr());
            head.uri = uri.parse().expect("a URI");
            head.version = http::Version::HTTP_2;
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.map_err(|e| e.to_string())?;
            tokio::spawn(connection);
            sender.send_request(Request::from_parts(head, body)).await
        }
    };
    let (head, mut body) = response.map_err(|e| e.to_string())?.into_parts();
    let mut answer = Answer {
        status: head.status,
        head: head.headers,
        data: Vec::new(),
        trailers: None,
        head_only: hyper::body::Body::is_end_stream(&body),
    };
    while let Some(frame) = body.frame().await {
        match frame.map_err(|e| e.to_string())?.into_data() {
            Ok(data) => answer.data.push(data),
            Err(frame) => answer.trailers = frame.into_trailers().ok(),
        }
    }
    Ok(answer)
}

pub async fn send(server: &Reference, http: Http, request: Request<Vec<u8>>) -> Answer {
    try_send(server, http, request).await.expect("an answer")
}

pub fn request(server: &Reference, method: &str, path: &str, body: &[u8]) -> Request<Vec<u8>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", server.token()))
        .body(body.to_vec())
        .expect("a request")
}

pub fn json(server: &Reference, method: &str, path: &str, body: &str) -> Request<Vec<u8>> {
    let mut request = request(server, method, path, body.as_bytes());
    if !body.is_empty() {
        let json = http::HeaderValue::from_static("application/json");
        request.headers_mut().insert("content-type", json);
    }
    request
}

/// A call with one message, framed.
pub fn call(server: &Reference, kind: &'static str, path: &str, message: &[u8]) -> Request<Vec<u8>> {
    framed(server, kind, path, &frame(message))
}

/// A call with a body as it is.
pub fn framed(server: &Reference, kind: &'static str, path: &str, body: &[u8]) -> Request<Vec<u8>> {
    let mut request = request(server, "POST", path, body);
    let headers = request.headers_mut();
    headers.insert("content-type", http::HeaderValue::from_static(kind));
    headers.insert("te", http::HeaderValue::from_static("trailers"));
    request
}

pub fn with(mut request: Request<Vec<u8>>, name: &'static str, value: impl AsRef<[u8]>) -> Request<Vec<u8>> {
    let value = http::HeaderValue::from_bytes(value.as_ref()).expect("a field value");
    request.headers_mut().append(name, value);
    request
}

pub fn without(mut request: Request<Vec<u8>>, name: &str) -> Request<Vec<u8>> {
    request.headers_mut().remove(name);
    request
}

/// Start state of the administrator's organization: a custom policy with these factors.
pub async fn custom(server: &Reference, factors: &str) {
    send(server, Http::One, json(server, "DELETE", BASE, "")).await;
    let body = format!("{{\"secondFactors\":[{factors}]}}");
    let created = send(server, Http::One, json(server, "POST", BASE, &body)).await;
    assert_eq!(created.status, 200, "{created:?}");
}

/// The factors as JSON shows them.
pub async fn list(server: &Reference) -> serde_json::Value {
    let path = format!("{FACTORS}/_search");
    let answer = send(server, Http::One, json(server, "POST", &path, "")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut tree = answer.json();
    tree.get_mut("result").map(serde_json::Value::take).unwrap_or_default()
}
