//! Weights into a module, and what is left over on either side.

use std::collections::BTreeSet;

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};

use super::architecture::{Architecture, depth};
use super::error::{ShapeMismatch, WeightsError};
use super::model_part::ModelPart;
use super::report::LoadReport;
use super::state_dict::StateDict;
use crate::parameters::{map_parameters, parameters};

impl StateDict {
    /// `module` with the values of every tensor it shares with these weights, and what was left over on either side:
    /// which leftovers are in order, the caller knows (a fresh class head, a decoder not needed).
    ///
    /// # Errors
    /// When a part of the module is of another architecture in these weights or has more blocks there, a shared tensor
    /// has another shape, or a value that is no finite number.
    pub fn load_into<M: Module>(&self, module: M) -> Result<(M, LoadReport), WeightsError> {
        let mut report = LoadReport { source: self.source_name(), ..LoadReport::default() };
        let expected = parameters(&module);
        let parts: BTreeSet<ModelPart> = expected.iter().map(|parameter| ModelPart::of(&parameter.name)).collect();
        self.require_known(&parts.into_iter().collect::<Vec<_>>())?;
        let mut of_another_shape = Vec::new();
        for parameter in &expected {
            match self.tensors.get(&parameter.name) {
                None => report.missing.push(parameter.name.clone()),
                Some(array) if array.shape != parameter.shape => of_another_shape.push((parameter, &array.shape)),
                Some(_) => {}
            }
        }
        if let Some(difference) =
            self.unknown_grid().filter(|_| of_another_shape.iter().any(|(of, _)| of.name == "pos_embed"))
        {
            let differences = vec![difference];
            return Err(WeightsError::OtherArchitecture { source_name: self.source_name(), differences });
        }
        if let Some((parameter, found)) = of_another_shape.first() {
            let error = ShapeMismatch {
                source_name: self.source_name(),
                tensor: parameter.name.clone(),
                found: found.to_vec(),
                expected: parameter.shape.clone(),
                others: of_another_shape.len() - 1,
                holds: Architecture::of(self).in_one_line(),
            };
            return Err(Box::new(error).into());
        }
        for (part, prefix) in [("encoder", "blocks."), ("decoder", "decoder_blocks.")] {
            let blocks = depth(expected.iter().map(|parameter| parameter.name.as_str()), prefix);
            self.check_depth(part, prefix, blocks)?;
        }
        for parameter in &expected {
            self.check_values(&parameter.name)?;
        }
        let known: BTreeSet<&str> = expected.iter().map(|parameter| parameter.name.as_str()).collect();
        report.unexpected = self.tensors.keys().filter(|name| !known.contains(name.as_str())).cloned().collect();

        let module = map_parameters(module, |name, _, old| {
            let array = self.tensors.get(name)?;
            Some(Tensor::from_data(TensorData::new(array.values.clone(), [array.values.len()]), &old.device()))
        });
        Ok((module, report))
    }

    /// Refuses more blocks of a part than the `expected` that a module has, if it has the part: the rest of an encoder is
    /// another one.
    fn check_depth(&self, part: &'static str, prefix: &str, expected: usize) -> Result<(), WeightsError> {
        let found = self.blocks(prefix);
        if expected == 0 || found <= expected {
            return Ok(());
        }
        let holds = Architecture::of(self).in_one_line();
        Err(WeightsError::Depth { source_name: self.source_name(), part, found, expected, holds })
    }
}

impl LoadReport {
    /// Refuses leftovers: missing parameters but those that `may_miss` allows, unexpected tensors but those that
    /// `may_exceed` allows.
    ///
    /// # Errors
    /// With the names of everything that is not allowed.
    pub fn require(
        &self,
        may_miss: impl Fn(&str) -> bool,
        may_exceed: impl Fn(&str) -> bool,
    ) -> Result<(), WeightsError> {
        let refused = Self {
            missing: self.missing.iter().filter(|name| !may_miss(name)).cloned().collect(),
            unexpected: self.unexpected.iter().filter(|name| !may_exceed(name)).cloned().collect(),
            source: self.source.clone(),
        };
        if refused.is_complete() { Ok(()) } else { Err(WeightsError::Leftovers { report: refused }) }
    }
}
