//! From the combinations of a sweep to the stages that are to be run, each once.

use std::path::Path;

use toml::Value;

use super::grid::Point;
use super::{Sweep, SweepError};
use crate::recipe::{Choice, Flag, Layers, Method, Recipe, Stage, Warning};
use crate::reproduce::{PlannedStage, folder_of};
use crate::start::Start;

/// What a sweep amounts to.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The stages in an order in which they can be run, no two in the same run directory.
    pub stages: Vec<PlannedStage>,
    /// How many combinations there are, for each seed.
    pub combinations: usize,
    /// What is allowed and probably not meant.
    pub warnings: Vec<Warning>,
}

/// Plans every combination of `sweep`, laid over `layers`, with the seeds that the recipe's own begins, and the `evaluations`
/// of each: `directory/<run>[-seed<N>]/<stage>`, where a run is called by its method and the values of the swept keys that its
/// stage depends on. So what does not depend on a key is planned once: a sweep of `finetune.base_lr` pre-trains once.
///
/// # Errors
/// When a combination is no recipe, a key is both swept and set, or there is nothing to run.
pub fn plan(
    sweep: &Sweep,
    layers: &Layers,
    evaluations: &[Stage],
    seeds: usize,
    directory: &Path,
) -> Result<Planned, SweepError> {
    let mut planned = Planned { stages: Vec::new(), combinations: 0, warnings: Vec::new() };
    let mut known: Vec<String> = Vec::new();
    let mut runs = Vec::new();
    for grid in &sweep.grids {
        refuse_keys_that_are_set(grid.paths(), layers)?;
        for point in grid.points() {
            let (recipe, warnings) = resolve(&point, layers, evaluations)?;
            let text = recipe.to_toml();
            // A combination may say nothing new: a method that does not read a swept key.
            if !known.contains(&text) {
                known.push(text);
                let new = warnings.into_iter().filter(|warning| !planned.warnings.contains(warning));
                planned.warnings.extend(new.collect::<Vec<_>>());
                runs.push((point, recipe));
            }
        }
    }
    planned.combinations = runs.len();
    for seed in 0..seeds as u64 {
        for (point, recipe) in &runs {
            let first = recipe.seed;
            for stage in stages(point, &recipe.with_seed(first + seed), first, evaluations, directory)? {
                if planned.stages.iter().all(|other| other.out != stage.out) {
                    planned.stages.push(stage);
                }
            }
        }
    }
    match planned.stages.is_empty() {
        true => Err(SweepError::Nothing),
        false => Ok(planned),
    }
}

/// A key that is set would be overridden without a word.
fn refuse_keys_that_are_set<'a>(paths: impl Iterator<Item = &'a str>, layers: &Layers) -> Result<(), SweepError> {
    for path in paths {
        let by_set = layers.sets.iter().find(|set| set.split('=').next().is_some_and(|key| key.trim() == path));
        let by_flag = layers.flags.iter().find(|flag| flag.path == path);
        let also = match (by_set, by_flag) {
            (Some(set), _) => format!("set by --set {set}"),
            (None, Some(flag)) => format!("set by {}", flag.name),
            (None, None) => continue,
        };
        return Err(SweepError::Twice { key: path.to_owned(), also });
    }
    Ok(())
}

fn resolve(point: &Point, layers: &Layers, evaluations: &[Stage]) -> Result<(Recipe, Vec<Warning>), SweepError> {
    let mut layers = Layers { single: true, stages: Vec::new(), ..layers.clone() };
    let flags =
        point.iter().map(|(path, value)| Flag { name: "--grid".to_owned(), path: path.clone(), value: value.clone() });
    layers.flags.extend(flags);
    let (recipe, _) = Recipe::resolve(&layers)?;
    layers.stages = evaluations.to_vec();
    if recipe.method.pretrains() {
        layers.stages.insert(0, Stage::Pretrain);
    }
    Ok(Recipe::resolve(&layers)?)
}

