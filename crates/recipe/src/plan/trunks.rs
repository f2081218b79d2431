//! Shared beginnings: what several pre-trainings of a plan would do alike is done once.
//!
//! Every method learns pixels until its switch to features, so pre-trainings that differ in the method alone agree, bit
//! for bit, until the first of them switches. A *trunk* is a pre-training that ends there; the others go on from it.

use std::path::Path;

use toml::{Table, Value};

use super::PlannedStage;
use crate::{AnyKey, Recipe, Stage, Start, Trunk, WarmUp, keys};

/// The folder of a plan that holds its trunks.
const FOLDER: &str = "trunks";

/// How many epochs, counted from the first, two pre-trainings do alike: with the same weights and metrics after each of
/// them. 0 where anything but the method differs that pre-training reads, or what decides the warm-up; else the shorter
/// of the two warm-ups, or all epochs where the methods are the same too.
pub fn epochs_in_common(a: &Recipe, b: &Recipe) -> usize {
    Beginning::of(a).epochs_in_common(&Beginning::of(b))
}

/// What decides how a pre-training begins.
#[derive(Debug, Clone, PartialEq)]
struct Beginning {
    /// What pre-training reads besides the method, as text.
    surroundings: String,
    /// The method, as text.
    method: String,
    warm_up: WarmUp,
    /// Epochs on pixels.
    pixel_epochs: usize,
    epochs: usize,
}

impl Beginning {
    fn of(recipe: &Recipe) -> Self {
        let epochs = recipe.pretrain.stage.epochs;
        Self {
            surroundings: read_by_pretraining(recipe, |path| !is_of_method(path)),
            method: read_by_pretraining(recipe, is_of_method),
            warm_up: recipe.method.warm_up(),
            pixel_epochs: recipe.method.warmup_epochs().map_or(epochs, |warmup| warmup.min(epochs)),
            epochs,
        }
    }

    fn epochs_in_common(&self, other: &Self) -> usize {
        if self.surroundings != other.surroundings {
            0
        } else if self.method == other.method {
            self.epochs
        } else if self.warm_up != other.warm_up {
            0
        } else {
            self.pixel_epochs.min(other.pixel_epochs)
        }
    }
}

/// The keys that pre-training reads and their values, of those whose path is `wanted`; the targets of a method as one.
fn read_by_pretraining(recipe: &Recipe, wanted: impl Fn(&str) -> bool) -> String {
    // A recipe is written as TOML that can be read.
    let table: Table = recipe.to_toml().parse().unwrap_or_default();
    let is_read = |key: &&dyn AnyKey| key.changes_run() && key.stages().contains(&Stage::Pretrain);
    let paths = keys::all().into_iter().filter(is_read).map(|key| key.path());
    let wanted = paths.chain([keys::TARGETS]).filter(|path| wanted(path));
    wanted.filter_map(|path| Some(format!("{path} = {}\n", value_at(&table, path)?))).collect()
}

fn is_of_method(path: &str) -> bool {
    path.starts_with("method.")
}

fn value_at<'a>(table: &'a Table, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => table.get(path),
        Some((section, rest)) => value_at(table.get(section)?.as_table()?, rest),
    }
}

/// The same plan with its shared beginnings trained once: each trunk, in `directory/trunks/<run>-until-<epochs>`, stands
/// before the first stage that goes on from it.
pub fn share_beginnings(stages: Vec<PlannedStage>, directory: &Path) -> Vec<PlannedStage> {
    let pretrainings: Vec<usize> = (0..stages.len()).filter(|&at| stages[at].stage == Stage::Pretrain).collect();
    let group: Vec<(usize, Beginning)> =
        pretrainings.into_iter().map(|at| (at, Beginning::of(&stages[at].recipe))).collect();
    let mut sharing = Sharing { directory, starts: vec![Start::Scratch; stages.len()], trunks: Vec::new() };
    sharing.branch(&stages, group, &Start::Scratch);
    let Sharing { starts, mut trunks, .. } = sharing;

    let mut shared = Vec::new();
    for (mut stage, start) in stages.into_iter().zip(starts) {
        if start.trunk().is_some() {
            stage.start = start;
        }
        // A trunk may go on from another: the whole way to this stage, the first trunk first.
        let mut way = Vec::new();
        let mut next = stage.start.trunk().map(|trunk| trunk.directory.clone());
        while let Some(at) = next.take().and_then(|wanted| trunks.iter().position(|trunk| trunk.out == wanted)) {
            let trunk = trunks.remove(at);
            next = trunk.start.trunk().map(|trunk| trunk.directory.clone());
            way.push(trunk);
        }
        shared.extend(way.into_iter().rev());
        shared.push(stage);
    }
    shared
}

