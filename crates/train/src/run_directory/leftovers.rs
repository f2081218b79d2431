//! What processes left in a run directory that were killed while they wrote.

use std::path::Path;

use bmae_output::leftovers;

use super::test_files::TestFile;

/// The folders that a run writes whole files into, from the run directory.
const FOLDERS: [&str; 4] = ["", "checkpoints", "state", "pictures"];

/// Removes it from a run `directory`.
pub(super) fn clear(directory: &Path) {
    for folder in FOLDERS {
        leftovers::clear(&directory.join(folder), is_of_a_run);
    }
}

fn is_of_a_run(name: &str) -> bool {
    matches!(name, "config.toml" | "run.toml" | "metrics.jsonl")
        || name.ends_with(".safetensors")
        || name.ends_with(".png")
        || TestFile::ALL.iter().any(|file| file.name() == name)
}
