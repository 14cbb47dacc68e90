//! An exchange as text: heads, content by the form of its wire, trailers and end.

use base64::Engine as _;

use super::page::{DIM, PLAIN, short};
use crate::wire::{Body, End, Exchange, Field, HttpVersion, Phase, Wire, to_hex};

/// Characters of a text body that are shown, and octets of a binary one.
const MOST_TEXT: usize = 1200;
const MOST_OCTETS: usize = 64;
/// Fields and frames that are shown.
const MOST_LINES: usize = 40;

/// A line with its mark: requests have `>`, responses `<`.
pub(super) struct Line {
    pub(super) style: anstyle::Style,
    pub(super) mark: &'static str,
    pub(super) text: String,
}

/// The exchange line by line.
pub(super) fn lines(exchange: &Exchange) -> Vec<Line> {
    let mut lines = Vec::new();
    let version = version(exchange.transport.http);
    let (sent, received) = (&exchange.sent, &exchange.received);
    let wire = exchange.transport.wire;
    let mut put = |style, mark, text: &str| lines.push(Line { style, mark, text: text.to_owned() });

    put(PLAIN, ">", &format!("{} {} {version}", sent.verb, sent.path));
    if !sent.fields.iter().any(|field| field.is("host") || field.is(":authority")) {
        put(PLAIN, ">", &format!("host: {}", sent.authority));
    }
    fields(&sent.fields, |text| put(PLAIN, ">", text));
    content(&sent.content, wire, |text| put(PLAIN, ">", text));
    for head in &received.heads {
        put(PLAIN, "<", &format!("{version} {}", head.status.map_or_else(|| "without a status".to_owned(), |status| status.to_string())));
        fields(&head.fields, |text| put(PLAIN, "<", text));
    }
    if let Some(coding) = &received.undone_coding {
        put(DIM, "<", &format!("(content-encoding {coding} undone)"));
    }
    content(&received.content, wire, |text| put(PLAIN, "<", text));
    if let Some(trailers) = &received.trailers {
        put(DIM, "<", "(trailers)");
        fields(trailers, |text| put(PLAIN, "<", text));
    }
    if let Some(frames) = &received.frames {
        let names: Vec<String> = frames.iter().take(MOST_LINES).map(|frame| frame_name(frame.kind, frame.flags, frame.length)).collect();
        put(DIM, "<", &format!("(HTTP/2 frames: {})", names.join(", ")));
    }
    put(DIM, "<", &format!("({})", end(&received.end)));
    lines
}

/// `HTTP/1.1` or `HTTP/2`.
const fn version(http: HttpVersion) -> &'static str {
    match http {
        HttpVersion::H1 => "HTTP/1.1",
        HttpVersion::H2 => "HTTP/2",
    }
}

fn fields(fields: &[Field], mut put: impl FnMut(&str)) {
    // The status stands in the line above.
    for field in fields.iter().filter(|field| !field.is(":status")).take(MOST_LINES) {
        put(&format!("{}: {}", field.name.text(), short(&field.value.text(), 400)));
    }
    if fields.len() > MOST_LINES {
        put(&format!("... {} fields in all", fields.len()));
    }
}

fn content(body: &Body, wire: Wire, mut put: impl FnMut(&str)) {
    if body.length == 0 {
        return;
    }
    put("");
    let octets = &body.kept.0;
    match wire {
        Wire::Json => text_or_octets(octets, &mut put),
        Wire::Grpc | Wire::GrpcWeb => frames(octets, &mut put),
        Wire::GrpcWebText => match undo_base64(octets) {
            Some(opened) => {
                put("(base64 of:)");
                frames(&opened, &mut put);
            }
            None => text_or_octets(octets, &mut put),
        },
    }
    if body.reencoded {
        put("(encoded anew, for a secret was replaced in it)");
    }
    if !body.is_whole() {
        put(&format!("(the first {} of {} octets were kept)", octets.len(), body.length));
    }
}

fn text_or_octets(octets: &[u8], put: &mut impl FnMut(&str)) {
    match std::str::from_utf8(octets) {
        Ok(text) => put(&short(text, MOST_TEXT)),
        Err(_) => put(&hex(octets)),
    }
}

fn hex(octets: &[u8]) -> String {
    let shown = &octets[..octets.len().min(MOST_OCTETS)];
    let pairs: Vec<String> = shown.iter().map(|octet| to_hex(&[*octet])).collect();
    let more = if octets.len() > MOST_OCTETS { format!(" ... ({} octets in all)", octets.len()) } else { String::new() };
    format!("{}{more}", pairs.join(" "))
}

/// A length-prefixed frame of a gRPC body.
pub(super) struct Framed<'a> {
    pub(super) flags: u8,
    pub(super) payload: &'a [u8],
}

/// Whole frames and what is left.
pub(super) fn split(mut rest: &[u8]) -> (Vec<Framed<'_>>, &[u8]) {
    let mut all = Vec::new();
    while let [flags, a, b, c, d, after @ ..] = rest {
        let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX);
        if length > after.len() {
            break;
        }
        let (payload, next) = after.split_at(length);
        all.push(Framed { flags: *flags, payload });
        rest = next;
    }
    (all, rest)
}

