//! The backward pass of blocks.

use std::sync::{Arc, Mutex, PoisonError};

use super::{BLOCKS_AT_WORK, Batch, SavedActivations};
use crate::block::{Backward, BackwardBuffers, Block, BlockWeight, GradientFactors, Gradients, SavedPiece, Sums};
use crate::instruction_set::InstructionSet;
use crate::job_graph::{JobGraph, Slot};
use crate::pool::Buffer;
use crate::product::{Elements, GradientPart, PackedBlocks, PackedMatrix, parts_of_gradient, side_of_part};
use crate::profile::{Operation, time};

/// From the gradient of the outputs `grad` [N*M, D] that of the inputs, `dx` [N*T, D], which is overwritten, and those
/// of the parameters of each block. `x` and `saved` are of the forward pass.
///
/// The key's third of the gradient of `qkv`'s bias is exactly zero: the softmax does not see what the bias adds to all
/// logits of a query.
///
/// # Panics
/// When the lengths disagree with the blocks' sizes, or `saved` is of another pass.
pub fn backward(
    blocks: &[Block<'_>],
    x: &[f32],
    saved: SavedActivations,
    grad: &[f32],
    dx: &mut [f32],
) -> Vec<Gradients> {
    let _timer = time(Operation::Block);
    let batch = Batch::of(blocks, x);
    let last = blocks.last().expect("a block at least");
    let dim = last.sizes().dim;
    assert_eq!(grad.len(), batch.images * last.outputs() * dim, "the outputs' gradient is [N*M, D]");
    assert_eq!(dx.len(), x.len(), "dx is as large as x");
    assert!(
        saved.pieces.len() == blocks.len() && saved.pieces.iter().all(|pieces| pieces.len() == batch.pieces),
        "what was saved is of the same pass"
    );

    let mut gradients: Vec<Gradients> = blocks.iter().map(Gradients::uninitialised).collect();
    let sums: Vec<Slot<Sums>> = blocks.iter().map(|_| Slot::empty()).collect();
    let set = InstructionSet::current();
    let sizes: Vec<[usize; 2]> = BlockWeight::ALL.map(|weight| weight.of(last).1).into();
    let side = side_of_part(&sizes);
    let parts: Vec<Vec<(BlockWeight, Part<'_>)>> =
        gradients.iter_mut().map(|gradients| parts(gradients, last, side)).collect();
    let (mut graph, mut jobs) = (JobGraph::default(), Vec::new());
    plan(&parts, batch.pieces, &mut graph, &mut jobs);

    Pass {
        blocks,
        batch,
        set,
        elements: Elements::of(last.precision(), set),
        x: chunks(x, batch, last.sizes().tokens * dim),
        grad: chunks(grad, batch, last.outputs() * dim),
        dx: dx.chunks_mut((batch.images_of_piece * last.sizes().tokens * dim).max(1)).map(Mutex::new).collect(),
        inputs: saved.inputs.into_iter().map(|pieces| pieces.into_iter().map(Slot::of).collect()).collect(),
        saved: saved.pieces.into_iter().map(|pieces| pieces.into_iter().map(Slot::of).collect()).collect(),
        packed: blocks.iter().map(|_| BlockWeight::ALL.map(|_| Slot::empty())).collect(),
        grads: batch.slots(blocks),
        factors: batch.slots(blocks),
        sums_of_pieces: batch.slots(blocks),
        sums: &sums,
        parts: &parts,
    }
    .run(graph, &jobs, side);
    drop(parts);
    for ((block, sums), gradients) in blocks.iter().zip(sums).zip(&mut gradients) {
        let sums = sums.take().and_then(Arc::into_inner).unwrap_or_else(|| Sums::new(block));
        sums.put(block, gradients);
    }
    gradients
}

/// A part of a weight's gradient, until it is computed.
type Part<'a> = Mutex<Option<GradientPart<'a>>>;

/// All parts of the gradients of a block's weights.
fn parts<'a>(gradients: &'a mut Gradients, block: &Block<'_>, side: usize) -> Vec<(BlockWeight, Part<'a>)> {
    BlockWeight::ALL
        .into_iter()
        .zip(gradients.weights_mut())
        .flat_map(|(weight, gradient)| {
            let (_, [outputs, inputs]) = weight.of(block);
            parts_of_gradient(gradient, outputs, inputs, side)
                .into_iter()
                .map(move |part| (weight, Mutex::new(Some(part))))
        })
        .collect()
}

fn chunks(rows: &[f32], batch: Batch, values_per_image: usize) -> Vec<&[f32]> {
    rows.chunks((batch.images_of_piece * values_per_image).max(1)).collect()
}

enum Job {
    Pack(usize, BlockWeight),
    Piece(usize, usize),
    /// All pieces are back through a block.
    Through(usize),
    /// A part of the gradients of a block's weights, by its number.
    Weights(usize, usize),
    /// All parts of a block are computed.
    Done(usize),
}

/// The jobs of a backward pass, of blocks with these parts.
fn plan(parts: &[Vec<(BlockWeight, Part<'_>)>], pieces: usize, graph: &mut JobGraph, jobs: &mut Vec<Job>) {
    let blocks = parts.len();
    let mut done: Vec<usize> = Vec::new();
    let mut before: Vec<usize> = Vec::new();
    for (number, block) in (0..blocks).rev().enumerate() {
        let mut add = |job: Job, earlier: &[usize]| {
            jobs.push(job);
            graph.add(earlier.iter().copied())
        };
        let free: Vec<usize> = number.checked_sub(BLOCKS_AT_WORK).map(|earlier| done[earlier]).into_iter().collect();
        let packed: Vec<usize> =
            BlockWeight::ALL.into_iter().map(|weight| add(Job::Pack(block, weight), &free)).collect();
        before = (0..pieces)
            .map(|piece| {
                let earlier: Vec<usize> = packed.iter().chain(before.get(piece)).copied().collect();
                add(Job::Piece(block, piece), &earlier)
            })
            .collect();
        let through = add(Job::Through(block), &before);
        let weights: Vec<usize> =
            (0..parts[block].len()).map(|part| add(Job::Weights(block, part), &[through])).collect();
        done.push(add(Job::Done(block), &weights));
    }
}

/// A backward pass at work. Tables are by block and piece.
struct Pass<'a, 'p> {
    blocks: &'a [Block<'a>],
    batch: Batch,
    set: InstructionSet,
    elements: Elements,
    /// The first block's input.
    x: Vec<&'a [f32]>,
    /// The gradient of the last block's outputs.
    grad: Vec<&'a [f32]>,
    dx: Vec<Mutex<&'a mut [f32]>>,
    /// Of each block but the first.
    inputs: Vec<Vec<Slot<Buffer>>>,
    saved: Vec<Vec<Slot<SavedPiece>>>,
    packed: Vec<[Slot<PackedMatrix>; 4]>,
    /// The gradients of the outputs of each block but the last.
    grads: Vec<Vec<Slot<Buffer>>>,
    factors: Vec<Vec<Slot<GradientFactors>>>,
    sums_of_pieces: Vec<Vec<Slot<Sums>>>,
    sums: &'p [Slot<Sums>],
    parts: &'p [Vec<(BlockWeight, Part<'a>)>],
}

