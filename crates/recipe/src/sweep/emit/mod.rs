//! A plan written down for engines that spread it over machines: files, and nothing is run.
//!
//! Everything lies in the sweep's own folder and names files relative to it: `recipes/<run>/<stage>.toml`, the recipe
//! of each stage, resolved, and what the engine reads. Each job is one command, `bmae <stage> --preset recipes/...
//! --resume`, so that a job that was interrupted goes on where it stopped.

mod job;
mod slurm;
mod snakemake;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use bmae_output::claim::{Foreign, Taken, check_named_file};
use bmae_output::plain::plain_path;
use bmae_output::remedy::remedy;
use bmae_output::shell::quoted;
use bmae_output::whole_file::{create_folder, write_whole};

use crate::Recipe;
use crate::plan::PlannedStage;

pub use job::Runner;
pub use slurm::{SbatchOptionError, SbatchOptions};

use job::{Job, job, recipe_file};

/// Which engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// A job array and the jobs that wait for it, submitted by a script, all with these options.
    Slurm(Vec<SbatchOptions>),
    /// A workflow of rules.
    Snakemake,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitted {
    /// How many jobs there are, the report not counted.
    pub jobs: usize,
    /// The command that starts them.
    pub command: String,
}

/// Why the jobs are not written.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// A file cannot be written.
    #[error("cannot write {}: {source}; {}", plain_path(path), remedy(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file would replace one that no sweep wrote.
    #[error(transparent)]
    Taken(#[from] Taken),
}

/// Writes the `stages` of a plan, all in `directory`, for `engine`, which is to run them with `runner`. Files of these names
/// that no sweep wrote are kept or replaced as `foreign` says.
///
/// # Errors
/// When a file would replace such a one, before any is written, or cannot be written.
pub fn emit(
    engine: &Engine,
    stages: &[PlannedStage],
    directory: &Path,
    runner: Runner<'_>,
    foreign: Foreign,
) -> Result<Emitted, EmitError> {
    let jobs: Vec<Job> = stages.iter().filter_map(|stage| job(stage, directory)).collect();
    let recipes = stages.iter().zip(&jobs).map(|(stage, job)| (recipe_file(job), stage.recipe.to_toml()));
    let files: Vec<(String, String)> = match engine {
        Engine::Slurm(options) => recipes.chain(slurm::files(&jobs, runner, options)).collect(),
        Engine::Snakemake => recipes.chain(snakemake::files(&jobs, runner)).collect(),
    };
    for (file, text) in &files {
        check_named_file(&directory.join(file), foreign, |path| is_emitted(directory, path, text))?;
    }
    for (file, text) in &files {
        write(directory, file, text)?;
    }
    let place = quoted(directory);
    let command = match engine {
        Engine::Slurm(_) => format!("bash {place}/slurm/submit.sh"),
        Engine::Snakemake => {
            format!(
                "snakemake --directory {place} --snakefile {place}/Snakefile --cores {} --rerun-incomplete",
                runner.threads
            )
        }
    };
    Ok(Emitted { jobs: jobs.len(), command })
}

/// Whether a sweep wrote the file at `path` that is to become `text`: a recipe, a `Snakefile` that says so, a script for
/// SLURM beside the one that says so, or this very text.
fn is_emitted(directory: &Path, path: &Path, text: &str) -> bool {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    let says =
        |text: &str| text.lines().take(3).any(|line| line.starts_with("# Written by") && line.contains("bmae sweep"));
    let found = read(path);
    found == text
        || match path.extension().and_then(OsStr::to_str) {
            Some("toml") => Recipe::from_toml(&found).is_ok(),
            None => says(&found),
            Some(_) => says(&read(&directory.join("slurm/submit.sh"))),
        }
}

fn write(directory: &Path, file: &str, text: &str) -> Result<(), EmitError> {
    let path: PathBuf = directory.join(file);
    let write = || {
        path.parent().map_or(Ok(()), create_folder)?;
        write_whole(&path, text.as_bytes())
    };
    write().map_err(|source| EmitError::Write { path: path.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Layers;
    use crate::Stage;
    use crate::plan::share_beginnings;
    use crate::sweep::{Axis, Grid, Sweep, plan};

    /// MAE and no pre-training, all evaluations, in `directory`.
    pub(super) fn stages(directory: &Path) -> Vec<PlannedStage> {
        let axis = Axis::parse("method.name=scratch,mae").expect("an axis");
        let sweep = Sweep { grids: vec![Grid::new(vec![axis]).expect("a grid")] };
        plan(&sweep, &Layers::default(), &Stage::EVALUATIONS, 1, directory).expect("a plan").stages
    }

    pub(super) fn jobs() -> Vec<Job> {
        let directory = Path::new("sweep");
        stages(directory).iter().filter_map(|stage| job(stage, directory)).collect()
    }

    /// `methods` at each value of the other `axes`, with shared beginnings.
    pub(super) fn jobs_of(methods: &str, axes: &[&str]) -> Vec<Job> {
        let directory = Path::new("sweep");
        let axes = std::iter::once(format!("method.name={methods}")).chain(axes.iter().map(|&axis| axis.to_owned()));
        let axes = axes.map(|argument| Axis::parse(&argument).expect("an axis")).collect();
        let sweep = Sweep { grids: vec![Grid::new(axes).expect("a grid")] };
        let stages = plan(&sweep, &Layers::default(), &[Stage::Knn], 1, directory).expect("a plan").stages;
        share_beginnings(stages, directory).iter().filter_map(|stage| job(stage, directory)).collect()
    }

    pub(super) fn runner() -> Runner<'static> {
        Runner { program: Path::new("/opt/my bmae"), threads: 3, ranks: 1, device: "cpu" }
    }

    #[test]
    fn every_job_has_its_resolved_recipe_and_says_where_it_starts() {
        let folder = tempfile::tempdir().expect("a folder");
        let stages = stages(folder.path());
        for engine in [Engine::Slurm(Vec::new()), Engine::Snakemake] {
            let emitted = emit(&engine, &stages, folder.path(), runner(), Foreign::Kept).expect("room");
            assert_eq!(emitted.jobs, 7);
            emit(&engine, &stages, folder.path(), runner(), Foreign::Kept).expect("the same again");
        }
        for stage in &stages {
            let job = job(stage, folder.path()).expect("a job");
            let text = std::fs::read_to_string(folder.path().join(recipe_file(&job))).expect("a recipe");
            assert_eq!(text, stage.recipe.to_toml());
            let from = if job.folder == "mae" && job.stage != Stage::Pretrain { Some("mae/pretrain") } else { None };
            assert_eq!(job.from.as_deref(), from, "{job:?}");
        }
    }

    #[test]
    fn a_file_that_no_sweep_wrote_is_kept_and_nothing_is_written() {
        for (engine, name) in [
            (Engine::Snakemake, "Snakefile"),
            (Engine::Slurm(Vec::new()), "slurm/stage.sh"),
            (Engine::Slurm(Vec::new()), "recipes/mae/knn.toml"),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder");
            std::fs::write(&path, "mine = 1").expect("a file");
            let stages = stages(folder.path());
            let refused = emit(&engine, &stages, folder.path(), runner(), Foreign::Kept).expect_err("it is kept");
            assert!(refused.to_string().contains(name), "{refused}");
            assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "mine = 1");
            emit(&engine, &stages, folder.path(), runner(), Foreign::Replaced).expect("it was asked for");
        }
    }
}
