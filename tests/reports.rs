//! Reports of a hand-made record: what people and other tools see.

#[path = "support/events.rs"]
mod events;

use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use events::{Record, agreement, exchange, left, passive, probe, run, started, trial};
use triwire::conclude::{Conclusion, Policy, Summary, conclude};
use triwire::judge::{SkipReason, Verdict};
use triwire::record::{self, Event, ReadErrorKind};
use triwire::report::console::{self, Progress};
use triwire::report::{Format, Layout, render};
use triwire::target::Presence;
use triwire::wire::{Body, Field, Octets, Wire};

use Verdict::{Fail, Inconclusive, Pass, Skip};

/// A bit of everything.
fn mixed() -> Vec<Event> {
    let mut noisy = exchange(7, Wire::Grpc);
    noisy.received.heads[0].fields.push(Field::new("x-note", "bell \u{7} and \u{1b}[31mcolour"));
    run([
        probe(Wire::Json, Presence::Live),
        trial("adds", Wire::Json, Pass, &["SHAPE"]).exchange(exchange(4, Wire::Json)).saw(4, "HABIT", "long-name").event(),
        trial("adds", Wire::Grpc, Fail, &["SHAPE"]).exchange(noisy).event(),
        trial("adds", Wire::GrpcWeb, Fail, &["SHAPE"]).exchange(exchange(8, Wire::GrpcWeb)).event(),
        agreement("adds", Fail, &["STATE"], Some(7)),
        trial("removes", Wire::Json, Inconclusive, &["STATE"]).exchange(exchange(9, Wire::Json)).event(),
        trial("removes", Wire::GrpcWebText, Skip, &["SHAPE"]).skipped(SkipReason::NotApplicable).event(),
        passive("FORMAT", Wire::Json, Pass),
        passive("HABIT", Wire::Json, Fail),
        left(),
    ])
}

fn concluded(summary: &Summary) -> Conclusion {
    conclude(summary, Policy::recorded(summary))
}

fn rendered(record: &Record, format: Format) -> String {
    let summary = record.totals();
    let mut octets = Vec::new();
    render(format, record.path(), &summary, &concluded(&summary), &mut octets).expect("rendered");
    String::from_utf8(octets).expect("text")
}

fn failures(record: &Record, width: usize) -> String {
    console::failures(record.path(), &record.totals(), Layout::plain(width)).expect("readable")
}

fn summary(record: &Record) -> String {
    let summary = record.totals();
    console::summary(&summary, &concluded(&summary), Path::new("triwire-report"), Layout::plain(100))
}

#[test]
fn console_summary() {
    let text = summary(&Record::of(&mixed()));
    assert!(text.lines().count() <= 15);
    insta::assert_snapshot!(text, @"");
}

#[test]
fn console_summary_of_the_embedded_target_says_what_it_is_not() {
    let mut events = run([trial("adds", Wire::Json, Pass, &["SHAPE"]).event()]);
    if let Some(Event::RunStarted(started)) = events.first_mut() {
        started.target.embedded = true;
        "embedded reference target".clone_into(&mut started.target.address);
    }
    insta::assert_snapshot!(summary(&Record::of(&events)), @"");
}

#[test]
fn console_failures() {
    insta::assert_snapshot!(failures(&Record::of(&mixed()), 90), @"");
}

#[test]
fn console_says_nothing_where_nothing_failed() {
    let record = Record::of(&run([trial("adds", Wire::Json, Pass, &["SHAPE"]).event()]));
    assert_eq!(failures(&record, 90), "");
}

#[test]
fn narrow_terminals_wrap() {
    let text = failures(&Record::of(&mixed()), 44);
    let (told, _) = text.split_once("  again").expect("a curl line");
    for line in told.lines().filter(|line| !line.contains("://")) {
        assert!(line.chars().count() <= 44, "{line}");
    }
}

#[test]
fn one_root_cause_is_shown_once() {
    let events = run((0..50).map(|case| trial(&format!("c{case}"), Wire::Json, Fail, &["SHAPE"]).exchange(exchange(case + 1, Wire::Json)).event()));
    let text = failures(&Record::of(&events), 90);
    assert_eq!(text.matches("FAIL").count(), 1, "{text}");
    assert!(text.contains("50 results, on json/h1; the first is shown"), "{text}");
}

#[test]
fn styles_only_where_they_are_wanted() {
    let record = Record::of(&mixed());
    let styled = console::failures(record.path(), &record.totals(), Layout { width: 90, styled: true }).expect("readable");
    assert!(styled.contains("\u{1b}[1m"));
    assert!(!failures(&record, 90).contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&styled).to_string(), failures(&record, 90));
}

