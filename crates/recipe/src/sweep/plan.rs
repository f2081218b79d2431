//! From the combinations of a sweep to the stages that are to be run, each once.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use toml::Value;

use super::error::SweepError;
use super::grid::{Point, Sweep};
use crate::Start;
use crate::plan::{PlannedStage, folder_of};
use crate::{AnyKey, Choice, Layers, Method, Recipe, Setting, Stage, Warning, keys};

/// The key that names the method.
const METHOD: &str = "method.name";

/// Combinations that are planned at once: a year of the smallest runs.
const MAX_COMBINATIONS: usize = 10_000;

/// What a sweep amounts to.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepPlan {
    /// The stages in an order in which they can be run, no two in the same run directory.
    pub stages: Vec<PlannedStage>,
    /// How many combinations there are, for each seed.
    pub combinations: usize,
    /// What is allowed and probably not meant.
    pub warnings: Vec<Warning>,
}

/// Plans every combination of `sweep`, laid over `layers`, with the seeds that the recipe's own begins, and the
/// `evaluations` of each: `directory/<run>[-seed<N>]/<stage>`, where a run is called by its method and the values of
/// the swept keys that its stage depends on. A stage's recipe is made of these keys alone, so what does not depend on a
/// key is planned once: a sweep of `finetune.base_lr` pre-trains once.
///
/// # Errors
/// When a combination is no recipe, a key is both swept and set, or there is nothing to run.
pub fn plan(
    sweep: &Sweep,
    layers: &Layers,
    evaluations: &[Stage],
    seeds: usize,
    directory: &Path,
) -> Result<SweepPlan, SweepError> {
    let count = sweep.grids.iter().fold(0, |count: usize, grid| count.saturating_add(grid.count()));
    if count > MAX_COMBINATIONS {
        return Err(SweepError::TooMany { count, most: MAX_COMBINATIONS });
    }
    let labels = Labels::of(sweep);
    let mut planned = SweepPlan { stages: Vec::new(), combinations: 0, warnings: Vec::new() };
    let mut combinations: Vec<Vec<Part>> = Vec::new();
    for grid in &sweep.grids {
        refuse_keys_that_are_set(grid.paths(), layers)?;
        let mut unread: Vec<&str> = grid.paths().filter(|path| *path != METHOD).collect();
        for point in grid.points() {
            let (parts, warnings) = parts(&point, layers, evaluations, &labels)?;
            unread.retain(|path| !parts.iter().any(|part| repeats(path, part.stage, &part.recipe.method)));
            // A combination may say nothing new: a method that does not read a swept key.
            if !combinations.contains(&parts) {
                warnings.into_iter().for_each(|warning| warning.join(&mut planned.warnings));
                combinations.push(parts);
            }
        }
        if let Some(key) = unread.first() {
            return Err(SweepError::Unread { key: (*key).to_owned() });
        }
    }
    planned.combinations = combinations.len();
    let mut places: HashMap<PathBuf, usize> = HashMap::new();
    for offset in 0..seeds as u64 {
        for stage in combinations.iter().flat_map(|parts| stages(parts, offset, directory)) {
            match places.get(&stage.out) {
                None => {
                    places.insert(stage.out.clone(), planned.stages.len());
                    planned.stages.push(stage);
                }
                Some(&at) if planned.stages[at].recipe == stage.recipe => {}
                Some(_) => return Err(SweepError::SameFolder { folder: stage.out }),
            }
        }
    }
    match planned.stages.is_empty() {
        true => Err(SweepError::Nothing),
        false => Ok(planned),
    }
}

/// A stage of a combination: what it is called, and its recipe.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    run: String,
    stage: Stage,
    recipe: Recipe,
}

