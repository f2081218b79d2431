//! LayerNorm as one operation with its own backward pass, on every backend that has kernels for it.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, backend_extension};

/// What a backend computes.
pub(crate) trait LayerNormKernels: Backend {
    /// As [`layer_norm`](super::layer_norm).
    fn forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self>;

    /// The gradients for `x` [R, D], `weight` [D] and the bias [D], where the result has the gradient `grad` [R, D].
    fn backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        epsilon: f64,
        grad: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3];
}

#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff)]
pub(crate) trait FusedLayerNorm: Backend {
    /// As [`layer_norm`](super::layer_norm).
    fn fused_layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self>;
}

impl<B: LayerNormKernels> FusedLayerNorm for B {
    fn fused_layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        B::forward(x, weight, bias, epsilon)
    }
}

impl<B: LayerNormKernels, C: CheckpointStrategy> FusedLayerNorm for Autodiff<B, C> {
    fn fused_layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        match LayerNormBackward.prepare::<C>([x.node(), weight.node(), bias.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (x, weight) = (x.into_primitive(), weight.into_primitive());
                let out = B::forward(x.clone(), weight.clone(), bias.into_primitive(), epsilon);
                prepared.finish((x, weight, epsilon), out)
            }
            OpsKind::UnTracked(prepared) => {
                let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.into_primitive());
                prepared.finish(B::forward(x, weight, bias, epsilon))
            }
        }
    }
}

/// The backward pass of LayerNorm; saves x, the weight and epsilon.
#[derive(Debug)]
struct LayerNormBackward;

impl<B: LayerNormKernels> Backward<B, 3> for LayerNormBackward {
    type State = (FloatTensor<B>, FloatTensor<B>, f64);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (x, weight, epsilon) = ops.state;
        for (parent, gradient) in ops.parents.into_iter().zip(B::backward(x, weight, epsilon, grad)) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}
