//! `[method]`: a warm-up on pixels and a list of targets, which one loop runs, whatever the name.

use super::target::{TargetRecipe, Update};
use crate::choices::{Born, CopyAt, FeatureHead, Masks, MethodName, ScratchInit, TargetNormalisation, WarmupWeight};
use crate::given::GivenKeys;
use crate::key::{Count, Number};
use crate::section::section;
use crate::toml_text::TomlText;

section! {
    keys MethodKeys, in "method", read by all {
        /// Pre-training method
        /// "scratch": no pre-training; "mae": predict pixels in all epochs; the others predict pixels during a warm-up,
        /// then the features of target encoders. The warm-up lasts k epochs ("mae-k", "mae-new") or wse epochs
        /// ("ema-mae", "custom"). "custom" reads its targets from [[method.targets]].
        name: MethodName = MethodName::Mae;
        /// Copy the student to the target every K epochs; also the length of the warm-up (mae-k, mae-new)
        k: usize = 10, in Count::from(1), methods [MaeK, MaeNew];
        /// Warm-up: epochs on pixels before the switch to features (ema-mae, custom)
        wse: usize = 5, in Count::from(0), methods [EmaMae, Custom];
        /// EMA rate: target <- (1 - tau) target + tau student, after each epoch (ema-mae, mae-new)
        /// 0.005 is the published default.
        /// The half-life of the target is ln 2 / -ln(1 - tau) epochs: 6.6 at 0.1, 138 at 0.005.
        tau: f64 = 0.005, in Number::between(0.0, 1.0), methods [EmaMae, MaeNew];
        /// Lambda: loss weight of the copied target; the EMA target has weight 1 (mae-new)
        slow_weight: f64 = 0.2, in Number::from(0.0), methods [MaeNew];
        /// Average from the "switch" to features on, or from the "start", through the warm-up (ema-mae, mae-new)
        born: Born = Born::Switch, stages [Pretrain], methods [EmaMae, MaeNew];
        /// Normalisation of the target features (mae-k, ema-mae, mae-new)
        /// As in [[method.targets]].
        normalisation: TargetNormalisation = TargetNormalisation::None, stages [Pretrain], methods [MaeK, EmaMae, MaeNew];
        /// One mask for all targets, or a mask and a pass of the student for each
        /// "shared": one pass serves all; "separate": as in the published code, at the cost of a pass for each target.
        masks: Masks = Masks::Shared, stages [Pretrain], methods [MaeNew, Custom];
        /// Weight of the pixel loss during the warm-up: "one", or the "sum" of the targets' weights
        /// The published MAE-new has the sum, 1 + slow_weight.
        warmup_weight: WarmupWeight = WarmupWeight::One, stages [Pretrain], methods [MaeNew, Custom];
        /// Train the head that predicts features, or keep its random initialisation
        /// The published experiments kept it: "frozen".
        feature_head: FeatureHead = FeatureHead::Trainable, stages [Pretrain], methods [MaeK, EmaMae, MaeNew, Custom];
        /// When a copied target is renewed within its epoch
        /// "epoch-start": before epochs K, 2K, 3K, ...; "epoch-end": before epoch K, then after epochs K, 2K, 3K, ...,
        /// as the published code does in MAE-new.
        copy_at: CopyAt = CopyAt::EpochStart, stages [Pretrain], methods [MaeK, MaeNew, Custom];
        /// Loss weight of the pixels after the switch to features; 0 = off
        /// The pixel head is then kept beside the feature head; both read the same decoder output.
        pixel_weight: f64 = 0.0, in Number::from(0.0), stages [Pretrain], methods [MaeK, EmaMae, MaeNew, Custom];
        /// Initialisation of the random encoder that "scratch" evaluates
        /// "mae": as the official MAE; "timm": as timm's ViT, which the published scratch rows used.
        scratch_init: ScratchInit = ScratchInit::Mae, stages [Finetune, Linprobe, Knn], methods [Scratch];
    }
}

/// `[method]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// Which method, with the keys that not all methods read.
    pub kind: MethodKind,
    /// Whether its targets share their masks.
    pub masks: Masks,
    /// What the pixel loss counts during its warm-up.
    pub warmup_weight: WarmupWeight,
    /// Whether the head that predicts features learns.
    pub feature_head: FeatureHead,
    /// Weight of the pixel loss beside the targets after the switch.
    pub pixel_weight: f64,
    /// How the encoder of a `scratch` evaluation is initialised.
    pub scratch_init: ScratchInit,
}

