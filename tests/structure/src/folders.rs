//! From dependencies between files to those between the members of each folder.

use std::collections::BTreeMap;

use crate::circles::Graph;

/// For each folder, which of its files and folders need which. A dependency between two files belongs to the one folder
/// in which their ways part. `mod.rs` is a member of its folder like others, and so is `x.rs` beside a folder `x`.
pub fn by_folder(files: &Graph) -> BTreeMap<String, Graph> {
    let mut folders = BTreeMap::<String, Graph>::new();
    let all: Vec<&str> = files.edges().flat_map(|(from, to, _)| [from, to]).collect();
    for (from, to, example) in files.edges() {
        let (from, to) = (way(from, &all), way(to, &all));
        let depth = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        folders.entry(from[..depth].concat()).or_default().add(&from[depth], &to[depth], example);
    }
    folders
}

/// The folders to `file`, each ending in `/`, then its name.
fn way(file: &str, all: &[&str]) -> Vec<String> {
    let own_folder = file.replace(".rs", "/");
    let has_folder = all.iter().any(|other| other.starts_with(&own_folder));
    let path =
        if has_folder { format!("{own_folder}{}", file.rsplit('/').next().unwrap_or(file)) } else { file.to_owned() };
    path.split_inclusive('/').map(str::to_owned).collect()
}
