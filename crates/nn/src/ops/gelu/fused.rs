//! The GELU as one operation with its own backward pass, on every backend that has kernels for it.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, backend_extension};

/// What a backend computes.
pub(crate) trait GeluKernels: Backend {
    /// As [`gelu`](super::gelu).
    fn forward(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient for `x`, where the result has the gradient `grad`; both of one shape.
    fn backward(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff)]
pub(crate) trait FusedGelu: Backend {
    /// As [`gelu`](super::gelu).
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl<B: GeluKernels> FusedGelu for B {
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        B::forward(x)
    }
}

impl<B: GeluKernels, C: CheckpointStrategy> FusedGelu for Autodiff<B, C> {
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        match GeluBackward.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let x = x.into_primitive();
                prepared.finish(x.clone(), B::forward(x))
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::forward(x.into_primitive())),
        }
    }
}

/// The backward pass of the GELU; saves x.
#[derive(Debug)]
struct GeluBackward;

impl<B: GeluKernels> Backward<B, 1> for GeluBackward {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<FloatTensor<B>, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [Some(parent)] = ops.parents else { return };
        grads.register::<B>(parent.id, B::backward(ops.state, grad));
    }
}
