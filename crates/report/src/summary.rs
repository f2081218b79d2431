//! What came out: means, spread and n over seeds, the published figure beside each, and what is missing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::collect::Collected;
use crate::compare::{Group, experiment};
use crate::published::{Published, published};
use crate::read::{Run, RunState, Setting, Stage, harmonic_mean};
use crate::setting::{Difference, all_known, differences};

/// The comparison as data: what `--json` prints and every table shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// One line per run name and setting, in the order of the tables.
    pub runs: Vec<Line>,
    /// What is not there, or not finished.
    pub missing: Vec<Missing>,
    /// How the recipes differ from the published setting.
    pub differences: Vec<Difference>,
    /// In which keys besides the method's the runs of one stage differ among themselves, with their values.
    pub varied: Vec<String>,
    /// Whether the numbers may be held against the published ones: every recipe is known and none differs.
    pub comparable: bool,
    /// What a reader should know before trusting a mean.
    pub warnings: Vec<String>,
    /// The first announcement of a collapse in each run that made one.
    pub collapses: Vec<Collapse>,
}

/// A collapse, as the run announced it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Collapse {
    /// The line's label.
    pub run: String,
    /// The seed.
    pub seed: u64,
    /// The epoch, from 0.
    pub epoch: u64,
    /// The announcement.
    pub message: String,
}

/// One line of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The line's label.
    pub run: String,
    /// Its method and parameters.
    #[serde(flatten)]
    pub setting: Setting,
    /// Fine-tuning.
    pub finetune: Cell,
    /// Linear probe.
    pub linprobe: Cell,
    /// k-nearest neighbours.
    pub knn: Cell,
    /// Seconds worked by all its runs together, every stage and seed.
    pub wall_s: Option<f64>,
    /// Images a second in pre-training, over all its seeds.
    pub images_per_s: Option<f64>,
}

impl Line {
    /// The cell of an evaluation; `None` for pre-training, which has no accuracy.
    pub fn cell(&self, evaluation: Stage) -> Option<&Cell> {
        match evaluation {
            Stage::Pretrain => None,
            Stage::Finetune => Some(&self.finetune),
            Stage::Linprobe => Some(&self.linprobe),
            Stage::Knn => Some(&self.knn),
        }
    }
}

/// One evaluation of one line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// The accuracy over the finished seeds; `None` if there is none.
    pub score: Option<Score>,
    /// Whether some seed was begun and is not finished.
    pub unfinished: bool,
    /// Whether some seed failed.
    pub failed: bool,
    /// The published accuracy of this very setting.
    pub published: Option<Published>,
}

/// An accuracy over seeds, in percent at the last epoch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// The mean.
    pub mean: f64,
    /// The sample standard deviation (n - 1); `None` for a single seed.
    pub sd: Option<f64>,
    /// How many seeds.
    pub n: usize,
    /// Each seed with its accuracy.
    pub seeds: Vec<(u64, f64)>,
}

impl Score {
    /// Mean and sample standard deviation of the seeds' accuracies; `None` without any.
    pub fn of(seeds: Vec<(u64, f64)>) -> Option<Score> {
        let n = seeds.len();
        if n == 0 {
            return None;
        }
        let mean = seeds.iter().map(|(_, top1)| top1).sum::<f64>() / n as f64;
        let squares = seeds.iter().map(|(_, top1)| (top1 - mean).powi(2)).sum::<f64>();
        let sd = (n > 1).then(|| (squares / (n - 1) as f64).sqrt());
        Some(Score { mean, sd, n, seeds })
    }
}

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

/// Draws up the comparison of `groups`, into which the runs of `collected` were sorted.
pub fn summarise(groups: &[Group], collected: &Collected) -> Summary {
    let runs = &collected.runs;
    let differences = differences(runs);
    let comparable = differences.is_empty() && all_known(runs) && all_pretrainings_known(groups);
    Summary {
        runs: groups.iter().map(line).collect(),
        missing: missing(groups),
        differences,
        varied: varied(runs),
        comparable,
        warnings: warnings(groups, collected),
        collapses: collapses(groups),
    }
}

/// Whether the pre-training of every evaluated encoder is among the runs, so that its recipe could be judged.
fn all_pretrainings_known(groups: &[Group]) -> bool {
    let runs = groups.iter().flat_map(|group| &group.runs);
    let mut evaluations =
        runs.filter(|run| run.about.stage != Stage::Pretrain && run.about.setting.method != "scratch");
    evaluations.all(|run| groups.iter().any(|group| starts_from(run, group)))
}

