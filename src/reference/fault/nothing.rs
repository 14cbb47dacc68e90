//! Targets that serve nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::{Act, NullTarget};
use crate::reference::context::Wire;
use crate::reference::frames::{MESSAGE, Recognized, Reply, STATUS, block, frame};
use crate::reference::script;
use crate::reference::service::Fixed;

pub(super) static ALWAYS_404: NullTarget = NullTarget {
    name: "always-404",
    hostile: false,
    summary: "answers everything with 404 and a line of text",
    act: Act::Fixed(Fixed::Reply(|_| content(StatusCode::NOT_FOUND, "text/plain", "404 page not found\n"))),
};

pub(super) static ALWAYS_EMPTY_200: NullTarget = NullTarget {
    name: "always-empty-200",
    hostile: false,
    summary: "answers everything with 200 and {}",
    act: Act::Fixed(Fixed::Reply(|_| content(StatusCode::OK, "application/json", "{}"))),
};

pub(super) static ALWAYS_UNIMPLEMENTED: NullTarget = NullTarget {
    name: "always-unimplemented",
    hostile: false,
    summary: "answers everything with UNIMPLEMENTED in the form of its wire",
    act: Act::Fixed(Fixed::Reply(unimplemented)),
};

pub(super) static ECHO: NullTarget =
    NullTarget { name: "echo", hostile: false, summary: "gives back the content of every request with 200", act: Act::Fixed(Fixed::Echo) };

pub(super) static EMPTY_SUCCESS: NullTarget = NullTarget {
    name: "empty-success",
    hostile: false,
    summary: "answers everything with the status of success and no message",
    act: Act::Fixed(Fixed::Reply(empty_success)),
};

pub(super) static CLOSES: NullTarget =
    NullTarget { name: "closes", hostile: false, summary: "takes connections and closes them", act: Act::Script(script::closes) };

pub(super) static HANGS: NullTarget = NullTarget {
    name: "hangs",
    hostile: false,
    summary: "takes connections and requests, and never answers",
    act: Act::Script(script::hangs),
};

pub(super) static ENDLESS_BODY: NullTarget = NullTarget {
    name: "endless-body",
    hostile: true,
    summary: "content without end, as fast as it is taken",
    act: Act::Script(script::endless_body),
};

pub(super) static GIANT_HEAD: NullTarget =
    NullTarget { name: "giant-head", hostile: true, summary: "a head of 64 MiB", act: Act::Script(script::giant_head) };

pub(super) static SLOW_DRIP: NullTarget = NullTarget {
    name: "slow-drip",
    hostile: true,
    summary: "content of one octet a second, without end",
    act: Act::Script(script::slow_drip),
};

pub(super) static GARBAGE: NullTarget =
    NullTarget { name: "garbage", hostile: true, summary: "64 KiB of octets that are no HTTP", act: Act::Script(script::garbage) };

pub(super) static HALF_CLOSE: NullTarget = NullTarget {
    name: "half-close",
    hostile: true,
    summary: "a part of an answer, then a connection that is closed in one direction",
    act: Act::Script(script::half_close),
};

fn content(status: StatusCode, media_type: &'static str, text: &'static str) -> Reply {
    let mut reply = Reply::bare(status);
    reply.head.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    reply.body.push(text.into());
    reply
}

fn unimplemented(recognized: Recognized) -> Reply {
    match recognized {
        Recognized::Call(wire, media_type) | Recognized::OtherFormat(wire, media_type) if wire != Wire::Json => {
            let mut reply = Reply::bare(StatusCode::OK);
            reply.head.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
            reply.head.insert(STATUS, HeaderValue::from_static("12"));
            reply.head.insert(MESSAGE, HeaderValue::from_static("not implemented"));
            reply
        }
        _ => content(StatusCode::NOT_IMPLEMENTED, "application/json", r#"{"code":12,"message":"not implemented","details":[]}"#),
    }
}

fn empty_success(recognized: Recognized) -> Reply {
    let (wire, media_type) = match recognized {
        Recognized::Call(wire, media_type) | Recognized::OtherFormat(wire, media_type) => (wire, media_type),
        Recognized::Other => (Wire::Json, "application/json"),
    };
    let mut reply = Reply::bare(StatusCode::OK);
    reply.head.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    let status = HeaderMap::from_iter([(STATUS, HeaderValue::from_static("0"))]);
    let trailer_frame = || frame(0x80, &block(&status));
    match wire {
        Wire::Json => {}
        Wire::Grpc => reply.trailers = Some(status),
        Wire::GrpcWeb => reply.body.push(trailer_frame()),
        Wire::GrpcWebText => reply.body.push(STANDARD.encode(trailer_frame()).into()),
    }
    reply
}
