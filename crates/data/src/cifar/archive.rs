//! The official archives, read straight into memory.
//!
//! Nothing is unpacked to disk, so no entry can write anywhere. What an archive can still do is ask for memory; the
//! limits below are far above the official archives and far below harm.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Component, Path};

use flate2::read::GzDecoder;

use super::limits::{LONGEST_FILE, is_wanted};
use crate::DataError;
use crate::error::CifarError;

/// How much an archive may unpack to, in bytes; both sets have 184,400,000 with names and padding.
const UNPACKED_LIMIT: u64 = 256 << 20;

/// Whether a file begins as gzip files do.
pub fn is_gzip(path: &Path) -> Result<bool, DataError> {
    let mut start = Vec::new();
    File::open(path).and_then(|file| file.take(2).read_to_end(&mut start)).map_err(DataError::io("read", path))?;
    Ok(start == [0x1f, 0x8b])
}

/// The files of CIFAR-10 and CIFAR-100 in a `.tar.gz`, by file name, in whatever folder they lie.
pub fn read(path: &Path) -> Result<BTreeMap<String, Vec<u8>>, DataError> {
    let damaged = |cause: io::Error| DataError::Cifar(CifarError::ArchiveDamaged { path: path.to_owned(), cause });
    let refused = |entry: &Path, why: &'static str| {
        DataError::Cifar(CifarError::ArchiveRefused { path: path.to_owned(), entry: entry.to_owned(), why })
    };
    let file = File::open(path).map_err(DataError::io("read", path))?;
    let unpacked = Bounded { inner: GzDecoder::new(BufReader::new(file)), left: UNPACKED_LIMIT };
    let mut archive = tar::Archive::new(unpacked);
    let mut contents = BTreeMap::new();
    // As they are: an extended header, which may be of any length, would else be read into memory. Only names of more
    // than a hundred bytes need one.
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let entry_type = entry.header().entry_type();
        if entry_type.is_gnu_longname()
            || entry_type.is_gnu_longlink()
            || entry_type.is_pax_local_extensions()
            || entry_type.is_pax_global_extensions()
        {
            continue;
        }
        let entry_path = entry.path().map_err(damaged)?.into_owned();
        let harmless = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !entry_path.components().all(harmless) {
            return Err(refused(&entry_path, "lies outside the archive's own folder"));
        }
        let Some(name) = entry_path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if !is_wanted(name) || entry_type.is_dir() {
            continue;
        }
        if !entry_type.is_file() {
            return Err(refused(&entry_path, "is a link or a special file, not a plain one"));
        }
        if entry.size() > LONGEST_FILE {
            return Err(refused(&entry_path, "is longer than any file of CIFAR-10 and CIFAR-100"));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(damaged)?;
        if contents.insert(name.to_owned(), bytes).is_some() {
            return Err(refused(&entry_path, "comes twice"));
        }
    }
    // Reading on to the end of the gzip stream checks its sum.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(damaged)?;
    Ok(contents)
}

/// A reader that fails, instead of ending, once it has given a number of bytes.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::other(format!("it unpacks to more than {} MiB", UNPACKED_LIMIT >> 20)))?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
