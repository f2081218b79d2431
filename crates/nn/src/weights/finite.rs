//! Weights that are no numbers.

use super::error::WeightsError;
use super::state_dict::StateDict;

impl StateDict {
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
