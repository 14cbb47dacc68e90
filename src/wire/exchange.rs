//! What was sent and what came back, as values.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Transport;

/// Octets that are usually text. In JSON: a string where they are UTF-8 without control characters other than tab, CR and LF, else `{"hex": "..."}`.
#[derive(Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Octets(pub Vec<u8>);

impl Octets {
    /// The octets as text, with U+FFFD where they are not UTF-8.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl<T: AsRef<[u8]> + ?Sized> From<&T> for Octets {
    fn from(octets: &T) -> Self {
        Self(octets.as_ref().to_vec())
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        match std::str::from_utf8(&self.0) {
            Ok(text) if !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n')) => serializer.serialize_str(text),
            _ => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("hex", &to_hex(&self.0))?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text.into_bytes())),
            other => other
                .get("hex")
                .and_then(serde_json::Value::as_str)
                .and_then(from_hex)
                .map(Self)
                .ok_or_else(|| D::Error::custom("octets are a string or {\"hex\": \"...\"}")),
        }
    }
}

/// Lower-case hexadecimal.
#[must_use]
pub fn to_hex(octets: &[u8]) -> String {
    use fmt::Write;
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// Octets of a hexadecimal text; white space between octets is free. `None` where it is none.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// A header or trailer field as it stood on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The name in the letter case that was sent.
    pub name: Octets,
    /// The value, without the optional white space around it on HTTP/1.1.
    pub value: Octets,
}

impl Field {
    /// A field.
    pub fn new(name: &str, value: impl AsRef<[u8]>) -> Self {
        Self { name: name.into(), value: Octets(value.as_ref().to_vec()) }
    }

    /// Whether the field has this name; letter case is ignored (RFC 9110, 5.1).
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.0.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A step of a test case.
    Trial,
    /// Set-up, reset or removal of a fixture.
    Fixture,
    /// A question of the preflight.
    Probe,
    /// Provisioning at an address beside the thing under test: what it answers is judged by nobody.
    Beside,
}

/// The place of a declared defect of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Defect {
    /// Another HTTP method than the binding's.
    Method,
    /// A path that no operation is bound to.
    Path,
    /// A header field that breaks a rule.
    Head,
    /// A content type that the wire doesn't have.
    ContentType,
    /// Broken framing of the content.
    Frame,
    /// Content that doesn't decode to the request message.
    Message,
}

/// What the engine knows of a request; passive checks choose by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// What it is for.
    pub role: Role,
    /// The operation, `package.Service/Method`, where one is meant.
    pub rpc: Option<String>,
    /// The declared defect; `None`: a well-formed call of a bound operation.
    pub defect: Option<Defect>,
    /// Area of the case that sent it, e.g. `state`.
    pub area: Option<String>,
    /// Profile of the case that sent it, e.g. `core`.
    pub profile: Option<String>,
}

/// The content of a request, already in the form of the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// No content: no DATA frame, no body.
    None,
    /// These octets, with a content length where the HTTP version has one.
    Octets(Vec<u8>),
}

/// A request made ready for a transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The transport.
    pub transport: Transport,
    /// HTTP method.
    pub verb: String,
    /// Path with query, without the target's prefix (the connector puts it in front).
    pub path: String,
    /// Fields in order, without `host`, `content-length` and the pseudo-fields.
    pub fields: Vec<Field>,
    /// The content.
    pub content: Content,
    /// What the engine knows of it.
    pub intent: Intent,
}

/// The kept part of a body.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Body {
    /// The first octets, at most [`Body::KEEP`].
    pub kept: Octets,
    /// Octets in all.
    pub length: u64,
    /// SHA-256 of all octets in hexadecimal, where more came than was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// A secret was replaced inside base64 or compressed octets, which were encoded anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reencoded: bool,
}

impl Body {
    /// Octets of a body that are kept: 256 KiB.
    pub const KEEP: usize = 256 * 1024;

    /// A whole body.
    #[must_use]
    pub fn whole(octets: Vec<u8>) -> Self {
        Self { length: octets.len() as u64, kept: Octets(octets), sha256: None, reencoded: false }
    }

    /// Whether all octets were kept.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.length == self.kept.0.len() as u64
    }
}

