//! Which parameter is decayed, at which share of the rate, and which is frozen: one mechanism, rules over names.
//!
//! What is decayed and what exempt: `docs/recipes.md`, "Pre-training" and "Fine-tuning". Source of the layer-wise
//! decay: Clark et al. 2020 in the form of Bao et al. 2021 (BEiT).

use std::collections::BTreeMap;
use std::fmt;

use bmae_nn::parameters::parameters;
use burn::module::Module;

use crate::TrainError;

/// What happens to a parameter at a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// It is updated: decayed by `weight_decay`, at `rate_scale` times the scheduled rate.
    Trained {
        /// Decoupled weight decay (coupled in LARS).
        weight_decay: f64,
        /// Layer-wise factor on the rate; 1 without layer-wise decay.
        rate_scale: f64,
    },
    /// It gets neither update nor decay.
    Frozen,
}

/// The rule of every parameter of one module.
#[derive(Debug, Clone)]
pub struct ParameterGroups {
    rules: BTreeMap<String, Rule>,
}

/// A parameter as the rules see it.
struct Candidate<'a> {
    name: &'a str,
    dimensions: usize,
    trainable: bool,
}

impl ParameterGroups {
    /// Pre-training: every parameter with two or more dimensions is decayed, class and mask tokens included;
    /// fixed positions are frozen, and so is the prediction head if `freeze_head`.
    pub fn pretraining<M: Module>(module: &M, weight_decay: f64, freeze_head: bool) -> Result<Self, TrainError> {
        Self::assign(module, |parameter| {
            if !parameter.trainable || (freeze_head && parameter.name.starts_with("decoder_pred.")) {
                return Some(Rule::Frozen);
            }
            let weight_decay = if parameter.dimensions >= 2 { weight_decay } else { 0.0 };
            Some(Rule::Trained { weight_decay, rate_scale: 1.0 })
        })
    }

    /// Fine-tuning an encoder of `depth` blocks: no decay on one-dimensional parameters, class token and
    /// positions; with N blocks, `fc_norm` and `head` take the rate itself, block i (from 0) takes it times
    /// decay^(N - i), tokens, positions and patch embedding times decay^(N + 1). A final `norm` (class-token
    /// pooling) counts with the head.
    pub fn finetuning<M: Module>(
        module: &M,
        weight_decay: f64,
        layer_decay: f64,
        depth: usize,
    ) -> Result<Self, TrainError> {
        Self::assign(module, |parameter| {
            let layers_above = layers_above(parameter.name, depth)?;
            if !parameter.trainable {
                return Some(Rule::Frozen);
            }
            let decayed = parameter.dimensions >= 2 && !matches!(parameter.name, "cls_token" | "pos_embed");
            Some(Rule::Trained {
                weight_decay: if decayed { weight_decay } else { 0.0 },
                rate_scale: layer_decay.powi(layers_above as i32),
            })
        })
    }

    /// Linear probing: the head alone, all of it at the scheduled rate, its bias without decay; running statistics are
    /// no optimiser's business.
    pub fn probing<M: Module>(module: &M, weight_decay: f64) -> Result<Self, TrainError> {
        Self::assign(module, |parameter| {
            if !parameter.trainable {
                return Some(Rule::Frozen);
            }
            let weight_decay = if parameter.dimensions >= 2 { weight_decay } else { 0.0 };
            parameter.name.starts_with("head.").then_some(Rule::Trained { weight_decay, rate_scale: 1.0 })
        })
    }

    /// The rule of a parameter; one that this module does not have is frozen.
    pub fn rule(&self, name: &str) -> Rule {
        self.rules.get(name).copied().unwrap_or(Rule::Frozen)
    }

    fn assign<M: Module>(module: &M, rule: impl Fn(&Candidate<'_>) -> Option<Rule>) -> Result<Self, TrainError> {
        let mut rules = BTreeMap::new();
        for parameter in parameters(module) {
            let candidate =
                Candidate { name: &parameter.name, dimensions: parameter.shape.len(), trainable: parameter.trainable };
            let Some(rule) = rule(&candidate) else {
                return Err(TrainError::UncoveredParameter { name: parameter.name });
            };
            rules.insert(parameter.name, rule);
        }
        Ok(Self { rules })
    }
}

/// How many layers lie between a parameter and the head, the head itself being 0.
fn layers_above(name: &str, depth: usize) -> Option<usize> {
    if let Some(rest) = name.strip_prefix("blocks.") {
        let block: usize = rest.split('.').next()?.parse().ok()?;
        return Some(depth - block);
    }
    match name.split('.').next()? {
        "fc_norm" | "head" | "norm" => Some(0),
        "cls_token" | "pos_embed" | "patch_embed" => Some(depth + 1),
        _ => None,
    }
}

/// One line per rule and the parameters it took: the frozen first, then by rate and decay.
impl fmt::Display for ParameterGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups: Vec<(Rule, Vec<&str>)> = Vec::new();
        for (name, rule) in &self.rules {
            match groups.iter_mut().find(|(known, _)| known == rule) {
                Some((_, names)) => names.push(name),
                None => groups.push((*rule, vec![name])),
            }
        }
        let rank = |rule: &Rule| match *rule {
            Rule::Frozen => (-1.0, 0.0),
            Rule::Trained { weight_decay, rate_scale } => (rate_scale, weight_decay),
        };
        groups.sort_by(|(a, _), (b, _)| rank(a).partial_cmp(&rank(b)).unwrap_or(std::cmp::Ordering::Equal));
        for (rule, names) in groups {
            match rule {
                Rule::Frozen => write!(f, "frozen")?,
                Rule::Trained { weight_decay, rate_scale } => {
                    write!(f, "weight decay {weight_decay}, rate x {rate_scale:.6}")?;
                }
            }
            writeln!(f, " ({}): {}", names.len(), names.join(" "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::layers_above;

    #[test]
    fn layers_are_counted_from_the_head_down_to_the_patch_embedding() {
        let depths = |name| layers_above(name, 12);
        assert_eq!(depths("head.weight"), Some(0));
        assert_eq!(depths("fc_norm.bias"), Some(0));
        assert_eq!(depths("blocks.11.mlp.fc1.weight"), Some(1));
        assert_eq!(depths("blocks.0.norm1.weight"), Some(12));
        assert_eq!(depths("pos_embed"), Some(13));
        assert_eq!(depths("patch_embed.proj.weight"), Some(13));
    }

    #[test]
    fn a_name_that_no_rule_covers_is_not_silently_taken() {
        assert_eq!(layers_above("adapter.weight", 12), None);
    }
}
