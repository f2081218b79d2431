//! The Linear of `bmae-kernels` on tensors of the CPU backend.

use bmae_architecture::Precision;
use bmae_kernels::linear;
use bmae_kernels::pool::Buffer;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, TensorMetadata, backend_extension};

use crate::ops::cpu_tensor::{CpuTensor, from_buffer, values};

#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedLinear: Backend {
    /// As [`linear`](super::linear).
    fn fused_linear(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl FusedLinear for Flex {
    fn fused_linear(x: CpuTensor, weight: CpuTensor, bias: CpuTensor) -> CpuTensor {
        let (x, weight, bias) = (x.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
        let (rows, outputs) = (x.shape()[0], values(&bias).len());
        let mut out = Buffer::uninitialised(rows * outputs);
        linear::forward(values(&x), values(&weight), values(&bias), Precision::F32, &mut out);
        from_buffer(out, &[rows, outputs])
    }
}

impl<C: CheckpointStrategy> FusedLinear for Autodiff<Flex, C> {
    fn fused_linear(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        match LinearBackward.prepare::<C>([x.node(), weight.node(), bias.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (x, weight) = (x.into_primitive().to_contiguous(), weight.into_primitive().to_contiguous());
                let out = Flex::fused_linear(x.clone(), weight.clone(), bias.into_primitive());
                prepared.finish((x, weight), out)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(Flex::fused_linear(x.into_primitive(), weight.into_primitive(), bias.into_primitive()))
            }
        }
    }
}

/// The backward pass of a Linear; saves x and the weight, both contiguous.
#[derive(Debug)]
struct LinearBackward;

impl Backward<Flex, 3> for LinearBackward {
    type State = (CpuTensor, CpuTensor);

    fn backward(self, ops: Ops<(CpuTensor, CpuTensor), 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let (x, weight) = ops.state;
        let (outputs, inputs) = (weight.shape()[0], weight.shape()[1]);
        let [of_x, of_weight, of_bias] = ops.parents;
        if let Some(parent) = of_x {
            let mut dx = Buffer::uninitialised(values(&x).len());
            linear::backward_input(values(&grad), values(&weight), outputs, Precision::F32, &mut dx);
            grads.register::<Flex>(parent.id, from_buffer(dx, &x.shape()));
        }
        if of_weight.is_some() || of_bias.is_some() {
            let [dw, db] = linear::backward_weights(values(&x), values(&grad), inputs, outputs, Precision::F32);
            if let Some(parent) = of_weight {
                grads.register::<Flex>(parent.id, from_buffer(dw, &[outputs, inputs]));
            }
            if let Some(parent) = of_bias {
                grads.register::<Flex>(parent.id, from_buffer(db, &[outputs]));
            }
        }
    }
}
