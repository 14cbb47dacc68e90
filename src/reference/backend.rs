//! The first seam: a command or query by an identity in an organization becomes a message or an error.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use prost_reflect::DynamicMessage;

use super::auth::{self, Role, User};
use super::context::{Caller, Context};
use super::directory::Token;
use super::failure::{Code, Failure};
use super::methods::Method;
use super::operations;
use super::random::Random;
use super::refusal::Refusal;
use super::store::{Date, Store};

/// A message, or why there is none.
pub type Outcome = Result<DynamicMessage, Failure>;

/// A caller who may make the call.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The user's id; empty where the method is open to everyone.
    pub user: String,
    /// The organization in which the call works; empty where the method is open to everyone.
    pub organization: String,
    /// Reads show the state of this moment instead of the current one.
    pub as_of: Option<Date>,
}

/// Decides and executes.
pub trait Backend: Send + Sync {
    /// Whether the method is answered at all; asked before anything of the call is looked at.
    fn offers(&self, method: &Method) -> Result<(), Failure> {
        if operations::offers(method) { Ok(()) } else { Err(unimplemented(Some(method))) }
    }

    /// Whether the caller may make this call: instance, token, organization, permission, in this order.
    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure>;

    /// Executes a call of an admitted caller: validation, then the rules of the domain.
    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome;
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
        enrol(&mut store, token.clone(), Some(Role::IamOwner));
        let seed = Seed { token, organization: store.home.clone(), instance: store.instance.clone() };
        let domain = Self { store: Mutex::new(store), hosts };
        (domain, seed)
    }

    /// Makes a user of the first organization, with a role there or in the instance, and gives the token.
    pub fn enrol(&self, role: Option<Role>) -> String {
        let mut store = self.store();
        let token = store.random.token();
        enrol(&mut store, token.clone(), role);
        token
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        // Events are appended last, so a store whose holder panicked is still consistent.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Domain {
    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        let refuse = |refusal: Refusal| refusal.tell(context.language);
        let method = context.method.ok_or_else(|| unimplemented(None))?;
        let Some(permission) = method.permission.as_deref() else {
            return Ok(Admitted { user: String::new(), organization: String::new(), as_of: None });
        };
        if let Some(hosts) = &self.hosts
            && !hosts.iter().any(|host| host.eq_ignore_ascii_case(&caller.host))
        {
            return Err(refuse(Refusal::InstanceMissing));
        }
        let token = auth::bearer(&caller.authorization).map_err(refuse)?;
        let store = self.store();
        let user = store.bearer(token).map_err(refuse)?;
        let named = match caller.organization.as_slice() {
            [] => None,
            [one] => Some(one.as_slice()).filter(|one| !one.is_empty()),
            _ => {
                let text = "x-zitadel-orgid must not be given more than once";
                return Err(Failure::new(Code::InvalidArgument, text));
            }
        };
        let organization = auth::organization(&store, user, named, permission).map_err(refuse)?;
        Ok(Admitted { user: user.to_owned(), organization, as_of: None })
    }

    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome {
        let method = context.method.ok_or_else(|| unimplemented(None))?;
        operations::execute(self, context, method, admitted, &message).unwrap_or_else(|| Err(unimplemented(Some(method))))
    }
}

fn enrol(store: &mut Store, token: String, role: Option<Role>) {
    let (user, id) = (store.new_id(), store.new_id());
    let home = store.home.clone();
    let mut instance = Vec::new();
    let mut memberships = HashMap::new();
    match role {
        Some(role) if role.of_instance() => instance.push(role),
        Some(role) => {
            memberships.insert(home.clone(), vec![role]);
        }
        None => {}
    }
    let name = format!("seed-{user}");
    store.users.insert(user.clone(), User { home, name, instance, memberships });
    store.tokens.insert(token, Token { id, user, expires: None });
}

fn unimplemented(method: Option<&Method>) -> Failure {
    let path = method.map_or("", |method| method.path.as_str());
    Failure::new(Code::Unimplemented, format!("method {path} is not implemented"))
}
