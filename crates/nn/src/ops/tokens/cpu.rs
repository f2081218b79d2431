//! The placing of tokens of `bmae-kernels` on tensors of the CPU backend.

use std::sync::Arc;

use bmae_kernels::pool::Buffer;
use bmae_kernels::tokens::{self, Placement};
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, backend_extension};

use crate::ops::cpu_tensor::{CpuTensor, from_buffer, values};

#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedTokens: Backend {
    /// As [`place_tokens`](super::place_tokens).
    fn fused_place_tokens(
        rows: FloatTensor<Self>,
        token: FloatTensor<Self>,
        positions: FloatTensor<Self>,
        placement: Arc<Placement>,
    ) -> FloatTensor<Self>;
}

impl FusedTokens for Flex {
    fn fused_place_tokens(
        rows: CpuTensor,
        token: CpuTensor,
        positions: CpuTensor,
        placement: Arc<Placement>,
    ) -> CpuTensor {
        let (rows, token, positions) = (rows.to_contiguous(), token.to_contiguous(), positions.to_contiguous());
        let (places, dim) = (placement.places().len(), values(&token).len());
        let mut out = Buffer::uninitialised(places * dim);
        tokens::forward(&placement, values(&rows), values(&token), values(&positions), &mut out);
        from_buffer(out, &[places, dim])
    }
}

impl<C: CheckpointStrategy> FusedTokens for Autodiff<Flex, C> {
    fn fused_place_tokens(
        rows: FloatTensor<Self>,
        token: FloatTensor<Self>,
        positions: FloatTensor<Self>,
        placement: Arc<Placement>,
    ) -> FloatTensor<Self> {
        let nodes = [rows.node(), token.node(), positions.node()];
        let [rows, token, positions] = [rows, token, positions].map(|tensor| tensor.into_primitive());
        match TokensBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                prepared.finish(Arc::clone(&placement), Flex::fused_place_tokens(rows, token, positions, placement))
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(Flex::fused_place_tokens(rows, token, positions, placement))
            }
        }
    }
}

/// The backward pass of the placing.
#[derive(Debug)]
struct TokensBackward;

impl Backward<Flex, 3> for TokensBackward {
    type State = Arc<Placement>;

    fn backward(self, ops: Ops<Arc<Placement>, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let placement = &*ops.state;
        let (grad, places) = (values(&grad), placement.places().len());
        let Some(dim) = grad.len().checked_div(places) else { return };
        let [of_rows, of_token, of_positions] = ops.parents;
        if let Some(parent) = of_rows {
            let mut rows = Buffer::uninitialised(placement.rows() * dim);
            tokens::backward_rows(placement, grad, dim, &mut rows);
            grads.register::<Flex>(parent.id, from_buffer(rows, &[placement.rows(), dim]));
        }
        if let Some(parent) = of_token {
            grads.register::<Flex>(parent.id, from_buffer(tokens::backward_token(placement, grad, dim), &[dim]));
        }
        if let Some(parent) = of_positions {
            let positions = tokens::backward_positions(placement, grad, dim);
            grads.register::<Flex>(parent.id, from_buffer(positions, &[placement.positions(), dim]));
        }
    }
}
