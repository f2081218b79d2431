//! Recorded batches through the training itself, for whoever checks a port (`docs/formats.md`, "replay"): the
//! learners that the loops drive take one optimiser step a batch, with nothing drawn, shuffled or augmented.

use std::borrow::Cow;

use bmae_nn::weights::StateDict;
use bmae_nn::{TensorFile, parameters};
use bmae_output::count::count;
use bmae_output::mark::SAFETENSORS_KEY;
use bmae_recipe::{Recipe, Stage, StageRecipe, TrainedStage};
use burn::module::Module;
use burn::tensor::Device;

use crate::TrainError;
use crate::evaluation::EncoderFeature;
use crate::finetune::FinetuneLearner;
use crate::forward::{recorded_images, recorded_noise};
use crate::linear_probe::ProbeLearner;
use crate::observer::Message;
use crate::pretrain::Student;
use crate::schedule::Schedule;

/// What a file of outputs is, by its mark.
pub const MARK: &str = "results of a replay";

/// Takes one step from `weights` for each of `batches`: `images` [S, N, 3, H, W] and `noise` [S, N, L] (pre-training;
/// where each of T targets has its own mask, also `further_noise` [S, N, T-1, L]) or `labels` [S, N] (evaluation). Epochs have `steps_per_epoch` steps; rates are those of the configured batch size.
///
/// What comes out: `loss` `[S]`, `lr` `[S]` (before layer-wise scaling) and `param.<name>` for every parameter at the
/// end but positions that are not trained; of a probe also `batchnorm.running_mean` and `batchnorm.running_var`. What a
/// user should know of the weights goes to `tell`.
///
/// # Errors
/// When the weights do not fit the recipe's sizes, the batches do not fit the model or each other, or a loss is no
/// number.
pub fn run(
    recipe: &Recipe,
    stage: TrainedStage,
    weights: &StateDict,
    batches: &TensorFile,
    steps_per_epoch: usize,
    device: &Device,
    tell: &mut dyn FnMut(Message),
) -> Result<TensorFile, TrainError> {
    let recorded = Recorded::read(recipe, stage, batches, steps_per_epoch)?;
    let device = device.clone().autodiff();
    match stage {
        TrainedStage::Pretrain => pretraining(recipe, weights, &recorded, &device, tell),
        TrainedStage::Finetune => finetuning(recipe, weights, &recorded, &device, tell),
        TrainedStage::Linprobe => probing(recipe, weights, &recorded, &device, tell),
    }
}

fn pretraining(
    recipe: &Recipe,
    weights: &StateDict,
    recorded: &Recorded<'_>,
    device: &Device,
    tell: &mut dyn FnMut(Message),
) -> Result<TensorFile, TrainError> {
    let epochs = recorded.steps.div_ceil(recorded.steps_per_epoch);
    let mut student = Student::from_weights(recipe, recorded.steps_per_epoch, epochs, weights, device, tell)?;
    let mut outputs = Losses::default();
    for step in recorded.steps() {
        if step.within == 0 {
            student.start_epoch(step.epoch)?;
        }
        let noise = step.of(&recorded.noise, recorded.steps);
        let report = student.step(step.epoch, step.within, step.rate, step.images, noise)?;
        outputs.push(report.loss.item(), &step)?;
        if step.within + 1 == recorded.steps_per_epoch {
            student.end_epoch(step.epoch);
        }
    }
    Ok(outputs.with_parameters([trained(student.model())]))
}

fn finetuning(
    recipe: &Recipe,
    weights: &StateDict,
    recorded: &Recorded<'_>,
    device: &Device,
    tell: &mut dyn FnMut(Message),
) -> Result<TensorFile, TrainError> {
    let classes = recorded.classes(weights)?;
    let mut learner = FinetuneLearner::from_weights(recipe, weights, classes, device, tell)?;
    learner.weigh_classes(&recorded.class_sizes(classes));
    let losses = recorded.labelled(|step, labels| {
        learner.step(step.epoch, step.within, step.rate, step.images, labels).map(|(loss, _)| loss.item())
    })?;
    Ok(losses.with_parameters([trained(learner.model())]))
}

