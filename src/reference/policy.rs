//! A login policy: what its events make of it, and which commands it refuses.

use super::limits;
use super::protos::zitadel::management::v1::{AddCustomLoginPolicyRequest, UpdateCustomLoginPolicyRequest};
use super::protos::zitadel::policy::v1::{LoginPolicy, MultiFactorType, PasswordlessType, SecondFactorType};
use super::protos::zitadel::v1::ObjectDetails;
use super::refusal::Refusal;
use super::store::Stamp;

/// The two sets of factors that a policy has. Equal numbers in them have nothing to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Asked for after a password.
    Second,
    /// Stand for password and second factor at once.
    Multi,
}

impl Kind {
    /// Whether the number is a declared value other than 0.
    pub fn declares(self, number: i32) -> bool {
        number != 0
            && match self {
                Self::Second => SecondFactorType::try_from(number).is_ok(),
                Self::Multi => MultiFactorType::try_from(number).is_ok(),
            }
    }
}

/// What happened to a policy.
#[derive(Debug, Clone)]
pub enum Change {
    /// The organization got a policy of its own, with these settings and factors.
    Created(Box<AddCustomLoginPolicyRequest>),
    /// Flags and lifetimes were replaced by these; factors stay.
    Updated(Box<AddCustomLoginPolicyRequest>),
    /// It inherits the default policy again.
    Reset,
    /// A factor became active.
    FactorAdded(Kind, i32),
    /// A factor is no longer active.
    FactorRemoved(Kind, i32),
}

/// A policy with its place in the stream of events.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Settings and active factors.
    pub settings: AddCustomLoginPolicyRequest,
    created: Stamp,
    changed: Stamp,
}

/// The fold over the events of one policy.
#[derive(Debug, Clone)]
pub struct State {
    /// The organization's own policy; that of the instance is always there.
    pub custom: Option<Policy>,
    /// The last event, of whatever kind.
    pub last: Stamp,
}

impl State {
    /// An organization that inherits, as of its own creation.
    pub fn inheriting(since: Stamp) -> Self {
        Self { custom: None, last: since }
    }

    /// The default policy of a new instance.
    pub fn of_instance(since: Stamp) -> Self {
        Self { custom: Some(Policy::default_of_instance(since)), last: since }
    }

    /// Applies an event.
    pub fn apply(&mut self, stamp: Stamp, change: &Change) {
        self.last = stamp;
        let policy = match (change, &mut self.custom) {
            (Change::Created(settings), _) => {
                self.custom = Some(Policy::new(settings, stamp));
                return;
            }
            (Change::Reset, _) | (_, None) => {
                self.custom = None;
                return;
            }
            (_, Some(policy)) => policy,
        };
        policy.changed = stamp;
        match change {
            Change::Updated(settings) => policy.settings = policy.with(settings),
            Change::FactorAdded(kind, factor) => policy.factors_mut(*kind).push(*factor),
            Change::FactorRemoved(kind, factor) => policy.factors_mut(*kind).retain(|active| active != factor),
            Change::Created(_) | Change::Reset => {}
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
        if !set_of(&settings.second_factors, Kind::Second) {
            return Err(Refusal::SecondFactorInvalid);
        }
        if !set_of(&settings.multi_factors, Kind::Multi) {
            return Err(Refusal::MultiFactorInvalid);
        }
        if self.custom.is_some() {
            return Err(Refusal::PolicyExists);
        }
        Ok(Change::Created(Box::new(settings)))
    }

    /// Decides on other flags and lifetimes. What is left out of them is at its default: the whole is replaced (RFC 9110, 9.3.4).
    pub fn update(&self, settings: AddCustomLoginPolicyRequest) -> Result<Change, Refusal> {
        if !redirect_uri(&settings.default_redirect_uri) {
            return Err(Refusal::RedirectUriInvalidOnUpdate);
        }
        let policy = self.custom.as_ref().ok_or(Refusal::PolicyMissing)?;
        if policy.with(&settings) == policy.settings {
            return Err(Refusal::PolicyUnchanged);
        }
        Ok(Change::Updated(Box::new(settings)))
    }

    /// Decides on the reset to the default.
    pub fn reset(&self) -> Result<Change, Refusal> {
        match self.custom {
            Some(_) => Ok(Change::Reset),
            None => Err(Refusal::PolicyMissingOnReset),
        }
    }

    /// Decides on adding a factor.
    pub fn add_factor(&self, kind: Kind, factor: i32) -> Result<Change, Refusal> {
        let policy = self.custom.as_ref().ok_or(Refusal::PolicyMissing)?;
        if policy.factors(kind).contains(&factor) {
            return Err(match kind {
                Kind::Second => Refusal::SecondFactorExists,
                Kind::Multi => Refusal::MultiFactorExists,
            });
        }
        Ok(Change::FactorAdded(kind, factor))
    }

    /// Decides on removing a factor.
    pub fn remove_factor(&self, kind: Kind, factor: i32) -> Result<Change, Refusal> {
        if self.custom.as_ref().is_some_and(|policy| policy.factors(kind).contains(&factor)) {
            return Ok(Change::FactorRemoved(kind, factor));
        }
        Err(match kind {
            Kind::Second => Refusal::SecondFactorMissing,
            Kind::Multi => Refusal::MultiFactorMissing,
        })
    }
}

/// The flags and lifetimes of an update, in the form in which a policy holds them.
pub fn settings(update: UpdateCustomLoginPolicyRequest) -> AddCustomLoginPolicyRequest {
    AddCustomLoginPolicyRequest {
        allow_username_password: update.allow_username_password,
        allow_register: update.allow_register,
        allow_external_idp: update.allow_external_idp,
        force_mfa: update.force_mfa,
        passwordless_type: update.passwordless_type,
        hide_password_reset: update.hide_password_reset,
        ignore_unknown_usernames: update.ignore_unknown_usernames,
        default_redirect_uri: update.default_redirect_uri,
        password_check_lifetime: update.password_check_lifetime,
        external_login_check_lifetime: update.external_login_check_lifetime,
        mfa_init_skip_lifetime: update.mfa_init_skip_lifetime,
        second_factor_check_lifetime: update.second_factor_check_lifetime,
        multi_factor_check_lifetime: update.multi_factor_check_lifetime,
        second_factors: Vec::new(),
        multi_factors: Vec::new(),
        idps: Vec::new(),
        allow_domain_discovery: update.allow_domain_discovery,
        disable_login_with_email: update.disable_login_with_email,
        disable_login_with_phone: update.disable_login_with_phone,
        force_mfa_local_only: update.force_mfa_local_only,
    }
}

impl Policy {
    /// A policy created at this moment.
    pub fn new(settings: &AddCustomLoginPolicyRequest, created: Stamp) -> Self {
        Self { settings: settings.clone(), created, changed: created }
    }

