//! `--known-failures`: what is listed is expected, what is listed wrongly is told.

use super::support::Folder;

const LIST: &str = "\
known-failures:
- requirement: HTTP-DATE-HEADER
  wire: json
  kind: no-date
  why: the appliance has no clock
  link: https://example.org/issues/1
";

#[test]
fn a_failure_that_is_listed_does_not_gate() {
    let folder = Folder::new();
    folder.write("known.yaml", LIST);
    let run = "run --fault no-date --filter adds-OTP --report junit=junit.xml";
    folder.run(run).exits(1);
    let done = folder.run(&format!("{run} --known-failures known.yaml")).exits(0);
    assert!(!done.out.contains("FAIL"), "{}", done.out);
    for told in
        ["Known failures:", "HTTP-DATE-HEADER on json, no-date: 1 result; the appliance has no clock", "known     1 result fails as listed"]
    {
        assert!(done.out.contains(told), "{told}: {}", done.out);
    }
    assert!(folder.read("junit.xml").contains("known failure: the appliance has no clock"));
    assert!(folder.read("triwire-report/report.json").contains("\"known\":[\"the appliance has no clock\"]"));
}

#[test]
fn an_entry_that_is_not_true_fails_the_run() {
    let folder = Folder::new();
    // A run that leaves nothing out of its suite.
    for name in ["suite.yaml", "second_factors.yaml"] {
        let text = std::fs::read_to_string(format!("{}/cases/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a file of the suite");
        folder.write(&format!("cases/{name}"), &text);
    }
    folder.write("known.yaml", LIST);
    let done = folder.run("run --cases cases --known-failures known.yaml").exits(1);
    for told in ["Known failures that aren't true:", "HTTP-DATE-HEADER on json, no-date: it passes now: take the entry out"] {
        assert!(done.out.contains(told), "{told}: {}", done.out);
    }
}

#[test]
fn mistakes_in_the_list_are_told_before_anything_is_sent() {
    let folder = Folder::new();
    folder.write("known.yaml", &LIST.replace("HTTP-DATE-HEADER", "HTTP-DATE-HAEDER").replace("why:", "reason:"));
    folder.run("run --known-failures known.yaml").exits(2).says(&[
        "there is no requirement `HTTP-DATE-HAEDER`",
        "did you mean `HTTP-DATE-HEADER`?",
        "a known failure has no key `reason`",
        "`why` is missing",
        "known.yaml:2:16",
    ]);
    folder.run("check --known-failures known.yaml").exits(2);
    folder.run("run --known-failures no.yaml").exits(2).says(&["can't read the file of known failures no.yaml"]);
}
