//! The blocks of `bmae-kernels` on tensors of the CPU backend.

use std::sync::Arc;

use bmae_kernels::block::{self, Block, BlockSizes, Linear, Norm, Parameters, SelectedTokens};
use bmae_kernels::pool::Buffer;
use bmae_kernels::transformer::{self, SavedActivations};
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;

use super::inputs::{BlockOptions, BlockParameters};
use crate::ops::cpu_tensor::{CpuTensor, from_buffer, values};
use crate::ops::tensor_list::TensorList;

/// Tensors of a block: weight and bias of `norm1`, `qkv`, `proj`, `norm2`, `fc1` and `fc2`.
const TENSORS: usize = 12;
/// How many blocks may be one operation, the most first: a recorded operation has a fixed number of parents.
pub(super) const RUNS: [usize; 6] = [12, 8, 6, 4, 2, 1];

#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedBlocks: Backend {
    /// As [`blocks`](super::blocks()) for one of [`RUNS`], with the twelve tensors of each block.
    fn fused_blocks(
        x: FloatTensor<Self>,
        #[extension_type] parameters: TensorList<Self>,
        options: Vec<BlockOptions>,
    ) -> FloatTensor<Self>;
}

/// `x` [N*T, D] through blocks whose number is one of [`RUNS`].
pub(super) fn fused(x: Tensor<2>, blocks: Vec<(BlockParameters, BlockOptions)>) -> Tensor<2> {
    let (parameters, options): (Vec<BlockParameters>, Vec<BlockOptions>) = blocks.into_iter().unzip();
    let parameters = parameters.into_iter().flat_map(|parameters| {
        let BlockParameters { norm1, qkv, proj, norm2, fc1, fc2 } = parameters;
        let norm = |norm: super::WeightAndBias<1>| [norm.weight.into_dispatch(), norm.bias.into_dispatch()];
        let linear = |linear: super::WeightAndBias<2>| [linear.weight.into_dispatch(), linear.bias.into_dispatch()];
        [norm(norm1), linear(qkv), linear(proj), norm(norm2), linear(fc1), linear(fc2)].into_iter().flatten()
    });
    let parameters = TensorList(parameters.collect());
    Tensor::from_dispatch(<Dispatch as FusedBlocks>::fused_blocks(x.into_dispatch(), parameters, options))
}

impl FusedBlocks for Flex {
    fn fused_blocks(x: CpuTensor, parameters: TensorList<Self>, options: Vec<BlockOptions>) -> CpuTensor {
        let (x, parameters) = (x.to_contiguous(), contiguous(parameters.0));
        let (rows, dim) = outputs(&x, &options);
        let mut out = Buffer::uninitialised(rows * dim);
        transformer::forward(&kernels(&parameters, &options), values(&x), &mut out);
        from_buffer(out, &[rows, dim])
    }
}

impl<C: CheckpointStrategy> FusedBlocks for Autodiff<Flex, C> {
    fn fused_blocks(
        x: FloatTensor<Self>,
        parameters: TensorList<Self>,
        options: Vec<BlockOptions>,
    ) -> FloatTensor<Self> {
        let parameters = parameters.0;
        match options.len() {
            1 => recorded::<C, { 1 + TENSORS }>(x, parameters, options),
            2 => recorded::<C, { 1 + 2 * TENSORS }>(x, parameters, options),
            4 => recorded::<C, { 1 + 4 * TENSORS }>(x, parameters, options),
            6 => recorded::<C, { 1 + 6 * TENSORS }>(x, parameters, options),
            8 => recorded::<C, { 1 + 8 * TENSORS }>(x, parameters, options),
            12 => recorded::<C, { 1 + 12 * TENSORS }>(x, parameters, options),
            other => unreachable!("{other} blocks are cut into several runs"),
        }
    }
}

/// The blocks with their backward pass; N is 1 + 12 for each.
fn recorded<C: CheckpointStrategy, const N: usize>(
    x: FloatTensor<Autodiff<Flex, C>>,
    parameters: Vec<FloatTensor<Autodiff<Flex, C>>>,
    options: Vec<BlockOptions>,
) -> FloatTensor<Autodiff<Flex, C>> {
    let nodes = std::array::from_fn(|number| match number.checked_sub(1) {
        None => x.node(),
        Some(parameter) => parameters[parameter].node(),
    });
    let parameters = parameters.into_iter().map(|tensor| tensor.into_primitive()).collect();
    match BlocksBackward::<N>.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let (out, state) = forward_saving(x.into_primitive(), parameters, options);
            prepared.finish(state, out)
        }
        OpsKind::UnTracked(prepared) => {
            prepared.finish(Flex::fused_blocks(x.into_primitive(), TensorList(parameters), options))
        }
    }
}

