//! The arrays of an `.npz` file, which is a zip of `.npy` files.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Crc;
use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use crate::DataError;
use crate::decode::{Fault, NpyHeader};
use crate::error::ArrayError;
use crate::zipped::data_start;

/// What is packed is unpacked into memory, up to so many bytes of each array.
const MOST_UNPACKED: u64 = 4 << 30;

/// One array of a file.
pub struct NpzArray {
    /// The file.
    pub path: Arc<Path>,
    /// What it is called in it.
    pub key: String,
    /// What it consists of.
    pub header: NpyHeader,
    place: Place,
}

/// Where the numbers of an array are.
enum Place {
    /// In the file, from this byte on.
    File(File, u64),
    /// In memory.
    Memory(Vec<u8>),
}

/// A member of the zip, before it is looked into.
pub struct NpzMember {
    /// What the array is called.
    pub key: String,
    header_start: u64,
    is_packed: bool,
    packed: u64,
    size: u64,
    crc: u32,
}

/// What arrays there are.
///
/// # Errors
/// When the file cannot be read or is no zip.
pub fn members(path: &Path) -> Result<Vec<NpzMember>, DataError> {
    let file = File::open(path).map_err(DataError::io("read", path))?;
    let damaged = |cause: &dyn ToString| ArrayError::Damaged { path: path.to_owned(), cause: cause.to_string() };
    let archive = ZipArchive::new(BufReader::new(file)).map_err(|cause| damaged(&cause))?;
    let mut members = Vec::new();
    for number in 0..archive.len() {
        let entry = archive.by_index_data(number).map_err(|cause| damaged(&cause))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let Some(key) = name.strip_suffix(".npy") else { continue };
        let method = entry.compression();
        if entry.encrypted() || !matches!(method, CompressionMethod::Stored | CompressionMethod::DEFLATE) {
            return Err(damaged(&format!("{name} is encrypted, or packed by other means than deflate")).into());
        }
        members.push(NpzMember {
            key: key.to_owned(),
            header_start: entry.header_start(),
            is_packed: method == CompressionMethod::DEFLATE,
            packed: entry.compressed_size(),
            size: entry.size(),
            crc: entry.crc32(),
        });
    }
    Ok(members)
}

impl NpzArray {
    /// Opens the array of a member: one that is stored as it is stays in the file, a packed one is unpacked.
    ///
    /// # Errors
    /// When it is no array, is shorter than it says, or too large to be unpacked.
    pub fn open(path: &Arc<Path>, member: NpzMember) -> Result<Self, DataError> {
        let key = member.key.clone();
        let wrong =
            |cause: String| DataError::from(ArrayError::Array { path: path.to_path_buf(), key: key.clone(), cause });
        let fault = |fault: Fault| wrong(fault.to_string());
        let mut file = File::open(path).map_err(DataError::io("read", path.as_ref()))?;
        let start = data_start(&file, member.header_start);
        let start =
            start.and_then(|start| file.seek(SeekFrom::Start(start))).map_err(|cause| wrong(cause.to_string()))?;
        if member.is_packed {
            if member.size > MOST_UNPACKED {
                let (path, bytes) = (path.to_path_buf(), member.size);
                return Err(ArrayError::TooLarge { path, key, bytes, most: MOST_UNPACKED }.into());
            }
            let bytes = unpacked(file, &member).map_err(|cause| wrong(cause.to_string()))?;
            let header = NpyHeader::read(&mut bytes.as_slice()).map_err(fault)?;
            let numbers = bytes.get(header.length as usize..).unwrap_or_default().to_vec();
            let array = Self { path: Arc::clone(path), key, header, place: Place::Memory(numbers) };
            return array.checked(member.size);
        }
        let header = NpyHeader::read(&mut BufReader::new(&mut file)).map_err(fault)?;
        let length = file.metadata().map_err(DataError::io("read", path.as_ref()))?.len();
        expect_random_reads(&file);
        let place = Place::File(file, start + header.length);
        let size = member.size.min(length.saturating_sub(start));
        Self { path: Arc::clone(path), key, header, place }.checked(size)
    }

    /// Refuses an array whose file has `size` bytes, header and all, where its shape needs more.
    fn checked(self, size: u64) -> Result<Self, DataError> {
        let numbers = self.header.shape.iter().try_fold(1_u64, |product, side| product.checked_mul(*side));
        let needed = numbers.and_then(|numbers| numbers.checked_mul(self.header.element.bytes as u64));
        match needed.and_then(|needed| needed.checked_add(self.header.length)).is_some_and(|needed| needed <= size) {
            true => Ok(self),
            false => {
                let cause = format!("it says {:?} and has {size} bytes: it is cut short", self.header.shape);
                Err(ArrayError::Array { path: self.path.to_path_buf(), key: self.key, cause }.into())
            }
        }
    }

    /// Its first side.
    pub fn len(&self) -> u64 {
        self.header.shape.first().copied().unwrap_or(0)
    }

    /// Bytes `from` the first number on, so many.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn bytes(&self, from: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match &self.place {
            Place::Memory(all) => {
                let rest = usize::try_from(from).ok().and_then(|from| all.get(from..)).unwrap_or_default();
                rest.take(length).read_to_end(&mut bytes)?;
            }
            Place::File(file, start) => return read_at(file, start + from, length),
        }
        if bytes.len() as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// An error about it.
    pub fn refused(&self, cause: impl Into<String>) -> DataError {
        ArrayError::Array { path: self.path.to_path_buf(), key: self.key.clone(), cause: cause.into() }.into()
    }
}

/// Lets the system read no more of `file` than what is asked for: images come in another order each time, and what lies behind one
/// is not the next. Of a data set larger than memory that would be most of what is read.
#[cfg(target_os = "linux")]
fn expect_random_reads(file: &File) {
    // It is a hint: a file system that takes none reads as before.
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::Random);
}

#[cfg(not(target_os = "linux"))]
fn expect_random_reads(_: &File) {}

/// So many bytes of `file` from `at` on.
#[cfg(unix)]
fn read_at(file: &File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt;

    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}

#[cfg(windows)]
fn read_at(file: &File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    use std::os::windows::fs::FileExt;

    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    let mut done = 0;
    while done < bytes.len() {
        match file.seek_read(&mut bytes[done..], at + done as u64)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => done += read,
        }
    }
    Ok(bytes)
}

/// The whole member that `file` stands at.
fn unpacked(file: File, member: &NpzMember) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // What the directory says of its length is no more than a claim.
    DeflateDecoder::new(BufReader::new(file.take(member.packed))).take(member.size).read_to_end(&mut bytes)?;
    let mut crc = Crc::new();
    crc.update(&bytes);
    match bytes.len() as u64 == member.size && crc.sum() == member.crc {
        true => Ok(bytes),
        false => Err(io::Error::other("what it is packed in is damaged")),
    }
}

/// The file `path` without its folder, for names.
pub fn base(path: &Path) -> PathBuf {
    path.file_stem().map(PathBuf::from).unwrap_or_default()
}
