package main

import (
	"context"
	"slices"

	"google.golang.org/protobuf/proto"

	"triwire.test/interop/pb/management"
)

// managementServer acts in one organization.
type managementServer struct {
	management.UnimplementedManagementServiceServer
	*store
}

func (m *managementServer) Healthz(context.Context, *management.HealthzRequest) (*management.HealthzResponse, error) {
	return &management.HealthzResponse{}, nil
}

// in runs f on the organization of the call, which is there as long as f runs.
func (m *managementServer) in(ctx context.Context, f func(*organization) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	org := m.organizations[callerOf(ctx).org]
	if org == nil {
		return errPermissionMissing
	}
	return f(org)
}

// change runs f on the organization's own policy and stamps what it did.
func (m *managementServer) change(ctx context.Context, missing error, f func(*policy) error) (at stamp, owner string, err error) {
	err = m.in(ctx, func(org *organization) error {
		if org.policy == nil {
			return missing
		}
		if err := f(org.policy); err != nil {
			return err
		}
		at, owner = m.next(), org.id
		org.policy.changed, org.policyChanged = at, at
		return nil
	})
	return at, owner, err
}

// effective is the policy of an organization: its own one or that of the instance.
func (m *managementServer) effective(org *organization) (p *policy, owner string, isDefault bool) {
	if org.policy != nil {
		return org.policy, org.id, false
	}
	return m.defaults, m.instance, true
}

func (m *managementServer) GetLoginPolicy(ctx context.Context, _ *management.GetLoginPolicyRequest) (*management.GetLoginPolicyResponse, error) {
	response := &management.GetLoginPolicyResponse{}
	err := m.in(ctx, func(org *organization) error {
		policy, owner, isDefault := m.effective(org)
		response.Policy, response.IsDefault = policy.show(owner, isDefault), isDefault
		return nil
	})
	return response, err
}

func (m *managementServer) GetDefaultLoginPolicy(ctx context.Context, _ *management.GetDefaultLoginPolicyRequest) (*management.GetDefaultLoginPolicyResponse, error) {
	response := &management.GetDefaultLoginPolicyResponse{}
	err := m.in(ctx, func(*organization) error {
		response.Policy = m.defaults.show(m.instance, true)
		return nil
	})
	return response, err
}

func (m *managementServer) AddCustomLoginPolicy(ctx context.Context, request *management.AddCustomLoginPolicyRequest) (*management.AddCustomLoginPolicyResponse, error) {
	if err := validPasswordless("AddCustomLoginPolicyRequest", request.PasswordlessType); err != nil {
		return nil, err
	}
	if err := checkSettings(request, errRedirectInvalid); err != nil {
		return nil, err
	}
	login := fromSettings(request)
	for _, factor := range request.SecondFactors {
		if validSecond("", factor) != nil || slices.Contains(login.SecondFactors, factor) {
			return nil, errSecondFactorInvalid
		}
		login.SecondFactors = append(login.SecondFactors, factor)
	}
	for _, factor := range request.MultiFactors {
		if validMulti("", factor) != nil || slices.Contains(login.MultiFactors, factor) {
			return nil, errMultiFactorInvalid
		}
		login.MultiFactors = append(login.MultiFactors, factor)
	}
	if len(request.Idps) > 0 {
		return nil, errIDPMissing
	}
	response := &management.AddCustomLoginPolicyResponse{}
	err := m.in(ctx, func(org *organization) error {
		if org.policy != nil {
			return errPolicyExists
		}
		now := m.next()
		org.policy = &policy{login: proto.Clone(login).(*loginPolicy), created: now, changed: now}
		org.policyChanged = now
		response.Details = created(now, org.id)
		return nil
	})
	return response, err
}

func (m *managementServer) UpdateCustomLoginPolicy(ctx context.Context, request *management.UpdateCustomLoginPolicyRequest) (*management.UpdateCustomLoginPolicyResponse, error) {
	if err := validPasswordless("UpdateCustomLoginPolicyRequest", request.PasswordlessType); err != nil {
		return nil, err
	}
	at, owner, err := m.change(ctx, errPolicyMissing, func(p *policy) error { return p.update(request) })
	if err != nil {
		return nil, err
	}
	return &management.UpdateCustomLoginPolicyResponse{Details: changed(at, owner)}, nil
}

