//! The student of a pre-training: one model, one optimiser, the targets it learns from, and what one step is.
//!
//! The loop feeds it batches; so may whoever checks a recorded trajectory. There is no second implementation.

use std::ops::Range;

use bmae_data::random::{Purpose, keyed};
use bmae_nn::ops::SelectedTokens;
use bmae_nn::weights::StateDict;
use bmae_nn::{Linear, MaskedAutoencoder, Masking, mean_squared_error};
use bmae_recipe::{FeatureHead, LossOn, Recipe};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::TrainError;
use crate::device_scalar::DeviceScalar;
use crate::diagnosis;
use crate::input::noise_of_mask;
use crate::method::{FeatureTargets, TargetEvent, Targets};
use crate::model::fresh_autoencoder;
use crate::observer::Message;
use crate::optimiser::{self, AdamW, GradientMap, ParameterGroups, gradients};
use crate::ranks::Ranks;
use crate::run_directory::{Checkpoint, Snapshot};
use crate::start::load_exactly;
use crate::step_images::{Patches, StepImages};

const BETAS: (f64, f64) = (0.9, 0.95);
/// The prediction head's parameters, and what the head for pixels is called where it stays beside that for features.
const HEADS: [(&str, &str); 2] =
    [("decoder_pred.weight", "pixel_pred.weight"), ("decoder_pred.bias", "pixel_pred.bias")];

/// A masked autoencoder in training.
pub struct Student {
    recipe: Recipe,
    device: Device,
    model: MaskedAutoencoder,
    groups: ParameterGroups,
    optimiser: AdamW,
    targets: Targets,
    /// The head that the switch to features puts in; `None`: a fresh one.
    given_head: Option<Linear>,
    ranks: Ranks,
}

/// What one step tells.
#[derive(Debug, Clone)]
pub struct StepReport {
    /// The loss of the method.
    pub loss: DeviceScalar,
    /// The loss against each feature target, without weights; empty for pixels.
    pub targets: Vec<DeviceScalar>,
    /// The loss on pixels beside the feature targets, without its weight; `None` where there is none.
    pub pixel: Option<DeviceScalar>,
    /// Global norm of the gradient of everything that is updated, before clipping.
    pub gradient_norm: DeviceScalar,
    /// The prediction for the patches that the loss counts, of the last micro-batch and its first mask [M, P], without
    /// autodiff.
    pub prediction: Tensor<2>,
    /// What it was compared with there [M, P]: pixels, or the weighted mean of the targets that have this mask.
    pub target: Tensor<2>,
}

/// One pass through the model, not yet back.
pub(crate) struct Pass {
    /// What is to be minimised, with autodiff.
    pub loss: Tensor<1>,
    /// Which patches were masked.
    pub masking: Masking,
    /// What the encoder made of the others [N, 1+keep, D], without autodiff.
    pub latent: Tensor<3>,
    /// What it tells; the gradient's norm is not known yet.
    pub report: StepReport,
}

impl Student {
    /// A student at its first epoch, initialised from the recipe's seed. What a user should know of the weights of
    /// fixed targets goes to `tell`.
    pub fn new(
        recipe: &Recipe,
        steps_per_epoch: usize,
        device: &Device,
        tell: &mut dyn FnMut(Message),
    ) -> Result<Self, TrainError> {
        let targets = Targets::new(recipe, steps_per_epoch, &device.clone().inner(), tell)?;
        Self::with_model(recipe, fresh_autoencoder(recipe, device)?, targets, device)
    }

    /// The student that [`snapshot`](Self::snapshot) gave, where `checkpoint` says.
    ///
    /// # Errors
    /// When the checkpoint is not that of this recipe's model.
    pub fn resume(
        recipe: &Recipe,
        steps_per_epoch: usize,
        checkpoint: &Checkpoint,
        device: &Device,
        tell: &mut dyn FnMut(Message),
    ) -> Result<Self, TrainError> {
        let Checkpoint { position, snapshot: Snapshot { weights, values, .. }, .. } = checkpoint;
        let mut student = Self::new(recipe, steps_per_epoch, device, tell)?;
        if let Some(epoch) = position.epochs_begun().checked_sub(1).filter(|epoch| student.targets.exist_in(*epoch)) {
            student.predict_features(epoch)?;
        }
        student.model = load_exactly(weights, student.model)?;
        let inner = device.clone().inner();
        let Self { model, targets, optimiser, groups, .. } = &mut student;
        targets
            .restore(position.epochs_begun(), &model.encoder, values, &inner)
            .and_then(|()| optimiser::restore_moments(optimiser, groups, model, values, &inner))
            .map_err(|what| checkpoint.refused(what))?;
        Ok(student)
    }

