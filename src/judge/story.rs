//! What one transport answered to the case's own call, normalised so that it can be compared with what others did.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::expectation::{LIMITED, Place, chosen, describe_answer, error_value, is_limited, take_captures};
use super::trial::Scope;
use super::verdict::Observation;
use super::walk::Walk;
use crate::answer::{self, Answer, Reading};
use crate::case::{Act, Captures, Duty};
use crate::contract::Contract;
use crate::contract::status::{Code, Status};
use crate::wire::{Exchange, Transport};

/// Captured values of at least this length are replaced by their names.
const NAMED: usize = 8;

/// One transport's story.
pub(super) struct Story {
    pub transport: Transport,
    pub exchange: u64,
    /// The code; where a JSON answer is no error object, its HTTP status.
    pub code: Result<Code, u16>,
    /// The HTTP status.
    pub http_status: u16,
    /// The content type: in lower case, without white space.
    pub content_type: String,
    /// The success message, normalised.
    pub message: Option<Value>,
    /// The error, normalised; `None` where the body was no error object.
    pub error: Option<Told>,
    /// `grpc-status-details-bin`: the code in it, and the rest normalised.
    pub status_bin: Option<(i64, Told)>,
    /// Kinds of the frames, in order.
    pub frames: Vec<&'static str>,
    /// Where the status stood.
    pub status_at: Option<&'static str>,
    /// How often the same call was made again with the same code and the same text.
    pub repeats: u32,
    /// The same call had another text when it was repeated.
    pub varies: bool,
    /// For a reader.
    pub described: String,
}

/// Text and details of an error.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub text: String,
    pub details: Vec<Value>,
}

impl Story {
    /// Whether a text of this server says something of the call: two equal calls had the same one.
    pub fn is_text_stable(&self) -> bool {
        self.repeats > 0 && !self.varies
    }
}

/// What makes values of two answers comparable.
#[derive(Clone, Copy)]
struct Names<'a> {
    captures: &'a Captures,
    volatile: &'a BTreeMap<String, BTreeSet<String>>,
}

/// The story of an observation. `Err`: there is none, for a reader.
pub(super) fn story(
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
                    Answer::Status(_) if is_limited(&act.step.expect, &reading) => return Err(LIMITED.to_owned()),
                    Answer::Status(_) => {
                        let story = tell(exchange, &reading, described, Names { captures: &captures, volatile });
                        told = story.map(|story| (story, act));
                    }
                    Answer::Unreadable { text, .. } | Answer::None { text, .. } => return Err(text.clone()),
                }
            }
            // Captures of earlier steps are names that the answer may hold.
            None => take_captures(&act.step, exchange, &reading, &mut captures),
            Some((story, main)) if is_same_call(act, main) => {
                let again = tell(exchange, &reading, String::new(), Names { captures: &captures, volatile });
                if let Some(again) = again.filter(|again| again.code == story.code) {
                    let text = |story: &Story| story.error.as_ref().map(|told| told.text.clone());
                    story.repeats += 1;
                    story.varies |= text(&again) != text(story);
                }
            }
            Some(_) => {}
        }
    }
    told.map(|(story, _)| story).ok_or_else(|| "the call of the case was not reached".to_owned())
}

/// Whether a step makes the call of the case again.
fn is_same_call(act: &Act, main: &Act) -> bool {
    act.step.is_call_of(&main.step) && act.identity == main.identity
}

fn tell(exchange: &Exchange, reading: &Reading, described: String, names: Names<'_>) -> Option<Story> {
    let answered = reading.answered()?;
    let told = |status: &Status| {
        let value = normalise(&error_value(status), names);
        Told {
            text: value.get("message").and_then(Value::as_str).unwrap_or_default().to_owned(),
            details: value.get("details").and_then(Value::as_array).cloned().unwrap_or_default(),
        }
    };
    let frames = reading.framed.iter().flat_map(|framed| &framed.frames);
    Some(Story {
        transport: exchange.transport,
        exchange: exchange.id,
        code: answered.code.ok_or(answered.http_status),
        http_status: answered.http_status,
        content_type: exchange.received.head().and_then(|head| head.first("content-type")).map_or_else(String::new, |label| {
            label.chars().filter(|letter| !letter.is_whitespace() && *letter != '"').collect::<String>().to_lowercase()
        }),
        message: answered.message.as_ref().map(|message| normalise(message, names)),
        error: answered.error.as_ref().map(told),
        status_bin: reading.details.as_ref().and_then(|details| details.as_ref().ok()).map(|status| (status.code, told(status))),
        frames: frames.map(|frame| if frame.is_trailer() { "trailer" } else { "data" }).collect(),
        status_at: reading.fields("grpc-status").next().map(|field| field.place.name()),
        repeats: 0,
        varies: false,
        described,
    })
}

/// Replaces captured values by their names and volatile ones by their form.
fn normalise(value: &Value, names: Names<'_>) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, member)| {
                    let member = if names.volatile.values().any(|members| members.contains(name)) && !member.is_object() {
                        json!(form(member))
                    } else {
                        normalise(member, names)
                    };
                    (name.clone(), member)
                })
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(|item| normalise(item, names)).collect()),
        // Short values are equal by chance; on one fixture set they need no name either.
        Value::String(text) if text.len() >= NAMED => match names.captures.iter().find(|(_, captured)| captured.as_str() == Some(text)) {
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
