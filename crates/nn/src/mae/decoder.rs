//! The decoder: kept tokens and mask tokens back in place, through a few blocks.

use std::sync::Arc;

use bmae_architecture::{PatchGrid, Transformer, check_decoder};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use rand::Rng;

use crate::error::ShapeError;
use crate::initialisation::{TOKEN_STD, normal, parameter};
use crate::masking::Masking;
use crate::ops::{self, SelectedTokens};
use crate::vit::positions::sin_cos;
use crate::vit::{Block, LayerNorm, Linear, LinearInit};

/// The MAE decoder without its prediction head (`decoder_embed`, `mask_token`, `decoder_pos_embed`, `decoder_blocks`,
/// `decoder_norm`).
#[derive(Module, Debug)]
pub struct Decoder {
    /// [Dd, D]
    pub embed: Linear,
    /// [1, 1, Dd]
    pub mask_token: Param<Tensor<3>>,
    /// [1, 1+L, Dd]; fixed sin-cos, requires no gradient
    pub pos_embed: Param<Tensor<3>>,
    /// The transformer.
    pub blocks: Vec<Block>,
    /// The final norm.
    pub norm: LayerNorm,
}

impl Decoder {
    /// A fresh decoder for encoder tokens of width `encoder_dim`. Draws in parameter order: embedding, mask token,
    /// blocks.
    pub(crate) fn init(
        grid: PatchGrid,
        encoder_dim: usize,
        sizes: Transformer,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Result<Self, ShapeError> {
        check_decoder(grid, encoder_dim, sizes)?;
        let (dim, init) = (sizes.dim, LinearInit::Xavier);
        let positions = sin_cos(dim, grid.size());
        Ok(Self {
            embed: Linear::init(encoder_dim, dim, init, sizes.precision, rng, device),
            mask_token: parameter(normal(dim, TOKEN_STD, rng), [1, 1, dim], device),
            pos_embed: parameter(positions, [1, 1 + grid.patches(), dim], device).set_require_grad(false),
            blocks: (0..sizes.depth).map(|_| Block::init(sizes, init, rng, device)).collect(),
            norm: LayerNorm::init(dim, sizes.norm_epsilon, device),
        })
    }

    /// `latent` [N, 1+keep, D] through embedding, mask tokens, positions and blocks: [N*(1+L), Dd], before the final
    /// norm. With `selected`, the last block computes these tokens alone: [N*M, Dd].
    ///
    /// # Panics
    /// When `latent` is not of this masking.
    pub(crate) fn run_blocks(
        &self,
        latent: Tensor<3>,
        masking: &Masking,
        selected: Option<SelectedTokens>,
    ) -> Tensor<2> {
        let [images, seen, width] = latent.dims();
        assert_eq!(
            [images, seen],
            [masking.images(), 1 + masking.kept_per_image()],
            "the latent is not of this masking"
        );
        let [_, tokens, dim] = self.pos_embed.dims();
        let rows = images * seen;

        let embedded = self.embed.forward(latent.reshape([rows, width]));
        let placement = Arc::new(masking.placement_in_decoder());
        let positions = self.pos_embed.val().reshape([tokens, dim]);
        let x = ops::place_tokens(embedded, self.mask_token.val().reshape([dim]), positions, &placement);
        let last = self.blocks.len().saturating_sub(1);
        self.blocks.iter().enumerate().fold(x, |x, (index, block)| {
            block.forward_with(x, tokens, None, selected.clone().filter(|_| index == last))
        })
    }
}
