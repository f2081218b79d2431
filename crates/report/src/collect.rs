//! From the paths a user gives to the run directories below them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::error::ReportError;
use crate::read::{RUN_FILE, Run, describe, read_run};

/// How far below a given folder runs are looked for: `runs/` / experiment / run / stage.
const DEPTH: usize = 3;

/// Folders of a run or of an experiment that hold no runs.
const NOT_RUNS: [&str; 5] = ["report", "checkpoints", "state", "tensorboard", "pictures"];

/// Reads every run at or below the given paths: a run directory itself, the folder of a `reproduce`, or a folder of either.
/// The order is that of the paths, and by name below each; a run that is reached twice is read once.
///
/// # Errors
/// [`ReportError::NoRuns`], [`ReportError::Missing`] or [`ReportError::NotARun`] for a path without runs, and what
/// [`read_run`] says of a run that cannot be understood.
pub fn collect_runs(paths: &[PathBuf]) -> Result<Vec<Run>, ReportError> {
    if paths.is_empty() {
        return Err(ReportError::NoRuns);
    }
    let mut seen = BTreeSet::new();
    let mut runs = Vec::new();
    for path in paths {
        if !path.exists() {
            return Err(ReportError::Missing { path: path.clone() });
        }
        let mut directories = Vec::new();
        find(path, DEPTH, &mut directories)?;
        if directories.is_empty() {
            return Err(ReportError::NotARun { path: path.clone(), found: describe(path) });
        }
        for directory in directories {
            let identity = std::fs::canonicalize(&directory)
                .map_err(|source| ReportError::Read { path: directory.clone(), source })?;
            if seen.insert(identity) {
                runs.push(read_run(&directory)?);
            }
        }
    }
    Ok(runs)
}

fn find(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), ReportError> {
    if folder.join(RUN_FILE).is_file() {
        found.push(folder.to_owned());
        return Ok(());
    }
    if depth == 0 || !folder.is_dir() {
        return Ok(());
    }
    let refused = |source| ReportError::Read { path: folder.to_owned(), source };
    let mut children = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(refused)? {
        let path = entry.map_err(refused)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !name.starts_with('.') && !NOT_RUNS.contains(&name.as_ref()) {
            children.push(path);
        }
    }
    children.sort();
    children.iter().try_for_each(|child| find(child, depth - 1, found))
}
