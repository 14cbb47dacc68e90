//! From events to a claim and an exit status. Pure: a fold over the record, in memory that grows with suite and catalogue, never with exchanges.

mod exit;
mod known;
pub mod passive;
mod requirement;
mod root;
mod rules;
mod summary;
#[cfg(test)]
mod tests;

pub use exit::{Conclusion, EXIT_TABLE, ExitStatus, Policy, conclude};
pub use known::{Known, MOST_MATCHES, Untrue};
pub use requirement::{Claim, RequirementOnWire};
pub use root::{Origin, Root, Roots};
pub use rules::{Rule, Rules};
pub use summary::{Counts, Lag, Summary};
