//! A call in the form in which it goes out on its HTTP version, and the record of what that is.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};

use super::body::Collector;
use super::{Call, Content, Field, HarnessFault, HttpVersion, Octets, Sent};
use crate::target::Endpoint;

/// A call made ready for the connection.
pub(super) struct Outgoing {
    pub(super) sent: Sent,
    pub(super) message: Message,
    pub(super) content: Option<Bytes>,
}

/// The head in the form of the HTTP version.
pub(super) enum Message {
    H1 {
        head: Vec<u8>,
        closes: bool,
    },
    /// The library wants a request by value, and a call may be sent twice: clone it.
    H2(Box<http::Request<()>>),
}

impl Outgoing {
    /// A call whose frames are written by ourselves, with its fields as they are given.
    pub(super) fn laid_out(endpoint: &Endpoint, mut call: Call) -> (Sent, Vec<u8>) {
        let authority =
            call.fields.iter().position(|field| field.is(":authority")).map(|at| call.fields.remove(at).value.text().into_owned());
        let content = match call.content {
            Content::None => Vec::new(),
            Content::Octets(octets) => octets,
        };
        let sent = Sent {
            verb: call.verb,
            scheme: endpoint.scheme().to_owned(),
            authority: authority.unwrap_or_else(|| endpoint.authority()),
            path: format!("{}{}", endpoint.prefix, call.path),
            fields: call.fields,
            content: Collector::of(&content),
            raw: false,
        };
        (sent, content)
    }

    /// Puts the target's prefix before the path and adds what the HTTP version needs.
    pub(super) fn new(endpoint: &Endpoint, mut call: Call) -> Result<Self, HarnessFault> {
        // The name of the target is one thing with two forms: `Host` and `:authority`.
        let mut endpoint = std::borrow::Cow::Borrowed(endpoint);
        if let Some(at) = call.fields.iter().position(|field| field.is(":authority")) {
            endpoint.to_mut().authority = Some(call.fields.remove(at).value.text().into_owned());
        }
        let endpoint = &*endpoint;
        let path = format!("{}{}", endpoint.prefix, call.path);
        let (message, fields) = match call.transport.http {
            HttpVersion::H1 => h1(endpoint, &call, &path)?,
            HttpVersion::H2 => h2(endpoint, &call, &path)?,
        };
        let content = match call.content {
            Content::None => None,
            Content::Octets(octets) => Some(Bytes::from(octets)),
        };
        let sent = Sent {
            verb: call.verb,
            scheme: endpoint.scheme().to_owned(),
            authority: endpoint.authority(),
            path,
            fields,
            content: Collector::of(content.as_deref().unwrap_or_default()),
            raw: false,
        };
        Ok(Self { sent, message, content })
    }
}

fn unsendable<T>(call: &Call, what: impl Into<String>, why: impl ToString) -> Result<T, HarnessFault> {
    Err(HarnessFault::Unsendable { transport: call.transport, what: what.into(), why: why.to_string() })
}

