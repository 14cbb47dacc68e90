//! Who and what an instance holds beside policies: organizations, machine users, their tokens and roles.

use std::collections::HashMap;

use super::auth::{Role, User};
use super::limits;
use super::policy::State;
use super::refusal::Refusal;
use super::store::{Date, Stamp, Store};
use super::stream::Stream;

/// An organization.
#[derive(Debug)]
pub struct Organization {
    /// Unique in the instance.
    pub name: String,
    /// Its primary domain, unique in the instance.
    pub domain: String,
    /// Not taken out of use.
    pub active: bool,
    /// Its first event.
    pub created: Stamp,
    /// Its last event.
    pub changed: Stamp,
    pub(super) policy: Stream,
}

impl Organization {
    /// A new one, which inherits the default policy.
    pub fn new(name: String, domain: String, created: Stamp) -> Self {
        let policy = Stream::new(State::inheriting(created));
        Self { name, domain, active: true, created, changed: created, policy }
    }
}

/// What a bearer of the secret is taken for.
#[derive(Debug, Clone)]
pub struct Token {
    /// For those who manage it; the secret is shown once.
    pub id: String,
    /// The user's id.
    pub user: String,
    /// From then on it doesn't count.
    pub expires: Option<Date>,
}

/// The domain that an organization gets with its name.
pub fn domain(name: &str, id: &str) -> String {
    let letters = name.chars().take(60).map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' });
    let label: String = letters.collect();
    let label = label.trim_matches('-');
    format!("{}.localhost", if label.is_empty() { id } else { label })
}

impl Store {
    /// Adds a machine user to an organization; none if there are too many.
    pub fn add_user(&mut self, home: &str, name: &str, id: Option<String>) -> Option<Result<(String, Stamp), Refusal>> {
        if self.users.len() >= limits::USERS {
            return None;
        }
        let taken = id.as_ref().is_some_and(|id| self.users.contains_key(id));
        if taken || self.users.values().any(|user| user.home == home && user.name == name) {
            return Some(Err(Refusal::UserExists));
        }
        if !self.has_organization(home) {
            return Some(Err(Refusal::OrganizationMissing));
        }
        let id = id.unwrap_or_else(|| self.new_id());
        let user = User { home: home.to_owned(), name: name.to_owned(), instance: Vec::new(), memberships: HashMap::new() };
        self.users.insert(id.clone(), user);
        Some(Ok((id, self.stamp())))
    }

    /// Removes a user of an organization with tokens and roles.
    pub fn remove_user(&mut self, home: &str, id: &str) -> Result<Stamp, Refusal> {
        self.user_of(home, id)?;
        let administers = |user: &User| user.instance.contains(&Role::IamOwner);
        if self.users.get(id).is_some_and(administers) && self.users.values().filter(|user| administers(user)).count() == 1 {
            return Err(Refusal::LastAdministrator);
        }
        self.users.remove(id);
        self.tokens.retain(|_, token| token.user != id);
        Ok(self.stamp())
    }

    /// Makes a token for a user of an organization: its id and its secret. None if there are too many.
    pub fn add_token(&mut self, home: &str, user: &str, expires: Option<Date>) -> Option<Result<(String, String, Stamp), Refusal>> {
        if self.tokens.len() >= limits::TOKENS {
            return None;
        }
        if let Err(refusal) = self.user_of(home, user) {
            return Some(Err(refusal));
        }
        if expires.is_some_and(|expires| expires <= Date::now()) {
            return Some(Err(Refusal::ExpirationInvalid));
        }
        let id = self.new_id();
        let secret = self.random.token();
        self.tokens.insert(secret.clone(), Token { id: id.clone(), user: user.to_owned(), expires });
        Some(Ok((id, secret, self.stamp())))
    }

    /// Revokes a token of a user of an organization.
    pub fn remove_token(&mut self, home: &str, user: &str, id: &str) -> Result<Stamp, Refusal> {
        self.user_of(home, user)?;
        let before = self.tokens.len();
        self.tokens.retain(|_, token| token.user != user || token.id != id);
        if self.tokens.len() == before { Err(Refusal::TokenMissing) } else { Ok(self.stamp()) }
    }

    /// The user whom a secret stands for, now.
    pub fn bearer(&self, secret: &str) -> Result<&str, Refusal> {
        let token = self.tokens.get(secret).ok_or(Refusal::TokenInvalid)?;
        if token.expires.is_some_and(|expires| expires <= Date::now()) {
            return Err(Refusal::TokenInvalid);
        }
        Ok(&token.user)
    }

