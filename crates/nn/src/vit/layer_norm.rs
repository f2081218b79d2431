//! LayerNorm with its affine part.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::initialisation::parameter;
use crate::ops::{self, WeightAndBias};

/// LayerNorm over the last dimension, epsilon 1e-6; starts as the plain normalisation.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[D]`, ones at the start
    pub weight: Param<Tensor<1>>,
    /// `[D]`, zeros at the start
    pub bias: Param<Tensor<1>>,
}

impl LayerNorm {
    /// Ones and zeros for width `dim`.
    pub fn init(dim: usize, device: &Device) -> Self {
        Self { weight: parameter(vec![1.0; dim], [dim], device), bias: parameter(vec![0.0; dim], [dim], device) }
    }

    /// [R, D] to [R, D].
    ///
    /// # Panics
    /// When `x` is not [R, D].
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        ops::layer_norm(x, self.weight.val(), self.bias.val())
    }

    pub(super) fn parameters(&self) -> WeightAndBias<1> {
        WeightAndBias { weight: self.weight.val(), bias: self.bias.val() }
    }
}
