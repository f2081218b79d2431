//! Tensors of the CPU backend as the kernels see them: slices in, buffers of the kernels' pool out, which go back there
//! when nothing refers to them.

use bmae_kernels::pool::Buffer;
use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{AllocationProperty, Bytes, DType, TensorData};

/// A tensor of the CPU backend.
pub(super) type CpuTensor = FloatTensor<Flex>;

/// The values of a contiguous tensor.
///
/// # Panics
/// Never here: callers made it contiguous, and [`runs_fused`](super::choice::runs_fused) has checked the type.
pub(super) fn values(tensor: &CpuTensor) -> &[f32] {
    tensor.as_slice().expect("a contiguous tensor of f32")
}

/// A few `values` as a tensor of `shape`.
pub(super) fn from_vec(values: Vec<f32>, shape: &[usize]) -> CpuTensor {
    CpuTensor::from_data(TensorData::new(values, shape.to_vec()))
}

/// `values` as a tensor of `shape`. Whoever writes to it later gets a copy.
///
/// # Panics
/// When `values` is not as long as `shape` says.
pub(super) fn from_buffer(values: Buffer, shape: &[usize]) -> CpuTensor {
    let bytes = Bytes::from_shared(bytes::Bytes::from_owner(Owner(values)), AllocationProperty::Native);
    CpuTensor::from_data(TensorData::from_bytes(bytes, shape.to_vec(), DType::F32))
}

struct Owner(Buffer);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::TensorMetadata;
    use burn::tensor::Tensor;

    use super::*;

    #[test]
    fn values_stay_where_the_buffer_has_them_and_a_writer_gets_a_copy() {
        let mut buffer = Buffer::uninitialised(6);
        buffer.copy_from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let place = buffer.as_ptr();
        let tensor = from_buffer(buffer, &[2, 3]);
        assert_eq!(values(&tensor).as_ptr(), place);
        assert_eq!(*tensor.shape(), [2, 3]);

        let mut written = tensor.clone();
        written.storage_mut::<f32>()[0] = 9.0;
        assert_eq!(values(&written), [9.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(values(&tensor), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let mut alone = tensor;
        alone.storage_mut::<f32>()[5] = 7.0;
        assert_eq!(values(&alone), [1.0, 2.0, 3.0, 4.0, 5.0, 7.0]);
        let sum = Tensor::<2>::from_primitive::<Flex>(alone) + 1.0;
        assert_eq!(sum.into_data().try_into_vec::<f32>().expect("floats"), [2.0, 3.0, 4.0, 5.0, 6.0, 8.0]);
    }
}
