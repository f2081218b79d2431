//! What both trained evaluations do with a score: log it, keep the best weights, save the epoch.

use bmae_recipe::{Recipe, Stage, TrainedStage};

use super::{BestScore, Score};
use crate::TrainError;
use crate::epoch::is_kept;
use crate::run_directory::{EvalLine, Line, Position, RunDirectory, Snapshot};

/// Ends `epoch` (from 0) of `stage` with its `score` on the test set: the `eval` line, `best.safetensors` if it is, and
/// the checkpoint of what was learned, without the best score.
pub(crate) fn end_epoch(
    directory: &mut RunDirectory,
    recipe: &Recipe,
    stage: TrainedStage,
    epoch: usize,
    score: Score,
    best: &mut BestScore,
    mut learned: Snapshot,
) -> Result<(), TrainError> {
    directory.log(&Line::Eval(EvalLine {
        common: directory.common(epoch),
        evaluation: Stage::from(stage).section(),
        top1: score.top1,
        loss: Some(score.loss),
    }))?;
    if best.improved_by(score.top1) {
        directory.save_best(learned.weights.clone())?;
    }
    best.store(&mut learned.values);
    let kept = is_kept(epoch, recipe.stage(stage).checkpoint_every);
    directory.save(Position::after_epochs(epoch + 1), learned, kept)
}
