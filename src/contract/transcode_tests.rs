use serde_json::json;

use super::*;
use crate::contract::descriptors::Descriptors;

fn put(method: &str, message: &Value) -> Result<Transcoded, TranscodeError> {
    let descriptors = Descriptors::built_in();
    let method = descriptors.method(&format!("zitadel.management.v1.ManagementService/{method}")).unwrap();
    method.bindings[0].transcode(message, &method.input)
}

fn on(template: &str, body: BodyBinding, message: &Value) -> Result<Transcoded, TranscodeError> {
    let descriptors = Descriptors::built_in();
    let input = descriptors.message("zitadel.policy.v1.LoginPolicy").unwrap();
    let rule = HttpRule { verb: "GET".to_owned(), template: template.parse().unwrap(), body, response_body: None };
    rule.transcode(message, &input)
}

#[test]
fn path_variables_are_names_and_leave_the_body() {
    for message in [json!({"type": 1}), json!({"type": "SECOND_FACTOR_TYPE_OTP"})] {
        let put = put("RemoveSecondFactorFromLoginPolicy", &message).unwrap();
        assert_eq!(put.path, "/management/v1/policies/login/second_factors/SECOND_FACTOR_TYPE_OTP");
        assert_eq!((put.verb.as_str(), put.body), ("DELETE", None));
    }
    let path = |message: &Value| put("RemoveSecondFactorFromLoginPolicy", message).unwrap().path;
    assert!(path(&json!({})).ends_with("/SECOND_FACTOR_TYPE_UNSPECIFIED"));
    assert!(path(&json!({"type": 99})).ends_with("/99"));
    assert!(path(&json!({"type": "a b/ö"})).ends_with("/a%20b%2F%C3%B6"));
    let put = put("AddPersonalAccessToken", &json!({"user_id": "7", "expirationDate": "2030-01-01T00:00:00Z"})).unwrap();
    assert_eq!(put.path, "/management/v1/users/7/pats");
    assert_eq!(put.body, Some(json!({"expirationDate": "2030-01-01T00:00:00Z"})));
}

#[test]
fn a_whole_body_is_left_as_written() {
    let message = json!({"type": 1.0, "x": [null]});
    assert_eq!(put("AddSecondFactorToLoginPolicy", &message).unwrap().body, Some(message));
    assert_eq!(put("AddSecondFactorToLoginPolicy", &json!([])).unwrap().body, Some(json!([])));
}

#[test]
fn leaves_are_query_parameters() {
    let put = put("GetOrgByDomainGlobal", &json!({"domain": "a.b/ c"})).unwrap();
    assert_eq!(put.path, "/management/v1/global/orgs/_by_domain?domain=a.b%2F%20c");
    let message = json!({"details": {"resource_owner": "o", "sequence": null}, "secondFactors": [1, 9], "forceMfa": false,
        "passwordCheckLifetime": "1s"});
    assert_eq!(
        on("/p", BodyBinding::None, &message).unwrap().path,
        "/p?details.resourceOwner=o&secondFactors=SECOND_FACTOR_TYPE_OTP&secondFactors=9&forceMfa=false&passwordCheckLifetime=1s"
    );
    let field = BodyBinding::Field("details".to_owned());
    let put = on("/p", field, &json!({"details": {"sequence": "1"}, "forceMfa": true})).unwrap();
    assert_eq!((put.path.as_str(), put.body), ("/p?forceMfa=true", Some(json!({"sequence": "1"}))));
}

#[test]
fn nested_variables_and_several_segments() {
    let message = json!({"details": {"resourceOwner": "orgs/a b"}, "forceMfa": true});
    let put = on("/p/{details.resource_owner=orgs/*}/x:go", BodyBinding::Whole, &message).unwrap();
    assert_eq!(put.path, "/p/orgs/a%20b/x:go");
    assert_eq!(put.body, Some(json!({"details": {}, "forceMfa": true})));
    let template = "/p/{default_redirect_uri=**}";
    let path = |uri: &str| on(template, BodyBinding::None, &json!({"defaultRedirectUri": uri}));
    assert_eq!(path("a/b/ç").unwrap().path, "/p/a/b/%C3%A7");
}

#[test]
fn what_cannot_be_said_is_an_error() {
    let unknown = put("GetOrgByDomainGlobal", &json!({"x": 1})).unwrap_err();
    assert!(matches!(unknown, TranscodeError::UnknownField { .. }));
    assert_eq!(put("GetMyOrg", &json!([])), Err(TranscodeError::NotAnObject));
    assert_eq!(put("RemoveUser", &json!({})), Err(TranscodeError::EmptyVariable("id".to_owned())));
    let idps = on("/p", BodyBinding::None, &json!({"idps": [{}]})).unwrap_err();
    assert!(matches!(idps, TranscodeError::NotAScalar(_)));
    let wrong = on("/p/{default_redirect_uri=a/*}", BodyBinding::None, &json!({"defaultRedirectUri": "b/c"}));
    assert!(matches!(wrong, Err(TranscodeError::VariableMismatch(_))));
}
