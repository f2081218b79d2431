//! Folders as classes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bmae_output::plain::plain_path;

use super::tree::Tree;
use crate::DataError;
use crate::error::FolderError;

/// The folders directly in `base`, by the names of the classes that they are.
///
/// # Errors
/// When two have one name, or they cannot be looked through.
pub fn class_folders(tree: &impl Tree, base: &Path) -> Result<BTreeMap<String, PathBuf>, DataError> {
    let mut folders = BTreeMap::new();
    for folder in tree.folders(base)? {
        // Bytes that are no UTF-8 are written out, so that such names stay apart.
        let name = folder.file_name().map(plain_path).unwrap_or_default();
        if let Some(first) = folders.insert(name.clone(), folder.clone()) {
            let (first, second) = (tree.place(&first), tree.place(&folder));
            return Err(FolderError::ClassTwice { first, second, name }.into());
        }
    }
    Ok(folders)
}

/// Which classes are only in one of two lists.
pub fn difference(train: &[String], test: &[String]) -> String {
    const NAMED: usize = 5;
    let only = |here: &[String], there: &[String], place: &str| {
        let names: Vec<&str> = here.iter().filter(|name| !there.contains(name)).map(String::as_str).collect();
        let more = match names.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let named = names[..names.len().min(NAMED)].join(", ");
        (!names.is_empty()).then(|| format!("only in {place} is {named}{more}"))
    };
    [only(train, test, "train"), only(test, train, "test")].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_of_differing_classes_are_cut() {
        let many: Vec<String> = (0..8).map(|i| format!("c{i}")).collect();
        assert_eq!(difference(&many, &[]), "only in train is c0, c1, c2, c3, c4 and 3 more");
    }
}
