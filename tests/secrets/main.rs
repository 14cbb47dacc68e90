//! A token is in no file of the output folder and on no stream, in none of its forms, also where the target gives it back.

mod echo;
mod search;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use search::Search;
use triwire::reference::{Options, Reference};
use triwire::wire::hpack::huffman_encode;
use triwire::wire::to_hex;

/// With characters that percent-coding and the two alphabets of base64 write in different ways.
const TOKEN: &str = "tw-S3cr3t_0f~the+run/4711??>>=XyZ";

/// Runs the binary against a target; all that came out: files by name, stdout and stderr.
async fn run(name: &str, url: String) -> (Option<i32>, Vec<(String, Vec<u8>)>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("secrets").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    let out = folder.join("out");
    std::fs::create_dir_all(&folder).unwrap();
    let token = folder.join("token.txt");
    std::fs::write(&token, format!("{TOKEN}\n")).unwrap();
    let done = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_triwire"))
            .args(["run", &url, "--jobs", "8", "--bound", "1", "--timeout", "3", "--profile", "zitadel", "--profile", "hardening"])
            .args(["second_factors::", "auth_tokens::", "::json::h1"].iter().flat_map(|topic| ["--filter", topic]))
            .arg("--token-file")
            .arg(&token)
            .arg("--out")
            .arg(&out)
            .arg("--report")
            .arg(format!("jsonl={}", out.join("copy.jsonl").display()))
            .output()
            .map(|output| (output, out))
    })
    .await
    .unwrap();
    let (output, out) = done.unwrap();
    let mut all = vec![("stdout".to_owned(), output.stdout), ("stderr".to_owned(), output.stderr)];
    all.extend(files(&out).into_iter().map(|path| (path.display().to_string(), std::fs::read(path).unwrap())));
    (output.status.code(), all)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

/// Where the token was found, in which form, and what stands around it.
fn leaks(all: &[(String, Vec<u8>)]) -> Vec<String> {
    let search = Search::of(TOKEN);
    all.iter()
        .flat_map(|(name, octets)| {
            let lines = octets.split(|octet| *octet == b'\n').enumerate();
            lines.flat_map(|(number, line)| search.find(line).into_iter().map(move |form| (number + 1, form))).map(move |(number, form)| {
                let line = octets.split(|octet| *octet == b'\n').nth(number - 1).unwrap_or_default();
                let text = String::from_utf8_lossy(line);
                let around = text.find(TOKEN).map_or_else(String::new, |at| text.chars().skip(at.saturating_sub(120)).take(300).collect());
                format!("{name}:{number}: {form} {around}")
            })
        })
        .collect()
}

