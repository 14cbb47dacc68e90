//! The kill matrix, fault x requirement: as JSON for tools, as Markdown and as a page for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Catch, Outcome, Proof};
use crate::contract::Contract;

/// The matrix as JSON, one fault a line.
#[must_use]
pub fn json(proof: &Proof) -> String {
    let rows: Vec<String> = proof.catches.iter().map(|catch| row(catch).to_string()).collect();
    let unbroken: Vec<Value> = proof.unbroken.iter().map(|(id, wires)| json!({ "requirement": id, "wires": wires })).collect();
    format!("{{\n\"faults\": [\n{}\n],\n\"unbroken\": {}\n}}\n", rows.join(",\n"), Value::from(unbroken))
}

fn row(catch: &Catch) -> Value {
    let fault = catch.fault;
    let wires: BTreeMap<&str, &str> = catch.wires.iter().map(|(wire, outcome)| (*wire, outcome.name())).collect();
    json!({
        "fault": fault.name,
        "layer": fault.layer.name(),
        "summary": fault.summary,
        "requirement": fault.requirement,
        "kind": fault.kind,
        "wires": wires,
        "also": also(catch),
    })
}

/// Requirements that were violated beside the one that the fault breaks.
fn also(catch: &Catch) -> BTreeSet<&str> {
    catch.violated.iter().map(|(id, _)| id.as_str()).filter(|id| *id != catch.fault.requirement).collect()
}

/// Whether two matrices say the same of every fault. What else a fault violates depends on which cases come first, so it isn't compared.
#[must_use]
pub fn same_matrix(one: &str, other: &str) -> bool {
    let claims = |text: &str| -> Option<Value> {
        let mut value: Value = serde_json::from_str(text).ok()?;
        value.get_mut("faults")?.as_array_mut()?.iter_mut().filter_map(Value::as_object_mut).for_each(|fault| {
            fault.remove("also");
        });
        Some(value)
    };
    claims(one).is_some() && claims(one) == claims(other)
}

/// The figures of a proof in a few lines.
#[must_use]
pub fn figures(proof: &Proof) -> Vec<String> {
    let pairs: Vec<Outcome> = proof.catches.iter().flat_map(|catch| catch.wires.values().copied()).collect();
    let count = |outcome| pairs.iter().filter(|it| **it == outcome).count();
    vec![
        format!(
            "{} faults on {} wires in all: {} killed, {} caught by a bystander only, {} survived, {} unreached",
            proof.catches.len(),
            pairs.len(),
            count(Outcome::Killed),
            count(Outcome::Bystander),
            count(Outcome::Survived),
            count(Outcome::Unreached)
        ),
        format!("{} targets without a fault and null targets: {} results that shouldn't be", proof.spared, proof.blemishes.len()),
        format!(
            "{} pieces of expectations changed: {} without effect, {} in alternatives that the reference target never takes",
            proof.expectations.changed,
            proof.expectations.dead.len(),
            proof.expectations.untaken.len()
        ),
    ]
}

/// The matrix as a table, faults by the area of what they break.
#[must_use]
pub fn markdown(proof: &Proof) -> String {
    let mut text = "# Kill matrix\n\nWhich requirement catches which fault of the reference target. Made by `triwire prove --matrix docs`; CI fails where what it says of the faults is out of date. \
                    [As a page](kill-matrix.html), [as JSON](kill-matrix.json).\n\n"
        .to_owned();
    for line in figures(proof) {
        let _ = writeln!(text, "- {line}");
    }
    for (area, catches) in by_area(proof) {
        let _ = write!(text, "\n## {area}\n\n| fault | what it does | requirement | kind | wires |\n| --- | --- | --- | --- | --- |\n");
        for catch in catches {
            let fault = catch.fault;
            let wires: Vec<String> = catch
                .wires
                .iter()
                .map(
                    |(wire, outcome)| {
                        if *outcome == Outcome::Killed { (*wire).to_owned() } else { format!("{wire}: **{}**", outcome.name()) }
                    },
                )
                .collect();
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | `{}` | {} |",
                fault.name,
                fault.summary.replace('|', "\\|"),
                fault.requirement,
                fault.kind,
                wires.join(", ")
            );
        }
    }
    if !proof.unbroken.is_empty() {
        text.push_str("\n## MUSTs that no fault breaks on a wire\n\n| requirement | wires |\n| --- | --- |\n");
        for (id, wires) in &proof.unbroken {
            let _ = writeln!(text, "| {id} | {} |", wires.join(", "));
        }
    }
    text
}

fn by_area(proof: &Proof) -> BTreeMap<String, Vec<&Catch>> {
    let catalogue = &Contract::built_in().catalogue;
    let mut areas: BTreeMap<String, Vec<&Catch>> = BTreeMap::new();
    for catch in &proof.catches {
        let area = catalogue.get(catch.fault.requirement).map_or_else(|| "unknown".to_owned(), |entry| entry.area.clone());
        areas.entry(area).or_default().push(catch);
    }
    for catches in areas.values_mut() {
        catches.sort_by_key(|catch| (catch.fault.requirement, catch.fault.name));
    }
    areas
}

