//! The refusals of the domain, with their codes, ids and texts.

use super::failure::{Challenge, Code, Detail, Failure, Language};

/// Why a command or a caller is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Add of a second factor that is active.
    SecondFactorExists,
    /// Remove of a second factor that is not active.
    SecondFactorMissing,
    /// A factor list at creation with a value that is none, or the same twice.
    SecondFactorInvalid,
    /// Add of a multi factor that is active.
    MultiFactorExists,
    /// Remove of a multi factor that is not active.
    MultiFactorMissing,
    /// As for second factors.
    MultiFactorInvalid,
    /// A custom policy exists already.
    PolicyExists,
    /// A factor is to be added, or settings are to be changed, where no custom policy exists.
    PolicyMissing,
    /// Reset where no custom policy exists.
    PolicyMissingOnReset,
    /// An update with the settings that the policy has.
    PolicyUnchanged,
    /// A redirect URI without scheme, or http(s) without host, in a new policy.
    RedirectUriInvalid,
    /// The same in an update.
    RedirectUriInvalidOnUpdate,
    /// A policy names an identity provider; this server has none.
    IdentityProviderMissing,
    /// No authorization header.
    CredentialsMissing,
    /// Credentials that are not `Bearer <token>`.
    CredentialsInvalid,
    /// The token was never issued, or does not count any more.
    TokenInvalid,
    /// The organization of the header does not exist.
    OrganizationMissing,
    /// No role with the needed permission.
    PermissionMissing,
    /// The host belongs to no instance.
    InstanceMissing,
    /// The organization that everything else hangs on can't be removed.
    DefaultOrganization,
    /// Another organization has the name.
    OrganizationExists,
    /// No organization has the domain.
    DomainUnknown,
    /// The organization is not active already.
    OrganizationInactive,
    /// The organization has a user with this name, or the instance one with this id.
    UserExists,
    /// The organization has no such user.
    UserMissing,
    /// The user has no such token.
    TokenMissing,
    /// A token that would have expired before it was made.
    ExpirationInvalid,
    /// The user has roles in the organization already.
    MemberExists,
    /// The user has no role in the organization.
    MemberMissing,
    /// A role that doesn't exist, or can't be had in an organization.
    RoleInvalid,
    /// Without this user nobody could administer the instance.
    LastAdministrator,
}

type Row = (Code, &'static str, [&'static str; 3]);

const FACTOR_INVALID: [&str; 3] = ["Multifactor invalid", "Multifaktor ist ungültig", "Le multifacteur n'est pas valide"];
const FACTOR_EXISTS: [&str; 3] =
    ["Multifactor already exists", "Multifaktor existiert bereits für diese Organisation", "Le multifacteur existe déjà"];
const FACTOR_MISSING: [&str; 3] =
    ["Multifactor not existing", "Multifaktor gehört nicht zur Richtlinie", "Le multifacteur n'a pas été activé"];
const POLICY_NOT_FOUND: [&str; 3] =
    ["Login Policy not found", "Login-Richtlinie nicht gefunden, bitte zuerst hinzufügen", "Politique de connexion non trouvée"];
const REDIRECT_INVALID: [&str; 3] =
    ["Default Redirect URI is invalid", "Standard-Weiterleitungs-URI ist ungültig", "L'URI de redirection par défaut n'est pas valide"];

impl Refusal {
    /// Code, id (empty: no domain detail) and texts.
    fn row(self) -> Row {
        match self {
            Self::SecondFactorExists
            | Self::SecondFactorMissing
            | Self::SecondFactorInvalid
            | Self::MultiFactorExists
            | Self::MultiFactorMissing
            | Self::MultiFactorInvalid
            | Self::PolicyExists
            | Self::PolicyMissing
            | Self::PolicyMissingOnReset
            | Self::PolicyUnchanged
            | Self::RedirectUriInvalid
            | Self::RedirectUriInvalidOnUpdate
            | Self::IdentityProviderMissing => self.of_policy(),
            Self::CredentialsMissing
            | Self::CredentialsInvalid
            | Self::TokenInvalid
            | Self::OrganizationMissing
            | Self::PermissionMissing
            | Self::InstanceMissing => self.of_caller(),
            _ => self.of_directory(),
        }
    }

    fn of_policy(self) -> Row {
        use Code::{AlreadyExists, FailedPrecondition, InvalidArgument, NotFound};
        match self {
            Self::SecondFactorExists => (AlreadyExists, "Org-2B0ps", FACTOR_EXISTS),
            Self::SecondFactorMissing => (NotFound, "Org-3M9od", FACTOR_MISSING),
            Self::SecondFactorInvalid => (InvalidArgument, "Org-SFeea", FACTOR_INVALID),
            // Yes, the id of another situation with another code: the published server does so.
            Self::MultiFactorExists => (AlreadyExists, "Org-3M9od", FACTOR_EXISTS),
            Self::MultiFactorMissing => (NotFound, "Org-3M9df", FACTOR_MISSING),
            Self::MultiFactorInvalid => (InvalidArgument, "Org-WSfrg", FACTOR_INVALID),
            Self::PolicyExists => (
                AlreadyExists,
                "Org-Dgfb2",
                ["Login Policy already exists", "Login-Richtlinie existiert bereits", "La politique de connexion existe déjà"],
            ),
            Self::PolicyMissing => (NotFound, "Org-M0sif", POLICY_NOT_FOUND),
            Self::PolicyMissingOnReset => (NotFound, "Org-GHB37", POLICY_NOT_FOUND),
            Self::PolicyUnchanged => (
                FailedPrecondition,
                "Org-5M9vdd",
                ["Policy has not been changed", "Richtlinie wurde nicht geändert", "La politique n'a pas été modifiée"],
            ),
            Self::RedirectUriInvalid => (InvalidArgument, "Org-WSfdq", REDIRECT_INVALID),
            Self::RedirectUriInvalidOnUpdate => (InvalidArgument, "Org-Sfd21", REDIRECT_INVALID),
            _ => (
                FailedPrecondition,
                "Org-ID1pS",
                ["Identity provider not existing", "Identitätsanbieter existiert nicht", "Le fournisseur d'identité n'existe pas"],
            ),
        }
    }

