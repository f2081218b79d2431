//! Stochastic depth: in training, whole residual branches of single samples are left out.
//!
//! Source: Huang et al. 2016 ("Deep Networks with Stochastic Depth") in the form of timm: each sample and each of a
//! block's two branches drawn by itself, what is kept divided by its probability, the rate linear in depth.

use rand::{Rng, RngExt};

/// The factors on the residual branches of every block for every sample of one batch: 0 for a dropped branch,
/// 1 / (1 - rate) for a kept one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DropPath {
    /// One for each block, the attention's branch and then the MLP's; `None` where the block's rate is 0.
    blocks: Vec<Option<[Vec<f32>; 2]>>,
}

impl DropPath {
    /// No branch is dropped: the pass of [`Encoder::forward`](super::Encoder::forward), operation by operation.
    pub fn none() -> Self {
        Self::default()
    }

    /// The rate of each of `depth` blocks: from 0 at the first in equal steps to `rate` at the last.
    pub fn rates(rate: f64, depth: usize) -> Vec<f64> {
        let steps = depth.saturating_sub(1).max(1) as f64;
        (0..depth).map(|block| rate * block as f64 / steps).collect()
    }

    /// Draws for `depth` blocks and `images` samples, `rate` (0 <= rate < 1) at the last block. Blocks whose rate is 0
    /// draw nothing. Draws in the order block, branch, sample.
    pub fn draw(rate: f64, depth: usize, images: usize, rng: &mut impl Rng) -> Self {
        let mut branch = |rate: f64| -> Vec<f32> {
            let keep = 1.0 - rate;
            (0..images).map(|_| if rng.random::<f64>() < keep { (1.0 / keep) as f32 } else { 0.0 }).collect()
        };
        let blocks = Self::rates(rate, depth)
            .into_iter()
            .map(|rate| (rate > 0.0).then(|| [branch(rate), branch(rate)]))
            .collect();
        Self { blocks }
    }

    /// The same, but for the first `blocks` blocks, whose branches are kept: those that do not learn.
    pub fn without_first(mut self, blocks: usize) -> Self {
        self.blocks.iter_mut().take(blocks).for_each(|block| *block = None);
        self
    }

    /// The factors of the samples at these places of the batch alone, for a part of it.
    ///
    /// # Panics
    /// When they are not all of the batch that was drawn for.
    pub fn for_images(&self, places: impl IntoIterator<Item = usize> + Clone) -> Self {
        let of_branch = |factors: &Vec<f32>| places.clone().into_iter().map(|place| factors[place]).collect();
        Self {
            blocks: self.blocks.iter().map(|block| block.as_ref().map(|two| two.each_ref().map(of_branch))).collect(),
        }
    }

    /// The factors of one block, attention and MLP, `[N]` each; `None` where its branches are always kept.
    pub fn branch_factors(&self, block: usize) -> Option<[&[f32]; 2]> {
        self.blocks.get(block)?.as_ref().map(|two| two.each_ref().map(Vec::as_slice))
    }
}