    /// A student of the given model at its first epoch.
    pub(super) fn with_model(
        recipe: &Recipe,
        model: MaskedAutoencoder,
        targets: Targets,
        device: &Device,
    ) -> Result<Self, TrainError> {
        Ok(Self {
            groups: ParameterGroups::pretraining(&model, recipe.pretrain.stage.weight_decay, false)?,
            targets,
            optimiser: AdamW::new(BETAS),
            recipe: recipe.clone(),
            device: device.clone(),
            model,
            given_head: None,
            ranks: Ranks::default(),
        })
    }

    /// Lets the switch to features put in `head` [D, Dd] instead of a fresh one.
    pub(super) fn with_feature_head(self, head: Linear) -> Self {
        Self { given_head: Some(head), ..self }
    }

    /// As one of `ranks`, each of which is given its share of every batch: what a step adds up, it adds up over them all.
    pub fn with_ranks(self, ranks: Ranks) -> Self {
        Self { ranks, ..self }
    }

    /// What happens before the training of `epoch`: at the end of the warm-up the targets appear and the prediction
    /// head changes from pixels to features; later, copies that are due.
    pub fn start_epoch(&mut self, epoch: usize) -> Result<Option<TargetEvent>, TrainError> {
        let event = self.targets.start_epoch(epoch, &self.model.encoder);
        if event == Some(TargetEvent::Switch) {
            self.predict_features(epoch)?;
        }
        Ok(event)
    }

    /// What happens after the training of `epoch`: averages and copies that are due.
    pub fn end_epoch(&mut self, epoch: usize) -> Option<TargetEvent> {
        self.targets.end_epoch(epoch, &self.model.encoder)
    }

    /// A new head for features, initialised as PyTorch initialises a Linear unless it was given. The optimiser forgets
    /// the old one, which with `method.pixel_weight` stays beside it, under another name and with its moments. Nothing
    /// else of model, optimiser or schedule restarts.
    fn predict_features(&mut self, epoch: usize) -> Result<(), TrainError> {
        let head = self.given_head.take().unwrap_or_else(|| {
            let mut generator = keyed(self.recipe.seed, epoch as u64, 0, Purpose::HeadInitialisation);
            let (inputs, outputs) = (self.recipe.model.decoder.dim, self.targets.width());
            Linear::init_pytorch(inputs, outputs, self.recipe.precision, &mut generator, &self.device)
        });
        let keeps_pixels = self.recipe.method.pixel_weight > 0.0;
        self.model = match keeps_pixels {
            true => self.model.clone().add_head(head),
            false => self.model.clone().replace_head(head),
        };
        for (name, of_pixels) in HEADS {
            match keeps_pixels {
                true => self.optimiser.rename(name, of_pixels),
                false => self.optimiser.forget(name),
            }
        }
        let frozen = self.recipe.method.feature_head == FeatureHead::Frozen;
        self.groups = ParameterGroups::pretraining(&self.model, self.recipe.pretrain.stage.weight_decay, frozen)?;
        Ok(())
    }

