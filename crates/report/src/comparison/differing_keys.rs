//! In which keys of their recipes runs differ that are shown beside each other, or averaged.

use std::collections::BTreeSet;

use bmae_recipe::{AnyKey, keys};

use super::group::RunGroup;
use crate::run_directory::{Run, Stage, reads};

/// The keys, and their values, in which the runs of one line and stage differ although only their seeds should.
pub(crate) fn differing_keys(group: &RunGroup, stage: Stage) -> Vec<String> {
    differing(group.stage(stage), stage)
}

/// The same of all runs of each stage, without the keys that make the method. What differs in several stages is told
/// once.
pub(crate) fn varied(runs: &[Run]) -> Vec<String> {
    let mut varied = Vec::new();
    for stage in Stage::ALL {
        let differing = differing(runs.iter().filter(|run| run.about.stage == stage), stage);
        for text in differing.into_iter().filter(|text| !text.starts_with("method.")) {
            if !varied.contains(&text) {
                varied.push(text);
            }
        }
    }
    varied
}

/// The keys that matter to `stage` in which `runs` differ, with their values.
fn differing<'a>(runs: impl Iterator<Item = &'a Run>, stage: Stage) -> Vec<String> {
    let keys = |run: &Run| {
        let mut keys = run.keys();
        // What was read says more than where it lay.
        if let (Some(source), Some(data)) = (keys.get_mut("data.source"), &run.about.data) {
            source.clone_from(data);
        }
        keys
    };
    let recipes: Vec<_> = runs.map(keys).filter(|keys| !keys.is_empty()).collect();
    let all: BTreeSet<&String> = recipes.iter().flat_map(|keys| keys.keys()).collect();
    let differs = |key: &String| {
        let values: BTreeSet<&str> =
            recipes.iter().map(|keys| keys.get(key).map_or("(absent)", String::as_str)).collect();
        (values.len() > 1).then(|| format!("{key} {}", values.into_iter().collect::<Vec<_>>().join(" or ")))
    };
    all.into_iter().filter(|key| matters(key, stage)).filter_map(differs).collect()
}

/// Whether a key decides what a stage gives: the stage reads it, and it is not the seed, nor only says how it is worked
/// or what is watched on the way.
fn matters(path: &str, stage: Stage) -> bool {
    let is_result = |key: &dyn AnyKey| {
        key.changes_run() && (key.changes_weights() || path.starts_with(&format!("{}.", stage.name())))
    };
    let is_read = keys::at(path).into_iter().any(|key| reads(stage, key) && is_result(key));
    is_read && path != "seed" && !path.ends_with(".checkpoint_every") && !path.ends_with(".accumulate")
}
