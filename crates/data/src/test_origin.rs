//! Where test images come from.

use std::fmt;

use bmae_output::plain::plain;

/// Where test images come from, where a data set does not call them `test`.
#[derive(Debug, Clone, PartialEq)]
pub enum TestOrigin {
    /// The folder of this name.
    Folder(String),
    /// The shards that have this word in their names.
    Shards(String),
    /// The lines of a table that say this.
    Lines(String),
    /// They were chosen among all images.
    HeldOut {
        /// The fraction of each class.
        fraction: f64,
        /// What the choice depends on.
        seed: u64,
    },
}

impl fmt::Display for TestOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(name) => write!(f, "in the folder {}", plain(name)),
            Self::Shards(name) => write!(f, "in the shards called {}", plain(name)),
            Self::Lines(name) => write!(f, "in the lines that say {}", plain(name)),
            Self::HeldOut { fraction, seed } => {
                let percent = (fraction * 1e4).round() / 100.0;
                write!(f, "{percent} % of each class, held out by data.test_fraction and data.split_seed {seed}")
            }
        }
    }
}
