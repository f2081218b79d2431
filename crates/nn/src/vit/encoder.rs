//! The ViT encoder: patches, class token, positions, blocks, final norm.

use std::sync::Arc;

use bmae_architecture::{PatchGrid, Precision, Transformer, check_encoder};
use bmae_kernels::tokens::{self, Placement, Source};
use bmae_output::count::count as count_of;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;

use super::block::run_blocks;
use super::linear::LinearInit;
use super::positions::sin_cos;
use super::{Block, DropPath, LayerNorm, PatchEmbedding};
use crate::error::ShapeError;
use crate::initialisation::{EncoderInit, TOKEN_STD, normal, parameter, truncated_normal};
use crate::masking::Masking;
use crate::ops::{self, SelectedTokens};

/// A ViT encoder. Its parameters carry the official names (`cls_token`, `pos_embed`, `patch_embed.proj.weight`,
/// `blocks.0.norm1.weight`, ..., `norm.weight`).
#[derive(Module, Debug)]
pub struct Encoder {
    /// [1, 1, D]
    pub cls_token: Param<Tensor<3>>,
    /// [1, 1+L, D]; requires no gradient until [`with_trainable_positions`](Self::with_trainable_positions).
    pub pos_embed: Param<Tensor<3>>,
    /// Patches to tokens.
    pub patch_embed: PatchEmbedding,
    /// The transformer.
    pub blocks: Vec<Block>,
    /// The final norm; absent only within a mean-pooling classifier, which has `fc_norm` instead.
    pub norm: Option<LayerNorm>,
}

impl Encoder {
    /// A fresh encoder of checked sizes. Draws in parameter order: class token, (timm: positions,) patch embedding,
    /// blocks.
    pub fn init(
        grid: PatchGrid,
        sizes: Transformer,
        init: EncoderInit,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Result<Self, ShapeError> {
        check_encoder(grid, sizes)?;
        let (dim, tokens) = (sizes.dim, 1 + grid.patches());
        let (cls_token, pos_embed, linear) = match init {
            EncoderInit::Mae => {
                let positions = sin_cos(dim, grid.size());
                (normal(dim, TOKEN_STD, rng), positions, LinearInit::Xavier)
            }
            EncoderInit::Timm => {
                let cls_token = truncated_normal(dim, TOKEN_STD, rng);
                (cls_token, truncated_normal(tokens * dim, TOKEN_STD, rng), LinearInit::TruncatedNormal(TOKEN_STD))
            }
        };
        Ok(Self {
            cls_token: parameter(cls_token, [1, 1, dim], device),
            pos_embed: parameter(pos_embed, [1, tokens, dim], device).set_require_grad(false),
            patch_embed: PatchEmbedding::init(dim, grid, init, sizes.precision, rng, device),
            blocks: (0..sizes.depth).map(|_| Block::init(sizes, linear, rng, device)).collect(),
            norm: Some(LayerNorm::init(dim, sizes.norm_epsilon, device)),
        })
    }

    /// The whole image: `patches` [N, L, p*p*3] to [N, 1+L, D], the class token first, final norm applied.
    ///
    /// # Panics
    /// When `patches` has another L or patch length than the encoder.
    pub fn forward(&self, patches: Tensor<3>) -> Tensor<3> {
        self.forward_train(patches, &DropPath::none())
    }

    /// [`forward`](Self::forward) with the branches that `drop_path` says left out, in training alone.
    ///
    /// # Panics
    /// As [`forward`](Self::forward), and when `drop_path` was drawn for another number of images.
    pub fn forward_train(&self, patches: Tensor<3>, drop_path: &DropPath) -> Tensor<3> {
        let (x, tokens) = self.embed(patches);
        images(self.normed(self.run_blocks(x, tokens, drop_path, None)), tokens)
    }

    /// [`forward_train`](Self::forward_train) for some tokens of each image alone: [N*M, D], image by image. The last
    /// block computes no others.
    ///
    /// # Panics
    /// As [`forward_train`](Self::forward_train), and when `selected` names other images or tokens.
    pub fn forward_selected(&self, patches: Tensor<3>, drop_path: &DropPath, selected: SelectedTokens) -> Tensor<2> {
        let (x, tokens) = self.embed(patches);
        self.normed(self.run_blocks(x, tokens, drop_path, Some(selected)))
    }

    /// `x` [N*T, D] through all blocks, before the final norm; the last one for the `selected` tokens alone.
    fn run_blocks(
        &self,
        x: Tensor<2>,
        tokens: usize,
        drop_path: &DropPath,
        selected: Option<SelectedTokens>,
    ) -> Tensor<2> {
        run_blocks(&self.blocks, x, tokens, drop_path, selected)
    }

    /// The mean of the last `n` blocks' outputs, the final norm applied to each: `patches` [N, L, p*p*3] to
    /// [N, 1+L, D]. With n = 1 this is [`forward`](Self::forward).
    ///
    /// # Errors
    /// When `n` is 0 or more than the depth.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn forward_last_blocks(&self, patches: Tensor<3>, n: usize) -> Result<Tensor<3>, ShapeError> {
        let tokens = 1 + self.patches();
        Ok(images(self.last_blocks(patches, n, None)?, tokens))
    }

