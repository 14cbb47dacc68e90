//! What no answer may reveal: credentials, internals, fields that the client made up, and the client's own text as HTML.

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use regex::Regex;
use serde_json::Value;

use super::registry::{Check, Judges, Need, Outcome, View};
use crate::answer;
use crate::contract::status::{Code, percent_decode_lenient};

pub(super) const CHECKS: &[Check] = &[
    Check {
        requirement: "SEC-TOKEN-NOT-ECHOED",
        kinds: &["echoed", "part-echoed"],
        judges: Judges::Every,
        need: Need { count: 3, codes: &[Code::Ok, Code::Unauthenticated] },
        run: token_not_echoed,
    },
    Check {
        requirement: "SEC-NO-INTERNALS",
        kinds: &["stack-trace", "panic", "source-location", "sql", "network", "file-path"],
        judges: Judges::Every,
        need: Need { count: 3, codes: &[Code::Unauthenticated, Code::InvalidArgument] },
        run: no_internals,
    },
    Check {
        requirement: "SEC-NO-HEADER-SPLITTING",
        kinds: &["made-up-field"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: no_splitting,
    },
    Check {
        requirement: "SEC-NO-REFLECTED-HTML",
        kinds: &["reflected"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: no_reflected_html,
    },
];

/// Shorter pieces of a credential are words that may stand anywhere.
const LONG_ENOUGH: usize = 16;

fn contains(octets: &[u8], piece: &[u8]) -> bool {
    !piece.is_empty() && octets.windows(piece.len()).any(|window| window == piece)
}

/// Credentials that the request carried, with what they are made of: the token, and of `Basic` the password.
fn credentials(view: &View<'_>) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for field in view.exchange.sent.fields.iter().filter(|field| field.is("authorization")) {
        let value = field.value.0.trim_ascii();
        let token = value.iter().position(|octet| *octet == b' ').map_or(value, |at| value[at..].trim_ascii());
        let password = BASE64_STANDARD.decode(token).ok().and_then(|pair| {
            let at = pair.iter().position(|octet| *octet == b':')?;
            Some(pair[at + 1..].to_vec())
        });
        let parts = token.split(|octet| *octet == b'.').skip(1).map(<[u8]>::to_vec);
        all.extend(parts.chain(password).chain([token.to_vec()]).filter(|piece| piece.len() >= LONG_ENOUGH));
    }
    all
}

/// Secrets are replaced by names before anything is judged, in the request and in the answer alike: a name that comes back is the token.
fn token_not_echoed(view: &View<'_>) -> Outcome {
    static PART: LazyLock<Option<regex::bytes::Regex>> =
        LazyLock::new(|| regex::bytes::Regex::new("<[a-z0-9-]*token-part[a-z0-9-]*>").ok());
    if view.exchange.received.head().is_none() {
        return Outcome::NotApplicable;
    }
    let needles = credentials(view);
    if needles.is_empty() {
        return Outcome::NotApplicable;
    }
    let expected = "nothing of the credential that was sent";
    let makes_tokens = view.method.is_some_and(|method| method.answers_secrets);
    for (place, octets) in answer::places(view.exchange, view.reading) {
        if let Some(needle) = needles.iter().find(|needle| contains(&octets, needle)) {
            return Outcome::violated("echoed", expected, String::from_utf8_lossy(needle).into_owned(), place);
        }
        let part = PART.as_ref().filter(|_| !makes_tokens).and_then(|part| part.find(&octets));
        if let Some(part) = part {
            return Outcome::violated("part-echoed", expected, String::from_utf8_lossy(part.as_bytes()).into_owned(), place);
        }
    }
    Outcome::Held
}

/// What internals look like: kind and pattern. Case matters, and so does each mark around a word: prose has these words as well.
static INTERNALS: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
    let patterns = [
        ("stack-trace", r"goroutine \d+ \["),
        ("panic", r"\bpanic:"),
        ("stack-trace", r"Traceback \(most recent call last\)"),
        ("stack-trace", r"(?m)^\s*at [\w.$<>]+\("),
        ("panic", r"thread '[^']*' panicked"),
        ("source-location", r"\.(go|rs|java|kt|py|cs|cc|cpp|ts|js|php|rb):\d+"),
        ("sql", r"\bSQLSTATE\b"),
        ("sql", r"\bpq:"),
        ("sql", r"\b(SELECT .+ FROM|INSERT INTO|UPDATE .+ SET|DELETE FROM)\b"),
        ("network", r"(dial|read|write) tcp"),
        ("network", r"\b\d{1,3}(\.\d{1,3}){3}:\d{2,5}\b"),
        ("file-path", r#"(^|[\s"'(=])/(usr|home|root|opt|var|go|src|build)/\S+"#),
        ("file-path", r"\b[A-Z]:\\\w"),
    ];
    patterns.into_iter().filter_map(|(kind, pattern)| Some((kind, Regex::new(pattern).ok()?))).collect()
});

