//! Faults of creating, resetting and changing a policy as a whole.

use prost_reflect::{Kind, ReflectMessage as _, Value};

use super::around::{ADD, CREATE, DEFAULT, LIST, POLICY, REMOVE, RESET, UPDATE, count, ends_policy, factor, failed, listed};
use super::macros::fault;
use crate::reference::failure::Code;
use crate::reference::refusal::Refusal;

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

fault!(
    CREATION_LISTS_TWICE,
    "creation-lists-twice",
    "STATE-CREATE-DUPLICATE-FACTORS",
    "body-differs",
    "a factor that a creation names twice is listed twice",
    |it, context, admitted, mut message| {
        let mut twice = Vec::new();
        if context.calls(CREATE)
            && let Some(factors) = message.get_field_by_name_mut("second_factors").and_then(Value::as_list_mut)
        {
            let mut once: Vec<Value> = Vec::new();
            for factor in factors.drain(..) {
                if once.contains(&factor) { twice.push(factor) } else { once.push(factor) }
            }
            *factors = once;
        }
        let mut outcome = it.inner(context, admitted, message);
        if context.calls(CREATE) && outcome.is_ok() {
            it.memory(admitted, |memory| memory.factors = twice.iter().filter_map(Value::as_enum_number).collect());
        }
        if context.calls(LIST)
            && let Some(factors) = listed(context, outcome.as_mut().ok())
        {
            let twice = it.memory(admitted, |memory| memory.factors.clone());
            let again: Vec<Value> =
                factors.iter().filter(|factor| factor.as_enum_number().is_some_and(|factor| twice.contains(&factor))).cloned().collect();
            if !again.is_empty() {
                factors.extend(again);
                count(outcome.as_mut().ok());
                it.acted();
            }
        }
        outcome
    }
);

fault!(
    UPDATE_DROPS_FACTORS,
    "update-drops-factors",
    "STATE-UPDATE-KEEPS-FACTORS",
    "body-differs",
    "an update leaves the policy without second factors",
    |it, context, admitted, message| {
        let outcome = it.inner(context, admitted, message);
        if context.calls(UPDATE) && outcome.is_ok() {
            for factor in 1..=5 {
                let removed = it.call(context, admitted, REMOVE, &[("type", Value::EnumNumber(factor))]);
                if removed.is_some_and(|removed| removed.is_ok()) {
                    it.acted();
                }
            }
        }
        outcome
    }
);

fault!(
    UPDATE_MERGES,
    "update-merges",
    "STATE-UPDATE-REPLACES-FLAGS",
    "body-differs",
    "a flag that an update leaves out stays as it was",
    |it, context, admitted, mut message| {
        if context.calls(UPDATE)
            && let Some(policy) = it.custom_policy(context, admitted)
        {
            for field in message.descriptor().fields().filter(|field| field.kind() == Kind::Bool) {
                let was = policy.get_field_by_name(field.name()).and_then(|was| was.as_bool()).unwrap_or_default();
                if was && !message.has_field(&field) {
                    message.set_field(&field, Value::Bool(true));
                    it.acted();
                }
            }
        }
        it.inner(context, admitted, message)
    }
);

fault!(
    UPDATE_CREATES,
    "update-creates",
    "STATE-POLICY-LIFECYCLE-CODES",
    "accepted",
    "an update creates the policy where there is none",
    |it, context, admitted, message| {
        let outcome = it.inner(context, admitted, message);
        if context.calls(UPDATE)
            && failed(&outcome, Code::NotFound)
            && it.call(context, admitted, CREATE, &[]).is_some_and(|made| made.is_ok())
            && let Some(answer) = it.acknowledge(context, admitted, "change_date")
        {
            it.acted();
            return Ok(answer);
        }
        outcome
    }
);

