//! Faults of paths, path variables, queries and methods on the JSON wire.

use std::sync::Arc;

use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method as Verb, StatusCode, Uri};
use prost_reflect::{DynamicMessage, Value};

use super::{ALL, Fault, Heard, JSON, Layer, Meter, Seam};
use crate::reference::backend::{Admitted, Backend, Outcome};
use crate::reference::codec::Parcel;
use crate::reference::context::{Caller, Context};
use crate::reference::failure::Failure;
use crate::reference::methods::Content;

pub(super) static VERB_CUT_OFF: Fault = Fault {
    name: "verb-cut-off",
    requirement: "HTTP-UNKNOWN-PATH",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "what follows a colon in the path is not looked at",
    seam: Seam::Head(|head| path(head, |path| path.split_once(':').map(|(before, _)| before.to_owned()))),
};

pub(super) static UNKNOWN_PATH_200: Fault = Fault {
    name: "unknown-path-200",
    requirement: "HTTP-UNKNOWN-PATH",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a path that nothing is bound to is answered with the page of an application",
    seam: Seam::Reply(|context, reply| {
        let unknown = context.method.is_none() && reply.status == StatusCode::NOT_FOUND;
        if unknown {
            reply.status = StatusCode::OK;
            reply.body = vec!["<!doctype html><title>Console</title>".into()];
            super::wire::label(reply, "text/html");
        }
        unknown
    }),
};

pub(super) static PATH_IGNORES_CASE: Fault = Fault {
    name: "path-ignores-case",
    requirement: "HTTP-PATH-CASE",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "paths are compared without regard to letter case",
    seam: Seam::Head(|head| path(head, |path| path.contains("/Policies/").then(|| path.to_ascii_lowercase()))),
};

pub(super) static LAST_FACTOR_REMOVED: Fault = Fault {
    name: "last-factor-removed",
    requirement: "HTTP-DELETE-BY-NAME",
    kind: "body-differs",
    wires: JSON,
    layer: Layer::Meaning,
    summary: "a remove by name takes another factor away",
    seam: Seam::Request(|_, _, parcel| {
        variable(parcel, |text| (text == "SECOND_FACTOR_TYPE_OTP").then(|| "SECOND_FACTOR_TYPE_U2F".into()))
    }),
};

pub(super) static PATH_NUMBER_REFUSED: Fault = Fault {
    name: "path-number-refused",
    requirement: "HTTP-DELETE-BY-NUMBER",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "an enum in a path is read by name only",
    seam: Seam::Request(|_, _, parcel| variable(parcel, |text| text.parse::<i32>().is_ok().then(|| format!("number {text}")))),
};

pub(super) static UNKNOWN_FACTOR_NOT_FOUND: Fault = Fault {
    name: "unknown-factor-not-found",
    requirement: "HTTP-DELETE-UNKNOWN-ENUM",
    kind: "code-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a path whose value is no value of the enum counts as unknown",
    seam: Seam::Head(|head| path(head, |path| path.ends_with("/FAX").then(|| "/nowhere".into()))),
};

pub(super) static UNKNOWN_FACTOR_REMOVES: Fault = Fault {
    name: "unknown-factor-removes",
    requirement: "HTTP-DELETE-UNKNOWN-ENUM",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Meaning,
    summary: "a fraction in the path is cut to an integer, and that factor is removed",
    seam: Seam::Request(|_, _, parcel| variable(parcel, |text| text.split_once('.').map(|(integer, _)| integer.to_owned()))),
};

pub(super) static UNSPECIFIED_REMOVES: Fault = Fault {
    name: "unspecified-removes",
    requirement: "HTTP-DELETE-UNSPECIFIED",
    kind: "accepted",
    wires: ALL,
    layer: Layer::Meaning,
    summary: "the remove of the value 0 takes a factor away",
    seam: Seam::Backend(|inner, _, meter| Arc::new(UnspecifiedRemoves { inner, meter })),
};

pub(super) static RAW_PATH_MATCHED: Fault = Fault {
    name: "raw-path-matched",
    requirement: "HTTP-DELETE-PERCENT-ENCODED",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "segments of a path are taken as they are, with their percent-encoding",
    seam: Seam::Head(|head| path(head, |path| path.contains('%').then(|| path.replace('%', "%25")))),
};

