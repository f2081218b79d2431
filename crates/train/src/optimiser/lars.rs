//! LARS (You et al. 2017): momentum SGD whose step is scaled to the norm of the parameter, layer by layer.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};

use super::{Optimiser, OptimiserState, Parameter, flat};
use crate::device_scalar::DeviceScalar;

/// LARS with the momentum of every parameter that was updated so far.
///
/// As in the linear probing of He et al. 2022: one-dimensional parameters get neither scaling nor decay.
#[derive(Debug, Clone)]
pub struct Lars {
    momentum: f64,
    trust: f64,
    velocities: BTreeMap<String, Tensor<1>>,
}

impl Lars {
    /// LARS at rest.
    pub fn new(momentum: f64, trust: f64) -> Self {
        Self { momentum, trust, velocities: BTreeMap::new() }
    }
}

/// The square of the Euclidean norm of a flattened tensor.
fn squared_norm(tensor: &Tensor<1>) -> DeviceScalar {
    (tensor.clone() * tensor.clone()).sum().into()
}

/// `direction` at `trust` times the ratio of the norm of `value` to its own. A zero parameter or direction has no norm to be scaled
/// to.
fn scaled(direction: Tensor<1>, value: &Tensor<1>, trust: f64) -> Tensor<1> {
    match (squared_norm(value).known(), squared_norm(&direction).known()) {
        (Ok(of_value), Ok(of_direction)) => {
            let both = of_value > 0.0 && of_direction > 0.0;
            direction * if both { trust * of_value.sqrt() / of_direction.sqrt() } else { 1.0 }
        }
        (Err(of_value), Err(of_direction)) => {
            let is_zero = (of_value.clone() * of_direction.clone()).equal_elem(0.0);
            let scale = (of_value / of_direction).sqrt() * trust;
            direction * scale.mask_fill(is_zero, 1.0)
        }
        _ => unreachable!("a parameter and its gradient are on one device"),
    }
}

impl Optimiser for Lars {
    fn update(&mut self, parameter: Parameter<'_>, rate: f64, value: Tensor<1>, gradient: Tensor<1>) -> Tensor<1> {
        let direction = if parameter.dimensions > 1 {
            let decayed = gradient + value.clone() * parameter.weight_decay;
            scaled(decayed, &value, self.trust)
        } else {
            gradient
        };
        let velocity = match self.velocities.get(parameter.name) {
            Some(velocity) => velocity.clone() * self.momentum + direction,
            None => direction,
        };
        self.velocities.insert(parameter.name.to_owned(), velocity.clone());
        value - velocity * rate
    }

    fn state(&self) -> OptimiserState {
        self.velocities.iter().map(|(name, velocity)| (format!("{name}/velocity"), flat(velocity))).collect()
    }

    fn remembered(length: usize) -> Vec<(&'static str, usize)> {
        vec![("velocity", length)]
    }

    fn restore(&mut self, state: OptimiserState, device: &Device) {
        self.velocities = state
            .into_iter()
            .filter_map(|(key, values)| {
                let name = key.strip_suffix("/velocity")?.to_owned();
                Some((name, Tensor::from_floats(values.as_slice(), device)))
            })
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(values: &[f32]) -> Tensor<1> {
        Tensor::from_floats(values, &Device::flex())
    }

    fn parameter(dimensions: usize) -> Parameter<'static> {
        Parameter { name: "w", dimensions, weight_decay: 0.0 }
    }

    #[test]
    fn a_matrix_moves_by_rate_times_trust_times_its_norm() {
        let mut lars = Lars::new(0.9, 0.001);
        // |w| = 5, gradient direction (0, 1): the step is 2 * 0.001 * 5 along it, whatever the gradient's length.
        let updated = flat(&lars.update(parameter(2), 2.0, tensor(&[3.0, 4.0]), tensor(&[0.0, 70.0])));
        assert_eq!(updated[0], 3.0);
        assert!((updated[1] - 3.99).abs() < 1e-6, "{updated:?}");
    }

    #[test]
    fn weight_decay_enters_the_gradient_before_it_is_scaled_and_a_zero_matrix_takes_the_plain_gradient() {
        let decayed = Parameter { weight_decay: 0.5, ..parameter(2) };
        // Gradient (0, 1) and half of (3, 4): (1.5, 3), of norm sqrt(11.25); |w| = 5.
        let updated = flat(&Lars::new(0.9, 0.001).update(decayed, 2.0, tensor(&[3.0, 4.0]), tensor(&[0.0, 1.0])));
        let scale = 2.0 * 0.001 * 5.0 / 11.25f32.sqrt();
        assert!((updated[0] - (3.0 - scale * 1.5)).abs() < 1e-6 && (updated[1] - (4.0 - scale * 3.0)).abs() < 1e-6);
        let from_zero = flat(&Lars::new(0.9, 0.001).update(parameter(2), 0.5, tensor(&[0.0]), tensor(&[3.0])));
        assert_eq!(from_zero, [-1.5]);
    }

    #[test]
    fn momentum_adds_nine_tenths_of_the_last_step() {
        let mut lars = Lars::new(0.9, 0.001);
        let first = lars.update(parameter(1), 1.0, tensor(&[0.0]), tensor(&[1.0]));
        let second = flat(&lars.update(parameter(1), 1.0, first, tensor(&[1.0])));
        assert!((second[0] + 2.9).abs() < 1e-6, "{second:?}");
    }

    #[test]
    fn one_dimensional_parameters_are_not_scaled() {
        let updated = flat(&Lars::new(0.9, 0.001).update(parameter(1), 0.5, tensor(&[3.0, 4.0]), tensor(&[0.0, 2.0])));
        assert_eq!(updated, [3.0, 3.0]);
    }

    #[test]
    fn a_restored_optimiser_takes_the_same_next_step() {
        let mut original = Lars::new(0.9, 0.001);
        let value = original.update(parameter(2), 0.5, tensor(&[3.0, 4.0]), tensor(&[1.0, 2.0]));
        let mut restored = Lars::new(0.9, 0.001);
        restored.restore(original.state(), &Device::flex());
        let next = |lars: &mut Lars| flat(&lars.update(parameter(2), 0.5, value.clone(), tensor(&[-1.0, 0.5])));
        assert_eq!(next(&mut restored), next(&mut original));
    }
}
