//! Whether a run directory is still where it was opened.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::TrainError;

/// The folder that lay at a path when a run was opened there.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    folder: Identity,
}

/// What tells one folder from another that is put in its place.
type Identity = (u64, u64);

impl Place {
    /// The folder at `path`, which must exist.
    pub fn of(path: &Path) -> Result<Self, TrainError> {
        let metadata = std::fs::metadata(path).map_err(|source| TrainError::reading(path, source))?;
        Ok(Self { path: path.to_owned(), folder: identity(&metadata) })
    }

    /// Refuses to go on where the folder was moved, deleted or replaced: what is written now would lie elsewhere than
    /// what was written before.
    pub fn check(&self) -> Result<(), TrainError> {
        match std::fs::metadata(&self.path) {
            Ok(metadata) if identity(&metadata) == self.folder => Ok(()),
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(TrainError::reading(&self.path, source))
            }
            _ => Err(TrainError::RunMoved { path: self.path.clone() }),
        }
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Elsewhere a folder cannot be moved while a file in it is open.
#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {
    (0, 0)
}
