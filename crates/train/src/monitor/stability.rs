//! How stable the features and the loss of a pre-training are, measured on images that are the same in every epoch:
//! `docs/methods.md`, "How stability is measured". What is measured changes nothing.

use std::sync::Arc;

use bmae_data::Images;
use bmae_nn::MaskedAutoencoder;
use bmae_recipe::Recipe;
use burn::module::Module;
use burn::tensor::Tensor;

use super::fixed_images::FixedImages;
use super::roughness::LossRoughness;
use super::similarity::{linear_cka, mean_cosine};
use crate::TrainError;
use crate::method::{TargetEvent, Targets};
use crate::run_directory::{Fields, Renewal, RenewedAt, StabilityMeasures};

/// The measures of a pre-training at work. Between two epochs it holds the features after the first of them, which are
/// those before the second: a resume computes them anew from the weights that it loads.
pub(crate) struct Stability {
    images: FixedImages,
    roughness: LossRoughness,
    /// Features of the student before this epoch [N, L, D].
    student: Tensor<3>,
    /// Features of each target before anything changed in this epoch; empty before the switch, and in its epoch as the
    /// switch created them.
    targets: Vec<Tensor<3>>,
    /// The same after its last copy.
    latest: Vec<Tensor<3>>,
    /// Whether this is the epoch of the switch.
    switched: bool,
    renewals: Vec<Renewal>,
}

impl Stability {
    /// Measures from here on, before the next epoch of a run that logged `lines`, by the first of its training `images`;
    /// `None` where `recipe` does not ask for it.
    ///
    /// # Errors
    /// When an image cannot be read.
    pub fn of(
        recipe: &Recipe,
        images: &Arc<dyn Images>,
        lines: &[Fields],
        model: &MaskedAutoencoder,
        targets: &Targets,
    ) -> Result<Option<Self>, TrainError> {
        if recipe.monitor.stability == 0 {
            return Ok(None);
        }
        let encoder = model.encoder.valid();
        let images = FixedImages::first(recipe, images, recipe.monitor.stability, &encoder.device())?;
        let targets = images.features_of_targets(targets)?;
        Ok(Some(Self {
            roughness: LossRoughness::after(lines),
            student: images.features(&encoder),
            latest: targets.clone(),
            targets,
            images,
            switched: false,
            renewals: Vec::new(),
        }))
    }

    /// After what was done to `targets` before the training of `epoch`, which was `event`.
    pub fn begin_epoch(
        &mut self,
        model: &MaskedAutoencoder,
        targets: &Targets,
        epoch: usize,
        event: Option<TargetEvent>,
    ) -> Result<(), TrainError> {
        self.switched = event == Some(TargetEvent::Switch);
        if self.switched {
            self.roughness.forget();
            self.latest = self.images.features_of_targets(targets)?;
            self.targets.clone_from(&self.latest);
        }
        match targets.copied_at_start(epoch) {
            copied if copied.is_empty() => Ok(()),
            copied => self.renew(&copied, RenewedAt::Start, &model.valid(), targets),
        }
    }

    /// After a step of this training loss.
    pub fn step(&mut self, loss: f64) {
        self.roughness.step(loss);
    }

    /// After what was done to `targets` after the training of `epoch`: what there is to log of it.
    pub fn end_epoch(
        &mut self,
        model: &MaskedAutoencoder,
        targets: &Targets,
        epoch: usize,
    ) -> Result<StabilityMeasures, TrainError> {
        let model = model.valid();
        self.renew(&targets.copied_at_end(epoch), RenewedAt::End, &model, targets)?;
        let student = self.images.features(&model.encoder);
        // That nothing moves in the epoch of the switch, whose targets are new, says nothing.
        let measured = !self.switched || self.targets.iter().zip(&self.latest).any(|(a, b)| differ(a, b));
        let of_targets = |measure: fn(&Tensor<2>, &Tensor<2>) -> f64| {
            let pairs = self.targets.iter().zip(&self.latest).filter(|_| measured);
            pairs.map(|(before, after)| measure(&rows(before), &rows(after))).collect()
        };
        let measures = StabilityMeasures {
            student_cosine: mean_cosine(&rows(&self.student), &rows(&student)),
            student_cka: linear_cka(&rows(&self.student), &rows(&student)),
            target_cosine: of_targets(mean_cosine),
            target_cka: of_targets(linear_cka),
            loss_roughness: self.roughness.end_epoch(),
            renewals: std::mem::take(&mut self.renewals),
        };
        self.student = student;
        self.targets.clone_from(&self.latest);
        Ok(measures)
    }

    /// Sees what `targets` ask for now, and notes what the `copied` ones asked for before.
    fn renew(
        &mut self,
        copied: &[usize],
        at: RenewedAt,
        model: &MaskedAutoencoder,
        targets: &Targets,
    ) -> Result<(), TrainError> {
        let old = std::mem::replace(&mut self.latest, self.images.features_of_targets(targets)?);
        if copied.is_empty() {
            return Ok(());
        }
        let prediction = self.images.prediction(model)?;
        self.renewals.extend(copied.iter().map(|&target| {
            let (old, new) = (&old[target], &self.latest[target]);
            Renewal {
                target,
                at,
                loss_before: self.images.loss(&prediction, old),
                loss_after: self.images.loss(&prediction, new),
                cosine: mean_cosine(&rows(old), &rows(new)),
            }
        }));
        Ok(())
    }
}

/// [N, L, D] as [N * L, D].
fn rows(features: &Tensor<3>) -> Tensor<2> {
    features.clone().flatten(0, 1)
}

fn differ(a: &Tensor<3>, b: &Tensor<3>) -> bool {
    (a.clone() - b.clone()).abs().max().into_scalar::<f32>() != 0.0
}
