//! The first seam: a command or query by an identity in an organization becomes a message or an error.

use std::sync::{Mutex, MutexGuard, PoisonError};

use prost_reflect::DynamicMessage;

use super::auth::{self, Role, User};
use super::context::{Caller, Context};
use super::failure::{Code, Failure, Refusal};
use super::methods::Method;
use super::policy::{self, Change, State};
use super::protos::zitadel::management::v1 as api;
use super::protos::zitadel::policy::v1::PasswordlessType;
use super::protos::zitadel::v1::{ListDetails, ObjectDetails};
use super::random::Random;
use super::store::{Date, Stamp, Store};

/// A message, or why there is none.
pub type Outcome = Result<DynamicMessage, Failure>;

/// A caller who may make the call.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The user's id.
    pub user: String,
    /// The organization in which the call works.
    pub organization: String,
    /// Reads show the state of this moment instead of the current one.
    pub as_of: Option<Date>,
}

/// Decides and executes.
pub trait Backend: Send + Sync {
    /// Whether the method is answered at all; asked before anything of the call is looked at.
    fn offers(&self, method: &Method) -> Result<(), Failure> {
        match offered(method) {
            Some(_) => Ok(()),
            None => Err(unimplemented(Some(method))),
        }
    }

    /// Whether the caller may make this call: instance, token, organization, permission, in this order.
    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure>;

    /// Executes a call of an admitted caller: validation, then the rules of the domain.
    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome;
}

const SERVICE: &str = "/zitadel.management.v1.ManagementService/";

/// The methods that are answered; every other one of the contract is UNIMPLEMENTED.
const OFFERED: [&str; 8] = [
    "AddOrg",
    "RemoveOrg",
    "AddCustomLoginPolicy",
    "ResetLoginPolicyToDefault",
    "GetLoginPolicy",
    "AddSecondFactorToLoginPolicy",
    "RemoveSecondFactorFromLoginPolicy",
    "ListLoginPolicySecondFactors",
];

fn offered(method: &Method) -> Option<&str> {
    let name = method.path.strip_prefix(SERVICE)?;
    OFFERED.contains(&name).then_some(name)
}

/// The correct implementation: one instance in memory.
pub struct Domain {
    store: Mutex<Store>,
    hosts: Option<Vec<String>>,
}

/// What a new instance tells its owner. Not printable: it holds a token.
#[derive(Clone)]
pub struct Seed {
    /// The token of the instance's administrator.
    pub token: String,
    /// The organization in which that user is at home.
    pub organization: String,
    /// The id of the instance.
    pub instance: String,
}

impl Domain {
    /// A new instance. `hosts` are the names that it answers to; none: to each.
    pub fn new(token: Option<String>, hosts: Option<Vec<String>>) -> (Self, Seed) {
        let mut random = Random::new();
        let token = token.unwrap_or_else(|| random.token());
        let mut store = Store::new(random);
        let user = store.new_id();
        let administrator =
            User { home: store.home.clone(), instance: vec![Role::IamOwner], memberships: std::collections::HashMap::new() };
        store.users.insert(user.clone(), administrator);
        store.tokens.insert(token.clone(), user);
        let seed = Seed { token, organization: store.home.clone(), instance: store.instance.clone() };
        let domain = Self { store: Mutex::new(store), hosts };
        (domain, seed)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // Events are appended last, so a store whose holder panicked is still consistent.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Domain {
    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        let refuse = |refusal: Refusal| refusal.tell(context.language);
        let method = context.method.ok_or_else(|| unimplemented(None))?;
        if let Some(hosts) = &self.hosts
            && !hosts.iter().any(|host| host.eq_ignore_ascii_case(&caller.host))
        {
            return Err(refuse(Refusal::InstanceMissing));
        }
        let token = auth::bearer(&caller.authorization).map_err(refuse)?;
        let store = self.store();
        let user = store.tokens.get(token).ok_or_else(|| refuse(Refusal::TokenInvalid))?;
        let named = match caller.organization.as_slice() {
            [] => None,
            [one] => Some(one.as_slice()).filter(|one| !one.is_empty()),
            _ => {
                let text = "x-zitadel-orgid must not be given more than once";
                return Err(Failure::new(Code::InvalidArgument, text));
            }
        };
        let permission = method.permission.as_deref();
        let organization = auth::organization(&store, user, named, permission).map_err(refuse)?;
        Ok(Admitted { user: user.clone(), organization, as_of: None })
    }

    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome {
        let method = context.method.ok_or_else(|| unimplemented(None))?;
        let call = Call { domain: self, context, admitted, method };
        match offered(method) {
            Some("AddOrg") => call.add_organization(&typed(&message)?),
            Some("RemoveOrg") => call.remove_organization(),
            Some("AddCustomLoginPolicy") => call.create_policy(typed(&message)?),
            Some("ResetLoginPolicyToDefault") => {
                let stamp = call.change(State::reset)?;
                call.answer(&api::ResetLoginPolicyToDefaultResponse { details: Some(call.changed(stamp)) })
            }
            Some("GetLoginPolicy") => call.show_policy(),
            Some("AddSecondFactorToLoginPolicy") => call.add_second_factor(&typed(&message)?),
            Some("RemoveSecondFactorFromLoginPolicy") => call.remove_second_factor(&typed(&message)?),
            Some("ListLoginPolicySecondFactors") => call.list_second_factors(),
            _ => Err(unimplemented(Some(method))),
        }
    }
}

