//! Faults of how the frames of HTTP/2 carry a gRPC call, of time-outs, and of the sizes of messages.

use bytes::Bytes;
use http::StatusCode;
use http::Version;
use http::header::{CONTENT_TYPE, HeaderValue};

use super::grpc_head::TIMEOUT;
use super::http_requests::refuse;
use super::macros::wire_fault;
use super::{GRPC, Heard, Seam, WEB, tree};
use crate::reference::context::Wire;
use crate::reference::failure::Code;
use crate::reference::frames::{self, Recognized};
use crate::reference::limits;
use crate::reference::manner::Manner;
use crate::reference::octets::{Below, Frame};

const WITHOUT_TEXT: &[&str] = &["grpc", "grpc-web"];
const TEXT: &[&str] = &["grpc-web-text"];

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;
const END_STREAM: u8 = 1;
const NO_ERROR: [u8; 4] = [0, 0, 0, 0];
const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// A fault in the frames of the client as the server sees them, or in its own: name, requirement, kind, summary, which side, how.
macro_rules! frames {
    ($static:ident, $name:literal, $requirement:literal, $kind:literal, $summary:literal, $side:ident, $bend:expr) => {
        wire_fault!($static, $name, $requirement, $kind, GRPC, $summary, Seam::Octets(&Below { $side: $bend, ..Below::NOTHING }));
    };
}

frames!(
    PREFIX_IN_ONE_FRAME,
    "prefix-in-one-frame",
    "GRPC-DATA-SPLIT",
    "refused",
    "the five octets before a message are looked for in one frame",
    asked,
    |frame| {
        // No flag that there is, so that the message is refused.
        let short = frame.kind == DATA && (1..5).contains(&frame.payload.len()) && frame.flags & END_STREAM == 0;
        if short {
            frame.payload[0] = 0xff;
        }
        short
    }
);

frames!(
    EMPTY_FRAME_AS_MESSAGE,
    "empty-frame-as-message",
    "GRPC-END-STREAM-EMPTY-DATA",
    "refused",
    "an empty frame that ends a request is taken for another message",
    asked,
    |frame| {
        let empty = frame.kind == DATA && frame.payload.is_empty() && frame.flags & END_STREAM != 0;
        if empty {
            frame.payload = vec![0; 5];
        }
        empty
    }
);

frames!(
    NAMES_LOWERED,
    "names-lowered",
    "GRPC-H2-MALFORMED-HEADERS",
    "http-status-differs",
    "a name in upper case is put into lower case",
    asked,
    |frame| frame.kind == HEADERS && frame.replace(b"\x06X-Conf", b"\x06x-conf")
);

frames!(
    CONNECTION_FIELD_DROPPED,
    "connection-field-dropped",
    "GRPC-H2-MALFORMED-HEADERS",
    "http-status-differs",
    "a field that speaks of the connection is passed over",
    asked,
    |frame| frame.kind == HEADERS && frame.replace(b"\x0aconnection\x05close", b"\x0ax-nnection\x05close")
);

frames!(
    LENGTH_IGNORED_OVER_H2,
    "length-ignored-over-h2",
    "GRPC-H2-CONTENT-LENGTH",
    "not-refused",
    "over HTTP/2 the announced length isn't looked at",
    asked,
    |frame| frame.kind == HEADERS && frame.replace(b"\x0econtent-length", b"\x0ex-ntent-length")
);

frames!(
    WINDOW_IGNORED,
    "window-ignored",
    "GRPC-H2-FLOW-CONTROL",
    "malformed",
    "content is sent whether the window of the stream has room or not",
    asked,
    |frame| frame.kind == SETTINGS && frame.replace(&[0, 4, 0, 0, 0, 0], &[0, 4, 0, 0, 0xff, 0xff])
);

frames!(
    WINDOW_NEVER_GIVEN_BACK,
    "window-never-given-back",
    "GRPC-H2-WINDOW-REFUND",
    "end-differs",
    "what was received never gives room for more on the connection",
    answered,
    |frame| lose(frame, |frame| frame.kind == WINDOW_UPDATE && frame.stream == 0)
);

