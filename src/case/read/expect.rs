//! Expectations.

use super::super::keys;
use super::super::model::{Act, Alternative, Duty, Ending, Expect, HeaderPattern, StatusPattern};
use super::super::tree::{Mark, Node, Yaml};
use super::flow::ReadStep;
use super::pattern::{Purpose, Shape};
use super::step::Manner;
use super::{GIVEN_WHEN_SENT, Reader, place, suggestion};
use crate::contract::descriptors::Method;
use crate::contract::status::Code;

impl<'a> Reader<'a> {
    /// One expectation or a list of them.
    pub(super) fn expectations(&mut self, node: &Node, operation: Option<&'a Method>, manner: Manner) -> Vec<Expect> {
        self.one_or_more(node).iter().map(|node| self.expectation(node, operation, manner)).collect()
    }

    /// One expectation of an answer to this operation.
    pub(super) fn expectation(&mut self, node: &Node, operation: Option<&'a Method>, manner: Manner) -> Expect {
        if !self.keys(node, &keys::EXPECT) {
            return Expect { span: self.span(place(node)), ..Expect::default() };
        }
        let mut expect = self.said_of_answer(node, operation);
        expect.requirement = node.get("requirement").and_then(|node| self.claim(node));
        if let Some(alternatives) = node.get("any") {
            expect.any = self.alternatives(alternatives, operation, manner);
        }
        self.consistent(node, &mut expect);
        expect
    }

    fn alternatives(&mut self, node: &Node, operation: Option<&'a Method>, manner: Manner) -> Vec<Alternative> {
        let items = self.list(node);
        if items.is_empty() {
            self.mistake(&node.mark, "no alternative is there: nothing would be expected", None);
        }
        if items.len() == 1 {
            let hint = "where there is no choice write it as the expectation itself".to_owned();
            self.mistake(&node.mark, "one alternative is no choice", Some(hint));
        }
        let mut alternatives = Vec::new();
        for item in items {
            if !self.keys(item, &keys::ALTERNATIVE) {
                continue;
            }
            let mut expect = self.said_of_answer(item, operation);
            self.consistent(item, &mut expect);
            let then = self.steps(item.get("then"), Manner { across: manner.across, ..Manner::FOLLOW_UP });
            let acts = ReadStep::bare(&then).into_iter().map(|step| Act { duty: Duty::Main, step, identity: String::new() }).collect();
            self.branches.push(then);
            let not_applicable = item.get("not-applicable").and_then(|node| self.text(node)).map(str::to_owned);
            if let (Some(at), Some(_)) = (item.get("then"), &not_applicable) {
                self.mistake(place(at), "nothing follows where the case isn't applicable", None);
            }
            alternatives.push(Alternative { expect, not_applicable, then: acts });
        }
        alternatives
    }

    /// What an expectation and an alternative have in common.
    fn said_of_answer(&mut self, node: &Node, operation: Option<&Method>) -> Expect {
        let before = self.uses.len();
        let mut expect = Expect { span: self.span(place(node)), ..Expect::default() };
        if let Some(codes) = node.get("code") {
            expect.code = self.codes(codes);
        }
        expect.status = node.get("status").and_then(|node| self.status(node));
        if let Some(head) = node.get("head") {
            expect.head = self.head(head);
        }
        if let Some(body) = node.get("body") {
            let shape = operation.map_or(Shape::Free, |operation| Shape::Message(operation.output.clone()));
            expect.body = Some(self.pattern(body, &shape, Purpose::Expect));
        }
        if let Some(error) = node.get("error") {
            expect.error = Some(self.error(error));
        }
        if let Some(refused) = node.get("refused") {
            expect.refused = self.truth(refused).unwrap_or_default();
        }
        if let Some(content) = node.get("content") {
            expect.no_content = self.word(content, keys::CONTENT, "thing to say of content").is_some();
        }
        if let Some(hides) = node.get("hides") {
            expect.hides = self.header_values(hides);
        }
        if let Some(ends) = node.get("ends") {
            expect.ends = self.one_or_more(ends).iter().filter_map(|end| self.ending(end)).collect();
        }
        // A verdict looks at nothing that isn't in the record, and tokens never are.
        for (name, at) in self.uses.split_off(before) {
            if GIVEN_WHEN_SENT.contains(&name.as_str()) {
                self.mistake(&at, format!("`${name}` is known to requests alone"), Some("an answer can't be compared with it".to_owned()));
            } else {
                self.uses.push((name, at));
            }
        }
        expect
    }

