//! Targets that can't be used, before or during the run: one message with the likely cause and the next step, exit 5, a report marked incomplete.

use super::support::{Done, Folder, Serve, dead_port, finish, start, until, without_h2};

/// The report tells that it is partial, in each of its forms.
#[track_caller]
fn is_incomplete(folder: &Folder, done: &Done) {
    assert!(folder.read("triwire-report/report.json").contains("\"complete\": false"));
    assert!(folder.read("triwire-report/junit.xml").contains("<testsuites"));
    assert!(folder.read("triwire-report/events.jsonl").contains("\"complete\":false"));
    assert!(done.out.contains("partial   not every planned result is there"), "{}", done.out);
    assert!(done.out.contains("exit      5: "), "{}", done.out);
}

/// A run that can't begin: nothing is listed but the summary.
#[track_caller]
fn unusable(folder: &Folder, line: &str, pieces: &[&str]) -> Done {
    let done = folder.run(&format!("run {line}")).exits(5).says_one_error(pieces);
    is_incomplete(folder, &done);
    assert!(done.out.lines().count() <= 15, "{}", done.out);
    let longest = done.err.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(longest < 600, "{}", done.err);
    done
}

#[test]
fn nobody_listens_or_the_name_is_unknown() {
    let folder = Folder::new();
    folder.write("pat.txt", "a-token");
    let place = dead_port();
    unusable(&folder, &format!("http://{place} --token-file pat.txt"), &["refused the connection; does the target run, and on this port?"]);
    let line = "http://no-such-host.invalid:80 --token-file pat.txt";
    unusable(&folder, line, &["can't resolve `no-such-host.invalid`", "is the host name right"]);
}

#[test]
fn tls_is_wrong() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "--tls --tls-name api.example --ca-out ca.pem");
    let place = server.place();
    let run = |line: &str, pieces: &[&str]| unusable(&folder, &format!("{line} --token-file pat.txt"), pieces);
    run(&format!("http://{place}"), &["TLS", "write https:// instead of http://"]);
    run(&server.url, &["is signed by no authority that is trusted here", "--ca FILE"]);
    run(&format!("{} --ca ca.pem --authority other.example", server.url), &["is not for `other.example`", "--authority"]);
    let cleartext = Serve::start(&folder, "");
    run(&format!("https://{} --ca ca.pem", cleartext.place()), &["does not speak TLS", "write http:// instead of https://"]);
}

#[test]
fn the_token_is_refused() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "");
    folder.write("other.txt", "a-token-of-another-instance");
    let line = format!("{} --token-file other.txt", server.url);
    let done = unusable(&folder, &line, &["refuses the token (UNAUTHENTICATED", "--token-file FILE or TRIWIRE_TOKEN"]);
    let all = [done.out, done.err, folder.read("triwire-report/report.json"), folder.read("triwire-report/events.jsonl")].join("\n");
    assert!(!all.contains("a-token-of-another-instance"));
}

#[test]
fn nothing_speaks_a_claimed_wire() {
    let folder = Folder::new();
    for (fault, piece) in [
        ("always-404", "json/h1, json/h2: HTTP status 404 without an error object"),
        ("always-unimplemented", "the operation of the probe is UNIMPLEMENTED"),
        ("closes", "the connection ended before the response was complete"),
    ] {
        let server = Serve::start(&folder, &format!("--fault {fault}"));
        let next = "is this the address of the API, is a path prefix missing";
        unusable(&folder, &format!("{} --token-file pat.txt", server.url), &["speaks none of the claimed wires: ", piece, next]);
    }
    // `{}` with 200 is an answer of the wire json. Nothing passes by it.
    let server = Serve::start(&folder, "--fault always-empty-200");
    let done = folder.run(&format!("run {} --token-file pat.txt --filter second_factors", server.url)).exits(1);
    assert!(done.out.contains(" planned: 0 pass, "), "{}", done.out);
    let server = Serve::start(&folder, "");
    let line = format!("{} --authority another.example --token-file pat.txt", server.url);
    unusable(&folder, &line, &["the probe was answered with NOT_FOUND", "--authority"]);
}

#[test]
fn hostile_targets_are_bounded_and_become_evidence() {
    let folder = Folder::new();
    for fault in ["endless-body", "giant-head", "slow-drip", "garbage", "half-close", "hangs"] {
        let server = Serve::start(&folder, &format!("--fault {fault}"));
        let line = format!("{} --token-file pat.txt --timeout 1", server.url);
        let done = unusable(&folder, &line, &["speaks none of the claimed wires"]);
        assert!(!done.err.contains("panicked"), "{}", done.err);
        let record = folder.read("triwire-report/events.jsonl");
        assert_eq!(record.matches("\"event\":\"probe-ended\"").count(), 7, "{fault}: the probes are in the record");
        assert!(record.len() < 20 * 1024 * 1024, "{fault}: {} octets of evidence", record.len());
    }
}

