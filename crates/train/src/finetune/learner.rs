//! A classifier in training: one model, one optimiser, and what one step is.

use std::borrow::Cow;

use bmae_data::random::{Purpose, keyed};
use bmae_nn::weights::StateDict;
use bmae_nn::{Classifier, DropPath, Encoder, EncoderInit, HeadInit, Pooling};
use bmae_recipe::{Recipe, ScratchInit, Start};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use crate::class_loss::{ClassLoss, WholeBatch};
use crate::device_scalar::DeviceScalar;
use crate::diagnosis;
use crate::model::fresh_encoder;
use crate::observer::Message;
use crate::optimiser::{self, AdamW, GradientMap, ParameterGroups, gradients};
use crate::ranks::Ranks;
use crate::run_directory::{Checkpoint, Snapshot};
use crate::start::{self, load_exactly, settle};
use crate::step_images::patches_on;
use crate::{TrainError, pipeline};

const BETAS: (f64, f64) = (0.9, 0.999);

/// A classifier that is fine-tuned as a whole.
pub struct FinetuneLearner {
    recipe: Recipe,
    device: Device,
    model: Classifier,
    groups: ParameterGroups,
    optimiser: AdamW,
    loss: ClassLoss,
    ranks: Ranks,
}

impl FinetuneLearner {
    /// A fresh head for `classes` on the encoder that `start` gives, which says to `tell` what a user should know of
    /// it; `device` records gradients.
    pub fn new(
        recipe: &Recipe,
        start: &Start,
        classes: usize,
        device: &Device,
        tell: &mut dyn FnMut(Message),
    ) -> Result<Self, TrainError> {
        let head = match (start, recipe.method.scratch_init) {
            (Start::Scratch, ScratchInit::Timm) => HeadInit::TIMM,
            _ => HeadInit::FINETUNE,
        };
        let encoder = match recipe.finetune.pooling {
            bmae_recipe::Pooling::Mean => start::encoder_without_norm(start, recipe, device, tell)?,
            bmae_recipe::Pooling::ClassToken => start::encoder(start, recipe, device, tell)?,
        };
        Self::with_model(recipe, classifier(recipe, encoder, classes, head), device)
    }

    /// The classifier of `weights` under the official names, whatever else they hold; `fc_norm`, `head` and positions
    /// are fresh where they are absent, the head for `classes`, and `tell` hears of it.
    ///
    /// # Errors
    /// When a parameter of the encoder or half a head is missing, or one has another shape than the recipe's sizes give
    /// it.
    pub fn from_weights(
        recipe: &Recipe,
        weights: &StateDict,
        classes: usize,
        device: &Device,
        tell: &mut dyn FnMut(Message),
    ) -> Result<Self, TrainError> {
        let encoder = fresh_encoder(recipe, EncoderInit::Mae, device)?;
        let model = classifier(recipe, encoder, classes, HeadInit::FINETUNE);
        let (model, report) = weights.load_into(model)?;
        settle(weights, &report, &["head.", "fc_norm."], tell)?;
        Self::with_model(recipe, model, device)
    }

    fn with_model(recipe: &Recipe, model: Classifier, device: &Device) -> Result<Self, TrainError> {
        let settings = &recipe.finetune;
        let model = model.with_frozen_blocks(settings.labels.freeze);
        let groups = ParameterGroups::finetuning(
            &model,
            settings.stage.weight_decay,
            settings.layer_decay,
            recipe.model.encoder.depth,
        )?;
        let (optimiser, loss) = (AdamW::new(BETAS), ClassLoss::new(settings.label_smoothing));
        let ranks = Ranks::default();
        Ok(Self { recipe: recipe.clone(), device: device.clone(), model, groups, optimiser, loss, ranks })
    }

    /// As one of `ranks`, each of which is given its share of every batch: what a step adds up, it adds up over them all.
    pub fn with_ranks(self, ranks: Ranks) -> Self {
        Self { ranks, ..self }
    }

