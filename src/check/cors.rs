//! What every answer to a page of another origin has to keep to (WHATWG Fetch, "CORS protocol"). What a preflight has to allow is said by cases.

use super::registry::{Check, Judges, Need, Outcome, View};
use crate::wire::Head;

pub(super) const CHECKS: &[Check] = &[
    Check {
        requirement: "CORS-ORIGIN-SINGLE-VALUE",
        kinds: &["several-fields", "list", "trailing-slash", "several-credentials"],
        judges: Judges::Every,
        need: Need { count: 2, codes: &[] },
        run: single_value,
    },
    Check {
        requirement: "CORS-CREDENTIALS-ORIGIN",
        kinds: &["not-true", "wildcard"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: credentials,
    },
    Check {
        requirement: "CORS-EXPOSE-STATUS",
        kinds: &["not-exposed"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: exposed,
    },
];

const ORIGIN: &str = "access-control-allow-origin";
const CREDENTIALS: &str = "access-control-allow-credentials";

/// The head of an answer to a page of another origin.
fn asked_by_page<'v>(view: &'v View<'_>) -> Option<&'v Head> {
    let head = view.exchange.received.head()?;
    view.exchange.sent.fields.iter().any(|field| field.is("origin")).then_some(head)
}

/// The lines of a field, for a reader.
fn lines(head: &Head, name: &str) -> String {
    let lines: Vec<String> = head.all(name).map(|value| format!("{name}: {}", String::from_utf8_lossy(value))).collect();
    if lines.is_empty() { format!("no {name}") } else { lines.join(" | ") }
}

fn single_value(view: &View<'_>) -> Outcome {
    let Some(head) = view.exchange.received.head() else { return Outcome::NotApplicable };
    let origins: Vec<&[u8]> = head.all(ORIGIN).collect();
    let credentials = head.all(CREDENTIALS).count();
    let finding = |kind, expected: &str, name| Outcome::violated(kind, expected, lines(head, name), "head");
    if credentials > 1 {
        return finding("several-credentials", "at most one access-control-allow-credentials", CREDENTIALS);
    }
    let expected = "one access-control-allow-origin with one value: an origin, null or *";
    match origins.as_slice() {
        [] if credentials == 0 => Outcome::NotApplicable,
        [] => Outcome::Held,
        [value] if value.contains(&b',') || value.contains(&b' ') => finding("list", expected, ORIGIN),
        [value] if value.ends_with(b"/") => finding("trailing-slash", "an origin, which has no slash at its end", ORIGIN),
        [_] => Outcome::Held,
        _ => finding("several-fields", expected, ORIGIN),
    }
}

fn credentials(view: &View<'_>) -> Outcome {
    let Some(head) = asked_by_page(view) else { return Outcome::NotApplicable };
    let values: Vec<&[u8]> = head.all(CREDENTIALS).collect();
    if values.is_empty() {
        return Outcome::NotApplicable;
    }
    if values.iter().any(|value| *value != b"true") {
        return Outcome::violated("not-true", "access-control-allow-credentials: true, in these letters", lines(head, CREDENTIALS), "head");
    }
    // An origin that isn't the asking one shares nothing: browsers refuse it by themselves.
    if head.all(ORIGIN).any(|value| value == b"*") {
        let expected =
            "an origin by its name beside access-control-allow-credentials: * shares nothing with requests that carry credentials";
        return Outcome::violated("wildcard", expected, lines(head, ORIGIN), "head");
    }
    Outcome::Held
}

fn exposed(view: &View<'_>) -> Outcome {
    const STATUS: [&str; 3] = ["grpc-status", "grpc-message", "grpc-status-details-bin"];
    let Some(head) = asked_by_page(view) else { return Outcome::NotApplicable };
    let shared = head.all(ORIGIN).next().is_some();
    if !shared || view.exchange.received.content.length > 0 || head.all("grpc-status").next().is_none() {
        return Outcome::NotApplicable;
    }
    let listed: Vec<Vec<u8>> = head
        .all("access-control-expose-headers")
        .flat_map(|value| value.split(|octet| *octet == b','))
        .map(|name| name.trim_ascii().to_ascii_lowercase())
        .collect();
    let is_exposed = |name: &str| listed.iter().any(|listed| listed == name.as_bytes() || listed == b"*");
    let hidden: Vec<&str> = STATUS.into_iter().filter(|name| head.all(name).next().is_some() && !is_exposed(name)).collect();
    if hidden.is_empty() {
        return Outcome::Held;
    }
    let expected = format!("access-control-expose-headers that lists {}: a script sees no other fields", hidden.join(", "));
    Outcome::violated("not-exposed", expected, lines(head, "access-control-expose-headers"), "head")
}
