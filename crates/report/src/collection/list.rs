//! Each run directory in one line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bmae_output::path_text::to_text;
use bmae_output::plain::plain;
use serde::Serialize;

use crate::comparison::SweptColumns;
use crate::error::ReportError;
use crate::run_directory::{Run, Stage, read_run};
use crate::text::{aligned, duration};

/// A run directory in a line.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ListedRun {
    /// Where it lies.
    pub directory: String,
    /// The run's name; like everything else of a run, absent where it cannot be read.
    pub run: Option<String>,
    /// `pretrain`, `finetune`, `linprobe` or `knn`.
    pub stage: Option<&'static str>,
    /// The seed.
    pub seed: Option<u64>,
    /// `running`, `finished`, `failed`, `stopped`, `outdated`, or `unreadable`.
    pub state: &'static str,
    /// Why it failed, is outdated or cannot be read.
    pub failed: Option<String>,
    /// Whole epochs done; absent where they are outdated.
    pub epochs_done: Option<u64>,
    /// Planned epochs; absent where there are none.
    pub epochs: Option<u64>,
    /// The training loss of the last whole epoch, or of the last step before there is one.
    pub loss: Option<f64>,
    /// The best top-1 on the test set so far, in percent; of a pre-training that of the quick nearest neighbours.
    pub best_top1: Option<f64>,
    /// Seconds worked, over all sessions.
    pub wall_s: Option<f64>,
    /// The data that it read.
    pub data: Option<String>,
    /// Its values of the keys in which the listed runs of its stage differ.
    pub settings: BTreeMap<String, serde_json::Value>,
}

/// The lines of the runs in `directories`, in their order, each with what tells it from the others.
pub fn list(directories: &[PathBuf]) -> Vec<ListedRun> {
    let read: Vec<Result<Run, ReportError>> = directories.iter().map(|directory| read_run(directory)).collect();
    let runs: Vec<&Run> = read.iter().filter_map(|run| run.as_ref().ok()).collect();
    let swept = SweptColumns::of(&runs);
    let line = |(directory, read): (&PathBuf, &Result<Run, ReportError>)| match read {
        Ok(run) => {
            let data = Some(swept.data(run).to_owned()).filter(|data| !data.is_empty());
            ListedRun { data, settings: swept.values(run), ..ListedRun::of(run) }
        }
        Err(error) => ListedRun::unreadable(directory, error),
    };
    directories.iter().zip(&read).map(line).collect()
}

impl ListedRun {
    /// The line of `run`.
    pub fn of(run: &Run) -> Self {
        let state = run.state();
        let metrics = &run.metrics;
        let accuracies: Vec<f64> = match run.about.stage {
            Stage::Pretrain => metrics.epochs.iter().filter_map(|line| line.knn_top1).collect(),
            _ => metrics.evals.iter().filter_map(|line| line.top1).collect(),
        };
        Self {
            directory: to_text(&run.directory),
            run: Some(run.about.name.clone()),
            stage: Some(run.about.stage.name()),
            seed: Some(run.about.seed),
            state: state.word(),
            failed: state.trouble(),
            epochs_done: (!run.outdated).then(|| run.epochs_done()),
            epochs: run.about.epochs,
            loss: (metrics.epochs.iter().rev().find_map(|line| line.loss))
                .or_else(|| metrics.steps.iter().rev().find_map(|step| step.loss)),
            best_top1: accuracies.into_iter().reduce(f64::max),
            wall_s: metrics.wall_s,
            data: run.about.data.clone(),
            settings: BTreeMap::new(),
        }
    }

    /// The line of the run in `directory`, which may be one that cannot be read: then it says why.
    pub fn at(directory: &Path) -> Self {
        match read_run(directory) {
            Ok(run) => Self::of(&run),
            Err(error) => Self::unreadable(directory, &error),
        }
    }

    fn unreadable(directory: &Path, error: &ReportError) -> Self {
        Self { directory: to_text(directory), state: "unreadable", failed: Some(error.to_string()), ..Self::default() }
    }

    /// Its settings in a cell: `linprobe.base_lr 0.2, seed 1`.
    fn settings_in_words(&self) -> String {
        let words = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.settings.iter().map(|(key, value)| format!("{key} {}", words(value))).collect::<Vec<_>>().join(", ")
    }

    fn cells(&self) -> [String; 8] {
        let epochs = match (self.epochs_done, self.epochs) {
            (Some(done), Some(epochs)) => format!("{done}/{epochs}"),
            _ => String::new(),
        };
        [
            self.directory.clone(),
            self.stage.unwrap_or_default().to_owned(),
            self.seed.map(|seed| seed.to_string()).unwrap_or_default(),
            self.state.to_owned(),
            epochs,
            self.loss.map(|loss| format!("{loss:.4}")).unwrap_or_default(),
            self.best_top1.map(|top1| format!("{top1:.2}")).unwrap_or_default(),
            self.wall_s.map(duration).unwrap_or_default(),
        ]
    }
}

/// The runs as an aligned table for a terminal, in their order, and below it why runs failed. The best top-1 of a
/// pre-training is that of its quick nearest neighbours. Data and settings have columns where they differ.
pub fn list_runs(runs: &[ListedRun]) -> String {
    let head = ["directory", "stage", "seed", "state", "epochs", "loss", "best top-1", "time"].map(str::to_owned);
    let mut numeric = vec![false, false, true, false, true, true, true, true];
    let mut rows: Vec<Vec<String>> =
        std::iter::once(head).chain(runs.iter().map(ListedRun::cells)).map(|cells| cells.to_vec()).collect();
    let data: BTreeSet<&str> = runs.iter().filter_map(|run| run.data.as_deref()).collect();
    let mut add = |title: &str, cell: &dyn Fn(&ListedRun) -> String| {
        numeric.push(false);
        let cells = std::iter::once(title.to_owned()).chain(runs.iter().map(cell));
        rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
    };
    if data.len() > 1 {
        add("data", &|run| run.data.clone().unwrap_or_default());
    }
    if runs.iter().any(|run| !run.settings.is_empty()) {
        add("settings", &ListedRun::settings_in_words);
    }
    let mut text = aligned(&rows, &numeric);
    for run in runs {
        if let Some(reason) = &run.failed {
            let (directory, reason) = (plain(&run.directory), plain(reason));
            text.push_str(&format!("\n{directory} {}: {reason}\n", run.state));
        }
    }
    text
}
