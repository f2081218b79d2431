//! What came out: means, spread and n over seeds, the published figure beside each, and what is missing.

use std::collections::BTreeSet;

use bmae_output::plain::{plain, plain_path};
use serde::Serialize;

use super::differing_keys::{differing_keys, varied};
use super::group::RunGroup;
use super::lineage::Lineage;
use super::missing::{MissingResult, missing};
use super::published_accuracy::{PublishedAccuracy, published_beside};
use super::published_recipe::{RecipeDifference, all_known, differences};
use super::score::Score;
use crate::run_directory::{CollectedRuns, Fingerprint, MethodSetting, Run, RunState, Stage, harmonic_mean};

/// The comparison as data: what every table shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// One line per run name and setting, in the order of the tables.
    pub runs: Vec<GroupSummary>,
    /// What is not there, or not finished.
    pub missing: Vec<MissingResult>,
    /// How the recipes differ from the published setting.
    pub differences: Vec<RecipeDifference>,
    /// In which keys besides the method's the runs of one stage differ among themselves, with their values.
    pub varied: Vec<String>,
    /// Whether the numbers may be held against the published ones: every recipe is known and none differs.
    pub comparable: bool,
    /// The accuracy in percent of guessing one class for every image; `None` where it is not known, or not the same for
    /// all evaluations.
    pub chance: Option<f64>,
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
pub struct GroupSummary {
    /// The line's label.
    pub run: String,
    /// Its method and parameters.
    #[serde(flatten)]
    pub setting: MethodSetting,
    /// Fine-tuning.
    pub finetune: EvaluationSummary,
    /// Linear probe.
    pub linprobe: EvaluationSummary,
    /// k-nearest neighbours.
    pub knn: EvaluationSummary,
    /// Seconds worked by all its runs together, every stage and seed.
    pub wall_s: Option<f64>,
    /// Images a second in pre-training, over all its seeds.
    pub images_per_s: Option<f64>,
}

impl Summary {
    /// Whether a published accuracy stands beside some line.
    pub fn any_published(&self) -> bool {
        let evaluations = self.runs.iter().flat_map(|line| [&line.finetune, &line.linprobe]);
        evaluations.into_iter().any(|cell| cell.published.is_some())
    }
}

impl GroupSummary {
    /// The cell of an evaluation; `None` for pre-training, which has no accuracy.
    pub fn evaluation(&self, evaluation: Stage) -> Option<&EvaluationSummary> {
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
pub struct EvaluationSummary {
    /// The accuracy over the finished seeds; `None` if there is none.
    pub score: Option<Score>,
    /// Whether some seed was begun and is not finished.
    pub unfinished: bool,
    /// Whether some seed failed.
    pub failed: bool,
    /// Whether some seed evaluated earlier weights than its pre-training has now.
    pub outdated: bool,
    /// The published accuracy of this very setting, where the data is CIFAR-10.
    pub published: Option<PublishedAccuracy>,
}

/// Draws up the comparison of `groups`, into which the runs of `collected` were sorted.
pub fn summarise(groups: &[RunGroup], collected: &CollectedRuns) -> Summary {
    let runs = &collected.runs;
    let differences = differences(runs);
    let lineage = Lineage::of(groups);
    let comparable = differences.is_empty() && all_known(runs) && !lineage.unknown;
    Summary {
        runs: groups.iter().map(line).collect(),
        missing: missing(groups, &lineage),
        differences,
        varied: varied(runs),
        comparable,
        chance: chance(runs),
        warnings: warnings(groups, collected),
        collapses: collapses(groups),
    }
}

/// 100 / classes, classes of test sets being of about the same size.
fn chance(runs: &[Run]) -> Option<f64> {
    let evaluations = runs.iter().filter(|run| run.about.stage != Stage::Pretrain);
    let classes: BTreeSet<Option<u64>> = evaluations.map(|run| Some(run.test_set()?.classes)).collect();
    let classes = classes.first().filter(|_| classes.len() == 1).copied().flatten()?;
    Some(100.0 / classes as f64)
}

fn collapses(groups: &[RunGroup]) -> Vec<Collapse> {
    let runs = groups.iter().flat_map(|group| group.stage(Stage::Pretrain).map(move |run| (group, run)));
    let first = |(group, run): (&RunGroup, &Run)| {
        let (epoch, message) = run.metrics.epochs.iter().find_map(|line| Some((line.epoch, line.collapse.clone()?)))?;
        Some(Collapse { run: group.label.clone(), seed: run.about.seed, epoch, message })
    };
    runs.filter_map(first).collect()
}

fn line(group: &RunGroup) -> GroupSummary {
    let cell = |evaluation| EvaluationSummary {
        score: group.score(evaluation),
        unfinished: group.stage(evaluation).any(|run| !run.finished()),
        failed: group.stage(evaluation).any(|run| matches!(run.state(), RunState::Failed(_))),
        outdated: group.stage(evaluation).any(|run| run.outdated),
        published: published_beside(group, evaluation),
    };
    GroupSummary {
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

fn warnings(groups: &[RunGroup], CollectedRuns { runs, unreadable }: &CollectedRuns) -> Vec<String> {
    let mut warnings: Vec<String> = unreadable
        .iter()
        .map(|error| format!("A run that cannot be read is left out: {}.", plain(&error.to_string())))
        .collect();
    for run in runs {
        if let RunState::Outdated(from) = run.state() {
            let (directory, from) = (plain_path(&run.directory), plain(&from).into_owned());
            warnings
                .push(format!("{directory} was made from earlier weights of {from} and is left out: run it again."));
        }
    }
    for group in groups {
        for stage in Stage::ALL {
            let differing = differing_keys(group, stage);
            if !differing.is_empty() {
                let title = stage.in_sentence();
                warnings.push(format!("The seeds of {} differ in the {title}: {}.", group.label, differing.join(", ")));
            }
        }
    }
    let data: BTreeSet<&str> = runs.iter().filter_map(|run| run.about.data.as_deref()).collect();
    if data.len() > 1 {
        let data = data.into_iter().collect::<Vec<_>>().join("; ");
        warnings.push(format!("The runs do not share one data set: {data}."));
    }
    warnings.extend(other_images("training", runs, |run| run.about.inputs.train.as_ref()));
    warnings.extend(other_images("test", runs, evaluated_on));
    warnings
}

/// The test images of an evaluation. A pre-training's quick measures are compared with none.
fn evaluated_on(run: &Run) -> Option<&Fingerprint> {
    run.about.inputs.test.as_ref().filter(|_| run.about.stage != Stage::Pretrain)
}

/// That the images of one choice of data were not the same for all runs, and for which two. `fingerprint` gives those of
/// the `split`.
fn other_images(split: &str, runs: &[Run], fingerprint: fn(&Run) -> Option<&Fingerprint>) -> Vec<String> {
    let known: Vec<(&Run, &Fingerprint)> = runs.iter().filter_map(|run| Some((run, fingerprint(run)?))).collect();
    let choice = |run: &Run| (run.about.data.clone(), run.recipe.get("data").cloned());
    let other = |(at, (run, images)): (usize, &(&Run, &Fingerprint))| {
        let (first, of_first) = known[..at].iter().find(|(first, _)| choice(first) == choice(run))?;
        let data = run.about.data.as_deref().unwrap_or("the data");
        let [first, run] = [first, run].map(|run| plain_path(&run.directory));
        (of_first != images)
            .then(|| format!("The {split} images of {data} have changed between {first} and {run}: compare with care."))
    };
    known.iter().enumerate().find_map(other).into_iter().collect()
}