pub(super) static PATH_DECODED_TWICE: Fault = Fault {
    name: "path-decoded-twice",
    requirement: "HTTP-PATH-DECODE-ONCE",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a path is percent-decoded by the library and again by the router",
    seam: Seam::Head(|head| path(head, |path| path.contains("%25").then(|| path.replace("%25", "%")))),
};

pub(super) static AUTH_FACTORS_UNKNOWN: Fault = Fault {
    name: "auth-factors-unknown",
    requirement: "HTTP-LIST-MULTI-PATH",
    kind: "refused",
    wires: JSON,
    layer: Layer::Wire,
    summary: "the list of multi factors has the path multi_factors/_search only",
    seam: Seam::Head(|head| path(head, |path| path.ends_with("/auth_factors/_search").then(|| "/nowhere".into()))),
};

pub(super) static QUERY_FILLS_MESSAGE: Fault = Fault {
    name: "query-fills-message",
    requirement: "HTTP-QUERY-NOT-BOUND",
    kind: "accepted",
    wires: JSON,
    layer: Layer::Wire,
    summary: "an empty message of content is filled from the query",
    seam: Seam::Request(|_, _, parcel| {
        let fills = parcel.content == Content::Message && parcel.body.as_ref() == b"{}" && parcel.query.starts_with("type=");
        if fills {
            parcel.body = format!("{{\"type\":\"{}\"}}", &parcel.query["type=".len()..]).into();
        }
        fills
    }),
};

pub(super) static QUERY_OVERRIDES: Fault = Fault {
    name: "query-overrides",
    requirement: "HTTP-QUERY-NO-OVERRIDE",
    kind: "body-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "values of the query are put in last, over those of path and content",
    seam: Seam::Request(|_, _, parcel| {
        let Some(value) = parcel.query.strip_prefix("type=").map(str::to_owned) else { return false };
        if parcel.content == Content::Message && parcel.body.len() > 2 {
            parcel.body = format!("{{\"type\":\"{value}\"}}").into();
            return true;
        }
        variable(parcel, |_| Some(value))
    }),
};

pub(super) static GET_RUNS_POST: Fault = Fault {
    name: "get-runs-post",
    requirement: "HTTP-GET-NO-EFFECT",
    kind: "body-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "a GET on the path of an add is executed like the POST",
    seam: Seam::Head(|head| {
        let add = head.method == Verb::GET && head.uri.path().ends_with("/second_factors");
        super::http_requests::as_method(head, add, Verb::POST)
    }),
};

pub(super) static SLASH_REMOVES: Fault = Fault {
    name: "slash-removes",
    requirement: "HTTP-TRAILING-SLASH",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Wire,
    summary: "an empty last segment stands for the first factor",
    seam: Seam::Head(|head| {
        let remove = head.method == Verb::DELETE;
        path(head, |path| (remove && path.ends_with("/second_factors/")).then(|| format!("{path}SECOND_FACTOR_TYPE_OTP")))
    }),
};

/// Changes the path of a request, without its query.
pub(super) fn path(head: &mut Parts, bend: impl FnOnce(&str) -> Option<String>) -> Heard {
    let Some(bent) = bend(head.uri.path()) else { return Heard::Untouched };
    let query = head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = std::mem::take(&mut head.uri).into_parts();
    let target = format!("{bent}{query}").parse::<PathAndQuery>();
    let Ok(target) = target else { return Heard::Untouched };
    parts.path_and_query = Some(target);
    head.uri = Uri::from_parts(parts).unwrap_or_default();
    Heard::Bent
}

/// Changes the value of the only path variable.
fn variable(parcel: &mut Parcel, bend: impl FnOnce(&str) -> Option<String>) -> bool {
    let Some((_, value)) = parcel.variables.first_mut() else { return false };
    match bend(value) {
        Some(bent) => {
            *value = bent;
            true
        }
        None => false,
    }
}

struct UnspecifiedRemoves {
    inner: Arc<dyn Backend>,
    meter: Meter,
}

impl Backend for UnspecifiedRemoves {
    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        self.inner.admit(context, caller)
    }

    fn execute(&self, context: &Context, admitted: &Admitted, mut message: DynamicMessage) -> Outcome {
        let none = message.get_field_by_name("type").is_some_and(|factor| factor.as_enum_number() == Some(0));
        if none && context.calls("RemoveSecondFactorFromLoginPolicy") && self.meter.covers(context.wire) {
            self.meter.acted();
            message.set_field_by_name("type", Value::EnumNumber(1));
        }
        self.inner.execute(context, admitted, message)
    }
}
