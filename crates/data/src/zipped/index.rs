//! What lies where in a zip.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use zip::{CompressionMethod, ZipArchive};

use crate::DataError;
use crate::error::ArchiveError;
use crate::image_names::{is_hidden, is_image, undecoded_kind};

/// No image in a zip is longer when it is unpacked, in bytes: packed images are unpacked into memory.
const LONGEST: u64 = 256 << 20;
/// A member begins with so many bytes, a name and a further part.
const HEADER: usize = 30;
/// How a member begins.
const SIGNATURE: [u8; 4] = *b"PK\x03\x04";
/// The number of deflate among the ways to pack.
const DEFLATE: CompressionMethod = CompressionMethod::DEFLATE;

/// A file in a zip.
pub struct ZipMember {
    /// Its name.
    pub path: PathBuf,
    /// Where its header begins.
    pub header: u64,
    /// How it is packed.
    pub packing: Packing,
    /// The bytes that it is packed in.
    pub packed: u64,
    /// The bytes that it has.
    pub size: u64,
    /// Their CRC-32.
    pub crc: u32,
}

/// How a member is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Stored,
    /// By deflate.
    Deflated,
}

/// The files of the zip at `path`, hidden ones left out, and the folders that are members of their own, which end in `/`.
///
/// # Errors
/// When it cannot be read or is no zip, and when an image in it is encrypted, packed by other means, larger than 256 MiB, or lies
/// outside the archive's own folder.
pub fn index(path: &Path) -> Result<Vec<ZipMember>, DataError> {
    let file = File::open(path).map_err(DataError::io("read", path))?;
    let damaged = |cause: &dyn ToString| ArchiveError::Damaged { path: path.to_owned(), cause: cause.to_string() };
    let archive = ZipArchive::new(BufReader::new(file)).map_err(|cause| damaged(&cause))?;
    let mut members = Vec::new();
    for number in 0..archive.len() {
        let entry = archive.by_index_data(number).map_err(|cause| damaged(&cause))?;
        let name =
            PathBuf::from(name(entry.name_raw(), || entry.name().map(|name| name.into_owned()).unwrap_or_default()));
        let refused = |why: &str| {
            DataError::from(ArchiveError::Refused { path: path.to_owned(), member: name.clone(), why: why.to_owned() })
        };
        if name.components().any(|part| matches!(part, Component::Normal(name) if is_hidden(name))) {
            continue;
        }
        let is_taken = is_image(&name) || undecoded_kind(&name).is_some();
        if is_taken && !name.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(refused("lies outside the archive's own folder"));
        }
        if is_taken && entry.encrypted() {
            return Err(refused("is encrypted"));
        }
        let method = entry.compression();
        let packing = if method == DEFLATE { Packing::Deflated } else { Packing::Stored };
        if is_taken && method != DEFLATE && method != CompressionMethod::Stored {
            return Err(refused("is packed by other means than deflate"));
        }
        if is_taken && packing == Packing::Deflated && entry.size() > LONGEST {
            return Err(refused("has more than the 256 MiB that an image in a zip may have"));
        }
        members.push(ZipMember {
            header: entry.header_start(),
            packing,
            packed: entry.compressed_size(),
            size: entry.size(),
            crc: entry.crc32(),
            path: name,
        });
    }
    Ok(members)
}

/// A name as text: UTF-8 where its bytes are, which many programs do not declare, else as the zip says; with `/` between
/// folders.
fn name(raw: &[u8], declared: impl FnOnce() -> String) -> String {
    let text = std::str::from_utf8(raw).map_or_else(|_| declared(), str::to_owned);
    text.replace('\\', "/")
}

/// Where the bytes of the member begin whose header is at `header`.
///
/// # Errors
/// When there is no header.
pub fn data_start(mut archive: &File, header: u64) -> io::Result<u64> {
    let mut bytes = [0; HEADER];
    archive.seek(SeekFrom::Start(header))?;
    archive.read_exact(&mut bytes)?;
    if bytes[..4] != SIGNATURE {
        return Err(io::Error::other("a member does not lie where the directory says"));
    }
    let length = |at: usize| u64::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    Ok(header + HEADER as u64 + length(26) + length(28))
}
