//! Runs the suite against a reference target in this process and gives the events.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use triwire::case::{Suite, read_suite};
use triwire::conclude::Summary;
use triwire::contract::Contract;
use triwire::judge::{Judgement, Verdict};
use triwire::plan::Selection;
use triwire::record::event::{Event, TargetIdentity};
use triwire::reference::{self, Reference, TlsOptions, Variant};
use triwire::run::{self, Ended, Options, Setting, Stop, journal::Journal};
use triwire::target::{Endpoint, Timeouts, Trust};
use triwire::wire::{Client, Connector, Transport};

/// A finished run.
pub struct Run {
    /// How it ended.
    pub ended: Ended,
    /// Its events.
    pub events: Vec<Event>,
    /// How often the target's fault acted.
    pub acted: u64,
    /// How often the target's variant acted.
    pub varied: u64,
}

impl Run {
    /// Judgements of trials, agreements and passive results by their ids.
    pub fn judgements(&self) -> impl Iterator<Item = (&str, &Judgement)> {
        self.events.iter().filter_map(|event| match event {
            Event::TrialEnded(it) => Some((it.id.as_str(), &it.judgement)),
            Event::AgreementEnded(it) => Some((it.id.as_str(), &it.judgement)),
            Event::PassiveEnded(it) => Some((it.id.as_str(), &it.judgement)),
            _ => None,
        })
    }

    /// Ids and verdicts, sorted.
    pub fn verdicts(&self) -> BTreeMap<String, Verdict> {
        self.judgements().map(|(id, judgement)| (id.to_owned(), judgement.verdict)).collect()
    }

    /// The fold over its events.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::new(Contract::built_in());
        self.events.iter().for_each(|event| summary.fold(event));
        summary
    }
}

/// The suite that is compiled in.
pub fn suite() -> &'static Suite {
    static SUITE: LazyLock<Suite> =
        LazyLock::new(|| read_suite(&Suite::built_in_files(), Contract::built_in()).expect("the built-in suite has no mistakes"));
    &SUITE
}

/// All profiles, one repetition, a fixed seed.
pub fn everything() -> Selection {
    Selection {
        profiles: ["core", "zitadel", "hardening"].into_iter().map(str::to_owned).collect(),
        repeat: 1,
        seed: 1,
        ..Selection::default()
    }
}

/// Starts a reference target and judges it.
pub async fn judge(target: reference::Options, selection: Selection, jobs: usize) -> Run {
    let claimed = if target.variant.is_none_or(Variant::speaks_everything) { Transport::ALL.to_vec() } else { Vec::new() };
    let target = Reference::start(target).await.expect("the reference target starts");
    let (url, token) = (target.url(), target.token().to_owned());
    let mut run = judge_claiming(claimed, &url, Some(token), &Trust::default(), Patience::SHORT, selection, jobs).await;
    run.acted = target.acted();
    run.varied = target.varied();
    target.shutdown().await;
    run
}

/// The same with TLS; `folder`: where the certificate of the target's authority may be put.
pub async fn judge_with_tls(folder: &Path, selection: Selection, jobs: usize) -> Run {
    let target = Reference::start(reference::Options { tls: Some(TlsOptions::default()), ..reference::Options::default() })
        .await
        .expect("the reference target starts");
    let ca = folder.join("ca.pem");
    std::fs::write(&ca, target.authority_pem().expect("TLS has an authority")).expect("the folder can be written");
    let run = judge_trusting(
        &target.url(),
        Some(target.token().to_owned()),
        &Trust { ca: Some(ca), ..Trust::default() },
        Patience::SHORT,
        selection,
        jobs,
    )
    .await;
    target.shutdown().await;
    run
}

/// Judges whatever listens there; deadlines and the consistency bound are short, for targets of tests answer at once or never.
pub async fn judge_at(url: &str, token: Option<String>, selection: Selection, jobs: usize) -> Run {
    judge_trusting(url, token, &Trust::default(), Patience::SHORT, selection, jobs).await
}

/// How long a run waits.
#[derive(Clone, Copy)]
struct Patience {
    timeouts: Timeouts,
    bound: Duration,
}

impl Patience {
    /// For targets that answer at once or never.
    const SHORT: Self = Self {
        timeouts: Timeouts {
            connect: Duration::from_secs(2),
            head: Duration::from_secs(2),
            idle: Duration::from_secs(2),
            whole: Duration::from_secs(4),
        },
        bound: Duration::from_secs(2),
    };
}

/// The same as [`judge`] with the deadlines that `triwire run` has: a busy machine changes no verdict.
pub async fn judge_patiently(target: reference::Options, selection: Selection, jobs: usize) -> Run {
    let target = Reference::start(target).await.expect("the reference target starts");
    let patience = Patience { timeouts: Timeouts::default(), bound: Duration::from_secs(15) };
    let token = Some(target.token().to_owned());
    let run = judge_trusting(&target.url(), token, &Trust::default(), patience, selection, jobs).await;
    target.shutdown().await;
    run
}

async fn judge_trusting(url: &str, token: Option<String>, trust: &Trust, patience: Patience, selection: Selection, jobs: usize) -> Run {
    judge_claiming(Transport::ALL.to_vec(), url, token, trust, patience, selection, jobs).await
}

async fn judge_claiming(
    claimed: Vec<Transport>,
    url: &str,
    token: Option<String>,
    trust: &Trust,
    patience: Patience,
    selection: Selection,
    jobs: usize,
) -> Run {
    let Patience { timeouts, bound } = patience;
    let connector = Connector::new(Endpoint::parse(url).expect("an address"), trust, timeouts).expect("a connector");
    let mut events = Vec::new();
    let setting = Setting {
        contract: Contract::built_in(),
        suite: suite(),
        selection,
        options: Options { jobs, bound, token, claimed },
        client: Client::new(connector, timeouts),
        target: TargetIdentity { address: url.to_owned(), embedded: true, ..TargetIdentity::default() },
        recorded_options: BTreeMap::new(),
        journal: Journal::none(),
        stop: Stop::default(),
    };
    let ended = run::run(setting, |event| events.push(event)).await;
    Run { ended, events, acted: 0, varied: 0 }
}
