//! What is allowed and probably not meant, as the images at hand tell: data, for the command line to print.

use std::fmt;
use std::path::PathBuf;

use bmae_architecture::{ImageSize, PatchSize};
use bmae_output::count::count;
use bmae_output::plain::plain_path;
use bmae_recipe::{Bytes, Stage};

/// Something about a recipe and its images that is allowed, and probably not meant.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Caution {
    /// A training that is over before it has learned anything.
    FewSteps {
        /// The stage.
        stage: Stage,
        /// Its epochs.
        epochs: usize,
        /// Optimiser steps in each.
        steps_per_epoch: usize,
        /// Steps that would do.
        enough: usize,
    },
    /// The images have another mean or standard deviation than the recipe says.
    Normalisation {
        /// What the data set is called.
        data: String,
        /// Images that were looked at.
        looked_at: usize,
        /// The mean of each channel, of pixels from 0 to 1.
        mean: Vec<f64>,
        /// The standard deviation.
        std: Vec<f64>,
    },
    /// Photographs of which hardly anything is left.
    Shrunk {
        /// The median of their shorter sides, in pixels.
        shorter_side: usize,
        /// `data.image_size`.
        image_size: ImageSize,
        /// Of `data.image_size` and `model.patch_size`, values that show more in as many patches.
        fitting: (ImageSize, PatchSize),
    },
    /// Images that are smaller than what is made of them.
    Enlarged {
        /// The median of their shorter sides, in pixels.
        shorter_side: usize,
        /// `data.image_size`.
        image_size: ImageSize,
    },
    /// Batches so large that many images of an epoch fill none.
    LeftOut {
        /// The stage.
        stage: Stage,
        /// Its images in an epoch.
        images: usize,
        /// Its batch size.
        batch_size: usize,
    },
    /// A disk that will be almost full.
    LittleRoom {
        /// Where is written.
        folder: PathBuf,
        /// About how much.
        needed: Bytes,
        /// How much is free.
        free: Bytes,
    },
}

impl Caution {
    /// Whether `other` says the same of another value, so that one of them is enough in a plan.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::FewSteps { stage: a, .. }, Self::FewSteps { stage: b, .. })
            | (Self::LeftOut { stage: a, .. }, Self::LeftOut { stage: b, .. }) => a == b,
            _ => self == other,
        }
    }
}

impl fmt::Display for Caution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FewSteps { stage, epochs, steps_per_epoch, enough } => {
                let needed = enough.div_ceil(*steps_per_epoch);
                write!(
                    formatter,
                    "{} of {} in {} is too short to learn from: {} of these images would be {}, which is about the least \
                     (`{}.epochs`)",
                    stage.words(),
                    count(epochs * steps_per_epoch, "step"),
                    count(*epochs, "epoch"),
                    count(needed, "epoch"),
                    count(needed * steps_per_epoch, "step"),
                    stage.section()
                )
            }
            Self::Normalisation { data, looked_at, .. } => write!(
                formatter,
                "the images of {data} have another mean or standard deviation than `data.mean` and `data.std` say, as {} of them \
                 show",
                looked_at
            ),
            Self::Shrunk { shorter_side, image_size, fitting: (size, patch) } => write!(
                formatter,
                "images of {shorter_side} pixels are shrunk to {}, which shows little of a photograph: \
                 `data.image_size` = {} with `model.patch_size` = {} fits them in as many patches",
                image_size.in_words(),
                size.in_a_recipe(),
                patch.in_a_recipe()
            ),
            Self::Enlarged { shorter_side, image_size } => write!(
                formatter,
                "images of {shorter_side} pixels are enlarged to {}, where there is nothing more to see and much more to \
                 compute: lower `data.image_size`, and `model.patch_size` with it",
                image_size.in_words()
            ),
            Self::LeftOut { stage, images, batch_size } => {
                let (steps, left) = (images / batch_size, images % batch_size);
                write!(
                    formatter,
                    "{} leaves out {left} of {images} images in every epoch, since they fill no batch beside the {} of \
                     {batch_size}: lower `{}.batch_size`",
                    stage.words(),
                    count(steps, "step"),
                    stage.section()
                )
            }
            Self::LittleRoom { folder, needed, free } => {
                write!(formatter, "about {needed} will be written into {}, where {free} are free", plain_path(folder))
            }
        }
    }
}
