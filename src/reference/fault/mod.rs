//! What can be wrong with the server on purpose, what can be different within the law, and what is no server at all.
//!
//! A fault is an entry: what it breaks, on which wires, and a function at one seam. Entries stand in one file a seam; a list here
//! registers them. The correct server knows nothing of all this.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::StatusCode;
use http::request::Parts;

use super::backend::{Backend, Outcome, Seed};
use super::codec::{Codec, Encoded, Parcel};
use super::context::{Context, Wire};
use super::cors::BROWSER_ORIGIN;
use super::failure::Failure;
use super::frames::{Frames, Recognized, Reply};
use super::manner::{Manner, Measured};
use super::methods::{Method, contract};
use super::octets::{Below, Octets};
use super::script::Script;
use super::service::{Fixed, Seams};

mod agreement;
mod around;
mod auth;
mod blocks;
mod callers;
mod cors;
mod discovery;
mod documented;
mod grpc_frame;
mod grpc_gzip;
mod grpc_head;
mod grpc_message;
mod grpc_stream;
mod http_octets;
mod http_requests;
mod http_routes;
mod http_variants;
mod json_answer;
mod json_enum;
mod json_text;
mod json_value;
mod lag;
mod later_factors;
mod macros;
mod mapping;
mod meaning;
mod nothing;
mod races;
mod registry;
mod security;
mod shape;
mod state_factors;
mod state_policy;
mod state_reads;
mod status_fields;
mod tenancy;
mod tree;
mod values;
mod variant_domain;
mod variant_frames;
mod variant_grpc;
mod variant_json;
mod variant_offer;
mod variant_shape;
mod variant_time;
mod web;
mod web_frames;
mod wire;

pub use registry::{FAULTS, NULL_TARGETS, UnknownName, VARIANTS, fault, null_target, variant};

/// Which of the four oracles has to see a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// Protocols: HTTP, gRPC, gRPC-Web, ProtoJSON, status mapping.
    Wire,
    /// The schema of a message.
    Shape,
    /// What the call means, and its effect on later ones.
    Meaning,
    /// All wires tell the same story.
    Agreement,
}

impl Layer {
    /// The word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Shape => "shape",
            Self::Meaning => "meaning",
            Self::Agreement => "agreement",
        }
    }
}

/// A way in which the server breaks one requirement.
#[derive(Debug)]
pub struct Fault {
    /// For `--fault`.
    pub name: &'static str,
    /// The requirement that it breaks.
    pub requirement: &'static str,
    /// The stable word with which the check tells it.
    pub kind: &'static str,
    /// The wires on which it acts.
    pub wires: &'static [&'static str],
    /// Which oracle has to see it.
    pub layer: Layer,
    /// One sentence.
    pub summary: &'static str,
    pub(super) seam: Seam,
}

/// A way in which the server does otherwise than most, within the law.
#[derive(Debug)]
pub struct Variant {
    /// For `--variant`.
    pub name: &'static str,
    /// Requirements whose checks would fail here if they asked for more than the law does.
    pub spared_by: &'static [&'static str],
    /// The wires on which it acts.
    pub wires: &'static [&'static str],
    /// One sentence.
    pub summary: &'static str,
    pub(super) seam: Seam,
}

/// Something behind a port that serves no contract: a suite that finds anything to praise here is wrong.
#[derive(Debug)]
pub struct NullTarget {
    /// For `--null-target`.
    pub name: &'static str,
    /// Whether it attacks its client, instead of only being useless.
    pub hostile: bool,
    /// One sentence.
    pub summary: &'static str,
    pub(super) act: Act,
}

/// What a null target does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    /// The same answer to everything.
    Fixed(Fixed),
    /// Below HTTP.
    Script(Script),
}

/// Puts something around the backend.
type Around = fn(Arc<dyn Backend>, &Seed, Meter) -> Arc<dyn Backend>;

