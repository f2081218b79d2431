//! What to do where the system refuses to write.

use std::io::{Error, ErrorKind};

/// What to do about `error`, met while a file or folder was written, as a clause.
pub fn remedy(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull => "free some space there, or choose another place to write",
        ErrorKind::QuotaExceeded => {
            "remove some of your files there, ask for a larger quota, or choose another place to write"
        }
        ErrorKind::FileTooLarge => {
            "raise the limit on the size of files (`ulimit -f` shows it), or choose another place to write"
        }
        ErrorKind::ReadOnlyFilesystem => "choose another place to write: this one can only be read",
        ErrorKind::PermissionDenied => "ask for the permission to write there, or choose another place to write",
        ErrorKind::InvalidFilename => "choose a shorter name",
        ErrorKind::IsADirectory => "choose the name of a file, not of a folder",
        ErrorKind::NotADirectory => "choose another place to write: a file stands where a folder should",
        ErrorKind::NotFound => "make the folder first, or choose another place to write",
        ErrorKind::OutOfMemory => "free some memory",
        _ => "choose another place to write",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn each_refusal_has_the_remedy_that_fits_it() {
        // The numbers that are the same on every Unix: EFBIG, ENOSPC, EROFS, EACCES, ENOENT, EISDIR, ENOTDIR.
        for (number, part) in [
            (27, "ulimit -f"),
            (28, "free some space"),
            (30, "only be read"),
            (13, "permission"),
            (2, "make the folder"),
            (21, "name of a file"),
            (20, "a file stands"),
        ] {
            let error = Error::from_raw_os_error(number);
            assert!(remedy(&error).contains(part), "{error}: {}", remedy(&error));
        }
        for (kind, part) in [(ErrorKind::QuotaExceeded, "quota"), (ErrorKind::InvalidFilename, "shorter")] {
            assert!(remedy(&kind.into()).contains(part), "{kind}");
        }
    }
}
