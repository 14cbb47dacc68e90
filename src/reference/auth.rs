//! Who calls, in which organization, and whether they may.

use std::collections::HashMap;

use super::refusal::Refusal;
use super::store::Store;

/// What a role lets its holder do, in one organization or, for roles of the instance, in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything in one organization, save the creation of others.
    OrgOwner,
    /// The settings of one organization.
    OrgSettingsManager,
    /// Reads in one organization.
    OrgOwnerViewer,
    /// Everything.
    IamOwner,
    /// All organizations.
    IamOrgManager,
    /// Reads everywhere.
    IamOwnerViewer,
}

impl Role {
    /// The role of this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ORG_OWNER" => Self::OrgOwner,
            "ORG_SETTINGS_MANAGER" => Self::OrgSettingsManager,
            "ORG_OWNER_VIEWER" => Self::OrgOwnerViewer,
            "IAM_OWNER" => Self::IamOwner,
            "IAM_ORG_MANAGER" => Self::IamOrgManager,
            "IAM_OWNER_VIEWER" => Self::IamOwnerViewer,
            _ => return None,
        })
    }

    /// The role of this name, if it is one that a member of an organization can have.
    pub fn of_organization(name: &str) -> Option<Self> {
        Self::named(name).filter(|role| !role.of_instance())
    }

    /// Whether the role holds a permission.
    pub fn holds(self, permission: &str) -> bool {
        match permission {
            "policy.read" | "org.read" => true,
            "policy.write" | "policy.delete" | "org.write" => !self.only_reads(),
            "org.create" => matches!(self, Self::IamOwner | Self::IamOrgManager),
            "org.delete" | "org.member.write" | "org.member.delete" | "user.write" | "user.delete" => {
                matches!(self, Self::OrgOwner | Self::IamOwner | Self::IamOrgManager)
            }
            "org.global.read" => self.of_instance(),
            "iam.policy.read" => matches!(self, Self::IamOwner | Self::IamOwnerViewer),
            "iam.policy.write" => self == Self::IamOwner,
            // A permission that nobody knows is held by nobody.
            _ => false,
        }
    }

    fn only_reads(self) -> bool {
        matches!(self, Self::OrgOwnerViewer | Self::IamOwnerViewer)
    }

    /// Whether it holds in each organization.
    pub fn of_instance(self) -> bool {
        matches!(self, Self::IamOwner | Self::IamOrgManager | Self::IamOwnerViewer)
    }
}

/// Somebody with a token.
#[derive(Debug)]
pub struct User {
    /// The organization to which the user belongs.
    pub home: String,
    /// Unique there.
    pub name: String,
    /// Roles that hold in every organization.
    pub instance: Vec<Role>,
    /// Roles by organization.
    pub memberships: HashMap<String, Vec<Role>>,
}

/// Reads the authorization fields of a call (RFC 6750, 2.1; the scheme is compared without case, RFC 9110, 11.1).
pub fn bearer<V: AsRef<[u8]>>(fields: &[V]) -> Result<&str, Refusal> {
    let value = match fields {
        [] => return Err(Refusal::CredentialsMissing),
        [one] => one.as_ref(),
        // Two credentials: refused, so that no hop can take another one than we do.
        _ => return Err(Refusal::CredentialsInvalid),
    };
    let value = std::str::from_utf8(value).map_err(|_| Refusal::CredentialsInvalid)?;
    let value = value.trim_matches([' ', '\t']);
    if value.is_empty() {
        return Err(Refusal::CredentialsMissing);
    }
    let (scheme, token) = value.split_once(' ').ok_or(Refusal::CredentialsInvalid)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::CredentialsInvalid);
    }
    Ok(token.trim_start_matches(' '))
}

