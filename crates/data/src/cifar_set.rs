//! The two CIFAR sets: how their files are named and laid out.

use std::fmt;

/// CIFAR-10 or CIFAR-100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CifarSet {
    /// Ten classes; a record has one label byte.
    Cifar10,
    /// A hundred classes; a record has a coarse and a fine label byte, of which the fine one is used.
    Cifar100,
}

impl CifarSet {
    /// The files with training records, in order.
    pub(crate) fn train_files(self) -> &'static [&'static str] {
        match self {
            Self::Cifar10 => {
                &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"]
            }
            Self::Cifar100 => &["train.bin"],
        }
    }

    /// The file with test records.
    pub(crate) fn test_file(self) -> &'static str {
        match self {
            Self::Cifar10 => "test_batch.bin",
            Self::Cifar100 => "test.bin",
        }
    }

    /// The text file with a class name a line; it may be missing.
    pub(crate) fn class_names_file(self) -> &'static str {
        match self {
            Self::Cifar10 => "batches.meta.txt",
            Self::Cifar100 => "fine_label_names.txt",
        }
    }

    /// How many label bytes a record begins with; the last of them is the one that is used.
    pub(crate) fn label_bytes(self) -> usize {
        match self {
            Self::Cifar10 => 1,
            Self::Cifar100 => 2,
        }
    }

    /// How many classes there are.
    pub fn classes(self) -> usize {
        match self {
            Self::Cifar10 => 10,
            Self::Cifar100 => 100,
        }
    }

    /// The directory within the official archive.
    pub(crate) fn directory_name(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar-10-batches-bin",
            Self::Cifar100 => "cifar-100-binary",
        }
    }

    /// The official archive.
    pub fn archive_name(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar-10-binary.tar.gz",
            Self::Cifar100 => "cifar-100-binary.tar.gz",
        }
    }

    /// Its name in a recipe.
    pub fn source_name(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar10",
            Self::Cifar100 => "cifar100",
        }
    }

    /// Every file that must be there.
    pub(crate) fn files(self) -> impl Iterator<Item = &'static str> {
        self.train_files().iter().copied().chain([self.test_file()])
    }

    /// Whether these file names are this set's, even if some are missing.
    pub(crate) fn recognises(self, names: &[String]) -> bool {
        self.files().any(|file| names.iter().any(|name| name == file))
    }
}

impl fmt::Display for CifarSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cifar10 => "CIFAR-10",
            Self::Cifar100 => "CIFAR-100",
        })
    }
}
