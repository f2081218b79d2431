//! Gradients by name: summed over micro-batches, measured, clipped.

use std::collections::BTreeMap;

use bmae_kernels::gradient;
use bmae_kernels::profile::{self, Operation};
use bmae_nn::ops::CpuValues;
use burn::tensor::{Tensor, TensorData};

use crate::device_scalar::DeviceScalar;
use crate::ranks::Ranks;

/// Gradients by official parameter name, flattened, without autodiff.
pub type GradientMap = BTreeMap<String, Tensor<1>>;

/// Adds `other` to `sum`, parameter by parameter.
pub fn accumulate(sum: &mut GradientMap, other: GradientMap) {
    if sum.is_empty() {
        *sum = other;
        return;
    }
    let _timer = profile::time(Operation::Gradients);
    for (name, gradient) in other {
        let total = match sum.remove(&name) {
            Some(earlier) => added(earlier, gradient),
            None => gradient,
        };
        sum.insert(name, total);
    }
}

/// Replaces each gradient by its sum over all `ranks`, which all have gradients of the same parameters: in one flat buffer.
pub fn sum_over(ranks: &Ranks, gradients: &mut GradientMap) {
    if ranks.count() == 1 {
        return;
    }
    let _timer = profile::time(Operation::Gradients);
    let mut flat = ranks.buffer();
    let mut elsewhere = Vec::new();
    for gradient in gradients.values() {
        match CpuValues::of(gradient.clone()) {
            Ok(values) => flat.extend_from_slice(values.values()),
            Err(gradient) => elsewhere.push(gradient),
        }
    }
    if !elsewhere.is_empty() {
        flat.extend(Tensor::cat(elsewhere, 0).into_data().iter::<f32>());
    }
    ranks.sum(&mut flat);
    let mut left = flat.as_slice();
    let own = std::mem::take(gradients);
    *gradients = own
        .into_iter()
        .map(|(name, gradient)| {
            let (sums, rest) = left.split_at(gradient.dims()[0]);
            left = rest;
            (name, with_values(gradient, sums))
        })
        .collect();
    ranks.keep(flat);
}

/// `values` in place of those of `tensor`, as many.
fn with_values(tensor: Tensor<1>, values: &[f32]) -> Tensor<1> {
    match CpuValues::of(tensor) {
        Ok(mut flat) => {
            flat.values_mut().copy_from_slice(values);
            flat.into_tensor()
        }
        Err(tensor) => Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &tensor.device()),
    }
}

/// The Euclidean norm over all gradients together.
pub fn global_norm(gradients: &GradientMap) -> DeviceScalar {
    let _timer = profile::time(Operation::Gradients);
    let mut flats = Vec::with_capacity(gradients.len());
    let mut elsewhere = Vec::new();
    for tensor in gradients.values() {
        match CpuValues::of(tensor.clone()) {
            Ok(flat) => flats.push(flat),
            Err(tensor) => elsewhere.push(tensor),
        }
    }
    let values: Vec<&[f32]> = flats.iter().map(CpuValues::values).collect();
    let known = gradient::sum_of_squares(&values);
    match elsewhere.is_empty() {
        true => known.sqrt().into(),
        false => (sum_of_squares(elsewhere) + known).sqrt().into(),
    }
}

/// The sum of the squares of all numbers of `tensors` `[1]`.
fn sum_of_squares(tensors: Vec<Tensor<1>>) -> Tensor<1> {
    #[cfg(feature = "gpu")]
    if tensors.iter().all(bmae_nn::ops::is_updated_on_gpu) {
        return bmae_nn::ops::sum_of_squares_on_gpu(tensors);
    }
    Tensor::cat(tensors.into_iter().map(|tensor| (tensor.clone() * tensor).sum()).collect(), 0).sum()
}

/// What gradients are multiplied by so that their norm together is at most a maximum, as PyTorch's `clip_grad_norm_` does (1e-6 is added
/// to the norm).
#[derive(Debug, Clone)]
pub enum Clipping {
    /// By this, where it is below 1.
    By(f64),
    /// By what their norm, which only the device knows, says.
    OnDevice {
        /// The norm `[1]`; where it is no finite number, the gradients count as zeros.
        norm: Box<Tensor<1>>,
        /// The maximum; 0: there is none.
        maximum: f64,
    },
}

impl Clipping {
    /// None at all.
    pub const NONE: Self = Self::By(1.0);