/// A request as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// HTTP method.
    pub verb: String,
    /// `http` or `https`.
    pub scheme: String,
    /// `Host` or `:authority`.
    pub authority: String,
    /// Path with query, with the target's prefix.
    pub path: String,
    /// Fields in order, as sent.
    pub fields: Vec<Field>,
    /// The content.
    pub content: Body,
    /// Octets were sent as a script had them; the members above are what can be read of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub raw: bool,
}

/// A header block that opens a response: status and fields in order. 1xx heads come before the final one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The status; `None` where the block has none that can be read.
    pub status: Option<u16>,
    /// Fields in the order in which they were received, duplicates kept, pseudo-fields included.
    pub fields: Vec<Field>,
}

impl Head {
    /// Values of the fields of this name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |field| field.is(name)).map(|field| field.value.0.as_slice())
    }

    /// The first value of this name as text.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.fields.iter().find(|field| field.is(name)).map(|field| field.value.text())
    }
}

/// A frame of the call's stream on HTTP/2 (RFC 9113, 4.1), in order of arrival; payloads of DATA are in the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Frame type: 0 DATA, 1 HEADERS, 3 RST_STREAM, 8 WINDOW_UPDATE, 9 CONTINUATION ...
    pub kind: u8,
    /// Flags: 0x1 END_STREAM, 0x4 END_HEADERS, 0x8 PADDED.
    pub flags: u8,
    /// Length of the payload.
    pub length: u32,
}

/// How an HTTP/1.1 response delimited its content (RFC 9112, 6.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// No content by the rules (HEAD, 1xx, 204, 304).
    None,
    /// `Content-Length: n`.
    Length(u64),
    /// Chunked; whether the last chunk arrived.
    Chunked {
        /// The zero chunk was seen.
        last: bool,
    },
    /// Until the connection closed.
    Close,
}

/// What the client waited for when time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// TCP and TLS.
    Connect,
    /// The request was not sent to its end.
    Request,
    /// Room in the window of the target, so that sending could go on.
    Window,
    /// The response head.
    Head,
    /// The next octet of the content.
    Content,
    /// The whole exchange.
    Whole,
}

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "how")]
pub enum End {
    /// The response is complete by its own framing.
    Complete,
    /// RST_STREAM with this error code.
    Reset {
        /// The HTTP/2 error code.
        code: u32,
    },
    /// GOAWAY with this error code ended the call.
    GoAway {
        /// The HTTP/2 error code.
        code: u32,
    },
    /// The connection ended before the response was complete.
    Closed {
        /// What the operating system said, if anything.
        text: String,
    },
    /// Time ran out.
    TimedOut {
        /// While waiting for this.
        phase: Phase,
    },
    /// No connection came about; nothing of the request was sent.
    NoConnection {
        /// Why.
        text: String,
    },
    /// What came is not HTTP of this version.
    Malformed {
        /// What is wrong.
        text: String,
    },
    /// More came than the bounds allow; cut.
    TooLarge {
        /// Which bound.
        text: String,
    },
    /// The run was interrupted.
    Interrupted,
}

/// All that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Heads in order: informational ones, then the final one.
    pub heads: Vec<Head>,
    /// The content after HTTP's own framing and content coding are undone.
    pub content: Body,
    /// The `content-encoding` that was undone, e.g. `gzip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_coding: Option<String>,
    /// The trailer block after the content: HTTP/2 HEADERS or the chunked trailer section.
    pub trailers: Option<Vec<Field>>,
    /// HTTP/2: the frames of the call's stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<Vec<Frame>>,
    /// HTTP/1.1: how the content was delimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framing: Option<Framing>,
    /// How it ended.
    pub end: End,
}

impl Received {
    /// The final head: the last one whose status is not 1xx.
    #[must_use]
    pub fn head(&self) -> Option<&Head> {
        self.heads.iter().rev().find(|head| !matches!(head.status, Some(100..=199)))
    }
}

/// Micro-seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Timing {
    /// When the exchange began, since the start of the run.
    pub at: u64,
    /// Until the connection stood (0 on a reused one).
    pub connect: u64,
    /// Until the final head was there.
    pub head: u64,
    /// Until the end.
    pub total: u64,
}

/// One request and all that came back, raw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Number within the run, from 1.
    pub id: u64,
    /// The transport it ran on.
    pub transport: Transport,
    /// What the engine knows of the request.
    pub intent: Intent,
    /// The request.
    pub sent: Sent,
    /// The response.
    pub received: Received,
    /// Durations.
    pub timing: Timing,
}
