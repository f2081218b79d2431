//! From the paths a user gives to the run directories below them, again and again while runs appear.
//!
//! The rule is that of `bmae_report::collect_runs`, which cannot be used here: it reads every run and refuses a folder that holds
//! none yet. A test holds the two side by side.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The file that makes a folder a run directory.
pub(crate) const RUN_FILE: &str = "run.toml";

/// How far below a given folder runs are looked for: `runs/` / experiment / run / stage.
const DEPTH: usize = 3;

/// Folders of a run or of an experiment that hold no runs.
const NOT_RUNS: [&str; 5] = ["report", "checkpoints", "state", "tensorboard", "pictures"];

/// The run directories at or below `paths`, in the order of the paths and by name below each, each once. A folder that
/// cannot be listed counts as empty: it may just be written or removed.
pub(crate) fn find_directories(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in paths {
        below(path, DEPTH, &mut found);
    }
    let mut seen = HashSet::new();
    found.retain(|directory| seen.insert(std::fs::canonicalize(directory).unwrap_or_else(|_| directory.clone())));
    found
}

fn below(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if folder.join(RUN_FILE).is_file() {
        found.push(folder.to_owned());
        return;
    }
    if depth == 0 {
        return;
    }
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut children: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| may_hold(path)).collect();
    children.sort();
    for child in children {
        below(&child, depth - 1, found);
    }
}

fn may_hold(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.is_dir() && !name.starts_with('.') && !NOT_RUNS.contains(&name.as_ref())
}
