//! The attention of `bmae-kernels` on tensors of the CPU backend.

use bmae_kernels::attention::{self, AttentionSizes};
use bmae_kernels::pool::Buffer;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, TensorMetadata, backend_extension};

use crate::ops::cpu_tensor::{CpuTensor, from_buffer, values};

#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedAttention: Backend {
    /// As [`attention`](super::attention).
    fn fused_attention(qkv: FloatTensor<Self>, tokens: usize, heads: usize) -> FloatTensor<Self>;
}

impl FusedAttention for Flex {
    fn fused_attention(qkv: CpuTensor, tokens: usize, heads: usize) -> CpuTensor {
        let qkv = qkv.to_contiguous();
        let (rows, sizes) = sizes(&qkv, tokens, heads);
        let mut out = Buffer::uninitialised(rows * sizes.dim);
        attention::forward(values(&qkv), sizes, &mut out);
        from_buffer(out, &[rows, sizes.dim])
    }
}

impl<C: CheckpointStrategy> FusedAttention for Autodiff<Flex, C> {
    fn fused_attention(qkv: FloatTensor<Self>, tokens: usize, heads: usize) -> FloatTensor<Self> {
        match (AttentionBackward { tokens, heads }).prepare::<C>([qkv.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let qkv = qkv.into_primitive();
                prepared.finish(qkv.clone(), Flex::fused_attention(qkv, tokens, heads))
            }
            OpsKind::UnTracked(prepared) => prepared.finish(Flex::fused_attention(qkv.into_primitive(), tokens, heads)),
        }
    }
}

/// The backward pass of attention; saves qkv.
#[derive(Debug)]
struct AttentionBackward {
    tokens: usize,
    heads: usize,
}

impl Backward<Flex, 1> for AttentionBackward {
    type State = CpuTensor;

    fn backward(self, ops: Ops<CpuTensor, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let [Some(parent)] = ops.parents else { return };
        let qkv = ops.state.to_contiguous();
        let (_, sizes) = sizes(&qkv, self.tokens, self.heads);
        let mut dqkv = Buffer::uninitialised(values(&qkv).len());
        attention::backward(values(&qkv), sizes, values(&grad), &mut dqkv);
        grads.register::<Flex>(parent.id, from_buffer(dqkv, &qkv.shape()));
    }
}

/// Rows of qkv [N*T, 3D], and the sizes of the attention.
fn sizes(qkv: &CpuTensor, tokens: usize, heads: usize) -> (usize, AttentionSizes) {
    let shape = qkv.shape();
    (shape[0], AttentionSizes { tokens, dim: shape[1] / 3, heads })
}
