//! A backend with functions around it: for faults that are a few lines of meaning and remember a little.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use prost_reflect::{DynamicMessage, Value};

use super::Meter;
use crate::reference::backend::{Admitted, Backend, Outcome, Seed};
use crate::reference::context::{Caller, Context};
use crate::reference::failure::{Code, Failure};
use crate::reference::methods::{Method, contract};

const MANAGEMENT: &str = "zitadel.management.v1.ManagementService";
pub(super) const ADD: &str = "AddSecondFactorToLoginPolicy";
pub(super) const REMOVE: &str = "RemoveSecondFactorFromLoginPolicy";
pub(super) const LIST: &str = "ListLoginPolicySecondFactors";
pub(super) const POLICY: &str = "GetLoginPolicy";
pub(super) const CREATE: &str = "AddCustomLoginPolicy";
pub(super) const RESET: &str = "ResetLoginPolicyToDefault";
pub(super) const UPDATE: &str = "UpdateCustomLoginPolicy";
pub(super) const DEFAULT: &str = "GetDefaultLoginPolicy";
pub(super) const ADD_MULTI: &str = "AddMultiFactorToLoginPolicy";
pub(super) const REMOVE_MULTI: &str = "RemoveMultiFactorFromLoginPolicy";

/// What a fault does in the place of the call.
pub(super) type Execute = fn(&Around, &Context, &Admitted, DynamicMessage) -> Outcome;

/// How a fault decides who may call.
pub(super) type Admit = fn(&Around, &Context, &Caller) -> Result<Admitted, Failure>;

/// A backend with functions around its two questions, on the fault's wires.
pub(super) struct Around {
    inner: Arc<dyn Backend>,
    meter: Meter,
    /// What the administrator has.
    pub seed: Seed,
    admit: Admit,
    execute: Execute,
    memory: Mutex<HashMap<String, Memory>>,
    known: Mutex<HashMap<Vec<u8>, Admitted>>,
}

/// What a fault remembers of an organization; each uses it as it likes.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    /// Numbers of factors.
    pub factors: BTreeSet<i32>,
    /// A number.
    pub number: u64,
    /// When something was.
    pub at: Option<Instant>,
    /// An answer.
    pub answer: Option<DynamicMessage>,
}

/// Puts a function around what a backend executes of the management service.
pub(super) fn around(inner: Arc<dyn Backend>, seed: &Seed, meter: Meter, execute: Execute) -> Arc<dyn Backend> {
    guarded(inner, seed, meter, |it, context, caller| it.ask(context, caller), execute)
}

/// Puts functions around both questions.
pub(super) fn guarded(inner: Arc<dyn Backend>, seed: &Seed, meter: Meter, admit: Admit, execute: Execute) -> Arc<dyn Backend> {
    Arc::new(Around { inner, meter, seed: seed.clone(), admit, execute, memory: Mutex::default(), known: Mutex::default() })
}

impl Backend for Around {
    fn offers(&self, method: &Method) -> Result<(), Failure> {
        self.inner.offers(method)
    }

    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        if self.meter.covers(context.wire) { (self.admit)(self, context, caller) } else { self.inner.admit(context, caller) }
    }

    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome {
        let of_management = context.method.is_some_and(|method| method.service == MANAGEMENT);
        if of_management && self.meter.covers(context.wire) {
            (self.execute)(self, context, admitted, message)
        } else {
            self.inner.execute(context, admitted, message)
        }
    }
}

impl Around {
    /// Whether the caller may call, as it is meant.
    pub fn ask(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        self.inner.admit(context, caller)
    }

    /// The same for another operation of the management service.
    pub fn ask_for(&self, name: &str, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        let mut context = context.clone();
        context.method = contract().method(&format!("/{MANAGEMENT}/{name}"));
        self.inner.admit(&context, caller)
    }

    /// The same for a caller with these credentials instead.
    pub fn ask_with(&self, authorization: impl Into<Vec<u8>>, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        self.inner.admit(context, &Caller { authorization: vec![authorization.into()], ..caller.clone() })
    }

    /// The same for a caller that names these organizations instead.
    pub fn ask_in(&self, organizations: &[Vec<u8>], context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        self.inner.admit(context, &Caller { organization: organizations.to_vec(), ..caller.clone() })
    }

    /// What the administrator would be told in the caller's place.
    pub fn ask_as_administrator(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        self.ask_with(format!("Bearer {}", self.seed.token), context, caller)
    }