fn no_internals(view: &View<'_>) -> Outcome {
    let status = view.exchange.received.head().and_then(|head| head.status);
    let failed = view.reading.fields("grpc-status").any(|field| field.value != b"0") || status.is_some_and(|status| status >= 400);
    if !failed {
        return Outcome::NotApplicable;
    }
    let own = said_by_client(view);
    for (place, mut text) in said_by_server(view) {
        for piece in &own {
            if text.contains(piece.as_ref()) {
                text = text.replace(piece.as_ref(), "...");
            }
        }
        let found = INTERNALS.iter().find_map(|(kind, pattern)| Some((kind, pattern.find(&text)?)));
        if let Some((kind, found)) = found {
            let expected = "an error without stack traces, SQL, source locations, file paths or addresses of back ends";
            return Outcome::violated(kind, expected, found.as_str().to_owned(), place);
        }
    }
    Outcome::Held
}

/// The texts of an error: its body as a reader sees it, the message and the details of its status.
fn said_by_server(view: &View<'_>) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    match (&view.reading.document, &view.reading.framed) {
        (Some(Ok(document)), _) => all.push(("content", texts(&document.root.to_value()).join("\n"))),
        // Frames are no text.
        (_, Some(framed)) if !framed.frames.is_empty() => {}
        _ => all.push(("content", view.exchange.received.content.kept.text().into_owned())),
    }
    for field in view.reading.fields("grpc-message") {
        all.push(("message of the status", percent_decode_lenient(&field.value)));
    }
    if let Some(Ok(details)) = &view.reading.details {
        let values = details.details.iter().flat_map(|detail| texts(&detail.value));
        all.push(("details of the status", values.chain([details.message.clone()]).collect::<Vec<_>>().join("\n")));
    }
    all
}

/// All texts in a value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.iter().flat_map(|(name, value)| [vec![name.clone()], texts(value)].concat()).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// What the client itself sent, longest first: an answer may repeat it.
fn said_by_client<'v>(view: &'v View<'_>) -> Vec<Cow<'v, str>> {
    let sent = &view.exchange.sent;
    let decoded = percent_decode_lenient(sent.path.as_bytes());
    let pieces = decoded.split(['/', '?', '&', '=']).map(str::to_owned).map(Cow::Owned);
    let mut all: Vec<Cow<'v, str>> = pieces.collect();
    all.extend([Cow::Borrowed(sent.path.as_str()), Cow::Owned(decoded.clone()), Cow::Borrowed(sent.authority.as_str())]);
    all.extend(sent.fields.iter().map(|field| field.value.text()));
    match serde_json::from_slice::<Value>(&sent.content.kept.0) {
        Ok(value) => all.extend(texts(&value).into_iter().map(Cow::Owned)),
        // Texts in an encoded message, or in JSON that is none.
        Err(_) => {
            let text = sent.content.kept.text();
            all.extend(text.split(|c: char| c.is_control() || c == '"' || c == '\u{fffd}').map(|piece| Cow::Owned(piece.to_owned())));
        }
    }
    all.retain(|piece| piece.len() > 3);
    all.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
    all.dedup();
    all
}

