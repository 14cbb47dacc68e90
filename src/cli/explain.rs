//! `triwire explain`: what a requirement means and how it is observed, what a case does.

use triwire::case::{Case, Suite};
use triwire::check::{CHECKS, Judges};
use triwire::conclude::ExitStatus;
use triwire::contract::Contract;
use triwire::contract::requirement::Requirement;
use triwire::reference::FAULTS;
use triwire::wire::Transport;

use super::args::ExplainOptions;
use super::check::{Beside, Files, Inputs, inputs};
use super::coverage::Coverage;
use super::words::{paragraph, wrapped};
use super::{Failure, to_stdout};

/// Prints what a name stands for.
pub fn explain(options: &ExplainOptions) -> Result<ExitStatus, Failure> {
    let Inputs { contract, suite, .. } = inputs(Files::of(&options.cases, &options.suite), Beside::default())?;
    let contract = contract.get();
    let name = options.name.trim();
    if let Some(entry) = contract.catalogue.get(name).or_else(|| contract.catalogue.get(&name.to_ascii_uppercase())) {
        to_stdout(requirement(entry, &suite, contract, options.suite.is_none()).trim_end());
        return Ok(ExitStatus::Passed);
    }
    let cases = meant(name, &suite);
    let mut ids: Vec<&str> = cases.iter().map(|case| case.base_id()).collect();
    ids.dedup();
    match ids.as_slice() {
        [] => Err(unknown(name, &suite, contract)),
        [_] => {
            to_stdout(case(&cases, &suite, contract).trim_end());
            Ok(ExitStatus::Passed)
        }
        several => {
            let list: String = several.iter().map(|id| format!("\n  {id}")).collect();
            Err(Failure::usage(format!("{} cases begin with `{name}`; which one?{list}", several.len())))
        }
    }
}

/// The cases with this id (also that of a trial), else those whose id begins so.
fn meant<'a>(name: &str, suite: &'a Suite) -> Vec<&'a Case> {
    let is = |case: &&Case| case.base_id() == name || case.id == name || name.starts_with(&format!("{}::", case.id));
    let exact: Vec<&Case> = suite.cases.iter().filter(is).collect();
    if !exact.is_empty() || name.is_empty() {
        return exact;
    }
    suite.cases.iter().filter(|case| case.id.starts_with(name)).collect()
}

fn unknown(name: &str, suite: &Suite, contract: &Contract) -> Failure {
    let upper = name.to_ascii_uppercase();
    let mut near: Vec<&str> = contract.catalogue.nearest(&upper).into_iter().collect();
    near.extend(triwire::case::nearest(name, suite.cases.iter().map(Case::base_id)));
    // Who remembers a word of a name only.
    let words = contract.catalogue.iter().map(|entry| entry.id.as_str()).filter(|id| !upper.is_empty() && id.contains(&upper));
    near.extend(words.take(5));
    near.extend(suite.cases.iter().map(Case::base_id).filter(|id| !name.is_empty() && id.contains(name)).take(5));
    near.sort_unstable();
    near.dedup();
    let near: String = near.iter().map(|id| format!("\n  {id}")).collect();
    let hint = if near.is_empty() {
        "; `triwire requirements` and `triwire list` name all".to_owned()
    } else {
        format!("; perhaps you mean{near}")
    };
    Failure::usage(format!("`{name}` is no requirement and no case{hint}"))
}

fn requirement(entry: &Requirement, suite: &Suite, contract: &Contract, has_reference: bool) -> String {
    let coverage = Coverage::of(entry, suite, contract);
    let mut out = format!("{}\n", wrapped(&format!("{}: {}", entry.id, entry.title), "", 2));
    let mut say = |name: &str, text: &str| out.push_str(&paragraph(name, text));
    let basis = if entry.level_basis == "source" { "the source obliges" } else { "it follows by reasoning; the level is ours" };
    say("level", &format!("{} ({basis}), area {}", entry.level, entry.area));
    say("profile", profile(&entry.profile));
    say("wires", &entry.wires.join(", "));
    say("statement", &entry.statement);
    say("source", &format!("{}, {}: {}", entry.source.document, entry.source.section, entry.source.url));
    say("also", &entry.also.join("; "));
    say("check", &entry.check);
    say("versions", entry.versions.as_deref().unwrap_or_default());
    say("notes", entry.notes.as_deref().unwrap_or_default());
    let checks: Vec<_> = CHECKS.iter().flat_map(|family| family.iter()).filter(|check| check.requirement == entry.id).collect();
    for check in &checks {
        let judged = match check.judges {
            Judges::WellFormed => "each well-formed call of the run",
            Judges::Calls => "each call of the run, also where its message doesn't decode",
            Judges::Every => "every exchange of the run",
        };
        say("observed", &format!("passively, on {judged}; told as: {}", check.kinds.join(", ")));
    }
    if coverage.passive && checks.is_empty() {
        say("observed", "passively, on each call of the run, by the schema of its answer");
    }
    if coverage.probed {
        say("observed", "by the probes of transports, before the first case: what is claimed has to answer");
    }
    if !coverage.cases.is_empty() {
        let count = coverage.cases.len();
        say("observed", if count == 1 { "by one case" } else { "by the trials of these cases" });
    }
    for case in &coverage.cases {
        say("case", case);
    }
    say("unseen", entry.unobservable.as_deref().unwrap_or_default());
    say("untested", &coverage.reason().unwrap_or_default());
    say("catches", &entry.fault);
    if has_reference {
        for fault in FAULTS.iter().filter(|fault| fault.requirement == entry.id) {
            say("see it", &format!("triwire run --fault {} ({}: {})", fault.name, fault.wires.join(", "), fault.summary));
        }
    }
    let is_seen = coverage.passive || coverage.probed || !coverage.cases.is_empty();
    say("to do", &to_do(entry, coverage.cases.first().copied(), is_seen));
    out
}