    fn of_caller(self) -> Row {
        use Code::{NotFound, PermissionDenied, Unauthenticated};
        match self {
            Self::CredentialsMissing => (Unauthenticated, "", ["auth header missing"; 3]),
            Self::CredentialsInvalid => (
                Unauthenticated,
                "AUTH-toLo1",
                ["invalid auth header", "ungültiger Authentifizierungs-Header", "en-tête d'authentification non valide"],
            ),
            Self::TokenInvalid => (Unauthenticated, "AUTH-7fs1e", ["Token is invalid", "Token ist ungültig", "Le jeton n'est pas valide"]),
            Self::OrganizationMissing => (
                PermissionDenied,
                "AUTH-Bs7Ds",
                ["Organisation doesn't exist", "Organisation existiert nicht", "L'organisation n'existe pas"],
            ),
            Self::PermissionMissing => (
                PermissionDenied,
                "AUTH-5mWD2",
                ["No matching permissions found", "Keine passenden Berechtigungen gefunden", "Aucune autorisation correspondante trouvée"],
            ),
            _ => (NotFound, "", ["Instance not found", "Instanz nicht gefunden", "Instance introuvable"]),
        }
    }

    fn of_directory(self) -> Row {
        use Code::{AlreadyExists, FailedPrecondition, InvalidArgument, NotFound};
        match self {
            Self::DefaultOrganization => (
                FailedPrecondition,
                "ORG-LKWwd",
                [
                    "The default organisation can't be removed",
                    "Die Standard-Organisation kann nicht entfernt werden",
                    "L'organisation par défaut ne peut pas être supprimée",
                ],
            ),
            Self::OrganizationExists => (
                AlreadyExists,
                "ORG-A1eXi",
                ["Organisation already exists", "Organisation existiert bereits", "L'organisation existe déjà"],
            ),
            Self::DomainUnknown => {
                (NotFound, "ORG-D0mUk", ["Organisation not found", "Organisation nicht gefunden", "Organisation non trouvée"])
            }
            Self::OrganizationInactive => (
                FailedPrecondition,
                "ORG-Dbs2g",
                ["Organisation is already deactivated", "Organisation ist bereits deaktiviert", "L'organisation est déjà désactivée"],
            ),
            Self::UserExists => {
                (AlreadyExists, "USER-U5eXi", ["User already exists", "Benutzer existiert bereits", "L'utilisateur existe déjà"])
            }
            Self::UserMissing => (
                NotFound,
                "USER-U5eNf",
                ["User could not be found", "Benutzer konnte nicht gefunden werden", "L'utilisateur n'a pas été trouvé"],
            ),
            Self::TokenMissing => (NotFound, "USER-PaTnf", ["Token not found", "Token wurde nicht gefunden", "Jeton non trouvé"]),
            Self::ExpirationInvalid => (
                InvalidArgument,
                "USER-Exp1r",
                ["Expiration date is invalid", "Ablaufdatum ist ungültig", "La date d'expiration n'est pas valide"],
            ),
            Self::MemberExists => {
                (AlreadyExists, "Org-MbeXi", ["Member already exists", "Mitglied existiert bereits", "Le membre existe déjà"])
            }
            Self::MemberMissing => (NotFound, "Org-MbrNf", ["Member not existing", "Mitglied existiert nicht", "Le membre n'existe pas"]),
            Self::RoleInvalid => {
                (InvalidArgument, "Org-R0l1n", ["Member is invalid", "Mitglied ist ungültig", "Le membre n'est pas valide"])
            }
            _ => (
                FailedPrecondition,
                "USER-La5tA",
                [
                    "The last administrator can't be removed",
                    "Der letzte Administrator kann nicht entfernt werden",
                    "Le dernier administrateur ne peut pas être supprimé",
                ],
            ),
        }
    }

    /// The failure with its text in a language.
    pub fn tell(self, language: Language) -> Failure {
        let (code, id, texts) = self.row();
        let text = texts[match language {
            Language::English => 0,
            Language::German => 1,
            Language::French => 2,
        }];
        let mut failure = Failure::new(code, text);
        if !id.is_empty() {
            failure.message = format!("{text} ({id})");
            failure.detail = Some(Detail { id: id.to_owned(), text: text.to_owned() });
        }
        failure.challenge = match self {
            Self::CredentialsMissing | Self::CredentialsInvalid => Some(Challenge::Missing),
            Self::TokenInvalid => Some(Challenge::InvalidToken),
            _ => None,
        };
        failure
    }
}
