//! The agreement of a group: all transports tell the same story about the case's own call.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::expectation::{Place, chosen, describe_answer, error_value, take_captures};
use super::trial::Scope;
use super::verdict::{Judgement, Observation, Verdict, Violation};
use super::walk::Walk;
use crate::answer::{self, Answer, Answered};
use crate::case::{Act, Captures, Case, Duty};
use crate::contract::Contract;
use crate::contract::status::Code;
use crate::wire::{Exchange, Transport};

/// Captured values of at least this length are replaced by their names.
const NAMED: usize = 8;

/// One transport's story.
struct Story {
    transport: Transport,
    exchange: u64,
    code: Result<Code, u16>,
    /// The success message, normalised.
    message: Option<Value>,
    /// Error details with the message text, normalised; `None` where the body was no error object.
    error: Option<(Vec<Value>, String)>,
    /// The same call had another text when it was repeated: texts of this server aren't compared.
    text_varies: bool,
    described: String,
}

/// Compares the answers of a group to the case's own call.
///
/// `observations`: those of the trials, each with what its trial answers for. `requirements`: what the agreement answers for. `volatile`: members that are compared by presence and form.
#[must_use]
pub fn group(
    case: &Case,
    acts: &[Act],
    requirements: &[String],
    volatile: &BTreeMap<String, BTreeSet<String>>,
    observations: &[(&Scope, &Observation)],
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
    for (scope, observation) in observations {
        match story(acts, scope, observation, volatile, contract) {
            Ok(story) => stories.push(story),
            Err(reason) => {
                judgement.verdict = Verdict::Inconclusive;
                let transport = observation.transports.first().map(ToString::to_string).unwrap_or_default();
                judgement.reason = Some(format!("{transport}: {reason}"));
                return judgement;
            }
        }
    }
    let Some((reference, others)) = stories.split_first() else {
        judgement.verdict = Verdict::Inconclusive;
        judgement.reason = Some("no transport answered".to_owned());
        return judgement;
    };
    // Where one transport stands against all others, it is the one to name.
    for other in others {
        let Some((place, one, two)) = differs(reference, other, case.compare_messages) else { continue };
        judgement.verdict = Verdict::Fail;
        judgement.reason = Some(format!("{} and {} disagree at {place}", reference.transport, other.transport));
        for requirement in requirements {
            if judgement.violated.iter().any(|it| it.requirement == *requirement) {
                continue;
            }
            judgement.violated.push(Violation {
                requirement: requirement.clone(),
                kind: "disagrees".to_owned(),
                expected: format!("the same on {} and {}: {one}", reference.transport, other.transport),
                actual: format!("{two} on {} ({})", other.transport, other.described),
                place: place.clone(),
                exchange: Some(other.exchange),
            });
        }
    }
    judgement
}

fn story(
    acts: &[Act],
    scope: &Scope,
    observation: &Observation,
    volatile: &BTreeMap<String, BTreeSet<String>>,
    contract: &Contract,
) -> Result<Story, String> {
    let mut captures = observation.captures.clone();
    let mut told: Option<(Story, &Act)> = None;
    let mut walk = Walk::new(acts);
    let mut steps = observation.steps.iter().peekable();
    while let Some((index, act)) = walk.next(&mut captures) {
        let Some(exchange) = steps.next_if(|step| step.act == index).and_then(|step| step.attempts.last()) else { continue };
        let reading = answer::read(exchange, contract);
        let place = Place { exchange, reading: &reading, captures: &captures };
        walk.follow(&chosen(&act.step, place, |piece| scope.counts(piece)));
        match &mut told {
            None if act.duty == Duty::Main => {
                let described = describe_answer(place);
                match &reading.answer {
                    Answer::Status(answered) => told = Some((tell(exchange, answered, described, &captures, volatile), act)),
                    Answer::Unreadable { text, .. } | Answer::None { text, .. } => return Err(text.clone()),
                }
            }
            // Captures of earlier steps are names that the answer may hold.
            None => take_captures(&act.step, &reading, &mut captures),
            Some((story, main)) if act.step.kind == main.step.kind && act.identity == main.identity => {
                let again = reading.answered().map(|answered| tell(exchange, answered, String::new(), &captures, volatile));
                let text = |story: &Story| story.error.as_ref().map(|(_, text)| text.clone());
                story.text_varies |= again.is_some_and(|again| again.code == story.code && text(&again) != text(story));
            }
            Some(_) => {}
        }
    }
    told.map(|(story, _)| story).ok_or_else(|| "the call of the case was not reached".to_owned())
}

