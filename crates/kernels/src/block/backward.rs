//! A block's backward pass.

use bmae_architecture::Precision;
use rayon::prelude::*;

use super::forward::norm;
use super::pieces::{images_of_piece, split};
use super::{Block, BlockSizes, SavedActivations, SelectedTokens};
use crate::attention::{self, Scratch};
use crate::pool::Buffer;
use crate::product::{Epilogue, PackedMatrix, WeightGradient, product, weight_gradients};
use crate::profile::{Operation, time};
use crate::sums::{add, add_column_sums};
use crate::{gelu, layer_norm};

/// The gradients of a block's parameters, in the shapes of [`Parameters`](super::Parameters).
#[derive(Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Gradients {
    pub norm1: [Buffer; 2],
    pub qkv: [Buffer; 2],
    pub proj: [Buffer; 2],
    pub norm2: [Buffer; 2],
    pub fc1: [Buffer; 2],
    pub fc2: [Buffer; 2],
}

/// From the gradient of the outputs `grad` [N*M, D] that of the inputs, `dx` [N*T, D], which is overwritten, and those
/// of the parameters. `x` and `saved` are of the forward pass.
///
/// The key's third of the gradient of `qkv`'s bias is exactly zero: the softmax does not see what the bias adds to all
/// logits of a query.
///
/// # Panics
/// When the lengths disagree with the block's sizes.
pub fn backward(block: &Block<'_>, x: &[f32], saved: &SavedActivations, grad: &[f32], dx: &mut [f32]) -> Gradients {
    let _timer = time(Operation::Block);
    let images = block.images(x);
    let (dim, hidden, outputs) = (block.sizes.dim, block.sizes.hidden, block.outputs());
    let (rows_in, rows_out) = (images * block.sizes.tokens, images * outputs);
    assert_eq!(grad.len(), rows_out * dim, "the outputs' gradient is [N*M, D]");
    assert_eq!(dx.len(), x.len(), "dx is as large as x");
    let piece = images_of_piece(images, block.sizes.tokens, block.sizes.dim);
    let work = Backward::new(block);

    let mut rows = Rows {
        normed1: Buffer::uninitialised(rows_in * dim),
        dqkv: Buffer::uninitialised(rows_in * 3 * dim),
        dmiddle: Buffer::uninitialised(rows_out * dim),
        normed2: Buffer::uninitialised(rows_out * dim),
        dhidden: Buffer::uninitialised(rows_out * hidden),
        activated: Buffer::uninitialised(rows_out * hidden),
        branches: block.branch_factors.map_or([Buffer::uninitialised(0), Buffer::uninitialised(0)], |_| {
            [Buffer::uninitialised(rows_out * dim), Buffer::uninitialised(rows_out * dim)]
        }),
    };
    let pieces: Vec<Piece<'_>> = rows
        .pieces(block, piece)
        .zip(split(dx, piece, block.sizes.tokens * dim))
        .enumerate()
        .map(|(number, (rows, dx))| Piece { first: number * piece, rows, dx, x, saved, grad })
        .collect();
    let sums: Vec<Sums> = pieces
        .into_par_iter()
        .with_max_len(1)
        .map_init(|| Buffers::new(block, piece), |buffers, piece| work.piece(piece, buffers))
        .collect();
    let sums = sums.into_iter().reduce(Sums::plus).unwrap_or_else(|| Sums::new(block));

    let mut gradients = sums.into_gradients(block);
    let [of_attention, of_mlp] = match block.branch_factors {
        None => [&*rows.dmiddle, grad],
        Some(_) => rows.branches.each_ref().map(|rows| &**rows),
    };
    let jobs = [
        (of_mlp, &*rows.activated, &mut gradients.fc2[0], dim, hidden),
        (&rows.dhidden, &rows.normed2, &mut gradients.fc1[0], hidden, dim),
        (of_attention, &saved.attended, &mut gradients.proj[0], dim, dim),
        (&rows.dqkv, &rows.normed1, &mut gradients.qkv[0], 3 * dim, dim),
    ];
    let jobs = jobs.map(|(outputs, inputs, gradient, rows, columns)| WeightGradient {
        outputs,
        inputs,
        gradient,
        rows,
        columns,
    });
    weight_gradients(jobs.into(), block.precision);
    gradients
}

