//! What the student is asked to predict, and the loss that is logged.
//!
//! sum_i w_i |p - t_i|^2 = W |p - t|^2 + a constant, with W the sum of the weights and t the weighted mean of the
//! targets: one forward and backward pass of the student, however many targets there are (`docs/methods.md`,
//! "The formula").

use bmae_nn::mean_squared_error;
use bmae_recipe::TargetNormalisation;
use burn::tensor::Tensor;

use crate::device_scalar::DeviceScalar;

/// Under the root of the normalisations; the encoder's own norms and `norm_pix` use the same.
const EPSILON: f64 = 1e-6;

/// The rows that the prediction is compared with.
#[derive(Debug, Clone)]
pub struct FeatureTargets {
    /// One [M, D] per target, in the recipe's order.
    pub each: Vec<Tensor<2>>,
    /// Their weights.
    pub weights: Vec<f64>,
}

impl FeatureTargets {
    /// The weighted mean of the targets [M, D], and the sum of their weights.
    pub fn combined(&self) -> (Tensor<2>, f64) {
        weighted_mean(&self.each, &self.weights)
    }

    /// The loss against each target, without weights; `prediction` [M, D] without autodiff.
    pub fn losses(&self, prediction: &Tensor<2>) -> Vec<DeviceScalar> {
        let loss = |target: &Tensor<2>| mean_squared_error(prediction.clone(), target.clone()).into();
        self.each.iter().map(loss).collect()
    }

    /// The weighted sum of `losses`: the loss of the method, constant included.
    pub fn total(&self, losses: &[DeviceScalar]) -> DeviceScalar {
        let weighted = losses.iter().zip(&self.weights).map(|(loss, weight)| loss.clone() * *weight);
        weighted.fold(DeviceScalar::default(), |sum, loss| sum + loss)
    }
}

/// sum_i w_i t_i / W and W; `targets` [M, D] each, not empty. Of targets without any weight their plain mean.
pub fn weighted_mean(targets: &[Tensor<2>], weights: &[f64]) -> (Tensor<2>, f64) {
    let total: f64 = weights.iter().sum();
    let share = |weight: f64| if total > 0.0 { weight / total } else { 1.0 / weights.len() as f64 };
    let mut terms = targets.iter().zip(weights).map(|(target, &weight)| match share(weight) {
        1.0 => target.clone(),
        share => target.clone() * share,
    });
    let first = terms.next().unwrap_or_else(|| unreachable!("a method with feature targets has at least one"));
    (terms.fold(first, |sum, term| sum + term), total)
}

/// A target's features [.., D], normalised over D as its recipe says.
pub(crate) fn normalise<const D: usize>(features: Tensor<D>, normalisation: TargetNormalisation) -> Tensor<D> {
    if normalisation == TargetNormalisation::None {
        return features;
    }
    let values = features.dims()[D - 1] as f64;
    let centred = features.clone() - features.mean_dim(D - 1);
    let biased = (centred.clone() * centred.clone()).mean_dim(D - 1);
    let variance = match normalisation {
        TargetNormalisation::None | TargetNormalisation::LayerNorm => biased,
        TargetNormalisation::PatchNorm => biased * (values / (values - 1.0)),
    };
    centred / (variance + EPSILON).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn tensor(rows: [[f32; 2]; 2]) -> Tensor<2> {
        Tensor::from_floats(rows, &Device::flex())
    }

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    #[test]
    fn the_combined_target_is_the_weighted_mean() {
        let targets = FeatureTargets {
            each: vec![tensor([[1.0, 2.0], [3.0, 4.0]]), tensor([[7.0, -4.0], [3.0, 10.0]])],
            weights: vec![1.0, 0.2],
        };
        let (mean, total) = targets.combined();
        assert!((total - 1.2).abs() < 1e-12);
        let expected = [2.0, 1.0, 3.0, 5.0];
        assert!(values(mean).iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn the_logged_loss_keeps_the_constant_and_its_parts() {
        let targets = FeatureTargets {
            each: vec![tensor([[1.0, 1.0], [1.0, 1.0]]), tensor([[3.0, 3.0], [3.0, 3.0]])],
            weights: vec![1.0, 0.2],
        };
        let losses = targets.losses(&tensor([[0.0, 0.0], [2.0, 2.0]]));
        assert_eq!(DeviceScalar::items(&losses), [1.0, 5.0]);
        assert!((targets.total(&losses).item() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn layer_norm_targets_have_mean_zero_and_variance_one_over_the_dimensions() {
        let features = Tensor::<3>::from_floats([[[1.0, 3.0, 5.0, 7.0]]], &Device::flex());
        let normalised = values(normalise(features, TargetNormalisation::LayerNorm));
        let unit = 1.0 / 5.0f32.sqrt();
        let expected = [-3.0 * unit, -unit, unit, 3.0 * unit];
        assert!(normalised.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{normalised:?}");
    }

    #[test]
    fn patch_norm_targets_are_those_that_norm_pix_makes_of_as_many_pixels() {
        let features = [[[1.0, 3.0, 5.0, 7.5], [0.01, 0.0, -0.01, 0.02]]];
        let expected = bmae_nn::pixel_target(features.as_flattened().as_flattened(), 4, true);
        let features = Tensor::<3>::from_floats(features, &Device::flex());
        let normalised = values(normalise(features, TargetNormalisation::PatchNorm));
        assert!(normalised.iter().zip(&*expected).all(|(a, b)| (a - b).abs() < 1e-5), "{normalised:?} {expected:?}");
    }
}
