//! In which keys of their recipes runs differ that are shown beside each other, or averaged.

use std::collections::{BTreeMap, BTreeSet};

use bmae_recipe::{AnyKey, keys};

use crate::run_directory::{Run, Stage, reads};

/// What a key is said to be where a recipe does not have it.
pub(crate) const ABSENT: &str = "(absent)";

/// The keys of a method's short form, which stand beside its name wherever it is told.
const TOLD_WITH_THE_METHOD: [&str; 5] = ["method.name", "method.k", "method.wse", "method.tau", "method.slow_weight"];

/// The keys that matter to `stage` in which `runs` differ, with their values. Of one line only the seeds should differ.
pub(crate) fn differing_keys<'a>(runs: impl Iterator<Item = &'a Run>, stage: Stage) -> Vec<String> {
    let recipes: Vec<BTreeMap<String, String>> =
        runs.map(|run| result_keys(run, stage)).filter(|keys| !keys.is_empty()).collect();
    let said = |path: String| {
        let values: BTreeSet<&str> =
            recipes.iter().map(|keys| keys.get(&path).map_or(ABSENT, String::as_str)).collect();
        format!("{path} {}", values.into_iter().collect::<Vec<_>>().join(" or "))
    };
    differing_paths(&recipes).into_iter().map(said).collect()
}

/// The same of all runs of each stage, without the keys that make the method. What differs in several stages is told
/// once.
pub(crate) fn varied(runs: &[Run]) -> Vec<String> {
    let mut varied = Vec::new();
    for stage in Stage::ALL {
        let differing = differing_keys(runs.iter().filter(|run| run.about.stage == stage), stage);
        for text in differing.into_iter().filter(|text| !text.starts_with("method.")) {
            if !varied.contains(&text) {
                varied.push(text);
            }
        }
    }
    varied
}

/// The paths of the keys in which the runs of some stage differ, besides those that are told with the method and where
/// the images lie: the columns that tell apart what shares a name.
pub(crate) fn swept_keys<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Vec<String> {
    let runs: Vec<&Run> = runs.into_iter().collect();
    let mut swept = BTreeSet::new();
    for stage in Stage::ALL {
        let of_stage = runs.iter().copied().filter(|run| run.about.stage == stage);
        let recipes: Vec<BTreeMap<String, String>> = of_stage.map(|run| result_keys(run, stage)).collect();
        swept.extend(differing_paths(&recipes));
    }
    let is_told = |path: &String| {
        TOLD_WITH_THE_METHOD.contains(&path.as_str()) || matches!(path.as_str(), "data.source" | "data.root")
    };
    swept.into_iter().filter(|path| !is_told(path)).collect()
}

/// The keys of the recipe on which the result of a run of `stage` depends, with their values as TOML writes them. The
/// data is called by what was read.
pub(crate) fn result_keys(run: &Run, stage: Stage) -> BTreeMap<String, String> {
    key_values(run, |path| matters(path, stage))
}

/// Those on which an encoder depends besides its seed, as its pre-training's recipe has them. What counts of its images
/// is what they were, and not where they lay; of weights that it began with, that it did.
pub(crate) fn encoder_keys(run: &Run) -> BTreeMap<String, String> {
    let mut keys = result_keys(run, Stage::Pretrain);
    keys.retain(|path, _| !matches!(path.as_str(), "data.root" | "pretrain.from_sha256"));
    keys.retain(|path, _| !path.starts_with("monitor.") && !path.starts_with("knn."));
    if let Some(images) = &run.about.inputs.train {
        keys.insert("data.source".to_owned(), format!("{} {}", images.listing, images.contents));
    }
    if let Some(from) = keys.get_mut("pretrain.from") {
        "given".clone_into(from);
    }
    keys
}

/// The keys of a run's recipe that are `wanted`, with their values as TOML writes them.
pub(crate) fn key_values(run: &Run, wanted: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let mut keys = run.keys();
    // What was read says more than where it lay.
    if let (Some(source), Some(data)) = (keys.get_mut("data.source"), &run.about.data) {
        source.clone_from(data);
    }
    keys.retain(|path, _| wanted(path));
    keys
}

/// In which keys `other` differs from `base`, with its values: `linprobe.base_lr 0.2`.
pub(crate) fn differences_from(base: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    let paths: BTreeSet<&String> = base.keys().chain(other.keys()).collect();
    let differs = |path: &&String| base.get(*path) != other.get(*path);
    let said = |path: &String| format!("{path} {}", other.get(path).map_or(ABSENT, |value| value.trim_matches('"')));
    paths.into_iter().filter(differs).map(said).collect()
}

/// The keys that do not have one value in all `recipes`; recipes without any key say nothing.
fn differing_paths(recipes: &[BTreeMap<String, String>]) -> Vec<String> {
    let known: Vec<&BTreeMap<String, String>> = recipes.iter().filter(|keys| !keys.is_empty()).collect();
    let all: BTreeSet<&String> = known.iter().flat_map(|keys| keys.keys()).collect();
    let differs = |path: &&String| known.iter().any(|keys| keys.get(*path) != known[0].get(*path));
    all.into_iter().filter(differs).cloned().collect()
}

/// Whether a key decides what a stage gives: the stage reads it, and it is not the seed, nor only says how it is worked
/// or what is watched on the way.
fn matters(path: &str, stage: Stage) -> bool {
    // What an evaluation reads, its accuracy depends on.
    let is_result = |key: &dyn AnyKey| key.changes_run() && (key.changes_weights() || stage != Stage::Pretrain);
    let is_read = keys::at(path).into_iter().any(|key| reads(stage, key) && is_result(key));
    is_read && path != "seed" && !path.ends_with(".checkpoint_every") && !path.ends_with(".accumulate")
}
