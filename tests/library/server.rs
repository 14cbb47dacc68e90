//! A lending library on JSON, gRPC and gRPC-Web, by hand: no line of it is shared with the reference target.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response, Version};
use http_body::Frame;
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use prost::Message;
use serde_json::{Value, json};

pub const TOKEN: &str = "a-librarian-s-token";

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The filter in the query string is not obeyed on JSON.
    IgnoresQuery,
    /// `response_body` is not unwrapped.
    WrapsBook,
    /// A list on JSON has no titles.
    ForgetsTitles,
    /// Two books may have one ISBN.
    ReplacesBook,
}

#[derive(Clone, PartialEq, Message)]
struct Book {
    #[prost(string, tag = "1")]
    isbn: String,
    #[prost(string, tag = "2")]
    title: String,
    #[prost(string, tag = "3")]
    author: String,
}

#[derive(Clone, PartialEq, Message)]
struct AddBook {
    #[prost(string, tag = "1")]
    shelf: String,
    #[prost(message, optional, tag = "2")]
    book: Option<Book>,
}

#[derive(Clone, PartialEq, Message)]
struct AddedBook {
    #[prost(message, optional, tag = "1")]
    book: Option<Book>,
}

#[derive(Clone, PartialEq, Message)]
struct ListBooks {
    #[prost(string, tag = "1")]
    shelf: String,
    #[prost(string, tag = "2")]
    author: String,
}

#[derive(Clone, PartialEq, Message)]
struct Books {
    #[prost(message, repeated, tag = "1")]
    books: Vec<Book>,
}

#[derive(Clone, PartialEq, Message)]
struct Hours {
    #[prost(string, tag = "1")]
    opens: String,
}

enum Call {
    Add(AddBook),
    List(ListBooks),
    Hours,
}

enum Answer {
    Added(Book),
    Listed(Vec<Book>),
    Hours,
}

/// A code and a message.
type Refusal = (u8, &'static str);

const INVALID: u8 = 3;
const NOT_FOUND: u8 = 5;
const EXISTS: u8 = 6;
const UNIMPLEMENTED: u8 = 12;
const UNAUTHENTICATED: u8 = 16;

struct Library {
    fault: Fault,
    shelves: Mutex<BTreeMap<String, Vec<Book>>>,
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Serves on a free port until the process ends; its address.
pub fn start(fault: Fault) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let library = Arc::new(Library { fault, shelves: Mutex::default() });
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((socket, _)) = listener.accept().await {
                let library = Arc::clone(&library);
                let service = hyper::service::service_fn(move |request| {
                    let library = Arc::clone(&library);
                    async move { Ok::<_, Infallible>(library.answer(request).await) }
                });
                tokio::spawn(async move {
                    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
    });
    url
}

impl Library {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let content = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let known = head.headers.get("authorization").is_some_and(|value| value == &format!("Bearer {TOKEN}"));
        let kind = head.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let web = kind.starts_with("application/grpc-web") && !kind.contains("text");
        match head.uri.path().strip_prefix("/library.v1.Library/") {
            Some(method) if web || (kind.starts_with("application/grpc") && !kind.contains("web") && head.version == Version::HTTP_2) => {
                let outcome = self.checked(known, || binary(method, &content));
                if web { web_answer(outcome) } else { grpc_answer(outcome) }
            }
            Some(_) => whole(415, "text/plain", Bytes::new()),
            None => {
                let call = || json_call(head.method.as_str(), head.uri.path(), head.uri.query().unwrap_or_default(), &content, self.fault);
                self.json_answer(self.checked(known, call))
            }
        }
    }

    fn checked(&self, known: bool, call: impl FnOnce() -> Result<Call, Refusal>) -> Result<Answer, Refusal> {
        let call = call()?;
        if !known {
            return Err((UNAUTHENTICATED, "who are you?"));
        }
        let mut shelves = self.shelves.lock().expect("no panic");
        match call {
            Call::Hours => Ok(Answer::Hours),
            Call::List(list) => {
                let books = shelves.get(&list.shelf).ok_or((NOT_FOUND, "no such shelf"))?;
                let wanted = |book: &&Book| list.author.is_empty() || book.author == list.author;
                Ok(Answer::Listed(books.iter().filter(wanted).cloned().collect()))
            }
            Call::Add(add) => {
                let book = add.book.filter(|book| !book.isbn.is_empty()).ok_or((INVALID, "a book has an ISBN"))?;
                let books = shelves.entry(add.shelf).or_default();
                if let Some(there) = books.iter().position(|there| there.isbn == book.isbn) {
                    if self.fault != Fault::ReplacesBook {
                        return Err((EXISTS, "the shelf has this ISBN"));
                    }
                    books.remove(there);
                }
                books.push(book.clone());
                Ok(Answer::Added(book))
            }
        }
    }

    fn json_answer(&self, outcome: Result<Answer, Refusal>) -> Response<Body> {
        let (status, value) = match outcome {
            Ok(Answer::Hours) => (200, json!({ "opens": "09:00" })),
            Ok(Answer::Added(book)) if self.fault == Fault::WrapsBook => (200, json!({ "book": written(&book) })),
            Ok(Answer::Added(book)) => (200, written(&book)),
            Ok(Answer::Listed(books)) if self.fault == Fault::ForgetsTitles => {
                (200, json!({ "books": books.iter().map(|book| json!({ "isbn": book.isbn, "author": book.author })).collect::<Vec<_>>() }))
            }
            Ok(Answer::Listed(books)) => (200, json!({ "books": books.iter().map(written).collect::<Vec<_>>() })),
            Err((code, message)) => {
                let status = match code {
                    INVALID => 400,
                    NOT_FOUND => 404,
                    EXISTS => 409,
                    UNAUTHENTICATED => 401,
                    _ => 501,
                };
                (status, json!({ "code": code, "message": message, "details": [] }))
            }
        };
        let mut response = whole(status, "application/json", value.to_string().into());
        if status == 401 {
            response.headers_mut().insert("www-authenticate", HeaderValue::from_static("Bearer"));
        }
        response
    }
}

fn written(book: &Book) -> Value {
    json!({ "isbn": book.isbn, "title": book.title, "author": book.author })
}

/// The call of a JSON request: shelf from the path, filter from the query, book from the content.
fn json_call(verb: &str, path: &str, query: &str, content: &[u8], fault: Fault) -> Result<Call, Refusal> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let segments: Vec<String> =
        path.split('/').skip(1).map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (verb, segments.as_slice()) {
        ("GET", ["v1", "hours"]) => Ok(Call::Hours),
        ("GET", ["v1", "shelves", shelf, "books"]) => {
            let author = query.split('&').find_map(|pair| pair.strip_prefix("author=")).filter(|_| fault != Fault::IgnoresQuery);
            Ok(Call::List(ListBooks { shelf: (*shelf).to_owned(), author: author.map(decoded).unwrap_or_default() }))
        }
        ("POST", ["v1", "shelves", shelf, "books"]) => {
            let book: Value = serde_json::from_slice(content).map_err(|_| (INVALID, "this is no JSON"))?;
            let text = |name: &str| book.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let book = Book { isbn: text("isbn"), title: text("title"), author: text("author") };
            Ok(Call::Add(AddBook { shelf: (*shelf).to_owned(), book: Some(book) }))
        }
        (_, ["v1", ..]) => Err((UNIMPLEMENTED, "no such method")),
        _ => Err((NOT_FOUND, "no such place")),
    }
}

