//! Mistakes of the harness itself: a request that can't be sent as it is. Never the target's doing.

use super::Transport;

/// Why a request can't be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HarnessFault {
    /// The request doesn't speak the wire of its transport, and no declared defect explains that.
    #[error(
        "the request is meant for {transport}, but {found}; declare a `content-type` or `head` defect if that is the matter of the case"
    )]
    WrongWire {
        /// The transport.
        transport: Transport,
        /// What the request has.
        found: String,
    },
    /// The HTTP version or the library under it can't carry this.
    #[error("{what} can't be sent on {transport}: {why}; a raw step can send it")]
    Unsendable {
        /// The transport.
        transport: Transport,
        /// The part of the request.
        what: String,
        /// Why.
        why: String,
    },
    /// A payload that this wire doesn't have.
    #[error("{payload} can't be put on {transport}")]
    Payload {
        /// The transport.
        transport: Transport,
        /// The payload.
        payload: &'static str,
    },
}
