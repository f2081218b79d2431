//! Named tensors with metadata: what a weight file holds.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::Tensor;

use super::origin::Origin;
use crate::parameters::parameters;

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
