//! Where the files of a suite come from: the binary itself, or a folder.

use std::io;
use std::path::{Path, PathBuf};

use super::mistake::Mistakes;
use super::model::Suite;
use super::read::read_suite;
use crate::contract::Contract;

impl Suite {
    /// The files of the suite that is compiled in. A new file is added to this list; a test tells if one was forgotten.
    #[must_use]
    pub fn built_in_files() -> Vec<(PathBuf, String)> {
        let files = [
            ("suite.yaml", include_str!("../../cases/suite.yaml")),
            ("auth_roles.yaml", include_str!("../../cases/auth_roles.yaml")),
            ("auth_tokens.yaml", include_str!("../../cases/auth_tokens.yaml")),
            ("content_types.yaml", include_str!("../../cases/content_types.yaml")),
            ("grpc_compression.yaml", include_str!("../../cases/grpc_compression.yaml")),
            ("grpc_frames.yaml", include_str!("../../cases/grpc_frames.yaml")),
            ("grpc_heads.yaml", include_str!("../../cases/grpc_heads.yaml")),
            ("grpc_messages.yaml", include_str!("../../cases/grpc_messages.yaml")),
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

    #[test]
    fn every_file_of_the_folder_is_built_in() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
        let mut built_in = Suite::built_in_files();
        built_in.sort();
        assert_eq!(files_of(&folder).unwrap(), built_in);
    }
}
