//! What a run makes for its trials: identities with tokens of their own, which never get into the record; and a token that may not make them.

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::{everything, judge_at};
use triwire::conclude::{ExitStatus, Policy, conclude};
use triwire::judge::{SkipReason, Verdict};
use triwire::plan::Selection;
use triwire::record::event::Event;
use triwire::reference::{Options, Reference};
use triwire::run::Ended;

fn client() -> reqwest::Client {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().http1_only().build().expect("a client")
}

/// Calls an operation on the JSON wire with the administrator's token.
async fn call(server: &Reference, organization: &str, path: &str, body: Value) -> Value {
    let request = client().post(format!("{}/management/v1{path}", server.url())).bearer_auth(server.token());
    let answer = request.header("x-zitadel-orgid", organization).json(&body).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    answer.json().await.expect("JSON")
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn only(filter: &str) -> Selection {
    Selection { filters: vec![filter.to_owned()], ..everything() }
}

#[tokio::test]
async fn a_token_that_may_not_make_organizations_skips_what_needs_them_and_says_so_first() {
    let server = Reference::start(Options::default()).await.expect("the reference starts");
    let url = format!("{}/management/v1/orgs", server.url());
    let made = client().post(url).bearer_auth(server.token()).json(&json!({"name": "viewer's"})).send().await.expect("an answer");
    let organization = text(&made.json::<Value>().await.expect("JSON"), "id");
    let user = text(&call(&server, &organization, "/users/machine", json!({"userName": "v", "name": "v"})).await, "userId");
    call(&server, &organization, "/orgs/me/members", json!({"userId": user, "roles": ["ORG_OWNER_VIEWER"]})).await;
    let token = text(&call(&server, &organization, &format!("/users/{user}/pats"), json!({})).await, "token");

    let run = judge_at(&server.url(), Some(token), everything(), 4).await;
    assert_eq!(run.ended, Ended::Ran);
    let told = run.events.iter().position(|event| matches!(event, Event::Restricted(_))).expect("it is said");
    let first = run.events.iter().position(|event| matches!(event, Event::TrialEnded(_))).expect("trials end");
    assert!(told < first);
    let Event::Restricted(restricted) = &run.events[told] else { unreachable!() };
    assert_eq!((restricted.what.as_str(), restricted.role.as_deref()), ("fixture organization", Some("IAM_OWNER or IAM_ORG_MANAGER")));
    let mut skipped = 0;
    for event in &run.events {
        if let Event::TrialEnded(trial) = event
            && trial.judgement.skip == Some(SkipReason::Permission)
        {
            let reason = trial.judgement.reason.as_deref().unwrap_or_default();
            assert!(reason.contains("PERMISSION_DENIED"), "{reason}");
            // What runs alone at the end finds out then.
            skipped += u64::from(reason.contains(&restricted.what));
        }
    }
    assert_eq!(skipped, restricted.trials);
    let verdicts: BTreeSet<Verdict> = run.verdicts().into_values().collect();
    assert!(!verdicts.contains(&Verdict::Error) && !verdicts.contains(&Verdict::Fail), "{verdicts:?}");
    assert_eq!(conclude(&run.summary(), Policy::default()).exit, ExitStatus::Inconclusive);
    server.shutdown().await;
}

#[tokio::test]
async fn identities_are_made_and_removed_and_their_tokens_stay_secret() {
    let server = Reference::start(Options::default()).await.expect("the reference starts");
    let run = judge_at(&server.url(), Some(server.token().to_owned()), only("refuses-to-add-without-a-token"), 2).await;
    assert!(run.verdicts().values().any(|verdict| *verdict == Verdict::Pass));
    let made = |part: &str| {
        let backgrounds = run.events.iter().filter(|event| matches!(event, Event::Background(it) if it.of == part));
        backgrounds.count()
    };
    assert!(made("identity owner setup") > 0 && made("identity owner remove") > 0);
    assert_eq!(made("identity viewer setup"), 0, "nobody needs it");
    assert!(!run.events.iter().any(|event| matches!(event, Event::Left(_))));
    let record: String = run.events.iter().map(|event| serde_json::to_string(event).expect("JSON")).collect();
    let tokens = record.matches("<token-").count();
    assert!(tokens > 2, "the answer that gives it, and the calls that carry it");
    server.shutdown().await;
}
