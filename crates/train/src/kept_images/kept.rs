//! What is asked of images that are kept on a device.

use burn::tensor::Tensor;

/// All training images of a stage, on the device that trains.
pub(crate) trait KeptImages {
    /// What is kept where, in words.
    fn describe(&self) -> String;

    /// The patches [N, L, P] of the views that `epoch` shows of the images `indices`.
    ///
    /// # Panics
    /// When there is no such image.
    fn patches(&self, indices: &[usize], epoch: u64) -> Tensor<3>;
}