struct Call<'a> {
    domain: &'a Domain,
    context: &'a Context,
    admitted: &'a Admitted,
    method: &'static Method,
}

impl Call<'_> {
    fn refuse(&self, refusal: Refusal) -> Failure {
        refusal.tell(self.context.language)
    }

    fn answer<T: prost::Message>(&self, message: &T) -> Outcome {
        let mut answer = DynamicMessage::new(self.method.output.clone());
        answer.transcode_from(message).map_err(|_| Failure::new(Code::Internal, "the answer can't be encoded"))?;
        Ok(answer)
    }

    fn change(&self, decide: impl FnOnce(&State) -> Result<Change, Refusal>) -> Result<Stamp, Failure> {
        let organization = &self.admitted.organization;
        match self.domain.store().change(organization, decide) {
            Some(Ok(stamp)) => Ok(stamp),
            Some(Err(refusal)) => Err(self.refuse(refusal)),
            // Removed since the caller was admitted.
            None => Err(self.refuse(Refusal::OrganizationMissing)),
        }
    }

    fn read<T>(&self, show: impl FnOnce(&Store, State) -> T) -> Result<T, Failure> {
        let store = self.domain.store();
        let state = store.policy(&self.admitted.organization, self.admitted.as_of);
        let state = state.ok_or_else(|| self.refuse(Refusal::OrganizationMissing))?;
        Ok(show(&store, state))
    }

    fn created(&self, stamp: Stamp) -> ObjectDetails {
        ObjectDetails {
            sequence: stamp.sequence,
            creation_date: Some(stamp.date.into()),
            change_date: None,
            resource_owner: self.admitted.organization.clone(),
        }
    }

    fn changed(&self, stamp: Stamp) -> ObjectDetails {
        ObjectDetails {
            sequence: stamp.sequence,
            creation_date: None,
            change_date: Some(stamp.date.into()),
            resource_owner: self.admitted.organization.clone(),
        }
    }

    fn add_organization(&self, request: &api::AddOrgRequest) -> Outcome {
        if !(1..=200).contains(&request.name.chars().count()) {
            return Err(invalid("AddOrgRequest.name", "1 to 200 characters"));
        }
        let mut store = self.domain.store();
        let (id, stamp) =
            store.add_organization().ok_or_else(|| Failure::new(Code::ResourceExhausted, "this instance is full of organizations"))?;
        if let Some(user) = store.users.get_mut(&self.admitted.user) {
            user.memberships.insert(id.clone(), vec![Role::OrgOwner]);
        }
        drop(store);
        let mut details = self.created(stamp);
        details.resource_owner.clone_from(&id);
        self.answer(&api::AddOrgResponse { id, details: Some(details) })
    }

    fn remove_organization(&self) -> Outcome {
        let mut store = self.domain.store();
        if self.admitted.organization == store.home {
            return Err(self.refuse(Refusal::DefaultOrganization));
        }
        let stamp = store.remove_organization(&self.admitted.organization).ok_or_else(|| self.refuse(Refusal::OrganizationMissing))?;
        drop(store);
        self.answer(&api::RemoveOrgResponse { details: Some(self.changed(stamp)) })
    }

    fn create_policy(&self, request: api::AddCustomLoginPolicyRequest) -> Outcome {
        validate_policy(&request)?;
        let stamp = self.change(|state| state.create(request))?;
        self.answer(&api::AddCustomLoginPolicyResponse { details: Some(self.created(stamp)) })
    }

    fn show_policy(&self) -> Outcome {
        let policy = self.read(|store, state| match &state.custom {
            Some(policy) => policy.show(&self.admitted.organization, false),
            None => store.default.show(&store.instance, true),
        })?;
        #[allow(deprecated)] // The contract says so, and that the two are equal.
        self.answer(&api::GetLoginPolicyResponse { is_default: policy.is_default, policy: Some(policy) })
    }

    fn add_second_factor(&self, request: &api::AddSecondFactorToLoginPolicyRequest) -> Outcome {
        if !policy::is_second_factor(request.r#type) {
            return Err(invalid("AddSecondFactorToLoginPolicyRequest.type", FACTOR));
        }
        let stamp = self.change(|state| state.add_second_factor(request.r#type))?;
        self.answer(&api::AddSecondFactorToLoginPolicyResponse { details: Some(self.created(stamp)) })
    }

    fn remove_second_factor(&self, request: &api::RemoveSecondFactorFromLoginPolicyRequest) -> Outcome {
        if !policy::is_second_factor(request.r#type) {
            return Err(invalid("RemoveSecondFactorFromLoginPolicyRequest.type", FACTOR));
        }
        let stamp = self.change(|state| state.remove_second_factor(request.r#type))?;
        self.answer(&api::RemoveSecondFactorFromLoginPolicyResponse { details: Some(self.changed(stamp)) })
    }

    fn list_second_factors(&self) -> Outcome {
        let (result, last) = self.read(|store, state| {
            let policy = state.custom.as_ref().unwrap_or(&store.default);
            (policy.settings.second_factors.clone(), state.last)
        })?;
        self.answer(&api::ListLoginPolicySecondFactorsResponse {
            details: Some(ListDetails {
                total_result: result.len() as u64,
                processed_sequence: last.sequence,
                view_timestamp: Some(last.date.into()),
            }),
            result,
        })
    }
}

const FACTOR: &str = "one of the declared values other than 0";

fn typed<T: prost::Message + Default>(message: &DynamicMessage) -> Result<T, Failure> {
    message.transcode_to().map_err(|_| Failure::new(Code::InvalidArgument, "the request message can't be read"))
}

fn unimplemented(method: Option<&Method>) -> Failure {
    let path = method.map_or("", |method| method.path.as_str());
    Failure::new(Code::Unimplemented, format!("method {path} is not implemented"))
}

fn invalid(field: &str, rule: &str) -> Failure {
    Failure::new(Code::InvalidArgument, format!("invalid {field}: value must be {rule}"))
}

/// The rules that the schema itself gives; they have no domain detail.
fn validate_policy(request: &api::AddCustomLoginPolicyRequest) -> Result<(), Failure> {
    let field = |name: &str| format!("AddCustomLoginPolicyRequest.{name}");
    if PasswordlessType::try_from(request.passwordless_type).is_err() {
        let rule = "one of the declared values";
        return Err(invalid(&field("passwordless_type"), rule));
    }
    let lifetimes = [
        ("password_check_lifetime", &request.password_check_lifetime),
        ("external_login_check_lifetime", &request.external_login_check_lifetime),
        ("mfa_init_skip_lifetime", &request.mfa_init_skip_lifetime),
        ("second_factor_check_lifetime", &request.second_factor_check_lifetime),
        ("multi_factor_check_lifetime", &request.multi_factor_check_lifetime),
    ];
    for (name, lifetime) in lifetimes {
        if lifetime.as_ref().is_some_and(|lifetime| !is_duration(lifetime)) {
            return Err(invalid(&field(name), "a duration"));
        }
    }
    for idp in &request.idps {
        if !(1..=200).contains(&idp.idp_id.chars().count()) {
            return Err(invalid(&field("idps.idp_id"), "1 to 200 characters"));
        }
        if ![1, 2].contains(&idp.owner_type) {
            return Err(invalid(&field("idps.ownerType"), FACTOR));
        }
    }
    Ok(())
}

/// The range of `google.protobuf.Duration`: what lies outside has no JSON form.
fn is_duration(duration: &prost_types::Duration) -> bool {
    let (seconds, nanos) = (duration.seconds, duration.nanos);
    (-315_576_000_000..=315_576_000_000).contains(&seconds)
        && (-999_999_999..=999_999_999).contains(&nanos)
        && (seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0))
}
