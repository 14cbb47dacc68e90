//! The reference target seen by clients that know nothing of it: tonic's, reqwest, curl, and hyper's bare connections.

#[path = "reference/client.rs"]
mod client;
#[path = "reference/family.rs"]
mod family;
#[path = "reference/fault.rs"]
mod fault;
#[path = "reference/raw.rs"]
mod raw;
#[path = "reference/stock.rs"]
mod stock;
