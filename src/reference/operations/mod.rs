//! What the offered methods do. Validation by the schema comes first and has no domain detail, then the rules of the domain.

mod directory;
mod policy;
mod validate;

use prost_reflect::{DynamicMessage, Value};

use super::backend::{Admitted, Domain, Outcome};
use super::context::Context;
use super::failure::{Code, Failure};
use super::methods::Method;
use super::policy::{Kind, State};
use super::protos::grpc::health::v1 as health;
use super::protos::zitadel::v1::ObjectDetails;
use super::refusal::Refusal;
use super::store::{Scope, Stamp};

type Operation = fn(&Call<'_>) -> Outcome;

/// Whether there is an operation for the method.
pub fn offers(method: &Method) -> bool {
    find(method).is_some()
}

/// Executes; none if there is no operation for the method.
pub fn execute(
    domain: &Domain,
    context: &Context,
    method: &'static Method,
    admitted: &Admitted,
    message: &DynamicMessage,
) -> Option<Outcome> {
    let operation = find(method)?;
    let of_instance = method.service == "zitadel.admin.v1.AdminService";
    Some(operation(&Call { domain, context, admitted, method, message, of_instance }))
}

fn find(method: &Method) -> Option<Operation> {
    let name = method.path.rsplit('/').next()?;
    match method.service.as_str() {
        "zitadel.management.v1.ManagementService" => of_management(name).or_else(|| of_both(name)),
        "zitadel.admin.v1.AdminService" if name == "UpdateLoginPolicy" => Some(policy::update),
        "zitadel.admin.v1.AdminService" => of_both(name),
        "grpc.health.v1.Health" if name == "Check" => Some(check),
        _ => None,
    }
}

/// The operations that the management service has for an organization and the admin service for what organizations inherit.
fn of_both(name: &str) -> Option<Operation> {
    Some(match name {
        "Healthz" => |call| call.answer(&()),
        "GetLoginPolicy" => policy::show,
        "ListLoginPolicySecondFactors" => |call| policy::list_factors(call, Kind::Second),
        "AddSecondFactorToLoginPolicy" => |call| policy::add_factor(call, Kind::Second),
        "RemoveSecondFactorFromLoginPolicy" => |call| policy::remove_factor(call, Kind::Second),
        "ListLoginPolicyMultiFactors" => |call| policy::list_factors(call, Kind::Multi),
        "AddMultiFactorToLoginPolicy" => |call| policy::add_factor(call, Kind::Multi),
        "RemoveMultiFactorFromLoginPolicy" => |call| policy::remove_factor(call, Kind::Multi),
        _ => return None,
    })
}

fn of_management(name: &str) -> Option<Operation> {
    Some(match name {
        "GetDefaultLoginPolicy" => policy::show_default,
        "AddCustomLoginPolicy" => policy::create,
        "UpdateCustomLoginPolicy" => policy::update,
        "ResetLoginPolicyToDefault" => policy::reset,
        "AddOrg" => directory::add_organization,
        "GetMyOrg" => directory::show_organization,
        "GetOrgByDomainGlobal" => directory::find_organization,
        "DeactivateOrg" => directory::deactivate_organization,
        "RemoveOrg" => directory::remove_organization,
        "AddOrgMember" => directory::add_member,
        "RemoveOrgMember" => directory::remove_member,
        "AddMachineUser" => directory::add_user,
        "RemoveUser" => directory::remove_user,
        "AddPersonalAccessToken" => directory::add_token,
        "RemovePersonalAccessToken" => directory::remove_token,
        _ => return None,
    })
}

/// `grpc.health.v1`: a service that is asked for by name and isn't there is NOT_FOUND.
fn check(call: &Call<'_>) -> Outcome {
    let request: health::HealthCheckRequest = call.request()?;
    let known = super::methods::contract().methods.iter().any(|method| method.service == request.service && offers(method));
    if !request.service.is_empty() && !known {
        return Err(Failure::new(Code::NotFound, "unknown service"));
    }
    call.answer(&health::HealthCheckResponse { status: health::health_check_response::ServingStatus::Serving.into() })
}

/// A call of an admitted caller.
struct Call<'a> {
    domain: &'a Domain,
    context: &'a Context,
    admitted: &'a Admitted,
    method: &'static Method,
    message: &'a DynamicMessage,
    /// A method of the admin service: it acts on what organizations inherit.
    of_instance: bool,
}

impl Call<'_> {
    /// The request. The admin service's messages have the fields of the management service's, so one type serves both.
    fn request<T: prost::Message + Default>(&self) -> Result<T, Failure> {
        self.message.transcode_to().map_err(|_| Failure::new(Code::InvalidArgument, "the request message can't be read"))
    }

    fn refuse(&self, refusal: Refusal) -> Failure {
        refusal.tell(self.context.language)
    }

    fn answer<T: prost::Message>(&self, message: &T) -> Outcome {
        let mut answer = DynamicMessage::new(self.method.output.clone());
        answer.transcode_from(message).map_err(|_| Failure::new(Code::Internal, "the answer can't be encoded"))?;
        Ok(answer)
    }

    /// An answer that has `details` and maybe other fields.
    fn answer_with<T: prost::Message>(&self, message: &T, details: ObjectDetails) -> Outcome {
        let mut answer = self.answer(message)?;
        let field = self.method.output.get_field_by_name("details");
        let kind = field.as_ref().map(prost_reflect::FieldDescriptor::kind);
        let (Some(field), Some(descriptor)) = (field, kind.as_ref().and_then(|kind| kind.as_message())) else {
            return Ok(answer);
        };
        let mut inner = DynamicMessage::new(descriptor.clone());
        inner.transcode_from(&details).map_err(|_| Failure::new(Code::Internal, "the answer can't be encoded"))?;
        answer.set_field(&field, Value::Message(inner));
        Ok(answer)
    }

    /// The answer of an add or a creation.
    fn created(&self, stamp: Stamp) -> Outcome {
        self.answer_with(&(), self.details_of_new(stamp))
    }

    /// The answer of any other write.
    fn changed(&self, stamp: Stamp) -> Outcome {
        let details = ObjectDetails { change_date: Some(stamp.date.into()), ..self.details(stamp) };
        self.answer_with(&(), details)
    }

    fn details_of_new(&self, stamp: Stamp) -> ObjectDetails {
        ObjectDetails { creation_date: Some(stamp.date.into()), ..self.details(stamp) }
    }

    fn details(&self, stamp: Stamp) -> ObjectDetails {
        let resource_owner = self.owner();
        ObjectDetails { sequence: stamp.sequence, creation_date: None, change_date: None, resource_owner }
    }

    /// Who owns what the call writes.
    fn owner(&self) -> String {
        if self.of_instance { self.domain.store().instance.clone() } else { self.admitted.organization.clone() }
    }

    fn scope(&self) -> Scope<'_> {
        if self.of_instance { Scope::Default } else { Scope::Organization(&self.admitted.organization) }
    }

    /// The state of a policy, as far as reads know it.
    fn state(&self, scope: Scope<'_>) -> Result<State, Failure> {
        let state = self.domain.store().policy(scope, self.admitted.as_of);
        state.ok_or_else(|| self.gone())
    }

    /// The organization was removed since the caller was admitted.
    fn gone(&self) -> Failure {
        self.refuse(Refusal::OrganizationMissing)
    }

    fn full() -> Failure {
        Failure::new(Code::ResourceExhausted, "this instance is full")
    }
}