/// The stages of one combination, the pre-training first where its method has one.
fn parts(
    point: &Point,
    layers: &Layers,
    evaluations: &[Stage],
    labels: &Labels,
) -> Result<(Vec<Part>, Vec<Warning>), SweepError> {
    let (whole, _) = resolve(point, layers, &[])?;
    let method = &whole.method;
    let pretraining = method.pretrains().then_some(Stage::Pretrain);
    let (mut parts, mut warnings) = (Vec::new(), Vec::new());
    for stage in pretraining.into_iter().chain(evaluations.iter().copied()) {
        let own: Point = point.iter().filter(|(path, _)| repeats(path, stage, method)).cloned().collect();
        let (recipe, of_stage) = resolve(&own, layers, &[stage])?;
        // Methods of one sweep need not all read what is set for some.
        warnings.extend(of_stage.into_iter().filter(|warning| !matches!(warning, Warning::KeyIgnored { .. })));
        parts.push(Part { run: labels.name(&own, method), stage, recipe });
    }
    match parts.is_empty() {
        true => Err(SweepError::NothingToRun { run: method.name().word().to_owned() }),
        false => Ok((parts, warnings)),
    }
}

/// The stages of one combination with the seed `offset` behind the first.
fn stages(parts: &[Part], offset: u64, directory: &Path) -> Vec<PlannedStage> {
    let place = |part: &Part| {
        let folder = folder_of(&part.run, part.recipe.seed + offset, part.recipe.seed);
        directory.join(folder).join(part.stage.section())
    };
    let pretraining = parts.iter().find(|part| part.stage == Stage::Pretrain);
    let start = pretraining.map_or(Start::Scratch, |part| Start::From(place(part)));
    let planned = |part: &Part| PlannedStage {
        run: part.run.clone(),
        stage: part.stage,
        recipe: part.recipe.with_seed(part.recipe.seed + offset),
        start: if part.stage == Stage::Pretrain { Start::Scratch } else { start.clone() },
        out: place(part),
        ends_after: None,
    };
    parts.iter().map(planned).collect()
}

/// Whether another value of `path`, a key or a section, repeats `stage` of `method`.
fn repeats(path: &str, stage: Stage, method: &Method) -> bool {
    keys::at(path).iter().any(|key| key.methods().contains(&method.name()) && is_repeated_for(*key, stage, method))
}

/// A stage is repeated for a key that it reads, or that decides the weights of the pre-training that it starts from.
/// What pre-training reads only to monitor itself decides no weights: it is repeated for that where no evaluation reads
/// it.
fn is_repeated_for(key: &dyn AnyKey, stage: Stage, method: &Method) -> bool {
    let reads = |stage| key.stages().contains(&stage);
    match key.changes_weights() {
        true => reads(stage) || (reads(Stage::Pretrain) && method.pretrains()),
        false => reads(stage) && (stage != Stage::Pretrain || !Stage::EVALUATIONS.into_iter().any(reads)),
    }
}

/// A key that is set would be overridden without a word.
fn refuse_keys_that_are_set<'a>(mut paths: impl Iterator<Item = &'a str>, layers: &Layers) -> Result<(), SweepError> {
    let twice = paths.find_map(|path| layers.settings.iter().find(|setting| setting.path == path));
    match twice {
        Some(Setting { path, place, .. }) => {
            Err(SweepError::Twice { key: path.clone(), also: format!("set by {place}") })
        }
        None => Ok(()),
    }
}

fn resolve(point: &Point, layers: &Layers, stages: &[Stage]) -> Result<(Recipe, Vec<Warning>), SweepError> {
    let mut layers = Layers { single_run: true, stages: stages.to_vec(), ..layers.clone() };
    layers.settings.extend(point.iter().map(|(path, value)| Setting {
        path: path.clone(),
        value: value.clone(),
        place: "the sweep".to_owned(),
    }));
    Ok(Recipe::resolve(&layers)?)
}

/// What swept keys are called in names: their last part, or the whole path where two of the sweep share it.
struct Labels {
    paths: BTreeSet<String>,
}