    /// The active factors of a kind.
    pub fn factors(&self, kind: Kind) -> &[i32] {
        match kind {
            Kind::Second => &self.settings.second_factors,
            Kind::Multi => &self.settings.multi_factors,
        }
    }

    fn factors_mut(&mut self, kind: Kind) -> &mut Vec<i32> {
        match kind {
            Kind::Second => &mut self.settings.second_factors,
            Kind::Multi => &mut self.settings.multi_factors,
        }
    }

    /// These settings with the factors that are active.
    fn with(&self, settings: &AddCustomLoginPolicyRequest) -> AddCustomLoginPolicyRequest {
        let AddCustomLoginPolicyRequest { second_factors, multi_factors, idps, .. } = &self.settings;
        AddCustomLoginPolicyRequest {
            second_factors: second_factors.clone(),
            multi_factors: multi_factors.clone(),
            idps: idps.clone(),
            ..settings.clone()
        }
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

/// Each element is valid and stands once.
fn set_of(factors: &[i32], kind: Kind) -> bool {
    // Validity first: a valid list that holds nothing twice is short, so the search can't take long.
    factors.iter().all(|factor| kind.declares(*factor))
        && factors.len() < 64
        && (1..factors.len()).all(|at| !factors[..at].contains(&factors[at]))
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
        assert!(set_of(&[2, 1], Kind::Second));
        for bad in [&[0][..], &[1, 1], &[99], &[-1]] {
            assert!(!set_of(bad, Kind::Second));
        }
    }

    #[test]
    fn an_update_replaces_flags_and_keeps_factors() {
        let stamp = Stamp::default();
        let mut state = State::inheriting(stamp);
        let update = |force_mfa| AddCustomLoginPolicyRequest { force_mfa, ..Default::default() };
        assert_eq!(state.update(update(true)).unwrap_err(), Refusal::PolicyMissing);
        let created = AddCustomLoginPolicyRequest { allow_register: true, second_factors: vec![1], ..Default::default() };
        state.apply(stamp, &state.create(created).unwrap());
        state.apply(stamp, &state.update(update(true)).unwrap());
        let settings = &state.custom.as_ref().unwrap().settings;
        assert!(settings.force_mfa && !settings.allow_register);
        assert_eq!(settings.second_factors, [1]);
        assert_eq!(state.update(update(true)).unwrap_err(), Refusal::PolicyUnchanged);
        let bad = AddCustomLoginPolicyRequest { default_redirect_uri: "x".into(), ..Default::default() };
        assert_eq!(state.update(bad).unwrap_err(), Refusal::RedirectUriInvalidOnUpdate);
    }

    #[test]
    fn kinds_of_factors_do_not_mix() {
        let stamp = Stamp::default();
        let mut state = State::inheriting(stamp);
        for kind in [Kind::Second, Kind::Multi] {
            assert_eq!(state.add_factor(kind, 1).unwrap_err(), Refusal::PolicyMissing);
        }
        state.apply(stamp, &Change::Created(Box::default()));
        state.apply(stamp, &state.add_factor(Kind::Multi, 1).unwrap());
        assert_eq!(state.remove_factor(Kind::Second, 1).unwrap_err(), Refusal::SecondFactorMissing);
        state.apply(stamp, &state.add_factor(Kind::Second, 1).unwrap());
        assert_eq!(state.add_factor(Kind::Multi, 1).unwrap_err(), Refusal::MultiFactorExists);
        state.apply(stamp, &state.remove_factor(Kind::Multi, 1).unwrap());
        assert_eq!(state.remove_factor(Kind::Multi, 1).unwrap_err(), Refusal::MultiFactorMissing);
        assert_eq!(state.custom.unwrap().factors(Kind::Second), [1]);
        assert!(!Kind::Multi.declares(2) && !Kind::Second.declares(0) && Kind::Second.declares(5));
    }
}
