//! Faults of meaning: what a call does and what later calls see of it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prost_reflect::{DynamicMessage, Value};

use super::around::{ADD, REMOVE, count, ends_policy, factor, listed};
use super::{ALL, Fault, Layer, Meter, Seam};
use crate::reference::backend::{Admitted, Backend, Outcome};
use crate::reference::context::{Caller, Context, Wire};
use crate::reference::failure::{Code, Failure};
use crate::reference::methods::contract;

pub(super) static STORES_UNSPECIFIED: Fault = Fault {
    name: "stores-unspecified",
    requirement: "SEED-REQ-UNSPECIFIED-REJECTED",
    kind: "accepted",
    wires: ALL,
    layer: Layer::Meaning,
    summary: "the add of the value 0 is answered with success, and lists show it",
    seam: Seam::Backend(|inner, _, meter| {
        let organizations = Mutex::default();
        Arc::new(StoresUnspecified { inner, meter, organizations })
    }),
};

pub(super) static DUPLICATE_ADD_OK: Fault = Fault {
    name: "duplicate-add-ok",
    requirement: "STATE-ADD-TWICE-ALREADY-EXISTS",
    kind: "accepted",
    wires: ALL,
    layer: Layer::Meaning,
    summary: "the add of an active factor is answered with success, without effect",
    seam: Seam::Backend(|inner, _, meter| Arc::new(DuplicateAddOk { inner, meter })),
};

pub(super) static SKIPS_AUTH_ON_GRPC_WEB: Fault = Fault {
    name: "skips-auth-on-grpc-web",
    requirement: "AUTH-MISSING-TOKEN-UNAUTHENTICATED",
    kind: "accepted",
    wires: &["grpc-web"],
    layer: Layer::Meaning,
    summary: "a gRPC-Web call without credentials is executed as the administrator",
    seam: Seam::Backend(|inner, seed, meter| {
        let token = format!("Bearer {}", seed.token).into_bytes();
        Arc::new(SkipsAuth { inner, meter, token })
    }),
};

pub(super) static SEPARATE_STATE_PER_WIRE: Fault = Fault {
    name: "separate-state-per-wire",
    requirement: "EQ-STATE-SHARED",
    kind: "body-differs",
    wires: ALL,
    layer: Layer::Agreement,
    summary: "each wire lists only the factors that were added through it",
    seam: Seam::Backend(|inner, _, meter| {
        let added = Mutex::default();
        Arc::new(SeparateState { inner, meter, added })
    }),
};

struct StoresUnspecified {
    inner: Arc<dyn Backend>,
    meter: Meter,
    organizations: Mutex<HashSet<String>>,
}

impl Backend for StoresUnspecified {
    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        self.inner.admit(context, caller)
    }

    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome {
        let organization = &admitted.organization;
        if context.calls(ADD)
            && factor(&message) == 0
            && self.meter.covers(context.wire)
            && let Some(answer) = added(self.inner.as_ref(), context, admitted)
        {
            self.meter.acted();
            lock(&self.organizations).insert(organization.clone());
            return Ok(answer);
        }
        let mut outcome = self.inner.execute(context, admitted, message);
        if outcome.is_ok() && ends_policy(context) {
            lock(&self.organizations).remove(organization);
        }
        if lock(&self.organizations).contains(organization)
            && let Some(factors) = listed(context, outcome.as_mut().ok())
        {
            factors.push(Value::EnumNumber(0));
            count(outcome.as_mut().ok());
        }
        outcome
    }
}

struct DuplicateAddOk {
    inner: Arc<dyn Backend>,
    meter: Meter,
}

impl Backend for DuplicateAddOk {
    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        self.inner.admit(context, caller)
    }

    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome {
        let outcome = self.inner.execute(context, admitted, message);
        let exists = outcome.as_ref().is_err_and(|failure| failure.code == Code::AlreadyExists);
        if exists
            && context.calls(ADD)
            && self.meter.covers(context.wire)
            && let Some(answer) = added(self.inner.as_ref(), context, admitted)
        {
            self.meter.acted();
            return Ok(answer);
        }
        outcome
    }
}

struct SkipsAuth {
    inner: Arc<dyn Backend>,
    meter: Meter,
    token: Vec<u8>,
}

impl Backend for SkipsAuth {
    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        if !self.meter.covers(context.wire) || !caller.authorization.is_empty() {
            return self.inner.admit(context, caller);
        }
        let mut caller = caller.clone();
        caller.authorization.push(self.token.clone());
        let admitted = self.inner.admit(context, &caller);
        self.meter.note(admitted.is_ok());
        admitted
    }

    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome {
        self.inner.execute(context, admitted, message)
    }
}

struct SeparateState {
    inner: Arc<dyn Backend>,
    meter: Meter,
    /// Organization and factor to the wire of the add.
    added: Mutex<HashMap<String, HashMap<i32, Wire>>>,
}

impl Backend for SeparateState {
    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        self.inner.admit(context, caller)
    }

    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome {
        let factor = factor(&message);
        let mut outcome = self.inner.execute(context, admitted, message);
        let mut added = lock(&self.added);
        if outcome.is_ok() && ends_policy(context) {
            added.remove(&admitted.organization);
        }
        if outcome.is_ok() && context.calls(ADD) {
            let factors = added.entry(admitted.organization.clone()).or_default();
            factors.insert(factor, context.wire);
        }
        if outcome.is_ok()
            && context.calls(REMOVE)
            && let Some(factors) = added.get_mut(&admitted.organization)
        {
            factors.remove(&factor);
        }
        let wires = added.get(&admitted.organization).cloned().unwrap_or_default();
        drop(added);
        if let Some(factors) = listed(context, outcome.as_mut().ok()) {
            let before = factors.len();
            factors.retain(|factor| {
                let wire = factor.as_enum_number().and_then(|factor| wires.get(&factor));
                wire.is_none_or(|wire| *wire == context.wire)
            });
            self.meter.note(factors.len() < before);
            count(outcome.as_mut().ok());
        }
        outcome
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An answer as if a factor had been added by the last event; none where there is no custom policy.
pub(super) fn added(backend: &dyn Backend, context: &Context, admitted: &Admitted) -> Option<DynamicMessage> {
    let mut read = context.clone();
    read.method = contract().method("/zitadel.management.v1.ManagementService/GetLoginPolicy");
    let empty = DynamicMessage::new(read.method?.input.clone());
    let answer = backend.execute(&read, admitted, empty).ok()?;
    let policy = answer.get_field_by_name("policy")?;
    let policy = policy.as_message()?;
    if policy.get_field_by_name("is_default")?.as_bool()? {
        return None;
    }
    let mut details = policy.get_field_by_name("details")?.as_message()?.clone();
    let date = details.take_field_by_name("change_date")?;
    details.set_field_by_name("creation_date", date);
    let mut answer = DynamicMessage::new(context.method?.output.clone());
    answer.set_field_by_name("details", Value::Message(details));
    Some(answer)
}
