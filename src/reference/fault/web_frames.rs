//! Faults of the frames of gRPC-Web: their flags, their lengths, their number, and the lines of the block of trailers.

use std::io::Write as _;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};

use super::http_requests::has;
use super::macros::wire_fault;
use super::{Context, Reply, Seam, Variant, WEB, tree};
use crate::reference::context::Wire;
use crate::reference::frames;

/// Frames with their flags.
type Frames = Vec<(u8, Bytes)>;

macro_rules! web {
    ($static:ident, $name:literal, $requirement:literal, $kind:literal, $summary:literal, $seam:expr) => {
        wire_fault!($static, $name, $requirement, $kind, WEB, $summary, Seam::Reply($seam));
    };
}

web!(
    WEB_TRAILERS_SAY_COMPRESSED,
    "web-trailers-say-compressed",
    "WEB-TRAILER-FLAG",
    "other-flag",
    "the trailer frame has the flag 0x81, though nothing is compressed",
    |context, reply| frames_of(context, reply, |all| all
        .iter_mut()
        .filter(|(flag, _)| *flag == 0x80)
        .map(|(flag, _)| *flag = 0x81)
        .count()
        > 0)
);

web!(
    WEB_TRAILER_LF_BETWEEN,
    "web-trailer-lf-between",
    "WEB-TRAILER-BLOCK-FORMAT",
    "bare-line-feed",
    "all lines of the trailer frame but the last one end with LF alone",
    |context, reply| tree::web_block(context, reply, |block| format!("{}\r\n", block.trim_end().replace("\r\n", "\n")))
);

web!(
    WEB_TRAILER_EMPTY_LINE,
    "web-trailer-empty-line",
    "WEB-TRAILER-BLOCK-FORMAT",
    "final-empty-line",
    "the trailer frame ends with an empty line",
    |context, reply| tree::web_block(context, reply, |block| format!("{block}\r\n"))
);

web!(
    WEB_TRAILER_BLANK_BETWEEN,
    "web-trailer-blank-between",
    "WEB-TRAILER-BLOCK-FORMAT",
    "empty-line",
    "an empty line stands between the lines of the trailer frame",
    |context, reply| tree::web_block(context, reply, |block| block.replacen("\r\n", "\r\n\r\nx-cost: 1\r\n", 1))
);

web!(
    WEB_TRAILER_LINE_OPEN,
    "web-trailer-line-open",
    "WEB-TRAILER-BLOCK-FORMAT",
    "no-final-line-end",
    "the last line of the trailer frame has no end",
    |context, reply| tree::web_block(context, reply, |block| block.trim_end().to_owned())
);

web!(
    WEB_MESSAGE_BEHIND_TRAILERS,
    "web-message-behind-trailers",
    "WEB-TRAILER-FRAME-LAST",
    "frame-after-trailers",
    "a message follows the trailer frame",
    |context, reply| frames_of(context, reply, |all| {
        all.push((0, Bytes::new()));
        true
    })
);

web!(
    WEB_TWO_TRAILER_FRAMES,
    "web-two-trailer-frames",
    "WEB-TRAILER-FRAME-LAST",
    "several-trailer-frames",
    "the trailer frame is sent twice",
    |context, reply| frames_of(context, reply, |all| {
        let last = all.last().filter(|(flag, _)| *flag == 0x80).cloned();
        let there = last.is_some();
        all.extend(last);
        there
    })
);

web!(
    WEB_NO_TRAILER_FRAME,
    "web-no-trailer-frame",
    "WEB-TRAILER-FRAME-LAST",
    "no-trailer-frame",
    "an answer ends with its message",
    |context, reply| frames_of(context, reply, |all| {
        let before = all.len();
        all.retain(|(flag, _)| *flag != 0x80);
        all.len() < before
    })
);

web!(WEB_CUT_TRAILERS, "web-cut-trailers", "WEB-TRAILER-LENGTH", "length-differs", "the trailer frame is cut off", |context, reply| {
    octets_of(context, reply, |octets| {
        octets.truncate(octets.len().saturating_sub(3));
    })
});

