//! Weights under the official names, with metadata: out as safetensors files, in from those of other programs too.
//!
//! [`StateDict::open`] reads whatever kind of weights there is and translates its names, so that nothing behind it knows
//! another naming than the official one. A safetensors file is checked once, when it is read: its length against its header, every tensor's type. Shapes are checked against
//! a model when the weights are loaded into it. Writing gives bytes; putting them on disk whole or not at all is the
//! business of whoever owns the run directory.

mod architecture;
mod hugging_face;
mod missing;
mod open;
mod origin;
mod positions;
mod pytorch;
mod read;
mod report;
mod wrapping;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use safetensors::tensor::Dtype;

use crate::error::{OtherShape, WeightsError};
use crate::parameters::{map_parameters, parameters};

pub use architecture::{Architecture, DecoderShape, EncoderShape, Part};
pub use hugging_face::EncoderPrefix;
pub use origin::{Container, Naming, Origin, Told};
pub use positions::Interpolated;
pub(crate) use read::{check_length, floats};
pub use report::{LoadReport, grouped};
pub(crate) use write::{little_endian, serialise};

/// The metadata key under which a checkpoint carries the text of its `config.toml`.
pub const CONFIG_KEY: &str = "bmae.config";

/// One tensor: row-major values and their shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// The sizes; empty for a single number.
    pub shape: Vec<usize>,
    /// As many values as the shape says.
    pub values: Vec<f32>,
}

/// Named tensors and metadata, as a weight file holds them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StateDict {
    /// By official name.
    pub tensors: BTreeMap<String, Array>,
    /// Free text by key.
    pub metadata: BTreeMap<String, String>,
    /// Where they came from, for messages: a path, or empty for weights made here.
    pub source: String,
    /// What kind of weights they were.
    pub origin: Origin,
}

impl StateDict {
    /// All parameters of `module`, buffers and fixed positions included, without metadata.
    pub fn of(module: &impl Module) -> Self {
        let tensors = parameters(module)
            .into_iter()
            .map(|parameter| {
                let values = values_of(parameter.values);
                (parameter.name, Array { shape: parameter.shape, values })
            })
            .collect();
        Self { tensors, ..Self::default() }
    }

    /// `module` with the values of every tensor it shares with these weights, and what was left over on either side: which
    /// leftovers are in order, the caller knows (a fresh class head, a decoder not needed).
    ///
    /// # Errors
    /// When a shared tensor has another shape.
    pub fn load_into<M: Module>(&self, module: M) -> Result<(M, LoadReport), WeightsError> {
        let mut report = LoadReport { source: self.source_name(), ..LoadReport::default() };
        let wanted = parameters(&module);
        let mut of_another_shape = Vec::new();
        for parameter in &wanted {
            match self.tensors.get(&parameter.name) {
                None => report.missing.push(parameter.name.clone()),
                Some(array) if array.shape != parameter.shape => of_another_shape.push((parameter, &array.shape)),
                Some(_) => {}
            }
        }
        if let Some((parameter, found)) = of_another_shape.first() {
            let error = OtherShape {
                source_name: self.source_name(),
                tensor: parameter.name.clone(),
                found: found.to_vec(),
                expected: parameter.shape.clone(),
                others: of_another_shape.len() - 1,
                holds: Architecture::of(self).in_one_line(),
            };
            return Err(Box::new(error).into());
        }
        let known: BTreeSet<&str> = wanted.iter().map(|parameter| parameter.name.as_str()).collect();
        report.unexpected = self.tensors.keys().filter(|name| !known.contains(name.as_str())).cloned().collect();

        let module = map_parameters(module, |name, _, old| {
            let array = self.tensors.get(name)?;
            Some(Tensor::from_data(TensorData::new(array.values.clone(), [array.values.len()]), &old.device()))
        });
        Ok((module, report))
    }

    /// A safetensors file.
    ///
    /// # Errors
    /// When a tensor's values are not as many as its shape says.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WeightsError> {
        let tensors: Vec<_> = self
            .tensors
            .iter()
            .map(|(name, array)| {
                let bytes = little_endian(&array.values, f32::to_le_bytes);
                (name.as_str(), Dtype::F32, array.shape.as_slice(), bytes)
            })
            .collect();
        let metadata = self.metadata.clone().into_iter().collect();
        serialise(&tensors, Some(metadata).filter(|_| !self.metadata.is_empty()))
    }

    /// The text of the `config.toml` these weights were made with, if they carry it.
    pub fn config_text(&self) -> Option<&str> {
        self.metadata.get(CONFIG_KEY).map(String::as_str)
    }

    /// The source, or words for weights made here.
    pub fn source_name(&self) -> String {
        if self.source.is_empty() { "the set of weights".to_string() } else { self.source.clone() }
    }
}

/// The values of a flattened parameter on the host.
///
/// # Panics
/// Never for parameters of this crate: they are `f32` and readable on every device.
fn values_of(tensor: Tensor<1>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_into_vec().expect("parameters are converted to f32")
}
