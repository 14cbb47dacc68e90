//! The agreement of a group: all transports tell the same story about the case's own call.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::story::{Story, Told, story};
use super::trial::Scope;
use super::verdict::{Judgement, Observation, SkipReason, Verdict, Violation};
use crate::case::{Act, Case, Compare};
use crate::contract::Contract;

/// Where two stories differ, with what each says there.
struct Difference {
    place: String,
    one: String,
    two: String,
}

/// A trial as its group's agreement sees it.
#[derive(Debug, Clone)]
pub struct Member {
    /// What it answers for.
    pub scope: Scope,
    /// What it showed.
    pub observation: Observation,
    /// Its own verdict.
    pub judgement: Judgement,
}

/// The agreement of a group. What isn't applicable, or may not be done, on all transports but one leaves nothing to compare.
#[must_use]
pub fn agreement(
    case: &Case,
    acts: &[Act],
    requirements: &[String],
    volatile: &BTreeMap<String, BTreeSet<String>>,
    members: &[Member],
    contract: &Contract,
) -> Judgement {
    let told: Vec<&Member> = members.iter().filter(|it| it.judgement.verdict != Verdict::Skip).collect();
    match members.iter().find(|it| it.judgement.verdict == Verdict::Skip) {
        Some(skipped) if told.len() < 2 => Judgement { requirements: requirements.to_vec(), ..skipped.judgement.clone() },
        _ => {
            let mut judgement = group(case, acts, requirements, volatile, &told, contract);
            // Who refuses everything, or answers nothing to everything, does so alike on all wires.
            if judgement.verdict == Verdict::Pass && !members.iter().any(|it| it.judgement.verdict == Verdict::Pass) {
                let reason = "the answers are alike, but none of them is one that passed";
                if told.iter().all(|it| answered_for(it, requirements)) {
                    nothing_to_compare(&mut judgement, reason.to_owned());
                } else {
                    judgement.verdict = Verdict::Inconclusive;
                    judgement.reason = Some(reason.to_owned());
                }
            }
            judgement
        }
    }
}

/// Compares the answers of a group to the case's own call.
///
/// `members`: those that are compared. `requirements`: what the agreement answers for. `volatile`: members that are compared by presence and form.
#[must_use]
fn group(
    case: &Case,
    acts: &[Act],
    requirements: &[String],
    volatile: &BTreeMap<String, BTreeSet<String>>,
    members: &[&Member],
    contract: &Contract,
) -> Judgement {
    let mut judgement = Judgement {
        verdict: Verdict::Pass,
        requirements: requirements.to_vec(),
        violated: Vec::new(),
        reason: None,
        skip: None,
        live: Vec::new(),
    };
    let mut stories = Vec::new();
    let mut untold = None;
    for member in members {
        match story(acts, &member.scope, &member.observation, volatile, contract) {
            Ok(story) => stories.push(story),
            Err(reason) => {
                let transport = member.observation.transports.first().map(ToString::to_string).unwrap_or_default();
                let reason = format!("{transport}: {reason}");
                if !answered_for(member, requirements) {
                    judgement.verdict = Verdict::Inconclusive;
                    judgement.reason = Some(reason);
                    return judgement;
                }
                untold.get_or_insert(reason);
            }
        }
    }
    if let Some(reason) = untold.filter(|_| stories.len() < 2) {
        nothing_to_compare(&mut judgement, format!("nothing is left to compare: {reason}, for which its own trial failed"));
        return judgement;
    }
    let Some((most, other, difference)) = disagreement(&stories, case.compare) else {
        if stories.is_empty() {
            judgement.verdict = Verdict::Inconclusive;
            judgement.reason = Some("no transport answered".to_owned());
        }
        return judgement;
    };
    let Difference { place, one, two } = difference;
    judgement.verdict = Verdict::Fail;
    judgement.reason = Some(format!("{} and {} disagree at {place}", most.transport, other.transport));
    judgement.violated = requirements
        .iter()
        .map(|requirement| Violation {
            requirement: requirement.clone(),
            kind: "disagrees".to_owned(),
            expected: format!("the same on {} and {}: {one}", most.transport, other.transport),
            actual: format!("{two} on {} ({})", other.transport, other.described),
            place: place.clone(),
            exchange: Some(other.exchange),
        })
        .collect();
    judgement
}

fn nothing_to_compare(judgement: &mut Judgement, reason: String) {
    judgement.verdict = Verdict::Skip;
    judgement.skip = Some(SkipReason::NotApplicable);
    judgement.reason = Some(reason);
}

/// Whether the trial itself failed for all that the agreement answers for: that is told once, there.
fn answered_for(member: &Member, requirements: &[String]) -> bool {
    let violates = |requirement: &String| member.judgement.violated.iter().any(|it| it.requirement == *requirement);
    member.judgement.verdict == Verdict::Fail && requirements.iter().all(violates)
}

