//! The block of `bmae-kernels` on tensors of the CPU backend.

use std::sync::Arc;

use bmae_kernels::block::{self, Block, BlockSizes, Linear, Norm, Parameters, SavedActivations, SelectedTokens};
use bmae_kernels::pool::Buffer;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, ExtensionType, Flex, TensorMetadata, backend_extension};

use super::inputs::{BlockOptions, BlockParameters, WeightAndBias};
use crate::ops::cpu_tensor::{CpuTensor, from_buffer, values};

#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedBlock: Backend {
    /// As [`block`](super::block).
    fn fused_block(
        x: FloatTensor<Self>,
        #[extension_type] parameters: BlockTensors<Self>,
        options: BlockOptions,
    ) -> FloatTensor<Self>;
}

/// The parameters of a block as tensors of a backend.
#[derive(ExtensionType)]
pub(crate) struct BlockTensors<B: Backend> {
    #[extension_type]
    norm1: TensorPair<B>,
    #[extension_type]
    qkv: TensorPair<B>,
    #[extension_type]
    proj: TensorPair<B>,
    #[extension_type]
    norm2: TensorPair<B>,
    #[extension_type]
    fc1: TensorPair<B>,
    #[extension_type]
    fc2: TensorPair<B>,
}

/// Weight and bias.
#[derive(ExtensionType)]
pub(crate) struct TensorPair<B: Backend> {
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
}

impl From<BlockParameters> for BlockTensors<Dispatch> {
    fn from(parameters: BlockParameters) -> Self {
        let BlockParameters { norm1, qkv, proj, norm2, fc1, fc2 } = parameters;
        Self {
            norm1: norm1.into(),
            qkv: qkv.into(),
            proj: proj.into(),
            norm2: norm2.into(),
            fc1: fc1.into(),
            fc2: fc2.into(),
        }
    }
}

impl<const D: usize> From<WeightAndBias<D>> for TensorPair<Dispatch> {
    fn from(WeightAndBias { weight, bias }: WeightAndBias<D>) -> Self {
        Self { weight: weight.into_dispatch(), bias: bias.into_dispatch() }
    }
}

/// Weight and bias of `norm1`, `qkv`, `proj`, `norm2`, `fc1` and `fc2`.
type Pairs<T> = [[T; 2]; 6];

impl<B: Backend> BlockTensors<B> {
    fn into_pairs(self) -> Pairs<FloatTensor<B>> {
        let Self { norm1, qkv, proj, norm2, fc1, fc2 } = self;
        [norm1, qkv, proj, norm2, fc1, fc2].map(|TensorPair { weight, bias }| [weight, bias])
    }
}

impl FusedBlock for Flex {
    fn fused_block(x: CpuTensor, parameters: BlockTensors<Self>, options: BlockOptions) -> CpuTensor {
        forward(x, parameters.into_pairs(), &options)
    }
}

impl<C: CheckpointStrategy> FusedBlock for Autodiff<Flex, C> {
    fn fused_block(x: FloatTensor<Self>, parameters: BlockTensors<Self>, options: BlockOptions) -> FloatTensor<Self> {
        let pairs = parameters.into_pairs();
        let nodes = std::array::from_fn(|number| match number.checked_sub(1) {
            None => x.node(),
            Some(parameter) => pairs.as_flattened()[parameter].node(),
        });
        let pairs = pairs.map(|pair| pair.map(|tensor| tensor.into_primitive()));
        match BlockBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (out, state) = forward_saving(x.into_primitive(), pairs, options);
                prepared.finish(state, out)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(forward(x.into_primitive(), pairs, &options)),
        }
    }
}

/// The output for `x` [N*T, D]; nothing is saved.
fn forward(x: CpuTensor, pairs: Pairs<CpuTensor>, options: &BlockOptions) -> CpuTensor {
    let (x, pairs) = (x.to_contiguous(), contiguous(pairs));
    let (rows, dim) = outputs(&x, options);
    let mut out = Buffer::uninitialised(rows * dim);
    block::forward(&kernel(&pairs, options), values(&x), &mut out);
    from_buffer(out, &[rows, dim])
}

/// The output for `x` [N*T, D], and what the backward pass needs.
fn forward_saving(x: CpuTensor, pairs: Pairs<CpuTensor>, options: BlockOptions) -> (CpuTensor, State) {
    let (x, pairs) = (x.to_contiguous(), contiguous(pairs));
    let (rows, dim) = outputs(&x, &options);
    let mut out = Buffer::uninitialised(rows * dim);
    let saved = block::forward_saving(&kernel(&pairs, &options), values(&x), &mut out);
    (from_buffer(out, &[rows, dim]), State { x, pairs, options, saved: Arc::new(saved) })
}

/// What a forward pass leaves for the backward pass.
#[derive(Debug, Clone)]
struct State {
    x: CpuTensor,
    /// Contiguous.
    pairs: Pairs<CpuTensor>,
    options: BlockOptions,
    saved: Arc<SavedActivations>,
}

/// The backward pass of a block: of x and the twelve parameters.
#[derive(Debug)]
struct BlockBackward;

impl Backward<Flex, 13> for BlockBackward {
    type State = State;

    fn backward(self, ops: Ops<State, 13>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let State { x, pairs, options, saved } = ops.state;
        let mut dx = Buffer::uninitialised(values(&x).len());
        let gradients = block::backward(&kernel(&pairs, &options), values(&x), &saved, values(&grad), &mut dx);
        let block::Gradients { norm1, qkv, proj, norm2, fc1, fc2 } = gradients;
        let of_parameters = [norm1, qkv, proj, norm2, fc1, fc2].into_iter().flatten();
        let [of_x, of_each @ ..] = ops.parents;
        if let Some(parent) = of_x {
            grads.register::<Flex>(parent.id, from_buffer(dx, &x.shape()));
        }
        for ((parent, gradient), parameter) in of_each.into_iter().zip(of_parameters).zip(pairs.as_flattened()) {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, from_buffer(gradient, &parameter.shape()));
            }
        }
    }
}

fn contiguous(pairs: Pairs<CpuTensor>) -> Pairs<CpuTensor> {
    pairs.map(|pair| pair.map(|tensor| tensor.to_contiguous()))
}

/// The kernel's block on contiguous parameters.
fn kernel<'a>(pairs: &'a Pairs<CpuTensor>, options: &'a BlockOptions) -> Block<'a> {
    let [norm1, qkv, proj, norm2, fc1, fc2] = pairs.each_ref().map(|pair| pair.each_ref().map(values));
    let sizes = BlockSizes { tokens: options.tokens, dim: norm1[0].len(), heads: options.heads, hidden: fc1[1].len() };
    let norm = |[weight, bias]: [&'a [f32]; 2]| Norm { weight, bias };
    let linear = |[weight, bias]: [&'a [f32]; 2]| Linear { weight, bias };
    let parameters = Parameters {
        norm1: norm(norm1),
        qkv: linear(qkv),
        proj: linear(proj),
        norm2: norm(norm2),
        fc1: linear(fc1),
        fc2: linear(fc2),
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
fn outputs(x: &CpuTensor, options: &BlockOptions) -> (usize, usize) {
    let shape = x.shape();
    let rows = options.selected.as_ref().map_or(shape[0], |selected| selected.tokens().len());
    (rows, shape[1])
}
