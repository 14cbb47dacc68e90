//! Another API, a lending library, is judged at run time by what stands in a folder: no line of Rust of Triwire knows it. It has path and query
//! parameters, a nested body and a response body.

mod server;

use std::path::{Path, PathBuf};
use std::process::Command;

use server::{Fault, TOKEN};

/// Exit status and everything that was said.
struct Done {
    status: i32,
    out: String,
    err: String,
}

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/library")
}

/// `triwire` with these words and the suite in a folder.
fn triwire(words: &[&str], suite: &Path) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_triwire"));
    command.args(words).arg("--suite").arg(suite).env("TRIWIRE_TOKEN", TOKEN).env("NO_COLOR", "1");
    let output = command.output().expect("the binary runs");
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Done { status: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

/// A folder that is removed at the end of a test.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("triwire-library-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A run against a library with this fault.
fn run(fault: Fault) -> Done {
    let out = Temporary::new(&format!("{fault:?}"));
    let url = server::start(fault);
    let done = triwire(&["run", &url, "--quiet", "--out", out.0.to_str().expect("a path")], &suite());
    let record = std::fs::read_to_string(out.0.join("events.jsonl")).unwrap_or_default();
    let first: serde_json::Value = serde_json::from_str(record.lines().next().unwrap_or_default()).expect("the first event");
    let first = first.to_string();
    assert!(first.contains("suite_hash") && first.contains("contract_hash"), "{first}");
    done
}

#[test]
fn a_correct_library_passes_on_every_wire() {
    let done = run(Fault::None);
    assert_eq!(done.status, 0, "{}\n{}", done.out, done.err);
}

#[test]
fn a_library_that_breaks_a_promise_fails_by_it() {
    for (fault, requirement) in [
        (Fault::IgnoresQuery, "LIB-FILTER"),
        (Fault::WrapsBook, "LIB-ADD-ANSWER"),
        (Fault::ReplacesBook, "LIB-ADD-TWICE"),
        (Fault::ForgetsTitles, "LIB-BOOK-SHAPE"),
    ] {
        let done = run(fault);
        assert_eq!(done.status, 1, "{fault:?}: {}\n{}", done.out, done.err);
        assert!(done.out.contains(requirement), "{fault:?}: {}", done.out);
    }
}

#[test]
fn its_trials_are_listed_and_its_files_checked() {
    let list = triwire(&["list"], &suite());
    assert!(list.out.contains("books::adds-a-book::json::h1\n"), "{}{}", list.out, list.err);
    let check = triwire(&["check"], &suite());
    assert_eq!((check.status, check.out.as_str()), (0, "library: 6 cases, no mistakes\n"), "{}", check.err);
}

#[test]
fn the_embedded_target_is_another_api() {
    let done = triwire(&["run", "--out", "never-made"], &suite());
    assert_eq!(done.status, 2);
    assert!(done.err.contains("give the address of a server beside --suite"), "{}", done.err);
}

/// A copy of the suite in which texts are replaced.
fn spoilt(name: &str, changes: &[(&str, &str, &str)]) -> (Temporary, Done) {
    let folder = Temporary::new(name);
    copy(&suite(), &folder.0);
    for (file, from, to) in changes {
        let path = folder.0.join(file);
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(text.contains(from), "{file} has no `{from}`");
        std::fs::write(&path, text.replacen(from, to, 1)).expect("written");
    }
    let done = triwire(&["check"], &folder.0);
    (folder, done)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// The mistakes as `place: message`, without the folder.
fn told(folder: &Temporary, done: &Done) -> String {
    assert_eq!(done.status, 2, "{}", done.out);
    let mut lines = Vec::new();
    let mut message = "";
    let name = format!("{}/", folder.0.file_name().expect("a name").to_string_lossy());
    for line in done.err.lines() {
        if let Some(text) = line.strip_prefix("error: ") {
            message = text;
        } else if let Some((_, place)) = line.split_once("--> ") {
            lines.push(format!("{}: {message}", place.split_once(&*name).map_or(place, |(_, rest)| rest)));
        }
    }
    assert!(done.err.contains('^'), "each is shown: {}", done.err);
    lines.join("\n")
}

#[test]
fn mistakes_of_all_files_are_told_at_once() {
    let (folder, done) = spoilt(
        "all",
        &[
            ("proto/library.proto", "message GetHoursRequest {}", "message GetHoursRequest { string }"),
            ("schemas/library.v1.Book.json", "\"required\"", "required"),
            ("schemas/library.v1.ListBooksResponse.json", "LIB-BOOK-SHAPE", "LIB-BOOK-SHAP"),
            ("cases/requirements/library.yaml", "level: MUST", "level: MSUT"),
            ("cases/books.yaml", "given: shelf", "given: shef"),
        ],
    );
    insta::assert_snapshot!(told(&folder, &done), @r"
    cases/books.yaml:6:12: there is no fixture `shef`
    cases/requirements/library.yaml:5:10: a requirement can't be read: unknown variant `MSUT`, expected one of `MUST`, `SHOULD`, `MAY`
    proto/library.proto:52:34: expected an identifier, but found '}'
    schemas/library.v1.Book.json:6:2: this is no JSON: key must be a string
    schemas/library.v1.ListBooksResponse.json:4:18: unknown requirement LIB-BOOK-SHAP, perhaps LIB-BOOK-SHAPE
    ");
}

#[test]
fn what_no_compiler_of_proto_files_sees_is_told_too() {
    let (folder, done) = spoilt(
        "bindings",
        &[
            ("proto/library.proto", "{shelf}/books", "{shef}/books"),
            ("proto/library.proto", "body: \"book\"", "body: \"bok\""),
            ("proto/library.proto", "response_body: \"book\"", "response_body: \"bok\""),
            ("proto/library.proto", "get: \"/v1/hours\"", "get: \"v1/hours\""),
        ],
    );
    insta::assert_snapshot!(told(&folder, &done), @r"
    proto/library.proto:10:3: the body of AddBook is bok, and library.v1.AddBookRequest has no such field
    proto/library.proto:10:3: the path of AddBook names shef, and library.v1.AddBookRequest has no such field
    proto/library.proto:10:3: the response body of AddBook is bok, and library.v1.AddBookResponse has no such field
    proto/library.proto:22:3: the HTTP binding of GetHours is wrong: the template does not begin with a slash
    ");
}

#[test]
fn a_type_that_is_nowhere_and_an_import_that_is_nowhere_are_told() {
    let (folder, done) = spoilt(
        "type",
        &[("proto/library.proto", "Book book = 2", "Bok book = 2"), ("proto/library.proto", "string shelf = 1", "Shelf shelf = 1")],
    );
    insta::assert_snapshot!(told(&folder, &done), @r"
    proto/library.proto:34:3: name 'Shelf' is not defined
    proto/library.proto:35:3: name 'Bok' is not defined
    ");
    let (folder, done) = spoilt("import", &[("proto/library.proto", "google/api/annotations.proto", "google/api/annotation.proto")]);
    insta::assert_snapshot!(told(&folder, &done), @"proto/library.proto:5:1: import 'google/api/annotation.proto' not found");
}
