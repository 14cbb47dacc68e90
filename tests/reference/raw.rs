//! What libraries hide: frames, heads, trailers, and requests that no library sends.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine as _};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use triwire::reference::{MESSAGE_LIMIT, Reference};

use super::client::*;

const GRPC: &str = "application/grpc";
const WEB: &str = "application/grpc-web+proto";
const TEXT: &str = "application/grpc-web-text";

#[tokio::test]
async fn grpc_answers_are_framed_as_the_protocol_says() {
    let server = start().await;
    custom(&server, "").await;
    let added = send(&server, Http::Two, call(&server, GRPC, ADD, &[8, 1])).await;
    assert_eq!(added.status, 200);
    assert_eq!(added.field("content-type"), Some(GRPC));
    assert_eq!(added.field("grpc-status"), None);
    assert_eq!(added.grpc_status(), Some("0"));
    assert!(!added.head_only && added.data.len() == 1);
    let all = frames(&added.body());
    assert!(matches!(all.as_slice(), [(0, message)] if message[0] == 0x0a));

    let again = call(&server, "Application/GRPC+Proto; charset=x", ADD, &[8, 1]);
    let again = send(&server, Http::Two, with(again, "accept-language", "fr")).await;
    assert!(again.head_only && again.trailers.is_none() && again.data.is_empty());
    assert_eq!(again.status, 200);
    assert_eq!(again.field("content-type"), Some("application/grpc+proto"));
    assert_eq!(again.grpc_status(), Some("6"));
    assert_eq!(again.field("grpc-message"), Some("Le multifacteur existe d%C3%A9j%C3%A0 (Org-2B0ps)"));
    let details = again.field("grpc-status-details-bin").unwrap();
    let details = BASE64_STANDARD_NO_PAD.decode(details).unwrap();
    assert!(details.starts_with(&[8, 6]));

    let anonymous = without(call(&server, GRPC, LIST, &[]), "authorization");
    let anonymous = send(&server, Http::Two, anonymous).await;
    assert_eq!(anonymous.grpc_status(), Some("16"));
    assert_eq!(anonymous.field("grpc-message"), Some("auth header missing"));
    assert_eq!(anonymous.field("grpc-status-details-bin"), None);
    assert_eq!(list(&server).await, json!(["SECOND_FACTOR_TYPE_OTP"]));
}

