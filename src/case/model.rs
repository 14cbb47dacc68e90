//! Suite, fixtures, cases, steps and expectations as values, after reading and before anything is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use crate::contract::status::Code;
use crate::wire::{Defect, Octets, Transport, Wire};

/// A place in a file that a person wrote: for messages only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Span {
    /// The file, relative to the suite's folder.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// Values that steps captured, by name (`org.id`). Each name is given once in a trial; `reset` of a fixture may give it anew.
pub type Captures = BTreeMap<String, Value>;

/// A text with captures in it, e.g. `triwire $run.id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(pub Vec<TextPart>);

/// A piece of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPart {
    /// Octets as they stand.
    Literal(Octets),
    /// The value of a capture, as text.
    Capture(String),
}

/// Everything that was read: the suite file with its case files.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// The suite's name, e.g. `second-factors`.
    pub name: String,
    /// Fields that every request of the suite carries, e.g. `accept-language: en`.
    pub headers: Vec<HeaderEdit>,
    /// Fields of answers whose values differ from call to call: message full name -> field names (JSON). Agreement compares them by presence and form.
    pub volatile: BTreeMap<String, BTreeSet<String>>,
    /// Callers by name.
    pub identities: BTreeMap<String, Identity>,
    /// Fixtures by name.
    pub fixtures: BTreeMap<String, Fixture>,
    /// The call that shows that a transport is spoken and the token works.
    pub probe: Step,
    /// Wire (`json`) or transport (`json/h2`) -> the requirement that is violated where it is claimed and doesn't answer its probe.
    pub offered: BTreeMap<String, String>,
    /// All cases in file order, one for each variant.
    pub cases: Vec<Case>,
    /// SHA-256 over all files of the suite, in hexadecimal.
    pub hash: String,
}

/// A caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// Its name in case files.
    pub name: String,
    /// Where its token comes from.
    pub token: Token,
    /// Fields that its requests carry, e.g. `x-zitadel-orgid: $org.id`.
    pub headers: Vec<HeaderEdit>,
    /// Captures that its token and fields need.
    pub needs: BTreeSet<String>,
    /// Makes it, once for each fixture set, where a case needs it.
    pub setup: Vec<Step>,
    /// When the fixture set is given back.
    pub remove: Vec<Step>,
    /// The role of the run's token that its setup needs, for people.
    pub role: Option<String>,
}

/// Where the token of an identity comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// No `authorization` field.
    None,
    /// The token that was given to the run.
    Run,
    /// A capture.
    Capture(String),
}

/// The state that a case starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixture {
    /// Its name in case files.
    pub name: String,
    /// The fixture that it stands on; only one without is leased by a pool, and only it has `setup` and `remove`.
    pub on: Option<String>,
    /// The identity of its steps and of cases that name none.
    pub identity: String,
    /// Once for each set of the pool.
    pub setup: Vec<Step>,
    /// The role of the run's token that its setup needs, for people.
    pub role: Option<String>,
    /// Before each trial, and between control and defective call, after those of the fixture that this one stands on: makes the start state and,
    /// where cases start from it, ends with a read that shows it.
    pub reset: Vec<Step>,
    /// When the set is given back for good.
    pub remove: Vec<Step>,
    /// Harmless writes and, last, the read: its `until` is the marker's effect, its `expect` exactly start + marker.
    pub marker: Vec<Step>,
    /// Where it stands.
    pub span: Span,
}

