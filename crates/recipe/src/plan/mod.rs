//! The plan that compares methods: every run of a preset, pre-trained and evaluated three ways, for every seed.

mod file;
mod trunks;

use std::path::{Path, PathBuf};

use bmae_output::plain::name_of_path;

use crate::{PlannedRun, Recipe, Stage, Start};

pub use file::{PLAN_FILE, PlanFile, PlanFileError};
pub use trunks::{epochs_in_common, share_beginnings};

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
    /// Of a trunk, the epochs after which it ends; `None`: all of the recipe's.
    pub ends_after: Option<usize>,
}

impl PlannedStage {
    /// The last epoch of a pre-training is that before this one: the recipe's number, or the trunk's.
    pub fn pretraining_epochs(&self) -> usize {
        self.ends_after.unwrap_or(self.recipe.pretrain.stage.epochs)
    }

    /// The epochs that the stage has in all; none where it has no epochs.
    pub fn epochs(&self) -> usize {
        match self.stage {
            Stage::Pretrain => self.pretraining_epochs(),
            stage => stage.trained().map_or(0, |trained| self.recipe.stage(trained).epochs),
        }
    }

    /// The epochs that a pre-training trains itself; those of the trunk that it goes on from do not count. 0 for
    /// evaluations.
    pub fn epochs_pretrained(&self) -> usize {
        let shared = self.start.trunk().map_or(0, |trunk| trunk.epochs);
        if self.stage == Stage::Pretrain { self.pretraining_epochs() - shared } else { 0 }
    }
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

/// The name of the run that a stage with this `seed` belongs to when it is laid out as here:
/// `.../<run>[-seed<N>]/<stage>`. `None` for a folder of any other kind.
pub fn run_name(out: &Path, stage: Stage, seed: u64) -> Option<String> {
    let folder = out.file_name().filter(|name| *name == stage.section()).and(out.parent())?.file_name()?;
    let folder = name_of_path(folder);
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
            ends_after: None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_laid_out_like_a_plan_belongs_to_the_run_of_its_folder() {
        let of = |out: &str, seed| run_name(Path::new(out), Stage::Pretrain, seed);
        assert_eq!(of("runs/mae-k-k5/pretrain", 0).as_deref(), Some("mae-k-k5"));
        assert_eq!(of("runs/mae-k-k5-seed3/pretrain", 3).as_deref(), Some("mae-k-k5"));
        assert_eq!(of("runs/mae-seed3/pretrain", 0).as_deref(), Some("mae-seed3"), "that is its name then");
        assert_eq!(of("runs/mae", 0), None);
        assert_eq!(of("pretrain", 0), None);
    }
}
