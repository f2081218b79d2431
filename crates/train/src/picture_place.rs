//! Where a picture of images may go.

use std::path::Path;

use bmae_data::folders_with_images;
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

/// Whether a file at `path` would be found among the images of the folder `data`.
fn lies_among(path: &Path, data: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(folder) = real(folder) else { return false };
    data.is_dir()
        && folders_with_images(data).iter().any(|images| real(images).is_some_and(|images| folder.starts_with(images)))
}
