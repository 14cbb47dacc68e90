//! Where the files of a suite come from: the binary itself, or a folder.

use std::io;
use std::path::{Path, PathBuf};

use super::mistake::Mistakes;
use super::model::Suite;
use super::read::{SUITE_FILE, hash_of, read_suite};
use super::script::slug;
use crate::contract::Contract;
use crate::wire::Wire;

impl Suite {
    /// The files of the suite that is compiled in. A new file is added to this list; a test tells if one was forgotten.
    #[must_use]
    pub fn built_in_files() -> Vec<(PathBuf, String)> {
        let files = [
            ("suite.yaml", include_str!("../../cases/suite.yaml")),
            ("auth_roles.yaml", include_str!("../../cases/auth_roles.yaml")),
            ("auth_tokens.yaml", include_str!("../../cases/auth_tokens.yaml")),
            ("content_types.yaml", include_str!("../../cases/content_types.yaml")),
            ("cors.yaml", include_str!("../../cases/cors.yaml")),
            ("discoverability.yaml", include_str!("../../cases/discoverability.yaml")),
            ("security.yaml", include_str!("../../cases/security.yaml")),
            ("grpc_compression.yaml", include_str!("../../cases/grpc_compression.yaml")),
            ("grpc_frames.yaml", include_str!("../../cases/grpc_frames.yaml")),
            ("grpc_heads.yaml", include_str!("../../cases/grpc_heads.yaml")),
            ("grpc_messages.yaml", include_str!("../../cases/grpc_messages.yaml")),
            ("grpc_sizes.yaml", include_str!("../../cases/grpc_sizes.yaml")),
            ("grpc_streams.yaml", include_str!("../../cases/grpc_streams.yaml")),
            ("grpc_web.yaml", include_str!("../../cases/grpc_web.yaml")),
            ("http_content.yaml", include_str!("../../cases/http_content.yaml")),
            ("http_framing.yaml", include_str!("../../cases/http_framing.yaml")),
            ("http_heads.yaml", include_str!("../../cases/http_heads.yaml")),
            ("state_listing.yaml", include_str!("../../cases/state_listing.yaml")),
            ("later_factors.yaml", include_str!("../../cases/later_factors.yaml")),
            ("equivalence_callers.yaml", include_str!("../../cases/equivalence_callers.yaml")),
            ("http_large.yaml", include_str!("../../cases/http_large.yaml")),
            ("http_methods.yaml", include_str!("../../cases/http_methods.yaml")),
            ("http_versions.yaml", include_str!("../../cases/http_versions.yaml")),
            ("http_paths.yaml", include_str!("../../cases/http_paths.yaml")),
            ("equivalence_answers.yaml", include_str!("../../cases/equivalence_answers.yaml")),
            ("equivalence_errors.yaml", include_str!("../../cases/equivalence_errors.yaml")),
            ("errors.yaml", include_str!("../../cases/errors.yaml")),
            ("methods.yaml", include_str!("../../cases/methods.yaml")),
            ("multi_factors.yaml", include_str!("../../cases/multi_factors.yaml")),
            ("protojson_answers.yaml", include_str!("../../cases/protojson_answers.yaml")),
            ("protojson_durations.yaml", include_str!("../../cases/protojson_durations.yaml")),
            ("protojson_enums.yaml", include_str!("../../cases/protojson_enums.yaml")),
            ("protojson_keys.yaml", include_str!("../../cases/protojson_keys.yaml")),
            ("protojson_kinds.yaml", include_str!("../../cases/protojson_kinds.yaml")),
            ("protojson_syntax.yaml", include_str!("../../cases/protojson_syntax.yaml")),
            ("second_factors.yaml", include_str!("../../cases/second_factors.yaml")),
            ("state_default.yaml", include_str!("../../cases/state_default.yaml")),
            ("state_factors.yaml", include_str!("../../cases/state_factors.yaml")),
            ("state_policy.yaml", include_str!("../../cases/state_policy.yaml")),
            ("state_reads.yaml", include_str!("../../cases/state_reads.yaml")),
            ("status_mapping.yaml", include_str!("../../cases/status_mapping.yaml")),
            ("tenancy.yaml", include_str!("../../cases/tenancy.yaml")),
            ("text.yaml", include_str!("../../cases/text.yaml")),
        ];
        files.map(|(name, text)| (PathBuf::from(name), text.to_owned())).to_vec()
    }

