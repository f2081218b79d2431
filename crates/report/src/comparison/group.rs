//! Runs laid side by side: which directories belong to one line of the comparison, in which order, under which label.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::PathBuf;

use super::copies::without_copies;
use super::data_set::{DataSet, DataSets};
use super::encoder::{Encoder, Origin, counted_seed, encoders};
use super::labels::tell_apart;
use super::repeats::{AddedLine, evaluated};
use super::score::Score;
use crate::run_directory::{MethodSetting, Run, Stage};

/// One line of the comparison: the runs of one encoder's name and setting on one data set, every stage and seed.
#[derive(Debug, Clone)]
pub struct RunGroup<'a> {
    /// What the line is called; no two lines share it.
    pub label: String,
    /// The method and its parameters.
    pub setting: MethodSetting,
    /// The runs, by stage and then by seed.
    pub runs: Vec<&'a Run>,
    /// The data of its evaluations; `None` where it has none.
    pub data: Option<DataSet>,
    /// What is known of the pre-training behind it.
    pub origin: Origin,
    /// Whether it evaluates what another line does, once more: with another recipe, or on other data.
    pub added: bool,
    /// The keys in which lines were added to it, with its own values.
    pub own_keys: Vec<String>,
    /// For how many epochs its encoders were pre-trained, where that is known: the least of its seeds.
    pub pretrained_epochs: Option<u64>,
    /// The seeds that its evaluations count as, where these are not their own.
    pub(crate) seeds: BTreeMap<PathBuf, u64>,
    /// The keys of the recipe that made its encoders; empty where that is not among the runs.
    pub recipe: BTreeMap<String, String>,
}

impl<'a> RunGroup<'a> {
    /// The runs of one stage, by seed.
    pub fn stage(&self, stage: Stage) -> impl Iterator<Item = &'a Run> {
        self.runs.iter().copied().filter(move |run| run.about.stage == stage)
    }

    /// The seed that a run of it counts as: of an evaluation that of its pre-training, where the line has several.
    pub fn seed(&self, run: &Run) -> u64 {
        self.seeds.get(&run.directory).copied().unwrap_or(run.about.seed)
    }

    /// The accuracy of an evaluation over its finished seeds; `None` while there is none.
    pub fn score(&self, evaluation: Stage) -> Option<Score> {
        let seeds = self.stage(evaluation).filter_map(|run| Some((self.seed(run), run.top1()?))).collect();
        let test_images = || self.stage(evaluation).map(|run| Some(run.test_set()?.images));
        Score::of(seeds, test_images().min().flatten())
    }

    /// The run of one stage and seed.
    pub fn find(&self, stage: Stage, seed: u64) -> Option<&'a Run> {
        self.stage(stage).find(|run| self.seed(run) == seed)
    }

    /// The epochs of its pre-training where these end before its method leaves the pixels: it is the run of a method
    /// that never began.
    pub fn ended_before_its_switch(&self) -> Option<u64> {
        let warm_up = match self.setting.method.as_str() {
            "scratch" | "mae" => return None,
            _ => self.setting.k.or(self.setting.wse)?,
        };
        self.pretrained_epochs.filter(|&epochs| epochs <= warm_up)
    }

    /// Whether it stands for its very setting: no repetition, no weights of another program, and trained until its
    /// method began.
    pub fn stands_for_its_setting(&self) -> bool {
        !self.added && self.origin != Origin::Foreign && self.ended_before_its_switch().is_none()
    }

    /// The place of its data among the data sets.
    pub(crate) fn data_place(&self) -> Option<usize> {
        self.data.as_ref().map(|data| data.place)
    }
}

/// The seeds of one setting.
struct Line<'a> {
    label: String,
    encoders: Vec<Encoder<'a>>,
}

/// Sorts runs into lines. An evaluation stands in the line of what it started from. Encoders of equal name, setting and
/// recipe that differ in their seeds make one line; two of one seed, as of two experiments given at once, make two, which
/// say where they lie. What evaluates an encoder once more, or on other data, has a line of its own that says in what it
/// differs. A copy of a run is left out. Lines stand by data, then in the order scratch, mae, mae-k, ema-mae, mae-new,
/// others, and by parameters within a method.
pub fn group_runs(runs: &[Run]) -> Vec<RunGroup<'_>> {
    let runs = without_copies(runs);
    let data = DataSets::of(&runs);
    let mut lines = lines(encoders(&runs));
    let mut labels: Vec<String> = lines.iter().map(|line| line.label.clone()).collect();
    tell_apart(&mut labels, |line| &lines[line].encoders[0].setting, |line| folders(&lines[line]));
    lines.iter_mut().zip(labels).for_each(|(line, label)| line.label = label);

    let repeats: Vec<Vec<AddedLine>> = evaluated(lines.iter().map(|line| line.encoders.as_slice()), &data);
    let mut groups: Vec<RunGroup> = Vec::new();
    for (line, parts) in lines.iter().zip(repeats) {
        groups.extend(parts.into_iter().map(|part| group(line, part)));
    }
    let mut labels: Vec<String> = groups.iter().map(|group| group.label.clone()).collect();
    let place = |group: &RunGroup| {
        let directory = group.runs.first().map(|run| run.directory.as_path());
        directory.into_iter().map(std::path::Path::to_owned).collect()
    };
    tell_apart(&mut labels, |at| &groups[at].setting, |at| place(&groups[at]));
    groups.iter_mut().zip(labels).for_each(|(group, label)| group.label = label);
    groups.sort_by(|a, b| order(a).partial_cmp(&order(b)).unwrap_or(Ordering::Equal));
    groups
}

