//! Whether ranks can share the batches of a recipe equally.

use bmae_data::mixing::Mixing;
use bmae_recipe::{Recipe, Stage, TrainedStage};

use crate::{TrainError, pipeline};

/// How many other numbers of ranks are named.
const NAMED: usize = 6;

/// Refuses batches of `stage` that `ranks` cannot share: each takes as many images of every micro-batch, and of images that are
/// mixed in pairs an even number.
///
/// # Errors
/// With the numbers that would do.
pub fn check_batches(ranks: usize, recipe: &Recipe, stage: TrainedStage) -> Result<(), TrainError> {
    let settings = recipe.stage(stage);
    let mixes = stage == TrainedStage::Finetune && Mixing::is_on(&pipeline::mixing(&recipe.finetune));
    let each = if mixes { 2 } else { 1 };
    if ranks == 1 || settings.batch_size.is_multiple_of(settings.accumulate * ranks * each) {
        return Ok(());
    }
    let section = Stage::from(stage).section();
    let (batch, micro_batches) = (settings.batch_size, settings.accumulate);
    Err(TrainError::RanksDoNotDivide {
        section,
        batch,
        micro_batches,
        ranks,
        mixes,
        other_ranks: other_ranks(batch, micro_batches * each, ranks),
        other_batches: other_batches(batch, micro_batches * each * ranks),
    })
}

/// The numbers of ranks, ascending, nearest to `ranks`, that share a batch whose images are taken in `units` at once.
fn other_ranks(batch: usize, units: usize, ranks: usize) -> Vec<usize> {
    let mut found: Vec<usize> = (1..=batch / units).filter(|ranks| batch.is_multiple_of(units * ranks)).collect();
    found.sort_by_key(|found| (found.abs_diff(ranks), *found));
    found.truncate(NAMED);
    found.sort_unstable();
    found
}

/// The multiples of `unit` next to `batch`.
fn other_batches(batch: usize, unit: usize) -> Vec<usize> {
    let below = batch / unit * unit;
    [below, below + unit].into_iter().filter(|size| *size > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_that_would_do_divide_and_are_near() {
        assert_eq!(other_ranks(100, 1, 3), [1, 2, 4, 5, 10, 20]);
        assert_eq!(other_ranks(64, 4, 5), [1, 2, 4, 8, 16]);
        assert_eq!(other_ranks(3, 2, 2), [0; 0]);
        assert_eq!(other_batches(100, 3), [99, 102]);
        assert_eq!(other_batches(2, 12), [12]);
    }
}
