//! The flags.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use triwire::conclude::EXIT_TABLE;
use triwire::report::{Destination, FORMATS};
use triwire::wire::Wire;

/// Conformance test harness for APIs that offer one contract on three wires: JSON over HTTP, gRPC and gRPC-Web.
#[derive(Debug, Parser)]
#[command(name = "triwire", version, about, after_help = EXIT_TABLE, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the suite against a target, or against the embedded reference target
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunOptions>),
    /// Remove what earlier runs left, as their journal lists it
    #[command(after_help = CLEAN_HELP)]
    Clean(Box<CleanOptions>),
    /// Serve the reference target, correct or with a declared fault
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServeOptions),
    /// List the trials of the suite
    List(ListOptions),
    /// Read case files, target file and schemas and report every mistake; nothing is sent
    Check(CheckOptions),
    /// Prove the suite on the reference target: each fault is caught, each legal variant is spared, null targets pass nothing, no expectation is without effect
    #[command(after_help = PROVE_HELP)]
    Prove(ProveOptions),
    /// Say what a requirement means and how it is observed, or what a case does; nothing is sent
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainOptions),
    /// Print the catalogue: what is tested, by what, and what is not, and why; nothing is sent
    Requirements(RequirementsOptions),
}

const RUN_EXAMPLES: &str = "\
Examples:
  triwire run                                          judge the embedded reference target
  triwire run http://127.0.0.1:8080 --token-file pat.txt
  triwire run https://gateway:443 --ca ca.pem --authority api.example --token-file - <pat.txt
  triwire run --json http://127.0.0.1:8080 --grpc http://127.0.0.1:9090 --grpc-web http://127.0.0.1:8080/web --token-file pat.txt
  triwire run --fault no-date                          see a failure
  triwire run --suite library http://127.0.0.1:8080 --token-file pat.txt      another API

Without an address the embedded reference target is judged. URL is the address of all wires that have none of their own. All options about
TLS and names hold for each address. Proxy variables of the environment are ignored.

The token needs the role of an instance administrator: a run creates organizations of its own and removes them. It is never given on the
command line, where other users of the machine would see it. `triwire --help` explains the exit status.";

const PROVE_HELP: &str = "\
Examples:
  triwire prove                                        everything
  triwire prove GRPC-STATUS                            faults and variants of these requirements, or with this in their names
  triwire prove --check docs                           also that the kill matrix there is up to date

Exit status:
    2  wrong usage
    3  fault of the harness, or a file can't be written
    1  something isn't as it should be, or the matrix is out of date
    0  proven";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  triwire explain GRPC-STATUS-ONCE
  triwire explain second_factors::adds                 a case, by its id or the beginning of it";

const CLEAN_HELP: &str = "\
Example:
  triwire clean http://127.0.0.1:8080 --token-file pat.txt --out triwire-report

A run writes down what it makes before it makes it. What is left after a crash, or after a second Ctrl-C, is removed with the token that is
given now: with the options for the target that the run had. What was made at another address is left alone.

Exit status, the first that applies:
  130, 143  interrupted
    2  wrong usage, or the folder has no journal; nothing was sent
    5  the target can't be used
    3  fault of the harness, or the journal can't be written
    1  something is left
    0  nothing is left";

const SERVE_EXAMPLES: &str = "\
Example:
  triwire serve --listen 127.0.0.1:8080 --token-out pat.txt &
  triwire run http://127.0.0.1:8080 --token-file pat.txt";

/// Where the target is and how it is reached.
#[derive(Debug, Args)]
pub struct TargetOptions {
    /// Address of the target, http://HOST:PORT or https://HOST:PORT, with a path before all others if need be
    #[arg(value_name = "URL")]
    pub url: Option<String>,

    /// File with the token of the run, `-` for standard input; without this option TRIWIRE_TOKEN holds it
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub token_file: Option<PathBuf>,
    /// Target file (YAML): addresses, wires, profiles, name and version
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub target: Option<PathBuf>,
    /// Address of the wire json, where it is another
    #[arg(long, value_name = "URL", help_heading = "Target")]
    pub json: Option<String>,
    /// Address of the wire grpc, where it is another
    #[arg(long, value_name = "URL", help_heading = "Target")]
    pub grpc: Option<String>,
    /// Address of the wires grpc-web and grpc-web-text, where it is another
    #[arg(long, value_name = "URL", help_heading = "Target")]
    pub grpc_web: Option<String>,
    /// Address for set-up and removal beside the target, e.g. of the server behind a proxy that is judged
    #[arg(long, value_name = "URL", help_heading = "Target")]
    pub setup_url: Option<String>,
    /// PEM file with the certificate authorities that are trusted instead of the system's
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub ca: Option<PathBuf>,
    /// Don't verify certificates: whoever answers is judged, and gets the token
    #[arg(long, conflicts_with = "ca", help_heading = "Target")]
    pub insecure: bool,
    /// PEM file with the certificate to show to a target that demands one
    #[arg(long, value_name = "FILE", requires = "client_key", help_heading = "Target")]
    pub client_cert: Option<PathBuf>,
    /// PEM file with the private key of that certificate
    #[arg(long, value_name = "FILE", requires = "client_cert", help_heading = "Target")]
    pub client_key: Option<PathBuf>,
    /// Name to send as Host and :authority (and in TLS), where the target answers to another than is dialled
    #[arg(long, value_name = "HOST[:PORT]", help_heading = "Target")]
    pub authority: Option<String>,
}

