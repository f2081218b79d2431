//! The mean squared error of `bmae-kernels` on tensors of the CPU backend.

use bmae_kernels::pool::Buffer;
use bmae_kernels::squared_error;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, TensorMetadata, backend_extension};

use crate::ops::cpu_tensor::{CpuTensor, from_buffer, from_vec, values};

#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedSquaredError: Backend {
    /// As [`mean_squared_error`](super::mean_squared_error).
    fn fused_mean_squared_error(prediction: FloatTensor<Self>, target: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl FusedSquaredError for Flex {
    fn fused_mean_squared_error(prediction: CpuTensor, target: CpuTensor) -> CpuTensor {
        let (prediction, target) = (prediction.to_contiguous(), target.to_contiguous());
        from_vec(vec![squared_error::mean(values(&prediction), values(&target)) as f32], &[1])
    }
}

impl<C: CheckpointStrategy> FusedSquaredError for Autodiff<Flex, C> {
    fn fused_mean_squared_error(prediction: FloatTensor<Self>, target: FloatTensor<Self>) -> FloatTensor<Self> {
        match SquaredErrorBackward.prepare::<C>([prediction.node(), target.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (prediction, target) = (prediction.into_primitive(), target.into_primitive());
                let out = Flex::fused_mean_squared_error(prediction.clone(), target.clone());
                prepared.finish((prediction, target), out)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(Flex::fused_mean_squared_error(prediction.into_primitive(), target.into_primitive()))
            }
        }
    }
}

/// The backward pass of the mean squared error; saves both.
#[derive(Debug)]
struct SquaredErrorBackward;

impl Backward<Flex, 2> for SquaredErrorBackward {
    type State = (CpuTensor, CpuTensor);

    fn backward(self, ops: Ops<(CpuTensor, CpuTensor), 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let (prediction, target) = (ops.state.0.to_contiguous(), ops.state.1.to_contiguous());
        let [of_prediction, of_target] = ops.parents;
        for (parent, one, other) in [(of_prediction, &prediction, &target), (of_target, &target, &prediction)] {
            let Some(parent) = parent else { continue };
            let mut out = Buffer::uninitialised(values(one).len());
            squared_error::backward(values(one), values(other), values(&grad)[0], &mut out);
            grads.register::<Flex>(parent.id, from_buffer(out, &one.shape()));
        }
    }
}
