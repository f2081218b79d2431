//! One run directory, read by this crate's own types: `run.toml`, `config.toml`, `metrics.jsonl` (design, section 5).
//!
//! Fields that this crate does not know are ignored, so that newer runs stay readable. Numbers that were not finite are
//! absent or `null` in the files and `None` here.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::ReportError;
use crate::moment::moment;

/// The file that makes a folder a run directory.
pub const RUN_FILE: &str = "run.toml";
/// The recipe of the run, fully resolved.
pub const CONFIG_FILE: &str = "config.toml";
/// What the run logged, one JSON object a line.
pub const METRICS_FILE: &str = "metrics.jsonl";

/// What a run directory holds the record of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Masked pre-training.
    Pretrain,
    /// Fine-tuning of the whole encoder with a class head.
    Finetune,
    /// A linear probe on the frozen encoder.
    Linprobe,
    /// k-nearest neighbours on the frozen encoder's features.
    Knn,
}

impl Stage {
    /// The stages that measure accuracy, in the order of every table.
    pub const EVALUATIONS: [Stage; 3] = [Stage::Finetune, Stage::Linprobe, Stage::Knn];

    /// The name in files: `pretrain`, `finetune`, `linprobe`, `knn`.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Pretrain => "pretrain",
            Stage::Finetune => "finetune",
            Stage::Linprobe => "linprobe",
            Stage::Knn => "knn",
        }
    }

    /// The name for readers.
    pub fn title(self) -> &'static str {
        match self {
            Stage::Pretrain => "Pre-training",
            Stage::Finetune => "Fine-tuning",
            Stage::Linprobe => "Linear probe",
            Stage::Knn => "kNN",
        }
    }
}

/// A pre-training method with the parameters that apply to it, as `run.toml` states them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    /// `scratch`, `mae`, `mae-k`, `ema-mae`, `mae-new` or `custom`.
    pub method: String,
    /// Epochs between copies of the student into the target.
    pub k: Option<u64>,
    /// Warm-up epochs with the pixel target.
    pub wse: Option<u64>,
    /// Weight of the student in each average.
    pub tau: Option<f64>,
    /// Weight of the slow target in the loss.
    pub slow_weight: Option<f64>,
}

/// What `run.toml` says of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// What the directory is a record of.
    pub stage: Stage,
    /// The run's name, the same for every seed and stage of one line of the comparison.
    pub name: String,
    /// The method that pre-trained the encoder.
    pub setting: Setting,
    /// The seed.
    pub seed: u64,
    /// Planned epochs; `None` where there are none (kNN).
    pub epochs: Option<u64>,
    /// Whether the run says that it came to its end.
    pub finished: bool,
    /// Program and version, such as `bmae 0.1.0`.
    pub program: Option<String>,
    /// Threads it was started with.
    pub threads: Option<u64>,
    /// The data set in words.
    pub data: Option<String>,
    /// When it was first started (ISO 8601).
    pub started: Option<String>,
    /// The run or file that its weights came from.
    pub from: Option<String>,
}

/// One logged training step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Epoch, from 0.
    pub epoch: u64,
    /// 1000 x the fractional epoch.
    pub epoch_1000x: f64,
    /// The loss, unless it was not finite.
    pub loss: Option<f64>,
}

/// What happened to the targets in an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// From pixels to features.
    Switch,
    /// The target became a copy of the student.
    Copy,
    /// The target was averaged with the student.
    Average,
}

/// One epoch's summary. All values are absent when they do not apply or were not finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Epoch {
    /// Epoch, from 0.
    pub epoch: u64,
    /// Training throughput.
    pub images_per_s: Option<f64>,
    /// Spread of the target over samples.
    pub target_std: Option<f64>,
    /// Spread of the prediction over samples.
    pub prediction_std: Option<f64>,
    /// Effective rank of the encoder's features.
    pub rank_me: Option<f64>,
    /// Quick nearest-neighbour accuracy in percent.
    pub knn_top1: Option<f64>,
    /// What happened to the targets.
    pub event: Option<Event>,
}

