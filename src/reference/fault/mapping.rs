//! Faults of codes: the wrong HTTP status beside a right code, and a client's mistake that is told as a failure of the server.

use http::StatusCode;

use super::around::ADD;
use super::macros::wire_fault;
use super::{ALL, JSON, Seam};
use crate::reference::failure::{Code, Failure, Language, http_status};
use crate::reference::refusal::Refusal;

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

wire_fault!(
    NOT_FOUND_410,
    "not-found-410",
    "MAP-NOT-FOUND-404",
    "http-status-differs",
    JSON,
    "the removal of a factor that isn't there is answered with 410",
    Seam::Encoded(|_, outcome, encoded| {
        // Only this refusal: start states are made by calls that may find nothing.
        let missing = Refusal::SecondFactorMissing.tell(Language::English);
        let id = |failure: &Failure| failure.detail.as_ref().map(|detail| detail.id.clone());
        let gone = outcome.as_ref().is_err_and(|failure| failure.code == missing.code && id(failure) == id(&missing));
        if gone {
            encoded.status = StatusCode::GONE;
        }
        gone
    })
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
