//! From a case to its trials, and from a trial to the steps in their order.

use std::collections::BTreeSet;

use super::model::{Across, Act, Captures, Case, Duty, Fixture, Scheduled, Step, StepKind, Suite, Via};
use super::shown::Shown;
use crate::wire::{HttpVersion, Transport, Wire};

impl Suite {
    /// A fixture with those that it stands on, the lowest first.
    #[must_use]
    pub fn chain(&self, fixture: &str) -> Vec<&Fixture> {
        let mut chain: Vec<&Fixture> = Vec::new();
        let mut next = self.fixtures.get(fixture);
        while let Some(fixture) = next
            && !chain.iter().any(|seen| seen.name == fixture.name)
        {
            chain.push(fixture);
            next = fixture.on.as_ref().and_then(|on| self.fixtures.get(on));
        }
        chain.reverse();
        chain
    }

    /// The fixture that a set is leased of for cases that start from `fixture`: the lowest of its chain.
    #[must_use]
    pub fn leased(&self, fixture: &str) -> Option<&Fixture> {
        self.chain(fixture).first().copied()
    }

    pub(super) fn reset(&self, given: Option<&str>, duty: Duty) -> Vec<Act> {
        let fixtures = given.map(|given| self.chain(given)).unwrap_or_default();
        fixtures.iter().flat_map(|fixture| fixture.reset.iter().map(|step| act(duty, step, &fixture.identity))).collect()
    }
}

/// A step in its place. Steps that its alternatives bring get the same duty and, where they name none, the same identity as its neighbours.
fn act(duty: Duty, step: &Step, identity: &str) -> Act {
    let mut step = step.clone();
    for alternative in step.expect.iter_mut().flat_map(|piece| &mut piece.any) {
        alternative.then = alternative.then.iter().map(|follow_up| act(duty, &follow_up.step, identity)).collect();
    }
    let identity = step.identity.clone().unwrap_or_else(|| identity.to_owned());
    Act { duty, step, identity, beside: 0 }
}

/// A step with those that are released together with it, the step first.
fn group(duty: Duty, step: &Step, identity: &str, wires: &[Wire]) -> Vec<Act> {
    let often = |step: &Step| {
        let act = act(duty, &Step { parallel: Vec::new(), ..step.clone() }, identity);
        let times = usize::try_from(step.times).unwrap_or(1).max(1);
        over_each(act, wires).into_iter().flat_map(move |act| vec![act; times])
    };
    let mut acts: Vec<Act> = std::iter::once(step).chain(&step.parallel).flat_map(often).collect();
    let is_group = step.times > 1 || !step.parallel.is_empty();
    let beside = acts.len().saturating_sub(1);
    if let Some(first) = acts.first_mut().filter(|_| is_group) {
        first.beside = beside;
    }
    acts
}

/// A step without the alternatives that say that the case isn't applicable.
fn applicable(mut step: Step) -> Step {
    for piece in &mut step.expect {
        piece.any.retain(|alternative| alternative.not_applicable.is_none());
        for follow_up in piece.any.iter_mut().flat_map(|alternative| &mut alternative.then) {
            follow_up.step = applicable(follow_up.step.clone());
        }
    }
    step
}

impl Case {
    /// The steps as they are for a target that says of these requirements that it offers what they speak of: absent is a failure then.
    #[must_use]
    pub fn offered(&self, acts: Vec<Act>, offers: &[String]) -> Vec<Act> {
        if !self.requirements.iter().any(|id| offers.contains(id)) {
            return acts;
        }
        acts.into_iter().map(|act| Act { step: applicable(act.step), ..act }).collect()
    }

    /// Name of the group: the case variant with all its trials.
    #[must_use]
    pub fn group_id(&self) -> &str {
        &self.id
    }

    /// Name of the agreement of its group.
    #[must_use]
    pub fn agreement_id(&self) -> String {
        format!("{}::agreement", self.id)
    }

    /// The steps of a trial over these wires, in their order: start state; control and its follow-ups, start state again; main; the marker and the
    /// read that shows it; what follows. Set-up isn't part of it. A step `via: every` stands there once for each wire.
    #[must_use]
    pub fn script(&self, suite: &Suite, wires: &[Wire]) -> Vec<Act> {
        let given = self.given.as_deref();
        let identity = given.and_then(|given| suite.fixtures.get(given)).map(|fixture| fixture.identity.as_str()).unwrap_or_default();
        let mut acts = Vec::new();
        if let Some(control) = &self.control {
            acts.extend(suite.reset(control.given.as_deref().or(given), Duty::Start));
            acts.push(act(Duty::Control, &control.step, identity));
            acts.extend(control.then.iter().map(|step| act(Duty::Control, step, identity)));
            acts.extend(suite.reset(given, Duty::Reset));
        } else {
            acts.extend(suite.reset(given, Duty::Start));
        }
        acts.extend(group(Duty::Main, &self.main, identity, wires));
        if self.marker
            && let Some(fixture) = given.and_then(|given| suite.chain(given).into_iter().rev().find(|fixture| !fixture.marker.is_empty()))
        {
            let last = fixture.marker.len() - 1;
            acts.extend(fixture.marker.iter().enumerate().map(|(index, step)| {
                let duty = if index == last { Duty::Shown } else { Duty::Marker };
                act(duty, step, &fixture.identity)
            }));
        }
        acts.extend(self.then.iter().flat_map(|step| group(Duty::Main, step, identity, wires)));
        if !tells_a_server(&acts) {
            // The probe is a positive step on the wires of the trial.
            let via = self.across.map(|_| Via::Every);
            acts.push(act(Duty::Marker, &Step { via, ..suite.probe.clone() }, identity));
        }
        acts.into_iter().flat_map(|act| over_each(act, wires)).collect()
    }