impl TargetOptions {
    /// The first of these options that was given, as typed.
    pub fn first(&self) -> Option<&'static str> {
        [
            (self.token_file.is_some(), "--token-file"),
            (self.target.is_some(), "--target"),
            (self.setup_url.is_some(), "--setup-url"),
            (self.ca.is_some(), "--ca"),
            (self.insecure, "--insecure"),
            (self.client_cert.is_some(), "--client-cert"),
            (self.authority.is_some(), "--authority"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }
}

#[derive(Debug, Args)]
pub struct RunOptions {
    #[command(flatten)]
    pub aim: TargetOptions,
    /// Name of the target for the record (claimed)
    #[arg(long, value_name = "NAME", help_heading = "Target")]
    pub target_name: Option<String>,
    /// Version of the target for the record (claimed)
    #[arg(long, value_name = "VERSION", help_heading = "Target")]
    pub target_version: Option<String>,

    /// Let cases change what belongs to the whole instance (its default policy); it is restored afterwards
    #[arg(long, help_heading = "Target")]
    pub allow_instance_changes: bool,

    /// Start the embedded target with this fault
    #[arg(long, value_name = "NAME", help_heading = "Embedded target", conflicts_with = "variant")]
    pub fault: Option<String>,
    /// Start the embedded target as this legal variant
    #[arg(long, value_name = "NAME", help_heading = "Embedded target")]
    pub variant: Option<String>,

    /// Only this wire; may be given several times
    #[arg(long, value_name = "WIRE", help_heading = "Selection")]
    pub wire: Vec<Wire>,
    /// Only trials whose name contains this text; may be given several times
    #[arg(long, value_name = "TEXT", help_heading = "Selection")]
    pub filter: Vec<String>,
    /// Also this profile, beside core: zitadel or hardening; may be given several times
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    pub profile: Vec<String>,
    /// Case files of this folder instead of those inside the binary
    #[arg(long, value_name = "DIR", help_heading = "Selection", conflicts_with = "suite")]
    pub cases: Option<PathBuf>,
    /// Another API: a folder with its own proto/, schemas/ and cases/ (with suite.yaml and requirements/)
    #[arg(long, value_name = "DIR", help_heading = "Selection")]
    pub suite: Option<PathBuf>,

    /// Groups that are executed at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Execution")]
    pub jobs: u16,
    /// Seed of the order; a random one is chosen and recorded
    #[arg(long, value_name = "N", help_heading = "Execution")]
    pub seed: Option<u64>,
    /// Seconds until the response head, and between two octets (default 30); a whole exchange may take twice that
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Execution")]
    pub timeout: Option<Duration>,
    /// Seconds that reads may lag behind writes (default 15)
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Execution")]
    pub bound: Option<Duration>,
    /// Execute everything so many times; different verdicts are a finding of their own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000), help_heading = "Execution")]
    pub repeat: u32,

    /// Folder of record, journal and reports
    #[arg(long, value_name = "DIR", default_value = "triwire-report", help_heading = "Reports")]
    pub out: PathBuf,
    // Its help names the formats that are registered.
    #[arg(long, value_name = "FORMAT=PATH", help = report_help(), help_heading = "Reports")]
    pub report: Vec<Destination>,
    /// What makes the run fail: `must` or `should`
    #[arg(long, value_name = "LEVEL", default_value = "must", value_parser = ["must", "should"], help_heading = "Reports")]
    pub gate: String,
    /// Failures that are expected of the target, each with its reason (YAML); see docs/known-failures.md
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub known_failures: Option<PathBuf>,
    /// Accept what was skipped for this reason: `permission`
    #[arg(long, value_name = "REASON", value_parser = ["permission"], help_heading = "Reports")]
    pub allow_skip: Option<String>,
    /// No progress on stderr
    #[arg(long, short, help_heading = "Reports")]
    pub quiet: bool,
}

impl RunOptions {
    /// The first option that speaks of a target, as typed.
    pub fn target_option(&self) -> Option<&'static str> {
        let named = [
            (self.target_name.is_some(), "--target-name"),
            (self.target_version.is_some(), "--target-version"),
            (self.allow_instance_changes, "--allow-instance-changes"),
        ];
        self.aim.first().or_else(|| named.into_iter().find_map(|(given, name)| given.then_some(name)))
    }
}

#[derive(Debug, Args)]
pub struct CleanOptions {
    #[command(flatten)]
    pub aim: TargetOptions,

    /// Folder with the journal
    #[arg(long, value_name = "DIR", default_value = "triwire-report")]
    pub out: PathBuf,
    /// Case files of this folder instead of those inside the binary
    #[arg(long, value_name = "DIR", conflicts_with = "suite")]
    pub cases: Option<PathBuf>,
    /// Another API: a folder with its own proto/, schemas/ and cases/
    #[arg(long, value_name = "DIR")]
    pub suite: Option<PathBuf>,
    /// Seconds until the response head, and between two octets (default 30)
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
}

