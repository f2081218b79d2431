//! A linear head in training on frozen features: batch statistics, one Linear, LARS.

use bmae_data::random::{Purpose, keyed};
use bmae_nn::weights::StateDict;
use bmae_nn::{Encoder, EncoderInit, LinearProbe};
use bmae_recipe::Recipe;
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use crate::TrainError;
use crate::class_loss::{ClassLoss, WholeBatch};
use crate::device_scalar::DeviceScalar;
use crate::diagnosis;
use crate::model::fresh_encoder;
use crate::observer::Message;
use crate::optimiser::{self, GradientMap, Lars, ParameterGroups, gradients};
use crate::ranks::Ranks;
use crate::run_directory::{Checkpoint, Snapshot};
use crate::start::{load_exactly, settle};

const MOMENTUM: f64 = 0.9;
const TRUST: f64 = 0.001;

/// A probe, its optimiser, and the encoder it looks at.
///
/// The encoder lives on the device without autodiff and outside the trained module: nothing can change it.
pub struct ProbeLearner {
    recipe: Recipe,
    device: Device,
    encoder: Encoder,
    probe: LinearProbe,
    groups: ParameterGroups,
    optimiser: Lars,
    loss: ClassLoss,
    ranks: Ranks,
}

impl ProbeLearner {
    /// A fresh head for `classes`; `encoder` on the device without autodiff, `device` records gradients.
    pub fn new(recipe: &Recipe, encoder: Encoder, classes: usize, device: &Device) -> Result<Self, TrainError> {
        let mut generator = keyed(recipe.seed, 0, 0, Purpose::HeadInitialisation);
        let probe = LinearProbe::init(recipe.model.encoder.dim, classes, recipe.precision, &mut generator, device);
        Ok(Self {
            groups: ParameterGroups::probing(&probe, recipe.linprobe.stage.weight_decay)?,
            recipe: recipe.clone(),
            device: device.clone(),
            encoder,
            probe,
            optimiser: Lars::new(MOMENTUM, TRUST),
            loss: ClassLoss::new(0.0),
            ranks: Ranks::default(),
        })
    }

    /// As one of `ranks`, each of which is given its share of every batch: what a step adds up, it adds up over them all.
    pub fn with_ranks(self, ranks: Ranks) -> Self {
        Self { ranks, ..self }
    }

    /// Weighs the classes in the loss as the recipe says, where `images[c]` of those that it learns from are of class c.
    pub fn weigh_classes(&mut self, images: &[usize]) {
        self.loss = self.loss.clone().weighted(self.recipe.linprobe.labels.class_weights, images);
    }

    /// The probe of `weights`, those of such a learner at another time, without gradients.
    ///
    /// # Errors
    /// When they are not.
    pub(crate) fn with_weights(&self, weights: &StateDict) -> Result<LinearProbe, TrainError> {
        let [of_probe, _] = of_probe_and_encoder(weights);
        Ok(load_exactly(&of_probe, self.probe.clone())?.valid())
    }

    /// The encoder and the probe of `weights` under the official names, whatever else they hold; positions, `head` and
    /// `batchnorm` are fresh where they are absent, the head for `classes`, and `tell` hears of it.
    ///
    /// # Errors
    /// When a parameter of the encoder, half a head or half the statistics are missing, or one has another shape than
    /// the recipe's sizes give it.
    pub fn from_weights(
        recipe: &Recipe,
        weights: &StateDict,
        classes: usize,
        device: &Device,
        tell: &mut dyn FnMut(Message),
    ) -> Result<Self, TrainError> {
        let encoder = fresh_encoder(recipe, EncoderInit::Mae, &device.clone().inner())?;
        let (encoder, of_encoder) = weights.load_into(encoder)?;
        let learner = Self::new(recipe, encoder, classes, device)?;
        let (probe, of_probe) = weights.load_into(learner.probe)?;
        settle(weights, &of_encoder.combined_with(of_probe), &["head.", "batchnorm."], tell)?;
        Ok(Self { probe, ..learner })
    }

