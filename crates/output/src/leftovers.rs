//! What processes left behind that were killed while they wrote a file: hidden files that were to become others.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;

/// How a file that is to become another is called: `.<name>.<suffix>`, with a random suffix of letters and digits.
const SUFFIX: usize = 6;

/// Removes from `folder` what was to become a file whose name `is_asked_for`, unless a process still writes it. What
/// cannot be removed only takes room.
pub fn clear(folder: &Path, is_asked_for: impl Fn(&str) -> bool) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && becomes(&entry.file_name()).is_some_and(|name| is_asked_for(&name)) && is_orphan(&entry.path()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The name of the file that one of this name was to become.
fn becomes(name: &OsStr) -> Option<String> {
    let (name, suffix) = name.to_str()?.strip_prefix('.')?.rsplit_once('.')?;
    let is_random = suffix.len() == SUFFIX && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_random.then(|| name.to_owned())
}

/// Whoever writes a file holds its lock, which the system lets go of when the process ends.
fn is_orphan(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_writes_any_more_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let names = [
            (".run.toml.aZ09bc", false),
            (".run.toml.zzzzzz", true),
            (".notes.txt.abcdef", true),
            (".run.toml.swp", true),
            (".run.toml.toolong", true),
            ("run.toml", true),
        ];
        for (name, _) in names {
            fs::write(at(name), "").expect("written");
        }
        let at_work = File::open(at(".run.toml.zzzzzz")).expect("a file");
        at_work.lock().expect("nobody holds it");
        fs::create_dir(at(".run.toml.folder")).expect("made");
        clear(folder.path(), |name| name == "run.toml");
        for (name, stays) in names {
            assert_eq!(at(name).exists(), stays, "{name}");
        }
        assert!(at(".run.toml.folder").is_dir());
        drop(at_work);
        clear(folder.path(), |name| name == "run.toml");
        assert!(!at(".run.toml.zzzzzz").exists(), "its process has ended");
    }
}