fault!(
    CREATION_OVERWRITES,
    "creation-overwrites",
    "STATE-POLICY-LIFECYCLE-CODES",
    "accepted",
    "a second creation replaces the policy",
    |it, context, admitted, message| {
        let outcome = it.inner(context, admitted, message.clone());
        if context.calls(CREATE) && failed(&outcome, Code::AlreadyExists) {
            it.acted();
            let _ = it.call(context, admitted, RESET, &[]);
            return it.inner(context, admitted, message);
        }
        outcome
    }
);

fault!(
    RESET_OF_NOTHING_OK,
    "reset-of-nothing-ok",
    "STATE-POLICY-LIFECYCLE-CODES",
    "accepted",
    "a reset where nothing is to be reset is answered with success",
    |it, context, admitted, message| {
        let outcome = it.inner(context, admitted, message);
        if context.calls(RESET)
            && failed(&outcome, Code::NotFound)
            && let Some(answer) = it.acknowledge(context, admitted, "change_date")
        {
            it.acted();
            return Ok(answer);
        }
        outcome
    }
);

fault!(
    RESET_KEEPS_FLAG,
    "reset-keeps-flag",
    "STATE-RESET-TO-DEFAULT",
    "body-differs",
    "after a reset the second factor is enforced as it was before",
    |it, context, admitted, message| {
        let before = if context.calls(RESET) { it.custom_policy(context, admitted) } else { None };
        let mut outcome = it.inner(context, admitted, message);
        if let Some(policy) = before {
            let forced = policy.get_field_by_name("force_mfa").and_then(|forced| forced.as_bool()).unwrap_or_default();
            it.memory(admitted, |memory| memory.number = u64::from(forced));
        }
        if context.calls(POLICY)
            && it.memory(admitted, |memory| memory.number == 1)
            && it.custom_policy(context, admitted).is_none()
            && let Ok(answer) = &mut outcome
            && let Some(policy) = answer.get_field_by_name_mut("policy").and_then(Value::as_message_mut)
        {
            policy.set_field_by_name("force_mfa", Value::Bool(true));
            it.acted();
        }
        outcome
    }
);

fault!(
    RESET_KEEPS_FACTORS_LISTED,
    "reset-keeps-factors-listed",
    "STATE-RESET-TO-DEFAULT",
    "body-differs",
    "after a reset the list shows the factors of the policy that was",
    |it, context, admitted, message| {
        let before = if context.calls(RESET) { it.call(context, admitted, LIST, &[]).and_then(Result::ok) } else { None };
        let outcome = it.inner(context, admitted, message);
        if context.calls(RESET) && outcome.is_ok() {
            it.memory(admitted, |memory| memory.answer = before);
        } else if context.calls(CREATE) && outcome.is_ok() {
            it.memory(admitted, |memory| memory.answer = None);
        } else if context.calls(LIST)
            && let Some(answer) = it.memory(admitted, |memory| memory.answer.clone())
        {
            it.acted();
            return Ok(answer);
        }
        outcome
    }
);

fault!(
    DEFAULT_FOLLOWS_ORGANIZATION,
    "default-follows-organization",
    "STATE-DEFAULT-UNTOUCHED",
    "body-differs",
    "an update of an organization's policy is applied to the default as well, until the organization resets",
    |it, context, admitted, message| {
        let mut outcome = it.inner(context, admitted, message);
        let updated = it.memory(admitted, |memory| {
            if outcome.is_ok() && ends_policy(context) {
                memory.number = 0;
            } else if outcome.is_ok() && context.calls(UPDATE) {
                memory.number = 1;
            }
            memory.number == 1
        });
        if updated
            && context.calls(DEFAULT)
            && let Ok(answer) = &mut outcome
            && let Some(policy) = answer.get_field_by_name_mut("policy").and_then(Value::as_message_mut)
        {
            policy.set_field_by_name("force_mfa", Value::Bool(true));
            it.acted();
        }
        outcome
    }
);

