//! Which sub-folders of a data set hold the training and the test images, whoever named them.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::split_names::{TEST, TRAIN};

/// The sub-folders of a data set that has one of training images.
pub struct SplitFolders {
    /// Of training images.
    pub train: PathBuf,
    /// Of test images.
    pub test: Option<PathBuf>,
}

impl SplitFolders {
    /// Those among `folders`, in any case of letters; `None` where none is of training images.
    pub fn among(folders: &[PathBuf]) -> Option<Self> {
        Some(Self { train: first(folders, &TRAIN)?, test: first(folders, &TEST) })
    }

    /// The name of the folder of test images where it has not the usual one.
    pub fn unusual_test(&self) -> Option<String> {
        let name = self.test.as_ref()?.file_name()?.to_str()?;
        (name != TEST[0]).then(|| name.to_owned())
    }
}

/// The folder that has the first of `names` that one has; written so rather than in other letters.
fn first(folders: &[PathBuf], names: &[&str]) -> Option<PathBuf> {
    let find = |is_named: &dyn Fn(&str) -> bool| {
        folders.iter().find(|folder| folder.file_name().and_then(OsStr::to_str).is_some_and(is_named))
    };
    let of_name = |name: &&str| find(&|own| own == *name).or_else(|| find(&|own| own.eq_ignore_ascii_case(name)));
    names.iter().find_map(of_name).cloned()
}
