//! A block's forward pass, saving what the backward pass needs or nothing.

use bmae_architecture::Precision;
use rayon::prelude::*;

use super::pieces::{images_of_piece, split};
use super::{Block, BlockSizes, Linear, Norm, SelectedTokens};
use crate::attention::{self, Scratch};
use crate::pool::Buffer;
use crate::product::{Epilogue, PackedMatrix, product};
use crate::profile::{Operation, time};
use crate::{gelu, layer_norm};

/// What a forward pass saves for the backward pass, beside its input.
#[derive(Debug)]
pub struct SavedActivations {
    /// [N*T, 3D]
    pub(super) qkv: Buffer,
    /// The attention's output before its projection [N*M, D]; M is T unless some tokens are selected.
    pub(super) attended: Buffer,
    /// After the first residual [N*M, D].
    pub(super) middle: Buffer,
    /// Before the GELU [N*M, hidden].
    pub(super) hidden: Buffer,
}

impl SavedActivations {
    fn new(block: &Block<'_>, images: usize) -> Self {
        let (all, outputs) = (images * block.sizes.tokens, images * block.outputs());
        Self {
            qkv: Buffer::uninitialised(all * 3 * block.sizes.dim),
            attended: Buffer::uninitialised(outputs * block.sizes.dim),
            middle: Buffer::uninitialised(outputs * block.sizes.dim),
            hidden: Buffer::uninitialised(outputs * block.sizes.hidden),
        }
    }
}

/// `out` [N*M, D] of `x` [N*T, D]; nothing is saved.
///
/// # Panics
/// When the lengths disagree with the block's sizes.
pub fn forward(block: &Block<'_>, x: &[f32], out: &mut [f32]) {
    let _timer = time(Operation::Block);
    let images = block.images(x);
    let piece = images_of_piece(images, block.sizes.tokens, block.sizes.dim);
    let work = Forward::new(block, out, images);
    let (dim, tokens, outputs) = (block.sizes.dim, block.sizes.tokens, block.outputs());
    let pieces: Vec<_> =
        x.chunks((piece * tokens * dim).max(1)).zip(split(out, piece, outputs * dim)).enumerate().collect();
    pieces.into_par_iter().with_max_len(1).for_each_init(
        || (Buffers::new(block, piece), SavedActivations::new(block, piece)),
        |(buffers, saved), (number, (x, out))| {
            let count = x.len() / (tokens * dim);
            let saved = SavedPiece {
                qkv: &mut saved.qkv[..count * tokens * 3 * dim],
                attended: &mut saved.attended[..count * outputs * dim],
                middle: &mut saved.middle[..count * outputs * dim],
                hidden: &mut saved.hidden[..count * outputs * block.sizes.hidden],
            };
            work.piece(number * piece, x, saved, buffers, out);
        },
    );
}

/// `out` [N*M, D] of `x` [N*T, D], and what [`backward`](super::backward) needs.
///
/// # Panics
/// As [`forward`].
pub fn forward_saving(block: &Block<'_>, x: &[f32], out: &mut [f32]) -> SavedActivations {
    let _timer = time(Operation::Block);
    let images = block.images(x);
    let piece = images_of_piece(images, block.sizes.tokens, block.sizes.dim);
    let work = Forward::new(block, out, images);
    let mut saved = SavedActivations::new(block, images);
    let (dim, tokens, outputs) = (block.sizes.dim, block.sizes.tokens, block.outputs());
    let pieces: Vec<_> = split(&mut saved.qkv, piece, tokens * 3 * dim)
        .zip(split(&mut saved.attended, piece, outputs * dim))
        .zip(split(&mut saved.middle, piece, outputs * dim))
        .zip(split(&mut saved.hidden, piece, outputs * block.sizes.hidden))
        .map(|(((qkv, attended), middle), hidden)| SavedPiece { qkv, attended, middle, hidden })
        .zip(x.chunks((piece * tokens * dim).max(1)))
        .zip(split(out, piece, outputs * dim))
        .enumerate()
        .collect();
    pieces.into_par_iter().with_max_len(1).for_each_init(
        || Buffers::new(block, piece),
        |buffers, (number, ((saved, x), out))| work.piece(number * piece, x, saved, buffers, out),
    );
    saved
}

/// The part of [`SavedActivations`] that belongs to a piece.
struct SavedPiece<'a> {
    qkv: &'a mut [f32],
    attended: &'a mut [f32],
    middle: &'a mut [f32],
    hidden: &'a mut [f32],
}

/// Buffers of one thread.
struct Buffers {
    /// [rows, D]
    normed: Buffer,
    /// [rows, hidden]
    activated: Buffer,
    /// [rows, D], the rows of x at selected tokens
    selected: Buffer,
    attention: Scratch,
}

impl Buffers {
    fn new(block: &Block<'_>, images: usize) -> Self {
        let (all, outputs) = (images * block.sizes.tokens, images * block.outputs());
        Self {
            normed: Buffer::uninitialised(all * block.sizes.dim),
            activated: Buffer::uninitialised(outputs * block.sizes.hidden),
            selected: Buffer::uninitialised(if block.selected.is_some() { outputs * block.sizes.dim } else { 0 }),
            attention: Scratch::new(block.attention_sizes()),
        }
    }
}

