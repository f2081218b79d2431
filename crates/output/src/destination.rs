//! Where a path leads: what is written to a symbolic link belongs where it points.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// As many links as Linux follows, one after another.
const MOST_LINKS: usize = 40;

/// What a path to be written to stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A file, which is there or can come to be. No link: where the path is one, this is what it points at.
    File(PathBuf),
    /// What passes on the bytes it is given, such as a pipe or `/dev/null`: it is written to and never replaced.
    Stream,
}

/// Where a file for `path` goes.
///
/// # Errors
/// When it is a folder or ends like one, a block device or a socket, or a link that leads round in a circle.
pub fn of_file(path: &Path) -> io::Result<Destination> {
    if ends_in_separator(path) {
        return Err(ErrorKind::IsADirectory.into());
    }
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(found) if found.is_file() => Ok(Destination::File(behind_links(path)?)),
        Ok(found) if is_stream(&found) => Ok(Destination::Stream),
        Ok(_) => Err(io::Error::new(ErrorKind::InvalidInput, "it is a device or a socket, where no file can be")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Destination::File(behind_links(path)?)),
        Err(error) => Err(error),
    }
}

/// `path`, or what it points at where it is a symbolic link, through as many as there are. What the last one points at
/// need not exist.
///
/// # Errors
/// When the links lead round in a circle, or one cannot be read.
pub fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if !fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink()) {
            return Ok(path);
        }
        let target = fs::read_link(&path)?;
        // A relative target counts from the folder of the link; an absolute one replaces the whole.
        path = path.parent().map_or_else(|| target.clone(), |folder| folder.join(&target));
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "it is a symbolic link that leads round in a circle"))
}

fn ends_in_separator(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().last().is_some_and(|&byte| std::path::is_separator(byte.into()))
}

#[cfg(unix)]
fn is_stream(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    found.file_type().is_fifo() || found.file_type().is_char_device()
}

#[cfg(not(unix))]
fn is_stream(_: &fs::Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_leads_through_links_to_what_is_there_or_can_come_to_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("disk")).expect("a folder");
        fs::write(at("disk/here"), "").expect("a file");
        symlink("disk/here", at("to-here")).expect("a link");
        symlink("to-here", at("to-the-link")).expect("a link");
        symlink(at("disk/not-yet"), at("dangling")).expect("a link");
        symlink("disk", at("to-disk")).expect("a link");
        for (path, leads) in [
            ("plain", at("plain")),
            ("to-here", at("disk/here")),
            ("to-the-link", at("disk/here")),
            ("dangling", at("disk/not-yet")),
            ("to-disk/here", at("to-disk/here")),
        ] {
            assert_eq!(of_file(&at(path)).expect("a place"), Destination::File(leads), "{path}");
        }
        assert_eq!(of_file(Path::new("/dev/null")).expect("a stream"), Destination::Stream);
    }

    #[test]
    fn folders_and_links_to_themselves_are_no_place_for_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        symlink(folder.path(), at("folder")).expect("a link");
        symlink("round", at("round")).expect("a link");
        for path in [folder.path().to_owned(), at("folder"), at("new/")] {
            assert_eq!(of_file(&path).expect_err("a folder").kind(), ErrorKind::IsADirectory, "{path:?}");
        }
        assert!(of_file(&at("round")).is_err());
        assert!(behind_links(&at("round")).is_err());
    }
}