fn text<'a>(all: &'a [(String, Vec<u8>)], ending: &str) -> std::borrow::Cow<'a, str> {
    let (_, octets) = all.iter().find(|(name, _)| name.ends_with(ending)).unwrap_or_else(|| panic!("there is no {ending}"));
    String::from_utf8_lossy(octets)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_gives_the_token_back_gets_it_into_no_file() {
    let address = echo::start().await;
    let (status, all) = run("echo", format!("http://{address}")).await;
    let leaks = leaks(&all);
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks[..leaks.len().min(20)].join("\n"));
    // The echo was there, in places of each kind, and the run went far.
    assert_eq!(status, Some(1), "{}", text(&all, "stderr"));
    let record = text(&all, "events.jsonl");
    for sign in ["<run-token", "\"reencoded\":true", "\"undone_coding\":\"gzip\"", "\"event\":\"agreement-ended\""] {
        assert!(record.contains(sign), "the record has no {sign}");
    }
    for file in ["journal.jsonl", "report.json", "junit.xml", "copy.jsonl", "stdout"] {
        assert!(text(&all, file).contains("run-token--"), "{file} speaks nowhere of the token");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_gives_every_octet_back_gets_it_into_no_file() {
    let address = echo::start_mirror().await;
    let (status, all) = run("mirror", format!("http://{address}")).await;
    assert_eq!(status, Some(5), "{}", text(&all, "stderr"));
    let leaks = leaks(&all);
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks[..leaks.len().min(20)].join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_against_the_reference_writes_the_token_nowhere() {
    let target = Reference::start(Options { token: Some(TOKEN.to_owned()), ..Options::default() }).await.unwrap();
    let (status, all) = run("reference", target.url()).await;
    target.shutdown().await;
    assert_eq!(status, Some(0), "{}", text(&all, "stdout"));
    let leaks = leaks(&all);
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks[..leaks.len().min(20)].join("\n"));
    assert!(text(&all, "events.jsonl").contains("Bearer <run-token"));
}

/// A search that finds nothing anywhere would pass the tests above.
#[test]
fn the_search_finds_a_token_in_every_form() {
    let gzip = |octets: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(octets).unwrap();
        encoder.finish().unwrap()
    };
    let within = |text: &str| format!("a text with {text} in it").into_bytes();
    let percent: String = TOKEN.bytes().map(|octet| format!("%{octet:02x}")).collect();
    let mixed: String = TOKEN.char_indices().map(|(at, c)| if at % 2 == 0 { format!("%{:02X}", c as u8) } else { c.to_string() }).collect();
    let escaped: String = TOKEN.bytes().map(|octet| format!("\\u{octet:04x}")).collect();
    let mut planted: Vec<(String, &str, Vec<u8>)> = vec![
        ("as it is".to_owned(), "raw", within(TOKEN)),
        ("percent-coded".to_owned(), "raw with escapes", within(&percent)),
        ("percent-coded here and there".to_owned(), "raw with escapes", within(&mixed)),
        ("with JSON escapes".to_owned(), "raw with escapes", serde_json::to_vec(&escaped).unwrap()),
        ("hexadecimal".to_owned(), "raw in hex", within(&to_hex(format!("x{TOKEN}y").as_bytes()))),
        ("HEXADECIMAL".to_owned(), "raw in hex", within(&to_hex(TOKEN.as_bytes()).to_uppercase())),
        (
            "gzip in hexadecimal".to_owned(),
            "raw inside hex compressed",
            within(&to_hex(&[b"\0\0", gzip(&within(TOKEN)).as_slice()].concat())),
        ),
        ("gzip in base64".to_owned(), "raw inside base64 compressed", within(&STANDARD.encode(gzip(&within(TOKEN))))),
        (
            "gzip in base64 that begins within a quantum".to_owned(),
            "raw inside base64 compressed",
            within(&format!("abc{}", STANDARD.encode(gzip(&within(TOKEN))))),
        ),
        ("base64 twice".to_owned(), "raw in base64 inside base64", within(&STANDARD.encode(STANDARD.encode(TOKEN)))),
        ("base64 in hexadecimal".to_owned(), "raw in base64 inside hex", within(&to_hex(STANDARD.encode(TOKEN).as_bytes()))),
    ];
    for alignment in 0..3 {
        let text = format!("{}{TOKEN}?>", &"123"[..alignment]);
        planted.push((format!("base64 at {alignment}"), "raw in base64", within(&STANDARD.encode(&text))));
        planted.push((format!("url-safe base64 at {alignment}"), "raw in base64", within(&URL_SAFE.encode(&text))));
    }
    // `a` has five bits: every alignment occurs.
    for before in 0..8 {
        let code = huffman_encode(format!("{}{TOKEN} and more", "a".repeat(before)).as_bytes());
        planted.push((format!("Huffman after {before}"), "Huffman", code.clone()));
        planted.push((format!("Huffman after {before}, in hex"), "Huffman in hex", within(&to_hex(&code))));
        planted.push((format!("Huffman after {before}, in base64"), "Huffman in base64", within(&STANDARD.encode(&code))));
    }
    let search = Search::of(TOKEN);
    for (how, form, octets) in planted {
        let found = search.find(&octets);
        assert!(found.contains(form), "{how}: {form} is not in {found:?}");
    }
    let other = within(&TOKEN.replace("S3cr3t", "secret"));
    assert!(search.find(&other).is_empty());
    assert!(search.find(&gzip(&other)).is_empty());
}
