//! Each run directory in one line.

use std::path::Path;

use bmae_output::path_text::to_text;
use bmae_output::plain::plain;
use serde::Serialize;

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
        }
    }

    /// The line of the run in `directory`, which may be one that cannot be read: then it says why.
    pub fn at(directory: &Path) -> Self {
        match read_run(directory) {
            Ok(run) => Self::of(&run),
            Err(error) => Self {
                directory: to_text(directory),
                state: "unreadable",
                failed: Some(error.to_string()),
                ..Self::default()
            },
        }
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
/// pre-training is that of its quick nearest neighbours.
pub fn list_runs(runs: &[ListedRun]) -> String {
    let head = ["directory", "stage", "seed", "state", "epochs", "loss", "best top-1", "time"].map(str::to_owned);
    let numeric = [false, false, true, false, true, true, true, true];
    let rows: Vec<Vec<String>> =
        std::iter::once(head).chain(runs.iter().map(ListedRun::cells)).map(|cells| cells.to_vec()).collect();
    let mut text = aligned(&rows, &numeric);
    for run in runs {
        if let Some(reason) = &run.failed {
            let (directory, reason) = (plain(&run.directory), plain(reason));
            text.push_str(&format!("\n{directory} {}: {reason}\n", run.state));
        }
    }
    text
}
