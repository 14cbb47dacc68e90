//! What is claimed and not offered: a wire that nothing speaks, or a declared transport beside one that is spoken.

use crate::case::Suite;
use crate::judge::{Judgement, Verdict, Violation};
use crate::plan::Selection;
use crate::record::event::PassiveEnded;
use crate::target::{Capabilities, Presence};
use crate::wire::{HttpVersion, Transport, Wire};

/// One failure for each claimed wire that isn't spoken at all, and for each declared transport that isn't spoken while another of its wire is.
/// The suite's `offered` says which requirement is violated; what it doesn't name, fails nothing.
pub(super) fn not_offered(suite: &Suite, capabilities: &Capabilities, selection: &Selection) -> Vec<PassiveEnded> {
    let mut failures = Vec::new();
    for wire in Wire::ALL.into_iter().filter(|wire| selection.wires.is_empty() || selection.wires.contains(wire)) {
        let found: Vec<(Transport, &Presence, u64)> = Transport::ALL
            .into_iter()
            .filter(|transport| transport.wire == wire)
            .filter_map(|transport| {
                capabilities.transports.get(&transport.to_string()).map(|(presence, probe)| (transport, presence, *probe))
            })
            .collect();
        let is_live = found.iter().any(|(_, presence, _)| **presence == Presence::Live);
        let missing = found.into_iter().filter_map(|(transport, presence, probe)| match presence {
            Presence::Missing { text } => Some((transport, text, probe)),
            Presence::Live | Presence::Absent { .. } => None,
        });
        for (transport, text, probe) in missing.take(if is_live { usize::MAX } else { 1 }) {
            let http = is_live.then_some(transport.http);
            let of_transport = http.and_then(|_| suite.offered.get(&transport.to_string()));
            if let Some(requirement) = of_transport.or_else(|| suite.offered.get(wire.name())) {
                failures.push(failure(requirement, wire, http, text, probe));
            }
        }
    }
    failures
}

/// `http`: the one transport that is missing; none: the whole wire is.
fn failure(requirement: &str, wire: Wire, http: Option<HttpVersion>, text: &str, probe: u64) -> PassiveEnded {
    let (what, id) = match http {
        None => (format!("the wire {wire}"), format!("requirement::{requirement}::{wire}{}", PassiveEnded::OFFERED)),
        Some(http) => (format!("{wire} over {http}"), format!("requirement::{requirement}::{wire}::{http}{}", PassiveEnded::OFFERED)),
    };
    let violation = Violation {
        requirement: requirement.to_owned(),
        kind: "not-offered".to_owned(),
        expected: format!("an answer to the probe of {what}"),
        actual: text.to_owned(),
        place: "probe".to_owned(),
        exchange: Some(probe),
    };
    PassiveEnded {
        id,
        requirement: requirement.to_owned(),
        wire,
        judgement: Judgement {
            verdict: Verdict::Fail,
            requirements: vec![requirement.to_owned()],
            violated: vec![violation],
            reason: Some(format!("{what} is claimed but not spoken: {text}")),
            skip: None,
            live: Vec::new(),
        },
        held: 0,
        violated: 1,
        exchanges: vec![probe],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contract;

    /// Everything is spoken but these.
    fn failures(missing: &[&str]) -> Vec<String> {
        let suite = Suite::built_in(Contract::built_in()).expect("the built-in suite has no mistakes");
        let mut capabilities = Capabilities::everything();
        for transport in missing {
            let presence = Presence::Missing { text: "silence".to_owned() };
            capabilities.transports.insert((*transport).to_owned(), (presence, 7));
        }
        not_offered(&suite, &capabilities, &Selection::default()).into_iter().map(|failure| failure.id).collect()
    }

    #[test]
    fn a_wire_that_is_not_spoken_at_all_is_one_failure() {
        assert_eq!(
            failures(&["json/h1", "json/h2", "grpc/h2"]),
            ["requirement::SEED-THREE-ENCODINGS::json::offered", "requirement::SEED-THREE-ENCODINGS::grpc::offered"]
        );
        assert_eq!(failures(&["grpc-web-text/h1", "grpc-web-text/h2"]), ["requirement::WEB-TEXT-SUPPORTED::grpc-web-text::offered"]);
    }

    #[test]
    fn a_declared_transport_beside_one_that_is_spoken_fails_the_requirement_of_its_version() {
        assert_eq!(failures(&[]), [""; 0]);
        assert_eq!(
            failures(&["json/h2", "grpc-web/h1", "grpc-web-text/h2"]),
            [
                "requirement::HTTP-PROTOCOL-VERSION-EQUAL::json::h2::offered",
                "requirement::WEB-HTTP1::grpc-web::h1::offered",
                "requirement::WEB-HTTP2::grpc-web-text::h2::offered"
            ]
        );
    }

    #[test]
    fn what_is_absent_and_not_claimed_fails_nothing() {
        let suite = Suite::built_in(Contract::built_in()).expect("the built-in suite has no mistakes");
        let mut capabilities = Capabilities::everything();
        let presence = Presence::Absent { text: "silence".to_owned() };
        capabilities.transports.insert("json/h2".to_owned(), (presence, 7));
        assert_eq!(not_offered(&suite, &capabilities, &Selection::default()), []);
    }
}
