//! A zip of a folder of images, read at random: the same rules as for the folder ([`layout`](crate::layout)).

mod index;
mod tree;

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bmae_output::plain::name_of_path;
use flate2::read::DeflateDecoder;
use sha2::{Digest, Sha256};

use crate::division::divided;
use crate::error::ArchiveError;
use crate::layout::{Layout, Part};
use crate::section::Section;
use crate::stored_images::{Bytes, Store, StoredImages};
use crate::{DataError, Dataset, Depth, Images, Selection, TestOrigin};
pub use index::data_start;
use index::{Packing, ZipMember, index};
use tree::ZipTree;

/// Whether a file is a zip of images, as its name tells.
pub fn is_zip(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}

/// Opens a zip of a folder of images, labelled or not; class folders without a split are divided. Nothing is unpacked to the
/// disk.
///
/// # Errors
/// As [`Layout::of`], when it is no zip or damaged, and when an image is encrypted or packed by other means than deflate.
pub fn open(path: &Path, selection: &Selection) -> Result<Dataset, DataError> {
    let members = index(path)?;
    let mut tree = ZipTree::of(path, members);
    let layout = Layout::of(&tree, selection.undecoded)?;
    let archive: Arc<Path> = Arc::from(path);
    let mut images = |part: Part| -> Arc<dyn Images> {
        let members = part.files.iter().filter_map(|file| tree.take(&part.base.join(file))).collect();
        let store = ZipStore { archive: Arc::clone(&archive), top: tree.top().join(part.base), members };
        Arc::new(StoredImages::new(store, part.files, part.labels))
    };
    let dataset = Dataset {
        name: name_of_path(path),
        train: images(layout.train),
        test: layout.test.map(&mut images),
        test_origin: layout.test_folder.map(TestOrigin::Folder),
        class_names: layout.class_names,
        left_out: None,
        unreadable: Vec::new(),
        channels: 3,
        depth: Depth::Bits8,
    };
    Ok(if layout.has_splits { dataset } else { divided(dataset, selection) })
}

/// Members of a zip.
struct ZipStore {
    archive: Arc<Path>,
    /// The folder in it that all lie below, behind the path of the zip.
    top: PathBuf,
    members: Vec<ZipMember>,
}

impl ZipStore {
    fn damaged(&self, cause: impl ToString) -> DataError {
        ArchiveError::Damaged { path: self.archive.to_path_buf(), cause: cause.to_string() }.into()
    }
}

impl Store for ZipStore {
    fn place(&self, _index: usize, file: &Path) -> PathBuf {
        self.top.join(file)
    }

    fn bytes(&self, index: usize, file: &Path) -> Result<Box<dyn Bytes>, DataError> {
        let member = &self.members[index];
        let archive = File::open(&self.archive).map_err(DataError::io("read", self.archive.as_ref()))?;
        let start = data_start(&archive, member.header).map_err(|cause| self.damaged(cause))?;
        let section = Section::new(archive, start, member.packed).map_err(|cause| self.damaged(cause))?;
        match member.packing {
            Packing::Stored => Ok(Box::new(BufReader::new(section))),
            Packing::Deflated => {
                // What its directory says of its length is no more than a claim.
                let mut bytes = Vec::new();
                let read = DeflateDecoder::new(BufReader::new(section)).take(member.size).read_to_end(&mut bytes);
                let whole = read.is_ok_and(|read| read as u64 == member.size);
                if !whole || crc32fast::hash(&bytes) != member.crc {
                    let cause = "what it is packed in is damaged".to_owned();
                    return Err(crate::FolderError::CorruptImage { path: self.place(index, file), cause }.into());
                }
                Ok(Box::new(Cursor::new(bytes)))
            }
        }
    }

    /// Of its length and its checksum, as the directory of the zip has them.
    fn digest(&self, index: usize, _file: &Path) -> Result<[u8; 32], DataError> {
        let ZipMember { size, crc, .. } = self.members[index];
        Ok(Sha256::new().chain_update(size.to_le_bytes()).chain_update(crc.to_le_bytes()).finalize().into())
    }
}

#[cfg(test)]
mod tests;
