//! One answer against one expectation. The run asks again by the same function that the judge decides with.

use crate::answer::{self, Answer, Answered, Reading};
use crate::case::{self, Alternative, Captures, Ending, Expect, HeaderPattern, Mismatch, StatusPattern, Step, Text, TextPart};
use crate::contract::status::{Code, Status};
use crate::wire::h1_head::LIKE_HTTP2;
use crate::wire::{End, Exchange, Phase, Wire};

/// Whether an answer meets an expectation.
#[derive(Debug, Clone, PartialEq)]
pub enum Met {
    /// It does, in everything.
    Yes,
    /// It doesn't.
    No(Vec<Difference>),
    /// Nothing can be said: there is no answer, or it speaks of a limit of the moment.
    Unknown(String),
}

/// How an answer differs from an expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The requirement that the piece of the expectation claims.
    pub requirement: Option<String>,
    /// A stable word.
    pub kind: &'static str,
    /// All that would have been right.
    pub expected: String,
    /// What was there.
    pub actual: String,
    /// Where.
    pub place: String,
}

/// What the answer is compared in.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The exchange.
    pub exchange: &'a Exchange,
    /// What was read from it.
    pub reading: &'a Reading,
    /// Captures until then.
    pub captures: &'a Captures,
}

/// Compares an answer with the pieces of an expectation; pieces that `counts` refuses (another wire's, another profile's) are left out.
#[must_use]
pub fn met(pieces: &[Expect], place: Place<'_>, counts: impl Fn(&Expect) -> bool) -> Met {
    let counted: Vec<&Expect> = pieces.iter().filter(|piece| counts(piece)).collect();
    if let Answer::None { text, .. } = &place.reading.answer {
        // Where an expectation says how the exchange may end, running out of time is an end like any other.
        let judged = counted.iter().flat_map(|piece| piece.with_alternatives()).any(|piece| !piece.ends.is_empty());
        if !judged
            || !matches!(place.exchange.received.end, End::TimedOut { phase: Phase::Head | Phase::Window | Phase::Content | Phase::Whole })
        {
            return Met::Unknown(text.clone());
        }
    }
    if is_limited(counted.iter().copied(), place.reading) {
        return Met::Unknown(LIMITED.to_owned());
    }
    let differences: Vec<Difference> = counted.into_iter().flat_map(|piece| compare(piece, place)).collect();
    if differences.is_empty() { Met::Yes } else { Met::No(differences) }
}

/// Why nothing can be said of a call that was made too early.
pub(crate) const LIMITED: &str = "the target limits the rate of calls";

/// Whether an answer tells of a limit that no piece expects.
pub(crate) fn is_limited<'a>(pieces: impl IntoIterator<Item = &'a Expect>, reading: &Reading) -> bool {
    is_limit(reading) && !pieces.into_iter().any(expects_limit)
}

/// 429 and RESOURCE_EXHAUSTED speak of the moment, not of the call.
fn is_limit(reading: &Reading) -> bool {
    reading.answered().is_some_and(|answered| answered.http_status == 429 || answered.code == Some(Code::ResourceExhausted))
}

fn expects_limit(piece: &Expect) -> bool {
    piece.with_alternatives().any(speaks_of_limit)
}

fn speaks_of_limit(piece: &Expect) -> bool {
    piece.code.contains(&Code::ResourceExhausted)
        || matches!(&piece.status, Some(StatusPattern::OneOf(list)) if list.contains(&429))
        || matches!(&piece.status, Some(StatusPattern::Class(4) | StatusPattern::Not(_) | StatusPattern::NotClass(_)))
        || piece.refused
}

/// The alternatives that this answer took, in the order of the pieces. Asked where the whole expectation is met.
#[must_use]
pub fn chosen<'a>(step: &'a Step, place: Place<'_>, counts: impl Fn(&Expect) -> bool) -> Vec<&'a Alternative> {
    step.expect.iter().filter(|piece| counts(piece)).filter_map(|piece| taken(piece, place)).collect()
}

