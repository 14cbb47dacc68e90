//! What a passive check is, and the list of all of them.

use serde::{Deserialize, Serialize};

use crate::answer::Reading;
use crate::contract::Contract;
use crate::contract::descriptors::Method;
use crate::contract::status::Code;
use crate::wire::{Defect, Exchange, Role, Wire};

/// All passive checks, a line for each family.
pub static CHECKS: &[&[Check]] = &[
    super::http::CHECKS,
    super::challenge::CHECKS,
    super::grpc::CHECKS,
    super::grpc_blocks::CHECKS,
    super::grpc_web::CHECKS,
    super::body::CHECKS,
    super::server_error::CHECKS,
    super::proto_json::CHECKS,
    super::proto_json_members::CHECKS,
    super::cors::CHECKS,
    super::security::CHECKS,
    super::reflection::CHECKS,
    super::openapi::CHECKS,
];

/// What a check counts by, where it isn't exchanges: different values of this kind in what was judged.
type Values = fn(&View<'_>) -> Vec<String>;

/// Requirements whose [`Need::count`] counts different values: an answer that is read again shows nothing new.
pub static DIFFERENT: &[(&str, Values)] = &[("JSON-TIMESTAMP-FRACTION", super::proto_json::timestamps)];

/// Which exchanges a check judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judges {
    /// Well-formed calls of bound operations; the default.
    WellFormed,
    /// Those, and calls of bound operations whose message doesn't decode.
    Calls,
    /// Every exchange, whatever was wrong with its request.
    Every,
}

/// What a run must have shown to a check before "held" counts; less is inconclusive.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// Judged exchanges, at least.
    pub count: u64,
    /// Codes that must have occurred among them.
    pub codes: &'static [Code],
}

/// A passive check.
pub struct Check {
    /// The requirement that it answers for; its wires are the catalogue's.
    pub requirement: &'static str,
    /// Every `kind` that it can report.
    pub kinds: &'static [&'static str],
    /// Which exchanges it judges.
    pub judges: Judges,
    /// What it must have seen.
    pub need: Need,
    /// The check itself.
    pub run: fn(&View<'_>) -> Outcome,
}

/// Everything that a check may look at.
pub struct View<'a> {
    /// The exchange, secrets replaced.
    pub exchange: &'a Exchange,
    /// What the decoder made of it.
    pub reading: &'a Reading,
    /// The contract.
    pub contract: &'a Contract,
    /// The operation that was called, where one was meant.
    pub method: Option<&'a Method>,
}

impl View<'_> {
    /// The wire of the exchange.
    #[must_use]
    pub fn wire(&self) -> Wire {
        self.exchange.transport.wire
    }
}

/// What is wrong, by a stable word and for a reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// A stable word without values in it.
    pub kind: String,
    /// All that would have been right.
    pub expected: String,
    /// What was there.
    pub actual: String,
    /// Where: `head`, `trailers`, `trailer frame`, `content`, a JSON pointer into the body ...
    pub place: String,
}

/// What a check says of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The exchange has nothing that the check speaks of.
    NotApplicable,
    /// As it should be.
    Held,
    /// Not as it should be.
    Violated(Finding),
}

/// The result of one check on one exchange, as it is recorded; not-applicable ones are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The requirement.
    pub requirement: String,
    /// What is wrong; `None`: it held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub violated: Option<Finding>,
}

/// Requirements that nothing but schemas of the contract answers for: what an API of somebody else promises of shapes. Each is checked passively.
pub fn of_schemas(contract: &Contract) -> impl Iterator<Item = &str> {
    let registered = |id: &str| CHECKS.iter().flat_map(|family| family.iter()).any(|check| check.requirement == id);
    let ids = contract.schemas.requirements().iter().map(String::as_str);
    ids.filter(move |id| contract.catalogue.get(id).is_some() && !registered(id))
}

/// Whether a passive check answers for a requirement.
#[must_use]
pub fn is_passive(requirement: &str, contract: &Contract) -> bool {
    CHECKS.iter().flat_map(|family| family.iter()).any(|check| check.requirement == requirement)
        || of_schemas(contract).any(|id| id == requirement)
}

/// Runs every passive check of the exchange's wire.
#[must_use]
pub fn examine(exchange: &Exchange, reading: &Reading, contract: &Contract) -> Vec<Seen> {
    // What answers there is not what is judged.
    if exchange.intent.role == Role::Beside {
        return Vec::new();
    }
    let method = exchange.intent.rpc.as_deref().and_then(|rpc| contract.descriptors.method(rpc));
    let view = View { exchange, reading, contract, method };
    let wire = view.wire().name();
    let judged = |judges| match judges {
        Judges::WellFormed => method.is_some() && exchange.intent.defect.is_none(),
        Judges::Calls => method.is_some() && matches!(exchange.intent.defect, None | Some(Defect::Message)),
        Judges::Every => true,
    };
    let is_here = |id: &str| contract.catalogue.get(id).is_some_and(|entry| entry.is_on(wire));
    let registered = CHECKS
        .iter()
        .flat_map(|family| family.iter())
        .filter(|check| judged(check.judges) && is_here(check.requirement))
        .map(|check| (check.requirement, (check.run)(&view)));
    let of_schemas = of_schemas(contract).filter(|id| judged(Judges::Calls) && is_here(id)).map(|id| (id, super::body::schema(&view, id)));
    registered
        .chain(of_schemas)
        .filter_map(|(id, outcome)| match outcome {
            Outcome::NotApplicable => None,
            Outcome::Held => Some(Seen { requirement: id.to_owned(), violated: None }),
            Outcome::Violated(finding) => Some(Seen { requirement: id.to_owned(), violated: Some(finding) }),
        })
        .collect()
}