/// Buffers of one thread.
struct Buffers {
    of_pieces: BackwardBuffers,
    of_parts: PackedBlocks,
}

impl Pass<'_, '_> {
    fn run(self, graph: JobGraph, jobs: &[Job], side: usize) {
        let buffers = || Buffers {
            of_pieces: BackwardBuffers::new(&self.blocks[0], self.batch.images_of_piece),
            of_parts: PackedBlocks::new(self.set, side),
        };
        graph.run(buffers, |buffers, job| match jobs[job] {
            Job::Pack(block, weight) => {
                self.packed[block][weight as usize].put(weight.pack_backward(&self.blocks[block]))
            }
            Job::Piece(block, piece) => self.piece(block, piece, &mut buffers.of_pieces),
            Job::Through(block) => {
                self.packed[block].iter().for_each(|packed| drop(packed.take()));
                let pieces = self.sums_of_pieces[block].iter().filter_map(Slot::take).filter_map(Arc::into_inner);
                if let Some(sums) = pieces.reduce(Sums::plus) {
                    self.sums[block].put(sums);
                }
            }
            Job::Weights(block, part) => self.weights(block, part, &mut buffers.of_parts),
            Job::Done(block) => {
                self.factors[block].iter().for_each(|factors| drop(factors.take()));
                self.grads[block].iter().for_each(|grad| drop(grad.take()));
            }
        });
    }

    fn piece(&self, block: usize, piece: usize, buffers: &mut BackwardBuffers) {
        let weights = self.packed[block].each_ref().map(Slot::get);
        let pass = Backward {
            block: &self.blocks[block],
            weights: weights.each_ref().map(Arc::as_ref),
            elements: self.elements,
        };
        let input = (block > 0).then(|| self.inputs[block][piece].take().expect("it was saved, and is needed once"));
        let x = input.as_ref().map_or(self.x[piece], |input| input);
        let saved =
            self.saved[block][piece].take().and_then(Arc::into_inner).expect("it was saved, and is needed once");
        let given = (block + 1 < self.blocks.len()).then(|| self.grads[block][piece].get());
        let grad = given.as_ref().map_or(self.grad[piece], |given| given);
        let first = self.batch.first_image(piece);
        let (factors, sums) = if block == 0 {
            let mut dx = self.dx[piece].lock().unwrap_or_else(PoisonError::into_inner);
            pass.piece(first, x, saved, grad, buffers, &mut dx)
        } else {
            let mut dx = Buffer::uninitialised(x.len());
            let left = pass.piece(first, x, saved, grad, buffers, &mut dx);
            self.grads[block - 1][piece].put(dx);
            left
        };
        self.factors[block][piece].put(factors);
        self.sums_of_pieces[block][piece].put(sums);
    }

    fn weights(&self, block: usize, part: usize, buffers: &mut PackedBlocks) {
        let _timer = time(Operation::LinearWeights);
        let (weight, part) = &self.parts[block][part];
        let part = part.lock().unwrap_or_else(PoisonError::into_inner).take().expect("a part is computed once");
        let factors: Vec<Arc<GradientFactors>> = self.factors[block].iter().map(Slot::get).collect();
        let given: Vec<Option<Arc<Buffer>>> = match block + 1 < self.blocks.len() {
            true => self.grads[block].iter().map(|grad| Some(grad.get())).collect(),
            false => self.grad.iter().map(|_| None).collect(),
        };
        let pieces = factors
            .iter()
            .zip(&given)
            .zip(&self.grad)
            .map(|((factors, given), grad)| factors.of(*weight, given.as_ref().map_or(grad, |given| given)));
        part.compute(self.set, self.elements, pieces, buffers);
    }
}
