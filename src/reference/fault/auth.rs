//! Faults of who may call.

use super::around::{ADD, ADD_MULTI, LIST, POLICY, REMOVE, RESET, UPDATE, factor, refused};
use super::macros::guard;
use super::{ALL, BINARY, Fault, Heard, JSON, Layer, Seam};
use crate::reference::backend::Admitted;
use crate::reference::context::Caller;
use crate::reference::failure::{Code, Failure};
use crate::reference::refusal::Refusal;

/// Stands for the user of a call that is refused when it is executed.
const NOBODY: &str = "?";

fn nobody(organization: String) -> Admitted {
    Admitted { user: NOBODY.to_owned(), organization, as_of: None }
}

/// The credentials of a caller that has one.
fn credentials(caller: &Caller) -> &[u8] {
    caller.authorization.first().map(Vec::as_slice).unwrap_or_default()
}

/// The word after the last blank.
fn last_word(value: &[u8]) -> &[u8] {
    value.rsplit(|octet| *octet == b' ').next().unwrap_or_default()
}

guard!(
    ANONYMOUS_READS,
    "anonymous-reads",
    "AUTH-MISSING-TOKEN-UNAUTHENTICATED",
    "accepted",
    ALL,
    "the policy can be read without a token",
    |it, context, caller| {
        if caller.authorization.is_empty() && context.calls(POLICY) {
            return it.note(it.ask_as_administrator(context, caller));
        }
        it.ask(context, caller)
    }
);

guard!(
    ANONYMOUS_RESET,
    "anonymous-reset",
    "AUTH-MISSING-TOKEN-UNAUTHENTICATED",
    "accepted",
    ALL,
    "the policy can be reset without a token",
    |it, context, caller| {
        if caller.authorization.is_empty() && context.calls(RESET) {
            return it.note(it.ask_as_administrator(context, caller));
        }
        it.ask(context, caller)
    }
);

guard!(
    ANONYMOUS_MULTI_FACTORS,
    "anonymous-multi-factors",
    "AUTH-MISSING-TOKEN-UNAUTHENTICATED",
    "accepted",
    ALL,
    "multi factors can be added without a token",
    |it, context, caller| {
        if caller.authorization.is_empty() && context.calls(ADD_MULTI) {
            return it.note(it.ask_as_administrator(context, caller));
        }
        it.ask(context, caller)
    }
);

guard!(
    TOKEN_PREFIX_ENOUGH,
    "token-prefix-enough",
    "AUTH-INVALID-TOKEN",
    "accepted",
    ALL,
    "the first half of a token that is known is enough",
    |it, context, caller| {
        let sent = credentials(caller);
        let outcome = it.ask(context, caller);
        match &outcome {
            Ok(admitted) => {
                it.known(|known| known.insert(sent.to_vec(), admitted.clone()));
            }
            Err(failure) if failure.code == Code::Unauthenticated && sent.len() > 16 => {
                let whole = it.known(|known| known.keys().find(|known| known.starts_with(sent)).cloned());
                if let Some(whole) = whole {
                    return it.note(it.ask_with(whole, context, caller));
                }
            }
            Err(_) => {}
        }
        outcome
    }
);

guard!(
    TOKEN_MIDDLE_IGNORED,
    "token-middle-ignored",
    "AUTH-INVALID-TOKEN",
    "accepted",
    ALL,
    "the middle of a token is not looked at",
    |it, context, caller| {
        let sent = credentials(caller);
        let outcome = it.ask(context, caller);
        match &outcome {
            Ok(admitted) => {
                it.known(|known| known.insert(sent.to_vec(), admitted.clone()));
            }
            Err(failure) if failure.code == Code::Unauthenticated && sent.len() > 24 => {
                let alike = |known: &&Vec<u8>| {
                    known.len() == sent.len() && known[..12] == sent[..12] && known[known.len() - 4..] == sent[sent.len() - 4..]
                };
                let whole = it.known(|known| known.keys().find(alike).cloned());
                if let Some(whole) = whole {
                    return it.note(it.ask_with(whole, context, caller));
                }
            }
            Err(_) => {}
        }
        outcome
    }
);

guard!(
    TOKEN_WITH_DOTS_500,
    "token-with-dots-500",
    "AUTH-INVALID-TOKEN",
    "code-differs",
    ALL,
    "a token that looks like a JWT and is none ends in INTERNAL",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::Unauthenticated) && credentials(caller).iter().filter(|octet| **octet == b'.').count() == 2 {
            it.acted();
            return Err(Failure::new(Code::Internal, "invalid character 'i' looking for beginning of value"));
        }
        outcome
    }
);

