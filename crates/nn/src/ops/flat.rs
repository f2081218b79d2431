//! The values of a flattened tensor in place, where the CPU holds them.

use burn::backend::Flex;
use burn::tensor::Tensor;

use super::choice::runs_fused;
use super::cpu_tensor::CpuTensor;

/// A flattened tensor of the CPU, without autodiff, whose values can be read and changed where they lie.
#[derive(Debug)]
pub struct CpuValues(CpuTensor);

impl CpuValues {
    /// `tensor`, or `tensor` itself again where it lies elsewhere, is not single precision, or the fused operations are
    /// off ([`set_fused`](super::set_fused)).
    ///
    /// # Panics
    /// When `tensor` has autodiff.
    #[expect(clippy::result_large_err, reason = "it is the tensor itself, handed back, not an error that travels")]
    pub fn of(tensor: Tensor<1>) -> Result<Self, Tensor<1>> {
        if !runs_fused(&tensor) {
            return Err(tensor);
        }
        assert!(!tensor.is_autodiff(), "a tensor without autodiff");
        // What is contiguous already stays where it is; the borrowed second handle dies here.
        let contiguous = tensor
            .try_into_primitive::<Flex>()
            .map(|primitive| primitive.to_contiguous())
            .expect("runs_fused() has looked");
        Ok(Self(contiguous))
    }

    /// Two tensors, both or none.
    ///
    /// # Panics
    /// When one has autodiff.
    #[expect(clippy::result_large_err, reason = "it is the tensor itself, handed back, not an error that travels")]
    pub fn pair(one: Tensor<1>, other: Tensor<1>) -> Result<(Self, Self), (Tensor<1>, Tensor<1>)> {
        match (Self::of(one), Self::of(other)) {
            (Ok(one), Ok(other)) => Ok((one, other)),
            (Ok(one), Err(other)) => Err((one.into_tensor(), other)),
            (Err(one), Ok(other)) => Err((one, other.into_tensor())),
            (Err(one), Err(other)) => Err((one, other)),
        }
    }

    /// The values.
    pub fn values(&self) -> &[f32] {
        self.0.storage::<f32>()
    }

    /// The values, to be changed: where they lie if nothing else refers to them, else in a copy.
    pub fn values_mut(&mut self) -> &mut [f32] {
        self.0.storage_mut::<f32>()
    }

    /// The tensor again.
    pub fn into_tensor(self) -> Tensor<1> {
        Tensor::from_primitive::<Flex>(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn flat(tensor: &Tensor<1>) -> CpuValues {
        CpuValues::of(tensor.clone()).expect("on the CPU")
    }

    #[test]
    fn values_of_a_sole_owner_are_changed_where_they_lie() {
        let mut owned = CpuValues::of(Tensor::from_floats([1.0, 2.0, 3.0], &Device::flex())).expect("on the CPU");
        let place = owned.values().as_ptr();
        owned.values_mut()[1] = 5.0;
        let tensor = owned.into_tensor();
        assert_eq!(flat(&tensor).values(), [1.0, 5.0, 3.0]);
        let there_and_back = tensor.reshape([3, 1]).reshape([3]);
        assert_eq!(CpuValues::of(there_and_back).expect("on the CPU").values_mut().as_ptr(), place);
    }

    #[test]
    fn a_second_owner_keeps_its_values_and_a_part_is_only_the_part() {
        let tensor = Tensor::<1>::from_floats([1.0, 2.0, 3.0], &Device::flex());
        let mut second = flat(&tensor);
        second.values_mut()[0] = 7.0;
        assert_eq!(flat(&tensor).values(), [1.0, 2.0, 3.0]);
        assert_eq!(flat(&tensor.clone().narrow(0, 0, 2)).values(), [1.0, 2.0]);
        assert_eq!(flat(&tensor.narrow(0, 1, 2)).values(), [2.0, 3.0]);
    }
}
