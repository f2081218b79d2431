//! Whether a report may be written to a folder: nothing that bmae did not write there is replaced, and no report lies
//! among other files.

use std::path::Path;

use bmae_output::claim::{Foreign, Taken, check_named_file, foreign_in};
use bmae_output::own_folder::{holds_report, holds_run, is_of_a_report};

use crate::error::ReportError;
use crate::run_directory::RUN_FILE;

/// Refuses a folder that is no place for a report, before any work: a run directory, and, where `foreign` files are kept,
/// one that holds anything else than a report of this version or one before.
///
/// # Errors
/// [`ReportError::IntoARun`], [`ReportError::Taken`], and [`ReportError::Write`] where it is no folder.
pub fn check_place(out: &Path, foreign: Foreign) -> Result<(), ReportError> {
    if out.join(RUN_FILE).exists() {
        return Err(ReportError::IntoARun { path: out.to_owned() });
    }
    if out.exists() && !out.is_dir() {
        let source = std::io::ErrorKind::NotADirectory.into();
        return Err(ReportError::Write { path: out.to_owned(), source });
    }
    if holds_report(out) {
        let mut files = ["index.html", "report.md"].into_iter();
        return Ok(files.try_for_each(|name| check_named_file(&out.join(name), foreign, is_of_a_report))?);
    }
    match foreign_in(out, holds_runs).filter(|_| foreign == Foreign::Kept) {
        Some(found) => Err(Taken::Folder { folder: out.to_owned(), found }.into()),
        None => Ok(()),
    }
}

/// A run, or the folder of its stages: a run may be called like the folder of the report.
fn holds_runs(folder: &Path) -> bool {
    let mut below = std::fs::read_dir(folder).into_iter().flatten().flatten();
    holds_run(folder) || below.any(|entry| holds_run(&entry.path()))
}