guard!(
    SCHEME_IGNORED,
    "scheme-ignored",
    "AUTH-WRONG-SCHEME",
    "accepted",
    ALL,
    "a right token counts whatever the scheme, also without one",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::Unauthenticated) && !caller.authorization.is_empty() {
            let bent = it.note(it.ask_with([b"Bearer ", last_word(credentials(caller))].concat(), context, caller));
            return bent.or(outcome);
        }
        outcome
    }
);

guard!(
    SCHEME_ALONE_500,
    "scheme-alone-500",
    "AUTH-WRONG-SCHEME",
    "code-differs",
    ALL,
    "the scheme without a token ends in INTERNAL",
    |it, context, caller| {
        if credentials(caller).trim_ascii() == b"Bearer" {
            it.acted();
            return Err(Failure::new(Code::Internal, "index out of range [1] with length 1"));
        }
        it.ask(context, caller)
    }
);

guard!(
    SCHEME_CASE_MATTERS,
    "scheme-case-matters",
    "AUTH-SCHEME-CASE-INSENSITIVE",
    "refused",
    ALL,
    "only `Bearer` in this spelling is taken",
    |it, context, caller| {
        let sent = credentials(caller);
        if sent.len() > 7 && sent[..7].eq_ignore_ascii_case(b"bearer ") && !sent.starts_with(b"Bearer ") {
            it.acted();
            return Err(Refusal::CredentialsInvalid.tell(context.language));
        }
        it.ask(context, caller)
    }
);

guard!(
    ONE_BLANK_ONLY,
    "one-blank-only",
    "AUTH-SCHEME-SPACES",
    "refused",
    ALL,
    "a second blank before the token counts as a part of it",
    |it, context, caller| {
        if credentials(caller).starts_with(b"Bearer  ") {
            it.acted();
            return Err(Refusal::TokenInvalid.tell(context.language));
        }
        it.ask(context, caller)
    }
);

guard!(
    REVOKED_TOKEN_LIVES,
    "revoked-token-lives",
    "AUTH-EXPIRED-OR-REVOKED",
    "accepted",
    ALL,
    "a token that was admitted once is admitted for ever",
    |it, context, caller| {
        let key = [credentials(caller), &caller.organization.concat()].concat();
        let outcome = it.ask(context, caller);
        match &outcome {
            Ok(admitted) => {
                it.known(|known| known.insert(key, admitted.clone()));
            }
            Err(failure) if failure.code == Code::Unauthenticated => {
                if let Some(admitted) = it.known(|known| known.get(&key).cloned()) {
                    it.acted();
                    return Ok(admitted);
                }
            }
            Err(_) => {}
        }
        outcome
    }
);

guard!(
    VALIDATES_FIRST,
    "validates-first",
    "AUTH-BEFORE-VALIDATION",
    "code-differs",
    BINARY,
    "an invalid factor is refused before anybody asks for the token",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::Unauthenticated) && context.calls(ADD) {
            return Ok(nobody(String::new()));
        }
        outcome
    },
    |it, context, admitted, message| {
        if admitted.user != NOBODY {
            return it.inner(context, admitted, message);
        }
        if (1..=5).contains(&factor(&message)) {
            return Err(Refusal::CredentialsMissing.tell(context.language));
        }
        it.acted();
        Err(Failure::new(Code::InvalidArgument, "the factor must be one of the declared values"))
    }
);

guard!(
    STATE_FIRST,
    "state-first",
    "AUTH-BEFORE-STATE",
    "code-differs",
    ALL,
    "whether the factor is active is looked at before the permission",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::PermissionDenied)
            && (context.calls(ADD) || context.calls(REMOVE))
            && let Ok(reader) = it.ask_for(LIST, context, caller)
        {
            return Ok(nobody(reader.organization));
        }
        outcome
    },
    |it, context, admitted, message| {
        if admitted.user != NOBODY {
            return it.inner(context, admitted, message);
        }
        let factor = factor(&message);
        let active = it.custom_policy(context, admitted).is_some_and(|policy| {
            let factors = policy.get_field_by_name("second_factors");
            factors.is_some_and(|factors| factors.as_list().into_iter().flatten().any(|one| one.as_enum_number() == Some(factor)))
        });
        let refusal = match (context.calls(ADD), active) {
            (true, true) => Refusal::SecondFactorExists,
            (false, false) => Refusal::SecondFactorMissing,
            _ => Refusal::PermissionMissing,
        };
        it.acted();
        Err(refusal.tell(context.language))
    }
);

