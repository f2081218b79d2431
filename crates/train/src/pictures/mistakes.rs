//! The test images that a classifier is surest of and wrong about.

use std::sync::Arc;

use bmae_data::Images;
use bmae_data::preview::{Tile, tiles_to_png};
use bmae_lettering::typeface;
use bmae_output::plain::plain_path;
use bmae_recipe::Recipe;

use super::subjects::{class_text, seen_images};
use crate::TrainError;
use crate::evaluation::TestPredictions;

/// Images that are shown at most, and of them in a row.
const SHOWN: usize = 20;
const IN_A_ROW: usize = 5;

/// The bytes of a PNG file with the most confident mistakes among `predictions` for `images`, as evaluation sees them:
/// below each what it is, what it was called with which probability, and its file, or its number where it has none.
/// `None` where there is no mistake.
///
/// # Errors
/// When an image cannot be read.
pub(crate) fn mistakes(
    recipe: &Recipe,
    images: &Arc<dyn Images>,
    class_names: &[String],
    predictions: &TestPredictions,
) -> Result<Option<Vec<u8>>, TrainError> {
    let shown = predictions.mistakes(SHOWN);
    if shown.is_empty() {
        return Ok(None);
    }
    let seen = seen_images(recipe, images, &shown)?;
    let tiles = seen.into_iter().zip(shown).map(|(image, index)| {
        let prediction = &predictions.images()[index];
        let said = prediction.predicted();
        let file = images.file(index).map(plain_path).filter(|file| typeface::has(file));
        let texts = vec![
            format!("is {}", class_text(prediction.label, class_names)),
            format!("called {}, {:.1} %", class_text(said.class, class_names), 100.0 * said.probability),
            file.unwrap_or_else(|| format!("image {index}")),
        ];
        Tile { image, texts }
    });
    Ok(Some(tiles_to_png(&tiles.collect::<Vec<_>>(), IN_A_ROW)?))
}