/// A forward pass with its weights packed.
struct Forward<'a> {
    block: &'a Block<'a>,
    qkv: PackedMatrix,
    proj: PackedMatrix,
    fc1: PackedMatrix,
    fc2: PackedMatrix,
}

impl<'a> Forward<'a> {
    fn new(block: &'a Block<'a>, out: &[f32], images: usize) -> Self {
        let (dim, hidden) = (block.sizes.dim, block.sizes.hidden);
        assert_eq!(out.len(), images * block.outputs() * dim, "out is [N*M, D]");
        let parameters = &block.parameters;
        let pack = |linear, inputs| pack(linear, inputs, block.precision);
        let ((qkv, proj), (fc1, fc2)) = rayon::join(
            || (pack(parameters.qkv, dim), pack(parameters.proj, dim)),
            || (pack(parameters.fc1, dim), pack(parameters.fc2, hidden)),
        );
        Self { block, qkv, proj, fc1, fc2 }
    }

    /// The images of `x`, the first of which is number `first` of the batch.
    fn piece(&self, first: usize, x: &[f32], saved: SavedPiece<'_>, buffers: &mut Buffers, out: &mut [f32]) {
        let Block { sizes, parameters, .. } = self.block;
        let SavedPiece { qkv, attended, middle, hidden } = saved;
        let normed = &mut buffers.normed[..x.len()];
        norm(x, parameters.norm1, self.block.epsilon, normed);
        linear(normed, &self.qkv, Epilogue::Bias(parameters.qkv.bias), qkv);
        self.attend(first, qkv, &mut buffers.attention, attended);

        let residual = match self.block.selected {
            None => x,
            Some(tokens) => {
                let selected = &mut buffers.selected[..attended.len()];
                gather(x, tokens, first, sizes, selected);
                selected
            }
        };
        self.branch(first, 0, attended, &self.proj, parameters.proj.bias, residual, middle);
        let normed = &mut buffers.normed[..middle.len()];
        norm(middle, parameters.norm2, self.block.epsilon, normed);
        linear(normed, &self.fc1, Epilogue::Bias(parameters.fc1.bias), hidden);
        let activated = &mut buffers.activated[..hidden.len()];
        {
            let _timer = time(Operation::Gelu);
            gelu::forward_single_threaded(hidden, activated);
        }
        self.branch(first, 1, activated, &self.fc2, parameters.fc2.bias, middle, out);
    }

    /// The end of a branch: out = residual + factor * (values W^T + bias).
    #[allow(clippy::too_many_arguments)]
    fn branch(
        &self,
        first: usize,
        number: usize,
        values: &[f32],
        weight: &PackedMatrix,
        bias: &[f32],
        residual: &[f32],
        out: &mut [f32],
    ) {
        let Some(factors) = self.block.branch_factors else {
            return linear(values, weight, Epilogue::BiasAndResidual(bias, residual), out);
        };
        linear(values, weight, Epilogue::Bias(bias), out);
        let _timer = time(Operation::Residual);
        let values_per_image = self.block.outputs() * self.block.sizes.dim;
        let images = out.chunks_exact_mut(values_per_image).zip(residual.chunks_exact(values_per_image));
        for ((out, residual), &factor) in images.zip(&factors[number][first..]) {
            out.iter_mut().zip(residual).for_each(|(out, residual)| *out = residual + factor * *out);
        }
    }

    fn attend(&self, first: usize, qkv: &[f32], scratch: &mut Scratch, attended: &mut [f32]) {
        let _timer = time(Operation::Attention);
        let Block { sizes, selected, .. } = self.block;
        let images = qkv.chunks_exact(sizes.tokens * 3 * sizes.dim);
        let attended = attended.chunks_exact_mut(self.block.outputs() * sizes.dim);
        for (image, (qkv, attended)) in images.zip(attended).enumerate() {
            let queries = selected.map(|selected| selected.of_image(first + image));
            attention::image_forward(qkv, self.block.attention_sizes(), queries, scratch, attended);
        }
    }
}

fn linear(left: &[f32], right: &PackedMatrix, epilogue: Epilogue<'_>, out: &mut [f32]) {
    let _timer = time(Operation::Linear);
    product(left, right, epilogue, out);
}

fn pack(linear: Linear<'_>, inputs: usize, precision: Precision) -> PackedMatrix {
    let _timer = time(Operation::Packing);
    PackedMatrix::transposed(linear.weight, linear.bias.len(), inputs, precision)
}

pub(super) fn norm(x: &[f32], norm: Norm<'_>, epsilon: f32, out: &mut [f32]) {
    let _timer = time(Operation::LayerNorm);
    layer_norm::forward_single_threaded(x, norm.weight, norm.bias, epsilon, out);
}

/// The rows of a piece's `x` [images, T, D] at selected tokens into `out` [images, M, D]; the piece begins at image
/// `first`.
fn gather(x: &[f32], selected: SelectedTokens<'_>, first: usize, sizes: &BlockSizes, out: &mut [f32]) {
    let BlockSizes { tokens, dim, .. } = *sizes;
    let images = x.chunks_exact(tokens * dim).zip(out.chunks_exact_mut(selected.per_image * dim));
    for (image, (x, out)) in images.enumerate() {
        for (&token, out) in selected.of_image(first + image).iter().zip(out.chunks_exact_mut(dim)) {
            let row = token as usize * dim;
            out.copy_from_slice(&x[row..row + dim]);
        }
    }
}
