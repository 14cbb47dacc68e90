//! The methods and messages of a contract, from a file descriptor set, with their HTTP bindings and permissions.

use std::borrow::Cow;
use std::collections::HashMap;

use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, MessageDescriptor, MethodDescriptor, Value as OptionValue};

use super::http_rule::{BodyBinding, HttpRule, TemplateError};
use super::proto_json::Node;

static BUILT_IN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// A contract's descriptors with an index of its methods.
#[derive(Debug, Clone)]
pub struct Descriptors {
    pool: DescriptorPool,
    methods: Vec<Method>,
    by_full_name: HashMap<String, usize>,
    /// `None` where several services have a method of this name.
    by_name: HashMap<String, Option<usize>>,
}

/// One rpc.
#[derive(Debug, Clone)]
pub struct Method {
    /// Full name of the service, e.g. `zitadel.management.v1.ManagementService`.
    pub service: String,
    /// Its own name, e.g. `AddOrg`.
    pub name: String,
    /// The request.
    pub input: MessageDescriptor,
    /// The response.
    pub output: MessageDescriptor,
    /// `google.api.http` with its additional bindings; empty: the method is not offered on JSON.
    pub bindings: Vec<HttpRule>,
    /// `zitadel.v1.auth_option.permission`; `None`: open to everyone.
    pub permission: Option<String>,
    /// Whether the client or the server sends a stream.
    pub is_streaming: bool,
    /// Whether a field of the response is marked as a secret (`debug_redact`).
    pub answers_secrets: bool,
}

impl Method {
    /// `pkg.Service/Method`
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.service, self.name)
    }

    /// The success message as JSON tells it: where the content is one field alone (`response_body`), the message that has it.
    #[must_use]
    pub fn message_of_content<'n>(&self, root: &'n Node) -> Cow<'n, Node> {
        let field = self.bindings.first().and_then(|rule| self.output.get_field_by_name(rule.response_body.as_deref()?));
        field.map_or(Cow::Borrowed(root), |field| Cow::Owned(Node::Object(vec![(field.json_name().to_owned(), root.clone())])))
    }

    /// `/pkg.Service/Method`, the path of the gRPC wires.
    #[must_use]
    pub fn grpc_path(&self) -> String {
        format!("/{}/{}", self.service, self.name)
    }
}

/// Why a descriptor set is no contract.
#[derive(Debug, thiserror::Error)]
pub enum DescriptorsError {
    /// The octets are no consistent descriptor set.
    #[error("the descriptor set can't be read")]
    Set(#[source] prost_reflect::DescriptorError),
    /// An HTTP annotation has a broken path template.
    #[error("the HTTP binding of {method} is wrong")]
    Template {
        /// Full name of the method.
        method: String,
        /// What is wrong with its template.
        source: TemplateError,
    },
}

impl Descriptors {
    /// The contract that is compiled in.
    ///
    /// # Panics
    /// Never with what the build script made of `proto/`; a test reads it.
    #[must_use]
    pub fn built_in() -> Self {
        Self::from_set(BUILT_IN).expect("the descriptors that are compiled in are consistent")
    }

    /// Reads an encoded `google.protobuf.FileDescriptorSet` with its imports and options.
    ///
    /// # Errors
    /// An inconsistent set, or a broken HTTP annotation.
    pub fn from_set(set: &[u8]) -> Result<Self, DescriptorsError> {
        let pool = DescriptorPool::decode(set).map_err(DescriptorsError::Set)?;
        let mut methods = Vec::new();
        for service in pool.services() {
            for method in service.methods() {
                methods.push(read_method(&method)?);
            }
        }
        let mut by_full_name = HashMap::new();
        let mut by_name = HashMap::new();
        for (index, method) in methods.iter().enumerate() {
            by_full_name.insert(method.full_name(), index);
            by_name.entry(method.name.clone()).and_modify(|unique| *unique = None).or_insert(Some(index));
        }
        Ok(Self { pool, methods, by_full_name, by_name })
    }

    /// Every method, in the order of the files.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.methods.iter()
    }

    /// A method by `pkg.Service/Method` (a leading slash is allowed), or by its own name where only one service has it.
    #[must_use]
    pub fn method(&self, name: &str) -> Option<&Method> {
        let name = name.strip_prefix('/').unwrap_or(name);
        let index = match self.by_full_name.get(name) {
            Some(index) => *index,
            None => (*self.by_name.get(name)?)?,
        };
        self.methods.get(index)
    }

    /// The method with this name, in the service of another one; what a step means by a bare name.
    #[must_use]
    pub fn sibling(&self, of: &Method, name: &str) -> Option<&Method> {
        let index = self.by_full_name.get(&format!("{}/{name}", of.service))?;
        self.methods.get(*index)
    }

