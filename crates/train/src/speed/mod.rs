//! How fast a stage goes: from a few timed steps and images to seconds an epoch and a stage.
//!
//! The steps are those of the learners that the loops drive ([`mod@crate::bench`]), on random images; which of them differ
//! is decided by their work, so seeds, and methods that compute the same, are timed once. Loading is timed on a few images
//! of the data.

mod sample;
mod sharing;

use std::ops::Range;

use bmae_architecture::Precision;
use bmae_data::Dataset;
use bmae_recipe::{Augmentation, GivenWeights, MethodKind, Recipe, Stage, TrainedStage};

pub(crate) use sample::Sample;
use sharing::Sharing;

use crate::TrainError;
use crate::bench::{CLASSES, Pace, Timed, Work};
use crate::device::{Device, Machine};
use crate::pipeline;
use crate::stage_images::images_per_epoch;

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
    held_out: usize,
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
    /// The same on `train` training images, beside which others are held out.
    pub(crate) fn on(self, train: usize, held_out: usize) -> Self {
        Self { train, held_out, ..self }
    }

    /// How many images are measured after every epoch of an evaluation, and how many at its end.
    fn measured(&self) -> (usize, usize) {
        match self.held_out {
            0 => (self.test, 0),
            held_out => (held_out, self.test),
        }
    }

    /// Seconds of one optimiser step, loading included; of a method that predicts features after its switch; 0 where
    /// there are no steps.
    pub fn step(&self, recipe: &Recipe) -> f64 {
        let Some(stage) = self.stage.trained() else { return 0.0 };
        let loading = self.load * recipe.stage(stage).batch_size as f64;
        match self.computes_features_once(recipe) {
            true => self.head,
            false => self.sharing.together(self.features, loading),
        }
    }

    /// Seconds of the `epochs` of the stage (from 0), with what comes before the first and what is measured after each; of
    /// nearest neighbours, of all of it.
    pub fn seconds(&self, recipe: &Recipe, epochs: Range<usize>) -> f64 {
        let seen = |images: usize| images as f64 * self.sharing.together(self.encode, self.load_plain);
        let count = epochs.len() as f64;
        match self.stage {
            Stage::Pretrain => {
                let switch = recipe.method.warmup_epochs().unwrap_or(usize::MAX).clamp(epochs.start, epochs.end);
                let (before, after) = ((switch - epochs.start) as f64, (epochs.end - switch) as f64);
                let targets = recipe.method.targets().len() as f64;
                // Student and each target see the images of stability, whose loss is one more pass.
                let stability = recipe.monitor.stability.min(self.train) as f64 * self.encode;
                before * self.steps_of_an_epoch(recipe, self.pixels)
                    + after * self.steps_of_an_epoch(recipe, self.features)
                    + (2.0 * count + targets * after) * stability
                    + watched_epochs(recipe, &epochs) as f64 * seen(self.watched(recipe))
            }
            Stage::Finetune => {
                let (each, once) = self.measured();
                count * (self.steps_of_an_epoch(recipe, self.pixels) + seen(each)) + seen(once)
            }
            Stage::Linprobe => {
                // Of a step of the head, backward and update are two thirds.
                let (each, once) = self.measured();
                let batches = each as f64 / recipe.linprobe.stage.batch_size as f64;
                let tested = batches * self.head / 3.0;
                let (before, steps) = match self.computes_features_once(recipe) {
                    true => (self.train + each + once, self.steps(recipe) * self.head),
                    false => (each + once, self.steps_of_an_epoch(recipe, self.features)),
                };
                seen(before) + count * (steps + tested)
            }
            Stage::Knn => {
                let products = 2.0 * self.train as f64 * self.test as f64 * recipe.model.encoder.dim as f64;
                seen(self.train + self.test) + products / GUESSED_RATE
            }
        }
    }

    /// Optimiser steps of an epoch.
    fn steps(&self, recipe: &Recipe) -> f64 {
        let settings = self.stage.trained().map(|stage| recipe.stage(stage));
        settings.map_or(0, |settings| images_per_epoch(self.train, settings) / settings.batch_size) as f64
    }

    /// Seconds of the steps of an epoch, each of which computes for `computing` seconds.
    fn steps_of_an_epoch(&self, recipe: &Recipe, computing: f64) -> f64 {
        let batch_size = self.stage.trained().map_or(0, |stage| recipe.stage(stage).batch_size);
        let loading = self.load * batch_size as f64;
        // The first batch is waited for, or the last computed, with nothing beside it.
        self.steps(recipe) * self.sharing.together(computing, loading) + computing.min(loading)
    }

    fn computes_features_once(&self, recipe: &Recipe) -> bool {
        self.stage == Stage::Linprobe && recipe.linprobe.stage.augmentation == Augmentation::None
    }

    /// Images whose features are measured then.
    fn watched(&self, recipe: &Recipe) -> usize {
        let limit = recipe.monitor.knn_train_limit;
        self.test + if limit == 0 { self.train } else { limit.min(self.train) }
    }
}