/// What is found out about a plan on the way through it.
struct Sharing<'a> {
    directory: &'a Path,
    /// Where each stage begins.
    starts: Vec<Start>,
    trunks: Vec<PlannedStage>,
}

impl Sharing<'_> {
    /// Decides where the pre-trainings of a `group` begin, all of which may begin with `start`; each is known by its
    /// place in the plan.
    fn branch(&mut self, stages: &[PlannedStage], group: Vec<(usize, Beginning)>, start: &Start) {
        let done = start.trunk().map_or(0, |trunk| trunk.epochs);
        // Agreement until an epoch is an equivalence: those that agree longer than all of the group do form groups of
        // their own.
        let mut left = group;
        while !left.is_empty() {
            let (first, beginning) = left.remove(0);
            let in_common = |other: &(usize, Beginning)| beginning.epochs_in_common(&other.1);
            let (mut alike, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|other| in_common(other) > done);
            left = others;
            let Some(until) = alike.iter().map(in_common).min() else {
                self.starts[first] = start.clone();
                continue;
            };
            let trunk = trunk(&stages[first], until, start.clone(), self.directory);
            let from = Start::Trunk(Trunk { directory: trunk.out.clone(), epochs: until });
            self.trunks.push(trunk);
            alike.insert(0, (first, beginning));
            self.branch(stages, alike, &from);
        }
    }
}

