//! A block's forward pass, keeping what the backward pass needs or nothing.

use rayon::prelude::*;

use super::pieces::{images_of_piece, split};
use super::{Block, Linear, Norm};
use crate::attention::{self, Scratch};
use crate::pool::Buffer;
use crate::product::{End, Packed, product};
use crate::profile::{Operation, time};
use crate::{gelu, layer_norm};

/// What a forward pass keeps for the backward pass, beside its input.
#[derive(Debug)]
pub struct Kept {
    /// [N*T, 3D]
    pub(super) qkv: Buffer,
    /// The attention's output before its projection [N*M, D]; M is T unless some tokens are wanted.
    pub(super) attended: Buffer,
    /// After the first residual [N*M, D].
    pub(super) middle: Buffer,
    /// Before the GELU [N*M, hidden].
    pub(super) hidden: Buffer,
}

impl Kept {
    fn new(block: &Block<'_>, images: usize) -> Self {
        let (all, wanted) = (images * block.sizes.tokens, images * block.outputs());
        Self {
            qkv: Buffer::dirty(all * 3 * block.sizes.dim),
            attended: Buffer::dirty(wanted * block.sizes.dim),
            middle: Buffer::dirty(wanted * block.sizes.dim),
            hidden: Buffer::dirty(wanted * block.sizes.hidden),
        }
    }
}

/// `out` [N*M, D] of `x` [N*T, D]; nothing is kept.
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
        || (Buffers::new(block, piece), Kept::new(block, piece)),
        |(buffers, kept), (number, (x, out))| {
            let count = x.len() / (tokens * dim);
            let kept = KeptPiece {
                qkv: &mut kept.qkv[..count * tokens * 3 * dim],
                attended: &mut kept.attended[..count * outputs * dim],
                middle: &mut kept.middle[..count * outputs * dim],
                hidden: &mut kept.hidden[..count * outputs * block.sizes.hidden],
            };
            work.piece(number * piece, x, kept, buffers, out);
        },
    );
}

/// `out` [N*M, D] of `x` [N*T, D], and what [`backward`](super::backward) needs.
///
/// # Panics
/// As [`forward`].
pub fn forward_keeping(block: &Block<'_>, x: &[f32], out: &mut [f32]) -> Kept {
    let _timer = time(Operation::Block);
    let images = block.images(x);
    let piece = images_of_piece(images, block.sizes.tokens, block.sizes.dim);
    let work = Forward::new(block, out, images);
    let mut kept = Kept::new(block, images);
    let (dim, tokens, outputs) = (block.sizes.dim, block.sizes.tokens, block.outputs());
    let pieces: Vec<_> = split(&mut kept.qkv, piece, tokens * 3 * dim)
        .zip(split(&mut kept.attended, piece, outputs * dim))
        .zip(split(&mut kept.middle, piece, outputs * dim))
        .zip(split(&mut kept.hidden, piece, outputs * block.sizes.hidden))
        .map(|(((qkv, attended), middle), hidden)| KeptPiece { qkv, attended, middle, hidden })
        .zip(x.chunks((piece * tokens * dim).max(1)))
        .zip(split(out, piece, outputs * dim))
        .enumerate()
        .collect();
    pieces.into_par_iter().with_max_len(1).for_each_init(
        || Buffers::new(block, piece),
        |buffers, (number, ((kept, x), out))| work.piece(number * piece, x, kept, buffers, out),
    );
    kept
}

/// The part of [`Kept`] that belongs to a piece.
struct KeptPiece<'a> {
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
    /// [rows, D], the wanted rows of x
    wanted: Buffer,
    attention: Scratch,
}

impl Buffers {
    fn new(block: &Block<'_>, images: usize) -> Self {
        let (all, wanted) = (images * block.sizes.tokens, images * block.outputs());
        Self {
            normed: Buffer::dirty(all * block.sizes.dim),
            activated: Buffer::dirty(wanted * block.sizes.hidden),
            wanted: Buffer::dirty(if block.wanted.is_some() { wanted * block.sizes.dim } else { 0 }),
            attention: Scratch::new(block.attention()),
        }
    }
}

/// A forward pass with its weights packed.
struct Forward<'a> {
    block: &'a Block<'a>,
    qkv: Packed,
    proj: Packed,
    fc1: Packed,
    fc2: Packed,
}