/// After how many of `epochs` the encoder's features are measured: every so many, and after the last of all.
fn watched_epochs(recipe: &Recipe, epochs: &Range<usize>) -> usize {
    let (every, last) = (recipe.monitor.every, recipe.pretrain.stage.epochs);
    if every == 0 {
        return 0;
    }
    let is_last_too = epochs.contains(&(last - 1)) && !last.is_multiple_of(every);
    epochs.end / every - epochs.start / every + usize::from(is_last_too)
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
            held_out: 0,
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
    precision: Precision,
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
        Self { timed, work: work(recipe, timed), precision: recipe.precision, accumulate, teachers: teachers.collect() }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(keys: &str) -> Recipe {
        let base = "pretrain.batch_size = 10\nfinetune.batch_size = 10\nmonitor.stability = 0\nmonitor.every = 0\n\
                    pretrain.epochs = 20\n";
        Recipe::from_toml(&format!("{base}{keys}")).expect("a recipe")
    }

    /// 100 training images, 10 steps an epoch of 1 s on pixels and 2 s on features; an image is seen in 10 ms.
    fn speed_of(stage: Stage) -> Speed {
        let machine = Machine { device: Device::flex(), threads: 1 };
        Speed {
            stage,
            steps_timed: 3,
            pixels: 1.0,
            features: 2.0,
            head: 0.3,
            encode: 0.01,
            load: 0.0,
            load_plain: 0.0,
            sharing: Sharing::of(&machine),
            train: 100,
            held_out: 0,
            test: 20,
        }
    }

    fn assert_seconds(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
    }

    #[test]
    fn epochs_before_and_after_the_switch_have_each_their_own_pace() {
        let (recipe, speed) = (recipe("method = { name = 'mae-k', k = 5 }"), speed_of(Stage::Pretrain));
        assert_seconds(speed.seconds(&recipe, 0..20), 5.0 * 10.0 + 15.0 * 20.0);
        assert_seconds(speed.seconds(&recipe, 3..6), 2.0 * 10.0 + 20.0);
        assert_seconds(speed.seconds(&recipe, 8..20), 12.0 * 20.0);
    }

    #[test]
    fn what_is_measured_of_the_features_counts_where_it_is_due() {
        let speed = speed_of(Stage::Pretrain);
        // 20 test images and 30 training images, after epochs 7, 14 and 20.
        let every = |every: usize| {
            let text = recipe("").to_toml().replace("every = 0", &format!("every = {every}"));
            Recipe::from_toml(&text.replace("knn_train_limit = 5000", "knn_train_limit = 30")).expect("a recipe")
        };
        let plain = speed.seconds(&recipe(""), 0..20);
        assert_seconds(speed.seconds(&every(7), 0..20) - plain, 3.0 * 50.0 * 0.01);
        assert_seconds(speed.seconds(&every(10), 0..20) - plain, 2.0 * 50.0 * 0.01);
        assert_eq!(watched_epochs(&every(7), &(7..14)), 1);
    }

    #[test]
    fn a_probe_computes_fixed_features_once_and_augmented_ones_in_every_step() {
        let speed = speed_of(Stage::Linprobe);
        let once = speed.seconds(&recipe("linprobe = { augmentation = 'none', epochs = 4, batch_size = 20 }"), 0..4);
        assert_seconds(once, 120.0 * 0.01 + 4.0 * (5.0 * 0.3 + 0.1));
        let augmented = speed.seconds(&recipe("linprobe.batch_size = 10"), 0..4);
        assert_seconds(augmented, 20.0 * 0.01 + 4.0 * (10.0 * 2.0 + 0.2));
    }

    #[test]
    fn fine_tuning_sees_the_test_images_after_every_epoch_and_nearest_neighbours_see_all_once() {
        assert_seconds(speed_of(Stage::Finetune).seconds(&recipe(""), 0..2), 2.0 * (10.0 + 0.2));
        let knn = speed_of(Stage::Knn).seconds(&recipe(""), 0..0);
        assert!((1.2..1.21).contains(&knn), "{knn}");
    }

    #[test]
    fn images_that_are_held_out_are_seen_after_every_epoch_and_the_test_images_once() {
        let speed = speed_of(Stage::Finetune).on(80, 10);
        assert_seconds(speed.seconds(&recipe(""), 0..2), 2.0 * (8.0 + 0.1) + 0.2);
        let probe = speed_of(Stage::Linprobe).on(80, 10);
        let once = probe.seconds(&recipe("linprobe = { augmentation = 'none', epochs = 4, batch_size = 20 }"), 0..4);
        assert_seconds(once, 110.0 * 0.01 + 4.0 * (4.0 * 0.3 + 0.05));
    }

    #[test]
    fn seeds_and_methods_whose_steps_do_the_same_work_are_one_kind() {
        let of = |keys: &str| Kind::of(&recipe(keys), Timed::Stage(TrainedStage::Pretrain));
        let copy = of("method = { name = 'mae-k', k = 5 }");
        assert_eq!(copy, of("seed = 3\nmethod = { name = 'mae-k', k = 9 }"));
        assert_eq!(copy, of("method = { name = 'ema-mae', wse = 1 }"));
        for other in [
            "method.name = 'mae'",
            "method.name = 'mae-new'",
            "method.name = 'mae-k'\nmodel.decoder.depth = 3",
            "precision = 'bf16'\nmethod = { name = 'mae-k', k = 5 }",
        ] {
            assert_ne!(copy, of(other), "{other}");
        }
        let teacher = |path: &str| {
            let target = format!("{{ update = 'fixed', from = '{path}' }}");
            of(&format!("method.name = 'custom'\nmethod.targets = [{target}]"))
        };
        assert_ne!(teacher("/a.safetensors"), teacher("/b.safetensors"));
    }
}
