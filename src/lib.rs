//! Triwire: a conformance test harness for APIs that offer one contract on three wires,
//! JSON over HTTP, gRPC and gRPC-Web.
//!
//! The rooms, in the order in which they may use one another (imports run one way):
//!
//! | room | what it is |
//! | --- | --- |
//! | [`contract`] | what is promised: descriptors, schemas, requirements, and our own readers of both encodings |
//! | [`case`] | what people write: case files and suites, read with every mistake at once |
//! | [`target`] | the implementation under test, what it claims and what probes found |
//! | [`wire`] | puts a call on a network and keeps all that came back, raw; never judges |
//! | [`answer`] | a pure function from an exchange to a status with a message |
//! | [`check`] | passive checks on one exchange, each answering for a requirement |
//! | [`judge`] | verdicts of trials and of groups; pure |
//! | [`record`] | events with secrets replaced, written to and read from disk |
//! | [`conclude`] | the fold over events, the exit status and the gate; pure |
//! | [`report`] | one file a format, each a function of the record |
//! | [`plan`], [`run`], [`libtest`] | cases and capabilities to groups, and their execution |
//! | [`mod@rejudge`] | the same verdicts from a record, without traffic |
//! | [`mod@prove`] | faults are caught, legal variants spared, and no expectation is without effect |
//! | [`mod@reference`] | the embedded reference target with its faults and legal variants |

#![warn(missing_docs)]
// The engine writes to no stream and ends no process: that is for the binary. Reports go to writers that are given to them.
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::exit)]

pub mod answer;
pub mod case;
pub mod check;
pub mod conclude;
pub mod contract;
pub mod judge;
pub mod libtest;
pub mod plan;
pub mod prove;
pub mod record;
pub mod reference;
pub mod rejudge;
pub mod report;
pub mod run;
pub mod target;
pub mod wire;
