//! The order in which groups are executed, and how many at the same time, changes no verdict.
//!
//! `TRIWIRE_REPEAT` says how many runs are made with each number of jobs; two if it isn't set, and then a target that lags isn't judged by a single
//! job, which waits out every lag alone.

mod support;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use support::{Judged as Run, everything, judge_patiently};
use triwire::judge::Verdict;
use triwire::plan::Selection;
use triwire::reference::{self, Options};
use triwire::run::Ended;

const JOBS: [usize; 3] = [1, 4, 16];

fn asked() -> Option<u32> {
    std::env::var("TRIWIRE_REPEAT").ok().map(|text| text.parse().expect("TRIWIRE_REPEAT is a number"))
}

/// Another one with each call.
fn random_seed() -> u64 {
    RandomState::new().hash_one(0) & 0xffff_ffff
}

/// Verdicts with what was violated: two failures for different reasons are different.
fn verdicts(run: &Run) -> BTreeMap<String, String> {
    run.judgements()
        .map(|(id, judgement)| {
            let mut violated: Vec<String> = judgement.violated.iter().map(|it| format!("{} {}", it.requirement, it.kind)).collect();
            violated.sort();
            (id.to_owned(), format!("{} {}", judgement.verdict, violated.join(", ")))
        })
        .collect()
}

async fn stable(name: &str, target: Options, all_jobs: &[usize]) {
    let mut first: Option<(u64, BTreeMap<String, String>)> = None;
    let repeat = asked().unwrap_or(2);
    println!("| {name} | jobs | runs | {} | seeds |", Verdict::ALL.map(Verdict::name).join(" | "));
    for &jobs in all_jobs {
        let mut counts = [0u64; Verdict::ALL.len()];
        let mut seeds = Vec::new();
        for _ in 0..repeat {
            let seed = random_seed();
            // Without TRIWIRE_REPEAT one topic is enough; the whole suite is repeated by hand (docs/evidence/stability.md).
            let filters = if asked().is_some() {
                Vec::new()
            } else {
                ["second_factors::adds-OTP", "second_factors::refuses-a-factor", "second_factors::refuses-the-unspecified"]
                    .map(str::to_owned)
                    .to_vec()
            };
            let run = judge_patiently(target.clone(), Selection { seed, filters, ..everything() }, jobs).await;
            assert_eq!(run.ended, Ended::Ran, "{name}, seed {seed}, {jobs} jobs");
            assert!(run.summary().is_complete(), "{name}, seed {seed}, {jobs} jobs: not every planned result is there");
            for verdict in run.verdicts().values() {
                counts[*verdict as usize] += 1;
            }
            seeds.push(seed.to_string());
            let now = verdicts(&run);
            let Some((first_seed, before)) = &first else {
                first = Some((seed, now));
                continue;
            };
            let different: Vec<String> = before
                .keys()
                .chain(now.keys().filter(|id| !before.contains_key(*id)))
                .filter(|id| before.get(*id) != now.get(*id))
                .map(|id| format!("{id}: {:?} and {:?}", before.get(id), now.get(id)))
                .collect();
            assert!(different.is_empty(), "{name}: seeds {first_seed} and {seed} ({jobs} jobs) differ:\n{}", different.join("\n"));
        }
        println!("| {name} | {jobs} | {repeat} | {} | {} |", counts.map(|count| count.to_string()).join(" | "), seeds.join(" "));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correct_target_gets_the_same_verdicts_in_every_order() {
    stable("correct", Options::default(), &JOBS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_whose_reads_lag_gets_the_same_verdicts_in_every_order() {
    let variant = reference::variant("lagging-reads").unwrap();
    let jobs = if asked().is_some() { &JOBS[..] } else { &JOBS[1..] };
    stable("lagging-reads", Options { variant: Some(variant), ..Options::default() }, jobs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_target_gets_the_same_verdicts_in_every_order() {
    let variant = reference::variant("slow-steady").unwrap();
    let jobs = if asked().is_some() { &JOBS[..] } else { &JOBS[2..] };
    stable("slow-steady", Options { variant: Some(variant), ..Options::default() }, jobs).await;
}

/// A run that finds nothing is stable as well: here there is something to find.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_target_gets_the_same_verdicts_in_every_order() {
    let fault = reference::FAULTS.iter().find(|fault| fault.layer == reference::Layer::Meaning).expect("there is a fault of meaning");
    let jobs = if asked().is_some() { &JOBS[..] } else { &JOBS[1..] };
    stable(fault.name, Options { fault: Some(fault), ..Options::default() }, jobs).await;
}
