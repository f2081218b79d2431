//! What a run directory holds the record of.

use bmae_recipe::AnyKey;
use serde::{Deserialize, Serialize};

/// A stage of training or evaluation.
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
    /// All stages, in the order in which they run.
    pub const ALL: [Stage; 4] = [Stage::Pretrain, Stage::Finetune, Stage::Linprobe, Stage::Knn];

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

    /// The name for readers, as a heading.
    pub fn title(self) -> &'static str {
        match self {
            Stage::Pretrain => "Pre-training",
            Stage::Finetune => "Fine-tuning",
            Stage::Linprobe => "Linear probe",
            Stage::Knn => "kNN",
        }
    }

    /// The name for readers, inside a sentence.
    pub fn in_sentence(self) -> String {
        if self == Stage::Knn { "kNN".to_owned() } else { self.title().to_lowercase() }
    }
}

/// Whether a stage reads a key of the recipe: what it computes depends on it. An evaluation's directory has a recipe
/// for pre-training too, which nothing was trained by.
pub fn reads(stage: Stage, key: &dyn AnyKey) -> bool {
    key.stages().iter().any(|reader| reader.section() == stage.name())
}
