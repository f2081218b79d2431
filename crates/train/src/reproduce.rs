//! The plan that compares methods: every run of a preset, pre-trained and evaluated three ways, for every seed.

use std::path::{Path, PathBuf};

use crate::observer::Stage;
use crate::recipe::{PlannedRun, Recipe};
use crate::start::Start;
use crate::{Outcome, Session, TrainError, finetune, knn, linear_probe, pretrain};

/// One stage of the plan: one run directory.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedStage {
    /// The run that it belongs to.
    pub run: String,
    /// Which loop.
    pub stage: Stage,
    /// The recipe of this run and seed.
    pub recipe: Recipe,
    /// Where its encoder comes from.
    pub start: Start,
    /// Its run directory.
    pub out: PathBuf,
}

/// All stages in the order in which they run: `DIR/<run>[-seed<N>]/{pretrain,finetune,linprobe,knn}`, the recipe's own
/// seed without a suffix, then the `seeds - 1` that follow it.
pub fn plan(recipe: &Recipe, seeds: usize, directory: &Path) -> Vec<PlannedStage> {
    let mut stages = Vec::new();
    for seed in (0..seeds as u64).map(|offset| recipe.seed + offset) {
        for run in &recipe.runs {
            let folder = if seed == recipe.seed { run.name.clone() } else { format!("{}-seed{seed}", run.name) };
            stages.extend(plan_run(&recipe.of_run(run).with_seed(seed), run, &directory.join(folder)));
        }
    }
    stages
}

fn plan_run(recipe: &Recipe, run: &PlannedRun, folder: &Path) -> Vec<PlannedStage> {
    let pretraining = folder.join(Stage::Pretrain.section());
    let start = if run.method.pretrains() { Start::From(pretraining) } else { Start::Scratch };
    Stage::ALL
        .into_iter()
        .filter(|stage| *stage != Stage::Pretrain || run.method.pretrains())
        .map(|stage| PlannedStage {
            run: run.name.clone(),
            stage,
            recipe: recipe.clone(),
            start: if stage == Stage::Pretrain { Start::Scratch } else { start.clone() },
            out: folder.join(stage.section()),
        })
        .collect()
}

/// How a plan ended.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanOutcome {
    /// Everything is there.
    Finished,
    /// It was asked to stop in this stage.
    Interrupted(Box<PlannedStage>, Outcome),
}

/// Runs the stages of `plan` in order. What was finished before is not repeated, what was begun goes on.
pub fn run(session: &mut Session<'_>, plan: &[PlannedStage]) -> Result<PlanOutcome, TrainError> {
    for planned in plan {
        let PlannedStage { run, stage, recipe, start, out } = planned;
        let outcome = match stage {
            Stage::Pretrain => pretrain::run(session, recipe, run, out, true),
            Stage::Finetune => finetune::run(session, recipe, run, start, out, true),
            Stage::Linprobe => linear_probe::run(session, recipe, run, start, out, true),
            Stage::Knn => knn::run(session, recipe, run, start, out, true),
        }?;
        if matches!(outcome, Outcome::Interrupted { .. }) {
            return Ok(PlanOutcome::Interrupted(Box::new(planned.clone()), outcome));
        }
    }
    Ok(PlanOutcome::Finished)
}
