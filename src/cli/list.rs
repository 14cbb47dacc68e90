//! `triwire list`.

use std::io::Write;

use triwire::conclude::ExitStatus;
use triwire::plan::{Selection, plan};
use triwire::target::Capabilities;

use super::Failure;
use super::args::ListOptions;
use super::check::{Beside, Files, Inputs, inputs};

/// Prints the name of each trial that could be executed, a line each.
pub fn list(options: &ListOptions) -> Result<ExitStatus, Failure> {
    let Inputs { contract, suite, .. } = inputs(Files::of(&options.cases, &options.suite), Beside::default())?;
    let contract = contract.get();
    let selection = Selection {
        wires: options.wire.clone(),
        filters: options.filter.clone(),
        exact: Vec::new(),
        profiles: ["core", "zitadel", "hardening"].into_iter().map(str::to_owned).collect(),
        repeat: 1,
        seed: 0,
        instance_changes: true,
    };
    let plan = plan(&suite, contract, &Capabilities::everything(), &selection);
    let mut names: Vec<&str> = plan.groups.iter().flat_map(|group| &group.trials).map(|trial| trial.scheduled.id.as_str()).collect();
    names.sort_unstable();
    if names.is_empty() {
        return Err(Failure { status: ExitStatus::Nothing, message: "error: no trial matches".to_owned() });
    }
    let mut out = anstream::stdout().lock();
    for name in names {
        // A reader that has seen enough (`triwire list | head`) is no error.
        if writeln!(out, "{name}").is_err() {
            break;
        }
    }
    Ok(ExitStatus::Passed)
}
