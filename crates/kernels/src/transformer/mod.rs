//! Blocks one after the other, forward and backward, as one operation.
//!
//! 1. Every block works on pieces of the batch ([`block`](crate::block)). A piece goes on to the next block as soon as it
//!    is through with one: no thread waits at the end of a block.
//! 2. The gradients of a block's weights are products over the whole batch, split into parts. They begin once every piece
//!    has gone back through the block, while pieces go on through the block before.
//! 3. Pieces are no more than two blocks apart, so that packed weights, and the factors of the weights' gradients, are
//!    kept of two blocks at most.
//! 4. Nothing depends on the order of what does not wait for each other: the same bits for any number of threads.

use crate::block::{Block, SavedPiece, images_of_piece};
use crate::job_graph::Slot;
use crate::pool::Buffer;

mod backward;
mod forward;

#[cfg(test)]
mod tests;

pub use backward::backward;
pub use forward::{forward, forward_saving};

/// How many blocks are at work at a time.
const BLOCKS_AT_WORK: usize = 2;

/// What a forward pass saves for the backward pass, beside its input.
#[derive(Debug, Clone)]
pub struct SavedActivations {
    /// Of each block, of each piece: its input, but for the first block.
    inputs: Vec<Vec<Buffer>>,
    /// Of each block, of each piece.
    pieces: Vec<Vec<SavedPiece>>,
}

/// How a batch is cut for some blocks.
#[derive(Debug, Clone, Copy)]
struct Batch {
    images: usize,
    images_of_piece: usize,
    pieces: usize,
}

impl Batch {
    /// Of `x` [N*T, D].
    ///
    /// # Panics
    /// When blocks have other sizes than the first, or any but the last computes some tokens alone, or lengths disagree.
    fn of(blocks: &[Block<'_>], x: &[f32]) -> Self {
        let Some(last) = blocks.last() else { return Self { images: 0, images_of_piece: 1, pieces: 0 } };
        let sizes = last.sizes();
        assert!(blocks.iter().all(|block| block.sizes() == sizes), "all blocks have the same sizes");
        let before_last = &blocks[..blocks.len() - 1];
        assert!(
            before_last.iter().all(|block| block.outputs() == sizes.tokens),
            "only the last block computes some tokens alone"
        );
        assert!(blocks.iter().all(|block| block.precision() == last.precision()), "all blocks have one precision");
        let images = last.images(x);
        before_last.iter().for_each(|block| assert_eq!(block.images(x), images, "all blocks have the same sizes"));
        let images_of_piece = images_of_piece(images, sizes.tokens, sizes.dim);
        Self { images, images_of_piece, pieces: images.div_ceil(images_of_piece) }
    }

    /// An empty slot for each block and piece.
    fn slots<T>(self, blocks: &[Block<'_>]) -> Vec<Vec<Slot<T>>> {
        blocks.iter().map(|_| (0..self.pieces).map(|_| Slot::empty()).collect()).collect()
    }

    /// The number of the first image of a piece.
    fn first_image(self, piece: usize) -> usize {
        piece * self.images_of_piece
    }
}
