//! Mistakes in the files that people write: collected all at once, each pointing at its place.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::tree::floor;

/// One mistake in a file that a person wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file, relative to the suite's folder.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The octets of the file that are meant.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// The nearest right spelling, or what to do.
    pub hint: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " (help: {hint})"),
            None => Ok(()),
        }
    }
}

/// All mistakes of all files, in the order of the files; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{mistake}")?;
        }
        Ok(())
    }
}

impl Mistakes {
    /// Sorts by place. A case with variants is read once for each of them, so that equal mistakes are told once.
    pub(crate) fn in_order(mut mistakes: Vec<Mistake>) -> Option<Self> {
        mistakes.sort_by(|a, b| (&a.file, a.span.start, a.span.end, &a.message).cmp(&(&b.file, b.span.start, b.span.end, &b.message)));
        mistakes.dedup();
        if mistakes.is_empty() { None } else { Some(Self(mistakes)) }
    }
}

/// Every mistake with its line, a caret below it and its hint. `sources` are the texts of the files; a mistake in a file that isn't among them is shown without its line.
#[must_use]
pub fn render(mistakes: &Mistakes, sources: &[(PathBuf, String)], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
    let blocks: Vec<String> = mistakes.0.iter().map(|mistake| block(&renderer, mistake, sources)).collect();
    let count = mistakes.0.len();
    format!("{}\n\n{count} mistake{}\n", blocks.join("\n\n"), if count == 1 { "" } else { "s" })
}

fn block(renderer: &Renderer, mistake: &Mistake, sources: &[(PathBuf, String)]) -> String {
    let path = slashes(&mistake.file);
    let group = Group::with_title(Level::ERROR.primary_title(mistake.message.as_str()));
    let group = match sources.iter().find(|(file, _)| *file == mistake.file) {
        Some((_, text)) => group.element(
            Snippet::source(text.as_str())
                .path(path)
                .fold(true)
                .annotation(AnnotationKind::Primary.span(shown(text, mistake.span.clone()))),
        ),
        None => group.element(annotate_snippets::Origin::path(path).line(mistake.line).char_column(mistake.column)),
    };
    let group = match &mistake.hint {
        Some(hint) => group.element(Level::HELP.message(hint.as_str())),
        None => group,
    };
    renderer.render(&[group])
}

/// The part of a span that stands on its first line, at least one character wide and within the text.
fn shown(text: &str, span: Range<usize>) -> Range<usize> {
    let start = floor(text, span.start);
    let line_end = text[start..].find('\n').map_or(text.len(), |n| start + n);
    let end = floor(text, span.end).clamp(start, line_end);
    if end > start { start..end } else { start..text[start..].chars().next().map_or(start, |c| start + c.len_utf8()) }
}

/// Paths look the same on every system.
fn slashes(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The candidate that is spelled most like `word`, if one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let word = plain(word);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count().max(word.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edit distance in which two neighbours that changed places count once (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_spelling_forgives_case_separators_and_a_few_letters() {
        assert_eq!(nearest("requirments", ["requirements", "covers", "name"]), Some("requirements"));
        assert_eq!(nearest("http_versions", ["http-versions"]), Some("http-versions"));
        assert_eq!(nearest("ALREADY_EXIST", ["ALREADY_EXISTS", "ABORTED"]), Some("ALREADY_EXISTS"));
        assert_eq!(nearest("thne", ["then", "name"]), Some("then"));
        assert_eq!(nearest("banana", ["rpc", "then"]), None);
    }

    #[test]
    fn a_mistake_is_shown_with_its_line_a_caret_and_its_hint() {
        let text = "cases:\n  - nmae: adds OTP\n".to_owned();
        let mistake = Mistake {
            file: "a.yaml".into(),
            line: 2,
            column: 5,
            span: 11..15,
            message: "`nmae` is no key of a case".to_owned(),
            hint: Some("did you mean `name`?".to_owned()),
        };
        let shown = render(&Mistakes(vec![mistake]), &[("a.yaml".into(), text)], false);
        insta::assert_snapshot!(shown, @"
        error: `nmae` is no key of a case
         --> a.yaml:2:5
          |
        2 |   - nmae: adds OTP
          |     ^^^^
          |
          = help: did you mean `name`?

        1 mistake
        ");
    }

    #[test]
    fn places_outside_of_the_text_are_moved_into_it() {
        assert_eq!(shown("äö", 1..9), 0..4);
        assert_eq!(shown("a\nb", 0..3), 0..1);
        assert_eq!(shown("", 4..9), 0..0);
    }
}
