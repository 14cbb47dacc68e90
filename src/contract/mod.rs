//! What is promised, and our own readers of both encodings.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`descriptors`] | methods, messages, permissions and routes, from a file descriptor set |
//! | [`http_rule`] | HTTP bindings: path templates, matching, and a message as an HTTP request |
//! | [`status`] | codes, `google.rpc.Status` from `grpc-status-details-bin` and from a JSON body, `grpc-message` |
//! | [`requirement`] | the catalogue of requirements |
//! | [`proto_json`] | a strict JSON reader that keeps what was written, and canonical ProtoJSON |
//! | [`message`] | a reader of protobuf octets field by field, and a writer |
//! | [`schema`] | the shape oracle: JSON Schemas of answers, each keyword with the requirement it answers for |
//!
//! The readers and writers are the judge's own: prost-reflect gives it descriptors and options only, so that it can't share
//! a mistake with a server that is built on the same library. Nothing here trusts its input: each reader has a bound on
//! depth and on what it lists, and ends in a typed error.

pub mod descriptors;
pub mod http_rule;
pub mod message;
pub mod proto_json;
pub mod requirement;
pub mod schema;
pub mod status;

mod canonical;
mod details;
mod encode;
mod issue;
mod percent;
mod record;
mod scalar;
mod schema_counts;
mod schema_lint;
pub mod schema_walk;
mod transcode;
mod tree;
mod well_known;

use std::sync::LazyLock;

use descriptors::Descriptors;
use requirement::Catalogue;
use schema::Schemas;

/// Everything that a suite is judged by.
#[derive(Debug)]
pub struct Contract {
    /// Methods and messages.
    pub descriptors: Descriptors,
    /// The shapes of answers.
    pub schemas: Schemas,
    /// The requirements.
    pub catalogue: Catalogue,
}

impl Contract {
    /// The contract that is compiled in.
    #[must_use]
    pub fn built_in() -> &'static Self {
        static BUILT_IN: LazyLock<Contract> = LazyLock::new(|| Contract {
            descriptors: Descriptors::built_in(),
            schemas: Schemas::built_in(),
            catalogue: Catalogue::built_in(),
        });
        &BUILT_IN
    }

    /// SHA-256 over descriptors and schemas, in hexadecimal: two runs with the same one judged by the same contract.
    #[must_use]
    pub fn hash(&self) -> String {
        use prost_reflect::prost::Message;
        use sha2::Digest;
        let mut digest = sha2::Sha256::new();
        for file in self.descriptors.pool().files() {
            digest.update(file.file_descriptor_proto().encode_to_vec());
        }
        for (name, schema) in self.schemas.files() {
            digest.update(name.as_bytes());
            digest.update(schema.to_string().as_bytes());
        }
        digest.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
    }
}
