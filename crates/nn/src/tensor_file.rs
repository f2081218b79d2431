//! Safetensors files of numbers that are no weights: recorded batches, outputs, features. Floats and integers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::weights::{Array, WeightsError, check_length, floats, little_endian, serialise};

/// Why a file of tensors cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TensorFileError {
    /// It cannot be read.
    #[error("cannot read {path} ({reason}): give a safetensors file that exists", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// It is something else.
    #[error("{source_name} is not a safetensors file ({reason}): write the recorded tensors in that format")]
    NotSafetensors {
        /// The file.
        source_name: String,
        /// What the parser found.
        reason: String,
    },
    /// It is cut short, or cannot be written.
    #[error(transparent)]
    File(WeightsError),
    /// A tensor is not there.
    #[error("{source_name} lacks the tensor {tensor} {expected}: it holds {held}")]
    Missing {
        /// The file.
        source_name: String,
        /// The tensor.
        tensor: String,
        /// Its shape and type in words.
        expected: String,
        /// The tensors that are there.
        held: String,
    },
    /// A tensor has another number of dimensions.
    #[error("the tensor {tensor} in {source_name} has the shape {found:?}, but {expected} was expected")]
    Shape {
        /// The file.
        source_name: String,
        /// The tensor.
        tensor: String,
        /// Its shape.
        found: Vec<usize>,
        /// What was expected, in words.
        expected: String,
    },
    /// A tensor of another kind of number.
    #[error("the tensor {tensor} in {source_name} has the type {found}, but {expected} were expected")]
    Type {
        /// The file.
        source_name: String,
        /// The tensor.
        tensor: String,
        /// Its type.
        found: String,
        /// What was expected, in words.
        expected: &'static str,
    },
}

impl From<WeightsError> for TensorFileError {
    fn from(error: WeightsError) -> Self {
        match error {
            WeightsError::NotSafetensors { source_name, reason } => Self::NotSafetensors { source_name, reason },
            other => Self::File(other),
        }
    }
}

/// Integers and their shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integers {
    /// The sizes.
    pub shape: Vec<usize>,
    /// As many values as the shape says, row-major.
    pub values: Vec<i64>,
}

/// One tensor of a file.
#[derive(Debug, Clone, PartialEq)]
enum Content {
    Floats(Array),
    Integers(Integers),
    /// A type that nothing here reads, by its name.
    Other(String),
}

/// Named tensors of a safetensors file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TensorFile {
    tensors: BTreeMap<String, Content>,
    /// Texts that are written beside the tensors.
    texts: BTreeMap<String, String>,
    source: String,
}

impl TensorFile {
    /// Reads the file at `path`: floating-point tensors become `f32`, integers `i64`; tensors of other types are there
    /// but cannot be asked for.
    ///
    /// # Errors
    /// When it cannot be read, is cut short, or is no safetensors file.
    pub fn from_file(path: &Path) -> Result<Self, TensorFileError> {
        let bytes =
            std::fs::read(path).map_err(|reason| TensorFileError::Unreadable { path: path.to_path_buf(), reason })?;
        Self::from_bytes(&bytes, &path.display().to_string())
    }

