//! Which files are shards, and what each is for.

use std::path::{Path, PathBuf};

use super::pattern::{expand, is_pattern};
use crate::DataError;
use crate::error::ArchiveError;
use crate::image_names::is_hidden;
use crate::split_names::{TEST, TRAIN, place};

/// The shards of a data set.
pub struct Shards {
    /// For training.
    pub train: Vec<PathBuf>,
    /// For testing; none where no name says so.
    pub test: Vec<PathBuf>,
    /// The word in the names of those for testing, where it is not the usual one.
    pub test_word: Option<String>,
}

/// Whether a file is a shard, as its name tells.
pub fn is_shard(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tar"))
}

/// Whether a file is a compressed shard, as its name tells.
fn is_compressed(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    [".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst"].iter().any(|end| name.ends_with(end))
}

/// Whether a folder holds shards, compressed ones too, directly or in folders that are called as splits.
pub fn holds_archives(folder: &Path) -> bool {
    !tars_of(folder).is_empty()
}

/// Whether a folder holds shards, directly or in folders that are called as splits.
pub fn holds_shards(folder: &Path) -> bool {
    tars_of(folder).iter().any(|path| is_shard(path))
}

impl Shards {
    /// The shards of a `.tar` file, a folder or a pattern, each with what it is for.
    ///
    /// # Errors
    /// When there are none, or one is not there or compressed.
    pub fn at(path: &Path) -> Result<Self, DataError> {
        let pattern = (is_pattern(path) && !path.exists()).then(|| path.to_owned());
        let all = match &pattern {
            Some(pattern) => expand(pattern)?,
            None if path.is_dir() => tars_of(path),
            None => vec![path.to_owned()],
        };
        if let Some(path) = all.iter().find(|path| is_compressed(path)) {
            return Err(ArchiveError::CompressedShard { path: path.clone() }.into());
        }
        if let Some(path) = all.iter().find(|path| !path.is_file()) {
            return Err(ArchiveError::NoShard { path: path.clone(), pattern }.into());
        }
        Ok(Self::sorted(all))
    }

    /// `all` by what their names say; where some are for testing of several kinds, the first kind is taken.
    fn sorted(all: Vec<PathBuf>) -> Self {
        let testing: Vec<Option<usize>> = all.iter().map(|path| word_of(path, &TEST)).collect();
        let kind = testing.iter().flatten().min().copied();
        let has_training = all.iter().any(|path| word_of(path, &TRAIN).is_some());
        let (mut train, mut test) = (Vec::new(), Vec::new());
        for (path, testing) in all.into_iter().zip(testing) {
            match testing {
                Some(of) if Some(of) == kind => test.push(path),
                Some(_) => {}
                None if !has_training || word_of(&path, &TRAIN).is_some() => train.push(path),
                None => {}
            }
        }
        if train.is_empty() {
            // One shard alone is what it is asked for, whatever its name says.
            return Self { train: test, test: Vec::new(), test_word: None };
        }
        let word = kind.filter(|&kind| kind > 0).map(|kind| TEST[kind].to_owned());
        Self { train, test, test_word: word }
    }
}

/// The first of `names` that is a word of the file's name or of its folder's; letters alone make words.
fn word_of(path: &Path, names: &[&str]) -> Option<usize> {
    let text =
        |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default();
    let words = |text: String| text.split(|c: char| !c.is_alphabetic()).filter_map(|word| place(word, names)).min();
    let folder = path.parent().and_then(Path::file_name);
    words(text(path.file_stem())).or_else(|| place(&text(folder), names))
}

/// The archives in a folder, and in those of its sub-folders that are called as splits, by name.
fn tars_of(folder: &Path) -> Vec<PathBuf> {
    let is_split = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        path.is_dir() && place(&name, &TRAIN).or(place(&name, &TEST)).is_some()
    };
    let mut all = archives(folder);
    entries(folder).iter().filter(|path| is_split(path)).for_each(|split| all.extend(archives(split)));
    all
}

fn archives(folder: &Path) -> Vec<PathBuf> {
    let is_archive = |path: &PathBuf| (is_shard(path) || is_compressed(path)) && path.is_file();
    entries(folder).into_iter().filter(is_archive).collect()
}

/// What lies in a folder, by name; nothing where it cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> =
        found.filter(|entry| !is_hidden(&entry.file_name())).map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(names: &[&str]) -> (Vec<String>, Vec<String>, Option<String>) {
        let shards = Shards::sorted(names.iter().map(PathBuf::from).collect());
        let texts = |paths: Vec<PathBuf>| paths.iter().map(|path| path.display().to_string()).collect();
        (texts(shards.train), texts(shards.test), shards.test_word)
    }

    #[test]
    fn words_in_names_and_folders_say_what_a_shard_is_for() {
        let (train, test, word) = sorted(&["a-train-0.tar", "a-train-1.tar", "a-val-0.tar"]);
        assert_eq!(
            (train, test, word.as_deref()),
            (vec!["a-train-0.tar".to_owned(), "a-train-1.tar".to_owned()], vec!["a-val-0.tar".to_owned()], Some("val"))
        );
        let (train, test, word) = sorted(&["train/0.tar", "test/0.tar", "val/0.tar"]);
        assert_eq!((train, test, word), (vec!["train/0.tar".to_owned()], vec!["test/0.tar".to_owned()], None));
    }

    #[test]
    fn without_such_words_all_are_for_training_and_so_is_a_shard_alone() {
        assert_eq!(sorted(&["0.tar", "trainer.tar"]).0.len(), 2);
        assert_eq!(sorted(&["test.tar"]).0, ["test.tar"]);
        assert_eq!(sorted(&["0.tar", "test-0.tar"]).1, ["test-0.tar"]);
    }
}
