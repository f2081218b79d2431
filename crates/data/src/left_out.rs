//! Pictures that bmae drew itself and that lie among the images of a folder: they are no data.

use std::fmt;
use std::path::{Path, PathBuf};

use bmae_output::plain::plain_path;
use walkdir::WalkDir;

/// What was left out of the images of a folder: the figures of reports and the pictures of runs in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The first folder of such pictures.
    folder: PathBuf,
    /// How many more there are.
    more: usize,
    /// The files in all of them.
    files: usize,
}

impl LeftOut {
    /// Adds a folder of such pictures to what was left out before.
    pub(crate) fn and(before: Option<Self>, folder: &Path) -> Self {
        let files = WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_file()).count();
        match before {
            None => Self { folder: folder.to_owned(), more: 0, files },
            Some(before) => Self { more: before.more + 1, files: before.files + files, ..before },
        }
    }

    /// What two walks left out.
    pub(crate) fn together(first: Option<Self>, second: Option<Self>) -> Option<Self> {
        match (first, second) {
            (Some(first), Some(second)) => {
                Some(Self { more: first.more + second.more + 1, files: first.files + second.files, ..first })
            }
            (first, second) => first.or(second),
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder, more, files } = self;
        let others = match more {
            0 => String::new(),
            1 => " and one more such folder".to_owned(),
            more => format!(" and {more} more such folders"),
        };
        let files = if *files == 1 {
            "1 file that bmae drew is".to_owned()
        } else {
            format!("{files} files that bmae drew are")
        };
        write!(f, "{files} no data and left out, in {}{others}", plain_path(folder))
    }
}
