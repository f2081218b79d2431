//! What can be wrong with archives of images: shards and zips.

use std::path::PathBuf;

use bmae_output::plain::plain_path;
use thiserror::Error;

/// What can be wrong with archives of images.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// A shard without images.
    #[error(
        "the shard {path} holds no image: members like KEY.jpg with KEY.cls are expected",
        path = plain_path(path)
    )]
    EmptyShard {
        /// The shard.
        path: PathBuf,
    },
    /// A shard that is not there.
    #[error("there is no shard {path}{of}", path = plain_path(path), of = pattern.as_ref().map_or(String::new(), |pattern| format!(", which the pattern {pattern} names", pattern = plain_path(pattern))))]
    NoShard {
        /// The shard.
        path: PathBuf,
        /// The pattern that names it.
        pattern: Option<PathBuf>,
    },
    /// A pattern that is none, or names too many files.
    #[error("the pattern {pattern} names no shards: {why}", pattern = plain_path(pattern))]
    Pattern {
        /// The pattern.
        pattern: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A compressed shard.
    #[error(
        "{path} is compressed: the images of shards are read at random, which takes an uncompressed .tar",
        path = plain_path(path)
    )]
    CompressedShard {
        /// The shard.
        path: PathBuf,
    },
    /// An archive that cannot be read on.
    #[error("the archive {path} is damaged or cut short: {cause}", path = plain_path(path))]
    Damaged {
        /// The archive.
        path: PathBuf,
        /// What was found.
        cause: String,
    },
    /// A member that is refused.
    #[error("{member} in the archive {path} {why}", path = plain_path(path), member = plain_path(member))]
    Refused {
        /// The archive.
        path: PathBuf,
        /// The member.
        member: PathBuf,
        /// Why it is refused.
        why: String,
    },
}
