//! `[model]`, `[model.encoder]` and `[model.decoder]`.

use bmae_architecture::{LAYER_NORM_EPSILON, PatchSize};

use crate::choices::ChannelsFromRgb;
use crate::key::{Count, Number};
use crate::section::section;

section! {
    /// `[model]`.
    pub struct ModelRecipe, keys ModelKeys, in "model", read by all {
        /// Size of a patch in pixels: a number for square ones, or [height, width]
        /// Must divide data.image_size in each direction.
        patch_size: PatchSize = PatchSize::square(4), in Count::between(1, 1_000_000);
        /// What becomes of RGB weights that meet images of other channels: "none", "mean" or "repeat"
        /// "mean": each channel gets the mean of the three kernels of the patch embedding; "repeat": red, green, blue, red,
        /// ... Both times 3 / channels, so that sums keep their size. "none" refuses such weights.
        channels_from_rgb: ChannelsFromRgb = ChannelsFromRgb::None;
        /// What stands under the root of every LayerNorm beside the variance
        /// 1e-6 as in MAE and timm; weights of Hugging Face's bring their own (layer_norm_eps), which is 1e-12 by default.
        norm_epsilon: f64 = LAYER_NORM_EPSILON, in Number::between(0.0, 0.1).above_least();
        /// `[model.encoder]`.
        encoder: EncoderRecipe, from encoder::KEYS;
        /// `[model.decoder]`.
        decoder: DecoderRecipe, from decoder::KEYS;
    }
}

pub use decoder::DecoderRecipe;
pub use encoder::EncoderRecipe;

const WIDTH: Count = Count::between(1, 1_000_000_000);
const DEPTH: Count = Count::between(1, 1_000_000);

mod encoder {
    use super::{DEPTH, WIDTH};
    use crate::key::Number;
    use crate::section::section;

    section! {
        /// `[model.encoder]`.
        pub struct EncoderRecipe, keys EncoderKeys, in "model.encoder", read by all {
            /// Width of the encoder's tokens
            /// Must be a multiple of model.encoder.heads, and of 4 for the sin-cos position embedding.
            dim: usize = 192, in WIDTH;
            /// Number of transformer blocks in the encoder
            depth: usize = 12, in DEPTH;
            /// Number of attention heads in each encoder block
            heads: usize = 3, in WIDTH;
            /// Hidden width of the encoder's MLPs, divided by model.encoder.dim
            mlp_ratio: f64 = 4.0, in Number::between(0.0, 1000.0).above_least();
        }
    }
}

mod decoder {
    use super::{DEPTH, WIDTH};
    use crate::section::section;

    section! {
        /// `[model.decoder]`. Its MLPs are four times as wide as its tokens.
        pub struct DecoderRecipe, keys DecoderKeys, in "model.decoder", read by [Pretrain] {
            /// Width of the decoder's tokens
            /// Must be a multiple of model.decoder.heads, and of 4 for the sin-cos position embedding.
            dim: usize = 512, in WIDTH;
            /// Number of transformer blocks in the decoder
            depth: usize = 8, in DEPTH;
            /// Number of attention heads in each decoder block
            heads: usize = 16, in WIDTH;
        }
    }
}
