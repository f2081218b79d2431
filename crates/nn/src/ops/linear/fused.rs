//! The Linear as one operation with its own backward pass, on every backend that has kernels for it.

use bmae_architecture::Precision;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, backend_extension};

/// What a backend computes.
pub(crate) trait LinearKernels: Backend {
    /// As [`linear`](super::linear).
    fn forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        precision: Precision,
    ) -> FloatTensor<Self>;

    /// The gradient of x [R, in], where the result has the gradient `grad` [R, out].
    fn backward_input(weight: &FloatTensor<Self>, precision: Precision, grad: &FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradients of the weight [out, in] and the bias `[out]`.
    fn backward_weights(
        x: &FloatTensor<Self>,
        precision: Precision,
        grad: &FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 2];
}

#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff)]
pub(crate) trait FusedLinear: Backend {
    /// As [`linear`](super::linear).
    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        precision: Precision,
    ) -> FloatTensor<Self>;
}

impl<B: LinearKernels> FusedLinear for B {
    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        precision: Precision,
    ) -> FloatTensor<Self> {
        B::forward(x, weight, bias, precision)
    }
}

impl<B: LinearKernels, C: CheckpointStrategy> FusedLinear for Autodiff<B, C> {
    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        precision: Precision,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.into_primitive());
        match LinearBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                prepared.finish((x.clone(), weight.clone(), precision), B::forward(x, weight, bias, precision))
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::forward(x, weight, bias, precision)),
        }
    }
}

/// The backward pass of a Linear; saves x and the weight.
#[derive(Debug)]
struct LinearBackward;

impl<B: LinearKernels> Backward<B, 3> for LinearBackward {
    type State = (FloatTensor<B>, FloatTensor<B>, Precision);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (x, weight, precision) = ops.state;
        let [of_x, of_weight, of_bias] = ops.parents;
        if let Some(parent) = of_x {
            grads.register::<B>(parent.id, B::backward_input(&weight, precision, &grad));
        }
        if of_weight.is_some() || of_bias.is_some() {
            let gradients = B::backward_weights(&x, precision, &grad);
            for (parent, gradient) in [of_weight, of_bias].into_iter().zip(gradients) {
                if let Some(parent) = parent {
                    grads.register::<B>(parent.id, gradient);
                }
            }
        }
    }
}