    /// The suite that is compiled in.
    ///
    /// # Errors
    /// The mistakes in it; a test says that there are none.
    pub fn built_in(contract: &Contract) -> Result<Self, Mistakes> {
        read_suite(&Self::built_in_files(), contract)
    }

    /// Of the suite that is compiled in those files whose trials these pieces of ids can name; all without any. The hash is that of the whole.
    ///
    /// # Errors
    /// The mistakes in it; a test says that there are none.
    pub fn built_in_for(filters: &[String], contract: &Contract) -> Result<Self, Mistakes> {
        let all = Self::built_in_files();
        if filters.is_empty() {
            return read_suite(&all, contract);
        }
        let hash = hash_of(&all);
        let wanted: Vec<(PathBuf, String)> = all
            .into_iter()
            .filter(|(name, text)| name == Path::new(SUITE_FILE) || filters.iter().any(|filter| may_name(filter, name, text)))
            .collect();
        read_suite(&wanted, contract).map(|suite| Self { hash, ..suite })
    }
}

/// Whether a piece of an id can stand in an id of this file: what it has before the first `::` ends its topic or one of its names, and all else is in
/// it or is about wires. It may be a false alarm, never a miss.
fn may_name(filter: &str, file: &Path, text: &str) -> bool {
    let topic = file.with_extension("").display().to_string();
    if let Some((first, _)) = filter.split_once("::") {
        let name_ends = |line: &str| {
            let flow = line.contains("{ name: ");
            let line = line.split(" #").next().unwrap_or(line);
            let name = line.split_once("name: ").map(|(_, name)| if flow { name.split([',', '}']).next().unwrap_or(name) } else { name });
            name.is_some_and(|name| slug(name).ends_with(&slug(first)))
        };
        let known = topic.ends_with(first) || first.ends_with(']') || is_of_wires(first) || text.lines().any(name_ends);
        if !known {
            return false;
        }
    }
    let words = slug(&format!("{topic} {text}"));
    let parts = || filter.split("::").flat_map(|part| part.split(['[', ']']));
    parts().all(|part| is_of_wires(part) || words.contains(&slug(part)))
}

/// Whether it is a piece of the last two parts of an id.
fn is_of_wires(part: &str) -> bool {
    let part = part.trim_matches(':');
    let names: Vec<&str> = Wire::ALL.iter().map(|wire| wire.name()).chain(["h1", "h2", "agreement"]).collect();
    part.split('+').all(|piece| names.iter().any(|name| name.contains(piece)))
}

/// The files of a folder: `suite.yaml` and the case files beside it, sorted by name. Folders in it are not entered: `requirements/` is the catalogue's.
///
/// # Errors
/// The folder or a file in it can't be read, or a file isn't UTF-8.
pub fn files_of(folder: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if path.is_file() && path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            let text =
                std::fs::read_to_string(&path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
            files.push((PathBuf::from(entry.file_name()), text));
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Transport;

    #[test]
    fn no_file_is_passed_over_that_a_filter_can_name() {
        let contract = Contract::built_in();
        let all = Suite::built_in(contract).unwrap();
        let files = Suite::built_in_files();
        for case in &all.cases {
            let (name, text) = files.iter().find(|(name, _)| name.with_extension("") == Path::new(&case.topic)).unwrap();
            for id in case.trials(&Transport::ALL).into_iter().map(|trial| trial.id).chain([format!("{}::agreement", case.id)]) {
                // Pieces of every length from a few places.
                for from in [0, id.len() / 3, id.len() / 2, id.len() * 3 / 4] {
                    for to in [from + 1, id.len() * 4 / 5, id.len()] {
                        if let Some(piece) = id.get(from..to.max(from)) {
                            assert!(may_name(piece, name, text), "{piece} of {id}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_filter_reads_the_files_that_it_names_and_the_suite_is_the_same() {
        let contract = Contract::built_in();
        let all = Suite::built_in(contract).unwrap();
        let one = Suite::built_in_for(&["tenancy::".to_owned()], contract).unwrap();
        assert!(one.cases.len() < all.cases.len() / 2, "{} cases", one.cases.len());
        assert!(one.cases.iter().any(|case| case.topic == "tenancy"));
        assert_eq!(one.hash, all.hash);
    }

    #[test]
    fn every_file_of_the_folder_is_built_in() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
        let mut built_in = Suite::built_in_files();
        built_in.sort();
        assert_eq!(files_of(&folder).unwrap(), built_in);
    }
}
