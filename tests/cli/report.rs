//! Reports that can't be written are found before the run: exit 3, nothing is sent.

use super::support::{Folder, Untouched};

#[test]
fn a_report_that_can_not_be_written_is_found_before_the_run() {
    let (folder, target) = (Folder::new(), Untouched::new());
    folder.write("pat.txt", "a-token").write("file", "").write("folder/x", "").write("taken/report.json/x", "");
    let run = |rest: &str| folder.run(&format!("run {} --token-file pat.txt {rest}", target.url())).exits(3);
    run("--report json=no/such/folder.json").says_one_error(&["can't write no/such/folder.json", "make the folder"]);
    run("--report json=folder").says_one_error(&["can't write folder", "it is a folder; name a file"]);
    run("--report junit=file/x.xml").says_one_error(&["can't write file/x.xml", "a part of the path is a file"]);
    run("--out file").says_one_error(&["can't make the folder file", "--out DIR"]);
    run("--out file/more").says_one_error(&["can't make the folder file/more"]);
    run("--out taken").says_one_error(&["can't write taken/report.json", "it is a folder"]);
    target.check();
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_files_is_found_before_the_run() {
    // Nobody may write there, not even root.
    let (folder, target) = (Folder::new(), Untouched::new());
    folder.write("pat.txt", "a-token");
    let run = |rest: &str| folder.run(&format!("run {} --token-file pat.txt {rest}", target.url())).exits(3);
    run("--report json=/proc/report.json").says_one_error(&["can't write /proc/report.json"]);
    run("--out /proc").says_one_error(&["can't write /proc/report.json"]);
    target.check();
}

#[test]
fn a_report_that_is_none_is_wrong_usage() {
    let folder = Folder::new();
    folder.run("run --report jsno=a").exits(2).says(&["there is no format `jsno`; did you mean `json`?"]);
    folder.run("run --report json=").exits(2).says(&["no path stands after `json=`"]);
    folder.run("run --report a.json").exits(2).says(&["`a.json` is no FORMAT=PATH; write e.g. json=a.json"]);
    folder.run("run --report json=a --report junit=./a").exits(2).says_one_error(&["two files of this run would be written to ./a"]);
    folder.run("run --report json=triwire-report/events.jsonl").exits(2).says_one_error(&["two files of this run"]);
    assert!(!folder.path("a").exists());
}

#[test]
fn several_reports_are_written_in_one_run() {
    let folder = Folder::new();
    folder.run("run --filter adds-OTP --report json=a.json --report junit=b.xml --report jsonl=c.jsonl").exits(0);
    assert!(folder.read("a.json").contains("\"complete\": true"));
    assert!(folder.read("b.xml").contains("<testsuites"));
    assert_eq!(folder.read("c.jsonl"), folder.read("triwire-report/events.jsonl"));
    assert!(!folder.path("triwire-report/journal.jsonl").exists(), "the embedded target takes with it what was created");
}
