//! BatchNorm without affine part, as PyTorch's: Burn's normalises and accumulates otherwise.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::error::ShapeError;
use crate::initialisation::parameter;

/// Weight of the newest batch in the running statistics.
const MOMENTUM: f64 = 0.1;
/// Running statistics of a BatchNorm over the columns of [N, D]. They are buffers: no gradient, no optimiser.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// `[D]`, zeros at the start
    pub running_mean: Param<Tensor<1>>,
    /// `[D]`, ones at the start; accumulates the *unbiased* variance
    pub running_var: Param<Tensor<1>>,
}

impl BatchNorm {
    /// What stands under the root beside the variance.
    pub const EPSILON: f64 = 1e-6;

    /// Statistics of width `dim` before any batch.
    pub fn init(dim: usize, device: &Device) -> Self {
        Self {
            running_mean: parameter(vec![0.0; dim], [dim], device).set_require_grad(false),
            running_var: parameter(vec![1.0; dim], [dim], device).set_require_grad(false),
        }
    }

    /// Normalises `x` [N, D] by its own mean and *biased* variance, and moves the running statistics a tenth of the way
    /// towards its mean and *unbiased* variance.
    ///
    /// # Errors
    /// When the batch has fewer than two rows.
    pub fn forward_train(&mut self, x: Tensor<2>) -> Result<Tensor<2>, ShapeError> {
        self.forward_train_shared(x, 1, |mean| mean)
    }

    /// The same where `x` [N, D] is one of `parts` equal parts of a batch, the others being with other processes:
    /// `mean_over_parts` makes of a mean [1, D] over these rows that over all. No gradient flows through it.
    ///
    /// # Errors
    /// When the whole batch has fewer than two rows.
    pub fn forward_train_shared(
        &mut self,
        x: Tensor<2>,
        parts: usize,
        mean_over_parts: impl Fn(Tensor<2>) -> Tensor<2>,
    ) -> Result<Tensor<2>, ShapeError> {
        let [rows, dim] = x.dims();
        let rows = rows * parts;
        if rows < 2 {
            return Err(ShapeError::BatchTooSmall { found: rows });
        }
        let mean = mean_over_parts(x.clone().mean_dim(0));
        let centred = x - mean.clone();
        let variance = mean_over_parts((centred.clone() * centred.clone()).mean_dim(0));
        let unbiased = variance.clone().detach().reshape([dim]) * (rows as f64 / (rows - 1) as f64);
        self.running_mean = moved(&self.running_mean, mean.detach().reshape([dim]));
        self.running_var = moved(&self.running_var, unbiased);
        Ok(centred / (variance + Self::EPSILON).sqrt())
    }

    /// Normalises `x` [N, D] by the running statistics.
    pub fn forward_eval(&self, x: Tensor<2>) -> Tensor<2> {
        (x - self.running_mean.val().unsqueeze::<2>()) / self.deviation().unsqueeze::<2>()
    }

    /// What [`forward_eval`](Self::forward_eval) divides each column by, `[D]`.
    pub(super) fn deviation(&self) -> Tensor<1> {
        (self.running_var.val() + Self::EPSILON).sqrt()
    }
}

fn moved(running: &Param<Tensor<1>>, newest: Tensor<1>) -> Param<Tensor<1>> {
    running.clone().map(|old| {
        let newest = if old.is_autodiff() { newest.autodiff() } else { newest.inner() };
        (old * (1.0 - MOMENTUM) + newest * MOMENTUM).detach()
    })
}
