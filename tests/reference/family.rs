//! The whole family of operations, by stock clients: what each does, who may call it, and in which order a call is judged.

use serde_json::{Value, json};
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use triwire::reference::Reference;
use triwire::reference::protos::grpc::health::v1::HealthCheckRequest;
use triwire::reference::protos::grpc::health::v1::health_client::HealthClient;
use triwire::reference::protos::zitadel::admin::v1 as admin;
use triwire::reference::protos::zitadel::admin::v1::admin_service_client::AdminServiceClient;
use triwire::reference::protos::zitadel::management::v1 as api;
use triwire::reference::protos::zitadel::management::v1::management_service_client::ManagementServiceClient;

use super::client::{BASE, FACTORS, start};

/// Somebody who calls in an organization.
#[derive(Clone)]
struct Identity {
    token: String,
    organization: String,
}

impl Identity {
    fn says<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        metadata.insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        if !self.organization.is_empty() {
            metadata.insert("x-zitadel-orgid", MetadataValue::try_from(self.organization.as_str()).unwrap());
        }
        request
    }
}

struct World {
    server: Reference,
    client: ManagementServiceClient<Channel>,
    admin: AdminServiceClient<Channel>,
    /// The administrator, at home.
    run: Identity,
}

impl World {
    async fn new() -> Self {
        let server = start().await;
        let client = ManagementServiceClient::connect(server.url()).await.unwrap();
        let admin = AdminServiceClient::connect(server.url()).await.unwrap();
        let run = Identity { token: server.token().to_owned(), organization: server.organization().to_owned() };
        Self { server, client, admin, run }
    }

    /// The administrator in a new organization.
    async fn organization(&mut self, name: &str) -> Identity {
        let added = self.client.add_org(self.run.says(api::AddOrgRequest { name: name.into() })).await.unwrap().into_inner();
        Identity { organization: added.id, ..self.run.clone() }
    }

    /// A new user of an organization, with roles there.
    async fn user(&mut self, of: &Identity, name: &str, roles: &[&str]) -> (String, Identity) {
        let user = api::AddMachineUserRequest { user_name: name.into(), name: name.into(), ..Default::default() };
        let user_id = self.client.add_machine_user(of.says(user)).await.unwrap().into_inner().user_id;
        if !roles.is_empty() {
            let roles = roles.iter().map(|&role| role.to_owned()).collect();
            let member = api::AddOrgMemberRequest { user_id: user_id.clone(), roles };
            self.client.add_org_member(of.says(member)).await.unwrap();
        }
        let token = api::AddPersonalAccessTokenRequest { user_id: user_id.clone(), expiration_date: None };
        let token = self.client.add_personal_access_token(of.says(token)).await.unwrap().into_inner().token;
        (user_id, Identity { token, organization: of.organization.clone() })
    }
}

fn code<T>(outcome: Result<T, Status>) -> Code {
    outcome.map_or_else(|status| status.code(), |_| Code::Ok)
}

fn id(status: &Status) -> &str {
    let message = status.message();
    message.rsplit_once('(').map_or("", |(_, id)| id.trim_end_matches(')'))
}

