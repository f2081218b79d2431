//! Patches to tokens: a convolution whose kernel and stride are the patch, done as one matrix product.

use bmae_architecture::{PatchGrid, PatchSize, Precision};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use rand::Rng;

use crate::initialisation::{EncoderInit, parameter, pytorch_bound, uniform, xavier_uniform};
use crate::ops;

/// The patch embedding; its weight lies as PyTorch's convolution has it.
#[derive(Module, Debug)]
pub struct PatchEmbedding {
    /// The convolution (`patch_embed.proj`).
    pub proj: Convolution,
    #[module(skip)]
    precision: Precision,
}

/// Weight and bias of the patch convolution.
#[derive(Module, Debug)]
pub struct Convolution {
    /// [D, C, h, w]
    pub weight: Param<Tensor<4>>,
    /// `[D]`
    pub bias: Param<Tensor<1>>,
}

impl PatchEmbedding {
    /// Weight (Xavier uniform as a matrix [D, Chw], or PyTorch's convolution default for timm), then bias (PyTorch's
    /// convolution default, uniform within 1/sqrt(Chw)).
    pub(crate) fn init(
        dim: usize,
        grid: PatchGrid,
        init: EncoderInit,
        precision: Precision,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Self {
        let fan_in = grid.values_per_patch();
        let weight = match init {
            EncoderInit::Mae => xavier_uniform(dim, fan_in, rng),
            EncoderInit::Timm => uniform(dim * fan_in, pytorch_bound(fan_in), rng),
        };
        let bias = uniform(dim, pytorch_bound(fan_in), rng);
        Self {
            proj: Convolution {
                weight: parameter(weight, [dim, grid.channels, grid.patch.height, grid.patch.width], device),
                bias: parameter(bias, [dim], device),
            },
            precision,
        }
    }

    /// Patches [R, h*w*C] (row, column, channel) to tokens [R, D].
    ///
    /// # Panics
    /// When `patches` is not [R, h*w*C].
    pub fn forward(&self, patches: Tensor<2>) -> Tensor<2> {
        // The convolution's kernel stands channel, row, column; the patches stand row, column, channel.
        let weight = self.proj.weight.val();
        let [dim, channels, rows, columns] = weight.dims();
        let weight = weight.permute([0, 2, 3, 1]).reshape([dim, rows * columns * channels]);
        ops::linear(patches, weight, self.proj.bias.val(), self.precision)
    }

    /// The numbers that it multiplies.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Size of a patch in pixels.
    pub fn patch_size(&self) -> PatchSize {
        let [_, _, height, width] = self.proj.weight.dims();
        PatchSize { height, width }
    }
}
