//! Cases that change what belongs to the whole instance: with consent only, and restored afterwards, whatever happens.

use super::support::{Folder, Running, Serve, ask, start, until};

/// The second factors that organizations inherit, as the administrator reads them.
fn default_factors(folder: &Folder, server: &Serve) -> String {
    let answer = ask(server.place(), &folder.read("pat.txt"), "POST /admin/v1/policies/login/second_factors/_search", "");
    let list = answer.split("\"result\":").nth(1).unwrap_or("[]");
    let mut factors: Vec<&str> = list.split(']').next().unwrap_or_default().split('"').filter(|it| it.starts_with("SECOND_")).collect();
    factors.sort_unstable();
    factors.join(" ")
}

#[test]
fn nothing_of_the_instance_is_changed_without_consent() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "");
    let before = default_factors(&folder, &server);
    assert!(before.contains("SECOND_FACTOR_TYPE_OTP"), "{before}");
    let line = format!("run {} --token-file pat.txt --wire json --filter state_default --filter adds-OTP", server.url);
    let done = folder.run(&line).exits(0);
    assert!(done.out.contains("2 consent"), "{}", done.out);
    assert!(folder.read("triwire-report/report.json").contains("--allow-instance-changes lets it"));
    assert!(!folder.read("triwire-report/events.jsonl").contains("/admin/v1/policies/login/second_factors"), "not even a call is made");
    let done = folder.run(&format!("{line} --allow-instance-changes")).exits(0);
    assert!(!done.out.contains("consent"), "{}", done.out);
    let record = folder.read("triwire-report/events.jsonl");
    let ended: Vec<&str> = record.lines().filter(|line| line.contains("\"event\":\"trial-ended\"")).collect();
    let first = ended.iter().position(|line| line.contains("state_default::")).expect("it ran");
    assert!(ended.len() > 2 && ended[first..].iter().all(|line| line.contains("state_default::")), "after all others");
    assert!(record.lines().next().is_some_and(|line| line.contains("\"allow-instance-changes\":\"true\"")));
    assert_eq!(default_factors(&folder, &server), before);
    folder.run("run --allow-instance-changes").exits(2).says_one_error(&["--allow-instance-changes speaks of a target"]);
}

/// A run that waits for a change of the default which the target never shows.
fn waiting(folder: &Folder, server: &Serve) -> Running {
    let line = format!("run {} --token-file pat.txt --wire grpc --filter state_default --allow-instance-changes", server.url);
    let running = start(folder.triwire(line.split_whitespace()));
    until("the change", || default_factors(folder, server).split(' ').all(|it| it != "SECOND_FACTOR_TYPE_OTP"));
    running
}

#[test]
fn what_was_changed_is_restored_after_an_interruption_and_by_clean_after_a_crash() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "--fault inherited-list-copied");
    let before = default_factors(&folder, &server);
    let running = waiting(&folder, &server);
    running.signal("INT");
    running.finish().exits(130);
    assert_eq!(default_factors(&folder, &server), before);

    let running = waiting(&folder, &server);
    running.signal("KILL");
    running.finish();
    assert_ne!(default_factors(&folder, &server), before);
    assert!(folder.read("triwire-report/journal.jsonl").contains("\"default.factors\":[\"SECOND_"));
    let done = folder.run(&format!("clean {} --token-file pat.txt", server.url)).exits(0);
    assert!(done.out.contains("removed: instance with a default default.factors"), "{}", done.out);
    assert_eq!(default_factors(&folder, &server), before);
}
