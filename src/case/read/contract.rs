//! What the readers ask the contract: operations, messages, requirements.

use super::super::tree::Node;
use super::{Reader, suggestion};
use crate::contract::descriptors::Method;
use crate::contract::requirement::Requirement;
use crate::contract::status::Code;

impl<'a> Reader<'a> {
    /// The operation of a name: `Method` of the suite's service, or `package.Service/Method`.
    pub(super) fn operation(&mut self, node: &Node) -> Option<&'a Method> {
        let text = self.text(node)?;
        let name = if text.contains('/') { text.to_owned() } else { format!("{}/{text}", self.service) };
        if let Some(method) = self.contract.descriptors.method(&name) {
            return Some(method);
        }
        let known: Vec<String> = self.contract.descriptors.methods().map(Method::full_name).collect();
        let short: Vec<&str> = known.iter().map(|full| full.strip_prefix(&format!("{}/", self.service)).unwrap_or(full)).collect();
        self.mistake(&node.mark, format!("there is no operation `{text}`"), suggestion(text, short));
        None
    }

    /// A requirement of the catalogue.
    pub(super) fn requirement(&mut self, node: &Node) -> Option<&'a Requirement> {
        let id = self.text(node)?;
        let found = self.contract.catalogue.get(id);
        if found.is_none() {
            let hint = self.contract.catalogue.nearest(id).map(|near| format!("did you mean `{near}`?"));
            self.mistake(&node.mark, format!("the catalogue has no requirement `{id}`"), hint);
        }
        found
    }

    /// A gRPC code by name.
    pub(super) fn code(&mut self, node: &Node) -> Option<Code> {
        let name = self.word(node, super::super::keys::CODES, "gRPC code")?;
        Code::ALL.into_iter().find(|code| code.name() == name)
    }
}
