//! Asking a finished run about images: which class each is of, and which training images are nearest to it.
//!
//! [`AskedRun`] finds what a run directory or a file of weights holds, [`TrainedClassifier`] is its classifier as the
//! evaluation had it, [`predict`] asks it; [`GivenImages`] are the images, which need not all be readable.

mod asked_run;
mod classifier;
mod error;
mod given_images;
mod nearest_images;
mod predictions;
mod readable;
mod similar_images;

pub use asked_run::AskedRun;
pub use classifier::TrainedClassifier;
pub use error::AskedError;
pub use given_images::GivenImages;
pub use nearest_images::NearestImages;
pub use predictions::{HEADER, ImagePrediction, Predictions, predict};
pub use similar_images::{NearestImage, SimilarImages, class_of};
