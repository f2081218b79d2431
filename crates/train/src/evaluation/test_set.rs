//! What both trained evaluations do with a score: log it, keep the best weights, save the epoch.

use std::collections::BTreeMap;

use bmae_nn::weights::StateDict;

use super::{BestScore, Score};
use crate::TrainError;
use crate::epoch::is_kept;
use crate::run_directory::{EvalLine, Line, RunDirectory};
use bmae_recipe::Stage;
use bmae_recipe::StageRecipe;

/// Ends `epoch` (from 0) of `stage` with its `score` on the test set: the `eval` line, `best.safetensors` if it is, and
/// the checkpoint of `weights` and `state`.
pub(crate) fn end_epoch(
    directory: &mut RunDirectory,
    (stage, settings): (Stage, &StageRecipe),
    epoch: usize,
    score: Score,
    best: &mut BestScore,
    weights: StateDict,
    mut state: BTreeMap<String, Vec<f32>>,
) -> Result<(), TrainError> {
    directory.log(&Line::Eval(EvalLine {
        common: directory.common(epoch),
        evaluation: stage.section(),
        top1: score.top1,
        loss: Some(score.loss),
    }))?;
    if best.improved_by(score.top1) {
        directory.save_best(weights.clone())?;
    }
    best.store(&mut state);
    directory.save_epoch(epoch + 1, weights, state, is_kept(epoch, settings.checkpoint_every))
}
