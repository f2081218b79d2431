//! Whether the fused operations compute what the composed ones compute.

use bmae_architecture::Precision;
use bmae_nn::ops::set_fused;
use burn::tensor::{Device, Tensor};

use super::learner::BenchLearner;
use crate::TrainError;
use crate::optimiser::GradientMap;

/// How far the two may be apart.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Of the loss, relative.
    loss: f64,
    /// Of a gradient, relative to its tensor's largest entry.
    gradient: f64,
}

impl Limits {
    fn of(precision: Precision) -> Self {
        match precision {
            // A few roundings of a mean over thousands; what the golden tests allow.
            Precision::F32 => Self { loss: 1e-5, gradient: 1e-3 },
            // A factor whose last bits the two compute differently may round to the neighbour, 2^-8 of itself away, and
            // what follows from it round differently again: through all layers the two come to differ by about as much as
            // rounding changes at all. That is 6e-5 of the loss and 6e-3 of a gradient at most in the presets, all methods
            // and stages. Whether every factor is rounded, the tests of the operations tell.
            Precision::Bf16 => Self { loss: 3e-4, gradient: 2e-2 },
        }
    }
}

/// Compares loss and gradients of `images` images in products of `precision`.
///
/// # Errors
/// When they differ by more than rounding explains.
pub(super) fn check(
    learner: &mut BenchLearner,
    images: usize,
    precision: Precision,
    device: &Device,
) -> Result<(), TrainError> {
    let fused = learner.gradients(images)?;
    set_fused(false);
    let composed = learner.gradients(images);
    set_fused(true);
    let composed = composed?;
    // What a device computes asynchronously was read as numbers above; this frees the composed graph.
    let _ = device.sync();

    let limits = Limits::of(precision);
    let loss = (fused.0 - composed.0).abs() / composed.0.abs().max(f64::MIN_POSITIVE);
    let gradients = differences(&fused.1, &composed.1);
    let worst = std::iter::once(("the loss".to_owned(), loss / limits.loss))
        .chain(gradients.into_iter().map(|(name, difference)| (name, difference / limits.gradient)))
        .max_by(|a, b| a.1.total_cmp(&b.1));
    match worst {
        Some((what, excess)) if excess.is_nan() || excess > 1.0 => {
            let limit = if what == "the loss" { limits.loss } else { limits.gradient };
            Err(TrainError::PathsDisagree { what, difference: excess * limit })
        }
        _ => Ok(()),
    }
}

/// How far apart each gradient is, relative to its largest entry (of both).
fn differences(one: &GradientMap, other: &GradientMap) -> Vec<(String, f64)> {
    let names: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let of = |name: &String| match (one.get(name), other.get(name)) {
        (Some(one), Some(other)) => difference(one, other),
        _ => f64::INFINITY,
    };
    names.into_iter().map(|name| (format!("the gradient of {name}"), of(name))).collect()
}

fn difference(one: &Tensor<1>, other: &Tensor<1>) -> f64 {
    let [one, other]: [Vec<f32>; 2] = [one, other].map(|tensor| tensor.to_data().iter::<f32>().collect());
    if one.len() != other.len() {
        return f64::INFINITY;
    }
    let largest =
        |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, |a: f64, b| if b.is_nan() { b } else { a.max(b) });
    let scale = largest(&mut one.iter().chain(&other).map(|&value| f64::from(value).abs()));
    let apart = largest(&mut one.iter().zip(&other).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs()));
    // Two gradients that are zero throughout agree.
    if scale == 0.0 { 0.0 } else { apart / scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, &[f32])]) -> GradientMap {
        entries.iter().map(|(name, v)| ((*name).to_owned(), Tensor::from_floats(*v, &Device::flex()))).collect()
    }

    #[test]
    fn a_gradient_is_measured_against_its_largest_entry_and_a_missing_one_or_no_number_never_agrees() {
        let one = map(&[("a", &[1.0, -4.0]), ("b", &[0.0]), ("c", &[1.0]), ("d", &[f32::NAN])]);
        let other = map(&[("a", &[1.2, -4.0]), ("b", &[0.0]), ("d", &[1.0])]);
        let found = differences(&one, &other);
        assert!((found[0].1 - 0.05).abs() < 1e-6, "{found:?}");
        assert_eq!(found[1].1, 0.0);
        assert_eq!(found[2].1, f64::INFINITY);
        assert!(found[3].1.is_nan(), "{found:?}");
    }
}
