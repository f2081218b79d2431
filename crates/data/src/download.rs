//! Fetching the official archives.
//!
//! What arrives goes to a file ending in `.part`. Only when its MD5 is right does it get its name, in one step; so an
//! archive under its own name is whole. An interrupted download is continued where it stopped, if the server can
//! (`Range`); whatever the pieces are, the MD5 speaks of the whole.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bmae_output::destination::behind_links;
use bmae_output::duration::duration;
use bmae_output::whole_file::create_folder;
use md5::{Digest, Md5};
use ureq::Agent;
use ureq::http::{Response, header};

use crate::error::DownloadError;
use crate::{CifarSet, DataError};

/// How long a server is waited for.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// To accept a connection, to answer, or to send the next bytes.
    answer: Duration,
    /// To send [`LEAST_BYTES`].
    progress: Duration,
}

const PATIENCE: Patience = Patience { answer: Duration::from_secs(30), progress: Duration::from_secs(120) };

/// What a server must send within the time for progress, in bytes; more slowly, an archive would take four days.
const LEAST_BYTES: u64 = 64 << 10;

/// An archive that can be downloaded, and how to know that it came whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// What to call it: `CIFAR-10`.
    pub name: String,
    /// The file it becomes.
    pub file_name: String,
    /// Where it lies: the official address, or that of a mirror.
    pub url: String,
    /// Its MD5 sum, in hexadecimal (32 digits).
    pub md5: String,
    /// Its length in bytes.
    pub bytes: u64,
}

impl Archive {
    /// The official binary archive of a set.
    pub fn official(set: CifarSet) -> Self {
        let (md5, bytes) = match set {
            CifarSet::Cifar10 => ("c32a1d4ab5d03f1284b67883e8d87530", 170_052_171),
            CifarSet::Cifar100 => ("03b5dce01913d631647c71ecec9e9cb8", 168_513_733),
        };
        let file_name = set.archive_name();
        Self {
            name: set.to_string(),
            file_name: file_name.to_owned(),
            url: format!("https://www.cs.toronto.edu/~kriz/{file_name}"),
            md5: md5.to_owned(),
            bytes,
        }
    }
}

/// What [`download`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The archive was fetched and verified; it lies here.
    Downloaded(PathBuf),
    /// The archive was here already, and its MD5 is right.
    AlreadyPresent(PathBuf),
}

/// Fetches an archive into `folder` (made if need be), verifies it, and only then gives it its name.
///
/// `progress` is called with the bytes done, those of earlier attempts included, and the bytes in all, where the server
/// says how many.
///
/// # Errors
/// - without a network, when the server refuses, or when the connection is cut: what has arrived is kept, and the next
///   call continues there;
/// - when the server hangs, or sends next to nothing: as before;
/// - when the MD5 is wrong, or more comes than the archive has: what has arrived is deleted, since continuing would
///   never put it right;
/// - when another file has the archive's name: it is left alone;
/// - when another process is downloading the same archive, or the disk is full.
pub fn download(
    archive: &Archive,
    folder: &Path,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Outcome, DataError> {
    download_within(PATIENCE, archive, folder, progress)
}

fn download_within(
    patience: Patience,
    archive: &Archive,
    folder: &Path,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Outcome, DataError> {
    let path = folder.join(&archive.file_name);
    if path.exists() {
        let found = File::open(&path).and_then(|mut file| md5_of(&mut file)).map_err(DataError::io("read", &path))?;
        return match is_md5(&found, archive) {
            true => Ok(Outcome::AlreadyPresent(path)),
            false => Err(DownloadError::PresentDiffers { path, expected: archive.md5.clone(), found }.into()),
        };
    }
    create_folder(folder).map_err(DataError::io("create", folder))?;
    // A link that leads nowhere yet stays, and the archive comes to be where it points.
    let whole_path = behind_links(&path).map_err(DataError::io("write", &path))?;
    let part_path = whole_path.with_added_extension("part");
    let mut part = Part::open(&part_path)?;
    let fetched = fetch(patience, archive, &mut part, progress).and_then(|()| part.verify(archive));
    let is_empty = part.length == 0;
    drop(part);
    if is_empty {
        // Nothing has arrived, or nothing that is worth keeping; a failure to tidy up must not hide the reason.
        let _ = fs::remove_file(&part_path);
    }
    fetched?;
    fs::rename(&part_path, &whole_path).map_err(DataError::io("write", &path))?;
    sync_folder(whole_path.parent().unwrap_or(folder));
    Ok(Outcome::Downloaded(path))
}

/// Fetches what is missing of a part.
fn fetch(
    patience: Patience,
    archive: &Archive,
    part: &mut Part,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), DataError> {
    let mut response = request(patience, archive, part.length)?;
    if part.length > 0 && response.status() == 416 {
        // There is nothing after the part: either it is whole, or it belongs to something longer.
        if part.verify(archive).is_ok() {
            return Ok(());
        }
        part.truncate()?;
        response = request(patience, archive, 0)?;
    }
    let total = match response.status().as_u16() {
        200 => {
            part.truncate()?;
            number(&response, header::CONTENT_LENGTH, |text| Some(text))
        }
        206 if content_range_start(&response) == Some(part.length) => {
            number(&response, header::CONTENT_RANGE, |text| text.rsplit('/').next())
        }
        status => return Err(DownloadError::Refused { url: archive.url.clone(), status }.into()),
    };
    if total.is_some_and(|total| total > archive.bytes) {
        return too_long(archive, part, total);
    }
    progress(part.length, total);
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; 1 << 16];
    let broke_off = |done: u64, cause: String| {
        DataError::Download(DownloadError::BrokenOff {
            url: archive.url.clone(),
            done,
            total: total.map_or_else(String::new, |total| format!(" of {total}")),
            cause,
        })
    };
    let mut milestone = (Instant::now(), part.length);
    loop {
        let read = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            Err(cause) => return Err(broke_off(part.length, cause.to_string())),
        };
        if part.length + read as u64 > archive.bytes {
            return too_long(archive, part, total);
        }
        part.append(&buffer[..read])?;
        progress(part.length, total);
        if part.length >= milestone.1 + LEAST_BYTES {
            milestone = (Instant::now(), part.length);
        } else if milestone.0.elapsed() > patience.progress {
            let time = duration(patience.progress);
            return Err(broke_off(part.length, format!("the server sent next to nothing for {time}")));
        }
    }
    if total.is_some_and(|total| part.length < total) {
        return Err(broke_off(part.length, "the server ended it early".to_owned()));
    }
    Ok(())
}

