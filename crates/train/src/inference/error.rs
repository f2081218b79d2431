//! Why a run cannot be asked about images.

use std::path::PathBuf;

use bmae_data::DataError;
use bmae_output::plain::plain_path;

use crate::TrainError;
use crate::run_directory::InputChange;

/// A run that cannot be asked, or images that it cannot be asked about.
#[derive(Debug, thiserror::Error)]
pub enum AskedError {
    /// Anything that can be wrong with weights, runs and data.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// An encoder alone.
    #[error("{} has no classifier: it holds {holds}, which knows no classes", plain_path(path))]
    NoClassifier {
        /// The run or file.
        path: PathBuf,
        /// What it holds instead: "a pre-training".
        holds: String,
    },
    /// A folder with runs in it.
    #[error(
        "{} holds no run itself, but runs in folders below it: give the folder of one, such as {}",
        plain_path(path),
        plain_path(example)
    )]
    RunsBelow {
        /// The folder.
        path: PathBuf,
        /// One of them.
        example: PathBuf,
    },
    /// Nothing there.
    #[error("there is no {}: give the folder of a run, or a file of weights", plain_path(path))]
    NotFound {
        /// What was asked for.
        path: PathBuf,
    },
    /// Weights of another program, or imported ones.
    #[error(
        "{source_name} does not say by which mean and standard deviation its images are normalised: give a run, or weights that \
         bmae exported of one"
    )]
    NoNormalisation {
        /// The weights.
        source_name: String,
    },
    /// The neighbours that vote are no longer there.
    #[error("{} votes by the training images that it measured, and {change}: put these back", plain_path(path))]
    OtherImages {
        /// The run.
        path: PathBuf,
        /// What has changed of them.
        change: InputChange,
    },
    /// The encoder that was measured is no longer there.
    #[error(
        "{} measured other weights of {} than these are now: put the old ones back, or measure the new ones",
        plain_path(path),
        plain_path(from)
    )]
    OtherWeights {
        /// The run.
        path: PathBuf,
        /// The run or file of its weights.
        from: PathBuf,
    },
    /// No image at all.
    #[error("there is no image to ask about{}", first.as_ref().map(|error| format!(": {error}")).unwrap_or_default())]
    NoImages {
        /// Why not, where something was given: what is wrong with the first.
        first: Option<String>,
    },
}

impl From<bmae_recipe::RecipeError> for AskedError {
    fn from(error: bmae_recipe::RecipeError) -> Self {
        Self::Train(error.into())
    }
}

impl From<bmae_nn::WeightsError> for AskedError {
    fn from(error: bmae_nn::WeightsError) -> Self {
        Self::Train(error.into())
    }
}

impl From<bmae_nn::ShapeError> for AskedError {
    fn from(error: bmae_nn::ShapeError) -> Self {
        Self::Train(error.into())
    }
}

impl From<DataError> for AskedError {
    fn from(error: DataError) -> Self {
        Self::Train(error.into())
    }
}
