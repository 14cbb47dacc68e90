//! Faults of the harness are never blamed on the target: verdict error, exit 3. (A panic in a check is provoked in a unit test of the run.)

use super::support::Folder;

/// The suite of the project with one more case, run alone.
fn run_with_case(case: &str) {
    let folder = Folder::new();
    folder.with_suite().write("cases/own.yaml", &format!("rpc: AddSecondFactorToLoginPolicy\ncases:\n{case}"));
    let done = folder.run("run --cases cases --filter own::").exits(3);
    assert!(done.out.contains("Faults of the harness:"), "{}", done.out);
    assert!(!done.out.contains("FAIL"), "{}", done.out);
    let report = folder.read("triwire-report/report.json");
    assert!(report.contains("fault of the harness"), "{report}");
    assert!(report.contains("\"fail\": 0") || report.contains("\"fail\":0"), "{report}");
}

#[test]
fn a_request_that_breaks_the_contract_without_meaning_to() {
    run_with_case(
        "
  - name: a body that is no message
    given: custom login policy
    requirements: [SEED-METHOD-PATH]
    json: '{\"typ\": 1}'
    defect: none
    expect: { status: 200 }
",
    );
    run_with_case(
        "
  - name: octets that are no message
    given: custom login policy
    requirements: [SEED-GRPC-METHOD-NAME]
    bytes: '08'
    defect: none
    expect: { code: OK }
",
    );
}

#[test]
fn a_trial_that_says_one_wire_and_sends_another() {
    run_with_case(
        "
  - name: another content type
    given: custom login policy
    requirements: [SEED-GRPC-METHOD-NAME]
    wires: [grpc-web]
    send: { type: SECOND_FACTOR_TYPE_OTP }
    headers: { content-type: application/grpc }
    defect: none
    expect: { code: OK }
",
    );
}
