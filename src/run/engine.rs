//! What every part of a run shares: contract, suite, client, secrets, clock, and the way from a step to an exchange.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::mpsc;

use super::fixture::Attempts;
use super::journal::Journal;
use super::step::Request;
use super::stop::Stop;
use crate::answer::{self, Reading};
use crate::case::{Captures, Case, Connection, Duty, Expect, Step, StepKind, Suite, Token};
use crate::check;
use crate::contract::Contract;
use crate::contract::descriptors;
use crate::contract::status::Code;
use crate::judge::{self, Examiner, Met, Place, met};
use crate::record::event::{Event, Lost};
use crate::record::redact::Secrets;
use crate::target::{Capabilities, browser};
use crate::wire::{Client, End, Exchange, HarnessFault, Held, Intent, On, Phase, Role, Transport, Wire};

/// Steering of a run that doesn't choose what is executed.
#[derive(Debug, Clone)]
pub struct Options {
    /// Groups that are executed at the same time.
    pub jobs: usize,
    /// Reads may lag behind writes for so long.
    pub bound: Duration,
    /// The token that was given to the run.
    pub token: Option<String>,
    /// Transports that are claimed, so that absence is a failure, beyond one for each of json, grpc and grpc-web.
    pub claimed: Vec<Transport>,
    /// Octets that a request message may have, where the target declares a limit.
    pub message_limit: Option<u64>,
    /// Origins whose pages may call, as declared.
    pub origins: Vec<String>,
    /// Requirements whose matter is offered: where it is absent nothing is not applicable.
    pub offers: Vec<String>,
    /// No probe is sent: every transport is taken as spoken. For proving that nothing passes on a target that speaks none.
    pub unprobed: bool,
}

/// What a run works with.
pub(super) struct Means<'a> {
    pub contract: &'a Contract,
    pub suite: &'a Suite,
    pub client: Client,
    pub options: Options,
    pub stop: Stop,
    pub journal: Journal,
    pub examiner: Examiner,
}

/// Shared by all tasks of a run.
pub struct Engine<'a> {
    pub(super) contract: &'a Contract,
    pub(super) suite: &'a Suite,
    pub(super) client: Client,
    pub(super) options: Options,
    pub(super) run: String,
    pub(super) stop: Stop,
    pub(super) journal: Journal,
    pub(super) capabilities: RwLock<Capabilities>,
    /// The transport that works at the address beside the target, where provisioning has one.
    pub(super) beside: RwLock<Option<Transport>>,
    pub(super) sets: AtomicU64,
    secrets: RwLock<Secrets>,
    exchanges: AtomicU64,
    rounds: AtomicU64,
    started: Instant,
    events: mpsc::Sender<Event>,
    lost: AtomicBool,
    suspicion: Mutex<()>,
    pub(super) unready: Mutex<BTreeMap<String, Attempts>>,
    pub(super) examiner: Examiner,
}

/// An exchange as it was (for captures and calls that follow) and as it is recorded.
pub(super) struct Done {
    /// Secrets replaced.
    pub exchange: Exchange,
    /// Read from the exchange as it was.
    pub reading: Reading,
    /// The exchange as it was.
    pub raw: Exchange,
}

/// A step with all its attempts.
pub(super) struct Performed {
    /// Attempts, secrets replaced.
    pub attempts: Vec<Exchange>,
    /// The bound had passed when the last attempt was made.
    pub bound_passed: bool,
    /// It would have been asked again, had the run not been told to stop: nothing can be said of it.
    pub interrupted: bool,
    /// Whether the last attempt meets the step's expectation.
    pub met: Met,
    /// The last answer as it was.
    pub reading: Reading,
    /// The last exchange as it was.
    pub raw: Exchange,
}

/// A call can't be made from a step: a fault of the harness or of its input.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unsendable(pub String);

impl From<HarnessFault> for Unsendable {
    fn from(fault: HarnessFault) -> Self {
        Self(fault.to_string())
    }
}

impl<'a> Engine<'a> {
    /// The shared part of a run with this name.
    pub(super) fn new(run: String, means: Means<'a>, events: mpsc::Sender<Event>) -> Self {
        let Means { contract, suite, client, options, stop, journal, examiner } = means;
        let mut secrets = Secrets::default();
        if let Some(token) = &options.token {
            secrets.add("run token", token.as_bytes());
        }
        Self {
            contract,
            suite,
            client,
            options,
            run,
            stop,
            journal,
            capabilities: RwLock::default(),
            beside: RwLock::default(),
            sets: AtomicU64::new(0),
            secrets: RwLock::new(secrets),
            exchanges: AtomicU64::new(0),
            rounds: AtomicU64::new(1),
            started: Instant::now(),
            events,
            lost: AtomicBool::new(false),
            suspicion: Mutex::new(()),
            unready: Mutex::default(),
            examiner,
        }
    }

