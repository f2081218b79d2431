//! `[knn]`.

use crate::choices::Feature;
use crate::key::{Count, Number};
use crate::section::section;

section! {
    /// `[knn]`; pre-training monitors its encoder by the same nearest neighbours.
    pub struct KnnRecipe, keys KnnKeys, in "knn", read by [Pretrain, Knn] {
        /// Number of neighbours that vote
        k: usize = 20, in Count::from(1);
        /// Temperature of the vote: a neighbour's weight is exp(cosine similarity / temperature)
        temperature: f64 = 0.07, in Number::from(0.0).above_least();
        /// Frozen feature that is compared, after the final norm
        feature: Feature = Feature::ClassToken;
    }
}
