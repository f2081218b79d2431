//! One stage as a job, and the words of its command.

use std::path::Path;

use crate::plan::PlannedStage;
use crate::{Stage, Start};

/// What runs the jobs.
#[derive(Debug, Clone, Copy)]
pub struct Runner<'a> {
    /// The program.
    pub program: &'a Path,
    /// Threads of each process.
    pub threads: usize,
    /// Processes that share a pre-training or a fine-tuning, the ranks of MPI; 1: it is one process.
    pub ranks: usize,
    /// The device's name on the command line.
    pub device: &'a str,
}

/// A stage as a job: its folders relative to the sweep's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    /// The folder of its run.
    pub(super) folder: String,
    /// What it runs.
    pub(super) stage: Stage,
    /// The run directory that it starts from: of an evaluation its pre-training, of a pre-training its trunk; `None`:
    /// from none.
    pub(super) from: Option<String>,
    /// Of a trunk, the epochs after which it ends.
    pub(super) ends_after: Option<usize>,
}

impl Job {
    /// Its run directory.
    pub(super) fn out(&self) -> String {
        format!("{}/{}", self.folder, self.stage.section())
    }

    /// The words behind its command that say where it starts and ends.
    pub(super) fn options(&self) -> Vec<String> {
        let start = match (&self.from, self.stage) {
            (Some(from), Stage::Pretrain) => vec!["--trunk".to_owned(), from.clone()],
            (None, Stage::Pretrain) => Vec::new(),
            (from, _) => vec!["--from".to_owned(), from.clone().unwrap_or_else(|| "scratch".to_owned())],
        };
        let end = self.ends_after.map(|epochs| ["--stop-after".to_owned(), epochs.to_string()]);
        start.into_iter().chain(end.into_iter().flatten()).collect()
    }
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
        Start::Trunk(trunk) => Some(relative(&trunk.directory)?),
        _ => None,
    };
    Some(Job { folder, stage: stage.stage, from, ends_after: stage.ends_after })
}

/// Its recipe, relative to the sweep's folder.
pub(super) fn recipe_file(job: &Job) -> String {
    format!("recipes/{}/{}.toml", job.folder, job.stage.section())
}
