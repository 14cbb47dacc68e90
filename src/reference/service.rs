//! One exchange: from a request head to a reply.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap};
use http::request::Parts;
use http::{Method as Verb, Request, Response, StatusCode, Version};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::Instant;

use super::backend::Backend;
use super::body::Pieces;
use super::codec::{Codec, Parcel};
use super::context::{Caller, Context, Wire};
use super::cors;
use super::failure::{Code, Failure, Language};
use super::frames::{self, Frames, Recognized, Reply};
use super::limits;
use super::manner::Measured;
use super::methods::{Binding, Content, contract};
use super::octets::Octets;
use super::template::{Route, route};

/// The three seams, with whatever is wrapped around them, or one answer to everything.
#[derive(Clone)]
pub struct Seams {
    /// Decides and executes.
    pub backend: Arc<dyn Backend>,
    /// Messages from and to octets.
    pub codec: Arc<dyn Codec>,
    /// Frames, heads and trailers.
    pub frames: Arc<dyn Frames>,
    /// Given without looking at the call.
    pub fixed: Option<Fixed>,
    /// Below HTTP/1.1.
    pub octets: Option<Octets>,
    /// Behaviour in time.
    pub manner: Measured,
}

/// An answer that doesn't depend on the call.
#[derive(Debug, Clone, Copy)]
pub enum Fixed {
    /// By the wire alone.
    Reply(fn(Recognized) -> Reply),
    /// The content that was sent, under the content type that it had.
    Echo,
}

/// Answers one request.
pub async fn answer(seams: &Seams, request: Request<Incoming>) -> Response<Pieces> {
    let (mut head, body) = request.into_parts();
    let is_head = head.method == Verb::HEAD;
    let refused = seams.frames.arrive(&mut head);
    let exchange = Exchange { seams, head: &head };
    let mut reply = match (seams.fixed, refused) {
        (Some(Fixed::Reply(fixed)), _) => fixed(seams.frames.recognize(&head)),
        (Some(Fixed::Echo), _) => echo(&head, body).await,
        (None, Some(status)) => exchange.turn_away(status),
        (None, None) => exchange.reply(body).await,
    };
    cors::share(&head, &mut reply);
    seams.frames.leave(&head, &mut reply);
    if is_head {
        // Ends after the head, whatever the status (RFC 9110, 9.3.2), with the length that GET would have; over HTTP/2 that is ours to see to.
        let length: usize = reply.body.iter().map(bytes::Bytes::len).sum();
        if length > 0 && reply.trailers.is_none() {
            reply.head.insert(CONTENT_LENGTH, length.into());
        }
        reply.body.clear();
        reply.trailers = None;
    }
    let rpc = reply.head.contains_key(frames::ACCEPT_ENCODING);
    // gRPC over HTTP/2 goes without a length; everything else tells it.
    let announced = !(rpc && head.version == Version::HTTP_2);
    let pieces = Pieces::new(reply.body, reply.trailers, announced);
    let pace = seams.manner.pace(pieces.count());
    let mut response = Response::new(pieces.paced(pace));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.head;
    response
}

async fn echo(head: &Parts, body: Incoming) -> Reply {
    let mut reply = Reply::bare(StatusCode::OK);
    reply.head.extend(head.headers.get(CONTENT_TYPE).map(|value| (CONTENT_TYPE, value.clone())));
    // A body that breaks off has nothing to give back.
    reply.body.extend(body.collect().await.map(http_body_util::Collected::to_bytes).ok());
    reply
}

struct Exchange<'a> {
    seams: &'a Seams,
    head: &'a Parts,
}

