//! `triwire clean`: what a run left is removed by what its journal knows.

use super::support::{Folder, Serve, dead_port, login_policy, start, until};

/// Organizations of a journal that are not removed.
fn left(folder: &Folder) -> Vec<String> {
    let journal = folder.read("triwire-report/journal.jsonl");
    let of = |line: &str| Some(line.split("\"org.id\":\"").nth(1)?.split('"').next()?.to_owned());
    let is_removed = |line: &str| line.contains("\"state\":\"removed\"");
    let removed: Vec<String> = journal.lines().filter(|line| is_removed(line)).filter_map(of).collect();
    let mut left: Vec<String> = journal.lines().filter_map(of).filter(|id| !removed.contains(id)).collect();
    left.sort();
    left.dedup();
    left
}

#[test]
fn what_a_crash_left_is_removed() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "");
    let running = start(folder.triwire(["run", &server.url, "--token-file", "pat.txt", "--filter", "adds-OTP", "--repeat", "900"]));
    until("a trial", || folder.read("triwire-report/events.jsonl").contains("\"event\":\"trial-ended\""));
    let busy = folder.run(&format!("clean {} --token-file pat.txt", server.url));
    busy.exits(3).says_one_error(&["another run uses it"]);
    running.signal("KILL");
    running.finish();
    let organizations = left(&folder);
    assert!(!organizations.is_empty());
    let journal = folder.read("triwire-report/journal.jsonl");

    // Who may not, can't, or isn't the target, removes nothing and says so.
    folder.run("clean").exits(2).says_one_error(&[&format!("is left at {}, but no address was given", server.url)]);
    folder.run("clean --out elsewhere").exits(2).says_one_error(&["can't read elsewhere/journal.jsonl", "--out DIR names the folder"]);
    folder.run(&format!("clean http://{} --token-file pat.txt", dead_port())).exits(5).says_one_error(&["refused the connection"]);
    let other = Folder::new();
    let stranger = Serve::start(&other, "");
    let strange = format!("clean {} --token-file {}", stranger.url, other.path("pat.txt").display());
    let done = folder.run(&strange).exits(1);
    assert!(done.out.contains(&format!("(it was made at {})", server.url)), "{}", done.out);
    let now = folder.read("triwire-report/journal.jsonl");
    assert_eq!(left(&folder), organizations, "the journal still knows them:\n{journal}\n{now}");

    let note = folder.run(&format!("run {} --token-file pat.txt --filter no-such-trial", server.url)).exits(4);
    note.says(&["note: an earlier run may have left organization", "`triwire clean`", &server.url]);
    let done = folder.run(&format!("clean {} --token-file pat.txt", server.url)).exits(0);
    for organization in &organizations {
        assert!(done.out.contains(&format!("org.id {organization}")), "{}", done.out);
        let answer = login_policy(server.place(), &folder.read("pat.txt"), organization);
        assert!(answer.contains("Organisation doesn't exist"), "{answer}");
    }
    assert!(done.out.ends_with("nothing is left\n"), "{}", done.out);
    assert_eq!(left(&folder), [""; 0]);
    assert_eq!(folder.run("clean").exits(0).out, "nothing is left\n", "nothing has to be sent for that");
}

#[test]
fn what_may_have_been_made_is_named() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "");
    let line = format!(
        "{{\"run\":\"abc\",\"target\":\"{}\",\"fixture\":\"organization\",\"set\":3,\"state\":\"creating\",\"captures\":{{\"run.id\":\"abc\",\"set\":\"3\"}}}}\n",
        server.url
    );
    let unknown = line.replace("\"organization\"", "\"of another suite\"");
    folder.write("triwire-report/journal.jsonl", &format!("{line}{unknown}"));
    let done = folder.run(&format!("clean {} --token-file pat.txt", server.url)).exits(1);
    assert!(done.out.contains("left: organization what AddOrg made of {\"name\":\"triwire abc 3\"}, if it did"), "{}", done.out);
    assert!(done.out.contains("left: of another suite set 3 of run abc (the suite has no such fixture"), "{}", done.out);
}
