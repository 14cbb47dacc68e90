//! Faults that no wire shows by itself: the wires tell different stories.

use super::{Fault, GRPC, JSON, Layer, Seam, tree};

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

pub(super) static CHANGE_DATE_ON_GRPC_ADD: Fault = Fault {
    name: "change-date-on-grpc-add",
    requirement: "EQ-ADD-OK",
    kind: "disagrees",
    wires: GRPC,
    layer: Layer::Agreement,
    summary: "adds are answered with a change date on gRPC only",
    seam: Seam::Outcome(|_, outcome| outcome.as_mut().is_ok_and(add_change_date)),
};

/// Gives the answer of an add the change date that equals its creation date.
pub(super) fn add_change_date(message: &mut prost_reflect::DynamicMessage) -> bool {
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