    /// Continues where `checkpoint` says, whose snapshot is of such a learner, its encoder too.
    ///
    /// # Errors
    /// When it is not.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        let Snapshot { weights, values, .. } = &checkpoint.snapshot;
        let [of_probe, of_encoder] = of_probe_and_encoder(weights);
        self.probe = load_exactly(&of_probe, self.probe.clone())?;
        self.encoder = load_exactly(&of_encoder, self.encoder.clone())?;
        let device = self.device.clone().inner();
        optimiser::restore_moments(&mut self.optimiser, &self.groups, &self.probe, values, &device)
            .map_err(|what| checkpoint.refused(what))
    }

    /// One optimiser step at `rate` on `features` [N, D] without autodiff and `labels` `[N]`, in `linprobe.accumulate`
    /// micro-batches. Returns the loss and the gradient's global norm before clipping.
    pub fn step(
        &mut self,
        rate: f64,
        features: Tensor<2>,
        labels: &[i64],
    ) -> Result<(DeviceScalar, DeviceScalar), TrainError> {
        let (own_loss, mut sum) = self.gradients(features, labels)?;
        let loss = own_loss.sum_over(&self.ranks);
        gradients::sum_over(&self.ranks, &mut sum);
        let clip_norm = self.recipe.linprobe.stage.clip_norm;
        let norm = optimiser::clipped_step(&mut self.optimiser, &self.groups, &mut self.probe, sum, clip_norm, rate);
        Ok((loss, norm))
    }

    /// The loss of a step and the gradients of its micro-batches together, as [`step`](Self::step) takes them; updates
    /// the running statistics. Of several ranks each gives its part of both.
    pub(crate) fn gradients(
        &mut self,
        features: Tensor<2>,
        labels: &[i64],
    ) -> Result<(DeviceScalar, GradientMap), TrainError> {
        let parts = self.recipe.linprobe.stage.accumulate;
        let ranks = self.ranks.clone();
        let weight = self.loss.weight_over(&ranks, labels);
        let whole = WholeBatch { parts: parts * ranks.count(), weight };
        let [rows, _] = features.dims();
        let (mut sum, mut loss) = (GradientMap::new(), DeviceScalar::default());
        let of_a_part = rows / parts;
        for (index, features) in features.split(of_a_part, 0).into_iter().enumerate() {
            let mean = |own: Tensor<2>| mean_over(&ranks, own);
            let logits = self.probe.forward_train_shared(Tensor::from_inner(features), ranks.count(), mean)?;
            let rows = index * of_a_part..(index + 1) * of_a_part;
            let part = self.loss.of_part(logits, labels, None, rows, whole)?;
            let mut recorded = part.backward();
            loss = loss + part.inner().into();
            gradients::accumulate(&mut sum, bmae_nn::gradients(&self.probe, &mut recorded));
        }
        Ok((loss, sum))
    }

    /// Why a step on these `features` [N, D] gave NaN or an infinity, as a clause.
    pub(crate) fn diagnose(&self, features: Tensor<2>) -> String {
        let of_features = || {
            let broken = !diagnosis::is_finite(&features.flatten(0, 1));
            broken.then(|| "the frozen encoder's features hold such numbers".to_owned())
        };
        diagnosis::of_parameters(&self.encoder)
            .or_else(of_features)
            .or_else(|| diagnosis::of_parameters(&self.probe))
            .unwrap_or_else(|| diagnosis::NOWHERE.to_owned())
    }

    /// The encoder, as it was handed in.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The probe as it is now, without gradients.
    pub fn frozen(&self) -> LinearProbe {
        self.probe.valid()
    }

    /// Which optimiser rule each parameter falls under.
    pub fn groups(&self) -> &ParameterGroups {
        &self.groups
    }

    /// Everything that a resume needs: the weights are the encoder's under their own names, `head.*`, and the running
    /// statistics as `batchnorm.*`.
    pub fn snapshot(&self) -> Snapshot {
        let mut weights = StateDict::of(&self.encoder);
        weights.tensors.extend(StateDict::of(&self.probe).tensors);
        let values = optimiser::storable_moments(&self.optimiser);
        Snapshot { weights, values, ..Snapshot::default() }
    }
}

/// The mean over all `ranks` of what each has as its `own` [1, D].
fn mean_over(ranks: &Ranks, own: Tensor<2>) -> Tensor<2> {
    if ranks.count() == 1 {
        return own;
    }
    let (shape, device) = (own.dims(), own.device());
    let means = ranks.means(&own.into_data().iter::<f64>().collect::<Vec<f64>>());
    let means: Vec<f32> = means.into_iter().map(|mean| mean as f32).collect();
    Tensor::from_data(TensorData::new(means, shape), &device)
}

/// The parts of `weights`, which are of a whole learner.
fn of_probe_and_encoder(weights: &StateDict) -> [StateDict; 2] {
    let is_of_probe = |name: &String| name.starts_with("head.") || name.starts_with("batchnorm.");
    let (mut of_probe, mut of_encoder) = (weights.clone(), weights.clone());
    of_probe.tensors.retain(|name, _| is_of_probe(name));
    of_encoder.tensors.retain(|name, _| !is_of_probe(name));
    [of_probe, of_encoder]
}
