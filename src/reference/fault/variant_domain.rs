//! Legal variants of the domain: other choices where the contract leaves one, and other words.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use super::{ALL, Meter, Seam, Variant};
use crate::reference::backend::{Admitted, Backend, Outcome, Seed};
use crate::reference::context::{Caller, Context};
use crate::reference::failure::{Code, Failure};
use crate::reference::methods::contract;

pub(super) static DOMAIN_CODE_CHOICE: Variant = Variant {
    name: "domain-code-choice",
    spared_by: &[
        "STATE-NO-CUSTOM-POLICY",
        "STATE-NO-CUSTOM-POLICY-REMOVE",
        "STATE-CREATE-DUPLICATE-FACTORS",
        "ORG-HEADER-DUPLICATE",
        "ORG-HEADER-DEFAULT",
        "ORG-HEADER-UNKNOWN",
    ],
    wires: ALL,
    summary: "other codes where several are allowed; equal factors of a creation count once; of two organizations the first one that may be used counts",
    seam: Seam::Backend(|inner, _, meter| Arc::new(OtherCodes { inner, meter })),
};

pub(super) static INHERITED_IN_EFFECT: Variant = Variant {
    name: "inherited-in-effect",
    spared_by: &["STATE-NO-CUSTOM-POLICY", "STATE-NO-CUSTOM-POLICY-REMOVE", "STATE-ADD-LIST-AGREE", "STATE-POLICY-LIFECYCLE-CODES"],
    wires: ALL,
    summary: "factors can be added to and removed from an inherited policy, with effect for the organization alone",
    seam: Seam::Backend(|inner, seed, meter| Arc::new(InEffect { inner, meter, seed: seed.clone(), changed: Mutex::default() })),
};

pub(super) static OWN_TEXTS: Variant = Variant {
    name: "own-texts",
    spared_by: &["ERR-MESSAGE-NONEMPTY", "EQ-DOMAIN-ERRORS", "SEED-ERROR-BODY-SHAPE", "SEED-ERROR-DETAILS-AT-TYPE"],
    wires: ALL,
    summary: "errors have texts of the server's own and no details",
    seam: Seam::Outcome(|_, outcome| {
        let Err(failure) = outcome else {
            return false;
        };
        failure.detail = None;
        failure.message = match failure.code {
            Code::InvalidArgument => "that can't be: 100 % wrong".to_owned(),
            code => format!("no (\u{201c}{code:?}\u{201d})"),
        };
        true
    }),
};

const ADD: &str = "AddSecondFactorToLoginPolicy";
const REMOVE: &str = "RemoveSecondFactorFromLoginPolicy";
const CREATE: &str = "AddCustomLoginPolicy";
const UPDATE: &str = "UpdateCustomLoginPolicy";
const RESET: &str = "ResetLoginPolicyToDefault";
const POLICY: &str = "GetLoginPolicy";

struct OtherCodes {
    inner: Arc<dyn Backend>,
    meter: Meter,
}

impl Backend for OtherCodes {
    fn offers(&self, method: &crate::reference::methods::Method) -> Result<(), Failure> {
        self.inner.offers(method)
    }

    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        let one = |value: &Vec<u8>| Caller { organization: vec![value.clone()], ..caller.clone() };
        let outcome = match caller.organization.as_slice() {
            [only] if only.is_empty() => {
                // Whoever isn't known at all is told that first.
                self.inner.admit(context, &Caller { organization: Vec::new(), ..caller.clone() })?;
                Err(Failure::new(Code::InvalidArgument, "x-zitadel-orgid must not be empty"))
            }
            [first, rest @ ..] if !rest.is_empty() => {
                let first = self.inner.admit(context, &one(first));
                rest.iter().fold(first, |found, next| found.or_else(|_| self.inner.admit(context, &one(next))))
            }
            _ => self.inner.admit(context, caller),
        };
        outcome.map_err(|mut failure| {
            if failure.detail.as_ref().is_some_and(|detail| detail.id == "AUTH-Bs7Ds") {
                failure.code = Code::NotFound;
                self.meter.acted();
            }
            failure
        })
    }

    fn execute(&self, context: &Context, admitted: &Admitted, mut message: DynamicMessage) -> Outcome {
        if context.calls(CREATE) {
            for name in ["second_factors", "multi_factors"] {
                if let Some(factors) = message.get_field_by_name_mut(name).and_then(Value::as_list_mut) {
                    let mut seen = HashSet::new();
                    factors.retain(|factor| factor.as_enum_number().is_none_or(|number| seen.insert(number)));
                }
            }
        }
        let factor = message.clone();
        let mut outcome = self.inner.execute(context, admitted, message);
        let missing = outcome.as_ref().is_err_and(|failure| failure.code == Code::NotFound);
        if missing && (context.calls(ADD) || context.calls(REMOVE)) && is_inherited(self.inner.as_ref(), context, admitted, &factor) {
            self.meter.acted();
            if let Err(failure) = &mut outcome {
                failure.code = Code::FailedPrecondition;
            }
        }
        outcome
    }
}