    /// A message by its full name.
    #[must_use]
    pub fn message(&self, full_name: &str) -> Option<MessageDescriptor> {
        self.pool.get_message_by_name(full_name)
    }

    /// The message that a type URL names, e.g. `type.googleapis.com/zitadel.v1.ErrorDetail`.
    #[must_use]
    pub fn message_of_url(&self, type_url: &str) -> Option<MessageDescriptor> {
        let (_, name) = type_url.rsplit_once('/')?;
        self.message(name)
    }

    /// The pool, for those who need more than methods and messages.
    #[must_use]
    pub fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// The method that a JSON request reaches, and the path variables as `(field path, decoded value)`. Where several
    /// bindings match, the one with more literal segments counts.
    #[must_use]
    pub fn route(&self, verb: &str, path: &str) -> Option<(&Method, Vec<(String, String)>)> {
        let candidates = self.methods.iter().flat_map(|method| {
            let matched = move |rule: &HttpRule| {
                let variables = rule.matches(verb, path)?;
                Some((rule.template.literals(), method, variables))
            };
            method.bindings.iter().filter_map(matched)
        });
        let mut best: Option<(usize, &Method, _)> = None;
        for (literals, method, variables) in candidates {
            if best.as_ref().is_none_or(|(most, ..)| literals > *most) {
                best = Some((literals, method, variables));
            }
        }
        best.map(|(_, method, variables)| (method, variables))
    }
}

/// Whether the contract marks a field as a secret (`debug_redact`).
#[must_use]
pub fn is_redacted(field: &FieldDescriptor) -> bool {
    field.options().get_field_by_name("debug_redact").and_then(|value| value.as_bool()).unwrap_or(false)
}

/// Whether a message has such a field, or a message in it has one.
fn has_redacted(message: &MessageDescriptor, above: &mut Vec<String>) -> bool {
    if above.iter().any(|name| name == message.full_name()) {
        return false;
    }
    above.push(message.full_name().to_owned());
    let found =
        message.fields().any(|field| is_redacted(&field) || field.kind().as_message().is_some_and(|inner| has_redacted(inner, above)));
    above.pop();
    found
}

/// The texts of fields that are marked as secrets, in a message in ProtoJSON; each with the name of its field.
#[must_use]
pub fn secrets(value: &serde_json::Value, message: &MessageDescriptor) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect_secrets(value, message, &mut found);
    found
}

fn collect_secrets(value: &serde_json::Value, message: &MessageDescriptor, found: &mut Vec<(String, String)>) {
    let Some(members) = value.as_object() else { return };
    for field in message.fields() {
        let Some(member) = members.get(field.json_name()).or_else(|| members.get(field.name())) else { continue };
        let items = member.as_array().map_or_else(|| std::slice::from_ref(member), Vec::as_slice);
        for item in items {
            match (item, field.kind()) {
                (serde_json::Value::String(text), _) if is_redacted(&field) => found.push((field.name().to_owned(), text.clone())),
                (item, prost_reflect::Kind::Message(inner)) => collect_secrets(item, &inner, found),
                _ => {}
            }
        }
    }
}

/// Whether a field came after the oldest release that may be judged (`triwire.since`): a server that doesn't know it is right.
#[must_use]
pub fn came_later(field: &FieldDescriptor) -> bool {
    let since = field.parent_pool().get_extension_by_name("triwire.since");
    since.is_some_and(|since| field.options().has_extension(&since))
}

/// The HTTP bindings of a method, the main one first.
///
/// # Errors
/// A path template that is none.
pub fn bindings_of(method: &MethodDescriptor) -> Result<Vec<HttpRule>, TemplateError> {
    let mut bindings = Vec::new();
    if let Some(rule) = extension(method, &method.options(), "google.api.http") {
        read_rule(&rule, &mut bindings)?;
    }
    Ok(bindings)
}

fn read_method(method: &MethodDescriptor) -> Result<Method, DescriptorsError> {
    let service = method.parent_service().full_name().to_owned();
    let options = method.options();
    let bindings =
        bindings_of(method).map_err(|source| DescriptorsError::Template { method: format!("{service}/{}", method.name()), source })?;
    let permission = extension(method, &options, "zitadel.v1.auth_option").and_then(|option| text(&option, "permission"));
    Ok(Method {
        service,
        name: method.name().to_owned(),
        input: method.input(),
        output: method.output(),
        bindings,
        permission,
        is_streaming: method.is_client_streaming() || method.is_server_streaming(),
        answers_secrets: has_redacted(&method.output(), &mut Vec::new()),
    })
}

