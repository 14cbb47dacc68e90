//! Faults of creating, resetting and changing a policy as a whole.

use prost_reflect::Value;

use super::around::{ADD, CREATE, POLICY, REMOVE, RESET, factor, failed, listed};
use super::macros::fault;
use crate::reference::failure::{Code, Refusal};

fault!(
    RESET_LEAVES_FACTORS,
    "reset-leaves-factors",
    "STATE-RESET-CLEARS-FACTORS",
    "refused",
    "factors of a policy that was reset block the same add to the next policy",
    |it, context, admitted, message| {
        let factor = factor(&message);
        if context.calls(ADD) && it.memory(admitted, |memory| memory.factors.contains(&factor)) {
            it.acted();
            return Err(Refusal::SecondFactorExists.tell(context.language));
        }
        if context.calls(RESET)
            && let Some(mut answer) = it.call(context, admitted, POLICY, &[]).and_then(Result::ok)
            && it.custom_policy(context, admitted).is_some()
        {
            let mut read = context.clone();
            read.method = crate::reference::methods::contract().method("/zitadel.management.v1.ManagementService/GetLoginPolicy");
            let left: Vec<i32> = listed(&read, Some(&mut answer)).into_iter().flatten().filter_map(|it| it.as_enum_number()).collect();
            it.memory(admitted, |memory| memory.factors.extend(left));
        }
        if context.calls(REMOVE) {
            it.memory(admitted, |memory| memory.factors.remove(&factor));
        }
        it.inner(context, admitted, message)
    }
);

fault!(
    CREATION_LIST_IGNORED,
    "creation-list-ignored",
    "STATE-CREATE-WITH-FACTORS",
    "accepted",
    "the factors that a creation names are ignored",
    |it, context, admitted, mut message| {
        if context.calls(CREATE) && message.has_field_by_name("second_factors") {
            message.clear_field_by_name("second_factors");
            it.acted();
        }
        it.inner(context, admitted, message)
    }
);

fault!(
    REFUSED_CREATION_STAYS,
    "refused-creation-stays",
    "STATE-CREATE-ATOMIC",
    "refused",
    "a creation that is refused for one of its values leaves a policy without that value",
    |it, context, admitted, message| {
        let outcome = it.inner(context, admitted, message);
        if context.calls(CREATE) && failed(&outcome, Code::InvalidArgument) {
            let left = it.call(context, admitted, CREATE, &[("second_factors", Value::List(vec![Value::EnumNumber(1)]))]);
            if left.is_some_and(|left| left.is_ok()) {
                it.acted();
            }
        }
        outcome
    }
);
