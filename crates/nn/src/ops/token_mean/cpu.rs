//! The mean over patch tokens of `bmae-kernels` on tensors of the CPU backend.

use bmae_kernels::pool::Buffer;
use bmae_kernels::token_mean;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, TensorMetadata, backend_extension};

use crate::ops::cpu_tensor::{CpuTensor, from_buffer, values};

#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedTokenMean: Backend {
    /// As [`mean_of_patch_tokens`](super::mean_of_patch_tokens).
    fn fused_mean_of_patch_tokens(x: FloatTensor<Self>, tokens: usize) -> FloatTensor<Self>;
}

impl FusedTokenMean for Flex {
    fn fused_mean_of_patch_tokens(x: CpuTensor, tokens: usize) -> CpuTensor {
        let x = x.to_contiguous();
        let (images, dim) = (x.shape()[0] / tokens, x.shape()[1]);
        let mut out = Buffer::uninitialised(images * dim);
        token_mean::forward(values(&x), tokens, dim, &mut out);
        from_buffer(out, &[images, dim])
    }
}

impl<C: CheckpointStrategy> FusedTokenMean for Autodiff<Flex, C> {
    fn fused_mean_of_patch_tokens(x: FloatTensor<Self>, tokens: usize) -> FloatTensor<Self> {
        match (TokenMeanBackward { tokens }).prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                prepared.finish((), Flex::fused_mean_of_patch_tokens(x.into_primitive(), tokens))
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(Flex::fused_mean_of_patch_tokens(x.into_primitive(), tokens))
            }
        }
    }
}

/// The backward pass of the mean.
#[derive(Debug)]
struct TokenMeanBackward {
    tokens: usize,
}

impl Backward<Flex, 1> for TokenMeanBackward {
    type State = ();

    fn backward(self, ops: Ops<(), 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let [Some(parent)] = ops.parents else { return };
        let (images, dim) = (grad.shape()[0], grad.shape()[1]);
        let mut dx = Buffer::uninitialised(images * self.tokens * dim);
        token_mean::backward(values(&grad), self.tokens, dim, &mut dx);
        grads.register::<Flex>(parent.id, from_buffer(dx, &[images * self.tokens, dim]));
    }
}
