//! A block's backward pass over a piece of a batch, on one thread.

use super::forward::{BlockWeight, SavedPiece, norm};
use super::{Block, BlockSizes, SelectedTokens};
use crate::attention::{self, Scratch};
use crate::pool::Buffer;
use crate::product::{Elements, Epilogue, Factor, PackedMatrix, product};
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

impl Gradients {
    /// Of the parameters of `block`, not computed yet.
    pub(crate) fn uninitialised(block: &Block<'_>) -> Self {
        let none = || Buffer::uninitialised(0);
        let linear = |weight: BlockWeight| {
            let (_, [outputs, inputs]) = weight.of(block);
            [Buffer::uninitialised(outputs * inputs), none()]
        };
        let [qkv, proj, fc1, fc2] = BlockWeight::ALL.map(linear);
        Self { norm1: [none(), none()], qkv, proj, norm2: [none(), none()], fc1, fc2 }
    }

    /// Those of the weights, in the order of [`BlockWeight::ALL`].
    pub(crate) fn weights_mut(&mut self) -> [&mut Buffer; 4] {
        let Self { qkv: [qkv, _], proj: [proj, _], fc1: [fc1, _], fc2: [fc2, _], .. } = self;
        [qkv, proj, fc1, fc2]
    }
}

/// Both factors of the weights' gradients, of a piece: the gradients of a linear layer's outputs, and its inputs.
pub(crate) struct GradientFactors {
    dqkv: Factor<'static>,
    normed1: Factor<'static>,
    of_attention: Factor<'static>,
    attended: Factor<'static>,
    dhidden: Factor<'static>,
    normed2: Factor<'static>,
    /// `None`: the gradient of the block's outputs itself.
    of_mlp: Option<Factor<'static>>,
    activated: Factor<'static>,
}

impl GradientFactors {
    /// The factors of a weight's gradient, where `grad` [S, D] is the gradient of the block's outputs.
    pub fn of<'a>(&'a self, weight: BlockWeight, grad: &'a [f32]) -> (&'a [f32], &'a [f32]) {
        match weight {
            BlockWeight::Qkv => (self.dqkv.values(), self.normed1.values()),
            BlockWeight::Proj => (self.of_attention.values(), self.attended.values()),
            BlockWeight::Fc1 => (self.dhidden.values(), self.normed2.values()),
            BlockWeight::Fc2 => (self.of_mlp.as_ref().map_or(grad, Factor::values), self.activated.values()),
        }
    }
}

/// The gradients of norms and biases, which are sums over rows.
pub(crate) struct Sums {
    norm1: [Buffer; 2],
    qkv: Buffer,
    proj: Buffer,
    norm2: [Buffer; 2],
    fc1: Buffer,
    fc2: Buffer,
}

