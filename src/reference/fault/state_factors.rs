//! Faults of what adding and removing factors does.

use std::time::{Duration, Instant};

use prost_reflect::{DynamicMessage, Value};

use super::around::{ADD, ADD_MULTI, Around, LIST, POLICY, REMOVE, REMOVE_MULTI, count, ends_policy, factor, failed, listed};
use super::macros::fault;
use crate::reference::backend::{Admitted, Outcome};
use crate::reference::context::Context;
use crate::reference::failure::Code;
use crate::reference::refusal::Refusal;

fault!(
    ADD_NEVER_LISTED,
    "add-never-listed",
    "STATE-ADD-IN-LIST",
    "body-differs",
    "an added factor is stored and shown in the policy, but the list never shows it",
    |it, context, admitted, message| hide_added(it, context, admitted, message, LIST)
);

fault!(
    ADD_NEVER_IN_POLICY,
    "add-never-in-policy",
    "STATE-ADD-IN-POLICY",
    "body-differs",
    "an added factor is stored and listed, but the policy never shows it",
    |it, context, admitted, message| hide_added(it, context, admitted, message, POLICY)
);

/// Keeps factors that were added after the creation out of one read.
fn hide_added(it: &Around, context: &Context, admitted: &Admitted, message: DynamicMessage, read: &str) -> Outcome {
    let factor = factor(&message);
    let mut outcome = it.inner(context, admitted, message);
    let added = remember_added(it, context, admitted, factor, &outcome);
    if context.calls(read)
        && let Some(factors) = listed(context, outcome.as_mut().ok())
    {
        let before = factors.len();
        factors.retain(|factor| factor.as_enum_number().is_none_or(|factor| !added.contains(&factor)));
        if factors.len() < before {
            it.acted();
        }
        if read == LIST {
            count(outcome.as_mut().ok());
        }
    }
    outcome
}

/// The factors that were added since the policy began and are still there.
fn remember_added(it: &Around, context: &Context, admitted: &Admitted, factor: i32, outcome: &Outcome) -> std::collections::BTreeSet<i32> {
    it.memory(admitted, |memory| {
        if outcome.is_ok() && ends_policy(context) {
            memory.factors.clear();
        } else if outcome.is_ok() && context.calls(ADD) {
            memory.factors.insert(factor);
        } else if outcome.is_ok() && context.calls(REMOVE) {
            memory.factors.remove(&factor);
        }
        memory.factors.clone()
    })
}

fault!(
    LISTS_ALTERNATE,
    "lists-alternate",
    "STATE-ADD-IN-LIST",
    "body-differs",
    "every other list lacks the factors that were added, for good",
    |it, context, admitted, message| {
        let turn = context.calls(LIST)
            && it.memory(admitted, |memory| {
                memory.number += 1;
                memory.number % 2 == 0
            });
        hide_added(it, context, admitted, message, if turn { LIST } else { "" })
    }
);

fault!(
    DUPLICATE_CHECK_LAGS,
    "duplicate-check-lags",
    "STATE-ADD-TWICE-ALREADY-EXISTS",
    "accepted",
    "for 300 ms after an add the same add is answered with success",
    |it, context, admitted, message| {
        let outcome = it.inner(context, admitted, message);
        if context.calls(ADD) && outcome.is_ok() {
            it.memory(admitted, |memory| memory.at = Some(Instant::now()));
        }
        let fresh = it.memory(admitted, |memory| memory.at.is_some_and(|at| at.elapsed() < Duration::from_millis(300)));
        if context.calls(ADD)
            && fresh
            && failed(&outcome, Code::AlreadyExists)
            && let Some(answer) = it.acknowledge(context, admitted, "creation_date")
        {
            it.acted();
            return Ok(answer);
        }
        outcome
    }
);

fault!(
    REFUSED_ADD_WRITES,
    "refused-add-writes",
    "STATE-ADD-TWICE-NO-EFFECT",
    "body-differs",
    "an add that is refused because the factor is active writes events all the same",
    |it, context, admitted, message| {
        let factor = Value::EnumNumber(factor(&message));
        let outcome = it.inner(context, admitted, message);
        if context.calls(ADD) && failed(&outcome, Code::AlreadyExists) {
            it.acted();
            let _ = it.call(context, admitted, REMOVE, &[("type", factor.clone())]);
            let _ = it.call(context, admitted, ADD, &[("type", factor)]);
        }
        outcome
    }
);

fault!(
    REMOVE_TAKES_ALL,
    "remove-takes-all",
    "STATE-REMOVE",
    "body-differs",
    "removing one factor removes all",
    |it, context, admitted, message| {
        let outcome = it.inner(context, admitted, message);
        if context.calls(REMOVE) && outcome.is_ok() {
            for factor in 1..=5 {
                let more = it.call(context, admitted, REMOVE, &[("type", Value::EnumNumber(factor))]);
                if more.is_some_and(|more| more.is_ok()) {
                    it.acted();
                }
            }
        }
        outcome
    }
);

fault!(
    EMPTIED_LIST_INHERITS,
    "emptied-list-inherits",
    "STATE-REMOVE-LAST",
    "body-differs",
    "a custom policy whose last factor was removed shows those of the default",
    |it, context, admitted, message| {
        let mut outcome = it.inner(context, admitted, message);
        let emptied = it.memory(admitted, |memory| {
            if outcome.is_ok() && (ends_policy(context) || context.calls(ADD)) {
                memory.number = 0;
            } else if outcome.is_ok() && context.calls(REMOVE) {
                memory.number = 1;
            }
            memory.number == 1
        });
        if emptied
            && let Some(factors) = listed(context, outcome.as_mut().ok())
            && factors.is_empty()
        {
            it.acted();
            factors.extend([1, 2].map(Value::EnumNumber));
            count(outcome.as_mut().ok());
        }
        outcome
    }
);