#[tokio::test]
async fn tonic_goes_through_the_life_of_an_organization() {
    let mut world = World::new().await;
    let own = world.organization("Life of an organization").await;
    let twice = world.client.add_org(world.run.says(api::AddOrgRequest { name: "Life of an organization".into() })).await;
    assert_eq!(code(twice), Code::AlreadyExists);
    for name in [String::new(), "é".repeat(201)] {
        assert_eq!(code(world.client.add_org(world.run.says(api::AddOrgRequest { name })).await), Code::InvalidArgument);
    }
    let org = world.client.get_my_org(own.says(api::GetMyOrgRequest {})).await.unwrap().into_inner().org.unwrap();
    assert_eq!((org.id.as_str(), org.name.as_str(), org.state), (own.organization.as_str(), "Life of an organization", 1));
    assert_eq!(org.details.unwrap().resource_owner, own.organization);
    let domain = org.primary_domain;
    let found = world.client.get_org_by_domain_global(world.run.says(api::GetOrgByDomainGlobalRequest { domain: domain.clone() })).await;
    assert_eq!(found.unwrap().into_inner().org.unwrap().id, own.organization);
    for (domain, expected) in [("unknown.example".to_owned(), Code::NotFound), (String::new(), Code::InvalidArgument)] {
        let refused = world.client.get_org_by_domain_global(world.run.says(api::GetOrgByDomainGlobalRequest { domain })).await;
        assert_eq!(code(refused), expected);
    }
    world.client.deactivate_org(own.says(api::DeactivateOrgRequest {})).await.unwrap();
    let again = world.client.deactivate_org(own.says(api::DeactivateOrgRequest {})).await;
    assert_eq!(code(again), Code::FailedPrecondition);
    let org = world.client.get_my_org(own.says(api::GetMyOrgRequest {})).await.unwrap().into_inner().org.unwrap();
    assert_eq!(org.state, 2);
    let (_, user) = world.user(&own, "bot", &["ORG_OWNER"]).await;
    let details = world.client.remove_org(user.says(api::RemoveOrgRequest {})).await.unwrap().into_inner().details.unwrap();
    assert_eq!((details.resource_owner.as_str(), details.creation_date), (own.organization.as_str(), None));
    let gone = world.client.get_my_org(own.says(api::GetMyOrgRequest {})).await.unwrap_err();
    assert_eq!((gone.code(), id(&gone)), (Code::PermissionDenied, "AUTH-Bs7Ds"));
    assert_eq!(code(world.client.get_my_org(user.says(api::GetMyOrgRequest {})).await), Code::Unauthenticated);
    let home = world.client.remove_org(world.run.says(api::RemoveOrgRequest {})).await;
    assert_eq!(code(home), Code::FailedPrecondition);
}

#[tokio::test]
async fn tonic_goes_through_the_life_of_a_user() {
    let mut world = World::new().await;
    let own = world.organization("users").await;
    let other = world.organization("other").await;
    let (user_id, user) = world.user(&own, "bot", &["ORG_OWNER_VIEWER"]).await;
    let add = |user_name: &str, user_id: Option<&str>| api::AddMachineUserRequest {
        user_name: user_name.into(),
        name: "Bot".into(),
        user_id: user_id.map(str::to_owned),
        ..Default::default()
    };
    assert_eq!(code(world.client.add_machine_user(own.says(add("bot", None))).await), Code::AlreadyExists);
    assert_eq!(code(world.client.add_machine_user(other.says(add("bot", Some("mine")))).await), Code::Ok);
    assert_eq!(code(world.client.add_machine_user(own.says(add("bot 2", Some("mine")))).await), Code::AlreadyExists);
    for wrong in [
        add("", None),
        add(&"x".repeat(201), None),
        api::AddMachineUserRequest { name: String::new(), ..add("a", None) },
        api::AddMachineUserRequest { description: "x".repeat(501), ..add("a", None) },
        api::AddMachineUserRequest { access_token_type: 2, ..add("a", None) },
        add("a", Some("")),
    ] {
        assert_eq!(code(world.client.add_machine_user(own.says(wrong)).await), Code::InvalidArgument);
    }

    let token = |user_id: &str, seconds: Option<i64>| api::AddPersonalAccessTokenRequest {
        user_id: user_id.into(),
        expiration_date: seconds.map(|seconds| prost_types::Timestamp { seconds, nanos: 0 }),
    };
    let now = i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()).unwrap();
    for (request, expected) in [
        (token("1", None), Code::NotFound),
        (token(&user_id, Some(now - 1)), Code::InvalidArgument),
        (token(&user_id, Some(i64::MAX)), Code::InvalidArgument),
        (token(&user_id, Some(now + 3600)), Code::Ok),
    ] {
        assert_eq!(code(world.client.add_personal_access_token(own.says(request)).await), expected);
    }
    assert_eq!(code(world.client.add_personal_access_token(other.says(token(&user_id, None))).await), Code::NotFound);

    let soon = world.client.add_personal_access_token(own.says(token(&user_id, Some(now + 2)))).await.unwrap().into_inner();
    let soon = Identity { token: soon.token, ..user.clone() };
    assert_eq!(code(world.client.get_login_policy(soon.says(api::GetLoginPolicyRequest {})).await), Code::Ok);

    let second = world.client.add_personal_access_token(own.says(token(&user_id, None))).await.unwrap().into_inner();
    assert!(second.details.unwrap().creation_date.is_some());
    let revoke = api::RemovePersonalAccessTokenRequest { user_id: user_id.clone(), token_id: second.token_id };
    let second = Identity { token: second.token, ..user.clone() };
    assert_eq!(code(world.client.get_login_policy(second.says(api::GetLoginPolicyRequest {})).await), Code::Ok);
    world.client.remove_personal_access_token(own.says(revoke.clone())).await.unwrap();
    assert_eq!(code(world.client.remove_personal_access_token(own.says(revoke)).await), Code::NotFound);
    let refused = world.client.get_login_policy(second.says(api::GetLoginPolicyRequest {})).await.unwrap_err();
    assert_eq!((refused.code(), id(&refused)), (Code::Unauthenticated, "AUTH-7fs1e"));
    assert_eq!(code(world.client.get_login_policy(user.says(api::GetLoginPolicyRequest {})).await), Code::Ok);

    let member =
        |roles: &[&str]| api::AddOrgMemberRequest { user_id: user_id.clone(), roles: roles.iter().map(|&role| role.to_owned()).collect() };
    assert_eq!(code(world.client.add_org_member(own.says(member(&["ORG_OWNER"]))).await), Code::AlreadyExists);
    let leave = api::RemoveOrgMemberRequest { user_id: user_id.clone() };
    world.client.remove_org_member(own.says(leave.clone())).await.unwrap();
    assert_eq!(code(world.client.remove_org_member(own.says(leave)).await), Code::NotFound);
    assert_eq!(code(world.client.get_login_policy(user.says(api::GetLoginPolicyRequest {})).await), Code::PermissionDenied);
    for roles in [&[][..], &["IAM_OWNER"], &["ORG_OWNER", "NONE"]] {
        assert_eq!(code(world.client.add_org_member(own.says(member(roles))).await), Code::InvalidArgument);
    }
    // In an organization that isn't the user's own.
    assert_eq!(code(world.client.add_org_member(other.says(member(&["ORG_OWNER"]))).await), Code::Ok);
    let there = Identity { organization: other.organization.clone(), ..user.clone() };
    assert_eq!(code(world.client.get_login_policy(there.says(api::GetLoginPolicyRequest {})).await), Code::Ok);

    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    assert_eq!(code(world.client.get_login_policy(soon.says(api::GetLoginPolicyRequest {})).await), Code::Unauthenticated);
    world.client.remove_user(own.says(api::RemoveUserRequest { id: user_id.clone() })).await.unwrap();
    assert_eq!(code(world.client.remove_user(own.says(api::RemoveUserRequest { id: user_id })).await), Code::NotFound);
    assert_eq!(code(world.client.get_login_policy(there.says(api::GetLoginPolicyRequest {})).await), Code::Unauthenticated);
}

