//! Controls: the case's own call with one difference, and expected to succeed.

use super::super::keys;
use super::super::model::{Across, Control};
use super::super::tree::{Entry, Node, Yaml};
use super::flow::ReadStep;
use super::request::FORMS;
use super::step::{Group, Manner};
use super::{Reader, place};
use crate::contract::descriptors::Method;

/// A control as read, with its steps for the check of captures.
pub(super) struct ReadControl {
    pub control: Control,
    pub step: ReadStep,
    pub then: Vec<ReadStep>,
}

impl<'a> Reader<'a> {
    pub(super) fn control(&mut self, node: &Node, case: &Node, default: Option<&'a Method>, across: Option<Across>) -> Option<ReadControl> {
        if !self.keys(node, &keys::CONTROL) {
            return None;
        }
        let differences: Vec<&Entry> = node.entries().iter().filter(|entry| keys::DIFFERENCES.contains(&entry.key.as_str())).collect();
        let difference = match differences.as_slice() {
            [] => {
                let hint = format!("name one of {}", keys::DIFFERENCES.join(", "));
                self.mistake(place(node), "it isn't said what differs in the control", Some(hint));
                return None;
            }
            [one] => *one,
            [first, second, ..] => {
                let message = format!("the control differs in more than one place: `{}` and `{}`", first.key, second.key);
                let hint = "with two differences it doesn't show which of them the target refuses".to_owned();
                self.mistake(&second.at, message, Some(hint));
                return None;
            }
        };
        self.really_differs(difference, case);
        let given = if difference.key == "given" { self.given_of_control(difference, case) } else { None };
        let call = self.call_of_control(node, difference, case);
        let manner = Manner { default_ok: true, control: true, across, group: Group::Alone };
        let step = self.step(&call, default, manner);
        let then = self.steps(node.get("then"), Manner { across, ..Manner::FOLLOW_UP });
        let control = Control { step: step.step.clone(), differs: difference.key.clone(), given, then: ReadStep::bare(&then) };
        Some(ReadControl { control, step, then })
    }

    fn really_differs(&mut self, difference: &Entry, case: &Node) {
        let value = difference.value.to_json();
        let same = match difference.key.as_str() {
            key @ ("path" | "method" | "content") => case.get("http").and_then(|http| http.get(key)).map(Node::to_json) == Some(value),
            "headers" if case.get("headers").is_none() => difference.value.entries().is_empty(),
            "as" if case.get("as").is_none() => {
                let given = case.get("given").map(Node::to_json);
                let fixture = given.as_ref().and_then(|given| given.as_str()).and_then(|given| self.fixtures.get(given));
                fixture.is_some_and(|fixture| value.as_str() == Some(&fixture.identity))
            }
            key => case.get(key).map(Node::to_json) == Some(value),
        };
        if same {
            let hint = "the control must be the call that succeeds".to_owned();
            self.mistake(&difference.at, format!("`{}` of the control is that of the case: nothing differs", difference.key), Some(hint));
        }
    }

    fn given_of_control(&mut self, difference: &Entry, case: &Node) -> Option<String> {
        let name = self.text(&difference.value)?;
        let known: Vec<String> = self.fixtures.keys().cloned().collect();
        if !self.known(name, &difference.value.mark, "fixture", &known.iter().map(String::as_str).collect::<Vec<_>>()) {
            return None;
        }
        let given = case.get("given").map(Node::to_json);
        let root = |name: &str| self.fixtures.get(name).map(|fixture| fixture.root.clone());
        if given.as_ref().and_then(|given| given.as_str()).is_none_or(|given| root(given) != root(name)) {
            let hint = "control and case run on one set, so that both fixtures stand on the same lowest one".to_owned();
            self.mistake(&difference.value.mark, format!("fixture `{name}` stands on another set than the case's"), Some(hint));
        }
        Some(name.to_owned())
    }

    /// The case's call with the difference put in, and with the control's own expectation.
    fn call_of_control(&mut self, control: &Node, difference: &Entry, case: &Node) -> Node {
        let dropped = ["expect", "until", "eventually", "capture", "defect", difference.key.as_str()];
        let is_form = FORMS.contains(&difference.key.as_str());
        let is_step = |key: &str| keys::STEP.keys.iter().any(|known| known.name == key);
        let mut entries: Vec<Entry> = case.entries().to_vec();
        entries.retain(|entry| {
            is_step(&entry.key) && !dropped.contains(&entry.key.as_str()) && !(is_form && FORMS.contains(&entry.key.as_str()))
        });
        match difference.key.as_str() {
            key @ ("path" | "method" | "content") => match entries.iter_mut().find(|entry| entry.key == "http") {
                Some(Entry { value: Node { value: Yaml::Map(request), .. }, .. }) => {
                    request.retain(|entry| entry.key != key);
                    request.push(difference.clone());
                }
                _ => {
                    let hint = "where the call has no `http` form its path and method are those of the operation".to_owned();
                    self.mistake(&difference.at, format!("the case has no `http` form whose `{key}` could differ"), Some(hint));
                }
            },
            "given" => {}
            _ => entries.push(difference.clone()),
        }
        entries.extend(control.entries().iter().filter(|entry| entry.key == "expect").cloned());
        Node { value: Yaml::Map(entries), mark: place(control).clone() }
    }
}