/// Whether the organization has no policy of its own, and the factor, where it is to be removed, is one of the policy that it inherits.
fn is_inherited(backend: &dyn Backend, context: &Context, admitted: &Admitted, factor: &DynamicMessage) -> bool {
    let Some(policy) = policy(backend, context, admitted) else { return false };
    let default = policy.get_field_by_name("is_default").is_some_and(|it| it.as_bool() == Some(true));
    let factor = factor.get_field_by_name("type").map(std::borrow::Cow::into_owned);
    let listed = policy
        .get_field_by_name("second_factors")
        .is_some_and(|list| list.as_list().is_some_and(|list| list.iter().any(|active| Some(active) == factor.as_ref())));
    default && (context.calls(ADD) || listed)
}

/// The policy of an organization as it is now.
fn policy(backend: &dyn Backend, context: &Context, admitted: &Admitted) -> Option<DynamicMessage> {
    let answer = backend.execute(&calling(context, POLICY)?, admitted, request(POLICY)?).ok()?;
    Some(answer.get_field_by_name("policy")?.as_message()?.clone())
}

fn calling(context: &Context, name: &str) -> Option<Context> {
    let method = contract().method(&format!("/zitadel.management.v1.ManagementService/{name}"))?;
    Some(Context { method: Some(method), ..context.clone() })
}

fn request(name: &str) -> Option<DynamicMessage> {
    let method = contract().method(&format!("/zitadel.management.v1.ManagementService/{name}"))?;
    Some(DynamicMessage::new(method.input.clone()))
}

/// Holds the changes of an inherited policy as a policy of the organization that nobody sees as one.
struct InEffect {
    inner: Arc<dyn Backend>,
    meter: Meter,
    seed: Seed,
    /// Organizations with such a policy.
    changed: Mutex<HashSet<String>>,
}

impl InEffect {
    /// Makes the hidden policy: a copy of what is in effect.
    fn copy(&self, context: &Context, admitted: &Admitted, policy: &DynamicMessage) -> Option<()> {
        let mut copy = request(CREATE)?;
        let fields: Vec<_> = copy.descriptor().fields().collect();
        for field in fields {
            if let Some(value) = policy.get_field_by_name(field.name()) {
                copy.set_field(&field, value.into_owned());
            }
        }
        self.inner.execute(&calling(context, CREATE)?, admitted, copy).ok()?;
        Some(())
    }

    /// Ends the hidden policy.
    fn forget(&self, context: &Context, admitted: &Admitted) -> Option<()> {
        self.inner.execute(&calling(context, RESET)?, admitted, request(RESET)?).ok()?;
        Some(())
    }
}

impl Backend for InEffect {
    fn offers(&self, method: &crate::reference::methods::Method) -> Result<(), Failure> {
        self.inner.offers(method)
    }

    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        self.inner.admit(context, caller)
    }

    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome {
        // Held during the call, so that nothing comes between the copy and what it is made for.
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let organization = &admitted.organization;
        let hidden = changed.contains(organization);
        if context.calls(CREATE) && hidden {
            // The same creation is refused or accepted as if nothing had been hidden.
            changed.remove(organization);
            self.forget(context, admitted);
        } else if context.calls(UPDATE) && hidden {
            let kept = policy(self.inner.as_ref(), context, admitted);
            self.forget(context, admitted);
            let outcome = self.inner.execute(context, admitted, message);
            kept.and_then(|kept| self.copy(context, admitted, &kept));
            return outcome;
        } else if (context.calls(ADD) || context.calls(REMOVE)) && !hidden && is_inherited(self.inner.as_ref(), context, admitted, &message)
        {
            let inherited = policy(self.inner.as_ref(), context, admitted);
            if inherited.and_then(|inherited| self.copy(context, admitted, &inherited)).is_none() {
                return self.inner.execute(context, admitted, message);
            }
            let outcome = self.inner.execute(context, admitted, message);
            if outcome.is_ok() {
                self.meter.acted();
                changed.insert(organization.clone());
            } else {
                self.forget(context, admitted);
            }
            return outcome;
        } else if context.calls(RESET) || context.calls("RemoveOrg") {
            changed.remove(organization);
        }
        let mut outcome = self.inner.execute(context, admitted, message);
        if hidden && context.calls(POLICY) {
            if let Ok(answer) = &mut outcome {
                answer.set_field_by_name("is_default", Value::Bool(true));
                if let Some(policy) = answer.get_field_by_name_mut("policy").and_then(Value::as_message_mut) {
                    policy.set_field_by_name("is_default", Value::Bool(true));
                    if let Some(details) = policy.get_field_by_name_mut("details").and_then(Value::as_message_mut) {
                        details.set_field_by_name("resource_owner", Value::String(self.seed.instance.clone()));
                    }
                }
            }
        }
        outcome
    }
}
