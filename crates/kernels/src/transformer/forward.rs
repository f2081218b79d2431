//! The forward pass of blocks, saving what the backward pass needs or nothing.

use std::sync::{Arc, Mutex, PoisonError};

use super::{BLOCKS_AT_WORK, Batch, SavedActivations};
use crate::block::{Block, BlockWeight, Forward, ForwardBuffers, SavedPiece};
use crate::job_graph::{JobGraph, Slot};
use crate::pool::Buffer;
use crate::product::PackedMatrix;
use crate::profile::{Operation, time};

/// `out` [N*M, D] of `x` [N*T, D] by `blocks`; nothing is saved. M is T unless the last block computes some tokens alone.
///
/// # Panics
/// When there is no block, blocks differ in their sizes, any but the last computes some tokens alone, or the lengths
/// disagree with the sizes.
pub fn forward(blocks: &[Block<'_>], x: &[f32], out: &mut [f32]) {
    run(blocks, x, out, false);
}

/// `out` [N*M, D] of `x` [N*T, D] by `blocks`, and what [`backward`](super::backward()) needs.
///
/// # Panics
/// As [`forward`].
pub fn forward_saving(blocks: &[Block<'_>], x: &[f32], out: &mut [f32]) -> SavedActivations {
    run(blocks, x, out, true)
}

enum Job {
    Pack(usize, BlockWeight),
    Piece(usize, usize),
    /// All pieces are through a block.
    Through(usize),
}

fn run(blocks: &[Block<'_>], x: &[f32], out: &mut [f32], saves: bool) -> SavedActivations {
    let _timer = time(Operation::Block);
    let batch = Batch::of(blocks, x);
    let last = blocks.last().expect("a block at least");
    let (dim, tokens) = (last.sizes().dim, last.sizes().tokens);
    assert_eq!(out.len(), batch.images * last.outputs() * dim, "out is [N*M, D]");
    let (mut graph, mut jobs) = (JobGraph::default(), Vec::new());
    plan(blocks.len(), batch.pieces, &mut graph, &mut jobs);

    let packed: Vec<[Slot<PackedMatrix>; 4]> = blocks.iter().map(|_| BlockWeight::ALL.map(|_| Slot::empty())).collect();
    // Of each block but the first.
    let inputs: Vec<Vec<Slot<Buffer>>> = batch.slots(blocks);
    let saved: Vec<Vec<Slot<SavedPiece>>> = batch.slots(blocks);
    let x: Vec<&[f32]> = x.chunks((batch.images_of_piece * tokens * dim).max(1)).collect();
    let outs: Vec<Mutex<&mut [f32]>> =
        out.chunks_mut((batch.images_of_piece * last.outputs() * dim).max(1)).map(Mutex::new).collect();

    graph.run(
        || ForwardBuffers::new(last, batch.images_of_piece),
        |buffers, job| match jobs[job] {
            Job::Pack(block, weight) => packed[block][weight as usize].put(weight.pack_forward(&blocks[block])),
            Job::Piece(block, piece) => {
                let weights = packed[block].each_ref().map(Slot::get);
                let pass = Forward { block: &blocks[block], weights: weights.each_ref().map(Arc::as_ref) };
                let first = batch.first_image(piece);
                let before = (block > 0).then(|| inputs[block][piece].get());
                let x = before.as_ref().map_or(x[piece], |before| before);
                let of_piece = if block + 1 == blocks.len() {
                    let mut out = outs[piece].lock().unwrap_or_else(PoisonError::into_inner);
                    pass.piece(first, x, buffers, &mut out)
                } else {
                    let mut out = Buffer::uninitialised(x.len());
                    let of_piece = pass.piece(first, x, buffers, &mut out);
                    inputs[block + 1][piece].put(out);
                    of_piece
                };
                if saves {
                    saved[block][piece].put(of_piece);
                } else if block > 0 {
                    inputs[block][piece].take();
                }
            }
            Job::Through(block) => packed[block].iter().for_each(|packed| drop(packed.take())),
        },
    );
    SavedActivations { inputs: taken(&inputs), pieces: taken(&saved) }
}

/// What is in the slots of each block; nothing for an empty one.
fn taken<T>(slots: &[Vec<Slot<T>>]) -> Vec<Vec<T>> {
    slots.iter().map(|slots| slots.iter().filter_map(Slot::take).filter_map(Arc::into_inner).collect()).collect()
}

/// The jobs of a forward pass.
fn plan(blocks: usize, pieces: usize, graph: &mut JobGraph, jobs: &mut Vec<Job>) {
    let mut through: Vec<usize> = Vec::new();
    let mut before: Vec<usize> = Vec::new();
    for block in 0..blocks {
        let free = block.checked_sub(BLOCKS_AT_WORK).map(|earlier| through[earlier]);
        let packed: Vec<usize> = BlockWeight::ALL
            .into_iter()
            .map(|weight| {
                jobs.push(Job::Pack(block, weight));
                graph.add(free)
            })
            .collect();
        before = (0..pieces)
            .map(|piece| {
                jobs.push(Job::Piece(block, piece));
                graph.add(packed.iter().chain(before.get(piece)).copied())
            })
            .collect();
        jobs.push(Job::Through(block));
        through.push(graph.add(before.iter().copied()));
    }
}
