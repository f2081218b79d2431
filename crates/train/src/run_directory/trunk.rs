//! The beginning of a run that other runs have in common: read from the run directory of a trunk, and written down as
//! if the run had trained it itself.

use std::path::{Path, PathBuf};

use bmae_data::Split;
use bmae_nn::weights::StateDict;
use bmae_output::count::count;
use bmae_recipe::plan::epochs_in_common;
use bmae_recipe::{Recipe, Trunk};

use super::checkpoint::{self, last_weights, with_config};
use super::metrics::METRICS;
use super::run_file::RunFile;
use super::state_file::{Checkpoint, Position};
use crate::TrainError;
use crate::whole_file::{create_folder, write_whole};

/// What a trunk holds, checked and not yet written anywhere.
pub(super) struct Beginning<'a> {
    trunk: &'a Trunk,
    /// What the trunk calls itself in its metrics.
    name: String,
    checkpoint: Checkpoint,
    metrics: String,
}

/// Reads the trunk that the run at `path` with the recipe `config`, of which `run_file` tells, is to go on from.
///
/// # Errors
/// When it is not there, is not finished, was made of other images, or did anything else in its epochs than this run
/// would do.
pub(super) fn read<'a>(
    trunk: &'a Trunk,
    path: &Path,
    config: &str,
    run_file: &RunFile,
) -> Result<Beginning<'a>, TrainError> {
    let refused = |what: String| TrainError::Trunk { path: path.to_owned(), trunk: trunk.directory.clone(), what };
    let directory = &trunk.directory;
    if !directory.join("run.toml").exists() {
        return Err(refused("it is not there".to_owned()));
    }
    let about = RunFile::read(directory)?;
    if !about.trunk || about.epochs != trunk.epochs {
        let kind = if about.trunk { "a trunk" } else { "a run" };
        return Err(refused(format!(
            "it is {kind} of {}, not a trunk of {}",
            count(about.epochs, "epoch"),
            trunk.epochs
        )));
    }
    if !about.is_finished() {
        return Err(refused("it is not finished".to_owned()));
    }
    let change = [Split::Train, Split::Test]
        .into_iter()
        .find_map(|split| about.inputs.change_of_images(&run_file.inputs, split, &run_file.data));
    if let Some(change) = change {
        return Err(refused(format!("it was made of other images: {change}")));
    }
    let file = directory.join("config.toml");
    let text = std::fs::read_to_string(&file).map_err(|source| TrainError::reading(&file, source))?;
    let common = epochs_in_common(&Recipe::from_toml(&text)?, &Recipe::from_toml(config)?);
    if common < trunk.epochs {
        let what = match common {
            1 => format!("the two recipes do the same in the first epoch alone, and it has {}", trunk.epochs),
            _ => format!("the two recipes do the same in the first {common} epochs, and it has {}", trunk.epochs),
        };
        return Err(refused(what));
    }
    let gone = || refused("its checkpoint is gone".to_owned());
    let loaded = checkpoint::load(directory).map_err(|error| refused(error.to_string()))?;
    let checkpoint = loaded.checkpoint.ok_or_else(gone)?;
    let file = directory.join(METRICS);
    let mut metrics = std::fs::read_to_string(&file).map_err(|source| TrainError::reading(&file, source))?;
    metrics.truncate(checkpoint.metrics_bytes as usize);
    if checkpoint.position != Position::after_epochs(trunk.epochs) || metrics.len() as u64 != checkpoint.metrics_bytes {
        return Err(refused("its checkpoint is not that of its last epoch".to_owned()));
    }
    Ok(Beginning { trunk, name: about.name, checkpoint, metrics })
}

impl Beginning<'_> {
    /// Says in `run.toml` where the epochs come from.
    pub(super) fn tell(&self, run_file: &mut RunFile) {
        run_file.shared_from = Some(self.trunk.directory.display().to_string());
        run_file.shared_epochs = Some(self.trunk.epochs);
    }

    /// Writes it into the run directory `path` of the run `name` with the recipe `config`: the lines of metrics,
    /// pictures and kept weights, and as the last step the checkpoint, which makes it count.
    pub(super) fn copy_to(mut self, path: &Path, config: &str, name: &str) -> Result<Checkpoint, TrainError> {
        let metrics = renamed(&self.metrics, &self.name, name);
        write_whole(&path.join(METRICS), metrics.as_bytes())?;
        self.checkpoint.metrics_bytes = metrics.len() as u64;
        for file in files(&self.trunk.directory.join("pictures")) {
            let bytes = std::fs::read(&file).map_err(|source| TrainError::reading(&file, source))?;
            write_into(&path.join("pictures"), &file, &bytes)?;
        }
        let last = last_weights(&self.trunk.directory);
        for file in files(&self.trunk.directory.join("checkpoints")).into_iter().filter(|file| *file != last) {
            let weights = with_config(StateDict::from_file(&file)?, config);
            write_into(&path.join("checkpoints"), &file, &weights.to_bytes()?)?;
        }
        let snapshot = &mut self.checkpoint.snapshot;
        snapshot.weights = with_config(std::mem::take(&mut snapshot.weights), config);
        checkpoint::save(path, &self.checkpoint)?;
        Ok(self.checkpoint)
    }
}

/// Lines of metrics of the run `from` as those of the run `to`. Every line begins with its kind and its run.
fn renamed(metrics: &str, from: &str, to: &str) -> String {
    let field = |name: &str| format!("\"run\":{}", serde_json::Value::from(name));
    let (from, to) = (field(from), field(to));
    metrics.lines().map(|line| line.replacen(&from, &to, 1) + "\n").collect()
}

/// The files of a folder, which need not be there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}

fn write_into(folder: &Path, original: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    create_folder(folder)?;
    match original.file_name() {
        Some(name) => write_whole(&folder.join(name), bytes),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn copied_lines_name_the_run_that_they_are_copied_to() {
        let line = |run: &str| {
            format!("{{\"kind\":\"step\",\"run\":\"{run}\",\"seed\":0,\"note\":\"a \\\"run\\\":\\\"b\\\"\"}}\n")
        };
        assert_eq!(renamed(&(line("b") + &line("b")), "b", "mae-k"), line("mae-k") + &line("mae-k"));
    }
}
