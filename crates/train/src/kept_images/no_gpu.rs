//! In this build there is no GPU to keep images on.

use bmae_data::Images;
use bmae_recipe::{Recipe, TrainedStage};
use burn::tensor::{Device, Tensor};

use crate::TrainError;

/// There are none.
pub(crate) enum KeptImages {}

impl KeptImages {
    /// None.
    pub fn of(_: &dyn Images, _: &Recipe, _: TrainedStage, _: &Device) -> Result<Option<Self>, TrainError> {
        Ok(None)
    }

    pub fn describe(&self) -> String {
        match *self {}
    }

    pub fn patches(&self, _: &[usize], _: u64) -> Tensor<3> {
        match *self {}
    }
}