/// What a target does while it goes away is no violation.
#[track_caller]
fn nothing_failed(done: &Done) {
    assert!(done.out.contains(" 0 fail, "), "{}", done.out);
}

#[test]
fn the_target_goes_away_in_the_middle() {
    let folder = Folder::new();
    let mut server = Serve::start(&folder, "--variant lagging-reads");
    let running = start(folder.triwire(["run", &server.url, "--token-file", "pat.txt", "--filter", "second_factors", "--repeat", "100"]));
    until("a trial", || folder.read("triwire-report/events.jsonl").contains("\"event\":\"trial-ended\""));
    server.kill();
    let done =
        running.finish().exits(5).says_one_error(&["can't be reached any more", "look at its log, then run again", "left: organization"]);
    is_incomplete(&folder, &done);
    nothing_failed(&done);
    let report = folder.read("triwire-report/report.json");
    assert!(report.contains("\"verdict\":\"pass\""), "what was measured until then is there");
    assert!(report.contains("the target is lost"), "what could not be removed is listed");
}

#[test]
fn the_target_begins_to_refuse_the_token() {
    // It lost its state: restarted, it knows nothing of the token that it gave before.
    let folder = Folder::new();
    let mut server = Serve::start(&folder, "--variant lagging-reads");
    std::fs::copy(folder.path("pat.txt"), folder.path("first.txt")).expect("copied");
    let running = start(folder.triwire(["run", &server.url, "--token-file", "first.txt", "--filter", "second_factors", "--repeat", "100"]));
    until("a trial", || folder.read("triwire-report/events.jsonl").contains("\"event\":\"trial-ended\""));
    let place = server.place().to_owned();
    server.kill();
    let _again = Serve::start(&folder, &format!("--listen {place}"));
    let done =
        running.finish().exits(5).says_one_error(&["refuses the token that it accepted at the start", "get a new one and run again"]);
    is_incomplete(&folder, &done);
    nothing_failed(&done);
}

#[test]
fn what_is_claimed_and_not_offered_is_one_failure_each() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "");
    let url = without_h2(server.place());
    folder.write("target.yaml", "transports: [json/h1, json/h2, grpc-web/h1, grpc-web/h2]\n");
    let arguments = ["run", &url, "--target", "target.yaml", "--token-file", "pat.txt", "--filter", "adds-OTP"];
    let done = finish(folder.triwire(arguments)).exits(1);
    let report = folder.read("triwire-report/report.json");
    let mut failed: Vec<&str> = report
        .lines()
        .filter(|line| line.contains("\"verdict\":\"fail\"") && line.contains("\"exchanges\""))
        .filter_map(|line| line.split("\"id\":\"").nth(1)?.split('"').next())
        .collect();
    failed.sort_unstable();
    assert_eq!(
        failed,
        [
            "requirement::HTTP-PROTOCOL-VERSION-EQUAL::json::h2::offered",
            "requirement::SEED-THREE-ENCODINGS::grpc::offered",
            "requirement::WEB-HTTP2::grpc-web::h2::offered",
        ],
        "{}",
        done.out
    );
    assert!(report.contains("\"complete\": true"), "all that was planned has a verdict");
}

#[test]
fn what_a_target_says_that_it_offers_has_to_be_there() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "");
    let url = server.url.clone();
    folder.write("target.yaml", "browser-origins: [https://app.example]\noffers: [DISC-REFLECTION]\n");
    let arguments = ["run", &url, "--target", "target.yaml", "--token-file", "pat.txt", "--gate", "should"];
    let filters = ["--filter", "discoverability::describes-what", "--filter", "cors::lets-a-page-post-JSON::json::h1"];
    finish(folder.triwire(arguments.into_iter().chain(filters))).exits(1);
    let report = folder.read("triwire-report/report.json");
    let verdict = |id: &str| {
        let line = report.lines().find(|line| line.contains(id) && line.contains("\"verdict\"")).unwrap_or_else(|| panic!("no {id}"));
        line.split("\"verdict\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
    };
    assert_eq!(verdict("discoverability::describes-what-it-serves::grpc::h2"), "fail");
    assert_eq!(verdict("cors::lets-a-page-post-JSON::json::h1"), "pass", "its origin is declared");
    folder.write("target.yaml", "name: silent\n");
    let all = ["run", &url, "--target", "target.yaml", "--token-file", "pat.txt"].into_iter().chain(filters);
    finish(folder.triwire(all));
    let report = folder.read("triwire-report/report.json");
    assert!(report.contains("declares no `browser-origins`") && report.contains("there is no reflection service"), "{report}");
}
