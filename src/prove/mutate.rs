//! Expectations that say otherwise in one piece: what met the expectation doesn't meet these.

use serde_json::Value;

use crate::case::{Ending, Expect, HeaderPattern, Pattern, StatusPattern, Text, TextPart};
use crate::contract::status::Code;
use crate::wire::Octets;

/// An expectation with one piece changed.
pub(super) struct Mutant {
    /// The piece, e.g. `code` or `body/details/sequence`.
    pub piece: String,
    /// The expectation with this piece changed.
    pub changed: Expect,
    /// For a piece of an alternative: the expectation with this alternative alone, unchanged.
    pub alone: Option<Expect>,
}

/// What no answer has.
const NOWHERE: &str = "\u{1}no answer has this";

/// All mutants of an expectation.
pub(super) fn of(expect: &Expect) -> Vec<Mutant> {
    let own = pieces(expect).into_iter().map(|(piece, changed)| Mutant { piece, changed, alone: None });
    let inner = expect.any.iter().enumerate().flat_map(|(index, alternative)| {
        let alone = |inner: Expect| {
            let mut only = alternative.clone();
            only.expect = inner;
            Expect { any: vec![only], ..expect.clone() }
        };
        let whole = alone(alternative.expect.clone());
        // One that says that the case doesn't apply ends the trial: it never passes.
        let counted = alternative.not_applicable.is_none();
        let all = if counted { pieces(&alternative.expect) } else { Vec::new() };
        all.into_iter()
            .map(|(piece, changed)| Mutant { piece: format!("any/{index}/{piece}"), changed: alone(changed), alone: Some(whole.clone()) })
            .collect::<Vec<_>>()
    });
    own.chain(inner).collect()
}

/// Each piece of an expectation but its alternatives, with the expectation in which it is changed.
fn pieces(expect: &Expect) -> Vec<(String, Expect)> {
    let mut all = Vec::new();
    let mut add = |piece: String, change: &dyn Fn(&mut Expect)| {
        let mut changed = expect.clone();
        change(&mut changed);
        all.push((piece, changed));
    };
    if !expect.code.is_empty() {
        let other = other_code(&expect.code);
        add("code".to_owned(), &|it| it.code = vec![other]);
    }
    if let Some(status) = &expect.status {
        add("status".to_owned(), &|it| it.status = Some(other_status(status)));
    }
    for (index, (name, pattern)) in expect.head.iter().enumerate() {
        add(format!("headers/{name}"), &|it| it.head[index].1 = other_field(pattern));
    }
    for (name, pattern) in [("body", &expect.body), ("error", &expect.error)] {
        for (place, changed) in pattern.iter().flat_map(|pattern| patterns(pattern, name)) {
            add(place, &|it| *(if name == "body" { &mut it.body } else { &mut it.error }) = Some(changed.clone()));
        }
    }
    if expect.refused {
        add("refused".to_owned(), &|it| {
            it.refused = false;
            it.code = vec![Code::Ok];
        });
    }
    if expect.no_content {
        // There is no expectation of any content at all: this says only whether the piece is looked at.
        add("no-content".to_owned(), &|it| it.ends = vec![Ending::GoAway]);
    }
    if !expect.hides.is_empty() {
        // As above: what stands in an answer isn't known here.
        add("hides".to_owned(), &|it| it.ends = vec![Ending::GoAway]);
    }
    if !expect.ends.is_empty() {
        let every = [Ending::Complete, Ending::Closed, Ending::TimedOut, Ending::Reset, Ending::GoAway];
        // Of two that one end can be, neither takes the place of the other.
        let alike = |one: Ending, other: Ending| {
            one == other
                || matches!(
                    (one, other),
                    (Ending::Complete, Ending::NoError)
                        | (Ending::Closed, Ending::Lost)
                        | (Ending::Reset, Ending::Cancelled | Ending::ProtocolError)
                        | (Ending::GoAway, Ending::ProtocolError)
                )
        };
        let others: Vec<Ending> = every.into_iter().filter(|ending| !expect.ends.iter().any(|own| alike(*ending, *own))).collect();
        add("ends".to_owned(), &|it| it.ends.clone_from(&others));
    }
    all
}

