//! A block's forward pass over a piece of a batch, on one thread.

use super::{Block, BlockSizes, Linear, Norm, SelectedTokens};
use crate::attention::{self, Scratch};
use crate::pool::Buffer;
use crate::product::{Epilogue, PackedMatrix, product};
use crate::profile::{Operation, time};
use crate::{gelu, layer_norm};

/// What the forward pass over a piece of R rows saves for the backward pass, beside its input; S of the rows are of
/// selected tokens, all unless some are selected.
#[derive(Debug, Clone)]
pub(crate) struct SavedPiece {
    /// [R, 3D]
    pub qkv: Buffer,
    /// The attention's output before its projection [S, D].
    pub attended: Buffer,
    /// After the first residual [S, D].
    pub middle: Buffer,
    /// Before the GELU [S, hidden].
    pub hidden: Buffer,
}

impl SavedPiece {
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

/// The four weights of a block, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockWeight {
    Qkv,
    Proj,
    Fc1,
    Fc2,
}

impl BlockWeight {
    pub const ALL: [Self; 4] = [Self::Qkv, Self::Proj, Self::Fc1, Self::Fc2];

    /// Weight and bias, and their outputs and inputs.
    pub fn of<'a>(self, block: &Block<'a>) -> (Linear<'a>, [usize; 2]) {
        let (parameters, BlockSizes { dim, hidden, .. }) = (&block.parameters, block.sizes);
        match self {
            Self::Qkv => (parameters.qkv, [3 * dim, dim]),
            Self::Proj => (parameters.proj, [dim, dim]),
            Self::Fc1 => (parameters.fc1, [hidden, dim]),
            Self::Fc2 => (parameters.fc2, [dim, hidden]),
        }
    }

    /// Packed for the forward pass.
    pub fn pack_forward(self, block: &Block<'_>) -> PackedMatrix {
        let _timer = time(Operation::Packing);
        let (linear, [outputs, inputs]) = self.of(block);
        PackedMatrix::transposed(linear.weight, outputs, inputs, block.precision)
    }

    /// Packed for the gradient of the inputs.
    pub fn pack_backward(self, block: &Block<'_>) -> PackedMatrix {
        let _timer = time(Operation::Packing);
        let (linear, [outputs, inputs]) = self.of(block);
        PackedMatrix::new(linear.weight, outputs, inputs, block.precision)
    }
}

/// Buffers of one thread, for pieces of as many images at most.
pub(crate) struct ForwardBuffers {
    /// [R, D]
    normed: Buffer,
    /// [S, hidden]
    activated: Buffer,
    attention: Scratch,
}

impl ForwardBuffers {
    pub fn new(block: &Block<'_>, images: usize) -> Self {
        let rows = images * block.sizes.tokens;
        Self {
            normed: Buffer::uninitialised(rows * block.sizes.dim),
            activated: Buffer::uninitialised(rows * block.sizes.hidden),
            attention: Scratch::new(block.attention_sizes()),
        }
    }
}

/// The forward pass of a block with its weights packed.
pub(crate) struct Forward<'a> {
    pub block: &'a Block<'a>,
    /// In the order of [`BlockWeight::ALL`].
    pub weights: [&'a PackedMatrix; 4],
}

impl Forward<'_> {
    /// `out` [S, D] of the images of `x` [R, D], the first of which is number `first` of the batch, and what is to be
    /// saved.
    pub fn piece(&self, first: usize, x: &[f32], buffers: &mut ForwardBuffers, out: &mut [f32]) -> SavedPiece {
        let Block { sizes, parameters, .. } = self.block;
        let [of_qkv, of_proj, of_fc1, of_fc2] = self.weights;
        let mut saved = SavedPiece::new(self.block, x.len() / (sizes.tokens * sizes.dim));
        let SavedPiece { qkv, attended, middle, hidden } = &mut saved;
        let normed = &mut buffers.normed[..x.len()];
        norm(x, parameters.norm1, self.block.epsilon, normed);
        linear(normed, of_qkv, Epilogue::Bias(parameters.qkv.bias), qkv);
        self.attend(first, qkv, &mut buffers.attention, attended);

        let gathered;
        let residual = match self.block.selected {
            None => x,
            Some(tokens) => {
                let mut rows = Buffer::uninitialised(attended.len());
                gather(x, tokens, first, sizes, &mut rows);
                gathered = rows;
                &gathered
            }
        };
        self.branch(first, 0, attended, of_proj, parameters.proj.bias, residual, middle);
        let normed = &mut buffers.normed[..middle.len()];
        norm(middle, parameters.norm2, self.block.epsilon, normed);
        linear(normed, of_fc1, Epilogue::Bias(parameters.fc1.bias), hidden);
        let activated = &mut buffers.activated[..hidden.len()];
        {
            let _timer = time(Operation::Gelu);
            gelu::forward_single_threaded(hidden, activated);
        }
        self.branch(first, 1, activated, of_fc2, parameters.fc2.bias, middle, out);
        saved
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