/// A case: one abstract test, executed on every wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// `topic::case`, words joined by hyphens, with `[variant]` where there is one: stable and unique.
    pub id: String,
    /// File name without ending: the first part of the id.
    pub topic: String,
    /// The name as written.
    pub name: String,
    /// Variant name where `variants:` multiplied the case, e.g. `SECOND_FACTOR_TYPE_U2F`.
    pub variant: Option<String>,
    /// The fixture that it starts from; `None`: nothing is set up.
    pub given: Option<String>,
    /// The requirements that its trials answer for.
    pub requirements: Vec<String>,
    /// Parts of requirements that it covers.
    pub covers: Vec<Covers>,
    /// The requirement that its agreement answers for; `None`: those of the case itself.
    pub agreement: Option<String>,
    /// False where the defect exists on one wire only.
    pub agrees: bool,
    /// What the agreement compares.
    pub compare: Compare,
    /// Wires that it runs on, in the order of [`Wire::ALL`].
    pub wires: Vec<Wire>,
    /// Restricts the HTTP versions, e.g. `[h2]`; empty: each that the wire allows.
    pub https: Vec<crate::wire::HttpVersion>,
    /// One trial over several wires.
    pub across: Option<Across>,
    /// It changes what belongs to the whole target: it runs alone, after all others, and only with consent.
    pub exclusive: bool,
    /// The control of a negative case.
    pub control: Option<Control>,
    /// The call that the case is about.
    pub main: Step,
    /// What follows.
    pub then: Vec<Step>,
    /// A negative case ends with the fixture's marker.
    pub marker: bool,
    /// Area of the first requirement, for passive checks.
    pub area: Option<String>,
    /// Profile of the case: `core` if one of its requirements is of the core, else `zitadel`, else `hardening`.
    pub profile: String,
    /// SHA-256 of the case as read, with its variant and without comments and layout; in hexadecimal.
    pub hash: String,
    /// Where it stands.
    pub span: Span,
}

/// What the agreement of a case compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compare {
    /// Codes only.
    Codes,
    /// Codes, success messages, details of errors, and the text of an error that has details.
    #[default]
    Answers,
    /// Codes, details and texts of errors.
    Errors,
    /// All of that, and over one HTTP version the frames, the place of the status and the binary status.
    Frames,
    /// All of that but the frames, and on one wire the HTTP status and the content type.
    Heads,
}

/// A part of a requirement's check that a case covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covers {
    /// The requirement.
    pub requirement: String,
    /// Names of parts as the catalogue lists them.
    pub parts: Vec<String>,
}

/// One trial over several wires on one fixture set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Across {
    /// One trial for each ordered pair; steps say `via: first` or `via: second`.
    Pairs,
    /// One trial that visits all wires.
    Each,
}

/// The same as the main call but for one declared difference, and expected to succeed.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// The step, complete: main with the difference applied.
    pub step: Step,
    /// What differs, for people: the key of the case that has another value, e.g. `send`, `as`, `headers`, `path`, `given`, `bytes`.
    pub differs: String,
    /// The fixture that it starts from, where that is what differs.
    pub given: Option<String>,
    /// Follow-ups of the control, e.g. a read that shows its effect.
    pub then: Vec<Step>,
}

/// One call with its expectation.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What is done.
    pub kind: StepKind,
    /// The identity; `None`: the fixture's.
    pub identity: Option<String>,
    /// Changes to the fields that the wire sends by itself.
    pub headers: Vec<HeaderEdit>,
    /// Which wire of an `across` trial; `None`: the trial's own (its first).
    pub via: Option<Via>,
    /// On which connection.
    pub connection: Connection,
    /// How its frames are laid out over HTTP/2; `None`: as the library does it.
    pub layout: Option<crate::wire::Layout>,
    /// What is expected; more than one where pieces answer for different requirements. All must hold.
    pub expect: Vec<Expect>,
    /// Asked again until this holds, to the consistency bound; then `expect` is judged. `eventually:` sets both.
    pub until: Option<Expect>,
    /// How many times one after the other `until` has to hold.
    pub in_a_row: u64,
    /// Captures from the answer: name -> path of members, e.g. `details.sequence`; of an error where it begins with `error.`.
    pub capture: Vec<(String, String)>,
    /// The declared defect of the request; `None`: well-formed.
    pub defect: Option<Defect>,
    /// Steps that are released together with this one.
    pub parallel: Vec<Self>,
    /// How many times it is made at once: more than one only where steps are released together.
    pub times: u64,
    /// How long after the release it is sent, milli-seconds.
    pub after: u64,
    /// What the answers to steps that are released together show as a whole.
    pub together: Option<Together>,
    /// Captures that it needs, those of its alternatives' follow-ups left out.
    pub uses: BTreeSet<String>,
    /// Where it stands.
    pub span: Span,
}