    /// One optimiser step at `rate` on `images` [N, C, H, W] (normalised) masked by `noise` [N, L], in
    /// `pretrain.accumulate` micro-batches. Where an image has M masks (`method.masks`), `noise` is [N, M, L].
    pub fn step<'a>(
        &mut self,
        epoch: usize,
        step: usize,
        rate: f64,
        images: impl Into<StepImages<'a>>,
        noise: &[f32],
    ) -> Result<StepReport, TrainError> {
        let settings = &self.recipe.pretrain.stage;
        let parts = settings.accumulate;
        let mut sum = GradientMap::new();
        let mut reports = Vec::with_capacity(parts);
        for (images, noise) in images.into().parts(parts).iter().zip(noise.chunks(noise.len() / parts)) {
            let share = 1.0 / (parts * self.ranks.count()) as f64;
            let (gradients_of_part, report) = self.gradients(images, noise, share)?;
            gradients::accumulate(&mut sum, gradients_of_part);
            reports.push(report);
        }
        gradients::sum_over(&self.ranks, &mut sum);
        let norm =
            optimiser::clipped_step(&mut self.optimiser, &self.groups, &mut self.model, sum, settings.clip_norm, rate);
        self.targets.after_step(epoch, step, &self.model.encoder);
        Ok(mean_over(&self.ranks, merge(reports, norm)))
    }

    /// Forward and backward of one micro-batch, `images` masked by `noise` [N, M, L], whose loss counts
    /// `share` of the step's. Where each target has its own mask, their passes are made one after the other.
    pub(crate) fn gradients(
        &self,
        images: &StepImages<'_>,
        noise: &[f32],
        share: f64,
    ) -> Result<(GradientMap, StepReport), TrainError> {
        let patches = self.recipe.architecture().grid.patches();
        let masks = self.recipe.method.masks_per_image();
        let one_pass = |mask: usize, against: Range<usize>| -> Result<_, TrainError> {
            let Pass { loss, report, .. } =
                self.pass(images, &noise_of_mask(noise, masks, mask, patches), share, against)?;
            Ok((self.backward(loss), report))
        };
        if masks == 1 || !self.targets.exist() {
            return one_pass(0, 0..self.targets.weights().len());
        }
        let (mut sum, mut report) = one_pass(0, 0..1)?;
        for mask in 1..masks {
            let (gradients_of_mask, of_mask) = one_pass(mask, mask..mask + 1)?;
            gradients::accumulate(&mut sum, gradients_of_mask);
            report.loss = report.loss + of_mask.loss;
            report.targets.extend(of_mask.targets);
        }
        Ok((sum, report))
    }

    /// The gradients of what [`pass`](Self::pass) is to minimise.
    pub(crate) fn backward(&self, loss: Tensor<1>) -> GradientMap {
        bmae_nn::gradients(&self.model, &mut loss.backward())
    }

    /// Why the step on these `images` and this `noise` gave NaN or an infinity, as a clause: which layers do.
    pub(crate) fn diagnose(&self, images: &StepImages<'_>, noise: &[f32]) -> String {
        let model = self.model.valid();
        let of_encoder = || {
            let patches = Patches::of(images, &self.recipe, &self.device).ok()?.tensor(&self.recipe, &self.device);
            diagnosis::of_encoder(&model.encoder, &patches)
        };
        let of_the_rest = || {
            let (gradients, StepReport { prediction, target, .. }) = self.gradients(images, noise, 1.0).ok()?;
            let broken = |rows: Tensor<2>| !diagnosis::is_finite(&rows.flatten(0, 1));
            match (broken(target), broken(prediction)) {
                (true, _) => Some("the targets hold such numbers, the encoder's output does not".to_owned()),
                (false, true) => Some("the decoder gives such numbers, the encoder does not".to_owned()),
                (false, false) => diagnosis::of_gradients(&gradients),
            }
        };
        diagnosis::of_images(&images.values())
            .or_else(|| diagnosis::of_parameters(&model))
            .or_else(of_encoder)
            .or_else(of_the_rest)
            .unwrap_or_else(|| diagnosis::NOWHERE.to_owned())
    }

    /// Forward alone, on one mask of each image, `noise` [N, L], against these of the targets; what is beside them is
    /// compared in the pass of the first.
    pub(crate) fn pass(
        &self,
        images: &StepImages<'_>,
        noise: &[f32],
        share: f64,
        against: Range<usize>,
    ) -> Result<Pass, TrainError> {
        let recipe = &self.recipe;
        let patches = Patches::of(images, recipe, &self.device)?;
        let masking = Masking::from_noise(noise, recipe.architecture().grid.patches(), recipe.pretrain.mask_ratio)?;

        let counted = match recipe.pretrain.loss_on {
            LossOn::Masked => masking.masked_tokens(),
            LossOn::All => masking.patch_tokens(),
        };
        let is_first = against.start == 0;
        let targets = self.rows_to_predict(&patches, &masking, &counted, against)?;
        let (target, weight) = targets.combined();
        let latent = patches.encoded(&self.model.encoder, &masking)?;
        let decoded = self.model.decode_selected(latent.clone(), &masking, counted);
        let prediction = self.model.pred.forward(decoded.clone());
        let recorded_target = Tensor::from_inner(target.clone());
        let mut loss = mean_squared_error(prediction.clone(), recorded_target) * (weight * share);
        let pixel_weight = recipe.method.pixel_weight;
        let mut pixel = None;
        if let Some(head) = self.model.pixel_pred.as_ref().filter(|_| is_first) {
            let pixels = Tensor::from_inner(patches.pixel_rows(&masking, recipe, &self.device));
            let on_pixels = mean_squared_error(head.forward(decoded), pixels);
            pixel = Some(DeviceScalar::from(on_pixels.clone().inner()));
            loss = loss + on_pixels * (pixel_weight * share);
        }

        let prediction = prediction.inner();
        let losses = targets.losses(&prediction);
        let report = StepReport {
            loss: targets.total(&losses) + pixel.clone().unwrap_or_default() * pixel_weight,
            targets: if self.targets.exist() { losses } else { Vec::new() },
            pixel,
            gradient_norm: DeviceScalar::default(),
            prediction,
            target,
        };
        Ok(Pass { loss, masking, latent: latent.inner(), report })
    }

    /// The features of the targets `against`, or pixels during the warm-up, of the patches that the loss counts.
    fn rows_to_predict(
        &self,
        patches: &Patches,
        masking: &Masking,
        counted: &SelectedTokens,
        against: Range<usize>,
    ) -> Result<FeatureTargets, TrainError> {
        if self.targets.exist() {
            let seen = patches.tensor(&self.recipe, &self.device);
            return Ok(FeatureTargets {
                each: self.targets.selected_features(&seen, counted, against.clone())?,
                weights: self.targets.weights()[against].to_vec(),
            });
        }
        let weight = self.recipe.method.warm_up().pixel_loss;
        let pixels = patches.pixel_rows(masking, &self.recipe, &self.device);
        Ok(FeatureTargets { each: vec![pixels], weights: vec![weight] })
    }

    /// The model as it is now.
    pub fn model(&self) -> &MaskedAutoencoder {
        &self.model
    }

    /// The targets as they are now.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// Which optimiser rule each parameter falls under.
    pub fn groups(&self) -> &ParameterGroups {
        &self.groups
    }

    /// Everything that a resume needs.
    pub fn snapshot(&self) -> Snapshot {
        let mut values = optimiser::storable_moments(&self.optimiser);
        values.extend(self.targets.state());
        Snapshot { weights: StateDict::of(&self.model), values, ..Snapshot::default() }
    }
}

