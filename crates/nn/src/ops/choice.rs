//! Which of an operation's two forms runs: the fused one of the CPU, or the one composed of Burn's own operations.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use burn::backend::DispatchDevice;
use burn::tensor::{DType, Device, Tensor};

/// `BMAE_OPS=composed` switches the fused operations off from the start, so that one machine tests both.
static FUSED: LazyLock<AtomicBool> =
    LazyLock::new(|| AtomicBool::new(std::env::var_os("BMAE_OPS").is_none_or(|ops| ops != "composed")));

/// Lets the whole process use the fused operations on the CPU, or the composed ones everywhere: for whoever compares
/// the two. What a recorded forward pass used, its backward pass uses too.
pub fn set_fused(fused: bool) {
    FUSED.store(fused, Relaxed);
}

/// Whether the fused operations are used where there are some: yes, unless `BMAE_OPS=composed` or [`set_fused`] say
/// otherwise.
pub fn is_fused() -> bool {
    FUSED.load(Relaxed)
}

/// Whether operations on `tensor` are fused: it lies on the CPU in single precision, and [`is_fused`].
pub(super) fn runs_fused<const D: usize>(tensor: &Tensor<D>) -> bool {
    is_fused() && tensor.dtype() == DType::F32 && is_processor(&tensor.device())
}

/// Whether `device`, with autodiff or without, is the processor.
pub fn is_processor(device: &Device) -> bool {
    matches!(device.clone().inner().as_dispatch(), DispatchDevice::Flex(_))
}

/// Whether operations on `tensor` that have kernels for GPUs are made by them: it lies on one in single precision, and
/// [`is_fused`].
#[cfg(feature = "gpu")]
pub(super) fn runs_on_gpu<const D: usize>(tensor: &Tensor<D>) -> bool {
    let is_gpu = |device: Device| matches!(device.inner().as_dispatch(), DispatchDevice::Cube(_));
    is_fused() && tensor.dtype() == DType::F32 && is_gpu(tensor.device())
}

/// In this build nothing lies on a GPU.
#[cfg(not(feature = "gpu"))]
pub(super) fn runs_on_gpu<const D: usize>(_: &Tensor<D>) -> bool {
    false
}
