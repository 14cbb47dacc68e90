//! The methods that the server could offer, read from the descriptor set: never repeated by hand.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, Value};

use super::template::Template;

/// What of the request message the HTTP content holds (`google.api.HttpRule.body`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing: content is not looked at.
    Ignored,
    /// The whole message (`*`).
    Message,
    /// One field of it.
    Field(String),
}

/// One way to reach a method on the JSON wire.
#[derive(Debug)]
pub struct Binding {
    /// Which method it belongs to: an index into [`Contract::methods`].
    pub method: usize,
    /// The HTTP method.
    pub verb: http::Method,
    /// The path.
    pub template: Template,
    /// What the content holds.
    pub content: Content,
}

/// A method of a service.
#[derive(Debug)]
pub struct Method {
    /// `/package.Service/Method`
    pub path: String,
    /// `package.Service`
    pub service: String,
    /// The request message.
    pub input: MessageDescriptor,
    /// The answer.
    pub output: MessageDescriptor,
    /// What a caller must hold; none: open to everyone.
    pub permission: Option<String>,
}

/// All that the server takes from the descriptor set.
#[derive(Debug)]
pub struct Contract {
    /// In the order of the descriptor set.
    pub methods: Vec<Method>,
    /// Of all methods.
    pub bindings: Vec<Binding>,
    /// `google.rpc.Status`
    pub status: MessageDescriptor,
    /// `zitadel.v1.ErrorDetail`
    pub detail: MessageDescriptor,
}

/// The contract; decoded once, because that costs more than a server's start.
pub fn contract() -> &'static Contract {
    static CONTRACT: LazyLock<Contract> =
        LazyLock::new(|| read().expect("the build script writes a descriptor set with the messages that are named here"));
    &CONTRACT
}

impl Contract {
    /// The method with this gRPC path; compared as it is, with case.
    pub fn method(&self, path: &str) -> Option<&Method> {
        self.methods.iter().find(|method| method.path == path)
    }

    /// Whether the path is `/service/anything` of a known service.
    pub fn is_service(&self, path: &str) -> bool {
        let service = path.strip_prefix('/').and_then(|path| path.split('/').next());
        service.is_some_and(|service| self.methods.iter().any(|method| method.service == service))
    }
}

fn read() -> Option<Contract> {
    let bytes = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
    let pool = DescriptorPool::decode(bytes.as_slice()).ok()?;
    let mut methods = Vec::new();
    let mut bindings = Vec::new();
    for service in pool.services() {
        for method in service.methods() {
            for (verb, path, content) in rules(&pool, &method)? {
                bindings.push(Binding { method: methods.len(), verb, template: Template::read(&path)?, content });
            }
            methods.push(Method {
                path: format!("/{}/{}", service.full_name(), method.name()),
                service: service.full_name().to_owned(),
                input: method.input(),
                output: method.output(),
                permission: permission(&pool, &method),
            });
        }
    }
    Some(Contract {
        methods,
        bindings,
        status: pool.get_message_by_name("google.rpc.Status")?,
        detail: pool.get_message_by_name("zitadel.v1.ErrorDetail")?,
    })
}

fn permission(pool: &DescriptorPool, method: &MethodDescriptor) -> Option<String> {
    let extension = pool.get_extension_by_name("zitadel.v1.auth_option")?;
    let options = method.options();
    let option = options.get_extension(&extension);
    text(option.as_message()?, "permission").filter(|permission| !permission.is_empty())
}

type Rule = (http::Method, String, Content);

fn rules(pool: &DescriptorPool, method: &MethodDescriptor) -> Option<Vec<Rule>> {
    let extension = pool.get_extension_by_name("google.api.http")?;
    let options = method.options();
    if !options.has_extension(&extension) {
        return Some(Vec::new());
    }
    let option = options.get_extension(&extension);
    let rule = option.as_message()?;
    let mut found = vec![one(rule)?];
    if let Some(Value::List(more)) = rule.get_field_by_name("additional_bindings").as_deref() {
        for rule in more.iter().filter_map(Value::as_message) {
            found.push(one(rule)?);
        }
    }
    Some(found)
}

fn one(rule: &DynamicMessage) -> Option<Rule> {
    let content = match text(rule, "body").as_deref() {
        None | Some("") => Content::Ignored,
        Some("*") => Content::Message,
        Some(field) => Content::Field(field.to_owned()),
    };
    for verb in ["get", "put", "post", "delete", "patch"] {
        if let Some(path) = text(rule, verb).filter(|path| !path.is_empty()) {
            let verb = verb.to_ascii_uppercase().parse().ok()?;
            return Some((verb, path, content));
        }
    }
    None
}

fn text(message: &DynamicMessage, field: &str) -> Option<String> {
    Some(message.get_field_by_name(field)?.as_str()?.to_owned())
}
