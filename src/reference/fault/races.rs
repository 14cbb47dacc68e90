//! Faults of calls at the same time. A race would show them now and then; here whatever comes shortly after another call counts as racing with it,
//! so that they show every time.

use std::time::{Duration, Instant};

use prost_reflect::DynamicMessage;

use super::around::{ADD, Around, CREATE, REMOVE, count, details, ends_policy, factor, failed, listed};
use super::macros::fault;
use crate::reference::backend::{Admitted, Outcome};
use crate::reference::context::{Context, Wire};
use crate::reference::failure::{Code, Failure};

/// How long after another call one counts as racing with it: far above what a busy machine needs to send a few at once.
const RACE: Duration = Duration::from_secs(5);

fault!(
    RACING_ADDS_ALL_WIN,
    "racing-adds-all-win",
    "CONC-ADD-ONE-WINNER",
    "too-many",
    "equal adds at the same time are all answered with success",
    |it, context, admitted, message| lost_race_won(it, context, admitted, message, |_, _| true)
);

fault!(
    RACING_WIRES_BOTH_WIN,
    "racing-wires-both-win",
    "CONC-MIXED-ENCODINGS",
    "too-many",
    "equal adds at the same time are answered with success on each wire, for each has a lock of its own",
    |it, context, admitted, message| lost_race_won(it, context, admitted, message, |won, now| won != now)
);

fault!(
    RACING_ADDS_LISTED_TWICE,
    "racing-adds-listed-twice",
    "CONC-LIST-NO-DUPLICATES",
    "body-differs",
    "of equal adds at the same time one is answered with success, but the list shows the factor twice",
    |it, context, admitted, message| {
        let race = is_in_race(it, context, admitted);
        let mut outcome = it.inner(context, admitted, message);
        remember(it, context, admitted, &outcome);
        if race && context.calls(ADD) && failed(&outcome, Code::AlreadyExists) {
            it.memory(admitted, |memory| memory.factors.insert(-1));
        } else if outcome.is_ok() && (context.calls(REMOVE) || context.calls(CREATE)) {
            it.memory(admitted, |memory| memory.factors.clear());
        } else if it.memory(admitted, |memory| memory.factors.contains(&-1))
            && let Some(factors) = listed(context, outcome.as_mut().ok())
            && let Some(first) = factors.first().cloned()
        {
            factors.push(first);
            it.acted();
            count(outcome.as_mut().ok());
        }
        outcome
    }
);

fault!(
    RACING_CONFLICT_IS_INTERNAL,
    "racing-conflict-is-internal",
    "CONC-CONFLICT-CODE",
    "code-differs",
    "an add that loses a race fails with INTERNAL",
    |it, context, admitted, message| {
        let race = is_in_race(it, context, admitted);
        let outcome = it.inner(context, admitted, message);
        remember(it, context, admitted, &outcome);
        if race && context.calls(ADD) && failed(&outcome, Code::AlreadyExists) {
            it.acted();
            return Err(Failure::new(Code::Internal, "conflict"));
        }
        outcome
    }
);

fault!(
    RACING_ADD_IS_LOST,
    "racing-add-is-lost",
    "CONC-DISTINCT-TYPES",
    "body-differs",
    "of two adds of different factors at the same time the second is answered with success and lost",
    |it, context, admitted, message| {
        let race = is_in_race(it, context, admitted);
        let another = race && context.calls(ADD) && it.memory(admitted, |memory| !memory.factors.contains(&factor(&message)));
        if another && let Some(answer) = it.acknowledge(context, admitted, "change_date") {
            it.acted();
            return Ok(answer);
        }
        let added = factor(&message);
        let outcome = it.inner(context, admitted, message);
        remember(it, context, admitted, &outcome);
        if outcome.is_ok() && context.calls(ADD) {
            it.memory(admitted, |memory| memory.factors.insert(added));
        } else if outcome.is_ok() && context.calls(CREATE) {
            it.memory(admitted, |memory| memory.factors.clear());
        }
        outcome
    }
);

fault!(
    RACING_WRITES_SHARE_SEQUENCE,
    "racing-writes-share-sequence",
    "CONC-SEQUENCE-UNIQUE",
    "not-distinct",
    "two writes at the same time are told the same sequence",
    |it, context, admitted, message| {
        let race = is_in_race(it, context, admitted);
        let mut outcome = it.inner(context, admitted, message);
        if race
            && !ends_policy(context)
            && context.calls(ADD)
            && let Some(mut first) = it.memory(admitted, |memory| memory.answer.clone())
            && let Some(told) = details(&mut first).and_then(|first| first.get_field_by_name("sequence").map(std::borrow::Cow::into_owned))
            && let Some(own) = outcome.as_mut().ok().and_then(details)
        {
            own.set_field_by_name("sequence", told);
            it.acted();
        }
        remember(it, context, admitted, &outcome);
        outcome
    }
);

fault!(
    RACING_CREATIONS_ALL_WIN,
    "racing-creations-all-win",
    "CONC-CREATE-ONE-WINNER",
    "too-many",
    "creations of a policy at the same time are all answered with success",
    |it, context, admitted, message| {
        let race = context.calls(CREATE) && it.memory(admitted, |memory| memory.at.is_some_and(|at| at.elapsed() < RACE));
        let outcome = it.inner(context, admitted, message);
        if outcome.is_ok() && ends_policy(context) {
            it.memory(admitted, |memory| memory.at = None);
        } else if outcome.is_ok() && context.calls(CREATE) {
            it.memory(admitted, |memory| memory.at = Some(Instant::now()));
        }
        if race
            && failed(&outcome, Code::AlreadyExists)
            && let Some(answer) = it.acknowledge(context, admitted, "creation_date")
        {
            it.acted();
            return Ok(answer);
        }
        outcome
    }
);

/// Whether an add succeeded a moment ago.
fn is_in_race(it: &Around, context: &Context, admitted: &Admitted) -> bool {
    context.calls(ADD) && it.memory(admitted, |memory| memory.at.is_some_and(|at| at.elapsed() < RACE))
}

/// Remembers the first success of an add since the policy began, and its wire.
fn remember(it: &Around, context: &Context, admitted: &Admitted, outcome: &Outcome) {
    let Ok(answer) = outcome else { return };
    it.memory(admitted, |memory| {
        if ends_policy(context) || context.calls(CREATE) || context.calls(REMOVE) {
            (memory.at, memory.answer) = (None, None);
        } else if context.calls(ADD) && memory.at.is_none() {
            memory.at = Some(Instant::now());
            memory.number = number(context.wire);
            memory.answer = Some(answer.clone());
        }
    });
}

const fn number(wire: Wire) -> u64 {
    wire as u64
}

/// An add that lost against one on such a wire is answered with success as well.
fn lost_race_won(it: &Around, context: &Context, admitted: &Admitted, message: DynamicMessage, wins: fn(u64, u64) -> bool) -> Outcome {
    let race = is_in_race(it, context, admitted);
    let outcome = it.inner(context, admitted, message);
    remember(it, context, admitted, &outcome);
    let won = it.memory(admitted, |memory| memory.number);
    if race
        && failed(&outcome, Code::AlreadyExists)
        && wins(won, number(context.wire))
        && let Some(answer) = it.acknowledge(context, admitted, "creation_date")
    {
        it.acted();
        return Ok(answer);
    }
    outcome
}
