//! `triwire serve`: the reference target by itself.

use triwire::conclude::ExitStatus;
use triwire::reference::{self, Reference, TlsOptions};

use super::args::ServeOptions;
use super::{Failure, signals, to_stderr, to_stdout};

/// Serves until a signal comes.
pub fn serve(options: ServeOptions) -> Result<ExitStatus, Failure> {
    if options.list {
        list();
        return Ok(ExitStatus::Passed);
    }
    let client_ca = options.client_ca.as_ref().map(|path| {
        std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("can't read the authorities of clients {}: {error}", path.display())))
    });
    let client_ca = client_ca.transpose()?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::harness)?;
    runtime.block_on(async {
        let settings = reference::Options {
            listen: options.listen,
            tls: options.tls.then(|| TlsOptions { names: options.tls_name.clone(), client_ca }),
            prefix: options.prefix.clone(),
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
        to_stdout(&format!("serving {}{} (Ctrl-C stops)", target.url(), options.prefix.as_deref().unwrap_or_default()));
        if options.token_out.is_none() {
            to_stderr("calls need the administrator's token: --token-out FILE writes it to a file");
        }
        // Whichever signal it is: a server that is told to stop has done its work.
        signals::first().await.map_err(Failure::harness)?;
        target.shutdown().await;
        Ok(ExitStatus::Passed)
    })
}

/// What the reference target is to be; null targets are among the faults.
pub fn kind(fault: Option<&str>, variant: Option<&str>) -> Result<reference::Options, Failure> {
    let mut options = reference::Options::default();
    if let Some(name) = fault {
        match reference::null_target(name) {
            Ok(null) => options.null_target = Some(null),
            Err(_) => options.fault = Some(reference::fault(name).map_err(|error| unknown(&error))?),
        }
    }
    options.variant = variant.map(reference::variant).transpose().map_err(|error| unknown(&error))?;
    Ok(options)
}

fn unknown(error: &reference::UnknownName) -> Failure {
    Failure::usage(format!("{error}; `triwire serve --list` shows all"))
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
    to_stdout("Faults: each breaks one requirement");
    for fault in reference::FAULTS {
        to_stdout(&format!("  {:36} {:36} {}", fault.name, fault.requirement, fault.summary));
    }
    to_stdout("Legal variants: each differs in a way that the specifications allow");
    for variant in reference::VARIANTS {
        to_stdout(&format!("  {:36} {}", variant.name, variant.summary));
    }
    to_stdout("Null targets and hostile ones: nothing may pass on them (names for --fault)");
    for null in reference::NULL_TARGETS {
        to_stdout(&format!("  {:36} {}", null.name, null.summary));
    }
}
