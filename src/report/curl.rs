//! A curl line that sends the same request, with the token as a variable.

use std::fmt::Write;

use crate::wire::{Exchange, HttpVersion};

/// The variable that stands for the run's token.
const TOKEN: &str = "TRIWIRE_TOKEN";

/// A shell command, one option a line.
pub(super) fn line(exchange: &Exchange) -> String {
    let sent = &exchange.sent;
    if sent.raw {
        return "# sent octet for octet over a connection of its own, which curl can't; the record has what was sent".to_owned();
    }
    let body = &sent.content.kept.0;
    let mut options: Vec<String> = Vec::new();
    options.push(match (exchange.transport.http, sent.scheme.as_str()) {
        (HttpVersion::H1, _) => "--http1.1".to_owned(),
        (HttpVersion::H2, "https") => "--http2".to_owned(),
        (HttpVersion::H2, _) => "--http2-prior-knowledge".to_owned(),
    });
    let implied = if body.is_empty() { "GET" } else { "POST" };
    if sent.verb == "HEAD" {
        options.push("--head".to_owned());
    } else if sent.verb != implied {
        options.push(format!("-X {}", quoted(sent.verb.as_bytes(), false)));
    }
    for field in &sent.fields {
        let name = field.name.text();
        if name.starts_with(':') || ["host", "content-length"].iter().any(|own| field.is(own)) {
            continue;
        }
        let mut text = field.name.0.clone();
        if field.value.0.is_empty() {
            // curl sends a field without a value only where a semicolon ends it.
            text.push(b';');
        } else {
            text.extend_from_slice(b": ");
            text.extend_from_slice(&field.value.0);
        }
        options.push(format!("-H {}", quoted(&text, field.is("authorization"))));
    }
    // What curl would add by itself.
    let own: &[&str] = if body.is_empty() { &["accept", "user-agent"] } else { &["accept", "user-agent", "content-type"] };
    for name in own.iter().filter(|name| !sent.fields.iter().any(|field| field.is(name))) {
        options.push(format!("-H '{name}:'"));
    }
    let mut before = String::new();
    if is_text(body) {
        if !body.is_empty() {
            options.push(format!("--data-raw {}", quoted(body, false)));
        }
    } else {
        before = format!("printf '{}' | ", octal(body));
        options.push("--data-binary @-".to_owned());
    }
    if exchange.transport.wire.is_binary() {
        options.push("--output -".to_owned());
    }
    let url = format!("{}://{}{}", sent.scheme, sent.authority, sent.path);
    let plain = if url.contains(['[', ']', '{', '}']) { " -g" } else { "" };
    let mut text = format!("{before}curl -isS{plain} --path-as-is {}", quoted(url.as_bytes(), false));
    for option in options {
        let _ = write!(text, " \\\n  {option}");
    }
    if !sent.content.is_whole() {
        let _ = write!(text, "\n# the content is longer: {} of its {} octets are here", body.len(), sent.content.length);
    }
    text
}

/// Whether a shell takes the octets as an argument.
fn is_text(octets: &[u8]) -> bool {
    std::str::from_utf8(octets).is_ok_and(|text| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')))
}

/// Octets for printf in the form that every shell has.
fn octal(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "\\{octet:03o}");
        text
    })
}

/// One word of a shell: single quotes, with variables where names of secrets stand. `credentials`: the last word is one.
fn quoted(octets: &[u8], credentials: bool) -> String {
    let mut words = String::new();
    let mut literal: Vec<u8> = Vec::new();
    let mut rest = octets;
    while !rest.is_empty() {
        match secret(rest).or_else(|| if credentials { marks(rest) } else { None }) {
            Some((length, variable)) => {
                flush(&mut words, &mut literal);
                let _ = write!(words, "\"${variable}\"");
                rest = &rest[length..];
            }
            None => {
                literal.push(rest[0]);
                rest = &rest[1..];
            }
        }
    }
    flush(&mut words, &mut literal);
    if words.is_empty() { "''".to_owned() } else { words }
}

fn flush(words: &mut String, literal: &mut Vec<u8>) {
    if literal.is_empty() {
        return;
    }
    if is_text(literal) {
        let _ = write!(words, "'{}'", String::from_utf8_lossy(literal).replace('\'', "'\\''"));
    } else {
        let _ = write!(words, "\"$(printf '{}')\"", octal(literal));
    }
    literal.clear();
}

/// The name of a secret at the beginning: `<run-token---->`. Its length and the variable for it.
fn secret(text: &[u8]) -> Option<(usize, String)> {
    let inner = text.strip_prefix(b"<")?;
    let length = inner.iter().position(|octet| *octet == b'>')?;
    let label = std::str::from_utf8(&inner[..length]).ok()?;
    if label.is_empty() || !label.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-') {
        return None;
    }
    let label = label.trim_end_matches('-');
    let is_token = label.split('-').any(|word| word == "token" || word == "secret") || label.bytes().all(|octet| octet.is_ascii_digit());
    let variable = if label == "run-token" || label.bytes().all(|octet| octet.is_ascii_digit()) {
        TOKEN.to_owned()
    } else {
        format!("TRIWIRE_{}", label.to_ascii_uppercase().replace('-', "_"))
    };
    is_token.then_some((length + 2, variable))
}

/// The name of a secret that is too short for a label.
fn marks(text: &[u8]) -> Option<(usize, String)> {
    let first = *text.first()?;
    (matches!(first, b'*' | b'#' | b'~') && text.iter().all(|octet| *octet == first)).then(|| (text.len(), TOKEN.to_owned()))
}
