//! Faults that no wire shows by itself: the wires tell different stories.

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use super::around::{LIST, POLICY, REMOVE};
use super::{ALL, Fault, GRPC, JSON, Layer, Seam, tree};
use crate::reference::backend::Outcome;
use crate::reference::context::Context;
use crate::reference::failure::Code;

const WEB_BINARY: &[&str] = &["grpc-web"];
const TEXT: &[&str] = &["grpc-web-text"];

pub(super) static JSON_ERROR_WITHOUT_DETAILS: Fault = Fault {
    name: "json-error-without-details",
    requirement: "EQ-DOMAIN-ERRORS",
    kind: "disagrees",
    wires: JSON,
    layer: Layer::Agreement,
    summary: "domain errors have no details on the JSON wire",
    seam: Seam::Outcome(|_, outcome| match outcome {
        Err(failure) => failure.detail.take().is_some(),
        Ok(_) => false,
    }),
};

/// One wire tells another story: name, requirement, wires, summary, seam.
macro_rules! differs {
    ($static:ident, $name:literal, $requirement:literal, $wires:expr, $summary:literal, $seam:expr) => {
        pub(super) static $static: Fault = Fault {
            name: $name,
            requirement: $requirement,
            kind: "disagrees",
            wires: $wires,
            layer: Layer::Agreement,
            summary: $summary,
            seam: $seam,
        };
    };
}

/// Adds are answered with a change date.
const CHANGE_DATE: Seam = Seam::Outcome(|_, outcome| outcome.as_mut().is_ok_and(add_change_date));

differs!(
    CHANGE_DATE_ON_GRPC_ADD,
    "change-date-on-grpc-add",
    "EQ-ADD-OK",
    GRPC,
    "adds are answered with a change date on gRPC only",
    CHANGE_DATE
);

differs!(
    CHANGE_DATE_ON_JSON_ADD,
    "change-date-on-json-add",
    "EQ-ADD-OK",
    JSON,
    "adds are answered with a change date on the JSON wire only",
    CHANGE_DATE
);

differs!(
    CHANGE_DATE_ON_WEB_ADD,
    "change-date-on-web-add",
    "EQ-ADD-OK",
    WEB_BINARY,
    "adds are answered with a change date on binary gRPC-Web only",
    CHANGE_DATE
);

differs!(
    CHANGE_DATE_ON_TEXT_ADD,
    "change-date-on-text-add",
    "EQ-ADD-OK",
    TEXT,
    "adds are answered with a change date on gRPC-Web in text only",
    CHANGE_DATE
);

/// Invalid arguments are told in other words.
const INVALID_IN_OTHER_WORDS: Seam = Seam::Outcome(|_, outcome| tell(outcome, Code::InvalidArgument, "bad request"));

differs!(
    INVALID_IN_OTHER_WORDS_ON_JSON,
    "invalid-in-other-words-on-json",
    "EQ-INVALID-ARGUMENT",
    JSON,
    "invalid arguments are told in other words on the JSON wire",
    INVALID_IN_OTHER_WORDS
);

differs!(
    INVALID_IN_OTHER_WORDS_ON_GRPC,
    "invalid-in-other-words-on-grpc",
    "EQ-INVALID-ARGUMENT",
    GRPC,
    "invalid arguments are told in other words on gRPC",
    INVALID_IN_OTHER_WORDS
);

differs!(
    INVALID_IN_OTHER_WORDS_ON_WEB,
    "invalid-in-other-words-on-web",
    "EQ-INVALID-ARGUMENT",
    WEB_BINARY,
    "invalid arguments are told in other words on binary gRPC-Web",
    INVALID_IN_OTHER_WORDS
);

differs!(
    INVALID_IN_OTHER_WORDS_IN_TEXT,
    "invalid-in-other-words-in-text",
    "EQ-INVALID-ARGUMENT",
    TEXT,
    "invalid arguments are told in other words on gRPC-Web in text",
    INVALID_IN_OTHER_WORDS
);

