//! Legal variants of the frames.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, SERVER, SET_COOKIE};

use super::wire::{label, to_trailers};
use super::{ALL, GRPC, JSON, Seam, Variant, WEB, tree};
use crate::reference::context::{Context, Wire};
use crate::reference::frames::{self, Reply, STATUS};

pub(super) static HEADERS_THEN_TRAILERS: Variant = Variant {
    name: "headers-then-trailers",
    spared_by: &["GRPC-TRAILERS-ONLY-SHAPE"],
    wires: GRPC,
    summary: "a gRPC error is a head and trailers instead of a head alone",
    seam: Seam::Reply(|_, reply| {
        let error = reply.head.contains_key(STATUS);
        if error {
            to_trailers(reply);
        }
        error
    }),
};

pub(super) static STATUS_IN_WEB_HEADERS: Variant = Variant {
    name: "status-in-web-headers",
    spared_by: &["WEB-TRAILER-FRAME-PRESENT", "WEB-TRAILERS-ONLY-NO-BODY", "CORS-EXPOSE-STATUS"],
    wires: WEB,
    summary: "the status of a gRPC-Web error stands in the head, and there is no body",
    seam: Seam::Reply(status_in_head),
};

/// Moves the status of an error from its trailer frame into the head.
pub(super) fn status_in_head(context: &Context, reply: &mut Reply) -> bool {
    match tree::web_frames(context, reply).as_slice() {
        [(0x80, block)] => {
            reply.head.extend(tree::fields(block));
            reply.body.clear();
            true
        }
        _ => false,
    }
}

pub(super) static WEB_LAST_ANSWER: Variant = Variant {
    name: "web-last-answer",
    spared_by: &["WEB-KEEPALIVE"],
    wires: WEB,
    summary: "each answer over HTTP/1.1 announces that its connection ends",
    seam: Seam::Leaving(|head, reply| {
        let old = head.version <= http::Version::HTTP_11;
        if old {
            reply.head.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        old
    }),
};

pub(super) static BASE64_PER_FRAME: Variant = Variant {
    name: "base64-per-frame",
    spared_by: &["WEB-TEXT-BASE64-BODY"],
    wires: &["grpc-web-text"],
    summary: "each frame is base64 by itself, so padding stands in the middle",
    seam: Seam::Reply(|context, reply| {
        let all = tree::web_frames(context, reply);
        let text = all.iter().map(|(flag, content)| BASE64_STANDARD.encode(frames::frame(*flag, content)).into());
        reply.body = text.collect();
        true
    }),
};

pub(super) static SPLIT_DATA: Variant = Variant {
    name: "split-data",
    spared_by: &["GRPC-RESPONSE-PREFIX", "WEB-TRAILER-LENGTH"],
    wires: ALL,
    summary: "content is sent in pieces that end at odd places",
    seam: Seam::Reply(|_, reply| {
        split(reply, 1);
        !reply.body.is_empty()
    }),
};

/// Cuts the content into pieces: the first one has so many octets, each further one twice as many and one more.
pub(super) fn split(reply: &mut Reply, first: usize) {
    let mut pieces = Vec::new();
    for mut content in std::mem::take(&mut reply.body) {
        let mut size = first;
        while !content.is_empty() {
            pieces.push(content.split_to(size.min(content.len())));
            size = size * 2 + 1;
        }
    }
    reply.body = pieces;
}

pub(super) static OWN_HEADERS: Variant = Variant {
    name: "own-headers",
    spared_by: &["GRPC-H2-RESPONSE-FIELDS", "HTTP-CONTENT-TYPE-JSON"],
    wires: ALL,
    summary: "answers have cookies and fields of the server's own",
    seam: Seam::Reply(|_, reply| {
        reply.head.append(SET_COOKIE, HeaderValue::from_static("a=1; Path=/; HttpOnly"));
        reply.head.append(SET_COOKIE, HeaderValue::from_static("b=2"));
        reply.head.insert(SERVER, HeaderValue::from_static("elsewhere/1.0 (proxy)"));
        reply.head.insert("x-trace-bin", HeaderValue::from_static("AAEC"));
        if let Some(trailers) = &mut reply.trailers {
            trailers.insert("x-cost", HeaderValue::from_static("1"));
        }
        true
    }),
};

pub(super) static WEB_PLUS_PROTO: Variant = Variant {
    name: "web-plus-proto",
    spared_by: &["WEB-RESPONSE-CONTENT-TYPE"],
    wires: WEB,
    summary: "gRPC-Web answers name their message format, asked or not",
    seam: Seam::Reply(|context, reply| {
        label(
            reply,
            match context.wire {
                Wire::GrpcWebText => "application/grpc-web-text+proto",
                _ => "application/grpc-web+proto",
            },
        )
    }),
};

pub(super) static CHARSET: Variant = Variant {
    name: "charset",
    spared_by: &["HTTP-CONTENT-TYPE-JSON"],
    wires: JSON,
    summary: "the content type of JSON has a charset and capitals",
    seam: Seam::Reply(|_, reply| reply.head.contains_key(CONTENT_TYPE) && label(reply, "Application/JSON; charset=\"UTF-8\"")),
};

pub(super) static TIGHT_TRAILER: Variant = Variant {
    name: "tight-trailer",
    spared_by: &["WEB-TRAILER-BLOCK-FORMAT"],
    wires: WEB,
    summary: "no blank stands after the colon in a trailer frame",
    seam: Seam::Reply(|context, reply| {
        tree::web_block(context, reply, |block| {
            let lines = block.split("\r\n").map(|line| line.replacen(": ", ":", 1));
            lines.collect::<Vec<_>>().join("\r\n")
        })
    }),
};
