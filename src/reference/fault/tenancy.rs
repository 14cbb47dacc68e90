//! Faults of the organization in which a call works.

use super::around::{ADD, CREATE, REMOVE, RESET, factor, refused};
use super::macros::{fault, guard};
use super::{ALL, JSON};
use crate::reference::context::Caller;
use crate::reference::failure::{Code, Failure};
use crate::reference::refusal::Refusal;

guard!(
    FIRST_ORGANIZATION_BY_DEFAULT,
    "first-organization-by-default",
    "ORG-HEADER-DEFAULT",
    "refused",
    ALL,
    "without the header a call works in the first organization of the instance",
    |it, context, caller| {
        let mut outcome = it.ask(context, caller);
        if let Ok(admitted) = &mut outcome
            && caller.organization.is_empty()
            && (context.calls(ADD) || context.calls(REMOVE))
        {
            admitted.organization.clone_from(&it.seed.organization);
            it.acted();
        }
        outcome
    }
);

guard!(
    HEADER_IGNORED_FOR_WRITES,
    "header-ignored-for-writes",
    "ORG-HEADER-SELECTS",
    "refused",
    ALL,
    "adds and removals work in the caller's own organization, whatever the header names",
    |it, context, caller| {
        if (context.calls(ADD) || context.calls(REMOVE)) && !caller.organization.is_empty() {
            return it.note(it.ask_in(&[], context, caller));
        }
        it.ask(context, caller)
    }
);

guard!(
    RIGHTS_OF_HOME,
    "rights-of-home",
    "ORG-HEADER-DENIED",
    "accepted",
    ALL,
    "the permission is looked up in the caller's own organization, and the call works in the one that the header names",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::PermissionDenied)
            && let Ok(named) = it.ask_as_administrator(context, caller)
            && let Ok(mut admitted) = it.ask_in(&[], context, caller)
        {
            admitted.organization = named.organization;
            it.acted();
            return Ok(admitted);
        }
        outcome
    }
);

guard!(
    UNKNOWN_IS_OWN,
    "unknown-is-own",
    "ORG-HEADER-UNKNOWN",
    "accepted",
    ALL,
    "where the header names no organization the call works in the caller's own",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::PermissionDenied) && it.ask_as_administrator(context, caller).is_err() {
            return it.note(it.ask_in(&[], context, caller));
        }
        outcome
    }
);

guard!(
    UNKNOWN_IS_INTERNAL,
    "unknown-is-internal",
    "ORG-HEADER-UNKNOWN",
    "code-differs",
    ALL,
    "a header that is no number ends in INTERNAL",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::PermissionDenied) && caller.organization.concat().iter().any(|octet| !octet.is_ascii_digit()) {
            it.acted();
            return Err(Failure::new(Code::Internal, "invalid input syntax for type bigint"));
        }
        outcome
    }
);

guard!(
    FIRST_CHECKED_LAST_USED,
    "first-checked-last-used",
    "ORG-HEADER-DUPLICATE",
    "body-differs",
    &["json", "grpc", "grpc-web"],
    "of two organizations the first one is looked up for the permission, and the call works in the last one",
    |it, context, caller| {
        if let [first, .., last] = caller.organization.as_slice() {
            let last = Caller { organization: vec![last.clone()], ..caller.clone() };
            let used = it.ask_as_administrator(context, &last);
            let mut outcome = it.ask_in(std::slice::from_ref(first), context, caller);
            if let (Ok(admitted), Ok(used)) = (&mut outcome, used) {
                admitted.organization = used.organization;
                it.acted();
            }
            return outcome;
        }
        it.ask(context, caller)
    }
);

guard!(
    UNREADABLE_IS_ABSENT,
    "unreadable-is-absent",
    "ORG-HEADER-NON-ASCII",
    "accepted",
    JSON,
    "a header with octets outside ASCII is dropped",
    |it, context, caller| {
        if caller.organization.concat().iter().all(u8::is_ascii) {
            return it.ask(context, caller);
        }
        it.note(it.ask_in(&[], context, caller))
    }
);

fault!(
    FACTORS_UNIQUE_EVERYWHERE,
    "factors-unique-everywhere",
    "ORG-ISOLATION",
    "refused",
    "a factor that was added to one organization can't be added to another",
    |it, context, admitted, message| {
        let factor = factor(&message);
        if context.calls(ADD) && it.elsewhere(admitted, factor) {
            it.acted();
            return Err(Refusal::SecondFactorExists.tell(context.language));
        }
        let outcome = it.inner(context, admitted, message);
        if outcome.is_ok() {
            it.memory(admitted, |memory| {
                if context.calls(ADD) {
                    memory.factors.insert(factor);
                } else if context.calls(REMOVE) {
                    memory.factors.remove(&factor);
                } else if context.calls(RESET) || context.calls(CREATE) || context.calls("RemoveOrg") {
                    memory.factors.clear();
                }
            });
        }
        outcome
    }
);

guard!(
    REMOVED_ORGANIZATION_LIVES,
    "removed-organization-lives",
    "ORG-REMOVED-DENIED",
    "accepted",
    ALL,
    "adds to an organization that was removed are answered with success",
    |it, context, caller| {
        let key = caller.organization.concat();
        let outcome = it.ask(context, caller);
        match &outcome {
            Ok(admitted) => {
                it.known(|known| known.insert(key, admitted.clone()));
            }
            Err(failure) if failure.code == Code::PermissionDenied && context.calls(ADD) => {
                if let Some(admitted) = it.known(|known| known.get(&key).cloned()) {
                    return Ok(admitted);
                }
            }
            Err(_) => {}
        }
        outcome
    },
    |it, context, admitted, message| {
        let outcome = it.inner(context, admitted, message);
        if context.calls(CREATE) && outcome.is_ok() {
            it.memory(admitted, |memory| memory.answer = outcome.as_ref().ok().cloned());
        }
        if context.calls(ADD)
            && outcome.as_ref().is_err_and(|failure| failure.code == Code::PermissionDenied)
            && let Some(created) = it.memory(admitted, |memory| memory.answer.clone())
            && let Some(method) = context.method
        {
            let mut answer = prost_reflect::DynamicMessage::new(method.output.clone());
            if let Some(details) = created.get_field_by_name("details") {
                answer.set_field_by_name("details", details.into_owned());
            }
            it.acted();
            return Ok(answer);
        }
        outcome
    }
);

guard!(
    UNKNOWN_IS_TOLD,
    "unknown-is-told",
    "ORG-HEADER-INDISTINGUISHABLE",
    "error-differs",
    ALL,
    "whoever names an organization is told whether it exists",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::PermissionDenied) && it.ask_as_administrator(context, caller).is_err() {
            it.acted();
            return Err(Refusal::OrganizationMissing.tell(context.language));
        }
        outcome
    }
);

guard!(
    ANY_HOST,
    "any-host",
    "ORG-HOST-UNKNOWN",
    "accepted",
    ALL,
    "a call to a name that nobody has is answered by the first instance",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::NotFound) && caller.host == "unknown.example" {
            return it.note(it.ask(context, &Caller { host: "127.0.0.1".to_owned(), ..caller.clone() }));
        }
        outcome
    }
);
