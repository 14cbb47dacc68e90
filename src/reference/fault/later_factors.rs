//! Faults of factors that are younger than the documentation page.

use prost_reflect::Value;

use super::around::{ADD, REMOVE, factor, listed};
use super::macros::fault;
use crate::reference::failure::{Code, Failure};

fault!(
    LATER_LISTED_AS_UNSPECIFIED,
    "later-listed-as-unspecified",
    "SEED-ENUM-LATER-VALUES",
    "body-differs",
    "a factor younger than the page is added and listed as unspecified",
    |it, context, admitted, message| {
        let mut outcome = it.inner(context, admitted, message);
        let later = listed(context, outcome.as_mut().ok()).into_iter().flatten().filter(|factor| is_later(factor.as_enum_number()));
        if later.map(|factor| *factor = Value::EnumNumber(0)).count() > 0 {
            it.acted();
        }
        outcome
    }
);

fault!(
    LATER_STAYS,
    "later-stays",
    "SEED-ENUM-LATER-VALUES",
    "refused",
    "a factor younger than the page can be added but not removed",
    |it, context, admitted, message| {
        if context.calls(REMOVE) && is_later(Some(factor(&message))) {
            it.acted();
            return Err(unknown());
        }
        it.inner(context, admitted, message)
    }
);

fault!(
    LATER_ONLY_AT_CREATION,
    "later-only-at-creation",
    "SEED-ENUM-PROFILE-CONSISTENT",
    "accepted",
    "a policy may be created with a factor that can't be added",
    |it, context, admitted, message| {
        if context.calls(ADD) && is_later(Some(factor(&message))) {
            it.acted();
            return Err(unknown());
        }
        it.inner(context, admitted, message)
    }
);

fn is_later(factor: Option<i32>) -> bool {
    factor.is_some_and(|factor| (3..=5).contains(&factor))
}

fn unknown() -> Failure {
    Failure::new(Code::InvalidArgument, "invalid type: value must be one of the defined enum values")
}