/// A removal of what is no factor has another code.
pub(super) static INVALID_REMOVAL_OUT_OF_RANGE: Fault = Fault {
    name: "invalid-removal-out-of-range",
    requirement: "EQ-INVALID-ARGUMENT",
    kind: "code-differs",
    wires: ALL,
    layer: Layer::Wire,
    summary: "the removal of a value that is no factor is told as OUT_OF_RANGE",
    seam: Seam::Outcome(|context, outcome| match outcome {
        Err(failure) if context.calls(REMOVE) && failure.code == Code::InvalidArgument => {
            failure.code = Code::OutOfRange;
            true
        }
        _ => false,
    }),
};

/// Who isn't known is told so in other words.
const UNKNOWN_IN_OTHER_WORDS: Seam = Seam::Outcome(|_, outcome| tell(outcome, Code::Unauthenticated, "who are you"));

differs!(
    UNKNOWN_IN_OTHER_WORDS_ON_JSON,
    "unknown-caller-in-other-words-on-json",
    "EQ-UNAUTHENTICATED",
    JSON,
    "who isn't known is told so in other words on the JSON wire",
    UNKNOWN_IN_OTHER_WORDS
);

differs!(
    UNKNOWN_IN_OTHER_WORDS_ON_GRPC,
    "unknown-caller-in-other-words-on-grpc",
    "EQ-UNAUTHENTICATED",
    GRPC,
    "who isn't known is told so in other words on gRPC",
    UNKNOWN_IN_OTHER_WORDS
);

differs!(
    UNKNOWN_IN_OTHER_WORDS_ON_WEB,
    "unknown-caller-in-other-words-on-web",
    "EQ-UNAUTHENTICATED",
    WEB_BINARY,
    "who isn't known is told so in other words on binary gRPC-Web",
    UNKNOWN_IN_OTHER_WORDS
);

differs!(
    BAD_TOKEN_WITHOUT_DETAILS_IN_TEXT,
    "bad-token-without-details-in-text",
    "EQ-UNAUTHENTICATED",
    TEXT,
    "a token that doesn't count is refused without details on gRPC-Web in text",
    Seam::Outcome(|_, outcome| match outcome {
        Err(failure) if failure.code == Code::Unauthenticated => failure.detail.take().is_some(),
        _ => false,
    })
);

differs!(
    GRPC_DENIES_IN_OTHER_WORDS,
    "grpc-denies-in-other-words",
    "EQ-PERMISSION",
    GRPC,
    "on gRPC a lack of permission is told in other words",
    Seam::Outcome(|_, outcome| tell(outcome, Code::PermissionDenied, "permission denied"))
);

differs!(
    TEXT_DENIES_WITHOUT_DETAILS,
    "text-denies-without-details",
    "EQ-PERMISSION",
    TEXT,
    "on gRPC-Web in text a lack of permission is told without details",
    Seam::Outcome(|_, outcome| match outcome {
        Err(failure) if failure.code == Code::PermissionDenied => failure.detail.take().is_some(),
        _ => false,
    })
);

differs!(
    TEXT_LOSES_DETAILS,
    "text-loses-details",
    "EQ-TEXT-BINARY",
    TEXT,
    "errors on gRPC-Web in text have no grpc-status-details-bin",
    Seam::Encoded(|_, _, encoded| encoded.details.take().is_some())
);

differs!(
    WEB_ERRORS_IN_HEAD,
    "web-errors-in-head",
    "EQ-TEXT-BINARY",
    WEB_BINARY,
    "errors on binary gRPC-Web stand in the head, those of the text in a frame",
    Seam::Reply(super::variant_frames::status_in_head)
);

