//! Paths in a recipe file are seen from the folder of that file, so that a recipe means the same wherever the program is
//! started.

use std::path::Path;

use super::error::Place;
use super::given::GivenKeys;
use super::keys::TARGETS;
use super::sections::{pretrain, source, target};
use super::warning::Warning;

/// Words that stand where a path may.
const DATA_SETS: [&str; 3] = ["shapes", "cifar10", "cifar100"];

/// The names of the data sets that `data.source` knows besides paths.
pub fn data_sets() -> [&'static str; 3] {
    DATA_SETS
}

/// Whether `key` is a path, as opposed to a word that its section knows.
pub(crate) fn is_path(key: &str, text: &str) -> bool {
    match key {
        _ if text.is_empty() => false,
        key if key == source::KEYS.source.path => !DATA_SETS.contains(&text),
        key => key == source::KEYS.root.path || key == pretrain::KEYS.from.from.path,
    }
}

/// Lets the relative paths of `given`, which the recipe file at `file` holds, begin in its folder. Where nothing is there
/// and something is in the working folder, that is meant, as it was before: a warning says so.
pub(crate) fn see_from_its_folder(given: &mut GivenKeys, file: &Path) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut seen = |key: &str, text: &str| {
        let (path, elsewhere) = seen_from(file, text);
        if elsewhere {
            warnings.push(Warning::PathOfWorkingFolder {
                key: key.to_owned(),
                place: Place::File(file.into()),
                path: text.into(),
            });
        }
        path
    };
    for key in [source::KEYS.source.path, source::KEYS.root.path, pretrain::KEYS.from.from.path] {
        given.change_text(key, |text| if is_path(key, text) { seen(key, text) } else { text.to_owned() });
    }
    let of_runs = given.runs.iter_mut().flatten().filter_map(|run| run.targets.as_mut());
    for target in given.targets.as_mut().into_iter().chain(of_runs).flatten() {
        let from = target::KEYS.from.path;
        target.change_text(
            from,
            |text| if text.is_empty() { String::new() } else { seen(&format!("{TARGETS}.from"), text) },
        );
    }
    warnings
}

/// The path `text` of the file at `file`, and whether it is one of the working folder.
pub(crate) fn seen_from(file: &Path, text: &str) -> (String, bool) {
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return (text.to_owned(), false);
    };
    let beside = folder.join(text);
    match beside.to_str() {
        Some(beside_text) if beside.exists() || !Path::new(text).exists() => (beside_text.to_owned(), false),
        Some(_) => (text.to_owned(), true),
        None => (text.to_owned(), false),
    }
}