impl Sums {
    pub fn new(block: &Block<'_>) -> Self {
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

    pub fn plus(mut self, other: Self) -> Self {
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

    /// The gradients of a whole batch go to `gradients`. What the key's third of `qkv`'s bias has is set to zero.
    pub fn put(mut self, block: &Block<'_>, gradients: &mut Gradients) {
        let dim = block.sizes.dim;
        self.qkv[dim..2 * dim].fill(0.0);
        let Self { norm1, qkv, proj, norm2, fc1, fc2 } = self;
        (gradients.norm1, gradients.norm2) = (norm1, norm2);
        let biases = [(&mut gradients.qkv, qkv), (&mut gradients.proj, proj), (&mut gradients.fc1, fc1)];
        biases.into_iter().chain([(&mut gradients.fc2, fc2)]).for_each(|([_, bias], sum)| *bias = sum);
    }
}

/// Buffers of one thread, for pieces of as many images at most.
pub(crate) struct BackwardBuffers {
    /// [R, D]
    of_normed: Buffer,
    attention: Scratch,
}

impl BackwardBuffers {
    pub fn new(block: &Block<'_>, images: usize) -> Self {
        Self {
            of_normed: Buffer::uninitialised(images * block.sizes.tokens * block.sizes.dim),
            attention: Scratch::new(block.attention_sizes()),
        }
    }
}

/// The backward pass of a block with its weights packed.
pub(crate) struct Backward<'a> {
    pub block: &'a Block<'a>,
    /// In the order of [`BlockWeight::ALL`].
    pub weights: [&'a PackedMatrix; 4],
    /// What the factors of the weights' gradients are made of.
    pub elements: Elements,
}

impl Backward<'_> {
    /// From `grad` [S, D], the gradient of the outputs, that of the inputs, `dx` [R, D], for the images of `x` [R, D],
    /// the first of which is number `first` of the batch. Gives what the gradients of the parameters are computed from.
    pub fn piece(
        &self,
        first: usize,
        x: &[f32],
        saved: SavedPiece,
        grad: &[f32],
        buffers: &mut BackwardBuffers,
        dx: &mut [f32],
    ) -> (GradientFactors, Sums) {
        let Block { sizes, parameters, epsilon, .. } = *self.block;
        let BlockSizes { dim, hidden: width, .. } = sizes;
        let [of_qkv, of_proj, of_fc1, of_fc2] = self.weights;
        let SavedPiece { qkv, attended, middle, hidden } = saved;
        let mut sums = Sums::new(self.block);
        let factor = |rows: Buffer, n: usize| Factor::of_buffer(rows, n, self.elements);

        // The MLP and its norm.
        let scaled = self.scaled(first, 1, grad);
        let of_mlp = scaled.as_deref().unwrap_or(grad);
        add_bias_gradient(of_mlp, &mut sums.fc2);
        let mut dhidden = Buffer::uninitialised(hidden.len());
        input_gradient(of_mlp, of_fc2, &mut dhidden);
        let of_mlp = match (scaled, self.elements) {
            (None, elements) if elements.are_kept_as_f32() => None,
            (None, elements) => Some(Factor::owned(grad, dim, elements)),
            (Some(rows), _) => Some(factor(rows, dim)),
        };
        let mut activated = Buffer::uninitialised(hidden.len());
        {
            let _timer = time(Operation::Gelu);
            gelu::forward_and_backward_single_threaded(&hidden, &mut activated, &mut dhidden);
        }
        drop(hidden);
        let activated = factor(activated, width);
        add_bias_gradient(&dhidden, &mut sums.fc1);
        let of_normed = &mut buffers.of_normed[..middle.len()];
        input_gradient(&dhidden, of_fc1, of_normed);
        let dhidden = factor(dhidden, width);
        let mut normed2 = Buffer::uninitialised(middle.len());
        norm(&middle, parameters.norm2, epsilon, &mut normed2);
        let normed2 = factor(normed2, dim);
        let mut dmiddle = Buffer::uninitialised(middle.len());
        let [dw, db] = &mut sums.norm2;
        {
            let _timer = time(Operation::LayerNorm);
            layer_norm::backward_single_threaded(
                &middle,
                parameters.norm2.weight,
                epsilon,
                of_normed,
                Some(grad),
                &mut dmiddle,
                dw,
                db,
            );
        }
        drop(middle);

        // The attention and its norm.
        let scaled = self.scaled(first, 0, &dmiddle);
        let of_attention = scaled.as_deref().unwrap_or(&dmiddle);
        add_bias_gradient(of_attention, &mut sums.proj);
        input_gradient(of_attention, of_proj, of_normed);
        let attended = factor(attended, dim);
        let mut dqkv = Buffer::uninitialised(qkv.len());
        self.attend(first, &qkv, of_normed, &mut buffers.attention, &mut dqkv);
        drop(qkv);
        add_bias_gradient(&dqkv, &mut sums.qkv);
        let of_normed = &mut buffers.of_normed[..x.len()];
        input_gradient(&dqkv, of_qkv, of_normed);
        let dqkv = factor(dqkv, 3 * dim);
        let mut normed1 = Buffer::uninitialised(x.len());
        norm(x, parameters.norm1, epsilon, &mut normed1);
        let normed1 = factor(normed1, dim);
        let spread;
        let residual = match self.block.selected {
            None => &*dmiddle,
            Some(tokens) => {
                let mut rows = Buffer::uninitialised(x.len());
                scatter(&dmiddle, tokens, first, sizes, &mut rows);
                spread = rows;
                &spread
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
        let of_attention = factor(scaled.unwrap_or(dmiddle), dim);
        (GradientFactors { dqkv, normed1, of_attention, attended, dhidden, normed2, of_mlp, activated }, sums)
    }

    /// The gradient at the end of a branch: `grad` times the factors of its images; `None` without factors: `grad`
    /// itself.
    fn scaled(&self, first: usize, number: usize, grad: &[f32]) -> Option<Buffer> {
        let factors = self.block.branch_factors?;
        let mut out = Buffer::uninitialised(grad.len());
        let values_per_image = self.block.outputs() * self.block.sizes.dim;
        let images = out.chunks_exact_mut(values_per_image).zip(grad.chunks_exact(values_per_image));
        for ((out, grad), &factor) in images.zip(&factors[number][first..]) {
            out.iter_mut().zip(grad).for_each(|(out, grad)| *out = factor * grad);
        }
        Some(out)
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
