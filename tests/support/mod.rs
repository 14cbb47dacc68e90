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
        instance_changes: true,
        ..Selection::default()
    }
}

/// Starts a reference target and judges it with short deadlines.
pub async fn judge(target: reference::Options, selection: Selection, jobs: usize) -> Run {
    judge_reference(target, selection, Judging { jobs, ..Judging::default() }).await
}

/// The same with the deadlines that `triwire run` has: a busy machine changes no verdict.
pub async fn judge_patiently(target: reference::Options, selection: Selection, jobs: usize) -> Run {
    let judging = Judging { jobs, timeouts: Timeouts::default(), bound: Duration::from_secs(15), ..Judging::default() };
    judge_reference(target, selection, judging).await
}

async fn judge_reference(target: reference::Options, selection: Selection, judging: Judging<'_>) -> Run {
    let claimed = if target.variant.is_none_or(Variant::speaks_everything) { Transport::ALL.to_vec() } else { Vec::new() };
    let origins = target.variant.map_or_else(|| vec![reference::BROWSER_ORIGIN.to_owned()], Variant::browser_origins);
    let target = Reference::start(target).await.expect("the reference target starts");
    let (url, token) = (target.url(), target.token().to_owned());
    let mut run = Judging { claimed, origins, ..judging }.at(&url, Some(token), selection).await;
    run.acted = target.acted();
    run.varied = target.varied();
    target.shutdown().await;
    run
}

/// A whole run with TLS of the cases that a filter leaves; `folder`: where the certificate of the target's authority may be put.
pub async fn judge_with_tls(folder: &Path, case: &str) -> Run {
    let target = Reference::start(reference::Options { tls: Some(TlsOptions::default()), ..reference::Options::default() })
        .await
        .expect("the reference target starts");
    let ca = folder.join("ca.pem");
    std::fs::write(&ca, target.authority_pem().expect("TLS has an authority")).expect("the folder can be written");
    let mut suite = suite().clone();
    suite.cases.retain(|it| it.id.contains(case));
    let judging = Judging { suite: &suite, trust: Trust { ca: Some(ca), ..Trust::default() }, ..Judging::default() };
    let run = judging.at(&target.url(), Some(target.token().to_owned()), everything()).await;
    target.shutdown().await;
    run
}

/// Judges whatever listens there.
pub async fn judge_at(url: &str, token: Option<String>, selection: Selection, jobs: usize) -> Run {
    Judging { jobs, ..Judging::default() }.at(url, token, selection).await
}

/// How a run judges.
struct Judging<'s> {
    suite: &'s Suite,
    claimed: Vec<Transport>,
    origins: Vec<String>,
    trust: Trust,
    timeouts: Timeouts,
    bound: Duration,
    jobs: usize,
}

impl Default for Judging<'_> {
    /// Deadlines and the consistency bound are short, for targets of tests answer at once or never.
    fn default() -> Self {
        let short = Duration::from_secs(2);
        Self {
            suite: suite(),
            claimed: Transport::ALL.to_vec(),
            origins: vec![reference::BROWSER_ORIGIN.to_owned()],
            trust: Trust::default(),
            timeouts: Timeouts { connect: short, head: short, idle: short, whole: 2 * short },
            bound: short,
            jobs: 2,
        }
    }
}

impl Judging<'_> {
    async fn at(self, url: &str, token: Option<String>, selection: Selection) -> Run {
        let Self { suite, claimed, origins, trust, timeouts, bound, jobs } = self;
        let connector = Connector::new(Endpoint::parse(url).expect("an address"), &trust, timeouts).expect("a connector");
        let mut events = Vec::new();
        let setting = Setting {
            contract: Contract::built_in(),
            suite,
            selection,
            options: Options { jobs, bound, token, claimed, origins, offers: Vec::new() },
            client: Client::new(connector, timeouts),
            target: TargetIdentity { address: url.to_owned(), embedded: true, ..TargetIdentity::default() },
            recorded_options: BTreeMap::new(),
            known_failures: Vec::new(),
            journal: Journal::none(),
            stop: Stop::default(),
        };
        let ended = run::run(setting, |event| events.push(event)).await;
        Run { ended, events, acted: 0, varied: 0 }
    }
}