    /// One code, a list, or all but those of `{ $not: [...] }`.
    fn codes(&mut self, node: &Node) -> Vec<Code> {
        match node.entries() {
            [entry] if entry.key == "$not" => {
                let forbidden: Vec<Code> = self.one_or_more(&entry.value).iter().filter_map(|code| self.code(code)).collect();
                Code::ALL.into_iter().filter(|code| !forbidden.contains(code)).collect()
            }
            _ => self.one_or_more(node).iter().filter_map(|code| self.code(code)).collect(),
        }
    }

    fn ending(&mut self, node: &Node) -> Option<Ending> {
        Some(match self.word(node, keys::ENDS, "end of an exchange")? {
            "complete" => Ending::Complete,
            "closed" => Ending::Closed,
            "timed-out" => Ending::TimedOut,
            "reset" => Ending::Reset,
            "lost" => Ending::Lost,
            "cancelled" => Ending::Cancelled,
            "no-error" => Ending::NoError,
            "protocol-error" => Ending::ProtocolError,
            "http2" => Ending::Http2,
            _ => Ending::GoAway,
        })
    }

    /// The requirement that a piece answers for.
    fn claim(&mut self, node: &Node) -> Option<String> {
        let id = self.requirement(node)?.id.clone();
        if !self.claims.contains(&id) {
            let hint =
                if self.claims.is_empty() { "only cases answer for requirements" } else { "add it to the `requirements` of the case" };
            self.mistake(&node.mark, format!("this case doesn't answer for `{id}`"), Some(hint.to_owned()));
        }
        Some(id)
    }

    /// What a body or an error says about the code.
    fn consistent(&mut self, node: &Node, expect: &mut Expect) {
        if node.entries().iter().all(|entry| matches!(entry.key.as_str(), "requirement" | "then" | "not-applicable")) {
            self.mistake(
                place(node),
                "this expectation names nothing that must hold",
                Some("name a `code`, or what must be in the `body`".to_owned()),
            );
        }
        let code_of = |node: &Node| node.get("code").map_or_else(|| place(node).clone(), |code| code.mark.clone());
        if expect.body.is_some() {
            if expect.code.is_empty() && expect.status.is_none() && node.get("code").is_none() {
                expect.code = vec![Code::Ok];
            } else if !expect.code.is_empty() && !expect.code.contains(&Code::Ok) {
                let hint = "an error is matched with `error`".to_owned();
                self.mistake(&code_of(node), "only a success (code OK) has a `body`", Some(hint));
            }
        }
        if expect.error.is_some() && expect.code == [Code::Ok] {
            self.mistake(&code_of(node), "a success has no `error`", Some("a success is matched with `body`".to_owned()));
        }
        if expect.refused && expect.code.contains(&Code::Ok) {
            self.mistake(&code_of(node), "what is refused has no code OK", None);
        }
    }

    fn error(&mut self, node: &Node) -> super::super::model::Pattern {
        let mut members = Vec::new();
        if self.keys(node, &keys::ERROR) {
            let status = self.contract.descriptors.message("google.rpc.Status");
            for name in ["message", "details"] {
                let Some(value) = node.get(name) else { continue };
                let field = status.as_ref().and_then(|status| status.get_field_by_name(name));
                let shape = field.map_or(Shape::Free, Shape::Field);
                members.push((name.to_owned(), self.pattern(value, &shape, Purpose::Expect)));
            }
        }
        super::super::model::Pattern::Object(members)
    }

