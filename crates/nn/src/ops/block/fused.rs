//! The block of `bmae-kernels` on tensors of the CPU backend.

use std::sync::Arc;

use bmae_kernels::block::{self, Block, Kept, Linear, Norm, Parameters, Sizes};
use bmae_kernels::pool::Buffer;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::backend::{Flex, TensorMetadata};

use super::super::fused::{Cpu, values};
use super::super::layer_norm::EPSILON;
use super::super::pooled::pooled;
use super::BlockPass;

/// The twelve parameters, contiguous, in their official order.
pub(in crate::ops) type Twelve = [Cpu; 12];

/// The output for `x` [N*T, D]; nothing is kept.
pub(in crate::ops) fn plain_forward(x: Cpu, parameters: Twelve, pass: &BlockPass) -> Cpu {
    let (x, parameters) = (x.to_contiguous(), parameters.map(|parameter| parameter.to_contiguous()));
    let block = kernel(&parameters, pass);
    let (rows, dim) = outputs(&x, pass);
    let mut out = Buffer::uninitialised(rows * dim);
    block::forward(&block, values(&x), &mut out);
    pooled(out, &[rows, dim])
}

/// The output for `x` [N*T, D], and what the backward pass needs.
pub(in crate::ops) fn kept_forward(x: Cpu, parameters: Twelve, pass: BlockPass) -> (Cpu, State) {
    let (x, parameters) = (x.to_contiguous(), parameters.map(|parameter| parameter.to_contiguous()));
    let (rows, dim) = outputs(&x, &pass);
    let mut out = Buffer::uninitialised(rows * dim);
    let kept = block::forward_keeping(&kernel(&parameters, &pass), values(&x), &mut out);
    (pooled(out, &[rows, dim]), State { x, parameters, pass, kept: Arc::new(kept) })
}

/// What a forward pass leaves for the backward pass.
#[derive(Debug, Clone)]
pub(in crate::ops) struct State {
    x: Cpu,
    parameters: Twelve,
    pass: BlockPass,
    kept: Arc<Kept>,
}

/// The backward pass of a block: of x and the twelve parameters.
#[derive(Debug)]
pub(in crate::ops) struct BlockBackward;

impl Backward<Flex, 13> for BlockBackward {
    type State = State;

    fn backward(self, ops: Ops<State, 13>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let State { x, parameters, pass, kept } = ops.state;
        let mut dx = Buffer::uninitialised(values(&x).len());
        let gradients = block::backward(&kernel(&parameters, &pass), values(&x), &kept, values(&grad), &mut dx);
        let block::Gradients { norm1, qkv, proj, norm2, fc1, fc2 } = gradients;
        let of_parameters = [norm1, qkv, proj, norm2, fc1, fc2].into_iter().flatten();
        let [of_x, of_each @ ..] = ops.parents;
        if let Some(parent) = of_x {
            grads.register::<Flex>(parent.id, pooled(dx, &x.shape()));
        }
        for ((parent, gradient), parameter) in of_each.into_iter().zip(of_parameters).zip(&parameters) {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, pooled(gradient, &parameter.shape()));
            }
        }
    }
}

/// The kernel's block on contiguous parameters.
fn kernel<'a>(parameters: &'a Twelve, pass: &'a BlockPass) -> Block<'a> {
    let [n1w, n1b, qw, qb, pw, pb, n2w, n2b, f1w, f1b, f2w, f2b] = parameters.each_ref().map(values);
    let sizes = Sizes { tokens: pass.tokens, dim: n1w.len(), heads: pass.heads, hidden: f1b.len() };
    let parameters = Parameters {
        norm1: Norm { weight: n1w, bias: n1b },
        qkv: Linear { weight: qw, bias: qb },
        proj: Linear { weight: pw, bias: pb },
        norm2: Norm { weight: n2w, bias: n2b },
        fc1: Linear { weight: f1w, bias: f1b },
        fc2: Linear { weight: f2w, bias: f2b },
    };
    let mut block = Block::new(sizes, parameters, EPSILON as f32);
    if let Some(wanted) = &pass.wanted {
        block = block.of_tokens(wanted.tokens(), wanted.each());
    }
    if let Some(factors) = &pass.factors {
        block = block.with_factors(factors.each_ref().map(Vec::as_slice));
    }
    block
}

/// Rows and columns of the output.
fn outputs(x: &Cpu, pass: &BlockPass) -> (usize, usize) {
    let shape = x.shape();
    let rows = pass.wanted.as_ref().map_or(shape[0], |wanted| wanted.tokens().len());
    (rows, shape[1])
}