/// The field that requests try to make up.
const MADE_UP: &[u8] = b"x-injected";

fn no_splitting(view: &View<'_>) -> Outcome {
    let exchange = view.exchange;
    let sent = &exchange.sent;
    let tried = contains(sent.path.as_bytes(), MADE_UP)
        || contains(&sent.content.kept.0, MADE_UP)
        || sent.fields.iter().any(|field| contains(&field.value.0, MADE_UP));
    let received = &exchange.received;
    if !tried || received.head().is_none() {
        return Outcome::NotApplicable;
    }
    let heads = received.heads.iter().flat_map(|head| &head.fields).map(|field| ("head", field.name.0.as_slice(), &field.value.0));
    let trailers = received.trailers.iter().flatten().map(|field| ("trailers", field.name.0.as_slice(), &field.value.0));
    let blocks = view.reading.framed.iter().flat_map(|framed| &framed.trailer_blocks).flat_map(|block| &block.lines);
    let blocks = blocks.map(|line| ("trailer frame", line.name.as_slice(), &line.value));
    match heads.chain(trailers).chain(blocks).find(|(_, name, _)| name.trim_ascii().eq_ignore_ascii_case(MADE_UP)) {
        None => Outcome::Held,
        Some((place, name, value)) => {
            let actual = format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value));
            Outcome::violated("made-up-field", "no field that stood in the value of another one", actual, place)
        }
    }
}

fn no_reflected_html(view: &View<'_>) -> Outcome {
    const TAG: &[u8] = b"<img";
    let sent = &view.exchange.sent;
    let tried = contains(percent_decode_lenient(sent.path.as_bytes()).as_bytes(), TAG) || contains(&sent.content.kept.0, TAG);
    let Some(head) = view.exchange.received.head().filter(|_| tried) else { return Outcome::NotApplicable };
    let kind = head.first("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_page = matches!(kind.as_str(), "" | "text/html" | "application/xhtml+xml");
    if is_page && contains(&view.exchange.received.content.kept.0, TAG) {
        let named = if kind.is_empty() { "content of no type".to_owned() } else { format!("content of type {kind}") };
        return Outcome::violated("reflected", "the client's text escaped, or no HTML", format!("{named} with `<img`"), "content");
    }
    Outcome::Held
}

#[cfg(test)]
mod tests {
    use super::INTERNALS;

    fn kind(text: &str) -> Option<&'static str> {
        INTERNALS.iter().find(|(_, pattern)| pattern.is_match(text)).map(|(kind, _)| *kind)
    }

    #[test]
    fn every_pattern_is_one() {
        assert_eq!(INTERNALS.len(), 13);
    }

    #[test]
    fn internals_are_told_from_words() {
        for (text, expected) in [
            ("goroutine 17 [running]:", "stack-trace"),
            ("x\n   at com.example.Store.add(Store.java)", "stack-trace"),
            ("panic: runtime error", "panic"),
            ("thread 'main' panicked", "panic"),
            ("/internal/command.go:57 failed", "source-location"),
            ("ERROR: duplicate key (SQLSTATE 23505)", "sql"),
            ("INSERT INTO eventstore.events", "sql"),
            ("dial tcp 10.0.0.3:5432: connection refused", "network"),
            ("upstream 10.0.0.3:5432", "network"),
            ("open /var/lib/zitadel/key: no such file", "file-path"),
            (r"C:\zitadel", "file-path"),
        ] {
            assert_eq!(kind(text), Some(expected), "{text}");
        }
        for text in [
            "Please select a factor from the list",
            "update the policy, then set it again",
            "unknown path /management/v1/policies",
            "look at this (it is wrong)",
            "version 1.2.3.4",
            "Errors.Org.LoginPolicy.SecondFactor.AlreadyExists (Org-2B0ps)",
            "invalid AddSecondFactorToLoginPolicyRequest.Type: value must not be in list [0]",
            r#"proto: (line 1:9): invalid value for enum field type: "X""#,
            "auth header missing (AUTH-7fs1e)",
        ] {
            assert_eq!(kind(text), None, "{text}");
        }
    }
}
