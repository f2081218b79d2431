//! The stages of an experiment.

/// A stage of training or evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Pre-training.
    Pretrain,
    /// Fine-tuning.
    Finetune,
    /// Linear probing.
    Linprobe,
    /// Nearest neighbours.
    Knn,
}

impl Stage {
    /// All four, in the order in which they run.
    pub const ALL: [Stage; 4] = [Stage::Pretrain, Stage::Finetune, Stage::Linprobe, Stage::Knn];

    /// Those that measure what an encoder learned, in the order in which they run.
    pub const EVALUATIONS: [Stage; 3] = [Stage::Finetune, Stage::Linprobe, Stage::Knn];

    /// Its section of the recipe, which is also its command and its folder.
    pub fn section(self) -> &'static str {
        match self {
            Stage::Pretrain => "pretrain",
            Stage::Finetune => "finetune",
            Stage::Linprobe => "linprobe",
            Stage::Knn => "knn",
        }
    }

    /// The stage of that section.
    pub fn of_section(section: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.section() == section)
    }

    /// What it is called in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Stage::Pretrain => "pre-training",
            Stage::Finetune => "fine-tuning",
            Stage::Linprobe => "linear probing",
            Stage::Knn => "finding nearest neighbours",
        }
    }

    /// The same stage as one that trains; `None` for nearest neighbours.
    pub fn trained(self) -> Option<TrainedStage> {
        TrainedStage::ALL.into_iter().find(|trained| Stage::from(*trained) == self)
    }
}

/// One of the stages that train.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainedStage {
    /// Pre-training, of the recipe's method.
    Pretrain,
    /// Fine-tuning.
    Finetune,
    /// Linear probing.
    Linprobe,
}

impl TrainedStage {
    /// All three, in the order in which they run.
    pub const ALL: [TrainedStage; 3] = [TrainedStage::Pretrain, TrainedStage::Finetune, TrainedStage::Linprobe];
}

impl From<TrainedStage> for Stage {
    fn from(stage: TrainedStage) -> Self {
        match stage {
            TrainedStage::Pretrain => Stage::Pretrain,
            TrainedStage::Finetune => Stage::Finetune,
            TrainedStage::Linprobe => Stage::Linprobe,
        }
    }
}
