//! Weights that are no weights: values that are no numbers, and matrices of nothing but zeros.

use super::error::WeightsError;
use super::state_dict::StateDict;

/// How the names of matrices end that no initialisation leaves zero: with them, every image would look the same.
const NEVER_ZERO: [&str; 3] = ["patch_embed.proj.weight", ".attn.qkv.weight", ".mlp.fc1.weight"];

impl StateDict {
    /// Refuses the tensor `name`, if it is there, with a value that is no finite number, or with zeros alone where no
    /// trained model has them.
    pub(super) fn check_values(&self, name: &str) -> Result<(), WeightsError> {
        self.check_finite(name)?;
        let is_zero = self.tensors.get(name).is_some_and(|array| array.values.iter().all(|value| *value == 0.0));
        match is_zero && NEVER_ZERO.iter().any(|ending| name.ends_with(ending)) {
            true => Err(WeightsError::Zeros { source_name: self.source_name(), tensor: name.to_owned() }),
            false => Ok(()),
        }
    }

    /// Refuses the tensor `name`, if it is there, with a value that is no finite number.
    pub(super) fn check_finite(&self, name: &str) -> Result<(), WeightsError> {
        let Some(array) = self.tensors.get(name) else { return Ok(()) };
        let mut wrong = array.values.iter().filter(|value| !value.is_finite());
        match wrong.next() {
            None => Ok(()),
            Some(&value) => Err(WeightsError::NotFinite {
                source_name: self.source_name(),
                tensor: name.to_owned(),
                value,
                count: 1 + wrong.count(),
                values: array.values.len(),
            }),
        }
    }
}
