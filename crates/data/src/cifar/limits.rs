//! Which files of CIFAR-10 and CIFAR-100 are read, and how much of them at the most.

use crate::CifarSet;

/// The longest file that is read, in bytes; CIFAR-100's `train.bin` has 153,700,000.
pub const LONGEST_FILE: u64 = 160 << 20;

/// Whether this is a file of either set.
pub fn is_wanted(name: &str) -> bool {
    [CifarSet::Cifar10, CifarSet::Cifar100]
        .iter()
        .any(|set| name == set.class_names_file() || set.files().any(|file| file == name))
}
