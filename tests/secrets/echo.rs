//! A server that gives the credential of each call back, in every form that its answer has room for.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use triwire::contract::{Contract, message};
use triwire::wire::to_hex;

type Answer = Response<BoxBody<Bytes, Infallible>>;

/// Calls until now: all, and those that may be answered in any way on JSON, gRPC, gRPC-Web and its text form.
#[derive(Default)]
struct Calls {
    all: AtomicUsize,
    free: [AtomicUsize; 4],
    /// What tells start states apart, by organization: it is shown again, so that trials come to their own calls.
    tags: Mutex<HashMap<String, String>>,
}

impl Calls {
    /// Keeps the tag of a request that has one, and gives the latest of the organization.
    fn tag(&self, organization: &str, content: &[u8]) -> String {
        let text = String::from_utf8_lossy(content);
        let mut tags = self.tags.lock().unwrap();
        if let Some(at) = text.find(TAG) {
            let digits = text[at + TAG.len()..].chars().take_while(char::is_ascii_digit);
            tags.insert(organization.to_owned(), digits.collect());
        }
        tags.get(organization).map_or_else(String::new, |digits| format!("{TAG}{digits}"))
    }
}

/// What a tag begins with.
const TAG: &str = "https://triwire.example/";

/// Starts it; it ends with the runtime.
pub async fn start() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let calls = Arc::new(Calls::default());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let calls = Arc::clone(&calls);
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let calls = Arc::clone(&calls);
                    async move { Ok::<_, Infallible>(answer(request, &calls).await) }
                });
                let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