/// A read shows another value on one wire: name, wires, summary, seam.
macro_rules! reads {
    ($static:ident, $name:literal, $wires:expr, $summary:literal, $seam:expr) => {
        pub(super) static $static: Fault = Fault {
            name: $name,
            requirement: "EQ-READ-VALUES",
            kind: "body-differs",
            wires: $wires,
            layer: Layer::Agreement,
            summary: $summary,
            seam: $seam,
        };
    };
}

reads!(
    JSON_DATES_IN_MILLISECONDS,
    "json-dates-in-milliseconds",
    JSON,
    "dates on the JSON wire are cut to milliseconds",
    Seam::Outcome(|_, outcome| outcome.as_mut().is_ok_and(|message| {
        let mut cut = false;
        tree::messages(message, &mut |inner| {
            if inner.descriptor().full_name() == "google.protobuf.Timestamp" {
                let nanos = inner.get_field_by_name("nanos").and_then(|nanos| nanos.as_i32()).unwrap_or_default();
                inner.set_field_by_name("nanos", Value::I32(nanos - nanos % 1_000_000));
                cut |= nanos % 1_000_000 != 0;
            }
        });
        cut
    }))
);

reads!(
    GRPC_DURATIONS_IN_SECONDS,
    "grpc-durations-in-seconds",
    GRPC,
    "durations on gRPC are cut to seconds",
    Seam::Outcome(|_, outcome| outcome.as_mut().is_ok_and(|message| {
        let mut cut = false;
        tree::messages(message, &mut |inner| {
            cut |= inner.descriptor().full_name() == "google.protobuf.Duration" && inner.has_field_by_name("nanos");
            if inner.descriptor().full_name() == "google.protobuf.Duration" {
                inner.clear_field_by_name("nanos");
            }
        });
        cut
    }))
);

reads!(
    WEB_LOSES_FLAG,
    "web-loses-flag",
    WEB_BINARY,
    "the policy on binary gRPC-Web never forces a factor",
    Seam::Outcome(|context, outcome| bend_policy(context, outcome, |policy| {
        let forced = policy.has_field_by_name("force_mfa");
        policy.clear_field_by_name("force_mfa");
        forced
    }))
);

reads!(
    TEXT_COUNTS_ONE_MORE,
    "text-counts-one-more",
    TEXT,
    "the total of a list is one more on gRPC-Web in text",
    Seam::Outcome(|context, outcome| {
        let Some(details) =
            outcome.as_mut().ok().filter(|_| context.calls(LIST)).and_then(|message| message.get_field_by_name_mut("details"))
        else {
            return false;
        };
        let Some(details) = details.as_message_mut() else { return false };
        let total = details.get_field_by_name("total_result").and_then(|total| total.as_u64()).unwrap_or_default();
        details.set_field_by_name("total_result", Value::U64(total + 1));
        true
    })
);

/// Bends the policy that a read shows.
fn bend_policy(context: &Context, outcome: &mut Outcome, bend: impl FnOnce(&mut DynamicMessage) -> bool) -> bool {
    let message = outcome.as_mut().ok().filter(|message| context.calls(POLICY) && message.has_field_by_name("policy"));
    let policy = message.and_then(|message| message.get_field_by_name_mut("policy")?.as_message_mut());
    policy.is_some_and(bend)
}

/// Tells failures of a code in other words.
fn tell(outcome: &mut Outcome, code: Code, text: &str) -> bool {
    match outcome {
        Err(failure) if failure.code == code => {
            text.clone_into(&mut failure.message);
            true
        }
        _ => false,
    }
}

/// Gives the answer of an add the change date that equals its creation date.
pub(super) fn add_change_date(message: &mut DynamicMessage) -> bool {
    let Some(details) = tree::details(message) else {
        return false;
    };
    let has = |name| details.has_field_by_name(name);
    if !has("creation_date") || has("change_date") {
        return false;
    }
    let date = details.get_field_by_name("creation_date").map(std::borrow::Cow::into_owned);
    if let Some(date) = date {
        details.set_field_by_name("change_date", date);
    }
    true
}