    /// [`forward_last_blocks`](Self::forward_last_blocks) for some tokens of each image alone: [N*M, D], image by
    /// image. The last block computes no others.
    ///
    /// # Errors
    /// As [`forward_last_blocks`](Self::forward_last_blocks).
    ///
    /// # Panics
    /// As [`forward_selected`](Self::forward_selected).
    pub fn forward_last_blocks_selected(
        &self,
        patches: Tensor<3>,
        n: usize,
        selected: SelectedTokens,
    ) -> Result<Tensor<2>, ShapeError> {
        self.last_blocks(patches, n, Some(selected))
    }

    fn last_blocks(
        &self,
        patches: Tensor<3>,
        n: usize,
        selected: Option<SelectedTokens>,
    ) -> Result<Tensor<2>, ShapeError> {
        let depth = self.blocks.len();
        let refused = ShapeError::LastBlocks { asked: n, depth };
        if n == 0 || n > depth {
            return Err(refused);
        }
        let (mut x, tokens) = self.embed(patches);
        let mut sum: Option<Tensor<2>> = None;
        // All up to the first that counts are one operation.
        for last in depth - n..depth {
            let first = if last == depth - n { 0 } else { last };
            let is_last = last + 1 == depth;
            let selected_of_last = selected.clone().filter(|_| is_last);
            x = run_blocks(&self.blocks[first..=last], x, tokens, &DropPath::none(), selected_of_last);
            let rows = match &selected {
                Some(selected) if !is_last => selected.select(x.clone(), tokens),
                _ => x.clone(),
            };
            let normed = self.normed(rows);
            sum = Some(match sum {
                Some(sum) => sum + normed,
                None => normed,
            });
        }
        // The loop above has run: depth >= n >= 1.
        sum.map(|sum| if n == 1 { sum } else { sum / n as f64 }).ok_or(refused)
    }