/// Where an entry takes hold. The plain functions say whether they acted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seam {
    /// Around the backend, with a state of its own.
    Backend(Around),
    /// When the head of a request has arrived, before anything is decided by it.
    Head(fn(&mut Parts) -> Heard),
    /// The same, with a time to remember.
    HeadSince(fn(&mut Parts, &mut Option<Instant>) -> Heard),
    /// Before the content of a request is read.
    Request(fn(&Context, &Method, &mut Parcel) -> bool),
    /// Before the message of an RPC request is taken out of its frames, with the head of the request.
    Framed(fn(&Parts, &Context, &mut bytes::Bytes) -> bool),
    /// Before an outcome is encoded.
    Outcome(fn(&Context, &mut Outcome) -> bool),
    /// After it was encoded.
    Encoded(fn(&Context, &Outcome, &mut Encoded) -> bool),
    /// After it was put into frames.
    Reply(fn(&Context, &mut Reply) -> bool),
    /// When the answer to a request leaves.
    Leaving(fn(&Parts, &mut Reply) -> bool),
    /// When the wire of a request is told from its head.
    Recognized(fn(&Parts, &mut Recognized) -> bool),
    /// Answers carry no date.
    NoDate,
    /// Below HTTP/1.1.
    Octets(&'static Below),
    /// In time.
    Manner(&'static Manner),
    /// Several at once.
    Several(&'static [Seam]),
}

/// What was done with the head of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing.
    Untouched,
    /// It was changed.
    Bent,
    /// The request is refused with this HTTP status, without looking further.
    Refused(StatusCode),
}

impl Heard {
    /// It was changed, if so.
    fn bent(bent: bool) -> Self {
        if bent { Self::Bent } else { Self::Untouched }
    }
}

/// Counts how often an entry acted, and knows on which wires it may.
#[derive(Debug, Clone)]
pub struct Meter {
    wires: &'static [&'static str],
    acted: Arc<AtomicU64>,
}

impl Meter {
    /// Whether the entry acts on this wire.
    pub fn covers(&self, wire: Wire) -> bool {
        self.wires.contains(&wire.name())
    }

    /// Notes that it acted.
    pub fn acted(&self) {
        self.acted.fetch_add(1, Ordering::Relaxed);
    }

    fn note(&self, acted: bool) {
        if acted {
            self.acted();
        }
    }
}

impl Fault {
    /// Puts the fault around its seam.
    pub(super) fn wrap(&self, seams: &mut Seams, seed: &Seed, acted: &Arc<AtomicU64>) {
        wrap(self.seam, self.wires, seams, seed, acted);
    }
}

impl Variant {
    /// Whether it speaks every wire over every HTTP version that the wire has.
    pub fn speaks_everything(&self) -> bool {
        !registry::SPEAK_LESS.contains(&self.name)
    }

    /// Whether it has the texts and ids of the profile `zitadel`.
    pub fn is_zitadel(&self) -> bool {
        !registry::OTHER_TEXTS.contains(&self.name)
    }

    /// Origins whose pages may call.
    pub fn browser_origins(&self) -> Vec<String> {
        if registry::NO_BROWSERS.contains(&self.name) { Vec::new() } else { vec![BROWSER_ORIGIN.to_owned()] }
    }

    /// Puts the variant around its seam.
    pub(super) fn wrap(&self, seams: &mut Seams, seed: &Seed, acted: &Arc<AtomicU64>) {
        wrap(self.seam, self.wires, seams, seed, acted);
    }
}

impl NullTarget {
    /// Takes the place of the server.
    pub(super) fn take_over(&self, seams: &mut Seams) -> Option<Script> {
        match self.act {
            Act::Fixed(fixed) => {
                seams.fixed = Some(fixed);
                None
            }
            Act::Script(script) => Some(script),
        }
    }
}

fn wrap(seam: Seam, wires: &'static [&'static str], seams: &mut Seams, seed: &Seed, acted: &Arc<AtomicU64>) {
    let meter = Meter { wires, acted: Arc::clone(acted) };
    match seam {
        Seam::Backend(wrap) => seams.backend = wrap(Arc::clone(&seams.backend), seed, meter),
        Seam::Several(seams_of) => {
            for seam in seams_of {
                wrap(*seam, wires, seams, seed, acted);
            }
        }
        Seam::Manner(manner) => seams.manner = Measured::new(manner, meter),
        Seam::Octets(below) => seams.octets = Some(Octets::new(below, meter)),
        Seam::Request(_) | Seam::Outcome(_) | Seam::Encoded(_) => {
            let inner = Arc::clone(&seams.codec);
            seams.codec = Arc::new(Bent { inner, seam, meter, since: Mutex::default() });
        }
        Seam::Head(_) | Seam::HeadSince(_) | Seam::Framed(_) | Seam::Reply(_) | Seam::Leaving(_) | Seam::Recognized(_) | Seam::NoDate => {
            let inner = Arc::clone(&seams.frames);
            seams.frames = Arc::new(Bent { inner, seam, meter, since: Mutex::default() });
        }
    }
}

