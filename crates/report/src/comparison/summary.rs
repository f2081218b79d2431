//! What came out: means, spread and n over seeds, the published figure beside each, and what is missing.

use bmae_output::path_text::to_text;
use bmae_output::plain::{plain, plain_path};
use serde::Serialize;

use super::copies::copies;
use super::data_set::{DataSet, last_word};
use super::differing_keys::{differing_keys, varied};
use super::encoder::Origin;
use super::group::RunGroup;
use super::main_data::main_data;
use super::missing::{MissingResult, missing};
use super::published_accuracy::{PublishedAccuracy, published_beside};
use super::published_recipe::{RecipeDifference, all_known, differences};
use super::score::Score;
use crate::run_directory::{CollectedRuns, Fingerprint, MethodSetting, Run, RunState, Stage, harmonic_mean};
use crate::text::count;

/// The comparison as data: what every table shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// One line per run name, setting and data set, in the order of the tables.
    pub runs: Vec<GroupSummary>,
    /// The data that accuracies were counted on. Lines of other data sets are not held against each other.
    pub data_sets: Vec<DataSet>,
    /// What is not there, or not finished.
    pub missing: Vec<MissingResult>,
    /// How the recipes differ from the published setting.
    pub differences: Vec<RecipeDifference>,
    /// In which keys besides the method's the runs of one stage differ among themselves, with their values.
    pub varied: Vec<String>,
    /// Whether the numbers may be held against the published ones: every recipe is known and none differs.
    pub comparable: bool,
    /// The accuracy in percent of guessing one class for every image; `None` where it is not known, or not the same on
    /// all data sets.
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
    /// The name of the data set of its evaluations, and that of its pre-training where it is another, or alone.
    pub data: Option<String>,
    /// Whether it evaluates what another line does, once more.
    pub added: bool,
    /// The keys in which lines were added to it, with its own values.
    pub own_keys: Vec<String>,
    /// The epochs of its pre-training, where these ended before its method left the pixels.
    pub ended_before_its_switch: Option<u64>,
    /// Its run directories.
    pub directories: Vec<String>,
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
    /// Whether that is above guessing one class, beyond what so few test images leave open; `None` where it is not known.
    pub above_chance: Option<bool>,
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
    let is_known = |group: &RunGroup| group.origin == Origin::Known || group.setting.method == "scratch";
    let comparable = differences.is_empty() && all_known(runs) && groups.iter().all(is_known);
    let data_sets = data_sets(groups);
    Summary {
        runs: groups.iter().map(line).collect(),
        missing: missing(groups),
        differences,
        varied: varied(runs),
        comparable,
        chance: chance(&data_sets),
        warnings: warnings(groups, &data_sets, collected),
        collapses: collapses(groups),
        data_sets,
    }
}

/// The data sets of the lines, in their order.
fn data_sets(groups: &[RunGroup]) -> Vec<DataSet> {
    let mut sets: Vec<DataSet> = Vec::new();
    for data in groups.iter().filter_map(|group| group.data.as_ref()) {
        if !sets.contains(data) {
            sets.push(data.clone());
        }
    }
    sets.sort_by_key(|data| data.place);
    sets
}

/// What guessing gives, where it is the same on all data sets.
fn chance(data_sets: &[DataSet]) -> Option<f64> {
    let first = data_sets.first()?.chance_percent;
    first.filter(|_| data_sets.iter().all(|data| data.chance_percent == first))
}

fn collapses(groups: &[RunGroup]) -> Vec<Collapse> {
    let runs = groups.iter().flat_map(|group| group.stage(Stage::Pretrain).map(move |run| (group, run)));
    let first = |(group, run): (&RunGroup, &Run)| {
        let (epoch, message) = run.metrics.epochs.iter().find_map(|line| Some((line.epoch, line.collapse.clone()?)))?;
        Some(Collapse { run: group.label.clone(), seed: run.about.seed, epoch, message })
    };
    runs.filter_map(first).collect()
}

/// On what a line was evaluated, and pre-trained where that is something else; of a pre-training alone on what that was.
fn data_in_words(group: &RunGroup) -> Option<String> {
    let trained =
        group.stage(Stage::Pretrain).find_map(|run| Some((run.about.data.as_deref()?, &run.about.inputs.train)));
    let evaluated = group.runs.iter().find(|run| run.about.stage != Stage::Pretrain);
    let name = group.data.as_ref().map(|data| data.name.clone());
    let is_other = |(words, images): &(&str, &Option<Fingerprint>)| {
        evaluated.is_some_and(|run| run.about.data.as_deref() != Some(*words) && run.about.inputs.train != **images)
    };
    match (name, trained) {
        (Some(name), Some(trained)) if is_other(&trained) => {
            Some(format!("{name}, pre-trained on {}", last_word(trained.0)))
        }
        (Some(name), _) => Some(name),
        (None, trained) => trained.map(|(words, _)| last_word(words).to_owned()),
    }
}