/// Finds the organization in which a user's call works, and whether they may make it there.
///
/// Who has no role in the instance learns nothing about organizations: a foreign one and one that doesn't exist give the same answer.
pub fn organization(store: &Store, user: &str, named: Option<&[u8]>, permission: &str) -> Result<String, Refusal> {
    let user = store.users.get(user).ok_or(Refusal::TokenInvalid)?;
    let organization = match named {
        Some(name) => std::str::from_utf8(name).unwrap_or_default(),
        None => &user.home,
    };
    let exists = store.has_organization(organization);
    if !exists && !user.instance.is_empty() {
        return Err(Refusal::OrganizationMissing);
    }
    let own = user.memberships.get(organization).into_iter().flatten();
    let mut roles = own.chain(&user.instance);
    let may = roles.any(|role| role.holds(permission));
    if exists && may { Ok(organization.to_owned()) } else { Err(Refusal::PermissionMissing) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::random::Random;

    #[test]
    fn credentials() {
        for good in ["Bearer t", "bearer t", "BEARER   t"] {
            assert_eq!(bearer(&[good]), Ok("t"), "{good}");
        }
        for bad in ["Bearer", "Bearer ", "t", "Basic t", "Token t", "Bearert"] {
            assert_eq!(bearer(&[bad]), Err(Refusal::CredentialsInvalid), "{bad}");
        }
        assert_eq!(bearer::<&str>(&[]), Err(Refusal::CredentialsMissing));
        assert_eq!(bearer(&[""]), Err(Refusal::CredentialsMissing));
        assert_eq!(bearer(&["Bearer a", "Bearer b"]), Err(Refusal::CredentialsInvalid));
    }

    #[test]
    fn roles_and_organizations() {
        let mut store = Store::new(Random::new());
        let (own, _) = store.add_organization("own").unwrap().unwrap();
        let (foreign, _) = store.add_organization("foreign").unwrap().unwrap();
        let mut user = |name: &str, role: Option<Role>, instance: Vec<Role>| {
            let memberships = role.map(|role| (own.clone(), vec![role])).into_iter().collect();
            let user = User { home: own.clone(), name: name.to_owned(), instance, memberships };
            store.users.insert(name.to_owned(), user);
        };
        user("owner", Some(Role::OrgOwner), vec![]);
        user("viewer", Some(Role::OrgOwnerViewer), vec![]);
        user("nobody", None, vec![]);
        user("admin", None, vec![Role::IamOwner]);
        let ask = |user, named: Option<&str>, permission| organization(&store, user, named.map(str::as_bytes), permission);
        assert_eq!(ask("owner", None, "policy.write"), Ok(own.clone()));
        assert_eq!(ask("owner", None, "org.create"), Err(Refusal::PermissionMissing));
        assert_eq!(ask("viewer", None, "policy.read"), Ok(own.clone()));
        for write in ["policy.write", "policy.delete"] {
            assert_eq!(ask("viewer", None, write), Err(Refusal::PermissionMissing));
        }
        assert_eq!(ask("nobody", None, "policy.read"), Err(Refusal::PermissionMissing));
        assert_eq!(ask("admin", Some(&foreign), "org.create"), Ok(foreign.clone()));
        assert_eq!(ask("admin", Some("1"), "org.create"), Err(Refusal::OrganizationMissing));
        for hidden in [foreign.as_str(), "1", "é"] {
            let refused = ask("owner", Some(hidden), "policy.read");
            assert_eq!(refused, Err(Refusal::PermissionMissing));
        }
    }

    /// Section by section the table of the contract's roles.
    #[test]
    fn what_roles_hold() {
        let all = ["ORG_OWNER", "ORG_SETTINGS_MANAGER", "ORG_OWNER_VIEWER", "IAM_OWNER", "IAM_ORG_MANAGER", "IAM_OWNER_VIEWER"];
        let held = |permission: &str| {
            let holds = all.iter().filter(|name| Role::named(name).unwrap().holds(permission));
            holds.copied().collect::<Vec<_>>()
        };
        assert_eq!(held("policy.read"), all);
        assert_eq!(held("org.read"), all);
        for permission in ["policy.write", "policy.delete", "org.write"] {
            assert_eq!(held(permission), ["ORG_OWNER", "ORG_SETTINGS_MANAGER", "IAM_OWNER", "IAM_ORG_MANAGER"]);
        }
        for permission in ["org.delete", "org.member.write", "org.member.delete", "user.write", "user.delete"] {
            assert_eq!(held(permission), ["ORG_OWNER", "IAM_OWNER", "IAM_ORG_MANAGER"]);
        }
        assert_eq!(held("org.create"), ["IAM_OWNER", "IAM_ORG_MANAGER"]);
        assert_eq!(held("iam.policy.read"), ["IAM_OWNER", "IAM_OWNER_VIEWER"]);
        assert_eq!(held("iam.policy.write"), ["IAM_OWNER"]);
        assert!(held("iam.write").is_empty());
        assert_eq!(Role::of_organization("IAM_OWNER"), None);
        assert_eq!(Role::of_organization("ORG_OWNER"), Some(Role::OrgOwner));
        assert_eq!(Role::named("org_owner"), None);
    }
}