    /// Whether it may run on this transport at all.
    #[must_use]
    pub fn runs_on(&self, transport: Transport) -> bool {
        // gRPC has one version of HTTP. What a script shows of another one there belongs to the same trials.
        let is_script = || std::iter::once(&self.main).chain(&self.then).any(|step| matches!(step.kind, StepKind::Raw { .. }));
        let is_beside = transport.wire == Wire::Grpc && self.https == [HttpVersion::H1] && is_script();
        self.wires.contains(&transport.wire) && (self.https.is_empty() || self.https.contains(&transport.http) || is_beside)
    }

    /// Its trials on these transports, in the order in which reports show them.
    #[must_use]
    pub fn trials(&self, live: &[Transport]) -> Vec<Scheduled> {
        let live: BTreeSet<Transport> = live.iter().copied().filter(|transport| self.runs_on(*transport)).collect();
        let first_of_each =
            || -> Vec<Transport> { Wire::ALL.iter().filter_map(|wire| live.iter().find(|t| t.wire == *wire).copied()).collect() };
        match self.across {
            None => live.iter().map(|transport| self.trial(vec![*transport])).collect(),
            Some(Across::Each) => {
                let all = first_of_each();
                if all.len() < 2 { Vec::new() } else { vec![self.trial(all)] }
            }
            Some(Across::Pairs) => {
                let all = first_of_each();
                let pairs = all.iter().flat_map(|first| all.iter().map(move |second| (*first, *second)));
                pairs.filter(|(first, second)| first != second).map(|(first, second)| self.trial(vec![first, second])).collect()
            }
        }
    }

    fn trial(&self, transports: Vec<Transport>) -> Scheduled {
        let joined = |names: Vec<&str>| names.join("+");
        let wires = joined(transports.iter().map(|transport| transport.wire.name()).collect());
        let versions = joined(transports.iter().map(|transport| transport.http.name()).collect());
        Scheduled { id: format!("{}::{wires}::{versions}", self.id), transports }
    }
}

/// Whether these steps, all met, show that something is served. A piece that answers for a requirement of its own may not count on a wire or in a run.
fn tells_a_server(acts: &[Act]) -> bool {
    let mut shown = Shown::default();
    acts.iter().for_each(|act| shown.see(act, &[], &Captures::new(), |piece| piece.requirement.is_none()));
    shown.is_served()
}

fn over_each(mut act: Act, wires: &[Wire]) -> Vec<Act> {
    for alternative in act.step.expect.iter_mut().flat_map(|piece| &mut piece.any) {
        alternative.then = std::mem::take(&mut alternative.then).into_iter().flat_map(|act| over_each(act, wires)).collect();
    }
    if act.step.via != Some(Via::Every) {
        return vec![act];
    }
    (0..wires.len().max(1)).map(|n| Act { step: Step { via: Some(Via::Nth(n)), ..act.step.clone() }, ..act.clone() }).collect()
}

/// Words joined by hyphens, fit for a name of a test: letters, digits, `-`, `_`, `.` stay, all else separates.
#[must_use]
pub fn slug(words: &str) -> String {
    let parts = words.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.')));
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// SHA-256 in hexadecimal, over the parts one after the other, each preceded by its length so that no two lists of parts are alike.
pub(super) fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let suite = rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
    let Some(suite) = suite.tls13() else { return String::new() };
    let mut context = suite.common.hash_provider.start();
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contract;

    #[test]
    fn what_speaks_http1_alone_is_tried_over_grpc_only_where_it_is_a_script() {
        let suite = Suite::built_in(Contract::built_in()).unwrap();
        let grpc = Transport::new(Wire::Grpc, HttpVersion::H2);
        let tried = || suite.cases.iter().filter(|case| case.https == [HttpVersion::H1] && case.runs_on(grpc));
        assert!(tried().count() > 0);
        for case in tried() {
            assert!(matches!(case.main.kind, StepKind::Raw { .. }), "{}", case.id);
        }
    }
}