web!(
    WEB_JUNK_AT_END,
    "web-junk-at-end",
    "WEB-TRAILER-FRAME-LAST",
    "octets-after-trailers",
    "octets that are no frame follow the trailer frame",
    |context, reply| octets_of(context, reply, |octets| octets.extend_from_slice(b"\r\n"))
);

web!(
    WEB_STATUS_NOWHERE,
    "web-status-nowhere",
    "WEB-TRAILER-FRAME-PRESENT",
    "no-status",
    "the trailer frame has no grpc-status",
    |context, reply| tree::web_block(context, reply, |block| block.replace("grpc-status:", "x-status:"))
);

wire_fault!(
    WEB_TRAILERS_NOT_IN_GZIP,
    "web-trailers-not-in-gzip",
    "WEB-NO-MESSAGE-COMPRESSION",
    "compressed-trailers",
    WEB,
    "to who takes gzip the trailer frame is said to be compressed, and isn't",
    Seam::Leaving(|head, reply| {
        let offered = has(head, &frames::ACCEPT_ENCODING, "gzip");
        offered && packed(reply, |flag, content| (flag == 0x80).then(|| (0x81, content.to_vec()))) && named(reply)
    })
);

pub(super) static WEB_TRAILERS_IN_GZIP: Variant = Variant {
    name: "web-trailers-in-gzip",
    spared_by: &["WEB-NO-MESSAGE-COMPRESSION", "WEB-TRAILER-FLAG", "WEB-TRAILER-BLOCK-FORMAT", "WEB-STATUS-UNIQUE"],
    wires: WEB,
    summary: "to who takes gzip the message and the trailer frame come compressed, with the flags 0x01 and 0x81",
    seam: Seam::Leaving(|head, reply| {
        let offered = has(head, &frames::ACCEPT_ENCODING, "gzip");
        offered && packed(reply, |flag, content| Some((flag | 1, gzip(content)?))) && named(reply)
    }),
};

fn frames_of(context: &Context, reply: &mut Reply, bend: impl Fn(&mut Frames) -> bool) -> bool {
    let mut all = tree::web_frames(context, reply);
    let acted = !all.is_empty() && bend(&mut all);
    if acted {
        tree::set_web_frames(context, reply, &all);
    }
    acted
}

fn octets_of(context: &Context, reply: &mut Reply, bend: impl Fn(&mut Vec<u8>)) -> bool {
    let all = tree::web_frames(context, reply);
    if all.is_empty() {
        return false;
    }
    let mut octets: Vec<u8> = all.iter().flat_map(|(flag, content)| frames::frame(*flag, content).to_vec()).collect();
    bend(&mut octets);
    tree::set_web_octets(context, reply, &octets);
    true
}

/// Puts other frames into an answer whose wire only its label tells.
fn packed(reply: &mut Reply, bend: impl Fn(u8, &[u8]) -> Option<(u8, Vec<u8>)>) -> bool {
    let label = reply.head.get(http::header::CONTENT_TYPE).and_then(|label| label.to_str().ok()).unwrap_or_default();
    let wire = match label {
        text if text.starts_with("application/grpc-web-text") => Wire::GrpcWebText,
        web if web.starts_with("application/grpc-web") => Wire::GrpcWeb,
        _ => return false,
    };
    let mut acted = false;
    let bent: Frames = tree::frames_on(wire, reply)
        .into_iter()
        .map(|(flag, content)| match bend(flag, &content) {
            Some((flag, content)) => {
                acted = true;
                (flag, content.into())
            }
            None => (flag, content),
        })
        .collect();
    tree::set_frames_on(wire, reply, &bent);
    acted
}

fn named(reply: &mut Reply) -> bool {
    reply.head.insert(HeaderName::from_static("grpc-encoding"), HeaderValue::from_static("gzip"));
    true
}

fn gzip(octets: &[u8]) -> Option<Vec<u8>> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(octets).and_then(|()| packed.finish()).ok()
}