/// What is expected of the answers to steps that are released together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Together {
    /// A code and how many answers may have it.
    pub at_most: Vec<(Code, u64)>,
    /// Codes that leave open whether the call took effect: with one of them nothing can be said of the whole.
    pub unknown: Vec<Code>,
    /// Path of a member that no two successes share.
    pub distinct: Option<String>,
}

/// On which connection a step is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Connection {
    /// On whichever is idle.
    #[default]
    Any,
    /// On one of its own.
    New,
    /// On a new one, which is kept for the steps that go on with it.
    Open,
    /// On the one that a step before opened.
    Same,
}

/// Which wire of an `across` trial a step uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The first (or: the n-th, from 0) wire of the trial.
    Nth(usize),
    /// Once over each of the trial's wires, in order.
    Every,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// Calls an operation of the contract.
    Call {
        /// `package.Service/Method`.
        rpc: String,
        /// What is sent.
        send: Payload,
    },
    /// Sends an HTTP request that no operation describes.
    Http {
        /// HTTP method.
        verb: String,
        /// Path with query.
        path: Text,
        /// Content as it is, with captures put in.
        content: Option<Text>,
    },
    /// Does what a script says on a connection of HTTP/1.1, and reads one response.
    Raw {
        /// The operation that the answer is read as, `package.Service/Method`.
        rpc: Option<String>,
        /// What is done, in order.
        script: Vec<RawAction>,
    },
    /// Waits, milli-seconds.
    Wait(u64),
}

/// A step of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawAction {
    /// Sends these lines, each with CRLF, and an empty one.
    Head(Vec<RawOctets>),
    /// Sends these octets.
    Send(RawOctets),
    /// Sends nothing more.
    HalfClose,
    /// Waits, milli-seconds.
    Wait(u64),
    /// Goes on when a response head has come.
    AwaitHead,
}

/// Octets of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawOctets {
    /// Text with captures, or octets.
    Text(Text),
    /// A chunk of the chunked coding: its size in eight hexadecimal digits, CRLF, these octets, CRLF.
    Chunk(Box<Self>),
    /// The same again and again.
    Times {
        /// What.
        of: Box<Self>,
        /// How often.
        times: u64,
    },
    /// One after the other.
    All(Vec<Self>),
}

/// What is sent to an operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// The abstract message in ProtoJSON; strings may be captures. The engine puts it on each wire.
    Message(Pattern),
    /// The octets of a JSON body (wire `json` only), with captures put in.
    Json(Text),
    /// An encoded message, framed by the engine (binary wires only).
    Bytes(Octets),
    /// The same, filled up with zeros in a field that no schema has.
    Filled {
        /// How it begins.
        start: Octets,
        /// How long it is.
        length: Length,
    },
    /// Frames as they are (binary wires only; base64 is put on in text mode).
    Frames(Octets),
}

/// The length of a message that is filled up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// So many octets.
    Octets(u64),
    /// The limit that the target declares, and so many more.
    AboveLimit(u64),
}

/// A change to the fields of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderEdit {
    /// The field.
    pub name: String,
    /// Its values, each a field of its own; empty: the default one is taken away.
    pub values: Vec<Text>,
}

/// What is expected of an answer. What is not named is free.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expect {
    /// The requirement that this piece answers for; `None`: those of the case that no other piece claims.
    pub requirement: Option<String>,
    /// Allowed codes; empty: any. On JSON the HTTP status follows from the mapping and the code is judged where the body is an error object.
    pub code: Vec<Code>,
    /// Allowed HTTP status, where the status is itself the matter.
    pub status: Option<StatusPattern>,
    /// Fields of the final head.
    pub head: Vec<(String, HeaderPattern)>,
    /// The success message.
    pub body: Option<Pattern>,
    /// The error: a mapping with `message` and `details` (a list of patterns of details).
    pub error: Option<Pattern>,
    /// The catalogue's definition of refused.
    pub refused: bool,
    /// The answer has no content: no octet, and over HTTP/2 no DATA frame with one.
    pub no_content: bool,
    /// Texts that stand nowhere in the answer.
    pub hides: Vec<Text>,
    /// Allowed ends of the exchange; empty: what the other members say decides.
    pub ends: Vec<Ending>,
    /// One of these must hold; the first that does is taken. Empty: no choice is left.
    pub any: Vec<Alternative>,
    /// Where it stands.
    pub span: Span,
}

