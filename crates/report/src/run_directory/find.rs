//! From the paths a user gives to the run directories below them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::directory::{Run, describe, is_run_directory, read_run};
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

/// Reads every run at or below the given paths: a run directory itself, the folder of an experiment, or a folder of
/// either. The order is that of the paths, and by name below each; a run that is reached twice is read once. One
/// damaged run among others is set aside, however it was given, so that the others can be looked at without it. A trunk, the shared beginning
/// of other runs, counts where it is given itself.
///
/// # Errors
/// [`ReportError::NoRuns`], [`ReportError::Missing`] or [`ReportError::NotARun`] for a path without runs, and what
/// [`read_run`] says where no run at all can be read.
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
        find(path, Unlistable::Refused, &mut directories)?;
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
                Ok(run) if run.about.trunk && directory != *path => {}
                Ok(run) => runs.push(run),
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

/// The run directories at or below `paths`, in the order of [`collect_runs`], each once, for whoever looks again and
/// again while runs appear: a path without runs is none the worse for it, and a folder that cannot be listed counts as
/// empty, since it may just be written or removed.
pub fn find_runs(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in paths {
        // With Unlistable::Empty nothing is refused.
        let _ = find(path, Unlistable::Empty, &mut found);
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

/// Adds the run directories at or below `path` to `found`. Links are followed, but not back up.
fn find(path: &Path, unlistable: Unlistable, found: &mut Vec<PathBuf>) -> Result<(), ReportError> {
    let mut entries = WalkDir::new(path).max_depth(DEPTH).follow_links(true).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {
                let name = entry.file_name().to_string_lossy();
                let is_passed_over = entry.depth() > 0
                    && (name.starts_with('.') || NOT_RUNS.contains(&name.as_ref()) || leads_back_up(&entry));
                let is_run = !is_passed_over && is_run_directory(entry.path());
                if is_run {
                    found.push(entry.path().to_owned());
                }
                // Evaluations may lie in the folder of their pre-training.
                if is_passed_over {
                    entries.skip_current_dir();
                }
            }
            Ok(_) => {}
            Err(error) => {
                // A link that leads back to a folder on the way here, or nowhere, is nothing to look into.
                let folder = error.path().filter(|path| path.is_dir()).map(Path::to_owned);
                if let (Unlistable::Refused, Some(path), Some(source)) = (unlistable, folder, error.into_io_error()) {
                    return Err(ReportError::Read { path, source });
                }
            }
        }
    }
    Ok(())
}

/// Whether an entry is a link to a folder around it, also to one above the path that was given.
fn leads_back_up(entry: &DirEntry) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    entry.path_is_symlink()
        && matches!(
            (real(entry.path()), entry.path().parent().and_then(real)),
            (Some(target), Some(here)) if here.starts_with(&target)
        )
}
