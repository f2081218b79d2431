//! The GELU as one operation: what each backend that has kernels for it implements.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff)]
pub(crate) trait FusedGelu: Backend {
    /// As [`gelu`](super::gelu).
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;
}
