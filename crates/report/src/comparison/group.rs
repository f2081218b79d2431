//! Runs laid side by side: which directories belong to one line of the comparison, in which order, under which label.

use std::path::Path;

use bmae_output::plain::plain_path;

use super::score::Score;
use crate::run_directory::{MethodSetting, Run, Stage};

/// One line of the comparison: the runs of one name and setting, every stage and seed.
#[derive(Debug, Clone)]
pub struct RunGroup<'a> {
    /// What the line is called; no two lines share it.
    pub label: String,
    /// The method and its parameters.
    pub setting: MethodSetting,
    /// The runs, by stage and then by seed.
    pub runs: Vec<&'a Run>,
}

impl<'a> RunGroup<'a> {
    /// The runs of one stage, by seed.
    pub fn stage(&self, stage: Stage) -> impl Iterator<Item = &'a Run> {
        self.runs.iter().copied().filter(move |run| run.about.stage == stage)
    }

    /// The accuracy of an evaluation over its finished seeds; `None` while there is none.
    pub fn score(&self, evaluation: Stage) -> Option<Score> {
        let seeds = self.stage(evaluation).filter_map(|run| Some((run.about.seed, run.top1()?))).collect();
        let test_images = || self.stage(evaluation).map(|run| Some(run.test_set()?.images));
        Score::of(seeds, test_images().min().flatten())
    }

    /// The run of one stage and seed.
    pub fn find(&self, stage: Stage, seed: u64) -> Option<&'a Run> {
        self.stage(stage).find(|run| run.about.seed == seed)
    }
}

/// Sorts runs into lines: equal name and equal setting make one line. Where that would put two runs of one stage and
/// seed into the same line (two experiments given at once), the line is split by experiment and says which it is. Lines
/// stand in the order scratch, mae, mae-k, ema-mae, mae-new, others, and by parameters within a method.
pub fn group_runs(runs: &[Run]) -> Vec<RunGroup<'_>> {
    let mut groups: Vec<RunGroup> = Vec::new();
    for run in runs {
        let (name, setting) = (&run.about.name, &run.about.setting);
        match groups.iter_mut().find(|group| group.label == *name && group.setting == *setting) {
            Some(group) => group.runs.push(run),
            None => groups.push(RunGroup { label: name.clone(), setting: setting.clone(), runs: vec![run] }),
        }
    }
    let mut groups: Vec<RunGroup> = groups.into_iter().flat_map(split_experiments).collect();
    tell_apart(&mut groups);
    groups.sort_by(|a, b| order(&a.setting).partial_cmp(&order(&b.setting)).unwrap_or(std::cmp::Ordering::Equal));
    for group in &mut groups {
        group.runs.sort_by_key(|run| (run.about.stage, run.about.seed));
    }
    groups
}

/// The line in parts, none of which has two runs of one stage and seed. The folder of an experiment says most; runs of
/// one name in the same experiment differ in their own folder, or at least in that of their stage.
fn split_experiments(group: RunGroup<'_>) -> Vec<RunGroup<'_>> {
    const FOLDERS: [fn(&Run) -> &Path; 3] = [experiment, own_folder, |run| &run.directory];
    let name = group.label.clone();
    let mut parts = vec![group];
    for folder in FOLDERS {
        let (clashing, apart): (Vec<RunGroup>, Vec<RunGroup>) = parts.into_iter().partition(|part| clashes(&part.runs));
        parts = apart;
        parts.extend(clashing.into_iter().flat_map(|part| split(part, &name, folder)));
    }
    parts
}

/// Whether two of the runs are of one stage and seed.
fn clashes(runs: &[&Run]) -> bool {
    let key = |run: &Run| (run.about.stage, run.about.seed);
    runs.iter().enumerate().any(|(i, run)| runs[..i].iter().any(|other| key(other) == key(run)))
}

/// The runs of a line called `name` by the folder that `folder` gives for each, which the new labels name.
fn split<'a>(group: RunGroup<'a>, name: &str, folder: fn(&Run) -> &Path) -> Vec<RunGroup<'a>> {
    let mut parts: Vec<RunGroup> = Vec::new();
    for run in group.runs {
        let label = format!("{name} ({})", plain_path(folder(run)));
        match parts.iter_mut().find(|part| part.label == label) {
            Some(part) => part.runs.push(run),
            None => parts.push(RunGroup { label, setting: group.setting.clone(), runs: vec![run] }),
        }
    }
    parts
}

/// The folder of the experiment that a run belongs to (EXPERIMENT/run/stage), or the run's own folder.
pub(crate) fn experiment(run: &Run) -> &Path {
    let folder = if is_staged(run) { run.directory.parent().and_then(Path::parent) } else { None };
    folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(&run.directory)
}

/// The folder of the run that a stage belongs to (run/stage), or the stage's own.
fn own_folder(run: &Run) -> &Path {
    let folder = if is_staged(run) { run.directory.parent() } else { None };
    folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(&run.directory)
}

/// Whether its folder is called by its stage, as experiments of many runs are laid out.
fn is_staged(run: &Run) -> bool {
    run.directory.file_name().is_some_and(|name| name == run.about.stage.name())
}

/// Equal labels get more into them until no two are equal: the setting, then the method, then a folder, which no two
/// lines share.
fn tell_apart(groups: &mut [RunGroup]) {
    let more: [fn(&RunGroup) -> String; 3] = [
        |group| group.setting.parameters(),
        |group| group.setting.method.clone(),
        |group| group.runs.first().map(|run| plain_path(&run.directory)).unwrap_or_default(),
    ];
    for addition in more {
        let labels: Vec<String> = groups.iter().map(|group| group.label.clone()).collect();
        for group in groups.iter_mut() {
            let shared = labels.iter().filter(|label| **label == group.label).count() > 1;
            let addition = addition(group);
            if shared && !addition.is_empty() {
                group.label = format!("{}, {addition}", group.label);
            }
        }
    }
}

type Order = (usize, Option<u64>, Option<u64>, Option<f64>, Option<f64>);

fn order(setting: &MethodSetting) -> Order {
    const METHODS: [&str; 5] = ["scratch", "mae", "mae-k", "ema-mae", "mae-new"];
    let method = METHODS.iter().position(|&name| name == setting.method).unwrap_or(METHODS.len());
    (method, setting.k, setting.wse, setting.tau, setting.slow_weight)
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
            finished: true,
            failed: None,
            program: None,
            commit: None,
            machine: None,
            threads: None,
            data: None,
            classes: None,
            test_images: None,
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
