//! Where a target is and how it is reached: several addresses, one for set-up, certificates, proxies that aren't asked.

use std::sync::atomic::Ordering;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use super::support::{Folder, Serve, Untouched, dead_port, finish, without_provisioning};

const FEW: &str = "--filter adds-OTP --quiet --token-file pat.txt";

fn record(folder: &Folder) -> String {
    folder.read("triwire-report/events.jsonl")
}

#[test]
fn wires_at_different_addresses() {
    // One server behind three names of its port, each below a path of its own.
    let folder = Folder::new();
    let server = Serve::start(&folder, "--prefix /api/v1");
    let port = server.place().split([':', '/']).nth(1).expect("a port").to_owned();
    let web = format!("http://localhost:{port}/api/v1");
    let done = folder.run(&format!("run --json {} --grpc {} --grpc-web {web} {FEW}", server.url, server.url)).exits(0);
    assert!(done.out.contains("live      json, grpc, grpc-web, grpc-web-text"), "{}", done.out);
    let address = format!("grpc {}, grpc-web {web}, json {}", server.url, server.url);
    assert!(done.out.starts_with(&format!("  target    {address}\n")), "{}", done.out);
    let record = record(&folder);
    assert!(record.contains(&format!("\"addresses\":{{\"grpc\":\"{}\"", server.url)), "the first event names them");
    let sent = |wire: &str, authority: &str| {
        record
            .lines()
            .any(|line| line.contains(&format!("\"wire\":\"{wire}\"")) && line.contains(&format!("\"authority\":\"{authority}\"")))
    };
    assert!(sent("grpc-web", &format!("localhost:{port}")) && sent("json", &format!("127.0.0.1:{port}")));
    // One address for all that aren't named, and the same in a target file.
    let dead = dead_port();
    folder.run(&format!("run http://{dead} --json {} --grpc {} --grpc-web {web} {FEW}", server.url, server.url)).exits(0);
    folder.write("target.yaml", &format!("url: {}\ngrpc-web: {web}\n", server.url));
    folder.run(&format!("run --target target.yaml {FEW}")).exits(0);
    // What nothing answers at fails by itself.
    let done = folder.run(&format!("run {} --grpc http://{dead} {FEW}", server.url)).exits(1);
    assert!(done.out.contains("SEED-THREE-ENCODINGS") && done.out.contains(&format!("{dead} refused the connection")), "{}", done.out);
}

#[test]
fn a_failure_is_shown_with_the_address_of_its_wire() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "--prefix /web --fault status-twice");
    let other = Serve::start(&Folder::new(), "");
    let done = folder.run(&format!("run {} --json {} --wire grpc --filter adds-OTP -q --token-file pat.txt", server.url, other.url));
    let done = done.exits(1);
    assert!(done.out.contains(&format!("'{}/zitadel.management.v1.ManagementService/", server.url)), "{}", done.out);
}

#[test]
fn wires_without_an_address_are_asked_for() {
    let (folder, target) = (Folder::new(), Untouched::new());
    folder.write("pat.txt", "a-token");
    let line = format!("run --json {} --token-file pat.txt", target.url());
    folder.run(&line).exits(2).says_one_error(&["no address was given for the wires grpc, grpc-web", "--wire"]);
    folder.run("run --setup-url http://127.0.0.1:1").exits(2).says_one_error(&["--setup-url speaks of a target, but no address was given"]);
    folder.run("run --insecure").exits(2).says_one_error(&["--insecure speaks of a target, but no address was given"]);
    finish(folder.triwire(["run", "--grpc", ""])).exits(2).says_one_error(&["the address of the target is empty"]);
    target.check();
    let server = Serve::start(&folder, "");
    folder.run(&format!("run --json {} --wire json {FEW}", server.url)).exits(0);
}

