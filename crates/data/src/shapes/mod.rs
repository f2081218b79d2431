//! The generated set: ten classes of textured shapes, without any file.
//!
//! A class is a silhouette: disc, ring, square, and so on. Everything else about an image is a nuisance: colours,
//! place, size, rotation, the texture with its own direction and scale, the background, clutter and noise. Silhouettes
//! have equal areas, and colours are drawn without regard to the class (the shape is always brighter than the
//! background), so that no class can be told by its mean colour or brightness: what counts is how the parts of an image
//! hang together.
//!
//! Image `i` of a split depends on the seed and on `i` alone, never on how many images there are; its label is
//! `i % 10`. An image that is not square is none that was stretched: its scene fills the square in the middle, and the
//! background goes on beside it.

mod render;
mod scene;

use std::sync::{Arc, OnceLock};

use bmae_architecture::ImageSize;
use sha2::{Digest, Sha256};

use crate::random::Purpose;
use crate::{DataError, Dataset, Depth, Image, Images, PixelLayout};
use scene::{Scene, Silhouette};

/// The least side of an image, in pixels: below it the textures vanish.
pub const LEAST_SIZE: usize = 16;
/// The greatest side of an image, in pixels.
pub const GREATEST_SIZE: usize = 1024;

/// How many classes there are.
pub const CLASSES: usize = Silhouette::ALL.len();

/// Opens the set; its images are drawn when they are first asked for, and kept.
///
/// # Errors
/// When a side is not between [`LEAST_SIZE`] and [`GREATEST_SIZE`].
pub fn open(seed: u64, train: usize, test: usize, size: ImageSize) -> Result<Dataset, DataError> {
    if [size.height, size.width].iter().any(|side| !(LEAST_SIZE..=GREATEST_SIZE).contains(side)) {
        return Err(DataError::ShapeSize { found: size, min: LEAST_SIZE, max: GREATEST_SIZE });
    }
    let images = |purpose, count| {
        let drawn = std::iter::repeat_with(OnceLock::new).take(count).collect();
        Arc::new(Shapes { seed, purpose, size, drawn })
    };
    Ok(Dataset {
        name: "shapes".to_owned(),
        train: images(Purpose::TrainShape, train),
        test: Some(images(Purpose::TestShape, test)),
        test_origin: None,
        class_names: Silhouette::ALL.map(|silhouette| silhouette.noun().to_owned()).to_vec(),
        left_out: None,
        unreadable: Vec::new(),
        channels: 3,
        depth: Depth::Bits8,
    })
}

/// The images of a split.
struct Shapes {
    seed: u64,
    purpose: Purpose,
    size: ImageSize,
    drawn: Vec<OnceLock<Image>>,
}

impl Images for Shapes {
    fn len(&self) -> usize {
        self.drawn.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        if let Some(image) = self.drawn[index].get() {
            return Ok(image.clone());
        }
        let silhouette = Silhouette::ALL[index % CLASSES];
        let scene = Scene::draw(silhouette, self.seed, index as u64, self.purpose);
        let image = render::render(&scene, self.size)?;
        Ok(self.drawn[index].get_or_init(|| image).clone())
    }

    fn layout(&self, _index: usize) -> Result<PixelLayout, DataError> {
        Ok(PixelLayout { channels: 3, depth: Depth::Bits8, has_alpha: false })
    }

    fn label(&self, index: usize) -> Option<usize> {
        Some(index % CLASSES)
    }

    /// Of what the image is drawn from.
    fn digest(&self, index: usize) -> Result<[u8; 32], DataError> {
        let ImageSize { height, width } = self.size;
        let drawn_from = [self.seed, self.purpose as u64, height as u64, index as u64].map(u64::to_le_bytes);
        let digest = Sha256::new().chain_update(drawn_from.concat());
        Ok(match self.size.is_square() {
            true => digest.finalize().into(),
            false => digest.chain_update((width as u64).to_le_bytes()).finalize().into(),
        })
    }
}

#[cfg(test)]
mod tests;