    /// Gives a user, of whatever organization, roles in an organization.
    pub fn add_member(&mut self, organization: &str, user: &str, roles: &[String]) -> Result<Stamp, Refusal> {
        let roles: Option<Vec<Role>> = roles.iter().map(|name| Role::of_organization(name)).collect();
        let roles = roles.filter(|roles| !roles.is_empty()).ok_or(Refusal::RoleInvalid)?;
        if !self.has_organization(organization) {
            return Err(Refusal::OrganizationMissing);
        }
        let user = self.users.get_mut(user).ok_or(Refusal::UserMissing)?;
        if user.memberships.contains_key(organization) {
            return Err(Refusal::MemberExists);
        }
        user.memberships.insert(organization.to_owned(), roles);
        Ok(self.stamp())
    }

    /// Takes a user's roles in an organization.
    pub fn remove_member(&mut self, organization: &str, user: &str) -> Result<Stamp, Refusal> {
        let user = self.users.get_mut(user).ok_or(Refusal::MemberMissing)?;
        user.memberships.remove(organization).ok_or(Refusal::MemberMissing)?;
        Ok(self.stamp())
    }

    fn user_of(&self, home: &str, id: &str) -> Result<&User, Refusal> {
        self.users.get(id).filter(|user| user.home == home).ok_or(Refusal::UserMissing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::random::Random;

    fn store() -> (Store, String, String) {
        let mut store = Store::new(Random::new());
        let (one, _) = store.add_organization("one").unwrap().unwrap();
        let (two, _) = store.add_organization("two").unwrap().unwrap();
        (store, one, two)
    }

    #[test]
    fn users_belong_to_one_organization() {
        let (mut store, one, two) = store();
        let (user, _) = store.add_user(&one, "bot", None).unwrap().unwrap();
        assert_eq!(store.add_user(&one, "bot", None).unwrap().unwrap_err(), Refusal::UserExists);
        assert_eq!(store.add_user(&two, "bot", Some(user.clone())).unwrap().unwrap_err(), Refusal::UserExists);
        assert!(store.add_user(&two, "bot", Some("mine".into())).unwrap().is_ok());
        assert_eq!(store.add_token(&two, &user, None).unwrap().unwrap_err(), Refusal::UserMissing);
        assert_eq!(store.remove_user(&two, &user), Err(Refusal::UserMissing));
        let (_, secret, _) = store.add_token(&one, &user, None).unwrap().unwrap();
        assert_eq!(store.bearer(&secret), Ok(user.as_str()));
        store.remove_user(&one, &user).unwrap();
        assert_eq!(store.bearer(&secret), Err(Refusal::TokenInvalid));
        assert_eq!(store.remove_user(&one, &user), Err(Refusal::UserMissing));
    }

    #[test]
    fn tokens_end() {
        let (mut store, one, _) = store();
        let (user, _) = store.add_user(&one, "bot", None).unwrap().unwrap();
        let past = Some(Date(Date::now().0 - 1));
        assert_eq!(store.add_token(&one, &user, past).unwrap().unwrap_err(), Refusal::ExpirationInvalid);
        let (_, soon, _) = store.add_token(&one, &user, Some(Date(Date::now().0 + 30_000))).unwrap().unwrap();
        assert_eq!(store.bearer(&soon), Ok(user.as_str()));
        std::thread::sleep(std::time::Duration::from_millis(31));
        assert_eq!(store.bearer(&soon), Err(Refusal::TokenInvalid));
        let (id, secret, _) = store.add_token(&one, &user, None).unwrap().unwrap();
        store.remove_token(&one, &user, &id).unwrap();
        assert_eq!(store.remove_token(&one, &user, &id), Err(Refusal::TokenMissing));
        assert_eq!(store.bearer(&secret), Err(Refusal::TokenInvalid));
    }

    #[test]
    fn members_have_roles_of_organizations() {
        let (mut store, one, two) = store();
        let (user, _) = store.add_user(&one, "bot", None).unwrap().unwrap();
        let owner = ["ORG_OWNER".to_owned()];
        for bad in [&[][..], &["IAM_OWNER".to_owned()], &["ORG_OWNER".to_owned(), "org_owner".to_owned()]] {
            assert_eq!(store.add_member(&one, &user, bad), Err(Refusal::RoleInvalid));
        }
        assert_eq!(store.add_member(&one, "1", &owner), Err(Refusal::UserMissing));
        assert_eq!(store.remove_member(&two, &user), Err(Refusal::MemberMissing));
        store.add_member(&two, &user, &owner).unwrap();
        assert_eq!(store.add_member(&two, &user, &owner), Err(Refusal::MemberExists));
        assert!(store.users[&user].memberships.contains_key(&two));
        store.remove_organization(&two).unwrap();
        assert!(store.users[&user].memberships.is_empty());
    }

    #[test]
    fn domains() {
        assert_eq!(domain("Triwire 0a/1!", "7"), "triwire-0a-1.localhost");
        assert_eq!(domain("谷", "7"), "7.localhost");
    }
}
