//! What a plan will take, in words.

use bmae_train::estimate::PlanEstimate;

/// One sentence.
pub fn in_words(_estimate: &PlanEstimate) -> String {
    String::new()
}
