//! What of a data set is taken.

/// What of a data set is taken, and how one that names no test images is divided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Selection {
    /// So many training images, taking classes in turn; 0: all.
    pub train_limit: usize,
    /// So many test images, taking classes in turn; 0: all.
    pub test_limit: usize,
    /// The fraction of each class (from 0 to 1) that is for testing where a labelled set does not say what is; 0: none.
    pub test_fraction: f64,
    /// What the choice of those depends on.
    pub split_seed: u64,
    /// So many channels for every image; `None`: as many as they have.
    pub channels: Option<usize>,
    /// What to do with photographs of kinds that are not decoded, as their names tell.
    pub undecoded: Undecoded,
}

impl Default for Selection {
    /// All images; a fifth of each class for testing.
    fn default() -> Self {
        Self {
            train_limit: 0,
            test_limit: 0,
            test_fraction: 0.2,
            split_seed: 0,
            channels: None,
            undecoded: Undecoded::Refused,
        }
    }
}

impl Selection {
    /// All, within these limits (0: no limit).
    pub fn limited(train_limit: usize, test_limit: usize) -> Self {
        Self { train_limit, test_limit, ..Self::default() }
    }

    /// The number that a limit stands for.
    pub(crate) fn count(limit: usize) -> usize {
        if limit == 0 { usize::MAX } else { limit }
    }
}

/// What to do with photographs of kinds that are not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecoded {
    /// A set with one is refused: without it, it would be another one.
    Refused,
    /// They are images like all others, which fail when they are asked for.
    Listed,
}
