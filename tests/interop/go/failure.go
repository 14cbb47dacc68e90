package main

import (
	"context"
	"errors"

	"golang.org/x/text/language"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"triwire.test/interop/pb/zitadel"
)

// failure is a domain error. It becomes a status in the caller's language when it leaves the server.
type failure struct {
	code            codes.Code
	id              string // empty: without domain detail
	english, german string
}

func (f *failure) Error() string { return f.english }

var (
	errSecondFactorExists  = &failure{codes.AlreadyExists, "Org-2B0ps", "Multifactor already exists", "Multifaktor existiert bereits"}
	errSecondFactorMissing = &failure{codes.NotFound, "Org-3M9od", "Multifactor not existing", "Multifaktor existiert nicht"}
	errSecondFactorInvalid = &failure{codes.InvalidArgument, "Org-SFeea", "Multifactor invalid", "Multifaktor ist ungültig"}
	errMultiFactorExists   = &failure{codes.AlreadyExists, "Org-3M9od", "Multifactor already exists", "Multifaktor existiert bereits"}
	errMultiFactorMissing  = &failure{codes.NotFound, "Org-3M9df", "Multifactor not existing", "Multifaktor existiert nicht"}
	errMultiFactorInvalid  = &failure{codes.InvalidArgument, "Org-WSfrg", "Multifactor invalid", "Multifaktor ist ungültig"}

	errPolicyExists            = &failure{codes.AlreadyExists, "Org-Dgfb2", "Login Policy already exists", "Login Policy existiert bereits"}
	errPolicyMissing           = &failure{codes.NotFound, "Org-M0sif", "Login Policy not found", "Login Policy nicht gefunden"}
	errPolicyMissingOnReset    = &failure{codes.NotFound, "Org-GHB37", "Login Policy not found", "Login Policy nicht gefunden"}
	errPolicyUnchanged         = &failure{codes.FailedPrecondition, "Org-5M9vdd", "Login Policy has not been changed", "Login Policy wurde nicht verändert"}
	errRedirectInvalid         = &failure{codes.InvalidArgument, "Org-WSfdq", "Default Redirect URI is invalid", "Default Redirect URI ist ungültig"}
	errRedirectInvalidOnUpdate = &failure{codes.InvalidArgument, "Org-Sfd21", "Default Redirect URI is invalid", "Default Redirect URI ist ungültig"}
	errIDPMissing              = &failure{codes.NotFound, "Org-IdpNf", "Identity provider not found", "Identitätsanbieter nicht gefunden"}

	errInstanceMissing     = &failure{codes.NotFound, "QUERY-1kIjX", "Instance not found", "Instanz nicht gefunden"}
	errCredentialsMissing  = &failure{codes.Unauthenticated, "", "auth header missing", "auth header missing"}
	errCredentialsInvalid  = &failure{codes.Unauthenticated, "AUTH-toLo1", "invalid auth header", "ungültiger auth header"}
	errTokenInvalid        = &failure{codes.Unauthenticated, "AUTH-7fs1e", "Token is invalid", "Token ist ungültig"}
	errOrganizationMissing = &failure{codes.PermissionDenied, "AUTH-Bs7Ds", "Organisation doesn't exist", "Organisation existiert nicht"}
	errPermissionMissing   = &failure{codes.PermissionDenied, "AUTH-5mWD2", "No matching permissions found", "Keine passenden Berechtigungen gefunden"}

	errOrganizationExists   = &failure{codes.AlreadyExists, "Org-OrgEx", "Organisation already exists", "Organisation existiert bereits"}
	errOrganizationInactive = &failure{codes.FailedPrecondition, "Org-OrgIn", "Organisation is already deactivated", "Organisation ist bereits deaktiviert"}
	errOrganizationDefault  = &failure{codes.FailedPrecondition, "Org-OrgDf", "The default organisation can't be removed", "Die Standardorganisation kann nicht entfernt werden"}
	errDomainUnknown        = &failure{codes.NotFound, "Org-DomNf", "Organisation not found", "Organisation nicht gefunden"}
	errUserExists           = &failure{codes.AlreadyExists, "User-UsrEx", "User already exists", "Benutzer existiert bereits"}
	errUserMissing          = &failure{codes.NotFound, "User-UsrNf", "User could not be found", "Benutzer konnte nicht gefunden werden"}
	errTokenMissing         = &failure{codes.NotFound, "User-PatNf", "Token not found", "Token nicht gefunden"}
	errExpirationInvalid    = &failure{codes.InvalidArgument, "User-PatEx", "Expiration date is invalid", "Ablaufdatum ist ungültig"}
	errMemberExists         = &failure{codes.AlreadyExists, "Org-MbrEx", "Member already exists", "Mitglied existiert bereits"}
	errMemberMissing        = &failure{codes.NotFound, "Org-MbrNf", "Member not existing", "Mitglied existiert nicht"}
	errRoleInvalid          = &failure{codes.InvalidArgument, "Org-RolIv", "Member is invalid", "Mitglied ist ungültig"}
)

// invalid is what a validator that is generated from the schema says: no domain detail.
func invalid(field, reason string) error {
	return status.Errorf(codes.InvalidArgument, "invalid %s: %s", field, reason)
}

var languages = language.NewMatcher([]language.Tag{language.English, language.German})

// german says whether the caller would rather read German. The gateway hands on HTTP's own fields with a prefix.
func german(ctx context.Context) bool {
	incoming, _ := metadata.FromIncomingContext(ctx)
	accepted := incoming.Get("accept-language")
	if len(accepted) == 0 {
		accepted = incoming.Get("grpcgateway-accept-language")
	}
	if len(accepted) == 0 {
		return false
	}
	tags, _, err := language.ParseAcceptLanguage(accepted[0])
	if err != nil {
		return false
	}
	_, index, _ := languages.Match(tags...)
	return index == 1
}

// toStatus gives a domain error its status, its text and its detail.
func toStatus(ctx context.Context, err error) error {
	var f *failure
	if !errors.As(err, &f) {
		return err
	}
	text := f.english
	if german(ctx) {
		text = f.german
	}
	if f.id == "" {
		return status.Error(f.code, text)
	}
	answer := status.New(f.code, text+" ("+f.id+")")
	detailed, err := answer.WithDetails(&zitadel.ErrorDetail{Id: f.id, Message: text})
	if err != nil {
		return answer.Err()
	}
	return detailed.Err()
}
