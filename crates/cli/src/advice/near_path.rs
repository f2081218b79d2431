//! The path that a mistyped one was probably meant to be.

use std::path::{Component, Path, PathBuf};

use bmae_output::shell::quoted;
use bmae_recipe::nearest;

/// Names of one folder that are looked at.
const MOST_NAMES: usize = 10_000;

/// What is there and spelt most like `path`, where nothing is: with the first part that is missing put right. As it is
/// typed in the working folder.
pub fn near_path(path: &Path) -> Option<String> {
    let mut here = PathBuf::new();
    let mut parts = path.components();
    for part in parts.by_ref() {
        let next = here.join(part);
        if next.exists() {
            here = next;
            continue;
        }
        let Component::Normal(missing) = part else { return None };
        let names = names_in(&here);
        let found = nearest(missing.to_str()?, names.iter().map(String::as_str))?;
        let found = here.join(found);
        let rest = parts.as_path();
        // Joined to nothing, the path of a file would be that of a folder.
        let whole = if rest.as_os_str().is_empty() { found } else { found.join(rest) };
        return whole.exists().then(|| quoted(from_working_folder(&whole)));
    }
    None
}

/// The names in `folder` that are not hidden.
fn names_in(folder: &Path) -> Vec<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(MOST_NAMES);
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

/// `path` without the working folder in front, if it lies there.
fn from_working_folder(path: &Path) -> &Path {
    let Ok(here) = std::env::current_dir() else { return path };
    path.strip_prefix(here).ok().filter(|rest| !rest.as_os_str().is_empty()).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_that_is_missing_is_put_right() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("runs/mae")).expect("folders");
        let near = |path: &str| near_path(&folder.path().join(path));
        let shown = |path: &str| Some(quoted(folder.path().join(path)));
        assert_eq!(near("run/mae"), shown("runs/mae"));
        assert_eq!(near("runs/mea"), shown("runs/mae"));
        assert_eq!(near("run/other"), None, "nothing is there");
        assert_eq!(near("elsewhere"), None);
        assert_eq!(near("runs/mae"), None, "it is there");
    }
}
