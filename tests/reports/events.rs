//! Hand-made events: what a record holds, without a run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use triwire::check::{Finding, Seen};
use triwire::conclude::{Rule, Rules, Summary};
use triwire::contract::requirement::Level;
use triwire::judge::{Judgement, Observation, SkipReason, StepSeen, Verdict, Violation};
use triwire::record::{AgreementEnded, Event, Left, PassiveEnded, ProbeEnded, Recorder, RunEnded, RunStarted, TargetIdentity, TrialEnded};
use triwire::report;
use triwire::target::Presence;
use triwire::wire::{Body, End, Exchange, Field, Head, HttpVersion, Intent, Received, Role, Sent, Timing, Transport, Wire};

/// A small catalogue: SHAPE on every wire, STATE in two parts, FORMAT passive, HABIT a SHOULD.
pub(crate) fn rules() -> Rules {
    let rule = |title: &str, level, wires: &[Wire], parts: &[&str], passive| Rule {
        title: title.to_owned(),
        statement: format!("{title}, always and everywhere."),
        level,
        wires: wires.to_vec(),
        parts: parts.iter().map(|&part| part.to_owned()).collect(),
        parts_on: BTreeMap::new(),
        passive,
        source: "A specification, section 1".to_owned(),
        url: "https://example.org/specification#1".to_owned(),
    };
    let two = [Wire::Json, Wire::Grpc];
    Rules::from_iter([
        ("SHAPE".to_owned(), rule("Answers have details", Level::Must, &Wire::ALL, &[], false)),
        ("STATE".to_owned(), rule("Adds are stored", Level::Must, &two, &["add", "remove"], false)),
        ("FORMAT".to_owned(), rule("Labels are right", Level::Must, &two, &[], true)),
        ("HABIT".to_owned(), rule("Names are short", Level::Should, &two, &[], true)),
        ("NICETY".to_owned(), rule("Names are nice", Level::May, &[Wire::Json], &[], true)),
    ])
}

pub(crate) fn transport(wire: Wire) -> Transport {
    Transport::new(wire, if wire == Wire::Grpc { HttpVersion::H2 } else { HttpVersion::H1 })
}

pub(crate) fn started(planned: u64) -> RunStarted {
    RunStarted {
        triwire: "0.0.0".to_owned(),
        run: "r4nd0m".to_owned(),
        at: "2026-01-02T03:04:05Z".to_owned(),
        target: TargetIdentity {
            address: "http://127.0.0.1:8080".to_owned(),
            embedded: false,
            claimed: BTreeMap::from([("name".to_owned(), "demo".to_owned()), ("version".to_owned(), "1.2".to_owned())]),
            ..TargetIdentity::default()
        },
        suite: "example".to_owned(),
        suite_hash: "5u173".to_owned(),
        case_hashes: BTreeMap::new(),
        contract_hash: "c0n7".to_owned(),
        seed: 7,
        options: BTreeMap::from([("gate".to_owned(), "must".to_owned())]),
        known_failures: Vec::new(),
        planned,
        transports: vec![transport(Wire::Json), transport(Wire::Grpc)],
    }
}

pub(crate) fn ended() -> RunEnded {
    RunEnded { complete: true, interrupted: None, exchanges: 9, duration: 1_234_567 }
}

pub(crate) fn probe(wire: Wire, presence: Presence) -> Event {
    Event::ProbeEnded(ProbeEnded { transport: transport(wire), presence, claimed: true, exchange: exchange(1, wire), checks: Vec::new() })
}

pub(crate) fn left() -> Event {
    let [fixture, what, reason] = ["organization", "org.id 4711", "its removal took too long"].map(str::to_owned);
    Event::Left(Left { fixture, what, reason })
}

/// A call that is answered well, with a token in its head.
pub(crate) fn exchange(id: u64, wire: Wire) -> Exchange {
    let (path, content_type, request, response) = match wire {
        Wire::Json => ("/v1/things", "application/json", b"{\"it\":\"isn't\"}".to_vec(), b"{\"details\":{}}".to_vec()),
        _ => ("/demo.v1.Things/Add", "application/grpc", vec![0, 0, 0, 0, 2, 8, 1], vec![0, 0, 0, 0, 2, 10, 0]),
    };
    Exchange {
        id,
        transport: transport(wire),
        intent: Intent { role: Role::Trial, rpc: Some("demo.v1.Things/Add".to_owned()), defect: None, area: None, profile: None },
        sent: Sent {
            verb: "POST".to_owned(),
            scheme: "http".to_owned(),
            authority: "127.0.0.1:8080".to_owned(),
            path: path.to_owned(),
            fields: vec![
                Field::new("content-type", content_type),
                Field::new("authorization", "Bearer <run-token----->"),
                Field::new("x-empty", ""),
            ],
            content: Body::whole(request),
            raw: false,
        },
        received: Received {
            heads: vec![Head { status: Some(200), fields: vec![Field::new("content-type", content_type)] }],
            content: Body::whole(response),
            undone_coding: None,
            trailers: wire.is_binary().then(|| vec![Field::new("grpc-status", "0")]),
            frames: None,
            framing: None,
            end: End::Complete,
        },
        timing: Timing { at: id * 1000, connect: 0, head: 100, total: 200 },
    }
}

pub(crate) fn violation(requirement: &str, kind: &str, exchange: Option<u64>) -> Violation {
    Violation {
        requirement: requirement.to_owned(),
        kind: kind.to_owned(),
        expected: "an object".to_owned(),
        actual: "nothing".to_owned(),
        place: "body /details/0".to_owned(),
        exchange,
    }
}

