//! Whether the correct target and its legal variants are spared, and whether a target that serves nothing passes nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use super::bench::{Judged, Judging, everything};
use super::expectation::{self, Expectations};
use super::{BESIDE, wires};
use crate::case::{Case, Suite};
use crate::judge::{Judgement, SkipReason, Verdict};
use crate::plan::Selection;
use crate::record::event::{Event, Testimony};
use crate::reference::{NullTarget, Options, Variant};
use crate::target::Timeouts;
use crate::wire::{HttpVersion, Transport, Wire};

/// A result that shouldn't be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blemish {
    /// The target: `correct`, a variant, a null target.
    pub target: &'static str,
    /// The result.
    pub result: String,
    /// What is wrong with it.
    pub what: String,
}

/// The correct target, and what became of the expectations when they were changed.
pub(super) async fn correct(suite: &'static Suite) -> (Vec<Blemish>, Expectations) {
    let judged = Judging::patiently(suite, everything()).reference(Options::default()).await;
    let mut blemishes = blemishes("correct", &judged, |_| true);
    blemishes.extend(unheard(&judged));
    // A computation of many seconds: it must not keep the runs beside it from their deadlines.
    let expectations = tokio::task::spawn_blocking(move || expectation::change_all(suite, &judged.events)).await;
    (blemishes, expectations.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())))
}

/// The ordinary clients that a whole run hears, where they didn't get through to the correct target.
fn unheard(judged: &Judged) -> Vec<Blemish> {
    let heard = |wire: Wire| {
        judged.events.iter().any(|event| matches!(event, Event::Witness(it) if it.wire == wire && it.outcome == Testimony::GotThrough))
    };
    let missing = [Wire::Json, Wire::Grpc].into_iter().filter(|wire| !heard(*wire));
    missing
        .map(|wire| Blemish { target: "correct", result: format!("the ordinary client of {wire}"), what: "didn't get through".to_owned() })
        .collect()
}

/// A legal variant: on the wires where it acts, the topics of the requirements that must spare it, and additions, refusals and reads.
pub(super) async fn variant(variant: &'static Variant, suite: &'static Suite, full: bool) -> Vec<Blemish> {
    let speaks = |case: &&Case| variant.spared_by.iter().any(|id| case.answers_for(id));
    let topics: BTreeSet<String> = suite.cases.iter().filter(speaks).map(|case| format!("{}::", case.topic)).collect();
    let mut selection = if full {
        everything()
    } else {
        Selection { wires: wires(variant.wires), filters: topics.into_iter().chain(BESIDE.map(str::to_owned)).collect(), ..everything() }
    };
    let foreign = !variant.is_zitadel();
    let undeclared = variant.browser_origins().is_empty();
    if foreign {
        selection.profiles.remove("zitadel");
    }
    let judged = Judging::patiently(suite, selection).reference(Options { variant: Some(variant), ..Options::default() }).await;
    let profiled = |it: &Judgement| match it.skip {
        Some(SkipReason::Profile) => !foreign,
        Some(SkipReason::NotDeclared) => !undeclared,
        _ => true,
    };
    let mut all = blemishes(variant.name, &judged, profiled);
    if judged.varied == 0 {
        all.push(Blemish { target: variant.name, result: "the variant".to_owned(), what: "never acted".to_owned() });
    }
    all
}

/// What is neither pass nor rightly skipped.
fn blemishes(target: &'static str, judged: &Judged, counts: impl Fn(&Judgement) -> bool) -> Vec<Blemish> {
    let wrong = |it: &Judgement| match it.verdict {
        Verdict::Pass => false,
        Verdict::Skip => it.skip != Some(SkipReason::NotApplicable) && counts(it),
        Verdict::Fail | Verdict::Inconclusive | Verdict::Error => true,
    };
    let first = |it: &Judgement| it.violated.first().map(|it| format!("{} {}: ", it.requirement, it.kind)).unwrap_or_default();
    let of = |(id, it): (&str, &Judgement)| Blemish {
        target,
        result: id.to_owned(),
        what: format!("{}: {}{}", it.verdict, first(it), it.reason.as_deref().unwrap_or_default()),
    };
    judged.judgements().filter(|(_, it)| wrong(it)).map(of).collect()
}

/// Trials and agreements of one variant of each case, on each wire over one HTTP version: what serves nothing serves it over the other one as well.
fn once_each(suite: &Suite) -> Vec<String> {
    let (h1, h2) = (HttpVersion::H1, HttpVersion::H2);
    let once =
        [(Wire::Json, h1), (Wire::Grpc, h2), (Wire::GrpcWeb, h2), (Wire::GrpcWebText, h1)].map(|(wire, http)| Transport::new(wire, http));
    let mut seen = BTreeSet::new();
    let first = suite.cases.iter().filter(|case| seen.insert(case.base_id()));
    first.flat_map(|case| case.trials(&once).into_iter().map(|trial| trial.id).chain([case.agreement_id()])).collect()
}

/// A target that serves nothing. What cases need is made by a correct one, and no probe stops the run: else nothing would be tried.
pub(super) async fn null(null: &'static NullTarget, suite: &'static Suite) -> Vec<Blemish> {
    let options = Options { null_target: Some(null), ..Options::default() };
    // One that attacks would keep every trial busy to its bounds; it is met by the preflight alone.
    let judged = if null.hostile {
        Judging::hastily(suite, everything()).reference(options).await
    } else {
        let short = Duration::from_millis(300);
        let judging = Judging {
            timeouts: Timeouts { connect: short, head: short, idle: short, whole: 2 * short },
            bound: short,
            jobs: 48,
            unprobed: true,
            ..Judging::hastily(suite, Selection { exact: once_each(suite), ..everything() })
        };
        judging.beside_correct(options).await
    };
    let tried = judged.judgements().count();
    let passed = judged.judgements().filter(|(_, it)| it.verdict == Verdict::Pass);
    let mut all: Vec<Blemish> =
        passed.map(|(id, _)| Blemish { target: null.name, result: id.to_owned(), what: "passed".to_owned() }).collect();
    if tried == 0 {
        all.push(Blemish { target: null.name, result: "the run".to_owned(), what: "gave no result at all".to_owned() });
    }
    all
}