frames!(
    CANCEL_ENDS_CONNECTION,
    "cancel-ends-connection",
    "GRPC-H2-CANCEL",
    "end-differs",
    "a call that is cancelled takes its connection along",
    asked,
    |frame| {
        let cancelled = frame.kind == RST_STREAM && frame.payload == CANCEL;
        if cancelled {
            frame.stream = 0;
        }
        cancelled
    }
);

frames!(
    STREAM_LEFT_OPEN,
    "stream-left-open",
    "GRPC-EARLY-CLOSE",
    "end-differs",
    "an early answer leaves the client's half of the stream open",
    answered,
    |frame| lose(frame, |frame| frame.kind == RST_STREAM && frame.payload == NO_ERROR)
);

wire_fault!(
    STATUS_LOST_OVER_HTTP1,
    "status-lost-over-http1",
    "GRPC-HTTP1-NOT-EXECUTED",
    "no-alternative",
    GRPC,
    "a call over HTTP/1.1 is executed, and its status is where no client of gRPC looks",
    Seam::Head(|head| {
        let old = head.version < Version::HTTP_2;
        if old {
            head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc-web"));
        }
        Heard::bent(old)
    })
);

wire_fault!(
    TIMEOUT_IGNORED,
    "timeout-ignored",
    "GRPC-TIMEOUT-EXPIRED",
    "accepted",
    WITHOUT_TEXT,
    "a call is executed however late its message comes",
    Seam::Head(|head| Heard::bent(head.headers.remove(&TIMEOUT).is_some()))
);

wire_fault!(
    EXPIRED_AS_UNKNOWN,
    "expired-as-unknown",
    "GRPC-TIMEOUT-EXPIRED",
    "code-differs",
    WITHOUT_TEXT,
    "a deadline that is over is told as UNKNOWN",
    Seam::Outcome(|_, outcome| told(outcome, Code::DeadlineExceeded, Code::Unknown))
);

wire_fault!(
    MINUTES_AS_MILLISECONDS,
    "minutes-as-milliseconds",
    "GRPC-TIMEOUT-UNITS",
    "refused",
    GRPC,
    "the unit M is read as m",
    Seam::Head(|head| {
        let minute = head.headers.get(&TIMEOUT).is_some_and(|value| value == "1M");
        if minute {
            head.headers.insert(TIMEOUT, HeaderValue::from_static("1m"));
        }
        Heard::bent(minute)
    })
);

wire_fault!(
    NANOSECONDS_UNKNOWN,
    "nanoseconds-unknown",
    "GRPC-TIMEOUT-UNITS",
    "accepted",
    GRPC,
    "a time-out in nano-seconds is none",
    Seam::Head(|head| {
        let nano = head.headers.get(&TIMEOUT).is_some_and(|value| value.as_bytes().ends_with(b"n"));
        Heard::bent(nano && head.headers.remove(&TIMEOUT).is_some())
    })
);

wire_fault!(
    LIMIT_IGNORED,
    "limit-ignored",
    "GRPC-MESSAGE-TOO-LARGE",
    "not-refused",
    WITHOUT_TEXT,
    "messages beyond the limit are executed",
    Seam::Several(&[
        Seam::Manner(&Manner { message: limits::MESSAGE * 16, ..Manner::PLAIN }),
        Seam::Framed(|_, _, body| sized(body, |length| length > limits::MESSAGE, |_| frames::frame(0, &[8, 1]).to_vec())),
    ])
);

wire_fault!(
    LIMIT_REFUSED,
    "limit-refused",
    "GRPC-MESSAGE-TOO-LARGE",
    "refused",
    WITHOUT_TEXT,
    "a message of exactly the limit is refused",
    Seam::Framed(|_, _, body| sized(body, |length| length == limits::MESSAGE, |body| [&[0, 0xff, 0xff, 0xff, 0xff], &body[5..]].concat()))
);

wire_fault!(
    ANNOUNCED_LENGTH_IGNORED,
    "announced-length-ignored",
    "GRPC-MESSAGE-TOO-LARGE",
    "not-refused",
    WITHOUT_TEXT,
    "of a message of 4 GiB what came is executed",
    Seam::Framed(|_, _, body| {
        let announced = body.starts_with(&[0, 0xff, 0xff, 0xff, 0xff]);
        if announced {
            *body = frames::frame(0, &body[5..]);
        }
        announced
    })
);

