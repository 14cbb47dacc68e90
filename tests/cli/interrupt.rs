//! Ctrl-C and SIGTERM: calls in flight end, what was created is removed, the partial report is marked; a second signal stops at once.

use super::support::{Done, Folder, Running, Serve, finish, login_policy, start, until};

/// A run that goes on for minutes; it has executed a trial.
fn long_run(folder: &Folder, server: &Serve) -> Running {
    let running = start(folder.triwire([
        "run",
        &server.url,
        "--token-file",
        "pat.txt",
        "--filter",
        "second_factors",
        "--repeat",
        "100",
        "--jobs",
        "3",
    ]));
    until("a trial", || folder.read("triwire-report/events.jsonl").contains("\"event\":\"trial-ended\""));
    running
}

/// Organizations that the journal says were created, and those that were removed.
fn organizations(folder: &Folder) -> (Vec<String>, Vec<String>) {
    let journal = folder.read("triwire-report/journal.jsonl");
    let of = |state: &str| {
        let lines = journal.lines().filter(|line| line.contains(&format!("\"state\":\"{state}\"")));
        let mut ids: Vec<String> =
            lines.filter_map(|line| Some(line.split("\"org.id\":\"").nth(1)?.split('"').next()?.to_owned())).collect();
        ids.sort();
        // A set is written down again for each identity that is made in it.
        ids.dedup();
        ids
    };
    (of("created"), of("removed"))
}

fn is_partial(folder: &Folder, done: &Done, signal: i32, status: i32) {
    let record = folder.read("triwire-report/events.jsonl");
    let last = record.lines().last().unwrap_or_default();
    assert!(last.contains("\"complete\":false") && last.contains(&format!("\"interrupted\":{signal},")), "{last}");
    let report = folder.read("triwire-report/report.json");
    assert!(report.contains("\"complete\": false"));
    assert!(report.contains("the report is partial"));
    assert!(done.out.contains(" 0 fail, "), "an interruption is nobody's violation: {}", done.out);
    assert!(done.out.contains("partial   not every planned result is there"), "{}", done.out);
    assert!(done.out.contains(&format!("exit      {status}: ")), "{}", done.out);
}

fn first_signal(name: &str, signal: i32, status: i32) {
    let folder = Folder::new();
    let server = Serve::start(&folder, "--variant lagging-reads");
    let running = long_run(&folder, &server);
    running.signal(name);
    let done = running.finish().exits(status).says(&["stopping: calls in flight end within 5 s, then what was created is removed"]);
    is_partial(&folder, &done, signal, status);
    let (created, removed) = organizations(&folder);
    assert!(!created.is_empty());
    assert_eq!(created, removed, "everything that was created was removed");
    assert!(!done.err.contains("left:"), "{}", done.err);
    for organization in created {
        let answer = login_policy(server.place(), &folder.read("pat.txt"), &organization);
        assert!(answer.contains("Organisation doesn't exist"), "{answer}");
    }
}

#[test]
fn ctrl_c_removes_what_was_created() {
    first_signal("INT", 2, 130);
}

#[test]
fn sigterm_removes_what_was_created() {
    first_signal("TERM", 15, 143);
}

#[test]
fn a_second_signal_stops_at_once_and_lists_what_is_left_also_in_the_next_run() {
    let folder = Folder::new();
    // Nothing answers any more: the first signal would wait for calls in flight.
    let server = Serve::start(&folder, "--variant lagging-reads");
    let running = long_run(&folder, &server);
    server.suspend();
    running.signal("INT");
    running.until_says("stopping: ");
    running.signal("INT");
    let done = running.finish();
    server.resume();
    let done = done.exits(130).says(&["stopping at once", "left: organization org.id"]);
    is_partial(&folder, &done, 2, 130);
    let (created, removed) = organizations(&folder);
    let left: Vec<&String> = created.iter().filter(|id| !removed.contains(id)).collect();
    assert!(!left.is_empty());
    for organization in &left {
        assert!(done.err.contains(organization.as_str()), "{organization} is not listed: {}", done.err);
        assert!(folder.read("triwire-report/report.json").contains(organization.as_str()));
    }
    // The journal still knows them when the next run begins, and says so.
    let next = finish(folder.triwire(["run", &server.url, "--token-file", "pat.txt", "--filter", "no-such-trial"])).exits(4);
    assert!(next.err.contains("note: an earlier run may have left organization"), "{}", next.err);
    assert_eq!(organizations(&folder).0, left.into_iter().cloned().collect::<Vec<_>>());
}

#[test]
fn calls_that_are_never_answered_are_cut() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "--variant lagging-reads");
    let running = long_run(&folder, &server);
    server.suspend();
    running.signal("INT");
    // Bounded without a second signal: calls in flight are cut, and removal is given up.
    let done = running.finish();
    server.resume();
    let done = done.exits(130).says(&["left: organization org.id", "its removal took too long"]);
    is_partial(&folder, &done, 2, 130);
}

#[test]
fn a_signal_before_the_first_answer_is_no_fault_of_the_target() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "--fault hangs");
    let running = start(folder.triwire(["run", &server.url, "--token-file", "pat.txt"]));
    until("the record", || folder.path("triwire-report/events.jsonl").exists());
    running.signal("INT");
    running.until_says("stopping: ");
    running.signal("TERM");
    let done = running.finish().exits(130);
    assert!(!done.err.contains("error:"), "{}", done.err);
    is_partial(&folder, &done, 2, 130);
}
