//! Ordinary clients get through.

use std::process::Stdio;

use serde_json::{Value, json};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};
use triwire::reference::protos::zitadel::management::v1::management_service_client::ManagementServiceClient;
use triwire::reference::protos::zitadel::management::v1::{
    AddCustomLoginPolicyRequest, AddOrgRequest, AddSecondFactorToLoginPolicyRequest, GetLoginPolicyRequest,
    ListLoginPolicySecondFactorsRequest, RemoveOrgRequest, RemoveSecondFactorFromLoginPolicyRequest, ResetLoginPolicyToDefaultRequest,
};
use triwire::reference::{Options, Reference, TlsOptions};

use super::client::{BASE, FACTORS, start};

fn owned<T>(server: &Reference, organization: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let token = format!("Bearer {}", server.token());
    let metadata = request.metadata_mut();
    metadata.insert("authorization", token.parse().unwrap());
    metadata.insert("x-zitadel-orgid", MetadataValue::try_from(organization).unwrap());
    request
}

#[tokio::test]
async fn tonic_goes_through_the_life_of_a_policy() {
    let server = start().await;
    let mut client = ManagementServiceClient::connect(server.url()).await.unwrap();
    let name = "tonic".to_owned();
    let request = owned(&server, server.organization(), AddOrgRequest { name });
    let added = client.add_org(request).await.unwrap().into_inner();
    let organization = added.id.as_str();
    assert_eq!(added.details.unwrap().resource_owner, organization);

    let add = |factor| AddSecondFactorToLoginPolicyRequest { r#type: factor };
    let refused = client.add_second_factor_to_login_policy(owned(&server, organization, add(3)));
    assert_eq!(refused.await.unwrap_err().code(), Code::NotFound);

    let policy =
        client.get_login_policy(owned(&server, organization, GetLoginPolicyRequest {})).await.unwrap().into_inner().policy.unwrap();
    assert!(policy.is_default);
    assert_eq!(policy.second_factors, [1, 2]);
    assert_eq!(policy.details.unwrap().resource_owner, server.instance());

    let create = AddCustomLoginPolicyRequest { force_mfa: true, ..Default::default() };
    let created = client.add_custom_login_policy(owned(&server, organization, create.clone())).await.unwrap().into_inner().details.unwrap();
    let again = client.add_custom_login_policy(owned(&server, organization, create));
    assert_eq!(again.await.unwrap_err().code(), Code::AlreadyExists);

    let first = client.add_second_factor_to_login_policy(owned(&server, organization, add(1))).await.unwrap().into_inner().details.unwrap();
    assert!(first.sequence > created.sequence);
    assert_eq!(first.change_date, None);
    assert_eq!(first.resource_owner, organization);
    let refused = client.add_second_factor_to_login_policy(owned(&server, organization, add(1))).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(refused.message(), "Multifactor already exists (Org-2B0ps)");
    assert!(!refused.details().is_empty());

    let policy =
        client.get_login_policy(owned(&server, organization, GetLoginPolicyRequest {})).await.unwrap().into_inner().policy.unwrap();
    let details = policy.details.unwrap();
    assert_eq!(details.sequence, first.sequence);
    assert_eq!(details.change_date, first.creation_date);
    assert_eq!(details.creation_date, created.creation_date);
    assert!(policy.force_mfa && !policy.is_default);

    let list = client
        .list_login_policy_second_factors(owned(&server, organization, ListLoginPolicySecondFactorsRequest {}))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(list.result, [1]);
    assert_eq!(list.details.unwrap().total_result, 1);

    let remove = |factor| RemoveSecondFactorFromLoginPolicyRequest { r#type: factor };
    let removed =
        client.remove_second_factor_from_login_policy(owned(&server, organization, remove(1))).await.unwrap().into_inner().details.unwrap();
    assert!(removed.change_date.is_some() && removed.creation_date.is_none());
    for (factor, code) in [(1, Code::NotFound), (0, Code::InvalidArgument), (99, Code::InvalidArgument)] {
        let refused = client.remove_second_factor_from_login_policy(owned(&server, organization, remove(factor)));
        assert_eq!(refused.await.unwrap_err().code(), code, "{factor}");
    }

    let reset = ResetLoginPolicyToDefaultRequest {};
    client.reset_login_policy_to_default(owned(&server, organization, reset)).await.unwrap();
    client.remove_org(owned(&server, organization, RemoveOrgRequest {})).await.unwrap();
    let gone = client.get_login_policy(owned(&server, organization, GetLoginPolicyRequest {})).await.unwrap_err();
    assert_eq!(gone.code(), Code::PermissionDenied);
    let anonymous = client.get_login_policy(GetLoginPolicyRequest {}).await.unwrap_err();
    assert_eq!((anonymous.code(), anonymous.message()), (Code::Unauthenticated, "auth header missing"));
    server.shutdown().await;
}

async fn life_in_json(server: &Reference, client: reqwest::Client) {
    let url = server.url();
    let send = |method: &str, path: &str, body: Option<Value>| {
        let method = method.parse().unwrap();
        let mut request = client.request(method, format!("{url}{path}")).bearer_auth(server.token());
        if let Some(body) = body {
            request = request.json(&body);
        }
        async move {
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            assert_eq!(answer.headers()["content-type"], "application/json");
            assert!(answer.headers().contains_key("date"));
            (status, answer.json::<Value>().await.unwrap())
        }
    };
    send("DELETE", BASE, None).await;
    let (status, created) = send("POST", BASE, Some(json!({}))).await;
    assert_eq!(status, 200, "{created}");
    let add = Some(json!({"type": "SECOND_FACTOR_TYPE_OTP"}));
    let (status, added) = send("POST", FACTORS, add.clone()).await;
    assert_eq!(status, 200, "{added}");
    assert!(added["details"]["sequence"].is_string());
    assert_eq!(added["details"]["resourceOwner"], server.organization());
    let (status, twice) = send("POST", FACTORS, add).await;
    assert_eq!(status, 409);
    assert_eq!(
        twice,
        json!({
            "code": 6,
            "message": "Multifactor already exists (Org-2B0ps)",
            "details": [{
                "@type": "type.googleapis.com/zitadel.v1.ErrorDetail",
                "id": "Org-2B0ps",
                "message": "Multifactor already exists",
            }],
        })
    );
    let (status, list) = send("POST", &format!("{FACTORS}/_search"), None).await;
    assert_eq!(status, 200);
    assert_eq!(list["result"], json!(["SECOND_FACTOR_TYPE_OTP"]));
    assert_eq!(list["details"]["totalResult"], "1");
    let path = format!("{FACTORS}/SECOND_FACTOR_TYPE_OTP");
    assert_eq!(send("DELETE", &path, None).await.0, 200);
    assert_eq!(send("DELETE", &path, None).await.0, 404);
    let (status, organization) = send("GET", "/management/v1/orgs/me", None).await;
    assert_eq!((status, &organization["org"]["id"]), (200, &json!(server.organization())));
    let anonymous = client.get(format!("{url}{BASE}")).send().await.unwrap();
    assert_eq!(anonymous.status(), 401);
    assert_eq!(anonymous.headers()["www-authenticate"], r#"Bearer realm="triwire""#);
}

#[tokio::test]
async fn reqwest_over_both_versions() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = start().await;
    life_in_json(&server, reqwest::Client::builder().http1_only().build().unwrap()).await;
    let two = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    life_in_json(&server, two).await;
}

#[tokio::test]
async fn reqwest_over_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options =
        Options { tls: Some(TlsOptions { names: vec!["reference.example".into()], ..TlsOptions::default() }), ..Options::default() };
    let server = Reference::start(options).await.unwrap();
    let pem = server.authority_pem().unwrap().as_bytes();
    let authority = reqwest::Certificate::from_pem(pem).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([authority]).resolve("reference.example", server.addr()).build().unwrap();
    life_in_json(&server, client.clone()).await;
    let url = format!("https://reference.example:{}{BASE}", server.addr().port());
    let answer = client.get(url).bearer_auth(server.token()).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, http::Version::HTTP_2));
}

#[tokio::test]
async fn curl_if_there_is_one() {
    let server = start().await;
    let mut curl = std::process::Command::new("curl");
    curl.args(["-sS", "-o", "-", "-w", "\n%{http_code}", "-X", "POST"])
        .args(["-H", &format!("Authorization: Bearer {}", server.token())])
        .args(["-H", "Content-Type: application/json", "-d", "{}"])
        .arg(format!("{}{BASE}", server.url()))
        .stdin(Stdio::null());
    match tokio::task::spawn_blocking(move || curl.output()).await.unwrap() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(text.ends_with("\n200"), "{text} {}", String::from_utf8_lossy(&output.stderr));
        }
        // Not installed.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
    }
}

#[tokio::test]
async fn it_starts_in_milliseconds() {
    start().await.shutdown().await;
    let begun = std::time::Instant::now();
    for _ in 0..20 {
        start().await.shutdown().await;
    }
    assert!(begun.elapsed().as_millis() < 2_000, "{:?}", begun.elapsed());
}
