//! One process works on a run directory at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use crate::TrainError;

/// The file that the lock is on; whoever asks whether a run is at work asks the system about it.
pub(super) const LOCK_FILE: &str = "lock";

/// More bytes than a process's number has.
const LONGEST_NUMBER: u64 = 20;

/// Whoever only asks holds the lock for an instant: that must not refuse a run its start.
const TRIES: usize = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// The lock of a run directory. It belongs to the open file, so that the system lets go of it when the process ends,
/// however it ends: nothing is left to be cleaned up. The file stays, and tells the process that holds or last held the
/// lock.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Whether some process holds the lock of `directory`; where that cannot be asked, none does.
    pub fn is_held(directory: &Path) -> bool {
        let path = directory.join(LOCK_FILE);
        // Opening a pipe would wait.
        is_ours(&path)
            && File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Takes the lock of `directory`, which must exist.
    ///
    /// # Errors
    /// [`TrainError::RunInUse`] when another process holds it; when the file cannot be written, or something else has its
    /// name: a link would lead to a file that is not ours, whose contents a lock replaces.
    pub fn take(directory: &Path) -> Result<Self, TrainError> {
        let path = directory.join(LOCK_FILE);
        let failed = |source| TrainError::writing(&path, source);
        let mut file = match OpenOptions::new().create_new(true).read(true).write(true).open(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if !is_ours(&path) {
                    return Err(not_ours(&path));
                }
                OpenOptions::new().read(true).write(true).open(&path).map_err(failed)?
            }
            opened => opened.map_err(failed)?,
        };
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => {
                    file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(failed)?;
                    return Ok(Self { _file: file });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN_TRIES),
                // A file system without locks is no reason not to train on it.
                Err(TryLockError::Error(source)) if source.kind() == ErrorKind::Unsupported => {
                    return Ok(Self { _file: file });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        let mut owner = String::new();
        // On some systems a locked file cannot be read; then the number is not told.
        let _ = file.rewind().and_then(|()| file.read_to_string(&mut owner));
        let owner = owner.trim().parse::<u32>().map_or(String::new(), |id| format!(" (number {id})"));
        Err(TrainError::RunInUse { path: directory.to_owned(), owner })
    }
}

/// Whether a plain file of the lock's name in `directory` is no lock: one holds a process's number, or nothing.
pub(super) fn is_foreign(directory: &Path) -> bool {
    let path = directory.join(LOCK_FILE);
    if !is_ours(&path) {
        return false;
    }
    let mut text = Vec::new();
    let _ = File::open(&path).and_then(|file| file.take(LONGEST_NUMBER + 1).read_to_end(&mut text));
    let is_number = text.len() as u64 <= LONGEST_NUMBER && text.trim_ascii().iter().all(u8::is_ascii_digit);
    !is_number
}

/// Whether a plain file lies there.
fn is_ours(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_file())
}

fn not_ours(path: &Path) -> TrainError {
    let found = match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => "it is a symbolic link",
        Ok(found) if found.is_dir() => "it is a folder",
        _ => "it is a pipe or a device",
    };
    let source = std::io::Error::new(ErrorKind::InvalidInput, format!("{found}, not the file of a lock"));
    TrainError::Io { action: "lock", path: path.to_owned(), source, remedy: "remove it, or choose another folder" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_called_like_the_lock_and_is_another_thing_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("precious"), "kept").expect("a file");
        for (name, target) in [("link", "precious"), ("dangling", "nowhere")] {
            std::fs::create_dir(at(name)).expect("a folder");
            std::os::unix::fs::symlink(at(target), at(name).join(LOCK_FILE)).expect("a link");
        }
        std::fs::create_dir_all(at("folder").join(LOCK_FILE)).expect("a folder");
        std::fs::create_dir(at("pipe")).expect("a folder");
        let made = std::process::Command::new("mkfifo").arg(at("pipe").join(LOCK_FILE)).status();
        assert!(made.is_ok_and(|made| made.success()), "there is mkfifo");
        for (name, part) in [
            ("link", "symbolic link"),
            ("dangling", "symbolic link"),
            ("folder", "it is a folder"),
            ("pipe", "it is a pipe"),
        ] {
            assert!(!Lock::is_held(&at(name)));
            let refused = Lock::take(&at(name)).expect_err(name).to_string();
            assert!(refused.contains(part) && refused.contains("lock"), "{refused}");
        }
        assert_eq!(std::fs::read_to_string(at("precious")).expect("a file"), "kept");
        assert!(!at("nowhere").exists());
    }

    #[test]
    fn the_second_owner_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Lock::take(folder.path()).expect("nobody holds it");
        let refused = Lock::take(folder.path()).expect_err("it is held").to_string();
        assert!(refused.contains(&std::process::id().to_string()), "{refused}");
        drop(first);
        Lock::take(folder.path()).expect("nobody holds it any more");
    }

    #[test]
    fn a_lock_file_that_nobody_holds_stops_nobody() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(LOCK_FILE), "4711 and whatever a dead process left").expect("a file");
        Lock::take(folder.path()).expect("its owner is gone");
        assert_eq!(
            std::fs::read_to_string(folder.path().join(LOCK_FILE)).expect("a file"),
            std::process::id().to_string()
        );
    }

    #[test]
    fn whoever_only_asks_does_not_refuse_a_run_its_start() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(LOCK_FILE);
        std::fs::write(&path, "").expect("a file");
        let asking = File::open(&path).expect("a file");
        asking.lock_shared().expect("nobody holds it");
        let patience = std::thread::spawn(move || {
            std::thread::sleep(BETWEEN_TRIES / 2);
            drop(asking);
        });
        Lock::take(folder.path()).expect("it waits for a moment");
        patience.join().expect("a thread");
    }
}
