//! Wrong usage and wrong input: everything is told, nothing is sent, exit 2.

use super::support::{Folder, Serve, Untouched, finish};

const MISTAKES: &str = "\
rpc: AddSecondFactorToLoginPolic
cases:
  - name: one
    given: custom login polcy
    requirements: [SEED-REQ-OTP-ACCEPTD]
    sned: { type: SECOND_FACTOR_TYPE_OTP }
    expect: { code: ALREADY_EXIST }
  - name: two
    rpc: AddSecondFactorToLoginPolicy
    given: custom login policy
    requirements: [SEED-REQ-OTP-ACCEPTED]
    send: { tpye: SECOND_FACTOR_TYPE_OPT }
    expect: { body: { details: { resourceOwner: $og.id, creationDate: 2023-05-02 } } }
  - name: two
    rpc: AddSecondFactorToLoginPolicy
    given: custom login policy
    requirements: [SEED-REQ-OTP-ACCEPTED]
    send: { type: SECOND_FACTOR_TYPE_OPT }
    agreement: no
    expect: { code: OK }
";

#[test]
fn mistakes_in_all_files_are_told_at_once_with_their_place_and_nothing_is_sent() {
    let (folder, target) = (Folder::new(), Untouched::new());
    folder.with_suite().write("cases/mistakes.yaml", MISTAKES).write("cases/broken.yaml", "rpc: [GetMyOrg\n").write("pat.txt", "a-token");
    folder.write("target.yaml", &format!("url: {}\ntransports: [grpc/h1]\nnmae: x\n", target.url()));
    let run = folder.run("run --cases cases --target target.yaml --token-file pat.txt").exits(2);
    target.check();
    assert_eq!(run.out, "");
    assert!(!folder.path("triwire-report").exists(), "not even a folder is made");
    let check = folder.run("check cases --target target.yaml").exits(2);
    assert_eq!(run.err, check.err, "both commands read alike");
    let (listed, count) = run.err.trim_end().rsplit_once("\n\n").expect("a list and a count");
    let heads: Vec<String> = listed
        .split("\n\n")
        .map(|block| {
            let line = |start: &str| block.lines().find_map(|line| line.trim_start().strip_prefix(start)).unwrap_or("-");
            assert!(block.contains('^'), "a caret shows the place:\n{block}");
            format!("{} | {} | {}", line("--> "), line("error: "), line("= help: "))
        })
        .collect();
    insta::assert_snapshot!(format!("{}\n{count}", heads.join("\n")), @r#"
    cases/broken.yaml:1:1 | this is no YAML: unclosed bracket '[' | -
    cases/mistakes.yaml:1:6 | there is no operation `AddSecondFactorToLoginPolic` | did you mean `AddSecondFactorToLoginPolicy`?
    cases/mistakes.yaml:3:5 | it isn't said which operation is called | write `rpc`, here or at the top of the file
    cases/mistakes.yaml:4:12 | there is no fixture `custom login polcy` | did you mean `custom login policy`?
    cases/mistakes.yaml:5:20 | the catalogue has no requirement `SEED-REQ-OTP-ACCEPTD` | did you mean `SEED-REQ-OTP-ACCEPTED`?
    cases/mistakes.yaml:6:5 | `sned` is no key of a case | did you mean `send`?
    cases/mistakes.yaml:7:21 | `ALREADY_EXIST` is no gRPC code | did you mean `ALREADY_EXISTS`?
    cases/mistakes.yaml:12:13 | `tpye` is no field of `zitadel.management.v1.AddSecondFactorToLoginPolicyRequest` | did you mean `type`?
    cases/mistakes.yaml:13:49 | `$og.id` isn't given by any step before | did you mean `org.id`?
    cases/mistakes.yaml:13:71 | `2023-05-02` without quotes is a date in some versions of YAML | quote it: "2023-05-02"
    cases/mistakes.yaml:14:11 | there are two cases `mistakes::two` | the first one stands in mistakes.yaml:8
    cases/mistakes.yaml:18:19 | `SECOND_FACTOR_TYPE_OPT` is no value of `zitadel.policy.v1.SecondFactorType` | did you mean `SECOND_FACTOR_TYPE_OTP`?
    cases/mistakes.yaml:19:16 | `no` without quotes is a truth value in some versions of YAML and text in others | quote it: "no"
    target.yaml:2:14 | `grpc/h1` is no transport | did you mean `grpc/h2`?
    target.yaml:3:1 | a target file has no key `nmae` | did you mean `name`?
    15 mistakes
    "#);
}

#[test]
fn a_mistake_is_shown_in_its_line() {
    let folder = Folder::new();
    folder.with_suite().write("cases/one.yaml", "cases:\n  - nmae: x\n");
    let said = folder.run("check cases").exits(2).err;
    let block = said.split("\n\n").find(|block| block.contains("nmae")).unwrap_or_default().to_owned();
    insta::assert_snapshot!(block, @"
    error: `nmae` is no key of a case
     --> cases/one.yaml:2:5
      |
    2 |   - nmae: x
      |     ^^^^
      |
      = help: did you mean `name`?
    ");
}

#[test]
fn files_that_are_not_there_are_named() {
    let folder = Folder::new();
    folder.run("check no-such-folder").exits(2).says_one_error(&["can't read the case files in no-such-folder"]);
    folder.run("check --target no-such.yaml").exits(2).says_one_error(&["can't read the target file no-such.yaml"]);
    folder.write("empty/readme.txt", "").run("check empty").exits(2).says(&["`suite.yaml` is missing"]);
}

#[test]
fn what_is_built_in_has_no_mistakes() {
    let done = Folder::new().run("check").exits(0);
    assert!(done.out.ends_with(" cases, no mistakes\n"), "{}", done.out);
}

#[test]
fn an_unset_variable_never_judges_the_embedded_target() {
    let folder = Folder::new();
    folder.write("pat.txt", "a-token").write("target.yaml", "name: without an address\n");
    finish(folder.triwire(["run", ""])).exits(2).says_one_error(&["the address of the target is empty; is a variable unset?"]);
    for option in ["--token-file pat.txt", "--ca ca.pem", "--authority x", "--target-name x", "--target-version 1", "--target target.yaml"]
    {
        let name = option.split(' ').next().unwrap_or_default();
        folder.run(&format!("run {option}")).exits(2).says_one_error(&[&format!("{name} speaks of a target, but no address was given")]);
    }
    assert!(!folder.path("triwire-report").exists());
}

#[test]
fn wrong_flags_and_values_say_what_is_right() {
    let folder = Folder::new();
    folder.run("").exits(2).says(&["Usage: triwire <COMMAND>"]);
    folder.run("runn").exits(2).says(&["a similar subcommand exists: 'run'"]);
    folder.run("run --token-flie x").exits(2).says(&["a similar argument exists: '--token-file'"]);
    folder.run("run --wire grcp").exits(2).says(&["`grcp` is no wire; known are json, grpc, grpc-web, grpc-web-text"]);
    folder.run("run --jobs 0").exits(2).says(&["1..=256"]);
    folder.run("run --timeout never").exits(2).says(&["`never` is no number of seconds"]);
    folder.run("run --profile zitdael").exits(2).says_one_error(&["there is no profile `zitdael`; did you mean `zitadel`?"]);
    folder.run("run --fault no-dat").exits(2).says_one_error(&["\"no-dat\"", "\"no-date\"", "triwire serve --list"]);
    folder.run("run --variant key-oder").exits(2).says_one_error(&["\"key-order\""]);
    folder.run("serve --fault status-twise").exits(2).says_one_error(&["\"status-twice\""]);
    folder.run("run --fault no-date --variant key-order").exits(2).says(&["cannot be used with"]);
    folder.run("serve --tls-name x").exits(2).says(&["--tls"]);
    assert!(!folder.path("triwire-report").exists());
}

#[test]
fn an_address_that_is_none_is_told_and_nothing_is_sent() {
    let (folder, target) = (Folder::new(), Untouched::new());
    folder.write("pat.txt", "a-token");
    let run = |rest: &str| folder.run(&format!("run {rest} --token-file pat.txt")).exits(2);
    run("127.0.0.1:80").says_one_error(&["it has no scheme; write http://HOST:PORT"]);
    run("ftp://127.0.0.1").says_one_error(&["the scheme is neither http nor https"]);
    run("http://127.0.0.1:99999").says_one_error(&["the port is not a number from 1 to 65535"]);
    run(&format!("{} --fault no-date", target.url())).says_one_error(&["--fault speaks of the embedded target"]);
    run(&format!("{} --authority user@host", target.url())).says_one_error(&["is no name that a request could be for"]);
    run("http://127.0.0.1:1 --ca pat.txt").says_one_error(&["--ca speaks of TLS", "write https://"]);
    run("https://127.0.0.1:1 --ca pat.txt").says_one_error(&["it holds no certificate", "`--ca` takes a PEM file"]);
    target.check();
}

#[test]
fn the_token_comes_from_a_file_standard_input_or_the_environment_and_is_never_shown() {
    let (folder, target) = (Folder::new(), Untouched::new());
    let url = target.url();
    folder.run(&format!("run {url}")).exits(2).says_one_error(&["no token was given", "--token-file FILE", "TRIWIRE_TOKEN"]);
    folder.run(&format!("run {url} --token geheim")).exits(2).says(&["unexpected argument '--token'"]);
    folder.run(&format!("run {url} --token-file none.txt")).exits(2).says_one_error(&["can't read the token file none.txt"]);
    folder.write("empty.txt", "\n").run(&format!("run {url} --token-file empty.txt")).exits(2).says_one_error(&["the token is empty"]);
    let two = folder.write("two.txt", "geheim geheim").run(&format!("run {url} --token-file two.txt")).exits(2);
    let two = two.says_one_error(&["is it the right file?"]);
    let mut environment = folder.triwire(["run", &url]);
    let environment = finish({
        environment.env("TRIWIRE_TOKEN", "geheim\u{e9}");
        environment
    })
    .exits(2);
    let inside = folder.run("run http://geheim@127.0.0.1:1 --token-file two.txt").exits(2).says_one_error(&["credentials don't belong"]);
    for said in [two.err, environment.err, inside.err] {
        assert!(!said.contains("geheim"), "{said}");
    }
    target.check();
}

#[test]
fn help_is_complete() {
    let folder = Folder::new();
    let help = folder.run("--help").exits(0).out;
    for piece in ["run ", "clean ", "serve ", "list ", "check ", "Exit status", "130", "143"] {
        assert!(help.contains(piece), "{piece}: {help}");
    }
    for (command, pieces) in [
        ("run", &["--token-file", "Embedded target:", "FORMAT is one of json, junit, jsonl", "Examples:", "never given on the"][..]),
        ("clean", &["--token-file", "--setup-url", "--out", "Exit status"]),
        ("serve", &["--token-out", "--tls-name", "--client-ca", "Example:"]),
        ("list", &["--filter", "--wire"]),
        ("check", &["--target", "nothing is sent"]),
    ] {
        let help = folder.run(&format!("{command} --help")).exits(0).out;
        for piece in pieces {
            assert!(help.contains(piece), "{command}: {piece}: {help}");
        }
        assert!(help.lines().all(|line| line.chars().count() <= 140), "{help}");
    }
    assert!(folder.run("--version").exits(0).out.starts_with("triwire "));
}

#[test]
fn nothing_selected_is_exit_4() {
    let folder = Folder::new();
    let done = folder.run("run --filter no-such-trial").exits(4);
    assert!(done.out.contains("4: no trial was executed: look at the filters"), "{}", done.out);
    assert!(done.out.lines().count() <= 15, "one sentence, no list of what was not executed: {}", done.out);
    folder.run("list --filter no-such-trial").exits(4).says_one_error(&["no trial matches"]);
}

#[test]
fn an_address_in_the_target_file_is_enough() {
    let folder = Folder::new();
    let server = Serve::start(&folder, "");
    folder.write("target.yaml", &format!("name: the reference\nversion: '1'\nurl: {}\nprofiles: [zitadel]\n", server.url));
    let done = folder.run("run --target target.yaml --token-file pat.txt --filter adds-OTP").exits(0);
    assert!(done.out.contains(&format!("{} (the reference 1, as claimed)", server.url)), "{}", done.out);
}
