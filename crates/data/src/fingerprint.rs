//! What the images of a split are, in a few bytes: to tell later whether they are still the same.

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{DataError, Dataset, Images, Split};

/// The fingerprint of the images that a recipe takes of one split, in their order. It covers which images there are,
/// what they are called, their classes, the size of every file and its contents: of a file up to 64 KiB every byte, of a
/// larger one four blocks of 16 KiB, the first and the last among them. Of CIFAR every pixel counts, of generated images
/// what they are drawn from. Where the folder lies, and when a file was written, do not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// How many images there are.
    pub images: usize,
    /// The SHA-256, in hexadecimal digits, of the names of the files relative to their folder, the labels, and the names
    /// of the classes.
    pub listing: String,
    /// The SHA-256 of the sizes and contents.
    pub contents: String,
}

impl Fingerprint {
    /// The fingerprint of a split of `dataset`; `None` where it has none. Every file is opened once, by all threads
    /// together.
    ///
    /// # Errors
    /// When a file cannot be read; the error names it.
    pub fn of(dataset: &Dataset, split: Split) -> Result<Option<Self>, DataError> {
        let Some(images) = dataset.images(split) else { return Ok(None) };
        let digests = (0..images.len()).into_par_iter().map(|index| images.digest(index));
        let digests = digests.collect::<Result<Vec<[u8; 32]>, DataError>>()?;
        Ok(Some(Self {
            images: images.len(),
            listing: listing(images.as_ref(), &dataset.class_names),
            contents: hexadecimal(&Sha256::digest(digests.as_flattened())),
        }))
    }

    /// Whether a split of `dataset` has as many images, under these names and of these classes. Reads no file.
    pub fn lists(&self, dataset: &Dataset, split: Split) -> bool {
        dataset.images(split).is_some_and(|images| listing(images.as_ref(), &dataset.class_names) == self.listing)
    }
}

/// Every text with its length in front, so that no two lists run together alike.
fn listing(images: &dyn Images, class_names: &[String]) -> String {
    fn add(digest: &mut Sha256, bytes: &[u8]) {
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    }
    let mut digest = Sha256::new();
    digest.update((class_names.len() as u64).to_le_bytes());
    class_names.iter().for_each(|name| add(&mut digest, name.as_bytes()));
    for index in 0..images.len() {
        let parts: Vec<&[u8]> = images.file(index).into_iter().flatten().map(|part| part.as_encoded_bytes()).collect();
        add(&mut digest, &parts.join(&b'/'));
        digest.update(images.label(index).map_or(u64::MAX, |label| label as u64).to_le_bytes());
    }
    hexadecimal(&digest.finalize())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