/// The encoders that differ in nothing but their seeds, together.
fn lines(encoders: Vec<Encoder<'_>>) -> Vec<Line<'_>> {
    let mut lines: Vec<Line> = Vec::new();
    for encoder in encoders {
        let is_kin = |other: &Encoder| {
            let is_one_recipe = match (&encoder.recipe, &other.recipe) {
                (Some(recipe), Some(of_other)) => recipe == of_other,
                _ => true,
            };
            (&encoder.name, &encoder.setting) == (&other.name, &other.setting) && is_one_recipe
        };
        match lines.iter_mut().find(|line| line.encoders.iter().all(is_kin)) {
            Some(line) => line.encoders.push(encoder),
            None => lines.push(Line { label: encoder.name.clone(), encoders: vec![encoder] }),
        }
    }
    lines.into_iter().flat_map(split).collect()
}

/// The line in parts, none of which has two encoders of one seed. The folder of an experiment says most; runs of one
/// name in the same experiment differ in their own folder, or at least in that of their stage.
fn split(line: Line<'_>) -> Vec<Line<'_>> {
    let clashes = |line: &Line| {
        let is_again = |(at, encoder): (usize, &Encoder)| {
            line.encoders[..at].iter().any(|other| (other.seed, is_alike(other, encoder)) == (encoder.seed, true))
        };
        line.encoders.iter().enumerate().any(is_again)
    };
    let mut parts = vec![line];
    for level in 0..3 {
        let (clashing, apart): (Vec<Line>, Vec<Line>) = parts.into_iter().partition(clashes);
        parts = apart;
        for Line { label, encoders } in clashing {
            let mut by_folder: Vec<Line> = Vec::new();
            for encoder in encoders {
                let is_there = |line: &&mut Line| line.encoders[0].folders()[level] == encoder.folders()[level];
                match by_folder.iter_mut().find(is_there) {
                    Some(line) => line.encoders.push(encoder),
                    None => by_folder.push(Line { label: label.clone(), encoders: vec![encoder] }),
                }
            }
            parts.extend(by_folder);
        }
    }
    parts
}

/// Whether two encoders would stand in each other's place. Evaluations that say of nothing what they started from, and
/// are of other stages, may be of one encoder.
fn is_alike(one: &Encoder, other: &Encoder) -> bool {
    let has = |encoder: &Encoder, stage| encoder.evaluations.iter().any(|run| run.about.stage == stage);
    let says_nothing = |encoder: &Encoder| {
        encoder.pretraining.is_none() && encoder.evaluations.iter().all(|run| run.about.from.is_none())
    };
    let shares_a_stage = Stage::EVALUATIONS.into_iter().any(|stage| has(one, stage) && has(other, stage));
    shares_a_stage || !(says_nothing(one) || says_nothing(other))
}

/// What may tell a line from others of its name: the folder of its experiment, that of its run, its own.
fn folders(line: &Line) -> Vec<std::path::PathBuf> {
    line.encoders[0].folders().map(std::path::Path::to_owned).to_vec()
}

fn group<'a>(line: &Line<'a>, part: AddedLine<'a>) -> RunGroup<'a> {
    let AddedLine { told, mut runs, data, own_keys } = part;
    let counted = line.encoders.iter().flat_map(|encoder| {
        encoder.evaluations.iter().map(|run| (run.directory.clone(), counted_seed(&line.encoders, encoder, run)))
    });
    let seeds: BTreeMap<PathBuf, u64> = counted.collect();
    runs.sort_by_key(|run| (run.about.stage, seeds.get(&run.directory).copied().unwrap_or(run.about.seed)));
    let added = !told.is_empty();
    RunGroup {
        label: if added { format!("{}, {told}", line.label) } else { line.label.clone() },
        setting: line.encoders[0].setting.clone(),
        runs,
        data,
        origin: line.encoders.iter().map(|encoder| encoder.origin).max().unwrap_or(Origin::Known),
        added,
        own_keys,
        seeds,
        recipe: line.encoders.iter().find_map(|encoder| encoder.recipe.clone()).unwrap_or_default(),
        pretrained_epochs: line.encoders.iter().filter_map(|encoder| encoder.pretrained_epochs).min(),
    }
}

type Order = (usize, usize, Option<u64>, Option<u64>, Option<f64>, Option<f64>);

fn order(group: &RunGroup) -> Order {
    const METHODS: [&str; 5] = ["scratch", "mae", "mae-k", "ema-mae", "mae-new"];
    let setting = &group.setting;
    let method = METHODS.iter().position(|&name| name == setting.method).unwrap_or(METHODS.len());
    let data = group.data_place().unwrap_or_default();
    (data, method, setting.k, setting.wse, setting.tau, setting.slow_weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_directory::{About, Inputs, Metrics};

    fn run(directory: &str, name: &str, k: Option<u64>, stage: Stage, seed: u64) -> Run {
        let method = if k.is_some() { "mae-k" } else { "mae" };
        let setting = MethodSetting { method: method.into(), k, wse: None, tau: None, slow_weight: None };
        let about = About {
            stage,
            name: name.into(),
            setting,
            seed,
            epochs: Some(1),
            ended_after: None,
            finished: true,
            failed: None,
            program: None,
            commit: None,
            machine: None,
            threads: None,
            data: None,
            classes: None,
            test_images: None,
            test_origin: None,
            largest_class: None,
            class_names: Vec::new(),
            started: None,
            from: None,
            weights_sha256: None,
            inputs: Inputs::default(),
            trunk: false,
            earlier: Vec::new(),
        };
        let recipe = toml::Table::new();
        Run {
            directory: directory.into(),
            about,
            config: None,
            recipe,
            metrics: Metrics::default(),
            outdated: false,
            running: false,
        }
    }

    fn labels(runs: &[Run]) -> Vec<(String, usize)> {
        group_runs(runs).into_iter().map(|group| (group.label, group.runs.len())).collect()
    }

    #[test]
    fn seeds_and_stages_of_one_name_make_one_line() {
        let runs = [
            run("a/mae-seed1/finetune", "mae", None, Stage::Finetune, 1),
            run("a/mae-seed0/finetune", "mae", None, Stage::Finetune, 0),
            run("a/mae-seed0/knn", "mae", None, Stage::Knn, 0),
        ];
        assert_eq!(labels(&runs), [("mae".to_owned(), 3)]);
        let seeds: Vec<u64> = group_runs(&runs)[0].stage(Stage::Finetune).map(|run| run.about.seed).collect();
        assert_eq!(seeds, [0, 1]);
    }

    #[test]
    fn lines_stand_by_method_and_then_by_number_not_by_name() {
        let runs = [
            run("mae-k-10/knn", "mae-k-10", Some(10), Stage::Knn, 0),
            run("mae-k-2/knn", "mae-k-2", Some(2), Stage::Knn, 0),
            run("mae/knn", "mae", None, Stage::Knn, 0),
        ];
        let order: Vec<String> = labels(&runs).into_iter().map(|(label, _)| label).collect();
        assert_eq!(order, ["mae", "mae-k-2", "mae-k-10"]);
    }

    #[test]
    fn two_experiments_with_the_same_names_stay_apart() {
        let runs = [run("quick/mae/knn", "mae", None, Stage::Knn, 0), run("mini/mae/knn", "mae", None, Stage::Knn, 0)];
        assert_eq!(labels(&runs), [("mae (quick)".to_owned(), 1), ("mae (mini)".to_owned(), 1)]);
    }

    #[test]
    fn two_runs_of_one_name_in_one_experiment_stay_apart() {
        let runs = [run("quick/a/knn", "mae", None, Stage::Knn, 0), run("quick/b/knn", "mae", None, Stage::Knn, 0)];
        assert_eq!(labels(&runs), [("mae (quick/a)".to_owned(), 1), ("mae (quick/b)".to_owned(), 1)]);
        let runs = [run("x/one", "mae", None, Stage::Knn, 0), run("x/two", "mae", None, Stage::Knn, 0)];
        assert_eq!(labels(&runs), [("mae (x/one)".to_owned(), 1), ("mae (x/two)".to_owned(), 1)]);
    }

    #[test]
    fn no_two_lines_share_a_label_whatever_the_runs_are_called() {
        let mut scratch = run("c", "mae", None, Stage::Knn, 0);
        scratch.about.setting.method = "scratch".into();
        let runs = [
            run("quick/mae/knn", "mae", None, Stage::Knn, 0),
            run("mini/mae/knn", "mae", None, Stage::Knn, 0),
            run("d", "mae (quick)", None, Stage::Knn, 0),
            scratch,
        ];
        let mut names: Vec<String> = labels(&runs).into_iter().map(|(label, _)| label).collect();
        assert_eq!(names.len(), 4);
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 4, "{names:?}");
    }

    #[test]
    fn one_name_with_two_settings_is_told_apart_by_the_setting() {
        let runs = [run("a", "mae-k", Some(2), Stage::Knn, 0), run("b", "mae-k", Some(4), Stage::Knn, 0)];
        assert_eq!(labels(&runs), [("mae-k, K 2".to_owned(), 1), ("mae-k, K 4".to_owned(), 1)]);
    }
}
