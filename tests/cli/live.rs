//! A target in another process.

use std::io::Write;
use std::process::Stdio;

use super::support::{Folder, Serve, finish, login_policy};

#[test]
fn a_correct_target_passes_and_keeps_nothing() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "");
    let done = folder.run(&format!("run {} --token-file pat.txt --filter second_factors --filter auth_roles", server.url)).exits(0);
    assert!(done.out.starts_with(&format!("  target    {}\n", server.url)), "{}", done.out);
    assert!(done.out.contains(" 0 fail, 0 inconclusive, "), "{}", done.out);
    let journal = folder.read("triwire-report/journal.jsonl");
    assert!(journal.contains("\"state\":\"created\""), "{journal}");
    for organization in journal.split("\"org.id\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let answer = login_policy(server.place(), &folder.read("pat.txt"), organization);
        assert!(answer.contains("Organisation doesn't exist"), "{answer}");
    }
    let token = folder.read("pat.txt");
    for file in ["events.jsonl", "journal.jsonl", "report.json", "junit.xml"] {
        assert!(!folder.read(&format!("triwire-report/{file}")).contains(token.trim()), "{file} holds the token");
    }
}

#[test]
fn tls_under_another_name_than_is_dialled() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "--tls --tls-name api.example --ca-out ca.pem");
    let done = folder
        .run(&format!("run {} --ca ca.pem --authority api.example --token-file pat.txt --filter second_factors", server.url))
        .exits(0);
    assert!(done.out.contains("live      json, grpc, grpc-web, grpc-web-text"), "{}", done.out);
    folder.write("target.yaml", &format!("url: {}\nca: ca.pem\nauthority: api.example\n", server.url));
    folder.run("run --target target.yaml --token-file pat.txt --filter adds-OTP").exits(0);
}

#[test]
fn a_fault_is_caught_and_a_variant_is_spared() {
    let folder = Folder::new();
    let faulty = Serve::start(&folder, "--fault status-twice");
    let done = folder.run(&format!("run {} --token-file pat.txt --filter second_factors", faulty.url)).exits(1);
    assert!(done.out.contains("GRPC-STATUS-ONCE"), "{}", done.out);
    let varied = Serve::start(&folder, "--variant status-in-web-headers");
    folder.run(&format!("run {} --token-file pat.txt --filter second_factors", varied.url)).exits(0);
}

#[test]
fn the_token_from_standard_input_and_from_the_environment() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "");
    let token = folder.read("pat.txt");
    let rest = ["--filter", "adds-OTP", "--quiet"];
    let mut command = folder.triwire(["run", &server.url].into_iter().chain(rest));
    command.env("TRIWIRE_TOKEN", token.trim());
    assert_eq!(finish(command).exits(0).err, "");
    let mut command = folder.triwire(["run", &server.url, "--token-file", "-"].into_iter().chain(rest));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    child.stdin.take().expect("stdin").write_all(token.as_bytes()).expect("written");
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn the_file_with_a_token_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let _server = Serve::start(&folder, "");
    let mode = std::fs::metadata(folder.path("pat.txt")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