fn probing(
    recipe: &Recipe,
    weights: &StateDict,
    recorded: &Recorded<'_>,
    device: &Device,
    tell: &mut dyn FnMut(Message),
) -> Result<TensorFile, TrainError> {
    let classes = recorded.classes(weights)?;
    let mut learner = ProbeLearner::from_weights(recipe, weights, classes, device, tell)?;
    learner.weigh_classes(&recorded.class_sizes(classes));
    let feature = EncoderFeature::from(recipe.linprobe.feature);
    let losses = recorded.labelled(|step, labels| {
        let features = feature.of(learner.encoder(), recipe, step.images)?;
        learner.step(step.rate, features, labels).map(|(loss, _)| loss.item())
    })?;
    let probe = learner.frozen();
    let (statistics, head) =
        StateDict::of(&probe).tensors.into_iter().partition(|(name, _)| name.starts_with("batchnorm."));
    let encoder =
        StateDict::of(learner.encoder()).tensors.into_iter().filter(|(name, _)| name != "pos_embed").collect();
    let mut file = losses.with_parameters([encoder, head]);
    let statistics: Tensors = statistics;
    for (name, array) in statistics {
        file.put_floats(name, &array.shape, array.values);
    }
    Ok(file)
}

type Tensors = std::collections::BTreeMap<String, bmae_nn::Array>;

/// The parameters of `model` but positions that are not trained.
fn trained(model: &impl Module) -> Tensors {
    let fixed: Vec<String> = parameters::parameters(model)
        .into_iter()
        .filter(|parameter| !parameter.trainable && parameter.name.ends_with("pos_embed"))
        .map(|parameter| parameter.name)
        .collect();
    StateDict::of(model).tensors.into_iter().filter(|(name, _)| !fixed.contains(name)).collect()
}

/// The batches, checked against the recipe.
struct Recorded<'a> {
    recipe: &'a StageRecipe,
    source: &'a str,
    steps_per_epoch: usize,
    /// S.
    steps: usize,
    images: &'a [f32],
    /// Of all masks [S, N, M, L]; empty but for pre-training.
    noise: Cow<'a, [f32]>,
    /// Empty for pre-training.
    labels: &'a [i64],
}

/// One recorded step.
struct Step<'a> {
    /// Over all epochs.
    number: usize,
    epoch: usize,
    /// Within the epoch.
    within: usize,
    rate: f64,
    images: &'a [f32],
}

impl Step<'_> {
    /// This step's share of what all `steps` steps have equally much of.
    fn of<'a, T>(&self, all: &'a [T], steps: usize) -> &'a [T] {
        let each = all.len() / steps;
        &all[self.number * each..(self.number + 1) * each]
    }
}

