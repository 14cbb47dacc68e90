//! What can be wrong with the server on purpose, what can be different within the law, and what is no server at all.
//!
//! A fault is an entry: what it breaks, on which wires, and a function at one seam. Entries stand in one file a seam; a list here
//! registers them. The correct server knows nothing of all this.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::request::Parts;

use super::backend::{Backend, Outcome, Seed};
use super::codec::{Codec, Encoded, Parcel};
use super::context::{Context, Wire};
use super::failure::Failure;
use super::frames::{Frames, Recognized, Reply};
use super::methods::Method;
use super::script::Script;
use super::service::Seams;

mod agreement;
mod lag;
mod meaning;
mod nothing;
mod shape;
mod tree;
mod variant_frames;
mod variant_shape;
mod web;
mod wire;

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
    pub departs_from: &'static [&'static str],
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
    Reply(fn(Recognized) -> Reply),
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
    /// Before an outcome is encoded.
    Outcome(fn(&Context, &mut Outcome) -> bool),
    /// After it was encoded.
    Encoded(fn(&Context, &Outcome, &mut Encoded) -> bool),
    /// After it was put into frames.
    Reply(fn(&Context, &mut Reply) -> bool),
    /// When the wire of a request is told from its head.
    Recognized(fn(&Parts, &mut Recognized) -> bool),
    /// Answers carry no date.
    NoDate,
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
    /// Puts the variant around its seam.
    pub(super) fn wrap(&self, seams: &mut Seams, seed: &Seed, acted: &Arc<AtomicU64>) {
        wrap(self.seam, self.wires, seams, seed, acted);
    }
}

