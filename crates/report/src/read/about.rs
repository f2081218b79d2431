//! `run.toml`: what a run directory is the record of.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::parse_toml;
use crate::error::ReportError;
use crate::moment::moment;

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
    /// What stopped its last session, in one sentence; `None` while it is well.
    pub failed: Option<String>,
    /// Program and version of the session that works on it, or was the last to, such as `bmae 0.1.0`.
    pub program: Option<String>,
    /// The commit that the program was built from.
    pub commit: Option<String>,
    /// The machine, in words.
    pub machine: Option<String>,
    /// Threads.
    pub threads: Option<u64>,
    /// The data set in words.
    pub data: Option<String>,
    /// When it was first started (ISO 8601).
    pub started: Option<String>,
    /// The run or file that its weights came from.
    pub from: Option<String>,
    /// Sessions before the last that had another program, machine or number of threads.
    pub earlier: Vec<Session>,
}

/// A session that worked on a run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Session {
    /// Program and version.
    pub program: Option<String>,
    /// The commit that it was built from.
    pub commit: Option<String>,
    /// The machine in words.
    pub machine: Option<String>,
    /// Threads.
    pub threads: Option<u64>,
}

impl About {
    /// Every session in order, the last one last.
    pub fn sessions(&self) -> impl Iterator<Item = Session> {
        let Self { program, commit, machine, threads, .. } = self.clone();
        self.earlier.iter().cloned().chain(std::iter::once(Session { program, commit, machine, threads }))
    }
}

pub(super) fn parse_about(text: &str, file: &Path) -> Result<About, ReportError> {
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
        failed: Option<String>,
        program: Option<String>,
        commit: Option<String>,
        machine: Option<String>,
        threads: Option<u64>,
        data: Option<String>,
        started: Option<toml::Value>,
        from: Option<String>,
        #[serde(default)]
        earlier: Vec<Session>,
    }
    // Settings are sorted and compared; the program itself writes no other numbers.
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    let wire: Wire = parse_toml(text, file, "stage, name, method and seed of a run")?;
    Ok(About {
        stage: wire.stage,
        name: wire.name,
        setting: Setting {
            method: wire.method,
            k: wire.k,
            wse: wire.wse,
            tau: finite(wire.tau),
            slow_weight: finite(wire.slow_weight),
        },
        seed: wire.seed,
        epochs: wire.epochs.filter(|&epochs| epochs > 0 && wire.stage != Stage::Knn),
        finished: wire.finished,
        failed: wire.failed,
        program: wire.program,
        commit: wire.commit,
        machine: wire.machine,
        threads: wire.threads,
        data: wire.data,
        started: wire.started.map(moment),
        from: wire.from,
        earlier: wire.earlier,
    })
}
