//! Folders in memory: most parsers are public as what opens a path.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder of the calling thread that goes with it; in memory where the system has such a place.
fn folder() -> TempDir {
    let in_memory = Path::new("/dev/shm");
    let made = if in_memory.is_dir() { tempfile::tempdir_in(in_memory) } else { tempfile::tempdir() };
    made.expect("a folder can be made")
}

thread_local! {
    static FOLDER: TempDir = folder();
}

/// A path in the folder of the calling thread.
pub fn path(name: &str) -> PathBuf {
    FOLDER.with(|folder| folder.path().join(name))
}

/// Writes a file in the folder of the calling thread, with the folders above it.
pub fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = path(name);
    std::fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("a folder can be made");
    std::fs::write(&path, bytes).expect("there is room");
    path
}
