//! What a call fails with: a canonical code, a text, and for domain errors an id.

use http::StatusCode;
pub use tonic::Code;

/// The language of texts. Codes and ids never depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// The default, also where a language is not known.
    #[default]
    English,
    /// `de`
    German,
    /// `fr`
    French,
}

impl Language {
    /// Picks from an `accept-language` value: the known language with the highest weight, the first one among equals (RFC 9110, 12.5.4).
    pub fn of(accept: Option<&str>) -> Self {
        let mut best = (0.0_f32, Self::default());
        for element in accept.unwrap_or_default().split(',').take(64) {
            let mut parts = element.split(';').map(str::trim);
            let primary = parts.next().and_then(|range| range.split('-').next()).unwrap_or_default();
            let language = match primary.to_ascii_lowercase().as_str() {
                "en" => Self::English,
                "de" => Self::German,
                "fr" => Self::French,
                _ => continue,
            };
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }
}

/// What is known of the caller's credentials when a call is refused for lack of authentication (RFC 6750, 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// No bearer token was sent: the challenge names no error.
    Missing,
    /// A bearer token was sent and does not count.
    InvalidToken,
}

/// The domain detail of an error, `zitadel.v1.ErrorDetail`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// A short stable token.
    pub id: String,
    /// The text without the id.
    pub text: String,
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The canonical code; never `Ok`.
    pub code: Code,
    /// Never blank; ends with the id in parentheses if there is one.
    pub message: String,
    /// Only domain errors have one.
    pub detail: Option<Detail>,
    /// Where the HTTP request itself is at fault: the status that no code maps to (405, 413, 415 ...).
    pub http: Option<StatusCode>,
    /// Set with `Unauthenticated`.
    pub challenge: Option<Challenge>,
    /// The methods of a resource whose method was refused (RFC 9110, 15.5.6).
    pub allow: Option<String>,
}

impl Failure {
    /// A failure without domain detail.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None, http: None, challenge: None, allow: None }
    }

    /// The same with an HTTP status of its own.
    #[must_use]
    pub fn with_http(mut self, status: StatusCode) -> Self {
        self.http = Some(status);
        self
    }
}

/// The HTTP status of a code on the JSON wire (`google/rpc/code.proto`).
pub fn http_status(code: Code) -> StatusCode {
    let status = match code {
        Code::Ok => 200,
        Code::Cancelled => 499,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::DeadlineExceeded => 504,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::PermissionDenied => 403,
        Code::ResourceExhausted => 429,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::Unauthenticated => 401,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
    };
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The refusals that the contract names, with their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Add of a second factor that is active.
    SecondFactorExists,
    /// Remove of a second factor that is not active.
    SecondFactorMissing,
    /// A factor list at creation with a value that is none, or the same twice.
    SecondFactorInvalid,
    /// The same for multi factors.
    MultiFactorInvalid,
    /// A custom policy exists already.
    PolicyExists,
    /// A factor is to be added where no custom policy exists.
    PolicyMissing,
    /// Reset where no custom policy exists.
    PolicyMissingOnReset,
    /// A redirect URI without scheme, or http(s) without host.
    RedirectUriInvalid,
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
}

impl Refusal {
    fn row(self) -> (Code, &'static str, [&'static str; 3]) {
        use Code::{AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, Unauthenticated};
        match self {
            Self::SecondFactorExists => (
                AlreadyExists,
                "Org-2B0ps",
                ["Multifactor already exists", "Multifaktor existiert bereits für diese Organisation", "Le multifacteur existe déjà"],
            ),
            Self::SecondFactorMissing => (
                NotFound,
                "Org-3M9od",
                ["Multifactor not existing", "Multifaktor gehört nicht zur Richtlinie", "Le multifacteur n'a pas été activé"],
            ),
            Self::SecondFactorInvalid => {
                (InvalidArgument, "Org-SFeea", ["Multifactor invalid", "Multifaktor ist ungültig", "Le multifacteur n'est pas valide"])
            }
            Self::MultiFactorInvalid => {
                (InvalidArgument, "Org-WSfrg", ["Multifactor invalid", "Multifaktor ist ungültig", "Le multifacteur n'est pas valide"])
            }
            Self::PolicyExists => (
                AlreadyExists,
                "Org-Dgfb2",
                ["Login Policy already exists", "Login-Richtlinie existiert bereits", "La politique de connexion existe déjà"],
            ),
            Self::PolicyMissing => (NotFound, "Org-M0sif", POLICY_NOT_FOUND),
            Self::PolicyMissingOnReset => (NotFound, "Org-GHB37", POLICY_NOT_FOUND),
            Self::RedirectUriInvalid => (
                InvalidArgument,
                "Org-WSfdq",
                [
                    "Default Redirect URI is invalid",
                    "Standard-Weiterleitungs-URI ist ungültig",
                    "L'URI de redirection par défaut n'est pas valide",
                ],
            ),
            Self::IdentityProviderMissing => (
                FailedPrecondition,
                "Org-ID1pS",
                ["Identity provider not existing", "Identitätsanbieter existiert nicht", "Le fournisseur d'identité n'existe pas"],
            ),
            Self::CredentialsMissing => (Unauthenticated, "", ["auth header missing", "auth header missing", "auth header missing"]),
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
            Self::InstanceMissing => (NotFound, "", ["Instance not found", "Instanz nicht gefunden", "Instance introuvable"]),
            Self::DefaultOrganization => (
                FailedPrecondition,
                "",
                [
                    "The default organisation can't be removed",
                    "Die Standard-Organisation kann nicht entfernt werden",
                    "L'organisation par défaut ne peut pas être supprimée",
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

const POLICY_NOT_FOUND: [&str; 3] =
    ["Login Policy not found", "Login-Richtlinie nicht gefunden, bitte zuerst hinzufügen", "Politique de connexion non trouvée"];