/// Both factors of the weights' gradients, over the whole batch.
struct Rows {
    normed1: Buffer,
    dqkv: Buffer,
    dmiddle: Buffer,
    normed2: Buffer,
    dhidden: Buffer,
    activated: Buffer,
    /// With factors: the gradients at the ends of both branches; else empty.
    branches: [Buffer; 2],
}

/// A piece's part of [`Rows`].
struct RowsPiece<'a> {
    normed1: &'a mut [f32],
    dqkv: &'a mut [f32],
    dmiddle: &'a mut [f32],
    normed2: &'a mut [f32],
    dhidden: &'a mut [f32],
    activated: &'a mut [f32],
    branches: Option<[&'a mut [f32]; 2]>,
}

impl Rows {
    fn pieces(&mut self, block: &Block<'_>, images: usize) -> impl Iterator<Item = RowsPiece<'_>> {
        let (dim, tokens, outputs) = (block.sizes.dim, block.sizes.tokens, block.outputs());
        let hidden = outputs * block.sizes.hidden;
        let [of_attention, of_mlp] = &mut self.branches;
        let branches: Vec<Option<[&mut [f32]; 2]>> = match block.branch_factors {
            // No rows, but as many pieces.
            None => self.dqkv.chunks((images * tokens * 3 * dim).max(1)).map(|_| None).collect(),
            Some(_) => split(of_attention, images, outputs * dim)
                .zip(split(of_mlp, images, outputs * dim))
                .map(|(of_attention, of_mlp)| Some([of_attention, of_mlp]))
                .collect(),
        };
        split(&mut self.normed1, images, tokens * dim)
            .zip(split(&mut self.dqkv, images, tokens * 3 * dim))
            .zip(split(&mut self.dmiddle, images, outputs * dim))
            .zip(split(&mut self.normed2, images, outputs * dim))
            .zip(split(&mut self.dhidden, images, hidden))
            .zip(split(&mut self.activated, images, hidden))
            .zip(branches)
            .map(|((((((normed1, dqkv), dmiddle), normed2), dhidden), activated), branches)| RowsPiece {
                normed1,
                dqkv,
                dmiddle,
                normed2,
                dhidden,
                activated,
                branches,
            })
    }
}

/// Some images of the batch.
struct Piece<'a> {
    /// The number of its first image.
    first: usize,
    rows: RowsPiece<'a>,
    dx: &'a mut [f32],
    /// Of the whole batch, as are the next two.
    x: &'a [f32],
    saved: &'a SavedActivations,
    grad: &'a [f32],
}

/// Buffers of one thread.
struct Buffers {
    /// [rows, D]
    of_normed: Buffer,
    /// [rows, D], the gradient of the middle at every token
    spread: Buffer,
    attention: Scratch,
}

impl Buffers {
    fn new(block: &Block<'_>, images: usize) -> Self {
        let rows = images * block.sizes.tokens * block.sizes.dim;
        Self {
            of_normed: Buffer::uninitialised(rows),
            spread: Buffer::uninitialised(if block.selected.is_some() { rows } else { 0 }),
            attention: Scratch::new(block.attention_sizes()),
        }
    }
}

/// The gradients of norms and biases, which are sums over rows.
struct Sums {
    norm1: [Buffer; 2],
    qkv: Buffer,
    proj: Buffer,
    norm2: [Buffer; 2],
    fc1: Buffer,
    fc2: Buffer,
}

impl Sums {
    fn new(block: &Block<'_>) -> Self {
        let dim = || Buffer::zeros(block.sizes.dim);
        Self {
            norm1: [dim(), dim()],
            qkv: Buffer::zeros(3 * block.sizes.dim),
            proj: dim(),
            norm2: [dim(), dim()],
            fc1: Buffer::zeros(block.sizes.hidden),
            fc2: dim(),
        }
    }

