//! Runs the suite against a reference target in this process and gives the events.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::Path;
use std::sync::LazyLock;

use triwire::case::{Suite, read_suite};
use triwire::contract::Contract;
use triwire::plan::Selection;
pub use triwire::prove::{Judged, Judging, everything};
use triwire::reference::{self, Reference, TlsOptions};
use triwire::target::Trust;

/// The suite that is compiled in.
pub fn suite() -> &'static Suite {
    static SUITE: LazyLock<Suite> =
        LazyLock::new(|| read_suite(&Suite::built_in_files(), Contract::built_in()).expect("the built-in suite has no mistakes"));
    &SUITE
}

/// Starts a reference target and judges it with short deadlines.
pub async fn judge(target: reference::Options, selection: Selection, jobs: usize) -> Judged {
    Judging { jobs, ..Judging::hastily(suite(), selection) }.reference(target).await
}

/// The same with the deadlines that `triwire run` has: a busy machine changes no verdict.
pub async fn judge_patiently(target: reference::Options, selection: Selection, jobs: usize) -> Judged {
    Judging { jobs, ..Judging::patiently(suite(), selection) }.reference(target).await
}

/// A whole run with TLS of the cases that a filter leaves; `folder`: where the certificate of the target's authority may be put.
pub async fn judge_with_tls(folder: &Path, case: &str) -> Judged {
    let target = Reference::start(reference::Options { tls: Some(TlsOptions::default()), ..reference::Options::default() })
        .await
        .expect("the reference target starts");
    let ca = folder.join("ca.pem");
    std::fs::write(&ca, target.authority_pem().expect("TLS has an authority")).expect("the folder can be written");
    let mut suite = suite().clone();
    suite.cases.retain(|it| it.id.contains(case));
    let judging = Judging { trust: Trust { ca: Some(ca), ..Trust::default() }, jobs: 2, ..Judging::hastily(&suite, everything()) };
    let run = judging.at(&target.url(), Some(target.token().to_owned())).await;
    target.shutdown().await;
    run
}

/// Judges whatever listens there.
pub async fn judge_at(url: &str, token: Option<String>, selection: Selection, jobs: usize) -> Judged {
    Judging { jobs, ..Judging::hastily(suite(), selection) }.at(url, token).await
}
