//! The plan that compares methods: every run of a preset, pre-trained and evaluated three ways, for every seed.

use std::path::{Path, PathBuf};

use bmae_data::Source;

use crate::observer::Stage;
use crate::recipe::{DataRecipe, PlannedRun, Recipe};
use crate::start::Start;
use crate::{Outcome, Session, TrainError, finetune, input, knn, linear_probe, pretrain};

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
            let folder = directory.join(folder_of(&run.name, seed, recipe.seed));
            stages.extend(plan_run(&recipe.of_run(run).with_seed(seed), run, &folder));
        }
    }
    stages
}

/// The folder of a run: its name, and behind it the seed where that is not the first.
pub(crate) fn folder_of(run: &str, seed: u64, first_seed: u64) -> String {
    if seed == first_seed { run.to_owned() } else { format!("{run}-seed{seed}") }
}

/// The name of the run that a stage with this `seed` belongs to when it is laid out as here: `.../<run>[-seed<N>]/<stage>`.
/// `None` for a folder of any other kind.
pub fn run_of(out: &Path, stage: Stage, seed: u64) -> Option<String> {
    let folder = out.file_name().filter(|name| *name == stage.section()).and(out.parent())?.file_name()?;
    let folder = folder.to_string_lossy();
    Some(folder.strip_suffix(&format!("-seed{seed}")).unwrap_or(&folder).to_owned())
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
#[derive(Debug)]
pub enum PlanOutcome {
    /// Everything is there.
    Finished,
    /// It was asked to stop in this stage.
    Interrupted(Box<PlannedStage>, Outcome),
    /// These diverged; everything that does not start from them is there.
    Diverged(Vec<TrainError>),
}

/// Which images a stage opens.
fn images(planned: &PlannedStage) -> (&Source, usize, usize) {
    let DataRecipe { source, train_limit, test_limit, .. } = &planned.recipe.data;
    (source, *train_limit, *test_limit)
}

/// What the stages of `plan` would say of their data at their beginning, so that a plan whose evaluations have no labels does not
/// pre-train first. Each choice of images is opened once.
fn check_data(plan: &[PlannedStage]) -> Result<(), TrainError> {
    let mut checked = Vec::new();
    for first in plan {
        let wanted = images(first);
        if checked.contains(&wanted) {
            continue;
        }
        let dataset = input::open(&first.recipe)?;
        let mut stages = plan.iter().filter(|planned| images(planned) == wanted);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_laid_out_like_a_plan_belongs_to_the_run_of_its_folder() {
        let of = |out: &str, seed| run_of(Path::new(out), Stage::Pretrain, seed);
        assert_eq!(of("runs/mae-k-k5/pretrain", 0).as_deref(), Some("mae-k-k5"));
        assert_eq!(of("runs/mae-k-k5-seed3/pretrain", 3).as_deref(), Some("mae-k-k5"));
        assert_eq!(of("runs/mae-seed3/pretrain", 0).as_deref(), Some("mae-seed3"), "that is its name then");
        assert_eq!(of("runs/mae", 0), None);
        assert_eq!(of("pretrain", 0), None);
    }
}