pub(crate) fn judgement(verdict: Verdict, requirements: &[&str]) -> Judgement {
    Judgement {
        verdict,
        requirements: requirements.iter().map(|&id| id.to_owned()).collect(),
        violated: Vec::new(),
        reason: (verdict != Verdict::Pass).then(|| format!("because it is {verdict}")),
        skip: None,
        live: Vec::new(),
    }
}

/// A trial of `topic::CASE` on a wire; on pass the wire is live.
pub(crate) struct Trial(pub(crate) TrialEnded);

pub(crate) fn trial(case: &str, wire: Wire, verdict: Verdict, requirements: &[&str]) -> Trial {
    let transport = transport(wire);
    let mut judgement = judgement(verdict, requirements);
    if verdict == Verdict::Pass {
        judgement.live.push(wire);
    }
    if verdict == Verdict::Fail {
        judgement.violated = requirements.iter().map(|id| violation(id, "body-differs", None)).collect();
    }
    let observation = (verdict != Verdict::Skip).then(|| Observation {
        transports: vec![transport],
        captures: BTreeMap::new(),
        steps: Vec::new(),
        stopped: None,
    });
    Trial(TrialEnded {
        id: format!("topic::{case}::{}::{}", transport.wire, transport.http),
        case: format!("topic::{case}"),
        variant: None,
        transports: vec![transport],
        covers: Vec::new(),
        repeat: 1,
        compared: false,
        judgement,
        observation,
        checks: Vec::new(),
        duration: 1500,
    })
}

impl Trial {
    /// Its first step took this exchange; violations are shown by it.
    pub(crate) fn exchange(mut self, exchange: Exchange) -> Self {
        for violation in &mut self.0.judgement.violated {
            violation.exchange = Some(exchange.id);
        }
        if let Some(observation) = &mut self.0.observation {
            observation.steps.push(StepSeen { act: 0, attempts: vec![exchange], bound_passed: false });
        }
        self
    }

    pub(crate) fn violates(mut self, requirement: &str, kind: &str) -> Self {
        self.0.judgement.violated = vec![violation(requirement, kind, None)];
        self
    }

    pub(crate) fn skipped(mut self, reason: SkipReason) -> Self {
        self.0.judgement.skip = Some(reason);
        self
    }

    pub(crate) fn covers(mut self, requirement: &str, parts: &[&str]) -> Self {
        self.0.covers.push((requirement.to_owned(), parts.iter().map(|&part| part.to_owned()).collect()));
        self
    }

    pub(crate) fn repeat(mut self, repeat: u32) -> Self {
        self.0.repeat = repeat;
        self
    }

    pub(crate) fn saw(mut self, exchange: u64, requirement: &str, kind: &str) -> Self {
        let [kind, expected, actual, place] = [kind, "short", "long", "head"].map(str::to_owned);
        let finding = Finding { kind, expected, actual, place };
        self.0.checks.push((exchange, vec![Seen { requirement: requirement.to_owned(), violated: Some(finding) }]));
        self
    }

    pub(crate) fn event(self) -> Event {
        Event::TrialEnded(self.0)
    }
}

pub(crate) fn agreement(case: &str, verdict: Verdict, requirements: &[&str], exchange: Option<u64>) -> Event {
    let mut judgement = judgement(verdict, requirements);
    if verdict == Verdict::Fail {
        judgement.violated = requirements.iter().map(|id| violation(id, "disagrees", exchange)).collect();
    }
    Event::AgreementEnded(AgreementEnded {
        id: format!("topic::{case}::agreement"),
        case: format!("topic::{case}"),
        variant: None,
        transports: vec![transport(Wire::Json), transport(Wire::Grpc)],
        covers: Vec::new(),
        repeat: 1,
        judgement,
    })
}

pub(crate) fn passive(requirement: &str, wire: Wire, verdict: Verdict) -> Event {
    let mut judgement = judgement(verdict, &[requirement]);
    if verdict == Verdict::Fail {
        judgement.violated.push(violation(requirement, "wrong-label", Some(1)));
    }
    if verdict == Verdict::Skip {
        judgement.skip = Some(SkipReason::NotApplicable);
    }
    Event::PassiveEnded(PassiveEnded {
        id: format!("requirement::{requirement}::{wire}"),
        requirement: requirement.to_owned(),
        wire,
        judgement,
        held: if verdict == Verdict::Pass { 3 } else { 0 },
        violated: u64::from(verdict == Verdict::Fail),
        exchanges: vec![1],
    })
}

/// A whole run of these results: begins and ends as a complete one does.
pub(crate) fn run(results: impl IntoIterator<Item = Event>) -> Vec<Event> {
    let results: Vec<Event> = results.into_iter().collect();
    let is_result = |event: &&Event| matches!(event, Event::TrialEnded(_) | Event::AgreementEnded(_) | Event::PassiveEnded(_));
    let planned = results.iter().filter(is_result).count() as u64;
    let mut all = vec![Event::RunStarted(started(planned))];
    all.extend(results);
    all.push(Event::RunEnded(ended()));
    all
}

pub(crate) fn summary(events: &[Event]) -> Summary {
    let mut summary = Summary::with(rules());
    for event in events {
        summary.fold(event);
    }
    summary
}

/// A record on disk, removed when it is dropped.
pub(crate) struct Record(pub(crate) PathBuf);

impl Record {
    pub(crate) fn of(events: &[Event]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("triwire-record-{}-{number}.jsonl", std::process::id()));
        let mut recorder = Recorder::create(&path).expect("a file");
        for event in events {
            recorder.write(event).expect("written");
        }
        recorder.close().expect("closed");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn totals(&self) -> Summary {
        report::totals(self.path(), Summary::with(rules())).expect("readable")
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
