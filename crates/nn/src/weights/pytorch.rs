//! Reading what `torch.save` wrote, through Burn's reader: a pickle is parsed, and nothing in it is ever executed.

use std::path::Path;

use pytorch_reader::{DType, PickleError, PytorchError, PytorchReader, Tensor};
use safetensors::tensor::Dtype;

use super::error::WeightsError;
use super::pytorch_bounds::check_claim;
use super::read::floats;
use super::{Array, Container, Origin, StateDict, wrapping};

impl StateDict {
    /// The model in a `.pth` file: a state dict, one under a key such as `model` beside an optimiser, or a whole
    /// module. Names are as in the file, but for what wraps them.
    ///
    /// # Errors
    /// When it is damaged or no such file, claims many times the bytes that it has, or holds several models.
    pub(super) fn from_pytorch(path: &Path) -> Result<Self, WeightsError> {
        let source = path.display().to_string();
        let mut tensors = PytorchReader::new(path).map_err(|error| refused(path, error))?.into_tensors();
        let prefix = wrapping::prefix(tensors.keys().map(String::as_str))
            .map_err(|found| WeightsError::SeveralModels { source_name: source.clone(), found })?;
        let mut origin = Origin { container: Container::Pytorch, ..Origin::default() };
        wrapping::tell(&mut origin, &prefix, tensors.keys().map(String::as_str));
        tensors.retain(|name, _| name.starts_with(&prefix));
        let floats_of = |tensor: &Tensor| float_type(tensor.dtype()).map_or(0, |_| tensor.byte_len() as u64);
        check_claim(path, tensors.values().map(floats_of).fold(0, u64::saturating_add))?;
        let mut state = Self { source: source.clone(), ..Self::default() };
        for (name, tensor) in tensors {
            let name = name[prefix.len()..].to_owned();
            let Some(dtype) = float_type(tensor.dtype()) else {
                origin.integer_tensors.push(name);
                continue;
            };
            let bytes = tensor.read().map_err(|error| unreadable(path, error))?;
            if let Some(values) = floats(dtype, &bytes) {
                state.tensors.insert(name, Array { shape: tensor.shape().to_vec(), values });
            }
        }
        origin.integer_tensors.sort();
        state.origin = origin;
        Ok(state)
    }

    /// A safetensors file's model without what wraps its names, as in a `.pth` file.
    ///
    /// # Errors
    /// When it holds several models.
    pub(super) fn without_wrapping(mut self) -> Result<Self, WeightsError> {
        let prefix = wrapping::prefix(self.tensors.keys().map(String::as_str))
            .map_err(|found| WeightsError::SeveralModels { source_name: self.source.clone(), found })?;
        wrapping::tell(&mut self.origin, &prefix, self.tensors.keys().map(String::as_str));
        if !prefix.is_empty() {
            self.tensors = std::mem::take(&mut self.tensors)
                .into_iter()
                .filter_map(|(name, array)| Some((name.strip_prefix(&prefix)?.to_owned(), array)))
                .collect();
        }
        Ok(self)
    }
}

const DAMAGED: &str = "copy or download it again";
const RESAVE: &str = "save it again with torch.save(model.state_dict(), ...)";

fn refused(path: &Path, error: PytorchError) -> WeightsError {
    let (reason, remedy) = match error {
        PytorchError::Io(reason) | PytorchError::Pickle(PickleError::Io(reason)) => return unreadable(path, reason),
        PytorchError::Zip(reason) => (reason.to_string(), DAMAGED),
        PytorchError::Tar(reason) => (reason.to_string(), DAMAGED),
        PytorchError::Pickle(reason) => {
            let remedy = match &reason {
                PickleError::InvalidOpCode(_) | PickleError::StackUnderflow | PickleError::MemoNotFound(_) => DAMAGED,
                _ => RESAVE,
            };
            (reason.to_string(), remedy)
        }
        // Its older format says so in words alone.
        PytorchError::InvalidFormat(reason)
            if ["beyond the end", "IO error"].iter().any(|part| reason.contains(part)) =>
        {
            (reason, DAMAGED)
        }
        PytorchError::InvalidFormat(reason) => (reason, RESAVE),
        other => (other.to_string(), RESAVE),
    };
    let reason = reason.trim_end_matches('.').to_owned();
    WeightsError::Pytorch { source_name: path.display().to_string(), reason, remedy }
}

/// The file disagrees with itself, or the system refuses it.
fn unreadable(path: &Path, reason: std::io::Error) -> WeightsError {
    use std::io::ErrorKind;
    let reason = match reason.kind() {
        ErrorKind::UnexpectedEof => "it is cut short".to_owned(),
        ErrorKind::InvalidData => reason.to_string(),
        _ => return WeightsError::Unreadable { path: path.to_owned(), reason },
    };
    WeightsError::Pytorch { source_name: path.display().to_string(), reason, remedy: DAMAGED }
}

/// `None` for whole numbers.
fn float_type(dtype: DType) -> Option<Dtype> {
    match dtype {
        DType::F64 => Some(Dtype::F64),
        DType::F32 => Some(Dtype::F32),
        DType::F16 => Some(Dtype::F16),
        DType::BF16 => Some(Dtype::BF16),
        DType::I64 | DType::I32 | DType::I16 | DType::I8 => None,
        DType::U64 | DType::U32 | DType::U16 | DType::U8 | DType::Bool => None,
    }
}
