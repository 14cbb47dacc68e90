//! A run against a reference target in this process, whose events are kept.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::case::Suite;
use crate::conclude::Summary;
use crate::contract::Contract;
use crate::judge::{Judgement, Verdict};
use crate::plan::Selection;
use crate::record::event::{Event, TargetIdentity};
use crate::reference::{self, Reference, Variant};
use crate::run::{self, Ended, Options, Setting, Stop, journal::Journal};
use crate::target::{Endpoint, Timeouts, Trust};
use crate::wire::{Client, Connector, Routes, Transport};

/// A finished run.
#[derive(Debug)]
pub struct Judged {
    /// How it ended.
    pub ended: Ended,
    /// Its events.
    pub events: Vec<Event>,
    /// How often the target's fault acted.
    pub acted: u64,
    /// How often the target's variant acted.
    pub varied: u64,
}

impl Judged {
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
    #[must_use]
    pub fn verdicts(&self) -> BTreeMap<String, Verdict> {
        self.judgements().map(|(id, judgement)| (id.to_owned(), judgement.verdict)).collect()
    }

    /// The fold over its events.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::new(Contract::built_in());
        self.events.iter().for_each(|event| summary.fold(event));
        summary
    }
}

/// All profiles, one repetition, a fixed seed, and everything may be changed.
#[must_use]
pub fn everything() -> Selection {
    Selection {
        profiles: crate::target::PROFILES.into_iter().map(str::to_owned).collect(),
        repeat: 1,
        seed: 1,
        instance_changes: true,
        ..Selection::default()
    }
}

/// How a target is judged.
#[derive(Debug, Clone)]
pub struct Judging<'s> {
    /// The suite.
    pub suite: &'s Suite,
    /// What of it.
    pub selection: Selection,
    /// Transports whose absence is a failure.
    pub claimed: Vec<Transport>,
    /// Origins whose pages may call.
    pub origins: Vec<String>,
    /// Whom TLS trusts.
    pub trust: Trust,
    /// Deadlines of exchanges.
    pub timeouts: Timeouts,
    /// How long reads may lag behind writes.
    pub bound: Duration,
    /// Groups at the same time.
    pub jobs: usize,
    /// Nothing is asked before the cases are tried.
    pub unprobed: bool,
}

impl<'s> Judging<'s> {
    /// With short deadlines, for targets that answer at once or never.
    #[must_use]
    pub fn hastily(suite: &'s Suite, selection: Selection) -> Self {
        let short = Duration::from_secs(2);
        Self {
            suite,
            selection,
            claimed: Transport::ALL.to_vec(),
            origins: vec![reference::BROWSER_ORIGIN.to_owned()],
            trust: Trust::default(),
            timeouts: Timeouts { connect: short, head: short, idle: short, whole: 2 * short },
            bound: short,
            jobs: 8,
            unprobed: false,
        }
    }

    /// With the deadlines that `triwire run` has: a busy machine changes no verdict.
    #[must_use]
    pub fn patiently(suite: &'s Suite, selection: Selection) -> Self {
        Self { timeouts: Timeouts::default(), bound: Duration::from_secs(15), ..Self::hastily(suite, selection) }
    }

    /// Starts a reference target and judges it.
    ///
    /// # Panics
    /// Where no port of the loopback interface can be had.
    pub async fn reference(self, target: reference::Options) -> Judged {
        let claimed = if target.variant.is_none_or(Variant::speaks_everything) { self.claimed.clone() } else { Vec::new() };
        let origins = target.variant.map_or_else(|| self.origins.clone(), Variant::browser_origins);
        let target = start(target).await;
        let (url, token) = (target.url(), target.token().to_owned());
        let mut judged = Judging { claimed, origins, ..self }.at(&url, Some(token)).await;
        judged.acted = target.acted();
        judged.varied = target.varied();
        target.shutdown().await;
        judged
    }

    /// Judges whatever listens at an address.
    ///
    /// # Panics
    /// Where that is no address, or what TLS trusts can't be read.
    pub async fn at(self, url: &str, token: Option<String>) -> Judged {
        let connector = self.connector(url);
        self.routed(connector.into(), url, token, &mut |_| {}).await
    }

    /// Judges what listens at an address, while everything that cases need is made by a correct reference target.
    pub(super) async fn beside_correct(self, target: reference::Options) -> Judged {
        let (correct, target) = (start(reference::Options::default()).await, start(target).await);
        let routes = Routes::from(self.connector(&target.url())).with_beside(self.connector(&correct.url()));
        let judged = self.routed(routes, &target.url(), Some(correct.token().to_owned()), &mut |_| {}).await;
        target.shutdown().await;
        correct.shutdown().await;
        judged
    }

    fn connector(&self, url: &str) -> Connector {
        let endpoint = Endpoint::parse(url).expect("an address");
        Connector::new(endpoint, &self.trust, self.timeouts).expect("a connector")
    }

    async fn routed(self, routes: Routes, url: &str, token: Option<String>, see: &mut (dyn FnMut(&Event) + Send)) -> Judged {
        let Self { suite, selection, claimed, origins, timeouts, bound, jobs, unprobed, .. } = self;
        let setting = Setting {
            contract: Contract::built_in(),
            suite,
            selection,
            options: Options {
                jobs,
                bound,
                token,
                claimed,
                message_limit: Some(reference::MESSAGE_LIMIT as u64),
                origins,
                offers: Vec::new(),
                unprobed,
            },
            client: Client::new(routes, timeouts),
            target: TargetIdentity { address: url.to_owned(), embedded: true, ..TargetIdentity::default() },
            recorded_options: BTreeMap::new(),
            known_failures: Vec::new(),
            journal: Journal::none(),
            stop: Stop::default(),
        };
        let mut events = Vec::new();
        let ended = run::run(setting, |event| {
            see(&event);
            events.push(event);
        })
        .await;
        Judged { ended, events, acted: 0, varied: 0 }
    }
}

async fn start(target: reference::Options) -> Reference {
    Reference::start(target).await.expect("the reference target starts on a free port of the loopback interface")
}
