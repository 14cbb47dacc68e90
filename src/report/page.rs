//! Text for people: wrapped, indented, styled where wanted, and never able to steer a terminal.

use anstyle::{AnsiColor, Style};

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Columns.
    pub width: usize,
    /// Styles are written as ANSI sequences; a stream that shows none takes them out.
    pub styled: bool,
}

impl Layout {
    /// For `JUnit` and tests: no styles.
    #[must_use]
    pub const fn plain(width: usize) -> Self {
        Self { width, styled: false }
    }

    /// For a terminal as wide as `COLUMNS` says, 100 where it says nothing.
    #[must_use]
    pub fn terminal() -> Self {
        let width = std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse().ok()).filter(|width| *width >= 20).unwrap_or(100);
        Self { width, styled: true }
    }
}

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const PLAIN: Style = Style::new();

/// Columns of the labels in front of a block.
const LABEL: usize = 10;

/// Where a line stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    indent: usize,
    label: &'a str,
    mark: &'a str,
    /// Columns by which continued lines are indented.
    hang: usize,
}

/// Lines of text.
#[derive(Debug)]
pub(super) struct Page {
    layout: Layout,
    text: String,
}

impl Page {
    pub(super) fn new(layout: Layout) -> Self {
        Self { layout, text: String::new() }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Text on lines of its own, wrapped; continued lines are indented by `hang`.
    pub(super) fn line(&mut self, style: Style, text: &str, hang: usize) {
        self.put(Place { indent: 0, label: "", mark: "", hang }, style, text);
    }

    /// A label and text beside it.
    pub(super) fn labelled(&mut self, label: &str, style: Style, text: &str) {
        self.put(Place { indent: 2, label, mark: "", hang: 0 }, style, text);
    }

    /// A label and lines beside it, each with a mark that stands in front of continued lines as well.
    pub(super) fn lines<'a>(&mut self, label: &str, lines: impl IntoIterator<Item = (Style, &'a str, &'a str)>) {
        let mut label = label;
        for (style, mark, text) in lines {
            self.put(Place { indent: 2, label, mark, hang: 0 }, style, text);
            label = "";
        }
    }

    /// Lines as they are, to be copied: never wrapped.
    pub(super) fn verbatim(&mut self, label: &str, text: &str) {
        let mut label = label;
        for line in text.lines() {
            self.start(2, label);
            self.text.push_str(&clean(line));
            self.text.push('\n');
            label = "";
        }
    }

    fn start(&mut self, indent: usize, label: &str) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        if indent > 0 {
            self.styled(DIM, &format!("{label:LABEL$}"));
        }
    }

    fn put(&mut self, place: Place<'_>, style: Style, text: &str) {
        let mark = if place.mark.is_empty() { String::new() } else { format!("{} ", place.mark) };
        let taken = if place.indent > 0 { place.indent + LABEL } else { 0 } + mark.len();
        let room = self.layout.width.saturating_sub(taken).max(20);
        for (index, line) in wrap(&clean(text), room, place.hang).into_iter().enumerate() {
            self.start(place.indent, if index == 0 { place.label } else { "" });
            self.styled(style, format!("{mark}{line}").trim_end());
            while self.text.ends_with(' ') {
                self.text.pop();
            }
            self.text.push('\n');
        }
    }

    fn styled(&mut self, style: Style, text: &str) {
        if self.layout.styled && style != PLAIN && !text.trim().is_empty() {
            self.text.push_str(&format!("{style}{text}{style:#}"));
        } else {
            self.text.push_str(text);
        }
    }
}

/// Characters that a terminal would obey are shown instead (a target decides what stands in its answers).
#[must_use]
pub fn clean(text: &str) -> String {
    let obeyed = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(obeyed) {
        return text.to_owned();
    }
    text.chars().map(|c| if obeyed(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// Breaks at blanks; words that are longer than a line are broken where the line ends, addresses aren't.
fn wrap(text: &str, width: usize, hang: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut used = 0;
        for word in paragraph.split_inclusive(' ') {
            let mut word = word;
            let mut length = word.trim_end().chars().count();
            // A word that fits on no line is broken where it stands.
            let fits = hang + length <= width || word.contains("://");
            if fits && used + length > width && !line.trim().is_empty() {
                lines.push(std::mem::replace(&mut line, " ".repeat(hang)));
                used = hang;
            }
            while used + length > width && !word.contains("://") {
                let room = width.saturating_sub(used).max(1);
                let at = word.char_indices().nth(room).map_or(word.len(), |(at, _)| at);
                let (head, tail) = word.split_at(at);
                line.push_str(head);
                lines.push(std::mem::replace(&mut line, " ".repeat(hang)));
                used = hang;
                word = tail;
                length = word.trim_end().chars().count();
            }
            line.push_str(word);
            used += word.chars().count();
        }
        lines.push(line);
    }
    lines
}

/// The beginning of a text, at most so many characters, with a mark where something is left out.
pub(super) fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{} ... ({} characters in all)", &text[..at], text.chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::{clean, short, wrap};

    #[test]
    fn text_is_wrapped_at_blanks() {
        assert_eq!(wrap("one two three", 8, 2), ["one two ", "  three"]);
        assert_eq!(wrap("abcdefghij", 4, 0), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("at https://example.org/long", 10, 0), ["at ", "https://example.org/long"]);
        assert_eq!(wrap("a\n\nb", 10, 0), ["a", "", "b"]);
        assert_eq!(wrap("", 10, 0), [""]);
    }

    #[test]
    fn a_target_can_not_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\u{202e}c\td"), "a\\u{1b}[2Jb\\u{202e}c\td");
    }

    #[test]
    fn long_text_is_shortened_with_a_mark() {
        assert_eq!(short("abc", 3), "abc");
        assert_eq!(short("äöüß", 2), "äö ... (4 characters in all)");
    }
}