#[tokio::test]
async fn grpc_requests_that_are_wrong_are_refused_without_effect() {
    let server = start().await;
    custom(&server, "").await;
    let status = async |request| {
        let answer = send(&server, Http::Two, request).await;
        assert_eq!(answer.status, 200);
        answer.grpc_status().unwrap_or("none").to_owned()
    };
    let body = |body: &[u8]| framed(&server, GRPC, ADD, body);
    let add = frame(&[8, 1]);
    assert_eq!(status(body(b"")).await, "12");
    assert_eq!(status(body(&[add.clone(), frame(&[8, 2])].concat())).await, "12");
    for cut in [&b"\0\0\0\0\x0a\x08\x01"[..], b"\0\0\0", b"\0\0\0\0\x02\x08"] {
        assert_eq!(status(body(cut)).await, "13");
    }
    for flag in [1, 2, 0x80, 0xff] {
        let mut bent = add.clone();
        bent[0] = flag;
        assert_eq!(status(body(&bent)).await, "13", "{flag}");
    }
    let identity = with(body(b"\x01\0\0\0\x02\x08\x01"), "grpc-encoding", "identity");
    assert_eq!(status(identity).await, "13");
    let coded = with(body(b"\x01\0\0\0\x02\x08\x01"), "grpc-encoding", "x-conf-none");
    let coded = send(&server, Http::Two, coded).await;
    assert_eq!(coded.grpc_status(), Some("12"));
    assert_eq!(coded.field("grpc-accept-encoding"), Some("identity"));
    for message in [
        &[8, 1, 8][..],
        &[8, 1, 8, 0x80],
        &[8, 1, 0x7a, 5, 0x41],
        &[8, 1, 0, 5],
        &[8, 1, 0x7c],
        &[8, 1, 0x7f],
        &[0x0a, 1, 1],
        &[0x0d, 1, 0, 0, 0],
    ] {
        assert_eq!(status(body(&frame(message))).await, "13", "{message:?}");
    }
    for message in [&[][..], &[8, 0], &[8, 0x63], &[8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]] {
        assert_eq!(status(body(&frame(message))).await, "3", "{message:?}");
    }
    for timeout in ["123456789S", "5", "1x", "-1S", "1.5S"] {
        assert_eq!(status(with(body(&add), "grpc-timeout", timeout)).await, "3", "{timeout}");
    }
    assert_eq!(status(with(body(&add), "grpc-timeout", "1n")).await, "4");
    for kind in ["application/grpc+json", "application/grpc+xyz"] {
        assert_eq!(status(framed(&server, kind, ADD, &add)).await, "12");
    }
    for path in [
        "/zitadel.management.v1.ManagementService/AddThirdFactorToLoginPolicy",
        "/zitadel.management.v1.ManagementService/addSecondFactorToLoginPolicy",
        "/zitadel.management.v1.managementservice/AddSecondFactorToLoginPolicy",
        "/zitadel.management.v9.ManagementService/Healthz",
        "/grpc.health.v1.Health/Watch",
    ] {
        assert_eq!(status(framed(&server, GRPC, path, &add)).await, "12", "{path}");
    }
    let text = send(&server, Http::Two, framed(&server, "text/plain", ADD, &add)).await;
    assert_eq!((text.status.as_u16(), text.grpc_status()), (415, None));
    for method in ["GET", "PUT"] {
        let mut request = body(&add);
        *request.method_mut() = method.parse().unwrap();
        let refused = send(&server, Http::Two, request).await;
        assert_eq!((refused.status.as_u16(), refused.field("allow")), (405, Some("POST")));
    }
    let one = send(&server, Http::One, body(&add)).await;
    assert_eq!((one.status.as_u16(), one.grpc_status()), (505, None));
    assert_eq!(list(&server).await, json!(null));
}

#[tokio::test]
async fn grpc_takes_what_is_legal() {
    let server = start().await;
    custom(&server, "").await;
    let unknown = [8, 1, 0x78, 5, 0x79, 1, 0, 0, 0, 0, 0, 0, 0, 0x7a, 2, 8, 2, 0x7d, 1, 0, 0, 0, 0x7b, 8, 2, 0x7c];
    let added = send(&server, Http::Two, call(&server, GRPC, ADD, &unknown)).await;
    assert_eq!(added.grpc_status(), Some("0"), "{added:?}");
    let last = send(&server, Http::Two, call(&server, GRPC, ADD, &[8, 1, 8, 2])).await;
    assert_eq!(last.grpc_status(), Some("0"));
    assert_eq!(list(&server).await, json!(["SECOND_FACTOR_TYPE_OTP", "SECOND_FACTOR_TYPE_U2F"]));
    let create = format!("{SERVICE}AddCustomLoginPolicy");
    for message in [&[0x72, 2, 1, 2][..], &[0x70, 1, 0x70, 2], &[0x72, 1, 1, 0x72, 1, 2]] {
        send(&server, Http::One, json(&server, "DELETE", BASE, "")).await;
        let created = send(&server, Http::Two, call(&server, GRPC, &create, message)).await;
        assert_eq!(created.grpc_status(), Some("0"));
        assert_eq!(list(&server).await.as_array().map(Vec::len), Some(2));
    }
    for (name, value) in [
        ("x-conf-bin", &b"AQ=="[..]),
        ("x-conf-bin", b"AQ,Ag=="),
        ("x-conf", b"a\xe9b"),
        ("x-conf", b"a\tb"),
        ("grpc-encoding", b"identity"),
        ("grpc-accept-encoding", b"gzip"),
        ("grpc-timeout", b"99999999H"),
    ] {
        let request = with(call(&server, GRPC, LIST, &[]), name, value);
        assert_eq!(send(&server, Http::Two, request).await.grpc_status(), Some("0"), "{name}");
    }
}

