//! Where the weights of a stage come from: described here, read where the stage runs.

use std::path::{Path, PathBuf};

use bmae_output::path_text::from_text;

/// The origin of an encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// A random encoder.
    Scratch,
    /// A run directory or a weights file.
    From(PathBuf),
    /// A pre-training alone: it goes on where a shared beginning ended.
    Trunk(Trunk),
}

/// The shared beginning that a pre-training goes on from (`docs/formats.md`, "Trunks").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// Its run directory.
    pub directory: PathBuf,
    /// The epochs that it holds.
    pub epochs: usize,
}

impl Start {
    /// As a user writes it: `scratch`, a run directory, or a weights file.
    pub fn parse(text: &str) -> Self {
        if text == "scratch" { Self::Scratch } else { Self::From(from_text(text)) }
    }

    /// The run directory or weights file; `None` for a random encoder.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Scratch => None,
            Self::From(path) | Self::Trunk(Trunk { directory: path, .. }) => Some(path),
        }
    }

    /// The trunk, where it is one.
    pub fn trunk(&self) -> Option<&Trunk> {
        match self {
            Self::Trunk(trunk) => Some(trunk),
            Self::Scratch | Self::From(_) => None,
        }
    }
}