wire_fault!(
    OVERSIZED_OUT_OF_RANGE,
    "oversized-out-of-range",
    "GRPC-LIBRARY-CODES",
    "code-differs",
    WITHOUT_TEXT,
    "a message beyond the limit is refused as OUT_OF_RANGE",
    Seam::Outcome(|_, outcome| told(outcome, Code::ResourceExhausted, Code::OutOfRange))
);

wire_fault!(
    WEB_NOT_OVER_HTTP1,
    "web-not-over-http1",
    "WEB-HTTP1",
    "not-offered",
    WEB,
    "gRPC-Web is served over HTTP/2 alone",
    Seam::Head(|head| refuse(head.version < Version::HTTP_2, StatusCode::HTTP_VERSION_NOT_SUPPORTED))
);

wire_fault!(
    WEB_CUT_OVER_HTTP1,
    "web-cut-over-http1",
    "WEB-HTTP1",
    "not-offered",
    WEB,
    "over HTTP/1.1 the length of an answer is counted before its trailers are complete",
    Seam::Reply(|context, reply| {
        let all = tree::web_frames(context, reply);
        let octets: Vec<u8> = all.iter().flat_map(|(flag, content)| frames::frame(*flag, content).to_vec()).collect();
        let cut = !context.is_h2 && !octets.is_empty();
        if cut {
            tree::set_web_octets(context, reply, &octets[..octets.len() - 1]);
        }
        cut
    })
);

wire_fault!(
    WEB_NOT_OVER_HTTP2,
    "web-not-over-http2",
    "WEB-HTTP2",
    "not-offered",
    WEB,
    "gRPC-Web is served over HTTP/1.1 alone",
    Seam::Head(|head| refuse(head.version == Version::HTTP_2, StatusCode::HTTP_VERSION_NOT_SUPPORTED))
);

wire_fault!(
    WEB_NATIVE_OVER_HTTP2,
    "web-native-over-http2",
    "WEB-HTTP2",
    "no-status",
    WEB,
    "over HTTP/2 a list ends with trailers of HTTP",
    Seam::Reply(|context, reply| {
        let native = context.is_h2 && is_list(context);
        if native {
            let all = tree::web_frames(context, reply);
            let block = all.iter().find(|(flag, _)| *flag == 0x80).map(|(_, block)| tree::fields(block));
            let messages: Vec<(u8, Bytes)> = all.into_iter().filter(|(flag, _)| *flag == 0).collect();
            tree::set_web_frames(context, reply, &messages);
            reply.trailers = block;
        }
        native
    })
);

wire_fault!(
    TEXT_AS_BINARY,
    "text-as-binary",
    "WEB-TEXT-SUPPORTED",
    "refused",
    TEXT,
    "text under its longer name is read as if it were frames",
    Seam::Recognized(|_, recognized| match *recognized {
        Recognized::Call(Wire::GrpcWebText, "application/grpc-web-text+proto") => {
            *recognized = Recognized::Call(Wire::GrpcWeb, "application/grpc-web+proto");
            true
        }
        _ => false,
    })
);

/// Takes a frame away.
fn lose(frame: &mut Frame, when: impl Fn(&Frame) -> bool) -> bool {
    frame.lost = when(frame);
    frame.lost
}

/// Tells one code as another.
fn told(outcome: &mut super::Outcome, from: Code, to: Code) -> bool {
    match outcome {
        Err(failure) if failure.code == from => {
            failure.code = to;
            true
        }
        _ => false,
    }
}

/// Changes a request by the length of its message.
fn sized(body: &mut Bytes, when: impl Fn(usize) -> bool, bend: impl Fn(&[u8]) -> Vec<u8>) -> bool {
    let fits = body.len().checked_sub(5).is_some_and(when);
    if fits {
        *body = bend(body).into();
    }
    fits
}

fn is_list(context: &super::Context) -> bool {
    context.method.is_some_and(|method| method.path.ends_with("/ListLoginPolicySecondFactors"))
}