/// A seam with a function around it.
struct Bent<T: ?Sized> {
    inner: Arc<T>,
    seam: Seam,
    meter: Meter,
    since: Mutex<Option<Instant>>,
}

impl Codec for Bent<dyn Codec> {
    fn decode(&self, context: &Context, method: &Method, parcel: &Parcel) -> Outcome {
        if let Seam::Request(bend) = self.seam
            && self.meter.covers(context.wire)
        {
            let mut parcel = parcel.clone();
            self.meter.note(bend(context, method, &mut parcel));
            return self.inner.decode(context, method, &parcel);
        }
        self.inner.decode(context, method, parcel)
    }

    fn encode(&self, context: &Context, outcome: &Outcome) -> Encoded {
        if !self.meter.covers(context.wire) {
            return self.inner.encode(context, outcome);
        }
        match self.seam {
            Seam::Outcome(bend) => {
                let mut outcome = outcome.clone();
                self.meter.note(bend(context, &mut outcome));
                self.inner.encode(context, &outcome)
            }
            Seam::Encoded(bend) => {
                let mut encoded = self.inner.encode(context, outcome);
                self.meter.note(bend(context, outcome, &mut encoded));
                encoded
            }
            _ => self.inner.encode(context, outcome),
        }
    }
}

impl Frames for Bent<dyn Frames> {
    fn arrive(&self, head: &mut Parts) -> Option<StatusCode> {
        let refused = self.inner.arrive(head);
        if !matches!(self.seam, Seam::Head(_) | Seam::HeadSince(_)) {
            return refused;
        }
        if refused.is_some() || !self.meter.covers(wire_of(head, self.inner.recognize(head))) {
            return refused;
        }
        let heard = match self.seam {
            Seam::Head(bend) => bend(head),
            Seam::HeadSince(bend) => bend(head, &mut self.since.lock().unwrap_or_else(PoisonError::into_inner)),
            _ => Heard::Untouched,
        };
        match heard {
            Heard::Untouched => None,
            Heard::Bent => {
                self.meter.acted();
                None
            }
            Heard::Refused(status) => {
                self.meter.acted();
                Some(status)
            }
        }
    }

    fn recognize(&self, head: &Parts) -> Recognized {
        let mut recognized = self.inner.recognize(head);
        if let Seam::Recognized(bend) = self.seam {
            self.meter.note(bend(head, &mut recognized));
        }
        recognized
    }

    fn unframe(&self, head: &Parts, context: &Context, mut body: bytes::Bytes) -> Result<bytes::Bytes, Failure> {
        if let Seam::Framed(bend) = self.seam
            && self.meter.covers(context.wire)
        {
            self.meter.note(bend(head, context, &mut body));
        }
        self.inner.unframe(head, context, body)
    }

    fn frame(&self, context: &Context, encoded: Encoded) -> Reply {
        let mut reply = self.inner.frame(context, encoded);
        if self.meter.covers(context.wire) {
            match self.seam {
                Seam::Reply(bend) => self.meter.note(bend(context, &mut reply)),
                Seam::NoDate => self.meter.acted(),
                _ => {}
            }
        }
        reply
    }

    fn leave(&self, head: &Parts, reply: &mut Reply) {
        self.inner.leave(head, reply);
        if let Seam::Leaving(bend) = self.seam
            && self.meter.covers(wire_of(head, self.inner.recognize(head)))
        {
            self.meter.note(bend(head, reply));
        }
    }

    fn dates(&self) -> bool {
        !matches!(self.seam, Seam::NoDate) && self.inner.dates()
    }
}

fn wire_of(head: &Parts, recognized: Recognized) -> Wire {
    match recognized {
        // A browser asks before it calls, and has no content type then.
        Recognized::Other if head.method == http::Method::OPTIONS && contract().is_service(head.uri.path()) => Wire::GrpcWeb,
        Recognized::Call(wire, _) | Recognized::OtherFormat(wire, _) => wire,
        Recognized::Other => Wire::Json,
    }
}

const ALL: &[&str] = &["json", "grpc", "grpc-web", "grpc-web-text"];
const JSON: &[&str] = &["json"];
const GRPC: &[&str] = &["grpc"];
const WEB: &[&str] = &["grpc-web", "grpc-web-text"];
const BINARY: &[&str] = &["grpc", "grpc-web", "grpc-web-text"];