/// The fields of a trailer frame as text, where they are text.
pub(super) fn trailer_text<'a>(frame: &Framed<'a>) -> Option<&'a str> {
    (frame.flags & 0x81 == 0x80).then(|| std::str::from_utf8(frame.payload).ok()).flatten()
}

fn frames(octets: &[u8], put: &mut impl FnMut(&str)) {
    let (all, rest) = split(octets);
    for frame in all.iter().take(MOST_LINES) {
        let prefix = format!("frame, flags 0x{:02x}, length {}:", frame.flags, frame.payload.len());
        match trailer_text(frame) {
            Some(text) => {
                put(&format!("{prefix} trailers"));
                for line in text.split("\r\n").filter(|line| !line.is_empty()).take(MOST_LINES) {
                    put(&format!("  {}", short(line, 400)));
                }
            }
            None => put(&format!("{prefix} {}", hex(frame.payload))),
        }
    }
    if all.len() > MOST_LINES {
        put(&format!("... {} frames in all", all.len()));
    }
    if !rest.is_empty() {
        put(&format!("{} octets that are no whole frame:", rest.len()));
        text_or_octets(rest, put);
    }
}

/// Undoes base64 quantum by quantum: gRPC-Web pads each flush.
pub(super) fn undo_base64(text: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    let mut octets = Vec::with_capacity(text.len() / 4 * 3);
    for quantum in text.chunks(4) {
        octets.extend(base64::engine::general_purpose::STANDARD.decode(quantum).ok()?);
    }
    Some(octets)
}

fn frame_name(kind: u8, flags: u8, length: u32) -> String {
    let name = match kind {
        0 => "DATA",
        1 => "HEADERS",
        3 => "RST_STREAM",
        7 => "GOAWAY",
        8 => "WINDOW_UPDATE",
        9 => "CONTINUATION",
        other => return format!("type {other} length {length}"),
    };
    let last = if matches!(kind, 0 | 1) && flags & 1 == 1 { " END_STREAM" } else { "" };
    format!("{name} {length}{last}")
}

/// How an exchange ended, in words.
pub(super) fn end(end: &End) -> String {
    let because = |what: &str, text: &str| if text.is_empty() { what.to_owned() } else { format!("{what}: {text}") };
    match end {
        End::Complete => "complete".to_owned(),
        End::Reset { code } => format!("the stream was reset with error code {code}"),
        End::GoAway { code } => format!("the connection was shut down with GOAWAY, error code {code}"),
        End::Closed { text } => because("the connection ended before the response was complete", text),
        End::TimedOut { phase } => {
            let waited = match phase {
                Phase::Connect => "the connection",
                Phase::Request => "the sending of the request",
                Phase::Window => "room in the target's window",
                Phase::Head => "the response head",
                Phase::Content => "the next octet",
                Phase::Whole => "the end",
            };
            format!("time ran out while waiting for {waited}")
        }
        End::NoConnection { text } => because("no connection", text),
        End::Malformed { text } => because("malformed", text),
        End::TooLarge { text } => because("cut, for it is too large", text),
        End::Interrupted => "the run was interrupted".to_owned(),
    }
}

/// The answer in a few words: status, gRPC status, beginning of the content.
pub(super) fn answer(exchange: &Exchange) -> String {
    let received = &exchange.received;
    let Some(head) = received.head() else { return end(&received.end) };
    let mut words = vec![head.status.map_or_else(|| "no status".to_owned(), |status| format!("HTTP {status}"))];
    let wire = exchange.transport.wire;
    if wire == Wire::Json {
        if received.content.length > 0 {
            words.push(short(&received.content.kept.text(), 160));
        }
    } else {
        let opened;
        let octets = if wire == Wire::GrpcWebText {
            opened = undo_base64(&received.content.kept.0).unwrap_or_default();
            &opened
        } else {
            &received.content.kept.0
        };
        let (frames, _) = split(octets);
        let block: String = frames.iter().filter_map(trailer_text).collect();
        for name in ["grpc-status", "grpc-message"] {
            let in_frame = block.split("\r\n").filter_map(|line| line.split_once(':')).find(|(key, _)| key.eq_ignore_ascii_case(name));
            let value = in_frame.map(|(_, value)| value.trim().to_owned()).or_else(|| {
                let all = received.trailers.iter().flatten().chain(&head.fields);
                all.into_iter().find(|field| field.is(name)).map(|field| field.value.text().into_owned())
            });
            if let Some(value) = value {
                words.push(format!("{name} {}", short(&value, 160)));
            }
        }
        if let Some(message) = frames.iter().find(|frame| frame.flags & 0x80 == 0) {
            words.push(format!("message of {} octets", message.payload.len()));
        }
    }
    if received.end != End::Complete {
        words.push(end(&received.end));
    }
    words.join(", ")
}
