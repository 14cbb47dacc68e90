//! What a name means, and what the catalogue has: files only.

use super::support::{Folder, finish};

#[test]
fn a_requirement_is_explained_with_source_observation_and_fault() {
    let done = Folder::new().run("explain GRPC-STATUS-ONCE").exits(0);
    for piece in ["GRPC-STATUS-ONCE: ", "MUST", "https://", "passively, on ", "triwire run --fault ", "to do"] {
        assert!(done.out.contains(piece), "`{piece}` is not in:\n{}", done.out);
    }
    let lower = Folder::new().run("explain grpc-status-once").exits(0);
    assert_eq!(lower.out, done.out, "case doesn't matter");
}

#[test]
fn a_case_is_explained_in_steps_by_its_id_or_its_beginning() {
    let folder = Folder::new();
    let done = folder.run("explain text::carries-every").exits(0);
    for piece in [
        "text::carries-every-character-of-the-alphabet: carries every character",
        "from the fixture `cleared organization`",
        "AddCustomLoginPolicy as owner: OK",
        "for WEB-TEXT-BASE64-BODY (MUST)",
        "::grpc-web-text::h2",
    ] {
        let flat = done.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(piece), "`{piece}` is not in:\n{}", done.out);
    }
    let trial = folder.run("explain text::carries-every-character-of-the-alphabet::grpc-web-text::h1").exits(0);
    assert_eq!(trial.out, done.out);
}

#[test]
fn a_wrong_name_is_answered_with_the_nearest_ones() {
    let folder = Folder::new();
    folder.run("explain GRPC-STATUS-ONE").exits(2).says_one_error(&["no requirement and no case", "GRPC-STATUS-ONCE"]);
    folder.run("explain second_factors::").exits(2).says_one_error(&["cases begin with", "\n  second_factors::"]);
    folder.run("explain qqqq").exits(2).says_one_error(&["triwire requirements"]);
}

#[test]
fn the_catalogue_is_a_table_in_three_formats() {
    let folder = Folder::new();
    let text = folder.run("requirements").exits(0).out;
    assert!(text.contains("GRPC-STATUS-ONCE MUST grpc-wire [grpc"), "{text}");
    let json: Vec<serde_json::Value> = serde_json::from_str(&folder.run("requirements --format json").exits(0).out).expect("JSON");
    let row = |id: &str| json.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("no {id}"));
    assert_eq!(row("GRPC-STATUS-ONCE")["passive"], true);
    assert_eq!(row("WEB-TEXT-BASE64-BODY")["tested"], true);
    let untested: Vec<serde_json::Value> =
        serde_json::from_str(&folder.run("requirements --format json --untested").exits(0).out).expect("JSON");
    assert_eq!(untested.len(), json.iter().filter(|row| row["tested"] == false).count());
    assert!(untested.iter().all(|row| row["untested"].as_object().is_some_and(|wires| !wires.is_empty())), "each has a reason");
    let markdown = folder.run("requirements --format markdown").exits(0).out;
    assert_eq!(markdown.lines().count(), json.len() + 2);
}

#[test]
fn a_narrow_terminal_is_not_overrun() {
    let folder = Folder::new();
    for arguments in [["explain", "GRPC-STATUS-ONCE"], ["requirements", "--untested"]] {
        let mut command = folder.triwire(arguments);
        command.env("COLUMNS", "50");
        let done = finish(command).exits(0);
        let words = |line: &str| line.split_whitespace().count();
        let wide: Vec<&str> = done.out.lines().filter(|line| line.chars().count() > 50 && words(line) > 2).collect();
        assert!(wide.is_empty(), "{wide:#?}");
    }
}