const CELL: usize = 6;

const STYLE: &str = "\
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --line: #d0d7de; --dim: #59636e; --kill: #1a7f37; --also: #9ec3ea; --bad: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --line: #30363d; --dim: #9198a1; --kill: #3fb950; --also: #2f5b8f; --bad: #f85149; } }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--dim); font-weight: 600; } code { font-size: .9em; }
.bad { color: var(--bad); font-weight: 600; } .legend span { display: inline-block; width: .8em; height: .8em; margin: 0 .3em 0 1em; vertical-align: baseline; }
svg { display: block; } svg .area { fill: none; stroke: var(--line); } svg text { fill: var(--dim); font: 10px system-ui, sans-serif; }
";

/// The matrix as a page: a picture of all faults against all requirements, then the faults by area.
#[must_use]
pub fn html(proof: &Proof) -> String {
    let areas = by_area(proof);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Triwire: kill matrix</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>Kill matrix</h1>\n<ul>\n"
    );
    for line in figures(proof) {
        let _ = writeln!(page, "<li>{}</li>", escaped(&line));
    }
    page.push_str(
        "</ul>\n<p class=\"legend\">A row is a fault, a column a requirement; both stand by area.\
         <span style=\"background:var(--kill)\"></span>the requirement that the fault breaks caught it\
         <span style=\"background:var(--bad)\"></span>it didn't\
         <span style=\"background:var(--also)\"></span>violated as well</p>\n",
    );
    picture(&mut page, &areas);
    for (area, catches) in &areas {
        let _ = write!(
            page,
            "<h2 id=\"{0}\">{0}</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>fault</th><th>what it does</th><th>requirement</th><th>kind</th><th>wires</th></tr></thead>\n<tbody>\n",
            escaped(area)
        );
        for catch in catches {
            let fault = catch.fault;
            let wires: Vec<String> = catch
                .wires
                .iter()
                .map(|(wire, outcome)| match outcome {
                    Outcome::Killed => (*wire).to_owned(),
                    other => format!("<span class=\"bad\">{wire}: {}</span>", other.name()),
                })
                .collect();
            let _ = writeln!(
                page,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
                escaped(fault.name),
                escaped(fault.summary),
                escaped(fault.requirement),
                escaped(fault.kind),
                wires.join(", ")
            );
        }
        page.push_str("</tbody>\n</table></div>\n");
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// All faults against all requirements that any of them violates.
fn picture(page: &mut String, areas: &BTreeMap<String, Vec<&Catch>>) {
    let catalogue = &Contract::built_in().catalogue;
    let area_of = |id: &str| catalogue.get(id).map_or_else(|| "unknown".to_owned(), |entry| entry.area.clone());
    let columns: BTreeSet<(String, &str)> = areas
        .values()
        .flatten()
        .flat_map(|catch| catch.violated.iter().map(|(id, _)| id.as_str()).chain([catch.fault.requirement]))
        .map(|id| (area_of(id), id))
        .collect();
    let place: BTreeMap<&str, usize> = columns.iter().enumerate().map(|(at, (_, id))| (*id, at)).collect();
    let rows: usize = areas.values().map(Vec::len).sum();
    let (width, height, left) = (columns.len() * CELL, rows * CELL, 120);
    let _ = writeln!(
        page,
        "<div class=\"scroll\"><svg width=\"{}\" height=\"{}\" viewBox=\"0 0 {0} {1}\" role=\"img\" aria-label=\"Kill matrix of {rows} faults and {} requirements\">",
        left + width + 1,
        height + 1,
        columns.len()
    );
    let mut row = 0;
    for (area, catches) in areas {
        let _ = writeln!(
            page,
            "<text x=\"0\" y=\"{}\">{}</text><rect class=\"area\" x=\"{left}\" y=\"{}\" width=\"{width}\" height=\"{}\"/>",
            row * CELL + 10,
            escaped(area),
            row * CELL,
            catches.len() * CELL
        );
        for catch in catches {
            let mut cell = |id: &str, colour: &str, word: &str| {
                let at = place.get(id).copied().unwrap_or_default();
                let _ = writeln!(
                    page,
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"var(--{colour})\"><title>{}: {} {word}</title></rect>",
                    left + at * CELL,
                    row * CELL,
                    CELL - 1,
                    CELL - 1,
                    escaped(catch.fault.name),
                    escaped(id)
                );
            };
            for id in also(catch) {
                cell(id, "also", "violated as well");
            }
            let (colour, word) = if catch.is_killed() { ("kill", "caught it") } else { ("bad", "did not catch it on each wire") };
            cell(catch.fault.requirement, colour, word);
            row += 1;
        }
    }
    page.push_str("</svg></div>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
