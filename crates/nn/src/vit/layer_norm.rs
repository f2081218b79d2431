//! LayerNorm with its affine part.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::initialisation::parameter;
use crate::ops::{self, WeightAndBias};

/// LayerNorm over the last dimension; starts as the plain normalisation.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[D]`, ones at the start
    pub weight: Param<Tensor<1>>,
    /// `[D]`, zeros at the start
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    epsilon: f64,
}

impl LayerNorm {
    /// Ones and zeros for width `dim`; `epsilon` stands under the root beside the variance.
    pub fn init(dim: usize, epsilon: f64, device: &Device) -> Self {
        let (weight, bias) = (vec![1.0; dim], vec![0.0; dim]);
        Self { weight: parameter(weight, [dim], device), bias: parameter(bias, [dim], device), epsilon }
    }

    /// What stands under the root beside the variance.
    pub fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// [R, D] to [R, D].
    ///
    /// # Panics
    /// When `x` is not [R, D].
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        ops::layer_norm(x, self.weight.val(), self.bias.val(), self.epsilon)
    }

    pub(super) fn parameters(&self) -> WeightAndBias<1> {
        WeightAndBias { weight: self.weight.val(), bias: self.bias.val() }
    }
}
