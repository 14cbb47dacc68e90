//! The text of a failure, for reading: the same on the console and in `JUnit`.

use super::evidence::Evidence;
use super::page::{BOLD, DIM, GREEN, Layout, PLAIN, Page, RED, YELLOW, short};
use super::{curl, exchange};
use crate::conclude::{Root, Rules};
use crate::contract::requirement::Level;
use crate::judge::{Judgement, Verdict};

/// Characters of an expectation that are shown.
const MOST: usize = 800;
/// Requirements that are shown in full.
const MOST_REQUIREMENTS: usize = 6;

/// A root cause with its first evidence.
pub(super) fn root(root: &Root, rules: &Rules, evidence: &Evidence, layout: Layout) -> String {
    let mut page = Page::new(layout);
    let (word, style) = if root.level == Level::Must { ("FAIL", RED) } else { ("DEVIATION", YELLOW) };
    page.line(style, &format!("{word}  {}", root.first.id), 6);
    if root.count > 1 {
        let on: Vec<&str> = root.seen_on.iter().map(String::as_str).collect();
        page.labelled("seen in", PLAIN, &format!("{} results, on {}; the first is shown", root.count, on.join(", ")));
    }
    for id in root.requirements.iter().take(MOST_REQUIREMENTS) {
        let Some(rule) = rules.get(id) else {
            page.labelled("violates", BOLD, id);
            continue;
        };
        page.labelled("violates", BOLD, &format!("{} {id}: {}", rule.level, rule.title));
        page.labelled("", PLAIN, &rule.statement);
        page.labelled("", DIM, &format!("{} <{}>", rule.source, rule.url));
    }
    if root.requirements.len() > MOST_REQUIREMENTS {
        page.labelled("", PLAIN, &format!("... {} requirements in all", root.requirements.len()));
    }
    page.labelled("kind", PLAIN, &root.kind);
    if !root.place.is_empty() {
        page.labelled("at", PLAIN, &root.place);
    }
    page.labelled("expected", GREEN, &short(&root.expected, MOST));
    page.labelled("actual", RED, &short(&root.actual, MOST));
    let told = evidence.others(root).into_iter().map(|(transports, verdict, answer)| {
        let answer = answer.map_or_else(|| "this step was not reached".to_owned(), |answer| short(answer, 200));
        format!("{} ({verdict}): {answer}", transports.join(", "))
    });
    let told: Vec<String> = told.collect();
    page.lines("others", told.iter().map(|line| (PLAIN, "", line.as_str())));
    if let Some((shown, place)) = evidence.exchange(root) {
        let named = if place == root.first.id { String::new() } else { format!(", {place}") };
        let number = format!("number {} on {}{named}", shown.id, shown.transport);
        page.labelled("exchange", DIM, &number);
        let lines = exchange::lines(shown);
        page.lines("", lines.iter().map(|line| (line.style, line.mark, line.text.as_str())));
        page.verbatim("again", &curl::line(shown));
    }
    page.into_text()
}

/// A failed result whose root cause is shown elsewhere.
pub(super) fn again(judgement: &Judgement, roots: &[&Root]) -> String {
    let mut text = String::new();
    for violation in &judgement.violated {
        let place = if violation.place.is_empty() { String::new() } else { format!(" at {}", violation.place) };
        text.push_str(&format!(
            "{}, {}{place}\nexpected  {}\nactual    {}\n",
            violation.requirement,
            violation.kind,
            short(&violation.expected, MOST),
            short(&violation.actual, MOST)
        ));
    }
    for root in roots {
        text.push_str(&format!("the exchange is shown at {}, which has the same cause\n", root.first.id));
    }
    super::page::clean(&text)
}

/// Expected and actual of a failure in a line.
pub(super) fn headline(judgement: &Judgement) -> String {
    let text = match judgement.violated.first() {
        Some(first) => {
            format!("{} {}: expected {}, got {}", first.requirement, first.kind, short(&first.expected, 120), short(&first.actual, 120))
        }
        None => judgement.reason.clone().unwrap_or_else(|| Verdict::Fail.to_string()),
    };
    super::page::clean(&text)
}
