//! What an encoder learned, measured: features, test accuracy, nearest neighbours.

mod feature_map;
mod features;
mod nearest_neighbours;
mod predictions;
mod ranking;
mod selection;
mod test_set;
mod top1;

pub use feature_map::FeatureMap;
pub use features::{EncoderFeature, Features};
pub use nearest_neighbours::{NearestNeighbours, nearest_neighbours_top1, nearest_neighbours_votes};
pub use predictions::{Prediction, TestPredictions};
pub use ranking::{RankedClass, ranked_by_logits, ranked_by_votes};
pub use top1::{Score, TestScore};

pub(crate) use features::{FeatureRequest, extract};
pub(crate) use nearest_neighbours::{nearest, similarities};
pub(crate) use selection::Selection;
pub(crate) use test_set::{end_epoch, log_tested};
