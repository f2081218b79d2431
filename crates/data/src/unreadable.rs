//! An image that cannot be decoded, and why.

use std::path::PathBuf;

use crate::split::Split;

/// An image that cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The part of the data set that it is in.
    pub split: Split,
    /// Its place there.
    pub index: usize,
    /// Where it lies: its path, or that of its archive and its name in it. What has no file of its own is called by its number.
    pub place: PathBuf,
    /// Whether it is damaged, or of a kind that is not decoded.
    pub fault: UnreadableKind,
    /// What is wrong with it, as a clause.
    pub reason: String,
}

/// Why an image cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnreadableKind {
    /// It is damaged, cut short, or cannot be read at all.
    Damaged,
    /// It is of a kind that is not decoded.
    Unsupported,
}