    /// Reads the bytes of a safetensors file; `source` names them in messages.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_bytes(bytes: &[u8], source: &str) -> Result<Self, TensorFileError> {
        check_length(bytes, source)?;
        let file = SafeTensors::deserialize(bytes).map_err(|reason| TensorFileError::NotSafetensors {
            source_name: source.to_owned(),
            reason: reason.to_string(),
        })?;
        let tensors = file.tensors().into_iter().map(|(name, view)| (name, content(&view))).collect();
        Ok(Self { tensors, texts: BTreeMap::new(), source: source.to_owned() })
    }

    /// The sizes and values of the floating-point tensor `name`, which has `D` dimensions; `axes` names them in
    /// messages, as in "[N, 3, H, W]".
    ///
    /// # Errors
    /// When there is no such tensor, or it has another type or number of dimensions.
    pub fn floats<const D: usize>(&self, name: &str, axes: &str) -> Result<([usize; D], &[f32]), TensorFileError> {
        match self.tensor(name, axes)? {
            Content::Floats(array) => Ok((self.sizes(name, &array.shape, axes)?, &array.values)),
            other => Err(self.of_type(name, other, "floating-point numbers")),
        }
    }

    /// The shape and values of the floating-point tensor `name`, whatever its number of dimensions.
    ///
    /// # Errors
    /// When there is no such tensor, or it is not floating-point.
    pub fn floats_of_any_rank(&self, name: &str) -> Result<(&[usize], &[f32]), TensorFileError> {
        match self.tensor(name, "of floating-point numbers")? {
            Content::Floats(array) => Ok((&array.shape, &array.values)),
            other => Err(self.of_type(name, other, "floating-point numbers")),
        }
    }

    /// The sizes and values of the integer tensor `name`, which has `D` dimensions.
    ///
    /// # Errors
    /// As [`floats`](Self::floats).
    pub fn integers<const D: usize>(&self, name: &str, axes: &str) -> Result<([usize; D], &[i64]), TensorFileError> {
        match self.tensor(name, axes)? {
            Content::Integers(array) => Ok((self.sizes(name, &array.shape, axes)?, &array.values)),
            other => Err(self.of_type(name, other, "integers")),
        }
    }

    /// Whether there is a tensor `name`, of any type.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// What messages call the file.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Adds floats of the given shape, in place of an earlier tensor of that name.
    pub fn put_floats(&mut self, name: impl Into<String>, shape: &[usize], values: Vec<f32>) {
        self.tensors.insert(name.into(), Content::Floats(Array { shape: shape.to_vec(), values }));
    }

    /// Adds integers of the given shape, in place of an earlier tensor of that name.
    pub fn put_integers(&mut self, name: impl Into<String>, shape: &[usize], values: Vec<i64>) {
        self.tensors.insert(name.into(), Content::Integers(Integers { shape: shape.to_vec(), values }));
    }

    /// Adds a text to the metadata of the file that is written; those of a file that was read are not kept.
    pub fn put_text(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.texts.insert(key.into(), text.into());
    }

    /// A safetensors file: floats as F32, integers as I64.
    ///
    /// # Errors
    /// When a tensor's values are not as many as its shape says.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TensorFileError> {
        let tensors: Vec<_> = self
            .tensors
            .iter()
            .filter_map(|(name, content)| match content {
                Content::Floats(Array { shape, values }) => {
                    Some((name.as_str(), Dtype::F32, shape.as_slice(), little_endian(values, f32::to_le_bytes)))
                }
                Content::Integers(Integers { shape, values }) => {
                    Some((name.as_str(), Dtype::I64, shape.as_slice(), little_endian(values, i64::to_le_bytes)))
                }
                Content::Other(_) => None,
            })
            .collect();
        Ok(serialise(&tensors, &self.texts)?)
    }

    fn tensor(&self, name: &str, axes: &str) -> Result<&Content, TensorFileError> {
        self.tensors.get(name).ok_or_else(|| TensorFileError::Missing {
            source_name: self.source.clone(),
            tensor: name.to_owned(),
            expected: axes.to_owned(),
            held: match self.tensors.is_empty() {
                true => "none".to_owned(),
                false => self.names().take(8).collect::<Vec<_>>().join(", "),
            },
        })
    }

    fn sizes<const D: usize>(&self, name: &str, shape: &[usize], axes: &str) -> Result<[usize; D], TensorFileError> {
        shape.try_into().map_err(|_| TensorFileError::Shape {
            source_name: self.source.clone(),
            tensor: name.to_owned(),
            found: shape.to_vec(),
            expected: axes.to_owned(),
        })
    }

    fn of_type(&self, name: &str, content: &Content, expected: &'static str) -> TensorFileError {
        let found = match content {
            Content::Floats(_) => "floating-point".to_owned(),
            Content::Integers(_) => "integer".to_owned(),
            Content::Other(name) => name.clone(),
        };
        TensorFileError::Type { source_name: self.source.clone(), tensor: name.to_owned(), found, expected }
    }
}

fn content(view: &TensorView<'_>) -> Content {
    let shape = view.shape().to_vec();
    if let Some(values) = floats(view.dtype(), view.data()) {
        return Content::Floats(Array { shape, values });
    }
    match integers(view.dtype(), view.data()) {
        Ok(values) => Content::Integers(Integers { shape, values }),
        Err(found) => Content::Other(found),
    }
}

