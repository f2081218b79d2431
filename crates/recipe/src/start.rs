//! Where the weights of a stage come from: described here, read where the stage runs.

use std::path::{Path, PathBuf};

/// The origin of an encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// A random encoder.
    Scratch,
    /// A run directory or a weights file.
    From(PathBuf),
}

impl Start {
    /// As a user writes it: `scratch`, a run directory, or a weights file.
    pub fn parse(text: &str) -> Self {
        if text == "scratch" { Self::Scratch } else { Self::From(PathBuf::from(text)) }
    }

    /// The run directory or weights file; `None` for a random encoder.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Scratch => None,
            Self::From(path) => Some(path),
        }
    }
}
