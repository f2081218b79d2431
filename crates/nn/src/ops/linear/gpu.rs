//! The Linear in single precision on tensors of the CubeCL backend: Burn's products, and the gradient of the bias by a kernel of ours.

use bmae_architecture::Precision;
use burn::backend::TensorMetadata;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::Shape;
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::fused::LinearKernels;
use crate::ops::gpu_rows::column_sums;

impl LinearKernels for CubeBackend {
    fn forward(x: CubeTensor, weight: CubeTensor, bias: CubeTensor, _: Precision) -> CubeTensor {
        let outputs = bias.shape()[0];
        let products = Self::float_matmul(x, Self::float_transpose(weight));
        Self::float_add(products, Self::float_reshape(bias, Shape::new([1, outputs])))
    }

    fn backward_input(weight: &CubeTensor, _: Precision, grad: &CubeTensor) -> CubeTensor {
        Self::float_matmul(grad.clone(), weight.clone())
    }

    fn backward_weights(x: &CubeTensor, _: Precision, grad: &CubeTensor) -> [CubeTensor; 2] {
        let of_weight = Self::float_matmul(Self::float_transpose(grad.clone()), x.clone());
        [of_weight, column_sums(into_contiguous(grad.clone()))]
    }
}
