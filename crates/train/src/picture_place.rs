//! Where a picture of images may go.

use std::path::Path;

use bmae_output::claim::{Foreign, check_file};
use bmae_recipe::{DataSource, Recipe};

use crate::TrainError;
use crate::whole_file::check_place;

/// Refuses a place for a picture that is `what` by its mark, before any work is done: one that cannot be written to, one
/// that holds another file, and, unless `foreign` files are replaced, one among the images of the recipe's own data set,
/// where the picture would be the next of them.
///
/// # Errors
/// As said.
pub(crate) fn check(path: &Path, what: &str, recipe: &Recipe, foreign: Foreign) -> Result<(), TrainError> {
    check_place(path)?;
    check_file(path, what, &[], foreign)?;
    match &recipe.data.source {
        DataSource::Path(data) if foreign == Foreign::Kept && lies_among(path, data) => {
            Err(TrainError::AmongImages { path: path.to_owned(), data: data.clone() })
        }
        _ => Ok(()),
    }
}

/// Of a labelled folder only `train` and `test` hold images.
fn lies_among(path: &Path, data: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(folder) = real(folder) else { return false };
    let is_below = |data: &Path| data.is_dir() && real(data).is_some_and(|data| folder.starts_with(data));
    match data.join("train").is_dir() {
        true => is_below(&data.join("train")) || is_below(&data.join("test")),
        false => is_below(data),
    }
}
