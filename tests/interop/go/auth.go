package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"triwire.test/interop/pb/admin"
	"triwire.test/interop/pb/management"
	"triwire.test/interop/pb/zitadel"
)

// roles are the permissions that each role holds: in one organization, or (IAM_) in all of them.
var roles = map[string][]string{
	"ORG_OWNER": {
		"policy.read", "policy.write", "policy.delete", "org.read", "org.write", "org.delete",
		"org.member.write", "org.member.delete", "user.write", "user.delete",
	},
	"ORG_SETTINGS_MANAGER": {"policy.read", "policy.write", "policy.delete", "org.read", "org.write"},
	"ORG_OWNER_VIEWER":     {"policy.read", "org.read"},
	"IAM_OWNER": {
		"policy.read", "policy.write", "policy.delete", "org.create", "org.read", "org.write", "org.delete", "org.global.read",
		"org.member.write", "org.member.delete", "user.write", "user.delete", "iam.policy.read", "iam.policy.write",
	},
}

// permissions are what the methods demand, read from the contract. A method without one is open to everyone.
var permissions = func() map[string]string {
	found := map[string]string{}
	for _, file := range []protoreflect.FileDescriptor{management.File_zitadel_management_proto, admin.File_zitadel_admin_proto} {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				method := service.Methods().Get(j)
				options := method.Options().(*descriptorpb.MethodOptions)
				option := proto.GetExtension(options, zitadel.E_AuthOption).(*zitadel.AuthOption)
				if permission := option.GetPermission(); permission != "" {
					found["/"+string(service.FullName())+"/"+string(method.Name())] = permission
				}
			}
		}
	}
	return found
}()

type callerKey struct{}

// caller is who calls, and the organization in which the call works.
type caller struct{ user, org string }

func callerOf(ctx context.Context) caller {
	return ctx.Value(callerKey{}).(caller)
}

// hostOf is the name under which the instance was asked for. The gateway is asked in HTTP and says what was asked there.
func hostOf(incoming metadata.MD) string {
	if forwarded := incoming.Get("x-forwarded-host"); len(forwarded) > 0 {
		return forwarded[0]
	}
	return strings.Join(incoming.Get(":authority"), "")
}

// authorize is the interceptor that admits callers: instance, token, organization, permission.
func (s *store) authorize(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	permission := permissions[info.FullMethod]
	if permission == "" {
		return handler(ctx, request)
	}
	incoming, _ := metadata.FromIncomingContext(ctx)
	if !s.hosts[hostOf(incoming)] {
		return nil, errInstanceMissing
	}
	admitted, err := s.admit(incoming, permission)
	if err != nil {
		return nil, err
	}
	return handler(context.WithValue(ctx, callerKey{}, admitted), request)
}

func (s *store) admit(incoming metadata.MD, permission string) (caller, error) {
	secret, err := bearer(incoming.Get("authorization"))
	if err != nil {
		return caller{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token, known := s.tokens[secret]
	if !known || !token.expires.IsZero() && !time.Now().Before(token.expires) {
		return caller{}, errTokenInvalid
	}
	user := s.users[token.user]
	org := user.home
	if named := incoming.Get("x-zitadel-orgid"); len(named) > 0 && named[0] != "" {
		org = named[0]
	}
	if s.organizations[org] == nil {
		// Who has no role in the instance doesn't learn which organizations there are.
		if len(user.roles) == 0 {
			return caller{}, errPermissionMissing
		}
		return caller{}, errOrganizationMissing
	}
	for _, role := range slices.Concat(user.roles, user.memberships[org]) {
		if slices.Contains(roles[role], permission) {
			return caller{user.id, org}, nil
		}
	}
	return caller{}, errPermissionMissing
}

// bearer is the token of the one authorization field.
func bearer(fields []string) (string, error) {
	if len(fields) == 0 || len(fields) == 1 && fields[0] == "" {
		return "", errCredentialsMissing
	}
	scheme, token, _ := strings.Cut(fields[0], " ")
	token = strings.TrimLeft(token, " ")
	if len(fields) > 1 || token == "" || !strings.EqualFold(scheme, "Bearer") {
		return "", errCredentialsInvalid
	}
	return token, nil
}

// noStore is the interceptor that keeps answers out of caches.
func noStore(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	// It fails only where the header was sent before, which nothing here does.
	_ = grpc.SetHeader(ctx, metadata.Pairs("cache-control", "no-store"))
	return handler(ctx, request)
}

// translate is the interceptor through which errors leave.
func translate(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	response, err := handler(ctx, request)
	if err != nil {
		return nil, toStatus(ctx, err)
	}
	return response, nil
}