/// One measurement on the test set.
#[derive(Debug, Clone, PartialEq)]
pub struct Eval {
    /// Epoch, from 0.
    pub epoch: u64,
    /// Top-1 accuracy in percent.
    pub top1: Option<f64>,
}

/// The lines of `metrics.jsonl` by kind, in file order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    /// Lines of kind `step`.
    pub steps: Vec<Step>,
    /// Lines of kind `epoch`.
    pub epochs: Vec<Epoch>,
    /// Lines of kind `eval`.
    pub evals: Vec<Eval>,
    /// Seconds the run has worked, over all its sessions.
    pub wall_s: Option<f64>,
}

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
    /// What it logged; empty if it has not logged yet.
    pub metrics: Metrics,
}

impl Run {
    /// Whether the run came to its end: it says so, or its last planned epoch was evaluated.
    pub fn finished(&self) -> bool {
        let evaluated = self.metrics.evals.last().map(|eval| eval.epoch + 1);
        self.about.finished || (self.about.epochs.is_some() && evaluated >= self.about.epochs)
    }

    /// How many epochs were logged to their end.
    pub fn epochs_done(&self) -> u64 {
        let epochs = self.metrics.epochs.last().map(|line| line.epoch + 1);
        let evals = self.metrics.evals.last().map(|line| line.epoch + 1);
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

    /// Training throughput over the whole run: the harmonic mean of the epochs' rates, since every epoch sees as many images.
    pub fn images_per_s(&self) -> Option<f64> {
        let rates = self.metrics.epochs.iter().filter_map(|line| line.images_per_s).filter(|&rate| rate > 0.0);
        let (count, seconds) = rates.fold((0.0, 0.0), |(count, seconds), rate| (count + 1.0, seconds + 1.0 / rate));
        (count > 0.0).then(|| count / seconds)
    }
}

/// Reads a run directory. It need not be finished: without `metrics.jsonl`, or with an empty one, it has logged nothing yet,
/// and a torn last line is left out.
///
/// # Errors
/// [`ReportError::NotARun`] without `run.toml`; [`ReportError::Malformed`] with file and line for what cannot be understood;
/// [`ReportError::Read`] when the system refuses.
pub fn read_run(directory: &Path) -> Result<Run, ReportError> {
    let Some(about) = read_text(&directory.join(RUN_FILE))? else {
        return Err(ReportError::NotARun { path: directory.to_owned(), found: describe(directory) });
    };
    let config = read_text(&directory.join(CONFIG_FILE))?;
    let recipe = match &config {
        Some(text) => parse_toml(text, &directory.join(CONFIG_FILE), "a recipe as bmae writes it")?,
        None => toml::Table::new(),
    };
    let path = directory.join(METRICS_FILE);
    let metrics = match read_bytes(&path)? {
        Some(bytes) => parse_metrics(&bytes, &path)?,
        None => Metrics::default(),
    };
    let about = parse_about(&about, &directory.join(RUN_FILE))?;
    Ok(Run { directory: directory.to_owned(), about, config, recipe, metrics })
}

/// What lies at a path that should have been a run directory.
pub(crate) fn describe(path: &Path) -> String {
    if !path.is_dir() {
        return "a file".to_owned();
    }
    let ours = [CONFIG_FILE, METRICS_FILE].into_iter().filter(|name| path.join(name).is_file()).collect::<Vec<_>>();
    if ours.is_empty() { "none".to_owned() } else { format!("{} without {RUN_FILE}", ours.join(" and ")) }
}

fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>, ReportError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(ReportError::Read { path: path.to_owned(), source }),
    }
}

fn read_text(path: &Path) -> Result<Option<String>, ReportError> {
    let Some(bytes) = read_bytes(path)? else { return Ok(None) };
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        ReportError::Malformed {
            file: path.to_owned(),
            line: 1 + before.iter().filter(|&&byte| byte == b'\n').count(),
            expected: "text in UTF-8".to_owned(),
            found: "other bytes".to_owned(),
            remedy: "restore the file, or leave this run out of the report",
        }
    })
}

