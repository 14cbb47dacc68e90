//! What the readers list without refusing, and where it stands.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;

/// Something that a reader saw and did not stop at.
///
/// Kinds that name a mistake: `duplicate-name`, `two-spellings`, `several-of-oneof`, `unknown-member`, `wrong-kind`,
/// `out-of-range`, `unknown-enum-name`, `invalid-timestamp`, `invalid-duration`, `invalid-base64`, `invalid-any`,
/// `wrong-wire-type`, `invalid-utf8`. Kinds that name a legal form, for checks that look at forms ([`Issue::is_form`]):
/// `null-member`, `proto-name`, `enum-as-number`, `unknown-enum-number`, `int64-as-number`, `number-as-string`,
/// `timestamp-offset`, `fraction-digits`, `unknown-any-type`. The kind `cut` closes a list that grew too long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// A stable word without values in it.
    pub kind: &'static str,
    /// JSON pointer (RFC 6901) to the member; cut after 512 octets.
    pub place: String,
    /// What was seen, for people.
    pub text: String,
}

const FORMS: [&str; 9] = [
    "null-member",
    "proto-name",
    "enum-as-number",
    "unknown-enum-number",
    "int64-as-number",
    "number-as-string",
    "timestamp-offset",
    "fraction-digits",
    "unknown-any-type",
];

impl Issue {
    /// Whether a reader of ProtoJSON has to accept what this issue names.
    #[must_use]
    pub fn is_form(&self) -> bool {
        FORMS.contains(&self.kind)
    }
}

/// Hostile input may earn an issue with each octet; nobody reads more than these.
const MOST_ISSUES: usize = 256;
const LONGEST: usize = 512;

#[derive(Debug, Default)]
pub(super) struct Issues {
    list: Vec<Issue>,
}

impl Issues {
    pub(super) fn add(&mut self, kind: &'static str, place: &Place<'_>, text: impl Into<String>) {
        if self.list.len() < MOST_ISSUES {
            self.list.push(Issue { kind, place: place.pointer(), text: shorten(text.into()) });
        } else if self.list.len() == MOST_ISSUES {
            self.list.push(Issue { kind: "cut", place: String::new(), text: format!("more than {MOST_ISSUES} issues") });
        }
    }

    pub(super) fn into_list(self) -> Vec<Issue> {
        self.list
    }

    pub(super) fn list(&self) -> &[Issue] {
        &self.list
    }
}

/// Cuts a text for people at a character boundary.
pub(super) fn shorten(mut text: String) -> String {
    if text.len() > LONGEST {
        let mut end = LONGEST;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

#[derive(Debug)]
enum Token<'a> {
    Name(Cow<'a, str>),
    Index(usize),
    Number(u32),
}

/// The way from the root to where a reader stands. Rendered only when there is something to say.
#[derive(Debug, Default)]
pub(super) struct Place<'a> {
    tokens: Vec<Token<'a>>,
}

impl<'a> Place<'a> {
    pub(super) fn name(&mut self, name: impl Into<Cow<'a, str>>) {
        self.tokens.push(Token::Name(name.into()));
    }

    pub(super) fn index(&mut self, index: usize) {
        self.tokens.push(Token::Index(index));
    }

    /// A field that the descriptor doesn't know, by its number.
    pub(super) fn number(&mut self, number: u32) {
        self.tokens.push(Token::Number(number));
    }

    pub(super) fn leave(&mut self) {
        self.tokens.pop();
    }

    pub(super) fn pointer(&self) -> String {
        let mut pointer = String::new();
        for token in &self.tokens {
            if pointer.len() > LONGEST {
                break;
            }
            pointer.push('/');
            match token {
                Token::Name(name) => {
                    // A name may be as long as the input.
                    for character in name.chars().take(LONGEST) {
                        match character {
                            '~' => pointer.push_str("~0"),
                            '/' => pointer.push_str("~1"),
                            other => pointer.push(other),
                        }
                    }
                }
                Token::Index(index) => {
                    let _ = write!(pointer, "{index}");
                }
                Token::Number(number) => {
                    let _ = write!(pointer, "#{number}");
                }
            }
        }
        shorten(pointer)
    }
}
