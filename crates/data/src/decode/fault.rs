//! What is wrong with an image, before its name is added.

use std::{fmt, io};

use image::ImageError;

/// What is wrong with an image.
#[derive(Debug)]
pub enum Fault {
    /// A part is missing, or what is there makes no picture; what of it.
    Damaged(String),
    /// It is of a kind that is not decoded: "an AVIF file".
    Unsupported(String),
    /// It has more pixels than are decoded.
    TooLarge {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// There is no memory for it.
    Memory {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The system did not let it be read.
    Io(io::Error),
}

impl Fault {
    /// For what ends too early.
    pub fn cut() -> Self {
        Self::Damaged("it is cut short".to_owned())
    }

    /// For what contradicts itself.
    pub fn damaged(what: &str) -> Self {
        Self::Damaged(what.to_owned())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(what) => formatter.write_str(what),
            Self::Unsupported(kind) => write!(formatter, "it is {kind}"),
            Self::TooLarge { width, height } => write!(formatter, "it has {width}x{height} pixels, which is too large"),
            Self::Memory { width, height } => write!(formatter, "there is no memory for {width}x{height} pixels"),
            Self::Io(cause) => cause.fmt(formatter),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(cause: io::Error) -> Self {
        match cause.kind() {
            io::ErrorKind::UnexpectedEof => Self::cut(),
            _ if cause.raw_os_error().is_some() => Self::Io(cause),
            // Decoders wrap what they find wrong in errors of reading.
            _ => Self::Damaged(cause.to_string()),
        }
    }
}

impl From<ImageError> for Fault {
    fn from(cause: ImageError) -> Self {
        match cause {
            ImageError::IoError(cause) => cause.into(),
            ImageError::Unsupported(cause) => {
                Self::Unsupported(format!("{} file of a kind that its decoder lacks ({cause})", cause.format_hint()))
            }
            ImageError::Limits(_) => Self::damaged("its decoder asks for more memory than its pixels need"),
            cause => Self::Damaged(cause.to_string()),
        }
    }
}
