//! Steps that were released together: each answer by itself, and what all of them show as a whole.

use super::expectation::{Difference, Met, Place, met};
use crate::case::{self, Act, Expect, Together};
use crate::contract::status::Code;

/// Compares the answers of acts that were released together; tells which of them shows it. The first act says what they show as a whole.
///
/// What no order of events excuses comes first, then what is wrong by itself, then what can't be known.
#[must_use]
pub fn met_together(acts: &[&Act], places: &[Place<'_>], counts: impl Fn(&Expect) -> bool) -> (usize, Met) {
    let nothing = Together::default();
    let together = acts.first().and_then(|act| act.step.together.as_ref()).unwrap_or(&nothing);
    let codes: Vec<Option<Code>> = places.iter().map(|place| place.reading.code()).collect();
    let count = |code: Code| codes.iter().filter(|it| **it == Some(code)).count() as u64;
    for (code, most) in &together.at_most {
        if count(*code) > *most {
            let last = codes.iter().rposition(|it| *it == Some(*code)).unwrap_or_default();
            return (last, differs("too-many", format!("{} at most {most} times", code.name()), told(&codes)));
        }
    }
    if let Some(path) = &together.distinct
        && let Some((at, value)) = repeated(path, places, &codes)
    {
        return (at, differs("not-distinct", format!("no two successes with the same {path}"), format!("{value} again")));
    }
    let is_unknown = |at: usize| codes.get(at).copied().flatten().is_some_and(|code| together.unknown.contains(&code));
    let each: Vec<Met> = acts
        .iter()
        .zip(places)
        .enumerate()
        .map(|(at, (act, place))| {
            if is_unknown(at) {
                Met::Unknown("whether the call took effect is unknown".to_owned())
            } else {
                met(&act.step.expect, *place, &counts)
            }
        })
        .collect();
    let wrong = each.iter().position(|met| matches!(met, Met::No(_)));
    if let Some(at) = wrong.or_else(|| each.iter().position(|met| *met != Met::Yes)) {
        return (at, each.into_iter().nth(at).unwrap_or(Met::Yes));
    }
    if together.distinct.is_some() && count(Code::Ok) < 2 {
        return (0, Met::Unknown(format!("fewer than two successes to compare: {}", told(&codes))));
    }
    (0, Met::Yes)
}

fn differs(kind: &'static str, expected: String, actual: String) -> Met {
    Met::No(vec![Difference { requirement: None, kind, expected, actual, place: "the answers together".to_owned() }])
}

/// The codes with their numbers.
fn told(codes: &[Option<Code>]) -> String {
    let counted = Code::ALL.into_iter().map(|code| (code, codes.iter().filter(|it| **it == Some(code)).count()));
    counted.filter(|(_, count)| *count > 0).map(|(code, count)| format!("{} {count} times", code.name())).collect::<Vec<_>>().join(", ")
}

/// The first success whose member another one before it has.
fn repeated(path: &str, places: &[Place<'_>], codes: &[Option<Code>]) -> Option<(usize, String)> {
    let mut seen = Vec::new();
    for (at, place) in places.iter().enumerate().filter(|(at, _)| codes.get(*at) == Some(&Some(Code::Ok))) {
        let found = place.reading.answered().and_then(|answered| case::value_at(answered.message.as_ref()?, path));
        let Some(value) = found.map(ToString::to_string) else { continue };
        if seen.contains(&value) {
            return Some((at, value));
        }
        seen.push(value);
    }
    None
}
