//! What is judged, and as what: everything that flags, target file and environment say of the target.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use triwire::case::nearest;
use triwire::record::event::TargetIdentity;
use triwire::reference::{self, Reference};
use triwire::target::{Endpoint, PROFILES, Statement, Timeouts, Trust};
use triwire::wire::{Connector, Transport};

use super::Failure;
use super::args::RunOptions;

/// A target, ready to be judged.
pub struct Aim {
    pub connector: Connector,
    pub token: Option<String>,
    pub claimed: Vec<Transport>,
    pub profiles: BTreeSet<String>,
    pub identity: TargetIdentity,
}

/// The target that was chosen.
pub enum Chosen {
    /// The embedded one; it isn't started yet.
    Embedded(Box<reference::Options>),
    /// One in another process.
    Live(Box<Aim>),
}

/// Reads all that is said of the target. Nothing is started or sent.
pub fn choose(options: &RunOptions, statement: Option<Statement>) -> Result<Chosen, Failure> {
    let profiles = profiles(options)?;
    let url = match &options.url {
        Some(url) if url.is_empty() => {
            return Err(Failure::usage(
                "the address of the target is empty; is a variable unset? Leave it out to judge the embedded reference target",
            ));
        }
        Some(url) => Some(url.clone()),
        None => statement.as_ref().and_then(|statement| statement.url.clone()),
    };
    match (url, options.target_option()) {
        (None, Some(option)) => {
            Err(Failure::usage(format!("{option} speaks of a target, but no address was given: triwire run http://HOST:PORT {option} ...")))
        }
        (None, None) => {
            let settings = super::serve::kind(options.fault.as_deref(), options.variant.as_deref())?;
            Ok(Chosen::Embedded(Box::new(settings)))
        }
        (Some(url), _) => live(options, &url, statement.unwrap_or_default(), profiles).map(|aim| Chosen::Live(Box::new(aim))),
    }
}

fn profiles(options: &RunOptions) -> Result<BTreeSet<String>, Failure> {
    if let Some(unknown) = options.profile.iter().find(|profile| !PROFILES.contains(&profile.as_str())) {
        let hint =
            nearest(unknown, PROFILES).map_or_else(|| format!("known are {}", PROFILES.join(", ")), |it| format!("did you mean `{it}`?"));
        return Err(Failure::usage(format!("there is no profile `{unknown}`; {hint}")));
    }
    Ok(options.profile.iter().cloned().chain(["core".to_owned()]).collect())
}

fn live(options: &RunOptions, url: &str, statement: Statement, mut profiles: BTreeSet<String>) -> Result<Aim, Failure> {
    for (given, option) in [(&options.fault, "--fault"), (&options.variant, "--variant")] {
        if given.is_some() {
            return Err(Failure::usage(format!("{option} speaks of the embedded target, but the address of another one was given")));
        }
    }
    let mut endpoint = Endpoint::parse(url).map_err(Failure::usage)?;
    let address = endpoint.url();
    if let Some(authority) = options.authority.as_ref().or(statement.authority.as_ref()) {
        endpoint = endpoint.with_authority(authority).map_err(|error| Failure::usage(format!("--authority: {error}")))?;
    }
    let trust = Trust { ca: options.ca.clone().or(statement.ca) };
    let connector = Connector::new(endpoint, &trust, timeouts(options)).map_err(Failure::usage)?;
    let token = Some(token(options)?);
    profiles.extend(statement.profiles);
    let names =
        [("name", options.target_name.clone().or(statement.name)), ("version", options.target_version.clone().or(statement.version))];
    let claimed: BTreeMap<String, String> =
        names.into_iter().filter_map(|(key, value)| value.map(|value| (key.to_owned(), value))).collect();
    let identity = TargetIdentity { address, embedded: false, claimed, observed: BTreeMap::new() };
    Ok(Aim { connector, token, claimed: statement.transports, profiles, identity })
}

/// The embedded target claims everything.
pub fn embedded(options: &RunOptions, target: &Reference) -> Result<Aim, Failure> {
    let endpoint = Endpoint::parse(&target.url()).map_err(Failure::harness)?;
    Ok(Aim {
        connector: Connector::new(endpoint, &Trust::default(), timeouts(options)).map_err(Failure::harness)?,
        token: Some(target.token().to_owned()),
        claimed: Transport::ALL.to_vec(),
        profiles: PROFILES.into_iter().map(str::to_owned).collect(),
        identity: TargetIdentity {
            address: "embedded reference target".to_owned(),
            embedded: true,
            claimed: BTreeMap::new(),
            observed: BTreeMap::new(),
        },
    })
}

/// The token from file, environment or standard input; never from the command line, and never in a message.
fn token(options: &RunOptions) -> Result<String, Failure> {
    let text = match &options.token_file {
        Some(path) if path == Path::new("-") => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map_err(|error| Failure::usage(format!("can't read the token from standard input: {error}")))?;
            text
        }
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("can't read the token file {}: {error}", path.display())))?,
        None => std::env::var("TRIWIRE_TOKEN").map_err(|_| {
            Failure::usage("no token was given; put it into a file and name it with --token-file FILE, or set TRIWIRE_TOKEN")
        })?,
    };
    let token = text.trim();
    if token.is_empty() {
        return Err(Failure::usage("the token is empty; is the file or TRIWIRE_TOKEN the right one?"));
    }
    if !token.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Err(Failure::usage("the token has a blank or a character that can't stand in a header field; is it the right file?"));
    }
    Ok(token.to_owned())
}

pub fn timeouts(options: &RunOptions) -> Timeouts {
    let default = Timeouts::default();
    match options.timeout {
        None => default,
        Some(timeout) => {
            Timeouts { connect: default.connect.min(timeout.max(Duration::from_secs(1))), head: timeout, idle: timeout, whole: timeout * 2 }
        }
    }
}