    /// Hands an event to whoever records it; waits while the recorder is behind.
    pub(super) async fn emit(&self, event: Event) {
        // A recorder that is gone has said why itself.
        let _ = self.events.send(event).await;
    }

    /// A number for the capture `round`; the one after it is for the start state between control and defective call.
    pub(super) fn next_round(&self) -> u64 {
        self.rounds.fetch_add(2, Ordering::Relaxed)
    }

    pub(super) fn exchanges(&self) -> u64 {
        self.exchanges.load(Ordering::Relaxed)
    }

    pub(super) fn elapsed(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    pub(super) fn is_over(&self) -> bool {
        self.stop.is_requested() || self.is_lost()
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// What set-up, resets and removal are to the instrument: their place is the target's own or one beside it.
    pub(super) const fn setup_role(&self) -> Role {
        if self.client.routes().has_beside() { Role::Beside } else { Role::Fixture }
    }

    /// The transport for set-up: the first live one of grpc, json, grpc-web.
    pub(super) fn setup_transport(&self) -> Option<Transport> {
        if self.client.routes().has_beside() {
            return *self.beside.read().unwrap_or_else(PoisonError::into_inner);
        }
        let capabilities = self.capabilities.read().unwrap_or_else(PoisonError::into_inner);
        Self::for_setup().find(|transport| capabilities.has(*transport))
    }

    /// Transports in the order in which set-up prefers them.
    pub(super) fn for_setup() -> impl Iterator<Item = Transport> {
        [Wire::Grpc, Wire::Json, Wire::GrpcWeb, Wire::GrpcWebText]
            .into_iter()
            .flat_map(|wire| Transport::ALL.into_iter().filter(move |transport| transport.wire == wire))
    }

    /// Captures that every step may use.
    pub(super) fn base_captures(&self) -> Captures {
        let mut captures = browser::captures(&self.options.origins);
        captures.insert("run.id".to_owned(), Value::from(self.run.clone()));
        captures
    }

    /// From now on this text is replaced in everything that is recorded.
    pub(super) fn keep_secret(&self, label: &str, secret: &str) {
        self.secrets.write().unwrap_or_else(PoisonError::into_inner).add(label, secret.as_bytes());
    }

    /// Captures with secrets replaced.
    pub(super) fn redacted(&self, captures: &Captures) -> Captures {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        captures.iter().map(|(name, value)| (name.clone(), secrets.redact_value(value))).collect()
    }

    /// A text with secrets replaced.
    pub(super) fn scrub(&self, text: &str) -> String {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner).scrub_text(text)
    }

    /// Keeps what a step captures. Of a text that holds a secret no other text is made: it would be nearly the secret, and nothing would replace it.
    pub(super) fn take_captures(&self, step: &Step, raw: &Exchange, reading: &Reading, captures: &mut Captures) {
        let before = captures.clone();
        judge::take_captures(step, raw, reading, captures);
        for (name, path) in step.capture.iter().filter(|(_, path)| path.ends_with('~')) {
            let plain = Step { capture: vec![(name.clone(), path.trim_end_matches('~').to_owned())], ..step.clone() };
            let mut taken = Captures::new();
            judge::take_captures(&plain, raw, reading, &mut taken);
            let is_secret = taken.get(name).and_then(Value::as_str).is_some_and(|text| self.scrub(text) != text);
            if is_secret {
                match before.get(name) {
                    Some(value) => captures.insert(name.clone(), value.clone()),
                    None => captures.remove(name),
                };
            }
        }
    }

    /// Sends a request and reads the answer. `cuttable`: it is cut when a stop has been requested for long enough.
    pub(super) async fn exchange(&self, request: Request, on: On<'_>, cuttable: bool) -> Result<Done, Unsendable> {
        let id = self.exchanges.fetch_add(1, Ordering::Relaxed) + 1;
        let at = self.started.elapsed();
        let interrupted = super::step::not_sent(self, &request, id, self.elapsed());
        let sending = async {
            match request {
                Request::Call(call) => self.client.send_on(on, call, id, at).await,
                Request::LaidOut(call, layout) => self.client.send_laid_out(on, call, &layout, id, at).await,
                Request::Script(script) => Ok(self.client.perform(on, script, id, at).await),
            }
        };
        let raw = tokio::select! {
            exchange = sending => exchange?,
            () = self.stop.cut(), if cuttable => interrupted,
            () = self.stop.aborted() => interrupted.clone(),
        };
        let reading = answer::read(&raw, self.contract);
        self.learn_secrets(&raw, &reading);
        let exchange = self.secrets.read().unwrap_or_else(PoisonError::into_inner).redact_exchange(&raw);
        Ok(Done { exchange, reading, raw })
    }

    /// What an answer gives away is a secret before the exchange is recorded, also where the answer as a whole can't be read.
    fn learn_secrets(&self, exchange: &Exchange, reading: &Reading) {
        let method = exchange.intent.rpc.as_deref().and_then(|rpc| self.contract.descriptors.method(rpc));
        let Some(method) = method.filter(|method| method.answers_secrets) else { return };
        let decoded = reading.message.as_ref().and_then(|message| message.as_ref().ok()).map(|decoded| decoded.value.clone());
        let document = reading.document.as_ref().and_then(|document| document.as_ref().ok());
        let parsed =
            document.map(|document| crate::contract::proto_json::canonical(&method.message_of_content(&document.root), &method.output).0);
        for value in decoded.into_iter().chain(parsed) {
            for (field, secret) in descriptors::secrets(&value, &method.output) {
                let label = if field.contains("token") { field } else { format!("{field} token") };
                self.keep_secret(&label, &secret);
            }
        }
    }

    /// What the passive checks say of an exchange. `Err`: one of them panicked, which is a fault of the harness.
    pub(super) fn examine(&self, exchange: &Exchange) -> Result<Vec<check::Seen>, String> {
        judge::examined(self.examiner, exchange, self.contract)
    }

    /// Performs a step: asks again until its `until` holds or the bound has passed; waits and asks again where the target limits the rate.
    ///
    /// `held`: the connection that the step opens or goes on with.
    pub(super) async fn perform(
        &self,
        asked: Asked<'_>,
        captures: &Captures,
        mut held: Option<&mut Held>,
    ) -> Result<Performed, Unsendable> {
        let begun = Instant::now();
        let mut attempts = Vec::new();
        let mut limited = 0u32;
        let mut held_times = 0u64;
        loop {
            let bound_passed = begun.elapsed() >= self.options.bound;
            let request = super::step::request(self, &asked, captures)?;
            let on = match (asked.step.connection, &mut held) {
                (Connection::Any, _) => On::Any,
                (Connection::New, _) => On::New,
                (Connection::Open | Connection::Same, Some(held)) => On::Held(held),
                (Connection::Open | Connection::Same, None) => return Err(Unsendable("no step before opened a connection".to_owned())),
            };
            let done = self.exchange(request, on, asked.cuttable).await?;
            let place = Place { exchange: &done.raw, reading: &done.reading, captures };
            let verdict = met(&asked.step.expect, place, asked.counts);
            let holds = match &asked.step.until {
                Some(until) => met(std::slice::from_ref(until), place, asked.counts) == Met::Yes,
                None => true,
            };
            held_times = if holds { held_times + 1 } else { 0 };
            let settled = held_times >= asked.step.in_a_row.max(1);
            // Where it has to hold several times, one that doesn't is enough after the bound, and one that does is not.
            let given_up = bound_passed && !holds;
            self.suspect(&asked, &done).await;
            attempts.push(done.exchange.clone());
            let over = self.is_over() && asked.cuttable;
            let wait = match &verdict {
                Met::Unknown(_) if is_limit(&done.reading) && limited < 8 && !over => {
                    limited += 1;
                    Some(retry_after(&done.raw).unwrap_or(Duration::from_millis(250 << limited.min(5))))
                }
                Met::Unknown(_) => None,
                _ if settled || given_up || over => None,
                _ if holds => Some(pause(Duration::ZERO)),
                _ => Some(pause(begun.elapsed())),
            };
            let Some(wait) = wait else {
                return Ok(Performed {
                    attempts,
                    bound_passed: bound_passed && !settled,
                    interrupted: over && !settled && !bound_passed,
                    met: verdict,
                    reading: done.reading,
                    raw: done.raw,
                });
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stop.requested(), if asked.cuttable => {}
            }
        }
    }

    /// Looks whether the target is lost when an answer suggests it: it can't be reached, or refuses the run's own token.
    async fn suspect(&self, asked: &Asked<'_>, done: &Done) {
        if self.is_lost() || asked.role == Role::Probe || self.stop.is_requested() {
            return;
        }
        let broken = is_broken(&done.raw) || is_silent(&done.raw);
        let refused = done.reading.code() == Some(Code::Unauthenticated)
            && self.suite.identities.get(asked.identity).is_some_and(|identity| identity.token != Token::None)
            && asked.step.defect.is_none()
            && !asked.step.expect.iter().flat_map(Expect::with_alternatives).any(|piece| piece.code.contains(&Code::Unauthenticated))
            && !asked.step.headers.iter().any(|edit| edit.name.eq_ignore_ascii_case("authorization"));
        if !(broken || refused) {
            return;
        }
        let mut reason = "";
        for pause in [0, 300, 1500] {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(pause)) => {}
                () = self.stop.requested() => return,
            }
            let role = if asked.role == Role::Beside { Role::Beside } else { Role::Probe };
            let Ok(call) = super::step::probe_call(self, asked.transport, role) else { return };
            let Ok(probe) = self.exchange(Request::Call(call), On::New, true).await else { return };
            reason = if is_broken(&probe.raw) {
                "the target can't be reached any more: it was stopped, restarted or crashed; look at its log, then run again"
            } else if is_silent(&probe.raw) {
                "the target doesn't answer any more, not even the probe that it answered at the start: it hangs or is overloaded; look at its log, then run again, if it is only slow with a longer --timeout"
            } else if probe.reading.code() == Some(Code::Unauthenticated) {
                "the target refuses the token that it accepted at the start: it was revoked, has expired, or the target lost its state; get a new one and run again"
            } else {
                return;
            };
        }
        let _one_at_a_time = self.suspicion.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.lost.swap(true, Ordering::Relaxed) {
            // try_send: the lock must not be held across a wait; the channel is never full for long.
            let event = Event::TargetLost(Lost { reason: reason.to_owned() });
            if let Err(mpsc::error::TrySendError::Full(event)) = self.events.try_send(event) {
                let events = self.events.clone();
                tokio::spawn(async move { events.send(event).await });
            }
        }
    }

    /// The token of an identity, as it was.
    pub(super) fn identity_token(&self, identity: &str, captures: &Captures) -> Option<String> {
        match &self.suite.identities.get(identity)?.token {
            Token::None => None,
            Token::Run => self.options.token.clone(),
            Token::Capture(name) => captures.get(name).and_then(Value::as_str).map(str::to_owned),
        }
    }
}

