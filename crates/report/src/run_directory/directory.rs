//! One run directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bmae_output::plain::plain;

use super::about::{About, RUN_FILE, parse_about};
use super::metrics::{Metrics, parse_metrics};
use super::origin::is_outdated;
use super::stage::Stage;
use super::state::{RunState, is_locked};
use super::text_file::{open, parse_toml, read_text};
use crate::error::ReportError;
use crate::text::count;

/// The recipe of the run, fully resolved.
pub const CONFIG_FILE: &str = "config.toml";
/// What the run logged, one JSON object a line.
pub const METRICS_FILE: &str = "metrics.jsonl";

/// What a run keeps from its first epoch on.
const LAST_WEIGHTS: &str = "checkpoints/last.safetensors";

/// A run directory as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Where it lies.
    pub directory: PathBuf,
    /// What it is a record of.
    pub about: About,
    /// The text of `config.toml`, if it is there.
    pub config: Option<String>,
    /// `config.toml` as a table; empty if it is not there.
    pub recipe: toml::Table,
    /// What it logged; empty if it has not logged yet, and where that is outdated.
    pub metrics: Metrics,
    /// Whether it evaluated other weights than the run that it names has now, so that its numbers are none of that run.
    pub outdated: bool,
    /// Whether a process was working on it when it was read.
    pub running: bool,
}

impl Run {
    /// Whether the run came to its end: it says so, or its last planned epoch was evaluated.
    pub fn finished(&self) -> bool {
        let evaluated = self.metrics.evals.last().map(|eval| eval.epoch.saturating_add(1));
        self.about.finished || (self.about.epochs.is_some() && evaluated >= self.about.epochs)
    }

    /// What has become of it.
    pub fn state(&self) -> RunState {
        match &self.about.failed {
            _ if self.running => RunState::Running,
            _ if self.outdated => RunState::Outdated(self.about.from.clone().unwrap_or_default()),
            _ if self.finished() => RunState::Finished,
            Some(reason) => RunState::Failed(reason.clone()),
            None => RunState::Stopped,
        }
    }

    /// How many epochs were logged to their end.
    pub fn epochs_done(&self) -> u64 {
        let epochs = self.metrics.epochs.last().map(|line| line.epoch.saturating_add(1));
        let evals = self.metrics.evals.last().map(|line| line.epoch.saturating_add(1));
        epochs.max(evals).unwrap_or(0)
    }

    /// Top-1 in percent at the last epoch; `None` while the run is not finished.
    pub fn top1(&self) -> Option<f64> {
        if !self.finished() {
            return None;
        }
        self.metrics.evals.last().and_then(|eval| eval.top1)
    }

    /// The best top-1 in percent over the epochs; `None` while the run is not finished.
    pub fn best_top1(&self) -> Option<f64> {
        self.top1()?;
        self.metrics.evals.iter().filter_map(|eval| eval.top1).reduce(f64::max)
    }

    /// The keys of its recipe by their paths, such as `pretrain.epochs`, with their values as TOML writes them; none
    /// without a recipe. Where it does not tell its precision, as those of earlier versions, it has the default.
    pub fn keys(&self) -> BTreeMap<String, String> {
        let mut keys = BTreeMap::new();
        flatten("", &self.recipe, &mut keys);
        if let Some(precision) = bmae_recipe::keys::find("precision").filter(|_| !keys.is_empty()) {
            keys.entry(precision.path().to_owned()).or_insert_with(|| precision.default_value().to_string());
        }
        keys
    }

    /// Training throughput over the whole run: the harmonic mean of the epochs' rates, since every epoch sees as many
    /// images.
    pub fn images_per_s(&self) -> Option<f64> {
        harmonic_mean(self.metrics.epochs.iter().filter_map(|line| line.images_per_s))
    }
}

/// The keys of a table and of those in it by their paths, with their values as TOML writes them.
pub fn flatten(prefix: &str, table: &toml::Table, keys: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(table) => flatten(&path, table, keys),
            value => {
                keys.insert(plain(&path).into_owned(), plain(&value.to_string()).into_owned());
            }
        }
    }
}

