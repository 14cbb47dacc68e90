//! What is judged, and as what: everything that flags, target file and environment say of the target.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use triwire::case::nearest;
use triwire::record::event::TargetIdentity;
use triwire::reference::{self, Reference, Variant};
use triwire::target::{ClientCertificate, Endpoint, PROFILES, Statement, Timeouts, Trust};
use triwire::wire::{Connector, Routes, Transport, Wire};

use super::args::{RunOptions, TargetOptions};
use super::{Failure, to_stderr};

/// A target, ready to be judged.
pub struct Aim {
    pub routes: Routes,
    pub token: Option<String>,
    pub claimed: Vec<Transport>,
    /// What the target file says of messages.
    pub message_limit: Option<u64>,
    pub origins: Vec<String>,
    pub offers: Vec<String>,
    pub profiles: BTreeSet<String>,
    pub identity: TargetIdentity,
}

impl Aim {
    /// The address at which a run makes what it needs.
    pub fn provisioned_at(&self) -> &str {
        self.identity.setup.as_deref().unwrap_or(&self.identity.address)
    }
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
    let statement = statement.unwrap_or_default();
    let places = Places::read(&options.aim, &statement)?;
    match (places.any(), options.target_option()) {
        (false, Some(option)) => {
            Err(Failure::usage(format!("{option} speaks of a target, but no address was given: triwire run http://HOST:PORT {option} ...")))
        }
        (false, None) => {
            let settings = super::serve::kind(options.fault.as_deref(), options.variant.as_deref())?;
            Ok(Chosen::Embedded(Box::new(settings)))
        }
        (true, _) => {
            for (given, option) in [(&options.fault, "--fault"), (&options.variant, "--variant")] {
                if given.is_some() {
                    return Err(Failure::usage(format!(
                        "{option} speaks of the embedded target, but the address of another one was given"
                    )));
                }
            }
            let mut aim = live(&options.aim, &places, statement, &options.wire, options.timeout)?;
            aim.profiles.extend(profiles);
            for (key, value) in [("name", &options.target_name), ("version", &options.target_version)] {
                if let Some(value) = value {
                    aim.identity.claimed.insert(key.to_owned(), value.clone());
                }
            }
            Ok(Chosen::Live(Box::new(aim)))
        }
    }
}

/// The wires that an option names, as typed, and as the target file has it.
const NAMED: [(&str, &[Wire]); 3] =
    [("--json", &[Wire::Json]), ("--grpc", &[Wire::Grpc]), ("--grpc-web", &[Wire::GrpcWeb, Wire::GrpcWebText])];

/// The addresses as they were written; the command line comes before the target file.
pub struct Places {
    url: Option<String>,
    /// In the order of [`NAMED`].
    wires: [Option<String>; 3],
    setup: Option<String>,
}

impl Places {
    /// Those of command line and target file.
    pub fn read(options: &TargetOptions, statement: &Statement) -> Result<Self, Failure> {
        let one = |given: &Option<String>, declared: &Option<String>| match given {
            Some(url) if url.is_empty() => Err(Failure::usage(
                "the address of the target is empty; is a variable unset? Leave it out to judge the embedded reference target",
            )),
            Some(url) => Ok(Some(url.clone())),
            None => Ok(declared.clone()),
        };
        Ok(Self {
            url: one(&options.url, &statement.url)?,
            wires: [
                one(&options.json, &statement.json)?,
                one(&options.grpc, &statement.grpc)?,
                one(&options.grpc_web, &statement.grpc_web)?,
            ],
            setup: one(&options.setup_url, &statement.setup_url)?,
        })
    }

    /// Whether there is an address of something that could be judged.
    pub fn any(&self) -> bool {
        self.url.is_some() || self.wires.iter().any(Option::is_some)
    }

    /// For who only removes, the address for set-up is enough.
    pub fn or_setup(self) -> Self {
        if self.any() { self } else { Self { url: self.setup, setup: None, ..self } }
    }

    /// The wires that have an address.
    pub fn wires(&self) -> Vec<Wire> {
        let named = NAMED.iter().zip(&self.wires).filter(|(_, url)| url.is_some() || self.url.is_some());
        named.flat_map(|((_, wires), _)| wires.iter().copied()).collect()
    }

    /// An option about TLS that nothing would use is a mistake: whoever gives it believes that the connection is safe.
    fn check_tls(&self, options: &TargetOptions) -> Result<(), Failure> {
        let given = [
            ("--ca", options.ca.is_some()),
            ("--insecure", options.insecure),
            ("--client-cert", options.client_cert.is_some()),
            ("--client-key", options.client_key.is_some()),
        ];
        let mut addresses = self.url.iter().chain(self.wires.iter().flatten()).chain(&self.setup);
        match given.into_iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) if addresses.all(|url| url.starts_with("http://")) => Err(Failure::usage(format!(
                "{option} speaks of TLS, but the address begins with http://; write https://, or leave {option} out"
            ))),
            _ => Ok(()),
        }
    }

    /// Wires without an address are none of which nothing could be said: that has to be asked for.
    fn check_complete(&self, wanted: &[Wire]) -> Result<(), Failure> {
        let is_wanted = |wires: &[Wire]| wires.iter().any(|wire| wanted.is_empty() || wanted.contains(wire));
        let missing: Vec<&str> = NAMED
            .iter()
            .zip(&self.wires)
            .filter(|((_, wires), url)| url.is_none() && is_wanted(wires))
            .map(|((option, _), _)| option.trim_start_matches("--"))
            .collect();
        if self.url.is_some() || missing.is_empty() {
            return Ok(());
        }
        Err(Failure::usage(format!(
            "no address was given for the wires {}: give one for all that aren't named, or --wire for those that are to be judged",
            missing.join(", ")
        )))
    }
}

