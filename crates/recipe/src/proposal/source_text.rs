//! How a recipe file names the folder of its images: as seen from its own folder, where that says more than the whole
//! path, so that a project can be moved as one.

use std::path::{Path, PathBuf};

use bmae_output::absolute::absolute;
use bmae_output::path_text::to_text;

use crate::sections::source::DataSource;

/// Folders that a path may go up before the whole path reads better.
const MOST_UP: usize = 2;

/// `data.source` of the recipe file `file` for the images of `source`.
pub fn source_text(source: &DataSource, file: &Path) -> String {
    let DataSource::Path(images) = source else { return source.text() };
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let images = absolute(images);
    let relative = from_folder(&images, &absolute(folder));
    match relative.to_str() {
        // A folder called "shapes" is no data set of that name.
        Some(name @ ("shapes" | "cifar10" | "cifar100")) => format!("./{name}"),
        Some(text) => text.to_owned(),
        None => to_text(&images),
    }
}

fn from_folder(images: &Path, folder: &Path) -> PathBuf {
    if let Ok(below) = images.strip_prefix(folder) {
        return if below.as_os_str().is_empty() { PathBuf::from(".") } else { below.to_owned() };
    }
    // Up from a folder that a link leads to is elsewhere.
    let is_no_link = std::fs::canonicalize(folder).is_ok_and(|found| found == folder);
    let shared = folder.ancestors().enumerate().skip(1).find_map(|(up, shared)| {
        let below = images.strip_prefix(shared).ok()?;
        // Nothing but the root is shared by strangers.
        (up <= MOST_UP && shared.parent().is_some()).then(|| (up, below.to_owned()))
    });
    match shared {
        Some((up, below)) if is_no_link => std::iter::repeat_n(Path::new(".."), up).chain([below.as_path()]).collect(),
        _ => images.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(images: &Path, file: &Path) -> String {
        source_text(&DataSource::Path(images.to_owned()), file)
    }

    #[test]
    fn images_below_or_beside_the_recipe_are_named_from_its_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("a folder");
        for name in ["photos", "recipes/mine"] {
            std::fs::create_dir_all(root.join(name)).expect("a folder");
        }
        let photos = root.join("photos");
        for (file, text) in [
            ("photos.toml", "photos"),
            ("photos/photos.toml", "."),
            ("recipes/photos.toml", "../photos"),
            ("recipes/mine/photos.toml", "../../photos"),
            ("recipes/../photos.toml", "photos"),
        ] {
            assert_eq!(of(&photos, &root.join(file)), text, "{file}");
            assert_eq!(root.join(file).parent().expect("a folder").join(text).canonicalize().expect("there"), photos);
        }
        assert_eq!(of(&root.join("shapes"), &root.join("a.toml")), "./shapes");
        assert_eq!(of(&root.join("recipes/../photos"), &root.join("a.toml")), "photos");
    }

    #[test]
    fn images_far_away_are_named_by_their_whole_path() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(of(Path::new("/data/photos"), &folder.path().join("a.toml")), "/data/photos");
        let deep = folder.path().join("a/b/c");
        std::fs::create_dir_all(&deep).expect("a folder");
        let photos = folder.path().join("photos");
        assert_eq!(of(&photos, &deep.join("a.toml")), photos.to_str().expect("UTF-8"));
    }

    #[test]
    fn a_data_set_keeps_its_name() {
        assert_eq!(source_text(&DataSource::Shapes, Path::new("a.toml")), "shapes");
        let cifar = DataSource::Cifar10 { root: PathBuf::from("/data") };
        assert_eq!(source_text(&cifar, Path::new("a.toml")), "cifar10");
    }
}
