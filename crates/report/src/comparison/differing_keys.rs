//! In which keys of their recipes runs differ that are shown beside each other, or averaged.

use std::collections::BTreeSet;

use super::group::RunGroup;
use crate::run_directory::{Run, Stage};

/// The keys, and their values, in which the runs of one line and stage differ although only their seeds should.
pub(crate) fn differing_keys(group: &RunGroup, stage: Stage) -> Vec<String> {
    differing(group.stage(stage), stage)
}

/// The same of all runs of each stage, without the keys that make the method. What differs in several stages is told once.
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

/// Whether a key decides what a stage gives: not the seed, nor what belongs to another stage or only says how it is worked.
fn matters(key: &str, stage: Stage) -> bool {
    let section = key.split('.').next().unwrap_or(key);
    let own = section == stage.name() && !key.ends_with(".checkpoint_every") && !key.ends_with(".accumulate");
    // The decoder and the targets are those of the pre-training, which has a directory of its own.
    let of_pretraining = section == "method" || key.starts_with("model.decoder.");
    own || (matches!(section, "data" | "model" | "method") && (stage == Stage::Pretrain || !of_pretraining))
}