/// The stages of one combination and seed.
fn stages(
    point: &Point,
    recipe: &Recipe,
    first_seed: u64,
    evaluations: &[Stage],
    directory: &Path,
) -> Result<Vec<PlannedStage>, SweepError> {
    let pretrains = recipe.method.pretrains();
    let place = |stage: Stage| {
        let run = name(point, recipe, stage);
        let out = directory.join(folder_of(&run, recipe.seed, first_seed)).join(stage.section());
        (run, out)
    };
    let start = if pretrains { Start::From(place(Stage::Pretrain).1) } else { Start::Scratch };
    let planned = |(stage, start): (Stage, Start)| {
        let (run, out) = place(stage);
        PlannedStage { run, stage, recipe: recipe.clone(), start, out }
    };
    let pretraining = pretrains.then_some((Stage::Pretrain, Start::Scratch));
    let evaluations = evaluations.iter().map(|stage| (*stage, start.clone()));
    let stages: Vec<PlannedStage> = pretraining.into_iter().chain(evaluations).map(planned).collect();
    match stages.is_empty() {
        true => Err(SweepError::NothingToRun { run: name(point, recipe, Stage::Knn) }),
        false => Ok(stages),
    }
}

/// The method, and behind it the values of the swept keys that `stage` of it depends on: `ema-mae-wse5-tau0.1`.
fn name(point: &Point, recipe: &Recipe, stage: Stage) -> String {
    let mut name = recipe.method.name.word().to_owned();
    let depends = |path: &str| {
        let section = path.split('.').next().unwrap_or(path);
        let pretraining = section == Stage::Pretrain.section() && recipe.method.pretrains();
        is_read_by_method(path, &recipe.method)
            && (matches!(section, "data" | "model" | "method") || pretraining || section == stage.section())
    };
    for (path, value) in point.iter().filter(|(path, _)| depends(path)) {
        let key = path.rsplit('.').next().unwrap_or(path);
        name = format!("{name}-{key}{}", text(value));
    }
    name
}

/// The method's own name is said already; the keys of its short forms are read by some methods alone.
fn is_read_by_method(path: &str, method: &Method) -> bool {
    match path {
        "method.name" => false,
        "method.k" => method.k.is_some(),
        "method.wse" => method.wse.is_some(),
        "method.tau" => method.tau.is_some(),
        "method.slow_weight" => method.slow_weight.is_some(),
        "method.copy_at" => method.copy_at.is_some(),
        _ => true,
    }
}

