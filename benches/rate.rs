//! Exchanges per second with every check on, beside a bare h2 client loop over the same number of connections with one call in flight on each,
//! against the same target in another process; and the peak memory of the runner at two sizes.
//!
//! `cargo bench --bench rate` prints a table. Figures are for reading (docs/performance.md), nothing is asserted.

use std::io::BufRead;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use triwire::contract::Contract;

const TRIWIRE: &str = env!("CARGO_BIN_EXE_triwire");
const CONNECTIONS: usize = 8;

fn main() {
    let folder = std::env::temp_dir().join(format!("triwire-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the bench");
    let token = folder.join("pat.txt");
    let (mut server, url) = serve(&token);
    println!("{CONNECTIONS} connections, one call in flight on each, target in another process");
    let few = measure(&url, &token, &folder, 1, &["--filter", "second_factors::"]);
    println!("one topic:               {:>8} exchanges in {:>6.2} s, peak memory {:>4} MB", few.exchanges, few.seconds, few.peak_mb);
    let one = measure(&url, &token, &folder, 1, &[]);
    println!("whole suite once:        {:>8} exchanges in {:>6.2} s, peak memory {:>4} MB", one.exchanges, one.seconds, one.peak_mb);
    let it = measure(&url, &token, &folder, (100_000 / one.exchanges.max(1)).max(1), &[]);
    #[expect(clippy::cast_precision_loss, reason = "figures for reading")]
    let rate = it.exchanges as f64 / it.seconds;
    println!("every check on:          {:>8} exchanges, {rate:>8.0} a second, peak memory {:>4} MB", it.exchanges, it.peak_mb);
    let token = std::fs::read_to_string(&token).expect("the token was written");
    let bare = bare_rate(&url, token.trim(), 20_000);
    println!("bare h2 loop (gRPC):     {:>8} exchanges, {bare:>8.0} a second", 20_000);
    let _ = server.kill();
    let _ = server.wait();
    let _ = std::fs::remove_dir_all(&folder);
}

/// Starts the reference target and waits for its address.
fn serve(token: &Path) -> (Child, String) {
    let mut server = Command::new(TRIWIRE)
        .args(["serve", "--token-out"])
        .arg(token)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the reference target starts");
    let mut line = String::new();
    let stdout = server.stdout.take().expect("its stdout is piped");
    std::io::BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
    let url = line.split_whitespace().find(|word| word.starts_with("http")).expect("an address").to_owned();
    (server, url)
}

struct Measured {
    exchanges: u64,
    seconds: f64,
    peak_mb: u64,
}

/// Runs the suite so many times and watches the memory of the process.
fn measure(url: &str, token: &Path, folder: &Path, repeat: u64, more: &[&str]) -> Measured {
    let out = folder.join(format!("run-{repeat}"));
    let mut run = Command::new(TRIWIRE)
        .args(["run", url, "--quiet", "--profile", "zitadel", "--profile", "hardening", "--token-file"])
        .arg(token)
        .args(["--jobs", &CONNECTIONS.to_string(), "--repeat", &repeat.to_string(), "--out"])
        .arg(&out)
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the runner starts");
    let mut peak_kb = 0;
    let begun = Instant::now();
    while run.try_wait().expect("the runner can be waited for").is_none() {
        peak_kb = peak_kb.max(peak_memory(run.id()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let report = std::fs::read(out.join("report.json")).expect("the report was written");
    let report: serde_json::Value = serde_json::from_slice(&report).expect("the report is JSON");
    let _ = std::fs::remove_dir_all(&out);
    Measured { exchanges: report["run"]["exchanges"].as_u64().unwrap_or(0), seconds, peak_mb: peak_kb / 1024 }
}

/// `VmHWM` of a process, in KiB.
fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

/// Calls a second of a client that does nothing but send and drain.
fn bare_rate(url: &str, token: &str, calls: usize) -> f64 {
    let method = Contract::built_in()
        .descriptors
        .method("zitadel.management.v1.ManagementService/ListLoginPolicySecondFactors")
        .expect("the contract has it");
    let path = format!("{url}{}", method.grpc_path());
    let address = url.trim_start_matches("http://").to_owned();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let begun = Instant::now();
    runtime.block_on(async {
        let mut loops = Vec::new();
        for _ in 0..CONNECTIONS {
            let (path, address, token) = (path.clone(), address.clone(), token.to_owned());
            loops.push(tokio::spawn(async move { bare_loop(&address, &path, &token, calls / CONNECTIONS).await }));
        }
        for it in loops {
            it.await.expect("a loop ends").expect("every call is answered");
        }
    });
    #[expect(clippy::cast_precision_loss, reason = "figures for reading")]
    let rate = calls as f64 / begun.elapsed().as_secs_f64();
    rate
}

async fn bare_loop(address: &str, path: &str, token: &str, calls: usize) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let socket = tokio::net::TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let (mut client, connection) = h2::client::handshake(socket).await?;
    tokio::spawn(connection);
    for _ in 0..calls {
        let request = http::Request::post(path)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("authorization", format!("Bearer {token}"))
            .body(())?;
        client = client.ready().await?;
        let (response, mut body) = client.send_request(request, false)?;
        body.send_data(Bytes::from_static(&[0, 0, 0, 0, 0]), true)?;
        let mut content = response.await?.into_body();
        while let Some(chunk) = content.data().await {
            let length = chunk?.len();
            content.flow_control().release_capacity(length)?;
        }
        content.trailers().await?;
    }
    Ok(())
}
