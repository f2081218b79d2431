//! Why weights cannot leave in the form that was asked for.

use std::path::PathBuf;

use bmae_output::plain::plain_path;

use bmae_output::claim::Taken;

use crate::TrainError;

/// A model that cannot be exported, or a place that it cannot be written to.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Anything that can be wrong with weights and files.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// No encoder to export.
    #[error(
        "{source_name} holds {holds} but no encoder with a patch embedding for patches of colour images: give the weights of a pre-training or of a classifier"
    )]
    NoEncoder {
        /// The weights.
        source_name: String,
        /// What they hold.
        holds: String,
    },
    /// A classifier that Hugging Face's cannot represent.
    #[error(
        "{source_name} classifies by the mean of the patch tokens, but Hugging Face's ViTForImageClassification by the class token \
         alone: timm's models do both"
    )]
    MeanPooling {
        /// The weights.
        source_name: String,
    },
    /// A file of another kind by its name.
    #[error("what is written is {kind} file, but {} is not called so", plain_path(path))]
    Name {
        /// The file.
        path: PathBuf,
        /// What is written, with its article.
        kind: &'static str,
        /// How its name ends.
        ending: &'static str,
    },
    /// A model with a part missing.
    #[error("{source_name} has no {tensor}, without which its model computes nothing")]
    Incomplete {
        /// The weights.
        source_name: String,
        /// What is missing.
        tensor: String,
    },
    /// More weights than one ONNX file holds.
    #[error(
        "{source_name} has {:.1} GiB of weights, but an ONNX file holds less than 2 GiB: export it for a program that reads \
         safetensors", *bytes as f64 / f64::from(1 << 30)
    )]
    TooLargeForOnnx {
        /// The weights.
        source_name: String,
        /// What the file would have.
        bytes: u64,
    },
}

impl From<Taken> for ExportError {
    fn from(error: Taken) -> Self {
        Self::Train(error.into())
    }
}

impl From<bmae_nn::WeightsError> for ExportError {
    fn from(error: bmae_nn::WeightsError) -> Self {
        Self::Train(error.into())
    }
}

impl From<bmae_nn::ShapeError> for ExportError {
    fn from(error: bmae_nn::ShapeError) -> Self {
        Self::Train(error.into())
    }
}
