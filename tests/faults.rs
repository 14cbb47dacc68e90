//! exploratory
mod support;
use triwire::judge::Verdict;
use triwire::reference::{self, FAULTS, NULL_TARGETS, VARIANTS};

#[tokio::test(flavor = "multi_thread")]
async fn explore() {
    for fault in FAULTS {
        let begun = std::time::Instant::now();
        let run = support::judge(reference::Options { fault: Some(fault), ..Default::default() }, support::everything(), 8).await;
        let mut hits: std::collections::BTreeSet<String> = Default::default();
        for (id, j) in run.judgements() {
            for v in &j.violated {
                if v.requirement == fault.requirement {
                    hits.insert(format!("{} @ {}", v.kind, id.rsplit("::").take(2).collect::<Vec<_>>().join(" ")));
                }
            }
        }
        let others: std::collections::BTreeSet<String> = run
            .judgements()
            .flat_map(|(_, j)| j.violated.iter().map(|v| format!("{}:{}", v.requirement, v.kind)))
            .filter(|r| !r.starts_with(fault.requirement))
            .collect();
        let inc = run.judgements().filter(|(_, j)| j.verdict == Verdict::Inconclusive).count();
        println!(
            "FAULT {} {} kind={:?} wires={:?} acted={} {:?} {:?}\n   hits {:?}\n   others {:?} inc {}",
            fault.name,
            fault.requirement,
            fault.kind,
            fault.wires,
            run.acted,
            run.ended,
            begun.elapsed(),
            hits,
            others,
            inc
        );
    }
    for v in VARIANTS {
        let begun = std::time::Instant::now();
        let run = support::judge(reference::Options { variant: Some(v), ..Default::default() }, support::everything(), 8).await;
        let bad: Vec<String> = run
            .judgements()
            .filter(|(_, j)| j.verdict != Verdict::Pass)
            .map(|(id, j)| format!("{id} {} {:?} {:?}", j.verdict, j.reason, j.violated.first()))
            .collect();
        println!("VARIANT {} varied={} {:?} {:?} not pass: {:#?}", v.name, run.varied, run.ended, begun.elapsed(), bad);
    }
    for n in NULL_TARGETS {
        let begun = std::time::Instant::now();
        let run = support::judge(reference::Options { null_target: Some(n), ..Default::default() }, support::everything(), 8).await;
        let pass: Vec<&str> = run.judgements().filter(|(_, j)| j.verdict == Verdict::Pass).map(|(id, _)| id).collect();
        println!("NULL {} {:?} {:?} pass {:?}", n.name, run.ended, begun.elapsed(), pass);
    }
    let run = support::judge(reference::Options::default(), support::everything(), 8).await;
    let bad: Vec<String> = run
        .judgements()
        .filter(|(_, j)| j.verdict != Verdict::Pass)
        .map(|(id, j)| format!("{id} {} {:?} {:?}", j.verdict, j.reason, j.violated.first()))
        .collect();
    println!("CORRECT {:?} not pass: {:#?}", run.ended, bad);
}