/// One of the answers among which a specification leaves a choice.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// What must hold; without a requirement of its own.
    pub expect: Expect,
    /// Where it is taken, the target doesn't have what the case is about: why. The trial ends there.
    pub not_applicable: Option<String>,
    /// What follows where it is taken, before all other steps. Duty and identity are put in by the script.
    pub then: Vec<Act>,
}

/// How an exchange may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With a whole response.
    Complete,
    /// The connection was closed before any octet of a response.
    Closed,
    /// Neither a whole answer nor the end of the connection within the time that a script waits.
    TimedOut,
    /// The stream was reset with an error code.
    Reset,
    /// The same with CANCEL.
    Cancelled,
    /// With the connection, before the response was whole.
    Lost,
    /// With a whole response, and RST_STREAM with NO_ERROR behind it.
    NoError,
    /// The stream was reset, or the connection shut down, with PROTOCOL_ERROR.
    ProtocolError,
    /// The connection was shut down.
    GoAway,
    /// What came over HTTP/1.1 is HTTP/2: the target speaks nothing else there.
    Http2,
}

/// Allowed HTTP status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusPattern {
    /// One of these.
    OneOf(Vec<u16>),
    /// A class: 4 for 4xx.
    Class(u8),
    /// None of these.
    Not(Vec<u16>),
    /// Another class than this.
    NotClass(u8),
}

/// Expected occurrence of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderPattern {
    /// Not there.
    Absent,
    /// Exactly one field of this name.
    Once,
    /// Exactly these values, in order; a capture that is `null` stands for no field.
    Values(Vec<Text>),
    /// None of these values.
    Not(Vec<Text>),
    /// The comma-separated lists of all fields of this name together have at least these elements. Without regard to letter case.
    Lists(Vec<Text>),
}

/// A pattern for a value in canonical ProtoJSON, and a value with captures where something is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// This value. `null`, a default value and absence are the same.
    Literal(Value),
    /// Members that are named must match; others are free.
    Object(Vec<(String, Pattern)>),
    /// A list, in order.
    List(Vec<Pattern>),
    /// A list, in any order.
    Set(Vec<Pattern>),
    /// A list with at least these elements.
    Contains(Vec<Pattern>),
    /// The value of a capture.
    Capture(String),
    /// Text with captures in it.
    Text(Text),
    /// Anything but absent.
    Any,
    /// Absent (or default, or null).
    Absent,
    /// A text that ends with this one.
    Ends(Box<Pattern>),
    /// A number, 64-bit string or instant greater than this.
    Above(Box<Pattern>),
    /// A list without any of these.
    Lacks(Vec<Pattern>),
    /// The same as another value, lists in any order and instants at the coarser printed precision; these members are left out of the comparison.
    Same(Box<Pattern>, Vec<String>),
    /// A number, 64-bit string or instant not before this; holds as well where one of the two is absent.
    NotBefore(Box<Bound>),
    /// From one to the other, both inclusive; instants are compared at the coarser printed precision. Offsets in milli-seconds.
    Between(Box<Bound>, Box<Bound>),
}

/// One end of [`Pattern::Between`], or that of [`Pattern::NotBefore`].
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// A literal or a capture.
    pub value: Pattern,
    /// Added to it, milli-seconds for instants.
    pub offset: i64,
}

/// Why a step is sent, which decides what a mismatch means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Makes the start state: a mismatch is inconclusive.
    Start,
    /// The control: a mismatch is inconclusive and nothing more is sent.
    Control,
    /// The start state again after the control: a mismatch is inconclusive.
    Reset,
    /// What the case is about: a mismatch is a failure.
    Main,
    /// The marker's write: a mismatch is inconclusive.
    Marker,
    /// The read that must show exactly start + marker: a mismatch is a failure.
    Shown,
}