fault!(
    INHERITED_LIST_COPIED,
    "inherited-list-copied",
    "STATE-DEFAULT-CHANGE-PROPAGATES",
    "body-differs",
    "an organization lists what it inherited when it was first asked, whatever becomes of the default",
    |it, context, admitted, message| {
        let outcome = it.inner(context, admitted, message);
        let Ok(answer) = &outcome else { return outcome };
        if !context.calls(LIST) || it.custom_policy(context, admitted).is_some() {
            return outcome;
        }
        let copied = it.memory(admitted, |memory| memory.answer.get_or_insert_with(|| answer.clone()).clone());
        if copied.get_field_by_name("result") == answer.get_field_by_name("result") {
            return outcome;
        }
        it.note(Ok(copied))
    }
);

fault!(
    ADD_WITHOUT_POLICY_LOST,
    "add-without-policy-lost",
    "STATE-NO-CUSTOM-POLICY",
    "body-differs",
    "an add where there is no custom policy is answered with success, without effect",
    |it, context, admitted, message| {
        let outcome = it.inner(context, admitted, message);
        if context.calls(ADD)
            && failed(&outcome, Code::NotFound)
            && let Some(answer) = it.acknowledge(context, admitted, "creation_date")
        {
            it.acted();
            return Ok(answer);
        }
        outcome
    }
);

fault!(
    ORPHANS_BLOCK,
    "orphans-block",
    "STATE-ADD-LIST-AGREE",
    "refused",
    "a factor that was added where there is no custom policy blocks the same add to the next policy, and isn't listed",
    |it, context, admitted, message| {
        let factor = factor(&message);
        let custom = it.custom_policy(context, admitted).is_some();
        if context.calls(ADD) && custom && it.memory(admitted, |memory| memory.factors.contains(&factor)) {
            it.acted();
            return Err(Refusal::SecondFactorExists.tell(context.language));
        }
        if context.calls(REMOVE) || context.calls(RESET) {
            it.memory(admitted, |memory| memory.factors.clear());
        }
        let outcome = it.inner(context, admitted, message);
        if context.calls(ADD)
            && !custom
            && failed(&outcome, Code::NotFound)
            && let Some(answer) = it.acknowledge(context, admitted, "creation_date")
        {
            it.memory(admitted, |memory| memory.factors.insert(factor));
            return Ok(answer);
        }
        outcome
    }
);

fault!(
    INHERITED_REMOVAL_LOST,
    "inherited-removal-lost",
    "STATE-NO-CUSTOM-POLICY-REMOVE",
    "body-differs",
    "removing a factor of the default from an organization that inherits is answered with success, without effect",
    |it, context, admitted, message| {
        let outcome = it.inner(context, admitted, message);
        if context.calls(REMOVE)
            && failed(&outcome, Code::NotFound)
            && it.custom_policy(context, admitted).is_none()
            && let Some(answer) = it.acknowledge(context, admitted, "change_date")
        {
            it.acted();
            return Ok(answer);
        }
        outcome
    }
);

fault!(
    INHERITED_REMOVAL_FROM_DEFAULT,
    "inherited-removal-from-default",
    "STATE-NO-CUSTOM-POLICY-REMOVE",
    "body-differs",
    "a refused removal from an organization that inherits takes the factor out of the default, until the organization resets",
    |it, context, admitted, message| {
        let removed = factor(&message);
        let mut outcome = it.inner(context, admitted, message);
        if context.calls(REMOVE) && failed(&outcome, Code::NotFound) && it.custom_policy(context, admitted).is_none() {
            it.memory(admitted, |memory| memory.factors.insert(removed));
        } else if context.calls(RESET) {
            it.memory(admitted, |memory| memory.factors.clear());
        }
        if context.calls(DEFAULT)
            && let Ok(answer) = &mut outcome
            && let Some(policy) = answer.get_field_by_name_mut("policy").and_then(Value::as_message_mut)
            && let Some(factors) = policy.get_field_by_name_mut("second_factors").and_then(Value::as_list_mut)
        {
            let removed = it.memory(admitted, |memory| memory.factors.clone());
            let before = factors.len();
            factors.retain(|factor| factor.as_enum_number().is_none_or(|factor| !removed.contains(&factor)));
            if factors.len() < before {
                it.acted();
            }
        }
        outcome
    }
);