    fn plus(mut self, other: Self) -> Self {
        let Self { norm1: [w1, b1], qkv, proj, norm2: [w2, b2], fc1, fc2 } = &mut self;
        let [more_w1, more_b1] = &other.norm1;
        let [more_w2, more_b2] = &other.norm2;
        let pairs = [
            (w1, more_w1),
            (b1, more_b1),
            (qkv, &other.qkv),
            (proj, &other.proj),
            (w2, more_w2),
            (b2, more_b2),
            (fc1, &other.fc1),
            (fc2, &other.fc2),
        ];
        for (sum, more) in pairs {
            add(sum, more);
        }
        self
    }

    /// With room for the gradients of the weights.
    fn into_gradients(mut self, block: &Block<'_>) -> Gradients {
        let (dim, hidden) = (block.sizes.dim, block.sizes.hidden);
        self.qkv[dim..2 * dim].fill(0.0);
        Gradients {
            norm1: self.norm1,
            qkv: [Buffer::uninitialised(3 * dim * dim), self.qkv],
            proj: [Buffer::uninitialised(dim * dim), self.proj],
            norm2: self.norm2,
            fc1: [Buffer::uninitialised(hidden * dim), self.fc1],
            fc2: [Buffer::uninitialised(dim * hidden), self.fc2],
        }
    }
}

/// A backward pass with its weights packed.
struct Backward<'a> {
    block: &'a Block<'a>,
    qkv: PackedMatrix,
    proj: PackedMatrix,
    fc1: PackedMatrix,
    fc2: PackedMatrix,
}

impl<'a> Backward<'a> {
    fn new(block: &'a Block<'a>) -> Self {
        let (dim, hidden) = (block.sizes.dim, block.sizes.hidden);
        let parameters = &block.parameters;
        let pack = |weight, outputs, inputs| pack(weight, outputs, inputs, block.precision);
        let ((qkv, proj), (fc1, fc2)) = rayon::join(
            || (pack(parameters.qkv.weight, 3 * dim, dim), pack(parameters.proj.weight, dim, dim)),
            || (pack(parameters.fc1.weight, hidden, dim), pack(parameters.fc2.weight, dim, hidden)),
        );
        Self { block, qkv, proj, fc1, fc2 }
    }

    fn piece(&self, piece: Piece<'_>, buffers: &mut Buffers) -> Sums {
        let Block { sizes, parameters, epsilon, .. } = *self.block;
        let Piece { first, rows, dx, x, saved, grad } = piece;
        let RowsPiece { normed1, dqkv, dmiddle, normed2, dhidden, activated, branches } = rows;
        let (of_attention, of_mlp) = match branches {
            Some([of_attention, of_mlp]) => (Some(of_attention), Some(of_mlp)),
            None => (None, None),
        };
        let of_piece = |values: &'_ [f32], each: usize, count: usize| -> std::ops::Range<usize> {
            let start = first * each;
            debug_assert!(start + count <= values.len());
            start..start + count
        };
        let tokens = sizes.tokens * sizes.dim;
        let outputs = self.block.outputs() * sizes.dim;
        let x = &x[of_piece(x, tokens, dx.len())];
        let grad = &grad[of_piece(grad, outputs, dmiddle.len())];
        let middle = &saved.middle[of_piece(&saved.middle, outputs, dmiddle.len())];
        let hidden = &saved.hidden[of_piece(&saved.hidden, self.block.outputs() * sizes.hidden, dhidden.len())];
        let qkv = &saved.qkv[of_piece(&saved.qkv, 3 * tokens, dqkv.len())];
        let mut sums = Sums::new(self.block);

        // The MLP and its norm.
        let of_mlp = self.scaled(first, 1, grad, of_mlp);
        add_bias_gradient(of_mlp, &mut sums.fc2);
        input_gradient(of_mlp, &self.fc2, dhidden);
        {
            let _timer = time(Operation::Gelu);
            gelu::forward_and_backward_single_threaded(hidden, activated, dhidden);
        }
        add_bias_gradient(dhidden, &mut sums.fc1);
        let of_normed = &mut buffers.of_normed[..dmiddle.len()];
        input_gradient(dhidden, &self.fc1, of_normed);
        norm(middle, parameters.norm2, epsilon, normed2);
        let [dw, db] = &mut sums.norm2;
        {
            let _timer = time(Operation::LayerNorm);
            layer_norm::backward_single_threaded(
                middle,
                parameters.norm2.weight,
                epsilon,
                of_normed,
                Some(grad),
                dmiddle,
                dw,
                db,
            );
        }

