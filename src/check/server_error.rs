//! A client's mistake is no failure of the server (RFC 9110, 15.5 and 15.6; google/rpc/code.proto).

use super::registry::{Check, Judges, Need, Outcome, View};
use crate::contract::status::Code;
use crate::wire::{Defect, Role};

pub(super) const CHECKS: &[Check] = &[Check {
    requirement: "MAP-NO-SERVER-ERROR",
    kinds: &["server-error"],
    judges: Judges::Every,
    need: Need { count: 8, codes: &[Code::InvalidArgument, Code::NotFound, Code::AlreadyExists, Code::Unauthenticated] },
    run: no_server_error,
}];

/// Areas whose cases do more to a server than a mistaken client would, or whose broken frames and messages have codes of their own.
const OTHER_AREAS: [&str; 7] = ["grpc-wire", "grpc-web-wire", "robustness", "concurrency", "security", "cors", "discoverability"];

fn no_server_error(view: &View<'_>) -> Outcome {
    let intent = &view.exchange.intent;
    let of_other_area = intent.area.as_deref().is_some_and(|area| OTHER_AREAS.contains(&area));
    let hardening = intent.profile.as_deref() == Some("hardening");
    // Who gets half of a message, or one that isn't framed, may fail in any way (RFC 9112, 8). What a head that is malformed has to be answered with is
    // said by the requirements of heads: a gateway that hands it on may be the one that is refused.
    let broken =
        matches!(intent.defect, Some(Defect::Frame | Defect::Head)) || (view.wire().is_binary() && intent.defect == Some(Defect::Message));
    if intent.role == Role::Probe || of_other_area || hardening || broken {
        return Outcome::NotApplicable;
    }
    let Some(head) = view.exchange.received.head() else { return Outcome::NotApplicable };
    let unavailable = head.status == Some(503) || view.reading.code() == Some(Code::Unavailable);
    if unavailable && head.first("retry-after").is_some() {
        // It asks for patience: that speaks of the moment, not of the call.
        return Outcome::NotApplicable;
    }
    let expected = "no failure of the server: not HTTP status 500, 502 or 503, not UNKNOWN, INTERNAL, UNAVAILABLE or DATA_LOSS";
    if let Some(code @ (Code::Unknown | Code::Internal | Code::Unavailable | Code::DataLoss)) = view.reading.code() {
        return Outcome::violated("server-error", expected, format!("{} ({})", code.name(), code.number()), "status");
    }
    match head.status {
        Some(status @ (500 | 502 | 503)) => Outcome::violated("server-error", expected, format!("HTTP status {status}"), "head"),
        Some(_) => Outcome::Held,
        None => Outcome::NotApplicable,
    }
}