    /// What is known by these octets.
    pub fn known<T>(&self, look: impl FnOnce(&mut HashMap<Vec<u8>, Admitted>) -> T) -> T {
        look(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes that the fault acted, if it did so.
    pub fn note<T, E>(&self, outcome: Result<T, E>) -> Result<T, E> {
        if outcome.is_ok() {
            self.acted();
        }
        outcome
    }

    /// The call as it is meant.
    pub fn inner(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome {
        self.inner.execute(context, admitted, message)
    }

    /// Notes that the fault acted.
    pub fn acted(&self) {
        self.meter.acted();
    }

    /// What is remembered of the organization. Not to be held across a call.
    pub fn memory<T>(&self, admitted: &Admitted, look: impl FnOnce(&mut Memory) -> T) -> T {
        let mut memory: MutexGuard<'_, _> = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        look(memory.entry(admitted.organization.clone()).or_default())
    }

    /// Whether another organization's memory holds the factor.
    pub fn elsewhere(&self, admitted: &Admitted, factor: i32) -> bool {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.iter().any(|(organization, memory)| *organization != admitted.organization && memory.factors.contains(&factor))
    }

    /// Another operation of the management service, with these fields, in the same organization.
    pub fn call(&self, context: &Context, admitted: &Admitted, name: &str, fields: &[(&str, Value)]) -> Option<Outcome> {
        let mut context = context.clone();
        context.method = contract().method(&format!("/{MANAGEMENT}/{name}"));
        let mut message = DynamicMessage::new(context.method?.input.clone());
        for (field, value) in fields {
            message.set_field_by_name(field, value.clone());
        }
        Some(self.inner.execute(&context, admitted, message))
    }

    /// The organization's own policy as a read shows it.
    pub fn custom_policy(&self, context: &Context, admitted: &Admitted) -> Option<DynamicMessage> {
        let answer = self.call(context, admitted, POLICY, &[])?.ok()?;
        let policy = answer.get_field_by_name("policy")?.as_message()?.clone();
        let inherited = policy.get_field_by_name("is_default")?.as_bool()?;
        (!inherited).then_some(policy)
    }

    /// A success of the call as if the last event of the policy, its own or the inherited one, were this call's. `date`: the field that holds its date.
    pub fn acknowledge(&self, context: &Context, admitted: &Admitted, date: &str) -> Option<DynamicMessage> {
        let mut read = self.call(context, admitted, POLICY, &[])?.ok()?;
        let shown = details(&mut read)?;
        let changed = shown.get_field_by_name("change_date")?.into_owned();
        shown.clear_field_by_name("creation_date");
        shown.clear_field_by_name("change_date");
        shown.set_field_by_name(date, changed);
        shown.set_field_by_name("resource_owner", Value::String(admitted.organization.clone()));
        let shown = Value::Message(shown.clone());
        let mut answer = DynamicMessage::new(context.method?.output.clone());
        answer.set_field_by_name("details", shown);
        Some(answer)
    }
}

/// Whether the caller was refused with this code.
pub(super) fn refused(outcome: &Result<Admitted, Failure>, code: Code) -> bool {
    outcome.as_ref().is_err_and(|failure| failure.code == code)
}

/// The `type` of a request.
pub(super) fn factor(message: &DynamicMessage) -> i32 {
    let factor = message.get_field_by_name("type");
    factor.and_then(|factor| factor.as_enum_number()).unwrap_or_default()
}

/// Whether the call takes the organization's own policy away.
pub(super) fn ends_policy(context: &Context) -> bool {
    context.calls(RESET) || context.calls("RemoveOrg")
}

/// Whether the call failed with this code.
pub(super) fn failed(outcome: &Outcome, code: Code) -> bool {
    outcome.as_ref().is_err_and(|failure| failure.code == code)
}

/// The second factors in the answer of a read.
pub(super) fn listed<'a>(context: &Context, message: Option<&'a mut DynamicMessage>) -> Option<&'a mut Vec<Value>> {
    let message = message?;
    if context.calls(LIST) {
        message.get_field_by_name_mut("result")?.as_list_mut()
    } else if context.calls(POLICY) {
        let policy = message.get_field_by_name_mut("policy")?.as_message_mut()?;
        policy.get_field_by_name_mut("second_factors")?.as_list_mut()
    } else {
        None
    }
}

/// Makes the total fit the list.
pub(super) fn count(message: Option<&mut DynamicMessage>) -> Option<()> {
    let message = message?;
    let total = message.get_field_by_name("result")?.as_list()?.len() as u64;
    let details = message.get_field_by_name_mut("details")?.as_message_mut()?;
    details.set_field_by_name("total_result", Value::U64(total));
    Some(())
}

/// The `details` in the answer of a write, or those of the policy in the answer of a read.
pub(super) fn details(message: &mut DynamicMessage) -> Option<&mut DynamicMessage> {
    let message = if message.has_field_by_name("policy") { message.get_field_by_name_mut("policy")?.as_message_mut()? } else { message };
    message.get_field_by_name_mut("details")?.as_message_mut()
}