    /// Weighs the classes in the loss as the recipe says, where `images[c]` of those that it learns from are of class c.
    pub fn weigh_classes(&mut self, images: &[usize]) {
        self.loss = self.loss.clone().weighted(self.recipe.finetune.labels.class_weights, images);
    }

    /// Its model with `weights`, those of such a learner at another time; without gradients.
    ///
    /// # Errors
    /// When they are not.
    pub(crate) fn with_weights(&self, weights: &StateDict) -> Result<Classifier, TrainError> {
        Ok(load_exactly(weights, self.model.clone())?.valid())
    }

    /// Continues where `checkpoint` says, whose snapshot is of such a learner.
    ///
    /// # Errors
    /// When it is not.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        let Snapshot { weights, values, .. } = &checkpoint.snapshot;
        self.model = load_exactly(weights, self.model.clone())?;
        let device = self.device.clone().inner();
        optimiser::restore_moments(&mut self.optimiser, &self.groups, &self.model, values, &device)
            .map_err(|what| checkpoint.refused(what))
    }

    /// One optimiser step at `rate` on `images` [N, 3, S, S] (normalised) and `labels` `[N]`, in
    /// `finetune.accumulate` micro-batches. What is random in it depends on the recipe's seed, `epoch` and `step` (from
    /// 0, within the epoch) alone, and is drawn for the whole batch. Returns the loss and the gradient's global norm
    /// before clipping.
    pub fn step(
        &mut self,
        epoch: usize,
        step: usize,
        rate: f64,
        images: &[f32],
        labels: &[i64],
    ) -> Result<(DeviceScalar, DeviceScalar), TrainError> {
        let weight = self.loss.weight_over(&self.ranks, labels);
        let (own_loss, mut sum) = self.gradients_of(epoch, step, images, labels, weight)?;
        let loss = own_loss.sum_over(&self.ranks);
        gradients::sum_over(&self.ranks, &mut sum);
        let clip_norm = self.recipe.finetune.stage.clip_norm;
        let norm = optimiser::clipped_step(&mut self.optimiser, &self.groups, &mut self.model, sum, clip_norm, rate);
        Ok((loss, norm))
    }

    /// The loss of a step and the gradients of its micro-batches together, as [`step`](Self::step) takes them.
    pub(crate) fn gradients(
        &self,
        epoch: usize,
        step: usize,
        images: &[f32],
        labels: &[i64],
    ) -> Result<(DeviceScalar, GradientMap), TrainError> {
        self.gradients_of(epoch, step, images, labels, self.loss.weight(labels))
    }

    /// The same of a batch whose images [weigh](ClassLoss::weight) `weight` together, those of other ranks among them.
    fn gradients_of(
        &self,
        epoch: usize,
        step: usize,
        images: &[f32],
        labels: &[i64],
        weight: f64,
    ) -> Result<(DeviceScalar, GradientMap), TrainError> {
        let drop_path = self.drop_path(epoch, step, labels.len());
        let (images, targets) = self.mixed(epoch, step, images, labels)?;
        let parts = self.recipe.finetune.stage.accumulate;
        let of_a_part = labels.len() / parts;
        let whole = WholeBatch { parts: parts * self.ranks.count(), weight };
        let (mut sum, mut loss) = (GradientMap::new(), DeviceScalar::default());
        for (index, images) in images.chunks(images.len() / parts).enumerate() {
            let rows = index * of_a_part..(index + 1) * of_a_part;
            let dropped = drop_path.for_images(rows.clone());
            let logits = self.model.forward_train(self.patches(images, &self.device)?, &dropped);
            let part = self.loss.of_part(logits, labels, targets.as_ref(), rows, whole)?;
            let mut recorded = part.backward();
            loss = loss + part.inner().into();
            gradients::accumulate(&mut sum, bmae_nn::gradients(&self.model, &mut recorded));
        }
        Ok((loss, sum))
    }

    /// Why a step on these `images` and `labels` gave NaN or an infinity, as a clause: which layers do.
    pub(crate) fn diagnose(&self, epoch: usize, step: usize, images: &[f32], labels: &[i64]) -> String {
        let model = self.frozen();
        let of_encoder = || {
            let patches = self.patches(images, &self.device.clone().inner()).ok()?;
            diagnosis::of_encoder(&model.encoder, &patches)
        };
        let of_gradients = || diagnosis::of_gradients(&self.gradients(epoch, step, images, labels).ok()?.1);
        diagnosis::of_images(images)
            .or_else(|| diagnosis::of_parameters(&model))
            .or_else(of_encoder)
            .or_else(of_gradients)
            .unwrap_or_else(|| diagnosis::NOWHERE.to_owned())
    }

    /// The images of a step and, where the recipe mixes them, their soft targets [N, classes] (label smoothing
    /// included).
    fn mixed<'a>(
        &self,
        epoch: usize,
        step: usize,
        images: &'a [f32],
        labels: &[i64],
    ) -> Result<(Cow<'a, [f32]>, Option<Tensor<2>>), TrainError> {
        let settings = &self.recipe.finetune;
        let mixing = pipeline::mixing(settings);
        if !mixing.is_on() {
            return Ok((images.into(), None));
        }
        let mut images = images.to_vec();
        let grid = self.recipe.architecture().grid;
        let (size, classes) = ((grid.channels, grid.image), self.model.head.outputs());
        let mut generator = keyed(self.recipe.seed, epoch as u64, step as u64, Purpose::Mixing);
        let targets = mixing.apply(&mut images, labels, size, classes, settings.label_smoothing, &mut generator)?;
        let targets = TensorData::new(targets, [labels.len(), classes]);
        Ok((images.into(), Some(Tensor::from_data(targets, &self.device))))
    }

    /// Which branches of which of this rank's `images` samples are dropped in a step: drawn for the whole batch.
    fn drop_path(&self, epoch: usize, step: usize, images: usize) -> DropPath {
        let mut generator = keyed(self.recipe.seed, epoch as u64, step as u64, Purpose::DropPath);
        let Recipe { finetune, model, .. } = &self.recipe;
        let batch = images * self.ranks.count();
        let drawn = DropPath::draw(finetune.drop_path, model.encoder.depth, batch, &mut generator);
        let own = self.ranks.share_of_each_batch(finetune.stage.accumulate).places(batch);
        drawn.for_images(own).without_first(finetune.labels.freeze)
    }

    /// The model as it is now.
    pub fn model(&self) -> &Classifier {
        &self.model
    }

    /// The model as it is now, without gradients.
    pub fn frozen(&self) -> Classifier {
        self.model.valid()
    }

    /// The logits [N, classes] of `model` for `images` [N, 3, S, S] (normalised).
    pub fn logits(&self, model: &Classifier, images: &[f32]) -> Result<Tensor<2>, TrainError> {
        Ok(model.forward(self.patches(images, &self.device.clone().inner())?))
    }

    fn patches(&self, images: &[f32], device: &Device) -> Result<Tensor<3>, TrainError> {
        patches_on(images, &self.recipe, device)
    }

    /// Which optimiser rule each parameter falls under.
    pub fn groups(&self) -> &ParameterGroups {
        &self.groups
    }

    /// Everything that a resume needs.
    pub fn snapshot(&self) -> Snapshot {
        let values = optimiser::storable_moments(&self.optimiser);
        Snapshot { weights: StateDict::of(&self.model), values, ..Snapshot::default() }
    }
}

/// A classifier on `encoder` whose head is drawn from the recipe's seed.
fn classifier(recipe: &Recipe, encoder: Encoder, classes: usize, head: HeadInit) -> Classifier {
    let pooling = match recipe.finetune.pooling {
        bmae_recipe::Pooling::Mean => Pooling::Mean,
        bmae_recipe::Pooling::ClassToken => Pooling::ClassToken,
    };
    let mut generator = keyed(recipe.seed, 0, 0, Purpose::HeadInitialisation);
    Classifier::init(encoder, classes, pooling, head, &mut generator)
}
