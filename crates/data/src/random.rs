//! Randomness keyed by (seed, epoch, sample, purpose): a counter instead of a state.
//!
//! A draw never depends on the draws before it, so images and masks are the same on one and on many workers, and
//! after a resume. The four numbers *are* the key of a ChaCha8 generator, so two different keys never share a stream.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a draw is for. Each purpose has a stream of its own, so that a new kind of draw never shifts the others.
///
/// The codes are part of what makes a run repeatable: never change one, only add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum Purpose {
    /// The order of the samples in an epoch (sample 0).
    Order = 1,
    /// The place and size of a random crop.
    Crop = 2,
    /// Whether an image is mirrored.
    Flip = 3,
    /// Which patches of an image are masked.
    Mask = 4,
    /// The initial weights of a model.
    Initialisation = 5,
    /// The initial weights of a head that is added to a model: feature prediction, class, probe.
    HeadInitialisation = 6,
    /// A training image of the generated shapes (keyed by the seed of the shapes).
    TrainShape = 7,
    /// A test image of the generated shapes (keyed by the seed of the shapes).
    TestShape = 8,
    /// The operations of RandAugment and their strengths.
    RandAugment = 9,
    /// Whether, where and with what an image is erased.
    RandomErasing = 10,
    /// How the images of a batch are mixed (keyed by the batch instead of a sample).
    Mixing = 11,
    /// Which residual branches an image skips.
    DropPath = 12,
    /// Which patches of an image are masked for the second target and those behind it, where each has its own mask.
    FurtherMasks = 13,
    /// Which labels of a class are used, where not all are (keyed by the class instead of a sample).
    LabelChoice = 14,
    /// Which images of a class are for testing, where the data set does not say (keyed by the class).
    TestSplit = 15,
    /// Which training images of a class an evaluation chooses its best epoch by (keyed by the class).
    ValidationSplit = 16,
}

/// The generator for one purpose of one sample in one epoch: ChaCha8 whose 32-byte key is `seed`, `epoch`, `sample`
/// and the purpose's code, each as eight little-endian bytes.
pub fn keyed(seed: u64, epoch: u64, sample: u64, purpose: Purpose) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (bytes, number) in key.chunks_exact_mut(8).zip([seed, epoch, sample, purpose as u64]) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// The shuffled order of an epoch: every number of `0..n` once, each order equally likely (Fisher-Yates).
pub fn permutation(seed: u64, epoch: u64, n: usize) -> Vec<usize> {
    let mut generator = keyed(seed, epoch, 0, Purpose::Order);
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        let other = generator.random_range(0..=last as u64) as usize;
        order.swap(last, other);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_same_key_gives_the_same_numbers() {
        let draw = || keyed(7, 3, 11, Purpose::Crop).random::<[u64; 4]>();
        assert_eq!(draw(), draw());
    }

    #[test]
    fn changing_any_part_of_the_key_changes_the_numbers() {
        let keys = [
            (1, 2, 3, Purpose::Crop),
            (9, 2, 3, Purpose::Crop),
            (1, 9, 3, Purpose::Crop),
            (1, 2, 9, Purpose::Crop),
            (1, 2, 3, Purpose::Mask),
            (2, 1, 3, Purpose::Crop),
        ];
        let firsts: HashSet<u64> = keys.iter().map(|&(s, e, i, p)| keyed(s, e, i, p).random()).collect();
        assert_eq!(firsts.len(), keys.len());
    }

    #[test]
    fn the_key_is_the_four_numbers_in_little_endian_order() {
        let mut key = [0; 32];
        key[0] = 1;
        key[8] = 2;
        key[16] = 3;
        key[17] = 1;
        key[24] = 4;
        let expected: u64 = ChaCha8Rng::from_seed(key).random();
        assert_eq!(keyed(1, 2, 259, Purpose::Mask).random::<u64>(), expected);
    }

    #[test]
    fn a_permutation_holds_every_number_once() {
        for n in [0, 1, 2, 1000] {
            let mut order = permutation(5, 2, n);
            order.sort_unstable();
            assert_eq!(order, (0..n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn epochs_and_seeds_shuffle_differently() {
        let first = permutation(0, 0, 100);
        assert_ne!(first, (0..100).collect::<Vec<_>>());
        assert_ne!(first, permutation(0, 1, 100));
        assert_ne!(first, permutation(1, 0, 100));
    }

    #[test]
    fn every_order_of_three_is_equally_likely() {
        let mut counts = std::collections::HashMap::new();
        for seed in 0..6000 {
            *counts.entry(permutation(seed, 0, 3)).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        // 1000 expected of each; five standard deviations are 144.
        assert!(counts.values().all(|&count: &i32| (count - 1000).abs() < 145), "{counts:?}");
    }

    /// A run from an older version must see its images in the same order.
    #[test]
    fn the_order_is_pinned_for_good() {
        assert_eq!(permutation(0, 0, 10), [1, 3, 9, 4, 0, 7, 6, 2, 8, 5]);
    }
}
