//! `[[method.targets]]`: one target encoder.

use super::weights::{GivenWeights, PATH, SHA256};
use crate::choices::{Born, Choice, EmaUnit, Ramp, TargetNormalisation, UpdateKind};
use crate::error::{Place, RecipeError};
use crate::given::GivenKeys;
use crate::key::{Count, Number};
use crate::section::section;
use crate::toml_text::TomlText;

section! {
    keys TargetKeys, in "method.targets", read by [Pretrain] {
        /// Loss weight of this target
        weight: f64 = 1.0, in Number::from(0.0), methods [Custom];
        /// How the target follows the student
        /// "copy" reads every and method.copy_at; "ema" reads tau, tau_end, ramp, unit and born; "fixed" never changes and
        /// reads from and from_sha256.
        update: UpdateKind = UpdateKind::Ema, methods [Custom];
        /// Copy the student to the target every N epochs
        every: usize = 10, in Count::from(1), methods [Custom];
        /// Weights of a fixed target: a run directory, a Hugging Face folder or a weights file
        /// The target has the width, depth and heads of these weights, which may be others than the student's. The
        /// patch size must be the student's.
        from: String = String::new(), in PATH, methods [Custom];
        /// SHA-256 of the file that holds the weights of from
        /// A run writes it down when it begins; other weights are refused.
        from_sha256: String = String::new(), in SHA256, methods [Custom];
        /// Update the average after every epoch or every step
        unit: EmaUnit = EmaUnit::Epoch, methods [Custom];
        /// EMA rate: target <- (1 - tau) target + tau student
        tau: f64 = 0.005, in Number::between(0.0, 1.0), methods [Custom];
        /// EMA rate at the end of the training, with a ramp; default: tau
        tau_end: f64 = 0.005, in Number::between(0.0, 1.0), methods [Custom];
        /// How the EMA rate moves from tau to tau_end
        ramp: Ramp = Ramp::None, methods [Custom];
        /// Average from the "switch" to features on, or from the "start", through the warm-up
        born: Born = Born::Switch, methods [Custom];
        /// Normalisation of the target features
        /// "none", as published: the encoder's final norm only; "layer-norm": a LayerNorm without affine part on top,
        /// against collapse; "patch-norm": each patch by its own mean and unbiased variance, as norm_pix does it.
        normalisation: TargetNormalisation = TargetNormalisation::None, methods [Custom];
        /// Average the outputs of the last N encoder blocks; at most the encoder's depth
        last_blocks: usize = 1, in Count::from(1), methods [Custom];
    }
}

/// One target encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetRecipe {
    /// Its weight in the loss.
    pub weight: f64,
    /// How it follows the student.
    pub update: Update,
    /// What is done to its features before they become a target.
    pub normalisation: TargetNormalisation,
    /// How many of the encoder's last blocks are averaged: 1 as published.
    pub last_blocks: usize,
}

/// How a target encoder follows the student.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// Replaced by the student; when within its epoch, [`Method::copy_at`](crate::Method::copy_at) says.
    Copy {
        /// Epochs between two copies, at least 1.
        every: usize,
    },
    /// target <- (1 - tau) target + tau student.
    Ema {
        /// The rate at the first update, 0 to 1.
        tau: f64,
        /// The rate at the last update; `tau` itself without a ramp.
        tau_end: f64,
        /// The way from the one to the other.
        ramp: Ramp,
        /// How often it is averaged.
        unit: EmaUnit,
        /// Since when.
        born: Born,
    },
    /// It does not: a teacher.
    Fixed(GivenWeights),
}

impl TargetRecipe {
    /// A target as the published methods have them: features as the final norm leaves them, of the last block alone.
    pub fn published(weight: f64, update: Update) -> Self {
        TargetRecipe { weight, update, normalisation: TargetNormalisation::None, last_blocks: 1 }
    }

    /// Refuses a table, given at `place`, that is fixed without weights, or names weights and is not fixed.
    pub(crate) fn check(given: &GivenKeys, place: &Place) -> Result<(), RecipeError> {
        let update = given.get(&KEYS.update);
        match (update, given.get(&KEYS.from).is_empty()) {
            (UpdateKind::Fixed, true) => Err(RecipeError::FixedWithoutWeights { place: place.clone() }),
            (UpdateKind::Copy | UpdateKind::Ema, false) => {
                Err(RecipeError::WeightsOfNoFixedTarget { place: place.clone(), update: update.word() })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn read(given: &GivenKeys) -> Self {
        let tau = given.get(&KEYS.tau);
        let ramp = given.get(&KEYS.ramp);
        let update = match given.get(&KEYS.update) {
            UpdateKind::Copy => Update::Copy { every: given.get(&KEYS.every) },
            UpdateKind::Ema => Update::Ema {
                tau,
                tau_end: match ramp {
                    Ramp::None => tau,
                    _ => given.given(&KEYS.tau_end).unwrap_or(tau),
                },
                ramp,
                unit: given.get(&KEYS.unit),
                born: given.get(&KEYS.born),
            },
            UpdateKind::Fixed => {
                // `check` refused a fixed target without weights where it was given.
                let weights = GivenWeights::read(given, &KEYS.from, &KEYS.from_sha256);
                Update::Fixed(weights.unwrap_or_else(|| GivenWeights::at("".as_ref())))
            }
        };
        TargetRecipe {
            weight: given.get(&KEYS.weight),
            update,
            normalisation: given.get(&KEYS.normalisation),
            last_blocks: given.get(&KEYS.last_blocks),
        }
    }

    pub(super) fn write(&self, out: &mut TomlText) {
        out.put(&KEYS.weight, &self.weight);
        match &self.update {
            Update::Copy { every } => {
                out.put(&KEYS.update, &UpdateKind::Copy);
                out.put(&KEYS.every, every);
            }
            Update::Ema { tau, tau_end, ramp, unit, born } => {
                out.put(&KEYS.update, &UpdateKind::Ema);
                out.put(&KEYS.tau, tau);
                out.put(&KEYS.tau_end, tau_end);
                out.put(&KEYS.ramp, ramp);
                out.put(&KEYS.unit, unit);
                out.put(&KEYS.born, born);
            }
            Update::Fixed(weights) => {
                out.put(&KEYS.update, &UpdateKind::Fixed);
                weights.write(&KEYS.from, &KEYS.from_sha256, out);
            }
        }
        out.put(&KEYS.normalisation, &self.normalisation);
        out.put(&KEYS.last_blocks, &self.last_blocks);
    }
}

impl Update {
    /// The weights of a target that never changes.
    pub fn weights(&self) -> Option<&GivenWeights> {
        match self {
            Update::Fixed(weights) => Some(weights),
            Update::Copy { .. } | Update::Ema { .. } => None,
        }
    }

    /// An average with the same `tau` at the end of every epoch.
    pub(super) fn constant_ema(tau: f64, born: Born) -> Self {
        Update::Ema { tau, tau_end: tau, ramp: Ramp::None, unit: EmaUnit::Epoch, born }
    }
}
