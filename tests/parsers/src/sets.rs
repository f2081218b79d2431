//! Shards, zips, and tables of labels.

use bmae_data::{Selection, Source};

use crate::scratch;

/// A `.tar` with images and labels.
pub fn shard(bytes: &[u8]) -> bool {
    taken("shards/a.tar", bytes)
}

/// A zip of a folder of images.
pub fn zip(bytes: &[u8]) -> bool {
    taken("zips/a.zip", bytes)
}

/// A CSV file of files and labels; two of the files that it may name are there.
pub fn table(bytes: &[u8]) -> bool {
    for name in ["0.png", "b/1.png"] {
        scratch::write(&format!("tables/{name}"), b"no picture");
    }
    taken("tables/a.csv", bytes)
}

/// Whether a data set could be made of these bytes. Every image of it is asked for; that it cannot be decoded is no fault of
/// the set.
fn taken(name: &str, bytes: &[u8]) -> bool {
    let path = scratch::write(name, bytes);
    let Ok(data) = bmae_data::open(&Source::Path(path), &Selection::default()) else { return false };
    for images in std::iter::once(&data.train).chain(&data.test) {
        for index in 0..images.len() {
            assert!(images.label(index).is_none_or(|label| label < data.class_names.len()));
            assert!(images.file(index).is_some() && images.place(index).is_some());
            let _ = (images.image(index), images.digest(index));
        }
    }
    true
}
