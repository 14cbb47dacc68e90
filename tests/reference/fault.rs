//! Each fault and each legal variant acts, and null targets are none of a server.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use triwire::reference::{NULL_TARGETS, Options, Reference, fault, null_target, variant};

use super::client::*;

const GRPC: &str = "application/grpc";
const WEB: &str = "application/grpc-web";
const TEXT: &str = "application/grpc-web-text";

async fn with_fault(name: &str) -> Reference {
    let options = Options { fault: Some(fault(name).unwrap()), ..Options::default() };
    Reference::start(options).await.unwrap()
}

/// The token of a machine user that was just made.
async fn new_token(server: &Reference) -> Option<String> {
    let user = json(server, "POST", "/management/v1/users/machine", r#"{"userName":"fresh","name":"fresh"}"#);
    let user = send(server, Http::One, user).await.json()["userId"].as_str()?.to_owned();
    let token = json(server, "POST", &format!("/management/v1/users/{user}/pats"), "{}");
    Some(send(server, Http::One, token).await.json()["token"].as_str()?.to_owned())
}

async fn with_variant(name: &str) -> Reference {
    let options = Options { variant: Some(variant(name).unwrap()), ..Options::default() };
    Reference::start(options).await.unwrap()
}

#[tokio::test]
async fn faults_of_meaning() {
    let server = with_fault("stores-unspecified").await;
    custom(&server, "").await;
    let added = send(&server, Http::Two, call(&server, GRPC, ADD, &[])).await;
    assert_eq!(added.grpc_status(), Some("0"));
    assert_eq!(list(&server).await, json!(["SECOND_FACTOR_TYPE_UNSPECIFIED"]));
    custom(&server, "").await;
    assert_eq!(list(&server).await, json!(null));

    let server = with_fault("duplicate-add-ok").await;
    custom(&server, "1").await;
    let added = send(&server, Http::One, json(&server, "POST", FACTORS, r#"{"type":1}"#)).await;
    assert_eq!(added.status, 200);
    assert!(added.json()["details"]["creationDate"].is_string());

    let server = with_fault("skips-auth-on-grpc-web").await;
    let anonymous = without(call(&server, WEB, LIST, &[]), "authorization");
    let anonymous = send(&server, Http::One, anonymous).await;
    assert_eq!(anonymous.web().last().unwrap().1, b"grpc-status: 0\r\n");
    let anonymous = without(call(&server, GRPC, LIST, &[]), "authorization");
    assert_eq!(send(&server, Http::Two, anonymous).await.grpc_status(), Some("16"));

    let server = with_fault("separate-state-per-wire").await;
    custom(&server, "").await;
    send(&server, Http::Two, call(&server, GRPC, ADD, &[8, 1])).await;
    assert_eq!(list(&server).await, json!(null));
    let seen = send(&server, Http::Two, call(&server, GRPC, LIST, &[])).await;
    assert!(frames(&seen.body())[0].1.ends_with(&[0x12, 1, 1]));
}

#[tokio::test]
async fn faults_of_shape() {
    let server = with_fault("sequence-as-number").await;
    custom(&server, "").await;
    let added = send(&server, Http::One, json(&server, "POST", FACTORS, r#"{"type":1}"#)).await;
    assert!(added.json()["details"]["sequence"].is_number());

    let server = with_fault("duplicate-member").await;
    custom(&server, "").await;
    let added = send(&server, Http::One, json(&server, "POST", FACTORS, r#"{"type":1}"#)).await;
    let text = String::from_utf8(added.body()).unwrap();
    assert_eq!(text.matches("\"details\":{").count(), 2, "{text}");
    assert!(added.json().is_object());

    let server = with_fault("conflict-as-400").await;
    custom(&server, "1").await;
    let again = send(&server, Http::One, json(&server, "POST", FACTORS, r#"{"type":1}"#)).await;
    assert_eq!((again.status.as_u16(), &again.json()["code"]), (400, &json!(6)));

    let server = with_fault("wrong-wire-type").await;
    custom(&server, "").await;
    let added = send(&server, Http::Two, call(&server, GRPC, ADD, &[8, 1])).await;
    let message = &frames(&added.body())[0].1;
    assert_eq!((message[0], message[2]), (0x0a, 0x09));
    assert_eq!(usize::from(message[1]), message.len() - 2);
}

#[tokio::test]
async fn faults_of_the_wire() {
    let server = with_fault("status-twice").await;
    let twice = send(&server, Http::Two, call(&server, GRPC, LIST, &[])).await;
    assert_eq!((twice.field("grpc-status"), twice.grpc_status()), (Some("0"), Some("0")));

    let server = with_fault("message-unescaped").await;
    custom(&server, "1").await;
    let again = with(call(&server, GRPC, ADD, &[8, 1]), "accept-language", "fr");
    let again = send(&server, Http::Two, again).await;
    let raw = again.head["grpc-message"].as_bytes();
    assert!(raw.starts_with("Le multifacteur existe déjà".as_bytes()));

    let server = with_fault("no-date").await;
    let answer = send(&server, Http::One, json(&server, "GET", BASE, "")).await;
    assert_eq!((answer.status.as_u16(), answer.field("date")), (200, None));

    let server = with_fault("foreign-content-type-executed").await;
    let answer = send(&server, Http::Two, call(&server, "text/plain", LIST, &[])).await;
    assert_eq!((answer.status.as_u16(), answer.grpc_status()), (200, Some("0")));

    let server = with_fault("web-status-only-in-http-trailers").await;
    let answer = send(&server, Http::One, call(&server, WEB, LIST, &[])).await;
    assert_eq!(answer.web().len(), 1);
    assert_eq!(answer.trailers.unwrap()["grpc-status"], "0");

    let server = with_fault("web-data-after-trailers").await;
    let answer = send(&server, Http::One, call(&server, WEB, LIST, &[])).await;
    assert_eq!(answer.web().iter().map(|(flag, _)| *flag).collect::<Vec<_>>(), [0x80, 0]);
}

#[tokio::test]
async fn variants_are_what_they_say() {
    let server = with_variant("lagging-reads").await;
    custom(&server, "").await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    send(&server, Http::One, json(&server, "POST", FACTORS, r#"{"type":1}"#)).await;
    assert_eq!(list(&server).await, json!(null));
    let again = send(&server, Http::One, json(&server, "POST", FACTORS, r#"{"type":1}"#)).await;
    assert_eq!(again.status, 409);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(list(&server).await, json!(["SECOND_FACTOR_TYPE_OTP"]));

    let server = with_variant("headers-then-trailers").await;
    let refused = send(&server, Http::Two, call(&server, GRPC, ADD, &[])).await;
    assert!(!refused.head_only && refused.data.is_empty());
    assert_eq!((refused.field("grpc-status"), refused.grpc_status()), (None, Some("3")));

    let server = with_variant("status-in-web-headers").await;
    let refused = send(&server, Http::One, call(&server, WEB, ADD, &[])).await;
    assert!(refused.data.is_empty());
    assert_eq!(refused.field("grpc-status"), Some("3"));

    let server = with_variant("explicit-defaults").await;
    custom(&server, "").await;
    assert_eq!(list(&server).await, json!([]));
    let policy = send(&server, Http::One, json(&server, "GET", BASE, "")).await.json();
    assert_eq!(policy["policy"]["forceMfa"], json!(false));
    assert_eq!(policy["policy"]["passwordlessType"], "PASSWORDLESS_TYPE_NOT_ALLOWED");

    let server = with_variant("base64-per-frame").await;
    let text = send(&server, Http::One, framed(&server, TEXT, LIST, b"AAAAAAA=")).await;
    assert!(String::from_utf8(text.body()).unwrap().trim_end_matches('=').contains('='));
}

async fn null(name: &str) -> Reference {
    let options = Options { null_target: Some(null_target(name).unwrap()), ..Options::default() };
    Reference::start(options).await.unwrap()
}

#[tokio::test]
async fn null_targets_are_reachable_and_stop() {
    for target in NULL_TARGETS {
        let server = null(target.name).await;
        for http in [Http::One, Http::Two] {
            let request = match http {
                Http::One => json(&server, "GET", BASE, ""),
                Http::Two => call(&server, GRPC, LIST, &[]),
            };
            let answer = try_send(&server, http, request);
            let _ = tokio::time::timeout(Duration::from_millis(200), answer).await;
        }
        tokio::time::timeout(Duration::from_secs(4), server.shutdown()).await.unwrap_or_else(|_| panic!("{} doesn't stop", target.name));
    }
}

#[tokio::test]
async fn variants_of_what_is_offered() {
    let server = with_variant("no-text-mode").await;
    let text = send(&server, Http::One, framed(&server, TEXT, LIST, b"AAAAAAA=")).await;
    assert_eq!((text.status.as_u16(), text.field("content-type")), (415, Some("application/json")));
    assert_eq!(send(&server, Http::One, call(&server, WEB, LIST, &[])).await.web().len(), 2);

    let server = with_variant("http1-only").await;
    assert_eq!(send(&server, Http::One, json(&server, "GET", BASE, "")).await.status, 200);
    assert_eq!(send(&server, Http::Two, json(&server, "GET", BASE, "")).await.status, 415);
    assert_eq!(send(&server, Http::Two, call(&server, WEB, LIST, &[])).await.status, 415);
    assert_eq!(send(&server, Http::Two, call(&server, GRPC, LIST, &[])).await.grpc_status(), Some("0"));

    let server = with_variant("gzip").await;
    for (accept, coded) in [("gzip", true), ("br, gzip;q=0.5", true), ("*", true), ("identity", false), ("gzip;q=0, *", false)] {
        let answer = send(&server, Http::One, with(json(&server, "GET", BASE, ""), "accept-encoding", accept)).await;
        assert_eq!(answer.field("content-encoding"), coded.then_some("gzip"), "{accept}");
        assert_eq!(answer.body().starts_with(&[0x1f, 0x8b]), coded);
    }

    let server = with_variant("older-release").await;
    custom(&server, "").await;
    for later in ["3", "\"SECOND_FACTOR_TYPE_OTP_SMS\"", "5"] {
        let refused = send(&server, Http::One, json(&server, "POST", FACTORS, &format!("{{\"type\":{later}}}"))).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (400, &json!(3)));
        send(&server, Http::One, json(&server, "DELETE", BASE, "")).await;
        let refused = send(&server, Http::One, json(&server, "POST", BASE, &format!("{{\"secondFactors\":[{later}]}}"))).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (400, &json!(3)));
    }
    assert_eq!(send(&server, Http::One, json(&server, "DELETE", "/management/v1/orgs/me", "")).await.status, 501);
    let health = call(&server, GRPC, "/grpc.health.v1.Health/Check", &[]);
    assert_eq!(send(&server, Http::Two, health).await.grpc_status(), Some("12"));
}

#[tokio::test]
async fn variants_of_time() {
    let begun = std::time::Instant::now();
    let server = with_variant("slow-steady").await;
    let slow = send(&server, Http::One, json(&server, "GET", BASE, "")).await;
    assert!(slow.data.len() > 2 && slow.json().is_object());
    assert!(begun.elapsed() >= Duration::from_millis(8));

    let server = with_variant("sleeps-before-refusing").await;
    let begun = std::time::Instant::now();
    assert_eq!(send(&server, Http::One, without(json(&server, "GET", BASE, ""), "authorization")).await.status, 401);
    assert!(begun.elapsed() >= Duration::from_millis(150));

    let server = with_variant("rate-limits").await;
    let mut limited = 0;
    for number in 0..130 {
        let (kind, http) = [(GRPC, Http::Two), (WEB, Http::One)][number % 2];
        let answer = send(&server, http, call(&server, kind, LIST, &[])).await;
        let status = answer.grpc_status().map_or_else(|| String::from_utf8(answer.web()[0].1.clone()).unwrap_or_default(), str::to_owned);
        if status == "8" || status.starts_with("grpc-status: 8\r\n") {
            limited += 1;
            assert_eq!(answer.field("retry-after"), Some("0"));
        }
    }
    assert_eq!(limited, 2);

    let server = with_variant("fresh-token-lag").await;
    let token = new_token(&server).await.expect("a token");
    let ask = || with(without(json(&server, "GET", BASE, ""), "authorization"), "authorization", format!("Bearer {token}"));
    assert_eq!(send(&server, Http::One, ask()).await.status, 401);
    tokio::time::sleep(Duration::from_millis(260)).await;
    assert_eq!(send(&server, Http::One, ask()).await.status, 403);
}

#[tokio::test]
async fn connections_that_end_between_calls() {
    let server = with_variant("goaway").await;
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let get = format!("GET {BASE} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n", server.addr(), server.token());
    let mut all = Vec::new();
    for _ in 0..7 {
        stream.write_all(get.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut all)).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&all).to_ascii_lowercase();
    assert_eq!((text.matches("http/1.1 200 ").count(), text.contains("connection: close")), (7, false), "{text}");

    // A client over HTTP/2 that hears of it opens another connection by itself.
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    for _ in 0..30 {
        let answer = client.get(format!("{}{BASE}", server.url())).bearer_auth(server.token()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
    assert!(server.varied() >= 4);
}

#[tokio::test]
async fn variants_of_the_domain() {
    let otp_sms = r#"{"type":4}"#;
    let server = with_variant("domain-code-choice").await;
    let refused = send(&server, Http::One, json(&server, "POST", FACTORS, otp_sms)).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (400, &json!(9)));
    let refused = send(&server, Http::One, json(&server, "DELETE", &format!("{FACTORS}/1"), "")).await;
    assert_eq!(refused.json()["code"], 9);
    let refused = send(&server, Http::One, json(&server, "DELETE", &format!("{FACTORS}/4"), "")).await;
    assert_eq!(refused.json()["code"], 5);
    custom(&server, "1,1").await;
    assert_eq!(list(&server).await, json!(["SECOND_FACTOR_TYPE_OTP"]));
    let unknown = with(json(&server, "GET", BASE, ""), "x-zitadel-orgid", "1");
    assert_eq!(send(&server, Http::One, unknown.clone()).await.status, 404);
    let both = with(unknown, "x-zitadel-orgid", server.organization());
    assert_eq!(send(&server, Http::One, both).await.status, 200);
    let none = with(json(&server, "GET", BASE, ""), "x-zitadel-orgid", "");
    assert_eq!(send(&server, Http::One, none).await.status, 400);

    let server = with_variant("inherited-in-effect").await;
    let policy = async || send(&server, Http::One, json(&server, "GET", BASE, "")).await.json();
    assert_eq!(send(&server, Http::One, json(&server, "POST", FACTORS, otp_sms)).await.status, 200);
    assert_eq!(send(&server, Http::One, json(&server, "POST", FACTORS, otp_sms)).await.status, 409);
    assert_eq!(send(&server, Http::One, json(&server, "DELETE", &format!("{FACTORS}/1"), "")).await.status, 200);
    assert_eq!(list(&server).await, json!(["SECOND_FACTOR_TYPE_U2F", "SECOND_FACTOR_TYPE_OTP_SMS"]));
    let shown = policy().await;
    assert_eq!((&shown["isDefault"], &shown["policy"]["isDefault"]), (&json!(true), &json!(true)));
    assert_eq!(shown["policy"]["details"]["resourceOwner"], server.instance());
    assert_eq!(send(&server, Http::One, json(&server, "PUT", BASE, r#"{"forceMfa":true}"#)).await.status, 404);
    assert_eq!(list(&server).await.as_array().map(Vec::len), Some(2));
    assert_eq!(send(&server, Http::One, json(&server, "POST", BASE, "{}")).await.status, 200);
    assert_eq!(list(&server).await, json!(null));
    assert_eq!(policy().await["isDefault"], json!(null));
    assert_eq!(send(&server, Http::One, json(&server, "DELETE", BASE, "")).await.status, 200);
    assert_eq!(list(&server).await.as_array().map(Vec::len), Some(2));

    let server = with_variant("own-texts").await;
    let refused = send(&server, Http::One, json(&server, "POST", FACTORS, otp_sms)).await;
    assert_eq!(refused.json(), json!({"code": 5, "message": "no (\u{201c}NotFound\u{201d})"}));
}

#[tokio::test]
async fn null_targets_answer_in_their_way() {
    let server = null("always-empty-200").await;
    let answer = send(&server, Http::One, json(&server, "POST", FACTORS, "{}")).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({})));
    let server = null("always-404").await;
    assert_eq!(send(&server, Http::Two, call(&server, GRPC, LIST, &[])).await.status, 404);
    let server = null("always-unimplemented").await;
    let answer = send(&server, Http::Two, call(&server, GRPC, LIST, &[])).await;
    assert_eq!(answer.grpc_status(), Some("12"));
    let answer = send(&server, Http::One, json(&server, "GET", BASE, "")).await;
    assert_eq!(answer.status, 501);

    // The octets of the scripts: both forms of a giant head, and a drip, over both versions.
    for name in ["giant-head", "endless-body"] {
        for http in [Http::One, Http::Two] {
            let octets = taste(&null(name).await, http, 300_000).await;
            assert!(octets >= 60_000, "{name} {http:?}: {octets}");
        }
    }
    assert!(taste(&null("garbage").await, Http::One, 65_536).await == 65_536);
    let octets = taste(&null("half-close").await, Http::One, 1_000).await;
    assert!((50..1_000).contains(&octets), "{octets}");
}

/// Sends the start of a request and counts what comes, up to a number of octets.
async fn taste(server: &Reference, http: Http, enough: usize) -> usize {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let request: &[u8] = match http {
        Http::One => b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
        // Preface, empty SETTINGS, and HEADERS of stream 1 with END_STREAM and END_HEADERS.
        Http::Two => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x03\x01\x05\0\0\0\x01\x83\x84\x86",
    };
    stream.write_all(request).await.unwrap();
    let mut buffer = vec![0; 16_384];
    let mut octets = 0;
    while octets < enough {
        let read = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut buffer));
        match read.await {
            Ok(Ok(count)) if count > 0 => octets += count,
            _ => break,
        }
    }
    octets
}
