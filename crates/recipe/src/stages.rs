//! The three training stages, the nearest neighbours and what is watched while training.

use super::Recipe;
use super::choices::{Augmentation, Feature, Pooling};
use super::layers::TrainedStage;

/// What pre-training, fine-tuning and the linear probe have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct StageRecipe {
    /// Passes over the training images, at least 1.
    pub epochs: usize,
    /// Images of one optimiser step.
    pub batch_size: usize,
    /// The rate per 256 images: the peak is `base_lr * batch_size / 256`.
    pub base_lr: f64,
    /// The rate at the end of the schedule, absolute.
    pub min_lr: f64,
    /// Epochs in which the rate rises from 0 to its peak; may be longer than the training.
    pub warmup_epochs: f64,
    /// AdamW's (decoupled) or LARS' weight decay.
    pub weight_decay: f64,
    /// Parts in which the images of one step are computed, their gradients summed: it saves memory, the step stays the same.
    pub accumulate: usize,
    /// The largest norm of the whole gradient; 0: not clipped.
    pub clip_norm: f64,
    /// Epochs between two kept checkpoints (`last` is written every epoch); 0: none are kept.
    pub checkpoint_every: usize,
    /// What training images go through before they are normalised.
    pub augmentation: Augmentation,
    /// The part of the image's area that a crop covers: least, most.
    pub crop_scale: [f64; 2],
}

impl StageRecipe {
    /// The rate at the top of the schedule: `base_lr * batch_size / 256`.
    pub fn peak_lr(&self) -> f64 {
        self.base_lr * self.batch_size as f64 / 256.0
    }
}

/// `[pretrain]`.
#[derive(Clone, Debug, PartialEq)]
pub struct PretrainRecipe {
    /// What all stages share.
    pub stage: StageRecipe,
    /// The part of the patches that is hidden, above 0 and below 1.
    pub mask_ratio: f64,
    /// Whether each patch's pixel target is normalised by its own mean and variance.
    pub norm_pix: bool,
}

/// `[finetune]`.
#[derive(Clone, Debug, PartialEq)]
pub struct FinetuneRecipe {
    /// What all stages share.
    pub stage: StageRecipe,
    /// What each block down multiplies its rate by.
    pub layer_decay: f64,
    /// The chance that the last block is skipped; linear in depth.
    pub drop_path: f64,
    /// The part of the label that is spread over all classes.
    pub label_smoothing: f64,
    /// What stands for the whole image.
    pub pooling: Pooling,
    /// Mixup's alpha; 0: off.
    pub mixup: f64,
    /// CutMix's alpha; 0: off.
    pub cutmix: f64,
    /// The chance that a batch is mixed at all.
    pub mixup_probability: f64,
    /// The chance that CutMix is taken where both are on.
    pub mixup_switch_probability: f64,
    /// Whether RandAugment `rand-m9-mstd0.5-inc1` is applied.
    pub randaugment: bool,
    /// The chance that a box of an image is erased; 0: off.
    pub random_erasing: f64,
}

impl Recipe {
    /// The settings of a stage that trains.
    pub fn stage(&self, stage: TrainedStage) -> &StageRecipe {
        match stage {
            TrainedStage::Pretrain => &self.pretrain.stage,
            TrainedStage::Finetune => &self.finetune.stage,
            TrainedStage::Linprobe => &self.linprobe.stage,
        }
    }
}

/// `[linprobe]`.
#[derive(Clone, Debug, PartialEq)]
pub struct LinprobeRecipe {
    /// What all stages share.
    pub stage: StageRecipe,
    /// Which frozen feature is probed.
    pub feature: Feature,
}

/// `[knn]`.
#[derive(Clone, Debug, PartialEq)]
pub struct KnnRecipe {
    /// Neighbours that vote.
    pub k: usize,
    /// Divides the cosine similarity before its exponential becomes the vote's weight.
    pub temperature: f64,
    /// Which frozen feature is compared.
    pub feature: Feature,
}

/// `[monitor]`.
#[derive(Clone, Debug, PartialEq)]
pub struct MonitorRecipe {
    /// Epochs between two measurements of the features while pre-training; 0: none.
    pub every: usize,
    /// Training images that the nearest neighbours of the measurement look at; 0: all.
    pub knn_train_limit: usize,
    /// Epochs between two pictures while pre-training; 0: none.
    pub pictures_every: usize,
    /// Images in each of them.
    pub pictures: usize,
}