/// A value as a part of a folder's name.
fn text(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let parts: Vec<&str> = text.split(|c: char| !kept(c)).filter(|part| !part.is_empty()).collect();
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{Axis, Grid};

    fn sweep(grids: &[&[&str]]) -> Sweep {
        let grid = |axes: &&[&str]| {
            Grid::new(axes.iter().map(|argument| Axis::parse(argument).expect("an axis")).collect()).expect("a grid")
        };
        Sweep { grids: grids.iter().map(grid).collect() }
    }

    fn planned(sweep: &Sweep, seeds: usize) -> Vec<String> {
        let planned = plan(sweep, &Layers::default(), &Stage::EVALUATIONS, seeds, Path::new("d")).expect("a plan");
        planned.stages.iter().map(|stage| stage.out.display().to_string()).collect()
    }

    #[test]
    fn each_combination_is_pre_trained_and_evaluated_in_folders_that_say_what_it_is() {
        let stages = planned(&sweep(&[&["method.name=ema-mae", "method.wse=2,4", "method.tau=0.1"]]), 1);
        let expected: Vec<String> = ["ema-mae-wse2-tau0.1", "ema-mae-wse4-tau0.1"]
            .iter()
            .flat_map(|run| ["pretrain", "finetune", "linprobe", "knn"].map(|stage| format!("d/{run}/{stage}")))
            .collect();
        assert_eq!(stages, expected);
    }

    #[test]
    fn a_key_that_only_one_evaluation_reads_repeats_nothing_else() {
        let stages = planned(&sweep(&[&["method.name=mae", "finetune.base_lr=0.001,0.002"]]), 1);
        assert_eq!(
            stages,
            [
                "d/mae/pretrain",
                "d/mae-base_lr0.001/finetune",
                "d/mae/linprobe",
                "d/mae/knn",
                "d/mae-base_lr0.002/finetune"
            ]
        );
        let plan = plan(
            &sweep(&[&["method.name=mae", "finetune.base_lr=0.001,0.002"]]),
            &Layers::default(),
            &[Stage::Finetune],
            1,
            Path::new("d"),
        );
        let stages = plan.expect("a plan").stages;
        assert!(stages[1..].iter().all(|stage| stage.start == Start::From("d/mae/pretrain".into())));
        assert_ne!(stages[1].recipe.finetune.stage.base_lr, stages[2].recipe.finetune.stage.base_lr);
    }

    #[test]
    fn methods_that_do_not_read_a_swept_key_are_run_once() {
        let stages = planned(&sweep(&[&["method.name=scratch,mae,mae-k", "method.k=2,4"]]), 1);
        let pretrained: Vec<&String> = stages.iter().filter(|stage| stage.ends_with("/pretrain")).collect();
        assert_eq!(pretrained, ["d/mae/pretrain", "d/mae-k-k2/pretrain", "d/mae-k-k4/pretrain"]);
        assert_eq!(stages.iter().filter(|stage| stage.starts_with("d/scratch/")).count(), 3);
    }

    #[test]
    fn seeds_repeat_everything_in_folders_of_their_own() {
        let stages = planned(&sweep(&[&["method.name=mae-k", "method.k=2"]]), 2);
        assert_eq!(stages.len(), 8);
        assert_eq!((stages[0].as_str(), stages[4].as_str()), ("d/mae-k-k2/pretrain", "d/mae-k-k2-seed1/pretrain"));
    }

    #[test]
    fn the_same_combination_in_two_grids_is_run_once() {
        let stages = planned(&sweep(&[&["method.name=mae,scratch"], &["method.name=mae"]]), 1);
        assert_eq!(stages.len(), 4 + 3);
    }

    #[test]
    fn a_key_that_is_set_too_is_refused() {
        let layers = Layers { sets: vec!["method.k=3".into()], ..Layers::default() };
        let refused = plan(&sweep(&[&["method.k=1,2"]]), &layers, &Stage::EVALUATIONS, 1, Path::new("d"));
        let refused = refused.expect_err("it is set").to_string();
        assert!(refused.contains("method.k is swept, and set by --set method.k=3"), "{refused}");
    }

    #[test]
    fn a_value_that_its_key_does_not_take_is_refused_like_any_other() {
        let refused = plan(&sweep(&[&["method.k=0"]]), &Layers::default(), &Stage::EVALUATIONS, 1, Path::new("d"));
        assert!(refused.expect_err("no such K").to_string().contains("--grid"));
        let unknown = plan(&sweep(&[&["method.kk=1"]]), &Layers::default(), &Stage::EVALUATIONS, 1, Path::new("d"));
        assert!(unknown.expect_err("no such key").to_string().contains("method.k"));
    }

    #[test]
    fn a_copy_beyond_the_last_epoch_is_a_warning_that_comes_once() {
        let sweep = sweep(&[&["method.name=mae-k", "method.k=2,1000"]]);
        let planned = plan(&sweep, &Layers::default(), &Stage::EVALUATIONS, 2, Path::new("d")).expect("a plan");
        assert_eq!(planned.warnings.len(), 1, "{:?}", planned.warnings);
    }

    #[test]
    fn values_become_names_that_any_file_system_takes() {
        assert_eq!(text(&Value::String("/data/my photos".into())), "data-my-photos");
        assert_eq!(text(&"[0.2, 1.0]".parse::<Value>().expect("TOML")), "0.2-1.0");
    }
}
