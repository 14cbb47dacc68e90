//! Turns what people write (`proto/`, the requirement catalogue, the contract schemas) into what the library embeds.
//!
//! Outputs in `OUT_DIR`:
//!
//! | file | what |
//! | --- | --- |
//! | `descriptors.bin` | the file descriptor set with all options, for [the judge](src/contract/descriptors.rs) |
//! | `reference_protos.rs` | a module tree with messages, server traits and clients, for the reference target |
//! | `requirements.json` | the catalogue: a list of entries, each with the file it came from |
//! | `schemas.json` | the contract schemas by file name |

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::{Deserialize, Serialize};

/// Paths are relative to the crate, so that no output depends on where it was built.
const PROTO: &str = "proto";
const REQUIREMENTS: [&str; 2] = ["src/contract/requirements", "cases/requirements"];
const SCHEMAS: &str = "schemas/contract";

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    println!("cargo:rerun-if-changed=build.rs");
    for watched in [PROTO, REQUIREMENTS[0], REQUIREMENTS[1], SCHEMAS] {
        println!("cargo:rerun-if-changed={watched}");
    }
    protos(&out)?;
    requirements(&out)?;
    schemas(&out)
}

fn protos(out: &Path) -> Result<(), Box<dyn Error>> {
    let mut compiler = protox::Compiler::new([PROTO])?;
    compiler.include_imports(true).include_source_info(false);
    compiler.open_files(files(Path::new(PROTO), "proto")?)?;
    // Taken as bytes: through prost's own FileDescriptorSet the custom options would be lost.
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure()
        .build_server(true)
        .build_client(true)
        // A method that the reference target does not offer answers UNIMPLEMENTED instead of failing the build.
        .generate_default_stubs(true)
        .include_file("reference_protos.rs")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

/// Every field is text, so that YAML has nothing to guess.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    title: String,
    level: String,
    level_basis: String,
    area: String,
    profile: String,
    wires: Vec<String>,
    needs: Vec<String>,
    source: Source,
    statement: String,
    check: String,
    #[serde(default)]
    parts: Vec<String>,
    #[serde(default)]
    parts_on: BTreeMap<String, Vec<String>>,
    fault: String,
    #[serde(default)]
    unobservable: Option<String>,
    #[serde(default)]
    notes: Option<String>,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    versions: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    document: String,
    section: String,
    url: String,
}

#[derive(Serialize)]
struct Filed {
    file: String,
    entry: Entry,
}

fn requirements(out: &Path) -> Result<(), Box<dyn Error>> {
    let mut seen = BTreeMap::<String, String>::new();
    let mut all = Vec::new();
    for folder in REQUIREMENTS {
        for path in files(Path::new(folder), "yaml")? {
            let file = path.display().to_string().replace('\\', "/");
            let text = fs::read_to_string(&path)?;
            let entries: Vec<Entry> = serde_saphyr::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
            for entry in entries {
                if let Some(first) = seen.insert(entry.id.clone(), file.clone()) {
                    return Err(format!("{file}: id {} stands in {first} already", entry.id).into());
                }
                let file = file.clone();
                all.push(Filed { file, entry });
            }
        }
    }
    fs::write(out.join("requirements.json"), serde_json::to_vec(&all)?)?;
    Ok(())
}

fn schemas(out: &Path) -> Result<(), Box<dyn Error>> {
    let mut all = BTreeMap::new();
    for path in files(Path::new(SCHEMAS), "json")? {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("a schema's file name is not text")?.to_owned();
        let schema: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&path)?).map_err(|error| format!("{}: {error}", path.display()))?;
        all.insert(name, schema);
    }
    fs::write(out.join("schemas.json"), serde_json::to_vec(&all)?)?;
    Ok(())
}

/// Files below a folder with this extension, in a stable order. A folder that does not exist has none.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