#[test]
fn junit() {
    insta::assert_snapshot!(rendered(&Record::of(&mixed()), Format::Junit), @"");
}

#[test]
fn junit_has_no_character_that_xml_forbids() {
    let text = rendered(&Record::of(&mixed()), Format::Junit);
    assert!(!text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')));
}

#[test]
fn json() {
    let record = Record::of(&mixed());
    insta::assert_snapshot!(rendered(&record, Format::Json), @"");
}

#[test]
fn json_follows_its_schema() {
    let schema = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/format/report.schema.json")).expect("the schema");
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a schema");
    let mut repeated = mixed();
    repeated.push(trial("adds", Wire::Json, Pass, &["SHAPE"]).repeat(2).event());
    for events in [mixed(), run([]), repeated, mixed().into_iter().take(3).collect(), Vec::new()] {
        let report = serde_json::from_str(&rendered(&Record::of(&events), Format::Json)).expect("JSON");
        let errors: Vec<String> = schema.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn the_same_record_gives_the_same_octets() {
    let record = Record::of(&mixed());
    for format in Format::ALL {
        assert_eq!(rendered(&record, format), rendered(&record, format));
    }
    assert_eq!(rendered(&record, Format::Jsonl), std::fs::read_to_string(record.path()).expect("the record"));
}

#[test]
fn a_record_that_was_cut_off_is_reported_and_marked() {
    let record = Record::of(&mixed());
    let text = std::fs::read_to_string(record.path()).expect("the record");
    for cut in [text.len() - 3, text.trim_end().rfind('\n').expect("lines") + 1, text.len() / 2] {
        std::fs::write(record.path(), &text[..cut]).expect("written");
        let last = record::events(record.path()).expect("opened").last().expect("items");
        assert!(matches!(last.expect_err("cut off").kind, ReadErrorKind::Truncated));
        let summary = record.totals();
        assert!(!summary.is_complete());
        assert_eq!(concluded(&summary).exit.number(), 3);
        assert!(rendered(&record, Format::Json).contains("\"complete\": false"));
        assert!(rendered(&record, Format::Junit).contains("name=\"complete\" value=\"false\""));
    }
}

#[test]
fn a_line_that_is_no_event_is_told_with_its_place() {
    let record = Record::of(&mixed());
    let mut file = std::fs::OpenOptions::new().append(true).open(record.path()).expect("the record");
    writeln!(file, "{{\"event\":\"unknown\"}}").expect("written");
    let error = record::events(record.path()).expect("opened").find_map(Result::err).expect("an error");
    assert_eq!(error.line, 13);
    assert!(error.to_string().contains("not an event"), "{error}");
}

#[test]
fn an_event_comes_back_as_it_was_written() {
    let record = Record::of(&mixed());
    let read: Vec<Event> = record::events(record.path()).expect("opened").map(|event| event.expect("an event")).collect();
    assert_eq!(read, mixed());
}

#[test]
fn curl_takes_every_kind_of_request() {
    let mut odd = exchange(3, Wire::Json);
    odd.sent.verb = "PUT".to_owned();
    odd.sent.path = "/a[1]?t=<run-token----->&u=<other-token---->".to_owned();
    odd.sent.fields = vec![Field::new("x-octets", b"caf\xe9"), Field::new("authorization", "Bearer ****")];
    odd.sent.content = Body { kept: Octets(b"it's\nhere".to_vec()), length: 400, sha256: None, reencoded: false };
    let record = Record::of(&run([trial("odd", Wire::Json, Fail, &["SHAPE"]).exchange(odd).event()]));
    let text = failures(&record, 90);
    let (_, curl) = text.split_once("  again     ").expect("a curl line");
    insta::assert_snapshot!(curl, @"");
}

/// A writer whose octets can be looked at afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn progress_is_a_few_plain_lines_where_there_is_no_terminal() {
    let shared = Shared::default();
    let mut progress = Progress::to(Box::new(shared.clone()), false, 80);
    let mut events = vec![Event::RunStarted(started(100))];
    events.extend((0..100).map(|case| trial(&format!("c{case}"), Wire::Json, Pass, &["SHAPE"]).event()));
    events.push(left());
    for event in &events {
        progress.show(event);
    }
    progress.finish();
    let text = String::from_utf8(shared.0.lock().expect("not poisoned").clone()).expect("text");
    assert_eq!(text.lines().count(), 12, "{text}");
    assert!(text.starts_with("run r4nd0m: 100 results planned for http://127.0.0.1:8080, seed 7\n10/100  10 pass\n"), "{text}");
    assert!(text.ends_with("left: organization org.id 4711 (its removal took too long)\n"), "{text}");
    assert!(!text.contains('\u{1b}'));
}