/// `report` with the means of its losses over all `ranks`.
fn mean_over(ranks: &Ranks, mut report: StepReport) -> StepReport {
    if ranks.count() == 1 {
        return report;
    }
    let losses = || [&report.loss].into_iter().chain(&report.targets).chain(&report.pixel);
    let own = DeviceScalar::items(&losses().cloned().collect::<Vec<_>>());
    let losses = [&mut report.loss].into_iter().chain(&mut report.targets).chain(&mut report.pixel);
    losses.zip(ranks.means(&own)).for_each(|(loss, mean)| *loss = mean.into());
    report
}

/// Means over micro-batches of equal size; the tensors of the last one.
fn merge(reports: Vec<StepReport>, gradient_norm: DeviceScalar) -> StepReport {
    let parts = reports.len() as f64;
    let mut merged: Option<StepReport> = None;
    for report in reports {
        merged = Some(match merged {
            None => report,
            Some(earlier) => StepReport {
                loss: earlier.loss + report.loss,
                targets: earlier.targets.into_iter().zip(report.targets).map(|(a, b)| a + b).collect(),
                pixel: earlier.pixel.zip(report.pixel).map(|(a, b)| a + b),
                ..report
            },
        });
    }
    let mut merged = merged.unwrap_or_else(|| unreachable!("a step has at least one micro-batch"));
    if parts > 1.0 {
        let losses = [&mut merged.loss].into_iter().chain(&mut merged.targets).chain(&mut merged.pixel);
        losses.for_each(|loss| *loss = std::mem::take(loss) * (1.0 / parts));
    }
    merged.gradient_norm = gradient_norm;
    merged
}
