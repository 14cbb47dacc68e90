//! Challenges of 401 answers (RFC 9110, 11.3 and 11.6.1; RFC 6750, 3).

use super::registry::{Check, Judges, Need, Outcome, View};

pub(super) const CHECKS: &[Check] = &[
    Check {
        requirement: "AUTH-WWW-AUTHENTICATE",
        kinds: &["no-challenge", "not-a-challenge", "no-bearer"],
        judges: Judges::WellFormed,
        need: Need { count: 1, codes: &[] },
        run: challenge,
    },
    Check {
        requirement: "AUTH-CHALLENGE-ERROR",
        kinds: &["no-invalid-token", "error-without-token"],
        judges: Judges::WellFormed,
        need: Need { count: 1, codes: &[] },
        run: challenge_error,
    },
];

/// A challenge: its scheme and its parameters, names in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

/// The joined value of all `WWW-Authenticate` lines of a 401 answer.
fn value(view: &View<'_>) -> Option<String> {
    let head = view.exchange.received.head().filter(|head| head.status == Some(401))?;
    let lines: Vec<_> = head.all("www-authenticate").map(String::from_utf8_lossy).collect();
    Some(lines.join(", "))
}

fn challenge(view: &View<'_>) -> Outcome {
    let Some(value) = value(view) else { return Outcome::NotApplicable };
    let expected = "a WWW-Authenticate field that is a list of challenges, one of them of the scheme Bearer";
    if value.is_empty() {
        return Outcome::violated("no-challenge", expected, "no WWW-Authenticate field", "head");
    }
    match parse(&value) {
        None => Outcome::violated("not-a-challenge", expected, format!("`{value}`"), "head"),
        Some(challenges) if challenges.iter().any(|it| it.scheme.eq_ignore_ascii_case("bearer")) => Outcome::Held,
        Some(_) => Outcome::violated("no-bearer", expected, format!("`{value}`"), "head"),
    }
}

fn challenge_error(view: &View<'_>) -> Outcome {
    let Some(challenges) = value(view).and_then(|value| parse(&value)) else { return Outcome::NotApplicable };
    let Some(bearer) = challenges.iter().find(|it| it.scheme.eq_ignore_ascii_case("bearer")) else { return Outcome::NotApplicable };
    let authorization: Vec<_> = view.exchange.sent.fields.iter().filter(|field| field.is("authorization")).collect();
    let error = bearer.parameters.iter().find(|(name, _)| name == "error").map(|(_, value)| value.as_str());
    match authorization.as_slice() {
        [] => match bearer.parameters.iter().find(|(name, _)| matches!(name.as_str(), "error" | "error_description" | "error_uri")) {
            None => Outcome::Held,
            Some((name, value)) => Outcome::violated(
                "error-without-token",
                "none of error, error_description, error_uri where no credentials were sent",
                format!("{name}=\"{value}\""),
                "head",
            ),
        },
        [field] if carries_bearer_token(&field.value.0) => match error {
            Some("invalid_token") => Outcome::Held,
            other => Outcome::violated(
                "no-invalid-token",
                "error=\"invalid_token\" where a token was sent",
                other.map_or_else(|| "no error".to_owned(), |error| format!("error=\"{error}\"")),
                "head",
            ),
        },
        _ => Outcome::NotApplicable,
    }
}

/// A scheme without a token behind it is a malformed request, for which another error is right (RFC 6750, 3.1).
fn carries_bearer_token(value: &[u8]) -> bool {
    value.split_at_checked(7).is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case(b"bearer ") && !token.trim_ascii().is_empty())
}

