//! The LayerNorm of `bmae-kernels` on tensors of the CPU backend.

use bmae_kernels::layer_norm;
use bmae_kernels::pool::Buffer;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, TensorMetadata, backend_extension};

use crate::ops::cpu_tensor::{CpuTensor, from_buffer, from_vec, values};

#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedLayerNorm: Backend {
    /// As [`layer_norm`](super::layer_norm).
    fn fused_layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self>;
}

impl FusedLayerNorm for Flex {
    fn fused_layer_norm(x: CpuTensor, weight: CpuTensor, bias: CpuTensor, epsilon: f64) -> CpuTensor {
        let (x, weight, bias) = (x.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
        let mut out = Buffer::uninitialised(values(&x).len());
        layer_norm::forward(values(&x), values(&weight), values(&bias), epsilon as f32, &mut out);
        from_buffer(out, &x.shape())
    }
}

impl<C: CheckpointStrategy> FusedLayerNorm for Autodiff<Flex, C> {
    fn fused_layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        match LayerNormBackward.prepare::<C>([x.node(), weight.node(), bias.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (x, weight) = (x.into_primitive(), weight.into_primitive());
                let out = Flex::fused_layer_norm(x.clone(), weight.clone(), bias.into_primitive(), epsilon);
                prepared.finish((x, weight, epsilon), out)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(Flex::fused_layer_norm(
                x.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
                epsilon,
            )),
        }
    }
}

/// The backward pass of LayerNorm; saves x, the weight and epsilon.
#[derive(Debug)]
struct LayerNormBackward;

impl Backward<Flex, 3> for LayerNormBackward {
    type State = (CpuTensor, CpuTensor, f64);

    fn backward(self, ops: Ops<(CpuTensor, CpuTensor, f64), 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let (x, weight) = (ops.state.0.to_contiguous(), ops.state.1.to_contiguous());
        let width = values(&weight).len();
        let mut dx = Buffer::uninitialised(values(&x).len());
        let (mut dw, mut db) = (vec![0.0; width], vec![0.0; width]);
        layer_norm::backward(values(&x), values(&weight), ops.state.2 as f32, values(&grad), &mut dx, &mut dw, &mut db);
        let [of_x, of_weight, of_bias] = ops.parents;
        if let Some(parent) = of_x {
            grads.register::<Flex>(parent.id, from_buffer(dx, &x.shape()));
        }
        if let Some(parent) = of_weight {
            grads.register::<Flex>(parent.id, from_vec(dw, &[width]));
        }
        if let Some(parent) = of_bias {
            grads.register::<Flex>(parent.id, from_vec(db, &[width]));
        }
    }
}
