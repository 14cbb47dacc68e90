//! Faults of codes: the wrong HTTP status beside a right code, and a client's mistake that is told as a failure of the server.

use http::StatusCode;

use super::around::{ADD, REMOVE, failed};
use super::macros::{guard, wire_fault};
use super::{ALL, JSON, Seam};
use crate::reference::failure::{Code, http_status};

/// One code has another HTTP status on the JSON wire: name, requirement, kind, summary, code, status.
macro_rules! mapped {
    ($static:ident, $name:literal, $requirement:literal, $kind:literal, $summary:literal, $code:ident, $status:ident) => {
        wire_fault!(
            $static,
            $name,
            $requirement,
            $kind,
            JSON,
            $summary,
            Seam::Encoded(|_, _, encoded| {
                // A fault of the HTTP request itself has a status of its own.
                let mapped = encoded.code == Code::$code && encoded.status == http_status(encoded.code);
                if mapped {
                    encoded.status = StatusCode::$status;
                }
                mapped
            })
        );
    };
}

mapped!(
    INVALID_ARGUMENT_422,
    "invalid-argument-422",
    "MAP-INVALID-ARGUMENT-400",
    "http-status-differs",
    "INVALID_ARGUMENT is answered with 422",
    InvalidArgument,
    UNPROCESSABLE_ENTITY
);

guard!(
    NOT_FOUND_410,
    "not-found-410",
    "MAP-NOT-FOUND-404",
    "http-status-differs",
    JSON,
    "the removal of a factor that a custom policy hasn't is answered with 410",
    |it, context, caller| it.ask(context, caller),
    |it, context, admitted, message| {
        let mut outcome = it.inner(context, admitted, message);
        // Start states are made by removals without a policy, which may find nothing.
        if context.calls(REMOVE) && failed(&outcome, Code::NotFound) && it.custom_policy(context, admitted).is_some() {
            outcome = outcome.map_err(|failure| failure.with_http(StatusCode::GONE));
            it.acted();
        }
        outcome
    }
);

mapped!(
    FAILED_PRECONDITION_412,
    "failed-precondition-412",
    "MAP-FAILED-PRECONDITION-400",
    "no-alternative",
    "FAILED_PRECONDITION is answered with 412",
    FailedPrecondition,
    PRECONDITION_FAILED
);

mapped!(
    DEADLINE_EXCEEDED_408,
    "deadline-exceeded-408",
    "MAP-DEADLINE-EXCEEDED-504",
    "no-alternative",
    "an expired deadline is answered with 408",
    DeadlineExceeded,
    REQUEST_TIMEOUT
);

wire_fault!(
    INVALID_FACTOR_UNKNOWN,
    "invalid-factor-unknown",
    "MAP-NO-SERVER-ERROR",
    "server-error",
    ALL,
    "an add with a value that is none is told as UNKNOWN, as if the handler had panicked",
    Seam::Outcome(|context, outcome| match outcome {
        Err(failure) if context.calls(ADD) && failure.code == Code::InvalidArgument => {
            failure.code = Code::Unknown;
            true
        }
        _ => false,
    })
);
