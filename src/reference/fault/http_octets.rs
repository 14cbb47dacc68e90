//! Faults of HTTP/1.1 itself, on the JSON wire.

use super::{Fault, JSON, Layer, Seam};
use crate::reference::octets::{Below, Lines};

pub(super) static CHUNKS_IGNORED: Fault = Fault {
    name: "chunks-ignored",
    requirement: "HTTP-CHUNKED-REQUEST",
    kind: "no-alternative",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a request without content length is taken as one without content",
    seam: Seam::Octets(&Below { request: |head| chunked(head) && head.remove("transfer-encoding"), ..Below::NOTHING }),
};

pub(super) static CUT_VALUE_COMPLETED: Fault = Fault {
    name: "cut-value-completed",
    requirement: "HTTP-TRUNCATED-BODY",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "the braces that are missing where content breaks off are put in",
    seam: Seam::Octets(&Below {
        cut: |_, missing| match missing {
            Some(1) => Some(b"}".to_vec()),
            Some(_) => None,
            None => Some(b"1\r\n}\r\n0\r\n\r\n".to_vec()),
        },
        ..Below::NOTHING
    }),
};

pub(super) static CUT_CONTENT_EXECUTED: Fault = Fault {
    name: "cut-content-executed",
    requirement: "HTTP-TRUNCATED-BODY-WHOLE-VALUE",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a call is executed as soon as its JSON value is complete, however much was announced",
    seam: Seam::Octets(&Below {
        cut: |_, missing| missing.and_then(|missing| usize::try_from(missing).ok()).map(|missing| vec![b' '; missing.min(1 << 20)]),
        ..Below::NOTHING
    }),
};

pub(super) static LENGTH_WINS: Fault = Fault {
    name: "length-wins",
    requirement: "HTTP-CL-TE-CONFLICT",
    kind: "end-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "of content length and chunked coding in one request the length is believed",
    seam: Seam::Octets(&Below {
        request: |head| head.text("content-length").is_some() && head.remove("transfer-encoding"),
        ..Below::NOTHING
    }),
};

pub(super) static CONFLICT_KEPT_ALIVE: Fault = Fault {
    name: "conflict-kept-alive",
    requirement: "HTTP-CL-TE-CONFLICT",
    kind: "end-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "of content length and chunked coding in one request the coding is believed, and the connection goes on",
    seam: Seam::Octets(&Below { request: |head| chunked(head) && head.remove("content-length"), ..Below::NOTHING }),
};

pub(super) static CONTENT_LEFT_BEHIND: Fault = Fault {
    name: "content-left-behind",
    requirement: "HTTP-KEEPALIVE-AFTER-ERROR",
    kind: "body-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "content that wasn't read before the answer is taken for the next request",
    seam: Seam::Octets(&Below {
        request: |head| {
            let long = head.begins("POST ") && head.text("content-length").is_some_and(|length| length.len() > 4);
            if long {
                head.remove("content-length");
                head.push("content-length: 16389");
            }
            long
        },
        ..Below::NOTHING
    }),
};

pub(super) static NUL_ENDS_VALUE: Fault = Fault {
    name: "nul-ends-value",
    requirement: "HTTP-CONTROL-CHARS-IN-HEADER",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "the value of a field ends at a NUL or a bare CR",
    seam: Seam::Octets(&Below {
        request: |head| {
            let mut bent = false;
            for line in head.0.iter_mut().skip(1) {
                if let Some(at) = line.iter().position(|octet| matches!(octet, 0 | b'\r')) {
                    line.truncate(at);
                    bent = true;
                }
            }
            bent
        },
        ..Below::NOTHING
    }),
};

pub(super) static FIRST_HOST_WINS: Fault = Fault {
    name: "first-host-wins",
    requirement: "HTTP-HOST-ONCE",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "of several Host fields one is believed, and without any a default",
    seam: Seam::Octets(&Below {
        request: |head| {
            let hosts: Vec<String> = head.all("host").map(|host| String::from_utf8_lossy(host).into_owned()).collect();
            if hosts.len() == 1 {
                return false;
            }
            head.remove("host");
            let known = hosts.into_iter().find(|host| !host.ends_with(".example"));
            head.push(&format!("host: {}", known.unwrap_or_else(|| "127.0.0.1".to_owned())));
            true
        },
        ..Below::NOTHING
    }),
};

pub(super) static EXPECTATION_IGNORED: Fault = Fault {
    name: "expectation-ignored",
    requirement: "HTTP-EXPECT-CONTINUE",
    kind: "no-alternative",
    wires: JSON,
    layer: Layer::Wire,
    summary: "the server waits for content without a 100",
    seam: Seam::Octets(&Below { request: |head| head.remove("expect"), ..Below::NOTHING }),
};

pub(super) static LENGTH_READ_LENIENTLY: Fault = Fault {
    name: "length-read-leniently",
    requirement: "HTTP-CONTENT-LENGTH-INVALID",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "of a content length the first digits count, and of several the first",
    seam: Seam::Octets(&Below {
        request: |head| {
            let lengths: Vec<String> = head.all("content-length").map(|length| String::from_utf8_lossy(length).into_owned()).collect();
            let digits: String = lengths
                .first()
                .map(|first| first.trim_start_matches('+').chars().take_while(char::is_ascii_digit).collect())
                .unwrap_or_default();
            let bent = lengths.len() > 1 || lengths.iter().any(|length| *length != digits);
            if bent {
                head.remove("content-length");
                head.push(&format!("content-length: {}", if digits.len() < 2 { "33" } else { &digits }));
            }
            bent
        },
        ..Below::NOTHING
    }),
};

pub(super) static SPACE_BEFORE_COLON: Fault = Fault {
    name: "space-before-colon",
    requirement: "HTTP-FIELD-NAME-SPACE",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "white space between the name of a field and its colon is skipped",
    seam: Seam::Octets(&Below {
        request: |head| {
            let mut bent = false;
            for line in head.0.iter_mut().skip(1) {
                if let Some(at) = line.windows(2).position(|two| two == b" :")
                    && !line[..at].contains(&b':')
                {
                    line.remove(at);
                    bent = true;
                }
            }
            bent
        },
        ..Below::NOTHING
    }),
};

pub(super) static HEAD_WITH_CONTENT: Fault = Fault {
    name: "head-with-content",
    requirement: "HTTP-HEAD-NO-CONTENT",
    kind: "end-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "the answer to HEAD has the content of an error",
    seam: Seam::Octets(&Below {
        response: |request, _, behind| {
            let head = request.begins("HEAD ");
            if head {
                behind.extend_from_slice(br#"{"code":12,"message":"Method Not Allowed"}"#);
            }
            head
        },
        ..Below::NOTHING
    }),
};

pub(super) static CONTENT_BEHIND_LAST_CHUNK: Fault = Fault {
    name: "content-behind-last-chunk",
    requirement: "HTTP-TE-TRAILERS",
    kind: "malformed",
    wires: JSON,
    layer: Layer::Wire,
    summary: "where trailers are accepted, the content follows the last chunk",
    seam: Seam::Octets(&Below {
        response: |request, head, behind| {
            let bent = request.text("te").is_some_and(|te| te.contains("trailers")) && head.remove("content-length");
            if bent {
                head.push("transfer-encoding: chunked");
                behind.extend_from_slice(b"0\r\n\r\n");
            }
            bent
        },
        ..Below::NOTHING
    }),
};

fn chunked(head: &Lines) -> bool {
    head.text("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
}
