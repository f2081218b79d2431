//! Image files, wherever their bytes are: decoded when they are asked for.

use std::io::{BufRead, Seek};
use std::path::{Path, PathBuf};

use bmae_output::plain::plain_path;

use crate::decode::{Inspection, decode, decode_reduced, layout};
use crate::file_digest::digest_of;
use crate::{DataError, Image, Images, PixelLayout, Reduction};

/// Where the bytes of files are.
pub trait Store: Send + Sync {
    /// What to call number `index`, the file `file` of the data set, in errors.
    fn place(&self, index: usize, file: &Path) -> PathBuf;

    /// The bytes of number `index`, the file `file` of the data set.
    ///
    /// # Errors
    /// When they cannot be read; the error names the file.
    fn bytes(&self, index: usize, file: &Path) -> Result<Box<dyn Bytes>, DataError>;

    /// A SHA-256 that tells it from another.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    fn digest(&self, index: usize, file: &Path) -> Result<[u8; 32], DataError> {
        digest_of(&mut self.bytes(index, file)?).map_err(DataError::io("read", self.place(index, file)))
    }
}

/// Bytes that can be read from any place on.
pub trait Bytes: BufRead + Seek {}

impl<T: BufRead + Seek> Bytes for T {}

/// Image files with, or without, a label each.
pub struct StoredImages<S> {
    store: S,
    /// What each is called within the data set.
    files: Vec<PathBuf>,
    labels: Vec<usize>,
    /// For each image whether its file was found whole.
    inspections: Vec<Inspection>,
}

impl<S: Store> StoredImages<S> {
    /// `files` as they are called within the data set, with the bytes of each in `store` under its number; `labels` has
    /// one for each, or none at all.
    pub fn new(store: S, files: Vec<PathBuf>, labels: Vec<usize>) -> Self {
        let inspections = files.iter().map(|_| Inspection::default()).collect();
        Self { store, files, labels, inspections }
    }
}

impl<S: Store> Images for StoredImages<S> {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        let file = &self.files[index];
        decode(&mut self.store.bytes(index, file)?, &self.store.place(index, file), &self.inspections[index])
    }

    fn image_reduced(&self, index: usize, reduction: &dyn Fn(usize, usize) -> Reduction) -> Result<Image, DataError> {
        let file = &self.files[index];
        let place = self.store.place(index, file);
        decode_reduced(&mut self.store.bytes(index, file)?, &place, &self.inspections[index], reduction)
    }

    fn layout(&self, index: usize) -> Result<PixelLayout, DataError> {
        let file = &self.files[index];
        layout(&mut self.store.bytes(index, file)?, &self.store.place(index, file))
    }

    fn name(&self, index: usize) -> String {
        format!("the image {}", plain_path(self.store.place(index, &self.files[index])))
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.labels.get(index).copied()
    }

    fn place(&self, index: usize) -> Option<PathBuf> {
        Some(self.store.place(index, &self.files[index]))
    }

    fn file(&self, index: usize) -> Option<&Path> {
        Some(&self.files[index])
    }

    fn digest(&self, index: usize) -> Result<[u8; 32], DataError> {
        self.store.digest(index, &self.files[index])
    }
}
