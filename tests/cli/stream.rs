//! What goes where: results on stdout, progress on stderr, colour on terminals only.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::support::{Folder, finish};

const ESCAPE: char = '\u{1b}';

#[test]
fn results_go_to_stdout_and_progress_to_stderr() {
    let folder = Folder::new();
    let done = folder.run("run --filter second_factors").exits(0);
    assert!(done.out.lines().count() <= 15, "{}", done.out);
    assert!(done.out.starts_with("  target    embedded reference target; this says nothing about any other server\n"), "{}", done.out);
    assert!(done.err.starts_with("run "), "{}", done.err);
    assert!(done.err.contains(" results planned for embedded reference target, seed "), "{}", done.err);
    assert!(!done.out.contains(ESCAPE) && !done.err.contains(ESCAPE), "a file has no colour codes");
    assert_eq!(folder.run("run --quiet --filter adds-OTP").exits(0).err, "");
}

#[test]
fn a_failure_is_plain_text_in_a_file_and_fits_a_narrow_terminal() {
    let folder = Folder::new();
    let mut command = folder.triwire(["run", "--fault", "no-date", "--quiet", "--filter", "second_factors"]);
    command.env("COLUMNS", "50");
    let done = finish(command).exits(1);
    assert!(!done.out.contains(ESCAPE));
    let copied = |line: &&str| line.contains("://") || line.contains("-H '") || line.starts_with("  exit") || line.starts_with("  again");
    let failure: Vec<&str> = done.out.lines().take_while(|line| !line.starts_with("  target")).filter(|line| !copied(line)).collect();
    assert!(failure.len() > 10, "{}", done.out);
    for line in failure {
        assert!(line.chars().count() <= 52, "{line}");
    }
    let summary = done.out.lines().skip_while(|line| !line.starts_with("  target")).count();
    assert!((5..=15).contains(&summary), "{}", done.out);
}

#[test]
fn colour_is_only_for_those_who_want_it() {
    let folder = Folder::new();
    let run = |variables: &[(&str, &str)]| {
        let mut command = folder.triwire(["run", "--fault", "no-date", "--filter", "refuses-a-factor"]);
        command.envs(variables.iter().copied());
        finish(command).exits(1).out
    };
    assert!(run(&[("CLICOLOR_FORCE", "1")]).contains(ESCAPE));
    assert!(!run(&[("NO_COLOR", "1")]).contains(ESCAPE));
    assert!(!run(&[]).contains(ESCAPE));
}

/// Reads one line, goes away, and looks how the process takes it.
fn first_line_only(mut command: Command) -> (String, i32, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
    let done = child.wait_with_output().expect("it ends");
    (line, done.status.code().unwrap_or(-1), String::from_utf8_lossy(&done.stderr).into_owned())
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new();
    for (arguments, status) in
        [(&["list"][..], 0), (&["serve", "--list"], 0), (&["run", "--fault", "no-date", "--filter", "second_factors"], 1), (&["check"], 0)]
    {
        let (line, code, err) = first_line_only(folder.triwire(arguments.iter().copied()));
        assert!(line.ends_with('\n'));
        assert_eq!(code, status, "{arguments:?}: {err}");
        assert!(!err.contains("panicked"), "{arguments:?}: {err}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_stream_that_takes_nothing_changes_no_verdict_but_is_told() {
    let folder = Folder::new();
    let full = || std::fs::File::options().write(true).open("/dev/full").expect("a device");
    let status = folder.triwire(["run", "--filter", "adds-OTP"]).stderr(full()).stdout(Stdio::null()).status().expect("it runs");
    assert_eq!(status.code(), Some(0));
    let done = folder.triwire(["run", "--quiet", "--filter", "adds-OTP"]).stdout(full()).stderr(Stdio::piped()).output().expect("it runs");
    assert_eq!(done.status.code(), Some(3), "results that nobody can read are none");
    assert!(String::from_utf8_lossy(&done.stderr).contains("error: can't write to standard output"));
    assert!(folder.read("triwire-report/report.json").contains("\"complete\": true"));
}

#[test]
fn the_list_has_one_name_a_line() {
    let folder = Folder::new();
    let all = folder.run("list").exits(0).out;
    let names: Vec<&str> = all.lines().collect();
    assert!(names.len() > 50 && names.is_sorted() && names.iter().all(|name| name.matches("::").count() >= 3), "{all}");
    let some = folder.run("list --wire grpc --filter refuses-a-factor").exits(0).out;
    assert!(!some.is_empty() && some.lines().all(|name| name.ends_with("::grpc::h2") && names.contains(&name)), "{some}");
}
