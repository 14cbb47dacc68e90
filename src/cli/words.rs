//! Text for people, as wide as their terminal.

use triwire::report::Layout;

/// Words in lines; those after the first begin with so many blanks. A word that is wider than the terminal stays whole: it may be a link.
pub fn wrapped(text: &str, first: &str, hang: usize) -> String {
    let width = Layout::terminal().width;
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(hang)));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
    lines.join("\n")
}

/// A named paragraph, or nothing where it has no text.
pub fn paragraph(name: &str, text: &str) -> String {
    const INDENT: usize = 12;
    if text.trim().is_empty() { String::new() } else { format!("{}\n", wrapped(text, &format!("  {name:<9} "), INDENT)) }
}
