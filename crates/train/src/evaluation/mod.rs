//! What an encoder learned, measured: features, test accuracy, nearest neighbours.

mod features;
mod nearest_neighbours;
mod selection;
mod test_set;
mod top1;

pub use features::{EncoderFeature, Features};
pub use nearest_neighbours::{NearestNeighbours, nearest_neighbours_top1};
pub use top1::{Score, TestScore};

pub(crate) use features::{FeatureRequest, extract};
pub(crate) use selection::Selection;
pub(crate) use test_set::{end_epoch, log_tested};