impl Exchange<'_> {
    async fn reply(&self, body: Incoming) -> Reply {
        let head = self.head;
        let path = head.uri.path();
        if head.version <= Version::HTTP_11 && head.version > Version::HTTP_10 && head.headers.get_all(HOST).iter().count() != 1 {
            // RFC 9112, 3.2
            let text = "exactly one Host field is needed";
            return self.refuse(Failure::new(Code::InvalidArgument, text));
        }
        if head.method == Verb::OPTIONS {
            return self.options(path);
        }
        match self.seams.frames.recognize(head) {
            Recognized::Call(wire, media_type) if self.is_rpc(path) => self.rpc(wire, media_type, true, body).await,
            Recognized::OtherFormat(wire, media_type) if self.is_rpc(path) => self.rpc(wire, media_type, false, body).await,
            Recognized::Other if contract().is_service(path) => {
                self.refuse(if head.method == Verb::POST {
                    // PROTOCOL-HTTP2, "Requests": a content type that doesn't begin with application/grpc.
                    media_type_refused("a gRPC call has a content type that begins with application/grpc")
                } else {
                    method_refused("POST")
                })
            }
            _ => self.json(body).await,
        }
    }

    /// HEAD goes where GET would (RFC 9110, 9.3.2).
    fn route(&self) -> Route<'static> {
        let verb = &self.head.method;
        route(contract(), if *verb == Verb::HEAD { &Verb::GET } else { verb }, self.head.uri.path())
    }

    /// Whether a path is left to the RPC wires: all that the JSON wire doesn't know.
    fn is_rpc(&self, path: &str) -> bool {
        contract().is_service(path) || matches!(route(contract(), &self.head.method, path), Route::Unknown)
    }

    /// Refuses without looking further; with 405 the other methods of the path are told.
    fn turn_away(&self, status: StatusCode) -> Reply {
        let mut failure = Failure::new(Code::InvalidArgument, "refused").with_http(status);
        if status == StatusCode::METHOD_NOT_ALLOWED {
            let mut others = match route(contract(), &Verb::OPTIONS, self.head.uri.path()) {
                Route::OtherMethods(methods) => names(&methods),
                _ => Vec::new(),
            };
            others.retain(|name| *name != self.head.method.as_str());
            // An empty list is one as well (RFC 9110, 10.2.1).
            failure.allow = Some(others.join(", "));
        }
        let mut reply = self.refuse(failure);
        // Without content, so that nothing is said that the status doesn't say.
        reply.body.clear();
        reply.head.remove(CONTENT_TYPE);
        reply
    }

    fn options(&self, path: &str) -> Reply {
        let allowed: Vec<&str> = if contract().is_service(path) {
            vec!["POST"]
        } else {
            // No binding has this method, so all that are there are found.
            match route(contract(), &Verb::OPTIONS, path) {
                Route::OtherMethods(methods) => names(&methods),
                _ => return self.refuse(not_found()),
            }
        };
        cors::options(self.head, &allowed)
    }

    async fn rpc(&self, wire: Wire, media_type: &'static str, spoken: bool, body: Incoming) -> Reply {
        let head = self.head;
        if head.method != Verb::POST {
            return self.refuse(method_refused("POST"));
        }
        if wire == Wire::Grpc && head.version != Version::HTTP_2 {
            let text = "gRPC needs HTTP/2; over HTTP/1.1 there is gRPC-Web";
            let failure = Failure::new(Code::Unimplemented, text);
            return self.refuse(failure.with_http(StatusCode::HTTP_VERSION_NOT_SUPPORTED));
        }
        let mut context = self.context(wire, media_type);
        context.method = contract().method(head.uri.path());
        let mut left = false;
        let outcome = match self.prepare(&context, spoken) {
            Ok(deadline) => self.call(&context, body, deadline).await,
            Err(failure) => {
                left = head.version < Version::HTTP_2 && !drain(body).await;
                Err(failure)
            }
        };
        let mut reply = self.tell(&context, outcome).await;
        if left {
            reply.head.insert(CONNECTION, http::HeaderValue::from_static("close"));
        }
        reply
    }

    async fn tell(&self, context: &Context, outcome: super::backend::Outcome) -> Reply {
        if let Err(failure) = &outcome {
            self.seams.manner.think(failure).await;
        }
        let encoded = self.seams.codec.encode(context, &outcome);
        self.seams.frames.frame(context, encoded)
    }

    /// What can be refused before the message is there.
    fn prepare(&self, context: &Context, spoken: bool) -> Result<Deadline, Failure> {
        let path = self.head.uri.path();
        let unimplemented = |text: String| Err(Failure::new(Code::Unimplemented, text));
        if !spoken {
            return unimplemented("the only message format here is proto".into());
        }
        let Some(method) = context.method else {
            return unimplemented(format!("unknown method {path}"));
        };
        self.seams.backend.offers(method)?;
        let encoding = only(&self.head.headers, "grpc-encoding");
        if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
            return unimplemented("the grpc-encoding is not supported".into());
        }
        self.deadline()
    }

    async fn call(&self, context: &Context, body: Incoming, deadline: Deadline) -> super::backend::Outcome {
        let method = context.method.ok_or_else(not_found)?;
        // Text is a third longer, and one frame head comes on top.
        let limit = match context.wire {
            Wire::GrpcWebText => (self.seams.manner.message() + 5).div_ceil(3) * 4,
            _ => self.seams.manner.message() + 5,
        };
        let body = collect(body, limit, deadline).await?;
        let body = self.seams.frames.unframe(self.head, context, body)?;
        let parcel = Parcel { body, content: Content::Message, variables: Vec::new(), query: String::new() };
        let message = self.seams.codec.decode(context, method, &parcel)?;
        self.execute(context, message, deadline)
    }

    async fn json(&self, body: Incoming) -> Reply {
        let mut context = self.context(Wire::Json, "application/json");
        let outcome = match self.route() {
            Route::Found(binding, variables) => {
                context.method = contract().methods.get(binding.method);
                self.bound(&context, binding, variables, body).await
            }
            Route::OtherMethods(methods) => {
                let mut allowed = names(&methods);
                allowed.push("OPTIONS");
                Err(method_refused(&allowed.join(", ")))
            }
            Route::Unknown => Err(not_found()),
            Route::Malformed => {
                let text = "the path holds a broken percent-encoding";
                Err(Failure::new(Code::InvalidArgument, text))
            }
        };
        self.tell(&context, outcome).await
    }

    async fn bound(
        &self,
        context: &Context,
        binding: &Binding,
        variables: Vec<(String, String)>,
        body: Incoming,
    ) -> super::backend::Outcome {
        let method = context.method.ok_or_else(not_found)?;
        self.seams.backend.offers(method)?;
        if binding.content != Content::Ignored {
            self.json_content()?;
        }
        let deadline = self.deadline()?;
        // Also read where it is ignored: a request that is cut is not executed.
        let body = collect(body, limits::MESSAGE, deadline).await?;
        let parcel =
            Parcel { body, content: binding.content.clone(), variables, query: self.head.uri.query().unwrap_or_default().to_owned() };
        let message = self.seams.codec.decode(context, method, &parcel)?;
        self.execute(context, message, deadline)
    }

    fn execute(&self, context: &Context, message: prost_reflect::DynamicMessage, deadline: Deadline) -> super::backend::Outcome {
        let backend = &self.seams.backend;
        let admitted = backend.admit(context, &caller(self.head))?;
        // From here on nothing waits, so a call that is executed is also answered.
        if deadline.at <= Instant::now() {
            return Err(deadline.expired());
        }
        backend.execute(context, &admitted, message)
    }

    /// No content type, or JSON with whatever parameters; not compressed.
    fn json_content(&self) -> Result<(), Failure> {
        let headers = &self.head.headers;
        let mut types = headers.get_all(CONTENT_TYPE).iter();
        let json = match (types.next(), types.next()) {
            (None, _) => true,
            (Some(one), None) => one.to_str().is_ok_and(|one| {
                let plain = one.split(';').next().unwrap_or_default().trim();
                plain.eq_ignore_ascii_case("application/json")
            }),
            _ => false,
        };
        if !json {
            return Err(media_type_refused("the content type must be application/json"));
        }
        let coded = headers.get_all(CONTENT_ENCODING).iter();
        if coded.into_iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(media_type_refused("content encodings are not supported"));
        }
        Ok(())
    }

    fn deadline(&self) -> Result<Deadline, Failure> {
        let now = Instant::now();
        let asked = match self.head.headers.get("grpc-timeout") {
            Some(value) => Some(timeout(value.as_bytes()).ok_or_else(|| Failure::new(Code::InvalidArgument, "malformed grpc-timeout"))?),
            None => None,
        };
        let asked = asked.filter(|asked| *asked < limits::REQUEST);
        Ok(Deadline { at: now + asked.unwrap_or(limits::REQUEST), own: asked.is_none() })
    }

    fn context(&self, wire: Wire, media_type: &'static str) -> Context {
        let accept = self.head.headers.get(ACCEPT_LANGUAGE);
        let language = Language::of(accept.and_then(|accept| accept.to_str().ok()));
        Context { wire, media_type, method: None, language, is_h2: self.head.version == http::Version::HTTP_2 }
    }

    /// A fault of the HTTP request itself: answered as an error of the JSON wire, whatever was asked.
    fn refuse(&self, failure: Failure) -> Reply {
        let context = self.context(Wire::Json, "application/json");
        let encoded = self.seams.codec.encode(&context, &Err(failure));
        self.seams.frames.frame(&context, encoded)
    }
}

