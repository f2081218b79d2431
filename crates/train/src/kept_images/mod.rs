//! Training images that are kept on a GPU as bytes, where random views of them are made: the processor then makes no images at all.

#[cfg(feature = "gpu")]
mod gpu;
#[cfg(not(feature = "gpu"))]
mod no_gpu;

#[cfg(feature = "gpu")]
pub(crate) use gpu::KeptImages;
#[cfg(not(feature = "gpu"))]
pub(crate) use no_gpu::KeptImages;