fn extension(method: &MethodDescriptor, options: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    let extension = method.parent_pool().get_extension_by_name(name)?;
    if !options.has_extension(&extension) {
        return None;
    }
    options.get_extension(&extension).as_message().cloned()
}

/// A text that is set.
fn text(message: &DynamicMessage, field: &str) -> Option<String> {
    let value = message.get_field_by_name(field)?;
    let text = value.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn read_rule(rule: &DynamicMessage, bindings: &mut Vec<HttpRule>) -> Result<(), TemplateError> {
    let verbs = ["get", "put", "post", "delete", "patch"];
    let pattern = verbs.into_iter().find_map(|verb| Some((verb.to_ascii_uppercase(), text(rule, verb)?)));
    let custom = || {
        let custom = rule.get_field_by_name("custom")?;
        let custom = custom.as_message()?;
        Some((text(custom, "kind")?, text(custom, "path")?))
    };
    if let Some((verb, template)) = pattern.or_else(custom) {
        bindings.push(HttpRule {
            verb,
            template: template.parse()?,
            body: match text(rule, "body") {
                None => BodyBinding::None,
                Some(body) if body == "*" => BodyBinding::Whole,
                Some(field) => BodyBinding::Field(field),
            },
            response_body: text(rule, "response_body"),
        });
    }
    if let Some(more) = rule.get_field_by_name("additional_bindings") {
        for rule in more.as_list().unwrap_or_default() {
            if let OptionValue::Message(rule) = rule {
                read_rule(rule, bindings)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_bindings_and_permissions() {
        let descriptors = Descriptors::built_in();
        let add = descriptors.method("AddCustomLoginPolicy").unwrap();
        assert_eq!(add.full_name(), "zitadel.management.v1.ManagementService/AddCustomLoginPolicy");
        assert_eq!(add.grpc_path(), format!("/{}", add.full_name()));
        assert_eq!(add.permission.as_deref(), Some("policy.write"));
        assert_eq!(add.bindings[0].verb, "POST");
        assert_eq!(add.bindings[0].body, BodyBinding::Whole);
        assert_eq!(add.bindings[0].template.as_str(), "/management/v1/policies/login");
        let healthz = descriptors.method("zitadel.management.v1.ManagementService/Healthz").unwrap();
        assert_eq!((healthz.permission.as_deref(), &healthz.bindings[0].body), (None, &BodyBinding::None));
    }

    #[test]
    fn a_bare_name_must_be_unique() {
        let descriptors = Descriptors::built_in();
        assert!(descriptors.method("AddSecondFactorToLoginPolicy").is_none());
        let add = descriptors.method("AddOrg").unwrap();
        let sibling = descriptors.sibling(add, "AddSecondFactorToLoginPolicy").unwrap();
        assert_eq!(sibling.service, add.service);
    }

    #[test]
    fn routes_by_verb_and_path() {
        let descriptors = Descriptors::built_in();
        let routed = |verb: &str, path: &str| descriptors.route(verb, path).map(|(method, variables)| (method.full_name(), variables));
        let base = "/management/v1/policies/login/second_factors";
        let (name, variables) = routed("DELETE", &format!("{base}/SECOND%5FFACTOR_TYPE_OTP?x=1")).unwrap();
        assert!(name.ends_with("ManagementService/RemoveSecondFactorFromLoginPolicy"));
        assert_eq!(variables, [("type".to_owned(), "SECOND_FACTOR_TYPE_OTP".to_owned())]);
        assert!(routed("DELETE", &format!("{base}/")).is_none());
        assert!(routed("GET", base).is_none());
        assert!(routed("POST", "/management/v1/Policies/login").is_none());
        let (name, _) = routed("POST", &format!("{base}/_search")).unwrap();
        assert!(name.ends_with("ListLoginPolicySecondFactors"));
    }

    #[test]
    fn secrets_are_marked() {
        let message = Descriptors::built_in().message("zitadel.management.v1.AddPersonalAccessTokenResponse").unwrap();
        assert!(is_redacted(&message.get_field_by_name("token").unwrap()));
        assert!(!is_redacted(&message.get_field_by_name("token_id").unwrap()));
    }

    #[test]
    fn fields_of_later_releases_are_marked() {
        let message = Descriptors::built_in().message("zitadel.policy.v1.LoginPolicy").unwrap();
        assert!(came_later(&message.get_field_by_name("force_mfa_local_only").unwrap()));
        assert!(!came_later(&message.get_field_by_name("force_mfa").unwrap()));
    }
}
