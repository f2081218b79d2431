//! The sizes of encoder and decoder, checked once.

use crate::error::ShapeError;
use crate::patches::CHANNELS;

/// Sizes of a ViT encoder.
#[derive(Debug, Clone, PartialEq)]
pub struct EncoderConfig {
    /// Side of the square image in pixels.
    pub image_size: usize,
    /// Side of a patch in pixels; divides `image_size`.
    pub patch_size: usize,
    /// Width of a token; divisible by 4 (sin-cos positions) and by `heads`.
    pub dim: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Attention heads per block.
    pub heads: usize,
    /// Hidden units of the MLP per unit of `dim`, usually 4.
    pub mlp_ratio: f64,
}

/// Sizes of the MAE decoder; its MLPs are four times as wide as its tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct DecoderConfig {
    /// Width of a token; divisible by 4 and by `heads`.
    pub dim: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Attention heads per block.
    pub heads: usize,
}

impl EncoderConfig {
    /// Patches of an image: (image_size / patch_size)^2. Meaningful once [`check`](Self::check) has passed.
    pub fn patches(&self) -> usize {
        (self.image_size / self.patch_size).pow(2)
    }

    /// Values of a patch: p*p*3. Meaningful once [`check`](Self::check) has passed.
    pub fn patch_len(&self) -> usize {
        self.patch_size * self.patch_size * CHANNELS
    }

    /// Hidden units of the MLP.
    pub fn hidden(&self) -> usize {
        (self.dim as f64 * self.mlp_ratio) as usize
    }

    /// Refuses sizes that cannot be: zero, a side that patches do not divide, a width that heads or 4 do not divide, more
    /// parameters than the address space holds.
    pub fn check(&self) -> Result<(), ShapeError> {
        for (what, size) in [("image_size", self.image_size), ("patch_size", self.patch_size)] {
            if size == 0 {
                return Err(ShapeError::Zero { what });
            }
        }
        divisible("image_size", self.image_size, "patch_size", self.patch_size)?;
        check_transformer(["encoder.dim", "encoder.depth", "encoder.heads"], self.dim, self.depth, self.heads)?;
        let hidden = self.dim as f64 * self.mlp_ratio;
        if !(hidden.is_finite() && hidden >= 1.0) {
            return Err(ShapeError::MlpRatio { found: self.mlp_ratio, dim: self.dim });
        }
        self.parameter_count().map(|_| ())
    }

    /// The number of parameters of an encoder of these sizes.
    ///
    /// # Errors
    /// When they, as `f32`, exceed the address space.
    pub fn parameter_count(&self) -> Result<usize, ShapeError> {
        let count = || {
            let grid = self.image_size.checked_div(self.patch_size)?;
            let patches = grid.checked_mul(grid)?;
            let patch_len = self.patch_size.checked_mul(self.patch_size)?.checked_mul(CHANNELS)?;
            self.image_size.checked_mul(self.image_size)?.checked_mul(CHANNELS)?;
            let embedding = patch_len.checked_add(1)?.checked_mul(self.dim)?;
            let positions = patches.checked_add(2)?.checked_mul(self.dim)?;
            let blocks = block_parameters(self.dim, self.hidden())?.checked_mul(self.depth)?;
            let all = embedding.checked_add(positions)?.checked_add(blocks)?.checked_add(self.dim.checked_mul(2)?)?;
            addressable(all)
        };
        count().ok_or_else(|| ShapeError::TooLarge {
            what: format!(
                "image_size {}, patch_size {}, encoder.dim {}, encoder.depth {}, mlp_ratio {}",
                self.image_size, self.patch_size, self.dim, self.depth, self.mlp_ratio
            ),
        })
    }
}

impl DecoderConfig {
    /// Hidden units of the MLP: four per unit of `dim`, as in the official code.
    pub fn hidden(&self) -> usize {
        4 * self.dim
    }

    /// Refuses sizes that cannot be, as [`EncoderConfig::check`] does.
    pub fn check(&self) -> Result<(), ShapeError> {
        check_transformer(["decoder.dim", "decoder.depth", "decoder.heads"], self.dim, self.depth, self.heads)?;
        self.dim
            .checked_mul(4)
            .and_then(|hidden| block_parameters(self.dim, hidden)?.checked_mul(self.depth))
            .and_then(addressable)
            .map(|_| ())
            .ok_or_else(|| ShapeError::TooLarge {
                what: format!("decoder.dim {}, decoder.depth {}", self.dim, self.depth),
            })
    }
}

fn check_transformer(names: [&'static str; 3], dim: usize, depth: usize, heads: usize) -> Result<(), ShapeError> {
    for (what, size) in names.into_iter().zip([dim, depth, heads]) {
        if size == 0 {
            return Err(ShapeError::Zero { what });
        }
    }
    divisible(names[0], dim, names[2], heads)?;
    divisible(names[0], dim, "the four parts of the sin-cos positions,", 4)
}

fn divisible(what: &'static str, size: usize, by: &'static str, divisor: usize) -> Result<(), ShapeError> {
    if size.is_multiple_of(divisor) { Ok(()) } else { Err(ShapeError::NotDivisible { what, size, by, divisor }) }
}

/// Weights and biases of qkv (3D), proj (D), fc1, fc2, and two norms.
fn block_parameters(dim: usize, hidden: usize) -> Option<usize> {
    let square = dim.checked_mul(dim)?.checked_mul(4)?;
    let mlp = dim.checked_mul(hidden)?.checked_mul(2)?;
    square.checked_add(mlp)?.checked_add(dim.checked_mul(9)?)?.checked_add(hidden)
}

fn addressable(count: usize) -> Option<usize> {
    count.checked_mul(size_of::<f32>()).filter(|&bytes| bytes <= isize::MAX as usize).map(|_| count)
}
