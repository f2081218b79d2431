//! How fast a stage goes: from a few timed steps and images to seconds an epoch and a stage.
//!
//! The steps are those of the learners that the loops drive ([`mod@crate::bench`]), on random images; which of them differ
//! is decided by their work, so seeds, and methods that compute the same, are timed once. Loading is timed on a few images
//! of the data.

mod sample;
mod sharing;

use std::ops::Range;

use bmae_data::Dataset;
use bmae_recipe::{Augmentation, GivenWeights, MethodKind, Recipe, Stage, TrainedStage};

pub(crate) use sample::Sample;
use sharing::Sharing;

use crate::TrainError;
use crate::bench::{CLASSES, Pace, Timed, Work};
use crate::device::{Device, Machine};
use crate::{input, pipeline};

/// Operations a second that any machine reaches, and seconds of a step that do not depend on its size: what is taken
/// where nothing was timed, to tell seconds from minutes.
const GUESSED_RATE: f64 = 20e9;
const GUESSED_STEP: f64 = 1e-3;

/// How fast a stage of a recipe goes on a machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Speed {
    stage: Stage,
    /// Steps that were timed for it; 0 where all of it is a guess.
    pub steps_timed: usize,
    /// Seconds of a step on pixels, images at hand; of a stage without targets of every step.
    pixels: f64,
    /// The same once features are predicted.
    features: f64,
    /// Seconds of a step of a probe's head.
    head: f64,
    /// Seconds in which the encoder sees an image, forward only.
    encode: f64,
    /// Seconds in which a thread loads an image for training, and as evaluation sees it.
    load: f64,
    load_plain: f64,
    sharing: Sharing,
    train: usize,
    test: usize,
}

/// Times a few steps of `stage` of `recipe` on `machine`, whose processor computes, and reads a few images of `data`: in
/// a second or two, however large the model. Numbers of epochs, images and steps are no part of it: whoever tries
/// several asks [`Speed::seconds`] again.
///
/// # Errors
/// When the recipe cannot be trained, or an image cannot be read.
pub fn speed(recipe: &Recipe, stage: Stage, data: &Dataset, machine: &Machine) -> Result<Speed, TrainError> {
    Stopwatch::new(machine).speed(recipe, stage, &Sample::of(data)?, true)
}

impl Speed {
    /// Seconds of one optimiser step, loading included; of a method that predicts features after its switch.
    pub fn step(&self, recipe: &Recipe) -> f64 {
        let Some(stage) = self.stage.trained() else { return 0.0 };
        let loading = self.load * recipe.stage(stage).batch_size as f64;
        match self.computes_features_once(recipe) {
            true => self.head,
            false => self.sharing.together(self.features, loading),
        }
    }

    /// Seconds of epoch `epoch` (from 0), with what is measured at its end; 0 of a stage without epochs.
    pub fn epoch(&self, recipe: &Recipe, epoch: usize) -> f64 {
        let Some(stage) = self.stage.trained() else { return 0.0 };
        let settings = recipe.stage(stage);
        let steps = (input::images_per_epoch(self.train, settings) / settings.batch_size) as f64;
        let loading = self.load * settings.batch_size as f64;
        let seen = |images: usize| images as f64 * self.sharing.together(self.encode, self.load_plain);
        match stage {
            TrainedStage::Pretrain => {
                let predicts_features = recipe.method.predicts_features_in(epoch);
                let computing = if predicts_features { self.features } else { self.pixels };
                let watched = if self.is_watched(recipe, epoch) { self.watched(recipe) } else { 0 };
                let encoders = 2 + if predicts_features { recipe.method.targets().len() } else { 0 };
                let stability = (recipe.monitor.stability.min(self.train) * encoders) as f64 * self.encode;
                steps * self.sharing.together(computing, loading) + seen(watched) + stability
            }
            TrainedStage::Finetune => steps * self.sharing.together(self.pixels, loading) + seen(self.test),
            // Of a step of the head, backward and update are two thirds.
            TrainedStage::Linprobe => {
                let tested = self.test as f64 * self.head / settings.batch_size as f64 / 3.0;
                steps * self.step(recipe) + tested
            }
        }
    }

    /// Seconds of the `epochs` of the stage, with what comes before the first; of nearest neighbours, of all of it.
    pub fn seconds(&self, recipe: &Recipe, epochs: Range<usize>) -> f64 {
        let seen = |images: usize| images as f64 * self.sharing.together(self.encode, self.load_plain);
        let before = match self.stage {
            Stage::Linprobe if self.computes_features_once(recipe) => seen(self.train + self.test),
            Stage::Linprobe => seen(self.test),
            Stage::Knn => {
                let products = 2.0 * self.train as f64 * self.test as f64 * recipe.model.encoder.dim as f64;
                return seen(self.train + self.test) + products / GUESSED_RATE;
            }
            Stage::Pretrain | Stage::Finetune => 0.0,
        };
        before + epochs.map(|epoch| self.epoch(recipe, epoch)).sum::<f64>()
    }

    fn computes_features_once(&self, recipe: &Recipe) -> bool {
        self.stage == Stage::Linprobe && recipe.linprobe.stage.augmentation == Augmentation::None
    }