fn tell(
    exchange: &Exchange,
    answered: &Answered,
    described: String,
    captures: &Captures,
    volatile: &BTreeMap<String, BTreeSet<String>>,
) -> Story {
    let error = answered.error.as_ref().map(|status| {
        let value = normalise(&error_value(status), captures, volatile);
        let details = value.get("details").and_then(Value::as_array).cloned().unwrap_or_default();
        let message = value.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
        (details, message)
    });
    Story {
        transport: exchange.transport,
        exchange: exchange.id,
        code: answered.code.ok_or(answered.http_status),
        message: answered.message.as_ref().map(|message| normalise(message, captures, volatile)),
        error,
        text_varies: false,
        described,
    }
}

/// Replaces captured values by their names and volatile ones by their form.
fn normalise(value: &Value, captures: &Captures, volatile: &BTreeMap<String, BTreeSet<String>>) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, member)| {
                    let member = if volatile.values().any(|members| members.contains(name)) && !member.is_object() {
                        json!(form(member))
                    } else {
                        normalise(member, captures, volatile)
                    };
                    (name.clone(), member)
                })
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(|item| normalise(item, captures, volatile)).collect()),
        // Short values are equal by chance; on one fixture set they need no name either.
        Value::String(text) if text.len() >= NAMED => match captures.iter().find(|(_, captured)| captured.as_str() == Some(text)) {
            Some((name, _)) => json!(format!("<{name}>")),
            None => value.clone(),
        },
        other => other.clone(),
    }
}

/// What kind of value a volatile member has.
fn form(value: &Value) -> &'static str {
    match value {
        Value::String(text) if !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit()) => "<positive integer>",
        Value::String(text) if text.parse::<jiff::Timestamp>().is_ok() => "<instant>",
        Value::String(_) => "<text>",
        Value::Number(_) => "<number>",
        Value::Bool(_) => "<boolean>",
        Value::Null | Value::Array(_) | Value::Object(_) => "<other>",
    }
}

/// The first place where two stories differ, with what each says there.
fn differs(one: &Story, two: &Story, compare_messages: bool) -> Option<(String, String, String)> {
    let code = |story: &Story| story.code.map_or_else(|status| format!("HTTP status {status}"), |code| code.name().to_owned());
    let same_code = match (one.code, two.code) {
        (Ok(one), Ok(two)) => one == two,
        // Without an error object the HTTP status speaks for the code.
        (Ok(code), Err(status)) | (Err(status), Ok(code)) => code.http_status() == status,
        (Err(one), Err(two)) => one == two,
    };
    if !same_code {
        return Some(("code".to_owned(), code(one), code(two)));
    }
    if let (Some(left), Some(right)) = (&one.message, &two.message)
        && let Some((place, left, right)) = first_difference(left, right, "")
    {
        return Some((format!("body {place}"), left, right));
    }
    if let (Some((left, left_text)), Some((right, right_text))) = (&one.error, &two.error) {
        let domain = !left.is_empty() || !right.is_empty();
        if let Some((place, left, right)) = first_difference(&json!(left), &json!(right), "") {
            return Some((format!("error details {place}"), left, right));
        }
        let stable = !one.text_varies && !two.text_varies;
        if stable && (domain || compare_messages) && left_text != right_text {
            return Some(("error message".to_owned(), format!("`{left_text}`"), format!("`{right_text}`")));
        }
    }
    None
}

fn first_difference(one: &Value, two: &Value, place: &str) -> Option<(String, String, String)> {
    match (one, two) {
        (Value::Object(left), Value::Object(right)) => {
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            names.into_iter().find_map(|name| {
                let at = format!("{place}/{name}");
                match (left.get(name), right.get(name)) {
                    (Some(left), Some(right)) => first_difference(left, right, &at),
                    (left, right) => Some((at, shown(left), shown(right))),
                }
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            left.iter().zip(right).enumerate().find_map(|(index, (left, right))| first_difference(left, right, &format!("{place}/{index}")))
        }
        (left, right) if left == right => None,
        (left, right) => Some((if place.is_empty() { "/".to_owned() } else { place.to_owned() }, left.to_string(), right.to_string())),
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "absent".to_owned(), Value::to_string)
}