#[test]
fn what_the_run_makes_is_made_beside_the_target() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "");
    let (url, calls) = without_provisioning(server.place());
    let line = format!("run {url} --wire json --filter adds-OTP --token-file pat.txt");
    folder.run(&line).exits(7);
    assert!(calls.load(Ordering::Relaxed) > 0, "the proxy carries no such call");
    calls.store(0, Ordering::Relaxed);
    let done = folder.run(&format!("{line} --setup-url {}", server.url)).exits(0);
    assert_eq!(calls.load(Ordering::Relaxed), 0, "and none came to it");
    assert!(done.out.starts_with(&format!("  target    {url}; set-up at {}\n", server.url)), "{}", done.out);
    let journal = folder.read("triwire-report/journal.jsonl");
    assert!(journal.lines().last().is_some_and(|line| line.contains("\"state\":\"removed\"")), "{journal}");
    // What answers there is nobody's violation.
    let record = record(&folder);
    let mut beside = record.lines().filter(|line| line.contains("\"event\":\"background\"")).peekable();
    assert!(beside.peek().is_some() && beside.all(|line| line.contains("\"checks\":[]")));
    let other = Serve::start(&Folder::new(), "");
    let set_up = format!("run {} --setup-url {} --filter adds-OTP --token-file pat.txt", server.url, other.url);
    folder.run(&set_up).exits(5).says_one_error(&["the address for set-up (--setup-url) can't be used", "UNAUTHENTICATED"]);
    let dead = dead_port();
    let set_up = format!("run {} --setup-url http://{dead} --filter adds-OTP --token-file pat.txt", server.url);
    folder.run(&set_up).exits(5).says_one_error(&["the address for set-up (--setup-url) can't be used", "refused the connection"]);
}

#[test]
fn certificates_that_are_not_verified_are_told_loudly() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "--tls");
    folder.run(&format!("run {} {FEW}", server.url)).exits(5).says(&["is signed by no authority that is trusted here", "--insecure"]);
    let done = folder.run(&format!("run {} --insecure {FEW}", server.url)).exits(0).says(&["WARNING: --insecure"]);
    assert!(done.out.contains("INSECURE: certificates were not verified"), "{}", done.out);
    assert!(record(&folder).lines().next().is_some_and(|first| first.contains("\"insecure\":true")));
    assert!(folder.read("triwire-report/report.json").contains("\"insecure\":true"));
    assert!(folder.read("triwire-report/junit.xml").contains("INSECURE"));
    folder.run(&format!("run {} --insecure --ca ca.pem {FEW}", server.url)).exits(2);
}

/// An authority, and a certificate with its key that it signed for a caller.
fn client_certificate(folder: &Folder, name: &str) {
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().expect("a key");
    folder.write(&format!("{name}-ca.pem"), &authority.self_signed(&key).expect("a certificate").pem());
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(vec!["caller.example".to_owned()]).expect("a name").signed_by(&key, &issuer).expect("a certificate");
    folder.write(&format!("{name}.pem"), &leaf.pem()).write(&format!("{name}-key.pem"), &key.serialize_pem());
}

#[test]
fn a_target_that_demands_a_client_certificate() {
    let folder = Folder::new();
    client_certificate(&folder, "client");
    client_certificate(&folder, "stranger");
    let server = Serve::start(&folder, "--tls --ca-out ca.pem --client-ca client-ca.pem");
    let run = |options: &str| folder.run(&format!("run {} --ca ca.pem {options} {FEW}", server.url));
    let done = run("--client-cert client.pem --client-key client-key.pem").exits(0);
    assert!(done.out.contains("live      json, grpc, grpc-web, grpc-web-text"), "{}", done.out);
    folder.write("target.yaml", &format!("url: {}\nca: ca.pem\nclient-cert: client.pem\nclient-key: client-key.pem\n", server.url));
    folder.run(&format!("run --target target.yaml {FEW}")).exits(0);
    run("").exits(5).says_one_error(&["demands a client certificate", "--client-cert FILE --client-key FILE"]);
    run("--client-cert stranger.pem --client-key stranger-key.pem").exits(5).says_one_error(&["client certificate, one that it accepts"]);
    run("--client-cert client.pem").exits(2).says(&["--client-key"]);
    run("--client-cert client-key.pem --client-key client-key.pem").exits(2).says_one_error(&["client-key.pem", "it holds no certificate"]);
    run("--client-cert client.pem --client-key stranger-key.pem").exits(2).says_one_error(&["belong together"]);
}

#[test]
fn proxies_of_the_environment_are_not_asked() {
    let folder = Folder::new();
    let (server, proxy) = (Serve::start(&folder, ""), Untouched::new());
    let line = format!("run {} {FEW}", server.url);
    let mut command = folder.triwire(line.split_whitespace());
    command.env("http_proxy", proxy.url()).env("ALL_PROXY", proxy.url());
    finish(command).exits(0).says(&["note: http_proxy, ALL_PROXY is set, and ignored"]);
    proxy.check();
    let mut command = folder.triwire(["run", "--filter", "adds-OTP", "--quiet"]);
    command.env("http_proxy", proxy.url());
    assert_eq!(finish(command).exits(0).err, "", "the embedded target is reached by no address of anybody's");
}