/// The first `epochs` of `of`, as a stage of their own.
fn trunk(of: &PlannedStage, epochs: usize, start: Start, directory: &Path) -> PlannedStage {
    let run = format!("{}-until-{epochs}", of.run);
    // Behind its name the folder of a run has the suffix of the seed, or nothing.
    let folder = of.out.parent().and_then(Path::file_name).map(|folder| folder.to_string_lossy()).unwrap_or_default();
    let suffix = folder.strip_prefix(of.run.as_str()).unwrap_or_default();
    let folder = directory.join(FOLDER).join(format!("{run}{suffix}"));
    PlannedStage { out: folder.join(Stage::Pretrain.section()), run, start, ends_after: Some(epochs), ..of.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Layers;
    use crate::sweep::{self, Axis, Grid, Sweep};

    fn recipe(keys: &str) -> Recipe {
        Recipe::from_toml(&format!("pretrain.epochs = 40\n{keys}")).expect("a recipe")
    }

    fn in_common(a: &str, b: &str) -> usize {
        let (a, b) = (recipe(a), recipe(b));
        assert_eq!(epochs_in_common(&a, &b), epochs_in_common(&b, &a));
        epochs_in_common(&a, &b)
    }

    #[test]
    fn methods_agree_until_the_first_of_them_switches_to_features() {
        let (mae, k5) = ("method.name = 'mae'", "method.name = 'mae-k'\nmethod.k = 5");
        assert_eq!(in_common(mae, k5), 5);
        assert_eq!(in_common(k5, "method.name = 'mae-k'\nmethod.k = 20"), 5);
        assert_eq!(in_common("method.name = 'ema-mae'\nmethod.wse = 8", k5), 5);
        assert_eq!(in_common(mae, mae), 40);
        assert_eq!(in_common(mae, "method.name = 'mae-k'\nmethod.k = 90"), 40, "it never switches");
        assert_eq!(in_common(mae, "method.name = 'ema-mae'\nmethod.wse = 0"), 0);
    }

    #[test]
    fn warm_ups_that_learn_or_keep_something_else_have_no_epoch_in_common() {
        let (mae, new) = ("method.name = 'mae'", "method.name = 'mae-new'\nmethod.k = 5");
        assert_eq!(in_common(mae, new), 5);
        assert_eq!(in_common(mae, &format!("{new}\nmethod.warmup_weight = 'sum'")), 0);
        assert_eq!(in_common(mae, &format!("{new}\nmethod.born = 'start'")), 0);
        assert_eq!(in_common(new, &format!("{new}\nmethod.masks = 'separate'")), 5);
    }

    #[test]
    fn targets_of_a_custom_method_count_as_its_own() {
        let custom = |targets: &str| format!("method.name = 'custom'\nmethod.wse = 3\nmethod.targets = [{targets}]");
        let (copy, average) = (custom("{update = 'copy', every = 2}"), custom("{update = 'ema', tau = 0.1}"));
        assert_eq!(in_common(&copy, &average), 3);
        assert_eq!(in_common(&copy, &copy), 40);
    }

    #[test]
    fn nothing_is_shared_where_anything_else_differs_that_pre_training_reads() {
        let mae = "method.name = 'mae'";
        // The monitor of pre-training reads [knn].
        for other in
            ["seed = 1", "precision = 'bf16'", "pretrain.mask_ratio = 0.5", "model.decoder.depth = 3", "knn.k = 7"]
        {
            assert_eq!(in_common(mae, &format!("{mae}\n{other}")), 0, "{other}");
        }
        for other in ["finetune.epochs = 3", "method.scratch_init = 'timm'"] {
            assert_eq!(in_common(mae, &format!("{mae}\n{other}")), 40, "{other}");
        }
    }

    fn shared(grids: &[&[&str]], seeds: usize) -> Vec<PlannedStage> {
        let axis = |argument: &&str| Axis::parse(argument).expect("an axis");
        let grid = |axes: &&[&str]| Grid::new(axes.iter().map(axis).collect()).expect("a grid");
        let sweep = Sweep { grids: grids.iter().map(grid).collect() };
        let planned = sweep::plan(&sweep, &Layers::default(), &[Stage::Knn], seeds, Path::new("d")).expect("a plan");
        share_beginnings(planned.stages, Path::new("d"))
    }

    /// `out` and, behind an arrow, the trunk that it goes on from, of every pre-training.
    fn pretrainings(stages: &[PlannedStage]) -> Vec<String> {
        let words = |stage: &PlannedStage| match stage.start.trunk() {
            Some(trunk) => format!("{} <- {}", stage.out.display(), trunk.directory.display()),
            None => stage.out.display().to_string(),
        };
        stages.iter().filter(|stage| stage.stage == Stage::Pretrain).map(words).collect()
    }

    #[test]
    fn a_chain_of_trunks_leads_to_each_place_where_pre_trainings_part() {
        let stages = shared(&[&["method.name=scratch,mae"], &["method.name=mae-k", "method.k=2,5"]], 1);
        assert_eq!(
            pretrainings(&stages),
            [
                "d/trunks/mae-until-2/pretrain",
                "d/trunks/mae-until-5/pretrain <- d/trunks/mae-until-2/pretrain",
                "d/mae/pretrain <- d/trunks/mae-until-5/pretrain",
                "d/mae-k-k2/pretrain <- d/trunks/mae-until-2/pretrain",
                "d/mae-k-k5/pretrain <- d/trunks/mae-until-5/pretrain",
            ]
        );
        let epochs = stages.iter().map(PlannedStage::epochs_pretrained).sum::<usize>();
        let of_each = stages[1].recipe.pretrain.stage.epochs;
        assert_eq!(epochs, 3 * of_each - 2 * 2 - 3, "2 epochs are trained once for three, 3 more once for two");
        assert!(stages.iter().all(|stage| stage.stage == Stage::Pretrain || stage.start.trunk().is_none()));
    }

    #[test]
    fn seeds_share_nothing_and_have_trunks_of_their_own() {
        let stages = shared(&[&["method.name=mae-k", "method.k=2,5"]], 2);
        let trunks: Vec<String> = pretrainings(&stages).into_iter().filter(|out| out.starts_with("d/trunks")).collect();
        assert_eq!(trunks, ["d/trunks/mae-k-k2-until-2/pretrain", "d/trunks/mae-k-k2-until-2-seed1/pretrain"]);
        let run = |stage: &PlannedStage| super::super::run_name(&stage.out, Stage::Pretrain, stage.recipe.seed);
        assert!(
            stages.iter().filter(|stage| stage.ends_after.is_some()).all(|stage| run(stage) == Some(stage.run.clone()))
        );
    }

    #[test]
    fn groups_that_differ_in_more_than_the_method_have_trunks_of_their_own() {
        let stages = shared(&[&["method.name=mae,mae-k", "method.k=3", "pretrain.base_lr=0.001,0.002"]], 1);
        let trunks = stages.iter().filter(|stage| stage.ends_after.is_some()).count();
        assert_eq!(trunks, 2, "{:?}", pretrainings(&stages));
    }

    #[test]
    fn a_plan_without_anything_in_common_stays_as_it_is() {
        let alone = |stages: &[PlannedStage]| stages.iter().all(|stage| stage.ends_after.is_none());
        assert!(alone(&shared(&[&["method.name=mae"]], 1)));
        assert!(alone(&shared(&[&["method.name=ema-mae", "method.wse=0", "method.tau=0.1,0.2"]], 1)));
    }

    #[test]
    fn every_trunk_stands_before_what_goes_on_from_it() {
        let stages = shared(&[&["method.name=mae-k", "method.k=9,2,5"], &["method.name=mae"]], 1);
        for (at, stage) in stages.iter().enumerate() {
            if let Some(trunk) = stage.start.trunk() {
                let place = stages.iter().position(|other| other.out == trunk.directory).expect("the trunk");
                assert!(place < at && stages[place].ends_after == Some(trunk.epochs), "{stage:?}");
            }
        }
    }
}
