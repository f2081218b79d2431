//! Where the files lie now that a folder named, after it was moved or copied together with them.

use std::path::{Component, Path, PathBuf};

use bmae_output::absolute::absolute;
use bmae_output::path_text;
use bmae_recipe::{DataSource, Recipe};

/// A folder where it was when it recorded paths, and where it is now; both absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Where it was; `None` where it did not record that.
    was: Option<PathBuf>,
    is: PathBuf,
}

impl Moved {
    /// The folder that is at `is`, relative to the current folder or absolute, and says that it was at `was`.
    pub fn new(was: Option<&str>, is: &Path) -> Self {
        Self { was: was.map(path_text::from_text), is: absolute(is) }
    }

    /// Where the `recorded` absolute path leads: to itself where something is there, else to what lies as far from where
    /// the folder is now, if there is something. What is nowhere keeps its path, for whoever needs it to name it.
    pub fn find(&self, recorded: &Path) -> PathBuf {
        let there = |path: &PathBuf| path.exists();
        match self.beside(recorded).filter(|_| !recorded.exists()).filter(there) {
            Some(found) => found,
            None => recorded.to_owned(),
        }
    }

    /// Gives the files that `recipe` names the places where they are now, as [`find`](Self::find) finds them.
    pub fn relocate(&self, recipe: &mut Recipe) {
        match &mut recipe.data.source {
            DataSource::Shapes => {}
            DataSource::Cifar10 { root: path } | DataSource::Cifar100 { root: path } | DataSource::Path(path) => {
                *path = self.find(path);
            }
        }
        for weights in recipe.weights_mut() {
            weights.path = self.find(&weights.path);
        }
    }

    /// The path that is to the folder now what `recorded` was to it then.
    fn beside(&self, recorded: &Path) -> Option<PathBuf> {
        let was = self.was.as_deref().filter(|was| *was != self.is)?;
        let alike = was.components().zip(recorded.components()).take_while(|(a, b)| a == b).count();
        let names = was.components().take(alike).any(|part| matches!(part, Component::Normal(_)));
        // What has nothing in common but the root did not move along.
        let mut place = names.then(|| self.is.clone())?;
        for _ in was.components().skip(alike) {
            place = place.parent()?.to_owned();
        }
        Some(recorded.components().skip(alike).fold(place, |place, part| place.join(part)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moved_along_is_found_as_far_from_the_folder_as_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let now = folder.path().join("project");
        std::fs::create_dir_all(now.join("runs/a")).expect("a folder");
        std::fs::create_dir_all(now.join("photos")).expect("a folder");
        let moved = Moved::new(Some("/nowhere/old/runs/a"), &now.join("runs/a"));
        assert_eq!(moved.find(Path::new("/nowhere/old/photos")), now.join("photos"));
        assert_eq!(moved.find(Path::new("/nowhere/old/runs/a")), now.join("runs/a"));
        for gone in ["/nowhere/old/pictures", "/elsewhere/photos"] {
            assert_eq!(moved.find(Path::new(gone)), Path::new(gone), "named as it was");
        }
        let still_there = folder.path().join("project/photos");
        assert_eq!(moved.find(&still_there), still_there);
        assert_eq!(Moved::new(None, &now).find(Path::new("/nowhere/x")), Path::new("/nowhere/x"));
    }
}
