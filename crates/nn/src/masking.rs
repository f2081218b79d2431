//! Random masking from noise, exactly as the official code: patches are kept in ascending order of their noise.

use bmae_architecture::check_mask_ratio;
use bmae_kernels::profile::{self, Operation};
use bmae_kernels::tokens::{self, Placement, Source};
use rayon::prelude::*;

use crate::error::ShapeError;
use crate::ops::SelectedTokens;

/// Which patches of which image are kept, and how to undo the shuffling.
#[derive(Debug, Clone, PartialEq)]
pub struct Masking {
    images: usize,
    patches: usize,
    keep: usize,
    kept: Vec<usize>,
    restore: Vec<usize>,
    masked: Vec<usize>,
}

impl Masking {
    /// From `noise` [N, L], one number for each patch: the [`kept_patches`](bmae_architecture::kept_patches) patches of
    /// the least noise are kept, in ascending order of noise; equal noise keeps the order of the patches.
    ///
    /// # Errors
    /// When `noise` is not a whole number of images, or the ratio keeps or masks no patch.
    pub fn from_noise(noise: &[f32], patches: usize, mask_ratio: f64) -> Result<Self, ShapeError> {
        let keep = check_mask_ratio(patches, mask_ratio)?;
        if !noise.len().is_multiple_of(patches) {
            return Err(ShapeError::Length {
                what: "the noise of the masking",
                found: noise.len(),
                expected: format!("a multiple of {patches}"),
            });
        }
        let images = noise.len() / patches;
        let mut kept = vec![0; images * keep];
        let mut restore = vec![0; images * patches];
        let mut masked = vec![0; images * (patches - keep)];
        noise
            .par_chunks_exact(patches)
            .zip(kept.par_chunks_exact_mut(keep))
            .zip(restore.par_chunks_exact_mut(patches))
            .zip(masked.par_chunks_exact_mut(patches - keep))
            .enumerate()
            .for_each_init(Vec::new, |shuffle: &mut Vec<usize>, (image, (((noise, kept), restore), masked))| {
                let _timer = profile::time(Operation::Masks);
                shuffle.clear();
                shuffle.extend(0..patches);
                shuffle.sort_by(|&a, &b| noise[a].total_cmp(&noise[b]));
                kept.copy_from_slice(&shuffle[..keep]);
                for (place, &l) in shuffle.iter().enumerate() {
                    restore[l] = place;
                }
                let rows = (0..patches).filter(|&l| restore[l] >= keep).map(|l| image * patches + l);
                masked.iter_mut().zip(rows).for_each(|(masked, row)| *masked = row);
            });
        Ok(Self { images, patches, keep, kept, restore, masked })
    }

    /// N, the images of the batch.
    pub fn images(&self) -> usize {
        self.images
    }

    /// L, the patches of an image.
    pub fn patches(&self) -> usize {
        self.patches
    }

    /// Patches kept of an image.
    pub fn kept_per_image(&self) -> usize {
        self.keep
    }

    /// [N * keep]: the kept patches of each image (0 .. L), in ascending order of noise.
    pub fn kept(&self) -> &[usize] {
        &self.kept
    }

    /// [N * keep]: the kept rows of a table [N * L, ..], in the order of [`kept`](Self::kept), image by image.
    pub fn kept_rows(&self) -> Vec<usize> {
        let of_image = self.kept.chunks_exact(self.keep).enumerate();
        of_image.flat_map(|(image, kept)| kept.iter().map(move |l| image * self.patches + l)).collect()
    }

    /// [N * L] (`ids_restore`): where each patch stands after the shuffling; below `keep` it was kept.
    pub fn restore(&self) -> &[usize] {
        &self.restore
    }

    /// [N * L]: 1 where the patch is masked, 0 where it is kept.
    pub fn mask(&self) -> Vec<f32> {
        self.restore.iter().map(|&place| if place >= self.keep { 1.0 } else { 0.0 }).collect()
    }

    /// [N * (L - keep)]: the masked rows of a table [N * L, ..], ascending: image by image, patch by patch.
    pub fn masked(&self) -> &[usize] {
        &self.masked
    }

    /// The masked patches as tokens of a sequence that the class token begins, in the order of
    /// [`masked`](Self::masked).
    pub fn masked_tokens(&self) -> SelectedTokens {
        let token = |&row: &usize| (row % self.patches + 1) as u32;
        SelectedTokens::new(self.masked.iter().map(token).collect(), self.patches - self.keep)
    }

    /// All patches as tokens of such a sequence: image by image, patch by patch.
    pub fn patch_tokens(&self) -> SelectedTokens {
        let of_image = 1..=self.patches as u32;
        SelectedTokens::new((0..self.images).flat_map(|_| of_image.clone()).collect(), self.patches)
    }

    /// Where the encoder's tokens stand: of each image the class token, then the kept patches, rows [N * keep], in the
    /// order of [`kept`](Self::kept); positions [1 + L].
    pub(crate) fn placement_in_encoder(&self) -> Placement {
        let mut places = Vec::with_capacity(self.images * (1 + self.keep));
        let mut rows = 0..;
        for kept in self.kept.chunks_exact(self.keep) {
            places.push((Source::Token, 0));
            places.extend(rows.by_ref().zip(kept).map(|(row, &l)| (Source::Row(row), l as u32 + 1)));
        }
        Placement::new(places, self.kept.len(), 1 + self.patches)
    }

    /// Where the decoder's tokens stand: of each image the encoder's tokens, rows [N * (1 + keep)], back in their
    /// places, and the mask token in all others; positions [1 + L].
    pub(crate) fn placement_in_decoder(&self) -> Placement {
        let seen = 1 + self.keep;
        let mut places = Vec::with_capacity(self.images * (1 + self.patches));
        for (image, restore) in self.restore.chunks_exact(self.patches).enumerate() {
            let class_token = (image * seen) as u32;
            places.push((Source::Row(class_token), 0));
            places.extend(restore.iter().zip(1..).map(|(&place, position)| {
                let kept = place < self.keep;
                (if kept { Source::Row(class_token + 1 + place as u32) } else { Source::Token }, position)
            }));
        }
        Placement::new(places, self.images * seen, 1 + self.patches)
    }

    /// The masked rows of `values` [N, L, `width`], in the order of [`masked`](Self::masked).
    ///
    /// # Panics
    /// When `values` is not N * L * `width` long.
    pub fn masked_values(&self, values: &[f32], width: usize) -> Vec<f32> {
        assert_eq!(values.len(), self.images * self.patches * width, "values are [N, L, width] of this masking");
        tokens::gather(values, &self.masked, width)
    }
}
