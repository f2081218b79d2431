//! Where a path leads from the root.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// `path` as an absolute path without `.` and `..`, so that two of them show how far one lies from the other; links stay
/// links but before a `..`, which leads up from where they lead. Nothing need be there. Without a current folder a relative
/// path stays one.
pub fn absolute(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    whole.components().fold(PathBuf::new(), |place, part| match part {
        Component::ParentDir => {
            let real = fs::canonicalize(&place).unwrap_or(place);
            real.parent().map_or(real.clone(), Path::to_owned)
        }
        part => place.join(part),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_lead_up_are_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = fs::canonicalize(folder.path()).expect("it is there");
        fs::create_dir_all(root.join("a/b")).expect("a folder");
        assert_eq!(absolute(&root.join("a/../a/b/../c/d")), root.join("a/c/d"));
        assert_eq!(absolute(&root.join("not/there/../x")), root.join("not/x"));
        assert_eq!(absolute(Path::new("/../..")), Path::new("/"));
        assert_eq!(absolute(Path::new("x")), std::env::current_dir().expect("a folder").join("x"));
    }

    #[cfg(unix)]
    #[test]
    fn up_from_a_link_is_up_from_where_it_leads() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = fs::canonicalize(folder.path()).expect("it is there");
        fs::create_dir_all(root.join("a/b")).expect("a folder");
        std::os::unix::fs::symlink(root.join("a/b"), root.join("link")).expect("a link");
        assert_eq!(absolute(&root.join("link/../c")), root.join("a/c"));
        assert_eq!(absolute(&root.join("link/c")), root.join("link/c"));
    }
}