/// The call of a framed message.
fn binary(method: &str, content: &[u8]) -> Result<Call, Refusal> {
    let message = content.get(5..).ok_or((INVALID, "no message"))?;
    let wrong = |_| (INVALID, "this is no message");
    match method {
        "AddBook" => Ok(Call::Add(AddBook::decode(message).map_err(wrong)?)),
        "ListBooks" => Ok(Call::List(ListBooks::decode(message).map_err(wrong)?)),
        "GetHours" => Ok(Call::Hours),
        _ => Err((UNIMPLEMENTED, "no such method")),
    }
}

fn framed(flags: u8, message: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(flags);
    frame.put_u32(u32::try_from(message.len()).expect("short"));
    frame.put_slice(message);
    frame.freeze()
}

fn encoded(answer: Answer) -> Bytes {
    framed(
        0,
        &match answer {
            Answer::Hours => Hours { opens: "09:00".to_owned() }.encode_to_vec(),
            Answer::Added(book) => AddedBook { book: Some(book) }.encode_to_vec(),
            Answer::Listed(books) => Books { books }.encode_to_vec(),
        },
    )
}

fn parts(outcome: Result<Answer, Refusal>) -> (Option<Bytes>, u8, String) {
    match outcome {
        Ok(answer) => (Some(encoded(answer)), 0, String::new()),
        Err((code, message)) => (None, code, percent_encode(message.as_bytes(), NON_ALPHANUMERIC).to_string()),
    }
}

fn grpc_answer(outcome: Result<Answer, Refusal>) -> Response<Body> {
    let (message, code, text) = parts(outcome);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", u16::from(code).into());
    if code != 0 {
        trailers.insert("grpc-message", text.parse().expect("a value"));
    }
    let frames = message.map(Frame::data).into_iter().chain([Frame::trailers(trailers)]);
    response(200, "application/grpc", frames.collect())
}

fn web_answer(outcome: Result<Answer, Refusal>) -> Response<Body> {
    let (message, code, text) = parts(outcome);
    let text = if code == 0 { String::new() } else { format!("grpc-message: {text}\r\n") };
    let last = framed(0x80, format!("grpc-status: {code}\r\n{text}").as_bytes());
    response(200, "application/grpc-web+proto", message.into_iter().chain([last]).map(Frame::data).collect())
}

fn whole(status: u16, kind: &'static str, content: Bytes) -> Response<Body> {
    response(status, kind, vec![Frame::data(content)])
}

fn response(status: u16, kind: &'static str, frames: Vec<Frame<Bytes>>) -> Response<Body> {
    let body = Frames(frames.into()).boxed_unsync();
    Response::builder().status(status).header("content-type", kind).body(body).expect("a response")
}

/// Frames one after the other.
struct Frames(VecDeque<Frame<Bytes>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}
