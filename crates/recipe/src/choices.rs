//! The words that a recipe chooses between. Each is written in one place, here, beside the variant it stands for.

use std::fmt;

use bmae_architecture::Precision;

/// A value that is one of a few fixed words.
pub trait Choice: Sized + Copy + PartialEq + 'static {
    /// Every variant with its word, in the order in which help and errors list them.
    const ALL: &'static [(Self, &'static str)];

    /// The variant that `word` stands for; `None` for any other word.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, text)| *text == word).map(|(variant, _)| *variant)
    }

    /// The word of this variant.
    fn word(self) -> &'static str {
        // Every variant stands in ALL: the macro below writes both from one list.
        Self::ALL.iter().find(|(variant, _)| *variant == self).map_or("", |(_, text)| text)
    }
}

impl Choice for Precision {
    const ALL: &'static [(Self, &'static str)] = &[(Self::F32, "f32"), (Self::Bf16, "bf16")];
}

macro_rules! choices {
    ($($(#[$about:meta])* $name:ident { $($(#[$variant_about:meta])* $variant:ident = $word:literal,)+ })+) => { $(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_about])* $variant,)+ }

        impl $name {
            /// Every variant, in the order in which help and errors list them.
            pub const VARIANTS: &[$name] = &[$($name::$variant),+];
        }

        impl Choice for $name {
            const ALL: &'static [(Self, &'static str)] = &[$((Self::$variant, $word)),+];
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.word())
            }
        }
    )+ };
}

choices! {
    /// What becomes of RGB weights that meet images of other channels.
    ChannelsFromRgb {
        /// They are refused.
        None = "none",
        /// Each channel gets the mean of the three kernels.
        Mean = "mean",
        /// The kernels of red, green and blue in turn.
        Repeat = "repeat",
    }
    /// A method by name: a short form for its warm-up and its list of targets.
    MethodName {
        /// No pre-training: the evaluations on a random encoder.
        Scratch = "scratch",
        /// Pixels throughout.
        Mae = "mae",
        /// One target encoder, copied from the student every `k` epochs.
        MaeK = "mae-k",
        /// One target encoder, an exponential moving average of the student.
        EmaMae = "ema-mae",
        /// Both: the average and, weighted by `slow_weight`, the copy.
        MaeNew = "mae-new",
        /// The targets that `[[method.targets]]` spells out.
        Custom = "custom",
    }
    /// How a target encoder follows the student.
    UpdateKind {
        /// Replaced by the student every few epochs.
        Copy = "copy",
        /// An exponential moving average of the student.
        Ema = "ema",
        /// Not at all: a teacher, whose weights are given.
        Fixed = "fixed",
    }
    /// When within its epoch a copied target is renewed.
    CopyAt {
        /// Before the training of epochs K, 2K, 3K, ...
        EpochStart = "epoch-start",
        /// Before epoch K once, then after the training of epochs K, 2K, 3K, ...: what the published code does in
        /// MAE-new.
        EpochEnd = "epoch-end",
    }
    /// How many masks the targets of a step have.
    Masks {
        /// One mask, and one pass of the student, for all.
        Shared = "shared",
        /// A mask and a pass of the student for each, as in the published code.
        Separate = "separate",
    }
    /// What the pixel loss counts during the warm-up.
    WarmupWeight {
        /// 1.
        One = "one",
        /// The sum of the weights of the targets that follow, as in the published code.
        Sum = "sum",
    }
    /// Since when an averaged target follows the student.
    Born {
        /// Since the switch to features.
        Switch = "switch",
        /// Since the first epoch, through the warm-up.
        Start = "start",
    }
    /// How often an averaged target takes its step.
    EmaUnit {
        /// At the end of every epoch.
        Epoch = "epoch",
        /// After every optimiser step.
        Step = "step",
    }
    /// How `tau` moves towards `tau_end` over the training that follows the warm-up.
    Ramp {
        /// It stays where it is.
        None = "none",
        /// In a straight line.
        Linear = "linear",
        /// Along half a cosine.
        Cosine = "cosine",
    }
    /// What is done to a target encoder's features before they become a target.
    TargetNormalisation {
        /// As published: the output of the encoder's own, affine final norm.
        None = "none",
        /// A LayerNorm without affine part on top.
        LayerNorm = "layer-norm",
        /// Each patch's features by their own mean and unbiased variance, as `norm_pix` does it with pixels.
        PatchNorm = "patch-norm",
    }
    /// The patches whose prediction the loss counts.
    LossOn {
        /// Those that the encoder did not see, as in MAE.
        Masked = "masked",
        /// Those that it saw, too.
        All = "all",
    }
    /// Whether the head that predicts features learns.
    FeatureHead {
        /// It is handed to the optimiser, with moments and a step count of its own.
        Trainable = "trainable",
        /// It keeps its random initialisation, as in the published experiments.
        Frozen = "frozen",
    }
    /// How a random encoder that is evaluated without pre-training is initialised.
    ScratchInit {
        /// As the official MAE initialises its encoder.
        Mae = "mae",
        /// As timm initialises its ViT: the published scratch rows.
        Timm = "timm",
    }
    /// Which output of the encoder stands for the whole image in classification by fine-tuning.
    Pooling {
        /// The mean of the patch tokens, then a LayerNorm of its own (`fc_norm`).
        Mean = "mean",
        /// The class token after the final norm.
        ClassToken = "class-token",
    }
    /// Which frozen feature a probe or the nearest neighbours look at, always after the final norm.
    Feature {
        /// The class token.
        ClassToken = "class-token",
        /// The mean of the patch tokens.
        Mean = "mean",
    }
    /// What becomes of images that cannot be decoded.
    Unreadable {
        /// The first one ends the run.
        Stop = "stop",
        /// They are found at the start, listed and left out.
        Skip = "skip",
    }
    /// How much the images of a class count in a training loss.
    ClassWeighting {
        /// All images the same.
        None = "none",
        /// All classes the same: an image counts by the inverse frequency of its class.
        Balanced = "balanced",
    }
    /// What training images go through before they are normalised.
    Augmentation {
        /// torchvision's RandomResizedCrop (ten attempts), then a flip.
        RandomResizedCrop = "random-resized-crop",
        /// BYOL's and MAE's crop (one draw, sides clamped to the image), then a flip.
        ByolCrop = "byol-crop",
        /// Nothing: the evaluation transform. A probe then computes its features once.
        None = "none",
    }
}