fn parse_toml<T: serde::de::DeserializeOwned>(text: &str, file: &Path, expected: &str) -> Result<T, ReportError> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        ReportError::Malformed {
            file: file.to_owned(),
            line: 1 + text.as_bytes()[..start].iter().filter(|&&byte| byte == b'\n').count(),
            expected: expected.to_owned(),
            found: one_line(error.message()),
            remedy: "restore the file, or leave this run out of the report",
        }
    })
}

fn parse_about(text: &str, file: &Path) -> Result<About, ReportError> {
    #[derive(Deserialize)]
    struct Wire {
        stage: Stage,
        name: String,
        method: String,
        k: Option<u64>,
        wse: Option<u64>,
        tau: Option<f64>,
        slow_weight: Option<f64>,
        seed: u64,
        epochs: Option<u64>,
        #[serde(default)]
        finished: bool,
        program: Option<String>,
        threads: Option<u64>,
        data: Option<String>,
        started: Option<toml::Value>,
        from: Option<String>,
    }
    let wire: Wire = parse_toml(text, file, "stage, name, method and seed of a run")?;
    Ok(About {
        stage: wire.stage,
        name: wire.name,
        setting: Setting {
            method: wire.method,
            k: wire.k,
            wse: wire.wse,
            tau: wire.tau,
            slow_weight: wire.slow_weight,
        },
        seed: wire.seed,
        epochs: wire.epochs.filter(|&epochs| epochs > 0 && wire.stage != Stage::Knn),
        finished: wire.finished,
        program: wire.program,
        threads: wire.threads,
        data: wire.data,
        started: wire.started.map(moment),
        from: wire.from,
    })
}

fn parse_metrics(bytes: &[u8], file: &Path) -> Result<Metrics, ReportError> {
    #[derive(Deserialize)]
    struct Wire {
        kind: String,
        epoch: u64,
        wall_s: Option<f64>,
        epoch_1000x: Option<f64>,
        loss: Option<f64>,
        images_per_s: Option<f64>,
        target_std: Option<f64>,
        prediction_std: Option<f64>,
        rank_me: Option<f64>,
        knn_top1: Option<f64>,
        event: Option<String>,
        top1: Option<f64>,
    }
    let mut metrics = Metrics::default();
    for (index, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let wire: Wire = match serde_json::from_slice(line) {
            Ok(wire) => wire,
            // Only the last line can lack its end: the run was killed while it wrote, or is writing now.
            Err(_) if !line.ends_with(b"\n") => break,
            Err(error) => {
                return Err(ReportError::Malformed {
                    file: file.to_owned(),
                    line: index + 1,
                    expected: "a JSON object with kind and epoch".to_owned(),
                    found: one_line(&error.to_string()),
                    remedy: "remove the line, or leave this run out of the report",
                });
            }
        };
        metrics.wall_s = wire.wall_s.or(metrics.wall_s);
        match wire.kind.as_str() {
            "step" => metrics.steps.push(Step {
                epoch: wire.epoch,
                epoch_1000x: wire.epoch_1000x.unwrap_or(1000.0 * wire.epoch as f64),
                loss: wire.loss,
            }),
            "epoch" => metrics.epochs.push(Epoch {
                epoch: wire.epoch,
                images_per_s: wire.images_per_s,
                target_std: wire.target_std,
                prediction_std: wire.prediction_std,
                rank_me: wire.rank_me,
                knn_top1: wire.knn_top1,
                event: match wire.event.as_deref() {
                    Some("switch") => Some(Event::Switch),
                    Some("copy") => Some(Event::Copy),
                    Some("average") => Some(Event::Average),
                    _ => None,
                },
            }),
            "eval" => metrics.evals.push(Eval { epoch: wire.epoch, top1: wire.top1 }),
            _ => {}
        }
    }
    Ok(metrics)
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