/// When a call is over.
#[derive(Debug, Clone, Copy)]
struct Deadline {
    at: Instant,
    /// Set by this server, not by the caller.
    own: bool,
}

impl Deadline {
    fn expired(self) -> Failure {
        let text = if self.own { "the request took too long to arrive" } else { "deadline exceeded" };
        Failure::new(Code::DeadlineExceeded, text)
    }
}

async fn collect(mut body: Incoming, limit: usize, deadline: Deadline) -> Result<Bytes, Failure> {
    let mut all = BytesMut::new();
    let reading = async {
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                let text = "the request is incomplete";
                return Err(Failure::new(Code::InvalidArgument, text));
            };
            if let Some(data) = frame.data_ref() {
                if all.len() + data.len() > limit {
                    let failure = frames::too_large();
                    return Err(failure.with_http(StatusCode::PAYLOAD_TOO_LARGE));
                }
                all.extend_from_slice(data);
            }
        }
        Ok(())
    };
    match tokio::time::timeout_at(deadline.at, reading).await {
        Ok(read) => read.map(|()| all.freeze()),
        Err(_) => Err(deadline.expired()),
    }
}

/// Takes in what nobody wants, so that the connection can go on (RFC 9112, 9.3); says whether all of it came.
async fn drain(body: Incoming) -> bool {
    let deadline = Deadline { at: Instant::now() + limits::UNWANTED, own: true };
    collect(body, limits::MESSAGE, deadline).await.is_ok()
}