#[tokio::test]
async fn an_update_sets_every_flag_and_lifetime() {
    let mut world = World::new().await;
    let own = world.organization("update").await;
    let seconds = |seconds| Some(prost_types::Duration { seconds, nanos: 5_000_000 });
    let update = api::UpdateCustomLoginPolicyRequest {
        allow_username_password: true,
        allow_register: true,
        allow_external_idp: true,
        force_mfa: true,
        passwordless_type: 1,
        hide_password_reset: true,
        ignore_unknown_usernames: true,
        default_redirect_uri: "https://a.example/x".into(),
        password_check_lifetime: seconds(1),
        external_login_check_lifetime: seconds(2),
        mfa_init_skip_lifetime: seconds(3),
        second_factor_check_lifetime: seconds(4),
        multi_factor_check_lifetime: seconds(5),
        allow_domain_discovery: true,
        disable_login_with_email: true,
        disable_login_with_phone: true,
        force_mfa_local_only: true,
    };
    let refused = world.client.update_custom_login_policy(own.says(update.clone())).await.unwrap_err();
    assert_eq!((refused.code(), id(&refused)), (Code::NotFound, "Org-M0sif"));
    let create = api::AddCustomLoginPolicyRequest { second_factors: vec![1], multi_factors: vec![1], ..Default::default() };
    let created = world.client.add_custom_login_policy(own.says(create)).await.unwrap().into_inner().details.unwrap();
    let updated = world.client.update_custom_login_policy(own.says(update.clone())).await.unwrap().into_inner().details.unwrap();
    assert!(updated.sequence > created.sequence && updated.creation_date.is_none() && updated.change_date.is_some());
    let policy = world.client.get_login_policy(own.says(api::GetLoginPolicyRequest {})).await.unwrap().into_inner().policy.unwrap();
    assert!(policy.allow_username_password && policy.allow_register && policy.allow_external_idp && policy.force_mfa);
    assert!(policy.hide_password_reset && policy.ignore_unknown_usernames && policy.allow_domain_discovery);
    assert!(policy.disable_login_with_email && policy.disable_login_with_phone && policy.force_mfa_local_only);
    assert_eq!((policy.passwordless_type, policy.default_redirect_uri.as_str()), (1, "https://a.example/x"));
    assert_eq!(policy.password_check_lifetime, seconds(1));
    assert_eq!(policy.external_login_check_lifetime, seconds(2));
    assert_eq!(policy.mfa_init_skip_lifetime, seconds(3));
    assert_eq!(policy.second_factor_check_lifetime, seconds(4));
    assert_eq!(policy.multi_factor_check_lifetime, seconds(5));
    assert_eq!((policy.second_factors, policy.multi_factors), (vec![1], vec![1]));
    let details = policy.details.unwrap();
    assert_eq!((details.sequence, details.creation_date), (updated.sequence, created.creation_date));

    let unchanged = world.client.update_custom_login_policy(own.says(update.clone())).await.unwrap_err();
    assert_eq!((unchanged.code(), id(&unchanged)), (Code::FailedPrecondition, "Org-5M9vdd"));
    let uri = api::UpdateCustomLoginPolicyRequest { default_redirect_uri: "a.example".into(), ..Default::default() };
    let uri = world.client.update_custom_login_policy(own.says(uri)).await.unwrap_err();
    assert_eq!((uri.code(), id(&uri)), (Code::InvalidArgument, "Org-Sfd21"));
    let kind = api::UpdateCustomLoginPolicyRequest { passwordless_type: 9, ..update };
    let kind = world.client.update_custom_login_policy(own.says(kind)).await.unwrap_err();
    assert_eq!((kind.code(), id(&kind)), (Code::InvalidArgument, ""));
    let empty = api::UpdateCustomLoginPolicyRequest::default();
    world.client.update_custom_login_policy(own.says(empty)).await.unwrap();
    let policy = world.client.get_login_policy(own.says(api::GetLoginPolicyRequest {})).await.unwrap().into_inner().policy.unwrap();
    assert!(!policy.force_mfa && !policy.is_default);
    assert_eq!((policy.second_factors, policy.multi_factors), (vec![1], vec![1]));
}

