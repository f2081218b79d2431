//! Every random draw of a model, from a generator that the caller passes; never from Burn's global one.
//!
//! Draws happen in the order of the module's parameters (the order of [`mod@crate::parameters`]); constants (biases of
//! zero, LayerNorms, sin-cos positions) draw nothing. So a model depends on its configuration and the generator alone,
//! and a generator is left in the same state whatever the device.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Standard deviation of class and mask tokens, and of everything in timm's own initialisation.
pub const TOKEN_STD: f64 = 0.02;

/// How a fresh encoder is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncoderInit {
    /// As the official MAE: Xavier-uniform Linears and patch embedding, N(0, 0.02) class token, fixed sin-cos
    /// positions.
    Mae,
    /// As timm's own ViT: Linears, class token and positions N(0, 0.02), patch embedding as PyTorch's convolution.
    Timm,
}

/// Uniform within +-`bound`, `n` values.
pub fn uniform(n: usize, bound: f64, rng: &mut impl Rng) -> Vec<f32> {
    (0..n).map(|_| ((rng.random::<f64>() * 2.0 - 1.0) * bound) as f32).collect()
}

/// Xavier uniform for a matrix [`fan_out`, `fan_in`]: within +-sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010).
pub fn xavier_uniform(fan_out: usize, fan_in: usize, rng: &mut impl Rng) -> Vec<f32> {
    uniform(fan_out * fan_in, (6.0 / (fan_in + fan_out) as f64).sqrt(), rng)
}

/// Normal with mean zero, `n` values.
pub fn normal(n: usize, std: f64, rng: &mut impl Rng) -> Vec<f32> {
    (0..n).map(|_| (rng.sample::<f64, _>(StandardNormal) * std) as f32).collect()
}

/// Normal with mean zero, redrawn outside the *absolute* bounds +-2, as `trunc_normal_` of PyTorch and timm has it:
/// with the deviations used here (0.02 and less) the bounds lie a hundred deviations out.
pub fn truncated_normal(n: usize, std: f64, rng: &mut impl Rng) -> Vec<f32> {
    (0..n)
        .map(|_| {
            loop {
                let x = rng.sample::<f64, _>(StandardNormal) * std;
                if x.abs() <= 2.0 {
                    return x as f32;
                }
            }
        })
        .collect()
}

/// The bound of PyTorch's default for Linear and convolution, weights and biases alike: 1 / sqrt(fan in).
pub fn pytorch_bound(fan_in: usize) -> f64 {
    1.0 / (fan_in as f64).sqrt()
}

/// A trainable parameter of the given values and shape.
pub(crate) fn parameter<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
}
