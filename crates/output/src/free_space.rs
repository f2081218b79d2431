//! How much room there is on a disk.

use std::path::Path;

/// Bytes that this user may still write where `path` lies or would lie, be it there already or not. `None` where the
/// system does not say.
pub fn free_space(path: &Path) -> Option<u64> {
    // Of a relative path that does not exist, the last folder is the current one.
    let path = std::path::absolute(path).ok()?;
    let there = path.ancestors().find(|folder| folder.exists())?;
    on_the_disk_of(there)
}

#[cfg(unix)]
fn on_the_disk_of(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    // What is no disk, as /proc, has none.
    if found.f_blocks == 0 {
        return None;
    }
    found.f_bavail.checked_mul(found.f_frsize)
}

#[cfg(not(unix))]
fn on_the_disk_of(_: &Path) -> Option<u64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_has_the_room_of_the_one_that_it_will_be_in() {
        let folder = tempfile::tempdir().expect("a folder");
        let there = free_space(folder.path()).expect("the system says it");
        let of_deeper = free_space(&folder.path().join("a/b/c")).expect("the system says it");
        // Others write meanwhile.
        assert!(there > 0 && there.abs_diff(of_deeper) < there / 2 + (1 << 30), "{there} {of_deeper}");
        assert!(free_space(Path::new("no/such/folder")).is_some());
        #[cfg(target_os = "linux")]
        assert_eq!(free_space(Path::new("/proc/a")), None, "that is no disk");
    }
}