        // The attention and its norm.
        let of_attention = self.scaled(first, 0, dmiddle, of_attention);
        add_bias_gradient(of_attention, &mut sums.proj);
        input_gradient(of_attention, &self.proj, of_normed);
        self.attend(first, qkv, of_normed, &mut buffers.attention, dqkv);
        add_bias_gradient(dqkv, &mut sums.qkv);
        let of_normed = &mut buffers.of_normed[..x.len()];
        input_gradient(dqkv, &self.qkv, of_normed);
        norm(x, parameters.norm1, epsilon, normed1);
        let residual = match self.block.selected {
            None => &*dmiddle,
            Some(tokens) => {
                let spread = &mut buffers.spread[..x.len()];
                scatter(dmiddle, tokens, first, sizes, spread);
                &*spread
            }
        };
        let [dw, db] = &mut sums.norm1;
        {
            let _timer = time(Operation::LayerNorm);
            layer_norm::backward_single_threaded(
                x,
                parameters.norm1.weight,
                epsilon,
                of_normed,
                Some(residual),
                dx,
                dw,
                db,
            );
        }
        sums
    }

    /// The gradient at the end of a branch: `grad` times the factors of its images, in `out`, or `grad` itself without
    /// factors.
    fn scaled<'b>(&self, first: usize, number: usize, grad: &'b [f32], out: Option<&'b mut [f32]>) -> &'b [f32] {
        let (Some(factors), Some(out)) = (self.block.branch_factors, out) else { return grad };
        let values_per_image = self.block.outputs() * self.block.sizes.dim;
        let images = out.chunks_exact_mut(values_per_image).zip(grad.chunks_exact(values_per_image));
        for ((out, grad), &factor) in images.zip(&factors[number][first..]) {
            out.iter_mut().zip(grad).for_each(|(out, grad)| *out = factor * grad);
        }
        out
    }

    fn attend(&self, first: usize, qkv: &[f32], grad: &[f32], scratch: &mut Scratch, dqkv: &mut [f32]) {
        let _timer = time(Operation::AttentionBackward);
        let Block { sizes, selected, .. } = self.block;
        let values_per_image = sizes.tokens * 3 * sizes.dim;
        let images = qkv.chunks_exact(values_per_image).zip(grad.chunks_exact(self.block.outputs() * sizes.dim));
        for (image, ((qkv, grad), dqkv)) in images.zip(dqkv.chunks_exact_mut(values_per_image)).enumerate() {
            let queries = selected.map(|selected| selected.of_image(first + image));
            attention::image_backward(qkv, self.block.attention_sizes(), queries, grad, scratch, dqkv);
        }
    }
}

/// The gradient of a Linear's inputs from that of its outputs.
fn input_gradient(grad: &[f32], weight: &PackedMatrix, out: &mut [f32]) {
    let _timer = time(Operation::LinearInput);
    product(grad, weight, Epilogue::Plain, out);
}

/// The gradient of a bias from that of the outputs, added up.
fn add_bias_gradient(grad: &[f32], sums: &mut [f32]) {
    let _timer = time(Operation::LinearWeights);
    add_column_sums(grad, sums);
}

/// A weight as it stands, packed.
fn pack(weight: &[f32], outputs: usize, inputs: usize, precision: Precision) -> PackedMatrix {
    let _timer = time(Operation::Packing);
    PackedMatrix::new(weight, outputs, inputs, precision)
}

/// The rows of a piece's `rows` [images, M, D] at their tokens in `out` [images, T, D], zeros elsewhere; the piece
/// begins at image `first`.
fn scatter(rows: &[f32], selected: SelectedTokens<'_>, first: usize, sizes: BlockSizes, out: &mut [f32]) {
    let BlockSizes { tokens, dim, .. } = sizes;
    out.fill(0.0);
    let images = rows.chunks_exact(selected.per_image * dim).zip(out.chunks_exact_mut(tokens * dim));
    for (image, (rows, out)) in images.enumerate() {
        for (&token, from) in selected.of_image(first + image).iter().zip(rows.chunks_exact(dim)) {
            let row = token as usize * dim;
            out[row..row + dim].copy_from_slice(from);
        }
    }
}
