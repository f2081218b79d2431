//! The members of a zip as a tree of files in folders.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::index::ZipMember;
use crate::DataError;
use crate::image_names::is_image;
use crate::layout::{FilesBelow, Tree};
use crate::split_names::is_of_a_split;

/// The files of a zip. A folder that everything lies in is passed through, unless it is called as a split.
pub struct ZipTree {
    archive: PathBuf,
    files: BTreeMap<PathBuf, ZipMember>,
    folders: BTreeSet<PathBuf>,
}

impl ZipTree {
    /// The tree of the `members` of the zip at `archive`.
    pub fn of(archive: &Path, members: Vec<ZipMember>) -> Self {
        let (mut files, mut folders) = (BTreeMap::new(), BTreeSet::new());
        for member in members {
            let path: PathBuf = member.path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
            folders.extend(path.ancestors().skip(1).map(Path::to_owned));
            if member.path.to_string_lossy().ends_with('/') {
                folders.insert(path);
            } else {
                files.insert(path, member);
            }
        }
        folders.remove(Path::new(""));
        let mut archive = archive.to_owned();
        while let Some(only) = only_folder(&files, &folders) {
            archive.push(&only);
            let below = |path: PathBuf| path.strip_prefix(&only).map(Path::to_owned).unwrap_or(path);
            files = files.into_iter().map(|(path, member)| (below(path), member)).collect();
            folders = folders.into_iter().map(below).filter(|path| !path.as_os_str().is_empty()).collect();
        }
        Self { archive, files, folders }
    }

    /// Where the tree begins: the zip, and the folders in it that were passed through.
    pub fn top(&self) -> &Path {
        &self.archive
    }

    /// The member that is the file `path`, which the tree then has no more.
    pub fn take(&mut self, path: &Path) -> Option<ZipMember> {
        self.files.remove(path)
    }
}

/// The folder that everything lies in.
fn only_folder(files: &BTreeMap<PathBuf, ZipMember>, folders: &BTreeSet<PathBuf>) -> Option<PathBuf> {
    let is_top = |path: &Path| path.parent().is_some_and(|above| above.as_os_str().is_empty());
    let first = folders.iter().find(|folder| is_top(folder))?;
    let is_split = first.to_str().is_some_and(is_of_a_split);
    let within = |path: &PathBuf| path.starts_with(first);
    (!is_split && folders.iter().all(within) && files.keys().all(within)).then(|| first.clone())
}

impl Tree for ZipTree {
    fn folders(&self, folder: &Path) -> Result<Vec<PathBuf>, DataError> {
        let below = self.folders.range(folder.to_owned()..).take_while(|path| path.starts_with(folder));
        Ok(below.filter(|path| path.parent() == Some(folder)).cloned().collect())
    }

    fn image_in(&self, folder: &Path) -> Result<Option<PathBuf>, DataError> {
        let below = self.files.range(folder.to_owned()..).take_while(|(path, _)| path.starts_with(folder));
        let mut images = below.filter(|(path, _)| path.parent() == Some(folder) && is_image(path));
        Ok(images.next().map(|(path, _)| path.clone()))
    }

    fn files_below(&self, folder: &Path) -> Result<FilesBelow, DataError> {
        let below = self.files.range(folder.to_owned()..).take_while(|(path, _)| path.starts_with(folder));
        Ok(FilesBelow { files: below.map(|(path, _)| path.clone()).collect(), left_out: None })
    }

    fn place(&self, path: &Path) -> PathBuf {
        if path.as_os_str().is_empty() { self.archive.clone() } else { self.archive.join(path) }
    }
}
