//! What both trained evaluations do with a score: log it, keep the best weights, save the epoch.

use bmae_recipe::{Recipe, Stage, TrainedStage};

use super::selection::BestEpoch;
use super::{Score, Selection};
use crate::TrainError;
use crate::epoch::is_kept;
use crate::run_directory::{EvalLine, Line, Position, RunDirectory, Snapshot};

/// Ends `epoch` (from 0) of `stage` with its `score` on what `selection` is made by: the `eval` or `validation` line,
/// `best.safetensors` if it is, and the checkpoint of what was learned, without the selection.
pub(crate) fn end_epoch(
    directory: &mut RunDirectory,
    recipe: &Recipe,
    stage: TrainedStage,
    epoch: usize,
    score: Score,
    selection: &mut Selection,
    mut learned: Snapshot,
) -> Result<(), TrainError> {
    let line = line(directory, stage, epoch, score);
    directory.log(&match selection {
        Selection::HeldOut { .. } => Line::Validation(line),
        Selection::OnTestImages(_) => Line::Eval(line),
    })?;
    if selection.improved_by(score, epoch + 1) {
        let chosen_by = format!("{} top-1, epoch {}", selection.measured_on(), epoch + 1);
        directory.save_best(learned.weights.clone(), epoch + 1, &chosen_by)?;
    }
    selection.store(&mut learned);
    let kept = is_kept(epoch, recipe.stage(stage).checkpoint_every);
    directory.save(Position::after_epochs(epoch + 1), learned, kept)
}

/// Logs the `score` on the test images of the weights of the `best` epoch on the images that were held out.
pub(crate) fn log_tested(
    directory: &mut RunDirectory,
    stage: TrainedStage,
    best: BestEpoch,
    score: Score,
) -> Result<(), TrainError> {
    let line = line(directory, stage, best.epochs_done.saturating_sub(1), score);
    directory.log(&Line::Eval(line))
}

fn line(directory: &RunDirectory, stage: TrainedStage, epoch: usize, score: Score) -> EvalLine {
    EvalLine {
        common: directory.common(epoch),
        evaluation: Stage::from(stage).section(),
        top1: score.top1,
        loss: Some(score.loss),
    }
}