/// A list of challenges, `None` where the text doesn't follow the grammar to its end.
///
/// `challenge = auth-scheme [ 1*SP ( token68 / #auth-param ) ]`: after a comma, a name followed by `=` goes on with the parameters of the
/// challenge before, and a name followed by a blank or the end begins the next challenge.
fn parse(text: &str) -> Option<Vec<Challenge>> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = text.trim_matches([' ', '\t']);
    while !rest.is_empty() {
        // Empty list elements are legal for a recipient (RFC 9110, 5.6.1.2).
        if let Some(after) = rest.strip_prefix(',') {
            rest = after.trim_start_matches([' ', '\t']);
            continue;
        }
        let (name, after) = token(rest)?;
        let trimmed = after.trim_start_matches([' ', '\t']);
        let is_parameter = trimmed.starts_with('=') && !challenges.is_empty();
        if is_parameter {
            let (value, after) = parameter_value(trimmed)?;
            challenges.last_mut()?.parameters.push((name.to_ascii_lowercase(), value));
            rest = next_element(after)?;
            continue;
        }
        let mut challenge = Challenge { scheme: name.to_owned(), parameters: Vec::new() };
        if trimmed.is_empty() || trimmed.starts_with(',') {
            challenges.push(challenge);
            rest = trimmed;
            continue;
        }
        // Blanks stand between scheme and what follows.
        if !after.starts_with(' ') {
            return None;
        }
        rest = match token(trimmed) {
            Some((name, after_name)) if after_name.trim_start_matches([' ', '\t']).starts_with('=') && !is_token68(trimmed) => {
                let (value, after) = parameter_value(after_name.trim_start_matches([' ', '\t']))?;
                challenge.parameters.push((name.to_ascii_lowercase(), value));
                challenges.push(challenge);
                next_element(after)?
            }
            _ if is_token68(trimmed) => {
                challenges.push(challenge);
                next_element(trimmed.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c)))?
            }
            _ => return None,
        };
    }
    if challenges.is_empty() { None } else { Some(challenges) }
}

/// Whether the text begins with a token68 that ends its list element: letters, digits, `-._~+/`, then `=`.
fn is_token68(text: &str) -> bool {
    let body = text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
    let after = body.trim_start_matches('=').trim_start_matches([' ', '\t']);
    body.len() < text.len() && (after.is_empty() || after.starts_with(','))
}

fn token(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// `BWS "=" BWS ( token / quoted-string )`.
fn parameter_value(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('=')?.trim_start_matches([' ', '\t']);
    let Some(quoted) = text.strip_prefix('"') else {
        return token(text).map(|(value, rest)| (value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(c),
        }
    }
    None
}

/// What follows a list element: nothing or a comma.
fn next_element(text: &str) -> Option<&str> {
    let text = text.trim_start_matches([' ', '\t']);
    if text.is_empty() { Some(text) } else { text.strip_prefix(',').map(|rest| rest.trim_start_matches([' ', '\t'])) }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn challenges_follow_the_grammar_to_their_end() {
        let schemes = |text: &str| parse(text).map(|all| all.into_iter().map(|it| it.scheme).collect::<Vec<_>>());
        assert_eq!(schemes("Bearer"), Some(vec!["Bearer".to_owned()]));
        assert_eq!(schemes("Bearer realm=\"a, b\", error=invalid_token"), Some(vec!["Bearer".to_owned()]));
        assert_eq!(schemes("Basic realm=x, Bearer"), Some(vec!["Basic".to_owned(), "Bearer".to_owned()]));
        assert_eq!(schemes("Negotiate YWJj==, bearer realm = \"x\""), Some(vec!["Negotiate".to_owned(), "bearer".to_owned()]));
        assert_eq!(schemes(", Bearer , "), Some(vec!["Bearer".to_owned()]));
        for wrong in ["some plain words", "auth header missing", "Bearer realm=\"x", "=x", "", "Bearer realm=\"x\" error=\"y\"", "(Bearer)"]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        let parsed = parse("Bearer realm=\"a\\\"b\", error=\"invalid_token\"").unwrap();
        assert_eq!(parsed[0].parameters[0], ("realm".to_owned(), "a\"b".to_owned()));
        assert_eq!(parsed[0].parameters[1], ("error".to_owned(), "invalid_token".to_owned()));
    }
}