    /// The tokens after block number `block` (from 0), before the final norm: `patches` [N, L, p*p*3] to [N, 1+L, D].
    ///
    /// # Errors
    /// When there is no such block.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn forward_to_block(&self, patches: Tensor<3>, block: usize) -> Result<Tensor<3>, ShapeError> {
        let Some(blocks) = self.blocks.get(..=block) else {
            return Err(ShapeError::NoSuchBlock { asked: block, depth: self.blocks.len() });
        };
        let (x, tokens) = self.embed(patches);
        let x = run_blocks(blocks, x, tokens, &DropPath::none(), None);
        Ok(images(x, tokens))
    }

    /// The kept patches only: all `patches` [N, L, p*p*3] of the batch to [N, 1+keep, D], the class token first, then
    /// the kept patches in the order of the masking; final norm applied. Masked patches are not even embedded.
    ///
    /// # Errors
    /// When `patches` does not hold the patches of the masking's images.
    pub fn forward_masked(&self, patches: &[f32], masking: &Masking) -> Result<Tensor<3>, ShapeError> {
        let [_, all_tokens, _] = self.pos_embed.dims();
        let values_per_patch = self.values_per_patch();
        let expected = masking.images() * masking.patches() * values_per_patch;
        if masking.patches() + 1 != all_tokens || patches.len() != expected {
            return Err(ShapeError::Length {
                what: "the batch of patches",
                found: patches.len(),
                expected: format!(
                    "{} of {} of {}",
                    count_of(masking.images(), "image"),
                    count_of(all_tokens - 1, "patch"),
                    count_of(values_per_patch, "value")
                ),
            });
        }
        let kept = tokens::gather(patches, &masking.kept_rows(), values_per_patch);
        let kept = TensorData::new(kept, [masking.kept().len(), values_per_patch]);
        Ok(self.forward_kept(Tensor::from_data(kept, &self.cls_token.device()), masking))
    }

    /// The same of patches that lie on the encoder's device, without autodiff.
    ///
    /// # Panics
    /// When they are not those of the masking's images.
    pub fn forward_masked_on_device(&self, patches: Tensor<3>, masking: &Masking) -> Tensor<3> {
        let [count, patches_per_image, values_per_patch] = patches.dims();
        assert_eq!(
            [count, patches_per_image],
            [masking.images(), masking.patches()],
            "the patches are of this masking"
        );
        let rows = masking.kept_rows().into_iter().map(|row| row as u32).collect();
        let kept = ops::pick_rows(patches.reshape([count * patches_per_image, values_per_patch]), rows);
        self.forward_kept(Tensor::from_inner(kept), masking)
    }

    /// The kept patches [N * keep, p*p*3], in the order of the masking, to [N, 1+keep, D].
    fn forward_kept(&self, kept: Tensor<2>, masking: &Masking) -> Tensor<3> {
        let tokens = 1 + masking.kept_per_image();
        let x = self.placed(self.patch_embed.forward(kept), masking.placement_in_encoder());
        images(self.normed(self.run_blocks(x, tokens, &DropPath::none(), None)), tokens)
    }

    /// The same encoder with learnable positions, as the official code fine-tunes.
    pub fn with_trainable_positions(self) -> Self {
        Self { pos_embed: self.pos_embed.set_require_grad(true), ..self }
    }

    /// The same encoder, of which the first `blocks` blocks, and before them class token, positions and patch embedding,
    /// do not learn: no gradient is computed in them. With 0 all of it learns.
    ///
    /// # Panics
    /// When it has fewer blocks.
    pub fn with_frozen_blocks(mut self, blocks: usize) -> Self {
        if blocks == 0 {
            return self;
        }
        let learning = self.blocks.split_off(blocks);
        self.blocks = self.blocks.into_iter().map(Module::no_grad).chain(learning).collect();
        Self {
            cls_token: self.cls_token.set_require_grad(false),
            pos_embed: self.pos_embed.set_require_grad(false),
            patch_embed: self.patch_embed.no_grad(),
            ..self
        }
    }

    /// Width of a token.
    pub fn dim(&self) -> usize {
        self.cls_token.shape()[2]
    }

    /// Patches of an image.
    pub fn patches(&self) -> usize {
        self.pos_embed.shape()[1] - 1
    }

    /// Values of a patch, p*p*3.
    pub fn values_per_patch(&self) -> usize {
        let [_, channels, rows, columns] = self.patch_embed.proj.weight.dims();
        channels * rows * columns
    }

    /// The numbers that its linear layers multiply.
    pub fn precision(&self) -> Precision {
        self.patch_embed.precision()
    }

    /// The device of the parameters.
    pub fn device(&self) -> Device {
        self.cls_token.device()
    }

    /// [N, L, p*p*3] to tokens [N*(1+L), D] with positions, and 1+L.
    pub(super) fn embed(&self, patches: Tensor<3>) -> (Tensor<2>, usize) {
        let [count, patches_per_image, values_per_patch] = patches.dims();
        let [_, tokens, _] = self.pos_embed.dims();
        assert_eq!(
            patches_per_image + 1,
            tokens,
            "the encoder has positions for {} patches, not {patches_per_image}",
            tokens - 1
        );
        let x = self.patch_embed.forward(patches.reshape([count * patches_per_image, values_per_patch]));
        (self.placed(x, whole_images(count, patches_per_image)), tokens)
    }

    /// Embedded patches [R, D] and class tokens at their places, positions added: [M, D].
    fn placed(&self, x: Tensor<2>, placement: Placement) -> Tensor<2> {
        let [_, tokens, dim] = self.pos_embed.dims();
        let positions = self.pos_embed.val().reshape([tokens, dim]);
        ops::place_tokens(x, self.cls_token.val().reshape([dim]), positions, &Arc::new(placement))
    }

    fn normed(&self, x: Tensor<2>) -> Tensor<2> {
        match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
        }
    }
}

/// The class token and then all patches of each image.
fn whole_images(count: usize, patches: usize) -> Placement {
    let places_of_image = |image: usize| {
        let first = (image * patches) as u32;
        let places_of_patches = (0..patches as u32).map(move |l| (Source::Row(first + l), l + 1));
        std::iter::once((Source::Token, 0)).chain(places_of_patches)
    };
    Placement::new((0..count).flat_map(places_of_image).collect(), count * patches, 1 + patches)
}

/// Rows [N*T, D] as [N, T, D].
fn images(x: Tensor<2>, tokens: usize) -> Tensor<3> {
    let [rows, dim] = x.dims();
    x.reshape([rows / tokens, tokens, dim])
}
