package main

import (
	"context"
	"strings"

	"triwire.test/interop/pb/management"
	"triwire.test/interop/pb/orgpb"
)

func (o *organization) domain() string {
	return strings.ToLower(strings.ReplaceAll(o.name, " ", "-")) + ".interop.test"
}

func (o *organization) show() *orgpb.Org {
	state := orgpb.OrgState_ORG_STATE_ACTIVE
	if o.inactive {
		state = orgpb.OrgState_ORG_STATE_INACTIVE
	}
	return &orgpb.Org{Id: o.id, Details: read(o.created, o.changed, o.id), State: state, Name: o.name, PrimaryDomain: o.domain()}
}

func (m *managementServer) AddOrg(_ context.Context, request *management.AddOrgRequest) (*management.AddOrgResponse, error) {
	if err := validLength("AddOrgRequest.Name", request.Name); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, org := range m.organizations {
		if org.name == request.Name {
			return nil, errOrganizationExists
		}
	}
	org := m.addOrganization(request.Name)
	return &management.AddOrgResponse{Id: org.id, Details: created(org.created, org.id)}, nil
}

func (m *managementServer) GetMyOrg(ctx context.Context, _ *management.GetMyOrgRequest) (*management.GetMyOrgResponse, error) {
	response := &management.GetMyOrgResponse{}
	err := m.in(ctx, func(org *organization) error {
		response.Org = org.show()
		return nil
	})
	return response, err
}

func (m *managementServer) RemoveOrg(ctx context.Context, _ *management.RemoveOrgRequest) (*management.RemoveOrgResponse, error) {
	response := &management.RemoveOrgResponse{}
	err := m.in(ctx, func(org *organization) error {
		if org.id == m.home {
			return errOrganizationDefault
		}
		response.Details = changed(m.removeOrganization(org.id), org.id)
		return nil
	})
	return response, err
}

func (m *managementServer) DeactivateOrg(ctx context.Context, _ *management.DeactivateOrgRequest) (*management.DeactivateOrgResponse, error) {
	response := &management.DeactivateOrgResponse{}
	err := m.in(ctx, func(org *organization) error {
		if org.inactive {
			return errOrganizationInactive
		}
		org.inactive, org.changed = true, m.next()
		response.Details = changed(org.changed, org.id)
		return nil
	})
	return response, err
}

func (m *managementServer) GetOrgByDomainGlobal(_ context.Context, request *management.GetOrgByDomainGlobalRequest) (*management.GetOrgByDomainGlobalResponse, error) {
	if err := validLength("GetOrgByDomainGlobalRequest.Domain", request.Domain); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, org := range m.organizations {
		if strings.EqualFold(org.domain(), request.Domain) {
			return &management.GetOrgByDomainGlobalResponse{Org: org.show()}, nil
		}
	}
	return nil, errDomainUnknown
}

func (m *managementServer) AddOrgMember(ctx context.Context, request *management.AddOrgMemberRequest) (*management.AddOrgMemberResponse, error) {
	if err := validLength("AddOrgMemberRequest.UserId", request.UserId); err != nil {
		return nil, err
	}
	response := &management.AddOrgMemberResponse{}
	err := m.in(ctx, func(org *organization) error {
		if len(request.Roles) == 0 {
			return errRoleInvalid
		}
		for _, role := range request.Roles {
			if roles[role] == nil || !strings.HasPrefix(role, "ORG_") {
				return errRoleInvalid
			}
		}
		user := m.users[request.UserId]
		if user == nil {
			return errUserMissing
		}
		if user.memberships[org.id] != nil {
			return errMemberExists
		}
		user.memberships[org.id] = request.Roles
		response.Details = created(m.next(), org.id)
		return nil
	})
	return response, err
}

func (m *managementServer) RemoveOrgMember(ctx context.Context, request *management.RemoveOrgMemberRequest) (*management.RemoveOrgMemberResponse, error) {
	response := &management.RemoveOrgMemberResponse{}
	err := m.in(ctx, func(org *organization) error {
		user := m.users[request.UserId]
		if user == nil || user.memberships[org.id] == nil {
			return errMemberMissing
		}
		delete(user.memberships, org.id)
		response.Details = changed(m.next(), org.id)
		return nil
	})
	return response, err
}
