//! Faults of what the operation's page promises: where it is reached, which factors it takes, and how it dates its answers.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method as Verb, StatusCode};
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use super::around::{ADD, Around, POLICY, REMOVE, RESET, details, factor};
use super::http_routes::path;
use super::macros::{fault, guard, wire_fault};
use super::{ALL, BINARY, JSON, Seam};
use crate::reference::backend::{Admitted, Outcome};
use crate::reference::context::{Context, Wire};
use crate::reference::failure::{Code, Failure};
use crate::reference::refusal::Refusal;

const OTP: i32 = 1;
const U2F: i32 = 2;

wire_fault!(
    ROUTE_IN_SINGULAR,
    "route-in-singular",
    "SEED-METHOD-PATH",
    "http-status-differs",
    JSON,
    "the add isn't found under its path, as if that were another one",
    Seam::Head(|head| {
        let post = head.method == Verb::POST;
        path(head, |asked| asked.strip_suffix("/second_factors").filter(|_| post).map(|start| format!("{start}/second_factor")))
    })
);

wire_fault!(
    ADD_201,
    "add-201",
    "SEED-METHOD-PATH",
    "http-status-differs",
    JSON,
    "an add is answered with 201",
    Seam::Encoded(|context, outcome, encoded| {
        let added = context.calls(ADD) && outcome.is_ok();
        if added {
            encoded.status = StatusCode::CREATED;
        }
        added
    })
);

wire_fault!(
    OTHER_PACKAGE,
    "other-package",
    "SEED-GRPC-METHOD-NAME",
    "refused",
    BINARY,
    "the add is registered in the package zitadel.mgmt.v1",
    Seam::Head(|head| path(head, |asked| asked.ends_with(ADD).then(|| asked.replace(".management.", ".mgmt."))))
);

wire_fault!(
    MEDIA_TYPES_OF_PAGE_UNKNOWN,
    "media-types-of-page-unknown",
    "SEED-THREE-ENCODINGS",
    "refused",
    &["json", "grpc", "grpc-web"],
    "the add isn't found under a media type that is spelled as the page prints it",
    Seam::Head(|head| {
        let label = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        let printed = [&b"application/json"[..], b"application/grpc", b"application/grpc-web+proto"].contains(&label);
        let post = head.method == Verb::POST;
        path(head, |asked| {
            (printed && post && (asked.ends_with("/second_factors") || asked.ends_with(ADD))).then(|| format!("{asked}.old"))
        })
    })
);

fault!(
    ADD_DATED_BY_POLICY,
    "add-dated-by-policy",
    "SEED-DETAILS-CREATIONDATE-ON-ADD",
    "body-differs",
    "an add is dated with the creation of the policy",
    |it, context, admitted, message| date_by_policy(it, context, admitted, message, ADD, "creation_date")
);

fault!(
    ADD_CHANGED_IN_1970,
    "add-changed-in-1970",
    "SEED-DETAILS-CREATIONDATE-ON-ADD",
    "body-differs",
    "an add has a change date of zero",
    |it, context, admitted, message| {
        let mut outcome = it.inner(context, admitted, message);
        if context.calls(ADD)
            && let Some(shown) = outcome.as_mut().ok().and_then(details)
            && let Some(zero) =
                shown.get_field_by_name("creation_date").and_then(|date| Some(DynamicMessage::new(date.as_message()?.descriptor())))
        {
            shown.set_field_by_name("change_date", Value::Message(zero));
            it.acted();
        }
        outcome
    }
);

fault!(
    REMOVAL_DATED_BY_POLICY,
    "removal-dated-by-policy",
    "SEED-DETAILS-CHANGEDATE-ON-REMOVE",
    "body-differs",
    "a removal is dated with the creation of the policy",
    |it, context, admitted, message| date_by_policy(it, context, admitted, message, REMOVE, "change_date")
);

fault!(
    RESET_UNDATED,
    "reset-undated",
    "SEED-DETAILS-CHANGEDATE-ON-REMOVE",
    "body-differs",
    "a reset is answered without a date",
    |it, context, admitted, message| {
        let mut outcome = it.inner(context, admitted, message);
        if context.calls(RESET)
            && let Some(shown) = outcome.as_mut().ok().and_then(details)
        {
            shown.clear_field_by_name("change_date");
            it.acted();
        }
        outcome
    }
);

/// Gives the answer of a write the date on which the policy was created.
fn date_by_policy(it: &Around, context: &Context, admitted: &Admitted, message: DynamicMessage, write: &str, field: &str) -> Outcome {
    let mut outcome = it.inner(context, admitted, message);
    if context.calls(write)
        && let Some(shown) = outcome.as_mut().ok().and_then(details)
        && let Some(mut answer) = it.call(context, admitted, POLICY, &[]).and_then(Result::ok)
        && let Some(created) = details(&mut answer).and_then(|policy| policy.get_field_by_name("creation_date"))
    {
        shown.set_field_by_name(field, created.into_owned());
        it.acted();
    }
    outcome
}

fault!(
    OTP_NOT_IMPLEMENTED,
    "otp-not-implemented",
    "SEED-REQ-OTP-ACCEPTED",
    "refused",
    "OTP can't be added",
    |it, context, admitted, message| {
        if context.calls(ADD) && factor(&message) == OTP {
            it.acted();
            return Err(Failure::new(Code::Unimplemented, "OTP isn't implemented"));
        }
        it.inner(context, admitted, message)
    }
);

fault!(
    OTP_STORED_AS_U2F,
    "otp-stored-as-u2f",
    "SEED-REQ-OTP-ACCEPTED",
    "body-differs",
    "OTP is stored as U2F",
    |it, context, admitted, message| store_as(it, context, admitted, message, OTP, U2F)
);

fault!(
    U2F_STORED_AS_OTP,
    "u2f-stored-as-otp",
    "SEED-REQ-U2F-ACCEPTED",
    "body-differs",
    "U2F is stored as OTP",
    |it, context, admitted, message| store_as(it, context, admitted, message, U2F, OTP)
);

/// Adds one factor in the place of another.
fn store_as(it: &Around, context: &Context, admitted: &Admitted, mut message: DynamicMessage, asked: i32, stored: i32) -> Outcome {
    if context.calls(ADD) && factor(&message) == asked {
        message.set_field_by_name("type", Value::EnumNumber(stored));
        it.acted();
    }
    it.inner(context, admitted, message)
}

wire_fault!(
    MISSING_TYPE_IS_OTP,
    "missing-type-is-otp",
    "SEED-REQ-TYPE-REQUIRED",
    "accepted",
    ALL,
    "an add without a type adds OTP",
    Seam::Request(|context, _, parcel| {
        let missing = context.calls(ADD) && matches!(&*parcel.body, b"" | b"{}");
        if missing {
            parcel.body = Bytes::from_static(if context.wire == Wire::Json { br#"{"type":1}"# } else { b"\x08\x01" });
        }
        missing
    })
);

guard!(
    HEALTHZ_NEEDS_TOKEN,
    "healthz-needs-token",
    "DISC-HEALTHZ",
    "refused",
    ALL,
    "who has no token isn't told that the server is alive",
    |it, context, caller| {
        if context.calls("Healthz") && caller.authorization.is_empty() {
            it.acted();
            return Err(Refusal::CredentialsMissing.tell(context.language));
        }
        it.ask(context, caller)
    }
);
