//! Faults of sequences, dates and flags.

use prost_reflect::Value;
use prost_types::Timestamp;

use super::around::{ADD, CREATE, LIST, POLICY, REMOVE, details, ends_policy};
use super::macros::fault;

fault!(
    POLICY_KEEPS_FIRST_SEQUENCE,
    "policy-keeps-first-sequence",
    "STATE-READ-CATCHES-UP",
    "body-differs",
    "the policy shows the sequence and the date of its creation, whatever happens to it",
    |it, context, admitted, message| {
        let mut outcome = it.inner(context, admitted, message);
        if context.calls(CREATE) && outcome.is_ok() {
            it.memory(admitted, |memory| memory.answer = outcome.as_ref().ok().cloned());
        } else if ends_policy(context) && outcome.is_ok() {
            it.memory(admitted, |memory| memory.answer = None);
        } else if context.calls(POLICY)
            && let Some(mut created) = it.memory(admitted, |memory| memory.answer.clone())
            && let Some(created) = details(&mut created)
            && let Some(shown) = outcome.as_mut().ok().and_then(details)
        {
            for (from, to) in [("sequence", "sequence"), ("creation_date", "change_date")] {
                if let Some(value) = created.get_field_by_name(from) {
                    shown.set_field_by_name(to, value.into_owned());
                }
            }
            it.acted();
        }
        outcome
    }
);

fault!(
    CREATION_DATE_MOVES,
    "creation-date-moves",
    "STATE-POLICY-CREATION-STABLE",
    "body-differs",
    "each change of the policy moves its creation date",
    |it, context, admitted, message| {
        let mut outcome = it.inner(context, admitted, message);
        if context.calls(POLICY)
            && let Some(shown) = outcome.as_mut().ok().and_then(details)
            && let Some(date) = shown.get_field_by_name("change_date").map(std::borrow::Cow::into_owned)
        {
            shown.set_field_by_name("creation_date", date);
            it.acted();
        }
        outcome
    }
);

fault!(
    SEQUENCE_REPEATS,
    "sequence-repeats",
    "STATE-SEQUENCE-INCREASES",
    "body-differs",
    "a removal is answered with the sequence of the write before it",
    |it, context, admitted, message| {
        let mut outcome = it.inner(context, admitted, message);
        if !(context.calls(ADD) || context.calls(REMOVE) || context.calls(CREATE)) {
            return outcome;
        }
        if let Some(shown) = outcome.as_mut().ok().and_then(details) {
            let sequence = shown.get_field_by_name("sequence").and_then(|value| value.as_u64()).unwrap_or_default();
            let before = it.memory(admitted, |memory| std::mem::replace(&mut memory.number, sequence));
            if context.calls(REMOVE) && before > 0 {
                shown.set_field_by_name("sequence", Value::U64(before));
                it.memory(admitted, |memory| memory.number = before);
                it.acted();
            }
        }
        outcome
    }
);

fault!(
    SEQUENCE_OF_EACH_WIRE,
    "sequence-of-each-wire",
    "STATE-SEQUENCE-INCREASES",
    "body-differs",
    "what is written through JSON is numbered from 2^40",
    |it, context, admitted, message| {
        let mut outcome = it.inner(context, admitted, message);
        if (context.calls(ADD) || context.calls(REMOVE))
            && context.wire == crate::reference::context::Wire::Json
            && let Some(shown) = outcome.as_mut().ok().and_then(details)
        {
            let sequence = shown.get_field_by_name("sequence").and_then(|value| value.as_u64()).unwrap_or_default();
            shown.set_field_by_name("sequence", Value::U64(sequence + (1 << 40)));
            it.acted();
        }
        outcome
    }
);

fault!(
    REMOVALS_AN_HOUR_BACK,
    "removals-an-hour-back",
    "STATE-DATES-MONOTONIC",
    "body-differs",
    "removals are dated by a clock that is an hour behind",
    |it, context, admitted, message| {
        let mut outcome = it.inner(context, admitted, message);
        if context.calls(REMOVE)
            && let Some(shown) = outcome.as_mut().ok().and_then(details)
            && let Some(date) = shown.get_field_by_name_mut("change_date").and_then(Value::as_message_mut)
            && let Ok(mut late) = date.transcode_to::<Timestamp>()
        {
            late.seconds -= 3600;
            if date.transcode_from(&late).is_ok() {
                it.acted();
            }
        }
        outcome
    }
);

fault!(
    LISTS_GO_BACK,
    "lists-go-back",
    "STATE-LIST-PROCESSED-SEQUENCE",
    "body-differs",
    "every other list tells an older processed sequence than the one before",
    |it, context, admitted, message| {
        let mut outcome = it.inner(context, admitted, message);
        let turn = context.calls(LIST)
            && it.memory(admitted, |memory| {
                memory.number += 1;
                memory.number % 2 == 0
            });
        if turn && let Some(shown) = outcome.as_mut().ok().and_then(details) {
            shown.set_field_by_name("processed_sequence", Value::U64(1));
            it.acted();
        }
        outcome
    }
);

fault!(
    TOTAL_COUNTS_REMOVED,
    "total-counts-removed",
    "STATE-LIST-TOTAL",
    "counts",
    "the total of a list counts factors that were removed",
    |it, context, admitted, message| {
        let mut outcome = it.inner(context, admitted, message);
        let removed = it.memory(admitted, |memory| {
            if outcome.is_ok() && ends_policy(context) {
                memory.number = 0;
            } else if outcome.is_ok() && context.calls(REMOVE) {
                memory.number += 1;
            }
            memory.number
        });
        if context.calls(LIST)
            && removed > 0
            && let Some(shown) = outcome.as_mut().ok().and_then(details)
        {
            let total = shown.get_field_by_name("total_result").and_then(|value| value.as_u64()).unwrap_or_default();
            shown.set_field_by_name("total_result", Value::U64(total + removed));
            it.acted();
        }
        outcome
    }
);

fault!(
    OUTER_IS_DEFAULT_NEVER_SET,
    "outer-is-default-never-set",
    "STATE-IS-DEFAULT-FLAG",
    "body-differs",
    "the deprecated flag beside the policy is never set",
    |it, context, admitted, message| {
        let mut outcome = it.inner(context, admitted, message);
        if let Ok(answer) = &mut outcome
            && context.calls(POLICY)
            && answer.has_field_by_name("is_default")
        {
            answer.clear_field_by_name("is_default");
            it.acted();
        }
        outcome
    }
);
