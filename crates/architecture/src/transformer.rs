//! The sizes of a stack of transformer blocks, and which of them can be.

use crate::error::{ArchitectureError, WidthDivisor};
use crate::multiple::nearest_multiple;
use crate::precision::Precision;

/// Hidden units of the decoder's MLPs per unit of width, as in the official code.
pub const DECODER_MLP_RATIO: f64 = 4.0;

/// What usually stands under the root of a LayerNorm beside the variance (`norm_layer` of the official code; PyTorch's own
/// default is 1e-5).
pub const LAYER_NORM_EPSILON: f64 = 1e-6;

/// Sizes of the blocks of an encoder or decoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transformer {
    /// D, the width of a token; divisible by 4 (sin-cos positions) and by `heads`.
    pub dim: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Attention heads per block.
    pub heads: usize,
    /// Hidden units of the MLP per unit of `dim`, usually 4.
    pub mlp_ratio: f64,
    /// What stands under the root of its LayerNorms beside the variance, usually [`LAYER_NORM_EPSILON`].
    pub norm_epsilon: f64,
    /// The numbers that its linear layers multiply, and those beside it that make its tokens or read them; usually f32.
    pub precision: Precision,
}

impl Transformer {
    /// Blocks of these sizes with the usual LayerNorms, in f32.
    pub const fn new(dim: usize, depth: usize, heads: usize, mlp_ratio: f64) -> Self {
        Self { dim, depth, heads, mlp_ratio, norm_epsilon: LAYER_NORM_EPSILON, precision: Precision::F32 }
    }

    /// A decoder, whose MLP ratio is [`DECODER_MLP_RATIO`].
    pub const fn decoder(dim: usize, depth: usize, heads: usize) -> Self {
        Self::new(dim, depth, heads, DECODER_MLP_RATIO)
    }

    /// Hidden units of the MLP: floor(D * mlp_ratio) in f64, as timm's `int(dim * mlp_ratio)`.
    pub fn hidden(&self) -> usize {
        (self.dim as f64 * self.mlp_ratio) as usize
    }

    /// Refuses sizes of zero, a width that heads or 4 do not divide, and an MLP without hidden units. `part`
    /// ("encoder", "decoder") names the keys in the error.
    pub fn check(&self, part: &'static str) -> Result<(), ArchitectureError> {
        let Self { dim, depth, heads, mlp_ratio, .. } = *self;
        for (key, size) in [("dim", dim), ("depth", depth), ("heads", heads)] {
            if size == 0 {
                return Err(ArchitectureError::Zero { key: format!("model.{part}.{key}") });
            }
        }
        for (divisor, needed_by) in [(heads, WidthDivisor::Heads), (4, WidthDivisor::Positions)] {
            if !dim.is_multiple_of(divisor) {
                let step = least_common_multiple_with_4(heads);
                let nearest = nearest_multiple(dim, step);
                return Err(ArchitectureError::Width { part, dim, divisor, needed_by, step, nearest });
            }
        }
        match self.hidden() {
            0 => Err(ArchitectureError::NoHiddenLayer { part, ratio: mlp_ratio, dim }),
            _ => Ok(()),
        }
    }
}

fn least_common_multiple_with_4(heads: usize) -> u128 {
    let factor = match heads % 4 {
        0 => 1,
        2 => 2,
        _ => 4,
    };
    heads as u128 * factor
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENCODER: Transformer = Transformer::new(8, 2, 2, 2.0);

    #[track_caller]
    fn refused(sizes: Transformer, says: &str) {
        let message = sizes.check("encoder").unwrap_err().to_string();
        assert!(message.contains(says), "{message}");
    }

    #[test]
    fn a_width_that_heads_or_four_do_not_divide_is_refused_with_the_nearest_that_would_do() {
        assert_eq!(ENCODER.check("encoder"), Ok(()));
        refused(
            Transformer { dim: 96, heads: 5, ..ENCODER },
            "`model.encoder.dim` is 96, but must be divisible by 5 (`model.encoder.heads`): set it to a multiple of 20, such as 100",
        );
        refused(
            Transformer { dim: 6, ..ENCODER },
            "must be divisible by 4 (the sin-cos positions have four parts): set it to a multiple of 4, such as 8",
        );
        refused(Transformer { dim: 10, heads: 10, ..ENCODER }, "a multiple of 20, such as 20");
    }

    #[test]
    fn zero_sizes_and_a_hidden_layer_of_nothing_are_refused_by_name() {
        refused(Transformer { dim: 0, ..ENCODER }, "`model.encoder.dim` is 0");
        refused(Transformer { depth: 0, ..ENCODER }, "`model.encoder.depth` is 0");
        refused(Transformer { heads: 0, ..ENCODER }, "`model.encoder.heads` is 0");
        for ratio in [0.0, 0.1, -1.0, f64::NAN] {
            refused(Transformer { mlp_ratio: ratio, ..ENCODER }, "leaves no width to the hidden layers");
        }
    }

    #[test]
    fn hidden_units_are_rounded_down_and_the_decoder_has_four_for_each_unit_of_width() {
        assert_eq!(Transformer { dim: 10, mlp_ratio: 0.37, ..ENCODER }.hidden(), 3);
        assert_eq!(Transformer::decoder(512, 8, 16).hidden(), 2048);
        assert_eq!(Transformer { mlp_ratio: f64::INFINITY, ..ENCODER }.hidden(), usize::MAX);
    }
}
