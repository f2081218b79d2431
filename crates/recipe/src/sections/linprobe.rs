//! `[linprobe]`.

use super::labelled::{self, LabelledRecipe};
use super::training::{self, StageRecipe};
use crate::choices::Feature;
use crate::section::section;

section! {
    /// `[linprobe]`.
    pub struct LinprobeRecipe, keys LinprobeKeys, in "linprobe", read by [Linprobe] {
        /// What all stages share.
        stage: StageRecipe, from training::KEYS[2];
        /// What both evaluations that learn from labels share.
        labels: LabelledRecipe, from labelled::KEYS[1];
        /// Frozen feature that the linear classifier reads, after the final norm
        feature: Feature = Feature::ClassToken;
    }
}