/// A step with everything that it takes to send it.
pub(super) struct Asked<'b> {
    pub step: &'b Step,
    pub identity: &'b str,
    pub transport: Transport,
    pub role: Role,
    /// The case that sends it.
    pub case: Option<&'b Case>,
    /// Pieces of its expectation that count.
    pub counts: &'b (dyn Fn(&Expect) -> bool + Sync),
    /// Whether a requested stop cuts it.
    pub cuttable: bool,
}

impl Performed {
    /// Whether the answer says that the run's own token may not do what was asked for.
    pub(super) fn is_denied(&self) -> bool {
        self.met != Met::Yes
            && self.reading.answered().is_some_and(|answered| match answered.code {
                Some(code) => code == Code::PermissionDenied,
                None => answered.http_status == 403,
            })
    }
}

impl Asked<'_> {
    /// What passive checks are to know of the request.
    pub(super) fn intent(&self) -> Intent {
        Intent {
            role: self.role,
            rpc: match &self.step.kind {
                StepKind::Call { rpc, .. } => Some(rpc.clone()),
                StepKind::Raw { rpc, .. } => rpc.clone(),
                StepKind::Http { .. } | StepKind::Wait(_) => None,
            },
            defect: self.step.defect,
            area: self.case.and_then(|case| case.area.clone()),
            profile: self.case.map(|case| case.profile.clone()),
        }
    }
}

/// No connection came about, or it ended before the answer did.
const fn is_broken(exchange: &Exchange) -> bool {
    matches!(exchange.received.end, End::NoConnection { .. } | End::Closed { .. })
}

const fn is_silent(exchange: &Exchange) -> bool {
    matches!(exchange.received.end, End::TimedOut { phase: Phase::Connect | Phase::Head })
}

fn is_limit(reading: &Reading) -> bool {
    reading.answered().is_some_and(|answered| answered.http_status == 429 || answered.code == Some(Code::ResourceExhausted))
}

/// How long to wait before asking again: a quarter of the time that has passed, so that a lag is known to a quarter and no read is asked for often.
fn pause(waited: Duration) -> Duration {
    (waited / 4).clamp(Duration::from_millis(20), Duration::from_millis(500))
}

/// `Retry-After` in seconds (RFC 9110, 10.2.3), at most half a minute.
fn retry_after(exchange: &Exchange) -> Option<Duration> {
    let seconds: u64 = exchange.received.head()?.first("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(30)))
}

/// Whether a duty is fulfilled over the transport for set-up rather than over the trial's own.
pub(super) const fn is_setup(duty: Duty) -> bool {
    matches!(duty, Duty::Start | Duty::Reset)
}
