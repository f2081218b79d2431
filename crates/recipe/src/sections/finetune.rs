//! `[finetune]`.

use super::labelled::{self, LabelledRecipe};
use super::training::{self, StageRecipe};
use crate::choices::Pooling;
use crate::key::Number;
use crate::section::section;

/// Alphas of a Beta distribution that differs from its limits, or off.
const ALPHA: Number = Number::between(1e-3, 1e3).or_zero();

section! {
    /// `[finetune]`.
    pub struct FinetuneRecipe, keys FinetuneKeys, in "finetune", read by [Finetune] {
        /// What all stages share.
        stage: StageRecipe, from training::KEYS[1];
        /// What both evaluations that learn from labels share.
        labels: LabelledRecipe, from labelled::KEYS[0];
        /// Layer-wise learning-rate decay; 1 = off
        /// With N blocks, head and fc_norm have the full rate, block i has it times layer_decay^(N - i), and class
        /// token, position and patch embedding times layer_decay^(N + 1).
        layer_decay: f64 = 0.75, in Number::between(0.0, 1.0).above_least();
        /// Drop-path rate (stochastic depth) of the last block, falling linearly to 0 at the first; 0 = off
        /// Each sample and residual branch is dropped independently, in training only; kept branches are divided by the
        /// probability of keeping them.
        drop_path: f64 = 0.1, in Number::between(0.0, 1.0).below_most();
        /// Label smoothing: probability mass spread evenly over all classes
        label_smoothing: f64 = 0.1, in Number::between(0.0, 1.0).below_most();
        /// Image feature that the classifier reads
        /// "mean": mean of the patch tokens, then a LayerNorm (fc_norm); "class-token": the class token after the final
        /// norm.
        pooling: Pooling = Pooling::Mean;
        /// Mixup alpha; 0 = off
        /// The mixing weight is drawn from Beta(alpha, alpha), once per batch.
        mixup: f64 = 0.0, in ALPHA;
        /// CutMix alpha; 0 = off
        /// The area outside the pasted box is drawn from Beta(alpha, alpha), once per batch.
        cutmix: f64 = 0.0, in ALPHA;
        /// Probability of mixing a batch, if mixup or CutMix is on
        mixup_probability: f64 = 1.0, in Number::between(0.0, 1.0);
        /// Probability of CutMix instead of mixup, if both are on
        mixup_switch_probability: f64 = 0.5, in Number::between(0.0, 1.0);
        /// Apply RandAugment (rand-m9-mstd0.5-inc1)
        /// After crop and flip: two of 15 operations, each applied with probability 1/2 at magnitude N(9, 0.5).
        randaugment: bool = true;
        /// Probability of random erasing; 0 = off
        /// After normalisation: one box of 0.02 to 1/3 of the area is filled with N(0, 1) noise.
        random_erasing: f64 = 0.25, in Number::between(0.0, 1.0);
    }
}
