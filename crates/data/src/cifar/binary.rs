//! The binary layout: records of one length, one after the other, without any header.
//!
//! A record is one label byte (CIFAR-10), or a coarse and a fine one (CIFAR-100), and 3072 pixel bytes: the red, the
//! green and the blue plane of 32x32, each row by row.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::CifarError;
use crate::{CifarSet, DataError, Depth, Image, Images, PixelLayout};

/// The side of every image.
pub const SIDE: usize = 32;
/// The pixels of one colour plane.
const PLANE: usize = SIDE * SIDE;
/// The pixel bytes of a record.
const PIXEL_BYTES: usize = 3 * PLANE;

/// Records in memory, every label of which exists.
pub struct Records {
    set: CifarSet,
    /// [N, 3, 32, 32], as in the files.
    planes: Vec<u8>,
    labels: Vec<u8>,
}

impl Records {
    /// No records yet.
    pub fn new(set: CifarSet) -> Self {
        Self { set, planes: Vec::new(), labels: Vec::new() }
    }

    /// Takes up the records of a file. `place` names it in errors.
    ///
    /// # Errors
    /// When the file is empty or no whole number of records, or when a record has a label that does not exist. Nothing is
    /// taken then.
    pub fn append(&mut self, place: &Path, bytes: &[u8]) -> Result<(), DataError> {
        let label_bytes = self.set.label_bytes();
        let record_bytes = label_bytes + PIXEL_BYTES;
        if bytes.is_empty() || !bytes.len().is_multiple_of(record_bytes) {
            return Err(CifarError::PartialRecord {
                set: self.set,
                path: place.to_owned(),
                found: bytes.len(),
                record_bytes,
                records: bytes.len() / record_bytes,
                rest: bytes.len() % record_bytes,
            }
            .into());
        }
        let taken = bytes.len() / record_bytes;
        let records = || bytes.chunks_exact(record_bytes);
        let label = |record: &[u8]| record[label_bytes - 1];
        let classes = self.set.classes();
        if let Some(number) = records().position(|record| usize::from(label(record)) >= classes) {
            return Err(CifarError::LabelOutOfRange {
                path: place.to_owned(),
                record: number,
                label: usize::from(bytes[number * record_bytes + label_bytes - 1]),
                classes,
            }
            .into());
        }
        self.planes.reserve_exact(taken * PIXEL_BYTES);
        for record in records() {
            self.labels.push(label(record));
            self.planes.extend_from_slice(&record[label_bytes..]);
        }
        Ok(())
    }

    /// Keeps the records of these numbers alone, which rise, and gives back the memory of the others.
    pub fn keep(&mut self, chosen: &[usize]) {
        for (to, &from) in chosen.iter().enumerate() {
            self.labels[to] = self.labels[from];
            self.planes.copy_within(from * PIXEL_BYTES..(from + 1) * PIXEL_BYTES, to * PIXEL_BYTES);
        }
        self.labels.truncate(chosen.len());
        self.planes.truncate(chosen.len() * PIXEL_BYTES);
        self.labels.shrink_to_fit();
        self.planes.shrink_to_fit();
    }
}

impl Images for Records {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        let record = &self.planes[index * PIXEL_BYTES..(index + 1) * PIXEL_BYTES];
        let (red, rest) = record.split_at(PLANE);
        let (green, blue) = rest.split_at(PLANE);
        let mut pixels = Vec::with_capacity(PIXEL_BYTES);
        for ((&red, &green), &blue) in red.iter().zip(green).zip(blue) {
            pixels.extend([red, green, blue]);
        }
        Image::new(SIDE, SIDE, pixels)
    }

    fn layout(&self, _index: usize) -> Result<PixelLayout, DataError> {
        Ok(PixelLayout { channels: 3, depth: Depth::Bits8, has_alpha: false })
    }

    fn label(&self, index: usize) -> Option<usize> {
        Some(usize::from(self.labels[index]))
    }

    fn digest(&self, index: usize) -> Result<[u8; 32], DataError> {
        Ok(Sha256::digest(&self.planes[index * PIXEL_BYTES..(index + 1) * PIXEL_BYTES]).into())
    }
}
