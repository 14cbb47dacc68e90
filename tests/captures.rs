//! Real bytes: 66 exchanges recorded from a running ZITADEL server (a release of 2026) go through the decoder and the passive checks.
//!
//! A violation here is either a defect of ours, or it stands in [`KNOWN`] with the sentence of the specification that the server breaks.

use std::collections::BTreeSet;

use serde_json::Value;
use triwire::answer::{self, Answer};
use triwire::check;
use triwire::contract::Contract;
use triwire::wire::{
    Body, Defect, End, Exchange, Field, Framing, Head, HttpVersion, Intent, Received, Role, Sent, Timing, Transport, Wire, from_hex,
};

/// What this server really breaks: exchange, requirement, kind, and the sentence.
const KNOWN: &[(&str, &str, &str, &str)] = &[
    (
        "json.auth.none",
        "AUTH-WWW-AUTHENTICATE",
        "not-a-challenge",
        "RFC 9110, 11.6.1: WWW-Authenticate = #challenge; `auth header missing` is none: a challenge has a scheme and then a token68 or parameters",
    ),
    (
        "json.auth.garbage",
        "AUTH-WWW-AUTHENTICATE",
        "not-a-challenge",
        "RFC 9110, 11.6.1: WWW-Authenticate = #challenge; `Errors.Token.Invalid (AUTH-7fs1e)` is none",
    ),
];

/// Checks that can't judge any of these exchanges, and why.
const SILENT: &[(&str, &str)] = &[
    ("AUTH-CHALLENGE-ERROR", "no answer has a Bearer challenge"),
    ("HTTP-405-ALLOW", "no answer is a 405"),
    ("GRPC-COMPRESSION-ACCEPT-HEADER", "no answer refuses a compression"),
    ("GRPC-TRAILERS-END-STREAM", "frames were not recorded"),
    ("GRPC-H2-RESPONSE-FIELDS", "frames were not recorded, nor the order of pseudo-fields"),
    ("GRPC-TRAILERS-ONLY-SHAPE", "errors come as two header blocks"),
    ("CORS-EXPOSE-STATUS", "no page calls, they only ask"),
    ("SEC-NO-HEADER-SPLITTING", "no request tries to make a field up"),
    ("SEC-NO-REFLECTED-HTML", "no request has HTML in it"),
    ("DISC-REFLECTION", "nobody asked for descriptors"),
    ("DISC-OPENAPI", "nobody asked for the document"),
];

/// The recorded exchanges, in file order.
fn recorded() -> Vec<Value> {
    include_str!("data/exchanges.jsonl").lines().map(|line| serde_json::from_str(line).expect("a line is a JSON object")).collect()
}

fn fields(value: &Value) -> Vec<Field> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .map(|pair| Field::new(pair[0].as_str().unwrap_or_default(), pair[1].as_str().unwrap_or_default()))
        .collect()
}

fn octets(value: &Value) -> Vec<u8> {
    match (&value["body_hex"], &value["body"]) {
        (Value::String(hex), _) => from_hex(hex).expect("body_hex is hexadecimal"),
        (_, Value::String(text)) => text.clone().into_bytes(),
        _ => Vec::new(),
    }
}

fn exchange(id: u64, line: &Value, contract: &Contract) -> Exchange {
    let (request, response) = (&line["request"], &line["response"]);
    let wire: Wire = line["encoding"].as_str().unwrap().parse().unwrap();
    let is_h2 = response["http_version"] == "HTTP/2";
    let transport = Transport::new(wire, if is_h2 { HttpVersion::H2 } else { HttpVersion::H1 });
    let all = fields(&request["headers"]);
    let pseudo = |name: &str| all.iter().find(|field| field.is(name)).map(|field| field.value.text().into_owned());
    let text = |key: &str| request[key].as_str().map(str::to_owned).or_else(|| pseudo(&format!(":{key}"))).unwrap_or_default();
    let (verb, path) = (text("method"), text("path"));
    // The operation is that of the path: `operation` names what the recorder meant.
    let rpc = if wire == Wire::Json {
        contract.descriptors.route(&verb, &path).map(|(method, _)| method.full_name())
    } else {
        let name = path.trim_start_matches('/');
        contract.descriptors.method(name).filter(|_| verb == "POST").map(|method| method.full_name())
    };
    let note = line["id"].as_str().unwrap_or_default();
    let defect = match note {
        _ if rpc.is_none() => Some(Defect::Path),
        "json.add.body.open" | "json.add.body.bad-utf8" => Some(Defect::Message),
        "grpc.timeout.1n" => Some(Defect::Head),
        _ => None,
    };
    let mut head = fields(&response["headers"]);
    if is_h2 {
        head.insert(0, Field::new(":status", response["status"].to_string()));
    }
    let trailers = fields(&response["trailers"]);
    let chunked = head.iter().any(|field| field.is("transfer-encoding"));
    let content = octets(response);
    let framing = match (is_h2, chunked) {
        (true, _) => None,
        (false, true) => Some(Framing::Chunked { last: true }),
        (false, false) => Some(Framing::Length(content.len() as u64)),
    };
    Exchange {
        id,
        transport,
        intent: Intent { role: Role::Trial, rpc, defect, area: None, profile: None },
        sent: Sent {
            verb,
            scheme: "http".to_owned(),
            authority: text("host"),
            path,
            fields: all.iter().filter(|field| !field.name.0.starts_with(b":")).cloned().collect(),
            content: Body::whole(octets(request)),
            raw: false,
        },
        received: Received {
            heads: vec![Head { status: response["status"].as_u64().and_then(|status| u16::try_from(status).ok()), fields: head }],
            content: Body::whole(content),
            undone_coding: None,
            trailers: (!trailers.is_empty()).then_some(trailers),
            // HTTP/2 frames were not recorded: checks that read them are not applicable.
            frames: None,
            framing,
            end: End::Complete,
        },
        timing: Timing::default(),
    }
}

