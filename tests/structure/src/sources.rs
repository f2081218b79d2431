//! The source files of a crate, read from disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A crate's source files as text, by their path below `src`, such as `vit/mod.rs`.
pub struct Sources {
    /// Name of the crate's folder.
    pub name: String,
    /// Path below `src` to text.
    pub files: BTreeMap<String, String>,
}

impl Sources {
    /// Every crate in `crates/`, by name. Panics where a file cannot be read: this runs as a test.
    pub fn of_workspace() -> Vec<Self> {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates");
        // A folder without a manifest is what is left of a crate that another branch has.
        entries(&crates).iter().filter(|folder| folder.join("Cargo.toml").exists()).map(|f| Self::of_crate(f)).collect()
    }

    fn of_crate(folder: &Path) -> Self {
        let (src, mut files, mut folders) = (folder.join("src"), BTreeMap::new(), vec![folder.join("src")]);
        while let Some(current) = folders.pop() {
            for path in entries(&current) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let parts: Vec<_> = path.strip_prefix(&src).unwrap().iter().map(|p| p.to_string_lossy()).collect();
                    files.insert(parts.join("/"), fs::read_to_string(&path).unwrap());
                }
            }
        }
        Self { name: folder.file_name().unwrap().to_string_lossy().into_owned(), files }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
