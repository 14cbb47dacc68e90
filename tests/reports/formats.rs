//! Reports of a hand-made record: what people and other tools see.

use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::events::{Record, agreement, exchange, left, passive, probe, run, started, trial};
use triwire::conclude::{Conclusion, Policy, Summary, conclude};
use triwire::judge::{SkipReason, Verdict};
use triwire::record::{self, Event, ReadErrorKind};
use triwire::report::console::{self, Progress};
use triwire::report::{FORMATS, Format, JSON, JUNIT, Layout, Source};
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

fn rendered(record: &Record, format: &Format) -> String {
    let summary = record.totals();
    let mut octets = Vec::new();
    let source = Source { record: record.path(), summary: &summary, conclusion: &concluded(&summary) };
    (format.render)(source, &mut octets).expect("rendered");
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
    insta::assert_snapshot!(text, @r#"
target    http://127.0.0.1:8080 (demo 1.2, as claimed)
run       r4nd0m of suite example, seed 7, 9 exchanges in 1.2 s
results   8 planned: 2 pass, 4 fail, 1 inconclusive, 1 skip, 0 error
claims    of requirements on wires: 2 pass, 5 fail, 0 inconclusive, 1 skip, 3 untested
live      json
SHOULD    1 result deviates from a SHOULD or MAY
skipped   1 not-applicable
left      not removed: organization org.id 4711 (its removal took too long)
reports   triwire-report
exit      1: 3 results violate a MUST; 1 result that gates is inconclusive
"#);
}

#[test]
fn console_summary_of_the_embedded_target_says_what_it_is_not() {
    let mut events = run([trial("adds", Wire::Json, Pass, &["SHAPE"]).event()]);
    if let Some(Event::RunStarted(started)) = events.first_mut() {
        started.target.embedded = true;
        "embedded reference target".clone_into(&mut started.target.address);
    }
    insta::assert_snapshot!(summary(&Record::of(&events)), @r#"
target    embedded reference target; this says nothing about any other server
run       r4nd0m of suite example, seed 7, 9 exchanges in 1.2 s
results   1 planned: 1 pass, 0 fail, 0 inconclusive, 0 skip, 0 error
claims    of requirements on wires: 1 pass, 0 fail, 0 inconclusive, 0 skip, 10 untested
live      json
reports   triwire-report
exit      0: everything that gates passed, or doesn't apply to the target
"#);
}

#[test]
fn console_failures() {
    insta::assert_snapshot!(failures(&Record::of(&mixed()), 90), @r#"
FAIL  topic::adds::grpc::h2
  seen in   2 results, on grpc-web/h1, grpc/h2; the first is shown
  violates  MUST SHAPE: Answers have details
            Answers have details, always and everywhere.
            A specification, section 1 <https://example.org/specification#1>
  kind      body-differs
  at        body /details/0
  expected  an object
  actual    nothing
  others    grpc-web/h1 (fail): HTTP 200, grpc-status 0, message of 2 octets
            json/h1 (pass): HTTP 200, {"details":{}}
  exchange  number 7 on grpc/h2
            > POST /demo.v1.Things/Add HTTP/2
            > host: 127.0.0.1:8080
            > content-type: application/grpc
            > authorization: Bearer <run-token----->
            > x-empty:
            >
            > frame, flags 0x00, length 2: 08 01
            < HTTP/2 200
            < content-type: application/grpc
            < x-note: bell \u{7} and \u{1b}[31mcolour
            <
            < frame, flags 0x00, length 2: 0a 00
            < (trailers)
            < grpc-status: 0
            < (complete)
  again     printf '\000\000\000\000\002\010\001' | curl -isS --path-as-is 'http://127.0.0.1:8080/demo.v1.Things/Add' \
              --http2-prior-knowledge \
              -H 'content-type: application/grpc' \
              -H 'authorization: Bearer '"$TRIWIRE_TOKEN" \
              -H 'x-empty;' \
              -H 'accept:' \
              -H 'user-agent:' \
              --data-binary @- \
              --output -

FAIL  topic::adds::agreement
  violates  MUST STATE: Adds are stored
            Adds are stored, always and everywhere.
            A specification, section 1 <https://example.org/specification#1>
  kind      disagrees
  at        body /details/0
  expected  an object
  actual    nothing
  others    grpc-web/h1 (fail): HTTP 200, grpc-status 0, message of 2 octets
            json/h1 (pass): HTTP 200, {"details":{}}
  exchange  number 7 on grpc/h2, topic::adds::grpc::h2
            > POST /demo.v1.Things/Add HTTP/2
            > host: 127.0.0.1:8080
            > content-type: application/grpc
            > authorization: Bearer <run-token----->
            > x-empty:
            >
            > frame, flags 0x00, length 2: 08 01
            < HTTP/2 200
            < content-type: application/grpc
            < x-note: bell \u{7} and \u{1b}[31mcolour
            <
            < frame, flags 0x00, length 2: 0a 00
            < (trailers)
            < grpc-status: 0
            < (complete)
  again     printf '\000\000\000\000\002\010\001' | curl -isS --path-as-is 'http://127.0.0.1:8080/demo.v1.Things/Add' \
              --http2-prior-knowledge \
              -H 'content-type: application/grpc' \
              -H 'authorization: Bearer '"$TRIWIRE_TOKEN" \
              -H 'x-empty;' \
              -H 'accept:' \
              -H 'user-agent:' \
              --data-binary @- \
              --output -

Deviations from a SHOULD or MAY:

DEVIATION  requirement::HABIT::json
  violates  SHOULD HABIT: Names are short
            Names are short, always and everywhere.
            A specification, section 1 <https://example.org/specification#1>
  kind      wrong-label
  at        body /details/0
  expected  an object
  actual    nothing
  exchange  number 1 on json/h1, the probe of json/h1
            > POST /v1/things HTTP/1.1
            > host: 127.0.0.1:8080
            > content-type: application/json
            > authorization: Bearer <run-token----->
            > x-empty:
            >
            > {"it":"isn't"}
            < HTTP/1.1 200
            < content-type: application/json
            <
            < {"details":{}}
            < (complete)
  again     curl -isS --path-as-is 'http://127.0.0.1:8080/v1/things' \
              --http1.1 \
              -H 'content-type: application/json' \
              -H 'authorization: Bearer '"$TRIWIRE_TOKEN" \
              -H 'x-empty;' \
              -H 'accept:' \
              -H 'user-agent:' \
              --data-raw '{"it":"isn'\''t"}'

Inconclusive:
  topic::removes::json::h1: because it is inconclusive
"#);
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
    let events =
        run((0..50).map(|case| trial(&format!("c{case}"), Wire::Json, Fail, &["SHAPE"]).exchange(exchange(case + 1, Wire::Json)).event()));
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
    insta::assert_snapshot!(rendered(&Record::of(&mixed()), &JUNIT), @r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="triwire example" tests="8" skipped="2" failures="3" errors="1" time="1.235">
    <testsuite name="requirement" tests="2" skipped="1" errors="0" failures="0">
        <properties>
            <property name="target" value="http://127.0.0.1:8080"/>
            <property name="seed" value="7"/>
            <property name="complete" value="true"/>
        </properties>
        <testcase name="requirement::FORMAT::json" classname="requirement">
            <system-out>held on 3 exchanges, violated on 0</system-out>
        </testcase>
        <testcase name="requirement::HABIT::json" classname="requirement">
            <skipped message="deviation from a SHOULD: HABIT wrong-label: expected an object, got nothing" type="wrong-label">DEVIATION  requirement::HABIT::json
  violates  SHOULD HABIT: Names are short
            Names are short, always and everywhere.
            A specification, section 1 &lt;https://example.org/specification#1&gt;
  kind      wrong-label
  at        body /details/0
  expected  an object
  actual    nothing
  exchange  number 1 on json/h1, the probe of json/h1
            &gt; POST /v1/things HTTP/1.1
            &gt; host: 127.0.0.1:8080
            &gt; content-type: application/json
            &gt; authorization: Bearer &lt;run-token-----&gt;
            &gt; x-empty:
            &gt;
            &gt; {&quot;it&quot;:&quot;isn&apos;t&quot;}
            &lt; HTTP/1.1 200
            &lt; content-type: application/json
            &lt;
            &lt; {&quot;details&quot;:{}}
            &lt; (complete)
  again     curl -isS --path-as-is &apos;http://127.0.0.1:8080/v1/things&apos; \
              --http1.1 \
              -H &apos;content-type: application/json&apos; \
              -H &apos;authorization: Bearer &apos;&quot;$TRIWIRE_TOKEN&quot; \
              -H &apos;x-empty;&apos; \
              -H &apos;accept:&apos; \
              -H &apos;user-agent:&apos; \
              --data-raw &apos;{&quot;it&quot;:&quot;isn&apos;\&apos;&apos;t&quot;}&apos;
</skipped>
            <system-out>held on 0 exchanges, violated on 1</system-out>
        </testcase>
    </testsuite>
    <testsuite name="topic" tests="6" skipped="1" errors="1" failures="3">
        <properties>
            <property name="target" value="http://127.0.0.1:8080"/>
            <property name="seed" value="7"/>
            <property name="complete" value="true"/>
        </properties>
        <testcase name="topic::adds::json::h1" classname="topic" time="0.002">
            <system-out>also seen here: HABIT long-name (exchange 4)</system-out>
        </testcase>
        <testcase name="topic::adds::grpc::h2" classname="topic" time="0.002">
            <failure message="SHAPE body-differs: expected an object, got nothing" type="body-differs">FAIL  topic::adds::grpc::h2
  seen in   2 results, on grpc-web/h1, grpc/h2; the first is shown
  violates  MUST SHAPE: Answers have details
            Answers have details, always and everywhere.
            A specification, section 1 &lt;https://example.org/specification#1&gt;
  kind      body-differs
  at        body /details/0
  expected  an object
  actual    nothing
  others    grpc-web/h1 (fail): HTTP 200, grpc-status 0, message of 2 octets
            json/h1 (pass): HTTP 200, {&quot;details&quot;:{}}
  exchange  number 7 on grpc/h2
            &gt; POST /demo.v1.Things/Add HTTP/2
            &gt; host: 127.0.0.1:8080
            &gt; content-type: application/grpc
            &gt; authorization: Bearer &lt;run-token-----&gt;
            &gt; x-empty:
            &gt;
            &gt; frame, flags 0x00, length 2: 08 01
            &lt; HTTP/2 200
            &lt; content-type: application/grpc
            &lt; x-note: bell \u{7} and \u{1b}[31mcolour
            &lt;
            &lt; frame, flags 0x00, length 2: 0a 00
            &lt; (trailers)
            &lt; grpc-status: 0
            &lt; (complete)
  again     printf &apos;\000\000\000\000\002\010\001&apos; | curl -isS --path-as-is &apos;http://127.0.0.1:8080/demo.v1.Things/Add&apos; \
              --http2-prior-knowledge \
              -H &apos;content-type: application/grpc&apos; \
              -H &apos;authorization: Bearer &apos;&quot;$TRIWIRE_TOKEN&quot; \
              -H &apos;x-empty;&apos; \
              -H &apos;accept:&apos; \
              -H &apos;user-agent:&apos; \
              --data-binary @- \
              --output -
</failure>
        </testcase>
        <testcase name="topic::adds::grpc-web::h1" classname="topic" time="0.002">
            <failure message="SHAPE body-differs: expected an object, got nothing" type="body-differs">SHAPE, body-differs at body /details/0
expected  an object
actual    nothing
the exchange is shown at topic::adds::grpc::h2, which has the same cause
</failure>
        </testcase>
        <testcase name="topic::adds::agreement" classname="topic">
            <failure message="STATE disagrees: expected an object, got nothing" type="disagrees">FAIL  topic::adds::agreement
  violates  MUST STATE: Adds are stored
            Adds are stored, always and everywhere.
            A specification, section 1 &lt;https://example.org/specification#1&gt;
  kind      disagrees
  at        body /details/0
  expected  an object
  actual    nothing
  others    grpc-web/h1 (fail): HTTP 200, grpc-status 0, message of 2 octets
            json/h1 (pass): HTTP 200, {&quot;details&quot;:{}}
  exchange  number 7 on grpc/h2, topic::adds::grpc::h2
            &gt; POST /demo.v1.Things/Add HTTP/2
            &gt; host: 127.0.0.1:8080
            &gt; content-type: application/grpc
            &gt; authorization: Bearer &lt;run-token-----&gt;
            &gt; x-empty:
            &gt;
            &gt; frame, flags 0x00, length 2: 08 01
            &lt; HTTP/2 200
            &lt; content-type: application/grpc
            &lt; x-note: bell \u{7} and \u{1b}[31mcolour
            &lt;
            &lt; frame, flags 0x00, length 2: 0a 00
            &lt; (trailers)
            &lt; grpc-status: 0
            &lt; (complete)
  again     printf &apos;\000\000\000\000\002\010\001&apos; | curl -isS --path-as-is &apos;http://127.0.0.1:8080/demo.v1.Things/Add&apos; \
              --http2-prior-knowledge \
              -H &apos;content-type: application/grpc&apos; \
              -H &apos;authorization: Bearer &apos;&quot;$TRIWIRE_TOKEN&quot; \
              -H &apos;x-empty;&apos; \
              -H &apos;accept:&apos; \
              -H &apos;user-agent:&apos; \
              --data-binary @- \
              --output -
</failure>
        </testcase>
        <testcase name="topic::removes::json::h1" classname="topic" time="0.002">
            <error message="because it is inconclusive" type="inconclusive"/>
        </testcase>
        <testcase name="topic::removes::grpc-web-text::h1" classname="topic" time="0.002">
            <skipped message="not-applicable: because it is skip" type="not-applicable"/>
        </testcase>
    </testsuite>
</testsuites>
"#);
}

#[test]
fn junit_has_no_character_that_xml_forbids() {
    let text = rendered(&Record::of(&mixed()), &JUNIT);
    assert!(!text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')));
}

#[test]
fn json() {
    let record = Record::of(&mixed());
    insta::assert_snapshot!(rendered(&record, &JSON), @r#"
{
"version": 1,
"complete": true,
"target": {"address":"http://127.0.0.1:8080","embedded":false,"claimed":{"name":"demo","version":"1.2"},"observed":{}},
"run": {"name":"r4nd0m","at":"2026-01-02T03:04:05Z","triwire":"0.0.0","suite":"example","suite_hash":"5u173","contract_hash":"c0n7","seed":7,"options":{"gate":"must"},"exchanges":9,"microseconds":1234567},
"conclusion": {"exit":1,"meaning":"a MUST was violated (with --gate should: a MUST or a SHOULD) and is no known failure, or an entry of the known failures isn't true (any more)","sentences":["3 results violate a MUST","1 result that gates is inconclusive"]},
"summary": {"planned":8,"pass":2,"fail":4,"inconclusive":1,"skip":1,"error":0},
"left": [{"fixture":"organization","what":"org.id 4711","reason":"its removal took too long"}],
"results": [
{"id":"topic::adds::json::h1","case":"topic::adds","variant":null,"wire":"json","http":"h1","verdict":"pass","level":"MUST","requirements":["SHAPE"],"violated":[],"reason":null,"exchanges":[4]},
{"id":"topic::adds::grpc::h2","case":"topic::adds","variant":null,"wire":"grpc","http":"h2","verdict":"fail","level":"MUST","requirements":["SHAPE"],"violated":[{"requirement":"SHAPE","kind":"body-differs"}],"reason":"because it is fail","exchanges":[7]},
{"id":"topic::adds::grpc-web::h1","case":"topic::adds","variant":null,"wire":"grpc-web","http":"h1","verdict":"fail","level":"MUST","requirements":["SHAPE"],"violated":[{"requirement":"SHAPE","kind":"body-differs"}],"reason":"because it is fail","exchanges":[8]},
{"id":"topic::adds::agreement","case":"topic::adds","variant":null,"wire":"json+grpc","http":"h1+h2","verdict":"fail","level":"MUST","requirements":["STATE"],"violated":[{"requirement":"STATE","kind":"disagrees"}],"reason":"because it is fail","exchanges":[7]},
{"id":"topic::removes::json::h1","case":"topic::removes","variant":null,"wire":"json","http":"h1","verdict":"inconclusive","level":"MUST","requirements":["STATE"],"violated":[],"reason":"because it is inconclusive","exchanges":[9]},
{"id":"topic::removes::grpc-web-text::h1","case":"topic::removes","variant":null,"wire":"grpc-web-text","http":"h1","verdict":"skip","level":"MUST","requirements":["SHAPE"],"violated":[],"reason":"because it is skip","skip":"not-applicable","exchanges":[]},
{"id":"requirement::FORMAT::json","case":null,"variant":null,"wire":"json","http":null,"verdict":"pass","level":"MUST","requirements":["FORMAT"],"violated":[],"reason":null,"exchanges":[1]},
{"id":"requirement::HABIT::json","case":null,"variant":null,"wire":"json","http":null,"verdict":"fail","level":"SHOULD","requirements":["HABIT"],"violated":[{"requirement":"HABIT","kind":"wrong-label"}],"reason":"because it is fail","exchanges":[1]}
],
"requirements": [
{"id":"FORMAT","wire":"json","level":"MUST","verdict":"pass","held":3,"violated":0,"results":["requirement::FORMAT::json"]},
{"id":"FORMAT","wire":"grpc","level":"MUST","verdict":"untested","held":0,"violated":0,"results":[],"reason":"its passive check has no result"},
{"id":"HABIT","wire":"json","level":"SHOULD","verdict":"fail","held":0,"violated":1,"results":["requirement::HABIT::json"]},
{"id":"HABIT","wire":"grpc","level":"SHOULD","verdict":"untested","held":0,"violated":0,"results":[],"reason":"its passive check has no result"},
{"id":"NICETY","wire":"json","level":"MAY","verdict":"untested","held":0,"violated":0,"results":[],"reason":"its passive check has no result"},
{"id":"SHAPE","wire":"json","level":"MUST","verdict":"pass","held":1,"violated":0,"results":["topic::adds::json::h1"]},
{"id":"SHAPE","wire":"grpc","level":"MUST","verdict":"fail","held":0,"violated":1,"results":["topic::adds::grpc::h2"]},
{"id":"SHAPE","wire":"grpc-web","level":"MUST","verdict":"fail","held":0,"violated":1,"results":["topic::adds::grpc-web::h1"]},
{"id":"SHAPE","wire":"grpc-web-text","level":"MUST","verdict":"skip","held":0,"violated":0,"results":["topic::removes::grpc-web-text::h1"],"reason":"not applicable to this target"},
{"id":"STATE","wire":"json","level":"MUST","verdict":"fail","held":0,"violated":1,"results":["topic::adds::agreement","topic::removes::json::h1"]},
{"id":"STATE","wire":"grpc","level":"MUST","verdict":"fail","held":0,"violated":1,"results":["topic::adds::agreement"]}
]
}
"#);
}

#[test]
fn json_follows_its_schema() {
    let schema = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/format/report.schema.json")).expect("the schema");
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a schema");
    let mut repeated = mixed();
    repeated.push(trial("adds", Wire::Json, Pass, &["SHAPE"]).repeat(2).event());
    for events in [mixed(), run([]), repeated, mixed().into_iter().take(3).collect(), Vec::new()] {
        let report = serde_json::from_str(&rendered(&Record::of(&events), &JSON)).expect("JSON");
        let errors: Vec<String> = schema.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn the_same_record_gives_the_same_octets() {
    let record = Record::of(&mixed());
    for format in FORMATS {
        assert_eq!(rendered(&record, format), rendered(&record, format));
    }
    assert_eq!(rendered(&record, Format::named("jsonl").expect("a format")), std::fs::read_to_string(record.path()).expect("the record"));
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
        assert!(rendered(&record, &JSON).contains("\"complete\": false"));
        assert!(rendered(&record, &JUNIT).contains("name=\"complete\" value=\"false\""));
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
    insta::assert_snapshot!(curl, @r#"
curl -isS -g --path-as-is 'http://127.0.0.1:8080/a[1]?t='"$TRIWIRE_TOKEN"'&u='"$TRIWIRE_OTHER_TOKEN" \
              --http1.1 \
              -X 'PUT' \
              -H "$(printf '\170\055\157\143\164\145\164\163\072\040\143\141\146\351')" \
              -H 'authorization: Bearer '"$TRIWIRE_TOKEN" \
              -H 'accept:' \
              -H 'user-agent:' \
              -H 'content-type:' \
              --data-raw 'it'\''s
            here'
            # the content is longer: 9 of its 400 octets are here
"#);
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
