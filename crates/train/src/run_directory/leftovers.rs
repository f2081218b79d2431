//! What processes left behind that were killed while they wrote: files that were to become others of a run directory.

use std::path::Path;

/// The folders that a run writes whole files into, from the run directory.
const FOLDERS: [&str; 4] = ["", "checkpoints", "state", "pictures"];

/// How a file that is to become another is called: `.<name>.<suffix>`, with a random suffix of letters and digits.
const SUFFIX: usize = 6;

/// Removes them from a run `directory`, which nobody else may be at work on. What cannot be removed only takes room.
pub(super) fn clear(directory: &Path) {
    for folder in FOLDERS {
        let entries = std::fs::read_dir(directory.join(folder)).into_iter().flatten().flatten();
        for entry in entries {
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if is_file && entry.file_name().to_str().is_some_and(is_leftover) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

fn is_leftover(name: &str) -> bool {
    let becomes = |name: &str| {
        let (name, suffix) = name.rsplit_once('.')?;
        (suffix.len() == SUFFIX && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric())).then(|| name.to_owned())
    };
    let of_a_run = |name: &str| {
        matches!(name, "config.toml" | "run.toml" | "metrics.jsonl")
            || name.ends_with(".safetensors")
            || name.ends_with(".png")
    };
    name.strip_prefix('.').and_then(becomes).is_some_and(|name| of_a_run(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_killed_process_was_writing_is_cleared() {
        let folder = tempfile::tempdir().expect("a folder");
        let names = [
            (".run.toml.aZ09bc", false),
            ("checkpoints/.last.safetensors.123456", false),
            ("state/.epoch-0003.safetensors.abcdef", false),
            ("pictures/.epoch-0003-attention.png.ABCDEF", false),
            ("run.toml", true),
            (".notes.txt.abcdef", true),
            (".run.toml.swp", true),
            ("checkpoints/last.safetensors", true),
            ("mine/.run.toml.aZ09bc", true),
        ];
        for (name, _) in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, "").expect("written");
        }
        clear(folder.path());
        for (name, stays) in names {
            assert_eq!(folder.path().join(name).exists(), stays, "{name}");
        }
    }
}