/// A code that isn't allowed, with an HTTP status of its own if there is one.
fn other_code(codes: &[Code]) -> Code {
    let has_own_status = |code: &Code| codes.iter().all(|allowed| allowed.http_status() != code.http_status());
    let others = || Code::ALL.iter().copied().filter(|code| !codes.contains(code));
    others().find(has_own_status).or_else(|| others().next()).unwrap_or(Code::DataLoss)
}

fn other_status(status: &StatusPattern) -> StatusPattern {
    match status.clone() {
        StatusPattern::OneOf(list) => StatusPattern::Not(list),
        StatusPattern::Not(list) => StatusPattern::OneOf(list),
        StatusPattern::Class(class) => StatusPattern::NotClass(class),
        StatusPattern::NotClass(class) => StatusPattern::Class(class),
    }
}

fn other_field(pattern: &HeaderPattern) -> HeaderPattern {
    match pattern {
        HeaderPattern::Once => HeaderPattern::Absent,
        HeaderPattern::Absent | HeaderPattern::Values(_) | HeaderPattern::Not(_) | HeaderPattern::Lists(_) => {
            HeaderPattern::Values(vec![Text(vec![TextPart::Literal(Octets(NOWHERE.as_bytes().to_vec()))])])
        }
    }
}

/// The pattern with each of its leaves changed in turn, with the leaf's place.
fn patterns(pattern: &Pattern, place: &str) -> Vec<(String, Pattern)> {
    let items = |items: &[Pattern], whole: fn(Vec<Pattern>) -> Pattern| {
        let changed = items.iter().enumerate().flat_map(|(index, item)| {
            patterns(item, &format!("{place}/{index}")).into_iter().map(move |(place, changed)| {
                let mut all = items.to_vec();
                all[index] = changed;
                (place, whole(all))
            })
        });
        changed.collect::<Vec<_>>()
    };
    match pattern {
        Pattern::Object(members) if !members.is_empty() => members
            .iter()
            .enumerate()
            .flat_map(|(index, (name, member))| {
                patterns(member, &format!("{place}/{name}")).into_iter().map(move |(place, changed)| {
                    let mut all = members.clone();
                    all[index].1 = changed;
                    (place, Pattern::Object(all))
                })
            })
            .collect(),
        Pattern::List(list) if !list.is_empty() => items(list, Pattern::List),
        Pattern::Set(list) if !list.is_empty() => items(list, Pattern::Set),
        Pattern::Contains(list) if !list.is_empty() => items(list, Pattern::Contains),
        _ => vec![(place.to_owned(), Pattern::Literal(Value::from(NOWHERE)))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_piece_is_changed_once() {
        let expect = Expect {
            code: vec![Code::Ok],
            head: vec![("date".to_owned(), HeaderPattern::Once)],
            body: Some(Pattern::Object(vec![
                ("details".to_owned(), Pattern::Object(vec![("sequence".to_owned(), Pattern::Any)])),
                ("result".to_owned(), Pattern::List(vec![Pattern::Any, Pattern::Absent])),
            ])),
            ..Expect::default()
        };
        let pieces: Vec<String> = of(&expect).into_iter().map(|mutant| mutant.piece).collect();
        assert_eq!(pieces, ["code", "headers/date", "body/details/sequence", "body/result/0", "body/result/1"]);
    }

    #[test]
    fn another_code_has_another_http_status_where_there_is_one() {
        let other = other_code(&[Code::InvalidArgument]);
        assert_ne!(other.http_status(), Code::InvalidArgument.http_status());
        let all_but: Vec<Code> = Code::ALL.iter().copied().filter(|code| *code != Code::Ok).collect();
        assert_eq!(other_code(&all_but), Code::Ok);
    }
}
