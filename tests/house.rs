//! What holds the rooms apart, as tests: who may use whom, who may do what, and that names in code are names in the catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use triwire::case::Suite;
use triwire::check::CHECKS;
use triwire::contract::Contract;
use triwire::reference::{FAULTS, NULL_TARGETS, VARIANTS};
use triwire::{answer, judge};

/// Rooms of the library from the lowest to the highest; those of one row may use one another as [`NEIGHBOURS`] says.
const ORDER: &[&[&str]] = &[
    &["contract"],
    &["case", "target", "wire"],
    &["answer"],
    &["check"],
    &["judge"],
    &["record"],
    &["conclude"],
    &["report"],
    &["plan"],
    &["run", "rejudge"],
    &["prove"],
    &["libtest", "prove"],
];

/// Who uses a room of the same row. `wire` is told an address and deadlines, `target` says on which wires they hold.
const NEIGHBOURS: &[(&str, &str)] = &[("case", "wire"), ("target", "case"), ("target", "wire"), ("wire", "target")];

/// The lines with which the library crosses into `reference/`: judge and server share nothing that could be wrong in both.
/// What is proven is proven on it.
const INTO_REFERENCE: &[(&str, &str)] = &[
    ("src/libtest.rs", "crate::reference::{self, Reference}"),
    ("src/prove/bench.rs", "crate::reference::{self, Reference, Variant}"),
    ("src/prove/catching.rs", "crate::reference::{Fault, Layer, Options}"),
    ("src/prove/mod.rs", "crate::reference::{FAULTS, NULL_TARGETS, VARIANTS}"),
    ("src/prove/sparing.rs", "crate::reference::{NullTarget, Options, Variant}"),
];

struct Source {
    /// From the root of the package.
    path: String,
    /// The first folder or file below `src/`.
    room: String,
    /// Modules from the root, e.g. `["wire", "h2"]`.
    modules: Vec<String>,
    /// Without comments and without unit tests.
    code: String,
}

/// Everything of the library that is no unit test.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join("src"), &mut paths);
    let is_test = |path: &Path| {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        stem == "tests" || stem.ends_with("_tests") || path.components().any(|part| part.as_os_str() == "tests")
    };
    let mut all: Vec<Source> = paths
        .iter()
        .map(|path| path.strip_prefix(root).unwrap())
        .filter(|path| !is_test(path) && !path.starts_with("src/cli") && *path != Path::new("src/main.rs"))
        .map(|path| {
            let mut modules: Vec<String> =
                path.with_extension("").components().skip(1).map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
            if modules.last().is_some_and(|last| last == "mod" || last == "lib") {
                modules.pop();
            }
            let text = std::fs::read_to_string(root.join(path)).unwrap();
            let room = modules.first().cloned().unwrap_or_else(|| "lib".to_owned());
            Source { path: path.to_string_lossy().replace('\\', "/"), room, modules, code: code(&text) }
        })
        .collect();
    all.sort_by(|one, two| one.path.cmp(&two.path));
    assert!(all.len() > 80, "the sources were not found");
    all
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            paths.push(path);
        }
    }
}

/// Without line comments (none of our strings has `//` behind a blank) and without a unit test module at the end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines()
        .map(|line| if line.trim_start().starts_with("//") { "" } else { line.split(" // ").next().unwrap_or_default() })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Paths from the root that the code uses: `crate::a::b` anywhere, `use super::...` where it leads out of its own room.
fn uses(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in source.code.match_indices("crate::") {
        let before = source.code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &source.code[at..];
        // To the end of a `use`, else to the end of the path.
        let end = if source.code[..at].ends_with("use ") {
            rest.find(';')
        } else {
            rest.find(|c: char| !c.is_alphanumeric() && !"_:".contains(c))
        };
        found.push(rest[..end.unwrap_or(rest.len())].split_whitespace().collect::<Vec<_>>().join(" "));
    }
    for line in source.code.lines() {
        let Some(path) = line.trim_start().trim_start_matches("pub ").strip_prefix("use ").filter(|path| path.starts_with("super::"))
        else {
            continue;
        };
        let up = path.matches("super::").count();
        if up >= source.modules.len() {
            found.push(format!("crate::{}", path.trim_start_matches("super::").trim_end_matches(';')));
        }
    }
    found
}

/// The rooms that a path leads to.
fn rooms(path: &str) -> Vec<String> {
    let rest = path.trim_start_matches("crate::");
    let names: Vec<&str> = match rest.strip_prefix('{') {
        None => vec![rest],
        Some(group) => {
            let mut depth = 0;
            group
                .trim_end_matches('}')
                .split(move |c| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    c == ',' && depth == 0
                })
                .collect()
        }
    };
    let first = |name: &str| name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    names.into_iter().map(first).filter(|name| !name.is_empty()).collect()
}

