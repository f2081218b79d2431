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
    for gradient in gradients.values() {
        match CpuValues::of(gradient.clone()) {
            Ok(values) => flat.extend_from_slice(values.values()),
            Err(gradient) => flat.extend(gradient.to_data().iter::<f32>()),
        }
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
            Err(tensor) => elsewhere.push((tensor.clone() * tensor).sum()),
        }
    }
    let values: Vec<&[f32]> = flats.iter().map(CpuValues::values).collect();
    let known = gradient::sum_of_squares(&values);
    match elsewhere.is_empty() {
        true => known.sqrt().into(),
        false => (Tensor::cat(elsewhere, 0).sum() + known).sqrt().into(),
    }
}

/// Scales all gradients so that their norm together is at most `maximum`, as PyTorch's `clip_grad_norm_` does
/// (1e-6 is added to the norm; 0: they are not clipped). `norm` is their [`global_norm`]. Where it is not known yet and turns
/// out to be no finite number, they become zeros.
pub fn clip(gradients: &mut GradientMap, norm: &DeviceScalar, maximum: f64) {
    let _timer = profile::time(Operation::Gradients);
    match norm.known() {
        Ok(norm) => {
            let scale = if maximum > 0.0 { maximum / (norm + 1e-6) } else { 1.0 };
            if scale < 1.0 {
                let all = std::mem::take(gradients);
                *gradients = all.into_iter().map(|(name, gradient)| (name, scaled(gradient, scale))).collect();
            }
        }
        Err(norm) => {
            let scale = match maximum > 0.0 {
                true => ((norm.clone() + 1e-6).recip() * maximum).clamp_max(1.0),
                false => norm.ones_like(),
            };
            // NaN is above no number, and infinity above this one.
            let is_finite = norm.lower_equal_elem(f32::MAX);
            for gradient in gradients.values_mut() {
                let shape = gradient.shape();
                let zeros = gradient.zeros_like();
                let kept = is_finite.clone().expand(shape);
                *gradient = zeros.mask_where(kept, gradient.clone() * scale.clone());
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
        clip(&mut large, &norm, 1.0);
        assert!((global_norm(&large).item() - 1.0).abs() < 1e-6);

        let mut small = gradients(&[("a", &[0.3])]);
        clip(&mut small, &0.3.into(), 1.0);
        assert_eq!(flat(&small["a"]), [0.3]);
    }
}
