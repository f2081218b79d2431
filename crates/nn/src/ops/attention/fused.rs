//! Attention as one operation with its own backward pass, on every backend that has kernels for it.

use std::fmt::Debug;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, backend_extension};

/// How rows and columns of qkv divide.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Division {
    /// Tokens of an image.
    pub tokens: usize,
    /// Heads.
    pub heads: usize,
}

/// What a backend computes.
pub(crate) trait AttentionKernels: Backend {
    /// What the backward pass needs of the forward pass beside qkv.
    type Saved: Clone + Debug + Send + 'static;

    /// As [`attention`](super::attention).
    fn forward(qkv: FloatTensor<Self>, division: Division) -> (FloatTensor<Self>, Self::Saved);

    /// The gradient for `qkv` [N*T, 3D], where the result has the gradient `grad` [N*T, D].
    fn backward(
        qkv: FloatTensor<Self>,
        division: Division,
        saved: Self::Saved,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff)]
pub(crate) trait FusedAttention: Backend {
    /// As [`attention`](super::attention).
    fn fused_attention(qkv: FloatTensor<Self>, tokens: usize, heads: usize) -> FloatTensor<Self>;
}

impl<B: AttentionKernels> FusedAttention for B {
    fn fused_attention(qkv: FloatTensor<Self>, tokens: usize, heads: usize) -> FloatTensor<Self> {
        B::forward(qkv, Division { tokens, heads }).0
    }
}

impl<B: AttentionKernels, C: CheckpointStrategy> FusedAttention for Autodiff<B, C> {
    fn fused_attention(qkv: FloatTensor<Self>, tokens: usize, heads: usize) -> FloatTensor<Self> {
        let division = Division { tokens, heads };
        match AttentionBackward(division).prepare::<C>([qkv.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let qkv = qkv.into_primitive();
                let (out, saved) = B::forward(qkv.clone(), division);
                prepared.finish((qkv, saved), out)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::forward(qkv.into_primitive(), division).0),
        }
    }
}

/// The backward pass of attention; saves qkv, and what the backend's kernels need beside it.
#[derive(Debug)]
struct AttentionBackward(Division);

impl<B: AttentionKernels> Backward<B, 1> for AttentionBackward {
    type State = (FloatTensor<B>, B::Saved);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [Some(parent)] = ops.parents else { return };
        let (qkv, saved) = ops.state;
        grads.register::<B>(parent.id, B::backward(qkv, self.0, saved, grad));
    }
}