func (m *managementServer) ResetLoginPolicyToDefault(ctx context.Context, _ *management.ResetLoginPolicyToDefaultRequest) (*management.ResetLoginPolicyToDefaultResponse, error) {
	response := &management.ResetLoginPolicyToDefaultResponse{}
	err := m.in(ctx, func(org *organization) error {
		if org.policy == nil {
			return errPolicyMissingOnReset
		}
		now := m.next()
		org.policy, org.policyChanged = nil, now
		response.Details = changed(now, org.id)
		return nil
	})
	return response, err
}

func (m *managementServer) ListLoginPolicySecondFactors(ctx context.Context, _ *management.ListLoginPolicySecondFactorsRequest) (*management.ListLoginPolicySecondFactorsResponse, error) {
	response := &management.ListLoginPolicySecondFactorsResponse{}
	err := m.in(ctx, func(org *organization) error {
		policy, _, _ := m.effective(org)
		response.Result = slices.Clone(policy.login.SecondFactors)
		response.Details = listDetails(len(response.Result), org.policyChanged)
		return nil
	})
	return response, err
}

func (m *managementServer) AddSecondFactorToLoginPolicy(ctx context.Context, request *management.AddSecondFactorToLoginPolicyRequest) (*management.AddSecondFactorToLoginPolicyResponse, error) {
	if err := validSecond("AddSecondFactorToLoginPolicyRequest", request.Type); err != nil {
		return nil, err
	}
	at, owner, err := m.change(ctx, errPolicyMissing, func(p *policy) error { return p.addSecond(request.Type) })
	if err != nil {
		return nil, err
	}
	return &management.AddSecondFactorToLoginPolicyResponse{Details: created(at, owner)}, nil
}

func (m *managementServer) RemoveSecondFactorFromLoginPolicy(ctx context.Context, request *management.RemoveSecondFactorFromLoginPolicyRequest) (*management.RemoveSecondFactorFromLoginPolicyResponse, error) {
	if err := validSecond("RemoveSecondFactorFromLoginPolicyRequest", request.Type); err != nil {
		return nil, err
	}
	at, owner, err := m.change(ctx, errSecondFactorMissing, func(p *policy) error { return p.removeSecond(request.Type) })
	if err != nil {
		return nil, err
	}
	return &management.RemoveSecondFactorFromLoginPolicyResponse{Details: changed(at, owner)}, nil
}

func (m *managementServer) ListLoginPolicyMultiFactors(ctx context.Context, _ *management.ListLoginPolicyMultiFactorsRequest) (*management.ListLoginPolicyMultiFactorsResponse, error) {
	response := &management.ListLoginPolicyMultiFactorsResponse{}
	err := m.in(ctx, func(org *organization) error {
		policy, _, _ := m.effective(org)
		response.Result = slices.Clone(policy.login.MultiFactors)
		response.Details = listDetails(len(response.Result), org.policyChanged)
		return nil
	})
	return response, err
}

func (m *managementServer) AddMultiFactorToLoginPolicy(ctx context.Context, request *management.AddMultiFactorToLoginPolicyRequest) (*management.AddMultiFactorToLoginPolicyResponse, error) {
	if err := validMulti("AddMultiFactorToLoginPolicyRequest", request.Type); err != nil {
		return nil, err
	}
	at, owner, err := m.change(ctx, errPolicyMissing, func(p *policy) error { return p.addMulti(request.Type) })
	if err != nil {
		return nil, err
	}
	return &management.AddMultiFactorToLoginPolicyResponse{Details: created(at, owner)}, nil
}

func (m *managementServer) RemoveMultiFactorFromLoginPolicy(ctx context.Context, request *management.RemoveMultiFactorFromLoginPolicyRequest) (*management.RemoveMultiFactorFromLoginPolicyResponse, error) {
	if err := validMulti("RemoveMultiFactorFromLoginPolicyRequest", request.Type); err != nil {
		return nil, err
	}
	at, owner, err := m.change(ctx, errMultiFactorMissing, func(p *policy) error { return p.removeMulti(request.Type) })
	if err != nil {
		return nil, err
	}
	return &management.RemoveMultiFactorFromLoginPolicyResponse{Details: changed(at, owner)}, nil
}