impl<'a> Recorded<'a> {
    fn read(
        recipe: &'a Recipe,
        stage: TrainedStage,
        batches: &'a TensorFile,
        steps_per_epoch: usize,
    ) -> Result<Self, TrainError> {
        let settings = recipe.stage(stage);
        let ([steps, batch, ..], images) = recorded_images::<5>(recipe, batches, "[S, N, 3, H, W]")?;
        let (mut noise, mut labels): (Cow<'_, [f32]>, &[i64]) = (Cow::default(), &[]);
        if stage == TrainedStage::Pretrain {
            noise = recorded_step_noise(recipe, batches, [steps, batch])?;
        } else {
            let (sizes, found) = batches.integers::<2>("labels", "[S, N]")?;
            if sizes != [steps, batch] {
                return Err(TrainError::Recorded {
                    tensor: "labels".into(),
                    source_name: batches.source().to_owned(),
                    found: format!("has the shape {sizes:?}"),
                    expected: format!("[S, N] = [{steps}, {batch}] was expected: one label for each image"),
                });
            }
            labels = found;
        }
        if !batch.is_multiple_of(settings.accumulate) {
            return Err(TrainError::Recorded {
                tensor: "images".into(),
                source_name: batches.source().to_owned(),
                found: format!("has batches of {}", count(batch, "image")),
                expected: format!(
                    "{0}.accumulate = {1} does not divide them",
                    Stage::from(stage).section(),
                    settings.accumulate
                ),
            });
        }
        Ok(Self { recipe: settings, source: batches.source(), steps_per_epoch, steps, images, noise, labels })
    }

    fn steps(&self) -> impl Iterator<Item = Step<'a>> + use<'a> {
        let (schedule, per_epoch, steps, all) =
            (Schedule::of(self.recipe), self.steps_per_epoch, self.steps, self.images);
        all.chunks_exact(all.len() / steps).enumerate().map(move |(number, images)| {
            let (epoch, within) = (number / per_epoch, number % per_epoch);
            let rate = schedule.rate(epoch as f64 + within as f64 / per_epoch as f64);
            Step { number, epoch, within, rate, images }
        })
    }

    /// The losses of all steps, each taken by `take` on its labels.
    fn labelled(
        &self,
        mut take: impl FnMut(&Step<'a>, &'a [i64]) -> Result<f64, TrainError>,
    ) -> Result<Losses, TrainError> {
        let mut losses = Losses::default();
        for step in self.steps() {
            let loss = take(&step, step.of(self.labels, self.steps))?;
            losses.push(loss, &step)?;
        }
        Ok(losses)
    }

    /// How many of all labels are of each of `classes` classes.
    fn class_sizes(&self, classes: usize) -> Vec<usize> {
        let mut sizes = vec![0; classes];
        for label in self.labels.iter().filter_map(|&label| usize::try_from(label).ok()) {
            if let Some(size) = sizes.get_mut(label) {
                *size += 1;
            }
        }
        sizes
    }

    /// As many as the head of `weights` has, or as the labels tell.
    fn classes(&self, weights: &StateDict) -> Result<usize, TrainError> {
        let of_head = weights.tensors.get("head.weight").and_then(|head| head.shape.first().copied());
        let classes = of_head.unwrap_or_else(|| self.labels.iter().max().map_or(1, |&label| label.max(0) as usize + 1));
        match self.labels.iter().find(|&&label| label < 0 || label as usize >= classes) {
            None => Ok(classes),
            Some(label) => Err(TrainError::Recorded {
                tensor: "labels".into(),
                source_name: self.source.to_owned(),
                found: format!("has the label {label}"),
                expected: format!("the classes are numbered from 0 to {}", classes.saturating_sub(1)),
            }),
        }
    }
}

/// The noise of all masks [S, N, M, L], M of each image: `noise` [S, N, L] and, of the further ones, `further_noise`
/// [S, N, M-1, L].
fn recorded_step_noise<'a>(
    recipe: &Recipe,
    batches: &'a TensorFile,
    [steps, batch]: [usize; 2],
) -> Result<Cow<'a, [f32]>, TrainError> {
    let first = recorded_noise::<3>(recipe, batches, "noise", "[S, N, L]", [steps, batch])?;
    let (patches, further) = (recipe.architecture().grid.patches(), recipe.method.masks_per_image() - 1);
    if further == 0 {
        return Ok(Cow::Borrowed(first));
    }
    let sizes = [steps, batch, further];
    let others = recorded_noise::<4>(recipe, batches, "further_noise", "[S, N, T-1, L]", sizes)?;
    let of_images = first.chunks_exact(patches).zip(others.chunks_exact(further * patches));
    Ok(of_images.flat_map(|(first, others)| first.iter().chain(others)).copied().collect())
}

/// What every replay records.
#[derive(Default)]
struct Losses {
    loss: Vec<f32>,
    rate: Vec<f32>,
}

impl Losses {
    fn push(&mut self, loss: f64, step: &Step<'_>) -> Result<(), TrainError> {
        if !loss.is_finite() {
            return Err(TrainError::ReplayNotFinite { loss, step: step.number, epoch: step.epoch });
        }
        self.loss.push(loss as f32);
        self.rate.push(step.rate as f32);
        Ok(())
    }

    fn with_parameters(self, parameters: impl IntoIterator<Item = Tensors>) -> TensorFile {
        let mut file = TensorFile::default();
        file.put_text(SAFETENSORS_KEY, MARK);
        let steps = self.loss.len();
        file.put_floats("loss", &[steps], self.loss);
        file.put_floats("lr", &[steps], self.rate);
        for (name, array) in parameters.into_iter().flatten() {
            file.put_floats(format!("param.{name}"), &array.shape, array.values);
        }
        file
    }
}
