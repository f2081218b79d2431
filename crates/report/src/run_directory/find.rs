//! From the paths a user gives to the run directories below them.

use std::collections::BTreeSet;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

use super::directory::{RUN_FILE, Run, describe, read_run};
use crate::error::ReportError;

/// How far below a given folder runs are looked for: `runs/` / experiment / run / stage, and folders that group those.
const DEPTH: usize = 8;

/// Folders of a run or of an experiment that hold no runs.
const NOT_RUNS: [&str; 5] = ["report", "checkpoints", "state", "tensorboard", "pictures"];

/// The runs at or below some paths.
#[derive(Debug)]
pub struct CollectedRuns {
    /// Those that could be read.
    pub runs: Vec<Run>,
    /// Why others could not, one for each.
    pub unreadable: Vec<ReportError>,
}

/// Reads every run at or below the given paths: a run directory itself, the folder of a `reproduce`, or a folder of either.
/// The order is that of the paths, and by name below each; a run that is reached twice is read once. One damaged run among
/// others is set aside, so that an experiment can be looked at without it.
///
/// # Errors
/// [`ReportError::NoRuns`], [`ReportError::Missing`] or [`ReportError::NotARun`] for a path without runs, and what
/// [`read_run`] says of a run that was given itself, or where no run at all can be read.
pub fn collect_runs(paths: &[PathBuf]) -> Result<CollectedRuns, ReportError> {
    if paths.is_empty() {
        return Err(ReportError::NoRuns);
    }
    let mut seen = BTreeSet::new();
    let (mut runs, mut unreadable) = (Vec::new(), Vec::new());
    for path in paths {
        if !path.exists() {
            return Err(ReportError::Missing { path: path.clone() });
        }
        let mut directories = Vec::new();
        find(path, DEPTH, Unlistable::Refused, &mut directories)?;
        if directories.is_empty() {
            return Err(ReportError::NotARun { path: path.clone(), found: describe(path) });
        }
        for directory in directories {
            let identity = std::fs::canonicalize(&directory)
                .map_err(|source| ReportError::Read { path: directory.clone(), source })?;
            if !seen.insert(identity) {
                continue;
            }
            match read_run(&directory) {
                Ok(run) => runs.push(run),
                Err(error) if directory == *path => return Err(error),
                Err(error) => unreadable.push(error),
            }
        }
    }
    if runs.is_empty()
        && let Some(error) = unreadable.pop()
    {
        return Err(error);
    }
    Ok(CollectedRuns { runs, unreadable })
}

/// The run directories at or below `paths`, in the order of [`collect_runs`], each once, for whoever looks again and again while
/// runs appear: a path without runs is none the worse for it, and a folder that cannot be listed counts as empty, since it may
/// just be written or removed.
pub fn find_runs(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in paths {
        // With Unlistable::Empty nothing is refused.
        let _ = find(path, DEPTH, Unlistable::Empty, &mut found);
    }
    let mut seen = BTreeSet::new();
    found.retain(|directory| seen.insert(std::fs::canonicalize(directory).unwrap_or_else(|_| directory.clone())));
    found
}

/// What a folder that cannot be listed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unlistable {
    /// An error.
    Refused,
    /// As good as empty.
    Empty,
}

fn find(folder: &Path, depth: usize, unlistable: Unlistable, found: &mut Vec<PathBuf>) -> Result<(), ReportError> {
    if folder.join(RUN_FILE).is_file() {
        found.push(folder.to_owned());
        return Ok(());
    }
    if depth == 0 || !folder.is_dir() {
        return Ok(());
    }
    let listed = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = match (listed, unlistable) {
        (Ok(entries), _) => entries,
        (Err(_), Unlistable::Empty) => return Ok(()),
        (Err(source), Unlistable::Refused) => return Err(ReportError::Read { path: folder.to_owned(), source }),
    };
    let mut children = Vec::new();
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with('.') && !NOT_RUNS.contains(&name.as_ref()) && is_folder_below(&entry, folder) {
            children.push(entry.path());
        }
    }
    children.sort();
    children.iter().try_for_each(|child| find(child, depth - 1, unlistable, found))
}

/// Whether an entry of `folder` is a folder to look into. Most entries are files, of data sets above all, and cost no look of their
/// own; a link that leads back up is none.
fn is_folder_below(entry: &DirEntry, folder: &Path) -> bool {
    match entry.file_type() {
        Ok(kind) if kind.is_symlink() => {
            let target = std::fs::canonicalize(entry.path());
            let here = std::fs::canonicalize(folder);
            matches!((target, here), (Ok(target), Ok(here)) if target.is_dir() && !here.starts_with(&target))
        }
        Ok(kind) => kind.is_dir(),
        Err(_) => false,
    }
}