/// The output for `x` [N*T, D], and what the backward pass needs.
fn forward_saving(x: CpuTensor, parameters: Vec<CpuTensor>, options: Vec<BlockOptions>) -> (CpuTensor, State) {
    let (x, parameters) = (x.to_contiguous(), contiguous(parameters));
    let (rows, dim) = outputs(&x, &options);
    let mut out = Buffer::uninitialised(rows * dim);
    let saved = transformer::forward_saving(&kernels(&parameters, &options), values(&x), &mut out);
    (from_buffer(out, &[rows, dim]), State { x, parameters, options, saved: Arc::new(saved) })
}

/// What a forward pass leaves for the backward pass.
#[derive(Debug, Clone)]
struct State {
    x: CpuTensor,
    /// Contiguous, twelve for each block.
    parameters: Vec<CpuTensor>,
    options: Vec<BlockOptions>,
    saved: Arc<SavedActivations>,
}

/// The backward pass of blocks: of x and the twelve parameters of each.
#[derive(Debug)]
struct BlocksBackward<const N: usize>;

impl<const N: usize> Backward<Flex, N> for BlocksBackward<N> {
    type State = State;

    fn backward(self, ops: Ops<State, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let State { x, parameters, options, saved } = ops.state;
        // A graph that is gone through twice keeps what it saved.
        let saved = Arc::try_unwrap(saved).unwrap_or_else(|shared| SavedActivations::clone(&shared));
        let mut dx = Buffer::uninitialised(values(&x).len());
        let gradients =
            transformer::backward(&kernels(&parameters, &options), values(&x), saved, values(&grad), &mut dx);
        let of_parameters = gradients.into_iter().flat_map(|gradients| {
            let block::Gradients { norm1, qkv, proj, norm2, fc1, fc2 } = gradients;
            [norm1, qkv, proj, norm2, fc1, fc2].into_iter().flatten()
        });
        let mut parents = ops.parents.into_iter();
        if let Some(parent) = parents.next().flatten() {
            grads.register::<Flex>(parent.id, from_buffer(dx, &x.shape()));
        }
        for ((parent, gradient), parameter) in parents.zip(of_parameters).zip(&parameters) {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, from_buffer(gradient, &parameter.shape()));
            }
        }
    }
}

fn contiguous(tensors: Vec<CpuTensor>) -> Vec<CpuTensor> {
    tensors.into_iter().map(|tensor| tensor.to_contiguous()).collect()
}

/// The kernels' blocks on contiguous parameters.
fn kernels<'a>(parameters: &'a [CpuTensor], options: &'a [BlockOptions]) -> Vec<Block<'a>> {
    let (blocks, _) = parameters.as_chunks::<TENSORS>();
    blocks.iter().zip(options).map(|(parameters, options)| kernel(parameters, options)).collect()
}

/// The kernel's block on contiguous parameters.
fn kernel<'a>(parameters: &'a [CpuTensor; TENSORS], options: &'a BlockOptions) -> Block<'a> {
    let [n1w, n1b, qw, qb, pw, pb, n2w, n2b, f1w, f1b, f2w, f2b] = parameters.each_ref().map(values);
    let sizes = BlockSizes { tokens: options.tokens, dim: n1w.len(), heads: options.heads, hidden: f1b.len() };
    let parameters = Parameters {
        norm1: Norm { weight: n1w, bias: n1b },
        qkv: Linear { weight: qw, bias: qb },
        proj: Linear { weight: pw, bias: pb },
        norm2: Norm { weight: n2w, bias: n2b },
        fc1: Linear { weight: f1w, bias: f1b },
        fc2: Linear { weight: f2w, bias: f2b },
    };
    let mut block = Block::new(sizes, parameters, options.norm_epsilon as f32).with_precision(options.precision);
    if let Some(selected) = &options.selected {
        block = block.for_tokens(SelectedTokens { tokens: selected.tokens(), per_image: selected.per_image() });
    }
    if let Some(factors) = &options.branch_factors {
        block = block.with_branch_factors(factors.each_ref().map(Vec::as_slice));
    }
    block
}

/// Rows and columns of the output.
fn outputs(x: &CpuTensor, options: &[BlockOptions]) -> (usize, usize) {
    let shape = x.shape();
    let selected = options.last().and_then(|options| options.selected.as_ref());
    let rows = selected.map_or(shape[0], |selected| selected.tokens().len());
    (rows, shape[1])
}
