//! `[pretrain]`.

use super::training::{self, StageRecipe};
use super::weights::{self, GivenWeights};
use crate::choices::LossOn;
use crate::key::Number;
use crate::section::section;

section! {
    /// `[pretrain]`.
    pub struct PretrainRecipe, keys PretrainKeys, in "pretrain", read by [Pretrain] {
        /// What all stages share.
        stage: StageRecipe, from training::KEYS[0];
        /// The weights that the student begins with; `None`: random ones.
        from: Option<GivenWeights>, from weights::KEYS;
        /// Mask ratio: fraction of the patches that the encoder does not see
        /// Of L patches, floor(L * (1 - mask_ratio)) are kept; at least one must be kept and one masked.
        mask_ratio: f64 = 0.75, in Number::between(0.0, 1.0).above_least().below_most();
        /// Normalise each patch's pixel target by its own mean and variance
        /// The variance is unbiased; 1e-6 is added under the root.
        norm_pix: bool = false;
        /// Patches whose prediction the loss counts
        /// "masked": those that the encoder did not see, as in MAE; "all": those that it saw, too. For pixels and for
        /// features.
        loss_on: LossOn = LossOn::Masked;
    }
}
