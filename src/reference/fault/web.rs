//! Faults of gRPC-Web's framing.

use bytes::Bytes;
use http::header::{HeaderValue, TRAILER};

use super::{Fault, Layer, Seam, WEB, tree};

pub(super) static WEB_TRAILER_UPPER_CASE: Fault = Fault {
    name: "web-trailer-upper-case",
    requirement: "WEB-TRAILER-LOWERCASE",
    kind: "upper-case",
    wires: WEB,
    layer: Layer::Wire,
    summary: "the trailer frame says Grpc-Status",
    seam: Seam::Reply(|context, reply| tree::web_block(context, reply, |block| block.replace("grpc-status:", "Grpc-Status:"))),
};

pub(super) static WEB_STATUS_ONLY_IN_HTTP_TRAILERS: Fault = Fault {
    name: "web-status-only-in-http-trailers",
    requirement: "WEB-TRAILER-FRAME-PRESENT",
    kind: "only-in-http-trailers",
    wires: WEB,
    layer: Layer::Wire,
    summary: "the status is in HTTP trailers, where no browser sees it",
    seam: Seam::Reply(|context, reply| {
        let mut all = tree::web_frames(context, reply);
        let Some(at) = all.iter().position(|(flag, _)| *flag == 0x80) else {
            return false;
        };
        let (_, block) = all.remove(at);
        tree::set_web_frames(context, reply, &all);
        reply.head.insert(TRAILER, HeaderValue::from_static("grpc-status, grpc-message"));
        reply.trailers = Some(tree::fields(&block));
        true
    }),
};

pub(super) static WEB_DATA_AFTER_TRAILERS: Fault = Fault {
    name: "web-data-after-trailers",
    requirement: "WEB-TRAILER-FRAME-LAST",
    kind: "frame-after-trailers",
    wires: WEB,
    layer: Layer::Wire,
    summary: "the trailer frame comes before the message",
    seam: Seam::Reply(|context, reply| {
        let mut all = tree::web_frames(context, reply);
        all.reverse();
        tree::set_web_frames(context, reply, &all);
        all.len() > 1
    }),
};

pub(super) static WEB_TRAILER_FLAG_ODD: Fault = Fault {
    name: "web-trailer-flag-odd",
    requirement: "WEB-TRAILER-FLAG",
    kind: "other-flag",
    wires: WEB,
    layer: Layer::Wire,
    summary: "the trailer frame has the flag 0x82",
    seam: Seam::Reply(|context, reply| {
        let mut all = tree::web_frames(context, reply);
        let mut acted = false;
        for (flag, _) in all.iter_mut().filter(|(flag, _)| *flag == 0x80) {
            *flag = 0x82;
            acted = true;
        }
        tree::set_web_frames(context, reply, &all);
        acted
    }),
};

pub(super) static WEB_TRAILER_BARE_LF: Fault = Fault {
    name: "web-trailer-bare-lf",
    requirement: "WEB-TRAILER-BLOCK-FORMAT",
    kind: "no-final-line-end",
    wires: WEB,
    layer: Layer::Wire,
    summary: "the lines of the trailer frame end with LF alone",
    seam: Seam::Reply(|context, reply| tree::web_block(context, reply, |block| block.replace("\r\n", "\n"))),
};

pub(super) static WEB_TEXT_URL_SAFE: Fault = Fault {
    name: "web-text-url-safe",
    requirement: "WEB-TEXT-BASE64-BODY",
    kind: "foreign-octet",
    wires: &["grpc-web-text"],
    layer: Layer::Wire,
    summary: "text mode is written in the URL-safe alphabet",
    seam: Seam::Reply(|_, reply| {
        let text = String::from_utf8_lossy(&reply.body.concat()).into_owned();
        let bent = text.replace('+', "-").replace('/', "_");
        let acted = bent != text;
        reply.body = vec![Bytes::from(bent)];
        acted
    }),
};