impl Labels {
    fn of(sweep: &Sweep) -> Self {
        Self { paths: sweep.grids.iter().flat_map(|grid| grid.paths().map(str::to_owned)).collect() }
    }

    /// The method, and behind it the values of `point`: `ema-mae-wse5-tau0.1`.
    fn name(&self, point: &Point, method: &Method) -> String {
        let said = point.iter().filter(|(path, _)| path != METHOD);
        let values = said.map(|(path, value)| format!("-{}{}", self.label(path), in_a_folder_name(value)));
        format!("{}{}", method.name().word(), values.collect::<String>())
    }

    fn label<'a>(&self, path: &'a str) -> &'a str {
        let last = |path: &'a str| path.rsplit('.').next().unwrap_or(path);
        let shared = self.paths.iter().filter(|other| other.rsplit('.').next() == Some(last(path))).count() > 1;
        if shared { path } else { last(path) }
    }
}

/// A value as a part of a folder's name: as it is written where any file system takes that, else what is left of it and
/// a checksum of the whole, so that no two values share a name.
fn in_a_folder_name(value: &Value) -> String {
    const LONGEST: usize = 24;
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !text.is_empty() && text.len() <= LONGEST && text.chars().all(kept) {
        return text;
    }
    let parts: Vec<&str> = text.split(|c: char| !kept(c)).filter(|part| !part.is_empty()).collect();
    let readable: String = parts.join("-").chars().take(LONGEST).collect();
    format!("{readable}-{:08x}", crc32c::crc32c(text.as_bytes()))
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
    fn keys_that_only_evaluations_read_or_measure_by_pre_train_once() {
        for (keys, evaluations) in [
            (&["finetune.label_fraction=0.01,0.1,1"][..], 3 + 2),
            (&["finetune.label_fraction=0.01,0.1,1", "linprobe.label_fraction=0.01,0.1"], 3 + 2 + 1),
            (&["linprobe.class_weights=none,balanced", "finetune.freeze=0,2", "knn.k=3,5"], 2 + 2 + 2),
            (&["finetune.validation_fraction=0,0.1", "finetune.patience=1,2"], 4 + 2),
            (&["data.test_limit=50,100"], 3 * 2),
        ] {
            let axes: Vec<&str> = std::iter::once("method.name=mae").chain(keys.iter().copied()).collect();
            let stages = planned(&sweep(&[&axes]), 1);
            let pretrained = stages.iter().filter(|stage| stage.ends_with("/pretrain")).count();
            assert_eq!((pretrained, stages.len() - pretrained), (1, evaluations), "{keys:?}: {stages:?}");
        }
    }

    #[test]
    fn the_precision_can_be_swept_and_every_stage_computes_in_its_own() {
        let stages = planned(&sweep(&[&["method.name=mae", "precision=f32,bf16"]]), 1);
        let expected: Vec<String> = ["mae-precisionf32", "mae-precisionbf16"]
            .iter()
            .flat_map(|run| ["pretrain", "finetune", "linprobe", "knn"].map(|stage| format!("d/{run}/{stage}")))
            .collect();
        assert_eq!(stages, expected);
    }

    #[test]
    fn methods_that_do_not_read_a_swept_key_are_run_once() {
        let stages = planned(&sweep(&[&["method.name=scratch,mae,mae-k", "method.k=2,4"]]), 1);
        let pretrained: Vec<&String> = stages.iter().filter(|stage| stage.ends_with("/pretrain")).collect();
        assert_eq!(pretrained, ["d/mae/pretrain", "d/mae-k-k2/pretrain", "d/mae-k-k4/pretrain"]);
        assert_eq!(stages.iter().filter(|stage| stage.starts_with("d/scratch/")).count(), 3);
    }

    #[test]
    fn a_key_that_nothing_in_its_grid_reads_is_refused() {
        let refused = |grid: &[&str], evaluations: &[Stage]| {
            let refused = plan(&sweep(&[grid]), &Layers::default(), evaluations, 1, Path::new("d"));
            refused.expect_err("nothing reads it").to_string()
        };
        let text = refused(&["method.k=1,2"], &Stage::EVALUATIONS);
        assert!(text.starts_with("method.k is swept, but nothing"), "{text}");
        refused(&["method.name=mae-k", "method.k=1,2", "method.tau=0.1,0.2"], &Stage::EVALUATIONS);
        refused(&["method.name=mae", "finetune.base_lr=0.1,0.2"], &[Stage::Knn]);
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
        let set = Setting::parse("method.k=3", "--set method.k=3".into()).expect("a setting");
        let layers = Layers { settings: vec![set], ..Layers::default() };
        let refused = plan(&sweep(&[&["method.k=1,2"]]), &layers, &Stage::EVALUATIONS, 1, Path::new("d"));
        let refused = refused.expect_err("it is set").to_string();
        assert!(refused.contains("method.k is swept, and set by --set method.k=3"), "{refused}");
    }

    #[test]
    fn a_value_that_its_key_does_not_take_is_refused_like_any_other() {
        let refused = plan(&sweep(&[&["method.k=0"]]), &Layers::default(), &Stage::EVALUATIONS, 1, Path::new("d"));
        assert!(refused.expect_err("no such K").to_string().contains("`method.k` given by the sweep is 0"));
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
    fn keys_that_end_alike_are_called_by_their_whole_path_so_that_no_combination_is_lost() {
        let sweep = sweep(&[
            &["method.name=mae", "pretrain.base_lr=0.001,0.002"],
            &["method.name=mae", "finetune.base_lr=0.001,0.002"],
        ]);
        let stages = planned(&sweep, 1);
        assert!(stages.contains(&"d/mae-pretrain.base_lr0.001/pretrain".to_owned()), "{stages:?}");
        assert!(stages.contains(&"d/mae-finetune.base_lr0.001/finetune".to_owned()), "{stages:?}");
        let pretrained = stages.iter().filter(|stage| stage.ends_with("/pretrain")).count();
        assert_eq!((pretrained, stages.iter().filter(|stage| stage.ends_with("/finetune")).count()), (3, 4));
    }

    #[test]
    fn a_shared_pre_training_is_the_same_whatever_evaluations_sweep() {
        let of = |grid: &str| {
            let sweep = sweep(&[&["method.name=mae", grid]]);
            plan(&sweep, &Layers::default(), &[Stage::Knn], 1, Path::new("d")).expect("a plan").stages[0].clone()
        };
        assert_eq!(of("knn.k=3,5,10"), of("knn.k=5,10"));
    }

    #[test]
    fn keys_of_the_method_that_it_does_not_read_repeat_nothing() {
        let stages = planned(&sweep(&[&["method.name=scratch,mae,mae-k", "method.scratch_init=mae,timm"]]), 1);
        let pretrained: Vec<&String> = stages.iter().filter(|stage| stage.ends_with("/pretrain")).collect();
        assert_eq!(pretrained, ["d/mae/pretrain", "d/mae-k/pretrain"]);
        assert_eq!(stages.iter().filter(|stage| stage.starts_with("d/scratch-")).count(), 6);
    }

    #[test]
    fn values_become_names_that_any_file_system_takes_and_no_two_share() {
        assert_eq!(in_a_folder_name(&Value::Float(0.005)), "0.005");
        let paths = ["/tmp/a b", "/tmp/a-b", "/tmp/a/b"].map(|path| in_a_folder_name(&Value::String(path.into())));
        assert!(paths.iter().all(|name| name.starts_with("tmp-a-b-")), "{paths:?}");
        assert!(paths[0] != paths[1] && paths[1] != paths[2] && paths[0] != paths[2], "{paths:?}");
        let long = in_a_folder_name(&Value::String("x".repeat(500)));
        assert_eq!(long.len(), 24 + 1 + 8);
    }
}
