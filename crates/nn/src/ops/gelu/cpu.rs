//! The GELU of `bmae-kernels` on tensors of the CPU backend.

use bmae_kernels::gelu;
use bmae_kernels::pool::Buffer;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};

use super::fused::FusedGelu;
use crate::ops::cpu_tensor::{CpuTensor, from_buffer, values};

impl FusedGelu for Flex {
    fn fused_gelu(x: CpuTensor) -> CpuTensor {
        let x = x.to_contiguous();
        let mut out = Buffer::uninitialised(values(&x).len());
        gelu::forward(values(&x), &mut out);
        from_buffer(out, &x.shape())
    }
}

impl<C: CheckpointStrategy> FusedGelu for Autodiff<Flex, C> {
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        match GeluBackward.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let x = x.into_primitive();
                prepared.finish(x.clone(), Flex::fused_gelu(x))
            }
            OpsKind::UnTracked(prepared) => prepared.finish(Flex::fused_gelu(x.into_primitive())),
        }
    }
}

/// The backward pass of the GELU; saves x.
#[derive(Debug)]
struct GeluBackward;

impl Backward<Flex, 1> for GeluBackward {
    type State = CpuTensor;

    fn backward(self, ops: Ops<CpuTensor, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let [Some(parent)] = ops.parents else { return };
        let x = ops.state.to_contiguous();
        let mut dx = Buffer::uninitialised(values(&x).len());
        gelu::backward(values(&x), values(&grad), &mut dx);
        grads.register::<Flex>(parent.id, from_buffer(dx, &x.shape()));
    }
}
