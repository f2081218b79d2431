//! A plan is run: every stage in its order, what is finished is not repeated, what was begun goes on.

use std::path::Path;

use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{Stage, Start};

use crate::{Outcome, Session, TrainError, finetune, input, knn, linear_probe, pipeline, pretrain};

/// How a plan ended.
#[derive(Debug)]
pub enum PlanOutcome {
    /// Everything is there.
    Finished,
    /// It was asked to stop in this stage.
    Interrupted(Box<PlannedStage>, Outcome),
    /// These diverged; everything that does not start from them is there.
    Diverged(Vec<TrainError>),
}

/// What the stages of `plan` would say of their data at their beginning, so that a plan whose evaluations have no labels does not
/// pre-train first. Each choice of images is opened once.
fn check_data(plan: &[PlannedStage]) -> Result<(), TrainError> {
    let mut checked = Vec::new();
    for first in plan {
        let wanted = &first.recipe.data;
        if checked.contains(&wanted) {
            continue;
        }
        let dataset = pipeline::open(&first.recipe)?;
        let mut stages = plan.iter().filter(|planned| planned.recipe.data == *wanted);
        stages.try_for_each(|planned| input::check(&dataset, &planned.recipe, planned.stage))?;
        checked.push(wanted);
    }
    Ok(())
}

/// Runs the stages of `plan` in order, after a look at the data of them all. What was finished before is not repeated, what was
/// begun goes on. A stage whose loss is no number any more is left as it is, with what would start from it: that is a result of its
/// recipe, not a reason to stop the others.
pub fn run(session: &mut Session<'_>, plan: &[PlannedStage]) -> Result<PlanOutcome, TrainError> {
    check_data(plan)?;
    let mut diverged = Vec::new();
    let mut lost: Vec<&Path> = Vec::new();
    for planned in plan {
        if matches!(&planned.start, Start::From(path) if lost.contains(&path.as_path())) {
            continue;
        }
        let PlannedStage { run, stage, recipe, start, out } = planned;
        let outcome = match stage {
            Stage::Pretrain => pretrain::run(session, recipe, run, out, true),
            Stage::Finetune => finetune::run(session, recipe, run, start, out, true),
            Stage::Linprobe => linear_probe::run(session, recipe, run, start, out, true),
            Stage::Knn => knn::run(session, recipe, run, start, out, true),
        };
        let outcome = match outcome {
            Err(error @ TrainError::NotFinite { .. }) => {
                session.warn(error.to_string());
                diverged.push(error);
                lost.push(out);
                continue;
            }
            outcome => outcome?,
        };
        if matches!(outcome, Outcome::Interrupted { .. }) {
            return Ok(PlanOutcome::Interrupted(Box::new(planned.clone()), outcome));
        }
    }
    Ok(if diverged.is_empty() { PlanOutcome::Finished } else { PlanOutcome::Diverged(diverged) })
}