/// The head of an HTTP/1.1 request (RFC 9112, 3): the fields as they are given, `Host` before and `Content-Length` behind them.
fn h1(endpoint: &Endpoint, call: &Call, path: &str) -> Result<(Message, Vec<Field>), HarnessFault> {
    let has = |name| call.fields.iter().any(|field| field.is(name));
    let mut fields = Vec::with_capacity(call.fields.len() + 2);
    if !has("host") {
        fields.push(Field::new("Host", endpoint.authority()));
    }
    fields.extend_from_slice(&call.fields);
    // A method that means content has a length even without any (RFC 9110, 8.6).
    let length = match &call.content {
        Content::Octets(octets) => Some(octets.len()),
        Content::None => matches!(call.verb.as_str(), "POST" | "PUT" | "PATCH").then_some(0),
    };
    if let Some(length) = length
        && !has("content-length")
        && !has("transfer-encoding")
    {
        fields.push(Field::new("Content-Length", length.to_string()));
    }
    let mut head = format!("{} {path} HTTP/1.1\r\n", call.verb).into_bytes();
    // A line break would make two messages of one: never by accident.
    let breaks = |octets: &[u8]| octets.iter().any(|octet| matches!(octet, b'\r' | b'\n'));
    if breaks(call.verb.as_bytes()) || breaks(path.as_bytes()) {
        return unsendable(call, "the request line", "it has a line break");
    }
    for Field { name, value } in &fields {
        if breaks(&name.0) || breaks(&value.0) {
            return unsendable(call, format!("the field `{}`", name.text()), "it has a line break");
        }
        head.extend_from_slice(&[&name.0, &b": "[..], &value.0, b"\r\n"].concat());
    }
    head.extend_from_slice(b"\r\n");
    let closes = call
        .fields
        .iter()
        .filter(|field| field.is("connection"))
        .any(|field| field.value.0.split(|octet| *octet == b',').any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close")));
    Ok((Message::H1 { head, closes }, fields))
}

/// The head of an HTTP/2 request. The library's map of fields keeps the order of names and puts the values of a name together; that order is
/// recorded.
fn h2(endpoint: &Endpoint, call: &Call, path: &str) -> Result<(Message, Vec<Field>), HarnessFault> {
    let authority = endpoint.authority();
    let uri = match http::Uri::builder().scheme(endpoint.scheme()).authority(authority.as_str()).path_and_query(path).build() {
        Ok(uri) => uri,
        Err(error) => return unsendable(call, format!("the path `{path}` of `{authority}`"), error),
    };
    if uri.path_and_query().is_none_or(|parsed| parsed.as_str() != path) {
        return unsendable(call, format!("the path `{path}`"), "the HTTP/2 library changes it");
    }
    let Ok(method) = http::Method::from_bytes(call.verb.as_bytes()) else {
        return unsendable(call, format!("the method `{}`", call.verb), "it is no token");
    };
    let mut request = http::Request::new(());
    *request.version_mut() = http::Version::HTTP_2;
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    for field in &call.fields {
        let what = || format!("the field `{}`", field.name.text());
        let (name, value) = match (HeaderName::from_lowercase(&field.name.0), HeaderValue::from_bytes(&field.value.0)) {
            (Ok(name), Ok(value)) => (name, value),
            // Names are lower case on HTTP/2 (RFC 9113, 8.2.1); a case doesn't have to think of that.
            (Err(_), Ok(value)) => match HeaderName::from_bytes(&field.name.0) {
                Ok(name) => (name, value),
                Err(error) => return unsendable(call, what(), error),
            },
            (_, Err(error)) => return unsendable(call, what(), error),
        };
        if is_connection_specific(&name, &value) {
            return unsendable(call, what(), "HTTP/2 has no connection-specific fields (RFC 9113, 8.2.2)");
        }
        if let Err(error) = headers.try_append(name, value) {
            return unsendable(call, what(), error);
        }
    }
    let fields =
        headers.iter().map(|(name, value)| Field { name: name.as_str().into(), value: Octets(value.as_bytes().to_vec()) }).collect();
    Ok((Message::H2(Box::new(request)), fields))
}

fn is_connection_specific(name: &HeaderName, value: &HeaderValue) -> bool {
    match name.as_str() {
        "connection" | "proxy-connection" | "keep-alive" | "transfer-encoding" | "upgrade" => true,
        "te" => value != "trailers",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Intent, Role, Transport, Wire};

    fn outgoing(http: HttpVersion, verb: &str, path: &str, fields: &[(&str, &str)], content: Content) -> Result<Outgoing, HarnessFault> {
        let endpoint = Endpoint { authority: Some("api.example:1".to_owned()), ..Endpoint::parse("http://127.0.0.1:9/prefix").unwrap() };
        let intent = Intent { role: Role::Trial, rpc: None, defect: None, area: None, profile: None };
        let fields = fields.iter().map(|(name, value)| Field::new(name, value)).collect();
        let call =
            Call { transport: Transport::new(Wire::Json, http), verb: verb.to_owned(), path: path.to_owned(), fields, content, intent };
        Outgoing::new(&endpoint, call)
    }

    fn h1_head(verb: &str, fields: &[(&str, &str)], content: Content) -> String {
        match outgoing(HttpVersion::H1, verb, "/a?b", fields, content).map(|outgoing| outgoing.message) {
            Ok(Message::H1 { head, .. }) => String::from_utf8(head).unwrap(),
            _ => String::new(),
        }
    }

    #[test]
    fn an_h1_head_is_written_as_given() {
        let fields = [("X-b", "1"), ("x-A", "2"), ("X-b", "3")];
        assert_eq!(
            h1_head("GET", &fields, Content::None),
            "GET /prefix/a?b HTTP/1.1\r\nHost: api.example:1\r\nX-b: 1\r\nx-A: 2\r\nX-b: 3\r\n\r\n"
        );
        assert!(h1_head("POST", &[], Content::None).ends_with("\r\nContent-Length: 0\r\n\r\n"));
        assert!(h1_head("DELETE", &[], Content::Octets(b"{}".to_vec())).ends_with("\r\nContent-Length: 2\r\n\r\n"));
        assert_eq!(
            h1_head("POST", &[("host", "h"), ("content-length", "9")], Content::Octets(Vec::new())),
            "POST /prefix/a?b HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\n"
        );
    }

    #[test]
    fn what_cannot_be_sent_is_the_harness_fault() {
        let bad = |http, path, fields: &[(&str, &str)]| outgoing(http, "GET", path, fields, Content::None).is_err();
        assert!(bad(HttpVersion::H1, "/", &[("a", "1\r\nb: 2")]));
        assert!(bad(HttpVersion::H1, "/ HTTP/1.1\r\nx: y", &[]));
        assert!(bad(HttpVersion::H2, "/#x", &[]), "the library drops fragments");
        assert!(bad(HttpVersion::H2, "/", &[("connection", "close")]));
        assert!(bad(HttpVersion::H2, "/", &[("te", "gzip")]));
        assert!(bad(HttpVersion::H2, "/", &[("a b", "1")]));
        assert!(!bad(HttpVersion::H2, "/", &[("X-A", "\u{e9}")]));
    }
}
