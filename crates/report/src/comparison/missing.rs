//! What a comparison wants and does not have: stages and seeds without a result.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use serde::Serialize;

use super::encoder::Origin;
use super::folders::experiment;
use super::group::RunGroup;
use crate::run_directory::{Run, RunState, Stage};

/// A stage and seed of a line without a result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MissingResult {
    /// The line's label.
    pub run: String,
    /// The stage.
    pub stage: Stage,
    /// The seed.
    pub seed: u64,
    /// How far it came.
    pub state: MissingState,
}

/// How far a stage without a result came.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingState {
    /// There is no run directory.
    NotRun,
    /// It was begun and is not finished, or is still at work.
    Unfinished {
        /// Epochs that are done.
        epochs_done: u64,
        /// Epochs that were planned.
        epochs: Option<u64>,
    },
    /// What stopped it stands in its directory: it diverged, or could not be written.
    Failed {
        /// Epochs that were done.
        epochs_done: u64,
    },
    /// It evaluated earlier weights than its pre-training has now.
    Outdated,
    /// It says that it is finished, but holds no finite accuracy.
    NoResult,
}

/// All seeds of an experiment are expected of every line and evaluation of it. A pre-training is expected only if some
/// were given at all (a report on evaluations alone is complete without them), never of `scratch`, and not of a line that
/// says that its pre-training lies elsewhere.
pub(crate) fn missing(groups: &[RunGroup]) -> Vec<MissingResult> {
    let pretrained = groups.iter().any(|group| group.stage(Stage::Pretrain).next().is_some());
    let seeds = seeds(groups);
    let says_elsewhere = |group: &RunGroup| {
        group.origin == Origin::Foreign
            || group.origin == Origin::Elsewhere && group.runs.iter().all(|run| run.about.from.is_some())
    };
    // A line that evaluates another's encoders once more has what it has.
    let is_expected = |group: &RunGroup, stage: Stage| {
        group.stage(stage).next().is_some() || !(group.added || stage == Stage::Pretrain && says_elsewhere(group))
    };
    let mut missing = Vec::new();
    for group in groups {
        let own: BTreeSet<&Path> = group.runs.iter().map(|run| experiment(run)).collect();
        let seeds: BTreeSet<u64> = own.into_iter().filter_map(|folder| seeds.get(folder)).flatten().copied().collect();
        let pretrain = (pretrained && group.setting.method != "scratch").then_some(Stage::Pretrain);
        let stages = pretrain.into_iter().chain(Stage::EVALUATIONS);
        for stage in stages.filter(|stage| is_expected(group, *stage)) {
            for &seed in &seeds {
                let run = group.find(stage, seed);
                // What is evaluated once more need not be so for every seed.
                if run.is_none() && group.added {
                    continue;
                }
                if let Some(state) = state(run) {
                    missing.push(MissingResult { run: group.label.clone(), stage, seed, state });
                }
            }
        }
    }
    missing
}

/// The seeds of each experiment.
fn seeds<'a>(groups: &[RunGroup<'a>]) -> HashMap<&'a Path, BTreeSet<u64>> {
    let mut seeds: HashMap<&Path, BTreeSet<u64>> = HashMap::new();
    for run in groups.iter().flat_map(|group| group.runs.iter().copied()) {
        seeds.entry(experiment(run)).or_default().insert(run.about.seed);
    }
    seeds
}

fn state(run: Option<&Run>) -> Option<MissingState> {
    match run {
        None => Some(MissingState::NotRun),
        Some(run) if matches!(run.state(), RunState::Failed(_)) => {
            Some(MissingState::Failed { epochs_done: run.epochs_done() })
        }
        Some(run) if run.outdated => Some(MissingState::Outdated),
        Some(run) if !run.finished() => {
            Some(MissingState::Unfinished { epochs_done: run.epochs_done(), epochs: run.about.epochs })
        }
        Some(run) if run.about.stage != Stage::Pretrain && run.top1().is_none() => Some(MissingState::NoResult),
        Some(_) => None,
    }
}
