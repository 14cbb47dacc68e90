package main

import (
	"context"
	"time"
	"unicode/utf8"

	"triwire.test/interop/pb/management"
)

func (m *managementServer) AddMachineUser(ctx context.Context, request *management.AddMachineUserRequest) (*management.AddMachineUserResponse, error) {
	if err := validLength("AddMachineUserRequest.UserName", request.UserName); err != nil {
		return nil, err
	}
	if err := validLength("AddMachineUserRequest.Name", request.Name); err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(request.Description) > 500 {
		return nil, invalid("AddMachineUserRequest.Description", "value length must be at most 500 runes")
	}
	if err := validTokenType("AddMachineUserRequest", request.AccessTokenType); err != nil {
		return nil, err
	}
	response := &management.AddMachineUserResponse{}
	err := m.in(ctx, func(org *organization) error {
		for _, user := range m.users {
			if user.home == org.id && user.name == request.UserName {
				return errUserExists
			}
		}
		id := request.GetUserId()
		if id == "" {
			id = m.newID()
		}
		if m.users[id] != nil {
			return errUserExists
		}
		m.users[id] = &user{id: id, home: org.id, name: request.UserName, memberships: map[string][]string{}}
		response.UserId, response.Details = id, created(m.next(), org.id)
		return nil
	})
	return response, err
}

// resident is a user of this organization.
func (m *managementServer) resident(org *organization, id string) (*user, error) {
	if user := m.users[id]; user != nil && user.home == org.id {
		return user, nil
	}
	return nil, errUserMissing
}

func (m *managementServer) RemoveUser(ctx context.Context, request *management.RemoveUserRequest) (*management.RemoveUserResponse, error) {
	if err := validLength("RemoveUserRequest.Id", request.Id); err != nil {
		return nil, err
	}
	response := &management.RemoveUserResponse{}
	err := m.in(ctx, func(org *organization) error {
		user, err := m.resident(org, request.Id)
		if err != nil {
			return err
		}
		m.removeUser(user.id)
		response.Details = changed(m.next(), org.id)
		return nil
	})
	return response, err
}

func (m *managementServer) AddPersonalAccessToken(ctx context.Context, request *management.AddPersonalAccessTokenRequest) (*management.AddPersonalAccessTokenResponse, error) {
	response := &management.AddPersonalAccessTokenResponse{}
	err := m.in(ctx, func(org *organization) error {
		user, err := m.resident(org, request.UserId)
		if err != nil {
			return err
		}
		var expires time.Time
		if request.ExpirationDate != nil {
			expires = request.ExpirationDate.AsTime()
			if request.ExpirationDate.CheckValid() != nil || !expires.After(time.Now()) {
				return errExpirationInvalid
			}
		}
		response.Token, response.TokenId = m.addToken(user.id, expires)
		response.Details = created(m.next(), org.id)
		return nil
	})
	return response, err
}

func (m *managementServer) RemovePersonalAccessToken(ctx context.Context, request *management.RemovePersonalAccessTokenRequest) (*management.RemovePersonalAccessTokenResponse, error) {
	response := &management.RemovePersonalAccessTokenResponse{}
	err := m.in(ctx, func(org *organization) error {
		user, err := m.resident(org, request.UserId)
		if err != nil {
			return err
		}
		for secret, token := range m.tokens {
			if token.id == request.TokenId && token.user == user.id {
				delete(m.tokens, secret)
				response.Details = changed(m.next(), org.id)
				return nil
			}
		}
		return errTokenMissing
	})
	return response, err
}