/// Little-endian integers as `i64`; what was found instead where they are none.
fn integers(dtype: Dtype, bytes: &[u8]) -> Result<Vec<i64>, String> {
    fn each<const SIZE: usize>(bytes: &[u8], number: impl Fn([u8; SIZE]) -> i64) -> Vec<i64> {
        bytes.as_chunks::<SIZE>().0.iter().map(|&chunk| number(chunk)).collect()
    }
    Ok(match dtype {
        Dtype::I64 => each(bytes, i64::from_le_bytes),
        Dtype::I32 => each(bytes, |chunk| i32::from_le_bytes(chunk).into()),
        Dtype::I16 => each(bytes, |chunk| i16::from_le_bytes(chunk).into()),
        Dtype::I8 => each(bytes, |chunk| i8::from_le_bytes(chunk).into()),
        Dtype::U8 => each(bytes, |[byte]| byte.into()),
        Dtype::U16 => each(bytes, |chunk| u16::from_le_bytes(chunk).into()),
        Dtype::U32 => each(bytes, |chunk| u32::from_le_bytes(chunk).into()),
        Dtype::U64 => {
            let numbers = bytes.as_chunks().0.iter().map(|&chunk| i64::try_from(u64::from_le_bytes(chunk)));
            numbers.collect::<Result<_, _>>().map_err(|_| "U64 and a number beyond 2^63 - 1".to_owned())?
        }
        other => return Err(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_and_integers_come_back_as_they_were_written() {
        let mut file = TensorFile::default();
        file.put_floats("images", &[2, 1], vec![0.5, -3.0]);
        file.put_integers("labels", &[2], vec![7, -1]);
        let bytes = file.to_bytes().expect("whole tensors");
        let back = TensorFile::from_bytes(&bytes, "memory").expect("what was written");
        assert_eq!(back.floats::<2>("images", "[N, D]").expect("floats"), ([2, 1], &[0.5, -3.0][..]));
        assert_eq!(back.integers::<1>("labels", "[N]").expect("integers"), ([2], &[7, -1][..]));
    }

    #[test]
    fn what_does_not_fit_is_named_with_what_was_expected() {
        let mut file = TensorFile { source: "batches.safetensors".into(), ..TensorFile::default() };
        file.put_floats("labels", &[2], vec![1.0, 2.0]);
        let text = |error: TensorFileError| error.to_string();
        assert_eq!(
            text(file.integers::<1>("labels", "[N]").expect_err("floats")),
            "the tensor labels in batches.safetensors has the type floating-point, but integers were expected"
        );
        assert_eq!(
            text(file.floats::<2>("labels", "[S, N]").expect_err("one dimension")),
            "the tensor labels in batches.safetensors has the shape [2], but [S, N] was expected"
        );
        assert_eq!(
            text(file.floats::<5>("images", "[S, N, 3, H, W]").expect_err("absent")),
            "batches.safetensors lacks the tensor images [S, N, 3, H, W]: it holds labels"
        );
    }

    #[test]
    fn whole_numbers_of_every_type_are_read_and_what_is_none_is_said() {
        let of = |dtype: Dtype, shape: &[usize], bytes: Vec<u8>| {
            let file = serialise(&[("labels", dtype, shape, bytes)], &BTreeMap::new()).expect("a file");
            TensorFile::from_bytes(&file, "memory").expect("a file of tensors")
        };
        for (dtype, bytes) in [
            (Dtype::I8, vec![7, 100]),
            (Dtype::U8, vec![7, 100]),
            (Dtype::I16, little_endian(&[7, 100], i16::to_le_bytes)),
            (Dtype::U16, little_endian(&[7, 100], u16::to_le_bytes)),
            (Dtype::I32, little_endian(&[7, 100], i32::to_le_bytes)),
            (Dtype::U32, little_endian(&[7, 100], u32::to_le_bytes)),
            (Dtype::I64, little_endian(&[7, 100], i64::to_le_bytes)),
            (Dtype::U64, little_endian(&[7, 100], u64::to_le_bytes)),
        ] {
            let file = of(dtype, &[2], bytes);
            assert_eq!(file.integers::<1>("labels", "[N]").expect("integers"), ([2], &[7, 100][..]), "{dtype:?}");
        }
        let refused = |file: TensorFile| file.integers::<1>("labels", "[N]").expect_err("no integers").to_string();
        let bools = refused(of(Dtype::BOOL, &[2], vec![0, 1]));
        assert!(bools.contains("has the type BOOL, but integers were expected"), "{bools}");
        let beyond = refused(of(Dtype::U64, &[1], vec![255; 8]));
        assert!(beyond.contains("has the type U64 and a number beyond 2^63 - 1, but integers"), "{beyond}");
    }
}
