//! What both trained evaluations do with a score: log it, keep the best weights, save the epoch.

use std::collections::BTreeMap;

use bmae_nn::weights::StateDict;
use bmae_recipe::{Recipe, Stage, TrainedStage};

use super::{BestScore, Score};
use crate::TrainError;
use crate::epoch::is_kept;
use crate::run_directory::{EvalLine, Line, RunDirectory};

/// Ends `epoch` (from 0) of `stage` with its `score` on the test set: the `eval` line, `best.safetensors` if it is, and
/// the checkpoint of `weights` and `state`.
#[expect(clippy::too_many_arguments, reason = "an epoch of a stage, and all that it made")]
pub(crate) fn end_epoch(
    directory: &mut RunDirectory,
    recipe: &Recipe,
    stage: TrainedStage,
    epoch: usize,
    score: Score,
    best: &mut BestScore,
    weights: StateDict,
    mut state: BTreeMap<String, Vec<f32>>,
) -> Result<(), TrainError> {
    directory.log(&Line::Eval(EvalLine {
        common: directory.common(epoch),
        evaluation: Stage::from(stage).section(),
        top1: score.top1,
        loss: Some(score.loss),
    }))?;
    if best.improved_by(score.top1) {
        directory.save_best(weights.clone())?;
    }
    best.store(&mut state);
    directory.save_epoch(epoch + 1, weights, state, is_kept(epoch, recipe.stage(stage).checkpoint_every))
}
