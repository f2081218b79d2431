//! What can go wrong with a download.

use std::path::PathBuf;

use bmae_output::plain::plain_path;

use thiserror::Error;

/// What can go wrong with a download.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// Something that is no address.
    #[error("{url} is no URL: one begins with https:// or http:// and names a server")]
    InvalidUrl {
        /// What was given.
        url: String,
    },
    /// No network, no such server, or no answer.
    #[error("cannot reach {url} ({cause})")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What went wrong.
        cause: String,
    },
    /// The server has no such file, or does not give it.
    #[error("{url} cannot be downloaded, the server answered with status {status}")]
    Refused {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The connection was cut.
    #[error("the download of {url} broke off after {done}{total} bytes ({cause})")]
    BrokenOff {
        /// What was asked for.
        url: String,
        /// The bytes that are here.
        done: u64,
        /// " of " and the bytes in all, where they are known.
        total: String,
        /// What went wrong.
        cause: String,
    },
    /// More than the archive.
    #[error("what comes from {url} is not the archive: that has {expected} bytes, this {found}")]
    TooLong {
        /// What was asked for.
        url: String,
        /// The bytes of the archive.
        expected: u64,
        /// The bytes that the server told of, or "more".
        found: String,
    },
    /// Something else came than the archive.
    #[error("what came from {url} has the MD5 {found}, not {expected}, and was deleted")]
    Checksum {
        /// What was asked for.
        url: String,
        /// The MD5 of the archive.
        expected: String,
        /// The MD5 of what came.
        found: String,
    },
    /// Another file has the archive's name.
    #[error("{path} exists already, but has the MD5 {found}, not {expected}", path = plain_path(path))]
    PresentDiffers {
        /// The file.
        path: PathBuf,
        /// The MD5 of the archive.
        expected: String,
        /// Its own MD5.
        found: String,
    },
    /// Two downloads at once.
    #[error("{path} is being downloaded by another process", path = plain_path(path))]
    Busy {
        /// The file that both write to.
        path: PathBuf,
    },
}