/// A step in its place in a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// Why it is sent.
    pub duty: Duty,
    /// The step; shared with the case.
    pub step: Step,
    /// The identity in effect.
    pub identity: String,
    /// How many of the acts behind it are released together with it.
    pub beside: usize,
}

/// A trial: one case variant on one transport, or on several where it goes across. Its id begins with that of the case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scheduled {
    /// `topic::case[variant]::wire::http`; `...::json+grpc::h1+h2` where the case goes across.
    pub id: String,
    /// The transports, one unless the case goes across.
    pub transports: Vec<Transport>,
}

impl Case {
    /// Whether it answers for a requirement, by its trials or by its agreement.
    #[must_use]
    pub fn answers_for(&self, requirement: &str) -> bool {
        self.requirements.iter().any(|id| id == requirement) || self.agreement.as_deref() == Some(requirement)
    }

    /// Requirements with the parts that the agreement of the case covers; what isn't listed it covers whole.
    #[must_use]
    pub fn covered_by_agreement(&self) -> Vec<(String, Vec<String>)> {
        self.covers.iter().map(|covers| (covers.requirement.clone(), covers.parts.clone())).collect()
    }

    /// The same for its trials. None of the requirement of the agreement: that wires agree no single one shows.
    #[must_use]
    pub fn covered_by_trials(&self) -> Vec<(String, Vec<String>)> {
        let mut all = self.covered_by_agreement();
        if let Some(agreement) = &self.agreement {
            all.retain(|(requirement, _)| requirement != agreement);
            all.push((agreement.clone(), Vec::new()));
        }
        all
    }

    /// Whether it speaks of the limit that the target declares for messages.
    #[must_use]
    pub fn speaks_of_limit(&self) -> bool {
        let control = self.control.iter().flat_map(|control| std::iter::once(&control.step).chain(&control.then));
        std::iter::once(&self.main).chain(control).chain(&self.then).any(Step::speaks_of_limit)
    }

    /// The id without the variant.
    #[must_use]
    pub fn base_id(&self) -> &str {
        self.variant.as_ref().and_then(|variant| self.id.strip_suffix(&format!("[{variant}]"))).unwrap_or(&self.id)
    }
}

impl Step {
    /// Whether it makes the same call as another: the same content with the same changes of fields. Expectations may differ.
    #[must_use]
    pub fn is_call_of(&self, other: &Self) -> bool {
        self.kind == other.kind && self.headers == other.headers
    }

    const fn speaks_of_limit(&self) -> bool {
        matches!(self.kind, StepKind::Call { send: Payload::Filled { length: Length::AboveLimit(_), .. }, .. })
    }

    /// The pieces of its expectation, and those of the steps that its alternatives bring.
    #[must_use]
    pub fn pieces(&self) -> Vec<&Expect> {
        let inner = self.expect.iter().flat_map(|piece| &piece.any).flat_map(|alternative| &alternative.then);
        self.expect.iter().chain(inner.flat_map(|act| act.step.pieces())).collect()
    }
}

impl Expect {
    /// Itself and its alternatives: whatever is said of the answer.
    pub fn with_alternatives(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.any.iter().map(|alternative| &alternative.expect))
    }
}

impl Act {
    /// Steps that send nothing.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        matches!(self.step.kind, StepKind::Wait(_))
    }

    /// The step in words, for reasons.
    #[must_use]
    pub fn describe(&self) -> String {
        let what = match &self.step.kind {
            StepKind::Call { rpc, .. } => rpc.rsplit('/').next().unwrap_or(rpc).to_owned(),
            StepKind::Http { verb, .. } => format!("{verb} request"),
            StepKind::Raw { .. } => "a raw request".to_owned(),
            StepKind::Wait(milliseconds) => format!("a wait of {milliseconds} ms"),
        };
        match self.duty {
            Duty::Start => format!("start state, {what}"),
            Duty::Control => format!("control, {what}"),
            Duty::Reset => format!("start state after the control, {what}"),
            Duty::Main => what,
            Duty::Marker => format!("marker, {what}"),
            Duty::Shown => format!("state after the call, {what}"),
        }
    }
}
