//! What lies where in a shard.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use bmae_output::path_text::of_bytes;
use tar::{Archive, EntryType, PaxExtensions};

use super::member_names::is_label;
use crate::DataError;
use crate::error::ArchiveError;
use crate::image_names::is_hidden;

/// No extended header, and no label, is longer, in bytes.
const LONGEST: u64 = 1 << 20;

/// The length of a block of a `.tar`, in bytes.
const BLOCK: u64 = 512;

/// Where the bytes of a member lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The first, from the beginning of the shard.
    pub start: u64,
    /// How many.
    pub len: u64,
}

/// A plain file in a shard.
#[derive(Debug)]
pub struct Member {
    /// Its name.
    pub path: PathBuf,
    /// Its bytes.
    pub place: Place,
    /// What it holds, where it is a label.
    pub label: Option<Vec<u8>>,
}

/// The members of the shard at `path`, in their order. Images are passed by without being read.
///
/// # Errors
/// When it cannot be read, is damaged or cut short, or a member is a link, lies outside the shard's own folder, or is a label of
/// more than a mebibyte.
pub fn index(path: &Path) -> Result<Vec<Member>, DataError> {
    let file = File::open(path).map_err(DataError::io("read", path))?;
    let length = file.metadata().map_err(DataError::io("read", path))?.len();
    let damaged = |cause: io::Error| ArchiveError::Damaged { path: path.to_owned(), cause: cause.to_string() };
    let refused = |member: &Path, why: &str| ArchiveError::Refused {
        path: path.to_owned(),
        member: member.to_owned(),
        why: why.to_owned(),
    };
    check_end(path, &file, length)?;
    let mut archive = Archive::new(BufReader::new(file));
    let mut members = Vec::new();
    let mut long_name: Option<Vec<u8>> = None;
    // As they are: an extended header, which may be of any length, would else be read into memory.
    for entry in archive.entries_with_seek().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let kind = entry.header().entry_type();
        let (start, len) = (entry.raw_file_position(), entry.size());
        let is_extension = kind.is_gnu_longname() || kind.is_pax_local_extensions();
        let long = if is_extension { None } else { long_name.take() };
        let name = of_bytes(long.unwrap_or_else(|| entry.path_bytes().into_owned()));
        if start.checked_add(len).is_none_or(|end| end > length) {
            let member = name.display();
            return Err(damaged(io::Error::other(format!("{member} ends behind the end of the file"))).into());
        }
        if is_extension {
            if len > LONGEST {
                return Err(refused(&name, "has an extended header of more than a mebibyte").into());
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(damaged)?;
            long_name =
                if kind.is_gnu_longname() { Some(without_zeros(bytes)) } else { pax_path(&bytes).or(long_name) };
            continue;
        }
        let is_passed_over = kind.is_dir() || kind.is_pax_global_extensions() || kind.is_gnu_longlink();
        let is_hidden = |part| matches!(part, Component::Normal(name) if is_hidden(name));
        if is_passed_over || name.components().any(is_hidden) {
            continue;
        }
        if !matches!(kind, EntryType::Regular | EntryType::Continuous) {
            return Err(refused(&name, "is a link or a special file, not a plain one").into());
        }
        if !name.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(refused(&name, "lies outside the archive's own folder").into());
        }
        let name: PathBuf = name.components().filter(|part| *part != Component::CurDir).collect();
        let label = match is_label(&name) {
            true if len > LONGEST => return Err(refused(&name, "is longer than any label").into()),
            true => {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).map_err(damaged)?;
                Some(bytes)
            }
            false => None,
        };
        members.push(Member { path: name, place: Place { start, len }, label });
    }
    Ok(members)
}

/// Whether a shard of `length` bytes ends as they do: with a block of zeros. An empty file has no end, and no beginning.
fn check_end(path: &Path, mut file: &File, length: u64) -> Result<(), DataError> {
    if length == 0 {
        return Ok(());
    }
    let mut block = [1; BLOCK as usize];
    if length.is_multiple_of(BLOCK) {
        let mut last = || file.seek(SeekFrom::Start(length - BLOCK)).and_then(|_| file.read_exact(&mut block));
        last().and_then(|()| file.rewind()).map_err(DataError::io("read", path))?;
    }
    if block.iter().any(|&byte| byte != 0) {
        let cause = "it has not the end of a .tar".to_owned();
        return Err(ArchiveError::Damaged { path: path.to_owned(), cause }.into());
    }
    Ok(())
}

fn without_zeros(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len()));
    bytes
}

/// The name that an extended header gives the next member.
fn pax_path(bytes: &[u8]) -> Option<Vec<u8>> {
    let path =
        |extension: tar::PaxExtension<'_>| (extension.key_bytes() == b"path").then(|| extension.value_bytes().to_vec());
    PaxExtensions::new(bytes).flatten().find_map(path)
}
