//! Organizations, machine users, their tokens and roles.

use super::super::auth::Role;
use super::super::backend::Outcome;
use super::super::directory::Organization;
use super::super::failure::Failure;
use super::super::protos::zitadel::management::v1 as api;
use super::super::protos::zitadel::org::v1::{Org, OrgState};
use super::super::protos::zitadel::user::v1::AccessTokenType;
use super::super::protos::zitadel::v1::ObjectDetails;
use super::super::refusal::Refusal;
use super::super::store::Stamp;
use super::{Call, validate};

impl Call<'_> {
    fn field(&self, name: &str, value: &str, least: usize, most: usize) -> Result<(), Failure> {
        validate::length(self.method.input.name(), name, value, least..=most)
    }

    fn done(&self, stamp: Result<Stamp, Refusal>) -> Result<Stamp, Failure> {
        stamp.map_err(|refusal| self.refuse(refusal))
    }
}

pub(super) fn add_organization(call: &Call<'_>) -> Outcome {
    let request: api::AddOrgRequest = call.request()?;
    call.field("name", &request.name, 1, 200)?;
    let mut store = call.domain.store();
    let added = store.add_organization(&request.name).ok_or_else(Call::full)?;
    let (id, stamp) = added.map_err(|refusal| call.refuse(refusal))?;
    if let Some(user) = store.users.get_mut(&call.admitted.user) {
        user.memberships.insert(id.clone(), vec![Role::OrgOwner]);
    }
    drop(store);
    let details = ObjectDetails { resource_owner: id.clone(), ..call.details_of_new(stamp) };
    call.answer_with(&api::AddOrgResponse { id, details: None }, details)
}

pub(super) fn show_organization(call: &Call<'_>) -> Outcome {
    let id = &call.admitted.organization;
    let org = call.domain.store().organization(id).map(|organization| show(id, organization));
    call.answer(&api::GetMyOrgResponse { org: Some(org.ok_or_else(|| call.gone())?) })
}

pub(super) fn find_organization(call: &Call<'_>) -> Outcome {
    let request: api::GetOrgByDomainGlobalRequest = call.request()?;
    call.field("domain", &request.domain, 1, 200)?;
    let org = call.domain.store().organization_of(&request.domain).map(|(id, organization)| show(id, organization));
    call.answer(&api::GetOrgByDomainGlobalResponse { org: Some(org.ok_or_else(|| call.refuse(Refusal::DomainUnknown))?) })
}

pub(super) fn deactivate_organization(call: &Call<'_>) -> Outcome {
    let stamp = call.domain.store().deactivate_organization(&call.admitted.organization);
    call.changed(call.done(stamp.ok_or_else(|| call.gone())?)?)
}

pub(super) fn remove_organization(call: &Call<'_>) -> Outcome {
    let mut store = call.domain.store();
    if call.admitted.organization == store.home {
        return Err(call.refuse(Refusal::DefaultOrganization));
    }
    let stamp = store.remove_organization(&call.admitted.organization).ok_or_else(|| call.gone())?;
    drop(store);
    call.changed(stamp)
}

pub(super) fn add_member(call: &Call<'_>) -> Outcome {
    let request: api::AddOrgMemberRequest = call.request()?;
    call.field("user_id", &request.user_id, 1, 200)?;
    let stamp = call.domain.store().add_member(&call.admitted.organization, &request.user_id, &request.roles);
    call.created(call.done(stamp)?)
}

pub(super) fn remove_member(call: &Call<'_>) -> Outcome {
    let request: api::RemoveOrgMemberRequest = call.request()?;
    call.field("user_id", &request.user_id, 1, 200)?;
    let stamp = call.domain.store().remove_member(&call.admitted.organization, &request.user_id);
    call.changed(call.done(stamp)?)
}

pub(super) fn add_user(call: &Call<'_>) -> Outcome {
    let request: api::AddMachineUserRequest = call.request()?;
    call.field("user_name", &request.user_name, 1, 200)?;
    call.field("name", &request.name, 1, 200)?;
    call.field("description", &request.description, 0, 500)?;
    if AccessTokenType::try_from(request.access_token_type).is_err() {
        return Err(validate::refused(call.method.input.name(), "access_token_type", "one of the declared values"));
    }
    if let Some(id) = &request.user_id {
        call.field("user_id", id, 1, 200)?;
    }
    let added = call.domain.store().add_user(&call.admitted.organization, &request.user_name, request.user_id);
    let (user_id, stamp) = added.ok_or_else(Call::full)?.map_err(|refusal| call.refuse(refusal))?;
    call.answer_with(&api::AddMachineUserResponse { user_id, details: None }, call.details_of_new(stamp))
}

pub(super) fn remove_user(call: &Call<'_>) -> Outcome {
    let request: api::RemoveUserRequest = call.request()?;
    call.field("id", &request.id, 1, 200)?;
    let stamp = call.domain.store().remove_user(&call.admitted.organization, &request.id);
    call.changed(call.done(stamp)?)
}

pub(super) fn add_token(call: &Call<'_>) -> Outcome {
    let request: api::AddPersonalAccessTokenRequest = call.request()?;
    call.field("user_id", &request.user_id, 1, 200)?;
    let expires = request.expiration_date.map(|date| validate::date(call.method.input.name(), "expiration_date", date)).transpose()?;
    let added = call.domain.store().add_token(&call.admitted.organization, &request.user_id, expires);
    let (token_id, token, stamp) = added.ok_or_else(Call::full)?.map_err(|refusal| call.refuse(refusal))?;
    call.answer_with(&api::AddPersonalAccessTokenResponse { token_id, token, details: None }, call.details_of_new(stamp))
}

pub(super) fn remove_token(call: &Call<'_>) -> Outcome {
    let request: api::RemovePersonalAccessTokenRequest = call.request()?;
    call.field("user_id", &request.user_id, 1, 200)?;
    call.field("token_id", &request.token_id, 1, 200)?;
    let stamp = call.domain.store().remove_token(&call.admitted.organization, &request.user_id, &request.token_id);
    call.changed(call.done(stamp)?)
}

fn show(id: &str, organization: &Organization) -> Org {
    Org {
        id: id.to_owned(),
        details: Some(ObjectDetails {
            sequence: organization.changed.sequence,
            creation_date: Some(organization.created.date.into()),
            change_date: Some(organization.changed.date.into()),
            resource_owner: id.to_owned(),
        }),
        state: if organization.active { OrgState::Active } else { OrgState::Inactive }.into(),
        name: organization.name.clone(),
        primary_domain: organization.domain.clone(),
    }
}
