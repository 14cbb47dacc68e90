//! Replaces secrets by names of the same length, in every form in which an answer may carry them.
//!
//! Same length, so that every length and offset in an exchange still means what it meant: checks and decoders see a whole exchange.

mod base64;
mod gzip;
mod name;
mod scan;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::wire::{Body, End, Exchange, Field, Octets, Wire};

/// How deep base64 is looked for inside base64.
const DEPTH: u8 = 2;

/// Shorter parts of a secret are no secrets.
const PART: usize = 16;

/// A secret with the name that stands for it.
#[derive(Clone)]
struct Secret {
    octets: Vec<u8>,
    /// As long as the secret, different from every other name.
    name: Vec<u8>,
}

/// Everything that must not get into a record: the run's token, and tokens that steps captured.
#[derive(Clone, Default)]
pub struct Secrets {
    /// Longest first, so that a secret that contains another one is replaced whole.
    known: Vec<Secret>,
    starts: scan::Starts,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.known.iter().map(|secret| String::from_utf8_lossy(&secret.name));
        f.debug_list().entries(names).finish()
    }
}

/// What was replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Touched {
    any: bool,
    /// Inside base64 or compressed octets.
    coded: bool,
}

impl Secrets {
    /// Adds a secret; `label` is what its name tells, e.g. `run token` gives `<run-token----->`. An empty or known one changes nothing.
    pub fn add(&mut self, label: &str, octets: &[u8]) {
        if octets.is_empty() || self.known.iter().any(|secret| secret.octets == octets) {
            return;
        }
        // Of a token of several parts each behind the first, which tells nothing but the kind of the token, is one by itself.
        for part in octets.split(|octet| *octet == b'.').skip(1).filter(|part| part.len() >= PART) {
            self.add(&format!("{label} part"), part);
        }
        let name = name::of(label, octets, &self.known);
        self.starts.add(octets);
        self.known.push(Secret { octets: octets.to_vec(), name });
        self.known.sort_by_key(|secret| std::cmp::Reverse(secret.octets.len()));
    }

    /// A text, e.g. of an error, with secrets replaced.
    #[must_use]
    pub fn scrub_text(&self, text: &str) -> String {
        let mut octets = text.as_bytes().to_vec();
        if !self.octets(&mut octets, false, DEPTH).any {
            return text.to_owned();
        }
        String::from_utf8(octets).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// A value, e.g. of a capture, with secrets replaced in member names and strings.
    #[must_use]
    pub fn redact_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.scrub_text(text)),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.redact_value(item)).collect()),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(name, member)| (self.scrub_text(name), self.redact_value(member))).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// An exchange with secrets replaced in heads, paths, contents and trailers.
    #[must_use]
    pub fn redact_exchange(&self, exchange: &Exchange) -> Exchange {
        let mut exchange = exchange.clone();
        if self.known.is_empty() {
            return exchange;
        }
        let wire = exchange.transport.wire;
        let sent = &mut exchange.sent;
        for text in [&mut sent.verb, &mut sent.scheme, &mut sent.authority, &mut sent.path] {
            *text = self.scrub_text(text);
        }
        self.fields(&mut sent.fields);
        self.body(&mut sent.content, wire);
        let received = &mut exchange.received;
        for head in &mut received.heads {
            self.fields(&mut head.fields);
        }
        self.body(&mut received.content, wire);
        if let Some(coding) = &mut received.undone_coding {
            *coding = self.scrub_text(coding);
        }
        if let Some(trailers) = &mut received.trailers {
            self.fields(trailers);
        }
        match &mut received.end {
            End::Closed { text } | End::NoConnection { text } | End::Malformed { text } | End::TooLarge { text } => {
                *text = self.scrub_text(text);
            }
            End::Complete | End::Reset { .. } | End::GoAway { .. } | End::TimedOut { .. } | End::Interrupted => {}
        }
        exchange
    }

    fn fields(&self, fields: &mut [Field]) {
        for field in fields {
            self.octets(&mut field.name.0, false, DEPTH);
            self.octets(&mut field.value.0, false, DEPTH);
        }
    }

    fn body(&self, body: &mut Body, wire: Wire) {
        let cut = !body.is_whole();
        let mut octets = body.kept.0.clone();
        let mut coded = false;
        // Compressed octets first: a stored block holds the secret as it is, and replacing it there would break the checksum.
        if let Some(packed) = gzip::scrub(&octets, &mut |plain, broken| self.octets(plain, cut || broken, DEPTH).any) {
            octets = packed;
            coded = true;
        }
        match wire {
            Wire::Json => {}
            Wire::Grpc | Wire::GrpcWeb => {
                if let Some(framed) = self.frames(&octets, cut) {
                    octets = framed;
                    coded = true;
                }
            }
            Wire::GrpcWebText => {
                let whole = base64::Whole::decode(&octets);
                let framed = self.frames(&whole.octets, cut);
                let mut changed = framed.is_some();
                let mut inner = framed.unwrap_or_else(|| whole.octets.clone());
                changed |= self.octets(&mut inner, cut, DEPTH).any;
                if changed {
                    octets = whole.encode(&octets, &inner);
                    coded = true;
                }
            }
        }
        let mut touched = self.octets(&mut octets, cut, DEPTH);
        touched.any |= coded;
        touched.coded |= coded;
        if touched.any {
            body.length = (body.length + octets.len() as u64).saturating_sub(body.kept.0.len() as u64);
            body.kept = Octets(octets);
            body.reencoded |= touched.coded;
        }
    }

    /// Looks into compressed messages (flag bit 0) of length-prefixed frames; `None` where nothing was found.
    fn frames(&self, octets: &[u8], cut: bool) -> Option<Vec<u8>> {
        let mut all = Vec::with_capacity(octets.len());
        let mut changed = false;
        let mut rest = octets;
        while let [flags, a, b, c, d, after @ ..] = rest {
            let declared = u32::from_be_bytes([*a, *b, *c, *d]);
            let length = usize::try_from(declared).unwrap_or(usize::MAX);
            let whole = length <= after.len();
            let (payload, next) = after.split_at(length.min(after.len()));
            let packed = (flags & 1 == 1)
                .then(|| gzip::scrub(payload, &mut |plain, broken| self.octets(plain, broken || (cut && !whole), DEPTH).any))
                .flatten();
            changed |= packed.is_some();
            let payload = packed.as_deref().unwrap_or(payload);
            // A frame that was cut keeps the length that it declared.
            let declared = if whole { u32::try_from(payload.len()).unwrap_or(declared) } else { declared };
            all.push(*flags);
            all.extend_from_slice(&declared.to_be_bytes());
            all.extend_from_slice(payload);
            rest = next;
        }
        all.extend_from_slice(rest);
        changed.then_some(all)
    }

    /// Replaces in place; the number of octets stays the same.
    fn octets(&self, octets: &mut [u8], cut: bool, depth: u8) -> Touched {
        let Some(shortest) = self.known.iter().map(|secret| secret.octets.len()).filter(|length| *length >= scan::CODED_FROM).min() else {
            let any = scan::scan(octets, &self.known, &self.starts, cut);
            return Touched { any, coded: false };
        };
        let plain = scan::scan(octets, &self.known, &self.starts, cut);
        let coded = depth > 0 && base64::runs(octets, shortest, cut, |inner, cut| self.octets(inner, cut, depth - 1).any);
        Touched { any: plain || coded, coded }
    }
}