guard!(
    READERS_MAY_REMOVE,
    "readers-may-remove",
    "AUTH-POLICY-WRITE",
    "accepted",
    ALL,
    "removing a factor needs the permission to read only",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::PermissionDenied) && context.calls(REMOVE) {
            return it.note(it.ask_for(LIST, context, caller));
        }
        outcome
    }
);

guard!(
    READERS_MAY_UPDATE,
    "readers-may-update",
    "AUTH-POLICY-WRITE",
    "accepted",
    ALL,
    "updating the policy needs the permission to read only",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::PermissionDenied) && context.calls(UPDATE) {
            return it.note(it.ask_for(LIST, context, caller));
        }
        outcome
    }
);

guard!(
    READERS_MAY_RESET,
    "readers-may-reset",
    "AUTH-POLICY-DELETE",
    "accepted",
    ALL,
    "resetting the policy needs the permission to read only",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::PermissionDenied) && context.calls(RESET) {
            return it.note(it.ask_for(LIST, context, caller));
        }
        outcome
    }
);

guard!(
    ANY_TOKEN_MAY_READ,
    "any-token-may-read",
    "AUTH-NO-ROLE",
    "accepted",
    ALL,
    "whoever has a token may read every policy",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::PermissionDenied) && (context.calls(LIST) || context.calls(POLICY)) {
            return it.note(it.ask_as_administrator(context, caller));
        }
        outcome
    }
);

guard!(
    DENIED_AS_STRANGER,
    "denied-as-stranger",
    "AUTH-NO-ROLE",
    "code-differs",
    ALL,
    "whoever lacks the permission is sent to log in again",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::PermissionDenied) {
            it.acted();
            return Err(Refusal::TokenInvalid.tell(context.language));
        }
        outcome
    }
);

guard!(
    DENIAL_AS_NOT_FOUND,
    "denial-as-not-found",
    "AUTH-DENIAL-CODE",
    "code-differs",
    ALL,
    "whoever lacks the permission is told that there is no membership",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        if refused(&outcome, Code::PermissionDenied) {
            it.acted();
            return Err(Failure::new(Code::NotFound, "membership not found"));
        }
        outcome
    }
);

guard!(
    DEFAULT_GUARDED_AS_POLICY,
    "default-guarded-as-policy",
    "AUTH-ADMIN-API-SEPARATE",
    "code-differs",
    ALL,
    "changing the default needs the permission to change an organization's policy only",
    |it, context, caller| {
        let outcome = it.ask(context, caller);
        let of_instance = context.method.is_some_and(|method| method.service == "zitadel.admin.v1.AdminService");
        if refused(&outcome, Code::PermissionDenied) && of_instance && context.calls(ADD) {
            return it.note(it.ask_for(ADD, context, caller));
        }
        outcome
    }
);

guard!(
    ANY_CREDENTIAL,
    "any-credential",
    "AUTH-TWO-CREDENTIALS",
    "accepted",
    &["json", "grpc", "grpc-web"],
    "of several credentials the first one that may is taken",
    |it, context, caller| {
        if caller.authorization.len() < 2 {
            return it.ask(context, caller);
        }
        let mut all = caller.authorization.iter().map(|one| it.ask_with(one.clone(), context, caller));
        let one = all.find(Result::is_ok).unwrap_or_else(|| it.ask(context, caller));
        it.note(one)
    }
);

pub(super) static TOKEN_IN_QUERY: Fault = Fault {
    name: "token-in-query",
    requirement: "AUTH-TOKEN-NOT-IN-QUERY",
    kind: "http-status-differs",
    wires: JSON,
    layer: Layer::Meaning,
    summary: "a token in the query of the URL is taken",
    seam: Seam::Head(|head| {
        let Some((path, token)) = head.uri.path_and_query().and_then(|path| path.as_str().split_once("?access_token=")) else {
            return Heard::Untouched;
        };
        let (Ok(uri), Ok(value)) = (path.parse(), format!("Bearer {token}").parse()) else { return Heard::Untouched };
        head.uri = uri;
        head.headers.entry(http::header::AUTHORIZATION).or_insert(value);
        Heard::Bent
    }),
};
