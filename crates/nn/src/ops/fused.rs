//! The operations that `bmae-kernels` does in one pass on the CPU, put into Burn by its extension mechanism.
//!
//! Burn's CPU backend composes the gradients of these three from many elementwise passes on one thread each; here each has
//! a hand-written forward and backward pass over all threads. The rest of the crate sees none of this: the functions beside
//! this file choose by device, and compose the operation from Burn's own elsewhere.
//!
//! Every operation saves its input for the backward pass and nothing else; without autodiff nothing is saved.

use bmae_kernels::attention::{self, Sizes};
use bmae_kernels::pool::Buffer;
use bmae_kernels::{gelu, layer_norm};
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, DispatchDevice, Flex, TensorMetadata, backend_extension};
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::block::{self, BlockBackward, BlockPass};
use super::layer_norm::EPSILON;
use super::pooled::pooled;

/// A tensor of the CPU backend.
pub(super) type Cpu = FloatTensor<Flex>;

/// The fused operations of a backend.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait Fused: Backend {
    /// As [`super::gelu`].
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;
    /// As [`super::layer_norm`].
    fn fused_layer_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self>;
    /// As [`super::attention`].
    fn fused_attention(qkv: FloatTensor<Self>, tokens: usize, heads: usize) -> FloatTensor<Self>;
    /// As [`super::block`].
    #[allow(clippy::too_many_arguments)]
    fn fused_block(
        x: FloatTensor<Self>,
        norm1_weight: FloatTensor<Self>,
        norm1_bias: FloatTensor<Self>,
        qkv_weight: FloatTensor<Self>,
        qkv_bias: FloatTensor<Self>,
        proj_weight: FloatTensor<Self>,
        proj_bias: FloatTensor<Self>,
        norm2_weight: FloatTensor<Self>,
        norm2_bias: FloatTensor<Self>,
        fc1_weight: FloatTensor<Self>,
        fc1_bias: FloatTensor<Self>,
        fc2_weight: FloatTensor<Self>,
        fc2_bias: FloatTensor<Self>,
        pass: BlockPass,
    ) -> FloatTensor<Self>;
}

/// Whether `tensor` lies where the fused operations run, on the CPU, in single precision, and they are wanted
/// ([`super::set_fused`]).
pub(super) fn applies<const D: usize>(tensor: &Tensor<D>) -> bool {
    fn is_cpu(device: &Device) -> bool {
        matches!(device.clone().inner().as_dispatch(), DispatchDevice::Flex(_))
    }
    super::is_fused() && tensor.dtype() == DType::F32 && is_cpu(&tensor.device())
}

impl Fused for Flex {
    fn fused_gelu(x: Cpu) -> Cpu {
        let x = x.to_contiguous();
        let mut out = Buffer::uninitialised(values(&x).len());
        gelu::forward(values(&x), &mut out);
        pooled(out, &x.shape())
    }

    fn fused_layer_norm(x: Cpu, weight: Cpu, bias: Cpu) -> Cpu {
        let (x, weight, bias) = (x.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
        let mut out = Buffer::uninitialised(values(&x).len());
        layer_norm::forward(values(&x), values(&weight), values(&bias), EPSILON as f32, &mut out);
        pooled(out, &x.shape())
    }

    fn fused_attention(qkv: Cpu, tokens: usize, heads: usize) -> Cpu {
        let qkv = qkv.to_contiguous();
        let (rows, sizes) = sizes(&qkv, tokens, heads);
        let mut out = Buffer::uninitialised(rows * sizes.dim);
        attention::forward(values(&qkv), sizes, &mut out);
        pooled(out, &[rows, sizes.dim])
    }

    fn fused_block(
        x: Cpu,
        norm1_weight: Cpu,
        norm1_bias: Cpu,
        qkv_weight: Cpu,
        qkv_bias: Cpu,
        proj_weight: Cpu,
        proj_bias: Cpu,
        norm2_weight: Cpu,
        norm2_bias: Cpu,
        fc1_weight: Cpu,
        fc1_bias: Cpu,
        fc2_weight: Cpu,
        fc2_bias: Cpu,
        pass: BlockPass,
    ) -> Cpu {
        let parameters = [
            norm1_weight,
            norm1_bias,
            qkv_weight,
            qkv_bias,
            proj_weight,
            proj_bias,
            norm2_weight,
            norm2_bias,
            fc1_weight,
            fc1_bias,
            fc2_weight,
            fc2_bias,
        ];
        block::plain_forward(x, parameters, &pass)
    }
}

impl<C: CheckpointStrategy> Fused for Autodiff<Flex, C> {
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        match Gelu.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let x = x.into_primitive();
                prepared.finish(x.clone(), Flex::fused_gelu(x))
            }
            OpsKind::UnTracked(prepared) => prepared.finish(Flex::fused_gelu(x.into_primitive())),
        }
    }

    fn fused_layer_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        match LayerNorm.prepare::<C>([x.node(), weight.node(), bias.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (x, weight) = (x.into_primitive(), weight.into_primitive());
                let out = Flex::fused_layer_norm(x.clone(), weight.clone(), bias.into_primitive());
                prepared.finish((x, weight), out)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(Flex::fused_layer_norm(
                x.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
            )),
        }
    }

    fn fused_attention(qkv: FloatTensor<Self>, tokens: usize, heads: usize) -> FloatTensor<Self> {
        match (Attention { tokens, heads }).prepare::<C>([qkv.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let qkv = qkv.into_primitive();
                prepared.finish(qkv.clone(), Flex::fused_attention(qkv, tokens, heads))
            }
            OpsKind::UnTracked(prepared) => prepared.finish(Flex::fused_attention(qkv.into_primitive(), tokens, heads)),
        }
    }

    fn fused_block(
        x: FloatTensor<Self>,
        norm1_weight: FloatTensor<Self>,
        norm1_bias: FloatTensor<Self>,
        qkv_weight: FloatTensor<Self>,
        qkv_bias: FloatTensor<Self>,
        proj_weight: FloatTensor<Self>,
        proj_bias: FloatTensor<Self>,
        norm2_weight: FloatTensor<Self>,
        norm2_bias: FloatTensor<Self>,
        fc1_weight: FloatTensor<Self>,
        fc1_bias: FloatTensor<Self>,
        fc2_weight: FloatTensor<Self>,
        fc2_bias: FloatTensor<Self>,
        pass: BlockPass,
    ) -> FloatTensor<Self> {
        let parameters = [
            norm1_weight,
            norm1_bias,
            qkv_weight,
            qkv_bias,
            proj_weight,
            proj_bias,
            norm2_weight,
            norm2_bias,
            fc1_weight,
            fc1_bias,
            fc2_weight,
            fc2_bias,
        ];
        let [n1w, n1b, qw, qb, pw, pb, n2w, n2b, f1w, f1b, f2w, f2b] =
            parameters.each_ref().map(|tensor| tensor.node());
        let nodes = [x.node(), n1w, n1b, qw, qb, pw, pb, n2w, n2b, f1w, f1b, f2w, f2b];
        let parameters = parameters.map(|tensor| tensor.into_primitive());
        match BlockBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (out, state) = block::kept_forward(x.into_primitive(), parameters, pass);
                prepared.finish(state, out)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(block::plain_forward(x.into_primitive(), parameters, &pass))
            }
        }
    }
}

