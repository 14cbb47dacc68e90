//! Names that stand for secrets.

use super::Secret;

/// A name as long as the secret: the label in angle brackets where there is room for it, filled with hyphens. No two secrets share one while there are enough.
pub(super) fn of(label: &str, secret: &[u8], known: &[Secret]) -> Vec<u8> {
    let length = secret.len();
    let free = |name: &Vec<u8>| known.iter().all(|other| other.name != *name && !contains(name, &other.octets)) && !contains(name, secret);
    let label = slug(label);
    let labels = std::iter::once(label.clone()).chain((2..1000u32).map(|number| format!("{label}-{number}")));
    let numbers = (1..1000u32).map(|number| number.to_string());
    let marks = ["*", "#", "~", "."].into_iter().map(|mark| mark.repeat(length).into_bytes());
    labels
        .chain(numbers)
        .filter(|label| label.len() + 2 <= length)
        .map(|label| format!("<{label:-<width$}>", width = length - 2).into_bytes())
        .chain(marks)
        .find(free)
        .unwrap_or_else(|| vec![b'*'; length])
}

/// Lower-case words joined by hyphens.
fn slug(label: &str) -> String {
    let words: Vec<String> =
        label.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect();
    if words.is_empty() { "secret".to_owned() } else { words.join("-") }
}

fn contains(text: &[u8], piece: &[u8]) -> bool {
    text.windows(piece.len()).any(|window| window == piece)
}