    fn status(&mut self, node: &Node) -> Option<StatusPattern> {
        match &node.value {
            Yaml::Text(text) => self.class(text, &node.mark).map(StatusPattern::Class),
            Yaml::Map(entries) => match entries.as_slice() {
                [entry] if entry.key == "$not" => match &entry.value.value {
                    Yaml::Text(text) => self.class(text, &entry.value.mark).map(StatusPattern::NotClass),
                    _ => Some(StatusPattern::Not(self.statuses(&entry.value))),
                },
                _ => {
                    self.mistake(place(node), "the only operator of a status is `$not`", Some("write `{ $not: [500, 502] }`".to_owned()));
                    None
                }
            },
            _ => Some(StatusPattern::OneOf(self.statuses(node))),
        }
    }

    fn class(&mut self, text: &str, at: &Mark) -> Option<u8> {
        let class = text.strip_suffix("xx").and_then(|class| class.parse::<u8>().ok()).filter(|class| (1..=5).contains(class));
        if class.is_none() {
            self.mistake(at, format!("`{text}` is no HTTP status"), Some("write a number, or a class such as 4xx".to_owned()));
        }
        class
    }

    fn statuses(&mut self, node: &Node) -> Vec<u16> {
        let mut statuses = Vec::new();
        for item in self.one_or_more(node) {
            let Some(number) = self.count(item) else { continue };
            match u16::try_from(number) {
                Ok(status) if (100..=599).contains(&status) => statuses.push(status),
                _ => self.mistake(&item.mark, format!("`{number}` is no HTTP status"), None),
            }
        }
        statuses
    }

    fn head(&mut self, node: &Node) -> Vec<(String, HeaderPattern)> {
        if !matches!(node.value, Yaml::Map(_)) {
            self.mistake(&node.mark, format!("`head` is a mapping of fields, this is {}", node.kind()), None);
        }
        let mut fields = Vec::new();
        for entry in node.entries() {
            let pattern = match entry.value.entries() {
                [operator] => match operator.key.as_str() {
                    "$absent" => HeaderPattern::Absent,
                    "$once" => HeaderPattern::Once,
                    "$not" => HeaderPattern::Not(self.header_values(&operator.value)),
                    "$lists" => HeaderPattern::Lists(self.header_values(&operator.value)),
                    unknown => {
                        self.mistake(
                            &operator.at,
                            format!("`{unknown}` is no operator of a field"),
                            suggestion(unknown, ["$absent", "$once", "$not", "$lists"]),
                        );
                        continue;
                    }
                },
                _ => HeaderPattern::Values(self.header_values(&entry.value)),
            };
            fields.push((entry.key.to_ascii_lowercase(), pattern));
        }
        fields
    }
}

/// Whether an answer that meets all of these can be a success.
pub(super) fn allows_success(expect: &[Expect]) -> bool {
    expect.iter().all(|expect| {
        let succeeds = |one: &Alternative| one.not_applicable.is_none() && allows_success(std::slice::from_ref(&one.expect));
        let choice = expect.any.is_empty() || expect.any.iter().any(succeeds);
        let whole = expect.ends.is_empty() || expect.ends.iter().any(|ending| matches!(ending, Ending::Complete | Ending::NoError));
        let status = match &expect.status {
            None => true,
            Some(StatusPattern::OneOf(statuses)) => statuses.iter().any(|status| (200..300).contains(status)),
            Some(StatusPattern::Class(class)) => *class == 2,
            Some(StatusPattern::Not(statuses)) => !statuses.contains(&200),
            Some(StatusPattern::NotClass(class)) => *class != 2,
        };
        let code = if expect.error.is_some() { expect.code.is_empty() } else { expect.code.is_empty() || expect.code.contains(&Code::Ok) };
        // An error that is expected without a code is one all the same.
        status && code && choice && whole && !expect.refused && expect.error.is_none()
    })
}