/// The first story that differs, beside one that most others agree with: where one transport stands against all others, it is the one to name.
fn disagreement(stories: &[Story], compare: Compare) -> Option<(&Story, &Story, Difference)> {
    let others = |one: &Story| stories.iter().filter(|two| differs(one, two, compare).is_some()).count();
    let fewest = stories.iter().map(others).min()?;
    let most = stories.iter().find(|story| others(story) == fewest)?;
    let found = stories.iter().find_map(|other| Some((most, other, differs(most, other, compare)?)));
    // Which pairs are compared in full depends on the pair, so that the one that all others seem to agree with may have no partner.
    found.or_else(|| stories.iter().find_map(|one| stories.iter().find_map(|two| Some((one, two, differs(one, two, compare)?)))))
}

/// The first place where two stories differ.
fn differs(one: &Story, two: &Story, compare: Compare) -> Option<Difference> {
    let code = |story: &Story| story.code.map_or_else(|status| format!("HTTP status {status}"), |code| code.name().to_owned());
    let same_code = match (one.code, two.code) {
        (Ok(one), Ok(two)) => one == two,
        // Without an error object the HTTP status speaks for the code.
        (Ok(code), Err(status)) | (Err(status), Ok(code)) => code.http_status() == status,
        (Err(one), Err(two)) => one == two,
    };
    if !same_code {
        return Some(Difference { place: "code".to_owned(), one: code(one), two: code(two) });
    }
    if compare == Compare::Codes {
        return None;
    }
    if compare == Compare::Heads
        && one.transport.wire == two.transport.wire
        && let Some(difference) = heads_differ(one, two)
    {
        return Some(difference);
    }
    if compare != Compare::Errors
        && let (Some(left), Some(right)) = (&one.message, &two.message)
        && let Some(difference) = first_difference(left, right, "body ")
    {
        return Some(difference);
    }
    let stable = one.is_text_stable() && two.is_text_stable();
    if let (Some(left), Some(right)) = (&one.error, &two.error) {
        let is_domain = !left.details.is_empty() || !right.details.is_empty();
        let with_text = stable && (is_domain || compare != Compare::Answers);
        if let Some(difference) = errors_differ(left, right, with_text, "error ") {
            return Some(difference);
        }
    }
    // Between HTTP versions a server may choose other frames.
    if compare == Compare::Frames && one.transport.http == two.transport.http { frames_differ(one, two, stable) } else { None }
}

fn errors_differ(left: &Told, right: &Told, with_text: bool, place: &str) -> Option<Difference> {
    first_difference(&json!(left.details), &json!(right.details), &format!("{place}details ")).or_else(|| {
        (with_text && left.text != right.text).then(|| Difference {
            place: format!("{place}message"),
            one: format!("`{}`", left.text),
            two: format!("`{}`", right.text),
        })
    })
}

/// HTTP status and content type.
fn heads_differ(one: &Story, two: &Story) -> Option<Difference> {
    let differ = |place: &str, one: String, two: String| (one != two).then(|| Difference { place: place.to_owned(), one, two });
    let kind = |story: &Story| if story.content_type.is_empty() { "none".to_owned() } else { story.content_type.clone() };
    differ("HTTP status", one.http_status.to_string(), two.http_status.to_string()).or_else(|| differ("content type", kind(one), kind(two)))
}

/// Kinds and order of frames, the place of the status, and the binary status.
fn frames_differ(one: &Story, two: &Story, with_text: bool) -> Option<Difference> {
    let order = |story: &Story| if story.frames.is_empty() { "no frame".to_owned() } else { story.frames.join(", ") };
    let status_at = |story: &Story| story.status_at.unwrap_or("nowhere").to_owned();
    let differ = |place: &str, one: String, two: String| (one != two).then(|| Difference { place: place.to_owned(), one, two });
    differ("frames", order(one), order(two)).or_else(|| differ("place of grpc-status", status_at(one), status_at(two))).or_else(|| {
        match (&one.status_bin, &two.status_bin) {
            (Some((left_code, left)), Some((right_code, right))) => {
                differ("code in grpc-status-details-bin", left_code.to_string(), right_code.to_string())
                    .or_else(|| errors_differ(left, right, with_text, "grpc-status-details-bin, "))
            }
            (left, right) => {
                let shown = |status: &Option<_>| if status.is_some() { "present" } else { "absent" }.to_owned();
                differ("grpc-status-details-bin", shown(left), shown(right))
            }
        }
    })
}

fn first_difference(one: &Value, two: &Value, place: &str) -> Option<Difference> {
    match (one, two) {
        (Value::Object(left), Value::Object(right)) => {
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            names.into_iter().find_map(|name| {
                let at = format!("{place}/{name}");
                match (left.get(name), right.get(name)) {
                    (Some(left), Some(right)) => first_difference(left, right, &at),
                    (left, right) => Some(Difference { place: at, one: shown(left), two: shown(right) }),
                }
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            left.iter().zip(right).enumerate().find_map(|(index, (left, right))| first_difference(left, right, &format!("{place}/{index}")))
        }
        (left, right) if left == right => None,
        (left, right) => Some(Difference { place: place.trim_end().to_owned(), one: left.to_string(), two: right.to_string() }),
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "absent".to_owned(), Value::to_string)
}