fault!(
    REMOVE_ABSENT_OK,
    "remove-absent-ok",
    "STATE-REMOVE-ABSENT-NOT-FOUND",
    "accepted",
    "removing a factor that is not active is answered with success, where there is a custom policy",
    |it, context, admitted, message| {
        let outcome = it.inner(context, admitted, message);
        if context.calls(REMOVE)
            && failed(&outcome, Code::NotFound)
            && it.custom_policy(context, admitted).is_some()
            && let Some(answer) = it.acknowledge(context, admitted, "change_date")
        {
            it.acted();
            return Ok(answer);
        }
        outcome
    }
);

fault!(
    REMOVED_FOR_EVER,
    "removed-for-ever",
    "STATE-READD",
    "refused",
    "a factor that was removed can't be added to the same policy again",
    |it, context, admitted, message| {
        let factor = factor(&message);
        if context.calls(ADD) && it.memory(admitted, |memory| memory.factors.contains(&factor)) {
            it.acted();
            return Err(Refusal::SecondFactorExists.tell(context.language));
        }
        let outcome = it.inner(context, admitted, message);
        it.memory(admitted, |memory| {
            if outcome.is_ok() && ends_policy(context) {
                memory.factors.clear();
            } else if outcome.is_ok() && context.calls(REMOVE) {
                memory.factors.insert(factor);
            }
        });
        outcome
    }
);

fault!(
    READDED_LISTED_TWICE,
    "readded-listed-twice",
    "STATE-READD",
    "body-differs",
    "a factor that was removed and added again is listed twice",
    |it, context, admitted, message| {
        let factor = factor(&message);
        let mut outcome = it.inner(context, admitted, message);
        let removed = it.memory(admitted, |memory| {
            if outcome.is_ok() && ends_policy(context) {
                memory.factors.clear();
            } else if outcome.is_ok() && context.calls(REMOVE) {
                memory.factors.insert(factor);
            }
            memory.factors.clone()
        });
        if context.calls(LIST)
            && let Some(factors) = listed(context, outcome.as_mut().ok())
        {
            let twice = factors.iter().filter(|factor| factor.as_enum_number().is_some_and(|factor| removed.contains(&factor)));
            let twice: Vec<Value> = twice.cloned().collect();
            if !twice.is_empty() {
                it.acted();
            }
            factors.extend(twice);
            count(outcome.as_mut().ok());
        }
        outcome
    }
);

fault!(
    SHARED_NUMBERS,
    "shared-numbers",
    "STATE-TYPES-INDEPENDENT",
    "refused",
    "a second factor can't be added while a multi factor of the same number is active",
    |it, context, admitted, message| {
        let factor = factor(&message);
        if context.calls(ADD) && it.memory(admitted, |memory| memory.factors.contains(&factor)) {
            it.acted();
            return Err(Refusal::SecondFactorExists.tell(context.language));
        }
        let outcome = it.inner(context, admitted, message);
        it.memory(admitted, |memory| {
            if outcome.is_ok() && ends_policy(context) {
                memory.factors.clear();
            } else if outcome.is_ok() && context.calls(ADD_MULTI) {
                memory.factors.insert(factor);
            } else if outcome.is_ok() && context.calls(REMOVE_MULTI) {
                memory.factors.remove(&factor);
            }
        });
        outcome
    }
);

fault!(
    MULTI_REMOVAL_TAKES_BOTH,
    "multi-removal-takes-both",
    "STATE-TYPES-INDEPENDENT",
    "accepted",
    "removing a multi factor removes the second factor of the same number",
    |it, context, admitted, message| {
        let factor = Value::EnumNumber(factor(&message));
        let outcome = it.inner(context, admitted, message);
        if context.calls(REMOVE_MULTI)
            && outcome.is_ok()
            && it.call(context, admitted, REMOVE, &[("type", factor)]).is_some_and(|more| more.is_ok())
        {
            it.acted();
        }
        outcome
    }
);

fault!(
    DUPLICATE_MULTI_OK,
    "duplicate-multi-ok",
    "STATE-MULTI-FACTOR-RULES",
    "accepted",
    "the add of an active multi factor is answered with success",
    |it, context, admitted, message| {
        let outcome = it.inner(context, admitted, message);
        if context.calls(ADD_MULTI)
            && failed(&outcome, Code::AlreadyExists)
            && let Some(answer) = it.acknowledge(context, admitted, "creation_date")
        {
            it.acted();
            return Ok(answer);
        }
        outcome
    }
);

fault!(
    MULTI_TAKES_SECOND,
    "multi-takes-second",
    "STATE-MULTI-FACTOR-RULES",
    "accepted",
    "the numbers of second factors are taken as multi factors too",
    |it, context, admitted, message| {
        let foreign = context.calls(ADD_MULTI) && factor(&message) == 2;
        let outcome = it.inner(context, admitted, message);
        if foreign
            && failed(&outcome, Code::InvalidArgument)
            && let Some(answer) = it.acknowledge(context, admitted, "creation_date")
        {
            it.acted();
            return Ok(answer);
        }
        outcome
    }
);
