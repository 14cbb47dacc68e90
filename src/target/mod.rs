//! The target: where the implementation under test is, what it claims, and what the probes of a run found.

pub mod browser;
mod known_failure;
mod reader;
mod statement;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::wire::{Transport, Wire};

pub use known_failure::{KnownFailure, KnownFailures, Subject};
pub use statement::{PROFILES, Statement};

/// Where to dial and what to say there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Whether TLS is spoken.
    pub tls: bool,
    /// Host name or address to dial.
    pub host: String,
    /// Port to dial.
    pub port: u16,
    /// `Host` / `:authority` and the TLS server name, where they differ from what is dialled.
    pub authority: Option<String>,
    /// Path prefix put before every path, without a trailing slash.
    pub prefix: String,
}

/// A URL that is no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{url}` is no address of a target: {reason}; write http://HOST:PORT or https://HOST:PORT")]
pub struct EndpointError {
    /// What was written.
    pub url: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// A text that is no authority.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no name that a request could be for; write HOST or HOST:PORT")]
pub struct AuthorityError {
    /// What was written.
    pub given: String,
}

impl Endpoint {
    /// Reads `http://HOST[:PORT][/PREFIX]` or `https://...`; IPv6 addresses stand in brackets.
    ///
    /// # Errors
    /// Where the text has another scheme, no host, a port out of range, user information, a query or a fragment.
    pub fn parse(url: &str) -> Result<Self, EndpointError> {
        // What stands before an `@` is a credential: it is not repeated.
        let shown = url.rsplit_once('@').map_or_else(|| url.to_owned(), |(_, place)| format!("...@{place}"));
        let fail = |reason| EndpointError { url: shown.clone(), reason };
        if url.is_empty() {
            return Err(fail("it is empty"));
        }
        let (tls, rest) = match url.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            Some(_) => return Err(fail("the scheme is neither http nor https")),
            None => return Err(fail("it has no scheme")),
        };
        if rest.contains(['?', '#']) {
            return Err(fail("it has a query or a fragment"));
        }
        let (place, prefix) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        if place.contains('@') {
            return Err(fail("credentials don't belong into it"));
        }
        let (host, port) = if let Some(inner) = place.strip_prefix('[') {
            let (host, after) = inner.split_once(']').ok_or_else(|| fail("a bracket is not closed"))?;
            (host, after.strip_prefix(':').or(if after.is_empty() { None } else { Some("") }))
        } else {
            place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)))
        };
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(fail("it has no host"));
        }
        let port = match port {
            None => {
                if tls {
                    443
                } else {
                    80
                }
            }
            Some(text) => text.parse().ok().filter(|port| *port != 0).ok_or_else(|| fail("the port is not a number from 1 to 65535"))?,
        };
        Ok(Self { tls, host: host.to_owned(), port, authority: None, prefix: prefix.trim_end_matches('/').to_owned() })
    }

    /// With another name to send as `Host` and `:authority`, and to ask for in TLS: `HOST` or `HOST:PORT`.
    ///
    /// # Errors
    /// Where the text is no such name.
    pub fn with_authority(mut self, authority: &str) -> Result<Self, AuthorityError> {
        let fail = || AuthorityError { given: authority.to_owned() };
        let parsed: http::uri::Authority = authority.parse().map_err(|_| fail())?;
        let port = parsed.as_str().strip_prefix(parsed.host()).unwrap_or("@");
        let is_port = |text: &str| text.strip_prefix(':').is_some_and(|digits| digits.parse::<u16>().is_ok());
        if parsed.host().is_empty() || !(port.is_empty() || is_port(port)) {
            return Err(fail());
        }
        self.authority = Some(authority.to_owned());
        Ok(self)
    }

    /// `http` or `https`.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// What goes into `Host` and `:authority`.
    #[must_use]
    pub fn authority(&self) -> String {
        if let Some(authority) = &self.authority {
            return authority.clone();
        }
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let default = if self.tls { 443 } else { 80 };
        if self.port == default { host } else { format!("{host}:{}", self.port) }
    }

    /// The address as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{}://{host}:{}{}", self.scheme(), self.port, self.prefix)
    }
}

