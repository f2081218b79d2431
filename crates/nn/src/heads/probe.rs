//! The linear probe: BatchNorm without affine part, then a Linear, on features of a frozen encoder.

use bmae_architecture::Precision;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::Rng;

use super::{BatchNorm, HeadInit};
use crate::error::ShapeError;
use crate::vit::Linear;

/// BatchNorm and class head (`batchnorm.running_mean`, `batchnorm.running_var`, `head.weight`, `head.bias`).
#[derive(Module, Debug)]
pub struct LinearProbe {
    /// Running statistics of the features.
    pub batchnorm: BatchNorm,
    /// [classes, D]
    pub head: Linear,
}

impl LinearProbe {
    /// A fresh probe for features of width `dim`: head N(0, 0.01), zero bias, multiplying numbers of `precision`.
    pub fn init(dim: usize, classes: usize, precision: Precision, rng: &mut impl Rng, device: &Device) -> Self {
        let head = HeadInit::PROBE.linear(dim, classes, precision, rng, device);
        Self { batchnorm: BatchNorm::init(dim, device), head }
    }

    /// Features [N, D] to logits [N, classes] by batch statistics; updates the running ones.
    ///
    /// # Errors
    /// When the batch has fewer than two rows.
    pub fn forward_train(&mut self, features: Tensor<2>) -> Result<Tensor<2>, ShapeError> {
        Ok(self.head.forward(self.batchnorm.forward_train(features)?))
    }

    /// The same of one of `parts` equal parts of a batch: see [`BatchNorm::forward_train_shared`].
    ///
    /// # Errors
    /// When the whole batch has fewer than two rows.
    pub fn forward_train_shared(
        &mut self,
        features: Tensor<2>,
        parts: usize,
        mean_over_parts: impl Fn(Tensor<2>) -> Tensor<2>,
    ) -> Result<Tensor<2>, ShapeError> {
        Ok(self.head.forward(self.batchnorm.forward_train_shared(features, parts, mean_over_parts)?))
    }

    /// The one Linear that gives the same logits by the running statistics: BatchNorm's shift and scale put into its
    /// weights.
    pub fn fold_batch_norm(&self) -> Linear {
        let [outputs, inputs] = self.head.weight.dims();
        let weight = self.head.weight.val() / self.batchnorm.deviation().reshape([1, inputs]);
        let shift = weight.clone().matmul(self.batchnorm.running_mean.val().reshape([inputs, 1])).reshape([outputs]);
        Linear::from_tensors(weight, self.head.bias.val() - shift, self.head.precision())
    }

    /// Features [N, D] to logits [N, classes] by the running statistics.
    pub fn forward_eval(&self, features: Tensor<2>) -> Tensor<2> {
        self.head.forward(self.batchnorm.forward_eval(features))
    }
}
