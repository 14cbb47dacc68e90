//! Proto files of another API, compiled at run time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::Diagnostic;
use prost_reflect::MethodDescriptor;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

use super::super::mistake::Mistake;
use super::mistake;
use crate::contract::descriptors::{Descriptors, bindings_of};
use crate::contract::http_rule::BodyBinding;

/// What nobody should have to copy: the annotations by which JSON is offered, and the status in which all wires tell errors.
const GIVEN: [(&str, &str); 5] = [
    ("google/api/annotations.proto", include_str!("../../../proto/google/api/annotations.proto")),
    ("google/api/http.proto", include_str!("../../../proto/google/api/http.proto")),
    ("google/rpc/code.proto", include_str!("../../../proto/google/rpc/code.proto")),
    ("google/rpc/status.proto", include_str!("../../../proto/google/rpc/status.proto")),
    ("triwire/options.proto", include_str!("../../../proto/triwire/options.proto")),
];

/// The texts of a suite by the name with which they are imported, before those that are given.
#[derive(Clone)]
struct Texts(Arc<BTreeMap<String, String>>);

impl FileResolver for Texts {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let given = || GIVEN.iter().find(|(given, _)| *given == name).map(|(_, text)| *text);
        match self.0.get(name).map(String::as_str).or_else(given) {
            Some(text) => File::from_source(name, text),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// The descriptors of these files with what they import, and whether all of them are in it.
pub(super) fn compile(files: &[(PathBuf, String)], mistakes: &mut Vec<Mistake>) -> (Descriptors, bool) {
    let texts: BTreeMap<String, String> = files.iter().map(|(path, text)| (import_name(path), text.clone())).collect();
    let before = mistakes.len();
    let mut compiler = compiler(&texts);
    for name in texts.keys() {
        // A file that can't be compiled leaves the others: the compiler goes on with what it has.
        if let Err(error) = compiler.open_file(name) {
            tell(&error, name, &texts, mistakes);
        }
    }
    if texts.is_empty() {
        mistakes.push(mistake(Path::new("proto"), "", 0..0, "there is no .proto file".to_owned(), None));
    }
    let _ = compiler.open_file("google/rpc/status.proto");
    bindings(&compiler, &texts, mistakes);
    let whole = mistakes.len() == before;
    let set = compiler.include_source_info(false).encode_file_descriptor_set();
    let empty = || Descriptors::from_set(&[]).expect("an empty set is consistent");
    (Descriptors::from_set(&set).unwrap_or_else(|_| empty()), whole)
}

fn compiler(texts: &BTreeMap<String, String>) -> protox::Compiler {
    let mut resolver = ChainFileResolver::new();
    resolver.add(Texts(Arc::new(texts.clone())));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true);
    compiler
}

/// How other files import it: its path below `proto/`, with slashes.
fn import_name(path: &Path) -> String {
    let within = path.strip_prefix("proto").unwrap_or(path);
    within.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Everything that the compiler says of a file; the same mistake is found again from each file that imports the wrong one.
fn tell(error: &protox::Error, opened: &str, texts: &BTreeMap<String, String>, mistakes: &mut Vec<Mistake>) {
    let name = error.file().filter(|name| texts.contains_key(*name)).unwrap_or(opened);
    let text = texts.get(name).map_or("", String::as_str);
    let file = Path::new("proto").join(name);
    let mut add = |diagnostic: &dyn Diagnostic| {
        let labels: Vec<_> = diagnostic.labels().into_iter().flatten().collect();
        // Where two places are in conflict the last one is the newcomer.
        let span = labels.last().map_or(0..0, |label| label.offset()..label.offset() + label.len());
        let hint = diagnostic.help().map(|help| help.to_string());
        let found = mistake(&file, text, span, diagnostic.to_string(), hint);
        if !mistakes.contains(&found) {
            mistakes.push(found);
        }
    };
    add(error);
    error.related().into_iter().flatten().for_each(&mut add);
}

/// Rules of `google.api.http` that no compiler looks at: templates, and fields that they name.
fn bindings(compiler: &protox::Compiler, texts: &BTreeMap<String, String>, mistakes: &mut Vec<Mistake>) {
    // The compiler's own pool keeps no options that it can read; read again, they are there.
    let Ok(pool) = prost_reflect::DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()) else { return };
    for method in pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
        let name = method.parent_file().name().to_owned();
        let Some(text) = texts.get(&name) else { continue };
        let mut say = |message: String| {
            let file = Path::new("proto").join(&name);
            mistakes.push(mistake(&file, text, place(&method, text), message, None));
        };
        let rules = match bindings_of(&method) {
            Ok(rules) => rules,
            Err(error) => {
                say(format!("the HTTP binding of {} is wrong: {error}", method.name()));
                continue;
            }
        };
        for rule in rules {
            for variable in rule.template.field_paths() {
                let mut message = Some(method.input());
                for part in variable.split('.') {
                    let field = message.as_ref().and_then(|message| message.get_field_by_name(part));
                    if field.is_none() {
                        say(format!(
                            "the path of {} names {variable}, and {} has no such field",
                            method.name(),
                            method.input().full_name()
                        ));
                        break;
                    }
                    message = field.and_then(|field| field.kind().as_message().cloned());
                }
            }
            if let BodyBinding::Field(field) = &rule.body
                && method.input().get_field_by_name(field).is_none()
            {
                say(format!("the body of {} is {field}, and {} has no such field", method.name(), method.input().full_name()));
            }
            if let Some(field) = &rule.response_body
                && method.output().get_field_by_name(field).is_none()
            {
                say(format!("the response body of {} is {field}, and {} has no such field", method.name(), method.output().full_name()));
            }
        }
    }
}

/// The `rpc` line of a method.
fn place(method: &MethodDescriptor, text: &str) -> std::ops::Range<usize> {
    let wanted = format!("rpc {}", method.name());
    let found = text
        .match_indices(&wanted)
        .find(|(at, _)| text[at + wanted.len()..].chars().next().is_none_or(|next| !next.is_alphanumeric() && next != '_'));
    found.map_or(0..0, |(at, _)| at..at + wanted.len())
}