fn rank(room: &str) -> Option<usize> {
    ORDER.iter().position(|row| row.contains(&room))
}

#[test]
fn imports_run_one_way() {
    let mut wrong = Vec::new();
    let mut neighbours = BTreeSet::new();
    let mut crossings = 0;
    for source in sources().iter().filter(|source| !matches!(source.room.as_str(), "lib" | "reference")) {
        let own = rank(&source.room).unwrap_or_else(|| panic!("{} is in no room of the order", source.path));
        for path in uses(source) {
            for room in rooms(&path).into_iter().filter(|room| *room != source.room && room != "reference") {
                crossings += 1;
                match rank(&room) {
                    Some(other) if other < own => {}
                    Some(other) if other == own => drop(neighbours.insert((source.room.clone(), room))),
                    _ => wrong.push(format!("{}: {path}", source.path)),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "against the order:\n{}", wrong.join("\n"));
    assert!(crossings > 150, "only {crossings} uses were found: does the test still read them?");
    let listed: BTreeSet<(String, String)> = NEIGHBOURS.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned())).collect();
    assert_eq!(neighbours, listed);
}

#[test]
fn judge_and_server_share_no_code() {
    let mut into = Vec::new();
    for source in sources() {
        for path in uses(&source) {
            let rooms = rooms(&path);
            if source.room == "reference" {
                assert!(rooms.iter().all(|room| room == "reference"), "{}: {path}", source.path);
            } else if rooms.iter().any(|room| room == "reference") {
                into.push((source.path.clone(), path));
            }
        }
    }
    let listed: Vec<(String, String)> = INTO_REFERENCE.iter().map(|(file, path)| ((*file).to_owned(), (*path).to_owned())).collect();
    assert_eq!(into, listed);
}

#[test]
fn what_sends_does_not_judge_and_what_judges_does_not_send() {
    let forbidden: &[(&[&str], &[&str])] = &[
        (&["wire"], &["judge", "check::", "verdict", "Verdict", "Judgement"]),
        (
            &["answer", "check", "judge", "conclude"],
            &[
                "tokio",
                "std::net",
                "std::fs",
                "std::io::std",
                "std::process::Command",
                "std::env",
                "hyper",
                "reqwest",
                "Instant::now",
                "SystemTime",
                "Timestamp::now",
            ],
        ),
    ];
    let mut wrong = Vec::new();
    for source in sources() {
        for (rooms, words) in forbidden.iter().filter(|(rooms, _)| rooms.contains(&source.room.as_str())) {
            wrong.extend(
                words.iter().filter(|word| source.code.contains(**word)).map(|word| format!("{} ({rooms:?}): {word}", source.path)),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_lints_that_keep_the_engine_silent_are_on() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    assert!(read("src/lib.rs").contains("#![deny(clippy::print_stdout, clippy::print_stderr, clippy::exit)]"));
    let manifest = read("Cargo.toml");
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    // A panic in a check or in a witness is caught: that takes unwinding.
    assert!(!manifest.contains("panic ="));
    for source in sources() {
        for lint in ["print_stdout", "print_stderr", "clippy::exit"] {
            let allowed = source.code.lines().any(|line| line.contains(lint) && !line.contains("deny"));
            assert!(!allowed, "{} allows {lint}", source.path);
        }
    }
}

#[test]
fn what_code_names_is_in_the_catalogue() {
    let catalogue = &Contract::built_in().catalogue;
    let checks: Vec<_> = CHECKS.iter().flat_map(|family| family.iter()).collect();
    let mut seen = BTreeSet::new();
    for check in &checks {
        let id = check.requirement;
        let entry = catalogue.get(id).unwrap_or_else(|| panic!("a check names {id}, the catalogue doesn't have it"));
        assert!(!entry.wires.is_empty(), "{id} is on no wire");
        assert!(seen.insert(id), "two checks answer for {id}");
        assert!(!check.kinds.is_empty(), "the check of {id} has no kind");
    }
    for variant in VARIANTS {
        for id in variant.spared_by {
            assert!(catalogue.get(id).is_some(), "the variant {} names {id}, the catalogue doesn't have it", variant.name);
        }
    }
    let mut names = BTreeSet::new();
    let faults = FAULTS.iter().map(|it| it.name).chain(VARIANTS.iter().map(|it| it.name)).chain(NULL_TARGETS.iter().map(|it| it.name));
    assert!(faults.into_iter().all(|name| names.insert(name)), "a name is there twice");
}

#[test]
fn every_fault_is_told_by_a_kind_that_somebody_gives() {
    let catalogue = &Contract::built_in().catalogue;
    let suite = Suite::built_in(Contract::built_in()).expect("the built-in suite has no mistakes");
    let checks: BTreeMap<&str, &[&str]> =
        CHECKS.iter().flat_map(|family| family.iter()).map(|check| (check.requirement, check.kinds)).collect();
    let mut wrong = Vec::new();
    for fault in FAULTS {
        let Some(entry) = catalogue.get(fault.requirement) else {
            wrong.push(format!("{}: the catalogue doesn't have {}", fault.name, fault.requirement));
            continue;
        };
        let passive = checks.get(fault.requirement).is_some_and(|kinds| kinds.contains(&fault.kind));
        // What is claimed and doesn't answer its probe violates what the suite says.
        let offered = fault.kind == "not-offered" && suite.offered.values().any(|id| id == fault.requirement);
        if !passive && !offered && !judge::KINDS.contains(&fault.kind) && !answer::UNREADABLE.contains(&fault.kind) {
            wrong.push(format!("{}: nobody gives {} for {}", fault.name, fault.kind, fault.requirement));
        }
        let other: Vec<&&str> = fault.wires.iter().filter(|wire| !entry.wires.iter().any(|known| known == **wire)).collect();
        if other.len() == fault.wires.len() {
            wrong.push(format!("{}: {} speaks of none of its wires", fault.name, fault.requirement));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The lists of kinds are written by hand: they are what the code has, no more and no less.
#[test]
fn the_lists_of_kinds_are_whole() {
    let code = |room: &str| sources().into_iter().filter(|source| source.room == room).map(|source| source.code).collect::<String>();
    // A word counts where it is no part of the list itself.
    let count = |code: &str, word: &str| code.matches(&format!("\"{word}\"")).count();
    let (judging, reading) = (code("judge"), code("answer"));
    for kind in judge::KINDS {
        assert!(count(&judging, kind) > 1, "judging never gives {kind}");
    }
    for kind in answer::UNREADABLE {
        assert!(count(&reading, kind) > 1, "no answer is {kind}");
    }
    let given = |code: &str, begin: &str| -> BTreeSet<String> {
        code.match_indices(begin).filter_map(|(at, _)| code[at + begin.len()..].split('"').next().map(str::to_owned)).collect()
    };
    for kind in given(&reading, "unreadable(\"").into_iter().chain(given(&reading, "Answer::Unreadable { kind: \"")) {
        assert!(answer::UNREADABLE.contains(&kind.as_str()), "{kind} is not in the list");
    }
    for kind in given(&judging, "add(\"").into_iter().chain(given(&judging, "Some(\"")).chain(given(&judging, "kind: \"")) {
        let is_kind = kind.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(!is_kind || judge::KINDS.contains(&kind.as_str()), "{kind} is not in the list");
    }
}

/// Documents age where nobody compiles them: the files, links, test targets and lists that they name are there.
#[test]
fn what_documents_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let code: String = sources().into_iter().map(|source| source.code).collect();
    let mut wrong = Vec::new();
    for document in ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/cases.md", "docs/checks.md", "docs/known-failures.md"] {
        let text = std::fs::read_to_string(root.join(document)).unwrap();
        // Every other piece is code, also where three marks stand around a block.
        for span in text.split('`').skip(1).step_by(2).filter(|span| !span.contains([' ', '*', '\n'])) {
            let folder = span.split_once('/').map(|(folder, _)| folder);
            let is_path = folder.is_some_and(|folder| [".ci", "cases", "docs", "schemas", "src", "tests"].contains(&folder));
            if is_path && !root.join(span).exists() {
                wrong.push(format!("{document}: there is no {span}"));
            }
            let is_list = document == "docs/checks.md" && span.len() > 3 && span.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            if is_list && !code.contains(&format!(" {span}: ")) {
                wrong.push(format!("{document}: no item is named {span}"));
            }
        }
        for (at, begin) in text.match_indices("--test ") {
            let name: String = text[at + begin.len()..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !root.join(format!("tests/{name}.rs")).exists() && !root.join(format!("tests/{name}/main.rs")).exists() {
                wrong.push(format!("{document}: there is no test target {name}"));
            }
        }
        for (at, begin) in text.match_indices("](") {
            let link = text[at + begin.len()..].split([')', '#']).next().unwrap_or_default();
            let from = root.join(document);
            if !link.is_empty() && !link.contains("://") && !from.parent().unwrap().join(link).exists() {
                wrong.push(format!("{document}: the link {link} leads nowhere"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