/// The first alternative that holds.
fn taken<'a>(piece: &'a Expect, place: Place<'_>) -> Option<&'a Alternative> {
    piece.any.iter().find(|alternative| compare(&alternative.expect, place).is_empty())
}

fn compare(piece: &Expect, place: Place<'_>) -> Vec<Difference> {
    let mut differences = compare_itself(piece, place);
    if differences.is_empty() && !piece.any.is_empty() && taken(piece, place).is_none() {
        differences.push(none_holds(piece, place));
    }
    differences
}

/// No alternative holds. Where all fail in the same way, that is how the answer differs.
fn none_holds(piece: &Expect, place: Place<'_>) -> Difference {
    let mut all: Vec<Difference> = piece.any.iter().filter_map(|one| compare(&one.expect, place).into_iter().next()).collect();
    // An alternative that fits as far as the status tells is the one that was meant.
    let inside: Vec<Difference> = all.iter().filter(|it| matches!(it.kind, "body-differs" | "error-differs")).cloned().collect();
    if !inside.is_empty() {
        all = inside;
    }
    let expected = all.iter().map(|it| it.expected.as_str()).collect::<Vec<_>>().join(", or ");
    // Where an answer came, the alternatives without one don't say how it differs.
    let answers: Vec<Difference> = all.iter().filter(|it| it.kind != "end-differs").cloned().collect();
    if !answers.is_empty() && place.exchange.received.head().is_some() {
        all = answers;
    }
    let first = all.first().cloned();
    let kind = first.as_ref().map(|it| it.kind).filter(|kind| all.iter().all(|it| it.kind == *kind)).unwrap_or("no-alternative");
    let (actual, at) = first.map(|it| (it.actual, it.place)).unwrap_or_default();
    Difference { requirement: piece.requirement.clone(), kind, expected, actual, place: at }
}

fn compare_itself(piece: &Expect, place: Place<'_>) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut add = |kind, expected: String, actual: String, at: &str| {
        differences.push(Difference { requirement: piece.requirement.clone(), kind, expected, actual, place: at.to_owned() });
    };
    if let Some(pattern) = &piece.status {
        let status = place.exchange.received.head().and_then(|head| head.status);
        if !status.is_some_and(|status| allows(pattern, status)) {
            add("http-status-differs", describe_status(pattern), describe_answer(place), "head");
        }
    }
    for (name, pattern) in &piece.head {
        if let Some((expected, actual)) = compare_field(name, pattern, place) {
            add("field-differs", expected, actual, "head");
        }
    }
    if piece.refused && !is_refused(place) {
        add("not-refused", "a refusal".to_owned(), describe_answer(place), "status");
    }
    if piece.no_content && place.exchange.received.content.length > 0 {
        let actual = format!("{} octets of content", place.exchange.received.content.length);
        add("content-not-expected", "an answer without content".to_owned(), actual, "content");
    }
    if let Some((text, at)) = shown_text(&piece.hides, place) {
        add("shown", format!("nowhere `{text}`"), format!("`{text}`"), at);
    }
    if !piece.ends.is_empty() && !piece.ends.iter().any(|ending| ends_so(*ending, place.exchange)) {
        add("end-differs", describe_ends(&piece.ends), describe_answer(place), "end");
    }
    if piece.code.is_empty() && piece.body.is_none() && piece.error.is_none() {
        return differences;
    }
    let answered = match &place.reading.answer {
        Answer::Status(answered) => answered,
        Answer::Unreadable { kind, text } => {
            add(kind, describe_codes(&piece.code), text.clone(), "answer");
            return differences;
        }
        Answer::None { text, .. } => {
            add("no-answer", describe_codes(&piece.code), text.clone(), "answer");
            return differences;
        }
    };
    if !piece.code.is_empty()
        && let Some(kind) = code_differs(&piece.code, answered, place.exchange.transport.wire)
    {
        add(kind, describe_codes_on(&piece.code, place.exchange.transport.wire), describe_answer(place), "status");
        return differences;
    }
    if let Some(pattern) = &piece.body {
        for Mismatch { place, expected, actual } in case::matches(pattern, answered.message.as_ref(), place.captures) {
            add("body-differs", expected, actual, &format!("body {place}"));
        }
    }
    // On JSON the details of an error are judged where its body is an error object.
    if let Some(pattern) = &piece.error
        && let Some(value) = answered.error.as_ref().map(error_value)
    {
        for Mismatch { place, expected, actual } in case::matches(pattern, Some(&value), place.captures) {
            add("error-differs", expected, actual, &format!("error {place}"));
        }
    }
    differences
}

