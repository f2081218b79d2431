//! What a comparison wants and does not have: stages and seeds without a result.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use serde::Serialize;

use crate::compare::{Group, experiment};
use crate::read::{Run, RunState, Stage};

/// A stage and seed of a line without a result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Missing {
    /// The line's label.
    pub run: String,
    /// The stage.
    pub stage: Stage,
    /// The seed.
    pub seed: u64,
    /// How far it came.
    pub state: State,
}

/// How far a stage without a result came.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
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
    /// It says that it is finished, but holds no finite accuracy.
    NoResult,
}

/// All seeds of an experiment are expected of every line and evaluation of it. A pre-training is expected only if some were given at
/// all (a report on evaluations alone is complete without them), and never of `scratch`.
pub(crate) fn missing(groups: &[Group]) -> Vec<Missing> {
    let pretrained = groups.iter().any(|group| group.stage(Stage::Pretrain).next().is_some());
    let mut missing = Vec::new();
    for group in groups {
        let seeds = expected_seeds(group, groups);
        let pretrain = (pretrained && group.setting.method != "scratch").then_some(Stage::Pretrain);
        for stage in pretrain.into_iter().chain(Stage::EVALUATIONS).filter(|stage| is_expected(group, *stage, groups)) {
            for &seed in &seeds {
                if let Some(state) = state(group.find(stage, seed)) {
                    missing.push(Missing { run: group.label.clone(), stage, seed, state });
                }
            }
        }
    }
    missing
}

/// The seeds of the experiments that a line belongs to, rising.
fn expected_seeds(group: &Group, groups: &[Group]) -> BTreeSet<u64> {
    let own: BTreeSet<&Path> = group.runs.iter().map(|run| experiment(run)).collect();
    let all = groups.iter().flat_map(|other| &other.runs);
    all.filter(|run| own.contains(experiment(run))).map(|run| run.about.seed).collect()
}

/// Whether a line is incomplete without `stage`. Lines that evaluate another line's pre-training, as a sweep of an evaluation's
/// key makes them, have what they have, and that other line need not have it too.
fn is_expected(group: &Group, stage: Stage, groups: &[Group]) -> bool {
    if group.stage(stage).next().is_some() {
        return true;
    }
    let others = || groups.iter().filter(|other| other.label != group.label);
    let borrows = others().any(|other| group.runs.iter().any(|run| starts_from(run, other)));
    let is_borrowed = others().any(|other| other.stage(stage).any(|run| starts_from(run, group)));
    !borrows && !is_borrowed
}

/// Whether an evaluation starts from a pre-training of `group`.
pub(crate) fn starts_from(run: &Run, group: &Group) -> bool {
    let Some(from) = run.about.from.as_deref().map(Path::new) else { return false };
    // A weights file of a run stands for the run.
    let from = match from.parent().filter(|folder| folder.ends_with("checkpoints")) {
        Some(folder) => folder.parent().unwrap_or(folder),
        None => from,
    };
    group.stage(Stage::Pretrain).any(|pretraining| is_at(pretraining, from, run))
}

/// Whether `pretraining` lies at `from`, which was typed somewhere when `run` began, and may have been moved with it since.
fn is_at(pretraining: &Run, from: &Path, run: &Run) -> bool {
    let place = std::path::absolute(&pretraining.directory).unwrap_or_else(|_| pretraining.directory.clone());
    let is_plain = from.components().all(|part| matches!(part, Component::Normal(_) | Component::RootDir));
    if is_plain && from.components().count() > 1 {
        if place.ends_with(from) {
            return true;
        }
    } else if pretraining.directory.parent() == run.directory.parent() && place.file_name() == from.file_name() {
        return true;
    }
    let end = |path: &Path| path.components().rev().take(2).map(|part| part.as_os_str().to_owned()).collect::<Vec<_>>();
    experiment(pretraining) == experiment(run) && end(&place) == end(from)
}

fn state(run: Option<&Run>) -> Option<State> {
    match run {
        None => Some(State::NotRun),
        Some(run) if matches!(run.state(), RunState::Failed(_)) => {
            Some(State::Failed { epochs_done: run.epochs_done() })
        }
        Some(run) if !run.finished() => {
            Some(State::Unfinished { epochs_done: run.epochs_done(), epochs: run.about.epochs })
        }
        Some(run) if run.about.stage != Stage::Pretrain && run.top1().is_none() => Some(State::NoResult),
        Some(_) => None,
    }
}