/// Deadlines of one exchange. Generous: a server may sleep before it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// TCP and TLS.
    pub connect: Duration,
    /// Until the response head.
    pub head: Duration,
    /// Until the next octet.
    pub idle: Duration,
    /// The whole exchange.
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(10), head: seconds(30), idle: seconds(30), whole: seconds(60) }
    }
}

/// Trust of a TLS connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// PEM file with the certificate authorities that are trusted instead of the system's.
    pub ca: Option<PathBuf>,
    /// Certificates aren't verified at all.
    pub insecure: bool,
    /// What is shown to a target that asks who calls.
    pub client: Option<ClientCertificate>,
}

/// The certificate of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// PEM file with the certificate, and those between it and its authority.
    pub cert: PathBuf,
    /// PEM file with its private key.
    pub key: PathBuf,
}

/// What a probe found about one transport.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "found")]
pub enum Presence {
    /// The probe was answered as it should be.
    Live,
    /// The transport is not spoken; not claimed, so not applicable.
    Absent {
        /// What the probe saw.
        text: String,
    },
    /// The transport is claimed, yet not spoken.
    Missing {
        /// What the probe saw.
        text: String,
    },
}

/// What the preflight found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Capabilities {
    /// Presence of each transport that was probed, with the number of the probe's exchange.
    pub transports: BTreeMap<String, (Presence, u64)>,
    /// Octets that a request message may have, where the target declares a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_limit: Option<u64>,
    /// Origins whose pages may call: the declared ones, for no probe could find them.
    #[serde(default)]
    pub origins: Vec<String>,
}

impl Capabilities {
    /// Everything is live: what could be executed on a target that has it all.
    #[must_use]
    pub fn everything() -> Self {
        let transports = Transport::ALL.into_iter().map(|transport| (transport.to_string(), (Presence::Live, 0))).collect();
        Self { transports, message_limit: Some(1 << 20), origins: vec!["https://app.example".to_owned()] }
    }

    /// Whether the transport is spoken.
    #[must_use]
    pub fn has(&self, transport: Transport) -> bool {
        matches!(self.of(transport), Some(Presence::Live))
    }

    /// What is known of a transport; `None`: it was not asked.
    #[must_use]
    pub fn of(&self, transport: Transport) -> Option<Presence> {
        self.transports.get(&transport.to_string()).map(|(presence, _)| presence.clone())
    }

    /// The best that is known of a wire's transports; `None`: none was asked.
    #[must_use]
    pub fn of_wire(&self, wire: Wire) -> Option<Presence> {
        let rank = |presence: &Presence| match presence {
            Presence::Live => 0,
            Presence::Missing { .. } => 1,
            Presence::Absent { .. } => 2,
        };
        let transports = Transport::ALL.into_iter().filter(|transport| transport.wire == wire);
        transports.filter_map(|transport| self.of(transport)).min_by_key(rank)
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn a_credential_in_an_address_is_not_repeated() {
        let said = Endpoint::parse("http://admin:geheim@127.0.0.1:80/x").map_err(|error| error.to_string());
        assert_eq!(
            said,
            Err("`...@127.0.0.1:80/x` is no address of a target: credentials don't belong into it; write http://HOST:PORT or https://HOST:PORT"
                .to_owned())
        );
    }

    #[test]
    fn an_authority_is_a_host_with_or_without_a_port() {
        let endpoint = || Endpoint::parse("http://127.0.0.1:80").expect("an address");
        for name in ["api.example", "api.example:8443", "[::1]:80", "10.0.0.1"] {
            assert_eq!(endpoint().with_authority(name).map(|it| it.authority()), Ok(name.to_owned()));
        }
        for name in ["", "a b", "user@host", "host:99999", "host/path", "http://host", ":80"] {
            assert!(endpoint().with_authority(name).is_err(), "{name}");
        }
    }
}