/// The error that more comes than the archive has; nothing of it is kept.
fn too_long(archive: &Archive, part: &mut Part, told: Option<u64>) -> Result<(), DataError> {
    part.truncate()?;
    let found = told.map_or_else(|| "more".to_owned(), |told| format!("{told}"));
    Err(DownloadError::TooLong { url: archive.url.clone(), expected: archive.bytes, found }.into())
}

/// Asks for an archive, from byte `start` on.
fn request(patience: Patience, archive: &Archive, start: u64) -> Result<Response<ureq::Body>, DataError> {
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        // The archive is compressed already, and a range is one of what is sent.
        .accept_encoding("identity")
        .user_agent(concat!("bmae/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(patience.answer))
        .timeout_connect(Some(patience.answer))
        .timeout_recv_response(Some(patience.answer))
        .timeout_per_read(Some(patience.answer))
        .build()
        .into();
    let mut request = agent.get(&archive.url);
    if start > 0 {
        request = request.header(header::RANGE, format!("bytes={start}-"));
    }
    request.call().map_err(|cause| {
        let url = archive.url.clone();
        match cause {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => DataError::Download(DownloadError::InvalidUrl { url }),
            cause => DataError::Download(DownloadError::Unreachable { url, cause: cause.to_string() }),
        }
    })
}

/// A number in a header.
fn number(
    response: &Response<ureq::Body>,
    name: header::HeaderName,
    digits: impl Fn(&str) -> Option<&str>,
) -> Option<u64> {
    let text = response.headers().get(name)?.to_str().ok()?;
    digits(text)?.trim().parse().ok()
}

/// The first byte of what a server sends of a file: `bytes 100-199/200`.
fn content_range_start(response: &Response<ureq::Body>) -> Option<u64> {
    number(response, header::CONTENT_RANGE, |text| text.strip_prefix("bytes ")?.split('-').next())
}

/// The file that an archive is until it is whole; nobody else writes to it meanwhile.
struct Part {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Part {
    fn open(path: &Path) -> Result<Self, DataError> {
        // A link would come to be the archive under its own name, and a pipe would be waited for.
        if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
            let cause =
                io::Error::new(io::ErrorKind::InvalidInput, "it is not a file of an earlier download; remove it");
            return Err(DataError::io("write", path)(cause));
        }
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(DataError::io("write", path))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(DownloadError::Busy { path: path.to_owned() }.into());
            }
            // Some network file systems know no locks; the MD5 still guards the outcome.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let length = file.seek(SeekFrom::End(0)).map_err(DataError::io("read", path))?;
        Ok(Self { path: path.to_owned(), file, length })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), DataError> {
        self.file.write_all(bytes).map_err(DataError::io("write", &self.path))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn truncate(&mut self) -> Result<(), DataError> {
        self.length = 0;
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(DataError::io("write", &self.path))
    }

    /// Makes sure that the part is the whole archive and lies on the disk; it is emptied if it is anything else.
    fn verify(&mut self, archive: &Archive) -> Result<(), DataError> {
        self.file.sync_all().map_err(DataError::io("write", &self.path))?;
        self.file.rewind().map_err(DataError::io("read", &self.path))?;
        let found = md5_of(&mut self.file).map_err(DataError::io("read", &self.path))?;
        if is_md5(&found, archive) {
            return Ok(());
        }
        self.truncate()?;
        Err(DownloadError::Checksum { url: archive.url.clone(), expected: archive.md5.clone(), found }.into())
    }
}

fn is_md5(found: &str, archive: &Archive) -> bool {
    found.eq_ignore_ascii_case(&archive.md5)
}

/// The MD5 sum of the rest of a file, in hexadecimal.
fn md5_of(file: &mut File) -> io::Result<String> {
    let mut sum = Md5::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => sum.update(&buffer[..read]),
        }
    }
    Ok(sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Makes a rename last through a loss of power, where the system can.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        // Systems that cannot sync a folder order their renames themselves.
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests;
