//! How a recipe file names the folder of its images: as seen from its own folder, where that says more than the whole
//! path, so that a project can be moved as one.

use std::path::{Component, Path, PathBuf};

use crate::sections::source::DataSource;

/// Folders that a path may go up before the whole path reads better.
const MOST_UP: usize = 2;

/// `data.source` of the recipe file `file` for the images of `source`; `None` for a path that is no UTF-8, which TOML
/// cannot say.
pub fn source_text(source: &DataSource, file: &Path) -> Option<String> {
    let DataSource::Path(images) = source else { return Some(source.text()) };
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let text = from_folder(&whole(images), &whole(folder)).to_str()?.to_owned();
    // A folder called "shapes" is no data set of that name.
    Some(match text.as_str() {
        "shapes" | "cifar10" | "cifar100" => format!("./{text}"),
        _ => text,
    })
}

/// The absolute path, without `..` and `.`.
fn whole(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match absolute.components().any(|part| part == Component::ParentDir) {
        true => std::fs::canonicalize(&absolute).unwrap_or(absolute),
        false => absolute.components().collect(),
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
        source_text(&DataSource::Path(images.to_owned()), file).expect("UTF-8")
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
        assert_eq!(source_text(&DataSource::Shapes, Path::new("a.toml")).as_deref(), Some("shapes"));
        let cifar = DataSource::Cifar10 { root: PathBuf::from("/data") };
        assert_eq!(source_text(&cifar, Path::new("a.toml")).as_deref(), Some("cifar10"));
    }
}