#[tokio::test]
async fn messages_have_a_limit() {
    let server = start().await;
    let message = |length: usize| {
        // 08 01, then field 15 with zeros.
        let rest = length - 2 - 1 - 3;
        let mut message = vec![8, 1, 0x7a];
        message.extend([rest as u8 | 0x80, (rest >> 7) as u8 | 0x80, (rest >> 14) as u8]);
        message.resize(length, 0);
        let mut frame = vec![0];
        frame.extend(u32::try_from(length).unwrap().to_be_bytes());
        frame.extend(message);
        frame
    };
    for (length, code) in [(MESSAGE_LIMIT, "0"), (MESSAGE_LIMIT + 1, "8")] {
        custom(&server, "").await;
        let grpc = send(&server, Http::Two, framed(&server, GRPC, ADD, &message(length))).await;
        assert_eq!(grpc.grpc_status(), Some(code));
        custom(&server, "").await;
        let text = BASE64_STANDARD.encode(message(length));
        let text = framed(&server, TEXT, ADD, text.as_bytes());
        if let Ok(answer) = try_send(&server, Http::One, text).await {
            let body = BASE64_STANDARD.decode(answer.body()).unwrap();
            let status = format!("grpc-status: {code}\r\n");
            assert!(String::from_utf8_lossy(&body).contains(&status));
        }
    }
    let mut nested = vec![8, 1];
    nested.extend([0x7b; 100_000]);
    nested.extend([0x7c; 100_000]);
    let mut body = vec![0];
    body.extend(u32::try_from(nested.len()).unwrap().to_be_bytes());
    body.extend(nested);
    let nested = send(&server, Http::Two, framed(&server, GRPC, ADD, &body)).await;
    assert!(["6", "13"].contains(&nested.grpc_status().unwrap()), "{nested:?}");
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = send(&server, Http::One, json(&server, "POST", FACTORS, &deep)).await;
    assert_eq!(deep.status, 400);
    let large = format!("{{\"pad\":\"{}\"}}", "a".repeat(4 << 20));
    let large = send(&server, Http::Two, json(&server, "POST", FACTORS, &large)).await;
    assert_eq!((large.status.as_u16(), &large.json()["code"]), (413, &json!(8)));
    // Still serving.
    list(&server).await;
}

#[tokio::test]
async fn grpc_web_in_both_forms_and_versions() {
    let server = start().await;
    for http in [Http::One, Http::Two] {
        custom(&server, "").await;
        let answer = send(&server, http, call(&server, WEB, ADD, &[8, 1])).await;
        assert_eq!(answer.field("content-type"), Some(WEB));
        assert!(answer.trailers.is_none());
        let all = answer.web();
        assert_eq!(all.iter().map(|(flag, _)| *flag).collect::<Vec<_>>(), [0, 0x80]);
        assert_eq!(all[1].1, b"grpc-status: 0\r\n");

        let again = send(&server, http, call(&server, "application/grpc-web", ADD, &[8, 1])).await;
        assert_eq!(again.status, 200);
        assert_eq!(again.field("content-type"), Some("application/grpc-web"));
        let all = again.web();
        assert!(matches!(all.as_slice(), [(0x80, block)]
            if block.starts_with(b"grpc-status: 6\r\ngrpc-message: Multifactor already exists (Org-2B0ps)\r\n")));

        let text = framed(&server, TEXT, LIST, b"AAAAAAA=");
        let text = send(&server, http, text).await;
        assert_eq!(text.field("content-type"), Some(TEXT));
        let body = BASE64_STANDARD.decode(text.body()).unwrap();
        assert_eq!(frames(&body).len(), 2);
        for bad in ["AAAA!AAIIAQ==", "AAAA!!!!AAIIAQ==", "AAAAAAIIA", "AAAAAAoIAQ==", "aGVsbG8gd29ybGQ="] {
            let refused = send(&server, http, framed(&server, TEXT, ADD, bad.as_bytes())).await;
            let body = BASE64_STANDARD.decode(refused.body()).unwrap();
            assert!(frames(&body)[0].1.starts_with(b"grpc-status: 13\r\n"), "{bad}");
        }
        let trailer = framed(&server, WEB, ADD, b"\x80\0\0\0\x02\x08\x01");
        assert!(send(&server, http, trailer).await.web()[0].1.starts_with(b"grpc-status: 13"));
    }
}

