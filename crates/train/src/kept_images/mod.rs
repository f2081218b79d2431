//! Training images that are kept on a GPU as bytes, where random views of them are made: the processor then makes no images at all.

#[cfg(feature = "gpu")]
mod gpu;
mod kept;

#[cfg(feature = "gpu")]
pub(crate) use gpu::keep;
pub(crate) use kept::KeptImages;

/// In this build there is no GPU to keep images on.
#[cfg(not(feature = "gpu"))]
pub(crate) fn keep(
    _: &dyn bmae_data::Images,
    _: &bmae_recipe::Recipe,
    _: bmae_recipe::TrainedStage,
    _: &burn::tensor::Device,
) -> Result<Option<Box<dyn KeptImages>>, crate::TrainError> {
    Ok(None)
}
