//! What `[pretrain]`, `[finetune]` and `[linprobe]` have in common.

use crate::choices::Augmentation;
use crate::key::{Count, Number};
use crate::planned_epochs::{EarlierPlan, PlannedEpochs};
use crate::section::section;

section! {
    /// What pre-training, fine-tuning and the linear probe have in common.
    pub struct StageRecipe, keys StageKeys, in each of
        "pretrain" [0], read by [Pretrain], "finetune" [1], read by [Finetune], "linprobe" [2], read by [Linprobe];
    {
        /// Number of epochs
        epochs: usize = [200, 100, 100], in Count::from(1);
        /// Numbers of epochs that the training was planned with before, where it was given another one on its way
        /// A resume with another number of epochs writes it down. Learning rate and ramps are re-stretched: before epoch
        /// `until` (from 0) they are those of a training of `epochs` epochs, from there on those of the next plan.
        replanned: Vec<EarlierPlan> = [Vec::new(), Vec::new(), Vec::new()];
        /// Fraction of the training images that an epoch sees, drawn afresh for each epoch
        /// For a shorter experiment with the same epochs: K, WSE, warm-ups and schedules keep their numbers, and every
        /// epoch has fewer steps.
        epoch_fraction: f64 = [1.0; 3], in Number::between(0.0, 1.0).above_least();
        /// Images per optimiser step
        /// The learning rate scales with it. Training drops the last, partial batch of an epoch.
        batch_size: usize = [512; 3], in Count::from(1);
        /// Learning rate per 256 images
        /// The peak learning rate is base_lr * batch_size / 256.
        base_lr: f64 = [1e-3, 1e-3, 0.1], in Number::from(0.0);
        /// Learning rate at the end of the cosine decay
        /// It does not scale with the batch size.
        min_lr: f64 = [0.0, 1e-6, 0.0], in Number::from(0.0);
        /// Epochs of linear learning-rate warm-up from 0
        /// It may be longer than the training, which then ends before the peak.
        warmup_epochs: f64 = [40.0, 5.0, 10.0], in Number::from(0.0);
        /// Weight decay
        /// Decoupled (AdamW) in pre-training and fine-tuning; none on biases and norms.
        weight_decay: f64 = [0.05, 0.05, 0.0], in Number::from(0.0);
        /// Number of micro-batches in a step
        /// Their gradients are summed: the step is the same and needs less memory. Must divide batch_size.
        accumulate: usize = [1; 3], in Count::from(1);
        /// Clip the global gradient norm to this value; 0 = off
        clip_norm: f64 = [0.0; 3], in Number::from(0.0);
        /// Keep a checkpoint every N epochs; 0 = only the last
        /// checkpoints/last.safetensors is written after every epoch in any case.
        checkpoint_every: usize = [0; 3], in Count::from(0);
        /// Keep the state of a training every so many minutes within an epoch, too; 0 = only after whole epochs
        /// What a kill costs at the most. A run that is stopped by Ctrl-C, SIGTERM or SIGUSR1 keeps its state at once in any case.
        checkpoint_minutes: f64 = [10.0; 3], in Number::from(0.0);
        /// Augmentation of training images before normalisation
        /// Both crops are followed by a horizontal flip with probability 1/2. "none" is the evaluation transform; the
        /// linear probe then computes its features once. RandAugment and random erasing have keys of their own in
        /// `[finetune]`.
        augmentation: Augmentation =
            [Augmentation::RandomResizedCrop, Augmentation::RandomResizedCrop, Augmentation::ByolCrop];
        /// Range of the crop's area, as a fraction of the image
        crop_scale: [f64; 2] = [[0.2, 1.0], [0.08, 1.0], [0.08, 1.0]];
    }
}

impl StageRecipe {
    /// The epochs that it is and was planned with.
    pub fn planned_epochs(&self) -> PlannedEpochs {
        PlannedEpochs::new(self.epochs, self.replanned.clone())
    }

    /// The learning rate at the top of the schedule: `base_lr * batch_size / 256`.
    pub fn peak_lr(&self) -> f64 {
        self.base_lr * self.batch_size as f64 / 256.0
    }
}
