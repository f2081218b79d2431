//! The placing of tokens as one operation with its own backward pass, on every backend that has kernels for it.

use std::sync::Arc;

use bmae_kernels::tokens::Placement;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, backend_extension};

/// What a backend computes. `grad` [M, D] is the gradient of the result.
pub(crate) trait TokensKernels: Backend {
    /// As [`place_tokens`](super::place_tokens).
    fn forward(
        rows: FloatTensor<Self>,
        token: FloatTensor<Self>,
        positions: FloatTensor<Self>,
        placement: &Placement,
    ) -> FloatTensor<Self>;

    /// The gradient of the rows [R, D].
    fn backward_rows(placement: &Placement, grad: &FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient of the token `[D]`.
    fn backward_token(placement: &Placement, grad: &FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient of the positions [P, D].
    fn backward_positions(placement: &Placement, grad: &FloatTensor<Self>) -> FloatTensor<Self>;
}

#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff)]
pub(crate) trait FusedTokens: Backend {
    /// As [`place_tokens`](super::place_tokens).
    fn fused_place_tokens(
        rows: FloatTensor<Self>,
        token: FloatTensor<Self>,
        positions: FloatTensor<Self>,
        placement: Arc<Placement>,
    ) -> FloatTensor<Self>;
}

impl<B: TokensKernels> FusedTokens for B {
    fn fused_place_tokens(
        rows: FloatTensor<Self>,
        token: FloatTensor<Self>,
        positions: FloatTensor<Self>,
        placement: Arc<Placement>,
    ) -> FloatTensor<Self> {
        B::forward(rows, token, positions, &placement)
    }
}

impl<B: TokensKernels, C: CheckpointStrategy> FusedTokens for Autodiff<B, C> {
    fn fused_place_tokens(
        rows: FloatTensor<Self>,
        token: FloatTensor<Self>,
        positions: FloatTensor<Self>,
        placement: Arc<Placement>,
    ) -> FloatTensor<Self> {
        let nodes = [rows.node(), token.node(), positions.node()];
        let [rows, token, positions] = [rows, token, positions].map(|tensor| tensor.into_primitive());
        let out = B::forward(rows, token, positions, &placement);
        match TokensBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(placement, out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}

/// The backward pass of the placing.
#[derive(Debug)]
struct TokensBackward;

impl<B: TokensKernels> Backward<B, 3> for TokensBackward {
    type State = Arc<Placement>;

    fn backward(self, ops: Ops<Arc<Placement>, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let placement = &*ops.state;
        let [of_rows, of_token, of_positions] = ops.parents;
        if let Some(parent) = of_rows {
            grads.register::<B>(parent.id, B::backward_rows(placement, &grad));
        }
        if let Some(parent) = of_token {
            grads.register::<B>(parent.id, B::backward_token(placement, &grad));
        }
        if let Some(parent) = of_positions {
            grads.register::<B>(parent.id, B::backward_positions(placement, &grad));
        }
    }
}