/// Gives back what it receives, octet for octet: heads as they were compressed, lines that are no status line.
pub async fn start_mirror() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut octets = vec![0; 16 * 1024];
                while let Ok(count @ 1..) = stream.read(&mut octets).await {
                    if stream.write_all(&octets[..count]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

/// A text with the token in it: the number chooses the form.
fn form(token: &str, number: usize) -> String {
    match number % 10 {
        0 => format!("you are {token}."),
        1 => token.bytes().map(|octet| format!("%{octet:02x}")).collect(),
        2 => token.char_indices().map(|(at, c)| if at % 3 == 0 { format!("%{:02X}", c as u8) } else { c.to_string() }).collect(),
        3 => STANDARD.encode(token),
        4 => STANDARD.encode(format!("1{token}")),
        5 => URL_SAFE.encode(format!("12{token}")),
        6 => to_hex(token.as_bytes()),
        7 => to_hex(token.as_bytes()).to_uppercase(),
        8 => twice(token),
        _ => format!("ab{}", URL_SAFE.encode(format!("Bearer {token} of yours"))),
    }
}

fn twice(token: &str) -> String {
    STANDARD.encode(STANDARD.encode(token))
}

/// The message of an operation with the form in a field that the contract has.
fn told(operation: &str, form: &str, tag: &str) -> Value {
    let details = json!({ "sequence": "1", "resourceOwner": form });
    match operation {
        "GetLoginPolicy" => json!({ "policy": { "details": details, "defaultRedirectUri": tag } }),
        // Captured and used on: it stands in later requests, in the journal and in the list of what is left.
        "AddOrg" => json!({ "id": form, "details": details }),
        // No text has room in it.
        "ListLoginPolicySecondFactors" => json!({}),
        _ => json!({ "details": details }),
    }
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

/// A length-delimited protobuf field.
fn field(number: u8, octets: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = octets.len();
    while length > 127 {
        out.push(u8::try_from(length & 127).unwrap() | 128);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap());
    out.extend_from_slice(octets);
    out
}

fn frame(flags: u8, payload: &[u8]) -> Vec<u8> {
    [&[flags], u32::try_from(payload.len()).unwrap().to_be_bytes().as_slice(), payload].concat()
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap()
}

async fn answer(request: Request<Incoming>, calls: &Calls) -> Answer {
    let number = calls.all.fetch_add(1, Ordering::Relaxed);
    let (head, content) = request.into_parts();
    let content = content.collect().await.map(|all| all.to_bytes()).unwrap_or_default();
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let authorization = text("authorization");
    let token = authorization.strip_prefix("Bearer ").unwrap_or("nobody");
    let kind = text("content-type");
    let contract = Contract::built_in();
    let method = if kind.starts_with("application/grpc") {
        contract.descriptors.method(head.uri.path().trim_start_matches('/'))
    } else {
        contract.descriptors.route(head.method.as_str(), head.uri.path()).map(|(method, _)| method)
    };
    let name = method.map(|method| method.full_name()).unwrap_or_default();
    let operation = name.rsplit('/').next().unwrap_or_default();
    let form = form(token, number);
    let message = told(operation, &form, &calls.tag(&text("x-zitadel-orgid"), &content));
    let begins = ["application/grpc", "application/grpc-web", "application/grpc-web-text"];
    let wire = begins.iter().filter(|begin| kind.starts_with(**begin)).count();
    // What the run needs to go on is answered well, mostly; ordinary clients are told more.
    let way = match operation {
        "GetLoginPolicy" if text("user-agent").contains("tonic") => 1,
        "GetLoginPolicy" => 0,
        "AddOrg" | "AddCustomLoginPolicy" | "ListLoginPolicySecondFactors" if !number.is_multiple_of(11) => 0,
        "ResetLoginPolicyToDefault" | "RemoveSecondFactorFromLoginPolicy" if !number.is_multiple_of(11) => [0, 1, 3][number % 3],
        // Each wire has each way, the compressed one first: it has to occur however few calls there are.
        _ => (calls.free[wire].fetch_add(1, Ordering::Relaxed) + 2) % 5,
    };
    let mut answer = if kind.starts_with("application/grpc") {
        let octets = method.map(|method| message::encode(&message, &method.output).unwrap()).unwrap_or_default();
        binary(&kind, &octets, token, &form, way)
    } else {
        json_answer(&message, token, &form, way)
    };
    let fields = answer.headers_mut();
    fields.insert("x-echo", value(&authorization));
    fields.insert("x-form", value(&form));
    fields.insert("set-cookie", value(&format!("session={token}; Path=/")));
    answer
}

fn json_answer(message: &Value, token: &str, form: &str, way: usize) -> Answer {
    let full = |octets: Vec<u8>| BoxBody::new(Full::new(Bytes::from(octets)));
    let plain = message.to_string();
    let escaped: String = token.bytes().map(|octet| format!("\\u{octet:04x}")).collect();
    let (status, kind, coding, body) = match way {
        0 => (200, "application/json", "", plain.into_bytes()),
        1 => {
            let error = json!({ "code": 5, "message": form, "details": [{ "@type": "type.googleapis.com/zitadel.v1.ErrorDetail", "id": form, "message": token }] });
            (404, "application/json", "", error.to_string().into_bytes())
        }
        2 => (200, "application/json", "gzip", gzip(plain.as_bytes())),
        3 => (200, "application/octet-stream", "", gzip(plain.as_bytes())),
        _ => (404, "application/json", "", format!(r#"{{"code": 5, "message": "{escaped}", "{token}": "{form}"}}"#).into_bytes()),
    };
    let mut answer = Response::builder().status(status).header("content-type", kind);
    if !coding.is_empty() {
        answer = answer.header("content-encoding", coding);
    }
    answer.body(full(body)).unwrap()
}

fn binary(kind: &str, message: &[u8], token: &str, form: &str, way: usize) -> Answer {
    let is_text = kind.starts_with("application/grpc-web-text");
    let is_web = kind.starts_with("application/grpc-web");
    let code = if way % 2 == 1 { 5 } else { 0 };
    let data = match way {
        0 => frame(0, message),
        2 => frame(1, &gzip(message)),
        _ => Vec::new(),
    };
    // The details are base64 already; base64 is looked for inside base64, but not inside that once more.
    let inner = if form == twice(token) { token } else { form };
    let any = [field(1, b"type.googleapis.com/zitadel.v1.ErrorDetail"), field(2, &field(1, inner.as_bytes()))].concat();
    let status = [vec![8, code], field(2, token.as_bytes()), field(3, &any)].concat();
    let spelled: String = token.bytes().map(|octet| format!("%{octet:02X}")).collect();
    let trailers = [
        ("grpc-status", code.to_string()),
        ("grpc-message", if way == 3 { spelled } else { form.to_owned() }),
        ("grpc-status-details-bin", STANDARD_NO_PAD.encode(&status)),
        ("x-trailer", token.to_owned()),
    ];
    let answer =
        Response::builder().status(200).header("content-type", kind).header("grpc-encoding", if way == 2 { "gzip" } else { "identity" });
    if !is_web {
        let map: HeaderMap = trailers.iter().map(|(name, text)| (http::HeaderName::from_static(name), value(text))).collect();
        let frames = [Ok(Frame::data(Bytes::from(data))), Ok(Frame::trailers(map))];
        return answer.body(BoxBody::new(StreamBody::new(tonic::codegen::tokio_stream::iter(frames)))).unwrap();
    }
    let block: String = trailers.iter().map(|(name, text)| format!("{name}: {text}\r\n")).collect();
    let last = frame(0x80, block.as_bytes());
    let body = match (is_text, way) {
        (false, _) => [data, last].concat(),
        // Padded after each flush, as gRPC-Web allows.
        (true, 4) => [STANDARD.encode(data), STANDARD.encode(last)].concat().into_bytes(),
        (true, _) => STANDARD.encode([data, last].concat()).into_bytes(),
    };
    answer.body(BoxBody::new(Full::new(Bytes::from(body)))).unwrap()
}
