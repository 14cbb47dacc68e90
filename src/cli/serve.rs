//! `triwire serve`: the reference target by itself.

use anstream::{eprintln, println};
use triwire::conclude::ExitStatus;
use triwire::reference::{self, Reference, TlsOptions};

use super::args::ServeOptions;
use super::{Failure, signals};

/// Serves until a signal comes.
pub fn serve(options: ServeOptions) -> Result<ExitStatus, Failure> {
    if options.list {
        list();
        return Ok(ExitStatus::Passed);
    }
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::harness)?;
    runtime.block_on(async {
        let settings = reference::Options {
            listen: options.listen,
            tls: options.tls.then(|| TlsOptions { names: options.tls_name.clone() }),
            ..kind(options.fault.as_deref(), options.variant.as_deref())?
        };
        let target = Reference::start(settings).await.map_err(Failure::usage)?;
        let write = |path: &std::path::Path, text: &str| {
            write_private(path, text).map_err(|error| Failure::harness(format!("can't write {}: {error}", path.display())))
        };
        if let Some(path) = &options.token_out {
            write(path, target.token())?;
        }
        if let (Some(path), Some(pem)) = (&options.ca_out, target.authority_pem()) {
            write(path, pem)?;
        }
        println!("serving {} (Ctrl-C stops)", target.url());
        if options.token_out.is_none() {
            eprintln!("the token of the instance administrator goes to the file that --token-out names");
        }
        let signal = signals::first().await.map_err(Failure::harness)?;
        target.shutdown().await;
        // A server that is told to stop has done its work.
        let _ = signal;
        Ok(ExitStatus::Passed)
    })
}

/// What the reference target is to be; null targets are among the faults.
pub fn kind(fault: Option<&str>, variant: Option<&str>) -> Result<reference::Options, Failure> {
    let mut options = reference::Options::default();
    if let Some(name) = fault {
        match reference::null_target(name) {
            Ok(null) => options.null_target = Some(null),
            Err(_) => options.fault = Some(reference::fault(name).map_err(Failure::usage)?),
        }
    }
    options.variant = variant.map(reference::variant).transpose().map_err(Failure::usage)?;
    Ok(options)
}

/// Only its owner may read a token.
fn write_private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")
}

fn list() {
    println!("Faults: each breaks one requirement");
    for fault in reference::FAULTS {
        println!("  {:36} {:36} {}", fault.name, fault.requirement, fault.summary);
    }
    println!("Legal variants: each differs in a way that the specifications allow");
    for variant in reference::VARIANTS {
        println!("  {:36} {}", variant.name, variant.summary);
    }
    println!("Null targets and hostile ones: nothing may pass on them (names for --fault)");
    for null in reference::NULL_TARGETS {
        println!("  {:36} {}", null.name, null.summary);
    }
}