/// The backward pass of the GELU; keeps x.
#[derive(Debug)]
struct Gelu;

impl Backward<Flex, 1> for Gelu {
    type State = Cpu;

    fn backward(self, ops: Ops<Cpu, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let [Some(parent)] = ops.parents else { return };
        let x = ops.state.to_contiguous();
        let mut dx = Buffer::uninitialised(values(&x).len());
        gelu::backward(values(&x), values(&grad), &mut dx);
        grads.register::<Flex>(parent.id, pooled(dx, &x.shape()));
    }
}

/// The backward pass of LayerNorm; keeps x and the weight.
#[derive(Debug)]
struct LayerNorm;

impl Backward<Flex, 3> for LayerNorm {
    type State = (Cpu, Cpu);

    fn backward(self, ops: Ops<(Cpu, Cpu), 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let (x, weight) = (ops.state.0.to_contiguous(), ops.state.1.to_contiguous());
        let width = values(&weight).len();
        let mut dx = Buffer::uninitialised(values(&x).len());
        let (mut dw, mut db) = (vec![0.0; width], vec![0.0; width]);
        layer_norm::backward(values(&x), values(&weight), EPSILON as f32, values(&grad), &mut dx, &mut dw, &mut db);
        let [of_x, of_weight, of_bias] = ops.parents;
        if let Some(parent) = of_x {
            grads.register::<Flex>(parent.id, pooled(dx, &x.shape()));
        }
        if let Some(parent) = of_weight {
            grads.register::<Flex>(parent.id, tensor(dw, &[width]));
        }
        if let Some(parent) = of_bias {
            grads.register::<Flex>(parent.id, tensor(db, &[width]));
        }
    }
}

/// The backward pass of attention; keeps qkv.
#[derive(Debug)]
struct Attention {
    tokens: usize,
    heads: usize,
}

impl Backward<Flex, 1> for Attention {
    type State = Cpu;

    fn backward(self, ops: Ops<Cpu, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let [Some(parent)] = ops.parents else { return };
        let qkv = ops.state.to_contiguous();
        let (_, sizes) = sizes(&qkv, self.tokens, self.heads);
        let mut dqkv = Buffer::uninitialised(values(&qkv).len());
        attention::backward(values(&qkv), sizes, values(&grad), &mut dqkv);
        grads.register::<Flex>(parent.id, pooled(dqkv, &qkv.shape()));
    }
}

/// Rows of qkv [N*T, 3D], and the sizes of the attention.
fn sizes(qkv: &Cpu, tokens: usize, heads: usize) -> (usize, Sizes) {
    let shape = qkv.shape();
    (shape[0], Sizes { tokens, dim: shape[1] / 3, heads })
}

/// The values of a contiguous tensor.
///
/// # Panics
/// Never here: callers made it contiguous, and `applies` has checked the type.
pub(super) fn values(tensor: &Cpu) -> &[f32] {
    tensor.as_slice().expect("a contiguous tensor of f32")
}

pub(super) fn tensor(values: Vec<f32>, shape: &[usize]) -> Cpu {
    Cpu::from_data(TensorData::new(values, shape.to_vec()))
}
