//! `triwire prove`.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use triwire::case::Suite;
use triwire::conclude::ExitStatus;
use triwire::contract::Contract;
use triwire::prove::{self, Ask, Catch, Proof};
use triwire::reference::{FAULTS, NULL_TARGETS, VARIANTS};
use triwire::report;

use super::args::ProveOptions;
use super::{Failure, to_stderr, to_stdout};

/// Lines of a list that are printed.
const MOST: usize = 40;

/// Tries every fault, variant and null target, and changes every expectation.
pub fn prove(options: &ProveOptions) -> Result<ExitStatus, Failure> {
    let partial = !options.names.is_empty();
    if partial && (options.matrix.is_some() || options.check.is_some()) {
        return Err(Failure::usage("the matrix speaks of all faults: leave out the names"));
    }
    let ask = Ask { names: options.names.clone(), full: options.full, every: None };
    if partial && !names_anything(&options.names) {
        return Err(Failure::usage("no fault, variant, null target or requirement has such a name; `triwire serve --list` names them"));
    }
    // It takes minutes: what can't be written or read is found before.
    for path in options.matrix.iter().flat_map(|folder| matrix(folder)) {
        report::check_writable(&path).map_err(Failure::harness)?;
    }
    let known = options.check.as_ref().map(|folder| {
        let [path, ..] = matrix(folder);
        std::fs::read_to_string(&path).map_err(|error| Failure::usage(format!("can't read {}: {error}", path.display())))
    });
    let known = known.transpose()?;
    let suite = Suite::built_in(Contract::built_in()).map_err(|mistakes| Failure::harness(mistakes.to_string()))?;
    // Targets are tried in tasks of their own, which outlive no stack frame.
    let suite: &'static Suite = Box::leak(Box::new(suite));
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::harness)?;
    let started = Instant::now();
    let live = std::io::stderr().is_terminal() && !options.quiet;
    let mut tried = 0u32;
    let proof = runtime.block_on(prove::prove(ask, suite, |name| {
        tried += 1;
        if live {
            eprint!("\r\u{1b}[K{tried} targets tried, the last was {name}");
        }
    }));
    if live {
        eprint!("\r\u{1b}[K");
    }
    to_stdout(&told(&proof, started.elapsed().as_secs()));
    let mut status = if proof.holds() { ExitStatus::Passed } else { ExitStatus::Failed };
    if let Some(folder) = &options.matrix {
        for (path, text) in matrix(folder).iter().zip([prove::json(&proof), prove::markdown(&proof), prove::html(&proof)]) {
            std::fs::write(path, text).map_err(|error| Failure::harness(format!("can't write {}: {error}", path.display())))?;
        }
    }
    if let (Some(folder), Some(known)) = (&options.check, &known)
        && !prove::same_matrix(known, &prove::json(&proof))
    {
        to_stderr(&format!("error: the matrix in {0} is out of date: make it anew with `triwire prove --matrix {0}`", folder.display()));
        status = ExitStatus::Failed;
    }
    Ok(status)
}

/// The files of the matrix: the one for tools first.
fn matrix(folder: &Path) -> [PathBuf; 3] {
    ["kill-matrix.json", "kill-matrix.md", "kill-matrix.html"].map(|name| folder.join(name))
}

fn names_anything(names: &[String]) -> bool {
    let known = FAULTS
        .iter()
        .flat_map(|fault| [fault.name, fault.requirement])
        .chain(VARIANTS.iter().flat_map(|variant| variant.spared_by.iter().copied().chain([variant.name])))
        .chain(NULL_TARGETS.iter().map(|null| null.name));
    known.into_iter().any(|known| names.iter().any(|piece| known.contains(piece.as_str())))
}

/// What was found, with everything that isn't as it should be.
fn told(proof: &Proof, seconds: u64) -> String {
    let mut text = String::new();
    let mut list = |title: &str, lines: Vec<String>| {
        if lines.is_empty() {
            return;
        }
        text.push_str(&format!("{title}:\n"));
        lines.iter().take(MOST).for_each(|line| text.push_str(&format!("  {line}\n")));
        if lines.len() > MOST {
            text.push_str(&format!("  ... {} more\n", lines.len() - MOST));
        }
        text.push('\n');
    };
    list("Faults that are not caught as they should be", proof.catches.iter().filter(|catch| !catch.is_killed()).map(uncaught).collect());
    list("Results that should not be", proof.blemishes.iter().map(|it| format!("{}: {} {}", it.target, it.result, it.what)).collect());
    let places = |all: &std::collections::BTreeSet<prove::Written>| {
        all.iter().map(|it| format!("{}:{}:{} {}", it.file.display(), it.line, it.column, it.piece)).collect()
    };
    list("Expectations without effect", places(&proof.expectations.dead));
    list("MUSTs that no fault breaks", proof.unbroken.iter().map(|(id, wires)| format!("{id} on {}", wires.join(", "))).collect());
    for line in prove::figures(proof) {
        text.push_str(&format!("{line}\n"));
    }
    text.push_str(&format!("{} in {seconds} s", if proof.holds() { "proven" } else { "NOT proven" }));
    text
}

fn uncaught(catch: &Catch) -> String {
    let fault = catch.fault;
    let wires: Vec<String> = catch.wires.iter().map(|(wire, outcome)| format!("{wire} {}", outcome.name())).collect();
    let seen: Vec<String> = catch.violated.iter().take(6).map(|(id, kind)| format!("{id} {kind}")).collect();
    format!("{}: {} {}: {}; violated: {}", fault.name, fault.requirement, fault.kind, wires.join(", "), seen.join(", "))
}