/// Where the target is and how it is reached; profiles and names are those of the target file.
pub fn live(
    options: &TargetOptions,
    places: &Places,
    statement: Statement,
    wanted: &[Wire],
    timeout: Option<Duration>,
) -> Result<Aim, Failure> {
    places.check_complete(wanted)?;
    places.check_tls(options)?;
    let client = match (options.client_cert.clone().or(statement.client_cert), options.client_key.clone().or(statement.client_key)) {
        (None, None) => None,
        (Some(cert), Some(key)) => Some(ClientCertificate { cert, key }),
        _ => return Err(Failure::usage("a client certificate needs its key: client-cert and client-key go together")),
    };
    let trust = Trust { ca: options.ca.clone().or(statement.ca).filter(|_| !options.insecure), insecure: options.insecure, client };
    let authority = options.authority.as_ref().or(statement.authority.as_ref());
    let connector = |url: &str| {
        let mut endpoint = Endpoint::parse(url).map_err(Failure::usage)?;
        let address = endpoint.url();
        if let Some(authority) = authority {
            endpoint = endpoint.with_authority(authority).map_err(|error| Failure::usage(format!("--authority: {error}")))?;
        }
        Ok((address, Connector::new(endpoint, &trust, timeouts(timeout)).map_err(Failure::usage)?))
    };
    let mut identity = TargetIdentity { insecure: options.insecure, ..TargetIdentity::default() };
    let mut routes: Option<Routes> = None;
    if let Some(url) = &places.url {
        let (address, connector) = connector(url)?;
        for wire in Wire::ALL {
            identity.addresses.insert(wire.name().to_owned(), address.clone());
        }
        routes = Some(connector.into());
    }
    for ((_, wires), url) in NAMED.iter().zip(&places.wires) {
        let Some(url) = url else { continue };
        let (address, connector) = connector(url)?;
        for wire in *wires {
            identity.addresses.insert(wire.name().to_owned(), address.clone());
        }
        routes = Some(match routes {
            Some(routes) => routes.with(wires, connector),
            None => connector.into(),
        });
    }
    let mut routes = routes.ok_or_else(|| Failure::usage("no address was given"))?;
    let different: BTreeSet<&String> = identity.addresses.values().collect();
    if let [one] = different.iter().collect::<Vec<_>>()[..] {
        identity.address = (*one).clone();
        identity.addresses.clear();
    } else {
        let shown = identity.addresses.iter().filter(|(wire, _)| *wire != Wire::GrpcWebText.name());
        identity.address = shown.map(|(wire, url)| format!("{wire} {url}")).collect::<Vec<_>>().join(", ");
    }
    if let Some(url) = &places.setup {
        let (address, connector) = connector(url)?;
        identity.setup = Some(address);
        routes = routes.with_beside(connector);
    }
    let names = [("name", statement.name), ("version", statement.version)];
    identity.claimed = names.into_iter().filter_map(|(key, value)| value.map(|value| (key.to_owned(), value))).collect();
    let token = Some(token(options)?);
    Ok(Aim {
        routes,
        token,
        claimed: statement.transports,
        message_limit: statement.message_limit,
        origins: statement.browser_origins,
        offers: statement.offers,
        profiles: statement.profiles,
        identity,
    })
}

/// Variables that lead the clients of other tools over a proxy.
const PROXIES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Says what has to be known of how the target is reached, also where no progress is wanted.
pub fn warn(aim: &Aim) {
    if aim.identity.insecure {
        to_stderr(
            "WARNING: --insecure: certificates are not verified. Whoever answers at this address is judged, and gets the token of the run.",
        );
    }
    let set: Vec<&str> = PROXIES.into_iter().filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())).collect();
    if !set.is_empty() {
        to_stderr(&format!("note: {} is set, and ignored: what is judged is what answers at the address itself", set.join(", ")));
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

/// The embedded target declares everything, save what a variant of it lacks.
pub fn embedded(options: &RunOptions, target: &Reference) -> Result<Aim, Failure> {
    let endpoint = Endpoint::parse(&target.url()).map_err(Failure::harness)?;
    let variant = options.variant.as_deref().and_then(|name| reference::variant(name).ok());
    let claimed = if variant.is_none_or(Variant::speaks_everything) { Transport::ALL.to_vec() } else { Vec::new() };
    let is_zitadel = variant.is_none_or(Variant::is_zitadel);
    let profiles = PROFILES.into_iter().filter(|name| is_zitadel || *name != "zitadel").map(str::to_owned).collect();
    Ok(Aim {
        routes: Connector::new(endpoint, &Trust::default(), timeouts(options.timeout)).map_err(Failure::harness)?.into(),
        token: Some(target.token().to_owned()),
        claimed,
        message_limit: Some(reference::MESSAGE_LIMIT as u64),
        origins: variant.map_or_else(|| vec![reference::BROWSER_ORIGIN.to_owned()], Variant::browser_origins),
        offers: Vec::new(),
        profiles,
        identity: TargetIdentity { address: "embedded reference target".to_owned(), embedded: true, ..TargetIdentity::default() },
    })
}

/// The token from file, environment or standard input; never from the command line, and never in a message.
fn token(options: &TargetOptions) -> Result<String, Failure> {
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

pub fn timeouts(timeout: Option<Duration>) -> Timeouts {
    let default = Timeouts::default();
    match timeout {
        None => default,
        Some(timeout) => {
            Timeouts { connect: default.connect.min(timeout.max(Duration::from_secs(1))), head: timeout, idle: timeout, whole: timeout * 2 }
        }
    }
}
