//! How many parameters there are: weights, biases, norms, tokens and positions, each number of a tensor counted once.

use crate::grid::PatchGrid;
use crate::transformer::Transformer;

/// Numbers of parameters of an encoder or decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParameterCount {
    /// What every training changes: embedding, token (class token or mask token), blocks, final norm.
    pub learned: u128,
    /// The positions of class token and patches, (1 + L) * D: fixed sin-cos in pre-training, learned in fine-tuning.
    pub positions: u128,
}

impl ParameterCount {
    /// All of them.
    pub fn total(&self) -> u128 {
        self.learned.saturating_add(self.positions)
    }
}

/// The encoder (`patch_embed`, `cls_token`, `pos_embed`, `blocks`, `norm`).
pub fn encoder_parameters(grid: PatchGrid, encoder: Transformer) -> ParameterCount {
    count(grid, grid.values_per_patch(), encoder)
}

/// The decoder without prediction heads (`decoder_embed`, `mask_token`, `decoder_pos_embed`, `decoder_blocks`,
/// `decoder_norm`) behind an encoder of the width `encoder_dim`. A head is a Linear: [`linear_parameters`] from the
/// decoder's width to P pixels or to the encoder's width of features.
pub fn decoder_parameters(grid: PatchGrid, encoder_dim: usize, decoder: Transformer) -> ParameterCount {
    count(grid, encoder_dim, decoder)
}

/// A Linear: weight [outputs, inputs] and bias `[outputs]`.
pub fn linear_parameters(inputs: usize, outputs: usize) -> u128 {
    product([outputs as u128, (inputs as u128).saturating_add(1)])
}

/// An embedding of `inputs` values, a token, blocks, a norm, and positions.
fn count(grid: PatchGrid, inputs: usize, transformer: Transformer) -> ParameterCount {
    let Transformer { dim, depth, .. } = transformer;
    let parts = [linear_parameters(inputs, dim), dim as u128, product([depth as u128, block(transformer)]), norm(dim)];
    ParameterCount {
        learned: sum(parts),
        positions: product([(grid.patches() as u128).saturating_add(1), dim as u128]),
    }
}

/// The Linears `attn.qkv`, `attn.proj`, `mlp.fc1` and `mlp.fc2`, and two norms.
fn block(transformer: Transformer) -> u128 {
    let (dim, hidden) = (transformer.dim, transformer.hidden());
    // Three Linears from D to D side by side are one to 3 D.
    let qkv = product([3, linear_parameters(dim, dim)]);
    let others = [(dim, dim), (dim, hidden), (hidden, dim)].map(|(inputs, outputs)| linear_parameters(inputs, outputs));
    sum([qkv, sum(others), product([2, norm(dim)])])
}

/// Weight and bias of a LayerNorm.
fn norm(dim: usize) -> u128 {
    product([2, dim as u128])
}

fn sum<const N: usize>(counts: [u128; N]) -> u128 {
    counts.into_iter().fold(0, u128::saturating_add)
}

fn product<const N: usize>(counts: [u128; N]) -> u128 {
    counts.into_iter().fold(1, u128::saturating_mul)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deit_tiny_has_the_number_that_timm_counts() {
        // timm's vit_tiny_patch16_224 has 5,717,416 parameters, 192,000 + 1,000 of them in its head for 1,000 classes.
        let encoder = Transformer::new(192, 12, 3, 4.0);
        assert_eq!(encoder_parameters(PatchGrid::rgb(224, 16), encoder).total(), 5_717_416 - 193_000);
        assert_eq!(linear_parameters(192, 1000), 193_000);
    }

    #[test]
    fn a_small_decoder_counts_as_by_hand() {
        // Width 4, hidden 16: qkv 3 * 4 * 5, proj 4 * 5, fc1 16 * 5, fc2 4 * 17, two norms of 8.
        let count = decoder_parameters(PatchGrid::rgb(4, 2), 8, Transformer::decoder(4, 3, 1));
        let block = 60 + 20 + 80 + 68 + 16;
        assert_eq!(count.learned, 4 * 9 + 4 + 3 * block + 8);
        assert_eq!(count.positions, 5 * 4);
    }

    #[test]
    fn absurd_sizes_saturate() {
        let absurd = Transformer::new(usize::MAX, usize::MAX, 1, 1e300);
        assert_eq!(encoder_parameters(PatchGrid::rgb(usize::MAX, 1), absurd).total(), u128::MAX);
        let wide = Transformer::new(1_000_000_000, 1, 250_000_000, 4.0);
        assert!(encoder_parameters(PatchGrid::rgb(32, 4), wide).total() > 12_000_000_000_000_000_000);
    }
}