fn line(group: &RunGroup) -> GroupSummary {
    let chance = group.data.as_ref().and_then(|data| data.chance_percent);
    let cell = |evaluation| {
        let score = group.score(evaluation);
        EvaluationSummary {
            above_chance: score.as_ref().zip(chance).and_then(|(score, chance)| score.is_above_chance(chance)),
            score,
            unfinished: group.stage(evaluation).any(|run| !run.finished()),
            failed: group.stage(evaluation).any(|run| matches!(run.state(), RunState::Failed(_))),
            outdated: group.stage(evaluation).any(|run| run.outdated),
            published: published_beside(group, evaluation),
        }
    };
    GroupSummary {
        run: group.label.clone(),
        setting: group.setting.clone(),
        data: data_in_words(group),
        added: group.added,
        own_keys: group.own_keys.clone(),
        ended_before_its_switch: group.ended_before_its_switch(),
        directories: group.runs.iter().map(|run| to_text(&run.directory)).collect(),
        finetune: cell(Stage::Finetune),
        linprobe: cell(Stage::Linprobe),
        knn: cell(Stage::Knn),
        wall_s: group.runs.iter().filter_map(|run| run.metrics.wall_s).reduce(|sum, seconds| sum + seconds),
        // Every seed sees as many images.
        images_per_s: harmonic_mean(group.stage(Stage::Pretrain).filter_map(Run::images_per_s)),
    }
}

fn warnings(
    groups: &[RunGroup],
    data_sets: &[DataSet],
    CollectedRuns { runs, unreadable }: &CollectedRuns,
) -> Vec<String> {
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
    for (copy, original) in copies(runs) {
        let [copy, original] = [copy, original].map(|run| plain_path(&run.directory));
        warnings.push(format!("{copy} is a copy of {original} and is left out."));
    }
    for group in groups {
        for stage in Stage::ALL {
            let differing = differing_keys(group.stage(stage), stage);
            if !differing.is_empty() {
                let title = stage.in_sentence();
                warnings.push(format!("The seeds of {} differ in the {title}: {}.", group.label, differing.join(", ")));
            }
        }
        if let Some(epochs) = group.ended_before_its_switch().filter(|_| !group.added) {
            warnings.push(ended_early(group, epochs));
        }
    }
    warnings.extend(several_data_sets(groups, data_sets, runs));
    warnings.extend(other_images("training", runs, |run| run.about.inputs.train.as_ref()));
    warnings.extend(other_images("test", runs, evaluated_on));
    warnings
}

/// That a line is not yet what its method is.
fn ended_early(group: &RunGroup, epochs: u64) -> String {
    let (label, parameters) = (&group.label, group.setting.parameters());
    let parameters = if label.ends_with(&parameters) { String::new() } else { format!(" ({parameters})") };
    format!(
        "{label}{parameters} was pre-trained for {}, which end before it leaves the pixels: what was trained is mae, and \
         nothing published stands beside it.",
        count(epochs, "epoch")
    )
}

/// That lines are on several data sets, and what is shown of one of them alone.
fn several_data_sets(groups: &[RunGroup], data_sets: &[DataSet], runs: &[Run]) -> Option<String> {
    if data_sets.len() > 1 {
        let names: Vec<&str> = data_sets.iter().map(|data| data.name.as_str()).collect();
        let main = main_data(groups).and_then(|place| data_sets.iter().find(|data| data.place == place));
        let main = main
            .map(|data| format!(" The figures that compare methods, and the conclusions, are of {} alone.", data.name));
        return Some(format!(
            "The runs do not share one data set: {}. Nothing is compared across them.{}",
            names.join("; "),
            main.unwrap_or_default()
        ));
    }
    // A folder that was moved has another name, and the same images.
    let mut read: Vec<(&str, Option<&Fingerprint>)> = Vec::new();
    for run in runs {
        let Some(name) = run.about.data.as_deref() else { continue };
        let images = run.about.inputs.train.as_ref();
        if !read.iter().any(|(other, others)| *other == name || images.is_some() && *others == images) {
            read.push((name, images));
        }
    }
    let mut names: Vec<&str> = read.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    (names.len() > 1).then(|| format!("The runs do not share one data set: {}.", names.join("; ")))
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