/// A pre-training method, each but the last a short form for its warm-up and its targets.
#[derive(Clone, Debug, PartialEq)]
pub enum MethodKind {
    /// No pre-training: the evaluations on a random encoder.
    Scratch,
    /// Pixels throughout.
    Mae,
    /// One target encoder, copied from the student every K epochs, after as long a warm-up.
    MaeK {
        /// `method.k`.
        k: usize,
        /// `method.copy_at`.
        copy_at: CopyAt,
        /// `method.normalisation`.
        normalisation: TargetNormalisation,
    },
    /// One target encoder, an exponential moving average of the student.
    EmaMae {
        /// `method.wse`.
        wse: usize,
        /// `method.tau`.
        tau: f64,
        /// `method.born`.
        born: Born,
        /// `method.normalisation`.
        normalisation: TargetNormalisation,
    },
    /// Both: the average and, weighted by lambda, the copy.
    MaeNew {
        /// `method.k`.
        k: usize,
        /// `method.tau`.
        tau: f64,
        /// `method.slow_weight`, lambda.
        slow_weight: f64,
        /// `method.copy_at`.
        copy_at: CopyAt,
        /// `method.born`.
        born: Born,
        /// `method.normalisation`.
        normalisation: TargetNormalisation,
    },
    /// Targets that are spelt out.
    Custom {
        /// `method.wse`.
        wse: usize,
        /// `method.copy_at`.
        copy_at: CopyAt,
        /// `[[method.targets]]`.
        targets: Vec<TargetRecipe>,
    },
}

/// What of a method decides the numbers of its epochs on pixels; `[pretrain]` decides the rest of them, for all methods
/// alike.
#[derive(Clone, Debug, PartialEq)]
pub struct WarmUp {
    /// What the pixel loss counts.
    pub pixel_loss: f64,
    /// The averages that follow the student meanwhile: the number of each among the targets, and how it does.
    pub averages: Vec<(usize, Update)>,
}

impl Method {
    /// What it is called in recipes and results.
    pub fn name(&self) -> MethodName {
        match &self.kind {
            MethodKind::Scratch => MethodName::Scratch,
            MethodKind::Mae => MethodName::Mae,
            MethodKind::MaeK { .. } => MethodName::MaeK,
            MethodKind::EmaMae { .. } => MethodName::EmaMae,
            MethodKind::MaeNew { .. } => MethodName::MaeNew,
            MethodKind::Custom { .. } => MethodName::Custom,
        }
    }

    /// Whether anything is pre-trained at all.
    pub fn pretrains(&self) -> bool {
        !matches!(self.kind, MethodKind::Scratch)
    }

    /// Whether it predicts features after its warm-up.
    pub fn predicts_features(&self) -> bool {
        self.warmup_epochs().is_some()
    }

    /// Epochs on the pixel target; every target is created, by copying the student, at the start of the epoch of this
    /// number. `None`: pixels throughout.
    pub fn warmup_epochs(&self) -> Option<usize> {
        self.k().or(self.wse())
    }

    /// Whether it predicts features in `epoch`.
    pub fn predicts_features_in(&self, epoch: usize) -> bool {
        self.warmup_epochs().is_some_and(|warmup| epoch >= warmup)
    }

    /// The targets after the warm-up; empty exactly where there is no warm-up.
    pub fn targets(&self) -> Vec<TargetRecipe> {
        let copied = |weight, every| TargetRecipe::published(weight, Update::Copy { every });
        let averaged = |tau, born| TargetRecipe::published(1.0, Update::constant_ema(tau, born));
        let mut targets = match &self.kind {
            MethodKind::Scratch | MethodKind::Mae => Vec::new(),
            MethodKind::MaeK { k, .. } => vec![copied(1.0, *k)],
            MethodKind::EmaMae { tau, born, .. } => vec![averaged(*tau, *born)],
            MethodKind::MaeNew { k, tau, slow_weight, born, .. } => {
                vec![averaged(*tau, *born), copied(*slow_weight, *k)]
            }
            MethodKind::Custom { targets, .. } => targets.clone(),
        };
        if let Some(normalisation) = self.normalisation() {
            targets.iter_mut().for_each(|target| target.normalisation = normalisation);
        }
        targets
    }

    /// Masks that are drawn for an image in a step: one, or one for each target.
    pub fn masks_per_image(&self) -> usize {
        match self.masks {
            Masks::Shared => 1,
            Masks::Separate => self.targets().len().max(1),
        }
    }

    /// What decides its epochs on pixels, be it all or those of the warm-up. Methods of equal warm-ups learn the same in
    /// them, bit for bit, where the other sections of their recipes agree.
    pub fn warm_up(&self) -> WarmUp {
        let targets = self.targets();
        let pixel_loss = match self.warmup_weight {
            WarmupWeight::Sum if !targets.is_empty() => targets.iter().map(|target| target.weight).sum(),
            WarmupWeight::Sum | WarmupWeight::One => 1.0,
        };
        let updates = targets.into_iter().map(|target| target.update).enumerate();
        let averages = updates.filter(|(_, update)| matches!(update, Update::Ema { born: Born::Start, .. }));
        WarmUp { pixel_loss, averages: averages.collect() }
    }

