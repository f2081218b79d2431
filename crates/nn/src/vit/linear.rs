//! A Linear layer in PyTorch's layout.

use bmae_architecture::Precision;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use rand::Rng;

use crate::initialisation::{parameter, pytorch_bound, truncated_normal, uniform, xavier_uniform};
use crate::ops::{self, WeightAndBias};

/// x W^T + b with `weight` [out, in] and `bias` `[out]`.
#[derive(Module, Debug)]
pub struct Linear {
    /// [out, in]
    pub weight: Param<Tensor<2>>,
    /// `[out]`
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    precision: Precision,
}

/// How a Linear inside a transformer is drawn; biases are zero either way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum LinearInit {
    /// Xavier uniform, as the official MAE.
    Xavier,
    /// Truncated normal of this deviation, as timm.
    TruncatedNormal(f64),
}

impl Linear {
    /// As PyTorch initialises `nn.Linear`: weights, then biases, uniform within +-1/sqrt(inputs). It multiplies numbers of
    /// `precision`, as in the three below.
    pub fn init_pytorch(
        inputs: usize,
        outputs: usize,
        precision: Precision,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Self {
        let bound = pytorch_bound(inputs);
        let weight = uniform(outputs * inputs, bound, rng);
        let bias = uniform(outputs, bound, rng);
        Self::from_values(weight, bias, precision, device)
    }

    /// Of given values: `weight` [out, in] row-major and `bias` `[out]`.
    ///
    /// # Panics
    /// When `weight` is not a whole number of rows for each output.
    pub fn from_values(weight: Vec<f32>, bias: Vec<f32>, precision: Precision, device: &Device) -> Self {
        let outputs = bias.len();
        let inputs = weight.len().checked_div(outputs).unwrap_or(0);
        let (weight, bias) = (parameter(weight, [outputs, inputs], device), parameter(bias, [outputs], device));
        Self { weight, bias, precision }
    }

    /// Of given tensors: `weight` [out, in] and `bias` `[out]`.
    pub(crate) fn from_tensors(weight: Tensor<2>, bias: Tensor<1>, precision: Precision) -> Self {
        Self { weight: Param::from_tensor(weight), bias: Param::from_tensor(bias), precision }
    }

    pub(crate) fn init(
        inputs: usize,
        outputs: usize,
        init: LinearInit,
        precision: Precision,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Self {
        let weight = match init {
            LinearInit::Xavier => xavier_uniform(outputs, inputs, rng),
            LinearInit::TruncatedNormal(std) => truncated_normal(outputs * inputs, std, rng),
        };
        Self::from_values(weight, vec![0.0; outputs], precision, device)
    }

    /// [R, in] to [R, out].
    ///
    /// # Panics
    /// When `x` is not [R, in].
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        ops::linear(x, self.weight.val(), self.bias.val(), self.precision)
    }

    pub(super) fn parameters(&self) -> WeightAndBias<2> {
        WeightAndBias { weight: self.weight.val(), bias: self.bias.val() }
    }

    /// The numbers that it multiplies.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Columns of the input.
    pub fn inputs(&self) -> usize {
        self.weight.shape()[1]
    }

    /// Columns of the output.
    pub fn outputs(&self) -> usize {
        self.weight.shape()[0]
    }
}