impl<'a> Forward<'a> {
    fn new(block: &'a Block<'a>, out: &[f32], images: usize) -> Self {
        let (dim, hidden) = (block.sizes.dim, block.sizes.hidden);
        assert_eq!(out.len(), images * block.outputs() * dim, "out is [N*M, D]");
        let parameters = &block.parameters;
        let ((qkv, proj), (fc1, fc2)) = rayon::join(
            || (pack(parameters.qkv, dim), pack(parameters.proj, dim)),
            || (pack(parameters.fc1, dim), pack(parameters.fc2, hidden)),
        );
        Self { block, qkv, proj, fc1, fc2 }
    }

    /// The images of `x`, the first of which is number `first` of the batch.
    fn piece(&self, first: usize, x: &[f32], kept: KeptPiece<'_>, buffers: &mut Buffers, out: &mut [f32]) {
        let Block { sizes, parameters, .. } = self.block;
        let KeptPiece { qkv, attended, middle, hidden } = kept;
        let normed = &mut buffers.normed[..x.len()];
        norm(x, parameters.norm1, self.block.epsilon, normed);
        linear(normed, &self.qkv, End::Bias(parameters.qkv.bias), qkv);
        self.attend(first, qkv, &mut buffers.attention, attended);

        let residual = match self.block.wanted {
            None => x,
            Some((tokens, each)) => {
                let wanted = &mut buffers.wanted[..attended.len()];
                gather(x, tokens, each, first, sizes.tokens, sizes.dim, wanted);
                wanted
            }
        };
        self.branch(first, 0, attended, &self.proj, parameters.proj.bias, residual, middle);
        let normed = &mut buffers.normed[..middle.len()];
        norm(middle, parameters.norm2, self.block.epsilon, normed);
        linear(normed, &self.fc1, End::Bias(parameters.fc1.bias), hidden);
        let activated = &mut buffers.activated[..hidden.len()];
        {
            let _timer = time(Operation::Gelu);
            gelu::values_forward(hidden, activated);
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
        weight: &Packed,
        bias: &[f32],
        residual: &[f32],
        out: &mut [f32],
    ) {
        let Some(factors) = self.block.factors else {
            return linear(values, weight, End::BiasAndRows(bias, residual), out);
        };
        linear(values, weight, End::Bias(bias), out);
        let _timer = time(Operation::Residual);
        let of_image = self.block.outputs() * self.block.sizes.dim;
        let images = out.chunks_exact_mut(of_image).zip(residual.chunks_exact(of_image));
        for ((out, residual), &factor) in images.zip(&factors[number][first..]) {
            out.iter_mut().zip(residual).for_each(|(out, residual)| *out = residual + factor * *out);
        }
    }

    fn attend(&self, first: usize, qkv: &[f32], scratch: &mut Scratch, attended: &mut [f32]) {
        let _timer = time(Operation::Attention);
        let Block { sizes, wanted, .. } = self.block;
        let images = qkv.chunks_exact(sizes.tokens * 3 * sizes.dim);
        let attended = attended.chunks_exact_mut(self.block.outputs() * sizes.dim);
        for (image, (qkv, attended)) in images.zip(attended).enumerate() {
            match wanted {
                None => attention::image_forward(qkv, self.block.attention(), scratch, attended),
                Some((tokens, each)) => {
                    let queries = &tokens[(first + image) * each..(first + image + 1) * each];
                    attention::image_forward_of(qkv, self.block.attention(), queries, scratch, attended);
                }
            }
        }
    }
}

fn linear(left: &[f32], right: &Packed, end: End<'_>, out: &mut [f32]) {
    let _timer = time(Operation::Linear);
    product(left, right, end, out);
}

fn pack(linear: Linear<'_>, inputs: usize) -> Packed {
    let _timer = time(Operation::Packing);
    Packed::transposed(linear.weight, linear.bias.len(), inputs)
}

pub(super) fn norm(x: &[f32], norm: Norm<'_>, epsilon: f32, out: &mut [f32]) {
    let _timer = time(Operation::LayerNorm);
    layer_norm::rows_forward(x, norm.weight, norm.bias, epsilon, out);
}

/// The wanted rows of a piece's `x` [images, T, D] into `out` [images, M, D]; the piece begins at image `first`.
fn gather(x: &[f32], tokens: &[u32], each: usize, first: usize, of_image: usize, dim: usize, out: &mut [f32]) {
    let images = x.chunks_exact(of_image * dim).zip(tokens[first * each..].chunks_exact(each));
    for ((x, tokens), out) in images.zip(out.chunks_exact_mut(each * dim)) {
        for (&token, out) in tokens.iter().zip(out.chunks_exact_mut(dim)) {
            let row = token as usize * dim;
            out.copy_from_slice(&x[row..row + dim]);
        }
    }
}
