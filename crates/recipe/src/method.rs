//! A method is a warm-up on pixels and a list of targets: data that one loop runs, whatever the name.

use super::choices::{CopyAt, EmaUnit, FeatureHead, MethodName, Ramp, ScratchInit, TargetNormalisation};

/// A pre-training method, its short form expanded.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// What it is called in the results.
    pub name: MethodName,
    /// Epochs between two copies, where the method has a copied target of this name (`mae-k`, `mae-new`).
    pub k: Option<usize>,
    /// The epoch at whose start the targets appear, where it is given by that name (`ema-mae`, `custom`).
    pub wse: Option<usize>,
    /// What part of the student enters the average at each update (`ema-mae`, `mae-new`).
    pub tau: Option<f64>,
    /// The copied target's weight beside the average's 1 (`mae-new`).
    pub slow_weight: Option<f64>,
    /// When within its epoch a copied target is renewed (`mae-k`, `mae-new`).
    pub copy_at: Option<CopyAt>,
    /// Epochs on the pixel target; every target is created, by copying the student, at the start of the epoch of this
    /// number. `None`: pixels throughout.
    pub warmup_epochs: Option<usize>,
    /// The targets after the warm-up; empty exactly where `warmup_epochs` is `None`.
    pub targets: Vec<TargetRecipe>,
    /// Whether the head that predicts features learns.
    pub feature_head: FeatureHead,
    /// Weight of the pixel loss beside the targets after the switch.
    pub pixel_weight: f64,
    /// How the encoder of a `scratch` evaluation is initialised.
    pub scratch_init: ScratchInit,
}

/// One target encoder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetRecipe {
    /// Its weight in the loss, above 0.
    pub weight: f64,
    /// How it follows the student.
    pub update: Update,
    /// What is done to its features before they become a target.
    pub normalisation: TargetNormalisation,
    /// How many of the encoder's last blocks are averaged: 1 as published.
    pub last_blocks: usize,
}

/// How a target encoder follows the student.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Update {
    /// Replaced by the student.
    Copy {
        /// Epochs between two copies, at least 1.
        every: usize,
        /// When within its epoch it is renewed.
        at: CopyAt,
    },
    /// target = (1 - tau) * target + tau * student.
    Ema {
        /// The student's part at the first update, 0 to 1.
        tau: f64,
        /// The student's part at the last update; `tau` itself without a ramp.
        tau_end: f64,
        /// The way from the one to the other.
        ramp: Ramp,
        /// How often it is averaged.
        unit: EmaUnit,
    },
}

/// One entry of a preset's `[[runs]]`: what `bmae reproduce` trains and evaluates.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedRun {
    /// Its name: the folder's, and the row's in the results.
    pub name: String,
    /// `[method]` with the run's own keys laid over it.
    pub method: Method,
}

impl Method {
    /// Whether anything is pre-trained at all.
    pub fn pretrains(&self) -> bool {
        self.name != MethodName::Scratch
    }

    /// Whether it reads the key `path`: some of `[method]` are of some methods alone.
    pub fn reads(&self, path: &str) -> bool {
        match path {
            "method.k" => self.k.is_some(),
            "method.wse" => self.wse.is_some(),
            "method.tau" => self.tau.is_some(),
            "method.slow_weight" => self.slow_weight.is_some(),
            "method.copy_at" => self.copy_at.is_some(),
            "method.targets" => self.name == MethodName::Custom,
            "method.feature_head" | "method.pixel_weight" => !self.targets.is_empty(),
            "method.scratch_init" => !self.pretrains(),
            _ => true,
        }
    }

    /// What is done to the features of its first target; for a method without targets as the published ones do it.
    pub fn first_target(&self) -> TargetRecipe {
        let published = || TargetRecipe::published(1.0, Update::Copy { every: 1, at: CopyAt::EpochStart });
        self.targets.first().copied().unwrap_or_else(published)
    }
}

impl TargetRecipe {
    /// A target as the published methods have them: features as the final norm leaves them, of the last block alone.
    pub fn published(weight: f64, update: Update) -> Self {
        TargetRecipe { weight, update, normalisation: TargetNormalisation::None, last_blocks: 1 }
    }
}

impl Update {
    /// An average with the same `tau` at the end of every epoch.
    pub(super) fn constant_ema(tau: f64) -> Self {
        Update::Ema { tau, tau_end: tau, ramp: Ramp::None, unit: EmaUnit::Epoch }
    }
}