#[tokio::test]
async fn multi_factors_are_a_set_of_their_own() {
    let mut world = World::new().await;
    let own = world.organization("multi").await;
    world.client.add_custom_login_policy(own.says(api::AddCustomLoginPolicyRequest::default())).await.unwrap();
    let add = |number| api::AddMultiFactorToLoginPolicyRequest { r#type: number };
    let remove = |number| api::RemoveMultiFactorFromLoginPolicyRequest { r#type: number };
    assert_eq!(code(world.client.add_multi_factor_to_login_policy(own.says(add(1))).await), Code::Ok);
    let again = world.client.add_multi_factor_to_login_policy(own.says(add(1))).await.unwrap_err();
    assert_eq!((again.code(), again.message()), (Code::AlreadyExists, "Multifactor already exists (Org-3M9od)"));
    for number in [0, 2, -1] {
        let refused = world.client.add_multi_factor_to_login_policy(own.says(add(number))).await;
        assert_eq!(code(refused), Code::InvalidArgument);
        let refused = world.client.remove_multi_factor_from_login_policy(own.says(remove(number))).await;
        assert_eq!(code(refused), Code::InvalidArgument);
    }
    let list = world.client.list_login_policy_multi_factors(own.says(api::ListLoginPolicyMultiFactorsRequest {})).await;
    let list = list.unwrap().into_inner();
    assert_eq!((list.result.as_slice(), list.details.unwrap().total_result), (&[1][..], 1));
    let second = world.client.list_login_policy_second_factors(own.says(api::ListLoginPolicySecondFactorsRequest {})).await;
    assert!(second.unwrap().into_inner().result.is_empty());
    assert_eq!(code(world.client.remove_multi_factor_from_login_policy(own.says(remove(1))).await), Code::Ok);
    let again = world.client.remove_multi_factor_from_login_policy(own.says(remove(1))).await.unwrap_err();
    assert_eq!((again.code(), id(&again)), (Code::NotFound, "Org-3M9df"));
    for factor in 3..=5 {
        let later = api::AddSecondFactorToLoginPolicyRequest { r#type: factor };
        assert_eq!(code(world.client.add_second_factor_to_login_policy(own.says(later)).await), Code::Ok);
    }
    let second = world.client.list_login_policy_second_factors(own.says(api::ListLoginPolicySecondFactorsRequest {})).await;
    assert_eq!(second.unwrap().into_inner().result, [3, 4, 5]);
}

#[tokio::test]
async fn the_default_reaches_those_who_inherit() {
    let mut world = World::new().await;
    let inherits = world.organization("inherits").await;
    let custom = world.organization("custom").await;
    world.client.add_custom_login_policy(custom.says(api::AddCustomLoginPolicyRequest::default())).await.unwrap();
    let run = world.run.clone();
    let before = world.client.get_default_login_policy(run.says(api::GetDefaultLoginPolicyRequest {})).await.unwrap().into_inner();
    let before = before.policy.unwrap();
    assert!(before.is_default && before.allow_domain_discovery);
    assert_eq!((before.second_factors, before.multi_factors), (vec![1, 2], vec![1]));
    assert_eq!(before.details.unwrap().resource_owner, world.server.instance());

    let remove = admin::RemoveSecondFactorFromLoginPolicyRequest { r#type: 1 };
    let removed = world.admin.remove_second_factor_from_login_policy(run.says(remove)).await.unwrap().into_inner().details.unwrap();
    assert_eq!(removed.resource_owner, world.server.instance());
    assert_eq!(code(world.admin.remove_second_factor_from_login_policy(run.says(remove)).await), Code::NotFound);
    let add = admin::AddSecondFactorToLoginPolicyRequest { r#type: 3 };
    assert_eq!(code(world.admin.add_second_factor_to_login_policy(run.says(add)).await), Code::Ok);
    assert_eq!(code(world.admin.add_second_factor_to_login_policy(run.says(add)).await), Code::AlreadyExists);
    let multi = admin::RemoveMultiFactorFromLoginPolicyRequest { r#type: 1 };
    assert_eq!(code(world.admin.remove_multi_factor_from_login_policy(run.says(multi)).await), Code::Ok);
    let list = world.admin.list_login_policy_second_factors(run.says(admin::ListLoginPolicySecondFactorsRequest {})).await.unwrap();
    assert_eq!(list.into_inner().result, [2, 3]);
    let list = world.admin.list_login_policy_multi_factors(run.says(admin::ListLoginPolicyMultiFactorsRequest {})).await.unwrap();
    assert!(list.into_inner().result.is_empty());
    let update = admin::UpdateLoginPolicyRequest { force_mfa: true, ..Default::default() };
    assert_eq!(code(world.admin.update_login_policy(run.says(update.clone())).await), Code::Ok);
    assert_eq!(code(world.admin.update_login_policy(run.says(update)).await), Code::FailedPrecondition);
    let default = world.admin.get_login_policy(run.says(admin::GetLoginPolicyRequest {})).await.unwrap().into_inner().policy.unwrap();
    assert!(default.force_mfa && !default.allow_domain_discovery && default.is_default);

    for (who, factors, forced) in [(&inherits, &[2, 3][..], true), (&custom, &[], false)] {
        let policy = world.client.get_login_policy(who.says(api::GetLoginPolicyRequest {})).await.unwrap().into_inner().policy.unwrap();
        assert_eq!((policy.second_factors.as_slice(), policy.force_mfa), (factors, forced));
        let list = world.client.list_login_policy_second_factors(who.says(api::ListLoginPolicySecondFactorsRequest {})).await;
        assert_eq!(list.unwrap().into_inner().result, factors);
    }
}

#[tokio::test]
async fn roles_and_the_order_of_checks() {
    let mut world = World::new().await;
    let own = world.organization("own").await;
    let foreign = world.organization("foreign").await;
    let (_, owner) = world.user(&own, "owner", &["ORG_OWNER"]).await;
    let (_, manager) = world.user(&own, "manager", &["ORG_SETTINGS_MANAGER"]).await;
    let (_, viewer) = world.user(&own, "viewer", &["ORG_OWNER_VIEWER"]).await;
    let (_, nobody) = world.user(&own, "nobody", &[]).await;
    let home = |role| Identity { token: world.server.enrol(role).unwrap(), organization: own.organization.clone() };
    let (all, reads) = (home(Some("IAM_ORG_MANAGER")), home(Some("IAM_OWNER_VIEWER")));
    assert!(world.server.enrol(Some("ORG_EVERYTHING")).is_none());
    let ok = Code::Ok;
    let no = Code::PermissionDenied;
    for (who, read, write, create, default) in [
        (&owner, ok, ok, no, no),
        (&manager, ok, ok, no, no),
        (&viewer, ok, no, no, no),
        (&nobody, no, no, no, no),
        (&all, ok, ok, ok, no),
        (&reads, ok, no, no, ok),
        (&own, ok, ok, ok, ok),
    ] {
        let client = &mut world.client;
        assert_eq!(code(client.get_login_policy(who.says(api::GetLoginPolicyRequest {})).await), read);
        // What follows is refused for its role before it is looked at: no code but 7 shows.
        let unspecified = api::AddSecondFactorToLoginPolicyRequest { r#type: 0 };
        let refused = code(client.add_second_factor_to_login_policy(who.says(unspecified)).await);
        assert_eq!(refused, if write == no { no } else { Code::InvalidArgument });
        let reset = code(client.reset_login_policy_to_default(who.says(api::ResetLoginPolicyToDefaultRequest {})).await);
        assert_eq!(reset, if write == no { no } else { Code::NotFound });
        let nameless = code(client.add_org(who.says(api::AddOrgRequest { name: String::new() })).await);
        assert_eq!(nameless, if create == no { no } else { Code::InvalidArgument });
        assert_eq!(code(world.admin.get_login_policy(who.says(admin::GetLoginPolicyRequest {})).await), default);
    }
    let admin = admin::AddSecondFactorToLoginPolicyRequest { r#type: 1 };
    for who in [&owner, &all, &reads] {
        assert_eq!(code(world.admin.add_second_factor_to_login_policy(who.says(admin)).await), no);
    }
    // The header grants nothing; one who has no role in the instance can't tell a foreign organization from none.
    for organization in [foreign.organization.clone(), "1".into()] {
        let elsewhere = Identity { organization, ..owner.clone() };
        let refused = world.client.get_login_policy(elsewhere.says(api::GetLoginPolicyRequest {})).await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (no, "No matching permissions found (AUTH-5mWD2)"));
    }
    // Without the header, or with an empty one, the caller's own organization.
    let at_home = Identity { organization: String::new(), ..viewer.clone() };
    let org = world.client.get_my_org(at_home.says(api::GetMyOrgRequest {})).await.unwrap().into_inner().org.unwrap();
    assert_eq!(org.id, own.organization);
    // Identity before content.
    let stranger = Identity { token: "x".into(), organization: "1".into() };
    let unspecified = api::AddSecondFactorToLoginPolicyRequest { r#type: 0 };
    assert_eq!(code(world.client.add_second_factor_to_login_policy(stranger.says(unspecified)).await), Code::Unauthenticated);
}

#[tokio::test]
async fn health_is_open() {
    let mut world = World::new().await;
    assert_eq!(code(world.client.healthz(api::HealthzRequest {}).await), Code::Ok);
    assert_eq!(code(world.admin.healthz(admin::HealthzRequest {}).await), Code::Ok);
    let mut health = HealthClient::connect(world.server.url()).await.unwrap();
    for (service, expected) in [("", 1), ("zitadel.management.v1.ManagementService", 1)] {
        let checked = health.check(HealthCheckRequest { service: service.into() }).await.unwrap().into_inner();
        assert_eq!(checked.status, expected);
    }
    let unknown = health.check(HealthCheckRequest { service: "zitadel.management.v9.ManagementService".into() }).await;
    assert_eq!(code(unknown), Code::NotFound);
    assert_eq!(code(health.watch(HealthCheckRequest::default()).await), Code::Unimplemented);
}

#[tokio::test]
async fn reqwest_finds_the_family_at_its_paths() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = start().await;
    let client = reqwest::Client::builder().http1_only().build().unwrap();
    let send = |method: &str, path: &str, organization: &str, body: Value| {
        let request = client.request(method.parse().unwrap(), format!("{}{path}", server.url()));
        let mut request = request.bearer_auth(server.token()).header("x-zitadel-orgid", organization);
        if !body.is_null() {
            request = request.json(&body);
        }
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
        }
    };
    for open in ["/management/v1/healthz", "/admin/v1/healthz"] {
        let answer = client.get(format!("{}{open}", server.url())).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "{}"));
    }
    let (status, org) = send("POST", "/management/v1/orgs", "", json!({"name": "JSON family"})).await;
    assert_eq!(status, 200, "{org}");
    let org = org["id"].as_str().unwrap();
    let find = "/management/v1/global/orgs/_by_domain?domain=json-family.localhost";
    let (status, found) = send("GET", find, "", Value::Null).await;
    assert_eq!((status, found["org"]["id"].as_str()), (200, Some(org)), "{found}");
    assert_eq!(found["org"]["state"], "ORG_STATE_ACTIVE");
    let user = json!({"userName": "bot", "name": "Bot", "accessTokenType": "ACCESS_TOKEN_TYPE_BEARER"});
    let (status, user) = send("POST", "/management/v1/users/machine", org, user).await;
    assert_eq!(status, 200, "{user}");
    let user = user["userId"].as_str().unwrap();
    let member = json!({"userId": user, "roles": ["ORG_OWNER"]});
    let (status, member) = send("POST", "/management/v1/orgs/me/members", org, member).await;
    assert_eq!((status, member["details"]["resourceOwner"].as_str()), (200, Some(org)));
    let pats = format!("/management/v1/users/{user}/pats");
    let (status, token) = send("POST", &pats, org, json!({"expirationDate": "2999-01-01T00:00:00Z"})).await;
    assert_eq!(status, 200, "{token}");
    let secret = token["token"].as_str().unwrap();
    let mine = client.get(format!("{}/management/v1/orgs/me", server.url())).bearer_auth(secret).send().await.unwrap();
    assert_eq!(mine.json::<Value>().await.unwrap()["org"]["id"], org);
    let multi = format!("{BASE}/multi_factors");
    for (method, path, body, expected) in [
        ("POST", BASE, json!({}), 200),
        ("PUT", BASE, json!({"forceMfa": true}), 200),
        ("PUT", BASE, json!({"forceMfa": true}), 400),
        ("POST", &multi, json!({"type": "MULTI_FACTOR_TYPE_U2F_WITH_VERIFICATION"}), 200),
        ("POST", &multi, json!({"type": "SECOND_FACTOR_TYPE_OTP"}), 400),
        ("POST", &multi, json!({"type": 1}), 409),
        ("POST", &format!("{BASE}/auth_factors/_search"), Value::Null, 200),
        ("POST", &format!("{BASE}/multi_factors/_search"), Value::Null, 405),
        ("DELETE", &format!("{multi}/1"), Value::Null, 200),
        ("DELETE", &format!("{multi}/MULTI_FACTOR_TYPE_U2F_WITH_VERIFICATION"), Value::Null, 404),
        ("POST", FACTORS, json!({"type": "SECOND_FACTOR_TYPE_RECOVERY_CODES"}), 200),
        ("DELETE", &format!("{FACTORS}/SECOND_FACTOR_TYPE_RECOVERY_CODES"), Value::Null, 200),
        ("GET", "/management/v1/policies/default/login", Value::Null, 200),
        ("GET", "/admin/v1/policies/login", Value::Null, 200),
        ("POST", "/admin/v1/policies/login/second_factors", json!({"type": 1}), 409),
        ("POST", "/admin/v1/policies/login/second_factors/_search", Value::Null, 200),
        ("POST", "/admin/v1/policies/login/multi_factors/_search", Value::Null, 200),
        ("DELETE", "/admin/v1/policies/login/multi_factors/0", Value::Null, 400),
        ("PUT", "/admin/v1/policies/login", json!({"defaultRedirectUri": "x"}), 400),
        ("POST", "/management/v1/orgs/me/_deactivate", json!({}), 200),
    ] {
        let (status, answer) = send(method, path, org, body).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
    }
    let path = format!("{pats}/{}", token["tokenId"].as_str().unwrap());
    assert_eq!(send("DELETE", &path, org, Value::Null).await.0, 200);
    assert_eq!(send("DELETE", &format!("/management/v1/orgs/me/members/{user}"), org, Value::Null).await.0, 200);
    assert_eq!(send("DELETE", &format!("/management/v1/users/{user}"), org, Value::Null).await.0, 200);
    assert_eq!(send("DELETE", "/management/v1/orgs/me", org, Value::Null).await.0, 200);
}
