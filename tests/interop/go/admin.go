package main

import (
	"context"
	"slices"

	"triwire.test/interop/pb/admin"
)

// adminServer acts on what all organizations inherit.
type adminServer struct {
	admin.UnimplementedAdminServiceServer
	*store
}

func (a *adminServer) Healthz(context.Context, *admin.HealthzRequest) (*admin.HealthzResponse, error) {
	return &admin.HealthzResponse{}, nil
}

func (a *adminServer) change(f func(*policy) error) (stamp, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := f(a.defaults); err != nil {
		return stamp{}, err
	}
	a.defaults.changed = a.next()
	return a.defaults.changed, nil
}

func (a *adminServer) GetLoginPolicy(context.Context, *admin.GetLoginPolicyRequest) (*admin.GetLoginPolicyResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return &admin.GetLoginPolicyResponse{Policy: a.defaults.show(a.instance, true)}, nil
}

func (a *adminServer) UpdateLoginPolicy(_ context.Context, request *admin.UpdateLoginPolicyRequest) (*admin.UpdateLoginPolicyResponse, error) {
	if err := validPasswordless("UpdateLoginPolicyRequest", request.PasswordlessType); err != nil {
		return nil, err
	}
	at, err := a.change(func(p *policy) error { return p.update(request) })
	if err != nil {
		return nil, err
	}
	return &admin.UpdateLoginPolicyResponse{Details: changed(at, a.instance)}, nil
}

func (a *adminServer) ListLoginPolicySecondFactors(context.Context, *admin.ListLoginPolicySecondFactorsRequest) (*admin.ListLoginPolicySecondFactorsResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	factors := slices.Clone(a.defaults.login.SecondFactors)
	return &admin.ListLoginPolicySecondFactorsResponse{Details: listDetails(len(factors), a.defaults.changed), Result: factors}, nil
}

func (a *adminServer) AddSecondFactorToLoginPolicy(_ context.Context, request *admin.AddSecondFactorToLoginPolicyRequest) (*admin.AddSecondFactorToLoginPolicyResponse, error) {
	if err := validSecond("AddSecondFactorToLoginPolicyRequest", request.Type); err != nil {
		return nil, err
	}
	at, err := a.change(func(p *policy) error { return p.addSecond(request.Type) })
	if err != nil {
		return nil, err
	}
	return &admin.AddSecondFactorToLoginPolicyResponse{Details: created(at, a.instance)}, nil
}

func (a *adminServer) RemoveSecondFactorFromLoginPolicy(_ context.Context, request *admin.RemoveSecondFactorFromLoginPolicyRequest) (*admin.RemoveSecondFactorFromLoginPolicyResponse, error) {
	if err := validSecond("RemoveSecondFactorFromLoginPolicyRequest", request.Type); err != nil {
		return nil, err
	}
	at, err := a.change(func(p *policy) error { return p.removeSecond(request.Type) })
	if err != nil {
		return nil, err
	}
	return &admin.RemoveSecondFactorFromLoginPolicyResponse{Details: changed(at, a.instance)}, nil
}

func (a *adminServer) ListLoginPolicyMultiFactors(context.Context, *admin.ListLoginPolicyMultiFactorsRequest) (*admin.ListLoginPolicyMultiFactorsResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	factors := slices.Clone(a.defaults.login.MultiFactors)
	return &admin.ListLoginPolicyMultiFactorsResponse{Details: listDetails(len(factors), a.defaults.changed), Result: factors}, nil
}

func (a *adminServer) AddMultiFactorToLoginPolicy(_ context.Context, request *admin.AddMultiFactorToLoginPolicyRequest) (*admin.AddMultiFactorToLoginPolicyResponse, error) {
	if err := validMulti("AddMultiFactorToLoginPolicyRequest", request.Type); err != nil {
		return nil, err
	}
	at, err := a.change(func(p *policy) error { return p.addMulti(request.Type) })
	if err != nil {
		return nil, err
	}
	return &admin.AddMultiFactorToLoginPolicyResponse{Details: created(at, a.instance)}, nil
}

func (a *adminServer) RemoveMultiFactorFromLoginPolicy(_ context.Context, request *admin.RemoveMultiFactorFromLoginPolicyRequest) (*admin.RemoveMultiFactorFromLoginPolicyResponse, error) {
	if err := validMulti("RemoveMultiFactorFromLoginPolicyRequest", request.Type); err != nil {
		return nil, err
	}
	at, err := a.change(func(p *policy) error { return p.removeMulti(request.Type) })
	if err != nil {
		return nil, err
	}
	return &admin.RemoveMultiFactorFromLoginPolicyResponse{Details: changed(at, a.instance)}, nil
}
