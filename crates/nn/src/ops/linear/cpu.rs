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
    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        precision: Precision,
    ) -> FloatTensor<Self>;
}

impl FusedLinear for Flex {
    fn fused_linear(x: CpuTensor, weight: CpuTensor, bias: CpuTensor, precision: Precision) -> CpuTensor {
        let (x, weight, bias) = (x.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
        let (rows, outputs) = (x.shape()[0], values(&bias).len());
        let mut out = Buffer::uninitialised(rows * outputs);
        linear::forward(values(&x), values(&weight), values(&bias), precision, &mut out);
        from_buffer(out, &[rows, outputs])
    }
}

impl<C: CheckpointStrategy> FusedLinear for Autodiff<Flex, C> {
    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        precision: Precision,
    ) -> FloatTensor<Self> {
        match LinearBackward.prepare::<C>([x.node(), weight.node(), bias.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (x, weight) = (x.into_primitive().to_contiguous(), weight.into_primitive().to_contiguous());
                let out = Flex::fused_linear(x.clone(), weight.clone(), bias.into_primitive(), precision);
                prepared.finish(State { x, weight, precision }, out)
            }
            OpsKind::UnTracked(prepared) => {
                let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.into_primitive());
                prepared.finish(Flex::fused_linear(x, weight, bias, precision))
            }
        }
    }
}

/// What a forward pass leaves for the backward pass; the tensors are contiguous.
#[derive(Debug, Clone)]
struct State {
    x: CpuTensor,
    weight: CpuTensor,
    precision: Precision,
}

/// The backward pass of a Linear.
#[derive(Debug)]
struct LinearBackward;

impl Backward<Flex, 3> for LinearBackward {
    type State = State;

    fn backward(self, ops: Ops<State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let State { x, weight, precision } = ops.state;
        let (outputs, inputs) = (weight.shape()[0], weight.shape()[1]);
        let [of_x, of_weight, of_bias] = ops.parents;
        if let Some(parent) = of_x {
            let mut dx = Buffer::uninitialised(values(&x).len());
            linear::backward_input(values(&grad), values(&weight), outputs, precision, &mut dx);
            grads.register::<Flex>(parent.id, from_buffer(dx, &x.shape()));
        }
        if of_weight.is_some() || of_bias.is_some() {
            let [dw, db] = linear::backward_weights(values(&x), values(&grad), inputs, outputs, precision);
            if let Some(parent) = of_weight {
                grads.register::<Flex>(parent.id, from_buffer(dw, &[outputs, inputs]));
            }
            if let Some(parent) = of_bias {
                grads.register::<Flex>(parent.id, from_buffer(db, &[outputs]));
            }
        }
    }
}
