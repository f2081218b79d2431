//! Files that are written whole or not at all.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use atomic_write_file::AtomicWriteFile;

use crate::destination::{Destination, behind_links, of_file};
use crate::leftovers;

/// Writes a file whole or not at all: temporary file beside it, sync, rename. A symbolic link stays, and what it points
/// at is written; a pipe or a device of characters, such as `/dev/null`, is given the bytes. A new file has the mode that
/// the umask leaves of 0666; one that is replaced keeps its mode and, where the system permits, its owner. What earlier
/// tries left beside it goes.
///
/// # Errors
/// What [`of_file`] refuses; when the folder does not exist or cannot be written, or the disk is full.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_whole_by(path, |file| file.write_all(bytes))
}

/// The same of what `write` puts into the file.
///
/// # Errors
/// As [`write_whole`], and what `write` says.
pub fn write_whole_by(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    match of_file(path)? {
        Destination::Stream => write(&mut fs::OpenOptions::new().write(true).open(path)?),
        Destination::File(place) => {
            clear_leftovers(&place);
            let written = begin(&place).and_then(|mut file| {
                write(&mut file)?;
                file.commit()
            });
            if written.is_err() {
                // What failed at its end is left beside the place, too.
                clear_leftovers(&place);
            }
            written
        }
    }
}

/// Removes what processes left beside `place` that were killed, or failed, while they wrote the same file.
fn clear_leftovers(place: &Path) {
    if let (Some(folder), Some(name)) = (place.parent(), place.file_name().and_then(OsStr::to_str)) {
        // The folder of a name alone is the one at work.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        leftovers::clear(folder, |other| other == name);
    }
}

/// Begins the file at `place`.
fn begin(place: &Path) -> io::Result<AtomicWriteFile> {
    let file = AtomicWriteFile::open(place)?;
    // Says that it is being written; a file system without locks has no way to.
    let _ = file.as_file().try_lock();
    Ok(file)
}

/// Refuses a place that no file can be written to, before any work is done.
///
/// # Errors
/// What [`of_file`] refuses; when its folder is missing or takes no file.
pub fn check_place(path: &Path) -> io::Result<()> {
    match of_file(path)? {
        // Whoever reads a pipe may come later.
        Destination::Stream => Ok(()),
        // A file that is begun and given up leaves nothing.
        Destination::File(place) => begin(&place)?.discard(),
    }
}

/// Creates a folder and those above it, where a link points as well; the umask decides on their mode.
///
/// # Errors
/// When the system refuses, or a file has that name.
pub fn create_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(behind_links(path)?)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).expect("it is there").permissions().mode() & 0o7777
    }

    #[test]
    fn a_link_stays_a_link_and_its_target_keeps_its_mode() {
        let folder = tempfile::tempdir().expect("a folder");
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "old").expect("a file");
        fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).expect("a mode");
        symlink("target", &link).expect("a link");
        check_place(&link).expect("a place");
        write_whole(&link, b"new").expect("written");
        assert!(fs::symlink_metadata(&link).expect("the link").is_symlink());
        assert_eq!((fs::read(&target).expect("a file"), mode(&target)), (b"new".to_vec(), 0o640));
    }

    #[test]
    fn a_new_file_has_the_mode_of_any_other_also_behind_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("any-other"), "").expect("a file");
        symlink("behind", at("link")).expect("a link");
        for name in ["new", "link"] {
            write_whole(&at(name), b"text").expect("written");
        }
        assert_eq!([mode(&at("new")), mode(&at("behind"))], [mode(&at("any-other")); 2]);
    }

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        let before = fs::metadata("/dev/null").expect("there is one").file_type();
        check_place(Path::new("/dev/null")).expect("a place");
        write_whole(Path::new("/dev/null"), b"gone").expect("written");
        assert_eq!(fs::metadata("/dev/null").expect("there is one").file_type(), before);
    }

    #[test]
    fn what_is_refused_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        symlink("round", folder.path().join("round")).expect("a link");
        symlink("missing/file", folder.path().join("into-nowhere")).expect("a link");
        for name in ["round", "into-nowhere", "missing/file", "file/"] {
            check_place(&folder.path().join(name)).expect_err(name);
            write_whole(&folder.path().join(name), b"text").expect_err(name);
        }
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2);
    }

    #[test]
    fn a_folder_is_created_where_a_link_points() {
        let folder = tempfile::tempdir().expect("a folder");
        symlink("disk", folder.path().join("run")).expect("a link");
        create_folder(&folder.path().join("run")).expect("created");
        assert!(folder.path().join("disk").is_dir());
    }
}