/// What a profile means for a run.
fn profile(name: &str) -> &'static str {
    match name {
        "core" => "core: holds for any conforming server, and counts in every run",
        "zitadel" => {
            "zitadel: texts, ids and habits of one implementation; counts where the target file claims it, or with --profile zitadel"
        }
        _ => "hardening: beyond the letter of the protocols; counts where the target file claims it, or with --profile hardening",
    }
}

/// What to do about it. `case`: one that shows it.
fn to_do(entry: &Requirement, case: Option<&str>, is_seen: bool) -> String {
    const LAST: &str = "If the source says otherwise than the statement, the statement is wrong: report it.";
    if !is_seen {
        return format!("No run judges it: read the source, and look into the server itself. {LAST}");
    }
    let asked = if entry.profile == "core" { String::new() } else { format!(" --profile {}", entry.profile) };
    let select = match case {
        Some(case) => format!("`triwire run{asked} --filter {case}` runs a case of it alone. "),
        None => "A whole run judges it; there is no case to run alone. ".to_owned(),
    };
    format!("Read the source, then compare it with the exchange that a failing run shows, request and answer. {select}{LAST}")
}

fn case(cases: &[&Case], suite: &Suite, contract: &Contract) -> String {
    let Some(first) = cases.first() else { return String::new() };
    let mut out = format!("{}\n", wrapped(&format!("{}: {}", first.base_id(), first.name), "", 2));
    let mut say = |name: &str, text: &str| out.push_str(&paragraph(name, text));
    say("stands in", &format!("{}:{}", first.span.file.display(), first.span.line));
    let variants: Vec<&str> = cases.iter().filter_map(|case| case.variant.as_deref()).collect();
    say("variants", &variants.join(", "));
    say("starts", &first.given.as_ref().map_or_else(|| "from nothing".to_owned(), |given| format!("from the fixture `{given}`")));
    // Steps that read alike, e.g. removals of one thing after the other, are told once.
    let mut steps: Vec<(String, usize)> = Vec::new();
    for act in first.script(suite, &first.wires) {
        let who = if act.identity.is_empty() { "nobody" } else { &act.identity };
        let text = format!("{} as {who}{}", act.describe(), expected(&act.step));
        match steps.last_mut().filter(|(last, _)| *last == text) {
            Some((_, times)) => *times += 1,
            None => steps.push((text, 1)),
        }
    }
    for (text, times) in steps {
        say("step", &if times > 1 { format!("{text} ({times} times)") } else { text });
    }
    for entry in contract.catalogue.iter().filter(|entry| first.answers_for(&entry.id)) {
        say("answers", &format!("for {} ({}): {}", entry.id, entry.level, entry.title));
    }
    for trial in cases.iter().flat_map(|case| case.trials(&Transport::ALL)) {
        say("trial", &trial.id);
    }
    say("run it", &format!("triwire run --filter {}", first.base_id()));
    out
}

/// The codes that a step expects, in words.
fn expected(step: &triwire::case::Step) -> String {
    let mut codes: Vec<&str> = step.expect.iter().chain(&step.until).flat_map(|piece| &piece.code).map(|code| code.name()).collect();
    codes.dedup();
    let waits = if step.until.is_some() { ", asked again until it shows" } else { "" };
    match codes.as_slice() {
        [] => waits.to_owned(),
        // A long list says what is not allowed.
        many if many.len() > 4 => format!(": one of {} codes{waits}", many.len()),
        few => format!(": {}{waits}", few.join(" or ")),
    }
}