/// The rate of equal amounts of work together: the harmonic mean of their rates, those above 0; `None` where there is
/// none.
pub fn harmonic_mean(rates: impl Iterator<Item = f64>) -> Option<f64> {
    let rates = rates.filter(|&rate| rate > 0.0);
    let (count, seconds) = rates.fold((0.0, 0.0), |(count, seconds), rate| (count + 1.0, seconds + 1.0 / rate));
    (count > 0.0).then(|| count / seconds)
}

/// Reads a run directory. It need not be finished: without `metrics.jsonl`, or with an empty one, it has logged nothing
/// yet, and a torn last line is left out.
///
/// # Errors
/// [`ReportError::NotARun`] without `run.toml`; [`ReportError::Malformed`] with file and line for what cannot be
/// understood; [`ReportError::MetricsLost`] where the run says that it came further than its metrics tell;
/// [`ReportError::NoFile`] for a folder or a pipe in place of a file; [`ReportError::Read`] when the system refuses.
pub fn read_run(directory: &Path) -> Result<Run, ReportError> {
    let Some(about) = read_text(&directory.join(RUN_FILE))? else {
        return Err(ReportError::NotARun { path: directory.to_owned(), found: describe(directory) });
    };
    let about = parse_about(&about, &directory.join(RUN_FILE))?;
    let config = read_text(&directory.join(CONFIG_FILE))?;
    let recipe = match &config {
        Some(text) => parse_toml(text, &directory.join(CONFIG_FILE), "a recipe as bmae writes it")?,
        None => toml::Table::new(),
    };
    let outdated = is_outdated(directory, &about);
    let path = directory.join(METRICS_FILE);
    let running = is_locked(directory);
    if outdated {
        let (directory, metrics) = (directory.to_owned(), Metrics::default());
        return Ok(Run { directory, about, config, recipe, metrics, outdated, running });
    }
    let metrics = open(&path)?.map(|file| parse_metrics(file, &path)).transpose()?;
    // A run makes the file before it makes weights.
    if metrics.is_none() && !running && (about.finished || directory.join(LAST_WEIGHTS).exists()) {
        return Err(ReportError::MetricsLost { path, found: "no such file".to_owned() });
    }
    let mut metrics = metrics.unwrap_or_default();
    if probes_fixed_features(about.stage, &recipe) {
        metrics.forget_rates();
    }
    let run = Run { directory: directory.to_owned(), about, config, recipe, metrics, outdated, running };
    let ends = run.about.epochs.map(|epochs| run.about.ended_after.unwrap_or(epochs).min(epochs));
    match ends {
        Some(epochs) if run.about.finished && !running && run.epochs_done() < epochs => {
            let found = format!("what it did in {} of its {}", run.epochs_done(), count(epochs, "epoch"));
            Err(ReportError::MetricsLost { path, found })
        }
        None if run.about.finished && !running && run.metrics.is_empty() => {
            Err(ReportError::MetricsLost { path, found: "nothing in it".to_owned() })
        }
        _ => Ok(run),
    }
}

/// Whether the run is a linear probe whose features were computed once. Runs of earlier versions logged how many of them
/// passed as images.
fn probes_fixed_features(stage: Stage, recipe: &toml::Table) -> bool {
    let augmentation = recipe.get("linprobe").and_then(|section| section.get("augmentation"));
    stage == Stage::Linprobe && augmentation.and_then(toml::Value::as_str) == Some("none")
}

/// Whether something is called like a file of a run directory, whatever it is: a run that has lost its `run.toml` is one.
pub fn is_run_directory(directory: &Path) -> bool {
    let has = |name| directory.join(name).symlink_metadata().is_ok();
    has(RUN_FILE) || has(CONFIG_FILE) && has(METRICS_FILE)
}

/// What lies at a path that should have been a run directory.
pub fn describe(path: &Path) -> String {
    if !path.is_dir() {
        return "a file".to_owned();
    }
    let present = [CONFIG_FILE, METRICS_FILE].into_iter().filter(|name| path.join(name).is_file()).collect::<Vec<_>>();
    if present.is_empty() { "none".to_owned() } else { format!("{} without {RUN_FILE}", present.join(" and ")) }
}