#[derive(Debug, Args)]
pub struct ServeOptions {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// File that the token of the instance administrator is written to
    #[arg(long, value_name = "FILE")]
    pub token_out: Option<PathBuf>,
    /// Serve with this fault
    #[arg(long, value_name = "NAME", conflicts_with = "variant")]
    pub fault: Option<String>,
    /// Serve as this legal variant
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// Speak TLS with a self-signed certificate
    #[arg(long)]
    pub tls: bool,
    /// Another name that the certificate is for; may be given several times
    #[arg(long, value_name = "NAME", requires = "tls")]
    pub tls_name: Vec<String>,
    /// File that the certificate is written to (PEM), for --ca of a client
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub ca_out: Option<PathBuf>,
    /// PEM file with the authorities by one of which the certificate of every client has to be signed
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub client_ca: Option<PathBuf>,
    /// Serve below this path, e.g. /api
    #[arg(long, value_name = "PATH", value_parser = prefix)]
    pub prefix: Option<String>,
    /// List faults, variants and null targets, and exit
    #[arg(long)]
    pub list: bool,
}

#[derive(Debug, Args)]
pub struct ListOptions {
    /// Only this wire; may be given several times
    #[arg(long, value_name = "WIRE")]
    pub wire: Vec<Wire>,
    /// Only trials whose name contains this text; may be given several times
    #[arg(long, value_name = "TEXT")]
    pub filter: Vec<String>,
    /// Case files of this folder instead of those inside the binary
    #[arg(long, value_name = "DIR", conflicts_with = "suite")]
    pub cases: Option<PathBuf>,
    /// Another API: a folder with its own proto/, schemas/ and cases/
    #[arg(long, value_name = "DIR")]
    pub suite: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ProveOptions {
    /// Pieces of names of faults, variants, null targets or requirements: only these are tried
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Each fault and each variant meets the whole suite, instead of what speaks of its requirement (slow)
    #[arg(long)]
    pub full: bool,
    /// Write the kill matrix into this folder, as JSON, Markdown and a page
    #[arg(long, value_name = "DIR", conflicts_with = "check")]
    pub matrix: Option<PathBuf>,
    /// Fail where the kill matrix in this folder is out of date
    #[arg(long, value_name = "DIR")]
    pub check: Option<PathBuf>,
    /// No progress on stderr
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub struct ExplainOptions {
    /// Id of a requirement, or of a case or trial; the beginning of a case's id is enough
    #[arg(value_name = "CASE|REQUIREMENT")]
    pub name: String,
    /// Case files of this folder instead of those inside the binary
    #[arg(long, value_name = "DIR", conflicts_with = "suite")]
    pub cases: Option<PathBuf>,
    /// Another API: a folder with its own proto/, schemas/ and cases/
    #[arg(long, value_name = "DIR")]
    pub suite: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct RequirementsOptions {
    /// `text`, `json` or `markdown`
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json", "markdown"])]
    pub format: String,
    /// Only those that are untested on a wire
    #[arg(long)]
    pub untested: bool,
    /// Case files of this folder instead of those inside the binary
    #[arg(long, value_name = "DIR", conflicts_with = "suite")]
    pub cases: Option<PathBuf>,
    /// Another API: a folder with its own proto/, schemas/ and cases/
    #[arg(long, value_name = "DIR")]
    pub suite: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CheckOptions {
    /// Folder with suite.yaml and case files; without one those inside the binary are read
    #[arg(conflicts_with = "suite")]
    pub cases: Option<PathBuf>,
    /// Another API: a folder with its own proto/, schemas/ and cases/ (with suite.yaml and requirements/)
    #[arg(long, value_name = "DIR")]
    pub suite: Option<PathBuf>,
    /// A target file to read as well
    #[arg(long, value_name = "FILE")]
    pub target: Option<PathBuf>,
    /// A file of known failures to read as well
    #[arg(long, value_name = "FILE")]
    pub known_failures: Option<PathBuf>,
}

/// A path without a slash at its end.
fn prefix(text: &str) -> Result<String, String> {
    let path = text.trim_end_matches('/');
    if path.starts_with('/') && text.bytes().all(|octet| octet.is_ascii_graphic() && !b"?#".contains(&octet)) {
        Ok(path.to_owned())
    } else {
        Err("give a path that begins with a slash, e.g. /api".to_owned())
    }
}

/// A duration in seconds, with a fraction if need be.
fn seconds(text: &str) -> Result<Duration, String> {
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is no number of seconds"))?;
    if value.is_finite() && value > 0.0 && value <= 86_400.0 {
        Ok(Duration::from_secs_f64(value))
    } else {
        Err("give a number of seconds above 0, at most 86400".to_owned())
    }
}

/// Help of `--report`: the formats that are registered.
fn report_help() -> String {
    let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    format!("Another report; FORMAT is one of {}; may be given several times", names.join(", "))
}
