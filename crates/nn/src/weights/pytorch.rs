//! Reading what `torch.save` wrote, through Burn's reader: a pickle is parsed, and nothing in it is ever executed.

use std::path::Path;

use pytorch_reader::{DType, PytorchError, PytorchReader};
use safetensors::tensor::Dtype;

use super::error::WeightsError;
use super::read::floats;
use super::{Array, Container, Origin, StateDict, wrapping};

impl StateDict {
    /// The model in a `.pth` file: a state dict, one under a key such as `model` beside an optimiser, or a whole
    /// module. Names are as in the file, but for what wraps them.
    ///
    /// # Errors
    /// When it is damaged or no such file, or holds several models.
    pub(super) fn from_pytorch(path: &Path) -> Result<Self, WeightsError> {
        let source = path.display().to_string();
        let mut tensors = PytorchReader::new(path).map_err(|error| refused(path, error))?.into_tensors();
        let prefix = wrapping::prefix(tensors.keys().map(String::as_str))
            .map_err(|found| WeightsError::SeveralModels { source_name: source.clone(), found })?;
        let all = tensors.len();
        tensors.retain(|name, _| name.starts_with(&prefix));
        let mut origin =
            Origin { container: Container::Pytorch, outside_prefix: all - tensors.len(), ..Origin::default() };
        let mut state = Self { source: source.clone(), ..Self::default() };
        for (name, tensor) in tensors {
            let name = name[prefix.len()..].to_owned();
            let Some(dtype) = float_type(tensor.dtype()) else {
                origin.integer_tensors.push(name);
                continue;
            };
            let bytes = tensor.read().map_err(|error| WeightsError::Pytorch {
                source_name: source.clone(),
                reason: error.to_string(),
                remedy: DAMAGED,
            })?;
            if let Some(values) = floats(dtype, &bytes) {
                state.tensors.insert(name, Array { shape: tensor.shape().to_vec(), values });
            }
        }
        origin.integer_tensors.sort();
        origin.prefix = prefix;
        state.origin = origin;
        Ok(state)
    }
}

const DAMAGED: &str = "copy or download it again";
const RESAVE: &str = "save it again with torch.save(model.state_dict(), ...)";

fn refused(path: &Path, error: PytorchError) -> WeightsError {
    let (reason, remedy) = match error {
        PytorchError::Io(reason) if reason.kind() != std::io::ErrorKind::UnexpectedEof => {
            return WeightsError::Unreadable { path: path.to_owned(), reason };
        }
        PytorchError::Io(_) => ("it is cut short".to_owned(), DAMAGED),
        PytorchError::Zip(reason) => (reason.to_string(), DAMAGED),
        PytorchError::Tar(reason) => (reason.to_string(), DAMAGED),
        PytorchError::Pickle(reason) => (reason.to_string(), RESAVE),
        PytorchError::InvalidFormat(reason) => (reason, RESAVE),
        other => (other.to_string(), RESAVE),
    };
    let reason = reason.trim_end_matches('.').to_owned();
    WeightsError::Pytorch { source_name: path.display().to_string(), reason, remedy }
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
