//! The rules that the schema itself gives: range of values and length of texts. Their refusals have no domain detail.

use std::ops::RangeInclusive;

use super::super::failure::{Code, Failure};
use super::super::protos::zitadel::management::v1::AddCustomLoginPolicyRequest;
use super::super::protos::zitadel::policy::v1::PasswordlessType;
use super::super::store::Date;

pub(super) const DECLARED: &str = "one of the declared values other than 0";

pub(super) fn refused(message: &str, field: &str, rule: &str) -> Failure {
    Failure::new(Code::InvalidArgument, format!("invalid {message}.{field}: value must be {rule}"))
}

/// Length in characters.
pub(super) fn length(message: &str, field: &str, value: &str, range: RangeInclusive<usize>) -> Result<(), Failure> {
    if range.contains(&value.chars().count()) {
        return Ok(());
    }
    Err(refused(message, field, &format!("{} to {} characters", range.start(), range.end())))
}

/// A date within the range of `google.protobuf.Timestamp`.
pub(super) fn date(message: &str, field: &str, date: prost_types::Timestamp) -> Result<Date, Failure> {
    // From 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z.
    let valid = (-62_135_596_800..=253_402_300_799).contains(&date.seconds) && (0..=999_999_999).contains(&date.nanos);
    if valid { Ok(Date(date.seconds * 1_000_000 + i64::from(date.nanos) / 1_000)) } else { Err(refused(message, field, "a date")) }
}

/// Settings of a policy, at its creation or later.
pub(super) fn policy(message: &str, settings: &AddCustomLoginPolicyRequest) -> Result<(), Failure> {
    if PasswordlessType::try_from(settings.passwordless_type).is_err() {
        return Err(refused(message, "passwordless_type", "one of the declared values"));
    }
    let lifetimes = [
        ("password_check_lifetime", &settings.password_check_lifetime),
        ("external_login_check_lifetime", &settings.external_login_check_lifetime),
        ("mfa_init_skip_lifetime", &settings.mfa_init_skip_lifetime),
        ("second_factor_check_lifetime", &settings.second_factor_check_lifetime),
        ("multi_factor_check_lifetime", &settings.multi_factor_check_lifetime),
    ];
    for (name, lifetime) in lifetimes {
        if lifetime.as_ref().is_some_and(|lifetime| !is_duration(lifetime)) {
            return Err(refused(message, name, "a duration"));
        }
    }
    for idp in &settings.idps {
        length(message, "idps.idp_id", &idp.idp_id, 1..=200)?;
        if ![1, 2].contains(&idp.owner_type) {
            return Err(refused(message, "idps.ownerType", DECLARED));
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
