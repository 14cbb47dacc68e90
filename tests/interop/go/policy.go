package main

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"triwire.test/interop/pb/policypb"
	"triwire.test/interop/pb/zitadel"
)

type (
	loginPolicy  = policypb.LoginPolicy
	secondFactor = policypb.SecondFactorType
	multiFactor  = policypb.MultiFactorType
)

// policy is a login policy with its place in history.
type policy struct {
	login            *loginPolicy // without details
	created, changed stamp
}

// settings are the flags and lifetimes that the messages of creation and update have in common.
type settings interface {
	GetAllowUsernamePassword() bool
	GetAllowRegister() bool
	GetAllowExternalIdp() bool
	GetForceMfa() bool
	GetPasswordlessType() policypb.PasswordlessType
	GetHidePasswordReset() bool
	GetIgnoreUnknownUsernames() bool
	GetDefaultRedirectUri() string
	GetPasswordCheckLifetime() *durationpb.Duration
	GetExternalLoginCheckLifetime() *durationpb.Duration
	GetMfaInitSkipLifetime() *durationpb.Duration
	GetSecondFactorCheckLifetime() *durationpb.Duration
	GetMultiFactorCheckLifetime() *durationpb.Duration
	GetAllowDomainDiscovery() bool
	GetDisableLoginWithEmail() bool
	GetDisableLoginWithPhone() bool
	GetForceMfaLocalOnly() bool
}

func fromSettings(from settings) *loginPolicy {
	return &loginPolicy{
		AllowUsernamePassword:      from.GetAllowUsernamePassword(),
		AllowRegister:              from.GetAllowRegister(),
		AllowExternalIdp:           from.GetAllowExternalIdp(),
		ForceMfa:                   from.GetForceMfa(),
		PasswordlessType:           from.GetPasswordlessType(),
		HidePasswordReset:          from.GetHidePasswordReset(),
		IgnoreUnknownUsernames:     from.GetIgnoreUnknownUsernames(),
		DefaultRedirectUri:         from.GetDefaultRedirectUri(),
		PasswordCheckLifetime:      from.GetPasswordCheckLifetime(),
		ExternalLoginCheckLifetime: from.GetExternalLoginCheckLifetime(),
		MfaInitSkipLifetime:        from.GetMfaInitSkipLifetime(),
		SecondFactorCheckLifetime:  from.GetSecondFactorCheckLifetime(),
		MultiFactorCheckLifetime:   from.GetMultiFactorCheckLifetime(),
		AllowDomainDiscovery:       from.GetAllowDomainDiscovery(),
		DisableLoginWithEmail:      from.GetDisableLoginWithEmail(),
		DisableLoginWithPhone:      from.GetDisableLoginWithPhone(),
		ForceMfaLocalOnly:          from.GetForceMfaLocalOnly(),
	}
}

func defaultPolicy(now stamp) *policy {
	login := &loginPolicy{
		AllowUsernamePassword:      true,
		AllowRegister:              true,
		AllowExternalIdp:           true,
		PasswordlessType:           policypb.PasswordlessType_PASSWORDLESS_TYPE_ALLOWED,
		PasswordCheckLifetime:      durationpb.New(240 * time.Hour),
		ExternalLoginCheckLifetime: durationpb.New(240 * time.Hour),
		MfaInitSkipLifetime:        durationpb.New(720 * time.Hour),
		SecondFactorCheckLifetime:  durationpb.New(18 * time.Hour),
		MultiFactorCheckLifetime:   durationpb.New(12 * time.Hour),
		SecondFactors:              []secondFactor{policypb.SecondFactorType_SECOND_FACTOR_TYPE_OTP, policypb.SecondFactorType_SECOND_FACTOR_TYPE_U2F},
		MultiFactors:               []multiFactor{policypb.MultiFactorType_MULTI_FACTOR_TYPE_U2F_WITH_VERIFICATION},
		AllowDomainDiscovery:       true,
	}
	return &policy{login: login, created: now, changed: now}
}

// show is the policy as a read gives it: a copy, since it is encoded when the lock is free again.
func (p *policy) show(owner string, isDefault bool) *loginPolicy {
	login := proto.Clone(p.login).(*loginPolicy)
	login.Details = read(p.created, p.changed, owner)
	login.IsDefault = isDefault
	return login
}

// update replaces flags and lifetimes; factors stay.
func (p *policy) update(from settings) error {
	if err := checkSettings(from, errRedirectInvalidOnUpdate); err != nil {
		return err
	}
	login := fromSettings(from)
	login.SecondFactors, login.MultiFactors = p.login.SecondFactors, p.login.MultiFactors
	if proto.Equal(login, p.login) {
		return errPolicyUnchanged
	}
	p.login = login
	return nil
}

func (p *policy) addSecond(factor secondFactor) error {
	if slices.Contains(p.login.SecondFactors, factor) {
		return errSecondFactorExists
	}
	p.login.SecondFactors = append(p.login.SecondFactors, factor)
	return nil
}

func (p *policy) removeSecond(factor secondFactor) error {
	at := slices.Index(p.login.SecondFactors, factor)
	if at < 0 {
		return errSecondFactorMissing
	}
	p.login.SecondFactors = slices.Delete(p.login.SecondFactors, at, at+1)
	return nil
}

func (p *policy) addMulti(factor multiFactor) error {
	if slices.Contains(p.login.MultiFactors, factor) {
		return errMultiFactorExists
	}
	p.login.MultiFactors = append(p.login.MultiFactors, factor)
	return nil
}

func (p *policy) removeMulti(factor multiFactor) error {
	at := slices.Index(p.login.MultiFactors, factor)
	if at < 0 {
		return errMultiFactorMissing
	}
	p.login.MultiFactors = slices.Delete(p.login.MultiFactors, at, at+1)
	return nil
}

// listDetails are those of a list of so many factors.
func listDetails(results int, changed stamp) *zitadel.ListDetails {
	return &zitadel.ListDetails{
		TotalResult:       uint64(results),
		ProcessedSequence: changed.sequence,
		ViewTimestamp:     timestamppb.New(changed.at),
	}
}

// checkSettings refuses values that the schema of the messages allows and the domain doesn't.
func checkSettings(from settings, badURI *failure) error {
	if !validRedirect(from.GetDefaultRedirectUri()) {
		return badURI
	}
	return nil
}

func validRedirect(text string) bool {
	if text == "" {
		return true
	}
	uri, err := url.Parse(text)
	if err != nil || uri.Scheme == "" {
		return false
	}
	return !strings.HasPrefix(uri.Scheme, "http") || uri.Hostname() != ""
}
