//! The login policy of an organization: what its events make of it, and which commands it refuses.

use super::failure::Refusal;
use super::limits;
use super::protos::zitadel::management::v1::AddCustomLoginPolicyRequest;
use super::protos::zitadel::policy::v1::{LoginPolicy, MultiFactorType, PasswordlessType, SecondFactorType};
use super::protos::zitadel::v1::ObjectDetails;
use super::store::Stamp;

/// What happened to the policy of an organization.
#[derive(Debug, Clone)]
pub enum Change {
    /// The organization got a policy of its own, with these settings and factors.
    Created(Box<AddCustomLoginPolicyRequest>),
    /// It inherits the default policy again.
    Reset,
    /// A second factor became active.
    SecondFactorAdded(i32),
    /// A second factor is no longer active.
    SecondFactorRemoved(i32),
}

/// A policy with its place in the stream of events.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Settings and active factors.
    pub settings: AddCustomLoginPolicyRequest,
    created: Stamp,
    changed: Stamp,
}

/// The fold over the events of one organization.
#[derive(Debug, Clone)]
pub struct State {
    /// The organization's own policy.
    pub custom: Option<Policy>,
    /// The last event, of whatever kind.
    pub last: Stamp,
}

impl State {
    /// An organization that inherits, as of its own creation.
    pub fn inheriting(since: Stamp) -> Self {
        Self { custom: None, last: since }
    }

    /// Applies an event.
    pub fn apply(&mut self, stamp: Stamp, change: &Change) {
        self.last = stamp;
        match change {
            Change::Created(settings) => self.custom = Some(Policy::new(settings, stamp)),
            Change::Reset => self.custom = None,
            Change::SecondFactorAdded(factor) => {
                if let Some(policy) = &mut self.custom {
                    policy.settings.second_factors.push(*factor);
                    policy.changed = stamp;
                }
            }
            Change::SecondFactorRemoved(factor) => {
                if let Some(policy) = &mut self.custom {
                    policy.settings.second_factors.retain(|active| active != factor);
                    policy.changed = stamp;
                }
            }
        }
    }

    /// Decides on the creation of a custom policy. Nothing is stored unless everything is valid.
    pub fn create(&self, settings: AddCustomLoginPolicyRequest) -> Result<Change, Refusal> {
        if !redirect_uri(&settings.default_redirect_uri) {
            return Err(Refusal::RedirectUriInvalid);
        }
        if !settings.idps.is_empty() {
            return Err(Refusal::IdentityProviderMissing);
        }
        if !set_of(&settings.second_factors, is_second_factor) {
            return Err(Refusal::SecondFactorInvalid);
        }
        if !set_of(&settings.multi_factors, is_multi_factor) {
            return Err(Refusal::MultiFactorInvalid);
        }
        if self.custom.is_some() {
            return Err(Refusal::PolicyExists);
        }
        Ok(Change::Created(Box::new(settings)))
    }

    /// Decides on the reset to the default.
    pub fn reset(&self) -> Result<Change, Refusal> {
        match self.custom {
            Some(_) => Ok(Change::Reset),
            None => Err(Refusal::PolicyMissingOnReset),
        }
    }

    /// Decides on adding a second factor.
    pub fn add_second_factor(&self, factor: i32) -> Result<Change, Refusal> {
        let policy = self.custom.as_ref().ok_or(Refusal::PolicyMissing)?;
        if policy.settings.second_factors.contains(&factor) {
            return Err(Refusal::SecondFactorExists);
        }
        Ok(Change::SecondFactorAdded(factor))
    }

    /// Decides on removing a second factor.
    pub fn remove_second_factor(&self, factor: i32) -> Result<Change, Refusal> {
        let active = |policy: &Policy| policy.settings.second_factors.contains(&factor);
        if self.custom.as_ref().is_some_and(active) { Ok(Change::SecondFactorRemoved(factor)) } else { Err(Refusal::SecondFactorMissing) }
    }
}

impl Policy {
    /// A policy created at this moment.
    pub fn new(settings: &AddCustomLoginPolicyRequest, created: Stamp) -> Self {
        Self { settings: settings.clone(), created, changed: created }
    }

