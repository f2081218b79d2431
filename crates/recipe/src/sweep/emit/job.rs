//! One stage as a job, and the words of its command.

use std::collections::BTreeSet;
use std::path::Path;

use crate::plan::PlannedStage;
use crate::{Stage, Start};

/// What runs the jobs.
#[derive(Debug, Clone, Copy)]
pub struct Runner<'a> {
    /// The program.
    pub program: &'a Path,
    /// Threads of each job.
    pub threads: usize,
    /// The device's name on the command line.
    pub device: &'a str,
}

/// A stage as a job: its names relative to the sweep's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    /// The folder of its run.
    pub(super) folder: String,
    /// What it runs.
    pub(super) stage: Stage,
    /// The run directory of the pre-training that it starts from; `None`: from none.
    pub(super) from: Option<String>,
}

/// Every stage of a plan lies at `directory/<folder>/<stage>`.
pub(super) fn job(stage: &PlannedStage, directory: &Path) -> Option<Job> {
    let relative = |path: &Path| {
        let parts = path.strip_prefix(directory).ok()?.components();
        Some(parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/"))
    };
    let folder = relative(stage.out.parent()?)?;
    let from = match &stage.start {
        Start::From(path) if stage.stage != Stage::Pretrain => Some(relative(path)?),
        _ => None,
    };
    Some(Job { folder, stage: stage.stage, from })
}

/// Its recipe, relative to the sweep's folder.
pub(super) fn recipe_file(job: &Job) -> String {
    format!("recipes/{}/{}.toml", job.folder, job.stage.section())
}

/// The folders of the jobs of one stage, each once, in order.
pub(super) fn folders(jobs: &[Job], stage: Stage) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let of_stage = jobs.iter().filter(|job| job.stage == stage).map(|job| job.folder.as_str());
    of_stage.filter(|folder| seen.insert(*folder)).collect()
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    // Only a NUL cannot be quoted, and no argument or path holds one.
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}
