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