    /// To at most `maximum` (0: to any) where `norm` is the [`global_norm`] of all.
    pub fn of(norm: &DeviceScalar, maximum: f64) -> Self {
        match norm.known() {
            Ok(norm) if maximum > 0.0 => Self::By(maximum / (norm + 1e-6)),
            Ok(_) => Self::NONE,
            Err(norm) => Self::OnDevice { norm: Box::new(norm), maximum },
        }
    }

    /// One of the gradients, clipped.
    pub fn apply(&self, gradient: Tensor<1>) -> Tensor<1> {
        let _timer = profile::time(Operation::Gradients);
        match self {
            Self::By(scale) if *scale < 1.0 => scaled(gradient, *scale),
            Self::By(_) => gradient,
            Self::OnDevice { norm, maximum } => {
                let scale = match *maximum > 0.0 {
                    true => ((Tensor::clone(norm) + 1e-6).recip() * *maximum).clamp_max(1.0),
                    false => norm.ones_like(),
                };
                // NaN is above no number, and infinity above this one.
                let is_finite = Tensor::clone(norm).lower_equal_elem(f32::MAX);
                let kept = is_finite.expand(gradient.shape());
                gradient.zeros_like().mask_where(kept, gradient * scale)
            }
        }
    }
}

fn added(sum: Tensor<1>, other: Tensor<1>) -> Tensor<1> {
    match CpuValues::pair(sum, other) {
        Ok((mut sum, other)) => {
            gradient::accumulate(sum.values_mut(), other.values());
            sum.into_tensor()
        }
        Err((sum, other)) => sum + other,
    }
}

fn scaled(tensor: Tensor<1>, factor: f64) -> Tensor<1> {
    match CpuValues::of(tensor) {
        Ok(mut flat) => {
            gradient::scale(flat.values_mut(), factor);
            flat.into_tensor()
        }
        Err(tensor) => tensor * factor,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimiser::flat;
    use burn::tensor::Device;

    fn gradients(values: &[(&str, &[f32])]) -> GradientMap {
        let device = Device::flex();
        values.iter().map(|(name, v)| ((*name).to_owned(), Tensor::from_floats(*v, &device))).collect()
    }

    #[test]
    fn micro_batches_add_up_and_may_differ_in_their_parameters() {
        let mut sum = gradients(&[("a", &[1.0, 2.0])]);
        accumulate(&mut sum, gradients(&[("a", &[0.5, -2.0]), ("b", &[4.0])]));
        assert_eq!(flat(&sum["a"]), [1.5, 0.0]);
        assert_eq!(flat(&sum["b"]), [4.0]);
    }

    #[test]
    fn clipping_scales_all_gradients_to_the_norm_and_never_up() {
        let mut large = gradients(&[("a", &[3.0]), ("b", &[4.0])]);
        let norm = global_norm(&large);
        assert!((norm.item() - 5.0).abs() < 1e-6);
        let clipping = Clipping::of(&norm, 1.0);
        large.values_mut().for_each(|gradient| *gradient = clipping.apply(gradient.clone()));
        assert!((global_norm(&large).item() - 1.0).abs() < 1e-6);

        let small = gradients(&[("a", &[0.3])]);
        assert_eq!(flat(&Clipping::of(&0.3.into(), 1.0).apply(small["a"].clone())), [0.3]);
        assert_eq!(flat(&Clipping::of(&9.0.into(), 0.0).apply(small["a"].clone())), [0.3], "0 is no maximum");
    }

    #[test]
    fn a_norm_that_only_the_device_knows_clips_the_same_and_one_that_is_no_number_leaves_zeros() {
        let device = Device::flex();
        let clipped = |norm: f32, maximum: f64| {
            let norm = Box::new(Tensor::from_floats([norm], &device));
            flat(&Clipping::OnDevice { norm, maximum }.apply(Tensor::from_floats([3.0, -4.0], &device)))
        };
        let expected = flat(&Clipping::of(&5.0.into(), 1.0).apply(Tensor::from_floats([3.0, -4.0], &device)));
        assert!(clipped(5.0, 1.0).iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{expected:?}");
        assert_eq!(clipped(5.0, 9.0), [3.0, -4.0]);
        assert_eq!(clipped(5.0, 0.0), [3.0, -4.0]);
        assert_eq!(clipped(f32::NAN, 0.0), [0.0, 0.0]);
        assert_eq!(clipped(f32::INFINITY, 1.0), [0.0, 0.0]);
    }
}