    /// The defaults of a new instance.
    pub fn default_of_instance(created: Stamp) -> Self {
        let seconds = |seconds| Some(prost_types::Duration { seconds, nanos: 0 });
        let settings = AddCustomLoginPolicyRequest {
            allow_username_password: true,
            allow_register: true,
            allow_external_idp: true,
            passwordless_type: PasswordlessType::Allowed.into(),
            password_check_lifetime: seconds(864_000),
            external_login_check_lifetime: seconds(864_000),
            mfa_init_skip_lifetime: seconds(2_592_000),
            second_factor_check_lifetime: seconds(64_800),
            multi_factor_check_lifetime: seconds(43_200),
            second_factors: vec![SecondFactorType::Otp.into(), SecondFactorType::U2f.into()],
            multi_factors: vec![MultiFactorType::U2fWithVerification.into()],
            allow_domain_discovery: true,
            ..Default::default()
        };
        Self::new(&settings, created)
    }

    /// The policy as a read shows it.
    pub fn show(&self, owner: &str, is_default: bool) -> LoginPolicy {
        let settings = self.settings.clone();
        LoginPolicy {
            details: Some(ObjectDetails {
                sequence: self.changed.sequence,
                creation_date: Some(self.created.date.into()),
                change_date: Some(self.changed.date.into()),
                resource_owner: owner.to_owned(),
            }),
            allow_username_password: settings.allow_username_password,
            allow_register: settings.allow_register,
            allow_external_idp: settings.allow_external_idp,
            force_mfa: settings.force_mfa,
            passwordless_type: settings.passwordless_type,
            is_default,
            hide_password_reset: settings.hide_password_reset,
            ignore_unknown_usernames: settings.ignore_unknown_usernames,
            default_redirect_uri: settings.default_redirect_uri,
            password_check_lifetime: settings.password_check_lifetime,
            external_login_check_lifetime: settings.external_login_check_lifetime,
            mfa_init_skip_lifetime: settings.mfa_init_skip_lifetime,
            second_factor_check_lifetime: settings.second_factor_check_lifetime,
            multi_factor_check_lifetime: settings.multi_factor_check_lifetime,
            second_factors: settings.second_factors,
            multi_factors: settings.multi_factors,
            idps: Vec::new(),
            allow_domain_discovery: settings.allow_domain_discovery,
            disable_login_with_email: settings.disable_login_with_email,
            disable_login_with_phone: settings.disable_login_with_phone,
            force_mfa_local_only: settings.force_mfa_local_only,
        }
    }
}

/// Whether the number is a declared second factor other than 0.
pub fn is_second_factor(number: i32) -> bool {
    number != 0 && SecondFactorType::try_from(number).is_ok()
}

fn is_multi_factor(number: i32) -> bool {
    number != 0 && MultiFactorType::try_from(number).is_ok()
}

/// Each element is valid and stands once.
fn set_of(factors: &[i32], valid: impl Fn(i32) -> bool) -> bool {
    // Validity first: a valid list that holds nothing twice is short, so the search can't take long.
    factors.iter().all(|factor| valid(*factor)) && factors.len() < 64 && (1..factors.len()).all(|at| !factors[..at].contains(&factors[at]))
}

/// Empty, or with a scheme, and for http(s) with a host.
fn redirect_uri(uri: &str) -> bool {
    if uri.is_empty() {
        return true;
    }
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let mut letters = scheme.chars();
    let named = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let host = || {
        rest.strip_prefix("//").is_some_and(|rest| {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = authority.rsplit('@').next().unwrap_or_default();
            !host.is_empty() && !host.starts_with(':')
        })
    };
    named && uri.len() <= limits::REDIRECT_URI && (!web || host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris() {
        for good in ["", "https://a.example/é谷😁", "custom:thing", "http://u@h:1?x"] {
            assert!(redirect_uri(good), "{good}");
        }
        for bad in ["a.example", "https:///x", "https:x", "http://", "1a:x", ":x", "http://:80"] {
            assert!(!redirect_uri(bad), "{bad}");
        }
    }

    #[test]
    fn a_list_of_factors_is_a_set() {
        assert!(set_of(&[2, 1], is_second_factor));
        for bad in [&[0][..], &[1, 1], &[99], &[-1]] {
            assert!(!set_of(bad, is_second_factor));
        }
    }
}