    /// Whether the encoder's features are measured after `epoch`.
    fn is_watched(&self, recipe: &Recipe, epoch: usize) -> bool {
        let every = recipe.monitor.every;
        every > 0 && ((epoch + 1).is_multiple_of(every) || epoch + 1 == recipe.pretrain.stage.epochs)
    }

    /// Images whose features are measured then.
    fn watched(&self, recipe: &Recipe) -> usize {
        let limit = recipe.monitor.knn_train_limit;
        self.test + if limit == 0 { self.train } else { limit.min(self.train) }
    }
}

/// Times steps, each kind once.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    device: Device,
    sharing: Sharing,
    timed: Vec<(Kind, Pace)>,
}

impl Stopwatch {
    pub fn new(machine: &Machine) -> Self {
        Self { device: machine.device.clone(), sharing: Sharing::of(machine), timed: Vec::new() }
    }

    /// Steps that were timed so far.
    pub fn steps_timed(&self) -> usize {
        self.timed.iter().map(|(_, pace)| pace.steps).sum()
    }

    /// The speed of `stage` on the images of `sample`; without `is_timed` a guess from the work of its steps.
    ///
    /// # Errors
    /// When the recipe cannot be trained, or an image not be transformed.
    pub fn speed(
        &mut self,
        recipe: &Recipe,
        stage: Stage,
        sample: &Sample,
        is_timed: bool,
    ) -> Result<Speed, TrainError> {
        let mut steps_timed = 0;
        let mut seconds = |recipe: &Recipe, timed: Timed| -> Result<f64, TrainError> {
            let pace = if is_timed { self.pace(recipe, timed)? } else { guess(recipe, timed) };
            steps_timed += pace.steps;
            Ok(pace.seconds)
        };
        let (mut pixels, mut features, mut head) = (0.0, 0.0, 0.0);
        match stage {
            Stage::Pretrain => {
                let whole = Timed::Stage(TrainedStage::Pretrain);
                let warm_up = recipe.method.warmup_epochs().unwrap_or(usize::MAX);
                if warm_up > 0 {
                    pixels = seconds(&on_pixels(recipe), whole)?;
                }
                features = if warm_up < recipe.pretrain.stage.epochs { seconds(recipe, whole)? } else { pixels };
            }
            Stage::Finetune => {
                pixels = seconds(recipe, Timed::Stage(TrainedStage::Finetune))?;
                features = pixels;
            }
            Stage::Linprobe => head = seconds(recipe, Timed::Head)?,
            Stage::Knn => {}
        }
        // A probe through the encoder is little more than the encoder.
        let batch_size = recipe.linprobe.stage.batch_size as f64;
        let encoded = seconds(&without_accumulation(recipe), Timed::Stage(TrainedStage::Linprobe))?;
        if stage == Stage::Linprobe {
            (pixels, features) = (encoded, encoded);
        }
        Ok(Speed {
            stage,
            steps_timed,
            pixels,
            features,
            head,
            encode: encoded / batch_size,
            load: sample.loading(&pipeline::training_transform(recipe, stage))?,
            load_plain: sample.loading(&pipeline::evaluation_transform(recipe))?,
            sharing: self.sharing,
            train: sample.train,
            test: sample.test,
        })
    }

    fn pace(&mut self, recipe: &Recipe, timed: Timed) -> Result<Pace, TrainError> {
        let kind = Kind::of(recipe, timed);
        if let Some((_, pace)) = self.timed.iter().find(|(known, _)| *known == kind) {
            return Ok(*pace);
        }
        let pace = Pace::measure(recipe, timed, &self.device)?;
        self.timed.push((kind, pace));
        Ok(pace)
    }
}

/// What tells steps apart that do not take the same time.
#[derive(Debug, PartialEq)]
struct Kind {
    timed: Timed,
    work: Work,
    accumulate: usize,
    /// Fixed targets, whose sizes only their weights tell.
    teachers: Vec<GivenWeights>,
}

impl Kind {
    fn of(recipe: &Recipe, timed: Timed) -> Self {
        let targets = match timed {
            Timed::Stage(TrainedStage::Pretrain) => recipe.method.targets(),
            _ => Vec::new(),
        };
        let teachers = targets.iter().filter_map(|target| target.update.weights().cloned());
        let accumulate = recipe.stage(timed.stage()).accumulate;
        Self { timed, work: work(recipe, timed), accumulate, teachers: teachers.collect() }
    }
}

fn work(recipe: &Recipe, timed: Timed) -> Work {
    Work::of(recipe, timed.stage(), recipe.stage(timed.stage()).batch_size, CLASSES)
}

/// What a step takes by its work alone.
fn guess(recipe: &Recipe, timed: Timed) -> Pace {
    let computing = match timed {
        Timed::Head => 0.0,
        Timed::Stage(_) => work(recipe, timed).flop() / GUESSED_RATE,
    };
    Pace { seconds: GUESSED_STEP + computing, steps: 0 }
}

/// The recipe whose epochs are all on pixels.
fn on_pixels(recipe: &Recipe) -> Recipe {
    let mut recipe = recipe.clone();
    recipe.method.kind = MethodKind::Mae;
    recipe
}

/// The recipe whose probe sees its batches whole, so that recipes of one encoder are timed once.
fn without_accumulation(recipe: &Recipe) -> Recipe {
    let mut recipe = recipe.clone();
    recipe.linprobe.stage.accumulate = 1;
    recipe
}
