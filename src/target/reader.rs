//! What the readers of the small YAML files about a target share: a tree becomes a value, and all mistakes are told at once.

use std::path::{Path, PathBuf};

use crate::case::tree::{self, Mark, Node, Yaml};
use crate::case::{Mistake, Mistakes, nearest};

/// Collects the mistakes of a file while it is read.
pub(super) struct Reader {
    pub file: PathBuf,
    pub mistakes: Vec<Mistake>,
}

impl Reader {
    /// Reads a file whose text is `text`.
    pub fn of<T: Default>(path: &Path, text: &str, value: impl FnOnce(&mut Self, &Node) -> T) -> Result<T, Mistakes> {
        let mut reader = Self { file: path.to_owned(), mistakes: Vec::new() };
        let (root, complaints) = tree::read(text);
        for complaint in complaints {
            reader.mistake(&complaint.at, complaint.message, complaint.hint);
        }
        let value = root.map(|root| value(&mut reader, &root)).unwrap_or_default();
        Mistakes::in_order(reader.mistakes).map_or(Ok(value), Err)
    }

    pub fn mistake(&mut self, at: &Mark, message: impl Into<String>, hint: Option<String>) {
        self.mistakes.push(Mistake {
            file: self.file.clone(),
            line: at.line,
            column: at.column,
            span: at.span.clone(),
            message: message.into(),
            hint,
        });
    }

    pub fn text(&mut self, node: &Node) -> Option<String> {
        if let Yaml::Text(text) = &node.value {
            return Some(text.clone());
        }
        self.mistake(&node.mark, format!("a text is needed here, not {}", node.kind()), Some("put it in quotes".to_owned()));
        None
    }

    /// A key that nothing reads.
    pub fn unknown_key(&mut self, at: &Mark, key: &str, of: &str, known: &[&str]) {
        let hint = nearest(key, known.iter().copied()).map(|name| format!("did you mean `{name}`?"));
        self.mistake(at, format!("{of} has no key `{key}`"), hint.or_else(|| Some(format!("known keys are {}", known.join(", ")))));
    }
}