fn collapses(groups: &[Group]) -> Vec<Collapse> {
    let runs = groups.iter().flat_map(|group| group.stage(Stage::Pretrain).map(move |run| (group, run)));
    let first = |(group, run): (&Group, &Run)| {
        let (epoch, message) = run.metrics.epochs.iter().find_map(|line| Some((line.epoch, line.collapse.clone()?)))?;
        Some(Collapse { run: group.label.clone(), seed: run.about.seed, epoch, message })
    };
    runs.filter_map(first).collect()
}

fn line(group: &Group) -> Line {
    let cell = |evaluation| Cell {
        score: group.score(evaluation),
        unfinished: group.stage(evaluation).any(|run| !run.finished()),
        failed: group.stage(evaluation).any(|run| matches!(run.state(), RunState::Failed(_))),
        published: published(&group.setting, evaluation),
    };
    Line {
        run: group.label.clone(),
        setting: group.setting.clone(),
        finetune: cell(Stage::Finetune),
        linprobe: cell(Stage::Linprobe),
        knn: cell(Stage::Knn),
        wall_s: group.runs.iter().filter_map(|run| run.metrics.wall_s).reduce(|sum, seconds| sum + seconds),
        // Every seed sees as many images.
        images_per_s: harmonic_mean(group.stage(Stage::Pretrain).filter_map(Run::images_per_s)),
    }
}

/// All seeds of an experiment are expected of every line and evaluation of it. A pre-training is expected only if some were given at
/// all (a report on evaluations alone is complete without them), and never of `scratch`.
fn missing(groups: &[Group]) -> Vec<Missing> {
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

/// Whether an evaluation starts from a pre-training of `group`. Paths are told as they were typed, so what counts is where they
/// end: `<run>/pretrain`.
fn starts_from(run: &Run, group: &Group) -> bool {
    let Some(from) = run.about.from.as_deref().map(Path::new) else { return false };
    let end: Vec<_> = from.components().rev().take(2).collect();
    let end: PathBuf = end.into_iter().rev().collect();
    group.stage(Stage::Pretrain).any(|pretraining| pretraining.directory.ends_with(&end))
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

fn warnings(groups: &[Group], Collected { runs, unreadable }: &Collected) -> Vec<String> {
    let mut warnings: Vec<String> =
        unreadable.iter().map(|error| format!("A run that cannot be read is left out: {error}.")).collect();
    for group in groups {
        for stage in [Stage::Pretrain].into_iter().chain(Stage::EVALUATIONS) {
            let differing = differing_keys(group, stage);
            if !differing.is_empty() {
                let title = stage.title().to_lowercase();
                warnings.push(format!("The seeds of {} differ in the {title}: {}.", group.label, differing.join(", ")));
            }
        }
    }
    let mut data: Vec<&str> = runs.iter().filter_map(|run| run.about.data.as_deref()).collect();
    data.sort_unstable();
    data.dedup();
    if data.len() > 1 {
        warnings.push(format!("The runs do not share one data set: {}.", data.join("; ")));
    }
    warnings
}

/// The keys, and their values, in which the runs of one line and stage differ although only their seeds should.
fn differing_keys(group: &Group, stage: Stage) -> Vec<String> {
    differing(group.stage(stage), stage)
}

/// The same of all runs of each stage, without the keys that make the method. What differs in several stages is told once.
fn varied(runs: &[Run]) -> Vec<String> {
    let mut varied = Vec::new();
    for stage in [Stage::Pretrain].into_iter().chain(Stage::EVALUATIONS) {
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
    let recipes: Vec<_> = runs.map(Run::keys).filter(|keys| !keys.is_empty()).collect();
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
    own || matches!(section, "data" | "model" | "method")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_sample_deviation_are_those_worked_by_hand() {
        // mean (50 + 52 + 57) / 3 = 53; squares 9 + 1 + 16 = 26; 26 / 2 = 13.
        let score = Score::of(vec![(0, 50.0), (1, 52.0), (2, 57.0)]).expect("three seeds");
        assert_eq!((score.mean, score.n), (53.0, 3));
        assert!((score.sd.expect("three seeds") - 13f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn one_seed_has_no_deviation_and_no_seed_no_score() {
        assert_eq!(Score::of(vec![(4, 61.5)]).map(|score| (score.mean, score.sd, score.n)), Some((61.5, None, 1)));
        assert_eq!(Score::of(vec![]), None);
    }
}