impl NullTarget {
    /// Takes the place of the server.
    pub(super) fn take_over(&self, seams: &mut Seams) -> Option<Script> {
        match self.act {
            Act::Reply(fixed) => {
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
        Seam::Outcome(_) | Seam::Encoded(_) => {
            let inner = Arc::clone(&seams.codec);
            seams.codec = Arc::new(Bent { inner, seam, meter });
        }
        Seam::Reply(_) | Seam::Recognized(_) | Seam::NoDate => {
            let inner = Arc::clone(&seams.frames);
            seams.frames = Arc::new(Bent { inner, seam, meter });
        }
    }
}

/// A seam with a function around it.
struct Bent<T: ?Sized> {
    inner: Arc<T>,
    seam: Seam,
    meter: Meter,
}

impl Codec for Bent<dyn Codec> {
    fn decode(&self, context: &Context, method: &Method, parcel: &Parcel) -> Outcome {
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
    fn recognize(&self, head: &Parts) -> Recognized {
        let mut recognized = self.inner.recognize(head);
        if let Seam::Recognized(bend) = self.seam {
            self.meter.note(bend(head, &mut recognized));
        }
        recognized
    }

    fn unframe(&self, context: &Context, body: bytes::Bytes) -> Result<bytes::Bytes, Failure> {
        self.inner.unframe(context, body)
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

    fn dates(&self) -> bool {
        !matches!(self.seam, Seam::NoDate) && self.inner.dates()
    }
}

const ALL: &[&str] = &["json", "grpc", "grpc-web", "grpc-web-text"];
const JSON: &[&str] = &["json"];
const GRPC: &[&str] = &["grpc"];
const WEB: &[&str] = &["grpc-web", "grpc-web-text"];
const BINARY: &[&str] = &["grpc", "grpc-web", "grpc-web-text"];

/// All faults.
pub static FAULTS: &[&Fault] = &[
    // Meaning
    &meaning::STORES_UNSPECIFIED,
    &meaning::DUPLICATE_ADD_OK,
    &meaning::SKIPS_AUTH_ON_GRPC_WEB,
    &meaning::SEPARATE_STATE_PER_WIRE,
    // Shape and mapping
    &shape::SEQUENCE_AS_NUMBER,
    &shape::DETAILS_MISSING,
    &shape::BARE_DATE,
    &shape::HTTP_STATUS_IN_CODE,
    &shape::CONFLICT_AS_400,
    &shape::UNAUTHENTICATED_AS_403,
    &shape::DUPLICATE_MEMBER,
    &shape::SUCCESS_CARRIES_CODE,
    &shape::DETAILS_BIN_OTHER_CODE,
    &shape::WRONG_WIRE_TYPE,
    &shape::WRONG_RESOURCE_OWNER,
    &shape::DETAIL_AS_BASE64,
    &shape::SNAKE_CASE,
    &shape::ENUMS_AS_NUMBERS,
    &shape::TRIMMED_FRACTION,
    &shape::TOTAL_OFF_BY_ONE,
    &shape::NO_CHALLENGE,
    &shape::NULLS_FOR_ABSENT,
    // Agreement
    &agreement::JSON_ERROR_WITHOUT_DETAILS,
    &agreement::CHANGE_DATE_ON_GRPC_ADD,
    // HTTP and gRPC
    &wire::STATUS_TWICE,
    &wire::STATUS_ZERO_LED,
    &wire::HTTP_500_ON_ERROR,
    &wire::OCTET_STREAM,
    &wire::JSON_AS_TEXT_PLAIN,
    &wire::NO_DATE,
    &wire::MESSAGE_UNESCAPED,
    &wire::TWO_MESSAGES,
    &wire::FOREIGN_CONTENT_TYPE_EXECUTED,
    &wire::STATUS_MISSING,
    &wire::LENGTH_LITTLE_ENDIAN,
    &wire::DETAILS_BIN_PADDED,
    &wire::NO_ALLOW,
    &wire::EMPTY_MESSAGE_BEFORE_ERROR,
    &wire::CACHEABLE,
    // gRPC-Web
    &web::WEB_TRAILER_UPPER_CASE,
    &web::WEB_STATUS_ONLY_IN_HTTP_TRAILERS,
    &web::WEB_DATA_AFTER_TRAILERS,
    &web::WEB_TRAILER_FLAG_ODD,
    &web::WEB_TRAILER_BARE_LF,
    &web::WEB_TEXT_URL_SAFE,
];

/// All legal variants.
pub static VARIANTS: &[&Variant] = &[
    &lag::LAGGING_READS,
    &lag::SPARSE_SEQUENCE,
    &variant_shape::KEY_ORDER,
    &variant_shape::EXPLICIT_DEFAULTS,
    &variant_shape::CHANGE_DATE_ON_ADD,
    &variant_shape::UNKNOWN_FIELDS,
    &variant_shape::WHITE_SPACE,
    &variant_frames::HEADERS_THEN_TRAILERS,
    &variant_frames::STATUS_IN_WEB_HEADERS,
    &variant_frames::BASE64_PER_FRAME,
    &variant_frames::SPLIT_DATA,
    &variant_frames::OWN_HEADERS,
    &variant_frames::WEB_PLUS_PROTO,
    &variant_frames::CHARSET,
    &variant_frames::TIGHT_TRAILER,
];

/// All targets that serve nothing.
pub static NULL_TARGETS: &[&NullTarget] = &[
    &nothing::ALWAYS_404,
    &nothing::ALWAYS_EMPTY_200,
    &nothing::ALWAYS_UNIMPLEMENTED,
    &nothing::CLOSES,
    &nothing::HANGS,
    &nothing::ENDLESS_BODY,
    &nothing::GIANT_HEAD,
    &nothing::SLOW_DRIP,
    &nothing::GARBAGE,
    &nothing::HALF_CLOSE,
];

/// A name that is in no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} named {name:?}; the nearest is {nearest:?}")]
pub struct UnknownName {
    /// Of what it should be a name.
    pub what: &'static str,
    /// The name.
    pub name: String,
    /// The name in the list that is most like it.
    pub nearest: &'static str,
}

/// The fault of this name.
///
/// # Errors
/// If there is none.
pub fn fault(name: &str) -> Result<&'static Fault, UnknownName> {
    find("fault", name, FAULTS, |fault| fault.name)
}

/// The legal variant of this name.
///
/// # Errors
/// If there is none.
pub fn variant(name: &str) -> Result<&'static Variant, UnknownName> {
    find("variant", name, VARIANTS, |variant| variant.name)
}

/// The null target of this name.
///
/// # Errors
/// If there is none.
pub fn null_target(name: &str) -> Result<&'static NullTarget, UnknownName> {
    find("null target", name, NULL_TARGETS, |target| target.name)
}

fn find<T>(what: &'static str, name: &str, list: &[&'static T], named: fn(&T) -> &'static str) -> Result<&'static T, UnknownName> {
    if let Some(found) = list.iter().find(|entry| named(entry) == name) {
        return Ok(found);
    }
    let names = list.iter().map(|entry| named(entry));
    Err(UnknownName { what, name: name.to_owned(), nearest: names.min_by_key(|known| distance(known, name)).unwrap_or_default() })
}

/// Levenshtein's distance in characters; of a long name only its start counts.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, b) in other.iter().enumerate() {
            let replace = diagonal + usize::from(a != *b);
            diagonal = row[at + 1];
            row[at + 1] = replace.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_wires_exist() {
        let mut seen = HashSet::new();
        let faults = FAULTS.iter().map(|fault| (fault.name, fault.wires));
        let variants = VARIANTS.iter().map(|variant| (variant.name, variant.wires));
        let targets = NULL_TARGETS.iter().map(|target| (target.name, ALL));
        for (name, wires) in faults.chain(variants).chain(targets) {
            assert!(seen.insert(name), "{name} twice");
            assert!(!wires.is_empty() && wires.iter().all(|wire| ALL.contains(wire)), "{name}");
        }
    }

    #[test]
    fn requirements_exist() {
        let catalogue = include_str!(concat!(env!("OUT_DIR"), "/requirements.json"));
        let all: Vec<serde_json::Value> = serde_json::from_str(catalogue).unwrap();
        let ids: HashSet<_> = all.iter().filter_map(|filed| filed["entry"]["id"].as_str()).collect();
        for fault in FAULTS {
            assert!(ids.contains(fault.requirement), "{}: {}", fault.name, fault.requirement);
        }
        for variant in VARIANTS {
            for requirement in variant.departs_from {
                assert!(ids.contains(requirement), "{}: {requirement}", variant.name);
            }
        }
    }

    #[test]
    fn the_nearest_name_is_told() {
        assert!(fault("no-date").is_ok());
        assert_eq!(fault("no-dates").unwrap_err().nearest, "no-date");
        assert_eq!(variant("keyorder").unwrap_err().nearest, "key-order");
        assert_eq!(null_target("hang").unwrap_err().nearest, "hangs");
    }
}
