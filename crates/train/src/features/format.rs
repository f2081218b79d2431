//! What a file of features is by its name.

use std::path::Path;

use crate::TrainError;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeatureFormat {
    /// Tensors; also what has no suffix, such as a pipe.
    Safetensors,
    /// Arrays of numpy.
    Npz,
    /// A table of text.
    Csv,
}

impl FeatureFormat {
    /// By the suffix of `path`, in small or large letters.
    ///
    /// # Errors
    /// When it is another one.
    pub fn of(path: &Path) -> Result<Self, TrainError> {
        let Some(suffix) = path.extension() else { return Ok(Self::Safetensors) };
        let is = |word: &str| suffix.eq_ignore_ascii_case(word);
        match () {
            () if is("safetensors") => Ok(Self::Safetensors),
            () if is("npz") => Ok(Self::Npz),
            () if is("csv") => Ok(Self::Csv),
            () => Err(TrainError::FeatureFileName { path: path.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_tells_the_format_and_an_unknown_one_is_refused_with_all_three() {
        for (name, format) in [
            ("a.safetensors", FeatureFormat::Safetensors),
            ("a.npz", FeatureFormat::Npz),
            ("a.b.CSV", FeatureFormat::Csv),
            ("a.csv/pipe", FeatureFormat::Safetensors),
        ] {
            assert_eq!(FeatureFormat::of(Path::new(name)).expect("a format"), format, "{name}");
        }
        for name in ["a.npy", "a.txt", "a.csv.gz"] {
            let refused = FeatureFormat::of(Path::new(name)).expect_err("no format").to_string();
            assert!([name, ".safetensors", ".npz", ".csv"].iter().all(|part| refused.contains(part)), "{refused}");
        }
    }
}
