//! Login policies and their factors.

use super::super::backend::Outcome;
use super::super::failure::Failure;
use super::super::policy::{self, Change, Kind, State};
use super::super::protos::zitadel::management::v1 as api;
use super::super::protos::zitadel::policy::v1::LoginPolicy;
use super::super::protos::zitadel::v1::ListDetails;
use super::super::refusal::Refusal;
use super::super::store::{Scope, Stamp};
use super::{Call, validate};

impl Call<'_> {
    fn change(&self, decide: impl FnOnce(&State) -> Result<Change, Refusal>) -> Result<Stamp, Failure> {
        let changed = self.domain.store().change(self.scope(), decide);
        changed.ok_or_else(|| self.gone())?.map_err(|refusal| self.refuse(refusal))
    }

    fn default_policy(&self) -> Result<LoginPolicy, Failure> {
        let state = self.state(Scope::Default)?;
        let instance = self.domain.store().instance.clone();
        Ok(state.custom.map(|policy| policy.show(&instance, true)).unwrap_or_default())
    }

    fn factor(&self, kind: Kind) -> Result<i32, Failure> {
        // Adds and removes of both kinds have the same message.
        let request: api::AddSecondFactorToLoginPolicyRequest = self.request()?;
        if kind.declares(request.r#type) {
            Ok(request.r#type)
        } else {
            Err(validate::refused(self.method.input.name(), "type", validate::DECLARED))
        }
    }
}

pub(super) fn create(call: &Call<'_>) -> Outcome {
    let request: api::AddCustomLoginPolicyRequest = call.request()?;
    validate::policy(call.method.input.name(), &request)?;
    call.created(call.change(|state| state.create(request))?)
}

pub(super) fn update(call: &Call<'_>) -> Outcome {
    let request = policy::settings(call.request()?);
    validate::policy(call.method.input.name(), &request)?;
    call.changed(call.change(|state| state.update(request))?)
}

pub(super) fn reset(call: &Call<'_>) -> Outcome {
    call.changed(call.change(State::reset)?)
}

pub(super) fn show(call: &Call<'_>) -> Outcome {
    let policy = match call.scope() {
        Scope::Default => call.default_policy()?,
        Scope::Organization(id) => match call.state(call.scope())?.custom {
            Some(policy) => policy.show(id, false),
            None => call.default_policy()?,
        },
    };
    if call.of_instance {
        return call.answer(&api::GetDefaultLoginPolicyResponse { policy: Some(policy) });
    }
    #[expect(deprecated, reason = "the contract has the field, and says that it equals the one in the policy")]
    call.answer(&api::GetLoginPolicyResponse { is_default: policy.is_default, policy: Some(policy) })
}

pub(super) fn show_default(call: &Call<'_>) -> Outcome {
    call.answer(&api::GetDefaultLoginPolicyResponse { policy: Some(call.default_policy()?) })
}

pub(super) fn add_factor(call: &Call<'_>, kind: Kind) -> Outcome {
    let factor = call.factor(kind)?;
    call.created(call.change(|state| state.add_factor(kind, factor))?)
}

pub(super) fn remove_factor(call: &Call<'_>, kind: Kind) -> Outcome {
    let factor = call.factor(kind)?;
    call.changed(call.change(|state| state.remove_factor(kind, factor))?)
}

pub(super) fn list_factors(call: &Call<'_>, kind: Kind) -> Outcome {
    let mut state = call.state(call.scope())?;
    if state.custom.is_none() {
        let own = state.last;
        state = call.state(Scope::Default)?;
        if own.sequence > state.last.sequence {
            state.last = own;
        }
    }
    let result = state.custom.map(|policy| policy.factors(kind).to_vec()).unwrap_or_default();
    // Lists of both kinds have the same message.
    call.answer(&api::ListLoginPolicySecondFactorsResponse {
        details: Some(ListDetails {
            total_result: result.len() as u64,
            processed_sequence: state.last.sequence,
            view_timestamp: Some(state.last.date.into()),
        }),
        result,
    })
}
