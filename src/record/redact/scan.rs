//! Finds a secret as it is, percent-coded, JSON-escaped or in hexadecimal, each octet in a form of its own, and writes its name in the same form.

use super::Secret;

/// Shorter secrets are replaced as they are, but not looked for in coded forms: those would hit by chance.
pub(super) const CODED_FROM: usize = 4;

/// Pairs of octets with which a secret may begin, in one of its forms: most places of a text are passed by without a look at any secret.
#[derive(Clone)]
pub(super) struct Starts(Box<[u64; 1024]>);

impl Default for Starts {
    fn default() -> Self {
        Self(Box::new([0; 1024]))
    }
}

impl Starts {
    /// Adds the beginnings of a secret.
    pub(super) fn add(&mut self, secret: &[u8]) {
        let Some(first) = secret.first().copied() else { return };
        match secret.get(1) {
            Some(second) if secret.len() >= CODED_FROM => [*second, b'%', b'\\'].into_iter().for_each(|next| self.set(first, next)),
            Some(second) => self.set(first, *second),
            None => (0..=u8::MAX).for_each(|next| self.set(first, next)),
        }
        if secret.len() >= CODED_FROM {
            (0..=u8::MAX).for_each(|next| {
                self.set(b'%', next);
                self.set(b'\\', next);
            });
            let digit = |value: u8| [b"0123456789abcdef", b"0123456789ABCDEF"].map(|digits| digits[usize::from(value)]);
            for high in digit(first >> 4) {
                digit(first & 15).into_iter().for_each(|low| self.set(high, low));
            }
        }
    }

    fn set(&mut self, first: u8, second: u8) {
        self.0[usize::from(first) * 4 + usize::from(second >> 6)] |= 1 << (second & 63);
    }

    /// Whether a secret may begin here. At the last octet there is no pair to tell.
    fn may_begin(&self, text: &[u8], at: usize) -> bool {
        let Some([first, second]) = text.get(at..at + 2) else { return true };
        self.0[usize::from(*first) * 4 + usize::from(*second >> 6)] & (1 << (second & 63)) != 0
    }
}

/// How one octet of the secret stands in the text.
#[derive(Clone, Copy)]
enum Form {
    Raw,
    /// `%61`
    Percent,
    /// `\u0061`
    Escape,
    /// `\/`, `\"`, `\\`
    Backslash,
}

impl Form {
    const fn width(self) -> usize {
        match self {
            Self::Raw => 1,
            Self::Percent => 3,
            Self::Escape => 6,
            Self::Backslash => 2,
        }
    }
}

/// Replaces every secret. `cut`: the text was cut off, so the beginning of a secret at its end counts as well.
pub(super) fn scan(text: &mut [u8], secrets: &[Secret], starts: &Starts, cut: bool) -> bool {
    let mut changed = false;
    let mut at = 0;
    while at < text.len() {
        if !starts.may_begin(text, at) {
            at += 1;
            continue;
        }
        // Secrets come longest first, so the longest match wins.
        let written = secrets.iter().find_map(|secret| {
            let width = written_units(text, at, secret, cut).or_else(|| written_hex(text, at, secret, cut))?;
            Some(width.max(1))
        });
        match written {
            Some(width) => {
                changed = true;
                at += width;
            }
            None => at += 1,
        }
    }
    changed
}

/// Matches octet by octet, each in its own form; writes the name and returns the width of the match.
fn written_units(text: &mut [u8], start: usize, secret: &Secret, cut: bool) -> Option<usize> {
    let first = *secret.octets.first()?;
    if text[start] != first && !matches!(text[start], b'%' | b'\\') {
        return None;
    }
    let mut end = start;
    for (index, octet) in secret.octets.iter().enumerate() {
        match form(&text[end..], *octet, secret.octets.len()) {
            Some(form) => end += form.width(),
            None if cut && index >= CODED_FROM && is_begun(&text[end..]) => {
                end = text.len();
                break;
            }
            None => return None,
        }
    }
    let mut at = start;
    for (octet, name) in secret.octets.iter().zip(&secret.name) {
        let Some(form) = form(&text[at..], *octet, secret.octets.len()) else { break };
        match form {
            Form::Raw => text[at] = *name,
            Form::Percent => put_hex(&mut text[at + 1..at + 3], *name),
            Form::Escape => put_hex(&mut text[at + 4..at + 6], *name),
            // An escaped slash has no form of the same width for another octet; that a slash stands there tells nothing.
            Form::Backslash => {}
        }
        at += form.width();
    }
    Some(end - start)
}

/// Whether nothing, or the beginning of a coded octet, is left of a text that was cut.
fn is_begun(rest: &[u8]) -> bool {
    rest.is_empty() || (rest.len() < 3 && rest[0] == b'%') || (rest.len() < 6 && rest[0] == b'\\')
}

fn form(text: &[u8], octet: u8, length: usize) -> Option<Form> {
    if length >= CODED_FROM {
        if let [b'%', high, low, ..] = text
            && hex_octet(*high, *low) == Some(octet)
        {
            return Some(Form::Percent);
        }
        if let [b'\\', b'u', b'0', b'0', high, low, ..] = text
            && hex_octet(*high, *low) == Some(octet)
        {
            return Some(Form::Escape);
        }
        if let [b'\\', escaped, ..] = text
            && *escaped == octet
            && matches!(octet, b'/' | b'"' | b'\\')
        {
            return Some(Form::Backslash);
        }
    }
    (text.first() == Some(&octet)).then_some(Form::Raw)
}

/// Matches the secret in hexadecimal digits of either case.
fn written_hex(text: &mut [u8], start: usize, secret: &Secret, cut: bool) -> Option<usize> {
    if secret.octets.len() < CODED_FROM {
        return None;
    }
    let mut matched = 0;
    for (octet, pair) in secret.octets.iter().zip(text[start..].chunks(2)) {
        match pair {
            [high, low] if hex_octet(*high, *low) == Some(*octet) => matched += 1,
            [_, _] => return None,
            _ => break,
        }
    }
    if matched < secret.octets.len() && !(cut && matched >= CODED_FROM && text.len() - start < secret.octets.len() * 2) {
        return None;
    }
    for (index, name) in secret.name.iter().take(matched).enumerate() {
        let at = start + index * 2;
        put_hex(&mut text[at..at + 2], *name);
    }
    Some(matched * 2)
}

fn hex_octet(high: u8, low: u8) -> Option<u8> {
    let digit = |octet: u8| (octet as char).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Writes two digits in the letter case of those that stood there.
fn put_hex(pair: &mut [u8], octet: u8) {
    let upper = pair.iter().any(u8::is_ascii_uppercase);
    for (place, digit) in pair.iter_mut().zip([octet >> 4, octet & 15]) {
        let digits: &[u8; 16] = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
        *place = digits[usize::from(digit)];
    }
}