    /// What is done to the features of its first target; for a method without targets as the published ones do it.
    pub fn first_target(&self) -> TargetRecipe {
        let published = || TargetRecipe::published(1.0, Update::Copy { every: 1 });
        self.targets().into_iter().next().unwrap_or_else(published)
    }

    /// When within its epoch a copied target is renewed; `None` for a method that copies nothing.
    pub fn copy_at(&self) -> Option<CopyAt> {
        match &self.kind {
            MethodKind::MaeK { copy_at, .. }
            | MethodKind::MaeNew { copy_at, .. }
            | MethodKind::Custom { copy_at, .. } => Some(*copy_at),
            _ => None,
        }
    }

    /// `method.k`, where it reads that.
    pub fn k(&self) -> Option<usize> {
        match &self.kind {
            MethodKind::MaeK { k, .. } | MethodKind::MaeNew { k, .. } => Some(*k),
            _ => None,
        }
    }

    /// `method.wse`, where it reads that.
    pub fn wse(&self) -> Option<usize> {
        match &self.kind {
            MethodKind::EmaMae { wse, .. } | MethodKind::Custom { wse, .. } => Some(*wse),
            _ => None,
        }
    }

    /// `method.tau`, where it reads that.
    pub fn tau(&self) -> Option<f64> {
        match &self.kind {
            MethodKind::EmaMae { tau, .. } | MethodKind::MaeNew { tau, .. } => Some(*tau),
            _ => None,
        }
    }

    /// `method.born`, where it reads that.
    pub fn born(&self) -> Option<Born> {
        match &self.kind {
            MethodKind::EmaMae { born, .. } | MethodKind::MaeNew { born, .. } => Some(*born),
            _ => None,
        }
    }

    /// `method.normalisation`, where it reads that.
    pub fn normalisation(&self) -> Option<TargetNormalisation> {
        match &self.kind {
            MethodKind::MaeK { normalisation, .. }
            | MethodKind::EmaMae { normalisation, .. }
            | MethodKind::MaeNew { normalisation, .. } => Some(*normalisation),
            _ => None,
        }
    }

    /// `method.slow_weight`, where it reads that.
    pub fn slow_weight(&self) -> Option<f64> {
        match &self.kind {
            MethodKind::MaeNew { slow_weight, .. } => Some(*slow_weight),
            _ => None,
        }
    }

    pub(crate) fn read(given: &GivenKeys) -> Self {
        Method {
            kind: MethodKind::read(given),
            masks: given.get(&KEYS.masks),
            warmup_weight: given.get(&KEYS.warmup_weight),
            feature_head: given.get(&KEYS.feature_head),
            pixel_weight: given.get(&KEYS.pixel_weight),
            scratch_init: given.get(&KEYS.scratch_init),
        }
    }

    /// The keys but the name, and the targets under `[[section.targets]]`.
    pub(crate) fn write(&self, section: &str, out: &mut TomlText) {
        // Those that the method reads; the others would say nothing about it.
        out.put_given(&KEYS.k, self.k());
        out.put_given(&KEYS.wse, self.wse());
        out.put_given(&KEYS.tau, self.tau());
        out.put_given(&KEYS.slow_weight, self.slow_weight());
        out.put_given(&KEYS.copy_at, self.copy_at());
        out.put_given(&KEYS.born, self.born());
        out.put_given(&KEYS.normalisation, self.normalisation());
        out.put(&KEYS.masks, &self.masks);
        out.put(&KEYS.warmup_weight, &self.warmup_weight);
        out.put(&KEYS.feature_head, &self.feature_head);
        out.put(&KEYS.pixel_weight, &self.pixel_weight);
        out.put(&KEYS.scratch_init, &self.scratch_init);
        if let MethodKind::Custom { targets, .. } = &self.kind {
            for target in targets {
                out.section(&format!("[[{section}.targets]]"));
                target.write(out);
            }
        }
    }
}

impl MethodKind {
    fn read(given: &GivenKeys) -> Self {
        let (k, wse) = (given.get(&KEYS.k), given.get(&KEYS.wse));
        let (tau, slow_weight) = (given.get(&KEYS.tau), given.get(&KEYS.slow_weight));
        let copy_at = given.get(&KEYS.copy_at);
        let (born, normalisation) = (given.get(&KEYS.born), given.get(&KEYS.normalisation));
        match given.get(&KEYS.name) {
            MethodName::Scratch => MethodKind::Scratch,
            MethodName::Mae => MethodKind::Mae,
            MethodName::MaeK => MethodKind::MaeK { k, copy_at, normalisation },
            MethodName::EmaMae => MethodKind::EmaMae { wse, tau, born, normalisation },
            MethodName::MaeNew => MethodKind::MaeNew { k, tau, slow_weight, copy_at, born, normalisation },
            MethodName::Custom => {
                let targets = given.targets.iter().flatten().map(TargetRecipe::read).collect();
                MethodKind::Custom { wse, copy_at, targets }
            }
        }
    }
}
