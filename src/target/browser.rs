//! Origins of browsers: those that a target declares, and others that only look like them.

use std::collections::BTreeMap;

use serde_json::Value;

/// Where pages come from when nothing is declared.
const UNDECLARED: &str = "https://conf.example";

/// The captures that are there only where an origin is declared.
pub const DECLARED: [&str; 5] = ["browser.allowed", "browser.suffixed", "browser.prefixed", "browser.scheme", "browser.port"];

/// An origin: scheme, host and, where it isn't the scheme's own, port (WHATWG HTML, "Origin").
#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin<'t> {
    scheme: &'t str,
    host: &'t str,
    port: Option<u16>,
}

impl<'t> Origin<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
        // In an address of IPv6 colons stand inside the brackets.
        let after_host = rest.rfind(']').map_or(0, |at| at + 1);
        let (host, port) = match rest[after_host..].split_once(':') {
            Some((before, port)) => (&rest[..after_host + before.len()], Some(port.parse::<u16>().ok()?)),
            None => (rest, None),
        };
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.[]:".contains(c);
        let own = port == Some(if scheme == "http" { 80 } else { 443 });
        (!host.is_empty() && host.chars().all(plain) && !own).then_some(Self { scheme, host, port })
    }

    fn text(&self) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", self.scheme, self.host)
    }
}

/// Whether a browser would write an origin like this: without a path, in small letters, without the port that its scheme has by itself.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    Origin::parse(text).is_some()
}

/// What cases may say of origins: `browser.origin` is the first that is declared, or one that nobody knows; those of [`DECLARED`] are there only where
/// one is declared.
#[must_use]
pub fn captures(declared: &[String]) -> BTreeMap<String, Value> {
    let first = declared.first().map_or(UNDECLARED, String::as_str);
    let mut all = BTreeMap::from([("browser.origin".to_owned(), Value::from(first))]);
    let Some(origin) = declared.first().and_then(|text| Origin::parse(text)) else { return all };
    let (suffixed, prefixed) =
        (format!("{}.evil.example", origin.host.trim_end_matches(']')), format!("evil-{}", origin.host.trim_start_matches('[')));
    let other_scheme = if origin.scheme == "http" { "https" } else { "http" };
    // As a list that doesn't end: whatever is declared as well, there is another one.
    let ports = |scheme: &'static str| (1..=u16::MAX).rev().map(move |port| (scheme, Some(port)));
    let longer = origin.port.and_then(|port| format!("{port}1").parse::<u16>().ok());
    let own_scheme = if origin.scheme == "http" { "http" } else { "https" };
    let alike = |candidates: &mut dyn Iterator<Item = (&'static str, Option<u16>)>| {
        let texts = candidates.map(|(scheme, port)| Origin { scheme, host: origin.host, port }.text());
        texts.into_iter().find(|text| is_origin(text) && !declared.contains(text)).unwrap_or_default()
    };
    let scheme = alike(&mut std::iter::once((other_scheme, origin.port)).chain(ports(other_scheme)));
    let port =
        alike(&mut longer.into_iter().map(|port| (own_scheme, Some(port))).chain([(own_scheme, Some(8443))]).chain(ports(own_scheme)));
    let texts = [
        origin.text(),
        Origin { host: &suffixed, ..origin.clone() }.text(),
        Origin { host: &prefixed, ..origin.clone() }.text(),
        scheme,
        port,
    ];
    all.extend(DECLARED.into_iter().zip(texts).map(|(name, text)| (name.to_owned(), Value::from(text))));
    all
}

#[cfg(test)]
mod tests {
    use super::{DECLARED, captures, is_origin};

    fn known(declared: &[&str]) -> Vec<String> {
        let declared: Vec<String> = declared.iter().map(|text| (*text).to_owned()).collect();
        let all = captures(&declared);
        DECLARED.iter().filter_map(|name| all.get(*name)?.as_str().map(str::to_owned)).collect()
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for text in ["https://app.example", "http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:3000", "https://[::1]"] {
            assert!(is_origin(text), "{text}");
        }
        for text in [
            "https://app.example/",
            "https://App.example",
            "https://app.example:443",
            "http://a:80",
            "app.example",
            "null",
            "*",
            "https://",
        ] {
            assert!(!is_origin(text), "{text}");
        }
    }

    #[test]
    fn what_looks_like_a_declared_origin_is_none() {
        assert_eq!(
            known(&["https://app.example"]),
            [
                "https://app.example",
                "https://app.example.evil.example",
                "https://evil-app.example",
                "http://app.example",
                "https://app.example:8443"
            ]
        );
        let local = known(&["http://localhost:3000", "http://localhost:30001", "https://localhost:3000", "http://localhost:8443"]);
        assert_eq!(local[1], "http://localhost.evil.example:3000");
        assert_eq!(local[3..], ["https://localhost:65535", "http://localhost:65535"]);
    }

    #[test]
    fn without_a_declaration_there_is_a_page_that_nobody_knows() {
        assert_eq!(known(&[]), [""; 0]);
        assert_eq!(captures(&[])["browser.origin"], "https://conf.example");
    }
}