/// An error as case files see it: `{ message, details: [{ @type, ... }] }`.
#[must_use]
pub(crate) fn error_value(status: &Status) -> serde_json::Value {
    let details: Vec<serde_json::Value> = status
        .details
        .iter()
        .map(|detail| {
            let mut members = serde_json::Map::new();
            members.insert("@type".to_owned(), type_name(&detail.type_url).into());
            if let serde_json::Value::Object(object) = &detail.value {
                members.extend(object.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            serde_json::Value::Object(members)
        })
        .collect();
    serde_json::json!({ "message": status.message, "details": details })
}

/// The name after the last `/` of a type URL: hosts are free.
fn type_name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

fn allows(pattern: &StatusPattern, status: u16) -> bool {
    match pattern {
        StatusPattern::OneOf(list) => list.contains(&status),
        StatusPattern::Class(class) => status / 100 == u16::from(*class),
        StatusPattern::Not(list) => !list.contains(&status),
        StatusPattern::NotClass(class) => status / 100 != u16::from(*class),
    }
}

fn describe_status(pattern: &StatusPattern) -> String {
    let list = |list: &[u16]| list.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ");
    match pattern {
        StatusPattern::OneOf(allowed) => format!("HTTP status {}", list(allowed)),
        StatusPattern::Class(class) => format!("HTTP status {class}xx"),
        StatusPattern::Not(forbidden) => format!("another HTTP status than {}", list(forbidden)),
        StatusPattern::NotClass(class) => format!("another HTTP status than {class}xx"),
    }
}

fn ends_so(ending: Ending, exchange: &Exchange) -> bool {
    let received = &exchange.received;
    if ending == Ending::Http2 {
        return matches!(&received.end, End::Malformed { text } if text.ends_with(LIKE_HTTP2));
    }
    if ending == Ending::Closed && !(received.heads.is_empty() && received.content.length == 0) {
        return false;
    }
    matches!(
        (ending, &received.end),
        // RFC 9113, 8.1: a server may send RST_STREAM with NO_ERROR after a complete response.
        (Ending::Complete, End::Complete | End::Reset { code: 0 })
            | (Ending::Closed | Ending::Lost, End::Closed { .. })
            | (Ending::TimedOut, End::TimedOut { .. })
            | (Ending::Reset, End::Reset { code: 1.. })
            | (Ending::NoError, End::Reset { code: 0 })
            | (Ending::ProtocolError, End::Reset { code: 1 } | End::GoAway { code: 1 })
            | (Ending::Cancelled, End::Reset { code: 8 })
            | (Ending::GoAway, End::GoAway { .. })
    )
}

fn describe_ends(endings: &[Ending]) -> String {
    let words = endings.iter().map(|ending| match ending {
        Ending::Complete => "a whole answer",
        Ending::Closed => "a closed connection without any answer",
        Ending::Lost => "a closed connection",
        Ending::TimedOut => "no answer in time",
        Ending::Reset => "a reset of the stream",
        Ending::NoError => "a whole answer, then RST_STREAM with NO_ERROR",
        Ending::ProtocolError => "PROTOCOL_ERROR",
        Ending::Cancelled => "RST_STREAM with CANCEL",
        Ending::GoAway => "GOAWAY",
        Ending::Http2 => "HTTP/2, which the target alone speaks there",
    });
    words.collect::<Vec<_>>().join(" or ")
}

fn compare_field(name: &str, pattern: &HeaderPattern, place: Place<'_>) -> Option<(String, String)> {
    let head = place.exchange.received.head()?;
    let values: Vec<&[u8]> = head.all(name).collect();
    let shown = || {
        if values.is_empty() {
            format!("no field {name}")
        } else {
            values.iter().map(|value| format!("{name}: {}", String::from_utf8_lossy(value))).collect::<Vec<_>>().join(" | ")
        }
    };
    match pattern {
        HeaderPattern::Absent if values.is_empty() => None,
        HeaderPattern::Absent => Some((format!("no field {name}"), shown())),
        HeaderPattern::Once if values.len() == 1 => None,
        HeaderPattern::Once => Some((format!("exactly one field {name}"), shown())),
        HeaderPattern::Not(forbidden) => {
            let forbidden = resolved(forbidden, place.captures);
            let found = values.iter().any(|value| forbidden.iter().any(|text| text == value));
            let list = || forbidden.iter().map(|text| String::from_utf8_lossy(text)).collect::<Vec<_>>().join(" or ");
            found.then(|| (format!("no {name} with {}", list()), shown()))
        }
        HeaderPattern::Lists(wanted) => {
            let elements: Vec<&[u8]> =
                values.iter().flat_map(|value| value.split(|octet| *octet == b',')).map(<[u8]>::trim_ascii).collect();
            let missing: Vec<String> = resolved(wanted, place.captures)
                .into_iter()
                .filter(|text| !elements.iter().any(|element| element.eq_ignore_ascii_case(text)))
                .map(|text| String::from_utf8_lossy(&text).into_owned())
                .collect();
            (!missing.is_empty()).then(|| (format!("{name} that lists {}", missing.join(", ")), shown()))
        }
        HeaderPattern::Values(wanted) => {
            if let [Text(parts)] = wanted.as_slice()
                && let [TextPart::Capture(capture)] = parts.as_slice()
                && place.captures.get(capture).is_some_and(serde_json::Value::is_null)
            {
                return (!values.is_empty()).then(|| (format!("no field {name}"), shown()));
            }
            let wanted = resolved(wanted, place.captures);
            let equal = wanted.len() == values.len() && wanted.iter().zip(&values).all(|(wanted, value)| wanted == value);
            let expected =
                || wanted.iter().map(|value| format!("{name}: {}", String::from_utf8_lossy(value))).collect::<Vec<_>>().join(" | ");
            (!equal).then(|| (expected(), shown()))
        }
    }
}

fn resolved(texts: &[Text], captures: &Captures) -> Vec<Vec<u8>> {
    texts.iter().map(|text| case::resolve_text(text, captures).map(|octets| octets.0).unwrap_or_default()).collect()
}

/// The first of these texts that stands in the answer, and where: in a field, in the content as it came and as it was decoded.
fn shown_text(texts: &[Text], place: Place<'_>) -> Option<(String, &'static str)> {
    if texts.is_empty() {
        return None;
    }
    let texts: Vec<Vec<u8>> = resolved(texts, place.captures).into_iter().filter(|text| !text.is_empty()).collect();
    answer::places(place.exchange, place.reading).into_iter().find_map(|(at, octets)| {
        let found = texts.iter().find(|text| octets.windows(text.len()).any(|window| window == text.as_slice()))?;
        Some((String::from_utf8_lossy(found).into_owned(), at))
    })
}

/// The catalogue's definition: a status other than 0, an HTTP status other than 200, or RST_STREAM with another code than NO_ERROR.
fn is_refused(place: Place<'_>) -> bool {
    if matches!(place.exchange.received.end, End::Reset { code } if code != 0) {
        return true;
    }
    if place.exchange.received.head().and_then(|head| head.status).is_some_and(|status| status != 200) {
        return true;
    }
    place.reading.code().is_some_and(|code| code != Code::Ok)
}

fn code_differs(codes: &[Code], answered: &Answered, wire: Wire) -> Option<&'static str> {
    let expects_success = codes == [Code::Ok];
    if wire != Wire::Json {
        return match answered.code {
            Some(code) if codes.contains(&code) => None,
            Some(Code::Ok) => Some("accepted"),
            _ if expects_success => Some("refused"),
            _ => Some("code-differs"),
        };
    }
    let by_status = codes.iter().any(|code| code.http_status() == answered.http_status);
    match answered.code {
        Some(code) if !codes.contains(&code) => Some(if code == Code::Ok {
            "accepted"
        } else if expects_success {
            "refused"
        } else {
            "code-differs"
        }),
        Some(_) if !by_status => Some("http-status-differs"),
        None if !by_status => Some(if expects_success { "refused" } else { "http-status-differs" }),
        _ => None,
    }
}

fn describe_codes(codes: &[Code]) -> String {
    if codes.is_empty() {
        return "an answer that can be read".to_owned();
    }
    if let Some(forbidden) = all_but(codes) {
        return format!("another code than {forbidden}");
    }
    codes.iter().map(|code| format!("{} ({})", code.name(), code.number())).collect::<Vec<_>>().join(" or ")
}

/// The few codes that are missing where most are allowed.
fn all_but(codes: &[Code]) -> Option<String> {
    let missing: Vec<&str> = Code::ALL.iter().filter(|code| !codes.contains(code)).map(|code| code.name()).collect();
    (missing.len() < codes.len()).then(|| missing.join(" or "))
}

fn describe_codes_on(codes: &[Code], wire: Wire) -> String {
    if wire != Wire::Json || all_but(codes).is_some() {
        return describe_codes(codes);
    }
    codes
        .iter()
        .map(|code| format!("HTTP status {} with {} ({})", code.http_status(), code.name(), code.number()))
        .collect::<Vec<_>>()
        .join(" or ")
}

/// The status of an answer in words.
#[must_use]
pub(crate) fn describe_answer(place: Place<'_>) -> String {
    match &place.reading.answer {
        Answer::Unreadable { text, .. } | Answer::None { text, .. } => text.clone(),
        Answer::Status(answered) => {
            let code = answered.code.map_or_else(|| "no error object".to_owned(), |code| format!("{} ({})", code.name(), code.number()));
            let message = answered.error.as_ref().map(|error| error.message.as_str()).filter(|message| !message.is_empty());
            let message = message.map(|message| format!(": {message}")).unwrap_or_default();
            if place.exchange.transport.wire == Wire::Json {
                format!("HTTP status {} with {code}{message}", answered.http_status)
            } else {
                format!("{code}{message}")
            }
        }
    }
}

/// Keeps what a step captures from its answer. What the answer doesn't have stays as it was: that only matters to who uses it.
pub fn take_captures(step: &Step, exchange: &Exchange, reading: &Reading, captures: &mut Captures) {
    let Some(answered) = reading.answered() else { return };
    let error = answered.error.as_ref().map(error_value);
    for (name, path) in &step.capture {
        let value = match path.strip_prefix("head.") {
            Some(field) => {
                let (field, may_be_absent) = field.strip_suffix('?').map_or((field, false), |field| (field, true));
                let value = exchange.received.head().and_then(|head| head.first(field)).map(|value| value.into_owned().into());
                value.or_else(|| may_be_absent.then_some(serde_json::Value::Null))
            }
            None => case::take(path, answered.message.as_ref(), error.as_ref()),
        };
        if let Some(value) = value {
            captures.insert(name.clone(), value);
        }
    }
}
