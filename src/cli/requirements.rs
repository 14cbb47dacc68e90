//! `triwire requirements`: the table of the catalogue.

use serde_json::json;
use triwire::conclude::ExitStatus;

use super::args::RequirementsOptions;
use super::check::{Beside, Files, Inputs, inputs};
use super::coverage::Coverage;
use super::words::wrapped;
use super::{Failure, to_stdout};

/// Prints each requirement with what tests it. Nothing is sent.
pub fn requirements(options: &RequirementsOptions) -> Result<ExitStatus, Failure> {
    let Inputs { contract, suite, .. } = inputs(Files::of(&options.cases, &options.suite), Beside::default())?;
    let contract = contract.get();
    let all: Vec<Coverage<'_>> = contract.catalogue.iter().map(|entry| Coverage::of(entry, &suite, contract)).collect();
    let shown: Vec<&Coverage<'_>> = all.iter().filter(|row| !options.untested || !row.untested.is_empty()).collect();
    match options.format.as_str() {
        "json" => {
            let rows: Vec<serde_json::Value> = shown.iter().map(|row| as_json(row)).collect();
            to_stdout(&serde_json::to_string_pretty(&rows).map_err(Failure::harness)?);
        }
        "markdown" => to_stdout(&markdown(&shown)),
        _ => {
            for row in &shown {
                to_stdout(&text(row));
            }
            let untested = all.iter().filter(|row| !row.untested.is_empty()).count();
            let tested = all.iter().filter(|row| row.is_tested()).count();
            let unseen = all.iter().filter(|row| row.entry.unobservable.is_some()).count();
            let sum = format!(
                "{} requirements: {tested} tested, {unseen} that nobody can see from outside, {untested} untested on a wire",
                all.len()
            );
            to_stdout(&wrapped(&sum, "", 4));
        }
    }
    Ok(ExitStatus::Passed)
}

fn text(row: &Coverage<'_>) -> String {
    let entry = row.entry;
    let what = match (row.reason(), row.tested()) {
        _ if entry.unobservable.is_some() => format!("not to be seen from outside: {}", entry.unobservable.as_deref().unwrap_or_default()),
        (None, tested) => tested,
        (Some(reason), tested) if tested.is_empty() => format!("untested: {reason}"),
        (Some(reason), tested) => format!("{tested}; untested: {reason}"),
    };
    let head = wrapped(&format!("{} {} {} [{}]", entry.id, entry.level, entry.area, entry.wires.join(", ")), "", 4);
    format!("{head}\n{}", wrapped(&what, "    ", 4))
}

fn as_json(row: &Coverage<'_>) -> serde_json::Value {
    let entry = row.entry;
    json!({
        "id": entry.id, "title": entry.title, "level": entry.level.name(), "area": entry.area, "profile": entry.profile, "wires": entry.wires,
        "tested": row.is_tested(), "passive": row.passive, "probed": row.probed, "cases": row.cases, "untested": row.untested,
        "unobservable": entry.unobservable,
    })
}

fn markdown(rows: &[&Coverage<'_>]) -> String {
    let mut lines =
        vec!["| requirement | level | area | wires | tested | untested |".to_owned(), "| --- | --- | --- | --- | --- | --- |".to_owned()];
    for row in rows {
        let cases: Vec<String> = row.cases.iter().map(|case| format!("`{case}`")).collect();
        let passive = row.passive.then(|| "passively".to_owned());
        let probed = row.probed.then(|| "by the probes of transports".to_owned());
        let tested: Vec<String> = passive.into_iter().chain(probed).chain(cases).collect();
        let entry = row.entry;
        let unseen = entry.unobservable.as_ref().map(|why| format!("not to be seen from outside: {why}"));
        let untested = unseen.or_else(|| row.reason()).unwrap_or_default();
        lines.push(format!(
            "| {} | {} | {} | {} | {} | {} |",
            entry.id,
            entry.level,
            entry.area,
            entry.wires.join(", "),
            tested.join(", "),
            untested.replace('|', "\\|")
        ));
    }
    lines.join("\n")
}