#[tokio::test]
async fn json_requests_that_are_wrong_are_refused() {
    let server = start().await;
    custom(&server, "").await;
    let otp = r#"{"type":"SECOND_FACTOR_TYPE_OTP"}"#;
    let ask = async |request| {
        let answer = send(&server, Http::One, request).await;
        assert_eq!(answer.field("content-type"), Some("application/json"));
        (answer.status.as_u16(), answer.json()["code"].as_i64())
    };
    for (method, path) in [
        ("POST", format!("{BASE}/third_factors")),
        ("POST", format!("{FACTORS}:undelete")),
        ("POST", format!("{FACTORS}/")),
        ("DELETE", format!("{FACTORS}/")),
        ("POST", FACTORS.replace("second_factors", "Second_Factors")),
        ("GET", "/".to_owned()),
    ] {
        assert_eq!(ask(json(&server, method, &path, otp)).await, (404, Some(5)), "{path}");
    }
    for method in ["PUT", "PATCH", "DELETE", "GET", "FOO"] {
        let refused = send(&server, Http::One, json(&server, method, FACTORS, otp)).await;
        assert_eq!((refused.status.as_u16(), refused.field("allow")), (405, Some("POST, OPTIONS")));
    }
    for path in ["FAX", "99", "-1", "1.0", "0", "SECOND%255FFACTOR%255FTYPE%255FOTP", "%zz"] {
        let refused = ask(json(&server, "DELETE", &format!("{FACTORS}/{path}"), "")).await;
        assert_eq!(refused, (400, Some(3)), "{path}");
    }
    for kind in ["text/xml", "text/plain", "application/grpc", "application/x-www-form-urlencoded"] {
        let refused = ask(framed(&server, kind, FACTORS, otp.as_bytes())).await;
        assert_eq!(refused, (415, Some(3)), "{kind}");
    }
    let coded = with(json(&server, "POST", FACTORS, otp), "content-encoding", "gzip");
    assert_eq!(ask(coded).await, (415, Some(3)));
    assert_eq!(ask(json(&server, "POST", FACTORS, "")).await, (400, Some(3)));
    let organizations = |value: &'static [u8]| with(json(&server, "POST", FACTORS, otp), "x-zitadel-orgid", value);
    assert_eq!(ask(organizations(b"1")).await, (403, Some(7)));
    assert_eq!(ask(organizations(b"\xc3\xa9")).await, (403, Some(7)));
    let two = with(organizations(b"1"), "x-zitadel-orgid", server.organization());
    assert_eq!(ask(two).await, (400, Some(3)));
    let elsewhere = with(json(&server, "POST", FACTORS, otp), "host", "unknown.example");
    assert_eq!(ask(elsewhere).await, (404, Some(5)));
    assert_eq!(list(&server).await, json!(null));

    let bad = without(json(&server, "POST", FACTORS, otp), "authorization");
    let bad = send(&server, Http::One, with(bad, "authorization", "Bearer nonsense")).await;
    assert_eq!(bad.field("www-authenticate"), Some(r#"Bearer realm="triwire", error="invalid_token""#));
    assert_eq!(bad.json()["message"], "Token is invalid (AUTH-7fs1e)");
    let basic = without(json(&server, "POST", FACTORS, otp), "authorization");
    let basic = send(&server, Http::One, with(basic, "authorization", "Basic YTpi")).await;
    assert_eq!(basic.json()["message"], "invalid auth header (AUTH-toLo1)");
}

#[tokio::test]
async fn json_takes_what_is_legal() {
    let server = start().await;
    for kind in ["Application/JSON", "application/json;charset=utf-8", "application/json ; charset=\"utf-8\""] {
        custom(&server, "").await;
        let request = framed(&server, kind, FACTORS, b"{\"type\":1}");
        assert_eq!(send(&server, Http::Two, request).await.status, 200, "{kind}");
    }
    custom(&server, "1,2").await;
    let removed = json(&server, "DELETE", &format!("{FACTORS}/SECOND%5FFACTOR%5fTYPE_OTP?type=2"), "");
    assert_eq!(send(&server, Http::One, removed).await.status, 200);
    assert_eq!(list(&server).await, json!(["SECOND_FACTOR_TYPE_U2F"]));
    let scheme = without(json(&server, "GET", BASE, ""), "authorization");
    let scheme = with(scheme, "authorization", format!("BEARER   {}", server.token()));
    assert_eq!(send(&server, Http::One, scheme).await.status, 200);
    send(&server, Http::One, json(&server, "DELETE", BASE, "")).await;
    let create = r#"{"passwordCheckLifetime":"864000s","mfaInitSkipLifetime":"3600.5s","secondFactorCheckLifetime":"1.00001s","defaultRedirectUri":"https://a.example/\u00e9"}"#;
    assert_eq!(send(&server, Http::One, json(&server, "POST", BASE, create)).await.status, 200);
    let policy = send(&server, Http::One, json(&server, "GET", BASE, "")).await.json();
    assert_eq!(policy["policy"]["passwordCheckLifetime"], "864000s");
    assert_eq!(policy["policy"]["mfaInitSkipLifetime"], "3600.500s");
    assert_eq!(policy["policy"]["secondFactorCheckLifetime"], "1.000010s");
    assert_eq!(policy["policy"]["defaultRedirectUri"], "https://a.example/é");
    // Dates have 0, 3, 6 or 9 digits, also where they end in zeros.
    let mut lengths = std::collections::BTreeSet::new();
    for _ in 0..24 {
        let reset = send(&server, Http::One, json(&server, "DELETE", BASE, "")).await.json();
        send(&server, Http::One, json(&server, "POST", BASE, "{}")).await;
        let date = reset["details"]["changeDate"].as_str().unwrap();
        lengths.insert(date.len() - "2023-05-02T00:00:00Z".len());
    }
    assert!(lengths.is_subset(&[0, 4, 7].into()) && lengths.contains(&4), "{lengths:?}");
}

#[tokio::test]
async fn browsers_may_call() {
    let server = start().await;
    for path in [ADD, FACTORS] {
        let mut preflight = without(json(&server, "OPTIONS", path, ""), "authorization");
        for (name, value) in [
            ("origin", "https://conf.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization,content-type,x-grpc-web"),
        ] {
            preflight = with(preflight, name, value);
        }
        let answer = send(&server, Http::One, preflight).await;
        assert_eq!(answer.status, 204);
        assert_eq!(answer.field("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.field("access-control-allow-headers"), Some("authorization,content-type,x-grpc-web"));
        assert_eq!(answer.field("content-length"), None);
    }
    let anonymous = without(call(&server, WEB, LIST, &[]), "authorization");
    let anonymous = send(&server, Http::One, with(anonymous, "origin", "https://conf.example")).await;
    assert_eq!(anonymous.field("access-control-allow-origin"), Some("*"));
    assert!(anonymous.field("access-control-expose-headers").unwrap().contains("grpc-message"));
}

/// Sends octets over HTTP/1.1 and reads until the server closes.
async fn octets(server: &Reference, text: &str, close: bool) -> String {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    if close {
        stream.shutdown().await.unwrap();
    }
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_millis(700), read).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn http_is_held_to_its_rules() {
    let server = start().await;
    custom(&server, "").await;
    let host = format!("Host: {}\r\n", server.addr());
    let token = format!("Authorization: Bearer {}\r\n", server.token());
    let json = "Content-Type: application/json\r\n";
    let body = r#"{"type":"SECOND_FACTOR_TYPE_OTP"}"#;
    let add = |fields: &str, body: &str| format!("POST {FACTORS} HTTP/1.1\r\n{token}{json}{fields}\r\n{body}");
    let length = "Content-Length: 33\r\n";
    for (what, request) in [
        ("no host", add(length, body)),
        ("two hosts", add(&format!("{host}{host}{length}"), body)),
        ("other host", add(&format!("{host}Host: unknown.example\r\n{length}"), body)),
        ("two lengths", add(&format!("{host}{length}Content-Length: 34\r\n"), body)),
        ("joined lengths", add(&format!("{host}Content-Length: 33, 34\r\n"), body)),
        ("signed length", add(&format!("{host}Content-Length: +33\r\n"), body)),
        ("blank before colon", add(&format!("{host}{length}x-zitadel-orgid : 1\r\n"), body)),
        ("bare CR", add(&format!("{host}{length}x-zitadel-orgid: 1\rx\r\n"), body)),
        ("NUL", add(&format!("{host}{length}x-zitadel-orgid: 1\0x\r\n"), body)),
    ] {
        let answer = octets(&server, &request, false).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{what}: {answer}");
    }
    for (what, request) in [
        ("cut value", add(&format!("{host}{length}"), &body[..32])),
        ("whole value, cut body", add(&format!("{host}Content-Length: 100\r\n"), body)),
        ("no last chunk", add(&format!("{host}Transfer-Encoding: chunked\r\n"), &format!("21\r\n{body}\r\n"))),
    ] {
        let answer = octets(&server, &request, true).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{what}: {answer}");
    }
    let smuggled = add(&format!("{host}{length}"), body);
    let both = format!("{host}Transfer-Encoding: chunked\r\nContent-Length: {}\r\n", 5 + smuggled.len());
    let answer = octets(&server, &add(&both, &format!("0\r\n\r\n{smuggled}")), false).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert_eq!(list(&server).await, json!(null));

    let chunked = add(
        &format!("{host}Transfer-Encoding: chunked\r\nConnection: close\r\n"),
        &format!("0001;a=b\r\n{{\r\n20\r\n{}\r\n0\r\n\r\n", &body[1..]),
    );
    let answer = octets(&server, &chunked, false).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("\r\ndate: "), "{answer}");
    assert_eq!(list(&server).await, json!(["SECOND_FACTOR_TYPE_OTP"]));

    let expect = format!("{host}{length}Expect: 100-continue\r\n");
    let answer = octets(&server, &add(&expect, ""), false).await;
    assert!(answer.starts_with("HTTP/1.1 100 "), "{answer}");

    let head = format!("HEAD {BASE} HTTP/1.1\r\n{host}{token}\r\n");
    let get = format!("GET {BASE} HTTP/1.1\r\n{host}{token}Connection: close\r\n\r\n");
    let answer = octets(&server, &format!("{head}{get}"), false).await;
    let (first, second) = answer.split_once("\r\n\r\n").unwrap();
    assert!(first.starts_with("HTTP/1.1 200 ") && second.starts_with("HTTP/1.1 200 "), "{answer}");
    let length = |head: &str| head.to_ascii_lowercase().lines().find(|line| line.starts_with("content-length: ")).map(str::to_owned);
    assert!(length(first).is_some() && length(first) == length(second), "{answer}");
    let head = format!("HEAD {FACTORS} HTTP/1.1\r\n{host}{token}\r\n");
    let answer = octets(&server, &format!("{head}{get}"), false).await;
    let (first, second) = answer.split_once("\r\n\r\n").unwrap();
    assert!(first.starts_with("HTTP/1.1 405 ") && first.contains("allow: POST, OPTIONS"), "{first}");
    assert!(second.starts_with("HTTP/1.1 200 "), "{second}");
    let two = send(&server, Http::Two, request(&server, "HEAD", BASE, b"")).await;
    assert_eq!((two.status.as_u16(), two.data.len(), two.field("content-type")), (200, 0, Some("application/json")));
}

#[tokio::test]
async fn a_deadline_ends_a_call_that_waits() {
    let server = start().await;
    custom(&server, "").await;
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let head = format!(
        "POST {FACTORS} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Length: 33\r\nGrpc-Timeout: 100m\r\n\r\n",
        server.addr(),
        server.token()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut start));
    read.await.unwrap().unwrap();
    assert_eq!(&start, b"HTTP/1.1 504");
}

#[tokio::test]
async fn a_shutdown_is_bounded() {
    let server = start().await;
    let address = server.addr();
    let mut idle = TcpStream::connect(address).await.unwrap();
    let mut waiting = TcpStream::connect(address).await.unwrap();
    let head = format!("POST {FACTORS} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 33\r\n\r\n");
    waiting.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    tokio::time::timeout(Duration::from_secs(5), server.shutdown()).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(idle.read(&mut [0; 8]).await.unwrap_or(0), 0);
}