/// `grpc-timeout`: one to eight digits and a unit (PROTOCOL-HTTP2, "Requests").
fn timeout(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if !(1..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    match unit {
        b'H' => Some(Duration::from_secs(number * 3600)),
        b'M' => Some(Duration::from_secs(number * 60)),
        b'S' => Some(Duration::from_secs(number)),
        b'm' => Some(Duration::from_millis(number)),
        b'u' => Some(Duration::from_micros(number)),
        b'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

fn caller(head: &Parts) -> Caller {
    let all = |name: &str| {
        let values = head.headers.get_all(name).iter();
        values.map(|value| value.as_bytes().to_vec()).collect()
    };
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let authority = head.uri.authority().map(http::uri::Authority::as_str);
    let host = authority.or(host).unwrap_or_default();
    Caller { authorization: all(AUTHORIZATION.as_str()), organization: all("x-zitadel-orgid"), host: without_port(host).to_owned() }
}

fn without_port(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// The value of a field that stands once; several give one that nobody knows.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => value.map(http::HeaderValue::as_bytes),
        _ => Some(b""),
    }
}

/// Methods of a path as `Allow` names them: with GET there is HEAD.
fn names<'a>(methods: &[&'a Verb]) -> Vec<&'a str> {
    let with_head = |verb: &&'a Verb| if **verb == Verb::GET { vec!["GET", "HEAD"] } else { vec![verb.as_str()] };
    methods.iter().flat_map(with_head).collect()
}

fn not_found() -> Failure {
    Failure::new(Code::NotFound, "Not Found")
}

fn method_refused(allow: &str) -> Failure {
    let mut failure = Failure::new(Code::Unimplemented, "Method Not Allowed").with_http(StatusCode::METHOD_NOT_ALLOWED);
    failure.allow = Some(allow.to_owned());
    failure
}

fn media_type_refused(text: &str) -> Failure {
    Failure::new(Code::InvalidArgument, text).with_http(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts() {
        assert_eq!(timeout(b"1H"), Some(Duration::from_secs(3600)));
        assert_eq!(timeout(b"99999999H").map(|t| t.as_secs()), Some(359_999_996_400));
        assert_eq!(timeout(b"5m"), Some(Duration::from_millis(5)));
        for bad in ["123456789S", "5", "1x", "-1S", "1.5S", "", "S"] {
            assert_eq!(timeout(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn hosts() {
        assert_eq!(without_port("localhost:80"), "localhost");
        assert_eq!(without_port("[::1]:80"), "::1");
        assert_eq!(without_port("a"), "a");
    }
}