/// The two CORS preflights are no calls.
fn is_preflight(line: &Value) -> bool {
    line["id"].as_str().is_some_and(|id| id.contains("preflight"))
}

#[test]
fn every_recorded_call_is_read_as_the_recorder_read_it() {
    let contract = Contract::built_in();
    let lines = recorded();
    assert_eq!(lines.len(), 66);
    assert_eq!(lines.iter().filter(|line| is_preflight(line)).count(), 2);
    for (number, line) in (1..).zip(lines.iter().filter(|line| !is_preflight(line))) {
        let name = line["id"].as_str().unwrap();
        let reading = answer::read(&exchange(number, line, contract), contract);
        let Answer::Status(answered) = &reading.answer else { panic!("{name}: {:?}", reading.answer) };
        assert_eq!(Some(u64::from(answered.http_status)), line["response"]["status"].as_u64(), "{name}");
        let code = answered.code.unwrap_or_else(|| panic!("{name} has no code"));
        match line["response"]["grpc_status"].as_u64() {
            Some(status) => assert_eq!(u64::from(code.number()), status, "{name}"),
            None => assert_eq!(code.http_status(), answered.http_status, "{name}"),
        }
        if let Some(message) = line["response"]["grpc_message"].as_str() {
            assert_eq!(answered.error.as_ref().unwrap().message, message, "{name}");
        }
        if let Some(detail) = line["response"]["decoded_details"]["details"].get(0) {
            let ours = &answered.error.as_ref().unwrap().details[0];
            assert_eq!(ours.type_url, detail["type_url"].as_str().unwrap(), "{name}");
            assert_eq!(ours.value["id"], detail["json"]["id"], "{name}");
        }
        if let Some(frame) = line["response"]["frames"].get(0).filter(|_| code.number() == 0) {
            for (key, value) in frame["json"].as_object().unwrap() {
                assert!(answered.message.as_ref().unwrap().get(key).is_some() || value == false, "{name}: {key} is not read");
            }
        }
    }
}

#[test]
fn no_passive_check_fails_a_real_server_without_a_sentence_of_its_specification() {
    let contract = Contract::built_in();
    let mut judged = BTreeSet::new();
    let mut unexpected = Vec::new();
    let mut known_seen = BTreeSet::new();
    // What every answer has to keep to holds of those to preflights as well.
    for (number, line) in (1..).zip(recorded().iter()) {
        let name = line["id"].as_str().unwrap();
        let exchange = exchange(number, line, contract);
        let reading = answer::read(&exchange, contract);
        for seen in check::examine(&exchange, &reading, contract) {
            judged.insert(seen.requirement.clone());
            let Some(finding) = seen.violated else { continue };
            let known =
                KNOWN.iter().any(|(id, requirement, kind, _)| *id == name && *requirement == seen.requirement && *kind == finding.kind);
            if known {
                known_seen.insert((name.to_owned(), seen.requirement.clone()));
            } else {
                unexpected.push(format!(
                    "{name}: {} {}: expected {}, got {} at {}",
                    seen.requirement, finding.kind, finding.expected, finding.actual, finding.place
                ));
            }
        }
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
    assert_eq!(known_seen.len(), KNOWN.len(), "a listed violation is not seen any more");
    let silent: Vec<&str> =
        check::CHECKS.iter().flat_map(|family| family.iter()).map(|check| check.requirement).filter(|id| !judged.contains(*id)).collect();
    let explained: Vec<&str> = SILENT.iter().map(|(id, _)| *id).collect();
    let unexplained: Vec<&&str> = silent.iter().filter(|id| !explained.contains(id)).collect();
    assert!(unexplained.is_empty(), "checks that judged none of the recorded exchanges: {unexplained:?}");
    let stale: Vec<&&str> = explained.iter().filter(|id| !silent.contains(id)).collect();
    assert!(stale.is_empty(), "checks that are called silent but judged: {stale:?}");
}

/// The cases ask with other origins and paths; what they expect of the answer is met by those of a real server.
#[test]
fn the_recorded_answers_to_preflights_allow_what_cases_ask_for() {
    let contract = Contract::built_in();
    let suite = triwire::case::Suite::built_in(contract).expect("the built-in suite has no mistakes");
    let captures = triwire::target::browser::captures(&["https://example.org".to_owned()]);
    let mut met = 0;
    for (id, case) in [("json.cors.preflight.plain", "cors::lets-a-page-post-JSON"), ("web.cors.preflight.std", "cors::lets-a-page-call")] {
        let line = recorded().into_iter().find(|line| line["id"] == id).unwrap();
        let exchange = exchange(1, &line, contract);
        let reading = answer::read(&exchange, contract);
        let case = suite.cases.iter().find(|it| it.id == case).unwrap();
        let place = triwire::judge::Place { exchange: &exchange, reading: &reading, captures: &captures };
        assert_eq!(triwire::judge::met(&case.main.expect, place, |_| true), triwire::judge::Met::Yes, "{id}");
        met += 1;
    }
    assert_eq!(met, 2);
}
